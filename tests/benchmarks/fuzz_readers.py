"""How many damaged files the readers stand: random edits of a file of each kind, for as long as asked.

Where atheris is installed (a coverage-guided fuzzer), it chooses the edits by the branches that they reach; hypothesis,
which the tests use, only knows how far a file was read. Run `python -m tests.benchmarks.fuzz_readers SECONDS`; an
exception that is none of ours ends it, with the file left where it says.
"""

import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.errors import InputError
from analytics.sources.draft import drafted
from analytics.sources.tables import sample, table_of
from tests.test_hostile_files import PIECES, SEEDS, edited


def read(path: Path, content: bytes) -> bool:
    """Whether *content*, as the file *path*, is read; anything but a refusal is left to be raised."""
    path.write_bytes(content)
    try:
        with table_of(path) as file:
            columns, rows = sample(path, file, 10)
            drafted("f", columns, rows)
    except InputError:
        return False
    return True


def damaged(chance: random.Random) -> bytes:
    """A file of any kind with up to eight edits."""
    edits = [
        (chance.random(), chance.randrange(12), chance.choice(PIECES) if chance.random() < 0.6 else chance.randbytes(3))
        for _ in range(chance.randrange(9))
    ]
    return edited(SEEDS[chance.choice(list(SEEDS))], edits)


def main(seconds: float) -> None:
    """Read damaged files for *seconds*, and say how many were read and refused, and the longest time one took."""
    chance, counts, longest, began = random.Random(11), {True: 0, False: 0}, 0.0, time.perf_counter()
    with TemporaryDirectory() as folder:
        while time.perf_counter() - began < seconds:
            content, start = damaged(chance), time.perf_counter()
            try:
                counts[read(Path(folder) / "f", content)] += 1
            except Exception:
                kept = Path("fuzzed.bin").resolve()
                kept.write_bytes(content)
                print(f"failed: {kept}")
                raise
            longest = max(longest, time.perf_counter() - start)
    print(f"{counts[True]:,} read, {counts[False]:,} refused, the slowest in {longest:.2f} s, no other exception")


def guided() -> None:
    """The same, with edits that atheris chooses; its own options stand on the command line."""
    import atheris

    with atheris.instrument_imports(include=["analytics.sources"]):
        from analytics.sources import archives, files, json_records, tables, workbooks  # noqa: F401

    with TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for name, content in SEEDS.items():
            (corpus / name).write_bytes(content)
        atheris.Setup([*sys.argv, str(corpus)], lambda content: read(Path(folder) / "f", content) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    guided() if "--guided" in sys.argv and not sys.argv.remove("--guided") else main(float((sys.argv[1:] or ["20"])[0]))

"""How many damaged files the readers stand: files of every layout and container, damaged for as long as asked, and loaded.

    python -m tests.benchmarks.fuzz_readers [SECONDS] [--seed 11] [--guided] [--readers]

With --guided atheris (a coverage-guided fuzzer, to be installed) chooses the damage by the branches of the readers that it
reaches; else it is drawn at random. With --readers files are only read and not loaded, thirty times as many. What is none of our
errors, loses a record or takes longer than SLOWEST seconds ends it, with the file left where it says.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

SLOWEST = 30.0
"""Seconds that no small file may take, on a machine with other work."""


class Tally:
    """What became of the files so far, and the store that they were loaded into."""

    def __init__(self, folder: Path, readers: bool) -> None:
        from tests.store_files import xanadu

        self.readers = readers
        self.folder, self.store, self.counts = folder, xanadu(folder / "db"), Counter[str]()
        self.slowest, self.began = 0.0, time.perf_counter()

    def take(self, name: str, content: bytes) -> None:
        """Load one file; raises what no file may cause, with the file kept."""
        from tests.damaged import checked, read

        start = time.perf_counter()
        try:
            found = (
                read(self.folder, name, content) if self.readers else checked(self.store, self.folder, name, content)
            )
            seconds = time.perf_counter() - start
            assert seconds < SLOWEST, f"it took {seconds:.1f} s"
        except Exception:
            kept = Path(f"fuzzed_{name}").resolve()
            kept.write_bytes(content)
            print(f"failed: {kept}", flush=True)
            raise
        self.slowest = max(self.slowest, seconds)
        self.counts["refused" if found < 0 else "read, with records" if found else "read, without"] += 1

    def words(self) -> str:
        """The figures."""
        parts = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        seconds = time.perf_counter() - self.began
        return f"{self.counts.total():,} files in {seconds:.0f} s: {parts}; the slowest in {self.slowest:.2f} s"


def at_random(seconds: float, seed: int, readers: bool) -> None:
    """Damage at random."""
    from tests.damaged import damaged

    chance = random.Random(seed)
    with TemporaryDirectory() as name:
        tally = Tally(Path(name), readers)
        while time.perf_counter() - tally.began < seconds:
            tally.take(*damaged(chance.randrange))
        print(tally.words(), flush=True)


def guided(seconds: float, seed: int, readers: bool) -> None:
    """Damage that atheris chooses; the process ends with it."""
    import atheris

    with atheris.instrument_imports(include=["analytics.sources", "analytics.store.intake", "analytics.store.staging"]):
        from tests.damaged import damaged
    with TemporaryDirectory() as name:
        tally = Tally(Path(name), readers)

        def one(data: bytes) -> None:
            chosen = atheris.FuzzedDataProvider(data)
            tally.take(*damaged(lambda most: chosen.ConsumeIntInRange(0, most - 1)))
            if time.perf_counter() - tally.began > seconds:
                print(tally.words(), flush=True)
                sys.stdout.flush()
                os._exit(0)  # which libFuzzer does not take for a finding

        atheris.Setup([sys.argv[0], f"-seed={seed}", "-max_len=400", "-len_control=0", "-rss_limit_mb=8000"], one)
        atheris.Fuzz()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--guided", action="store_true")
    parser.add_argument("--readers", action="store_true")
    options = parser.parse_args()
    (guided if options.guided else at_random)(options.seconds, options.seed, options.readers)


if __name__ == "__main__":
    main()

"""Loads by the command in processes whose files may not grow beyond so many bytes, as on a disk that is full there.

    python -m tests.limited FILE SIZE DATABASE [SIZE DATABASE ...]

One line of JSON for each database: the exit code, and what was said on stdout and stderr. The system refuses the write that
would pass the limit, with EFBIG in place of ENOSPC, and no right to mount anything is needed for it.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas  # noqa: F401 - once, before the process is copied

from analytics.cli import main
from analytics.store import load  # noqa: F401 - as pandas

ROOT = Path(__file__).resolve().parent.parent


def loaded(file: str, size: int, database: str) -> dict[str, object]:
    """What came of loading *file* into *database* when no file may be larger than *size* bytes."""
    out, err = (Path(f"{database}.{name}") for name in ("out", "err"))
    if not (child := os.fork()):
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            main(["--db", database, "load", file, "--known-at", "2030-01-01", "-q"], prog_name="incidents")
        finally:
            sys.stderr.flush()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"size": size, "code": code, "out": out.read_text("utf-8"), "err": err.read_text("utf-8")}


def filled(file: Path, databases: dict[int, Path]) -> list[dict[str, object]]:
    """Load *file* into each of *databases*, whose keys are the sizes that files may have, by one process after another."""
    words = [str(word) for pair in databases.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-m", "tests.limited", str(file), *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    for place in range(2, len(sys.argv), 2):
        sys.stdout.write(f"{json.dumps(loaded(sys.argv[1], int(sys.argv[place]), sys.argv[place + 1]))}\n")
        sys.stdout.flush()  # before the process is copied again

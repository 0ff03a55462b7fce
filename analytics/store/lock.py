"""One run at a time on a database: a lock that ends with its process, however that ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from analytics.errors import RunningError, StoreError


@contextmanager
def run_lock(database: Path) -> Iterator[None]:
    """Hold the lock of runs on *database*, a file beside it; the operating system lets go of it when the process ends.

    Raises RunningError, naming the process that holds it, and StoreError where the file cannot be made.
    """
    path = database.with_name(f"{database.name}.lock")
    try:
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(f"cannot lock {database}: {path}: {error.strerror}") from error
    with file:
        if not _taken(file):
            file.seek(0)
            holder = file.read(20).strip()
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise RunningError(f"another run is at work on {database} ({who}); it ends by itself, try again later")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _taken(file: IO[str]) -> bool:
    """Whether the lock on *file* could be had at once."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(100)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

"""One run at a time on a database, one new file at a time in a folder: locks that end with their process, however it ends."""

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


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for the lock of new databases in *folder*, and hold it; Windows has none, and nobody waits there.

    Raises StoreError where the folder cannot be opened.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"cannot open {folder}: {error.strerror}; name another database with --db") from error
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


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

"""The database's errors as ours: what went wrong, with which file, who holds it, and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten

import duckdb

from analytics.errors import AnalyticsError, LimitError, QueryError, StoreError

_FULL = ("No space left on device", "Disk quota exceeded", "File too large", "not enough space on the disk")
"""What operating systems say where there is no more room, or no more for this user or process."""
_UNWRITABLE = ("Read-only file system", "Permission denied", "Operation not permitted", "Access is denied")


@contextmanager
def errors_of_ours(database: Path | None = None) -> Iterator[None]:
    """The database's errors as QueryError; DuckDB raises some only when rows are fetched.

    A full disk is a StoreError that names *database*, and too little memory a LimitError.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _ours(error, database) from error


def _ours(error: duckdb.Error, database: Path | None) -> AnalyticsError:
    words = in_words(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return LimitError(f"the query needs more memory than it may have: {words.splitlines()[0]}")
    if isinstance(error, duckdb.IOException | duckdb.TransactionException) and (reason := _first(_FULL, words)):
        full = _file(words) or database
        return StoreError(
            f"{full} cannot be written: {reason.lower()}; free some room there and try again"
            + (f", {database} is as it was before" if database else "")
        )
    return QueryError(words)


def in_words(error: duckdb.Error) -> str:
    """The database's own words, without its advice on extensions and stack traces."""
    return str(error).strip().split("\n\nStack Trace")[0]


def is_held(error: duckdb.Error) -> bool:
    """Whether a database could not be opened because another process has it open."""
    return "lock" in str(error).lower() and not _first(_UNWRITABLE, str(error))


def why_not_opened(path: Path, error: duckdb.Error) -> str:
    """Why the database *path* cannot be opened, and what to do."""
    words = str(error)
    if holder := re.search(r"held in (.*?) \(PID (\d+)\)", words):
        program = _command(holder[2]) or Path(holder[1]).name
        return f"{path} is in use by {program} (process {holder[2]}); close it there, or try again when it is done"
    if is_held(error):
        return f"{path} is in use by another process; close it there, or try again when it is done"
    if "not a valid DuckDB database" in words or "magic bytes" in words.lower():
        return f"{path} is not a DuckDB database; name another file with --db"
    if reason := _first(_UNWRITABLE, words):
        return (
            f"{path} cannot be written: {reason.lower()}; "
            "copy it to a folder that you may write to, or name another database with --db"
        )
    if reason := _first(_FULL, words):
        return f"{path} cannot be written: {reason.lower()}; free some room there and try again"
    return f"cannot open {path}: {words.splitlines()[0]}"


def _first(known: tuple[str, ...], words: str) -> str:
    """The one of the *known* reasons that *words* give; "" for none."""
    return next((reason for reason in known if reason in words), "")


def _file(words: str) -> str:
    """The file that an error of writing names."""
    found = re.search(r'file "(.+?)"', words)
    return found[1] if found else ""


def _command(process: str) -> str:
    """The command line of a process, where the system tells, cut to what tells programs apart."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return ""
    return shorten(" ".join(word for word in words if word.isprintable()), 100, placeholder=" …")

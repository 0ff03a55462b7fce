"""Files as DuckDB can read them: checked to exist, told apart by content, unpacked, and in UTF-8."""

import codecs
import errno
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analytics.errors import InputError, OutputError
from analytics.sources import limits
from analytics.sources.archives import gunzip, is_workbook, unzip

_CHUNK = 1 << 20
_MIXED = "utf-8, mixed line ends"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xd0\xcf\x11\xe0": "old Excel",
}
"""First bytes of files that are no text, and what they are."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A file that is there: its path for reading, its kind (csv, parquet or excel), its bytes' hash and its encoding.

    The hash is that of the file as given; text of any kind is csv until `tables.table_of` has looked into it. The rest is
    known from there on: `columns`, `delimiter` and `header` (whether the first line holds their names) of a CSV file,
    and `malformed`, a Parquet file of the pieces that are no records.
    """

    path: Path
    kind: str
    sha256: str
    encoding: str
    longest: int = 0
    """Bytes of the longest line, to within a megabyte."""
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    header: bool = True
    malformed: Path | None = None
    note: str = ""
    """What a user should know of how it is read."""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What one pass over a file's bytes shows."""

    head: bytes
    sha256: str
    encoding: str
    longest: int


@contextmanager
def readable(path: Path, member: str = "") -> Iterator[Readable]:
    """*path* as a file DuckDB can read; what is packed, in other encodings, or of mixed line ends, is copied to a temporary file.

    *member*: the file of a zip archive that is meant, where it has several.
    Raises InputError where the file is missing, empty, a folder, unreadable, or of a kind that is not read.
    """
    with temporary_folder(path) as folder:
        with reading(path):
            file = _readable(path, folder, member)
        yield file


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A folder for copies of *path* in forms that can be read, gone afterwards; OutputError where none can be made."""
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise OutputError(f"{path}: no temporary folder can be made ({error.strerror or error}); set TMPDIR") from error
    with folder as name:
        yield Path(name)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """The system's errors as ours: InputError for what cannot be read of *path*, OutputError where its copy has no room."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(
                f"{path}: no room for a copy of it that can be read in {tempfile.gettempdir()} ({error.strerror}); "
                "free some, or set TMPDIR to a folder with more"
            ) from error
        raise InputError(f"{path}: {error.strerror or error}") from error


def _readable(path: Path, folder: Path, member: str) -> Readable:
    seen = _inspect(path, path)
    file, sha256 = path, seen.sha256
    if seen.encoding in ("gzip", "zip") and not is_workbook(path):
        file = folder / "unpacked"
        gunzip(path, file) if seen.encoding == "gzip" else unzip(path, member, file)
        seen = _inspect(path, file)
        if seen.encoding in ("gzip", "zip") and not is_workbook(file):
            raise InputError(f"{path} is an archive in an archive; unpack it first")
    if seen.encoding in ("parquet", "zip"):
        kind = "excel" if seen.encoding == "zip" else "parquet"
        return Readable(path=file, kind=kind, sha256=sha256, encoding=seen.encoding)
    if seen.encoding != "utf-8":
        copy = folder / "text"
        _transcode(path, file, copy, seen.encoding)
        file, longest = copy, _inspect(path, copy).longest
    else:
        longest = seen.longest
    return Readable(path=file, kind="csv", sha256=sha256, encoding=seen.encoding, longest=longest)


def _inspect(path: Path, file: Path) -> _Seen:
    """First bytes, SHA-256, encoding and longest line of *file*, in one pass; errors name *path*."""
    if not file.exists():
        raise InputError(f"{path}: no such file")
    if file.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not file.is_file():
        raise InputError(f"{path} is a pipe or a device; write its content to a file, and load that")
    digest, decoder, valid, head = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True, b""
    ends: set[bool] = set()
    longest = run = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            head = head or chunk[:4096]
            digest.update(chunk)
            valid = valid and _decodes(decoder, chunk)
            ends |= _line_ends(chunk)
            longest, run = _longest(chunk, longest, run)
    if not head.strip():
        raise InputError(f"{path} is empty")
    encoding = _encoding(path, head, valid and _decodes(decoder, b"", final=True))
    mixed = encoding == "utf-8" and len(ends) > 1
    return _Seen(head=head, sha256=digest.hexdigest(), encoding=_MIXED if mixed else encoding, longest=longest)


def _longest(chunk: bytes, longest: int, run: int) -> tuple[int, int]:
    """The longest line so far that spans chunks, and the bytes since the last line end; lines within one chunk are short."""
    first = chunk.find(b"\n") if b"\n" in chunk else chunk.find(b"\r")
    if first < 0:
        return max(longest, run + len(chunk)), run + len(chunk)
    return max(longest, run + first), len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))


def _line_ends(chunk: bytes) -> set[bool]:
    """Whether the chunk's lines end in CR LF (True), in LF (False), or in both; a file of both is read from a copy."""
    if b"\r" not in chunk:
        return {False} if b"\n" in chunk[1:] else set()
    returns, lines = chunk.count(b"\r\n"), chunk.count(b"\n") - chunk.startswith(b"\n")
    return ({True} if returns else set()) | ({False} if lines > returns else set())


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    if not final and chunk.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path: Path, head: bytes, valid: bool) -> str:
    for mark, name in (*_BOMS.items(), *_BINARY.items()):
        if head.startswith(mark):
            if name == "old Excel":
                raise InputError(f"{path} is a workbook of old Excel (.xls); save it as .xlsx or CSV")
            return name
    if b"\x00" in head:
        raise InputError(f"{path} is neither text nor Parquet, Excel, gzip or zip; export it as CSV or Parquet")
    return "utf-8" if valid else "cp1252"


def _transcode(path: Path, file: Path, copy: Path, encoding: str) -> None:
    errors = "replace" if encoding == "cp1252" else "strict"
    try:
        with (
            file.open(encoding=encoding.split(",")[0], errors=errors) as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, _CHUNK)
    except UnicodeError as error:
        place = f": {error.reason} at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise InputError(f"{path} starts as {encoding} but is not{place}") from error


def check_lines(path: Path, file: Readable) -> None:
    """Raise InputError, naming *path*, for a line that is longer than any line of a table."""
    if file.longest > limits.LONGEST_LINE:
        raise InputError(
            f"{path} has a line of {file.longest:,} bytes; lines of more than {limits.LONGEST_LINE:,} are no records of a table"
        )

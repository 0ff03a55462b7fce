"""Files as DuckDB can read them: checked to exist, told apart by content, and in UTF-8."""

import codecs
import csv
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from analytics.errors import InputError

_CHUNK = 1 << 20
_DELIMITERS = ",;\t|"
_MIXED = "utf-8, mixed line ends"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A file that is there: its path for DuckDB, its kind (csv or parquet), its bytes' hash and its encoding.

    `columns` and `delimiter` are those of a CSV file's header, once `with_header` has read it.
    """

    path: Path
    kind: str
    sha256: str
    encoding: str
    columns: tuple[str, ...] = ()
    delimiter: str = ","


@contextmanager
def readable(path: Path) -> Iterator[Readable]:
    """*path* as a file DuckDB can read; text in other encodings, or with mixed line ends, is copied to a temporary file.

    Raises InputError where the file is missing, empty, a folder, unreadable, or binary but not Parquet.
    """
    head, sha256, encoding = _inspect(path)
    if head[:4] == b"PAR1":
        yield Readable(path=path, kind="parquet", sha256=sha256, encoding="parquet")
    elif encoding == "utf-8":
        yield Readable(path=path, kind="csv", sha256=sha256, encoding=encoding)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "text.csv"
            _transcode(path, copy, encoding)
            yield Readable(path=copy, kind="csv", sha256=sha256, encoding=encoding)


def with_header(path: Path, file: Readable) -> Readable:
    """*file* with the column names of its first line and what separates them; columns without a name get one.

    Raises InputError, naming *path*, where a name occurs twice or the line is not CSV.
    """
    with file.path.open(encoding="utf-8", newline="") as text:
        delimiter = max(_DELIMITERS, key=text.readline().count)
        text.seek(0)
        try:
            header = next(csv.reader(text, delimiter=delimiter), [])
        except csv.Error as error:
            raise InputError(f"{path}: the header cannot be read: {error}") from error
    if not any(map(str.strip, header)):
        raise InputError(f"{path}: the first line is blank; it must hold the names of the columns")
    names = tuple(name.strip() or f"column{number}" for number, name in enumerate(header, 1))
    lower = [name.lower() for name in names]
    for number, name in enumerate(lower):
        if name in lower[:number]:
            raise InputError(f"{path}: column {names[number]!r} occurs twice; rename one")
    return replace(file, columns=names, delimiter=delimiter)


def _inspect(path: Path) -> tuple[bytes, str, str]:
    """First bytes, SHA-256 and encoding of *path*, in one pass."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    digest, decoder, valid, head = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True, b""
    ends: set[bool] = set()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                head = head or chunk[:4096]
                digest.update(chunk)
                valid = valid and _decodes(decoder, chunk)
                ends |= _line_ends(chunk)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if not head.strip():
        raise InputError(f"{path} is empty")
    encoding = _encoding(path, head, valid)
    return head, digest.hexdigest(), _MIXED if encoding == "utf-8" and len(ends) > 1 else encoding


def _line_ends(chunk: bytes) -> set[bool]:
    """Whether the chunk's lines end in CR LF (True), in LF (False), or in both; a file of both is read from a copy."""
    returns, lines = chunk.count(b"\r\n"), chunk.count(b"\n") - chunk.startswith(b"\n")
    return ({True} if returns else set()) | ({False} if lines > returns else set())


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path: Path, head: bytes, valid: bool) -> str:
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            return name
    if head[:4] == b"PAR1":
        return "parquet"
    if b"\x00" in head:
        raise InputError(f"{path} is neither text nor Parquet; export it as CSV or Parquet")
    return "utf-8" if valid else "cp1252"


def _transcode(path: Path, copy: Path, encoding: str) -> None:
    errors = "replace" if encoding == "cp1252" else "strict"
    try:
        with (
            path.open(encoding=encoding.split(",")[0], errors=errors) as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, _CHUNK)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} starts as {encoding} but is not: {error.reason} at byte {error.start}") from error

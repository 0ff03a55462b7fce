"""Files as DuckDB can read them: checked to exist, told apart by content, and in UTF-8."""

import codecs
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analytics.errors import InputError

_CHUNK = 1 << 20
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A file that is there: its path for DuckDB, its kind (csv or parquet), its bytes' hash and its encoding."""

    path: Path
    kind: str
    sha256: str
    encoding: str


@contextmanager
def readable(path: Path) -> Iterator[Readable]:
    """*path* as a file DuckDB can read; text in other encodings is copied to a temporary UTF-8 file meanwhile.

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


def _inspect(path: Path) -> tuple[bytes, str, str]:
    """First bytes, SHA-256 and encoding of *path*, in one pass."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    digest, decoder, valid, head = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), True, b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                head = head or chunk[:4096]
                digest.update(chunk)
                valid = valid and _decodes(decoder, chunk)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if not head.strip():
        raise InputError(f"{path} is empty")
    return head, digest.hexdigest(), _encoding(path, head, valid)


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
            path.open(encoding=encoding, errors=errors, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, _CHUNK)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} starts as {encoding} but is not: {error.reason} at byte {error.start}") from error

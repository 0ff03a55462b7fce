"""Files out of gzip and zip archives, with a bound on what they unpack to."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from analytics.errors import InputError
from analytics.sources import limits
from analytics.sources.table import nearest

_CHUNK = 1 << 20
_DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What the standard library raises for archives that are damaged, encrypted or packed in ways it does not know."""


def gunzip(path: Path, target: Path) -> None:
    """Unpack the gzip file *path* to *target*; raises InputError where it is damaged, or unpacks to too much."""
    try:
        with path.open("rb") as file, gzip.open(file) as packed:
            _unpack(path, packed, target, file.tell)
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def unzip(path: Path, member: str, target: Path) -> None:
    """Unpack *member*, or the only file, of the zip file *path* to *target*.

    Raises InputError where there is no such file, or several and none is chosen, or it is damaged or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = archive.getinfo(choose(path, member, _files(archive)))
            if chosen.flag_bits & 1:
                raise InputError(f"{path}: {chosen.filename} is encrypted; unpack it first")
            _check_size(path, chosen.file_size, chosen.compress_size)  # what it says of itself; it may lie
            with archive.open(chosen) as packed:
                _unpack(path, packed, target, lambda: chosen.compress_size)
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Exception:
    """What keeps an archive from being unpacked; where that is the system's own error, as a full disk, it is left as it is."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return InputError(f"{path} cannot be unpacked: {_words(error)}")


def choose(path: Path, member: str, names: list[str]) -> str:
    """The one of *names* that is meant: *member*, or the only one there is; raises InputError naming them otherwise."""
    if member:
        if member not in names:
            raise InputError(f"{path} has no {member!r} in it{nearest(member, names)}")
        return member
    if not names:
        raise InputError(f"{path} has no files in it")
    if len(names) > 1:
        raise InputError(f"{path} has {len(names)} files in it; choose one with --member{nearest('', names)}")
    return names[0]


def is_workbook(path: Path) -> bool:
    """Whether the zip file *path* is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except _DAMAGED:
        return False


def check_workbook(path: Path) -> None:
    """Raise InputError for a workbook that unpacks to too much, or is damaged; nothing is unpacked for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except _DAMAGED as error:
        raise InputError(f"{path} cannot be read as a workbook: {_words(error)}") from error
    _check_size(path, sum(info.file_size for info in infos), path.stat().st_size)
    for info in infos:
        _check_size(path, info.file_size, info.compress_size)
        name, most = info.filename.lower(), limits.MOST_PART
        if name.startswith("xl/worksheets/"):
            continue
        if name == "xl/sharedstrings.xml":
            most = limits.MOST_STRINGS
        if name.endswith(".xml") and info.file_size > most:
            raise InputError(f"{path} has {info.file_size:,} bytes in {name}; at most {most:,} are read; use CSV")


def _files(archive: zipfile.ZipFile) -> list[str]:
    """Names of the files in an archive, without folders and what macOS adds."""
    names = (info.filename for info in archive.infolist() if not info.is_dir())
    return [name for name in names if not name.startswith("__MACOSX/") and not name.endswith(".DS_Store")]


def _unpack(path: Path, packed: IO[bytes] | gzip.GzipFile, target: Path, size: Callable[[], int]) -> None:
    """Copy what is unpacked to *target*, unless it is more than the *size* packed bytes behind it may give."""
    written = 0
    with target.open("wb") as out:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            _check_size(path, written, size())
            out.write(chunk)


def _check_size(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > limits.MOST_UNPACKED:
        raise InputError(
            f"{path} unpacks to more than {limits.MOST_UNPACKED:,} bytes; unpack it yourself and load parts"
        )
    if unpacked > limits.RATIO_FROM and unpacked > limits.MOST_RATIO * packed:
        raise InputError(
            f"{path} unpacks to more than {limits.MOST_RATIO} times its size, as archives made to fill a disk do; "
            "if it is an honest file, unpack it yourself"
        )


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__

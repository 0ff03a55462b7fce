"""Files of a report, each written whole or not at all."""

from contextlib import suppress
from pathlib import Path

from analytics.errors import OutputError


def write_whole(path: Path, data: bytes | str) -> Path:
    """Write *data* (text as UTF-8, line ends as they are) to *path*, whose folder is made if needed.

    The file appears whole or not at all. Raises OutputError if it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(data.encode() if isinstance(data, str) else data)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise OutputError(f"cannot write {path}: {error.strerror}; name a file you may write to") from error
    return path

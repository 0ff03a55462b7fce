"""New databases: made whole, with the bundled reference data, by one process at a time."""

from datetime import datetime
from pathlib import Path

from analytics.bundled import bundled
from analytics.errors import StoreError
from analytics.store.connection import Store, Tracer
from analytics.store.lock import folder_lock
from analytics.store.reference import load_reference

REFERENCE = (
    ("data/iraq_regions.csv", "regions"),
    ("data/iraq_groups.csv", "regions"),
    ("data/iraq_admin1.geojson", "regions"),
    ("data/iraq_events.csv", "events"),
    ("data/tags.toml", "tags"),
)
"""Reference data that every new database starts with."""


def fresh_store(path: Path, *, loaded_at: datetime, tracer: Tracer | None = None, wait: float = 0.0) -> Store:
    """Open the database at *path*; a new one starts with the bundled regions, groups, boundaries and dated events.

    A new one is made under another name and takes its own when it is whole, so that none is ever half made, and by one
    process at a time, so that none is put in the place of another's. *tracer* and *wait* are those of `Store`.
    """
    if not path.exists() and path.parent.is_dir():
        with folder_lock(path.parent):
            if not path.exists():  # another process may have made it while this one waited for the lock
                _make(path, loaded_at, tracer)
    return Store(path, tracer=tracer, wait=wait)


def _make(path: Path, loaded_at: datetime, tracer: Tracer | None) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        for left in (part, part.with_name(f"{part.name}.wal")):
            left.unlink(missing_ok=True)
        with Store(part, tracer=tracer) as store:
            for name, kind in REFERENCE:
                load_reference(store, bundled(name), kind, loaded_at=loaded_at)
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made: {(error.strerror or str(error)).lower()}; name another database with --db"
        ) from error

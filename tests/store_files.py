"""Small incident files for the store's tests, and what a database holds as something that compares."""

import csv
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from analytics.schema import COLUMNS
from analytics.sources import Mapping
from analytics.store import LoadReport, Store, load, load_reference, weekly

NOW = datetime.fromisoformat("2030-01-01 12:00")
Row = dict[str, Any]

REGIONS = [
    {"region_id": "XA", "level": "country", "name": "Xanadu"},
    {"region_id": "XA-N", "parent_id": "XA", "level": "admin1", "name": "North", "variants": "Al Nōrth|Nord"},
    {"region_id": "XA-S", "parent_id": "XA", "level": "admin1", "name": "South"},
    {"region_id": "XA-N/hill", "parent_id": "XA-N", "level": "admin2", "name": "Hill"},
    {"region_id": "XA-S/dale", "parent_id": "XA-S", "level": "admin2", "name": "Dale"},
]


def at(moment: str) -> datetime:
    """A moment (UTC, as the store keeps it) from YYYY-MM-DD, with or without a time."""
    return datetime.fromisoformat(moment)


def write_csv(path: Path, rows: list[Row]) -> Path:
    """A CSV file of *rows* under the union of their keys; a missing or None value is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def incident(source_id: str, day: str = "2020-01-08", **more: Any) -> Row:
    """One record in our own columns, placed in Xanadu's North unless *more* says otherwise."""
    return {"source_id": source_id, "occurred_on": day, "country": "Xanadu", "admin1": "North"} | more


def load_rows(store: Store, folder: Path, rows: list[Row], *, source: str = "desk", **options: Any) -> LoadReport:
    """Load *rows* as a file of their own."""
    path = write_csv(folder / f"{source}.csv", rows)
    return load(store, path, loaded_at=NOW, mapping=Mapping(source=source), **options)


def reference(store: Store, folder: Path, kind: str, rows: list[Row]) -> int:
    """Load *rows* as a reference file of *kind*; its load."""
    number: int = load_reference(store, write_csv(folder / f"{kind}.csv", rows), kind, loaded_at=NOW)["load_id"]
    return number


@cache
def _empty_xanadu() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        with Store(path) as store:
            reference(store, path.parent, "regions", REGIONS)
        return path.read_bytes()


def xanadu(path: Path) -> Store:
    """A new database with a country of two first-level regions, one district each; its regions are load 1."""
    path.write_bytes(_empty_xanadu())
    return Store(path)


def dump(store: Store, *, loads: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the database holds but its log, table by table, sorted; without load numbers unless *loads*."""
    columns = store.rows(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = current_database() AND table_name IN (SELECT table_name FROM duckdb_tables() "
        "WHERE NOT temporary AND table_name NOT IN ('load', 'incident_store')) GROUP BY ALL ORDER BY 1"
    )
    listed = {table: ", ".join(f'"{name}"' for name in names if loads or name != "load_id") for table, names in columns}
    return {table: sorted(store.rows(f'SELECT {names} FROM "{table}"'), key=repr) for table, names in listed.items()}  # noqa: S608


def history(store: Store) -> list[tuple[Any, ...]]:
    """All versions without the numbers of the loads that brought them."""
    names = ", ".join(column.name for column in COLUMNS)
    return store.rows(
        f"SELECT incident_id, version, known_from, known_to, known_basis, retracted, region_id, {names}, raw "  # noqa: S608
        "FROM versions ORDER BY incident_id, version"
    )


def cells(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[float | None, str]]:
    """A weekly frame as (week, region id) -> (value, status); an unknown value is None."""
    return {
        (f"{row.week:%Y-%m-%d}", str(row.region_id)): (
            None if pd.isna(row.value) else float(row.value),
            str(row.status),
        )
        for row in frame.itertuples()
    }


def panel(store: Store, first: str, last: str, **options: Any) -> dict[tuple[str, str], tuple[float | None, str]]:
    """The cells of `weekly` from *first* to *last*."""
    return cells(weekly(store, first=date.fromisoformat(first), last=date.fromisoformat(last), **options))

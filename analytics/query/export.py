"""A database or an answer for other tools: a folder of Parquet files, an SQLite file, or an Excel workbook.

With the whole database goes its data dictionary, the table `columns`.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from analytics.errors import OptionError, OutputError, StoreError
from analytics.query.database import Database, spooled

if TYPE_CHECKING:
    import pyarrow as pa

DICTIONARY = """
SELECT c.table_name AS "table", v.comment AS meaning_of_table, c.column_name AS "column", c.data_type AS type, c.comment AS meaning
FROM duckdb_columns() AS c JOIN duckdb_views() AS v ON v.view_name = c.table_name
WHERE NOT c.internal AND NOT v.internal ORDER BY c.table_name, c.column_index
"""
VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
_STATE = """
SELECT count(*) AS loads, max(load_id) AS latest, count(undone_at) AS undone, (SELECT count(*) FROM run) AS runs,
       (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM mute) AS mutes
FROM load
"""

EXCEL_ROWS = 1_048_575
EXCEL_TEXT = 32_767
"""Rows of a sheet under its heading, and characters of a cell: Excel's own limits."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A table that was written, and its number of rows."""

    table: str
    rows: int


def export(
    database: Database, target: Path, queries: dict[str, str] | None = None, parameters: dict[str, Any] | None = None
) -> list[Exported]:
    """Write *queries* (SQL by name; by default every view and the data dictionary) to *target*.

    The kind of *target* is that of its name: .xlsx, .sqlite, or a folder of Parquet files. It must not be there yet,
    and appears whole or not at all. Raises OptionError where it is there, OutputError where it cannot be written, or
    does not fit into a sheet, and StoreError where the database was changed meanwhile.
    """
    if target.exists():
        raise OptionError(f"{target} is there already; remove it, or name another file or folder")
    before = _state(database)
    chosen = queries or {**_views(database), "columns": DICTIONARY}
    write = _WRITERS.get(target.suffix.lower(), _parquet)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            done = write(database, folder / target.name, chosen, parameters or {})
            if _state(database) != before:
                raise StoreError("the database was changed while it was exported; export it again")
            (folder / target.name).rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    return done


def _state(database: Database) -> list[dict[str, Any]]:
    state: list[dict[str, Any]] = database.sql(_STATE).arrow().to_pylist()
    return state


def _views(database: Database) -> dict[str, str]:
    names = database.sql(VIEWS).arrow().column(0).to_pylist()
    return {name: f'FROM "{name}"' for name in names}


def _parquet(database: Database, target: Path, queries: dict[str, str], parameters: dict[str, Any]) -> list[Exported]:
    from pyarrow import parquet

    target.mkdir()
    done = []
    for name, sql in queries.items():
        path = target / f"{name}.parquet"
        with spooled(database.path, sql, "parquet", parameters, database.limits) as (file, _), path.open("wb") as out:
            shutil.copyfileobj(file, out)
        done.append(Exported(table=name, rows=parquet.read_metadata(path).num_rows))
    return done


def _sqlite(database: Database, target: Path, queries: dict[str, str], parameters: dict[str, Any]) -> list[Exported]:
    connection = sqlite3.connect(target)
    try:
        return [_sqlite_table(connection, database, name, sql, parameters) for name, sql in queries.items()]
    finally:
        connection.commit()
        connection.close()


def _sqlite_table(
    connection: sqlite3.Connection, database: Database, name: str, sql: str, parameters: dict[str, Any]
) -> Exported:
    rows = 0
    with _reading(database, sql, parameters) as reader:
        columns = ", ".join(f'"{_doubled(field.name)}" {_affinity(field.type)}' for field in reader.schema)
        connection.execute(f'CREATE TABLE "{_doubled(name)}" ({columns})')
        marks = ", ".join("?" for _ in reader.schema)
        for batch in _batches(reader):
            connection.executemany(
                f'INSERT INTO "{_doubled(name)}" VALUES ({marks})',  # noqa: S608 - names are quoted, values bound
                [[_sqlite_value(value) for value in row] for row in batch],
            )
            rows += len(batch)
    return Exported(table=name, rows=rows)


def _doubled(name: str) -> str:
    return name.replace('"', '""')


def _affinity(kind: "pa.DataType") -> str:
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else "TEXT"


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    return _nested(value)


def _nested(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def _excel(database: Database, target: Path, queries: dict[str, str], parameters: dict[str, Any]) -> list[Exported]:
    try:
        import xlsxwriter
    except ImportError as error:
        raise OptionError("Excel needs xlsxwriter; pip install incident-analytics[excel]") from error
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the same bytes each time
        styles: dict[type, Any] = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        bold = book.add_format({"bold": True})
        return [_sheet(book, styles, bold, database, name, sql, parameters) for name, sql in queries.items()]


def _sheet(
    book: Any, styles: dict[type, Any], bold: Any, database: Database, name: str, sql: str, parameters: dict[str, Any]
) -> Exported:
    sheet = book.add_worksheet(name[:31])
    sheet.freeze_panes(1, 0)
    rows = 0
    with _reading(database, sql, parameters) as reader:
        for place, field in enumerate(reader.schema):
            sheet.write_string(0, place, field.name, bold)
        for row in (row for batch in _batches(reader) for row in batch):
            rows += 1
            if rows > EXCEL_ROWS:
                raise OutputError(
                    f"{name} has more than the {EXCEL_ROWS:,} rows of an Excel sheet; export to a folder of Parquet or .sqlite"
                )
            for place, value in enumerate(row):
                _cell(sheet, rows, place, value, styles, name)
    return Exported(table=name, rows=rows)


def _cell(sheet: Any, row: int, place: int, value: Any, styles: dict[type, Any], name: str) -> None:
    """Write one value as what it is; text is never a formula, a number or a link."""
    value = _nested(value)
    if value is None or value != value:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < 1e15:
        sheet.write_number(row, place, value)
    elif type(value) in styles and value.year >= 1900:
        sheet.write_datetime(row, place, value, styles[type(value)])
    elif len(text := str(value)) > EXCEL_TEXT:
        raise OutputError(
            f"row {row} of {name} has a text longer than the {EXCEL_TEXT:,} characters of an Excel cell; export to .sqlite"
        )
    else:
        sheet.write_string(row, place, text)


_WRITERS = {".xlsx": _excel, ".sqlite": _sqlite, ".db": _sqlite}


@contextmanager
def _reading(database: Database, sql: str, parameters: dict[str, Any]) -> Iterator["pa.RecordBatchReader"]:
    """An answer as an Arrow reader, while its file is there."""
    import pyarrow as pa

    with spooled(database.path, sql, "arrow", parameters, database.limits) as (file, _):
        yield pa.ipc.open_stream(file)


def _batches(reader: "pa.RecordBatchReader") -> Iterator[list[tuple[Any, ...]]]:
    """Rows of Python values, a batch at a time."""
    for batch in reader:
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))

"""Readable files as tables: the names of their columns, and JSON and workbooks as tables of text."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from analytics.errors import InputError
from analytics.sources import limits
from analytics.sources.columnar import Texts, write_texts
from analytics.sources.files import Readable, check_lines, readable, reading, temporary_folder
from analytics.sources.json_records import Malformed, field_text, is_json, json_records
from analytics.sources.ucdp import GED_COLUMNS, is_headless
from analytics.sources.workbooks import workbook_rows

_DELIMITERS = ",;\t|"


@contextmanager
def table_of(path: Path, *, member: str = "", delimiter: str = "") -> Iterator[Readable]:
    """The table in the file *path*, as CSV or Parquet, with its columns (those of a Parquet file are in it).

    *member*: the file of a zip archive, or the sheet of a workbook, that is meant. *delimiter*: what separates the fields
    of a CSV file; by default that of , ; | and tab which its first line has most of.
    Raises InputError, naming *path*, where there is no table in it, or it is larger than `limits` allow.
    """
    with readable(path, member) as file, temporary_folder(path) as folder:
        with reading(path):
            table = _table(path, file, folder, member, delimiter)
        yield table


def _table(path: Path, file: Readable, folder: Path, member: str, delimiter: str) -> Readable:
    if file.kind == "excel":
        return _of_workbook(path, file, folder, member)
    if file.kind == "csv" and is_json(_head(file.path)):
        return _of_json(path, file, folder)
    if file.kind == "csv":
        check_lines(path, file)
        return _with_header(path, file, delimiter)
    return file


def _head(path: Path) -> str:
    with path.open(encoding="utf-8") as text:
        return text.read(4096)


def column_names(path: Path, names: Iterable[str | None]) -> tuple[str, ...]:
    """Names of columns as the database takes them: without blanks around, and one for those without.

    Raises InputError where a name occurs twice, or there are too many.
    """
    found = tuple((name or "").strip() or f"column{number}" for number, name in enumerate(names, 1))
    if len(found) > limits.MOST_COLUMNS:
        raise InputError(f"{path} has {len(found):,} columns; at most {limits.MOST_COLUMNS:,} are read")
    seen: set[str] = set()
    for name in found:
        if name.lower() in seen:
            raise InputError(f"{path}: column {name!r} occurs twice; rename one")
        seen.add(name.lower())
    return found


def _with_header(path: Path, file: Readable, delimiter: str) -> Readable:
    """A CSV file with the column names of its first line and what separates them."""
    head = _start(file.path)
    first = head.splitlines()[0]
    if len(first) == limits.LONGEST_HEADER:
        raise InputError(
            f"{path}: the first line is longer than {limits.LONGEST_HEADER:,} characters; it must hold the names of the columns"
        )
    mark = delimiter or max(_DELIMITERS, key=first.count)
    try:
        fields = next(csv.reader(io.StringIO(head, newline=""), delimiter=mark), [])
    except csv.Error as error:
        raise InputError(f"{path}: the header cannot be read: {error}") from error
    if not any(map(str.strip, fields)):
        raise InputError(f"{path}: the first line is blank; it must hold the names of the columns")
    if is_headless(fields):
        note = f"it has no header; its {len(GED_COLUMNS)} fields are read as those of a UCDP GED release"
        return replace(file, columns=GED_COLUMNS, delimiter=mark, header=False, note=note)
    found = replace(file, columns=column_names(path, fields), delimiter=mark)
    _check_sample(path, found, _sampled(head, found))
    return found


def _start(file: Path) -> str:
    """The beginning of a text file, as far as is looked at before it is read."""
    with file.open(encoding="utf-8", newline="") as text:
        return text.read(limits.LONGEST_HEADER)


def _sampled(head: str, file: Readable, rows: int | None = None) -> list[list[str]]:
    """The records in the *head* of a CSV file, *rows* at most, without its header; the last, cut short, is left out."""
    whole = head if len(head) < limits.LONGEST_HEADER else head[: head.rfind("\n") + 1]
    reader = csv.reader(io.StringIO(whole, newline=""), delimiter=file.delimiter)
    found: list[list[str]] = []
    with suppress(csv.Error):  # what was read up to there is a sample, too
        found.extend(islice(reader, None if rows is None else rows + file.header))
    return found[file.header :]


def _check_sample(path: Path, file: Readable, rows: list[list[str]]) -> None:
    """Raise InputError where next to none of the first *rows* have the fields of the header.

    To read such a file to its end takes the database a minute for every few million lines, and finds nothing.
    """
    lines = [row for row in rows if row]
    fitting = sum(len(row) == len(file.columns) for row in lines)
    if len(lines) >= limits.SAMPLED and fitting < limits.FEWEST_FITTING * len(lines):
        raise InputError(
            f"{path}: of its first {len(lines):,} records {fitting or 'none'} has the {len(file.columns)} fields of its first "
            f"line ({', '.join(file.columns[:10])}), with {file.delimiter!r} between them; the first line must hold the names "
            "of the columns, and a mapping names another delimiter"
        )


def _of_json(path: Path, file: Readable, folder: Path) -> Readable:
    """A JSON file as a table of text: one column for every key of any record, in the order in which they come."""
    keys: dict[str, None] = {}
    malformed: list[Texts] = []
    for number, record in enumerate(json_records(path, file.path), 1):
        if isinstance(record, Malformed):
            malformed.append((str(number), record.reason, record[:2000]))
            _check_malformed(path, len(malformed))
        else:
            keys |= dict.fromkeys(record)
            if len(keys) > limits.MOST_COLUMNS:
                raise InputError(f"{path} has more than {limits.MOST_COLUMNS:,} different keys; that is no table")
    if not keys:
        raise InputError(f"{path} has no records in it")
    records = (record for record in json_records(path, file.path) if isinstance(record, dict))
    rows = ([field_text(record.get(key)) for key in keys] for record in records)
    return _as_parquet(file, folder, column_names(path, keys), rows, malformed)


def _of_workbook(path: Path, file: Readable, folder: Path, member: str) -> Readable:
    """A sheet as a table of text; its first row that is not blank holds the names."""
    sheet = "" if file.path != path else member
    rows = workbook_rows(path, file.path, sheet)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{path} has an empty sheet")
    names = column_names(path, header)
    malformed: list[Texts] = []
    width = len(names)

    def fitting() -> Iterator[Texts]:
        for number, row in enumerate(rows, 1):
            if any(row[width:]):
                filled = [cell for cell in row if cell is not None]
                malformed.append((str(number), f"it has more than the {width} cells of the header", str(filled)[:2000]))
                _check_malformed(path, len(malformed))
            else:
                yield (*row[:width], *[None] * (width - len(row)))

    return _as_parquet(file, folder, names, fitting(), malformed)


def _as_parquet(
    file: Readable, folder: Path, names: tuple[str, ...], rows: Iterable[Texts], malformed: list[Texts]
) -> Readable:
    table, pieces = folder / "table.parquet", folder / "malformed.parquet"
    write_texts(table, names, rows)
    if malformed:  # filled while the rows were written
        write_texts(pieces, ("record", "reason", "text"), malformed)
    return replace(file, path=table, kind="parquet", columns=names, malformed=pieces if malformed else None)


def _check_malformed(path: Path, count: int) -> None:
    if count > limits.MOST_MALFORMED:
        raise InputError(
            f"{path} has more than {limits.MOST_MALFORMED:,} pieces that are no records; it is no table of incidents"
        )


def sample(path: Path, file: Readable, rows: int) -> tuple[list[str], list[list[str]]]:
    """The columns of a table and its first *rows* records as text, "" for what is missing; errors name *path*."""
    if file.kind == "parquet":
        return _sample_parquet(path, file.path, rows)
    found = _sampled(_start(file.path), file, rows)
    fitting = [row for row in found if len(row) == len(file.columns)]
    return list(file.columns), [[cell.strip() for cell in row] for row in fitting]


def _sample_parquet(path: Path, file: Path, rows: int) -> tuple[list[str], list[list[str]]]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as table:
            names = list(column_names(path, table.schema_arrow.names))
            batch = next(table.iter_batches(batch_size=rows), None)
            values = [column.to_pylist() for column in batch.columns] if batch else []
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    return names, [["" if cell is None else str(cell).strip() for cell in row] for row in zip(*values, strict=True)]

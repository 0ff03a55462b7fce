"""Excel workbooks (.xlsx) as rows of text, read one row at a time."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from analytics.errors import AnalyticsError, InputError, OptionError
from analytics.sources import limits
from analytics.sources.archives import check_workbook, choose

Row = list[str | None]
_ROW = "http://schemas.openxmlformats.org/spreadsheetml/2006/main row"


def workbook_rows(path: Path, file: Path, sheet: str) -> Iterator[Row]:
    """Rows of the only sheet of the workbook *file*, or of the one called *sheet*; blank rows are left out.

    Formulas are read as what Excel last computed, days and times in ISO form, whole numbers without decimals.
    Raises InputError, naming *path*, where it is damaged, too large or has several sheets, OptionError without openpyxl.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise OptionError("Excel files need openpyxl; pip install incident-analytics[excel]") from error
    check_workbook(file)
    try:
        _check_sheets(path, file)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            chosen = book[choose(path, sheet, [one.title for one in book.worksheets])]
            chosen.reset_dimensions()  # what a sheet says of its own size need not be true
            blank = 0
            for row in map(_trimmed, chosen.iter_rows(values_only=True)):
                blank = 0 if row else blank + 1
                if row:
                    _check_width(path, len(row))
                    yield [_text(value) for value in row]
                elif blank > limits.MOST_BLANK:
                    raise InputError(f"{path} has more than {limits.MOST_BLANK:,} blank rows one after another")
        finally:
            book.close()
    except AnalyticsError:
        raise
    except Exception as error:  # damaged XML surfaces as whatever the reader stumbles over
        raise InputError(f"{path} cannot be read as a workbook: {error or type(error).__name__}") from error


def _check_sheets(path: Path, file: Path) -> None:
    """Raise InputError for a workbook with a sheet that could not be held in memory row by row."""
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.filename.lower().startswith("xl/worksheets/") and info.file_size > limits.SMALL_SHEET:
                with archive.open(info) as sheet:
                    _check_elements(path, sheet)


def _check_elements(path: Path, sheet: IO[bytes]) -> None:
    """Raise InputError for more rows, or more between two rows, than an honest sheet has."""
    rows = elements = characters = 0

    def begin(_: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        text("".join(attributes.values()))
        if elements > limits.MOST_ELEMENTS:
            raise InputError(f"{path} has more than {limits.MOST_ELEMENTS:,} XML elements between two rows of a sheet")

    def text(said: str) -> None:
        nonlocal characters
        characters += len(said)
        if characters > limits.LONGEST_LINE:
            raise InputError(f"{path} has a row of more than {limits.LONGEST_LINE:,} characters")

    def end(name: str) -> None:
        nonlocal rows, elements, characters
        if name == _ROW:
            rows, elements, characters = rows + 1, 0, 0
        if rows > limits.MOST_ROWS:
            raise InputError(f"{path} has a sheet of more than {limits.MOST_ROWS:,} rows; use CSV")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    parser.ParseFile(sheet)


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without the empty cells at its end; halved first, since one styled cell makes it 16,384 wide."""
    width = len(row)
    while width and (half := row[width // 2 : width]).count(None) == len(half):
        width //= 2
    while width and row[width - 1] is None:
        width -= 1
    return row[:width]


def _check_width(path: Path, width: int) -> None:
    if width > limits.MOST_COLUMNS:
        raise InputError(f"{path} has a cell in column {width:,}; at most {limits.MOST_COLUMNS:,} are read")


def _text(value: Any) -> str | None:
    """A cell as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)

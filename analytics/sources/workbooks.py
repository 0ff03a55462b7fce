"""Excel workbooks (.xlsx) as rows of text, read one row at a time."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from analytics.errors import AnalyticsError, InputError, OptionError
from analytics.sources.archives import check_workbook, choose

Row = list[str | None]


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
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            chosen = book[choose(path, sheet, [one.title for one in book.worksheets])]
            chosen.reset_dimensions()  # what a sheet says of its own size need not be true
            for row in chosen.iter_rows(values_only=True):
                if any(value is not None for value in row):
                    yield [_text(value) for value in row]
        finally:
            book.close()
    except AnalyticsError:
        raise
    except Exception as error:  # damaged XML surfaces as whatever the reader stumbles over
        raise InputError(f"{path} cannot be read as a workbook: {error or type(error).__name__}") from error


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

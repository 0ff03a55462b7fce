"""Flags beside the report: CSV that a spreadsheet can open safely, and JSON with the exact values."""

import csv
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.errors import OutputError
from analytics.figures import numbers
from analytics.report.content import COLUMNS, ReportContent

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First letters that make a spreadsheet take text for a formula."""


FORMS = ("csv", "json")
"""Forms in which flags are written beside a report."""


def write_tables(content: ReportContent, page: Path, forms: tuple[str, ...] = FORMS) -> tuple[Path, ...]:
    """Write the flags beside the report at *page*, as NAME_flags.csv and NAME_flags.json; equal content, equal bytes.

    Each file appears whole or not at all. Raises OutputError where the folder cannot be written.
    """
    made = {"csv": flags_csv, "json": flags_json}
    return tuple(
        write_whole(page.with_name(f"{page.stem}_flags.{form}"), made[form](content)) for form in FORMS if form in forms
    )


def write_whole(path: Path, text: str) -> Path:
    """Write *text* at *path*, whose folder is made if needed: the file appears whole or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8", newline="")
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise OutputError(f"cannot write {path}: {error.strerror}; name a folder you may write to") from error
    return path


def flags_csv(content: ReportContent) -> str:
    """The flags, one row each, in the contract's columns; text that looks like a formula gets a leading apostrophe."""
    rows = _records(content.flags)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_header(content.flags))
    writer.writerows([_csv_value(value) for value in row.values()] for row in rows)
    return text.getvalue()


def flags_json(content: ReportContent) -> str:
    """The flags with what they depend on: period, to, as_of, filters, whether simulated, provenance."""
    document = {
        "title": content.title,
        "simulated": content.simulated,
        "period_first": content.period_first.isoformat(),
        "period_last": content.period_last.isoformat(),
        "to": content.to.isoformat(),
        "as_of": content.as_of.isoformat() if content.as_of else None,
        "filters": list(content.filters),
        "provenance": {key: str(value) for key, value in content.provenance.items()},
        "flags": _records(content.flags),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _header(flags: pd.DataFrame | None) -> list[str]:
    """Names of the columns; the contract's where there is no frame."""
    return [*COLUMNS["flags"][0], *COLUMNS["flags"][1]] if flags is None else [str(name) for name in flags.columns]


def _records(flags: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The flags as plain values, in the frame's order."""
    if flags is None:
        return []
    return [{str(key): _plain(value) for key, value in row.items()} for row in flags.to_dict("records")]


def _plain(value: Any) -> Any:
    """A value that JSON knows: ISO days, numbers, text, None."""
    if numbers.is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return pd.Timestamp(value).date().isoformat()
    if numbers.is_listing(value):
        return [_plain(item) for item in value]
    if not numbers.is_number(value):
        return str(value)
    number = float(value)
    return int(number) if number.is_integer() else number if abs(number) != float("inf") else None


def _csv_value(value: Any) -> str:
    """One CSV field."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(FORMULA) else value

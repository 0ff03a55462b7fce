"""Rows on stdout in the formats people ask for; what is data comes from others and is shown as text."""

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from textwrap import wrap
from typing import IO, TYPE_CHECKING, Any

from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "parquet")


def write(frame: "pd.DataFrame", form: str, out: IO[str] | None = None) -> None:
    """Write *frame* to *out* (default stdout) as *form*; parquet is bytes and is refused on a terminal.

    csv, tsv, json and jsonl carry full precision and ISO dates; table and markdown round for reading. Nothing is cut.
    Missing values are empty, null in json and jsonl; so are NaN and, in json and jsonl, infinity.
    """
    if form not in FORMATS:
        raise OptionError(f"format {form!r} is not known; choose from {', '.join(FORMATS)}")
    stream = out or sys.stdout
    if form == "parquet":
        _write_parquet(frame, stream)
        return
    stream.write(_TEXT[form](frame))


def _write_parquet(frame: "pd.DataFrame", stream: IO[str]) -> None:
    if stream.isatty():
        raise OptionError("parquet is binary; send it to a file: incidents … --format parquet > rows.parquet")
    stream.flush()
    frame.to_parquet(stream.buffer, index=False)  # type: ignore[attr-defined]


def _csv(frame: "pd.DataFrame") -> str:
    return _separated(frame, ",")


def _tsv(frame: "pd.DataFrame") -> str:
    return _separated(frame, "\t")


def _separated(frame: "pd.DataFrame", mark: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, lineterminator="\n")
    writer.writerow(str(name) for name in frame.columns)
    writer.writerows([_text(value) for value in row] for row in _rows(frame))
    return text.getvalue()


def _json(frame: "pd.DataFrame") -> str:
    rows = ",\n ".join(_records(frame))
    return f"[{rows}]\n"


def _jsonl(frame: "pd.DataFrame") -> str:
    return "".join(f"{record}\n" for record in _records(frame))


def _records(frame: "pd.DataFrame") -> list[str]:
    names = [str(name) for name in frame.columns]
    return [json.dumps(_finite(dict(zip(names, row, strict=True))), ensure_ascii=False) for row in _rows(frame)]


WRAPPED = 72
"""Width at which sentences are folded in a table; nothing is cut."""


def _table(frame: "pd.DataFrame") -> str:
    return _tabulated(frame, "simple", _folded, _cell)


def _folded(value: Any) -> str:
    return "\n".join(wrap(_cell(value), WRAPPED, break_long_words=False, break_on_hyphens=False))


def _markdown(frame: "pd.DataFrame") -> str:
    return _tabulated(frame, "github", _piped, _piped)


def _piped(value: Any) -> str:
    return _cell(value).replace("|", "\\|")


_TEXT: dict[str, Callable[["pd.DataFrame"], str]] = {
    "csv": _csv,
    "tsv": _tsv,
    "json": _json,
    "jsonl": _jsonl,
    "table": _table,
    "markdown": _markdown,
}


def _tabulated(frame: "pd.DataFrame", style: str, cell: Callable[[Any], str], heading: Callable[[str], str]) -> str:
    from tabulate import tabulate

    rows = [[cell(value) for value in row] for row in _rows(frame)]
    align = ["right" if dtype.kind in "ifu" else "left" for dtype in frame.dtypes]
    headers = [heading(str(name)) for name in frame.columns]
    made = tabulate(rows, headers=headers, tablefmt=style, colalign=align if rows else None, disable_numparse=True)
    return f"{made}\n"


def _cell(value: Any) -> str:
    """A value for reading: four digits, nothing for null, control characters made visible."""
    if isinstance(value, float):
        whole = (value.is_integer() or abs(value) >= 1e4) and abs(value) < 1e15
        return f"{value:,.0f}" if whole else f"{value:.4g}"
    return shown(str(_text(value)))


def _text(value: Any) -> Any:
    """A plain value as a field of a text format; numbers stay, and lists are written as in JSON."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


_VISIBLE = "\u00a0\u202f\u200c\u200d\u3000"
"""Spaces and joiners that Python calls unprintable and that writing needs."""


def shown(text: str) -> str:
    """*text* with its control characters, line ends included, written out, so that a terminal does not obey them."""
    return "".join(
        mark if mark.isprintable() or mark in _VISIBLE else mark.encode("unicode_escape").decode() for mark in text
    )


def _rows(frame: "pd.DataFrame") -> list[tuple[Any, ...]]:
    """The rows as plain values: None for what is missing, text for dates and times."""
    return list(zip(*(_column(column) for _, column in frame.items()), strict=True))


def _column(column: "pd.Series[Any]") -> list[Any]:
    """Plain values of a column; times that are all midnight are days."""
    values = [_plain(value) for value in column.astype(object)]
    times = [value for value in values if isinstance(value, datetime)]
    days = all(value.time() == time.min for value in times)
    return [_moment(value, days) for value in values]


def _moment(value: Any, days: bool) -> Any:
    if isinstance(value, datetime):
        return value.date().isoformat() if days else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


def _plain(value: Any) -> Any:
    """A value as None, bool, int, float, text, date, or a list or dict of such."""
    if isinstance(value, list | tuple) or type(value).__name__ == "ndarray":
        return [_moment(_plain(item), days=False) for item in value]
    if isinstance(value, dict):
        return {str(key): _moment(_plain(item), days=False) for key, item in value.items()}
    if _missing(value):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "item"):
        return value.item()
    return value if isinstance(value, bool | int | float | str | date) else str(value)


def _missing(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _finite(value: Any) -> Any:
    """A plain value without the infinities that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Rows on stdout in the formats people ask for; what is data comes from others and is shown as text."""

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Any

from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "parquet")


def write(frame: "pd.DataFrame", form: str, out: IO[str] | None = None) -> None:
    """Write *frame* to *out* (default stdout) as *form*; parquet is bytes and is refused on a terminal.

    csv, tsv, json and jsonl carry full precision and ISO dates; table and markdown round for reading. Nothing is cut.
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
    return str(_dated(frame).to_csv(index=False, lineterminator="\n"))


def _tsv(frame: "pd.DataFrame") -> str:
    return str(_dated(frame).to_csv(index=False, sep="\t", lineterminator="\n"))


def _json(frame: "pd.DataFrame") -> str:
    rows = ",\n ".join(json.dumps(record, ensure_ascii=False) for record in _records(frame))
    return f"[{rows}]\n"


def _jsonl(frame: "pd.DataFrame") -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in _records(frame))


def _table(frame: "pd.DataFrame") -> str:
    return _tabulated(frame, "simple")


def _markdown(frame: "pd.DataFrame") -> str:
    return _tabulated(frame.map(lambda value: value.replace("|", "\\|") if isinstance(value, str) else value), "github")


_TEXT: dict[str, Callable[["pd.DataFrame"], str]] = {
    "csv": _csv,
    "tsv": _tsv,
    "json": _json,
    "jsonl": _jsonl,
    "table": _table,
    "markdown": _markdown,
}


def _tabulated(frame: "pd.DataFrame", style: str) -> str:
    from tabulate import tabulate

    rows = [[_cell(value) for value in row] for row in frame.astype(object).itertuples(index=False, name=None)]
    align = ["right" if numeric else "left" for numeric in (frame[name].dtype.kind in "ifu" for name in frame)]
    headers = [_shown(str(name)) for name in frame.columns]
    return (
        str(tabulate(rows, headers=headers, tablefmt=style, colalign=align if rows else None, disable_numparse=True))
        + "\n"
    )


def _cell(value: Any) -> str:
    """A value for reading: four digits, ISO dates, nothing for null, control characters made visible."""
    if _missing(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    if isinstance(value, datetime | date):
        return _moment(value)
    return _shown(str(value))


def _shown(text: str) -> str:
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def _moment(value: date | datetime) -> str:
    if isinstance(value, datetime) and (value.hour or value.minute or value.second or value.microsecond):
        return value.isoformat(sep=" ")
    return value.strftime("%Y-%m-%d")


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or str(value) == "NaT"


def _dated(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with times that are all midnight as plain dates."""
    days = [name for name in frame if frame[name].dtype.kind == "M"]
    return frame.assign(
        **{name: [None if _missing(value) else _moment(value) for value in frame[name]] for name in days}
    )


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in zip(frame.columns, row, strict=True)}
        for row in frame.astype(object).itertuples(index=False, name=None)
    ]


def _plain(value: Any) -> Any:
    """A value that JSON can hold; null for what is missing or not finite."""
    if isinstance(value, list | tuple) or type(value).__name__ == "ndarray":
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if _missing(value) or value in (float("inf"), float("-inf")):
        return None
    if isinstance(value, datetime | date):
        return _moment(value)
    if isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)

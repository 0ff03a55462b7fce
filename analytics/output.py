"""Rows on stdout in the formats people ask for; what is data comes from others and is shown as text."""

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from html import escape
from itertools import chain
from textwrap import wrap
from typing import IO, TYPE_CHECKING, Any

from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "html", "vertical", "parquet")
FOR_READING = ("table", "markdown", "html", "vertical")
"""Formats that round numbers, and that a person reads from top to bottom."""
SEPARATORS = {"csv": ",", "tsv": "\t"}
FOR_SPREADSHEETS = {"csv": "csv-for-spreadsheet", "tsv": "tsv-for-spreadsheet"}
"""The separated forms as a spreadsheet may open them: with a byte order mark, and no text that it would run."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First letters that make a spreadsheet take text for a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A result on its way out: column names, which columns are numbers, and rows of plain values in batches.

    Plain values are None, bool, int, float, text, and lists and dicts of such.
    """

    names: Sequence[str]
    numeric: Sequence[bool]
    batches: Iterable[Sequence[tuple[Any, ...]]]


def write(frame: "pd.DataFrame", form: str, out: IO[str] | None = None) -> None:
    """Write *frame* to *out* (default stdout) as *form*; parquet is bytes and is refused on a terminal.

    csv, tsv, json and jsonl carry full precision and ISO dates; the formats for reading round. Nothing is cut.
    Missing values are empty, null in json and jsonl; so are NaN and, in json and jsonl, infinity.
    """
    stream: IO[str] = out or sys.stdout
    check_format(form, stream)
    if form == "parquet":
        stream.flush()
        frame.to_parquet(stream.buffer, index=False)  # type: ignore[attr-defined]
        return
    for piece in pieces(rows_of(frame), form):
        stream.write(piece)


def check_format(form: str, stream: IO[str]) -> None:
    """Raise OptionError for a format that is not known, or bytes that a terminal would get."""
    if form not in (*FORMATS, *FOR_SPREADSHEETS.values()):
        raise OptionError(f"format {form!r} is not known; choose from {', '.join(FORMATS)}")
    if form == "parquet" and stream.isatty():
        raise OptionError("parquet is binary; send it to a file: incidents … --format parquet > rows.parquet")


def for_spreadsheet(form: str) -> str:
    """The form that a spreadsheet may open in place of *form*: that of csv for a table; raises OptionError for others."""
    if form in FOR_SPREADSHEETS.values():
        return form
    if form not in ("table", *FOR_SPREADSHEETS):
        raise OptionError(f"--for-spreadsheet makes csv or tsv, not {form}; leave one of them out")
    return FOR_SPREADSHEETS.get(form, FOR_SPREADSHEETS["csv"])


def defused(text: str) -> str:
    """*text* with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def pieces(rows: Rows, form: str) -> Iterator[str]:
    """The text of *rows* in any format but parquet, in pieces; csv, tsv and jsonl hold one batch at a time."""
    return _TEXT[form](rows)


def rows_of(frame: "pd.DataFrame") -> Rows:
    """A frame as rows of plain values; times that are all midnight are days."""
    columns = [_column(column) for _, column in frame.items()]
    return Rows(
        names=[str(name) for name in frame.columns],
        numeric=[dtype.kind in "ifu" for dtype in frame.dtypes],
        batches=[list(zip(*columns, strict=True))],
    )


def plain_rows(batches: Iterable[Sequence[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """Batches of a database's values as plain values."""
    return ([tuple(_moment(_plain(value), days=False) for value in row) for row in batch] for batch in batches)


def write_batches(schema: "pa.Schema", batches: Iterable["pa.RecordBatch"], form: str, stream: IO[bytes]) -> None:
    """Write Arrow batches to *stream* as they come, as Parquet or as an Arrow stream (*form* "arrow")."""
    with _writer(schema, form, stream) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _writer(schema: "pa.Schema", form: str, stream: IO[bytes]) -> Any:
    """A writer of batches; no more is imported than the format needs, as a confined process must know what it loads."""
    if form == "parquet":
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(stream, schema)
    from pyarrow.ipc import new_stream

    return new_stream(stream, schema)


def separated_header(names: Sequence[str], mark: str) -> str:
    """The line of column names of separated values."""
    return _line(names, mark)


def _separated(rows: Rows, mark: str) -> Iterator[str]:
    yield separated_header(rows.names, mark)
    for batch in rows.batches:
        yield "".join(_line(row, mark) for row in batch)


def _spreadsheet(rows: Rows, mark: str) -> Iterator[str]:
    """Separated values whose texts are defused; numbers stay numbers."""
    yield f"\ufeff{separated_header([defused(name) for name in rows.names], mark)}"
    for batch in rows.batches:
        yield "".join(_line([_harmless(value) for value in row], mark) for row in batch)


def _harmless(value: Any) -> Any:
    return defused(value) if isinstance(value, str) else value


def _line(row: Sequence[Any], mark: str) -> str:
    line = mark.join(_field(value, mark) for value in row)
    return f"{line}\n" if line or len(row) != 1 else '""\n'


def _field(value: Any, mark: str) -> str:
    """A value as a field: quoted where it holds the separator, a quote or a line end."""
    text = str(_text(value))
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in (mark, '"', "\n", "\r")) else text


def _json(rows: Rows) -> Iterator[str]:
    opening = "["
    for record in _records(rows):
        yield f"{opening}{record}"
        opening = ",\n "
    yield "[]\n" if opening == "[" else "]\n"


def _jsonl(rows: Rows) -> Iterator[str]:
    return (f"{record}\n" for record in _records(rows))


def _records(rows: Rows) -> Iterator[str]:
    for row in chain.from_iterable(rows.batches):
        yield json.dumps(_finite(dict(zip(rows.names, row, strict=True))), ensure_ascii=False)


WRAPPED = 72
"""Width at which sentences are folded in a table; nothing is cut."""


def _table(rows: Rows) -> Iterator[str]:
    return _tabulated(rows, "simple", _folded, _cell)


def _folded(value: Any) -> str:
    return "\n".join(wrap(_cell(value), WRAPPED, break_long_words=False, break_on_hyphens=False))


def _markdown(rows: Rows) -> Iterator[str]:
    return _tabulated(rows, "github", _piped, _piped)


def _piped(value: Any) -> str:
    return _cell(value).replace("|", "\\|")


def _tabulated(rows: Rows, style: str, cell: Callable[[Any], str], heading: Callable[[str], str]) -> Iterator[str]:
    from tabulate import tabulate

    cells = [[cell(value) for value in row] for row in chain.from_iterable(rows.batches)]
    align = ["right" if numeric else "left" for numeric in rows.numeric]
    headers = [heading(name) for name in rows.names]
    made = tabulate(cells, headers=headers, tablefmt=style, colalign=align if cells else None, disable_numparse=True)
    yield f"{made}\n"


def _vertical(rows: Rows) -> Iterator[str]:
    """One column a line, for rows too wide for the screen."""
    names = [_cell(name) for name in rows.names]
    width = max(map(len, names), default=0)
    for number, row in enumerate(chain.from_iterable(rows.batches), start=1):
        yield f"-- row {number}\n"
        for name, value in zip(names, row, strict=True):
            yield f"{name:{width}}  {_cell(value)}".rstrip() + "\n"


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Rows</title>
<style>table { border-collapse: collapse } th, td { padding: .2em .6em; text-align: left; vertical-align: top; \
border-bottom: 1px solid #ccc } td.n, th.n { text-align: right }</style>
</head>
<body>
"""


def _html(rows: Rows) -> Iterator[str]:
    """A page of its own with one table."""
    return chain([_PAGE], html_table(rows), ["</body>\n</html>\n"])


def html_table(rows: Rows) -> Iterator[str]:
    """A table for a page or a notebook; nothing in it is anything but text."""
    marks = [' class="n"' if numeric else "" for numeric in rows.numeric]
    heads = [f'<th scope="col"{mark}>{escape(_cell(name))}</th>' for mark, name in zip(marks, rows.names, strict=True)]
    yield f"<table>\n<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n"
    for row in chain.from_iterable(rows.batches):
        cells = (f"<td{mark}>{escape(_cell(value))}</td>" for mark, value in zip(marks, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody>\n</table>\n"


_TEXT: dict[str, Callable[[Rows], Iterator[str]]] = {
    "csv": lambda rows: _separated(rows, SEPARATORS["csv"]),
    "tsv": lambda rows: _separated(rows, SEPARATORS["tsv"]),
    "csv-for-spreadsheet": lambda rows: _spreadsheet(rows, SEPARATORS["csv"]),
    "tsv-for-spreadsheet": lambda rows: _spreadsheet(rows, SEPARATORS["tsv"]),
    "json": _json,
    "jsonl": _jsonl,
    "table": _table,
    "vertical": _vertical,
    "markdown": _markdown,
    "html": _html,
}


def _cell(value: Any) -> str:
    """A value for reading: four digits, nothing for null, control characters made visible."""
    if isinstance(value, float):
        whole = (value.is_integer() or abs(value) >= 1e4) and abs(value) < 1e15
        return f"{value:,.0f}" if whole else f"{value:.4g}"
    return shown(str(_text(value)))


def _text(value: Any) -> Any:
    """A plain value as a field of a text format; numbers stay, and lists are written as in JSON."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "" if value is None else value


_VISIBLE = "\u00a0\u202f\u200c\u200d\u3000"
"""Spaces and joiners that Python calls unprintable and that writing needs."""


def shown(text: str) -> str:
    """*text* with its control characters, line ends included, written out, so that a terminal does not obey them."""
    return "".join(
        mark if mark.isprintable() or mark in _VISIBLE else mark.encode("unicode_escape").decode() for mark in text
    )


def _column(column: "pd.Series[Any]") -> list[Any]:
    """Plain values of a column; times that are all midnight are days."""
    values = [_plain(value) for value in column.astype(object)]
    times = [value for value in values if isinstance(value, datetime)]
    days = all(value.time() == time.min for value in times)
    return [_moment(value, days) for value in values]


def _moment(value: Any, days: bool) -> Any:
    """A date or time as text, fractions of a second as short as they are."""
    if isinstance(value, datetime):
        text = value.date().isoformat() if days else value.isoformat(sep=" ")
        return text.rstrip("0") if "." in text else text
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

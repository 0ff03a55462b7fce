"""The report's flags and its panel as CSV, JSON and Parquet: one definition of columns, the same values in each.

CSV is made for people and their spreadsheets, so text that a spreadsheet would run as a formula gets an apostrophe;
JSON and Parquet hold the data as they are.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analytics.figures import numbers
from analytics.figures.rows import STATUS_WORDS
from analytics.output import defused
from analytics.panel import Panel
from analytics.report.content import COLUMNS, ReportContent

DAY, TEXT, NUMBER, TRUTH, LISTING = "day", "text", "number", "truth", "listing"
_NAMES = {
    DAY: "week",
    TEXT: "region_id region measure level kinds status judged_by note reason episode_id sql",
    NUMBER: "observed expected upper excess ratio p_value q_value growth growth_low growth_high p_growing killed wounded "
    "episode_week priority",
    TRUTH: "onset_edge",
    LISTING: "record_since",
}
KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""What the columns hold, by name; a column that is not named here holds what its values say."""
PANEL_COLUMNS = (
    "week", "region_id", "region", "measure", "observed", "expected", "upper", "excess", "p_value", "q_value", "level",
    "status", "judged_by", "note",
)  # fmt: skip
"""status: known, unknown or incomplete; level: "" where not flagged; note: why a week was not judged, or ""."""
OUTSIDE = "before the weeks judged for this report"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named table of plain values: by column its kind, and its values, None where missing."""

    name: str
    kinds: Mapping[str, str]
    columns: Mapping[str, list[Any]]


def flags_data(content: ReportContent) -> Dataset:
    """The flags, one row each, in the frame's order and columns; the contract's columns where there is no frame."""
    names = [*COLUMNS["flags"][0], *COLUMNS["flags"][1]]
    return _dataset("flags", pd.DataFrame(columns=names) if content.flags is None else content.flags)


def panel_data(content: ReportContent) -> Dataset:
    """One row per region and charted week, `PANEL_COLUMNS`, ordered by week and then by region; none without a panel."""
    if content.panel is None:
        return _dataset("panel", pd.DataFrame(columns=list(PANEL_COLUMNS)))
    rows = _cells(content.panel, content.chart_weeks)
    keys = ["week", "region_id"]
    judged = ["expected", "upper", "p_value", "q_value", "judged_by", "note"]
    if content.streams is not None:
        streams = content.streams[content.streams["measure"] == content.panel.measure][[*keys, *judged]]
        rows = rows.merge(
            streams.assign(week=pd.to_datetime(streams["week"])), on=keys, how="left", validate="one_to_one"
        )
    rows = rows.reindex(columns=list(PANEL_COLUMNS))
    flags = flags_data(content).columns
    levels = dict(zip(zip(flags["week"], flags["region_id"], strict=True), flags["level"], strict=True))
    days = rows["week"].dt.strftime("%Y-%m-%d")
    return _dataset(
        "panel",
        rows.assign(
            excess=rows["observed"] - rows["expected"],
            level=[levels.get(key, "") for key in zip(days, rows["region_id"], strict=True)],
            judged_by=rows["judged_by"].fillna("").astype(object),
            note=rows["note"].fillna(OUTSIDE).astype(object),
        ),
    )


def _cells(panel: Panel, weeks: int) -> pd.DataFrame:
    """The panel's last *weeks* weeks, one row per region-week: week, region_id, region, measure, observed, status."""
    values, regions = panel.values[-weeks:], len(panel.region_ids)
    words = np.array([STATUS_WORDS[status] for status in sorted(STATUS_WORDS)], dtype=object)
    return pd.DataFrame(
        {
            "week": np.repeat(panel.weeks[-weeks:].astype("datetime64[s]"), regions),
            "region_id": np.tile(np.array(panel.region_ids, dtype=object), len(values)),
            "region": np.tile(np.array(panel.region_names, dtype=object), len(values)),
            "measure": panel.measure,
            "observed": values.ravel(),
            "status": words[panel.status[-weeks:].ravel()],
        }
    )


def flags_csv(content: ReportContent) -> str:
    """The flags as CSV."""
    return csv_text(flags_data(content))


def csv_text(data: Dataset) -> str:
    """One header and one line per row (RFC 4180); text that looks like a formula gets a leading apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(defused, data.columns))
    writer.writerows(zip(*(map(csv_value, values) for values in data.columns.values()), strict=True))
    return text.getvalue()


def csv_value(value: Any) -> str:
    """One CSV field."""
    if value is None:
        return ""
    if isinstance(value, str):
        return defused(value)
    # What JSON writes for a number, without the making of an encoder for each of a panel's cells.
    return repr(value) if type(value) in (int, float) else json.dumps(value, ensure_ascii=False)


def json_text(content: ReportContent, data: Dataset) -> str:
    """The rows under the data's name, one to a line, with what they depend on: period, to, as_of, filters, simulated, provenance."""
    head = json.dumps({**_about(content), data.name: []}, ensure_ascii=False, indent=1).removesuffix("]\n}")
    made = (dict(zip(data.columns, row, strict=True)) for row in zip(*data.columns.values(), strict=True))
    rows = ",\n  ".join(map(json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode, made))
    return f"{head}\n  {rows}\n ]\n}}\n" if rows else f"{head}]\n}}\n"


def _about(content: ReportContent) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "title": content.title,
        "simulated": content.simulated,
        "period_first": content.period_first.isoformat(),
        "period_last": content.period_last.isoformat(),
        "to": content.to.isoformat(),
        "as_of": content.as_of.isoformat() if content.as_of else None,
        "filters": list(content.filters),
        "provenance": {key: str(value) for key, value in content.provenance.items()},
    }


def parquet_bytes(content: ReportContent, data: Dataset) -> bytes:
    """The rows as Parquet, with what they depend on as JSON in the file's metadata, under the key "report".

    Days are date32, numbers float64; lists are JSON text. Equal content and equal pyarrow give equal bytes.
    """
    import pyarrow as pa
    from pyarrow import parquet

    types = {DAY: pa.date32(), NUMBER: pa.float64(), TRUTH: pa.bool_()}
    fields = [pa.field(name, types.get(kind, pa.string())) for name, kind in data.kinds.items()]
    about = json.dumps(_about(content), ensure_ascii=False)
    arrays = [_array(values, field.type) for values, field in zip(data.columns.values(), fields, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"report": about}))
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, version="2.6", compression="zstd", row_group_size=1 << 20)
    return bytes(sink.getvalue())


def _array(values: list[Any], kind: Any) -> Any:
    """A column's values as Arrow has them."""
    import pyarrow as pa

    if pa.types.is_date32(kind):
        return pa.array([None if value is None else date.fromisoformat(value) for value in values], kind)
    if pa.types.is_string(kind):
        values = [value if value is None or isinstance(value, str) else csv_value(value) for value in values]
    return pa.array(values, kind)


def _dataset(name: str, frame: pd.DataFrame) -> Dataset:
    """The plain values of *frame*."""
    kinds = {str(column): KINDS.get(str(column)) or _kind(frame[column]) for column in frame.columns}
    columns = {str(column): _PLAIN[kinds[str(column)]](frame[column]) for column in frame.columns}
    return Dataset(name=name, kinds=kinds, columns=columns)


def _kind(values: "pd.Series[Any]") -> str:
    """What a column of no known name holds: what its type says, or for a column of any type all its values."""
    if values.dtype.kind in _KIND_OF_TYPE:
        return _KIND_OF_TYPE[values.dtype.kind]
    known = [value for value in values if not numbers.is_missing(value)]
    return next((kind for kind, holds in _HOLDS.items() if known and all(map(holds, known))), TEXT)


_KIND_OF_TYPE = {**dict.fromkeys("iuf", NUMBER), "b": TRUTH, "M": DAY}
_HOLDS: dict[str, Callable[[Any], bool]] = {
    TRUTH: lambda value: isinstance(value, bool | np.bool_),
    NUMBER: numbers.is_number,
    DAY: lambda value: hasattr(value, "isoformat"),
    LISTING: numbers.is_listing,
}


def _days(values: "pd.Series[Any]") -> list[Any]:
    days = pd.to_datetime(values).dt.strftime("%Y-%m-%d")
    return [None if numbers.is_missing(day) else day for day in days]


def _numbers(values: "pd.Series[Any]") -> list[Any]:
    """Whole numbers as int, None for what is missing or infinite: JSON knows no more."""
    array = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    whole = np.isfinite(array) & (array == np.round(array))
    finite = np.isfinite(array)
    return [
        int(number) if is_whole else number if is_finite else None
        for number, is_whole, is_finite in zip(array.tolist(), whole.tolist(), finite.tolist(), strict=True)
    ]


def _texts(values: "pd.Series[Any]") -> list[Any]:
    return [value if isinstance(value, str) else _listed(value) for value in values]


def _listed(value: Any) -> Any:
    """A plain value: ISO days, numbers, text, lists of these, None."""
    if numbers.is_missing(value):
        return None
    if hasattr(value, "isoformat"):
        return pd.Timestamp(value).date().isoformat()
    if numbers.is_listing(value):
        return [_listed(item) for item in value]
    return _numbers(pd.Series([value]))[0] if numbers.is_number(value) else str(value)


def _truths(values: "pd.Series[Any]") -> list[Any]:
    return [None if numbers.is_missing(value) else bool(value) for value in values]


_PLAIN: dict[str, Callable[["pd.Series[Any]"], list[Any]]] = {
    DAY: _days,
    NUMBER: _numbers,
    TEXT: _texts,
    TRUTH: _truths,
    LISTING: _texts,
}

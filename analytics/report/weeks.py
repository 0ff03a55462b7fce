"""Tables of weeks: the one copy of the numbers in a page, from which its script draws charts and makes CSV files."""

import csv
import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import pandas as pd
from markupsafe import Markup

from analytics.figures import numbers
from analytics.figures.rows import region_rows
from analytics.report.content import ReportContent
from analytics.report.export import csv_value

HEADINGS = {
    "region": "Region",
    "week": "Week of",
    "observed": "Observed",
    "expected": "Expected",
    "upper": "Upper",
    "p_value": "p",
    "smoothed": "Smoothed",
    "season": "Season",
    "level": "Flag",
    "status": "Status",
    "note": "Why not judged",
}
SOMETIMES = ("smoothed", "season", "note")
"""Columns that are left out where no week has them."""
DIGITS = {"p_value": 4}
"""Significant digits of a column; the others have four decimals, finer than a count of incidents can mean."""


def all_rows(content: ReportContent) -> dict[str, pd.DataFrame]:
    """`rows.region_rows` of each region of the panel, in its order; none without a panel."""
    if content.panel is None:
        return {}
    flags = {} if content.flags is None else dict(iter(content.flags.groupby("region_id")))
    return {
        region_id: region_rows(
            content.panel, content.spikes, flags.get(region_id), region_id, content.chart_weeks, content.decomposition
        )
        for region_id in content.panel.region_ids
    }


def weeks_table(name: str, caption: str, frame: pd.DataFrame, columns: Sequence[str]) -> Markup:
    """The rows of *frame*, in its order, as a compact HTML table; end tags that HTML does not need are left out.

    Empty cells are values that are not known. Each heading names its column in data-key, for the script.
    """
    shown = [column for column in columns if column not in SOMETIMES or _any(frame[column])]
    head = "".join(f'<th scope="col" data-key="{column}">{HEADINGS[column]}' for column in shown)
    cells = [_cells(frame[column], column) for column in shown]
    rows = "".join(f"<tr>{''.join(row)}\n" for row in zip(*cells, strict=True))
    return Markup(  # noqa: S704 - the caption and every text cell are escaped
        f'<table id="{escape(name)}" class="weeks"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</thead><tbody>\n{rows}</tbody></table>"
    )


def _any(values: "pd.Series[Any]") -> bool:
    return any(not numbers.is_missing(value) and value != "" for value in values)


def _cells(values: "pd.Series[Any]", column: str) -> Iterator[str]:
    """One column's cells."""
    if column == "week":
        return (f'<th scope="row">{day}' for day in values.to_numpy().astype("datetime64[D]").astype(str))
    if column in ("region", "level", "status", "note"):
        return (f"<td class=t>{escape(str(value))}" for value in values)
    return (f"<td>{plain(value, DIGITS.get(column))}" for value in values)


def plain(value: Any, digits: int | None = None) -> str:
    """A number as JSON writes it, "" where it is missing: four decimals, or *digits* significant ones."""
    if numbers.is_missing(value):
        return ""
    number = float(f"{float(value):.{digits}g}") if digits else round(float(value), 4)
    return str(int(number)) if number == int(number) else repr(number)


def weeks_csv(content: ReportContent) -> str:
    """All regions' charted weeks as CSV, oldest first; a region's name cannot become a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    columns = ("week", "observed", "expected", "upper", "p_value", "level", "status")
    writer.writerow(("region_id", "region", *columns))
    names = (
        {} if content.panel is None else dict(zip(content.panel.region_ids, content.panel.region_names, strict=True))
    )
    for region_id, rows in all_rows(content).items():
        region = csv_value(region_id), csv_value(names[region_id])
        for week, *values, level, status in rows[list(columns)].itertuples(index=False):
            numeric = [plain(value, DIGITS.get(name)) for name, value in zip(columns[1:], values, strict=False)]
            writer.writerow((*region, f"{week:%Y-%m-%d}", *numeric, level, status))
    return text.getvalue()

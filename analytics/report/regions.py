"""One block per flagged region: its flags, its chart, the incidents behind them, and how to make it again."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.chart import region_figure
from analytics.figures.rows import region_events, region_rows, unknown_spans
from analytics.figures.text import shorten
from analytics.panel import Panel
from analytics.report import cells
from analytics.report.content import ReportContent
from analytics.report.sections import INCIDENT_COLUMNS, ordered_flags, region_name

HEADING = 90
"""Longest region name in a heading; the tables have it in full."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a region-week was flagged."""

    week: str
    level: str
    text: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """A dated event of a chart."""

    mark: str
    when: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A flagged region as the page shows it; *chart* is None where the panel does not hold the region."""

    anchor: str
    region_id: str
    region: str
    level: str
    """Of the latest flagged week; "" where nothing is flagged."""
    reasons: tuple[Reason, ...]
    label: str
    """What the chart shows, in words, for those who do not see it."""
    chart: dict[str, Any] | None
    events: tuple[Event, ...]
    incidents: cells.Table | None
    sql: str
    command: str


def region_blocks(content: ReportContent) -> list[Block]:
    """Blocks of all flagged regions, in the order in which the flags tables name them first, then of those charted."""
    if content.flags is None:
        return []
    flags = content.flags if content.flags.empty else ordered_flags(content.flags)
    ids = list(dict.fromkeys([*flags["region_id"], *content.charted]))
    return [
        _block(content, number, region_id, flags[flags["region_id"] == region_id])
        for number, region_id in enumerate(ids, 1)
    ]


def _block(content: ReportContent, number: int, region_id: str, flags: pd.DataFrame) -> Block:
    """The block of one region, whose flags are *flags*."""
    anchor, name = f"region-{number}", region_name(content, region_id) if flags.empty else str(flags["region"].iloc[0])
    chart, events, label = _chart(content, region_id, name, f"chart-{number}")
    return Block(
        anchor=anchor,
        region_id=region_id,
        region=shorten(name, HEADING),
        level="" if flags.empty else str(flags["level"].iloc[0]),
        reasons=tuple(_reason(row) for row in flags.to_dict("records")),
        label=label,
        chart=chart,
        events=events,
        incidents=_incidents(content, region_id, f"incidents-{number}"),
        sql=content.sql.get(f"chart:{region_id}", content.sql.get("chart", "")),
        command=command(content, f"chart:{region_id}", "chart"),
    )


def command(content: ReportContent, *names: str) -> str:
    """The command given for the first of *names* that has one, else the report's own."""
    given = (content.commands[name] for name in names if name in content.commands)
    return next(given, str(content.provenance.get("command", "")))


def _reason(row: dict[Any, Any]) -> Reason:
    """Why one week was flagged."""
    sql = "" if numbers.is_missing(row["sql"]) else str(row["sql"])
    return Reason(week=numbers.day(row["week"]), level=str(row["level"]), text=str(row["reason"]), sql=sql)


def _chart(
    content: ReportContent, region_id: str, name: str, chart_id: str
) -> tuple[dict[str, Any] | None, tuple[Event, ...], str]:
    """What the page embeds to draw and table one region, its events, and its description."""
    panel = content.panel
    if panel is None or region_id not in panel.region_ids:
        return None, (), ""
    rows = region_rows(panel, content.spikes, content.flags, region_id, content.chart_weeks, content.decomposition)
    events = region_events(content.events, region_id, _first(rows), _last(rows))
    figure = region_figure(rows, events, region=name, measure=panel.measure, simulated=content.simulated)
    chart = {
        "id": chart_id,
        "file": f"{_slug(region_id)}-{_slug(panel.measure)}.csv",
        "columns": _columns(rows),
        "figure": bare(figure.to_plotly_json()),
    }
    return chart, tuple(_event(row) for row in events.to_dict("records")), _description(rows, panel, name)


def _slug(text: str) -> str:
    """*text* as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "region"


def _first(rows: pd.DataFrame) -> date:
    first: date = rows["week"].iloc[0].date()
    return first


def _last(rows: pd.DataFrame) -> date:
    last: date = rows["week"].iloc[-1].date() + timedelta(days=6)
    return last


def _columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """The rows by column, as JSON can hold them: ISO weeks, four decimals for means, six digits for p."""
    columns: dict[str, list[Any]] = {"week": [week.date().isoformat() for week in rows["week"]]}
    for name in ("observed", "expected", "upper", "smoothed", "season"):
        columns[name] = [_plain(value, lambda number: round(number, 4)) for value in rows[name]]
    columns["p_value"] = [_plain(value, lambda number: float(f"{number:.6g}")) for value in rows["p_value"]]
    for name in ("level", "status", "note"):
        columns[name] = [str(value) for value in rows[name]]
    return columns


def _plain(value: Any, rounded: Any) -> float | int | None:
    """A JSON number, whole where it is whole, None where it is missing."""
    if numbers.is_missing(value):
        return None
    number = rounded(float(value))
    return int(number) if number == int(number) else float(number)


def bare(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure without the data that the embedded columns hold; the page puts them back as `meta` says."""
    traces = [
        {key: value for key, value in trace.items() if key not in ("x", "y") or "meta" not in trace}
        for trace in figure["data"]
    ]
    layout = {key: value for key, value in figure["layout"].items() if key != "template"}
    return {"data": traces, "layout": layout}


def _event(row: dict[Any, Any]) -> Event:
    """A dated event of the list below a chart."""
    return Event(mark=str(row["mark"]), when=numbers.span(row["starts_on"], row["ends_on"]), name=str(row["name"]))


def _description(rows: pd.DataFrame, panel: Panel, name: str) -> str:
    """`Diyala, incidents a week from ... to ...: at most 14, ... flagged weeks, unknown from ... to ...`."""
    flagged = int((rows["level"] != "").sum())
    parts = [
        f"at most {numbers.amount(rows['observed'].max())} observed",
        numbers.several(flagged, "flagged week", "flagged weeks"),
        *(f"unknown {numbers.span(start, end - timedelta(days=1))}" for start, end in unknown_spans(rows)),
    ]
    weeks = numbers.span(_first(rows), _last(rows))
    shown = f"{shorten(name, HEADING)}, {panel.measure} a week, {weeks}"
    return f"{shown}: {'; '.join(parts)}. The table below has the same data."


def _incidents(content: ReportContent, region_id: str, table_name: str) -> cells.Table | None:
    """The incidents behind the region's flags, latest first."""
    if content.incidents is None:
        return None
    mine = content.incidents[content.incidents["region_id"] == region_id]
    if mine.empty:
        return None
    keys = mine.assign(day=pd.to_datetime(mine["occurred_on"], errors="coerce"), text=mine["source_id"].astype(str))
    order = keys.sort_values(["week", "day", "text"], ascending=[False, False, True], kind="stable").index
    return cells.table(
        table_name, "Incidents behind the flags, latest first", mine.loc[order], INCIDENT_COLUMNS, head=1
    )

"""One block per flagged region: its flags, chart, growth, kinds of incidents, the incidents, and how to make it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.text import shorten
from analytics.flags.priority import PARTS
from analytics.report import cells
from analytics.report.breakdown import breakdown_tables
from analytics.report.charts import Chart, region_chart
from analytics.report.content import ReportContent
from analytics.report.sections import INCIDENT_COLUMNS, ordered_flags, region_name, said

HEADING = 90
"""Longest region name in a heading; the tables have it in full."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a region-week was flagged."""

    week: str
    level: str
    text: str
    said: str
    """That it is muted, and what analysts said of it; "" for neither."""
    priority: str
    parts: str
    """The points that the priority is the sum of; "" where they are not known."""
    sql: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A flagged region as the page shows it; *chart* is None where the panel does not hold the region."""

    anchor: str
    region_id: str
    region: str
    level: str
    """Of the latest flagged week; "" where nothing is flagged."""
    reasons: tuple[Reason, ...]
    growth: str
    """Its trend as a sentence, "" where there is none."""
    chart: Chart | None
    compared: str
    """What the breakdown compares."""
    breakdown: tuple[cells.Table, ...]
    incidents: cells.Table | None
    sql: str
    command: str


def region_blocks(content: ReportContent, rows: Mapping[str, pd.DataFrame], *, light: bool) -> list[Block]:
    """Blocks of all flagged regions, in the order in which the flags tables name them first, then of those charted."""
    if content.flags is None:
        return []
    flags = content.flags if content.flags.empty else ordered_flags(content.flags)
    ids = list(dict.fromkeys([*flags["region_id"], *content.charted]))
    return [
        _block(content, rows.get(region_id), number, region_id, flags[flags["region_id"] == region_id], light=light)
        for number, region_id in enumerate(ids, 1)
    ]


def _block(
    content: ReportContent, rows: pd.DataFrame | None, number: int, region_id: str, flags: pd.DataFrame, *, light: bool
) -> Block:
    """The block of one region, whose flags are *flags* and whose weeks are *rows*."""
    name = region_name(content, region_id) if flags.empty else str(flags["region"].iloc[0])
    compared, breakdown = breakdown_tables(content, region_id, f"kinds-{number}")
    return Block(
        anchor=f"region-{number}",
        region_id=region_id,
        region=shorten(name, HEADING),
        level="" if flags.empty else str(flags["level"].iloc[0]),
        reasons=tuple(_reason(row) for row in flags.to_dict("records")),
        growth=_growth(content, region_id),
        chart=None if rows is None else region_chart(content, rows, region_id, name, f"chart-{number}", light=light),
        compared=compared,
        breakdown=breakdown,
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
    return Reason(
        week=numbers.day(row["week"]),
        level=str(row["level"]),
        text=str(row["reason"]),
        said=said(row),
        priority=numbers.amount(row["priority"]),
        parts=_parts(row),
        sql=sql,
    )


def _parts(row: cells.Row) -> str:
    """`level 30, excess 12, ...`: what the priority is the sum of, in points; "" where a part is not known."""
    if any(numbers.is_missing(row[part]) for part in PARTS):
        return ""
    return ", ".join(f"{part.removeprefix('priority_')} {row[part]:g}" for part in PARTS)


def _growth(content: ReportContent, region_id: str) -> str:
    """`rising fast: +12.0 % a week (+4.0 % to +21.0 %) over 26 weeks; P(growing) 0.998.`."""
    if content.trends is None:
        return ""
    mine = content.trends[content.trends["region_id"] == region_id]
    if mine.empty:
        return ""
    row = mine.iloc[0]
    word = numbers.anything(row["direction"])
    if numbers.is_missing(row["growth"]):
        return f"{word}: {row['note']}" if row["note"] else word
    sure = (
        "" if numbers.is_missing(row["growth_low"]) else f" ({numbers.interval(row['growth_low'], row['growth_high'])})"
    )
    weeks = "" if numbers.is_missing(row["weeks"]) else f" over {numbers.several(row['weeks'], 'week', 'weeks')}"
    return (
        f"{word}: {numbers.rate(row['growth'])} a week{sure}{weeks}; P(growing) {numbers.probability(row['p_growing'])}"
    )


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

"""A chart as the page holds it: what its script draws, or the still drawing, and the table of its data."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
from markupsafe import Markup

from analytics.figures import numbers
from analytics.figures.chart import region_figure
from analytics.figures.rows import region_events, unknown_spans
from analytics.figures.still import still_chart
from analytics.figures.text import shorten
from analytics.report.content import ReportContent
from analytics.report.weeks import weeks_table

COLUMNS = ("week", "observed", "expected", "upper", "p_value", "smoothed", "season", "level", "status", "note")
LIGHT_WEEKS = 26
"""Weeks in the tables of the light form."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A dated event of a chart."""

    mark: str
    when: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A region's chart; *figure* is what the script draws, *drawing* the still one, and one of the two is missing."""

    name: str
    """Its id in the page."""
    file: str
    """Name of its CSV file."""
    label: str
    """What it shows, in words, for those who do not see it."""
    figure: dict[str, Any] | None
    drawing: Markup | None
    events: tuple[Event, ...]
    table: Markup
    weeks: int
    """Weeks in the table."""


def region_chart(
    content: ReportContent, rows: pd.DataFrame, region_id: str, name: str, chart_id: str, *, light: bool
) -> Chart:
    """The chart of one region of the panel; *rows* as `figures.rows.region_rows` makes them."""
    measure = "" if content.panel is None else content.panel.measure
    first, last = rows["week"].iloc[0].date(), rows["week"].iloc[-1].date() + timedelta(days=6)
    events = pd.concat([region_events(content.events, region_id, first, last), _onsets(content, region_id, first)])
    label = _description(rows, first, last, f"{shorten(name, 90)}, {measure} a week")
    shown = rows.tail(LIGHT_WEEKS) if light else rows
    figure = None
    if not light:
        drawn = region_figure(rows, events, region=name, measure=measure, simulated=content.simulated)
        figure = bare(drawn)
    caption = f"{shorten(name, 90)}: {measure} a week, latest first"
    return Chart(
        name=chart_id,
        file=f"{_slug(region_id)}-{_slug(measure)}.csv",
        label=label,
        figure=figure,
        drawing=Markup(still_chart(rows, events, label)) if light else None,  # noqa: S704 - it escapes its text
        events=tuple(_event(row) for row in events.to_dict("records")),
        table=weeks_table(f"table-{chart_id}", caption, shown[::-1], COLUMNS),
        weeks=len(shown),
    )


def _onsets(content: ReportContent, region_id: str, first: date) -> pd.DataFrame:
    """The week in which each episode of the region began to build up, as marks of its chart.

    It is told by the first flag of the episode that rests on a build-up; later flags look back less far.
    """
    columns = ["mark", "name", "starts_on", "ends_on"]
    if content.flags is None:
        return pd.DataFrame(columns=columns)
    edge = content.flags["onset_edge"].eq(True)
    flags = content.flags.assign(onset=pd.to_datetime(content.flags["onset"]), onset_edge=edge)
    ramps = flags["kinds"].astype(str).str.contains("ramp") & flags["onset"].notna()
    mine = flags[(flags["region_id"] == region_id) & ramps].sort_values("week")
    episodes = mine["episode_id"].astype(object).where(mine["episode_id"].notna(), "")
    firsts = mine.groupby(episodes, sort=False)[["onset", "onset_edge"]].first()
    marks = {day: edge for day, edge in firsts.itertuples(index=False) if day >= pd.Timestamp(first)}
    return pd.DataFrame(
        [("↗", f"build-up began{' then or earlier' if marks[day] else ''}", day, day) for day in sorted(marks)],
        columns=columns,
    )


def bare(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure without the data that a table of the page holds; the script puts them back as `meta` says."""
    traces = [
        {key: value for key, value in trace.items() if key not in ("x", "y") or "meta" not in trace}
        for trace in figure["data"]
    ]
    layout = {key: value for key, value in figure["layout"].items() if key != "template"}
    return {"data": traces, "layout": layout}


def _slug(text: str) -> str:
    """*text* as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "region"


def _event(row: dict[Any, Any]) -> Event:
    """A dated event of the list below a chart."""
    return Event(mark=str(row["mark"]), when=numbers.span(row["starts_on"], row["ends_on"]), name=str(row["name"]))


def _description(rows: pd.DataFrame, first: date, last: date, what: str) -> str:
    """`Diyala, incidents a week, ... to ...: at most 14 observed; 3 flagged weeks; unknown ... to ...`."""
    flagged = int((rows["level"] != "").sum())
    parts = [
        f"at most {numbers.amount(rows['observed'].max())} observed",
        numbers.several(flagged, "flagged week", "flagged weeks"),
        *(f"unknown {numbers.span(start, end - timedelta(days=1))}" for start, end in unknown_spans(rows)),
    ]
    return f"{what}, {numbers.span(first, last)}: {'; '.join(parts)}. The table below has the numbers."

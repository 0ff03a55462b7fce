"""The event-time chart: rate ratio of each week around an event, against the weeks before and against other dates."""

from math import log10
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.figures.numbers import is_missing
from analytics.figures.palette import EVENT, EXPECTED, FONT, GRID, INK, QUIET, UNKNOWN
from analytics.figures.text import inert

HEIGHT = 330
FLOOR = 1 / 16
"""Lowest rate ratio drawn; zero stands there, as the axis is logarithmic."""
CEILING = 16.0
"""Highest rate ratio that the axis reaches for the sake of an interval's end alone."""


def study_figure(
    rows: pd.DataFrame, *, title: str, simulated: bool, marks: tuple[tuple[int, str], ...] = ()
) -> go.Figure:
    """Chart of the week rows (those with a k) of one event and scope of `StudyResult.frame`.

    Traces, by fixed id: *placebo* (the band that other dates' ratios fall in), *interval* (each week's own), *ratio*.
    *marks* are weeks of other dated events, each with its letter.
    What is zero or beyond the axis is drawn at its edge; the hover text and the table have the number.
    """
    weeks = rows[rows["k"].notna()].sort_values("k")
    bottom, top = _range(weeks)
    return go.Figure(
        data=[_band(weeks, bottom, top), _intervals(weeks, bottom, top), _ratios(weeks, bottom, top)],
        layout=_layout(weeks, f"{inert(title, 90)}{' (simulated)' if simulated else ''}", bottom, top, marks),
    )


def _range(weeks: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: every ratio fits, and intervals up to a sixteenth and sixteen times."""
    ratios = [float(value) for value in weeks["rate_ratio"] if not is_missing(value)]
    ends = [float(value) for value in weeks["high"] if not is_missing(value)]
    top = max([2.0, *ratios, min(CEILING, max(ends, default=2.0))])
    lows = [value for value in (float(value) for value in weeks["low"] if not is_missing(value)) if value > 0]
    return min(0.5, max(FLOOR, min(lows, default=0.5))), 1.1 * top


def _within(values: "pd.Series[Any]", bottom: float, top: float) -> list[float | None]:
    return [None if is_missing(value) else min(max(float(value), bottom), top) for value in values]


def _band(weeks: pd.DataFrame, bottom: float, top: float) -> go.Scatter:
    """One closed outline of the band, over the weeks that have it."""
    inside = weeks[weeks["placebo_low"].notna()]
    ks = [int(week) for week in inside["k"]]
    lower = _within(inside["placebo_low"], bottom, top)
    upper = _within(inside["placebo_high"], bottom, top)
    return go.Scatter(
        x=[*ks, *ks[::-1]],
        y=[*lower, *upper[::-1]],
        uid="placebo",
        name="other dates",
        mode="lines",
        fill="toself",
        fillcolor=UNKNOWN,
        opacity=0.6,
        line={"width": 0, "color": UNKNOWN},
        hoverinfo="skip",
    )


def _intervals(weeks: pd.DataFrame, bottom: float, top: float) -> go.Scatter:
    """A vertical line for each week's interval, as one broken line."""
    known = weeks[weeks["low"].notna()]
    ends = zip(known["k"], _within(known["low"], bottom, top), _within(known["high"], bottom, top), strict=True)
    points = [point for week, low, high in ends for point in ((int(week), low), (int(week), high), (None, None))]
    return go.Scatter(
        x=[week for week, _ in points],
        y=[value for _, value in points],
        uid="interval",
        name="interval",
        mode="lines",
        line={"color": QUIET, "width": 1.2},
        hoverinfo="skip",
    )


def _ratios(weeks: pd.DataFrame, bottom: float, top: float) -> go.Scatter:
    return go.Scatter(
        x=[int(week) for week in weeks["k"]],
        y=_within(weeks["rate_ratio"], bottom, top),
        customdata=[None if is_missing(value) else round(float(value), 4) for value in weeks["rate_ratio"]],
        uid="ratio",
        name="observed over expected",
        mode="markers",
        cliponaxis=False,
        marker={"color": EXPECTED, "size": 7},
        hovertemplate="week %{x}: %{customdata:.3~g} times<extra></extra>",
    )


def _layout(
    weeks: pd.DataFrame, title: str, bottom: float, top: float, marks: tuple[tuple[int, str], ...]
) -> dict[str, Any]:
    first, last = int(weeks["k"].min()), int(weeks["k"].max())
    ticks = [value for value in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64) if bottom <= value <= top]
    return {
        "title": {"text": title, "x": 0, "xref": "container", "pad": {"l": 4}, "font": {"size": 15, "weight": 600}},
        "font": {"family": FONT, "size": 13, "color": INK},
        "height": HEIGHT,
        "margin": {"l": 52, "r": 16, "t": 48, "b": 82},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "xaxis": {
            "title": {"text": "weeks since the event"},
            "range": [first - 0.8, last + 0.8],
            "gridcolor": GRID,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {
            "type": "log",
            "autorange": False,
            "range": [log10(bottom), log10(top)],
            "tickvals": ticks,
            "ticktext": [f"{value:g}" if value >= 1 else f"1/{round(1 / value)}" for value in ticks],
            "gridcolor": GRID,
            "fixedrange": True,
        },
        "shapes": [
            _line("none", x0=first - 0.8, x1=last + 0.8, y0=1, y1=1),
            _line("event", x0=0.5, x1=0.5),
            *(_line(f"mark-{letter}", x0=week, x1=week) for week, letter in marks),
        ],
        "annotations": [_letter(week, letter) for week, letter in marks],
    }


def _letter(week: int, letter: str) -> dict[str, Any]:
    return {
        "name": letter,
        "text": f"<b>{letter}</b>",
        "x": week,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": EVENT},
    }


def _line(name: str, **ends: float) -> dict[str, Any]:
    """The line of no change (at a ratio of 1), or that of the event (before week 1)."""
    whole = {} if "y0" in ends else {"yref": "paper", "y0": 0, "y1": 1}
    dash = "solid" if "y0" in ends else "dot"
    return {"type": "line", "name": name, "line": {"color": EVENT, "width": 1.4, "dash": dash}, **ends, **whole}

"""The chart of one region: observed, expected, upper, flags, dated events and unknown weeks as the JSON of a plotly figure."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.marks import LANE, drawn_events, event_labels, event_shape, unknown_shapes
from analytics.figures.palette import EXPECTED, FONT, GRID, INK, OBSERVED, QUIET, UPPER
from analytics.figures.text import inert

WEEK = 7 * 86_400_000
"""Milliseconds in a week, plotly's unit of time."""
PLOT, ABOVE, BELOW = 230, 48, 82
"""Heights in pixels: the plot, the title above it, axis labels and legend below it."""
LABELS_APART = 10
"""Weeks between two written level labels; the flags between them are told apart by shape."""

Trace = dict[str, Any]


def region_figure(
    rows: pd.DataFrame, events: pd.DataFrame, *, region: str, measure: str, simulated: bool
) -> dict[str, Any]:
    """Chart of `rows.region_rows` and `rows.region_events` for one region, as plotly's JSON: `go.Figure` takes it.

    Every trace of a whole column says in `meta` which columns of *rows* it draws: {"x": "week", "y": "observed"}.
    Trace ids are the columns' names and the levels, so that equal input gives equal figures.
    """
    first, last = rows["week"].iloc[0].date(), rows["week"].iloc[-1].date() + timedelta(days=7)
    drawn = drawn_events(events, first, last)
    labels = event_labels(drawn, first, last)
    above = max((label["yshift"] for label in labels), default=-LANE) + LANE
    return {
        "data": [*_lines(rows), *_markers(rows, last)],
        "layout": {
            **_layout(first, last, _title(region, measure, simulated), _top(rows)),
            "margin": {"l": 44, "r": 16, "t": ABOVE + above, "b": BELOW},
            "shapes": [*unknown_shapes(rows), *(event_shape(event) for event in drawn)],
            "annotations": labels,
            "height": PLOT + ABOVE + BELOW + above,
        },
    }


def _title(region: str, measure: str, simulated: bool) -> str:
    """The chart's own title, which says so where the records are simulated."""
    return f"{inert(region, 48)}: {inert(measure, 30)} a week{' (simulated)' if simulated else ''}"


def _lines(rows: pd.DataFrame) -> list[Trace]:
    """Observed as bars, expected as a line, upper dashed, the smoothed level dotted; each covers its whole week."""
    bars = _column(rows, "observed", "bar", "observed", marker={"color": OBSERVED, "line": {"width": 0}})
    drawn = [
        _column(rows, column, "scatter", name, line=line)
        for column, (name, line) in _DRAWN.items()
        if rows[column].notna().any()
    ]
    return [bars, *drawn]


_DRAWN: dict[str, tuple[str, dict[str, Any]]] = {
    "expected": ("expected", {"color": EXPECTED, "width": 2}),
    "upper": ("upper (alarm above)", {"color": UPPER, "dash": "6px,3px", "width": 1.5}),
    "smoothed": ("smoothed level", {"color": QUIET, "dash": "1px,3px", "width": 1.2}),
}
"""Columns that are drawn as lines, where they have values: the name of each in the legend, and its line."""


def _column(rows: pd.DataFrame, column: str, kind: str, name: str, **style: Any) -> Trace:
    """A trace of one whole column: its data, a fixed id, and where the data stand."""
    return {
        "hovertemplate": "%{y:.4~g}",
        **style,
        "meta": {"x": "week", "y": column},
        **({"mode": "lines"} if kind == "scatter" else {}),
        "name": name,
        "uid": column,
        "x": [week.date().isoformat() for week in rows["week"]],
        **_period(rows["week"].iloc[0]),
        "y": [None if numbers.is_missing(value) else round(float(value), 4) for value in rows[column]],
        "type": kind,
    }


def _period(first: pd.Timestamp) -> dict[str, Any]:
    """What makes a trace of weeks cover each week whole, from the *first* on."""
    return {"xperiod": WEEK, "xperiod0": first.date().isoformat(), "xperiodalignment": "middle"}


def _markers(rows: pd.DataFrame, last: date) -> list[Trace]:
    """One trace per level: a marker of its own shape on each flagged week, labelled with the level's word."""
    flagged = rows[rows["level"] != ""]
    labels = _written(flagged)
    return [
        _level_markers(flagged[flagged["level"] == name], labels, name, last)
        for name in LEVELS
        if name in set(flagged["level"])
    ]


def _level_markers(flagged: pd.DataFrame, labels: dict[pd.Timestamp, str], name: str, last: date) -> Trace:
    """The flagged weeks of one level."""
    level = LEVELS[name]
    return {
        "cliponaxis": False,
        "hovertemplate": name,
        "marker": {
            "color": level.colour,
            "line": {"color": INK, "width": 1.2},
            "size": 9 + level.rank,
            "symbol": level.shape,
        },
        "mode": "markers+text",
        "name": name,
        "text": [labels.get(week, "") for week in flagged["week"]],
        "textfont": {"color": INK, "size": 12},
        "textposition": _sides(flagged["week"], last),
        "uid": f"level-{name}",
        "x": [week.date().isoformat() for week in flagged["week"]],
        **_period(flagged["week"].iloc[0]),
        "y": [None if numbers.is_missing(value) else float(value) for value in flagged["observed"]],
        "type": "scatter",
    }


def _sides(weeks: pd.Series, last: date) -> list[str]:
    """Where each level's word stands: above its marker, and inwards of it at the end of the chart."""
    return ["top left" if (last - week.date()).days < 7 * LABELS_APART else "top center" for week in weeks]


def _written(flagged: pd.DataFrame) -> dict[pd.Timestamp, str]:
    """Level words that can be written without touching each other: the highest first, then the latest."""
    ranked = sorted(
        zip(flagged["week"], flagged["level"], strict=True),
        key=lambda flag: (LEVELS[flag[1]].rank, flag[0]),
        reverse=True,
    )
    written: dict[pd.Timestamp, str] = {}
    for week, name in ranked:
        if all(abs((week - other).days) >= 7 * LABELS_APART for other in written):
            written[week] = name
    return written


def _top(rows: pd.DataFrame) -> float:
    """Upper end of the y axis, with room for a label above the highest marker."""
    highest = rows[["observed", "expected", "upper"]].max().max()
    return 1.18 * max(float(highest), 1.0) if pd.notna(highest) else 1.0


def _layout(first: date, last: date, title: str, top: float) -> dict[str, Any]:
    """What all charts share: one font, no zoom (tables and CSV hold the detail), the legend below."""
    return {
        "bargap": 0.12,
        "dragmode": False,
        "font": {"color": INK, "family": FONT, "size": 13},
        "hovermode": "x unified",
        "legend": {
            "itemclick": False,
            "itemdoubleclick": False,
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 0.01,
            "yanchor": "bottom",
            "yref": "container",
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "title": {
            "font": {"size": 15, "weight": 600},
            "pad": {"l": 4},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 0.98,
            "yanchor": "top",
            "text": title,
        },
        "xaxis": {
            "fixedrange": True,
            "gridcolor": GRID,
            "hoverformat": "week of %-d %b %Y",
            "linecolor": QUIET,
            "range": [first.isoformat(), last.isoformat()],
            "tickcolor": QUIET,
            "tickformat": "%b\n%Y",
            "ticks": "outside",
            "type": "date",
        },
        "yaxis": {
            "fixedrange": True,
            "gridcolor": GRID,
            "nticks": 6,
            "rangemode": "tozero",
            "zeroline": False,
            "range": [0, top],
            **({"dtick": 1} if top < 6 else {}),
        },
    }

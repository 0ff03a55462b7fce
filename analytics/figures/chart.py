"""The chart of one region: observed, expected, upper, flags, dated events and unknown weeks as a plotly figure."""

from datetime import date, timedelta
from typing import Any, TypeAlias

import pandas as pd
import plotly.graph_objects as go

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

Trace: TypeAlias = go.Bar | go.Scatter


def region_figure(rows: pd.DataFrame, events: pd.DataFrame, *, region: str, measure: str, simulated: bool) -> go.Figure:
    """Chart of `rows.region_rows` and `rows.region_events` for one region.

    Every trace of a whole column says in `meta` which columns of *rows* it draws: {"x": "week", "y": "observed"}.
    Trace ids are the columns' names and the levels, so that equal input gives equal figures.
    """
    first, last = rows["week"].iloc[0].date(), rows["week"].iloc[-1].date() + timedelta(days=7)
    drawn = drawn_events(events, first, last)
    top = _top(rows)
    labels = event_labels(drawn, first, last)
    above = max((label["yshift"] for label in labels), default=-LANE) + LANE
    figure = go.Figure(data=[*_lines(rows), *_markers(rows, last)], layout=_layout(first, last))
    figure.update_layout(
        title={"text": _title(region, measure, simulated)},
        yaxis={"range": [0, top], "dtick": 1 if top < 6 else None},
        shapes=[*unknown_shapes(rows), *(event_shape(event) for event in drawn)],
        annotations=labels,
        height=PLOT + ABOVE + BELOW + above,
        margin={"l": 44, "r": 16, "t": ABOVE + above, "b": BELOW},
    )
    return figure


def _title(region: str, measure: str, simulated: bool) -> str:
    """The chart's own title, which says so where the records are simulated."""
    return f"{inert(region, 48)}: {inert(measure, 30)} a week{' (simulated)' if simulated else ''}"


def _lines(rows: pd.DataFrame) -> list[Trace]:
    """Observed as bars, expected as a line, upper dashed, the smoothed level dotted; each covers its whole week."""
    period = {"xperiod": WEEK, "xperiodalignment": "middle", "xperiod0": rows["week"].iloc[0].date().isoformat()}
    bars = go.Bar(
        **_column(rows, "observed"), **period, name="observed", marker={"color": OBSERVED, "line": {"width": 0}}
    )
    expected = go.Scatter(
        **_column(rows, "expected"), **period, mode="lines", name="expected", line={"color": EXPECTED, "width": 2}
    )
    upper = go.Scatter(
        **_column(rows, "upper"),
        **period,
        mode="lines",
        name="upper (alarm above)",
        line={"color": UPPER, "width": 1.5, "dash": "6px,3px"},
    )
    smoothed = go.Scatter(
        **_column(rows, "smoothed"),
        **period,
        mode="lines",
        name="smoothed level",
        line={"color": QUIET, "width": 1.2, "dash": "1px,3px"},
    )
    drawn = [expected, upper, smoothed]
    return [bars, *(line for line in drawn if rows[line.uid].notna().any())]


def _column(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """What a trace of one whole column needs: its data, a fixed id, and where the data stand."""
    return {
        "x": [week.date().isoformat() for week in rows["week"]],
        "y": [None if numbers.is_missing(value) else round(float(value), 4) for value in rows[column]],
        "uid": column,
        "meta": {"x": "week", "y": column},
        "hovertemplate": "%{y:.4~g}",
    }


def _markers(rows: pd.DataFrame, last: date) -> list[Trace]:
    """One trace per level: a marker of its own shape on each flagged week, labelled with the level's word."""
    flagged = rows[rows["level"] != ""]
    labels = _written(flagged)
    return [
        _level_markers(flagged[flagged["level"] == name], labels, name, last)
        for name in LEVELS
        if name in set(flagged["level"])
    ]


def _level_markers(flagged: pd.DataFrame, labels: dict[pd.Timestamp, str], name: str, last: date) -> go.Scatter:
    """The flagged weeks of one level."""
    level = LEVELS[name]
    return go.Scatter(
        x=[week.date().isoformat() for week in flagged["week"]],
        y=[None if numbers.is_missing(value) else float(value) for value in flagged["observed"]],
        uid=f"level-{name}",
        name=name,
        xperiod=WEEK,
        xperiodalignment="middle",
        xperiod0=flagged["week"].iloc[0].date().isoformat(),
        mode="markers+text",
        text=[labels.get(week, "") for week in flagged["week"]],
        textposition=_sides(flagged["week"], last),
        textfont={"size": 12, "color": INK},
        cliponaxis=False,
        hovertemplate=name,
        marker={
            "symbol": level.shape,
            "size": 9 + level.rank,
            "color": level.colour,
            "line": {"color": INK, "width": 1.2},
        },
    )


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


def _layout(first: date, last: date) -> dict[str, Any]:
    """What all charts share: one font, no zoom (tables and CSV hold the detail), the legend below."""
    return {
        "font": {"family": FONT, "size": 13, "color": INK},
        "title": {
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 4},
            "y": 0.98,
            "yanchor": "top",
            "font": {"size": 15, "weight": 600},
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "bargap": 0.12,
        "hovermode": "x unified",
        "dragmode": False,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 0.01,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": {
            "type": "date",
            "range": [first.isoformat(), last.isoformat()],
            "gridcolor": GRID,
            "linecolor": QUIET,
            "ticks": "outside",
            "tickcolor": QUIET,
            "tickformat": "%b\n%Y",
            "hoverformat": "week of %-d %b %Y",
            "fixedrange": True,
        },
        "yaxis": {"gridcolor": GRID, "zeroline": False, "rangemode": "tozero", "fixedrange": True, "nticks": 6},
    }

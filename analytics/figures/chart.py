"""The chart of one region: observed, expected, upper, flags, dated events and unknown weeks as a plotly figure."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.rows import unknown_spans
from analytics.figures.text import inert, shorten

INK, QUIET, GRID = "#24292f", "#57606a", "#dfe3e8"
OBSERVED, EXPECTED, UPPER, UNKNOWN, EVENT = "#9fb4c7", "#0b5394", "#5b3a8c", "#d5d8dc", "#3d4a55"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"
WEEK = 7 * 86_400_000
"""Milliseconds in a week, plotly's unit of time."""
LANES = 3
"""Rows above the plot in which labels of dated events may stand."""
LABEL = 26
"""Longest label of a dated event, in characters; its full name stands in the list below the chart."""
LABELS_APART = 10
"""Weeks between two written level labels; the flags between them are told apart by shape."""

Trace = go.Bar | go.Scatter


def region_figure(
    rows: pd.DataFrame, events: pd.DataFrame, *, region: str, measure: str, simulated: bool
) -> go.Figure:
    """Chart of `rows.region_rows` and `rows.region_events` for one region.

    Every trace of a whole column says in `meta` which columns of *rows* it draws: {"x": "week", "y": "observed"}.
    Trace ids are the columns' names and the levels, so that equal input gives equal figures.
    """
    first, last = rows["week"].iloc[0].date(), rows["week"].iloc[-1].date() + timedelta(days=7)
    drawn = _drawn_events(events, first, last)
    figure = go.Figure(data=[*_lines(rows), *_markers(rows)], layout=_layout(first, last))
    figure.update_layout(
        title={"text": _title(region, measure, simulated)},
        yaxis={"title": {"text": inert(f"{measure} a week", 40)}, "range": [0, _top(rows)]},
        shapes=[*_unknown_shapes(rows), *(_event_shape(event) for event in drawn)],
        annotations=[_event_label(event, lane) for event, lane in zip(drawn, _lanes(drawn, first, last), strict=True)],
    )
    return figure


def _title(region: str, measure: str, simulated: bool) -> str:
    """The chart's own title, which says so where the records are simulated."""
    return f"{inert(region, 48)}: {inert(measure, 30)} a week{' (simulated)' if simulated else ''}"


def _lines(rows: pd.DataFrame) -> list[Trace]:
    """Observed as bars, expected as a line, upper as a dashed line; each covers its whole week."""
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
        line={"color": UPPER, "width": 1.5, "dash": "dash"},
    )
    return [bars, expected, upper] if rows["expected"].notna().any() else [bars]


def _column(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """What a trace of one whole column needs: its data, a fixed id, and where the data stand."""
    return {
        "x": [week.date().isoformat() for week in rows["week"]],
        "y": [None if numbers.is_missing(value) else round(float(value), 4) for value in rows[column]],
        "uid": column,
        "meta": {"x": "week", "y": column},
        "hovertemplate": "%{y:.4~g}",
    }


def _markers(rows: pd.DataFrame) -> list[Trace]:
    """One trace per level: a marker of its own shape on each flagged week, labelled with the level's word."""
    flagged = rows[rows["level"] != ""]
    labels = _written(flagged)
    return [_level_markers(flagged[flagged["level"] == name], labels, name) for name in LEVELS if name in set(flagged["level"])]


def _level_markers(flagged: pd.DataFrame, labels: dict[pd.Timestamp, str], name: str) -> go.Scatter:
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
        textposition="top center",
        textfont={"size": 12, "color": INK},
        cliponaxis=False,
        hovertemplate=name,
        marker={"symbol": level.shape, "size": 9 + level.rank, "color": level.colour, "line": {"color": INK, "width": 1.2}},
    )


def _written(flagged: pd.DataFrame) -> dict[pd.Timestamp, str]:
    """Level words that can be written without touching each other: the highest first, then the latest."""
    ranked = sorted(
        zip(flagged["week"], flagged["level"], strict=True), key=lambda flag: (LEVELS[flag[1]].rank, flag[0]), reverse=True
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


def _unknown_shapes(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A grey span with the word *unknown* for each run of unknown weeks."""
    return [
        {
            "type": "rect",
            "name": "unknown",
            "x0": start.isoformat(),
            "x1": end.isoformat(),
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "fillcolor": UNKNOWN,
            "opacity": 0.75,
            "line": {"width": 1, "color": QUIET, "dash": "dot"},
            "label": {
                "text": "unknown",
                "textangle": -90 if (end - start).days < 140 else 0,
                "font": {"size": 12, "color": INK},
            },
        }
        for start, end in unknown_spans(rows)
    ]


def _drawn_events(events: pd.DataFrame, first: date, last: date) -> list[dict[str, Any]]:
    """The events with their days cut to the chart."""
    return [
        {
            "mark": row["mark"],
            "name": str(row["name"]),
            "x0": max(row["starts_on"].date(), first),
            "x1": min(row["ends_on"].date(), last),
        }
        for row in events.to_dict("records")
    ]


def _event_shape(event: dict[str, Any]) -> dict[str, Any]:
    """A line on the event's day, or a light span over its days."""
    days = (event["x1"] - event["x0"]).days
    return {
        "type": "rect" if days else "line",
        "name": f"event {event['mark']}",
        "x0": event["x0"].isoformat(),
        "x1": (event["x1"] + timedelta(days=1) if days else event["x0"]).isoformat(),
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "layer": "below" if days else "above",
        "fillcolor": "rgba(61, 74, 85, 0.10)",
        "line": {"color": EVENT, "width": 1 if days else 1.4, "dash": "dot"},
    }


def _event_label(event: dict[str, Any], lane: int) -> dict[str, Any]:
    """The label above the event's line; `name` keeps its mark for screens too narrow for words."""
    return {
        "name": event["mark"],
        "text": f"<b>{event['mark']}</b> {inert(shorten(event['name'], LABEL))}",
        "hovertext": inert(event["name"], 200),
        "x": event["x0"].isoformat(),
        "yref": "paper",
        "y": 1,
        "yshift": 9 + 17 * lane,
        "xanchor": "left",
        "xshift": -4,
        "showarrow": False,
        "font": {"size": 12, "color": INK},
    }


def _lanes(drawn: list[dict[str, Any]], first: date, last: date) -> list[int]:
    """A row for each label, the lowest whose last label has ended; labels are as long as they are on a wide screen."""
    per_letter = (last - first) / 130
    free = [first - timedelta(days=1)] * LANES
    lanes = []
    for event in drawn:
        lane = next((row for row in range(LANES) if free[row] <= event["x0"]), free.index(min(free)))
        free[lane] = event["x0"] + per_letter * (len(shorten(event["name"], LABEL)) + 4)
        lanes.append(lane)
    return lanes


def _layout(first: date, last: date) -> dict[str, Any]:
    """What all charts share: fixed height, one font, room above for labels, the legend below."""
    return {
        "height": 390,
        "margin": {"l": 56, "r": 16, "t": 96, "b": 48},
        "font": {"family": FONT, "size": 13, "color": INK},
        "title": {"x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 4}, "y": 0.98, "yanchor": "top", "font": {"size": 15}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "bargap": 0.12,
        "hovermode": "x unified",
        "dragmode": False,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.13, "yanchor": "top", "itemclick": False, "itemdoubleclick": False},
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

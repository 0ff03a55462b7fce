"""What a chart shows besides its counts: unknown weeks and dated events, as plotly shapes and labels."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics.figures.palette import EVENT, INK, QUIET, UNKNOWN
from analytics.figures.rows import unknown_spans
from analytics.figures.text import inert, shorten

LANE = 17
"""Height of a row of event labels, in pixels."""
LETTERS = 150
"""Letters of a label that fit across the plot on a wide screen."""
LABEL = 40
"""Longest label of a dated event, in characters; its full name stands in the list below the chart."""


def unknown_shapes(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A grey span with the word *unknown* for each run of unknown weeks."""
    return [
        {
            "fillcolor": UNKNOWN,
            "label": {
                "font": {"color": INK, "size": 12},
                "text": "unknown",
                "textangle": -90 if (end - start).days < 140 else 0,
            },
            "layer": "below",
            "line": {"color": QUIET, "dash": "dot", "width": 1},
            "name": "unknown",
            "opacity": 0.75,
            "type": "rect",
            "x0": start.isoformat(),
            "x1": end.isoformat(),
            "y0": 0,
            "y1": 1,
            "yref": "paper",
        }
        for start, end in unknown_spans(rows)
    ]


def drawn_events(events: pd.DataFrame, first: date, last: date) -> list[dict[str, Any]]:
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


def event_shape(event: dict[str, Any]) -> dict[str, Any]:
    """A line on the event's day, or a light span over its days."""
    days = (event["x1"] - event["x0"]).days
    return {
        "fillcolor": "rgba(11, 83, 148, 0.07)",
        "layer": "below" if days else "above",
        "line": {"color": EVENT, "dash": "dot", "width": 1 if days else 1.4},
        "name": f"event {event['mark']}",
        "type": "rect" if days else "line",
        "x0": event["x0"].isoformat(),
        "x1": (event["x1"] + timedelta(days=1) if days else event["x0"]).isoformat(),
        "y0": 0,
        "y1": 1,
        "yref": "paper",
    }


def _event_label(event: dict[str, Any], lane: int, *, leftward: bool) -> dict[str, Any]:
    """The label above the event's line; `name` keeps its mark for screens too narrow for words."""
    return {
        "font": {"color": INK, "size": 12},
        "hovertext": inert(event["name"], 200),
        "name": event["mark"],
        "showarrow": False,
        "text": f"<b>{event['mark']}</b> {inert(shorten(event['name'], LABEL))}",
        "x": event["x0"].isoformat(),
        "xanchor": "right" if leftward else "left",
        "xshift": 5 if leftward else -5,
        "y": 1,
        "yanchor": "bottom",
        "yref": "paper",
        "yshift": 1 + LANE * lane,
    }


def event_labels(drawn: list[dict[str, Any]], first: date, last: date) -> list[dict[str, Any]]:
    """Labels of all events, each in the lowest lane where it touches no other; those near the end read leftwards."""
    per_letter = (last - first) / LETTERS
    taken: list[list[tuple[date, date]]] = []
    labels = []
    for event in drawn:
        length = per_letter * (len(shorten(event["name"], LABEL)) + 4)
        leftward = event["x0"] + length > last
        start, end = (event["x0"] - length, event["x0"]) if leftward else (event["x0"], event["x0"] + length)
        lane = next(
            (row for row, spans in enumerate(taken) if all(end < low or high < start for low, high in spans)),
            len(taken),
        )
        taken += [[]] if lane == len(taken) else []
        taken[lane].append((start, end))
        labels.append(_event_label(event, lane, leftward=leftward))
    return labels

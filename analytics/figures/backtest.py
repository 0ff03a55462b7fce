"""The chart of a backtest: how often flags were followed by a higher level, by method, beside random weeks."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.figures.palette import EVENT, EXPECTED, FONT, GRID, INK, QUIET
from analytics.figures.text import inert

ROW, MARGIN = 26, 150
"""Height of a method's row, and of all that is above and below the rows, in pixels."""


def precision_figure(table: pd.DataFrame, *, title: str, simulated: bool) -> go.Figure:
    """Chart of rows of a backtest's table, one for each method: precision, low, high and base_rate, from top to bottom.

    Traces, by fixed id: *interval*, *precision*, and *base* (random weeks of the same regions).
    """
    names = table["method"].tolist()
    known = table["precision"].notna().to_numpy()
    rows = [name for name, there in zip(names, known, strict=True) if there]
    shown = table[known]
    ends = [
        (value, name)
        for name, low, high in zip(rows, shown["low"], shown["high"], strict=True)
        for value in (float(low), float(high), None)
    ]
    return go.Figure(
        data=[
            go.Scatter(
                x=[value for value, _ in ends],
                y=[name for _, name in ends],
                uid="interval",
                name="95 % interval",
                mode="lines",
                line={"color": QUIET, "width": 1.4},
                hoverinfo="skip",
            ),
            _marks(rows, shown["precision"], "precision", "followed by a higher level", EXPECTED, "circle"),
            _marks(rows, shown["base_rate"], "base", "random weeks of the same regions", EVENT, "line-ns-open"),
        ],
        layout=_layout(names, f"{inert(title, 90)}{' (simulated)' if simulated else ''}"),
    )


def _marks(rows: list[str], values: "pd.Series[Any]", uid: str, name: str, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=[round(float(value), 4) for value in values],
        y=rows,
        uid=uid,
        name=name,
        mode="markers",
        marker={"color": colour, "size": 11 if symbol.startswith("line") else 8, "symbol": symbol, "line": {"width": 2}},
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
    )  # fmt: skip


def _layout(names: list[str], title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "x": 0, "xref": "container", "pad": {"l": 4}, "font": {"size": 15, "weight": 600}},
        "font": {"family": FONT, "size": 13, "color": INK},
        "height": MARGIN + ROW * len(names),
        "margin": {"l": 4, "r": 16, "t": 48, "b": 82},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "legend": {"orientation": "h", "x": 0, "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "gridcolor": GRID, "zeroline": False, "fixedrange": True},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "range": [-0.6, len(names) - 0.4],
            "automargin": True,
            "gridcolor": GRID,
            "fixedrange": True,
        },
    }

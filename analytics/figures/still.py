"""A region's chart as a still SVG, for pages without a script: the same rows and events as the plotly figure."""

from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from math import ceil, log10

import pandas as pd

from analytics.figures import numbers
from analytics.figures.canvas import Canvas, band, bars, ceiling, hatched, line, marks
from analytics.figures.text import inert

WIDTH, HEIGHT = 900.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 8.0, 24.0, 38.0
APART = 20.0
"""Width that the letter of a dated event needs; where two are closer, the later stands a line higher."""


def still_chart(rows: pd.DataFrame, events: pd.DataFrame, label: str) -> str:
    """SVG of `rows.region_rows` and `rows.region_events`; *label* is what is said to those who do not see it.

    Bars are observed, the solid line expected, the band between it and the dashed line reaches up to upper; flags
    have their level's shape, unknown weeks are hatched, dated events have their letter.
    """
    highest = rows[["observed", "expected", "upper"]].max().max()
    top, step = ceiling(1.0 if numbers.is_missing(highest) else float(highest))
    canvas = Canvas(
        left=LEFT, top=TOP, width=WIDTH - LEFT - RIGHT, height=HEIGHT - TOP - BOTTOM, weeks=len(rows), highest=top
    )
    observed, expected, upper = (rows[name].tolist() for name in ("observed", "expected", "upper"))
    parts = (
        hatched(canvas, rows["status"].tolist()),
        counts(canvas, step),
        f'<path class="band" d="{band(canvas, expected, upper)}"/>',
        f'<path class="bars" d="{bars(canvas, observed)}"/>',
        f'<path class="expected" d="{line(canvas, expected)}"/><path class="upper" d="{line(canvas, upper)}"/>',
        _months(canvas, rows),
        _events(canvas, rows, events),
        marks(canvas, observed, rows["level"].tolist(), 0.6),
    )
    return (
        f'<svg class="still" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"{''.join(parts)}</svg>"
    )


def counts(canvas: Canvas, step: float) -> str:
    """Lines and numbers of the upward axis."""
    ticks = [step * number for number in range(round(canvas.lowest / step), round(canvas.highest / step) + 1)]
    right = canvas.left + canvas.width
    return "".join(
        f'<path class="grid" d="M{canvas.left:g} {canvas.y(tick):.1f}H{right:g}"/>'
        f'<text class="up" x="{canvas.left - 6:g}" y="{canvas.y(tick) + 4:.1f}">{_tick(tick, step)}</text>'
        for tick in ticks
    )


def _tick(value: float, step: float) -> str:
    """A number of an axis, with as many decimals as its step needs."""
    return numbers.amount(value) if step >= 1 else f"{value:.{ceil(-log10(step))}f}".replace("-", numbers.MINUS)


def _months(canvas: Canvas, rows: pd.DataFrame) -> str:
    """Ticks at the first week of months, and their names and years, as many as fit."""
    every = 1 if len(rows) <= 30 else 3 if len(rows) <= 110 else 6
    return "".join(
        f'<path class="axis" d="M{canvas.x(week):.1f} {canvas.floor:g}v5"/>'
        f'<text class="month" x="{canvas.x(week):.1f}" y="{canvas.floor + 18:g}">{day:%b}</text>'
        f'<text class="year" x="{canvas.x(week):.1f}" y="{canvas.floor + 32:g}">{day:%Y}</text>'
        for week, day in _starts(rows)
        if (day.month - 1) % every == 0
    )


def _starts(rows: pd.DataFrame) -> Iterator[tuple[float, date]]:
    """First days of months within the rows, and where they stand in weeks."""
    first, last = rows["week"].iloc[0].date(), rows["week"].iloc[-1].date()
    for day in pd.date_range(first, last, freq="MS"):
        yield (day.date() - first).days / 7, day.date()


def _events(canvas: Canvas, rows: pd.DataFrame, events: pd.DataFrame) -> str:
    """A dotted line and a letter for each dated event, and a light box over the days of a longer one."""
    first = rows["week"].iloc[0].date()
    end = rows["week"].iloc[-1].date() + timedelta(days=7)
    drawn, taken = [], [-APART, -APART]
    for event in events.to_dict("records"):
        start = canvas.x((max(event["starts_on"].date(), first) - first).days / 7)
        until = canvas.x((min(event["ends_on"].date() + timedelta(days=1), end) - first).days / 7)
        lane = 0 if start - taken[0] >= APART else 1
        taken[lane] = start
        if event["ends_on"] > event["starts_on"]:
            drawn.append(_box(canvas, start, until))
        drawn.append(
            f'<path class="event" d="M{start:.1f} {canvas.top:g}V{canvas.floor:g}"/><text class="letter" x="{start:.1f}" '
            f'y="{canvas.top - 4 - 10 * lane:g}">{escape(inert(str(event["mark"]), 4))}</text>'
        )
    return "".join(drawn)


def _box(canvas: Canvas, start: float, until: float) -> str:
    return f'<rect class="span" x="{start:.1f}" y="{canvas.top:g}" width="{until - start:.1f}" height="{canvas.height:g}"/>'

"""The event-time chart as a still SVG, for pages without a script: the same rows as `study.study_figure`."""

from html import escape
from math import log2

import pandas as pd

from analytics.figures import numbers
from analytics.figures.still import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

LOWEST, HIGHEST = -4.0, 4.0
"""Ends of the axis as powers of two; what is beyond stands at the edge, and the table has the number."""


def still_study(rows: pd.DataFrame, label: str) -> str:
    """SVG of the week rows (those with a k): ratios as dots, their intervals as lines, other dates' range as a band."""
    weeks = rows[rows["k"].notna()].sort_values("k")
    ratios = [abs(_power(value)) for value in weeks["rate_ratio"] if not numbers.is_missing(value)]
    reach = min(HIGHEST, max(1.0, *(float(-(-ratio // 1)) for ratio in ratios))) if ratios else 1.0
    plot = _Plot(first=int(weeks["k"].min()), last=int(weeks["k"].max()), reach=reach)
    drawn = "".join(_week(plot, row) for row in weeks.to_dict("records"))
    return (
        f'<svg class="still" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"{_axes(plot)}{drawn}</svg>"
    )


def _power(ratio: float) -> float:
    """The ratio as a power of two, within the axis; zero stands at its lower end."""
    return LOWEST if ratio <= 0 else min(max(log2(ratio), LOWEST), HIGHEST)


class _Plot:
    """Where weeks and ratios stand."""

    def __init__(self, *, first: int, last: int, reach: float) -> None:
        self.first, self.last, self.reach = first, last, reach
        self.step = (WIDTH - LEFT - RIGHT) / (last - first + 1)

    def x(self, week: float) -> float:
        return LEFT + self.step * (week - self.first + 0.5)

    def y(self, ratio: float) -> float:
        power = min(max(_power(ratio), -self.reach), self.reach)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (power + self.reach) / (2 * self.reach))


def _week(plot: _Plot, row: dict[object, float]) -> str:
    x, parts = plot.x(row["k"]), []
    if not numbers.is_missing(row["placebo_low"]):
        low, high = plot.y(row["placebo_low"]), plot.y(row["placebo_high"])
        parts.append(
            f'<rect class="band" x="{x - plot.step / 2:.1f}" y="{high:.1f}" width="{plot.step:.1f}" height="{low - high:.1f}"/>'
        )
    if not numbers.is_missing(row["low"]):
        parts.append(f'<path class="reach" d="M{x:.1f} {plot.y(row["low"]):.1f}V{plot.y(row["high"]):.1f}"/>')
    if not numbers.is_missing(row["rate_ratio"]):
        parts.append(f'<circle class="ratio" cx="{x:.1f}" cy="{plot.y(row["rate_ratio"]):.1f}" r="3.5"/>')
    return "".join(parts)


def _axes(plot: _Plot) -> str:
    powers = range(round(-plot.reach), round(plot.reach) + 1)
    ratios = "".join(
        f'<path class="{"axis" if power == 0 else "grid"}" d="M{LEFT:g} {plot.y(2.0**power):.1f}H{WIDTH - RIGHT:g}"/>'
        f'<text class="up" x="{LEFT - 6:g}" y="{plot.y(2.0**power) + 4:.1f}">× {_fraction(power)}</text>'
        for power in powers
    )
    weeks = "".join(
        f'<text x="{plot.x(week):.1f}" y="{HEIGHT - BOTTOM + 18:g}">{week}</text>'
        for week in range(plot.first, plot.last + 1)
        if week % 4 == 0
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return (
        f'{ratios}{weeks}<path class="event" d="M{plot.x(0.5):.1f} {TOP:g}V{HEIGHT - BOTTOM:g}"/>'
        f'<text x="{middle:g}" y="{HEIGHT - 4:g}">weeks since the event</text>'
    )


def _fraction(power: int) -> str:
    return str(2**power) if power >= 0 else f"1/{2**-power}"

"""A table drawn after a complete spec: lines and bars over time, labelled bars and maps, as still SVG in small multiples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import pairwise
from math import ceil, gcd
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.figures import numbers
from analytics.figures.canvas import Canvas, bars, ceiling, hatched, line
from analytics.figures.spec import ChartSpec, over_time
from analytics.figures.still import counts
from analytics.figures.text import shorten, visible

ROWS = 60
"""Labelled bars in one chart; the table has the others."""
LONGEST = 5000
"""Steps on an axis across."""
LABEL = 34
"""Letters of a bar's label."""
APART = 46.0
"""Width that a label of the axis across needs."""
ROW, SIDE, WIDE = 19.0, 250.0, 900.0
"""Of labelled bars: height of each, room for their labels, width of the drawing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One chart: its title ("" for the only one), what stands across, and a row of values for each number."""

    title: str
    across: Sequence[Any]
    """Days, whole numbers, or the labels of bars."""
    series: dict[str, list[float]]
    """By the name of the number, each as long as *across*; NaN where there is none."""
    status: list[str]
    """known, unknown (a row without a number), or none (no row), as long as *across*."""


def panels(frame: pd.DataFrame, spec: ChartSpec) -> list[Panel]:
    """The charts of *frame* after a complete *spec*, in the order in which they come in the table.

    Across a chart over time every step has its place, whether there is a row for it or not, and all charts have the
    same steps. The step is the largest that holds all of them: years, months, weeks or days; whole numbers likewise.
    """
    groups = (
        [("", frame)]
        if not spec.by
        else [(_words(value), part) for value, part in frame.groupby(spec.by, sort=False, dropna=False)]
    )
    if not over_time(spec, frame):
        return [_labelled(name, part, spec) for name, part in groups]
    steps = _steps(frame[spec.x[0]])
    return [_over_steps(name, part, spec, steps) for name, part in groups]


def _labelled(title: str, rows: pd.DataFrame, spec: ChartSpec) -> Panel:
    labels = [
        ", ".join(filter(None, (_words(row[name]) for name in spec.x))) or "(none)" for row in rows.to_dict("records")
    ]
    series = {name: rows[name].astype("float64").tolist() for name in spec.y}
    return Panel(title=title, across=labels, series=series, status=_status(rows, spec))


def _over_steps(title: str, rows: pd.DataFrame, spec: ChartSpec, steps: list[Any]) -> Panel:
    places = {_step(value): place for place, value in enumerate(rows[spec.x[0]])}
    found = [places.get(step) for step in steps]
    series = {
        name: [float("nan") if place is None else float(rows[name].iloc[place]) for place in found] for name in spec.y
    }
    known = _status(rows, spec)
    return Panel(
        title=title, across=steps, series=series, status=["none" if place is None else known[place] for place in found]
    )


def _status(rows: pd.DataFrame, spec: ChartSpec) -> list[str]:
    return ["known" if known else "unknown" for known in rows[list(spec.y)].notna().any(axis=1)]


def _words(value: Any) -> str:
    """A value as a label: days as ISO text, nothing for a missing one, and whatever a name holds made visible."""
    if numbers.is_missing(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value)
    return visible(str(value), 200)


def _step(value: Any) -> Any:
    return value.date() if isinstance(value, pd.Timestamp) else value


def _steps(column: "pd.Series[Any]") -> list[Any]:
    """Every step from the first value to the last."""
    values = sorted({_step(value) for value in column.dropna()})
    if not values:
        return []
    made = _days(values) if isinstance(values[0], date) else _numbers(values)
    return made if len(made) <= LONGEST and set(values) <= set(made) else values


def _days(days: list[date]) -> list[date]:
    frequency = "D"
    if all(day.day == 1 for day in days):
        frequency = "YS" if len(days) > 1 and all(day.month == 1 for day in days) else "MS"
    elif all((after - before).days % 7 == 0 for before, after in pairwise(days)):
        frequency = "7D"
    return [moment.date() for moment in pd.date_range(days[0], days[-1], freq=frequency)]


def _numbers(values: list[Any]) -> list[Any]:
    if any(value != int(value) for value in values):
        return values
    step = gcd(*(int(after - before) for before, after in pairwise(values))) or 1
    return list(range(int(values[0]), int(values[-1]) + 1, step))


def drawing(made: list[Panel], spec: ChartSpec, label: str) -> list[str]:
    """An SVG for each panel, all on one scale; *label* begins what is said to those who do not see them."""
    known = _known(made)
    if any(isinstance(name, str) for panel in made for name in panel.across):
        low, high = known.min(initial=0.0), known.max(initial=0.0)
        return [_bars(panel, _said(panel, label), (low, high if high > low else low + 1.0)) for panel in made]
    scale, size = _scale(known), (900.0, 280.0) if len(made) == 1 else (300.0, 130.0)
    return [_chart(panel, spec, _said(panel, label), scale, size) for panel in made]


def _known(made: list[Panel]) -> NDArray[np.float64]:
    """Every finite value of all panels."""
    values = np.array([value for panel in made for row in panel.series.values() for value in row], dtype=np.float64)
    return values[np.isfinite(values)]


def _scale(known: NDArray[np.float64]) -> tuple[float, float, float]:
    """Lowest and highest end of the axis that holds all values and zero, and the step of its ticks."""
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    whole = bool((known == np.round(known)).all())
    _, step = ceiling(max(high, -low), unit=1.0 if whole else 0.0)
    top = ceil(high / step * (1 - 1e-9)) * step
    return -ceil(-low / step * (1 - 1e-9)) * step, top if top or low < 0 else step, step


def _said(panel: Panel, label: str) -> str:
    ends = f"{_across(panel.across[0])} to {_across(panel.across[-1])}" if panel.across else "no rows"
    highest = "; ".join(
        f"{name} at most {numbers.amount(np.nanmax(row))}"
        for name, row in panel.series.items()
        if not np.isnan(row).all()
    )
    return "; ".join(filter(None, [f"{panel.title}: {label}" if panel.title else label, ends, highest]))


def _across(value: Any) -> str:
    return numbers.day(value) if isinstance(value, date) else str(value)


def _chart(
    panel: Panel, spec: ChartSpec, label: str, scale: tuple[float, float, float], size: tuple[float, float]
) -> str:
    """Lines, or bars for the first number and lines for the others, over steps."""
    lowest, highest, step = scale
    left = 14.0 + 7.2 * max(len(numbers.amount(end)) for end in (lowest, highest)) + (12.0 if step < 1 else 0.0)
    canvas = Canvas(
        left=left,
        top=10,
        width=size[0] - left - 8,
        height=size[1] - 50,
        weeks=len(panel.across),
        highest=highest,
        lowest=lowest,
    )
    shapes = []
    for number, row in enumerate(panel.series.values(), start=1):
        whole = spec.kind == "bar" and number == 1
        shapes.append(
            f'<path class="bars" d="{bars(canvas, row)}"/>'
            if whole
            else f'<path class="series-{number}" d="{line(canvas, row)}"/>'
        )
    gaps = ["known" if status == "none" else status for status in panel.status]
    return (
        f'<svg class="still" role="img" aria-label="{escape(label)}" viewBox="0 0 {size[0]:g} {size[1]:g}">'
        f"{hatched(canvas, gaps)}{counts(canvas, step if len(panel.series) and size[0] > 400 else max(step, highest - lowest))}"
        f'{"".join(shapes)}<path class="axis" d="M{canvas.left:.1f} {canvas.floor:.1f}h{canvas.width:.1f}"/>{_below(canvas, panel.across)}</svg>'
    )


def _below(canvas: Canvas, across: Sequence[Any]) -> str:
    """Ticks and labels of the axis across, as many as fit."""
    found = list(_labels(across))
    every = ceil(len(found) / max(1, int(canvas.width / APART))) or 1
    bottom = canvas.top + canvas.height
    return "".join(
        f'<path class="axis" d="M{canvas.x(place + 0.5):.1f} {bottom:g}v5"/>'
        + "".join(
            f'<text x="{canvas.x(place + 0.5):.1f}" y="{bottom + 18 + 14 * row:g}">{words}</text>'
            for row, words in enumerate(lines)
        )
        for place, lines in found[::every]
    )


def _labels(across: Sequence[Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Places that may bear a label, and its lines."""
    if not isinstance(across[0], date):
        yield from ((place, (f"{value:g}".replace("-", numbers.MINUS),)) for place, value in enumerate(across))
        return
    days = (across[-1] - across[0]).days
    unit = "year" if days > 900 else "month" if days > 70 else "day"
    before = None
    for place, day in enumerate(across):
        mark = {"year": (day.year,), "month": (day.year, day.month), "day": (day,)}[unit]
        if mark != before and (before is not None or _opens(day, unit)):
            yield (
                place,
                {
                    "year": (f"{day:%Y}",),
                    "month": (f"{day:%b}", f"{day:%Y}"),
                    "day": (f"{day.day} {day:%b}", f"{day:%Y}"),
                }[unit],
            )
        before = mark


def _opens(day: date, unit: str) -> bool:
    """Whether a first step is near the beginning of its year or month, so that it may bear its name."""
    return unit == "day" or (day.day <= 7 and (unit == "month" or day.month == 1))


def _bars(panel: Panel, label: str, scale: tuple[float, float]) -> str:
    """A labelled bar for each row, filled for the first number, in outline and hatched for the others."""
    lowest, highest = scale
    shown = panel.across[:ROWS]
    thick = ROW * len(panel.series) + (5.0 if len(panel.series) > 1 else 3.0)
    room = WIDE - SIDE - 90.0
    zero = SIDE + (50.0 if lowest < 0 else 0.0) + room * -lowest / (highest - lowest)
    unit = (room - (50.0 if lowest < 0 else 0.0)) / (highest - lowest)
    drawn = []
    for place, name in enumerate(shown):
        top = 4 + place * thick
        drawn.append(
            f'<text class="up" x="{SIDE - 10:g}" y="{top + thick / 2 + 3:.1f}"><title>{escape(name)}</title>{escape(shorten(name, LABEL))}</text>'
        )
        drawn += [
            _bar(number, row[place], zero, top + (number - 1) * ROW, unit)
            for number, row in enumerate(panel.series.values(), start=1)
        ]
    height = 8 + thick * len(shown)
    return (
        f'<svg class="still rows" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDE:g} {height:g}">{"".join(drawn)}'
        f'<path class="axis" d="M{zero:.1f} 2V{height - 2:g}"/></svg>'
    )


def _bar(number: int, value: float, zero: float, top: float, unit: float) -> str:
    """One bar and its number at its end."""
    if not np.isfinite(value):
        return f'<text class="after" x="{zero + 6:.1f}" y="{top + 14:.1f}">{"unknown" if np.isnan(value) else numbers.amount(value)}</text>'
    long = abs(value) * unit
    left, end = (zero, zero + long + 6) if value >= 0 else (zero - long, zero - long - 6)
    anchor = "after" if value >= 0 else "up"
    return (
        f'<rect class="bar-{number}" x="{left:.1f}" y="{top + 2:.1f}" width="{long:.1f}" height="{ROW - 4:g}"/>'
        f'<text class="{anchor}" x="{end:.1f}" y="{top + 14:.1f}">{numbers.amount(value)}</text>'
    )

"""Still drawings of weeks and counts: where they stand in an SVG, and the shapes they make there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.maps import SHAPES


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A plot of *weeks* weeks (or other steps) across and counts from *lowest* to *highest* up, in a box of an SVG."""

    left: float
    top: float
    width: float
    height: float
    weeks: int
    highest: float
    lowest: float = 0.0

    def x(self, week: float) -> float:
        """Left edge of a week, counted from 0; a week's middle is at + 0.5."""
        return self.left + self.width * week / self.weeks

    def y(self, value: float) -> float:
        """Height of a count; what is above the plot stands at its edge."""
        inside = min(max(float(value), self.lowest), self.highest)
        return self.top + self.height * (1 - (inside - self.lowest) / (self.highest - self.lowest))

    @property
    def floor(self) -> float:
        """Where zero stands."""
        return self.y(0.0)


def known_runs(values: Sequence[float]) -> Iterator[list[int]]:
    """Runs of weeks whose value is known, each as the indices of its weeks."""
    for known, run in groupby(range(len(values)), lambda week: not numbers.is_missing(values[week])):
        if known:
            yield list(run)


def bars(canvas: Canvas, values: Sequence[float]) -> str:
    """Path data of a bar for each count that is not zero, a little narrower than its week."""
    wide = canvas.width / canvas.weeks
    gap = 0.12 * wide
    return "".join(
        f"M{canvas.x(week) + gap / 2:.1f} {canvas.floor:.1f}V{canvas.y(value):.1f}h{wide - gap:.1f}V{canvas.floor:.1f}z"
        for week, value in enumerate(values)
        if not numbers.is_missing(value) and value != 0
    )


def line(canvas: Canvas, values: Sequence[float]) -> str:
    """Path data of a line through the middles of the weeks, broken where a value is missing."""
    return "".join(
        "M" + "L".join(_points(canvas, values, run if len(run) > 1 else [run[0], run[0]])) for run in known_runs(values)
    )


def band(canvas: Canvas, low: Sequence[float], high: Sequence[float]) -> str:
    """Path data of the area between two lines, over the weeks in which both are known."""
    both = [float("nan") if numbers.is_missing(below) else above for below, above in zip(low, high, strict=True)]
    return "".join(
        f"M{'L'.join([*_points(canvas, high, run), *_points(canvas, low, run[::-1])])}z" for run in known_runs(both)
    )


def _points(canvas: Canvas, values: Sequence[float], run: Sequence[int]) -> list[str]:
    return [f"{canvas.x(week + 0.5):.1f} {canvas.y(values[week]):.1f}" for week in run]


def hatched(canvas: Canvas, status: Sequence[str]) -> str:
    """A hatched box for each run of weeks that are not known."""
    runs = [list(run) for known, run in groupby(range(len(status)), lambda week: status[week] == "known") if not known]
    return "".join(
        f'<rect class="gap" x="{canvas.x(run[0]):.1f}" y="{canvas.top:g}" '
        f'width="{canvas.x(run[-1] + 1) - canvas.x(run[0]):.1f}" height="{canvas.height:g}"/>'
        for run in runs
    )


def marks(canvas: Canvas, values: Sequence[float], levels: Sequence[str], scale: float) -> str:
    """The level's shape on each flagged week."""
    return "".join(
        f'<g class="mark {level}" transform="translate({canvas.x(week + 0.5):.1f} {canvas.y(values[week]):.1f}) '
        f'scale({scale:g})">{SHAPES[LEVELS[level].shape]}</g>'
        for week, level in enumerate(levels)
        if level and not numbers.is_missing(values[week])
    )


def ceiling(highest: float, steps: int = 4, unit: float = 1.0) -> tuple[float, float]:
    """Upper end of an axis that holds *highest*, and the step of its ticks: 1, 2 or 5 times a power of ten.

    Neither is below *unit*: 1 for counts, 0 for numbers of any size.
    """
    highest = max(highest, unit) or 1.0
    least = highest / steps
    power = 10.0 ** floor(log10(least))
    step = max(unit, next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - 1e-9)))
    return step * ceil(highest / step * (1 - 1e-9)), step

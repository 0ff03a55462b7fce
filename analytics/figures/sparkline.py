"""A sparkline: one region's recent weeks as a small inline SVG, with words for those who do not see it."""

from collections.abc import Sequence
from html import escape

from analytics.figures import numbers

WIDTH, HEIGHT, PAD = 120.0, 28.0, 3.0


def sparkline(values: Sequence[float], label: str) -> str:
    """SVG of *values* in order, oldest first; missing values leave a gap. *label* begins the spoken description."""
    known = [float(value) for value in values if not numbers.is_missing(value)]
    words = (
        f"{label}, from {numbers.amount(min(known))} to {numbers.amount(max(known))}" if known else f"{label}, unknown"
    )
    return (
        f'<svg class="spark" role="img" aria-label="{escape(words)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'width="{WIDTH:g}" height="{HEIGHT:g}">{_drawing(values, max(known, default=0.0))}</svg>'
    )


def _drawing(values: Sequence[float], highest: float) -> str:
    """The line, broken at missing values, and a dot on the last known value."""
    points = [_point(index, value, len(values), highest) for index, value in enumerate(values)]
    path = "".join(
        f"{'M' if index == 0 or not points[index - 1] else 'L'}{point}" for index, point in enumerate(points) if point
    )
    if not path:
        return ""
    x, y = [point for point in points if point][-1].split(" ")
    return f'<path d="{path}"/><circle cx="{x}" cy="{y}" r="2.4"/>'


def _point(index: int, value: float, length: int, highest: float) -> str:
    """`x y` of one value, "" where it is missing; zero is always the floor."""
    if numbers.is_missing(value):
        return ""
    x = PAD + (WIDTH - 2 * PAD) * index / max(length - 1, 1)
    y = HEIGHT - PAD - (HEIGHT - 2 * PAD) * float(value) / (highest or 1.0)
    return f"{x:.1f} {y:.1f}"

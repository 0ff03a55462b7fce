"""Two bars, one above the other: a rate now, filled, and the rate before it, in outline."""

from analytics.figures import numbers

WIDTH, HEIGHT = 74.0, 18.0


def pair(now: float, before: float, highest: float) -> str:
    """SVG of both rates on a scale up to *highest*; the numbers stand beside it, so it is silent."""
    return (
        f'<svg class="pair" aria-hidden="true" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}">'
        f'<rect class="now" x="0.5" y="1" width="{_length(now, highest):.1f}" height="8"/>'
        f'<rect class="before" x="0.5" y="11" width="{_length(before, highest):.1f}" height="5"/></svg>'
    )


def _length(value: float, highest: float) -> float:
    return 0.0 if numbers.is_missing(value) or not highest else (WIDTH - 1) * float(value) / highest

"""A small multiple: one region's recent weeks against what was expected, as a still SVG of about two kilobytes."""

from html import escape

import numpy as np
import pandas as pd

from analytics.figures.canvas import Canvas, band, bars, hatched, line, marks

WIDTH, HEIGHT = 200.0, 62.0
MARK = 0.46
"""Size of a flag's shape, against that in tables."""


def tile(rows: pd.DataFrame, label: str) -> str:
    """SVG of the last weeks of `rows.region_rows`; bars are observed, the line expected, the band reaches up to upper.

    The scale is the region's own: its top is `top(rows)`. *label* is what is said to those who do not see it.
    """
    canvas = Canvas(left=1, top=7, width=WIDTH - 5, height=HEIGHT - 8, weeks=len(rows), highest=top(rows))
    observed, expected, upper = (rows[name].tolist() for name in ("observed", "expected", "upper"))
    return (
        f'<svg class="tile-plot" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"{hatched(canvas, rows['status'].tolist())}"
        f'<path class="band" d="{band(canvas, expected, upper)}"/><path class="bars" d="{bars(canvas, observed)}"/>'
        f'<path class="expected" d="{line(canvas, expected)}"/>'
        f'<path class="axis" d="M0 {canvas.floor:g}H{WIDTH:g}"/>'
        f"{marks(canvas, observed, rows['level'].tolist(), MARK)}</svg>"
    )


def top(rows: pd.DataFrame) -> float:
    """The highest count or alarm threshold of the weeks drawn, at least 1."""
    values = rows[["observed", "upper"]].to_numpy()
    return float(values.max(initial=1.0, where=~np.isnan(values)))

"""Intervals of what is counted over weeks and regions that depend on each other.

Flags of neighbouring weeks, and of regions in one week, are no independent draws: violence lasts, and spreads. So whole
blocks of weeks are drawn with replacement, each with all its regions (circular block bootstrap: Politis & Romano 1992, in
LePage & Billard, Exploring the Limits of Bootstrap, p. 263), or whole regions with all their weeks. Figures of several
methods are compared on the same draws.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.evaluation import Estimate, interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def drawn_times(size: int, block: int, resamples: int, generator: np.random.Generator) -> Integers:
    """How often each of *size* rows is drawn, (resamples, size), in blocks of *block* neighbours; each draw has *size* rows.

    The last block of a draw is cut to what is left; the first row is the last one's neighbour. A block of 1 is the ordinary
    bootstrap. Raises ValueError unless 1 <= block <= size.
    """
    if not 1 <= block <= size:
        raise ValueError(f"a block must have 1 to {size} rows, got {block}")
    blocks = -(-size // block)
    starts = generator.integers(size, size=(resamples, blocks))
    rows = ((starts[:, :, None] + np.arange(block)) % size).reshape(resamples, -1)[:, :size]
    return np.array([np.bincount(row, minlength=size) for row in rows], dtype=np.int64)


def drawn_shares(hits: Floats, rows: Integers, times: Integers) -> Floats:
    """Share of N things that are *hits* (1 or 0), each in one of the *rows* (N,), in each draw of *times*; NaN of nothing."""
    drawn = times[:, rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        answer: Floats = drawn @ hits / drawn.sum(axis=1)
    return answer


def drawn_medians(values: Floats, rows: Integers, times: Integers) -> Floats:
    """Median of N *values*, each in one of the *rows* (N,), in each draw of *times*; NaN of nothing."""
    drawn = times[:, rows]
    return np.array([np.median(np.repeat(values, row)) if row.any() else np.nan for row in drawn])


def share_over(hits: Floats, rows: Integers, times: Integers) -> Estimate:
    """Share of N things that are *hits*, with the 95 % percentile interval of the draws."""
    value = float(hits.mean()) if hits.size else np.nan
    return interval(value, drawn_shares(hits, rows, times))

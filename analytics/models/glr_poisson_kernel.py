"""Likelihood-ratio charts of Poisson counts with a change of the log mean, compiled: the best change has closed form.

A segment is the weeks k..n that a change in week k would have affected; rows of *x* are named in this module.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner

Floats = NDArray[np.float64]

COUNT, MEAN, BEFORE = range(3)
"""Rows of a chart's weeks: count, mean in control, count of the week before."""
MOST = 9007199254740992.0
"""Counts beyond this are not tried."""


@inner
def _ratio(total: float, mean: float, up: bool) -> float:
    """Log likelihood ratio of a segment with this many incidents; 0 for a change the other way."""
    if total == 0.0:
        return 0.0 if up else mean
    if (total <= mean) if up else (total >= mean):
        return 0.0
    size = math.log(total / mean)
    return max(size * total + (1.0 - math.exp(size)) * mean, 0.0)


@inner
def _may_reach(total: float, mean: float, up: bool, least: float) -> bool:
    """Whether the ratio can be *least* or more; it is at most (total - mean)^2 / mean."""
    if (total <= mean) if up else (total >= mean):
        return least <= 0.0
    return (total - mean) * (total - mean) >= least * mean


@inner
def statistic(x: Floats, first: int, last: int, n: int, up: bool, drop_zero: bool) -> float:
    """Largest ratio of the segments k..n with *first* <= k <= *last*; *drop_zero* leaves out those without incident."""
    total = mean = best = 0.0
    for k in range(n, first - 1, -1):
        total += x[COUNT, k]
        mean += x[MEAN, k]
        if k <= last and not (drop_zero and total == 0.0) and _may_reach(total, mean, up, best):
            best = max(best, _ratio(total, mean, up))
    return best


@inner
def _smallest(before: float, mean: float, limit: float, up: bool, low: float, high: float) -> float:
    """Smallest count in (low, high] with an alarm (*up*), or without one; *before* incidents came before it."""
    while high - low > 1.0:
        middle = math.floor((low + high) / 2.0)
        ratio = _ratio(before + middle, mean, up)
        if (ratio >= limit) if up else (ratio <= limit):
            high = middle
        else:
            low = middle
    return high


@inner
def _enough(before: float, mean: float, limit: float) -> float:
    """A count, not the smallest, with which the ratio of one segment reaches *limit*."""
    count = max(float(math.ceil(mean - before)), 0.0) + 1.0
    while _ratio(before + count, mean, True) < limit and count < MOST:
        count *= 2.0
    return count


@inner
def rise(x: Floats, first: int, last: int, n: int, limit: float) -> float:
    """Smallest count of week n with which a segment's ratio reaches *limit*."""
    before, mean, best = 0.0, x[MEAN, n], np.inf
    for k in range(n, first - 1, -1):
        if k < n:
            before += x[COUNT, k]
            mean += x[MEAN, k]
        if k > last:
            continue
        if best == np.inf:
            best = _smallest(before, mean, limit, True, -1.0, _enough(before, mean, limit))
        less = before + best - 1.0
        if best > 0.0 and _may_reach(less, mean, True, limit) and _ratio(less, mean, True) >= limit:
            best = _smallest(before, mean, limit, True, -1.0, best - 1.0)
    return best


@inner
def fall(x: Floats, first: int, last: int, n: int, limit: float, drop_zero: bool, start: float) -> float:
    """Smallest count of week n, from *start*, with which no segment's ratio exceeds *limit*."""
    before, mean, best = 0.0, x[MEAN, n], start
    for k in range(n, first - 1, -1):
        if k < n:
            before += x[COUNT, k]
            mean += x[MEAN, k]
        seen = k <= last and not (drop_zero and before + best == 0.0)
        if seen and _ratio(before + best, mean, False) > limit:
            best = _smallest(before, mean, limit, False, best, float(math.ceil(mean - before)))
    return best


@inner
def judged(x: Floats, first: int, last: int, n: int, limit: float, up: bool, reference: bool) -> tuple[float, float]:
    """(statistic, smallest count with an alarm, or without one where drops are looked for) of week n.

    *reference*: as R, which can't see segments without any incident.
    """
    value = statistic(x, first, last, n, up, reference)
    if up:
        return value, rise(x, first, last, n, limit)
    cases = fall(x, first, last, n, limit, reference, 0.0)
    if reference and cases > 0.0:
        cases = fall(x, first, last, n, limit, reference, cases)
    return value, cases

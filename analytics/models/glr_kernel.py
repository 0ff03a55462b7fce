"""The arithmetic of likelihood-ratio charts, compiled: sums of weeks since a possible change, maximised over it.

A segment is the weeks k..n that a change k would have affected. Its log likelihood ratio is concave in the size of the
change, so sums from the last alarm on, kept for a grid of sizes, give an upper bound of its maximum by two tangents. A
segment is maximised exactly only if its bound exceeds what another segment has reached.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models import glr_poisson_kernel as poisson
from analytics.models.compiled import inner, outer
from analytics.models.glr_poisson_kernel import BEFORE, COUNT, MEAN, MOST

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tables = tuple[Floats, Floats, Floats, Floats]
"""Running sums before each week, (2, weeks + 1, grid); parts of the week judged, (2, 2, grid); sizes; scratch, (4,)."""

POISSON, NEGATIVE_BINOMIAL, EPIDEMIC = range(3)
"""Kinds of chart: change of the log mean, for Poisson and negative binomial counts; autoregression, for Poisson."""
STATISTIC, CASES, ALARM = range(3)
"""Planes of the output: the statistic, the smallest count with which there would be an alarm, 1 at an alarm."""
_GRID = 41
_AT = 3
_VALUE, _SLOPE = range(2)
_PER_CASE, _REST = range(2)


@inner
def _sizes(kind: int, up: bool, grid: Floats) -> None:
    """Fill the grid of sizes of a change, log factors or autoregressive parts: finest near none."""
    rise, finest = (1.15, 0.01) if kind == EPIDEMIC else (1.12, 0.02)
    for g in range(_GRID):
        size = finest * (rise**g - 1.0) / (rise - 1.0)
        grid[g] = size if up else -size


@inner
def _week(kind: int, mu: float, before: float, alpha: float, size: float, parts: Floats) -> None:
    """Ratio and slope of one week at a size of change, each linear in its count: per case, and the rest."""
    if kind == EPIDEMIC:
        rate = before / mu
        parts[_VALUE, _PER_CASE], parts[_VALUE, _REST] = math.log1p(size * rate), -size * before
        parts[_SLOPE, _PER_CASE], parts[_SLOPE, _REST] = rate / (1.0 + size * rate), -before
        return
    factor = math.exp(size)
    weight = 1.0 / (1.0 + alpha * mu * factor)
    log_ratio = math.log1p(alpha * mu * (1.0 - factor) * weight)
    parts[_VALUE, _PER_CASE], parts[_VALUE, _REST] = size + log_ratio, log_ratio / alpha
    parts[_SLOPE, _PER_CASE], parts[_SLOPE, _REST] = weight, -mu * factor * weight


@inner
def _bound(k: int, n: int, count: float, tables: Tables) -> tuple[float, int]:
    """(upper bound of the ratio of segment k..n with this last count, grid index at or before its best size)."""
    sums, now, grid, work = tables
    sign = 1.0 if grid[1] > 0.0 else -1.0
    g = int(work[_AT])
    while True:
        slope = sums[_SLOPE, n, g] - sums[_SLOPE, k, g] + count * now[_SLOPE, _PER_CASE, g] + now[_SLOPE, _REST, g]
        if sign * slope <= 0.0:
            if g == 0:
                return 0.0, 0
            g -= 1
            continue
        if g == _GRID - 1:
            return np.inf, g
        h = g + 1
        beyond = sums[_SLOPE, n, h] - sums[_SLOPE, k, h] + count * now[_SLOPE, _PER_CASE, h] + now[_SLOPE, _REST, h]
        if sign * beyond <= 0.0:
            break
        g += 1
    work[_AT] = g
    low = sums[_VALUE, n, g] - sums[_VALUE, k, g] + count * now[_VALUE, _PER_CASE, g] + now[_VALUE, _REST, g]
    high = sums[_VALUE, n, h] - sums[_VALUE, k, h] + count * now[_VALUE, _PER_CASE, h] + now[_VALUE, _REST, h]
    step = (high - low - beyond * (grid[h] - grid[g])) / (slope - beyond)
    loose = 1e-9 + 1e-12 * (abs(sums[_VALUE, n, g]) + abs(sums[_VALUE, n, h]) + count)
    return low + slope * step + loose, g


@inner
def _segment(kind: int, x: Floats, k: int, n: int, count: float, alpha: float, size: float, sums: Floats) -> None:
    """Fill *sums* with value, slope and curvature of segment k..n at a size of change; week n has *count*."""
    value = slope = curve = 0.0
    factor = math.exp(size) if kind != EPIDEMIC else 0.0
    for i in range(k, n + 1):
        y = count if i == n else x[COUNT, i]
        mu = x[MEAN, i]
        if kind == EPIDEMIC:
            rate = x[BEFORE, i] / mu
            share = rate / (1.0 + size * rate)
            value += y * math.log1p(size * rate) - size * x[BEFORE, i]
            slope += y * share - x[BEFORE, i]
            curve -= y * share * share
        else:
            weight = 1.0 / (1.0 + alpha * mu * factor)
            value += size * y + (y + 1.0 / alpha) * math.log1p(alpha * mu * (1.0 - factor) * weight)
            slope += (y - mu * factor) * weight
            curve -= mu * factor * (alpha * y + 1.0) * weight * weight
    sums[0], sums[1], sums[2] = value, slope, curve


@inner
def _exact(kind: int, x: Floats, k: int, n: int, count: float, alpha: float, g: int, tables: Tables) -> float:
    """Largest ratio of segment k..n over sizes beyond grid[g]: Newton's method on the slope, kept within a bracket."""
    grid, work = tables[2], tables[3]
    sign = 1.0 if grid[1] > 0.0 else -1.0
    low = grid[g]
    high = grid[g + 1] if g + 1 < _GRID else 2.0 * low
    for _ in range(40):
        _segment(kind, x, k, n, count, alpha, high, work)
        if sign * work[1] <= 0.0 or (abs(high) > 300.0 and kind != EPIDEMIC):
            break
        low, high = high, 2.0 * high
    size = 0.5 * (low + high)
    for _ in range(200):
        _segment(kind, x, k, n, count, alpha, size, work)
        if sign * work[1] > 0.0:
            low = size
        else:
            high = size
        step = -work[1] / work[2] if work[2] < 0.0 else np.inf
        inside = min(low, high) < size + step < max(low, high)
        if abs(step) <= 1e-9 * max(1.0, abs(size)) or abs(high - low) <= 1e-12 * max(1.0, abs(size)):
            break
        size = size + step if inside else 0.5 * (low + high)
    return max(float(work[0]), 0.0)


@inner
def _keep(kept: Ints, k: int, sums: Floats, up: bool) -> None:
    """Add week k to the weeks in which the best change may have begun, and drop those that it outdoes for ever.

    Week j is outdone by a later k if weeks j..k-1 have no positive slope at no change: their ratio, concave, is never
    above 0. kept[0] is how many there are, kept[1:] the weeks.
    """
    sign = 1.0 if up else -1.0
    while kept[0] > 0 and sign * (sums[_SLOPE, k, 0] - sums[_SLOPE, kept[kept[0]], 0]) <= 0.0:
        kept[0] -= 1
    kept[0] += 1
    kept[kept[0]] = k


@inner
def _statistic(kind: int, x: Floats, first: int, n: int, alpha: float, kept: Ints, tables: Tables) -> float:
    """Largest ratio of the segments k..n that begin in a kept week from *first* on."""
    best = 0.0
    tables[3][_AT] = 0.0
    for j in range(kept[0], 0, -1):
        if kept[j] < first:
            break
        bound, g = _bound(kept[j], n, x[COUNT, n], tables)
        if bound > best:
            best = max(best, _exact(kind, x, kept[j], n, x[COUNT, n], alpha, g, tables))
    return best


@inner
def _one_sided(size: float, up: bool) -> float:
    """The size if it is a change in this direction, else (not a number among them) 0."""
    return size if (size > 0.0 if up else size < 0.0) else 0.0


@inner
def _as_reference(kind: int, x: Floats, span: tuple[int, int, int], alpha: float, up: bool) -> float:
    """The statistic as R has it, whose Newton iterations start where the segment before ended and may run away.

    Iterations are on log sizes. For the autoregressive part they stay put once a segment had none (log size below -18).
    """
    first, last, n = span
    best = 0.0
    found = 0.5
    sums = np.empty(3)
    for k in range(first, last + 1):
        old, new = (2.0, math.log(found)) if kind == EPIDEMIC else (0.4, found)
        for _ in range(1000):
            moved = math.exp(new) - math.exp(old) if kind == EPIDEMIC else new - old
            if not (new > -18.0 and abs(moved) > 1e-6):
                break
            old = new
            size = math.exp(old) if kind == EPIDEMIC else old
            _segment(kind, x, k, n, x[COUNT, n], alpha, size, sums)
            # slope and curvature with respect to the log size, of which the intercept chart's size is one
            slope = size * sums[1] if kind == EPIDEMIC else sums[1]
            curve = slope + size * size * sums[2] if kind == EPIDEMIC else sums[2]
            new = old - slope / curve
        found = math.exp(new) if kind == EPIDEMIC else _one_sided(new, up)
        _segment(kind, x, k, n, x[COUNT, n], alpha, found, sums)
        best = sums[0] if sums[0] > best else best
    return best


@inner
def _reaches(kind: int, x: Floats, k: int, n: int, count: float, alpha: float, limit: float, tables: Tables) -> bool:
    """Whether the ratio of segment k..n, with this last count, reaches *limit*."""
    bound, g = _bound(k, n, count, tables)
    return bound >= limit and _exact(kind, x, k, n, count, alpha, g, tables) >= limit


@inner
def _enough(kind: int, x: Floats, k: int, n: int, alpha: float, limit: float, tables: Tables) -> float:
    """A count, not the smallest, with which segment k..n reaches *limit*; inf where the count makes no difference."""
    if tables[1][_SLOPE, _PER_CASE, 0] == 0.0:
        return np.inf
    count = float(math.ceil(2.0 * x[MEAN, n])) + 8.0
    while count < MOST and not _reaches(kind, x, k, n, count, alpha, limit, tables):
        count *= 2.0
    return count


@inner
def _fewer(
    kind: int, x: Floats, k: int, n: int, best: float, alpha: float, limit: float, up: bool, tables: Tables
) -> float:
    """Smallest count with which segment k..n reaches *limit* (*up*), if below *best*; or does not, if above *best*."""
    low, high = (-1.0, best - 1.0) if up else (best, best + 1.0)
    if best == np.inf:
        high = _enough(kind, x, k, n, alpha, limit, tables)
        if high == np.inf:
            return 0.0 if _reaches(kind, x, k, n, 0.0, alpha, limit, tables) else best
    elif (up and best == 0.0) or not _reaches(kind, x, k, n, best - 1.0 if up else best, alpha, limit, tables):
        return best
    while not up and high < MOST and _reaches(kind, x, k, n, high, alpha, limit, tables):
        low, high = high, 2.0 * high
    while high - low > 1.0:
        middle = float(math.floor((low + high) / 2.0))
        if _reaches(kind, x, k, n, middle, alpha, limit, tables) == up:
            high = middle
        else:
            low = middle
    return high


@inner
def _cases(
    kind: int, x: Floats, first: int, n: int, alpha: float, limit: float, up: bool, kept: Ints, tables: Tables
) -> float:
    """Smallest count of week n with which a segment's ratio reaches *limit* (*up*), or none does; NaN: there is none."""
    best = np.inf if up else 0.0
    for j in range(kept[0], 0, -1):
        if kept[j] < first:
            break
        best = _fewer(kind, x, kept[j], n, best, alpha, limit, up, tables)
    return best if best < np.inf else np.nan


@inner
def _known(counts: Floats, means: Floats, start: int, x: Floats, weeks: NDArray[np.int64]) -> int:
    """Copy the known weeks from *start* on into *x*; returns how many."""
    m = 0
    for t in range(start, counts.size):
        if counts[t] >= 0.0 and means[t] > 0.0:
            x[COUNT, m], x[MEAN, m] = counts[t], means[t]
            x[BEFORE, m] = x[COUNT, m - 1] if m > 0 else 0.0
            weeks[m] = t
            m += 1
    return m


@inner
def _running(kind: int, x: Floats, n: int, alpha: float, tables: Tables) -> None:
    """Fill week n's parts and the running sums after it."""
    sums, now, grid, _ = tables
    parts = np.empty((2, 2))
    for g in range(_GRID):
        _week(kind, x[MEAN, n], x[BEFORE, n], alpha, grid[g], parts)
        for part in range(2):
            now[part, _PER_CASE, g], now[part, _REST, g] = parts[part, _PER_CASE], parts[part, _REST]
            added = x[COUNT, n] * parts[part, _PER_CASE] + parts[part, _REST]
            sums[part, n + 1, g] = sums[part, n, g] + added


@inner
def _judged(
    kind: int, x: Floats, span: tuple[int, int, int], alpha: float, limit: float, up: bool, reference: bool,
    kept: Ints, tables: Tables,
) -> tuple[float, float]:  # fmt: skip
    """(statistic, smallest count with an alarm, or without one where drops are looked for) of the last week."""
    first, last, n = span
    if kind == POISSON:
        return poisson.judged(x, first, last, n, limit, up, reference)
    _keep(kept, last, tables[0], up)
    cases = _cases(kind, x, first, n, alpha, limit, up, kept, tables)
    if reference:
        return _as_reference(kind, x, span, alpha, up), cases
    return _statistic(kind, x, first, n, alpha, kept, tables), cases


@outer
def chart(
    kind: int, counts: Floats, means: Floats, alphas: Floats, start: int, limit: float, up: bool,
    window: tuple[int, int, int], reference: bool, first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Charts of regions first..last-1 from week *start* on, started again after each alarm.

    counts, means: (R, T), NaN unknown; unknown weeks are passed over. alphas: (R,) dispersions. window: weeks that a
    segment reaches back (below 0: to the start), its fewest weeks, weeks passed over after a start. reference: answer
    as R does. out: (R, T, 3).
    """
    reach, shortest, wait = window
    weeks, kept = np.empty(counts.shape[1], np.int64), np.zeros(counts.shape[1] + 1, np.int64)
    x, grid, work = np.empty((3, counts.shape[1])), np.empty(_GRID), np.zeros(4)
    tables = (np.zeros((2, counts.shape[1] + 1, _GRID)), np.zeros((2, 2, _GRID)), grid, work)
    for r in range(first, last):
        each = POISSON if kind == NEGATIVE_BINOMIAL and not alphas[r] > 0.0 else kind
        _sizes(each, up, grid)
        begin = kept[0] = 0
        for n in range(_known(counts[r], means[r], start, x, weeks)):
            if each != POISSON:
                _running(each, x, n, alphas[r], tables)
            here = out[r, weeks[n]]
            here[STATISTIC] = here[ALARM] = 0.0
            if n - begin < wait:
                continue
            span = (begin if reach < 0 else max(begin, n - reach), n - shortest + 1, n)
            here[STATISTIC], here[CASES] = _judged(each, x, span, alphas[r], limit, up, reference, kept, tables)
            if here[STATISTIC] > limit or (each != EPIDEMIC and here[STATISTIC] == limit):
                here[ALARM] = 1.0
                begin = n + 1
                kept[0] = 0

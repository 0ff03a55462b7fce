"""The arithmetic of Farrington flexible, compiled: quasi-Poisson fits of many region-weeks that share a design.

The design (baseline rows sorted by season level, and their times) belongs to the judged week, not to the region, and
X'WX has the shape of an arrow: one diagonal entry per season level and one row for the slope. A step of the iteration
is therefore a few sums per level and one Schur complement, hat values have a closed form, and exp(slope * time) comes
from a table of powers, so no row needs an exponential of its own.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analytics.models.farrington_tails import Compile

Floats = NDArray[np.float64]
Ints = NDArray[np.uint32]
Starts = NDArray[np.uint64]
Spans = NDArray[np.int32]
Flags = NDArray[np.bool_]

JUDGED, SKIPPED, FEW_KNOWN, ALL_ZERO, SPARSE_BLOCK, NOT_CONVERGED = range(6)
"""Codes of what became of a cell."""
MEAN, PHI, ERROR, SLOPE, KNOWN, CODE = range(6)
"""Planes of the output: mean, dispersion, standard error of log mean, trend per week (NaN: none), known rows, code."""
SMALLEST = 2.220446049250313e-16
"""Floor of a fitted mean, as in R."""
_STEPS, _CLOSE = 25, 1e-8
_COUNT, _FIRST, _ENTROPY, _SIZE, _OMEGA, _WEIGHT, _FITTED, _RESIDUAL, _TIME = range(9)
_LOG, _BEFORE, _SUM, _WHOLE, _MOMENT, _CENTRE, _PULL, _COUNTS = range(8)
# Serial and free of the GIL: threads share the regions, and there is one cache entry. Parts with one caller are written
# into it, since each level of calls would be optimised again at every level above.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
_PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **_OPTIONS}
_inner: Compile = njit(**_PART)
_spliced: Compile = njit(inline="always", **_PART)
_outer: Compile = njit(cache=True, nogil=True, **_OPTIONS)


@_inner
def _tabulate(counts: Floats, sizes: Floats, r: int, span: Spans, table: Floats) -> None:
    """Fill *table* with what each count contributes to a fit whatever the fit is; *sizes* is empty without offset."""
    for i in range(span[0, 0], span[-1, 1] + 1):
        y = counts[r, i]
        size = sizes[r, i] if sizes.size > 0 else 1.0
        if not size > 0.0:
            y = np.nan
        offset = math.log(size)
        table[_COUNT, i] = y
        table[_FIRST, i] = (y + 0.1) * (math.log(y + 0.1) - offset) - 0.1
        table[_ENTROPY, i] = y * (math.log(y) - 1.0 - offset) if y > 0.0 else 0.0
        table[_SIZE, i] = size


@_inner
def _gather(
    table: Floats, design: Ints, bounds: Ints, w: int, origin: int, rows: Floats, times: Ints, starts: Starts
) -> None:
    """Copy the known rows of a design, level by level, into *rows*; *starts* marks where each level begins."""
    n = 0
    starts[0] = 0
    for level in range(starts.size - 1):
        for k in range(bounds[w, level], bounds[w, level + 1]):
            i = design[w, k]
            if table[_COUNT, i] >= 0.0:
                rows[_COUNT, n] = table[_COUNT, i]
                rows[_FIRST, n] = table[_FIRST, i]
                rows[_ENTROPY, n] = table[_ENTROPY, i]
                rows[_SIZE, n] = table[_SIZE, i]
                times[n] = i - origin
                n += 1
        starts[level + 1] = n


@_inner
def _powers(rate: float, reach: int, powers: Floats) -> None:
    """powers[j] = exp(rate * (j - reach / 2)); eight chains of products, so rounding stays near 1e-14."""
    for j in range(8):
        powers[j] = math.exp(rate * (j - 0.5 * reach))
    leap = math.exp(8.0 * rate)
    for j in range(8, reach + 8):
        powers[j] = powers[j - 8] * leap


@_inner
def _start(rows: Floats, starts: Starts, levels: Floats) -> tuple[float, float, float, float]:
    """Level sums of the first step, from means y + 0.1; (squared times, moment, times of the counts, constant)."""
    square = moment = counted = constant = 0.0
    for level in range(starts.size - 1):
        s0 = s1 = r0 = y0 = 0.0
        for i in range(starts[level], starts[level + 1]):
            y = rows[_OMEGA, i] * rows[_COUNT, i]
            w = y + 0.1 * rows[_OMEGA, i]
            r = rows[_OMEGA, i] * rows[_FIRST, i]
            t = rows[_TIME, i]
            s0 += w
            s1 += w * t
            r0 += r
            y0 += y
            square += w * t * t
            moment += r * t
            counted += y * t
            constant += rows[_OMEGA, i] * rows[_ENTROPY, i]
        levels[_SUM, level], levels[_MOMENT, level], levels[_PULL, level] = s0, s1, r0
        levels[_COUNTS, level], levels[_LOG, level] = y0, 0.0
    return square, moment, counted, constant


@_inner
def _solve(starts: Starts, levels: Floats, square: float, moment: float, trend: bool) -> tuple[float, float]:
    """One weighted least-squares step: updates the level logs; returns (change of slope, Schur complement)."""
    spread, pull = square, moment
    for level in range(starts.size - 1):
        if starts[level + 1] > starts[level]:
            levels[_CENTRE, level] = levels[_MOMENT, level] / levels[_SUM, level]
            levels[_WHOLE, level] = levels[_SUM, level]
            spread -= levels[_MOMENT, level] * levels[_CENTRE, level]
            pull -= levels[_PULL, level] * levels[_CENTRE, level]
    step = pull / spread if trend else 0.0
    for level in range(starts.size - 1):
        if starts[level + 1] > starts[level]:
            change = levels[_PULL, level] / levels[_WHOLE, level] - step * levels[_CENTRE, level]
            levels[_BEFORE, level] = levels[_LOG, level]
            levels[_LOG, level] += change
    return step, spread


@_inner
def _sums(rows: Floats, times: Ints, starts: Starts, levels: Floats, powers: Floats) -> float:
    """Level sums of the weights at the present coefficients; returns their weighted squared times."""
    square = 0.0
    for level in range(starts.size - 1):
        factor = math.exp(levels[_LOG, level])
        s0 = s1 = 0.0
        for i in range(starts[level], starts[level + 1]):
            mu = factor * powers[times[i]] * rows[_SIZE, i]
            w = rows[_OMEGA, i] * (mu if mu > SMALLEST else SMALLEST)
            t = rows[_TIME, i]
            s0 += w
            s1 += w * t
            square += w * t * t
        levels[_SUM, level], levels[_MOMENT, level], levels[_PULL, level] = s0, s1, levels[_COUNTS, level] - s0
    return square


@_inner
def _fill(rows: Floats, times: Ints, starts: Starts, levels: Floats, before: bool, powers: Floats) -> None:
    """Fill fitted means from the level logs, or from those of the step before."""
    for level in range(starts.size - 1):
        factor = math.exp(levels[_BEFORE, level] if before else levels[_LOG, level])
        for i in range(starts[level], starts[level + 1]):
            mu = factor * powers[times[i]] * rows[_SIZE, i]
            rows[_FITTED, i] = mu if mu > SMALLEST else SMALLEST


@_inner
def _exact_deviance(rows: Floats, times: Ints, starts: Starts, levels: Floats, powers: Floats) -> float:
    """The deviance, summed from each row's own."""
    _fill(rows, times, starts, levels, False, powers)
    total = 0.0
    for i in range(starts[-1]):
        y, mu = rows[_COUNT, i], rows[_FITTED, i]
        total += rows[_OMEGA, i] * ((y * math.log(y / mu) if y > 0.0 else 0.0) - (y - mu))
    return 2.0 * total


@_inner
def _finish(
    rows: Floats, times: Ints, starts: Starts, levels: Floats, powers: Floats,
    at: tuple[float, float], reach: int, trend: bool,
) -> None:  # fmt: skip
    """Fill working weights, from the means before the last step, then means and residuals."""
    slope, slope_before = at
    if trend:
        _powers(slope_before, reach, powers)
    _fill(rows, times, starts, levels, True, powers)
    for i in range(starts[-1]):
        rows[_WEIGHT, i] = rows[_OMEGA, i] * rows[_FITTED, i]
    if trend:
        _powers(slope, reach, powers)
    _fill(rows, times, starts, levels, False, powers)
    for i in range(starts[-1]):
        rows[_RESIDUAL, i] = rows[_COUNT, i] - rows[_FITTED, i]


@_inner
def _from_sums(levels: Floats, constant: float, counted: float) -> tuple[float, float, float]:
    """(deviance, moment of the residuals, sum of weighted counts) from the level sums."""
    total = 0.0
    for level in range(levels.shape[1]):
        total += levels[_COUNTS, level]
        constant += levels[_SUM, level] - levels[_LOG, level] * levels[_COUNTS, level]
        counted -= levels[_MOMENT, level]
    return 2.0 * constant, counted, total


@_spliced
def _iterate(
    rows: Floats, times: Ints, starts: Starts, levels: Floats, powers: Floats, reach: int, trend: bool
) -> tuple[float, float, bool]:
    """Iteratively reweighted least squares, started and stopped as R's glm; returns (slope, Schur complement, done).

    The deviance is a constant plus sums per level; where that would cancel too many digits it is summed by row.
    """
    square, moment, counted, constant = _start(rows, starts, levels)
    for j in range(reach + 8):
        powers[j] = 1.0
    slope = slope_before = spread = 0.0
    before = np.inf
    done = False
    for _ in range(_STEPS):
        step, spread = _solve(starts, levels, square, moment, trend)
        slope_before = slope
        slope += step
        if trend:
            _powers(slope, reach, powers)
        square = _sums(rows, times, starts, levels, powers)
        deviance, moment, total = _from_sums(levels, constant - slope * counted, counted)
        if total > 1e6 or deviance < 1.0:
            deviance = _exact_deviance(rows, times, starts, levels, powers)
        done = abs(deviance - before) / (abs(deviance) + 0.1) < _CLOSE
        if done:
            break
        before = deviance
    _finish(rows, times, starts, levels, powers, (slope, slope_before), reach, trend)
    return slope, spread, done


@_inner
def _dispersions(rows: Floats, n: int) -> tuple[float, float]:
    """Sums of squared relative residuals under the working weights, and under the prior weights."""
    working = 0.0
    prior = 0.0
    for i in range(n):
        relative = rows[_RESIDUAL, i] / rows[_FITTED, i]
        working += rows[_WEIGHT, i] * relative * relative
        prior += rows[_OMEGA, i] * relative * relative
    return working, prior


@_inner
def _downweight(
    rows: Floats, starts: Starts, levels: Floats, spread: float, phi: float, threshold: float, trend: bool
) -> bool:
    """Give outbreak weeks the weight s^-2, s their Anscombe residual; False if there are none (weights stay 1)."""
    n = starts[-1]
    total = 1.0 * n
    inverse = 1.0 / spread if trend else 0.0
    for level in range(starts.size - 1):
        whole = 1.0 / levels[_WHOLE, level]
        for i in range(starts[level], starts[level + 1]):
            residual, mu = rows[_RESIDUAL, i], rows[_FITTED, i]
            away = rows[_TIME, i] - levels[_CENTRE, level]
            free = phi * (1.0 - rows[_WEIGHT, i] * (whole + away * away * inverse))
            # an Anscombe residual is below the Pearson residual, which needs no root
            if residual > 0.0 and residual * residual > 0.999 * threshold * threshold * free * mu:
                root = mu ** (1.0 / 6.0)
                s = 1.5 * (rows[_COUNT, i] ** (2.0 / 3.0) / root - root * root * root) / math.sqrt(free)
                if s > threshold:
                    rows[_OMEGA, i] = 1.0 / (s * s)
                    total += rows[_OMEGA, i] - 1.0
    if total == 1.0 * n:
        return False
    for i in range(n):
        rows[_OMEGA, i] *= n / total
    return True


@_inner
def _reset(rows: Floats, n: int) -> bool:
    """Set every prior weight to 1; returns that rows are not weighted."""
    for i in range(n):
        rows[_OMEGA, i] = 1.0
    return False


@_inner
def _largest(rows: Floats, n: int) -> float:
    """The largest count of the baseline."""
    largest = 0.0
    for i in range(n):
        largest = rows[_COUNT, i] if rows[_COUNT, i] > largest else largest
    return largest


@_inner
def _free(starts: Starts, trend: bool) -> float:
    """Degrees of freedom left by the levels that have rows, and the trend."""
    free: float = 1.0 * starts[-1] - (1.0 if trend else 0.0)
    for level in range(starts.size - 1):
        if starts[level + 1] > starts[level]:
            free -= 1.0
    return free


@_spliced
def _judge(
    rows: Floats, times: Ints, starts: Starts, levels: Floats, powers: Floats,
    reach: int, size: float, critical: Floats, rules: tuple[bool, bool, float], out: Floats, r: int, w: int,
) -> int:  # fmt: skip
    """Fit one cell and predict the judged week; returns its code.

    Up to four fits: with trend, again with outbreaks weighted down, and both without the trend if it is not kept. An
    unconverged first fit drops the trend; whether the weighted fit converged is not asked. Errors use the prior weights
    in place of the working ones after reweighting. All as R does.
    """
    trend, reweight, threshold = rules
    n = starts[-1]
    last = starts.size - 2
    ahead = 0.5 * reach
    for i in range(n):
        rows[_TIME, i] = times[i] - ahead
    weighted = _reset(rows, n)
    while True:
        slope, spread, done = _iterate(rows, times, starts, levels, powers, reach, trend)
        if not done and not weighted:
            if not trend:
                return NOT_CONVERGED
            trend = False
            continue
        working, prior = _dispersions(rows, n)
        free = _free(starts, trend)
        phi = working / free if working > free else 1.0
        if reweight and not weighted and _downweight(rows, starts, levels, spread, phi, threshold, trend):
            weighted = True
            continue
        error = (prior if reweight else working) / free
        log_mean = levels[_LOG, last] + (slope * ahead if trend else 0.0)
        if not trend:
            break
        significant = abs(slope) > critical[np.int64(free)] * math.sqrt(error / spread)
        if significant and math.exp(log_mean) * size <= _largest(rows, n):
            break
        trend = weighted = _reset(rows, n)
    away = ahead - levels[_CENTRE, last]
    out[r, w, MEAN] = math.exp(log_mean) * size
    out[r, w, PHI] = phi
    out[r, w, ERROR] = math.sqrt(error * (1.0 / levels[_WHOLE, last] + (away * away / spread if trend else 0.0)))
    out[r, w, SLOPE] = slope if trend else np.nan
    return JUDGED


@_inner
def _refusal(rows: Floats, starts: Starts, planned: int, least: tuple[float, float]) -> int:
    """Code of why a gathered baseline can't be judged; *least* is (share of known rows, incidents in its block)."""
    n = starts[-1]
    first, last = starts[-2], starts[-1]
    if n <= starts.size or last == first or n < least[0] * planned:
        return FEW_KNOWN
    if least[1] > 0.0 and _largest(rows, n) == 0.0:
        return ALL_ZERO
    block = 0.0
    for i in range(first, last):
        block += rows[_COUNT, i]
    return SPARSE_BLOCK if block < least[1] else JUDGED


@_outer
def judge(
    counts: Floats, sizes: Floats, design: Ints, bounds: Ints, span: Spans, wanted: Flags, critical: Floats,
    rules: tuple[bool, bool, float], least: tuple[float, float], first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Fit the wanted cells of regions first..last-1.

    counts: (R, T), NaN unknown; sizes: (R, T) population, or (R, 0). design: (W, n) baseline rows sorted by level, and
    bounds: (W, levels + 1) where each level begins. span: (W, 2) earliest baseline row, judged row, ascending. wanted:
    (R, W).
    critical: (n + 1,) what |slope| must exceed, in standard errors, by degrees of freedom. rules: trend, reweight,
    reweight threshold. least: as `_refusal`. out: (R, W, 6), the planes named in this module.
    """
    n = design.shape[1]
    table = np.empty((_OMEGA, counts.shape[1]))
    rows = np.empty((9, n))
    times = np.empty(n, np.uint32)
    starts = np.empty(bounds.shape[1], np.uint64)
    levels = np.zeros((8, bounds.shape[1] - 1))
    powers = np.empty(counts.shape[1] + 8)
    for r in range(first, last):
        _tabulate(counts, sizes, r, span, table)
        for w in range(span.shape[0]):
            if not wanted[r, w]:
                out[r, w, CODE] = SKIPPED
                continue
            origin, now = span[w, 0], span[w, 1]
            _gather(table, design, bounds, w, origin, rows, times, starts)
            out[r, w, KNOWN] = starts[-1]
            code = _refusal(rows, starts, bounds[w, -1], least)
            out[r, w, CODE] = code
            if code == JUDGED:
                out[r, w, CODE] = _judge(
                    rows, times, starts, levels, powers, now - origin, table[_SIZE, now], critical, rules, out, r, w
                )

"""The arithmetic of Farrington flexible, compiled: quasi-Poisson fits of many region-weeks that share a design.

The design (baseline rows sorted by season level, and their times) belongs to the judged week, not to the region, and
X'WX has the shape of an arrow: one diagonal entry per season level and one row for the slope. A step of the iteration
is therefore a few sums per level and one Schur complement, hat values have a closed form, and exp(slope * time) comes
from a table of powers, so no row needs an exponential of its own.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

JUDGED, SKIPPED, FEW_KNOWN, ALL_ZERO, SPARSE_BLOCK, NOT_CONVERGED = range(6)
"""Codes of what became of a cell."""
MEAN, PHI, ERROR, SLOPE, KNOWN, CODE = range(6)
"""Planes of the output: mean, dispersion, standard error of log mean, trend per week (NaN: none), known rows, code."""

_SMALLEST = 2.220446049250313e-16
_STEPS = 25
_CLOSE = 1e-8
_COUNT, _FIRST, _ENTROPY, _CUBE, _SIZE, _SIXTH, _OMEGA, _WEIGHT, _FITTED, _RESIDUAL, _TIME = range(11)
_LOG, _SUM, _CENTRE, _PULL = range(4)


def _compiled(function: Function) -> Function:
    """*function* compiled once, serially, cached and free of the GIL; sums may be reordered, NaN and inf are kept."""
    compiled: Function = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})(
        function
    )
    return compiled


@_compiled
def _tabulate(counts: Floats, sizes: Floats, first: int, last: int, table: Floats) -> None:
    """Fill *table* with what each count contributes to a fit whatever the fit is; *sizes* is empty without offset."""
    for i in range(first, last):
        y = counts[i]
        size = sizes[i] if sizes.size > 0 else 1.0
        if not size > 0.0:
            y = np.nan
        offset = math.log(size) if size != 1.0 else 0.0
        table[_COUNT, i] = y
        table[_FIRST, i] = (y + 0.1) * (math.log(y + 0.1) - offset) - 0.1
        table[_ENTROPY, i] = y * (math.log(y) - 1.0 - offset) if y > 0.0 else 0.0
        table[_CUBE, i] = y ** (2.0 / 3.0)
        table[_SIZE, i] = size
        table[_SIXTH, i] = size ** (1.0 / 6.0) if size != 1.0 else 1.0


@_compiled
def _gather(table: Floats, design: Ints, bounds: Ints, origin: int, rows: Floats, times: Ints, starts: Ints) -> None:
    """Copy the known rows of a design, level by level, into *rows*; *starts* marks where each level begins."""
    n = 0
    starts[0] = 0
    for level in range(starts.size - 1):
        for k in range(bounds[level], bounds[level + 1]):
            i = design[k]
            if table[_COUNT, i] >= 0.0:
                for item in range(_OMEGA):
                    rows[item, n] = table[item, i]
                times[n] = i - origin
                n += 1
        starts[level + 1] = n


@_compiled
def _powers(rate: float, centre: float, powers: Floats) -> None:
    """powers[j] = exp(rate * (j - centre)); eight chains of products, so rounding stays near 1e-14."""
    head = min(8, powers.size)
    for j in range(head):
        powers[j] = math.exp(rate * (j - centre))
    leap = math.exp(8.0 * rate)
    for j in range(8, powers.size):
        powers[j] = powers[j - 8] * leap


@_compiled
def _solve(rows: Floats, starts: Ints, levels: Floats, trend: bool) -> tuple[float, float]:
    """One weighted least-squares step: updates the level logs; returns (change of slope, Schur complement)."""
    spread = 0.0
    pull = 0.0
    for level in range(starts.size - 1):
        s0 = s1 = s2 = r0 = r1 = 0.0
        for i in range(starts[level], starts[level + 1]):
            w = rows[_OMEGA, i] * rows[_FITTED, i]
            r = rows[_OMEGA, i] * rows[_RESIDUAL, i]
            t = rows[_TIME, i]
            rows[_WEIGHT, i] = w
            s0 += w
            s1 += w * t
            s2 += w * t * t
            r0 += r
            r1 += r * t
        if starts[level + 1] > starts[level]:
            levels[_SUM, level], levels[_CENTRE, level], levels[_PULL, level] = s0, s1 / s0, r0 / s0
            spread += s2 - s1 * s1 / s0
            pull += r1 - r0 * s1 / s0
    step = pull / spread if trend else 0.0
    for level in range(starts.size - 1):
        if starts[level + 1] > starts[level]:
            levels[_LOG, level] += levels[_PULL, level] - step * levels[_CENTRE, level]
    return step, spread


@_compiled
def _deviance(rows: Floats, times: Ints, starts: Ints, levels: Floats, slope: float, powers: Floats) -> float:
    """Fill fitted means and residuals from the coefficients; returns the deviance."""
    total = 0.0
    size = 0.0
    for level in range(starts.size - 1):
        log_level = levels[_LOG, level]
        factor = math.exp(log_level)
        for i in range(starts[level], starts[level + 1]):
            mu = max(factor * powers[times[i]] * rows[_SIZE, i], _SMALLEST)
            y = rows[_COUNT, i]
            rows[_FITTED, i] = mu
            rows[_RESIDUAL, i] = y - mu
            total += rows[_OMEGA, i] * (rows[_ENTROPY, i] + mu - y * (log_level + slope * rows[_TIME, i]))
            size += y
    if size > 1e6:  # the sum above cancels what large counts have in common: too much of it for the stopping rule
        total = 0.0
        for i in range(starts[-1]):
            y, mu = rows[_COUNT, i], rows[_FITTED, i]
            total += rows[_OMEGA, i] * ((y * math.log(y / mu) if y > 0.0 else 0.0) - rows[_RESIDUAL, i])
    return 2.0 * total


@_compiled
def _iterate(
    rows: Floats, times: Ints, starts: Ints, levels: Floats, powers: Floats, centre: float, trend: bool
) -> tuple[float, float, bool]:
    """Iteratively reweighted least squares, started and stopped as R's glm; returns (slope, Schur complement, done).

    Weights, level sums and the Schur complement stay those of the last step, made from the means before it.
    """
    n = starts[-1]
    for i in range(n):
        rows[_FITTED, i] = rows[_COUNT, i] + 0.1
        rows[_RESIDUAL, i] = rows[_FIRST, i]
    levels[_LOG, :] = 0.0
    powers[:] = 1.0
    slope = 0.0
    before = np.inf
    for _ in range(_STEPS):
        step, spread = _solve(rows, starts, levels, trend)
        slope += step
        if trend:
            _powers(slope, centre, powers)
        deviance = _deviance(rows, times, starts, levels, slope, powers)
        if abs(deviance - before) / (abs(deviance) + 0.1) < _CLOSE:
            return slope, spread, True
        before = deviance
    return slope, spread, False


@_compiled
def _dispersion(rows: Floats, n: int, weights: int) -> float:
    """Sum of squared relative residuals under the weights in row *weights*."""
    total = 0.0
    for i in range(n):
        relative = rows[_RESIDUAL, i] / rows[_FITTED, i]
        total += rows[weights, i] * relative * relative
    return total


@_compiled
def _downweight(
    rows: Floats, times: Ints, starts: Ints, levels: Floats, powers: Floats,
    slope: float, spread: float, centre: float, phi: float, threshold: float, trend: bool,
) -> bool:  # fmt: skip
    """Give outbreak weeks the weight s^-2, s their Anscombe residual; False if there are none (weights stay 1)."""
    n = starts[-1]
    if trend:
        _powers(slope / 6.0, centre, powers)
    total = float(n)
    for level in range(starts.size - 1):
        factor = math.exp(levels[_LOG, level] / 6.0)
        for i in range(starts[level], starts[level + 1]):
            if rows[_RESIDUAL, i] > 0.0:
                root = factor * powers[times[i]] * rows[_SIXTH, i]
                away = rows[_TIME, i] - levels[_CENTRE, level]
                hat = rows[_WEIGHT, i] * (1.0 / levels[_SUM, level] + (away * away / spread if trend else 0.0))
                s = 1.5 * (rows[_CUBE, i] / root - root * root * root) / math.sqrt(phi * (1.0 - hat))
                if s > threshold:
                    rows[_OMEGA, i] = 1.0 / (s * s)
                    total += rows[_OMEGA, i] - 1.0
    if total == float(n):
        return False
    for i in range(n):
        rows[_OMEGA, i] *= n / total
    return True


@_compiled
def _free(starts: Ints, trend: bool) -> int:
    """Degrees of freedom left by the levels that have rows, and the trend."""
    free = starts[-1] - int(trend)
    for level in range(starts.size - 1):
        free -= int(starts[level + 1] > starts[level])
    return free


@_compiled
def _fit(
    rows: Floats, times: Ints, starts: Ints, levels: Floats, powers: Floats,
    centre: float, trend: bool, reweight: bool, threshold: float,
) -> tuple[bool, bool, float, float, float, float]:  # fmt: skip
    """Fit, and fit again with outbreaks weighted down.

    Returns (converged, trend kept, slope, Schur complement, dispersion, dispersion that R takes for errors).
    """
    n = starts[-1]
    rows[_OMEGA, :n] = 1.0
    slope, spread, done = _iterate(rows, times, starts, levels, powers, centre, trend)
    if not done and trend:
        trend = False
        slope, spread, done = _iterate(rows, times, starts, levels, powers, centre, trend)
    if not done:
        return False, trend, slope, spread, 1.0, 1.0
    free = _free(starts, trend)
    phi = _dispersion(rows, n, _WEIGHT) / free
    if reweight:
        floored = max(phi, 1.0)
        if _downweight(rows, times, starts, levels, powers, slope, spread, centre, floored, threshold, trend):
            slope, spread, done = _iterate(rows, times, starts, levels, powers, centre, trend)
            phi = _dispersion(rows, n, _WEIGHT) / free
    error = _dispersion(rows, n, _OMEGA) / free if reweight else phi
    return True, trend, slope, spread, max(phi, 1.0), error


@_compiled
def _judge(
    rows: Floats, times: Ints, starts: Ints, levels: Floats, powers: Floats,
    centre: float, ahead: float, size: float, critical: Floats, rules: tuple[bool, bool, float], out: Floats,
) -> None:  # fmt: skip
    """Fit one cell with the rule that keeps or drops the trend, and predict the judged week."""
    trend, reweight, threshold = rules
    n = starts[-1]
    last = starts.size - 2
    for i in range(n):
        rows[_TIME, i] = times[i] - centre
    done, kept, slope, spread, phi, error = _fit(
        rows, times, starts, levels, powers, centre, trend, reweight, threshold
    )
    if done and kept:
        predicted = math.exp(levels[_LOG, last] + slope * ahead) * size
        significant = abs(slope) > critical[_free(starts, True)] * math.sqrt(error / spread)
        if not (significant and predicted <= rows[_COUNT, :n].max()):
            done, kept, slope, spread, phi, error = _fit(
                rows, times, starts, levels, powers, centre, False, reweight, threshold
            )
    if not done:
        out[CODE] = NOT_CONVERGED
        return
    away = ahead - levels[_CENTRE, last]
    variance = 1.0 / levels[_SUM, last] + (away * away / spread if kept else 0.0)
    out[MEAN] = math.exp(levels[_LOG, last] + (slope * ahead if kept else 0.0)) * size
    out[PHI] = phi
    out[ERROR] = math.sqrt(error * variance)
    out[SLOPE] = slope if kept else np.nan
    out[CODE] = JUDGED


@_compiled
def _refusal(rows: Floats, starts: Ints, planned: int, least: tuple[float, float]) -> int:
    """Code of why a gathered baseline can't be judged; *least* is (share of known rows, incidents in its block)."""
    n = starts[-1]
    first, last = starts[-2], starts[-1]
    if n <= starts.size or last == first or n < least[0] * planned:
        return FEW_KNOWN
    if least[1] > 0.0 and rows[_COUNT, :n].sum() == 0.0:
        return ALL_ZERO
    if rows[_COUNT, first:last].sum() < least[1]:
        return SPARSE_BLOCK
    return JUDGED


@_compiled
def judge(
    counts: Floats, sizes: Floats, design: Ints, bounds: Ints, span: Ints, wanted: Flags, critical: Floats,
    rules: tuple[bool, bool, float], least: tuple[float, float], first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Fit the wanted cells of regions first..last-1.

    counts: (R, T), NaN unknown; sizes: (R, T) population, or (R, 0). design: (W, n) baseline rows sorted by level, and
    bounds: (W, levels + 1) where each level begins. span: (W, 2) earliest baseline row, judged row. wanted: (R, W).
    critical: (n + 1,) what |slope| must exceed, in standard errors, by degrees of freedom. rules: trend, reweight,
    reweight threshold. least: as `_refusal`. out: (R, W, 6), the planes named in this module.
    """
    n = design.shape[1]
    table = np.empty((_OMEGA, counts.shape[1]))
    rows = np.empty((11, n))
    times = np.empty(n, np.int32)
    starts = np.empty(bounds.shape[1], np.int32)
    levels = np.zeros((4, bounds.shape[1] - 1))
    powers = np.empty(counts.shape[1] + 1)
    earliest, latest = span[:, 0].min(), span[:, 1].max()
    for r in range(first, last):
        _tabulate(counts[r], sizes[r], earliest, latest + 1, table)
        for w in range(span.shape[0]):
            if not wanted[r, w]:
                out[r, w, CODE] = SKIPPED
                continue
            origin, now = span[w, 0], span[w, 1]
            _gather(table, design[w], bounds[w], origin, rows, times, starts)
            out[r, w, KNOWN] = starts[-1]
            code = _refusal(rows, starts, bounds[w, -1], least)
            out[r, w, CODE] = code
            if code == JUDGED:
                reach = now - origin
                centre = 0.5 * reach
                size = table[_SIZE, now]
                _judge(
                    rows, times, starts, levels, powers[: reach + 1], centre, reach - centre, size, critical,
                    rules, out[r, w],
                )  # fmt: skip

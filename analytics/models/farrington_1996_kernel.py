"""The arithmetic of Farrington 1996, compiled: an intercept and a slope per region-week."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MEAN, PHI, ERROR, SLOPE = range(4)
"""Planes of the output: mean, dispersion (1 or more), standard error of log mean, trend per week (NaN: none)."""
SMALLEST = 2.220446049250313e-16
"""Floor of a fitted mean, as in R."""
_STEPS = 25
_CLOSE = 1e-8
_COUNT, _TIME, _OMEGA, _WEIGHT, _FITTED, _LOG, _ENTROPY = range(7)
_INTERCEPT, _RATE, _SUM, _CENTRE, _SPREAD = range(5)


@inner
def _deviance(rows: Floats, n: int) -> float:
    """Poisson deviance of the fitted means, with prior weights; y log y - y is kept, unless it would cancel digits."""
    total = size = 0.0
    for i in range(n):
        y, mu = rows[_COUNT, i], rows[_FITTED, i]
        total += rows[_OMEGA, i] * (rows[_ENTROPY, i] - y * rows[_LOG, i] + mu)
        size += rows[_ENTROPY, i]
    if size < 1e6 and total > 0.5:
        return 2.0 * total
    total = 0.0
    for i in range(n):
        y, mu = rows[_COUNT, i], rows[_FITTED, i]
        total += rows[_OMEGA, i] * ((y * math.log(y / mu) if y > 0.0 else 0.0) - (y - mu))
    return 2.0 * total


@inner
def _solve(rows: Floats, n: int, trend: bool, fit: Floats) -> None:
    """One weighted least-squares step; keeps its working weights and sums."""
    total = moment = pull = 0.0
    for i in range(n):
        mu = rows[_FITTED, i]
        weight = rows[_OMEGA, i] * mu
        rows[_WEIGHT, i] = weight
        total += weight
        moment += weight * rows[_TIME, i]
        pull += weight * (rows[_LOG, i] + (rows[_COUNT, i] - mu) / mu)
    centre = moment / total if trend else 0.0
    level = pull / total
    spread = slope = 0.0
    if trend:
        for i in range(n):
            mu = rows[_FITTED, i]
            away = rows[_TIME, i] - centre
            spread += rows[_WEIGHT, i] * away * away
            slope += rows[_WEIGHT, i] * away * (rows[_LOG, i] + (rows[_COUNT, i] - mu) / mu - level)
        slope /= spread
    fit[_INTERCEPT], fit[_RATE] = level - slope * centre, slope
    fit[_SUM], fit[_CENTRE], fit[_SPREAD] = total, centre, spread


@inner
def _iterate(rows: Floats, n: int, trend: bool, fit: Floats) -> bool:
    """Iteratively reweighted least squares, started and stopped as R's glm; whether it converged."""
    for i in range(n):
        rows[_FITTED, i] = rows[_COUNT, i] + 0.1
        rows[_LOG, i] = math.log(rows[_FITTED, i])
    before = _deviance(rows, n)
    for _ in range(_STEPS):
        _solve(rows, n, trend, fit)
        for i in range(n):
            rows[_LOG, i] = fit[_INTERCEPT] + fit[_RATE] * rows[_TIME, i]
            mu = math.exp(rows[_LOG, i]) if trend or i == 0 else rows[_FITTED, 0]
            rows[_FITTED, i] = mu if mu > SMALLEST else SMALLEST
        deviance = _deviance(rows, n)
        if abs(deviance - before) / (abs(deviance) + 0.1) < _CLOSE:
            return True
        before = deviance
    return False


@inner
def _dispersion(rows: Floats, n: int, trend: bool) -> float:
    """Pearson dispersion under the working weights of the last step."""
    total = 0.0
    used = 0
    for i in range(n):
        relative = (rows[_COUNT, i] - rows[_FITTED, i]) / rows[_FITTED, i]
        total += rows[_WEIGHT, i] * relative * relative
        used += rows[_OMEGA, i] > 0.0
    return total / (used - 1 - int(trend))


@inner
def _leverage(fit: Floats, time: float, trend: bool) -> float:
    """Leverage x' (X'WX)^-1 x of a week at *time*."""
    away = time - fit[_CENTRE]
    return float(1.0 / fit[_SUM] + (away * away / fit[_SPREAD] if trend else 0.0))


@inner
def _downweight(rows: Floats, n: int, fit: Floats, phi: float, threshold: float, trend: bool) -> bool:
    """Give weeks whose Anscombe residual s exceeds *threshold* the weight s^-2; False if there are none."""
    total = float(n)
    for i in range(n):
        mu = rows[_FITTED, i]
        free = 1.0 - rows[_WEIGHT, i] * _leverage(fit, rows[_TIME, i], trend)
        rows[_OMEGA, i] = 1.0
        if rows[_COUNT, i] > mu and free > 1e-14:
            s = 1.5 * (rows[_COUNT, i] ** (2.0 / 3.0) * mu ** (-1.0 / 6.0) - math.sqrt(mu)) / math.sqrt(phi * free)
            if s > threshold:
                rows[_OMEGA, i] = 1.0 / (s * s)
                total += rows[_OMEGA, i] - 1.0
    if total == float(n):
        return False
    for i in range(n):
        rows[_OMEGA, i] *= float(n) / total
    return True


@inner
def _fit(rows: Floats, n: int, trend: bool, rules: tuple[bool, float], fit: Floats) -> tuple[bool, float]:
    """Fit, and fit again with outbreaks weighted down; (whether the trend is still in it, dispersion).

    A trend whose first fit does not converge is dropped; other fits are taken as they are.
    """
    reweight, threshold = rules
    for i in range(n):
        rows[_OMEGA, i] = 1.0
    if not _iterate(rows, n, trend, fit) and trend:
        trend = False
        _iterate(rows, n, trend, fit)
    dispersion = _dispersion(rows, n, trend)
    if reweight and _downweight(rows, n, fit, max(dispersion, 1.0), threshold, trend):
        _iterate(rows, n, trend, fit)
        dispersion = _dispersion(rows, n, trend)
    return trend, dispersion


@inner
def _judge(
    rows: Floats, n: int, trend: bool, critical: Floats, rules: tuple[bool, float], fit: Floats, out: Floats
) -> None:
    """Fit one cell with the trend, without it unless it is significant and predicts no record, and predict time 0."""
    if trend:
        trend, dispersion = _fit(rows, n, True, rules, fit)
        if trend:
            largest = rows[_COUNT, :n].max()
            ahead = math.exp(fit[_INTERCEPT])
            significant = abs(fit[_RATE]) > critical[n] * math.sqrt(dispersion / fit[_SPREAD])
            if not (significant and ahead <= largest):
                trend, dispersion = _fit(rows, n, False, rules, fit)
    else:
        trend, dispersion = _fit(rows, n, False, rules, fit)
    phi = max(dispersion, 1.0)
    out[MEAN] = max(math.exp(fit[_INTERCEPT]), SMALLEST)
    out[PHI] = phi
    out[ERROR] = math.sqrt(phi * _leverage(fit, 0.0, trend))
    out[SLOPE] = fit[_RATE] if trend else np.nan


@outer
def judge(
    counts: Floats, baseline: Ints, judged: Ints, wanted: Flags, trend: bool, critical: Floats,
    rules: tuple[bool, float], first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Fit the wanted cells of regions first..last-1.

    counts: (R, T), NaN unknown. baseline: (W, n) week indexes, below 0 for none. judged: (W,) week indexes. wanted:
    (R, W). critical: (n + 1,) what |slope| must exceed, in standard errors, by number of rows. rules: reweight,
    threshold. out: (R, W, 4), the planes named in this module.
    """
    rows = np.empty((7, baseline.shape[1]))
    fit = np.zeros(5)
    for r in range(first, last):
        for w in range(judged.size):
            n = 0
            for row in baseline[w]:
                if wanted[r, w] and row >= 0 and counts[r, row] >= 0.0:
                    rows[_COUNT, n] = counts[r, row]
                    rows[_ENTROPY, n] = (
                        counts[r, row] * (math.log(counts[r, row]) - 1.0) if counts[r, row] > 0.0 else 0.0
                    )
                    rows[_TIME, n] = float(row - judged[w])
                    n += 1
            if n > 2:
                _judge(rows, n, trend, critical, rules, fit, out[r, w])

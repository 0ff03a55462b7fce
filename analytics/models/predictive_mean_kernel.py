"""The mean of the predictive method, compiled: a Bayesian quasi-Poisson regression of all weeks of the last years."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLUMNS = 6
"""Columns of a design: 1, trend in years of 52 weeks, and cosine and sine of one and two waves a year."""
MEAN, LIMIT, BELOW = range(3)
"""Columns of a bin of weeks: their mean, the largest count kept, the share of the mean that is expected of kept counts."""
_THIRD = 1 / 3
"""Incidents added to those of the baseline, so that the rate is too high as often as too low (Kerman 2011, EJS 5:1450)."""
_STEPS, _CLOSE, _LEAP, _LARGEST_LOG = 15, 1e-3, 1.5, 30.0


@inner
def root(matrix: Floats, factor: Floats) -> bool:
    """Fill the Cholesky root of a matrix; False if it is not positive definite."""
    for i in range(COLUMNS):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = total / factor[j, j]
            elif total > 0.0:
                factor[i, i] = math.sqrt(total)
            else:
                return False
    return True


@inner
def variance(factor: Floats, row: Floats) -> float:
    """Variance row' A^-1 row of a log mean, from the Cholesky root of A."""
    half = np.empty(COLUMNS)
    total = 0.0
    for i in range(COLUMNS):
        value = row[i]
        for k in range(i):
            value -= factor[i, k] * half[k]
        half[i] = value / factor[i, i]
        total += half[i] * half[i]
    return total


@inner
def decided(factor: Floats, precision: Floats) -> float:
    """Number of coefficients that the data decided: 6 less the sum of prior precision times posterior variance."""
    unit = np.zeros(COLUMNS)
    free = 1.0 * COLUMNS
    for a in range(COLUMNS):
        unit[:] = 0.0
        unit[a] = 1.0
        free -= precision[a] * variance(factor, unit)
    return free


@inner
def mean_at(row: Floats, beta: Floats) -> float:
    """Mean at one row of the design."""
    eta = 0.0
    for a in range(COLUMNS):
        eta += beta[a] * row[a]
    return math.exp(min(eta, _LARGEST_LOG))


@inner
def _step(factor: Floats, score: Floats, step: Floats) -> float:
    """Solve for Newton's step; returns its largest entry."""
    for i in range(COLUMNS):
        total = score[i]
        for k in range(i):
            total -= factor[i, k] * step[k]
        step[i] = total / factor[i, i]
    largest = 0.0
    for i in range(COLUMNS - 1, -1, -1):
        total = step[i]
        for k in range(i + 1, COLUMNS):
            total -= factor[k, i] * step[k]
        step[i] = total / factor[i, i]
        largest = max(largest, abs(step[i]))
    return largest


@inner
def _information(
    y: Floats, x: Floats, phi: float, keep: Ints, place: Ints, bins: Floats, beta: Floats, precision: Floats,
    added: Floats, mu: Floats, matrix: Floats, score: Floats,
) -> None:  # fmt: skip
    """Fill means, information and score of the posterior at *beta*; weeks that are not kept count for nothing.

    added: (6,), what the third of an incident adds to the score.
    """
    matrix[:] = 0.0
    for a in range(COLUMNS):
        matrix[a, a] = precision[a]
        score[a] = added[a] - precision[a] * beta[a]
    for i in range(y.size):
        mu[i] = mean_at(x[i], beta)
        if not keep[i]:
            continue
        below = mu[i] * bins[place[i], BELOW]
        w, r = below / phi, (y[i] - below) / phi
        for a in range(COLUMNS):
            score[a] += r * x[i, a]
            for b in range(a + 1):
                matrix[a, b] += w * x[i, a] * x[i, b]


@inner
def fit(
    y: Floats, x: Floats, phi: float, keep: Ints, place: Ints, bins: Floats, precision: Floats,
    beta: Floats, mu: Floats, matrix: Floats, factor: Floats,
) -> bool:  # fmt: skip
    """Posterior mode of the coefficients by Newton's method from *beta*, in place; False if it does not settle.

    y: (n,) counts. x: (n, 6). phi: variance over mean. keep, place: (n,) which weeks are kept, and the bin of each.
    bins: (B, 3). precision: (6,) prior precision of the coefficients. Fills mu (n,) and the Cholesky root of the
    posterior's information.
    """
    score, step, added = np.empty(COLUMNS), np.empty(COLUMNS), np.zeros(COLUMNS)
    for i in range(y.size):
        for a in range(COLUMNS):
            added[a] += x[i, a]
    added *= _THIRD / y.size
    for _ in range(_STEPS):
        _information(y, x, phi, keep, place, bins, beta, precision, added, mu, matrix, score)
        if not root(matrix, factor):
            return False
        largest = _step(factor, score, step)
        shrink = min(1.0, _LEAP / largest) if largest > 0.0 else 1.0
        for a in range(COLUMNS):
            beta[a] += shrink * step[a]
        if largest < _CLOSE:
            return True
    return False

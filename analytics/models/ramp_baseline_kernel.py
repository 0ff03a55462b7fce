"""The baseline of the ramp detector, compiled: one quasi-Poisson regression over all weeks of the last years.

log mu = a (+ trend) (+ one or two waves of a year). Which of them is decided by the Bayesian information criterion of a
least-squares fit to the square roots of the counts, where counts scatter alike at every mean.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer
from analytics.models.count_kernel import count_known, gather_known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PHI, HISTORY, SHARE, MIDDLE, DEVIATION, SKEW = range(6)
"""Planes of the output: dispersion, known weeks before the judged one, variance of the log mean times the mean over
phi; and the posterior mean, deviation and skewness of the dispersion."""
COLUMNS = 6
"""Columns of a design: 1, trend, and cosine and sine of two waves of a year."""
_STEPS, _CLOSE = 30, 1e-7
_LONG_RISE, _TINY, _HUGE = 20.0, 1e-150, 1e150
_PRIOR_PRECISION = 0.25
"""Of trend and waves, on the log scale: a season without an incident stays finite."""
_EXCESS = np.concatenate((np.zeros(1), 0.1 * 1.6 ** np.arange(16.0)))
"""Dispersions less one that are weighed against each other: none, and steps of 60 % from 0.1 to about 100."""
_PRIOR_EXCESS, _PRIOR_NONE = 1.5, 0.1
"""Prior of the dispersion less one: exponential with this mean, and this much for none at all."""
_CAUTION = 3.0
"""Times the posterior's variance, and a deviation at most, is added to its mean.

Tails suffer most from a dispersion taken too small, and in proportion to its variance. A whole deviation where it is well
known makes steep ramps at large means found later.
"""


@inner
def _root(matrix: Floats, used: Ints, root: Floats) -> bool:
    """Fill the Cholesky root of the *used* rows and columns; False if they are not positive definite."""
    for i in range(used.size):
        for j in range(i + 1):
            total = matrix[used[i], used[j]]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            if i > j:
                root[i, j] = total / root[j, j]
            elif total > 1e-12 * matrix[used[i], used[i]]:
                root[i, i] = math.sqrt(total)
            else:
                return False
    return True


@inner
def _solve(matrix: Floats, right: Floats, used: Ints, answer: Floats) -> bool:
    """Solve the system of the *used* rows and columns; False if it is not positive definite."""
    root = np.zeros((used.size, used.size))
    if not _root(matrix, used, root):
        return False
    for i in range(used.size):
        total = right[used[i]]
        for k in range(i):
            total -= root[i, k] * answer[k]
        answer[i] = total / root[i, i]
    for i in range(used.size - 1, -1, -1):
        total = answer[i]
        for k in range(i + 1, used.size):
            total -= root[k, i] * answer[k]
        answer[i] = total / root[i, i]
    return True


@inner
def _model(trend: int, waves: int) -> Ints:
    """Columns of a model: the constant, the trend if there is one, and two for each wave."""
    used = np.empty(1 + trend + 2 * waves, np.int64)
    used[0] = 0
    if trend:
        used[1] = 1
    for i in range(2 * waves):
        used[1 + trend + i] = 2 + i
    return used


@inner
def _squares(y: Floats, x: Floats, gram: Floats, pull: Floats) -> float:
    """Fill x'x and x'z of the square roots z of the counts; returns z'z."""
    square = 0.0
    for i in range(y.size):
        z = math.sqrt(y[i])
        square += z * z
        for a in range(COLUMNS):
            pull[a] += z * x[i, a]
            for b in range(a + 1):
                gram[a, b] += x[i, a] * x[i, b]
    return square


@inner
def _gain(n: int, whole: float, used: Ints, gram: Floats, pull: Floats, cost: float) -> float:
    """What the *used* columns gain over a constant: n log (1 / (1 - R^2)) - (columns - 1) *cost*; 0 where n is small."""
    answer = np.empty(COLUMNS)
    if n < 4 * used.size or not whole > 0.0 or not _solve(gram, pull, used, answer):
        return 0.0
    explained = -pull[0] * pull[0] / n
    for a in range(used.size):
        explained += answer[a] * pull[used[a]]
    return -n * math.log(max(1.0 - explained / whole, 1e-9)) - (used.size - 1) * cost


@inner
def choose(y: Floats, x: Floats, trend: int, waves: int, cost: float) -> Ints:
    """Columns of the best model of the counts y (n,), each with a *cost* in twice the log likelihood; x: (n, 6)."""
    gram, pull = np.zeros((COLUMNS, COLUMNS)), np.zeros(COLUMNS)
    square = _squares(y, x, gram, pull)
    whole = square - pull[0] * pull[0] / y.size
    best, chosen = 0.0, _model(0, 0)
    for t in range(trend + 1):
        for h in range(waves + 1):
            used = _model(t, h)
            gain = _gain(y.size, whole, used, gram, pull, cost)
            if used.size > 1 and gain > best:
                best, chosen = gain, used
    return chosen


@inner
def _information(
    y: Floats, x: Floats, omega: Floats, used: Ints, beta: Floats, mu: Floats, parts: tuple[Floats, Floats]
) -> None:
    """Fill means, information matrix and score at the coefficients *beta* of the *used* columns."""
    matrix, score = parts
    matrix[:] = 0.0
    score[:] = 0.0
    for a in range(1, used.size):
        matrix[used[a], used[a]] = _PRIOR_PRECISION
        score[used[a]] = -_PRIOR_PRECISION * beta[used[a]]
    for i in range(y.size):
        eta = beta[0]
        for a in range(1, used.size):
            eta += beta[used[a]] * x[i, used[a]]
        mu[i] = math.exp(min(eta, 50.0))
        w, r = omega[i] * mu[i], omega[i] * (y[i] - mu[i])
        for a in range(used.size):
            score[used[a]] += r * x[i, used[a]]
            for b in range(a + 1):
                matrix[used[a], used[b]] += w * x[i, used[a]] * x[i, used[b]]


@inner
def _fit(
    y: Floats, x: Floats, omega: Floats, used: Ints, beta: Floats, mu: Floats, parts: tuple[Floats, Floats]
) -> bool:
    """Weighted Poisson regression by Newton's method from *beta*, in place; False if it does not settle."""
    step = np.empty(COLUMNS)
    for _ in range(_STEPS):
        _information(y, x, omega, used, beta, mu, parts)
        if not _solve(parts[0], parts[1], used, step):
            return False
        largest = 0.0
        for a in range(used.size):
            largest = max(largest, abs(step[a]))
        shrink = min(1.0, 2.0 / largest) if largest > 0.0 else 1.0
        for a in range(used.size):
            beta[used[a]] += shrink * step[a]
        if largest < _CLOSE:
            return True
    return False


@inner
def _log_rise(y: float, size: float) -> float:
    """Log of size (size + 1) ... (size + y - 1)."""
    if y > _LONG_RISE:
        return math.lgamma(y + size) - math.lgamma(size)
    return math.log(_rise(y, size))


@inner
def _rise(y: float, size: float) -> float:
    """Product of y factors: size (size + 1) ... (size + y - 1)."""
    rise = 1.0
    for j in range(int(y)):
        rise *= size + j
    return rise


@inner
def _log_likelihood(y: Floats, mu: Floats, times: Floats, excess: float) -> float:
    """Log likelihood of counts of mean mu and variance (1 + excess) mu, less what is the same for every excess.

    Products of many weeks are gathered before their logarithm is taken, which is what takes the time.
    """
    total, product = 0.0, 1.0
    for i in range(y.size):
        if not y[i] > 0.0 or times[i] == 0.0:
            continue
        if excess == 0.0:
            total += times[i] * y[i] * math.log(mu[i])
        elif times[i] == 1.0 and y[i] <= _LONG_RISE:
            product *= _rise(y[i], mu[i] / excess)
            if not _TINY < product < _HUGE:
                total += math.log(product)
                product = 1.0
        else:
            total += times[i] * _log_rise(y[i], mu[i] / excess)
    total += math.log(product)
    expected, seen = float((times * mu).sum()), float((times * y).sum())
    if excess == 0.0:
        return total - expected
    return total + seen * math.log(excess / (1.0 + excess)) - expected * math.log1p(excess) / excess


@inner
def _gathered(y: Floats, mu: Floats, omega: Floats) -> tuple[Floats, Floats]:
    """Counts and their weights; where all means are the same, each count 0, 1, ... once."""
    size = int(y.max()) + 1
    if mu.min() != mu.max() or size > y.size:
        return y, omega
    values, times = np.arange(float(size)), np.zeros(size)
    for i in range(y.size):
        times[int(y[i])] += omega[i]
    return values, times


@inner
def cautious(excess: float, deviation: float) -> float:
    """The dispersion that is counted with: its posterior mean, 1 + *excess*, and more where it is uncertain."""
    return 1.0 + excess + min(_CAUTION * deviation * deviation, deviation)


@inner
def _dispersion(y: Floats, mu: Floats, omega: Floats, out: Floats) -> float:
    """Posterior mean of the dispersion, and more where it is uncertain; fills the planes of its posterior.

    Counts are negative binomial of variance phi mu, their means as fitted.

    With few incidents it is much surer than Pearson's sum of squares, whose own variance grows as 1 / mu.
    """
    values, times = _gathered(y, mu, omega)
    size = values.size
    fits = np.zeros(_EXCESS.size)
    for g in range(_EXCESS.size):
        excess = _EXCESS[g]
        fits[g] = math.log(excess / 1.6) - excess / _PRIOR_EXCESS if excess > 0.0 else math.log(_PRIOR_NONE)
        fits[g] += _log_likelihood(values, mu[:size], times, excess)
    largest = fits.max()
    total = mean = square = cube = 0.0
    for g in range(_EXCESS.size):
        weight = math.exp(fits[g] - largest)
        total += weight
        mean += weight * _EXCESS[g]
    mean /= total
    for g in range(_EXCESS.size):
        weight = math.exp(fits[g] - largest) / total
        square += weight * (_EXCESS[g] - mean) ** 2
        cube += weight * (_EXCESS[g] - mean) ** 3
    out[MIDDLE], out[DEVIATION] = 1.0 + mean, math.sqrt(square)
    out[SKEW] = cube / square**1.5
    return cautious(mean, math.sqrt(square))


@inner
def _weigh(y: Floats, mu: Floats, phi: float, limit: float, omega: Floats) -> bool:
    """Weights of the weeks: residual^-2 for past outbreaks, else 1; whether any of them changes."""
    spread = math.sqrt(phi)
    changed = False
    for i in range(y.size):
        residual = 1.5 * (y[i] ** (2 / 3) - mu[i] ** (2 / 3)) / (mu[i] ** (1 / 6) * spread)
        weight = residual**-2 if residual > limit and y[i] >= 2.0 else 1.0
        changed = changed or weight != omega[i]
        omega[i] = weight
    return changed


@inner
def _robust(
    y: Floats,
    x: Floats,
    used: Ints,
    limit: float,
    beta: Floats,
    mu: Floats,
    omega: Floats,
    parts: tuple[Floats, Floats],
    out: Floats,
) -> float:
    """Fit, weigh past outbreaks down, fit again, three times at most; returns the dispersion, 0 where the fit does not settle."""
    omega[:] = 1.0
    beta[:] = 0.0
    beta[0] = math.log(y.mean())
    phi = 0.0
    for _ in range(3):
        if not _fit(y, x, omega, used, beta, mu, parts):
            return 0.0
        phi = _dispersion(y, mu, omega, out)
        if not _weigh(y, mu, phi, limit, omega):
            break
    return phi


@inner
def _ahead(row: Floats, used: Ints, beta: Floats) -> float:
    """Mean at one row of the design."""
    eta = 0.0
    for a in range(used.size):
        eta += beta[used[a]] * row[used[a]]
    return math.exp(min(eta, 50.0))


@inner
def _baseline(y: Floats, x: Floats, rules: tuple[int, int, float], beta: Floats, out: Floats) -> Ints:
    """Fill coefficients and planes of one baseline, y (n,) and x (n, 6); returns the columns that it uses.

    Half an incident is added to those seen, as Jeffreys' prior of a rate does. A trend that would lead above every
    count of the baseline is left out (Noufaily et al. 2013, section 3.2).
    """
    trend, waves, limit = rules
    mu, omega = np.empty(y.size), np.ones(y.size)
    if y.sum() == 0.0:
        mu[:] = 0.5 / y.size
        beta[:] = 0.0
        beta[0] = math.log(mu[0])
        out[PHI], out[SHARE] = _dispersion(y, mu, omega, out), 1.0 / y.size
        return _model(0, 0)
    parts = (np.empty((COLUMNS, COLUMNS)), np.empty(COLUMNS))
    used = choose(y, x, trend, waves, math.log(y.size))
    phi = _robust(y, x, used, limit, beta, mu, omega, parts, out)
    ahead = x[-1].copy()
    ahead[1] = 0.0
    if used.size % 2 == 0 and (phi == 0.0 or _ahead(ahead, used, beta) > y.max()):
        used = _model(0, (used.size - 2) // 2)
        phi = _robust(y, x, used, limit, beta, mu, omega, parts, out)
    if phi == 0.0:
        used = _model(0, 0)
        phi = _robust(y, x, used, limit, beta, mu, omega, parts, out)
    total = (omega * y).sum()
    answer = np.empty(COLUMNS)
    _solve(parts[0], ahead, used, answer)
    share = 0.0
    for a in range(used.size):
        share += answer[a] * ahead[used[a]]
    out[PHI], out[SHARE] = phi, share * _ahead(ahead, used, beta)
    beta[0] += math.log((total + 0.5) / total)
    return used


@outer
def baselines(
    counts: Floats, columns: Floats, judged: Ints, fitted: Ints, span: tuple[int, int, int],
    rules: tuple[int, int, float], first: int, last: int, means: Floats, out: Floats,
) -> None:  # fmt: skip
    """Baselines of regions first..last-1 at every judged week.

    counts: (R, T), NaN unknown. columns: (T, 6), trend in weeks / 52. fitted: (W,), the week, at or before each judged
    one, as of which its baseline is fitted. span: weeks that the baseline reaches back, weeks left out, fewest known
    weeks. rules: trend or not, most waves, residual of a past outbreak. means: (R, W, N), the judged week first, NaN
    where the history is too short. out: (R, W, 6).
    """
    reach, exclude, least = span
    y, x = np.empty(counts.shape[1]), np.empty((counts.shape[1], COLUMNS))
    ahead, beta = np.empty((means.shape[2], COLUMNS)), np.empty(COLUMNS)
    used = _model(0, 0)
    for r in range(first, last):
        as_of = -1
        n = 0
        for w in range(judged.size):
            now = judged[w]
            out[r, w, HISTORY] = count_known(counts[r], max(now - reach, 0), now)
            if fitted[w] != as_of:
                as_of = fitted[w]
                n = gather_known(counts[r], columns, max(as_of - reach, 0), as_of - exclude, as_of, y, x)
                if n > 0:
                    used = _baseline(y[:n], x[:n], rules, beta, out[r, w])
            elif n > 0:
                out[r, w, SHARE:] = out[r, w - 1, SHARE:]
                out[r, w, PHI] = out[r, w - 1, PHI]
            if n == 0 or out[r, w, HISTORY] < least:
                out[r, w, PHI] = np.nan
                continue
            for d in range(means.shape[2]):
                ahead[d] = columns[max(now - d, 0)]
                ahead[d, 1] -= columns[as_of, 1]
                means[r, w, d] = _ahead(ahead[d], used, beta)

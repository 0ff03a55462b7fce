"""The dispersion of the predictive method, compiled: its posterior, of the weeks that are no past outbreaks.

Weeks above a limit, and their neighbours, are left out, and the likelihood of the others is that of counts below the
limit. So past outbreaks do not count, and where there were none nothing is biased: a neighbour is left out for another
week's count, and a week for exceeding a limit that the likelihood knows of.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner
from analytics.models.count_kernel import near
from analytics.models.farrington_tails import density_at, tail_given
from analytics.models.predictive_mean_kernel import BELOW, LIMIT, MEAN

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RATIO = 1.35
EXCESS = np.concatenate((0.05 * _RATIO ** np.arange(24.0), np.zeros(1)))
"""Dispersions less one that are weighed against each other: 0.05 to 50, and none, the last."""
PRIOR_EXCESS, PRIOR_NONE = 1.5, 0.1
"""Prior of the dispersion less one: exponential with this mean, and this chance of none at all."""
_LOG_PRIOR = np.concatenate(
    (
        np.log((1 - PRIOR_NONE) * EXCESS[:-1] * math.log(_RATIO) / PRIOR_EXCESS) - EXCESS[:-1] / PRIOR_EXCESS,
        np.array([math.log(PRIOR_NONE)]),
    )
)
LEAST_LIMIT = 4.0
"""No week of so few incidents is cut off: it says too much about the dispersion of a sparse stream."""
MOST_BINS, _BIN_WIDTH = 24, 0.2
_NEGLIGIBLE = 8.0
_EXACT, _STIRLING = 12.0, 8.0


@inner
def _above(y: float, mean: float, phi: float) -> float:
    """P(Y > y) of mean *mean* and variance phi mean."""
    return tail_given(y + 1.0, mean, phi, density_at(y + 1.0, mean, phi))


@inner
def limits(mu: Floats, phi: float, z: float, bins: Floats, place: Ints) -> None:
    """Fill the bin of each week, weeks of like means in one, and the limit of each bin.

    The limit is the count of normal quantile *z*, at least LEAST_LIMIT, infinite for infinite z. Of a count that is
    kept, mean F(limit - 1; mean + phi - 1) / F(limit; mean) is expected, F being the distribution function with
    variance phi times the mean.
    """
    low, high = math.log(mu.min()), math.log(mu.max())
    used = max(min(int((high - low) / _BIN_WIDTH) + 1, bins.shape[0]), 1)
    width = max((high - low) / used, 1e-9)
    for k in range(used):
        bins[k, MEAN] = math.exp(low + (k + 0.5) * width)
        bins[k, LIMIT], bins[k, BELOW] = np.inf, 1.0
        if z < np.inf:
            limit = max(near(bins[k, MEAN], phi, z), LEAST_LIMIT)
            bins[k, LIMIT] = limit
            kept = 1.0 - _above(limit, bins[k, MEAN], phi)
            bins[k, BELOW] = (1.0 - _above(limit - 1.0, bins[k, MEAN] + phi - 1.0, phi)) / kept
    for i in range(mu.size):
        place[i] = min(int((math.log(mu[i]) - low) / width), used - 1)


@inner
def cut(y: Floats, place: Ints, bins: Floats, keep: Ints, times: Floats) -> None:
    """Leave out the weeks above their limits and the weeks beside them; *times*: weeks kept of each bin."""
    times[:] = 0.0
    keep[:] = 1
    for i in range(y.size):
        if y[i] > bins[place[i], LIMIT]:
            for j in range(max(i - 1, 0), min(i + 2, y.size)):
                keep[j] = 0
    for i in range(y.size):
        times[place[i]] += keep[i]


@inner
def log_density(y: float, mu: float, excess: float, share: float, spent: float) -> float:
    """Log P(Y = y) y! of mean mu and variance (1 + excess) mu; share, spent: log(excess / (1 + excess)), log(1 + excess)."""
    if excess == 0.0:
        return y * math.log(mu) - mu
    size = mu / excess
    total = y * share - size * spent
    if y > _EXACT and size > _STIRLING:
        a = y + size
        return total + (a - 0.5) * math.log(a) - (size - 0.5) * math.log(size) - y + (1.0 / a - 1.0 / size) / 12.0
    if y > _EXACT:
        return total + math.lgamma(y + size) - math.lgamma(size)
    rise = 1.0
    for j in range(int(y)):
        rise *= size + j
    return total + math.log(rise)


@inner
def _log_posterior(y: Floats, mu: Floats, keep: Ints, bins: Floats, times: Floats, g: int, free: float) -> float:
    """Log posterior of the dispersion g of the grid, *free* coefficients integrated out (restricted likelihood)."""
    excess = float(EXCESS[g])
    total = float(_LOG_PRIOR[g]) + 0.5 * free * math.log1p(excess)
    spent = math.log1p(excess)
    share = math.log(excess / (1.0 + excess)) if excess > 0.0 else 0.0
    nothing = spent / excess if excess > 0.0 else 1.0
    for i in range(y.size):
        if keep[i]:
            total += log_density(y[i], mu[i], excess, share, spent) if y[i] > 0.0 else -nothing * mu[i]
    for k in range(times.size):
        if times[k] > 0.0 and bins[k, LIMIT] < np.inf:
            total -= times[k] * math.log1p(-_above(bins[k, LIMIT], bins[k, MEAN], 1.0 + excess))
    return total


@inner
def _moments(fits: Floats, top: float, out: Floats) -> None:
    """Fill mean, deviation and skewness of the dispersion whose log posterior is *fits*, -inf where negligible."""
    total = mean = square = cube = 0.0
    for g in range(fits.size):
        fits[g] = math.exp(fits[g] - top)
        total += fits[g]
        mean += fits[g] * EXCESS[g]
    mean /= total
    for g in range(fits.size):
        gap = EXCESS[g] - mean
        square += fits[g] / total * gap * gap
        cube += fits[g] / total * gap * gap * gap
    out[0], out[1] = 1.0 + mean, math.sqrt(square)
    out[2] = cube / square**1.5 if square > 1e-12 else 0.0


@inner
def dispersion(
    y: Floats, mu: Floats, keep: Ints, bins: Floats, times: Floats, free: float, start: int, out: Floats
) -> int:
    """Fill mean, deviation and skewness of the dispersion's posterior; returns its likeliest place in the grid.

    The posterior is followed from *start* upwards and downwards until what is left is negligible.
    """
    last = EXCESS.size - 1
    fits = np.full(EXCESS.size, -np.inf)
    best = start
    top = fits[best] = _log_posterior(y, mu, keep, bins, times, best, free)
    for turn in (1, -1):
        g = start + turn
        while -1 <= g < last:
            fits[g] = _log_posterior(y, mu, keep, bins, times, g, free)
            if fits[g] > top:
                top, best = fits[g], max(g, 0)
            elif fits[g] < top - _NEGLIGIBLE:
                break
            g += turn
    _moments(fits, top, out)
    return best

"""Random values from uniform numbers, by inverting distributions.

The generator's stream of uniform numbers is the only part of numpy that the bundled records lean on, so its other
samplers may change without changing a byte of them.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_NORMAL = NormalDist()
_LEAST = 1e-12


def normal(u: Floats) -> Floats:
    """Standard normal quantiles of the uniform numbers *u*; same shape."""
    inside = np.clip(u, _LEAST, 1 - _LEAST)
    return np.array([_NORMAL.inv_cdf(float(x)) for x in inside.ravel()], dtype=np.float64).reshape(u.shape)


def lognormal(u: Floats, median: float | Floats, sigma: float) -> Floats:
    """Lognormal quantiles, median * exp(sigma * z); same shape as *u*."""
    values: Floats = median * np.exp(sigma * normal(u))
    return values


def counts(u: Floats, mean: Floats, dispersion: float | Floats) -> Integers:
    """Counts of mean *mean* and variance dispersion * mean; *u*, *mean* and the answer have one shape.

    Negative binomial of size mean / (dispersion - 1), Poisson where dispersion is 1: the smallest y whose distribution
    function exceeds u, by P(y) = P(y - 1) (mean + (y - 1) (dispersion - 1)) / (dispersion y). P(0) must not underflow,
    so means have to stay below about 500.
    """
    extra = np.broadcast_to(np.asarray(dispersion, dtype=np.float64) - 1, mean.shape)
    size_log = np.where(extra > 0, np.log1p(extra) / np.where(extra > 0, extra, 1.0), 1.0)
    term = np.exp(-mean * size_log)
    answer, below, y = np.zeros(u.shape, dtype=np.int64), term.copy(), 0
    while (more := (u >= below) & (term > 0)).any():
        y += 1
        term = term * (mean + (y - 1) * extra) / ((1 + extra) * y)
        answer[more] = y
        below += term
        # what is left of the tail would not change the sum any more
        term = np.where((term < _LEAST**2) & (y > mean), 0.0, term)
    return answer


def pick(u: Floats, weights: Floats) -> Integers:
    """Which of K choices each uniform number falls on; u (n,), weights (K,) or (n, K) >= 0; answer (n,) in 0..K-1."""
    edges = np.cumsum(np.atleast_2d(weights), axis=1)
    chosen: Integers = (u[:, None] * edges[:, -1:] >= edges[:, :-1]).sum(axis=1)
    return chosen

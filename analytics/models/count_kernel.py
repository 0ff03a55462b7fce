"""What kernels of baselines share: the known weeks of a stream, and counts of a given mean and dispersion."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner

Floats = NDArray[np.float64]


@inner
def count_known(counts: Floats, start: int, stop: int) -> int:
    """How many of the counts start..stop - 1 are known."""
    known = 0
    for t in range(start, stop):
        if counts[t] >= 0.0:
            known += 1
    return known


@inner
def gather_known(counts: Floats, columns: Floats, start: int, stop: int, as_of: int, y: Floats, x: Floats) -> int:
    """Copy the known weeks start..stop - 1; their trend runs from *as_of*. Returns how many they are."""
    n = 0
    for t in range(start, stop):
        if counts[t] >= 0.0:
            y[n], x[n] = counts[t], columns[t]
            x[n, 1] -= columns[as_of, 1]
            n += 1
    return n


@inner
def log_ratio(y: float, mu: float, factor: float, phi: float) -> float:
    """Log likelihood ratio of a count y with mean mu factor against mu, both of variance phi times the mean."""
    if phi < 1.0 + 1e-9:
        return y * math.log(factor) - mu * (factor - 1.0)
    size = mu / (phi - 1.0)
    grown = size * factor
    rise = math.lgamma(y + grown) - math.lgamma(grown) - math.lgamma(y + size) + math.lgamma(size)
    return rise - (grown - size) * math.log(phi)


@inner
def near(mu: float, phi: float, z: float) -> float:
    """A count near the quantile of which z is the normal one (Cornish & Fisher 1938, to third order)."""
    spread = math.sqrt(phi * mu)
    skew = (2.0 * phi - 1.0) / spread
    tail = (6.0 * phi * phi - 6.0 * phi + 1.0) / (phi * mu)
    w = z + skew * (z * z - 1.0) / 6.0 + tail * (z**3 - 3.0 * z) / 24.0 - skew * skew * (2.0 * z**3 - 5.0 * z) / 36.0
    return max(0.0, math.floor(mu + spread * w + 0.5))

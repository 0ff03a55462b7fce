"""Counts of the ramp detector, compiled: their probabilities, and windows of them drawn with given chance."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner
from analytics.models.count_kernel import near

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Windows = tuple[Ints, Ints, Floats, Floats]
"""Chance of K simulated windows, each (N, K): for week d, windows in the order of entry and of uniform number; their
entries of the table of growths, 0 for none and else 1 more; their uniform numbers; the normal quantiles of these."""


@inner
def _density(y: float, mu: float, phi: float) -> float:
    """P(Y = y) of mean mu and variance phi mu."""
    if phi < 1.0 + 1e-9:
        return math.exp(y * math.log(mu) - mu - math.lgamma(y + 1.0))
    size = mu / (phi - 1.0)
    rise = math.lgamma(y + size) - math.lgamma(size) - math.lgamma(y + 1.0)
    return math.exp(rise - size * math.log(phi) + y * math.log((phi - 1.0) / phi))


@inner
def log_doubt(y: float, mu: float, phi: float, rate: float, other: float) -> float:
    """Log probability of a count y at mean *rate* mu and dispersion *other*, less that at mu and phi."""
    other = max(other, 1.0 + 1e-6)
    size, grown = mu / (phi - 1.0), rate * mu / (other - 1.0)
    rise = math.lgamma(y + grown) - math.lgamma(grown) - math.lgamma(y + size) + math.lgamma(size)
    rise += size * math.log(phi) - grown * math.log(other)
    return rise + y * (math.log((other - 1.0) / other) - math.log((phi - 1.0) / phi))


@inner
def _sweep(mu: float, phi: float, cap: int, these: tuple[Ints, Floats], drawn: Ints) -> int:
    """Draw counts of one mean: *drawn* (K,) at these windows, whose uniform numbers rise; returns the largest.

    Each is the smallest count y with P(Y <= y) >= u, *cap* at most.
    """
    order, u = these
    y = int(max(0.0, math.floor(mu - 10.0 * math.sqrt(phi * mu))))
    density = _density(float(y), mu, phi)
    total = density
    for j in range(order.size):
        while total < u[j] and y < cap:
            density *= (mu + y * (phi - 1.0)) / (phi * (y + 1.0))
            y += 1
            total += density
        drawn[order[j]] = y
    return y


@inner
def draw(mu: float, phi: float, factors: Floats, cap: int, d: int, chosen: Windows, drawn: Ints) -> int:
    """Draw the counts of week d, *drawn* (K,), in all windows; returns the largest. A *cap* of 0: means too large to sweep."""
    order, entries, u, z = chosen
    largest, j = 0, 0
    while j < order.shape[1]:
        entry, stop = entries[d, j], j + 1
        while stop < order.shape[1] and entries[d, stop] == entry:
            stop += 1
        mean = mu if entry == 0 else mu * factors[entry - 1]
        if cap > 0:
            largest = max(largest, _sweep(mean, phi, cap, (order[d, j:stop], u[d, j:stop]), drawn))
        else:
            for i in range(j, stop):
                drawn[order[d, i]] = int(near(mean, phi, z[d, i]))
        j = stop
    return largest

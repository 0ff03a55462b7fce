"""The recursions behind change points, compiled: all divisions of N weeks into segments, summed exactly.

Positions are 0..N; a segment s, t has the weeks from s up to but not t. Prior odds stand at the positions of changes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer

Floats = NDArray[np.float64]
Indexes = NDArray[np.int64]
NEGLIGIBLE = -60.0
"""Terms whose log is this far below the largest one are left out of a sum."""


@inner
def _evidence(counts: Floats, exposure: Floats, shape: float, rate: float, least: int) -> Floats:
    """Log marginal likelihood of every segment, -inf where it is shorter than *least*; (N + 1, N + 1)."""
    size = counts.shape[0]
    table = np.full((size, size), -np.inf)
    constant = shape * math.log(rate) - math.lgamma(shape)
    for start in range(size):
        for end in range(start + least, size):
            total = shape + counts[end] - counts[start]
            weight = rate + exposure[end] - exposure[start]
            table[start, end] = constant + math.lgamma(total) - total * math.log(weight)
    return table


@inner
def _log_sum(terms: Floats) -> float:
    top = terms.max()
    if top == -np.inf:
        return float(top)
    total = 0.0
    for term in terms:
        if term - top > NEGLIGIBLE:
            total += math.exp(term - top)
    return float(top + math.log(total))


@inner
def _forward(evidence: Floats, prior: Floats) -> tuple[Floats, Indexes]:
    """Log sum over the divisions of the weeks before each position, and the last change of the best of them."""
    size = evidence.shape[0]
    sums, best, back = np.full(size, -np.inf), np.full(size, -np.inf), np.zeros(size, np.int64)
    sums[0] = best[0] = 0.0
    terms = np.empty(size)
    for end in range(1, size):
        for start in range(end):
            step = prior[start] + evidence[start, end]
            terms[start] = sums[start] + step
            if best[start] + step > best[end]:
                best[end], back[end] = best[start] + step, start
        sums[end] = _log_sum(terms[:end])
    return sums, back


@inner
def _backward(evidence: Floats, prior: Floats) -> Floats:
    """Log sum over the divisions of the weeks from each position on."""
    size = evidence.shape[0]
    sums = np.full(size, -np.inf)
    sums[size - 1] = 0.0
    for start in range(size - 2, -1, -1):
        sums[start] = _log_sum(evidence[start, start + 1 :] + prior[start + 1 :] + sums[start + 1 :])
    return sums


@outer
def divisions(
    counts: Floats, exposure: Floats, shape: float, rate: float, log_odds: float, least: int
) -> tuple[Floats, Floats, Indexes]:
    """P(change at t), P(no change at l..u), and the last change before each position in the best division.

    counts, exposure: (N + 1,), sums before each position. Returns (N + 1,), (N + 1, N + 1) and (N + 1,).
    """
    size = counts.shape[0]
    evidence = _evidence(counts, exposure, shape, rate, least)
    prior = np.full(size, log_odds)
    prior[0] = prior[size - 1] = 0.0
    forward, back = _forward(evidence, prior)
    backward = _backward(evidence, prior)
    whole = forward[size - 1]
    chance = np.zeros(size)
    for place in range(1, size - 1):
        chance[place] = math.exp(forward[place] + prior[place] + backward[place] - whole)
    without = np.zeros((size, size))
    for low in range(1, size - 1):
        spanning = 0.0
        for high in range(size - 2, low - 1, -1):
            start, end = low - 1, high + 1
            term = forward[start] + prior[start] + evidence[start, end] + prior[end] + backward[end] - whole
            spanning += math.exp(term) if term > NEGLIGIBLE else 0.0
            without[low, high] = without[low - 1, high] + spanning
    return chance, without, back

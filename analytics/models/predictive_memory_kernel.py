"""The weeks before the judged one, compiled: what they say of the baseline's error, and whether they are evidence already."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner
from analytics.models.predictive_dispersion_kernel import log_density

Floats = NDArray[np.float64]

NODES = 4
RATE, PHI, NODE_WEIGHT, DENSITY, TAIL = range(5)
"""Rows of the nodes that stand for the posterior: their mean, dispersion and weight; and two for working."""
LARGEST_WEIGHT = 10.0
"""However high the weeks before were, a flag at alpha needs a count of chance 10 alpha or less."""
CAP_COST = 1.08
"""Times its value that a likelihood ratio counts: gives back what LARGEST_WEIGHT takes of the mean weight, a twentieth
where there is less than an incident a week."""
_SPARSE = 4.0
"""Where a week's variance is this many times its squared mean, the raise is twice that of a dense stream."""
_LARGEST_EXPONENT = 50.0


@inner
def _raised(mu: float, phi: float, deviations: float) -> float:
    """Times its mean that a week has in an event: so many deviations more, up to twice as many where incidents are few."""
    return 1.0 + deviations * (1.0 + min(phi / (_SPARSE * mu), 1.0)) * math.sqrt(phi / mu)


@inner
def _look_back(
    counts: Floats, means: Floats, now: int, phi: float, rate: float, excess: float, windows: Floats, ratios: Floats
) -> float:
    """Log likelihood of the weeks before *now* at *rate* times their means; adds each window's log ratio to *ratios*."""
    spent = math.log1p(excess)
    share = math.log(excess / (1.0 + excess)) if excess > 0.0 else 0.0
    total = 0.0
    for d in range(min(means.size, now)):
        y = counts[now - 1 - d]
        if not y >= 0.0:
            continue
        nothing = log_density(y, rate * means[d], excess, share, spent)
        total += nothing
        for j in range(windows.shape[0]):
            if d < windows[j, 0]:
                mean = rate * means[d] * _raised(means[d], phi, windows[j, 1])
                ratios[j] += log_density(y, mean, excess, share, spent) - nothing
    return total


@inner
def weigh(counts: Floats, means: Floats, now: int, mean: float, phi: float, windows: Floats, nodes: Floats) -> float:
    """Weigh the nodes by the weeks before *now* as if nothing had happened in them; returns how far they are evidence.

    The answer is a mixture over windows of the likelihood ratios of raised means, each averaged over the nodes so
    weighed and counted CAP_COST times: about 1 on average where nothing happens, and 1 without windows. means: (N,),
    the week before *now* first. mean, phi: those of the judged week, the nodes' on average. windows: (K, 3), each its
    weeks, deviations above the mean, and weight; the weights' rest is that of the weeks before not mattering.
    """
    ratios, fits = np.zeros((NODES, windows.shape[0])), np.zeros(NODES)
    for k in range(NODES):
        rate = nodes[RATE, k] / mean
        fits[k] = _look_back(counts, means, now, phi, rate, nodes[PHI, k] - 1.0, windows, ratios[k])
    top = fits.max()
    whole = 0.0
    for k in range(NODES):
        nodes[NODE_WEIGHT, k] *= math.exp(fits[k] - top)
        whole += nodes[NODE_WEIGHT, k]
    total = 1.0
    for k in range(NODES):
        nodes[NODE_WEIGHT, k] /= whole
        for j in range(windows.shape[0]):
            ratio = math.exp(min(ratios[k, j], _LARGEST_EXPONENT))
            total += windows[j, 2] * nodes[NODE_WEIGHT, k] * (CAP_COST * ratio - 1.0)
    return min(total, LARGEST_WEIGHT)

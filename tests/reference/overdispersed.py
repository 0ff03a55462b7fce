"""Counts that scatter more than Poisson's, by scipy."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


def log_pmf(counts: Floats, mean: Floats, phi: float) -> Floats:
    """Log probability of counts of variance phi mean, by scipy."""
    answer: Floats = stats.nbinom.logpmf(counts, mean / (phi - 1), 1 / phi)
    return answer

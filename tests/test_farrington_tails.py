"""Tails and quantiles of counts: exact, at any size."""

import numpy as np
import pytest
from scipy import special, stats

from analytics.models.farrington_fit import exact_bounds


def test_a_poisson_by_hand() -> None:
    """With mean 1, P(Y >= 1) is 1 - 1/e and the upper 1 % quantile is 4."""
    upper, p = exact_bounds(np.array([1.0]), np.array([1.0]), np.array([1.0]), 0.01, 1)
    assert p[0] == pytest.approx(1 - np.exp(-1), rel=1e-14)
    assert upper[0] == 4  # P(Y > 4) = .0037, P(Y > 3) = .019


def test_a_geometric_by_hand() -> None:
    """With mean 1 and variance 2 the counts are geometric: P(Y >= y) is 2^-y."""
    counts = np.arange(8.0)
    _, p = exact_bounds(counts, np.ones(8), np.full(8, 2.0), 0.01, 1)
    np.testing.assert_allclose(p, 0.5**counts, rtol=1e-13)


def test_tails_and_quantiles_are_scipy_s() -> None:
    """Over twelve decades of means and nine of dispersion, p and quantile are those of scipy."""
    rng = np.random.default_rng(1)
    mean = 10 ** rng.uniform(-6, 5, 4000)
    phi = np.where(rng.random(4000) < 0.3, 1.0, 1 + 10 ** rng.uniform(-6, 3, 4000))
    counts = np.floor(np.maximum(mean + np.sqrt(mean * phi) * rng.uniform(-2, 4, 4000), 0)) + rng.integers(0, 3, 4000)
    upper, p = exact_bounds(counts, mean, phi, 0.01, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = mean / (phi - 1)
        tail = np.where(phi > 1, special.betainc(counts, size, 1 - 1 / phi), special.gammainc(counts, mean))
        quantile = np.where(phi > 1, stats.nbinom.isf(0.01, size, 1 / phi), stats.poisson.isf(0.01, mean))
    some = (counts > 0) & (tail > 1e-12)
    # 1e-6 in all: scipy's expansions for large counts lose that much far out in the tail; R sides with us
    np.testing.assert_allclose(p[some], tail[some], rtol=1e-6)
    common = (
        some & (counts < 50) & (tail > 1e-4) & ((phi == 1) | (phi > 1.01))
    )  # the rest is not an incomplete beta's best
    np.testing.assert_allclose(p[common], tail[common], rtol=1e-10)
    np.testing.assert_array_equal(upper, quantile)


@pytest.mark.parametrize("phi", [1.0, 1.5, 40.0])
def test_a_quantile_is_the_first_count_that_is_rare_enough(phi: float) -> None:
    """P(Y > upper) is at most alpha and P(Y >= upper) is above it, for any mean."""
    mean = np.array([1e-6, 0.01, 0.3, 2.0, 70.0, 9e3, 5e6, 3e9])
    upper, _ = exact_bounds(mean, mean, np.full(8, phi), 0.001, 1)
    above = exact_bounds(upper + 1, mean, np.full(8, phi), 0.001, 1)[1]
    at = exact_bounds(upper, mean, np.full(8, phi), 0.001, 1)[1]
    assert (above <= 0.001).all()
    assert (at > 0.001).all()


def test_what_has_no_distribution_has_no_answer() -> None:
    """A missing or infinite mean gives neither p nor quantile, and a count of zero has p 1."""
    upper, p = exact_bounds(np.array([1.0, 1.0, 0.0]), np.array([np.nan, np.inf, 3.0]), np.ones(3), 0.01, 1)
    assert np.isnan(upper[:2]).all()
    assert np.isnan(p[:2]).all()
    assert p[2] == 1

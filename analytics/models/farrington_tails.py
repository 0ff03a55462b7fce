"""Exact tails and quantiles of counts with mean m and variance phi m: negative binomial, or Poisson where phi is 1.

In R's terms size = m / (phi - 1) and prob = 1 / phi. The density follows Loader (2000), "Fast and accurate computation
of binomial probabilities": deviances and Stirling errors in place of differences of log-gammas, so that it keeps its
digits at any size. A tail is the density times a series, or times the continued fraction of the incomplete
beta (DiDonato & Morris 1992, ACM TOMS 18:360, BFRAC).
"""

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = NDArray[np.float64]

LARGEST_MEAN = 1e15
"""Beyond this a double can't hold every count, so there is no exact quantile."""

_HALF_LOG_2PI = 0.9189385332046727


class Compile(Protocol):
    """A decorator that keeps the function's type."""

    def __call__(self, function: Function) -> Function:
        """*function*, compiled."""
        ...


_OPTIONS: dict[str, Any] = {"error_model": "numpy"}
_PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **_OPTIONS}
_inner: Compile = njit(**_PART)
_spliced: Compile = njit(inline="always", **_PART)
_outer: Compile = njit(cache=True, nogil=True, **_OPTIONS)


@_inner
def _stirling_error(z: float) -> float:
    """Log Gamma(z + 1) minus Stirling's formula for it, z > 0."""
    if z < 15.0:
        return math.lgamma(z + 1.0) - (z + 0.5) * math.log(z) + z - _HALF_LOG_2PI
    s = z * z
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) / s) / s) / s) / s) / z


@_inner
def _deviance(x: float, m: float) -> float:
    """The deviance x log(x / m) + m - x, without cancellation where x is near m."""
    if abs(x - m) >= 0.1 * (x + m):
        return x * math.log(x / m) + m - x
    v = (x - m) / (x + m)
    total = (x - m) * v
    term = 2.0 * x * v
    for j in range(3, 1000, 2):
        term *= v * v
        if total + term / j == total:
            break
        total += term / j
    return total


@_inner
def density_at(y: float, mean: float, phi: float) -> float:
    """P(Y = y) for y >= 1."""
    log_density = -_stirling_error(y) - 0.5 * math.log(y) - _HALF_LOG_2PI
    if phi == 1.0:
        return math.exp(log_density - _deviance(y, mean))
    size = mean / (phi - 1.0)
    whole = size + y
    log_density += _stirling_error(whole) - _stirling_error(size) + 0.5 * math.log(size / whole)
    return math.exp(log_density - _deviance(size, whole / phi) - _deviance(y, whole - whole / phi))


@_inner
def _fraction(a: float, b: float, x: float, rest: float) -> float:
    """Continued fraction F of the incomplete beta, I_x(a, b) = F x^a (1-x)^b / B(a, b), for x below a / (a + b).

    *rest* is 1 - x with its own digits. Where a fraction has 1 - (a + b) x / (a + 1) this one has the excess
    a - (a + b) x, which keeps its digits at any size.
    """
    excess = (a + b) * rest - b if a > b else a - (a + b) * x
    first = (a + 1.0) / a
    above_before, above = 0.0, 1.0
    below_before, below = 1.0, (1.0 + excess) / first
    value = above / below
    factor = 1.0
    for n in range(1, 10_000_000):
        part = n / a
        w = n * (b - n) * x
        e = a / (a + 2.0 * n - 1.0)
        alpha = factor * (factor + b / a) * e * e * (w * x)
        beta = n + w / (a + 2.0 * n - 1.0) + (part + 1.0) / (first + 2.0 * part) * (1.0 + excess + n * (1.0 + rest))
        factor = part + 1.0
        above_before, above = above, alpha * above_before + beta * above
        below_before, below = below, alpha * below_before + beta * below
        before, value = value, above / below
        if abs(value - before) <= 1e-15 * value:
            break
        above_before, below_before, above, below = above_before / below, below_before / below, value, 1.0
    return value


@_inner
def rise(x: float, mean: float, phi: float) -> float:
    """P(Y = x + 1) / P(Y = x)."""
    if phi == 1.0:
        return mean / (x + 1.0)
    return (mean + x * (phi - 1.0)) / (phi * (x + 1.0))


@_inner
def _series(y: float, mean: float, phi: float, density: float) -> float:
    """P(Y >= y) from the density at y: summed upwards from above the mean, else one minus the sum downwards."""
    total = term = 1.0
    x = y
    if y > mean:
        while term > 1e-17 * total:
            term *= rise(x, mean, phi)
            total += term
            x += 1.0
        return density * total
    total = 0.0
    while x > 0.0 and term > 1e-17 * total:
        x -= 1.0
        term /= rise(x, mean, phi)
        total += term
    return 1.0 - density * total


@_inner
def tail_given(y: float, mean: float, phi: float, density: float) -> float:
    """P(Y >= y) for y >= 1, from the density at y; the fraction is slow where phi is near 1, the series elsewhere."""
    if phi < 1.01:
        return _series(y, mean, phi, density)
    size = mean / (phi - 1.0)
    share = (phi - 1.0) / phi
    if y > mean:
        return density * y * _fraction(y, size, share, 1.0 / phi)
    return 1.0 - density * y * _fraction(size, y, 1.0 / phi, share)


@_spliced
def _tail(y: float, mean: float, phi: float) -> float:
    """P(Y >= y); 1 for y <= 0, NaN where mean or phi is not finite."""
    if not (mean >= 0.0 and phi >= 1.0 and mean < np.inf and phi < np.inf) or np.isnan(y):
        return np.nan
    if y <= 0.0 or mean == 0.0:
        return 1.0 if y <= 0.0 else 0.0
    return tail_given(y, mean, phi, density_at(y, mean, phi))


@_inner
def _guess(alpha: float, mean: float, phi: float, z: float) -> float:
    """A count near the upper alpha quantile: Cornish-Fisher, then Newton on the log of the tail for wide spreads."""
    sd = math.sqrt(mean * phi)
    x = 1.0 * math.floor(mean + z * sd + (2.0 * phi - 1.0) * (z * z - 1.0) / 6.0)
    x = x if x > 0.0 else 0.0
    for _ in range(40 if sd > 20.0 else 0):
        density = density_at(x + 1.0, mean, phi)
        above = tail_given(x + 1.0, mean, phi, density)
        if not (density > 0.0 and above > 0.0):
            break
        step = math.log(above / alpha) * above / density
        x += math.floor(step)
        x = x if x > 0.0 else 0.0
        if abs(step) < 20.0:
            break
    return x


@_spliced
def _quantile(alpha: float, mean: float, phi: float, z: float) -> float:
    """Smallest count x with P(Y > x) <= alpha; *z* is the normal quantile at 1 - alpha. NaN above LARGEST_MEAN."""
    if not (0.0 <= mean <= LARGEST_MEAN and 1.0 <= phi < np.inf):
        return np.nan
    if mean == 0.0:
        return 0.0
    x = _guess(alpha, mean, phi, z)
    density = density_at(x + 1.0, mean, phi)
    above = tail_given(x + 1.0, mean, phi, density)
    while above > alpha:
        above -= density
        x += 1.0
        density *= rise(x, mean, phi)
    while x > 0.0:
        density /= rise(x, mean, phi)
        if above + density > alpha:
            break
        above += density
        x -= 1.0
    return x


@_outer
def bounds(counts: Floats, means: Floats, phis: Floats, alpha: float, z: float, p: Floats, upper: Floats) -> None:
    """Fill *p* with P(Y >= count) and *upper* with the upper alpha quantile; all (N,)."""
    for i in range(counts.size):
        p[i] = _tail(counts[i], means[i], phis[i])
        upper[i] = _quantile(alpha, means[i], phis[i], z)

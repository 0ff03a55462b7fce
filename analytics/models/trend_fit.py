"""One series, one slope: the log-linear regression behind a trend, by statsmodels."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import logsumexp, softmax
from scipy.stats import t as student

from analytics.models.base import Floats
from analytics.models.trend_glm import log_linear, pearson
from analytics.models.trend_season import Season, harmonics
from analytics.weeks import Dates

Family = Literal["quasi-poisson", "negative-binomial"]
FAMILIES: tuple[Family, ...] = ("quasi-poisson", "negative-binomial")
STEEPEST = 20.0
"""Bound of |b|; a slope this steep needs one week to hold nearly all incidents."""
LEAST_SCALE = 0.5
"""Least factor on the Poisson variance; a window that scatters less does so by luck and not by nature."""
LOG_SIZES = (-7.0, 3.0)
"""Bounds of log alpha in the negative-binomial fit; below the lower one it is Poisson to three digits."""


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Change of the log mean per week, its standard error and what they rest on."""

    rate: float
    """b, log scale per week."""
    error: float
    """Standard error of b, the season's uncertainty included."""
    freedom: float
    """Degrees of freedom of (b - true) / error."""
    dispersion: float
    """Variance over mean: Pearson's phi (at least LEAST_SCALE), or 1 + alpha x mean for the negative binomial."""
    inflation: float
    """Factor on Pearson's phi for weeks that resemble their neighbours (below 1 where they do the opposite)."""

    def interval(self, level: float) -> tuple[float, float]:
        """Confidence interval of b: b -/+ t(1 - (1 - level) / 2, freedom) x error."""
        half = float(student.ppf(0.5 + level / 2, self.freedom)) * self.error
        return self.rate - half, self.rate + half

    def p_positive(self) -> float:
        """Confidence-distribution value P(b > 0) = T(b / error; freedom), T Student's distribution function."""
        return float(student.cdf(self.rate / self.error, self.freedom))

    def p_value(self) -> float:
        """Two-sided p of b = 0, by the same Student's t."""
        return float(2 * student.sf(abs(self.rate) / self.error, self.freedom))


def fit_slope(weeks: Dates, counts: Floats, *, family: Family, season: Season | None, serial: bool) -> Slope:
    """Slope of log mean = a + b t + season over known *weeks* (T,) with *counts* (T,), t in weeks.

    The counts must have incidents in three weeks or more, or b may not be finite.

    quasi-poisson: variance phi x mean (McCullagh & Nelder 1989, 6.2.3); negative-binomial: variance
    phi x (mean + alpha x mean^2), alpha by maximum likelihood. phi = max(LEAST_SCALE, c x Pearson chi2 / (T - 2)),
    where c is 1, or with *serial* the factor (1 + r) / (1 - r) that neighbouring weeks' likeness r puts on b's
    variance (r: lag-1 autocorrelation of the Pearson residuals, corrected for bias). A c held above 1 would be too
    wide on average, so it is not; that r is estimated costs degrees of freedom instead (see `freedom`).
    The season is an offset from other weeks than these, so its variance adds to that of b (delta method, with
    db / dseason = -[(X'WX)^-1 X'WZ]), with degrees of freedom by Welch & Satterthwaite.
    """
    time = (weeks - weeks[0]).astype(np.float64) / 7
    design = np.column_stack([np.ones(len(time)), time - time.mean()])
    offset = np.zeros(len(time)) if season is None else season.offset(weeks)
    start = _poisson(counts, design[:, 1], offset)
    alpha = 0.0 if family == "quasi-poisson" else _ml_alpha(counts, design, offset, start)
    fit = log_linear(counts, design, offset, alpha=alpha, start=start)
    inflation = float(serial_factor(np.asarray(fit.resid_pearson), time)) if serial else 1.0
    own = float(scale(pearson(fit), inflation)) * float(fit.normalized_cov_params[1, 1])
    other = 0.0 if season is None else season.variance(_sensitivity(fit, design, alpha, weeks, season))
    return Slope(
        rate=float(fit.params[1]),
        error=float(np.sqrt(own + other)),
        freedom=_joined(own, freedom(len(time), serial=serial), other, 0 if season is None else season.years - 1),
        dispersion=max(LEAST_SCALE, pearson(fit)) if alpha == 0 else 1.0 + alpha * float(counts.mean()),
        inflation=inflation,
    )


def _poisson(counts: Floats, time: Floats, offset: Floats) -> Floats:
    """The Poisson fit (a, b) by bisection: given the total, its likelihood depends on b alone and is concave.

    Started from here, statsmodels' reweighting cannot wander off on extreme counts.
    """
    total, centre = counts.sum(), float(counts @ time / counts.sum())
    slope = brentq(lambda rate: float(softmax(rate * time + offset) @ time) - centre, -STEEPEST, STEEPEST)
    return np.array([np.log(total) - logsumexp(slope * time + offset), slope])


def serial_factor(residuals: Floats, time: Floats) -> Floats:
    """(1 + r) / (1 - r) for the lag-1 autocorrelation r of *residuals* (..., T) at *time* (T,) in weeks; shape (...).

    r is raised by its bias in T detrended values, (2 + 4 r) / T (Shaman & Stine 1988), and held within -0.9 and 0.9;
    it is 0 for residuals that are all alike.
    """
    centred = residuals - residuals.mean(axis=-1, keepdims=True)
    power = (centred**2).sum(axis=-1)
    pairs = np.diff(time) == 1
    products = (centred[..., 1:] * centred[..., :-1])[..., pairs].sum(axis=-1)
    raw = products / np.maximum(power, 1e-9)
    likeness = np.where(power < 1e-9, 0.0, np.clip(raw + (2 + 4 * raw) / len(time), -0.9, 0.9))
    factor: Floats = (1 + likeness) / (1 - likeness)
    return factor


def scale(phi: Floats | float, inflation: Floats | float) -> Floats:
    """Factor on the model's variance: phi x inflation, at least LEAST_SCALE."""
    factor: Floats = np.maximum(LEAST_SCALE, np.multiply(phi, inflation))
    return factor


def freedom(weeks: int, *, serial: bool) -> float:
    """Degrees of freedom of b / error in a window of *weeks*: T - 2, and with *serial* 1 / (1 / (T - 2) + 2 / T).

    The log of the scale then varies by 2 / (T - 2) for phi and by 4 / T for r (delta method, r varying by 1 / T), and
    a chi-square of f degrees of freedom by 2 / f.
    """
    return 1 / (1 / (weeks - 2) + (2 / weeks if serial else 0.0))


def _ml_alpha(counts: Floats, design: Floats, offset: Floats, start: Floats) -> float:
    """Maximum-likelihood alpha, the regression profiled out; 0 where Poisson is as likely."""

    def loss(log_alpha: float) -> float:
        return -float(log_linear(counts, design, offset, alpha=float(np.exp(log_alpha)), start=start).llf)

    best = minimize_scalar(loss, bounds=LOG_SIZES, method="bounded", options={"xatol": 1e-4})
    if -best.fun <= float(log_linear(counts, design, offset, start=start).llf):
        return 0.0
    return float(np.exp(best.x))


def _sensitivity(fit: Any, design: Floats, alpha: float, weeks: Dates, season: Season) -> Floats:
    """Derivative of b with respect to the season's coefficients; shape (K,)."""
    weight = fit.mu / (1 + alpha * fit.mu)
    basis = harmonics(weeks, len(season.coefficients) // 2)
    change: Floats = -(np.asarray(fit.normalized_cov_params) @ (design * weight[:, None]).T @ basis)[1]
    return change


def _joined(own: float, own_df: float, other: float, other_df: float) -> float:
    """Welch-Satterthwaite degrees of freedom of a sum of two independent variances."""
    if other == 0:
        return own_df
    return (own + other) ** 2 / (own**2 / own_df + other**2 / other_df)

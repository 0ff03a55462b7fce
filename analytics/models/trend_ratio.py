"""Ratios of small counts: the recent weeks of a region against the weeks before them, with an exact interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaln, expit, gammaln
from scipy.stats import beta, norm
from scipy.stats import t as student

from analytics.models.base import Floats
from analytics.models.trend_fit import freedom, serial_factor
from analytics.models.trend_season import Season, harmonics
from analytics.weeks import Dates

KNOWN_PART = 0.5
"""Part of either span's weeks that must be known."""
REACH = 30.0
"""Bound of the log odds that are searched."""
LEAST_EXTRA = 1.0 + 1e-6
"""A phi below this is Poisson's."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Recent weeks against earlier ones; the fields are columns of `TrendResult.frame`, which says what each is."""

    recent: float = np.nan
    recent_weeks: int = 0
    before: float = np.nan
    before_weeks: int = 0
    ratio: float = np.nan
    ratio_low: float = np.nan
    ratio_high: float = np.nan
    ratio_note: str = ""


def count_ratio(
    weeks: Dates, counts: Floats, *, recent: int, against: int, level: float, season: Season | None
) -> Ratio:
    """Rate of the last *recent* weeks of *counts* (T,) over that of the *against* weeks before; NaN is unknown.

    ratio = (X / E1) / (Y / E2), X and Y the two spans' incidents and E their known weeks, each weighed by the season's
    factor where there is one. Given N = X + Y, X is binomial with odds ratio x E1 / E2 where counts are Poisson; the
    interval is then that of Clopper & Pearson (1934), exact: it covers at its level or more. Where weeks scatter
    more, X given N is beta-binomial with the same mean (exactly so for negative-binomial weeks whose variance is
    phi x mean) and the variance of N p (1 - p) times phi; its tails are solved in the same way. phi is
    Pearson's over the weeks about the two spans' means, with the factor for weeks that resemble their neighbours
    (`serial_factor`), times (t / z)^2 of Student's and the normal quantile since it is estimated (`freedom`), and at
    least 1; the season's own uncertainty is added to it (delta method).

    Measured by simulation (4 weeks against 52, means 0.3, 1, 5, 20 before, variance 1, 2, 3 x mean, true ratios of
    1, 3 and 1/3, 2,000 series a cell): 95 % intervals cover 95.2 to 99.2 %, most where counts are few.
    """
    weeks, counts = weeks[-(recent + against) :], counts[-(recent + against) :]
    late = np.arange(len(counts)) >= len(counts) - recent
    known = ~np.isnan(counts)
    sizes: dict[str, Any] = {"recent_weeks": int((known & late).sum()), "before_weeks": int((known & ~late).sum())}
    if note := _short(sizes["recent_weeks"], recent, sizes["before_weeks"], against):
        return Ratio(**sizes, ratio_note=note)
    weeks, counts, late = weeks[known], counts[known], late[known]
    first, second = float(counts[late].sum()), float(counts[~late].sum())
    facts: dict[str, Any] = {**sizes, "recent": first, "before": second}
    if note := _unfit(counts):
        return Ratio(**facts, ratio_note=note)
    factor = np.ones(len(counts)) if season is None else np.exp(season.offset(weeks))
    share = np.array([factor[late].sum(), factor[~late].sum()])
    phi = _scatter(weeks, counts, np.where(late, first / share[0], second / share[1]) * factor, level)
    if season is not None:
        phi += _season_part(season, weeks, factor, late) * (first + 0.5) * (second + 0.5) / (first + second + 1)
    low, high = conditional_interval(int(first), int(second), odds=float(share[0] / share[1]), phi=phi, level=level)
    ratio = first / share[0] / (second / share[1]) if second else float("inf")
    return Ratio(**facts, ratio=ratio, ratio_low=low, ratio_high=high)


def _short(recent_known: int, recent: int, before_known: int, against: int) -> str:
    """Why too little is known of a span, or ""."""
    if recent_known < KNOWN_PART * recent:
        return f"too few known weeks: {recent_known} of the last {recent}"
    if before_known < KNOWN_PART * against:
        return f"too few known weeks: {before_known} of the {against} before the last {recent}"
    return ""


def _unfit(counts: Floats) -> str:
    """Why known *counts* have no ratio, or ""."""
    if not counts.any():
        return f"no incidents in any of the {len(counts)} known weeks"
    return "counts are not whole numbers" if (counts % 1).any() else ""


def _scatter(weeks: Dates, counts: Floats, mean: Floats, level: float) -> float:
    """Variance over mean of *counts* about *mean*, neighbours' likeness and its own uncertainty included, at least 1."""
    residuals = (counts - mean) / np.sqrt(np.maximum(mean, 1e-12))
    phi = float((residuals**2).sum()) / (len(counts) - 2)
    inflation = float(serial_factor(residuals, (weeks - weeks[0]).astype(np.float64) / 7))
    tail = 0.5 + level / 2
    unsure = float(student.ppf(tail, freedom(len(counts), serial=True)) / norm.ppf(tail))
    return max(1.0, phi * inflation * unsure**2)


def _season_part(season: Season, weeks: Dates, factor: Floats, late: NDArray[np.bool_]) -> float:
    """Variance that the season's uncertainty adds to the log ratio; its derivative is a difference of means."""
    waves = harmonics(weeks, len(season.coefficients) // 2)
    gradient = np.average(waves[late], axis=0, weights=factor[late]) - np.average(
        waves[~late], axis=0, weights=factor[~late]
    )
    return season.variance(gradient)


def conditional_interval(first: int, second: int, *, odds: float, phi: float, level: float) -> tuple[float, float]:
    """Interval of the ratio of two rates from counts *first* and *second*, given their sum, which is above 0.

    odds: the first span's exposure over the second's; phi: variance over mean, at least 1. The ends are the ratios
    at which as many as *first* or more (low end), or as few or fewer (high end), have a chance of (1 - level) / 2.
    Without *first* the low end is 0, without *second* the high end is infinite.
    """
    tail, total = (1 - level) / 2, first + second
    low = _share(first, total, phi, tail, upper=True) if first else 0.0
    high = _share(first, total, phi, tail, upper=False) if second else 1.0
    return low / (1 - low) / odds, high / (1 - high) / odds if high < 1 else float("inf")


def _share(first: int, total: int, phi: float, tail: float, *, upper: bool) -> float:
    """The mean share of the first span at which P(X >= first), or P(X <= first), is *tail*."""
    if phi < LEAST_EXTRA:
        binomial = beta.ppf(tail, first, total - first + 1) if upper else beta.ppf(1 - tail, first + 1, total - first)
        return float(binomial)
    size = total / (phi - 1)
    counts = np.arange(first, total + 1) if upper else np.arange(first + 1)
    choose = gammaln(total + 1) - gammaln(counts + 1) - gammaln(total - counts + 1)

    def gap(log_odds: float) -> float:
        one, other = size * expit(log_odds), size * expit(-log_odds)
        terms = choose + betaln(counts + one, total - counts + other) - betaln(one, other)
        return float(np.exp(terms).sum()) - tail

    if gap(-REACH) * gap(REACH) > 0:
        return 0.0 if upper else 1.0
    return float(expit(brentq(gap, -REACH, REACH, xtol=1e-9)))

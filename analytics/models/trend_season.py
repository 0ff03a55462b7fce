"""The calendar's share of a trend: harmonics of the weeks before the window, with their uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.models.base import Floats
from analytics.models.trend_glm import log_linear, pearson
from analytics.weeks import Dates, season_position

YEAR = 52
"""Weeks in a seasonal year."""
KNOWN_SHARE = 0.8
"""Part of a year that must be known for its mean to stand for the year."""
ONE_OFF = 10
"""A week above ONE_OFF x (1 + mean of the other weeks of its year) is an event, not a season."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Season:
    """Harmonics of the log mean, estimated from earlier years only; K = 2 x harmonics coefficients.

    coefficients: (K,) log scale. covariance: (K, K), quasi-Poisson. influence: (B, K), what each of the B earlier
    years adds to the coefficients, whose spread from year to year is the sandwich's view of the same uncertainty.
    """

    coefficients: Floats
    covariance: Floats
    influence: Floats

    @property
    def years(self) -> int:
        """Number of earlier years (52-week blocks, the first may be partial) that the season comes from."""
        return len(self.influence)

    def offset(self, weeks: Dates) -> Floats:
        """The season's log factor in each week; shape as *weeks*."""
        effect: Floats = harmonics(weeks, len(self.coefficients) // 2) @ self.coefficients
        return effect

    def variance(self, gradient: Floats) -> float:
        """Variance of gradient @ coefficients: the larger of the quasi-Poisson one and the one clustered by year.

        The clustered one (Liang & Zeger 1986, with the factor B / (B - 1)) is larger where the season differs
        from year to year; with few years it can be small by luck, which the maximum guards against.
        """
        scores = self.influence @ gradient
        clustered = self.years / (self.years - 1) * float(scores @ scores)
        return max(float(gradient @ self.covariance @ gradient), clustered)


def harmonics(weeks: Dates, count: int) -> Floats:
    """Cosine and sine of 1..*count* cycles a calendar year; shape (T, 2 x count)."""
    angle = 2 * np.pi * np.outer(season_position(weeks), np.arange(1, count + 1))
    return np.column_stack([np.cos(angle), np.sin(angle)])


def yearly_mean(counts: Floats) -> Floats:
    """Centred 52-week mean (53 weeks, the end ones weighted a half); shape (T,).

    NaN where the year around a week is not complete in the series or less than four fifths of it is known.
    """
    level = np.full(len(counts), np.nan)
    if len(counts) <= YEAR:
        return level
    weights = np.r_[0.5, np.ones(YEAR - 1), 0.5]
    known = ~np.isnan(counts)
    total = np.convolve(np.where(known, counts, 0.0), weights, mode="valid")
    share = np.convolve(known.astype(np.float64), weights, mode="valid")
    half = YEAR // 2
    level[half:-half] = np.where(share >= KNOWN_SHARE * YEAR, total / np.maximum(share, 1.0), np.nan)
    return level


def without_one_offs(counts: Floats) -> Floats:
    """*counts* (T,) with NaN for each week above ONE_OFF x (1 + mean of the other weeks of its year)."""
    others = (YEAR * yearly_mean(counts) - counts) / (YEAR - 1)
    extreme = counts > ONE_OFF * (1 + np.where(np.isnan(others), np.inf, others))
    return np.where(extreme, np.nan, counts)


def season_gap(counts: Floats, *, min_years: int, min_incidents: int) -> str:
    """Why no season can be estimated from the earlier *counts* (T,), in words; "" where one can.

    Usable is a known week in the middle of a known year with incidents, so half a year is lost at either end.
    """
    counts = without_one_offs(counts)
    used = _usable(counts, yearly_mean(counts))
    if used.sum() < min_years * YEAR:
        return f"{used.sum() / YEAR:.1f} earlier years usable for a season, {min_years} needed"
    incidents = counts[used].sum()
    if incidents < min_incidents:
        return f"{incidents:.0f} incidents in earlier years, {min_incidents} needed"
    return ""


def fit_season(weeks: Dates, counts: Floats, *, cycles: int) -> Season:
    """Season of earlier *weeks* (T,) with *counts* (T,), *cycles* harmonics; `season_gap` must have said "".

    Quasi-Poisson regression (statsmodels) of the counts on harmonics, with the log of the centred 52-week mean as
    offset, so that slow change of level and steady growth are not taken for season (ratio to moving average).
    Single extreme weeks are left out (see `without_one_offs`).
    """
    counts = without_one_offs(counts)
    level = yearly_mean(counts)
    used = _usable(counts, level)
    design = np.column_stack([np.ones(used.sum()), harmonics(weeks[used], cycles)])
    fit = log_linear(counts[used], design, np.log(level[used]))
    bread = np.asarray(fit.normalized_cov_params)
    scores = design * (counts[used] - fit.mu)[:, None]
    age = (len(counts) - 1 - np.flatnonzero(used)) // YEAR
    influence = np.array([scores[age == block].sum(axis=0) for block in np.unique(age)]) @ bread
    dispersion = max(1.0, pearson(fit))
    return Season(
        coefficients=np.asarray(fit.params)[1:], covariance=dispersion * bread[1:, 1:], influence=influence[:, 1:]
    )


def _usable(counts: Floats, level: Floats) -> NDArray[np.bool_]:
    """Weeks that say something about the season: known, in a complete year that had incidents."""
    return ~np.isnan(counts) & (np.nan_to_num(level) > 0)

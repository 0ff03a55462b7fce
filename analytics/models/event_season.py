"""The season at many dates at once: harmonics from the years before each, with their uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.models.base import Floats
from analytics.models.event_fit import Rows, dispersion, fit
from analytics.models.event_options import StudyOptions
from analytics.models.trend_season import YEAR, harmonics, without_one_offs, yearly_mean
from analytics.weeks import Dates

LEAST_WEEKS = 2 * YEAR
"""Usable weeks that a season must come from."""
LEAST_INCIDENTS = 50
"""Incidents that a season must rest on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seasons:
    """Harmonics' coefficients (D, H) and their covariance (D, H, H); both zero where no season could be estimated."""

    coefficients: Floats
    covariance: Floats

    def at(self, dates: NDArray[np.intp]) -> "Seasons":
        """The same of some dates."""
        return Seasons(coefficients=self.coefficients[dates], covariance=self.covariance[dates])


def seasons(
    weeks: Dates,
    counts: Floats,
    ends: NDArray[np.intp],
    options: StudyOptions,
    apart: NDArray[np.intp] | None = None,
) -> Seasons:
    """Season of the years that end with row *ends* (D,) of the series *counts* (T,).

    *apart* (D, 2): first and last row of weeks that each date leaves out.

    As `trend_season.fit_season`: a log-linear regression on harmonics with the log of the centred yearly mean as offset,
    single extreme weeks left out. The covariance is the quasi-Poisson one or the one clustered by year, whichever
    is larger in trace. Weeks after *ends* are not looked at.
    """
    width = 2 * options.harmonics
    if width == 0 or len(counts) <= YEAR:
        return Seasons(coefficients=np.zeros((len(ends), width)), covariance=np.zeros((len(ends), width, width)))
    return estimate(season_rows(weeks, counts, ends, options, apart))


def estimate(rows: Rows) -> Seasons:
    """Season of each date's *rows*, whose design is 1 and the harmonics; zero where they are too few."""
    dates, width = len(rows.counts), rows.design.shape[2] - 1
    gamma, spread = np.zeros((dates, width)), np.zeros((dates, width, width))
    incidents = (rows.counts * rows.use).sum(axis=1)
    chosen = np.flatnonzero((rows.use.sum(axis=1) >= LEAST_WEEKS) & (incidents >= LEAST_INCIDENTS))
    if len(chosen):
        rows = rows.at(chosen)
        fits = fit(rows)
        kept = chosen[fits.ok]
        plain = dispersion(rows, fits, "model")[:, None, None] * fits.bread
        larger = _larger(plain, _by_year(rows, fits.mean, fits.bread))
        gamma[kept], spread[kept] = fits.coefficients[fits.ok, 1:], larger[fits.ok][:, 1:, 1:]
    return Seasons(coefficients=gamma, covariance=spread)


def season_rows(
    weeks: Dates,
    counts: Floats,
    ends: NDArray[np.intp],
    options: StudyOptions,
    apart: NDArray[np.intp] | None = None,
) -> Rows:
    """The weeks that the season at each of *ends* is learnt from, with the yearly mean as offset."""
    plain = without_one_offs(counts)
    level = np.nan_to_num(yearly_mean(plain))
    basis = np.column_stack([np.ones(len(weeks)), harmonics(weeks, options.harmonics)])
    index = ends[:, None] - YEAR // 2 - np.arange(YEAR * options.season_years)[::-1]
    inside = (index >= 0) & (index < len(weeks))
    if apart is not None:
        inside &= (index < apart[:, :1]) | (index > apart[:, 1:])
    safe = np.clip(index, 0, len(weeks) - 1)
    return Rows(
        counts=np.nan_to_num(plain)[safe],
        design=basis[safe],
        use=inside & ~np.isnan(plain)[safe] & (level[safe] > 0),
        offset=np.log(np.maximum(level[safe], 1e-9)),
    )


def _by_year(rows: Rows, mean: Floats, bread: Floats) -> Floats:
    """Covariance from the spread of the years' scores (Liang & Zeger 1986), with the factor B / (B - 1) for B years."""
    scores = rows.design * (rows.use * (rows.counts - mean))[:, :, None]
    yearly = scores.reshape(len(scores), -1, YEAR, scores.shape[2]).sum(axis=2)
    years = np.maximum((rows.use.reshape(len(scores), -1, YEAR).any(axis=2)).sum(axis=1), 2)
    meat = np.einsum("dyp,dyq->dpq", yearly, yearly)
    clustered: Floats = (years / (years - 1))[:, None, None] * (bread @ meat @ bread)
    return clustered


def _larger(one: Floats, other: Floats) -> Floats:
    first = np.trace(one, axis1=1, axis2=2) >= np.trace(other, axis1=1, axis2=2)
    return np.where(first[:, None, None], one, other)

"""Level, season and remainder of each region's series, for the eye: nothing is judged by them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.seasonal import STL

from analytics.errors import OptionError
from analytics.models.base import Floats, Notes
from analytics.models.trend_region import check_counts
from analytics.models.trend_season import YEAR
from analytics.panel import Panel

SEASON_SPAN = 21
"""Years over which STL lets its seasonal part change, so long that it is nearly fixed."""
SHIFT = 3 / 8
"""Anscombe's (1948) constant: sqrt(count + 3/8) has a variance that hardly depends on the mean."""


@dataclass(frozen=True, kw_only=True)
class DecomposeOptions:
    """Settings of `decompose`; raises OptionError for a value that cannot be used."""

    block_weeks: int = 4
    """Weeks summed before the season is estimated, a divisor of 52 up to 13; 1 gives a season of 52 single weeks."""
    robust: bool = True
    """Keep single extreme blocks out of level and season."""
    min_years: int = 2
    """Years of known weeks that a season needs; a shorter series gets a running mean."""
    min_incidents: int = 104
    """Incidents that a season needs; a sparser series gets a running mean."""
    running_weeks: int = 13
    """Weeks of the centred running mean (odd)."""

    def __post_init__(self) -> None:
        if self.block_weeks not in (1, 2, 4, 13):
            raise OptionError(f"block_weeks must be 1, 2, 4 or 13, got {self.block_weeks}")
        for name, least in {"min_years": 2, "min_incidents": 1, "running_weeks": 1}.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.running_weeks % 2 == 0:
            raise OptionError(f"running_weeks must be odd, got {self.running_weeks}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Decomposition:
    """observed = level x season + remainder, tables of one shape (T, R); NaN wherever the panel's value is."""

    options: DecomposeOptions
    panel: Panel
    level: Floats
    """Incidents a week without season and remainder."""
    season: Floats
    """Factor; 1 where no season was estimated."""
    remainder: Floats
    """Incidents a week."""
    note: Notes
    """Why a region has a running mean and no season, or ""; shape (R,)."""


def decompose(panel: Panel, options: DecomposeOptions | None = None) -> Decomposition:
    """Level, season and remainder of every region of *panel* by STL (Cleveland et al. 1990) on square roots.

    Weeks are summed to blocks of block_weeks, counted back from the last (the mean of a block's known weeks stands
    for its unknown ones; blocks without any are interpolated): a season of 52 single weeks would be mostly noise.
    x = sqrt(block sum + 3/8) = trend + seasonal + rest, by statsmodels' STL. Back on counts, with s2 the mean square of
    the rest under STL's robustness weights, level = max(trend^2 + s2 - 3/8, 0), since E[x^2] = E[x]^2 + var x.
    The season is one factor for each block of the year: weighted block sums over weighted levels, all years together
    (a seasonal part added to roots would be a huge factor in quiet years), scaled to a mean of 1 over the year.
    Weeks are interpolated between the middles of the blocks. Unknown weeks are NaN in all parts.
    Unlike a trend this looks at the weeks after each week as well. Raises InputError where a value is negative.
    """
    chosen = options or DecomposeOptions()
    check_counts(panel, "a decomposition")
    level, season = np.full_like(panel.values, np.nan), np.ones_like(panel.values)
    note = np.array([_gap(counts, chosen) for counts in panel.values.T], dtype=object)
    for column, counts in enumerate(panel.values.T):
        if note[column]:
            level[:, column] = _running_mean(counts, chosen.running_weeks)
        else:
            level[:, column], season[:, column] = _stl(counts, chosen)
    level, season = (np.where(np.isnan(panel.values), np.nan, part) for part in (level, season))
    remainder = panel.values - level * season
    return Decomposition(options=chosen, panel=panel, level=level, season=season, remainder=remainder, note=note)


def _gap(counts: Floats, options: DecomposeOptions) -> str:
    """Why the series gets no season, or ""."""
    known = counts[~np.isnan(counts)]
    if len(known) < options.min_years * YEAR:
        return f"no season: {len(known)} known weeks, {options.min_years * YEAR} needed"
    if known.sum() < options.min_incidents:
        return f"no season: {known.sum():g} incidents, {options.min_incidents} needed"
    return ""


def _running_mean(counts: Floats, width: int) -> Floats:
    """Centred mean of the known weeks among *width*, fewer at the ends; NaN where none is known; shape (T,)."""
    known = ~np.isnan(counts)
    ones, pad = np.ones(width), width // 2
    total = np.convolve(np.pad(np.where(known, counts, 0.0), pad), ones, mode="valid")
    share = np.convolve(np.pad(known.astype(np.float64), pad), ones, mode="valid")
    mean: Floats = np.where(share > 0.5, total / np.maximum(share, 1.0), np.nan)
    return mean


def _stl(counts: Floats, options: DecomposeOptions) -> tuple[Floats, Floats]:
    """Level and season factor, each (T,)."""
    sums, known, middles = _blocks(counts, options.block_weeks)
    index = np.arange(len(sums))
    roots = np.interp(index, index[known], np.sqrt(sums[known] + SHIFT))
    period = YEAR // options.block_weeks
    parts = STL(roots, period=period, seasonal=SEASON_SPAN, robust=options.robust).fit()
    weights = np.where(known, parts.weights, 0.0)
    noise = float(np.average(parts.resid**2, weights=weights))
    level = np.maximum(parts.trend**2 + noise - SHIFT, 0.0)
    factors = _factors(index % period, weights * sums, weights * level)
    scale, weeks = factors.mean(), np.arange(len(counts))
    season = np.interp(weeks, middles, factors[index % period] / scale)
    return np.interp(weeks, middles, level * scale) / options.block_weeks, season


def _factors(place: NDArray[np.int64], sums: Floats, levels: Floats) -> Floats:
    """Sum of *sums* over sum of *levels* at each place in the year, 1 where there are no levels; shape (period,)."""
    seen, expected = np.bincount(place, sums), np.bincount(place, levels)
    return np.where(expected > 0, seen / np.where(expected > 0, expected, 1.0), 1.0)


def _blocks(counts: Floats, width: int) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Sums of whole blocks, which have a known week, and the blocks' middles as positions in *counts*; each (B,)."""
    first = len(counts) % width
    table = counts[first:].reshape(-1, width)
    known = ~np.isnan(table)
    share = known.sum(axis=1)
    sums = np.where(known, table, 0.0).sum(axis=1) * width / np.maximum(share, 1)
    middles = first + np.arange(len(table)) * width + (width - 1) / 2
    return sums, share > 0, middles.astype(np.float64)

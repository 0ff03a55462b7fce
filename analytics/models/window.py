"""The weeks that a judged week is compared with, counted back in weeks, and what is known of them."""

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.models.base import Floats, Notes
from analytics.weeks import Dates

Indexes = NDArray[np.int64]

SEASON = 52
"""Weeks of a year in methods that count back in weeks and not in dates."""
_WEEKS_PER_YEAR = 365.25 / 7


def weeks_back(years: float) -> int:
    """Weeks that a baseline of so many *years* reaches back."""
    return round(years * _WEEKS_PER_YEAR)


def fitted_as_of(weeks: Dates, judged: Indexes, every: int) -> Indexes:
    """The week, at or before each *judged* one (indexes of *weeks*), as of which its baseline is fitted: every so many, (W,)."""
    number = weeks[judged].astype(np.int64) // 7
    found: Indexes = np.maximum(judged - number % every, 0)
    return found


def lags_before(nearest: int, count: int) -> Indexes:
    """*count* consecutive lags that end *nearest* weeks before the judged week, earliest week first; shape (count,)."""
    return np.arange(nearest + count - 1, nearest - 1, -1)


def season_lags(years_back: int, half_window: int, recent: bool) -> Indexes:
    """Lags of the windows of 2 *half_window* + 1 weeks around the same week of *years_back* earlier years.

    With *recent*, the *half_window* weeks just before the judged one as well. A year is 52 weeks. Earliest first.
    """
    around = np.arange(half_window, -half_window - 1, -1)
    windows = [SEASON * year + around for year in range(years_back, 0, -1)]
    just_before = [lags_before(1, half_window)] if recent else []
    lags: Indexes = np.concatenate([*windows, *just_before]).astype(np.int64)
    return lags


def check_season(years_back: int, half_window: int, recent: bool) -> None:
    """Raise OptionError where the options of `season_lags` name no week, or weeks that have not happened yet."""
    if not 0 <= years_back <= 50:
        raise OptionError(f"years_back must be in 0..50, got {years_back}")
    if not 0 <= half_window <= SEASON // 2 - 1:
        raise OptionError(f"half_window must be in 0..{SEASON // 2 - 1}, got {half_window}")
    if years_back == 0 and not (recent and half_window > 0):
        raise OptionError(
            "years_back=0 needs recent=true and a half_window of 1 or more; nothing else is compared with"
        )


def past(values: Floats, now: int, lags: Indexes) -> Floats:
    """Counts *lags* weeks before week *now*, shape (lags, R); NaN where unknown or before the first week."""
    rows = now - lags
    found: Floats = np.where((rows >= 0)[:, None], values[np.maximum(rows, 0)], np.nan)
    return found


def moments(values: Floats, weeks: Indexes, lags: Indexes) -> tuple[Floats, Floats]:
    """(mean, sample standard deviation) of the counts *lags* weeks before each of *weeks*, each (W, R).

    NaN where any of them is unknown.
    """
    mean, deviation = np.full((weeks.size, values.shape[1]), np.nan), np.full((weeks.size, values.shape[1]), np.nan)
    for row, now in enumerate(weeks):
        counts = past(values, int(now), lags)
        mean[row] = counts.mean(axis=0)
        deviation[row] = counts.std(axis=0, ddof=1)
    return mean, deviation


def known_before(values: Floats, weeks: Indexes, lags: Indexes) -> Indexes:
    """How many of the counts *lags* weeks before each of *weeks* are known, shape (W, R).

    lags: (L,), or (W, L) where each week has its own.
    """
    known = np.zeros((weeks.size, values.shape[1]), np.int64)
    for row, (now, back) in enumerate(zip(weeks, np.broadcast_to(lags, (weeks.size, lags.shape[-1])), strict=True)):
        known[row] = (~np.isnan(past(values, int(now), back))).sum(axis=0)
    return known


def totals(values: Floats, weeks: Indexes, lags: Indexes) -> Floats:
    """Sum of the known counts *lags* weeks before each of *weeks*, shape (W, R); *lags* as in `known_before`."""
    total = np.zeros((weeks.size, values.shape[1]))
    for row, (now, back) in enumerate(zip(weeks, np.broadcast_to(lags, (weeks.size, lags.shape[-1])), strict=True)):
        total[row] = np.nansum(past(values, int(now), back), axis=0)
    return total


def note_history(notes: Notes, unfit: NDArray[np.bool_], history: Floats, least: int) -> None:
    """Note the *unfit* cells, and how many of the *least* weeks before them that there must be are known: *history*, (W, R)."""
    for week, region in np.argwhere((notes == "") & unfit):
        notes[week, region] = f"too little history: {int(history[week, region])} of {least} weeks known"


def note_short(notes: Notes, known: Indexes, planned: int, least: int) -> None:
    """Note the cells that know fewer than *least* of their *planned* baseline weeks."""
    for week, region in np.argwhere((notes == "") & (known < least)):
        notes[week, region] = f"too little history: {known[week, region]} of {planned} baseline weeks known"

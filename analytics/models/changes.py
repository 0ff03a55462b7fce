"""Change points: in which weeks the level of a region's counts changed, how surely, and from what to what."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.models.base import Floats
from analytics.models.changes_fit import (
    Posterior,
    Series,
    posterior,
    ratio_interval,
    scatter,
)
from analytics.models.changes_sentence import sentence
from analytics.models.trend_region import check_counts, week_count
from analytics.models.trend_season import fit_season, season_gap, without_one_offs
from analytics.panel import Panel
from analytics.weeks import Dates, as_date

SEASON_YEARS, SEASON_INCIDENTS = 2, 50
"""Usable years and incidents that a season must come from."""


@dataclass(frozen=True, kw_only=True)
class ChangeOptions:
    """Settings of `Changes`; raises OptionError for a value that cannot be used."""

    window: int = 520
    """Weeks that are looked at, ending with the last one."""
    level: float = 0.95
    """Probability with which the interval of a week holds a change, and the level of the ratio's, in (0.5, 1)."""
    every: int = 260
    """Weeks from one change to the next, as expected before the counts are seen."""
    lasting: int = 4
    """Least weeks from one change to the next: what passes sooner is a spike."""
    season: bool = True
    """Take the season out, where there are years enough to know it; False never does."""
    min_weeks: int = 26
    """Known weeks that a region must have."""
    min_incidents: int = 8
    """Incidents that a region must have; fewer is quiet."""

    def __post_init__(self) -> None:
        if not 0.5 < self.level < 1:
            raise OptionError(f"level must be in (0.5, 1), a probability such as 0.95, got {self.level}")
        for name, least in {"every": 4, "lasting": 1, "min_weeks": 4, "min_incidents": 1}.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not self.min_weeks <= self.window <= MOST_WEEKS:
            raise OptionError(
                f"window must be from min_weeks ({self.min_weeks}) to {MOST_WEEKS} weeks, got {self.window}"
            )
        if 2 * self.lasting > self.min_weeks:
            raise OptionError(f"lasting must be at most half of min_weeks ({self.min_weeks}), got {self.lasting}")


MOST_WEEKS = 3000
"""Weeks beyond which the table of all segments would not fit into memory."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change in level, or why a region has none: a row of `ChangeResult.frame`, whose docstring says what each field is."""

    region_id: str
    region: str
    week: date | None = None
    week_low: date | None = None
    week_high: date | None = None
    probability: float = np.nan
    before: float = np.nan
    after: float = np.nan
    ratio: float = np.nan
    ratio_low: float = np.nan
    ratio_high: float = np.nan
    before_weeks: int = 0
    after_weeks: int = 0
    season: str = ""
    dispersion: float = np.nan
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangeResult:
    """Changes in level of all regions of a panel, in the panel's order and then in time's."""

    options: ChangeOptions
    panel: Panel
    last: date
    """First day of the last week looked at."""
    rows: tuple[Change, ...]

    def frame(self) -> pd.DataFrame:
        """One row per change, and one for each region that has none.

        Columns: region_id, region; week (first week of the new level, the most probable; NaT where there is no
        change), week_low, week_high (its credible interval); probability (that there is a change in that interval);
        before, after (incidents a week, season taken out, from the change before and until the next); ratio (after /
        before; infinite where before is 0), ratio_low, ratio_high; before_weeks, after_weeks (known ones); season
        ("from 8 years", "not adjusted: why", or ""); dispersion (variance over mean that is no change of level); note
        (why there is no change, or ""); sentence.
        """
        frame = pd.DataFrame(
            {field.name: [getattr(row, field.name) for row in self.rows] for field in fields(Change)}
        ).astype(dict.fromkeys(("week", "week_low", "week_high"), "datetime64[s]"))
        return frame.assign(sentence=pd.Series([self._sentence(row) for row in self.rows], dtype=object))

    def sentences(self, region_id: str | None = None) -> list[str]:
        """Each row of the region, or of all, as a sentence; raises OptionError for a region that is not there."""
        if region_id is not None and region_id not in self.panel.region_ids:
            raise OptionError(f"region {region_id!r} is not in this result; it has {', '.join(self.panel.region_ids)}")
        return [self._sentence(row) for row in self.rows if region_id in (None, row.region_id)]

    def _sentence(self, row: Change) -> str:
        return sentence(row, level=self.options.level, last=self.last + timedelta(days=6))


class Changes:
    """The most probable division of each region's weeks into levels; regions are independent, nothing is pooled.

    The posterior of all divisions is exact (`changes_fit.posterior`; Fearnhead 2006, Statistics and Computing 16).
    The interval of a week is the shortest run of weeks that holds a change with the probability *level* or more,
    summed over all divisions; the intervals of a region do not overlap. A change of the most probable division
    without such an interval is not told, so that of the changes told at most 1 - *level* are expected to be none.
    What scatters more than Poisson (variance over mean, neighbouring weeks that resemble each other) makes evidence
    count for less, `changes_fit.scatter`. A season that the calendar repeats is taken out (`fit_season`), and single
    weeks beyond ten times what their year leads one to expect are left out, as events and not levels.

    Measured by simulation at the defaults, over ten years. Without a change (means 0.2, 1, 5, 20, variance 1, 2, 3 x
    mean, 300 series a cell): 0 to 0.017 changes are found a series; with a season of exp(0.5 cos): 0 to 0.007. Where
    the level wanders, as AR(1) with deviation 0.4 on the log scale, wandering is taken for changes: at lag-1
    correlations of 0.3, 0.6, 0.8 and a mean of 5, 0.01, 0.16 and 1.3 a series (0.01, 0.04 and 0.15 at a mean of 1).
    One shift after 300 weeks (120 series a cell, variance 1 and 3 x mean, means 0.2, 1, 5 before it): by 4 found in 98 to
    100 %, by 2 in 98 to 100 % from a mean of 1 on, and in 62 and 18 % at 0.2; down to a quarter in 100 % from a mean of 1
    on, and in 93 and 32 % at 0.2. Of the intervals 92 to 99 % hold the true week. The ratio's interval holds the truth
    in 92 to 99 %, and in 89 and 77 % where a doubling at a mean of 0.2 is found: what is found against
    the odds looks larger than it is.
    """

    def __init__(self, options: ChangeOptions | None = None) -> None:
        self.options = options or ChangeOptions()

    def fit(self, panel: Panel, last: date | None = None) -> ChangeResult:
        """Changes of *panel* in the window that ends with week *last* (its first day; default the panel's last).

        Weeks after *last* are not looked at. Raises OptionError where the panel does not have that week, and
        InputError where a value is negative.
        """
        end = week_count(panel, last)
        check_counts(panel, "a change in level")
        rows = [row for column in range(len(panel.region_ids)) for row in _region(panel, column, end, self.options)]
        return ChangeResult(options=self.options, panel=panel, last=as_date(panel.weeks[end - 1]), rows=tuple(rows))


def _region(panel: Panel, column: int, end: int, options: ChangeOptions) -> list[Change]:
    """The rows of one region: its changes in time's order, or why there is none."""
    name: dict[str, Any] = {"region_id": panel.region_ids[column], "region": panel.region_names[column]}
    start = max(0, end - options.window)
    counts = without_one_offs(panel.values[start:end, column])
    known = ~np.isnan(counts)
    if gap := _gap(counts[known], options):
        return [Change(**name, note=gap)]
    exposure, words = _season(panel.weeks[:end], panel.values[:end, column], options)
    counts, exposure = counts[known], exposure[start:][known]
    series = Series(counts=counts, exposure=exposure, dispersion=scatter(counts, exposure))
    found = posterior(series, chance=1 / options.every, least=options.lasting)
    facts: dict[str, Any] = {**name, "season": words, "dispersion": series.dispersion}
    told = _told(found, options)
    if not told:
        span = f"{len(counts)} known weeks" if len(counts) < end - start else f"{len(counts)} weeks"
        return [Change(**facts, note=f"no change in level found in {span} with {counts.sum():,g} incidents")]
    places, weeks = [change.place for change in told], panel.weeks[start:end][known]
    edges = zip([0, *places[:-1]], told, [*places[1:], len(counts)], strict=True)
    return [Change(**facts, **_estimates(series, weeks, found, edge, options.level)) for edge in edges]


def _gap(counts: Floats, options: ChangeOptions) -> str:
    """Why the known *counts*, without single extreme weeks, are not looked at, or ""."""
    if len(counts) < options.min_weeks:
        return f"unknown, too few known weeks ({len(counts)} of {options.window}, {options.min_weeks} needed)"
    if counts.sum() < options.min_incidents:
        return f"quiet, too few incidents ({counts.sum():g} in {len(counts)} weeks, {options.min_incidents} needed)"
    return ""


def _season(weeks: Dates, counts: Floats, options: ChangeOptions) -> tuple[Floats, str]:
    """The season's factor of each week, and its part in words; (T,)."""
    if not options.season:
        return np.ones(len(weeks)), "not adjusted: switched off"
    if gap := season_gap(counts, min_years=SEASON_YEARS, min_incidents=SEASON_INCIDENTS):
        return np.ones(len(weeks)), f"not adjusted: {gap}"
    season = fit_season(weeks, counts, cycles=1)
    return np.exp(season.offset(weeks)), f"from {season.years} years"


class Told(NamedTuple):
    """Ends of a change's interval and its likeliest week, as positions."""

    low: int
    high: int
    place: int


def _told(found: Posterior, options: ChangeOptions) -> list[Told]:
    """The changes of the most probable division that are sure enough, with the ends of their intervals.

    Each has the weeks from half way to the change before until half way to the one after. While one of them holds no
    change so surely, the one that does so least is dropped, and its weeks fall to its neighbours.
    """
    places, last = list(found.likeliest), len(found.chance) - 1
    while places:
        edges = [1, *(-(-(one + two) // 2) for one, two in pairwise(places)), last]
        spans = [(first, end - 1) for first, end in pairwise(edges)]
        ends = [found.shortest(first, end, options.level) for first, end in spans]
        if all(ends):
            return [
                Told(low, high, low + int(found.chance[low : high + 1].argmax())) for low, high in filter(None, ends)
            ]
        chances = [found.without[span] for span in spans]
        places.pop(int(np.argmax(chances)))
    return []


def _estimates(
    series: Series, weeks: Dates, found: Posterior, edges: tuple[int, Told, int], level: float
) -> dict[str, Any]:
    """Week, probability, levels and ratio of a change between the positions of the changes beside it."""
    before, told, after = edges
    low, high, place = told
    dates = np.where((np.arange(len(found.chance)) >= low) & (np.arange(len(found.chance)) <= high), found.chance, 0.0)
    early, late = (
        float(series.counts[one:two].sum() / series.exposure[one:two].sum())
        for one, two in ((before, place), (place, after))
    )
    ratio_low, ratio_high = ratio_interval(series, dates, before, after, level)
    return {
        "week": as_date(weeks[place]),
        "week_low": as_date(weeks[low - 1] + np.timedelta64(7, "D")),
        "week_high": as_date(weeks[high]),
        "probability": 1 - float(found.without[low, high]),
        "before": early,
        "after": late,
        "ratio": late / early if early else float("inf"),
        "ratio_low": ratio_low if late else 0.0,
        "ratio_high": ratio_high if early else float("inf"),
        "before_weeks": place - before,
        "after_weeks": after - place,
    }

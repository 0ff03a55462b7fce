"""One region's trend: the options, the regression's answer as a row, and the word for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from analytics.errors import InputError, OptionError
from analytics.models.base import Floats
from analytics.models.trend_fit import FAMILIES, Family, Slope, fit_slope
from analytics.models.trend_season import Season, fit_season, season_gap
from analytics.panel import Panel
from analytics.weeks import as_date


@dataclass(frozen=True, kw_only=True)
class TrendOptions:
    """Settings of `Trend`; raises OptionError for a value that cannot be used."""

    window: int = 26
    """Weeks of the regression, ending with the last one."""
    level: float = 0.95
    """Confidence level of the growth interval, in (0.5, 1)."""
    family: Family = "quasi-poisson"
    """quasi-poisson, or negative-binomial (slower, and no better calibrated in short windows)."""
    season: bool = True
    """Take the season of earlier years out, where there are enough of them; False never does."""
    season_cycles: int = 1
    """Harmonics a year in the season."""
    season_years: int = 2
    """Usable years that the season must come from; they take a year more of weeks before the window."""
    season_incidents: int = 50
    """Incidents that the season must rest on."""
    min_weeks: int = 13
    """Known weeks that the window must have."""
    min_incidents: int = 8
    """Incidents that the window must have; fewer is quiet."""
    min_active_weeks: int = 3
    """Weeks with incidents that the window must have; a slope through fewer is not finite or not stable."""
    max_share: float = 0.5
    """Largest part of the window's incidents that one week may hold; above it there is a spike and not a trend."""
    serial: bool = True
    """Widen the interval where neighbouring weeks resemble each other (positive lag-1 autocorrelation)."""
    fast_growth: float = 0.05
    """Growth per week that is fast when the whole interval is beyond it (0.05: doubling in 14 weeks)."""
    recent: int = 4
    """Last weeks whose rate is compared with that of the weeks before them."""
    against: int = 52
    """Weeks before the recent ones that they are compared with."""
    steady_growth: float = 0.025
    """Growth per week that is steady when the whole interval is within it (0.025: under a doubling in 26 weeks)."""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise OptionError(f"family must be one of {', '.join(FAMILIES)}, got {self.family!r}")
        if not 0.5 < self.level < 1:
            raise OptionError(f"level must be in (0.5, 1), a confidence level such as 0.95, got {self.level}")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.max_share <= 0.9:
            raise OptionError(f"max_share must be in (0, 0.9], got {self.max_share}")
        if self.min_weeks > self.window:
            raise OptionError(f"min_weeks must not exceed window ({self.window}), got {self.min_weeks}")
        if not 0 < self.steady_growth <= self.fast_growth:
            raise OptionError(
                f"steady_growth must be above 0 and at most fast_growth ({self.fast_growth}), got {self.steady_growth}"
            )


_LEAST = {
    "window": 6,
    "min_weeks": 4,
    "min_incidents": 1,
    "min_active_weeks": 3,
    "season_cycles": 1,
    "season_years": 2,
    "season_incidents": 1,
    "recent": 1,
    "against": 4,
}


@dataclass(frozen=True, kw_only=True)
class RegionTrend:
    """Trend of one region: a row of `TrendResult.frame`, whose docstring says what each field is."""

    region_id: str
    region: str
    weeks: int
    incidents: float
    mean: float
    growth: float = np.nan
    growth_low: float = np.nan
    growth_high: float = np.nan
    p_growing: float = np.nan
    p_value: float = np.nan
    doubling_weeks: float = np.nan
    direction: str
    note: str = ""
    season: str = ""
    dispersion: float = np.nan


def check_counts(panel: Panel, what: str) -> None:
    """Raise InputError, naming *what* needs counts, where a value of *panel* is negative."""
    bad = np.argwhere(panel.values < 0)
    if len(bad):
        week, column = bad[0]
        raise InputError(
            f"{what} needs counts: {panel.region_ids[column]} has {panel.values[week, column]:g} "
            f"in the week of {as_date(panel.weeks[week])}; choose a measure that is never negative"
        )


def week_count(panel: Panel, last: date | None) -> int:
    """Number of weeks of *panel* up to and including week *last*."""
    if len(panel.weeks) == 0:
        raise OptionError("the panel has no weeks; choose an earlier first day or a later last one")
    if last is None:
        return len(panel.weeks)
    found = np.flatnonzero(panel.weeks == np.datetime64(last, "D"))
    if len(found) == 0:
        first, final = as_date(panel.weeks[0]), as_date(panel.weeks[-1])
        raise OptionError(f"last must be the first day of a week from {first} to {final}, got {last}")
    return int(found[0]) + 1


def region_season(panel: Panel, column: int, start: int, options: TrendOptions) -> tuple[Season | None, str]:
    """Season of the region in *column* from the weeks before position *start*, if any, and its part in words."""
    if not options.season:
        return None, "not adjusted: switched off"
    earlier = panel.values[:start, column]
    if gap := season_gap(earlier, min_years=options.season_years, min_incidents=options.season_incidents):
        return None, f"not adjusted: {gap}"
    season = fit_season(panel.weeks[:start], earlier, cycles=options.season_cycles)
    return season, f"from {season.years} years"


def region_trend(
    panel: Panel, column: int, start: int, end: int, options: TrendOptions, *, season: tuple[Season | None, str]
) -> RegionTrend:
    """Trend of the region in *column* of *panel* over its weeks *start* to *end* (positions, *end* not included)."""
    counts = panel.values[start:end, column]
    known = ~np.isnan(counts)
    facts: dict[str, Any] = {
        "region_id": panel.region_ids[column],
        "region": panel.region_names[column],
        "weeks": int(known.sum()),
        "incidents": float(counts[known].sum()),
        "mean": float(counts[known].mean()) if known.any() else np.nan,
    }
    direction, note = _gap(counts[known], options)
    if note:
        return RegionTrend(**facts, direction=direction, note=note)
    weeks = panel.weeks[start:end][known]
    slope = fit_slope(weeks, counts[known], family=options.family, season=season[0], serial=options.serial)
    return RegionTrend(**facts, **_estimates(slope, options), season=season[1])


def _gap(counts: Floats, options: TrendOptions) -> tuple[str, str]:
    """Direction and reason of a window without an estimate; two empty words where there is enough to go on."""
    incidents, active = float(counts.sum()), int((counts > 0).sum())
    if len(counts) < options.min_weeks:
        return "unknown", f"too few known weeks: {len(counts)} of {options.window}, {options.min_weeks} needed"
    if incidents < options.min_incidents:
        return "quiet", f"too few incidents: {incidents:g} in {len(counts)} weeks"
    if active < options.min_active_weeks:
        return "unclear", f"too few weeks with incidents: {active} of {len(counts)}, {options.min_active_weeks} needed"
    if counts.max() > options.max_share * incidents:
        return "unclear", f"a spike and not a trend: one week has {counts.max():g} of {incidents:g} incidents"
    return "", ""


def _estimates(slope: Slope, options: TrendOptions) -> dict[str, Any]:
    low, high = slope.interval(options.level)
    return {
        "growth": _growth(slope.rate),
        "growth_low": _growth(low),
        "growth_high": _growth(high),
        "p_growing": slope.p_positive(),
        "p_value": slope.p_value(),
        "doubling_weeks": float(np.log(2) / slope.rate) if slope.rate else np.nan,
        "direction": direction(low, high, options),
        "dispersion": slope.dispersion,
    }


def _growth(rate: float) -> float:
    """exp(rate) - 1; infinite where that is beyond floating point."""
    return float(np.expm1(rate)) if rate < 700 else float("inf")


_RULES: tuple[tuple[str, Callable[[float, float, float, float], bool]], ...] = (
    ("rising fast", lambda low, high, fast, steady: low >= fast),
    ("rising", lambda low, high, fast, steady: low > 0),
    ("falling fast", lambda low, high, fast, steady: high <= -fast),
    ("falling", lambda low, high, fast, steady: high < 0),
    ("steady", lambda low, high, fast, steady: -steady <= low and high <= steady),
)


def direction(low: float, high: float, options: TrendOptions) -> str:
    """The word for an interval from *low* to *high* of b (log scale, per week); the rules are in `Trend`."""
    fast, steady = float(np.log1p(options.fast_growth)), float(np.log1p(options.steady_growth))
    return next((word for word, holds in _RULES if holds(low, high, fast, steady)), "unclear")

"""Trend per region: how fast the mean of the recent weeks grows or falls, how surely, and in which word."""

from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.models.trend_region import RegionTrend, TrendOptions, check_counts, region_trend
from analytics.panel import Panel
from analytics.weeks import as_date

__all__ = ["RegionTrend", "Trend", "TrendOptions", "TrendResult"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrendResult:
    """Trends of all regions of a panel, one `RegionTrend` each, in the panel's order."""

    options: TrendOptions
    panel: Panel
    last: date
    """First day of the last week of the window."""
    rows: tuple[RegionTrend, ...]

    def frame(self) -> pd.DataFrame:
        """One row per region, in the panel's order.

        Columns: region_id, region; weeks (known ones in the window); incidents (their sum); mean (per known week);
        growth, growth_low, growth_high (fractions per week, exp(b) - 1); p_growing (confidence-distribution value of
        b > 0); p_value (two-sided, of b = 0); doubling_weeks (log 2 / b, negative: weeks to halve; NaN where b is
        0); direction; note (why there is no estimate, or ""); season ("from 8 years", "not adjusted: why", or "");
        dispersion (variance over mean). Without an estimate the numbers from growth on are NaN.
        """
        return pd.DataFrame(
            {field.name: [getattr(row, field.name) for row in self.rows] for field in fields(RegionTrend)}
        )

    def sentence(self, region_id: str) -> str:
        """The region's row as a sentence; raises OptionError for a region that the panel does not have."""
        row = next((row for row in self.rows if row.region_id == region_id), None)
        if row is None:
            raise OptionError(f"region {region_id!r} is not in this result; it has {', '.join(self.panel.region_ids)}")
        return f"{row.region}: {row.direction}, {_words(row, self.options)} {self._span()}"

    def _span(self) -> str:
        end = self.last + timedelta(days=6)
        return f"over the {self.options.window} weeks to {end.day} {end:%B %Y}"


class Trend:
    """Regression of each region's recent weeks on time; regions are independent, and nothing is pooled.

    log mean = a + b t (+ season), t in weeks; growth = exp(b) - 1 per week; see `fit_slope` for the estimator and
    `fit_season` for the season, which comes from the weeks before the window alone.

    Direction, first rule that holds (L, H: the interval's ends; fast and steady: the options, mirrored on the log
    scale, so that falling fast is the inverse of rising fast, growth of -1 + 1 / (1 + fast)):

    ============ ======================================================================================
    unknown      fewer than min_weeks known weeks
    quiet        fewer than min_incidents incidents
    unclear      incidents in fewer than min_active_weeks weeks, or more than max_share of them in one week
    rising fast  L >= fast
    rising       L > 0
    falling fast H <= mirrored fast
    falling      H < 0
    steady       mirrored steady <= L and H <= steady
    unclear      anything else: the interval is too wide to say
    ============ ======================================================================================

    Calibration, measured by simulation at the defaults (26 weeks, means 0.3, 1, 5, 20, variance 1, 2, 3 x mean,
    growth 0 and 5 % a week, 2,000 series a cell): 95 % intervals cover 95.6 to 98.4 %, and P(growing) is within 0.05
    of uniform without growth. Deaths instead of incidents: 96 to 97 %. A season of exp(0.5 cos) after 3 to 8 earlier
    years, 300 series a cell, means 1 to 20: 90 to 99 % (28 to 91 % with season off), the low end where the level drifts
    by 10 % a week as well. Where the level itself wanders in the window, as AR(1) with deviation 0.4 on the log
    scale, the window's own rise or fall is taken for growth: at lag-1 correlations of 0.3, 0.6, 0.8 and a mean of 5,
    zero is covered by 95, 90 and 84 % (92, 82 and 72 % without *serial*). The interval tells what the window shows
    and not what comes next.
    """

    def __init__(self, options: TrendOptions | None = None) -> None:
        self.options = options or TrendOptions()

    def fit(self, panel: Panel, last: date | None = None) -> TrendResult:
        """Trends of *panel* over the window that ends with week *last* (its first day; default the panel's last).

        Weeks after *last* are not looked at. Raises OptionError where the panel does not have that week, and
        InputError where a value is negative.
        """
        end = _position(panel, last)
        start = max(0, end - self.options.window)
        check_counts(panel, "a trend")
        rows = tuple(region_trend(panel, column, start, end, self.options) for column in range(len(panel.region_ids)))
        return TrendResult(options=self.options, panel=panel, last=as_date(panel.weeks[end - 1]), rows=rows)


def _position(panel: Panel, last: date | None) -> int:
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


def _words(row: RegionTrend, options: TrendOptions) -> str:
    if row.note:
        return f"not estimated ({row.note})"
    figures = (row.growth, row.growth_low, row.growth_high)
    smallest = min(abs(figure) for figure in figures) * 100
    digits = 0 if smallest >= 1 else 1
    growth, low, high = (_percent(figure, digits) for figure in figures)
    return f"{growth} a week ({100 * options.level:g} % interval {low} to {high})"


def _percent(figure: float, digits: int) -> str:
    """A fraction as signed per cent; a bound beyond a tenfold week says no more than that."""
    return "over +1000 %" if figure > 10 else f"{100 * figure:+.{digits}f} %".replace("-", "−")

"""Rules of practice, as comparators: mean + 2 sd, ACLED's Surge and Threat, and the maximum of the year before.

Rules, not distributions: p is NaN in all of them. Each is written from its published description.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from analytics.errors import OptionError
from analytics.models.base import Floats, Notes, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.window import Indexes, known_before, lags_before, moments, note_short, past, totals
from analytics.panel import Panel


@dataclass(frozen=True, kw_only=True)
class MeanSdOptions:
    """Options of mean + 2 sd."""

    baseline_weeks: int = 52
    """Weeks just before the judged one whose mean and deviation make the baseline."""
    deviations: float = 2.0
    """Deviations above the mean at which *upper* lies."""

    def __post_init__(self) -> None:
        _in_range("baseline_weeks", self.baseline_weeks, 2, 520)
        _in_range("deviations", self.deviations, 0, 100)


@dataclass(frozen=True, kw_only=True)
class SurgeOptions:
    """Options of ACLED's Subnational Surge Tracker."""

    ratio: float = 2.0
    """Times the mean that make a surge."""
    baseline_weeks: int = 4
    """Weeks just before the judged one whose mean it is."""
    min_mean: float = 1.0
    """Smallest mean of the baseline with which there can be a surge."""

    def __post_init__(self) -> None:
        _in_range("ratio", self.ratio, 1e-9, 1e9)
        _in_range("baseline_weeks", self.baseline_weeks, 1, 520)
        _in_range("min_mean", self.min_mean, 0, np.inf)


@dataclass(frozen=True, kw_only=True)
class ThreatOptions:
    """Options of ACLED's Subnational Threat Tracker."""

    ratio: float = 2.0
    """Times the long mean that the short mean must reach."""
    short_weeks: int = 4
    """Weeks of the short mean, the judged one included."""
    long_weeks: int = 52
    """Weeks of the long mean, the judged one included."""
    min_mean: float = 1.0
    """Smallest short mean that can be a threat."""

    def __post_init__(self) -> None:
        _in_range("ratio", self.ratio, 1e-9, 1e9)
        _in_range("long_weeks", self.long_weeks, 2, 520)
        _in_range("short_weeks", self.short_weeks, 1, self.long_weeks - 1)
        _in_range("min_mean", self.min_mean, 0, np.inf)
        if self.ratio * self.short_weeks >= self.long_weeks:
            raise OptionError(
                f"ratio * short_weeks must be below long_weeks={self.long_weeks}, got {self.ratio * self.short_weeks:g}; "
                "no count could ever be a threat"
            )


@dataclass(frozen=True, kw_only=True)
class MaximumOptions:
    """Options of the maximum of the year before."""

    baseline_weeks: int = 52
    """Weeks just before the judged one whose maximum is the limit."""

    def __post_init__(self) -> None:
        _in_range("baseline_weeks", self.baseline_weeks, 1, 520)


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(f"{name} must be in {low:g}..{high:g}, got {value}")


@dataclass(frozen=True)
class MeanSd:
    """An alarm above the mean plus *deviations* sample deviations of the *baseline_weeks* weeks before.

    The rule of thumb of many dashboards. A week is not judged unless every baseline week is known.
    """

    options: MeanSdOptions = field(default_factory=MeanSdOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        judged, notes, lags = _prepared(panel, first, last, self.options.baseline_weeks)
        mean, deviation = moments(panel.values, judged, lags)
        upper = mean + self.options.deviations * deviation
        return _result(panel, judged, "mean-sd", self.options, mean, upper, notes)


@dataclass(frozen=True)
class Surge:
    """ACLED's Surge: the week has at least *ratio* times the mean of the *baseline_weeks* weeks before.

    The mean must be at least *min_mean* (ACLED, Subnational Threat & Surge Trackers). Upper is ratio * mean, and a
    count that equals it is an alarm; NaN where the mean is too small for a surge. A week is not judged unless every
    baseline week is known.
    """

    options: SurgeOptions = field(default_factory=SurgeOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        judged, notes, lags = _prepared(panel, first, last, self.options.baseline_weeks)
        mean = totals(panel.values, judged, lags) / lags.size
        upper = np.where(mean >= self.options.min_mean, self.options.ratio * mean, np.nan)
        result = _result(panel, judged, "acled-surge", self.options, mean, upper, notes)
        return replace(result, alarm=(result.observed >= result.upper) & (result.observed > 0))


@dataclass(frozen=True)
class Threat:
    """ACLED's Threat: the mean of the last *short_weeks* weeks is at least *ratio* times that of *long_weeks* weeks.

    Both end with the judged week, and the short mean must be at least *min_mean* (ACLED, Subnational Threat & Surge
    Trackers, which set 1). Expected is the long mean without the judged week; upper is the smallest count with which
    the week would be a threat, and a count that reaches it is an alarm. It speaks of a month, so a quiet week after a
    bloody one can be a threat too. A week is not judged unless every week of it is known.
    """

    options: ThreatOptions = field(default_factory=ThreatOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        options = self.options
        judged, notes, lags = _prepared(panel, first, last, options.long_weeks - 1)
        long = totals(panel.values, judged, lags)
        short = totals(panel.values, judged, lags[lags < options.short_weeks])
        share = options.ratio * options.short_weeks / options.long_weeks
        doubled = (share * long - short) / (1.0 - share)
        upper = np.maximum(np.maximum(doubled, options.min_mean * options.short_weeks - short), 0.0)
        result = _result(panel, judged, "acled-threat", options, long / lags.size, np.ceil(upper - 1e-9), notes)
        some = short + result.observed > 0
        return replace(result, alarm=(result.observed >= result.upper) & some)


@dataclass(frozen=True)
class Maximum:
    """An alarm above the highest count of the *baseline_weeks* weeks before.

    As the HDX Signals of the UN OCHA Centre for Humanitarian Data for conflict: a level not seen for a year. Expected
    is the mean of those weeks. A week is not judged unless every baseline week is known.
    """

    options: MaximumOptions = field(default_factory=MaximumOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        judged, notes, lags = _prepared(panel, first, last, self.options.baseline_weeks)
        mean = totals(panel.values, judged, lags) / lags.size
        upper = np.array([past(panel.values, int(now), lags).max(axis=0) for now in judged])
        return _result(panel, judged, "hdx-maximum", self.options, mean, upper, notes)


def _prepared(panel: Panel, first: date | None, last: date | None, weeks: int) -> tuple[Indexes, Notes, Indexes]:
    """(judged weeks, notes, lags) of a rule that needs every one of the *weeks* weeks before."""
    check_counts(panel)
    lags = lags_before(1, weeks)
    judged = judged_weeks(panel, first, last, default=weeks)
    notes = blank_notes(panel, judged)
    note_short(notes, known_before(panel.values, judged, lags), weeks, weeks)
    return judged, notes, lags


def _result(
    panel: Panel, judged: Indexes, method: str, options: Any, expected: Floats, upper: Floats, notes: Notes
) -> SpikeResult:
    """The result of a rule without a distribution."""
    nothing = np.full_like(expected, np.nan)
    return assemble(
        panel, judged, method=method, options=options, expected=expected, upper=upper, p_value=nothing, note=notes
    )

"""EARS C1, C2 and C3: a week against the mean and deviation of a few weeks before it."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from scipy import special

from analytics.errors import OptionError
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.window import Indexes, known_before, lags_before, moments, note_short
from analytics.panel import Panel


@dataclass(frozen=True, kw_only=True)
class EarsOptions:
    """Options of EARS C1 and C2."""

    alpha: float = 0.001
    """Chance of exceeding *upper* when nothing unusual happens and counts are normal."""
    baseline_weeks: int = 7
    """Weeks whose mean and deviation make the baseline."""
    min_sigma: float = 0.0
    """Smallest deviation; 0.5 keeps a first incident after quiet weeks from being an alarm."""

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, kw_only=True)
class EarsC3Options:
    """Options of EARS C3."""

    alpha: float = 0.025
    """Chance of exceeding *upper* when nothing unusual happens and counts are normal."""
    baseline_weeks: int = 7
    """Weeks whose mean and deviation make the baseline."""
    min_sigma: float = 0.0
    """Smallest deviation."""
    published: bool = False
    """Whether *upper* is as published, with the baseline's mean where R 1.20.3 has the judged count itself."""

    def __post_init__(self) -> None:
        _check(self)


def _check(options: EarsOptions | EarsC3Options) -> None:
    if not 1e-12 <= options.alpha <= 0.5:
        raise OptionError(f"alpha must be in 1e-12..0.5, got {options.alpha}")
    if not 3 <= options.baseline_weeks <= 520:
        raise OptionError(f"baseline_weeks must be in 3..520, got {options.baseline_weeks}")
    if not 0 <= options.min_sigma < np.inf:
        raise OptionError(f"min_sigma must be 0 or more, got {options.min_sigma}")


@dataclass(frozen=True)
class EarsC1:
    """EARS C1 (Hutwagner et al. 2003, J Urban Health 80:i89; Salmon et al. 2016, J Stat Softw 70(10), section 2.2).

    Upper = mean + z_{1-alpha} sd over the *baseline_weeks* weeks before, sd the sample deviation, at least *min_sigma*.
    p = 1 - Phi((y - mean) / sd), NaN where the deviation is zero. Numbers are those of R `surveillance` 1.20.3.
    A week is not judged unless every baseline week is known.
    """

    options: EarsOptions = field(default_factory=EarsOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        return _against_moments(panel, first, last, self.options, "ears-c1", gap=0)


@dataclass(frozen=True)
class EarsC2:
    """EARS C2: as C1, with two weeks between baseline and judged week, so that a slow rise is not its own baseline."""

    options: EarsOptions = field(default_factory=EarsOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        return _against_moments(panel, first, last, self.options, "ears-c2", gap=2)


def _against_moments(
    panel: Panel, first: date | None, last: date | None, options: EarsOptions, method: str, gap: int
) -> SpikeResult:
    """C1 (no *gap*) or C2 (*gap* of two weeks)."""
    check_counts(panel)
    lags = lags_before(gap + 1, options.baseline_weeks)
    judged = judged_weeks(panel, first, last, default=int(lags[0]))
    notes = blank_notes(panel, judged)
    note_short(notes, known_before(panel.values, judged, lags), lags.size, lags.size)
    mean, deviation = moments(panel.values, judged, lags)
    sigma = np.maximum(deviation, options.min_sigma)
    upper = mean - special.ndtri(options.alpha) * sigma
    return assemble(
        panel, judged, method=method, options=options, expected=mean, upper=upper,
        p_value=normal_tail(panel.values[judged], mean, sigma), note=notes,
    )  # fmt: skip


def normal_tail(counts: Floats, mean: Floats, sigma: Floats) -> Floats:
    """1 - Phi((y - mean) / sigma); NaN where sigma is zero, for there is no distribution."""
    with np.errstate(divide="ignore", invalid="ignore"):
        tail: Floats = np.where(sigma > 0, special.ndtr((mean - counts) / sigma), np.nan)
    return tail


@dataclass(frozen=True)
class EarsC3:
    """EARS C3: C2's excess added up over three weeks (Hutwagner et al. 2003; Salmon et al. 2016, section 2.2).

    With C2 = (y - mean) / sd and parts = sum of max(0, C2 - 1) over the two weeks before, upper = max(0,
    y + sd (z_{1-alpha} - parts)), as R `surveillance` 1.20.3 computes it: the judged count y stands where the published
    formula has the baseline's mean (`published=True`), so that the two weeks before decide alone whether any incident
    is an alarm. Where R is undefined (a deviation of zero), ours is the limit: a count equal to its baseline adds no
    part, and a count above a baseline without deviation makes upper 0. The sum has no simple distribution: p is NaN.
    A week is not judged unless every baseline week and the two weeks before are known.
    """

    options: EarsC3Options = field(default_factory=EarsC3Options)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        needed = lags_before(1, self.options.baseline_weeks + 4)
        judged = judged_weeks(panel, first, last, default=int(needed[0]))
        notes = blank_notes(panel, judged)
        note_short(notes, known_before(panel.values, judged, needed), needed.size, needed.size)
        mean, upper = _added_up(panel.values, judged, self.options)
        return assemble(
            panel, judged, method="ears-c3", options=self.options, expected=mean, upper=upper,
            p_value=np.full_like(mean, np.nan), note=notes,
        )  # fmt: skip


def _added_up(values: Floats, judged: Indexes, options: EarsC3Options) -> tuple[Floats, Floats]:
    """(mean, upper) of C3 for the *judged* weeks, each (W, R)."""
    weeks = np.arange(judged[0] - 2, judged[-1] + 1)
    mean, deviation = moments(values, weeks, lags_before(3, options.baseline_weeks))
    sigma = np.maximum(deviation, options.min_sigma)
    counts = np.where((weeks >= 0)[:, None], values[np.maximum(weeks, 0)], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(counts == mean, 0.0, (counts - mean) / sigma) - 1.0
        part = np.maximum(excess, 0.0)
        parts = part[:-2] + part[1:-1]
        room = sigma[2:] * (-special.ndtri(options.alpha) - parts)
    middle = mean[2:] if options.published else counts[2:]
    upper = np.where(np.isinf(parts), 0.0, np.maximum(middle + room, 0.0))
    return mean[2:], upper

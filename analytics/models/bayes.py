"""Bayes: the posterior predictive of a constant rate over the weeks around the same time of earlier years."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from analytics.errors import OptionError
from analytics.models.base import SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_fit import exact_bounds
from analytics.models.window import check_season, known_before, note_short, season_lags, totals
from analytics.panel import Panel

METHOD = "bayes"


@dataclass(frozen=True, kw_only=True)
class BayesOptions:
    """Options of Bayes; the defaults are Bayes 1."""

    alpha: float = 0.05
    """Chance of exceeding *upper* when nothing unusual happens."""
    years_back: int = 0
    """Years of 52 weeks whose windows are compared with."""
    half_window: int = 6
    """Weeks on each side of the same week in those years, and weeks just before the judged one."""
    recent: bool = True
    """Whether the *half_window* weeks just before the judged one are compared with."""

    def __post_init__(self) -> None:
        if not 1e-12 <= self.alpha <= 0.5:
            raise OptionError(f"alpha must be in 1e-12..0.5, got {self.alpha}")
        check_season(self.years_back, self.half_window, self.recent)


PRESETS = {
    "bayes-1": BayesOptions(),
    "bayes-2": BayesOptions(years_back=1),
    "bayes-3": BayesOptions(years_back=2, half_window=4, recent=False),
}
"""The three variants of the reference, by name."""


@dataclass(frozen=True)
class Bayes:
    """Bayes (Riebler 2004; Hoehle 2007, Comput Stat 22:571, section 3.2).

    With s incidents in n known baseline weeks, Poisson counts and Jeffreys' prior Gamma(1/2, 0) on their rate, the next
    count is negative binomial with size s + 1/2 and probability n / (n + 1): mean (s + 1/2) / n, variance
    mean (1 + 1/n). Upper is its (1 - alpha) quantile, p its exact tail P(Y >= y). Numbers are those of R `surveillance`
    1.20.3. Unknown baseline weeks are left out; a week is not judged without a known one, or where the baseline begins
    before the panel.
    """

    options: BayesOptions = field(default_factory=BayesOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        options = self.options
        lags = season_lags(options.years_back, options.half_window, options.recent)
        judged = judged_weeks(panel, first, last, default=int(lags.max()))
        known = known_before(panel.values, judged, lags)
        notes = blank_notes(panel, judged)
        note_short(notes, known, lags.size, 1)
        early = (notes == "") & (judged < lags.max())[:, None]
        notes[early] = f"too little history: the baseline begins {lags.max()} weeks before"
        with np.errstate(divide="ignore"):
            mean = (totals(panel.values, judged, lags) + 0.5) / known
            ratio = 1.0 + 1.0 / known
        upper, p_value = exact_bounds(panel.values[judged], mean, ratio, options.alpha, threads)
        return assemble(
            panel, judged, method=METHOD, options=options, expected=mean, upper=upper, p_value=p_value, note=notes
        )

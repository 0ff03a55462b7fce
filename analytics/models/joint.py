"""The joint detector: surges of a week or two and build-ups over many, in one likelihood ratio."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from analytics.errors import OptionError
from analytics.models import predictive_kernel as kernel
from analytics.models.base import SpikeResult
from analytics.models.farrington_cells import check_counts, judged_weeks
from analytics.models.farrington_fit import Indexes, in_threads
from analytics.models.predictive import outbreak_limit, prior_precision
from analytics.models.ramp import Baseline, RampOptions, design, judge, with_doubts
from analytics.models.window import fitted_as_of, weeks_back
from analytics.panel import Panel

__all__ = ["METHOD", "Joint", "JointOptions", "baselines"]

METHOD = "joint"
_FADING = 2.0
"""As `RampOptions.fading`: with surges beside them, ramps that are a few weeks old are worth more than without."""


@dataclass(frozen=True, kw_only=True)
class JointOptions:
    """Options of the joint detector."""

    alpha: float = 0.01
    """Chance of an alarm in a week when nothing unusual happens."""
    window: int = 8
    """Weeks, the judged one the last of them, in which a build-up may have begun."""
    surge_share: float = 0.05
    """Weight of a surge of the judged week and the one before; the rest is that of build-ups."""
    years_back: float = 5
    """Years of baseline."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    min_weeks: int = 52
    """Fewest known weeks before the judged one, within *years_back*, for a week to be judged."""
    trend: bool = True
    """Whether the baseline may have a trend, where there is evidence of one."""
    harmonics: int = 2
    """Most waves of a year in the baseline; they are used where there is evidence of them."""
    outbreak_share: float = 0.025
    """Share of the weeks that are cut off as possible past outbreaks, with their neighbours; 0 = keep all weeks."""
    refit_weeks: int = 8
    """The baseline is fitted anew every so many weeks, counted from 1 January 1970, and serves the weeks between."""
    draws: int = 512
    """Simulated windows behind each p-value, a power of two."""
    seed: int = 0
    """Seed of the simulated windows, which are the same for every region and week."""

    def __post_init__(self) -> None:
        if not 0 <= self.outbreak_share <= 0.2:
            raise OptionError(f"outbreak_share must be in 0..0.2, got {self.outbreak_share}")
        self.ramps()

    def ramps(self) -> RampOptions:
        """The build-ups and surges that are looked for."""
        return RampOptions(
            alpha=self.alpha, window=self.window, fading=_FADING, surge_share=self.surge_share,
            years_back=self.years_back, exclude_weeks=self.exclude_weeks, min_weeks=self.min_weeks, trend=self.trend,
            harmonics=self.harmonics, refit_weeks=self.refit_weeks, draws=self.draws, seed=self.seed,
        )  # fmt: skip


@dataclass(frozen=True)
class Joint:
    """One mixture of likelihood ratios over surges and build-ups, against a baseline without past outbreaks.

    For the judged week t, S = log sum over j of w_j prod over s = t-n_j+1..t of NB(y_s; f_j,s mu_s, phi) / NB(y_s; mu_s,
    phi). Of the alternatives j, *surge_share* of the weight has a surge: n = 2, f = 1 + 2 (1 + min(1, phi / 4 mu)) sqrt(phi
    / mu), two deviations, four where incidents are few. The rest have the ramps of `Ramp`: n = 1..window, f = e^(b k) in
    the ramp's week k, b = log 1.2 or log 1.45, weights falling as n^-1 e^(-2 b (n - 1)). Unknown weeks add nothing.

    mu and phi are those of `Predictive`: mean and dispersion of the weeks below a limit, with the likelihood of counts
    that are known to be below it, so that past outbreaks do not count and nothing is biased where there was none; here
    trend and waves only where Akaike's information criterion asks for them. phi is the posterior mean and 3 times its
    variance, or one deviation, whichever is less, times 1 + 4 v, as in `Ramp`.

    p = P(S >= observed S, and an incident in the judged week), rate and dispersion drawn from their posterior, by the same
    importance sampling as in `Ramp`. A week without incident has p = 1. `upper`, `statistic`, `onset`, `onset_edge` and
    `growth` are as in `Ramp`. What was measured is in docs/evidence.md; how it came about in docs/detector.md.
    """

    options: JointOptions = field(default_factory=JointOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week with *min_weeks* weeks before it.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that
        are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        judged = judged_weeks(panel, first, last, default=self.options.min_weeks)
        normal = baselines(panel, judged, self.options, threads)
        return judge(
            panel, judged, normal, self.options.ramps(), threads=threads, method=METHOD, given=self.options, every=False
        )


def baselines(panel: Panel, judged: Indexes, options: JointOptions, threads: int | None = None) -> Baseline:
    """The baseline of each of the *judged* weeks (indexes); NaN where the history is too short."""
    counts = np.array(panel.values.T, order="C")
    columns = design(panel)
    fitted = fitted_as_of(panel.weeks, judged, options.refit_weeks)
    span = (weeks_back(options.years_back), options.exclude_weeks, options.min_weeks)
    limit = outbreak_limit(options.outbreak_share)
    precision = prior_precision(options.trend, options.harmonics)
    means = np.full((counts.shape[0], judged.size, options.window), np.nan)
    out = np.full((counts.shape[0], judged.size, 6), np.nan)

    def call(first: int, last: int) -> None:
        kernel.baselines(counts, columns, judged, fitted, span, limit, precision, first, last, means, out)

    in_threads(call, counts.shape[0], threads)
    return with_doubts(means, out)

"""The predictive method: what the next week's count may be, given all weeks of the last years."""

import math
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from scipy import special

from analytics.models import predictive_kernel as kernel
from analytics.models.base import Floats, Notes, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_fit import Indexes, in_threads
from analytics.models.predictive_memory_kernel import NODES
from analytics.models.predictive_options import PredictiveOptions
from analytics.models.ramp import design
from analytics.models.window import fitted_as_of, note_history, weeks_back
from analytics.panel import Panel

__all__ = ["METHOD", "Predictive", "PredictiveOptions"]

METHOD = "predictive"
TREND_DEVIATION, WAVE_DEVIATION = 0.25, 0.5
"""Prior deviations of the trend per year and of each wave's two coefficients, on the log scale."""
_LEVEL_DEVIATION, _NONE_DEVIATION = 1000.0, 1e-4
WINDOWS = np.array([(n, 1.5 / math.sqrt(n), share) for n, share in ((1, 0.3), (2, 0.2), (4, 0.2), (8, 0.1))])
"""Weeks before the judged one, deviations by which each may be raised, and weight."""


@dataclass(frozen=True)
class Predictive:
    """Predictive distribution of a robust Bayesian regression, and the evidence of the weeks before.

    log mu_t = a + b t + one and two waves of a year, over every known week of the last *years_back* years but the last
    *exclude_weeks*; counts are negative binomial of variance phi mu. Coefficients have normal priors (trend 0.25 a year,
    waves 0.5, on the log scale) and a third of an incident more; their posterior is normal, of a quasi-likelihood. phi - 1
    is 0 with chance 0.1, else exponential with mean 1.5 before; its posterior is that of a restricted likelihood on a grid.

    Past outbreaks: weeks above their (1 - *outbreak_share*) quantile, of five incidents or more, are left out with the
    weeks beside them, and the likelihood of the others is that of counts below the limit, so that nothing is biased where
    there was no outbreak.

    The count y of the judged week has P(Y >= y) = sum over nodes of w P(NB(f mu, phi) >= y): two nodes f for the rate, a
    gamma distribution of mean 1 and the variance of the log mean, times two for phi, each with their first three moments;
    the weights w are those after the *memory* weeks before, as if nothing had happened in them.

    The weeks before: p = P(Y >= y) / W, W = 1 + sum over n = 1, 2, 4, 8 of pi_n (1.08 L_n - 1), at most 10. L_n is the
    likelihood ratio of the n weeks before the judged one at raised means against those of the baseline, averaged over the
    nodes with the weights w. So W is about 1 on average where nothing happens (1.08 makes up for the limit of 10), and
    given the weeks before, the judged one has the distribution of the nodes: p <= alpha about as often as alpha says
    (p-value weighting: Genovese, Roeder & Wasserman 2006, Biometrika 93:509). One week without incident is never an alarm.

    `statistic` is log W, `expected` mu, `upper` the largest count that raises no alarm given the weeks before. `p_drop`
    is P(Y <= y), which W has no part in. What was measured is in docs/evidence.md. Regions are judged each by itself.
    """

    options: PredictiveOptions = field(default_factory=PredictiveOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week with *min_weeks* weeks before it.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that
        are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        options = self.options
        judged = judged_weeks(panel, first, last, default=options.min_weeks)
        notes = blank_notes(panel, judged)
        known, nodes = standing(panel, judged, options, threads)
        note_standing(notes, known, options.min_weeks)
        upper, at_least, above = _judge(panel, judged, known, nodes, options.alpha, threads).transpose(2, 1, 0)
        expected, weight = (known[..., plane].T for plane in (kernel.EXPECTED, kernel.WEIGHT))
        result = assemble(
            panel, judged, method=METHOD, options=options, expected=expected, upper=upper,
            p_value=np.minimum(at_least / weight, 1), note=notes, p_drop=1 - above if options.two_sided else None,
        )  # fmt: skip
        return replace(result, statistic=np.where(notes == "", np.log(weight), np.nan))


def standing(panel: Panel, judged: Indexes, options: PredictiveOptions, threads: int | None) -> tuple[Floats, Floats]:
    """What is known of the counts before each judged week: planes (R, W, 4) and nodes (R, W, 3, 4) of `kernel.stand`.

    NaN where a cell can't be judged. A node is a rate, a dispersion and a weight; the count is the mixture of their negative
    binomial distributions.
    """
    counts = np.array(panel.values.T, order="C")
    columns = design(panel)
    fitted = fitted_as_of(panel.weeks, judged, options.refit_weeks)
    span = (weeks_back(options.years_back), options.exclude_weeks, options.min_weeks)
    limit = outbreak_limit(options.outbreak_share)
    windows = WINDOWS[WINDOWS[:, 0] <= options.memory]
    precision = prior_precision(options.trend, options.harmonics)
    shape = (counts.shape[0], judged.size)
    known, nodes = np.full((*shape, 4), np.nan), np.full((*shape, 3, NODES), np.nan)

    def call(first: int, last: int) -> None:
        kernel.stand(
            counts, columns, judged, fitted, span, limit, options.uncertainty, precision, windows, first, last, known, nodes
        )  # fmt: skip

    in_threads(call, counts.shape[0], threads)
    return known, nodes


def note_standing(notes: Notes, known: Floats, least: int) -> None:
    """Note, in place, the cells (W, R) of which too little is *known* before, as `standing` says it."""
    note_history(notes, np.isnan(known[..., kernel.EXPECTED].T), known[..., kernel.HISTORY].T, least)


def _judge(panel: Panel, judged: Indexes, known: Floats, nodes: Floats, alpha: float, threads: int | None) -> Floats:
    """Planes (R, W, 3) of the judged weeks, as in `predictive_kernel`; NaN where a cell can't be judged."""
    counts = np.array(panel.values.T, order="C")
    out = np.full((*known.shape[:2], 3), np.nan)

    def call(first: int, last: int) -> None:
        kernel.judge(counts, judged, known, nodes, alpha, normal_quantile(alpha), first, last, out)

    in_threads(call, counts.shape[0], threads)
    return out


def outbreak_limit(share: float) -> float:
    """Normal quantile of the limit of past outbreaks, above which that *share* of the weeks is; none for 0."""
    return normal_quantile(share) if share else math.inf


def normal_quantile(alpha: float) -> float:
    """Normal quantile at 1 - alpha."""
    return -float(special.ndtri(alpha))


def prior_precision(trend: bool, harmonics: int) -> Floats:
    """Prior precision of level, trend and waves, (6,); what is not asked for is as good as none."""
    deviation = np.full(6, _NONE_DEVIATION)
    deviation[0] = _LEVEL_DEVIATION
    if trend:
        deviation[1] = TREND_DEVIATION
    deviation[2 : 2 + 2 * harmonics] = WAVE_DEVIATION
    return deviation**-2

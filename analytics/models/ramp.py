"""Ramps: build-ups over weeks, no one of which need stand out."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from scipy import special
from scipy.stats import qmc

from analytics.models import ramp_baseline_kernel as baseline
from analytics.models import ramp_kernel as kernel
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import Flags, assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_fit import Indexes, in_threads
from analytics.models.ramp_draw_kernel import Windows
from analytics.models.ramp_options import RampOptions
from analytics.models.window import fitted_as_of, note_history, weeks_back
from analytics.panel import Panel

__all__ = ["METHOD", "Baseline", "Ramp", "RampOptions", "baselines", "statistics"]

METHOD = "ramp"
GROWTHS = np.log1p(np.array([5, 10, 15, 20, 30, 40, 60, 80, 120]) / 100)
"""Growths of the log mean per week, of which the posterior mean is told."""
_SHARED_WEEKS = 4.0
"""Weeks whose sum decides, of the weeks of a window: how often the error of the baseline's mean counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """What is normal in the N weeks up to each judged one.

    means: (R, W, N), the judged week first. phi: (R, W), variance over mean, the baseline's own error included.
    history: (R, W), known weeks before. doubts: (R, W, 3, 4), four baselines that may be true: times the means,
    dispersion, weight.
    """

    means: Floats
    phi: Floats
    history: Floats
    doubts: Floats


@dataclass(frozen=True)
class Ramp:
    """A mixture of likelihood ratios over onsets and slopes of a build-up, against all weeks of the last years.

    For the judged week t, S = log sum over n, b of w(n, b) prod over s = t-n+1..t of NB(y_s; f mu_s, phi) / NB(y_s;
    mu_s, phi), f = e^(b k) in the ramp's week k = 1..n: a ramp of slope b that began n weeks ago, n = 1..window. NB(m,
    phi) is negative binomial with variance phi m. The weights fall as n^-recency e^(-fading b (n - 1)): a steep
    ramp that is old was found before. f levels off at 16, or 12 standard deviations above the mean. Unknown weeks add
    nothing.

    mu is a Poisson regression over every known week of the last *years_back* years but the last *exclude_weeks*, with
    trend and one or two waves of a year where the Bayesian information criterion asks for them; past outbreaks
    (Anscombe residual above *outbreak_residual*, two incidents or more) have weight residual^-2, as in Farrington
    flexible; half an incident is added to those seen (Jeffreys' prior). phi is the posterior mean under the negative
    binomial likelihood, and 3 times its variance or one deviation more, whichever is less, times 1 + 4 v, v being the
    variance of mu's own error in units of one week's: about four weeks of a window share it.

    p = P(S >= observed S) where rate and dispersion are drawn from their posterior, for which four baselines stand (see
    `doubts`). It is estimated by importance sampling: half of the *draws* windows come from the baseline, half from the
    mixture of ramps, and p is the mean of h 1{S >= observed} / (1/2 + 1/2 e^S), h the mean likelihood ratio of the four
    baselines against NB(mu, phi) (Hesterberg 1995, Technometrics 37:185): small p as surely as large ones. The same
    uniform numbers serve every region and week. A week without incident is no sign of a ramp: p = 1.

    Measured with estimated baselines, P(p <= alpha) / alpha on steady series is 0.5 to 1.2 at alpha .05, 0.6 to 1.2 at .01
    and 0.55 to 1.5 at .005, the most where counts are few and phi is 3 (16 cells of mean 0.05 to 20 and phi 1 to 3, 2,000
    series and 13 weeks each; a cell's error is about .03, .06 and .09).

    At matched false-flag rates of 1 % a week, means 0.2, 1, 5, 20, phi 1, 2 and ramps of 15, 30, 60 % a week, S is never
    later than Farrington flexible and closes 71 to 124 % of the gap to an oracle in 20 of 24 cells, 49 to 69 % in four
    ramps of 60 % a week, whose gaps are 0.23 weeks (mean 0.2, phi 2), 0.12 (5, 2), 0.05 (20, 2) and 0.03 (20, 1), and 70 %
    is within their error (tests/benchmarks/bench_ramp.py, 4,000 series). On 1,000 other series of 84 means (0.2 to 20),
    dispersions (1 to 3) and slopes it is never later within error at 0.5, 1 and 2 % a week, and closes clearly less than
    70 % in 2, 1 and 0 of them: mean 0.2, phi 1.5 at 15 and 30 %, and a gap of 0.03 weeks at mean 20.

    What keeps it from more at mean 20 is that the baseline is estimated and the slope unknown, both at once
    (tests/benchmarks/bench_ramp_limits.py): an oracle that estimates the baseline but knows the slope closes 75 to
    108 % there, one that knows the baseline but not the slope less than nothing at 60 % a week. Weights of onsets and
    slopes that a search found best on the very series they are judged by leave the least of the three shares at 73 %
    in 2,000 series at phi 1; a longer search on 10,000 at 65 %.

    `upper` is the largest count of the week that raises no alarm, given the weeks before; NaN where none would do.
    `statistic` is S. Where S > 0, `onset` is the likeliest first week of the build-up (`onset_edge`: it is the first of the
    *window*, and the build-up may be older) and `growth` the posterior mean
    of the log growth per week, every onset and growths of 5 to 120 % a week alike before. `expected` is mu.
    """

    options: RampOptions = field(default_factory=RampOptions)

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
        return judge(panel, judged, normal, self.options, threads=threads)


def judge(
    panel: Panel, judged: Indexes, normal: Baseline, options: RampOptions, *, threads: int | None,
    method: str = METHOD, given: object = None, every: bool = True,
) -> SpikeResult:  # fmt: skip
    """The *judged* weeks (indexes) against their baselines; *given*: the options that the result names, by default these."""
    notes = blank_notes(panel, judged)
    note_history(notes, ~np.isfinite(normal.phi.T), normal.history.T, options.min_weeks)
    tables = statistics(panel, judged, normal, notes == "", options, every=every, threads=threads).transpose(2, 1, 0)
    result = assemble(
        panel, judged, method=method, options=given or options, expected=normal.means[..., 0].T,
        upper=tables[kernel.UPPER], p_value=tables[kernel.P_VALUE], note=notes,
    )  # fmt: skip
    began = panel.weeks[judged][:, None] - 7 * np.nan_to_num(tables[kernel.ONSET]).astype(np.int64)
    onset = np.where(np.isnan(tables[kernel.ONSET]), np.datetime64("NaT", "D"), began)
    return replace(
        result, statistic=tables[kernel.STATISTIC], onset=onset,
        onset_edge=tables[kernel.ONSET] == options.window - 1, growth=tables[kernel.GROWTH],
    )  # fmt: skip


def baselines(panel: Panel, judged: Indexes, options: RampOptions, threads: int | None = None) -> Baseline:
    """The baseline of each of the *judged* weeks (indexes); NaN where the history is too short."""
    counts = np.array(panel.values.T, order="C")
    columns = design(panel)
    fitted = fitted_as_of(panel.weeks, judged, options.refit_weeks)
    shape = (counts.shape[0], judged.size)
    means, out = np.full((*shape, options.window), np.nan), np.full((*shape, 6), np.nan)
    span = (weeks_back(options.years_back), options.exclude_weeks, options.min_weeks)
    rules = (int(options.trend), options.harmonics, float(options.outbreak_residual))

    def call(first: int, last: int) -> None:
        baseline.baselines(counts, columns, judged, fitted, span, rules, first, last, means, out)

    in_threads(call, shape[0], threads)
    return with_doubts(means, out)


def with_doubts(means: Floats, out: Floats) -> Baseline:
    """Baselines of these *means* (R, W, N) and the planes *out* (R, W, 6) of `ramp_baseline_kernel`."""
    phi = out[..., baseline.PHI] * (1 + _SHARED_WEEKS * out[..., baseline.SHARE])
    return Baseline(means=means, phi=phi, history=out[..., baseline.HISTORY], doubts=doubts(means[..., 0], out))


def doubts(mean: Floats, out: Floats) -> Floats:
    """Four baselines that stand for the posterior of rate and dispersion, (R, W, 3, 4).

    Two nodes of Gauss' rule for the dispersion (they have its mean, variance and skewness), and for each two of a gamma
    distribution of mean 1 for the rate, of variance phi / incidents seen.
    """
    middle, deviation, skew = (out[..., plane] for plane in (baseline.MIDDLE, baseline.DEVIATION, baseline.SKEW))
    phi, phi_weight = _two_nodes(middle, deviation, skew)
    spread = np.sqrt(phi * (out[..., baseline.SHARE] / mean)[..., None])
    rate, rate_weight = _two_nodes(np.ones(spread.shape), spread, 2 * spread)
    shape = (*mean.shape, 4)
    weight = (phi_weight[..., None] * rate_weight).reshape(shape)
    answer: Floats = np.stack([rate.reshape(shape), np.repeat(phi, 2, axis=-1), weight], axis=-2)
    return np.ascontiguousarray(answer)


def _two_nodes(mean: Floats, deviation: Floats, skew: Floats) -> tuple[Floats, Floats]:
    """(nodes, weights), each (..., 2), of the two-point distribution of this mean, deviation and skewness."""
    root = np.sqrt(1 + skew**2 / 4)
    nodes = np.stack([mean + deviation * (skew / 2 - root), mean + deviation * (skew / 2 + root)], axis=-1)
    upper = (1 - skew / 2 / root) / 2
    return nodes, np.stack([1 - upper, upper], axis=-1)


def design(panel: Panel) -> Floats:
    """Columns of the baseline's regression, (T, 6): 1, weeks / 52, cosine and sine of one and two waves a year."""
    days = panel.weeks.astype(np.int64)
    angle = 2 * np.pi * days / 365.25
    waves = [wave(j * angle) for j in (1, 2) for wave in (np.cos, np.sin)]
    return np.column_stack([np.ones(days.size), days / 364.0, *waves])


def statistics(
    panel: Panel, judged: Indexes, normal: Baseline, wanted: Flags, options: RampOptions, *,
    with_p: bool = True, every: bool = True, threads: int | None = None,
) -> Floats:  # fmt: skip
    """Planes (R, W, 6) of the *wanted* cells (W, R), as in `ramp_kernel`; without p only the statistic.

    *every*: p counts windows that end without an incident as well, though they are no alarm, so that it is on the safe side.
    """
    counts = np.array(panel.values.T, order="C")
    out = np.full((*normal.phi.shape, 6), np.nan)
    weights = options.weights()
    grown = np.expm1(GROWTHS * np.arange(1, options.window + 1)[:, None])
    ramps = ((options.growths(), options.surges()), weights.ravel(), (GROWTHS, grown))
    chosen = windows(options) if with_p else _no_windows(options)
    cells = np.ascontiguousarray(wanted.T)

    def call(first: int, last: int) -> None:
        kernel.judge(
            counts,
            normal.means,
            normal.phi,
            normal.doubts,
            judged,
            cells,
            ramps,
            chosen,
            (options.alpha, every),
            first,
            last,
            out,
        )

    in_threads(call, counts.shape[0], threads)
    return out


def windows(options: RampOptions) -> Windows:
    """Chance of the simulated windows, as `ramp_draw_kernel.Windows` says.

    A scrambled Sobol sequence (Owen 1998, J Complexity 14:466), of which one more coordinate chooses the ramp: none in
    half of the windows, in the others as the weights say.
    """
    made = qmc.Sobol(options.window + 1, scramble=True, rng=np.random.default_rng(options.seed))
    points = np.clip(made.random(options.draws), 1e-12, 1 - 1e-12)
    weights = options.weights()
    edges = np.cumsum(weights.ravel())
    ramp = np.searchsorted(edges / edges[-1], 2 * points[:, 0] - 1, side="right")
    onset, slope = np.divmod(np.where(points[:, 0] < 0.5, -weights.shape[1], ramp), weights.shape[1])
    week = np.arange(options.window)[:, None]
    entry = np.where(week > onset, 0, 1 + (onset - week) * weights.shape[1] + slope)
    uniform = points[:, 1:].T
    order = np.lexsort((uniform, entry))
    entry, uniform = np.take_along_axis(entry, order, axis=1), np.take_along_axis(uniform, order, axis=1)
    return order, entry, uniform, special.ndtri(uniform)


def _no_windows(options: RampOptions) -> Windows:
    whole, number = np.empty((options.window, 0), np.int64), np.empty((options.window, 0))
    return whole, whole, number, number

"""The rule for sparse streams: how surprising is this count, given every baseline week and no season or trend."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from analytics.errors import OptionError
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks, note_population
from analytics.models.farrington_fit import Indexes, exact_bounds
from analytics.models.window import note_history, weeks_back
from analytics.panel import Panel

METHOD = "rare"


@dataclass(frozen=True, kw_only=True)
class RareOptions:
    """Options of the rule for sparse streams."""

    alpha: float = 0.01
    """Chance of exceeding *upper* when nothing unusual happens."""
    years_back: float = 5
    """Years of baseline."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    min_weeks: int = 52
    """Fewest known weeks before the judged one, within *years_back*, for a week to be judged."""
    population: bool = False
    """Whether counts are judged as rates of the panel's population."""
    two_sided: bool = False
    """Whether `p_drop`, the chance of a count this low, is given as well."""
    incidents: int = 0
    """Alarm as well when at least so many incidents fell within *days* days, whatever the baseline; 0 = no such rule."""
    days: int = 28
    """See *incidents*; whole weeks, the judged one the last of them."""

    def __post_init__(self) -> None:
        if not 1e-12 <= self.alpha <= 0.5:
            raise OptionError(f"alpha must be in 1e-12..0.5, got {self.alpha}")
        if self.incidents < 0:
            raise OptionError(f"incidents must be 0 or more, got {self.incidents}")
        if self.days < 7 or self.days % 7:
            raise OptionError(f"days must be whole weeks (7, 14, 21, ...), as counts are weekly; got {self.days}")
        if not 1 <= self.years_back <= 50:
            raise OptionError(f"years_back must be in 1..50, got {self.years_back}")
        if self.exclude_weeks < 0:
            raise OptionError(f"exclude_weeks must be 0 or more, got {self.exclude_weeks}")
        if self.min_weeks <= self.exclude_weeks + 1:
            raise OptionError(
                f"min_weeks must be above exclude_weeks + 1 = {self.exclude_weeks + 1}, got {self.min_weeks}; "
                "fewer leave no baseline"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictive:
    """Predictive distribution of W weeks x R regions: its mean, its variance over its mean, and known weeks before."""

    mean: Floats
    ratio: Floats
    history: Floats


@dataclass(frozen=True)
class Rare:
    """Posterior predictive of a constant rate with Jeffreys' prior, widened by the baseline's dispersion.

    With s incidents in n known baseline weeks, a Poisson rate with prior Gamma(1/2, 0) has the posterior
    Gamma(s + 1/2, n), and a week's count is negative binomial with mean m = (s + 1/2) / n and variance m (1 + 1/n)
    (Jeffreys 1961, section 3.6; Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6). Where the baseline is
    overdispersed, phi = sum (y - mean)^2 / ((n - 1) mean) > 1, information and noise are both scaled by phi, as
    quasi-likelihood does (McCullagh & Nelder 1989, section 9.2): the variance becomes phi m (1 + 1/n). With an all-zero
    baseline phi is 1 and P(Y >= 1) is 1 - (n / (n + 1))^(1/2), close to 1 / (2 n). With a population, n is the sum
    of the baseline's populations in units of the judged week's.

    The baseline are all known weeks of the last *years_back* years except the last *exclude_weeks*. Each region is
    judged by itself, and the judged count decides nothing but its own p-value. With *incidents* set, the plain rule "n
    incidents within d days" raises an alarm besides; it has no p-value and changes none.
    """

    options: RareOptions = field(default_factory=RareOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week with *min_weeks* weeks before it.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel or a population that
        is missing.
        """
        check_counts(panel, self.options.population)
        judged = judged_weeks(panel, first, last, default=self.options.min_weeks)
        notes = blank_notes(panel, judged)
        if self.options.population:
            note_population(notes, panel, judged)
        predictive = predict(panel, judged, self.options)
        short = ~(predictive.history >= self.options.min_weeks)
        note_history(notes, short, predictive.history, self.options.min_weeks)
        counts = panel.values[judged]
        upper, p_value = exact_bounds(counts, predictive.mean, predictive.ratio, self.options.alpha, threads)
        result = assemble(
            panel, judged, method=METHOD, options=self.options, expected=predictive.mean, upper=upper,
            p_value=p_value, note=notes, p_drop=low(counts, predictive, threads) if self.options.two_sided else None,
        )  # fmt: skip
        if not self.options.incidents:
            return result
        many = recent(panel, judged, self.options.days // 7) >= self.options.incidents
        return replace(result, alarm=result.alarm | ((result.note == "") & many))


def recent(panel: Panel, judged: Indexes, weeks: int) -> Floats:
    """Incidents in the last *weeks* weeks of each judged one, itself included, (W, R); unknown weeks add nothing."""
    known = np.nan_to_num(panel.values)
    summed = np.cumsum(np.vstack([np.zeros((1, known.shape[1])), known]), axis=0)
    total: Floats = summed[judged + 1] - summed[np.maximum(judged + 1 - weeks, 0)]
    return total


def low(counts: Floats, predictive: "Predictive", threads: int | None) -> Floats:
    """P(Y <= count) of each cell, (W, R), as 1 - P(Y >= count + 1)."""
    chance: Floats = 1 - exact_bounds(counts + 1, predictive.mean, predictive.ratio, 0.01, threads)[1]
    return chance


def predict(panel: Panel, judged: Indexes, options: RareOptions) -> Predictive:
    """Predictive mean and variance ratio of the *judged* weeks (indexes), whatever their history."""
    shape = (len(panel.region_ids), judged.size)
    mean, ratio, history = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    # regions first: sums over the last axis add in the same order however many regions there are
    counts = np.ascontiguousarray(panel.values.T)
    sizes = np.ascontiguousarray(panel.population.T) if options.population and panel.population is not None else None
    known = ~np.isnan(counts) if sizes is None else ~np.isnan(counts) & (sizes > 0)
    reach = weeks_back(options.years_back)
    for week, now in enumerate(judged):
        weeks = slice(max(int(now) - reach, 0), max(int(now) - options.exclude_weeks, 0))
        history[:, week] = known[:, weeks.start : now].sum(axis=1)
        if weeks.stop > weeks.start:
            size = 1.0 if sizes is None else sizes[:, weeks] / sizes[:, [now]]
            mean[:, week], ratio[:, week] = _week(counts[:, weeks], np.where(known[:, weeks], size, 0.0))
    return Predictive(mean=mean.T, ratio=ratio.T, history=history.T)


def _week(counts: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """(mean, variance / mean) of the week to come, from baseline *counts* (R, n) and exposures, 0 where unknown."""
    weeks = (sizes > 0).sum(axis=1)
    exposure = sizes.sum(axis=1)
    total = np.where(sizes > 0, counts, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = (total / exposure)[:, None] * sizes
        squares = np.where(sizes > 0, (counts - fitted) ** 2 / fitted, 0.0).sum(axis=1)
        phi = np.where((total > 0) & (weeks > 1), np.maximum(squares / (weeks - 1), 1.0), 1.0)
        mean = np.where(exposure > 0, (total + 0.5) / exposure, np.nan)
        return mean, phi * (1.0 + 1.0 / exposure)

"""How well methods detect: thresholds at one false-flag rate, delays, and how near a method comes to an oracle.

What a method flagged and what was true make an `Outcome`, of which every measure is a figure with its interval. To compare
methods, each is a table of scores (W weeks, R series), the higher the more unusual, for series in which nothing happens
and for series in which something begins in the first week. Methods are compared on the same series, each with the threshold
at which it flags a given share of the weeks in which nothing happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


_UNKNOWN = Estimate(value=np.nan, low=np.nan, high=np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What a method flagged of W weeks x R series, and what was true of them; tables (W, R)."""

    flags: Flags
    truth: Flags
    """Weeks in which something happened that should be flagged."""
    judged: Flags
    """Weeks that were judged; the others count for nothing."""


def false_flag_rate(outcome: Outcome) -> Estimate:
    """Share of the judged weeks without event that are flagged (FPR)."""
    quiet = outcome.judged & ~outcome.truth
    return _ratio(outcome.flags & quiet, quiet)


def specificity(outcome: Outcome) -> Estimate:
    """Share of the judged weeks without event that are not flagged."""
    quiet = outcome.judged & ~outcome.truth
    return _ratio(~outcome.flags & quiet, quiet)


def sensitivity(outcome: Outcome) -> Estimate:
    """Share of the judged weeks with an event that are flagged."""
    eventful = outcome.judged & outcome.truth
    return _ratio(outcome.flags & eventful, eventful)


def ppv(outcome: Outcome) -> Estimate:
    """Share of the flagged weeks that have an event (precision)."""
    flagged = outcome.judged & outcome.flags
    return _ratio(outcome.truth & flagged, flagged)


def npv(outcome: Outcome) -> Estimate:
    """Share of the weeks not flagged that have no event."""
    calm = outcome.judged & ~outcome.flags
    return _ratio(~outcome.truth & calm, calm)


def f1(outcome: Outcome) -> Estimate:
    """Harmonic mean of PPV and sensitivity: twice the hits over the flagged weeks and the weeks with an event."""
    flagged, eventful = outcome.judged & outcome.flags, outcome.judged & outcome.truth
    return _ratio(2 * (flagged & eventful), flagged.astype(np.int64) + eventful)


def detected(outcome: Outcome) -> Estimate:
    """Share of the series with an event of which a week with an event is flagged (POD), exact interval."""
    eventful = outcome.judged & outcome.truth
    hits = (outcome.flags & eventful).any(axis=0)
    return share(int(hits.sum()), int(eventful.any(axis=0).sum()))


def false_flags_per_year(outcome: Outcome) -> Estimate:
    """Flagged weeks without event per series and year of 52 judged weeks without event, exact Poisson interval.

    The interval takes flags for independent: of methods that flag week after week it is too narrow.
    """
    quiet = outcome.judged & ~outcome.truth
    count, years = int((outcome.flags & quiet).sum()), quiet.sum() / 52
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(0.975, 2 * count + 2) / 2
    if not years:
        return _UNKNOWN
    return Estimate(value=count / years, low=float(low / years), high=float(high / years))


def false_discovery(outcome: Outcome) -> Estimate:
    """Mean over the weeks of the share of false flags among a week's flags, 0 where there are none (FDR).

    Normal interval over weeks. Source: Benjamini & Hochberg 1995, J R Stat Soc B 57:289.
    """
    flagged = outcome.judged & outcome.flags
    each = (flagged & ~outcome.truth).sum(axis=1) / np.maximum(flagged.sum(axis=1), 1)
    value = float(each.mean())
    error = float(each.std(ddof=1) / np.sqrt(each.size)) if each.size > 1 else np.nan
    return Estimate(value=value, low=max(value - 1.96 * error, 0.0), high=min(value + 1.96 * error, 1.0))


def rate_ratio(p_value: Floats, alpha: float) -> Estimate:
    """Share of the p-values (W, R) at or below *alpha*, over *alpha*: 1 where they hold their rate. NaN: not judged."""
    judged = ~np.isnan(p_value)
    found = _ratio((p_value <= alpha) & judged, judged)
    return Estimate(value=found.value / alpha, low=found.low / alpha, high=found.high / alpha)


def randomised(p_value: Floats, above: Floats, uniforms: Floats) -> Floats:
    """P(Y > y) + u P(Y = y) of P(Y >= y), P(Y > y) and uniform numbers u: uniform where the distribution is right."""
    answer: Floats = above + uniforms * (p_value - above)
    return answer


def share(hits: int, size: int) -> Estimate:
    """Share of *size* that are *hits*, with its exact (Clopper-Pearson) interval; NaN of nothing."""
    if size == 0:
        return _UNKNOWN
    interval = stats.binomtest(hits, size).proportion_ci(0.95, method="exact")
    return Estimate(value=hits / size, low=float(interval.low), high=float(interval.high))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Estimate:
    """Sum of *part* over sum of *whole*, tables (W, R); weeks of a series may depend on each other, series may not.

    Normal interval of a ratio of sums over series (Cochran 1977, Sampling Techniques, 3rd ed., equation 6.13); exact
    binomial where the part is nothing or all, or there is one series.
    """
    parts, wholes = part.sum(axis=0), whole.sum(axis=0)
    hits, size, series = int(parts.sum()), int(wholes.sum()), int((wholes > 0).sum())
    if hits in (0, size) or series < 2:
        return share(hits, size)
    value = hits / size
    error = float(np.sqrt(series / (series - 1) * ((parts - value * wholes) ** 2).sum()) / size)
    return Estimate(value=value, low=max(value - 1.96 * error, 0.0), high=min(value + 1.96 * error, 1.0))


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Where a flag begins: at scores above *value*, and at a *share* of the scores equal to it."""

    value: float
    share: float

    def flags(self, scores: Floats, uniforms: Floats) -> Flags:
        """Flagged weeks of *scores*; *uniforms*, of the same shape, decide which of the ties are. NaN is no flag."""
        flagged: Flags = (scores > self.value) | ((scores == self.value) & (uniforms < self.share))
        return flagged


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One method's scores (W, R) of series in which nothing happens, and of those in which something begins."""

    null: Floats
    scores: Floats


def threshold(null: Floats, rate: float) -> Threshold:
    """The threshold that flags a share *rate* of the scores *null* (NaN, not judged, counts as never flagged).

    Ties are broken at random, so that methods whose scores take few values have the same rate as others.
    """
    ordered = np.sort(_lowest_unknown(null))[::-1]
    return _cut(ordered, np.ones(ordered.size), rate * ordered.size)


def _lowest_unknown(scores: Floats) -> Floats:
    """Scores in one row, those not known below all others; infinite ones stay so, or ties among them would not be told."""
    flat: Floats = np.where(np.isnan(scores), -np.inf, scores).ravel()
    return flat


def _cut(ordered: Floats, weights: Floats, flagged: float) -> Threshold:
    """Threshold at which scores of this total weight are flagged; *ordered*: scores, the highest first."""
    reached = int(np.searchsorted(np.cumsum(weights), flagged, side="left"))
    value = float(ordered[min(reached, ordered.size - 1)])
    if value == -np.inf:
        return Threshold(value=-np.inf, share=0.0)
    above, equal = weights[ordered > value].sum(), weights[ordered == value].sum()
    return Threshold(value=value, share=float((flagged - above) / equal) if equal else 1.0)


def first_flags(flags: Flags) -> tuple[Integers, Flags]:
    """(weeks until the first flag, the first week being 1; whether there was one), each (R,), of flags (W, R).

    Where there was none the delay is censored at W weeks.
    """
    found: Flags = np.any(flags, axis=0)
    delay = np.where(found, flags.argmax(axis=0) + 1, len(flags))
    return delay.astype(np.int64), found


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What was found of events, one in each of R series."""

    hit: Flags
    """Whether the event was flagged while it lasted, (R,)."""
    delay: Integers
    """Weeks until its first flag, the first being 1; censored where there was none, (R,)."""
    found: Flags
    """Whether there was one, (R,)."""


def find(flags: Flags, truth: Flags, starts: Integers, horizon: int) -> Found:
    """What *flags* (W, R) find of events that last while *truth* (W, R) and start in rows *starts*, within *horizon* weeks."""
    rows = starts + np.arange(horizon)[:, None]
    inside = np.take_along_axis(flags, np.minimum(rows, len(flags) - 1), axis=0) & (rows < len(flags))
    delay, found = first_flags(inside)
    hit: Flags = np.any(flags & truth, axis=0)
    return Found(hit=hit, delay=delay, found=found)


def survival(delay: Integers, found: Flags) -> tuple[Floats, Floats]:
    """(Kaplan-Meier share not yet found after each week 0, 1, ..., its Greenwood variance), each (longest delay + 1,).

    Kaplan & Meier 1958, J Am Stat Assoc 53:457.
    """
    longest = int(delay.max())
    events = np.bincount(delay[found], minlength=longest + 1)
    at_risk = delay.size - np.concatenate([[0], np.cumsum(np.bincount(delay, minlength=longest + 1))[:-1]])
    share: Floats = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    return share, share**2 * np.cumsum(terms)


def mean_delay(delay: Integers, found: Flags, horizon: int) -> Estimate:
    """Mean delay restricted to *horizon* weeks: the area under the Kaplan-Meier curve, with a normal interval.

    A series found in its first week has delay 1; one never found counts *horizon*. Source of the variance: Klein &
    Moeschberger, Survival Analysis, 2nd ed., equation 4.5.3.
    """
    share, _ = survival(delay, found)
    known = np.concatenate([share, np.full(max(horizon - share.size, 0), share[-1])])[:horizon]
    value = float(known.sum())
    events = np.bincount(delay[found], minlength=horizon + 1)[:horizon]
    at_risk = delay.size - np.concatenate([[0], np.cumsum(np.bincount(delay, minlength=horizon + 1))])[:horizon]
    rest = np.cumsum(known[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > events, rest**2 * events / (at_risk * (at_risk - events)), 0.0)
    error = float(np.sqrt(terms.sum()))
    return Estimate(value=value, low=value - 1.96 * error, high=value + 1.96 * error)


def found_by(delay: Integers, found: Flags, week: int) -> Estimate:
    """Share of the series flagged by *week* (POD), with its exact (Clopper-Pearson) interval."""
    return share(int((found & (delay <= week)).sum()), delay.size)


def found_before(delay: Integers, found: Flags, peak: Integers) -> Estimate:
    """Share of the series flagged before the week of their *peak* (R,), the first week being 1."""
    return share(int((found & (delay < peak)).sum()), delay.size)


def likelihood_ratios(counts: Integers, mean: Floats, phi: float, factors: Sequence[float]) -> Floats:
    """Score (T, R) of an oracle that knows mean, dispersion and how the mean grows, but not when it began.

    Log of the likelihood ratios of a beginning 1, 2, ..., N weeks ago (the week itself is 1), averaged over them alike;
    a ramp's weeks k = 1..N have *factors* times the *mean* (T,), all counts (T, R) variance phi times their mean. NaN
    in the first N - 1 weeks, and minus infinity in weeks without incident: nobody flags those.
    """
    weeks, onsets = len(counts), len(factors)
    ratios = np.stack([_log_ratio(counts, mean[:, None], phi, factor) for factor in factors])
    sums = np.full((onsets, *counts.shape), np.nan)
    for onset in range(1, onsets + 1):
        parts = [ratios[k, k : weeks - onset + 1 + k] for k in range(onset)]
        sums[onset - 1, onset - 1 :] = np.sum(parts, axis=0)
    score = special.logsumexp(sums, axis=0) - np.log(onsets)
    answer: Floats = np.where((counts == 0) & ~np.isnan(score), -np.inf, score)
    return answer


def oracle(counts: Integers, first: int, mean: float, phi: float, factors: Sequence[float]) -> Floats:
    """`likelihood_ratios` of the rows of *counts* (T, R) from *first* on, of steady streams: scores (T - first, R)."""
    before = first - len(factors)
    return likelihood_ratios(counts[before:], np.full(len(counts) - before, mean), phi, factors)[len(factors) :]


def _log_ratio(counts: Integers, mean: Floats, phi: float, factor: float) -> Floats:
    if phi == 1:
        ratio: Floats = counts * np.log(factor) - mean * (factor - 1)
        return ratio
    size = mean / (phi - 1)
    rise = special.gammaln(counts + size * factor) - special.gammaln(size * factor)
    fall = special.gammaln(size) - special.gammaln(counts + size) - size * (factor - 1) * np.log(phi)
    answer: Floats = rise + fall
    return answer


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How much of the delay between a reference and an oracle a method takes away, at one false-flag rate."""

    reference: float
    method: float
    oracle: float
    gap: Estimate
    """Reference less oracle, in weeks."""
    gain: Estimate
    """Reference less method, in weeks."""
    share: Estimate
    """gain / gap; unbounded where the gap is not distinguishable from none."""


def compare(
    reference: Trial, method: Trial, oracle: Trial, *, rate: float, generator: np.random.Generator, resamples: int = 200
) -> Comparison:
    """Delays of three methods on the same series, and the share of the gap closed.

    Intervals are percentiles of a bootstrap that draws series with replacement, those without event (and with them the
    thresholds) and those with one, the same for all three methods. Raises ValueError if scores differ in shape.
    """
    trials = (reference, method, oracle)
    if len({(trial.null.shape, trial.scores.shape) for trial in trials}) > 1:
        raise ValueError("methods are compared on the same series: give scores of one shape")
    uniforms = generator.random(reference.scores.shape)
    tails = [_Tail.of(trial.null, 5 * rate) for trial in trials]
    quiet, eventful = reference.null.shape[1], reference.scores.shape[1]
    point = _delays(trials, tails, np.ones(quiet), rate, uniforms)
    boot = np.empty((resamples, 3))
    for i in range(resamples):
        times = np.bincount(generator.integers(quiet, size=quiet), minlength=quiet).astype(np.float64)
        chosen = generator.integers(eventful, size=eventful)
        boot[i] = _delays(trials, tails, times, rate, uniforms)[:, chosen].mean(axis=1)
    means = point.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (boot[:, 0] - boot[:, 1]) / (boot[:, 0] - boot[:, 2])
        value = float((means[0] - means[1]) / (means[0] - means[2]))
    return Comparison(
        reference=float(means[0]), method=float(means[1]), oracle=float(means[2]),
        gap=interval(float(means[0] - means[2]), boot[:, 0] - boot[:, 2]),
        gain=interval(float(means[0] - means[1]), boot[:, 0] - boot[:, 1]), share=interval(value, share),
    )  # fmt: skip


def soonest(readings: Sequence[Trial], *, rate: float, seed: int) -> Trial:
    """The reading of a method that finds events soonest; *seed* breaks ties of scores."""

    def delay(one: Trial) -> float:
        return compare(one, one, one, rate=rate, generator=np.random.default_rng(seed), resamples=1).reference

    return min(readings, key=delay)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tail:
    """The highest scores of quiet series, the highest first, the series of each, and how many scores a series has."""

    scores: Floats
    series: Integers
    weeks: int

    @classmethod
    def of(cls, null: Floats, rate: float) -> "_Tail":
        """The highest share *rate* of the scores, ties with the last of them included."""
        flat = _lowest_unknown(null)
        order = np.argsort(-flat, kind="stable")
        last = flat[order[min(int(np.ceil(rate * flat.size)), flat.size - 1)]]
        order = order[: int((flat >= last).sum())]
        return cls(scores=flat[order], series=order % null.shape[1], weeks=len(null))

    def threshold(self, times: Floats, rate: float) -> Threshold:
        """The threshold if each series were there as many *times* as said."""
        return _cut(self.scores, times[self.series], rate * times.sum() * self.weeks)


def _delays(trials: Sequence[Trial], tails: Sequence[_Tail], times: Floats, rate: float, uniforms: Floats) -> Floats:
    """Delay of each method and series, (3, R), those never found at their censoring."""
    return np.array(
        [
            first_flags(tail.threshold(times, rate).flags(trial.scores, uniforms))[0]
            for trial, tail in zip(trials, tails, strict=True)
        ],
        dtype=np.float64,
    )


def interval(value: float, boot: Floats) -> Estimate:
    """*value* with the 2.5 and 97.5 % percentiles of what resampling made of it, where that is finite."""
    known = boot[np.isfinite(boot)]
    low, high = np.percentile(known, [2.5, 97.5]) if known.size else (np.nan, np.nan)
    return Estimate(value=value, low=float(low), high=float(high))

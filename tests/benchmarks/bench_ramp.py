"""How soon ramps are found, at one false-flag rate, by Farrington flexible, the ladder, the ramp detector and an oracle.

Delays are weeks from the ramp's first week (1) to the first flag. Each method has the threshold at which it flags the
stated share of the weeks of series without a ramp; no method flags a week without an incident. Farrington flexible is
read twice, with and without its rule for low counts, and the earlier of the two is what others are compared with. The
oracle knows mean, dispersion and slope, and averages the likelihood ratio over onsets 1 to 12 weeks ago.

Run from the repository root: python -m tests.benchmarks.bench_ramp [--series 2000] [--seed 31000000] [--ladder] [--p] [--quick] [--others]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analytics.evaluation import Comparison, Trial, compare, first_flags, found_by, oracle, soonest, threshold
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions, low_counts
from analytics.models.ramp import Ramp, RampOptions, baselines, statistics
from analytics.models.spike import Spike
from analytics.panel import Panel
from analytics.simulate.cases import ONSETS
from analytics.simulate.ramps import RampDesign, SimulatedRamps, ramps
from analytics.weeks import as_date

Floats = NDArray[np.float64]
Method = Callable[[Panel, int], Floats]

MEANS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
PHIS = (1.0, 1.5, 2.0, 3.0)
GROWTHS = (0.15, 0.3, 0.6)
RATES = (0.01, 0.005, 0.02)
OTHERS = {
    "shift x1.5": {"shift": 1.5},
    "shift x2": {"shift": 2.0},
    "shift x4": {"shift": 4.0},
    "spike x4": {"spike": 4.0},
}
QUIET_WEEKS = 25
RESAMPLES = 100
TIES = 3
"""Seed that breaks ties of scores."""


def surprise(panel: Panel, p_value: Floats) -> Floats:
    """-log p, minus infinity where a week was not judged or has no incident."""
    with np.errstate(divide="ignore"):
        return np.where(np.isnan(p_value) | (panel.values[-len(p_value) :] == 0), -np.inf, -np.log(p_value))


def farrington(panel: Panel, start: int) -> Floats:
    """Farrington flexible at Noufaily's settings, without its rule for low counts."""
    options = FarringtonOptions(low_count_cases=0)
    return surprise(panel, FarringtonFlexible(options).fit(panel, as_date(panel.weeks[start]), threads=1).p_value)


def with_rule(panel: Panel, scores: Floats) -> Floats:
    """Scores of Farrington flexible with its rule for low counts: no flag below five incidents in four weeks."""
    few = low_counts(panel, np.arange(len(panel.weeks) - len(scores), len(panel.weeks)), FarringtonOptions())
    return np.where(few, -np.inf, scores)


def ladder(panel: Panel, start: int) -> Floats:
    """The ladder."""
    return surprise(panel, Spike().fit(panel, as_date(panel.weeks[start]), threads=1).p_value)


def ramp(panel: Panel, start: int) -> Floats:
    """The ramp detector's statistic."""
    judged, options = np.arange(start, len(panel.weeks)), RampOptions()
    normal = baselines(panel, judged, options, 1)
    wanted = np.ones((judged.size, len(panel.region_ids)), np.bool_)
    score = statistics(panel, judged, normal, wanted, options, with_p=False, threads=1)[..., 0].T
    return np.where(panel.values[start:] == 0, -np.inf, score)


def ramp_p(panel: Panel, start: int) -> Floats:
    """The ramp detector's p."""
    return surprise(panel, Ramp().fit(panel, as_date(panel.weeks[start]), threads=1).p_value)


def known(made: SimulatedRamps, growth: float) -> Floats:
    """The oracle's scores of the judged weeks."""
    factors = [(1 + growth) ** k for k in range(1, ONSETS + 1)]
    return oracle(made.counts, made.start, made.design.mean, made.design.phi, factors)


def horizon(mean: float, phi: float, growth: float) -> int:
    """Judged weeks after which practically every ramp is found."""
    needed = np.log1p(12 * np.sqrt(phi / mean)) / np.log1p(growth)
    return int(np.ceil(needed)) + 3


def scored(made: SimulatedRamps, growth: float, methods: dict[str, Method]) -> dict[str, Floats]:
    """Scores of the judged weeks by method; Farrington flexible in both readings, and the oracle."""
    panel = made.panel()
    scores = {name: method(panel, made.start) for name, method in methods.items()}
    rule = with_rule(panel, scores["farrington"])
    return scores | {"farrington, five in four weeks": rule, "oracle": known(made, growth)}


def cells(mean: float, phi: float, series: int, methods: dict[str, Method], seed: int) -> Iterator[tuple]:
    """(slope, quiet scores by method, scores by method) of one mean and dispersion."""
    quiet = ramps(RampDesign(mean=mean, phi=phi, judged=QUIET_WEEKS), seed, series=series)
    null = scored(quiet, GROWTHS[0], methods)
    for growth in GROWTHS:
        design = RampDesign(mean=mean, phi=phi, growth=growth, judged=horizon(mean, phi, growth))
        made = ramps(design, seed + 1, series=series)
        yield growth, null | {"oracle": known(quiet, growth)}, scored(made, growth, methods)


def judged(null: dict[str, Floats], scores: dict[str, Floats], rate: float) -> dict[str, Comparison]:
    """Each method against the earlier reading of Farrington flexible."""
    trials = {name: Trial(null=null[name], scores=scores[name]) for name in null}
    readings = [trial for name, trial in trials.items() if name.startswith("farrington")]
    reference = soonest(readings, rate=rate, seed=TIES)
    others = {name: trial for name, trial in trials.items() if not name.startswith(("farrington", "oracle"))}
    return {name: _against(reference, trial, trials["oracle"], rate, RESAMPLES) for name, trial in others.items()}


def _against(reference: Trial, method: Trial, best: Trial, rate: float, resamples: int) -> Comparison:
    generator = np.random.default_rng(TIES)
    return compare(reference, method, best, rate=rate, generator=generator, resamples=resamples)


def verdict(one: Comparison) -> str:
    """What a row says of the promise: 70 % of the gap, where there is one, and never later."""
    later = "" if one.gain.high >= 0 else " LATER"
    if one.gap.low <= 0:
        return "no gap" + later
    return ("ok" if one.share.value >= 0.7 else "short" if one.share.high < 0.7 else "within error") + later


def table(
    means: tuple[float, ...], phis: tuple[float, ...], series: int, methods: dict[str, Method], rates: tuple, seed: int
) -> None:
    """Print a row for each mean, dispersion, slope and rate."""
    print(
        "mean  phi  slope  rate   farr.  ours   oracle  gap [95 %]            share closed [95 %]      verdict  (method)"
    )
    for mean, phi in product(means, phis):
        for growth, null, scores in cells(mean, phi, series, methods, seed + int(1000 * mean + 10 * phi)):
            for rate in rates:
                for name, one in judged(null, scores, rate).items():
                    gap, share = one.gap, one.share
                    print(
                        f"{mean:4g} {phi:4g} {growth:6.0%} {rate:6.1%} {one.reference:6.2f} {one.method:6.2f} "
                        f"{one.oracle:6.2f}   {gap.value:5.2f} [{gap.low:5.2f}, {gap.high:5.2f}]   "
                        f"{share.value:5.0%} [{share.low:5.0%}, {share.high:5.0%}]   {verdict(one)}  ({name})",
                        flush=True,
                    )


def others(series: int, methods: dict[str, Method], rate: float = 0.01) -> None:
    """Print how many level shifts and one-week spikes are found in their first week and by their fourth."""
    print("mean  what        method                           week 1 [95 %]       by week 4 [95 %]")
    for mean, (what, change) in product((1.0, 5.0, 20.0), OTHERS.items()):
        quiet = ramps(RampDesign(mean=mean, phi=2.0, judged=QUIET_WEEKS), 1, series=series)
        made = ramps(RampDesign(mean=mean, phi=2.0, judged=4, **change), 2, series=series)
        null, scores = scored(quiet, GROWTHS[1], methods), scored(made, GROWTHS[1], methods)
        for name in null:
            uniforms = np.random.default_rng(3).random(scores[name].shape)
            delay, found = first_flags(threshold(null[name], rate).flags(scores[name], uniforms))
            weeks = [found_by(delay, found, week) for week in (1, 4)]
            shown = "   ".join(f"{one.value:4.0%} [{one.low:4.0%}, {one.high:4.0%}]" for one in weeks)
            print(f"{mean:4g}  {what:10}  {name:31}  {shown}", flush=True)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=31_000_000, help="seed of the first cell")
    parser.add_argument("--ladder", action="store_true", help="the ladder's delays as well")
    parser.add_argument("--p", action="store_true", help="the ramp detector by its p, which takes ten times as long")
    parser.add_argument("--quick", action="store_true", help="four means, two dispersions, 1 %% only")
    parser.add_argument("--others", action="store_true", help="level shifts and spikes in place of ramps")
    given = parser.parse_args()
    methods: dict[str, Method] = {"farrington": farrington, "ramp": ramp}
    methods |= {"ladder": ladder} if given.ladder else {}
    methods |= {"ramp by p": ramp_p} if given.p else {}
    begun = time.process_time()
    if given.others:
        others(given.series, methods)
    elif given.quick:
        table((0.2, 1.0, 5.0, 20.0), (1.0, 2.0), given.series, methods, RATES[:1], given.seed)
    else:
        table(MEANS, PHIS, given.series, methods, RATES, given.seed)
    print(f"{time.process_time() - begun:.0f} s")


if __name__ == "__main__":
    main()

"""What past outbreaks cost of the rate of false flags on sparse streams, and what is possible.

Series of one mean and of dispersion 1 to 5, with and without four past outbreaks as in the 42 scenarios. Three methods that
know the dispersion, and all about outbreaks but whether, when and how large they were, give the exact posterior of the
mean (on a grid) and from it the chance of each judged count:
- *none*: there were no outbreaks;
- *four*: there were four;
- *either*: four with the chance of --chance, else none, weighed by the evidence for each.
An outbreak of k begins in any week of the baseline alike; its cases of d weeks later are Poisson, of mean k sqrt(phi mean)
P(d <= X < d + 1), X lognormal(0, 0.5^2); k is 2, 3, 5 or 10 alike. Given the mean, outbreaks are taken for independent of
each other, which neglects that two may meet. Rates over nominal of randomised p-values, averaged over the dispersions.

Run from the repository root: python -m tests.benchmarks.bench_outbreak_limits [--series 300] [--seed 85000000] [--chance 0.04]
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analytics.evaluation import randomised, rate_ratio
from analytics.simulate import Scenario, noufaily
from analytics.simulate.designs import BASELINE, JUDGED

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVELS = (0.05, 0.1, 0.2, 0.5)
PHIS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
ALPHAS = (0.05, 0.01, 0.005)
SIZES = (2.0, 3.0, 5.0, 10.0)
OUTBREAKS = 4
SPREAD = np.diff(stats.lognorm.cdf(np.arange(7), 0.5))
"""Share of an outbreak's cases in its week 0, 1, ..., 5."""


def chances(counts: Integers, means: Floats, phi: float) -> Floats:
    """P(Y = y), (means, counts), of variance phi mean."""
    mean = means[:, None]
    answer: Floats = (
        stats.poisson.pmf(counts, mean) if phi == 1 else stats.nbinom.pmf(counts, mean / (phi - 1), 1 / phi)
    )
    return answer


def likelihoods(counts: Integers, means: Floats, phi: float) -> tuple[Floats, Floats]:
    """(log likelihood of each mean without outbreaks, log ratio of that with four), each (R, means); counts: (T, R)."""
    values = np.arange(max(int(counts.max()), 1) + 1)
    none = chances(values, means, phi)
    some = np.zeros((counts.shape[1], means.size))
    for size in SIZES:
        ratio = np.ones((means.size, *counts.shape))
        for week, share in enumerate(SPREAD):
            extra = stats.poisson.pmf(values, size * share * np.sqrt(phi * means)[:, None])
            with_cases = [np.convolve(*pair)[: values.size] for pair in zip(none, extra, strict=True)]
            ratio[:, : len(counts) - week] *= (np.array(with_cases) / none)[:, counts[week:]]
        some += ratio.mean(axis=1).T / len(SIZES)
    return np.log(none)[:, counts].sum(axis=1).T, OUTBREAKS * np.log(some)


def held(level: float, phi: float, past: bool, series: int, seed: int, chance: float) -> list[list[float]]:
    """Rate over nominal at each of ALPHAS, of a posterior with no outbreaks, with four, and with either."""
    scenario = Scenario(name=f"{level:g}", theta=float(np.log(level)), phi=phi)
    made = noufaily(scenario, seed, series=series, past_outbreaks=past)
    means = level * np.geomspace(1 / 6, 6, 41)
    without, more = likelihoods(made.counts[BASELINE], means, phi)
    # a gamma prior of a third of an incident, as in the predictive method
    without += np.log(means) / 3
    top = without.max(axis=1, keepdims=True)
    weights = np.exp(without - top), np.exp(without + more - top)
    judged = made.counts[JUDGED]
    values = np.arange(int(judged.max()) + 2)
    density = chances(values, means, phi)
    tails = 1 - np.cumsum(density, axis=1) + density
    uniforms = np.random.default_rng(1).random(judged.shape)
    answer = []
    for share in (0.0, 1.0, chance):
        posterior = (1 - share) * weights[0] + share * weights[1]
        tail = posterior / posterior.sum(axis=1, keepdims=True) @ tails
        series_of = np.arange(judged.shape[1])
        p = randomised(tail[series_of, judged], tail[series_of, judged + 1], uniforms)
        answer.append([rate_ratio(p, alpha).value for alpha in ALPHAS])
    return answer


def main() -> None:
    """Print a line for each mean and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--seed", type=int, default=85_000_000)
    parser.add_argument("--chance", type=float, default=0.04)
    given = parser.parse_args()
    print("mean  posterior  without .05 / .01 / .005   with .05 / .01 / .005")
    for number, level in enumerate(LEVELS):
        rates = [
            np.mean(
                [
                    held(level, phi, past, given.series, given.seed + 100 * number + place, given.chance)
                    for place, phi in enumerate(PHIS)
                ],
                axis=0,
            )
            for past in (False, True)
        ]
        for name, without, some in zip(("none", "four", "either"), *rates, strict=True):
            print(f"{level:4g}  {name:9}", *(" / ".join(f"{x:.2f}" for x in one) + "      " for one in (without, some)))


if __name__ == "__main__":
    main()

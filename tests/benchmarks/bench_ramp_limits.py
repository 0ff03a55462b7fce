"""What keeps the ramp detector from the oracle: the estimated baseline, or that the slope is not known.

At one mean and dispersion, the share of the gap between Farrington flexible and the oracle that is closed by
- an oracle that knows the slope but takes mean and dispersion from the same 234 weeks as the detector does;
- an oracle that knows mean and dispersion but not the slope, of three that are as likely;
- the detector's own baseline with the detector's weights of onsets and slopes;
- the same with the weights, of onsets 1 to 6 weeks ago and five slopes, that a random search over these very series
  found best for the least of the three shares: what no fixed weights can be expected to beat.

Run from the repository root: python -m tests.benchmarks.bench_ramp_limits [--mean 20] [--phi 1] [--series 4000] [--steps 1000] [--seed 91000]
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analytics.evaluation import Trial, soonest
from analytics.models.ramp import RampOptions, baselines
from analytics.simulate.ramps import RampDesign, SimulatedRamps, ramps
from tests.benchmarks.bench_ramp import GROWTHS, QUIET_WEEKS, TIES, _against, farrington, horizon, scored

Floats = NDArray[np.float64]
SLOPES = (0.15, 0.2, 0.3, 0.45, 0.6)
ONSETS = 6
RATE = 0.01


def ratios(made: SimulatedRamps, means: Floats, phi: Floats, slopes: tuple[float, ...]) -> Floats:
    """Likelihood ratios of onsets 1..ONSETS weeks ago and *slopes*, (judged, R, ONSETS, slopes).

    means, phi: (judged, R), the same for all weeks of a window.
    """
    counts, judged = made.counts.astype(np.float64), np.arange(made.start, len(made.counts))
    size = means / np.maximum(phi - 1, 1e-9)
    out = np.zeros((*means.shape, ONSETS, len(slopes)))
    for column, slope in enumerate(slopes):
        for onset in range(1, ONSETS + 1):
            for back in range(onset):
                y, factor = counts[judged - back], (1 + slope) ** (onset - back)
                poisson = y * np.log(factor) - means * (factor - 1)
                rise = special.gammaln(y + size * factor) - special.gammaln(size * factor)
                fall = special.gammaln(size) - special.gammaln(y + size) - size * (factor - 1) * np.log(phi)
                out[:, :, onset - 1, column] += np.where(phi < 1 + 1e-6, poisson, rise + fall)
    return np.exp(np.clip(out, -60, 60))


def mixed(made: SimulatedRamps, likelier: Floats, weights: Floats) -> Floats:
    """Scores (judged, R) of a mixture, weights (ONSETS, slopes); minus infinity in weeks without incident."""
    score = np.einsum("wros,os->wr", likelier, weights)
    return np.where(made.counts[made.start :] == 0, -np.inf, np.log(score))


class Limits:
    """The quiet series and the ramps of one mean and dispersion, and what is closed of the gap on them."""

    def __init__(self, mean: float, phi: float, series: int, seed: int) -> None:
        self.quiet = ramps(RampDesign(mean=mean, phi=phi, judged=QUIET_WEEKS), seed, series=series)
        self.ramps = [
            ramps(
                RampDesign(mean=mean, phi=phi, growth=growth, judged=horizon(mean, phi, growth)),
                seed + 1,
                series=series,
            )
            for growth in GROWTHS
        ]
        self.known = [self._known(growth, made) for growth, made in zip(GROWTHS, self.ramps, strict=True)]

    def _known(self, growth: float, made: SimulatedRamps) -> tuple[Trial, Trial]:
        """Farrington flexible, in the reading that is earlier, and the oracle."""
        quiet, event = (scored(one, growth, {"farrington": farrington}) for one in (self.quiet, made))
        trials = {name: Trial(null=quiet[name], scores=event[name]) for name in quiet}
        readings = [trial for name, trial in trials.items() if name.startswith("farrington")]
        return soonest(readings, rate=RATE, seed=TIES), trials["oracle"]

    def shares(self, quiet: list[Floats], event: list[Floats]) -> list[float]:
        """Share closed at each slope by a method's scores of the quiet series and of the ramps."""
        return [
            _against(reference, Trial(null=null, scores=scores), oracle, RATE, 1).share.value
            for (reference, oracle), null, scores in zip(self.known, quiet, event, strict=True)
        ]

    def estimated(self, made: SimulatedRamps) -> tuple[Floats, Floats]:
        """Mean and variance over mean of the baseline's weeks, the same in each judged week."""
        counts = made.counts[made.start - 260 : made.start - 26]
        mean = np.maximum(counts.mean(axis=0), 0.5 / len(counts))
        phi = np.maximum(counts.var(axis=0, ddof=1) / mean, 1.0)
        shape = (len(made.counts) - made.start, counts.shape[1])
        return np.broadcast_to(mean, shape), np.broadcast_to(phi, shape)

    def true(self, made: SimulatedRamps) -> tuple[Floats, Floats]:
        """The truth, in the same shape."""
        shape = (len(made.counts) - made.start, made.counts.shape[1])
        return np.full(shape, made.design.mean), np.full(shape, made.design.phi)

    def own(self, made: SimulatedRamps) -> tuple[Floats, Floats]:
        """The detector's baseline."""
        normal = baselines(made.panel(), np.arange(made.start, len(made.counts)), RampOptions(), 1)
        return normal.means[..., 0].T, normal.phi.T


def searched(limits: Limits, quiet: Floats, events: list[Floats], first: Floats, steps: int, seed: int) -> list[float]:
    """The shares of the weights whose least share is the largest that *steps* of a random search find."""
    generator = np.random.default_rng(seed)

    def found(logs: Floats) -> list[float]:
        weights = np.exp(logs - special.logsumexp(logs))
        null = mixed(limits.quiet, quiet, weights)
        return limits.shares(
            [null] * len(events),
            [mixed(made, one, weights) for made, one in zip(limits.ramps, events, strict=True)],
        )

    best, step = np.maximum(np.log(np.maximum(first, 1e-9)), -8), 1.0
    shares = found(best)
    for _ in range(steps):
        chosen = generator.random(best.shape) < generator.choice([0.1, 0.3, 1.0])
        tried = np.clip(best + step * chosen * generator.normal(size=best.shape), -12, 4)
        if min(now := found(tried)) >= min(shares):
            best, shares, step = tried, now, min(2.0, 1.5 * step)
        else:
            step = max(0.05, 0.93 * step)
    return shares


def main() -> None:
    """Print a line for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("mean", 20.0), ("phi", 1.0)):
        parser.add_argument(f"--{name}", type=float, default=value)
    for name, number in (("series", 4000), ("steps", 1000), ("seed", 91000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    given = parser.parse_args()
    limits = Limits(given.mean, given.phi, given.series, given.seed)
    alike = np.full((ONSETS, 1), 1 / ONSETS)
    knows_slope = [
        [mixed(made, ratios(made, *limits.estimated(made), (growth,)), alike) for made in (limits.quiet, event)]
        for growth, event in zip(GROWTHS, limits.ramps, strict=True)
    ]
    say("slope known, baseline estimated", limits.shares(*map(list, zip(*knows_slope, strict=True))))
    three = np.full((ONSETS, 3), 1 / ONSETS / 3)
    null = mixed(limits.quiet, ratios(limits.quiet, *limits.true(limits.quiet), GROWTHS), three)
    events = [mixed(made, ratios(made, *limits.true(made), GROWTHS), three) for made in limits.ramps]
    say("baseline known, one of three slopes", limits.shares([null] * 3, events))
    quiet, *events = (ratios(made, *limits.own(made), SLOPES) for made in (limits.quiet, *limits.ramps))
    weights = np.zeros((ONSETS, len(SLOPES)))
    weights[:, [SLOPES.index(0.2), SLOPES.index(0.45)]] = RampOptions().weights()[:ONSETS]
    null = mixed(limits.quiet, quiet, weights)
    own = [mixed(made, one, weights) for made, one in zip(limits.ramps, events, strict=True)]
    say("the detector's baseline and weights", limits.shares([null] * 3, own))
    say("its baseline, weights searched", searched(limits, quiet, events, weights, given.steps, given.seed))


def say(name: str, shares: list[float]) -> None:
    """One line: the share of the gap closed at each slope."""
    print(
        f"{name:38}",
        *(f"{growth:.0%} {share:5.0%}  " for growth, share in zip(GROWTHS, shares, strict=True)),
        flush=True,
    )


if __name__ == "__main__":
    main()

"""Change points in one series of counts: the exact posterior of where its level changed."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import f as fisher

from analytics.models.base import Floats
from analytics.models.changes_kernel import divisions
from analytics.models.event_fit import Rows, dispersion, fit

BLOCK = 26
"""Weeks of the blocks in which scatter is measured, so short that few of them hold a change."""
BLOCK_INCIDENTS = 8
"""Incidents that a block needs to say something of the scatter."""
SHAPE = 1.0
"""Shape of the gamma prior of a level, whose mean is the series' own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """N known weeks: counts and exposure (the season's factor), both (N,), and the variance over the mean."""

    counts: Floats
    exposure: Floats
    dispersion: float

    def sums(self) -> tuple[Floats, Floats]:
        """Counts and exposure before each position, over the dispersion; (N + 1,) each."""
        counts, exposure = (np.r_[0.0, np.cumsum(part)] / self.dispersion for part in (self.counts, self.exposure))
        return counts, exposure


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """The posterior of all segmentations of N weeks; a change at position t has week t as its first.

    chance: (N + 1,), P(change at t). without: (N + 1, N + 1), P(no change at l..u) in row l and column u. likeliest: the
    positions of the changes in the most probable segmentation.
    """

    chance: Floats
    without: Floats
    likeliest: list[int]

    def shortest(self, first: int, last: int, level: float) -> tuple[int, int] | None:
        """Ends of the shortest run among *first*..*last* that holds a change with a probability of *level* or more.

        Of several as short the likeliest; None where the whole of *first*..*last* does not hold one so surely.
        """
        places = np.arange(first, last + 1)
        held = 1 - self.without[np.ix_(places, places)]
        width = np.where((held >= level) & (places >= places[:, None]), places - places[:, None], np.inf)
        if not np.isfinite(width).any():
            return None
        best = np.where(width == width.min(), held, -1.0)
        low, high = np.unravel_index(int(best.argmax()), best.shape)
        return int(places[low]), int(places[high])


def scatter(counts: Floats, exposure: Floats) -> float:
    """Variance over mean of *counts* (N,) that is no change of level, at least 1.

    The median over blocks of 26 weeks of Pearson's phi about a log-linear trend, with the factor (1 + r) / (1 - r)
    for weeks that resemble their neighbours; a block that holds a change is an outlier that the median does not mind.
    Where fewer than three blocks have incidents enough, sum (y_t - y_(t-1))^2 / sum (y_t + y_(t-1)).
    """
    blocks = len(counts) // BLOCK
    table = counts[len(counts) - blocks * BLOCK :].reshape(blocks, BLOCK)
    factors = exposure[len(counts) - blocks * BLOCK :].reshape(blocks, BLOCK)
    telling = table.sum(axis=1) >= BLOCK_INCIDENTS
    if telling.sum() < 3:
        steps, sums = np.diff(counts) ** 2, counts[1:] + counts[:-1]
        return max(1.0, float(steps.sum() / max(sums.sum(), 1.0)))
    time = np.arange(BLOCK) - (BLOCK - 1) / 2
    design = np.broadcast_to(np.column_stack([np.ones(BLOCK), time]), (int(telling.sum()), BLOCK, 2))
    rows = Rows(
        counts=table[telling], design=design, use=np.ones_like(design[:, :, 0], dtype=bool),
        offset=np.log(factors[telling]),
    )  # fmt: skip
    return float(np.median(dispersion(rows, fit(rows), "serial")))


def posterior(series: Series, *, chance: float, least: int) -> Posterior:
    """Exact posterior of the change points by the recursions of Fearnhead (2006).

    A level is gamma distributed (shape SHAPE, mean that of the series) and the counts of its weeks are Poisson given
    it, the likelihood raised to 1 / dispersion: a segment with sums Y, E over the dispersion has the evidence
    b^a Gamma(a + Y) / (Gamma(a) (b + E)^(a + Y)), a = SHAPE, b = a / mean. A change falls on each week with
    *chance*, and two are at least *least* weeks apart.
    """
    counts, exposure = series.sums()
    rate = SHAPE * exposure[-1] / counts[-1]
    chances, without, back = divisions(counts, exposure, SHAPE, rate, math.log(chance) - math.log1p(-chance), least)
    likeliest, place = [], int(back[-1])
    while place > 0:
        likeliest.append(place)
        place = int(back[place])
    return Posterior(chance=chances, without=without, likeliest=likeliest[::-1])


def ratio_interval(series: Series, dates: Floats, before: int, after: int, level: float) -> tuple[float, float]:
    """Interval of the later level over the earlier one, the date integrated out by *dates* (N + 1,).

    Given the date each level is gamma distributed with Jeffreys' prior, shape Y + 1/2 and rate E, so that the ratio
    over (Y2 + 1/2) E1 / ((Y1 + 1/2) E2) has an F distribution of 2 Y2 + 1 and 2 Y1 + 1 degrees of freedom.
    """
    counts, exposure = series.sums()
    places = np.flatnonzero(dates > 1e-6)
    early, late = counts[places] - counts[before] + 0.5, counts[after] - counts[places] + 0.5
    centre = late * (exposure[places] - exposure[before]) / (early * (exposure[after] - exposure[places]))
    weight = dates[places] / dates[places].sum()

    def below(log_ratio: float) -> float:
        return float(weight @ fisher.cdf(np.exp(log_ratio) / centre, 2 * late, 2 * early))

    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (float(np.exp(brentq(lambda x, tail=tail: below(x) - tail, -60.0, 60.0, xtol=1e-6))) for tail in tails)
    return low, high

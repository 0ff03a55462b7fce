"""The arithmetic of the predictive method, compiled: its baselines and tails, region by region."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models import ramp_baseline_kernel as ramp
from analytics.models.compiled import inner, outer
from analytics.models.count_kernel import count_known, gather_known
from analytics.models.farrington_tails import density_at, rise, tail_given
from analytics.models.predictive_dispersion_kernel import EXCESS, MOST_BINS, cut, dispersion, limits
from analytics.models.predictive_mean_kernel import BELOW, COLUMNS, decided, fit, mean_at, variance
from analytics.models.predictive_memory_kernel import DENSITY, NODE_WEIGHT, NODES, PHI, RATE, TAIL, weigh
from analytics.models.ramp_baseline_kernel import choose

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXPECTED, DISPERSION, WEIGHT, HISTORY = range(4)
"""Planes of what is known before a week: its mean and dispersion, its weight, known weeks before it."""
UPPER, AT_LEAST, ABOVE = range(3)
"""Planes of the answer: upper, P(Y >= y), P(Y > y)."""
_ROUNDS, _FIRST_PHI, _FIRST_LIMIT = 3, 1.5, 0.8
_NEWTON, _WIDE = 40, 20.0
_NONE = 1e8
"""Prior precision of a coefficient that is none."""
_COST = 2.0
"""Twice the log likelihood that a column must gain: Akaike's. A season that is not seen costs more than one seen in vain."""


@inner
def _two_nodes(mean: float, deviation: float, skew: float) -> tuple[float, float, float]:
    """(lower node, upper node, weight of the upper) of the two-point distribution of these three moments."""
    middle = math.sqrt(1.0 + skew * skew / 4.0)
    weight = (1.0 - skew / 2.0 / middle) / 2.0
    return mean + deviation * (skew / 2.0 - middle), mean + deviation * (skew / 2.0 + middle), weight


@inner
def _stand(mean: float, share: float, spread: Floats, nodes: Floats) -> None:
    """Fill rate, dispersion and weight of the nodes: a gamma rate of relative variance *share*, and *spread* (3,)."""
    root = math.sqrt(share)
    low, high, upper = _two_nodes(1.0, root, 2.0 * root)
    less, more, heavier = _two_nodes(spread[0], spread[1], spread[2])
    for k in range(NODES):
        nodes[RATE, k] = mean * (high if k % 2 else low)
        nodes[PHI, k] = max(more if k // 2 else less, 1.0)
        nodes[NODE_WEIGHT, k] = (upper if k % 2 else 1.0 - upper) * (heavier if k // 2 else 1.0 - heavier)


@inner
def _tails(y: float, nodes: Floats) -> tuple[float, float]:
    """(P(Y >= y), P(Y > y)) of the nodes' mixture; fills their densities at y and their tails from y on."""
    at_least = above = 0.0
    for k in range(NODES):
        mean, phi = nodes[RATE, k], nodes[PHI, k]
        if y > 0.0:
            density = density_at(y, mean, phi)
            tail = tail_given(y, mean, phi, density)
        else:
            density = math.exp(-mean if phi == 1.0 else -mean / (phi - 1.0) * math.log(phi))
            tail = 1.0
        nodes[DENSITY, k], nodes[TAIL, k] = density, tail
        at_least += nodes[NODE_WEIGHT, k] * tail
        above += nodes[NODE_WEIGHT, k] * (tail - density)
    return min(at_least, 1.0), max(above, 0.0)


@inner
def _moved(x: float, step: int, nodes: Floats) -> float:
    """P(Y > x + step) of the mixture, where the nodes' densities and tails are those at x + 1; moves them on."""
    total = 0.0
    for k in range(NODES):
        mean, phi = nodes[RATE, k], nodes[PHI, k]
        if step > 0:
            nodes[TAIL, k] -= nodes[DENSITY, k]
            nodes[DENSITY, k] *= rise(x + 1.0, mean, phi)
        else:
            nodes[DENSITY, k] /= rise(x, mean, phi)
            nodes[TAIL, k] += nodes[DENSITY, k]
        total += nodes[NODE_WEIGHT, k] * nodes[TAIL, k]
    return total


@inner
def _quantile(level: float, z: float, mean: float, phi: float, nodes: Floats) -> float:
    """Smallest count x with P(Y > x) <= level, searched from a guess: mean + z deviations, and its skewness."""
    spread = math.sqrt(phi * mean)
    x = max(math.floor(mean + z * spread + (2.0 * phi - 1.0) * (z * z - 1.0) / 6.0), 0.0)
    for _ in range(_NEWTON if spread > _WIDE else 0):
        above, beyond = _tails(x + 1.0, nodes)
        if not 0.0 < beyond < above:
            break
        step = math.floor(math.log(above / level) * above / (above - beyond))
        x = max(x + step, 0.0)
        if abs(step) < _WIDE:
            break
    above = _tails(x + 1.0, nodes)[0]
    while above > level:
        above = _moved(x, 1, nodes)
        x += 1.0
    while x > 0.0:
        above = _moved(x, -1, nodes)
        if above > level:
            break
        x -= 1.0
    return x


Work = tuple[Floats, Ints, Ints, Floats, Floats, Floats, Floats]
"""Scratch: means (T,), kept weeks and bins (T,), bins (B, 3), weeks of each bin (B,), information and its root."""


@inner
def _pearson(y: Floats, mu: Floats) -> float:
    """Sum of squared Pearson residuals per week, at least 1."""
    total = 0.0
    for i in range(y.size):
        total += (y[i] - mu[i]) ** 2 / mu[i]
    return max(total / y.size, 1.0)


@inner
def _baseline(y: Floats, x: Floats, z: float, precision: Floats, work: Work, beta: Floats, spread: Floats) -> bool:
    """Fit mean and dispersion: of all weeks, then in rounds without past outbreaks; False if they do not settle.

    The first round's limit is lower, since outbreaks still widen the dispersion by which it is drawn.
    """
    mu, keep, bin_of, bins, times, matrix, factor = work
    n = y.size
    beta[:] = 0.0
    beta[0] = math.log((y.sum() + 0.5) / n)
    keep[:] = 1
    bin_of[:] = 0
    bins[:, BELOW] = 1.0
    if not fit(y, x, _FIRST_PHI, keep, bin_of, bins, precision, beta, mu[:n], matrix, factor):
        return False
    spread[0] = min(_pearson(y, mu[:n]), 1.0 + EXCESS.max())
    place = int(np.searchsorted(EXCESS[:-1], min(spread[0] - 1.0, EXCESS[-2])))
    for turn in range(_ROUNDS):
        limits(mu[:n], spread[0], z if turn else _FIRST_LIMIT * z, bins, bin_of)
        cut(y, bin_of, bins, keep, times)
        if not fit(y, x, spread[0], keep, bin_of, bins, precision, beta, mu[:n], matrix, factor):
            return False
        place = dispersion(y, mu[:n], keep, bins, times, decided(factor, precision), place, spread)
    return True


@inner
def _work(weeks: int) -> Work:
    """Scratch for a panel of so many weeks."""
    square = np.zeros((COLUMNS, COLUMNS))
    return (
        np.empty(weeks), np.ones(weeks, np.int64), np.zeros(weeks, np.int64), np.zeros((MOST_BINS, 3)),
        np.zeros(MOST_BINS), square, square.copy(),
    )  # fmt: skip


@inner
def _shift(columns: Floats, t: int, as_of: int, row: Floats) -> None:
    """Fill *row* with the design of week t, its trend from *as_of*."""
    row[:] = columns[t]
    row[1] -= columns[as_of, 1]


@inner
def _needed(y: Floats, x: Floats, precision: Floats, wanted: Floats) -> None:
    """Fill *wanted*: the prior *precision* of the coefficients that there is evidence of, and zero's of the others."""
    wanted[:] = _NONE
    for a in choose(y, x, int(precision[1] < _NONE), int(precision[2] < _NONE) + int(precision[4] < _NONE), _COST):
        wanted[a] = precision[a]


@outer
def baselines(
    counts: Floats, columns: Floats, judged: Ints, fitted: Ints, span: tuple[int, int, int], limit: float,
    precision: Floats, first: int, last: int, means: Floats, out: Floats,
) -> None:  # fmt: skip
    """Baselines of regions first..last-1, trend and waves only where there is evidence of them.

    counts, columns, judged, fitted, span, precision: as for `judge`. limit: normal quantile of the limit of past
    outbreaks. means: (R, W, N), the judged week first, NaN where the history is too short. out: (R, W, 6), planes as in
    `ramp_baseline_kernel`.
    """
    reach, exclude, least = span
    y, x = np.empty(counts.shape[1]), np.empty((counts.shape[1], COLUMNS))
    beta, spread, row, wanted = np.zeros(COLUMNS), np.zeros(3), np.zeros(COLUMNS), np.zeros(COLUMNS)
    work = _work(counts.shape[1])
    for r in range(first, last):
        as_of, settled = -1, False
        for w in range(judged.size):
            now = judged[w]
            here = out[r, w]
            here[ramp.HISTORY] = count_known(counts[r], max(now - reach, 0), now)
            if fitted[w] != as_of:
                as_of = fitted[w]
                n = gather_known(counts[r], columns, max(as_of - reach, 0), as_of - exclude, as_of, y, x)
                if n > 0:
                    _needed(y[:n], x[:n], precision, wanted)
                settled = n > 0 and _baseline(y[:n], x[:n], limit, wanted, work, beta, spread)
                for a in range(COLUMNS):
                    beta[a] *= wanted[a] < _NONE
            if not settled or here[ramp.HISTORY] < least:
                continue
            for d in range(means.shape[2]):
                _shift(columns, max(now - d, 0), as_of, row)
                means[r, w, d] = mean_at(row, beta)
            _shift(columns, now, as_of, row)
            here[ramp.PHI] = ramp.cautious(spread[0] - 1.0, spread[1])
            here[ramp.SHARE] = variance(work[6], row) * means[r, w, 0] / spread[0]
            here[ramp.MIDDLE], here[ramp.DEVIATION], here[ramp.SKEW] = spread


@outer
def stand(
    counts: Floats, columns: Floats, judged: Ints, fitted: Ints, span: tuple[int, int, int],
    limit: float, uncertain: bool, precision: Floats, windows: Floats, first: int, last: int, known: Floats, nodes: Floats,
) -> None:  # fmt: skip
    """What is known of the counts of regions first..last-1 before each judged week.

    counts: (R, T), NaN unknown. columns: (T, 6). judged, fitted: (W,), each judged week, and the week, at or before it,
    as of which its baseline is fitted. span: weeks that the baseline reaches back, weeks left out, fewest known weeks.
    limit: normal quantile of the limit of past outbreaks. uncertain: whether parameters are. precision: (6,), prior
    precision of the coefficients. windows: (K, 3), as in `weigh`. known: (R, W, 4) and nodes: (R, W, 3, NODES), rate,
    dispersion and weight of each node, filled where a cell can be judged.
    """
    reach, exclude, least = span
    y, x = np.empty(counts.shape[1]), np.empty((counts.shape[1], COLUMNS))
    beta, spread, row, own = np.zeros(COLUMNS), np.zeros(3), np.zeros(COLUMNS), np.zeros((3, NODES))
    before = np.empty(int(windows[:, 0].max()) if windows.shape[0] else 0)
    work = _work(counts.shape[1])
    for r in range(first, last):
        as_of, settled = -1, False
        for w in range(judged.size):
            now = judged[w]
            known[r, w, HISTORY] = count_known(counts[r], max(now - reach, 0), now)
            if fitted[w] != as_of:
                as_of = fitted[w]
                n = gather_known(counts[r], columns, max(as_of - reach, 0), as_of - exclude, as_of, y, x)
                settled = n > 0 and _baseline(y[:n], x[:n], limit, precision, work, beta, spread)
            if not settled or known[r, w, HISTORY] < least:
                continue
            _shift(columns, now, as_of, row)
            mean, share = mean_at(row, beta), variance(work[6], row)
            if not uncertain:
                share, spread[1] = 0.0, 0.0
            for d in range(min(before.size, now)):
                _shift(columns, now - 1 - d, as_of, row)
                before[d] = mean_at(row, beta)
            _stand(mean, share, spread, own)
            known[r, w, WEIGHT] = weigh(counts[r], before, now, mean, spread[0], windows, own)
            known[r, w, EXPECTED], known[r, w, DISPERSION] = mean, spread[0]
            nodes[r, w] = own


@outer
def judge(
    counts: Floats,
    judged: Ints,
    known: Floats,
    nodes: Floats,
    alpha: float,
    z: float,
    first: int,
    last: int,
    out: Floats,
) -> None:
    """Judge the weeks *judged* (W,) of regions first..last-1 by what is known before each; z: normal quantile of alpha.

    counts: (R, T). known, nodes: as `stand` fills them. out: (R, W, 3), filled where a cell can be judged.
    """
    own = np.zeros((5, NODES))
    for r in range(first, last):
        for w in range(judged.size):
            if np.isnan(known[r, w, EXPECTED]):
                continue
            own[:3] = nodes[r, w]
            out[r, w, AT_LEAST], out[r, w, ABOVE] = _tails(counts[r, judged[w]], own)
            level, mean, phi = alpha * known[r, w, WEIGHT], known[r, w, EXPECTED], known[r, w, DISPERSION]
            out[r, w, UPPER] = _quantile(level, z, mean, phi, own)

"""The distribution of a week's sum, compiled: Panjer's recursion of each node, and a single large incident beyond it."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer
from analytics.models.compound_law_kernel import (
    AVERAGE,
    BEYOND,
    EDGES,
    LIMIT,
    SHAPES,
    STEPS,
    Law,
    fit_law,
    lattice,
    log_tail,
    survival,
)  # fmt: skip
from analytics.models.predictive_kernel import EXPECTED as MEAN
from analytics.models.predictive_kernel import WEIGHT
from analytics.models.predictive_memory_kernel import CAP_COST, LARGEST_WEIGHT, NODE_WEIGHT, NODES, PHI, RATE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXPECTED, UPPER, AT_LEAST, ABOVE = range(4)
"""Planes of the answer: mean of the sum, upper, P(S >= s), P(S > s)."""
MOST_POINTS, _FEWEST = 256, 32
_ROOM, _RARE, _MOST_TRIES = 1.3, 5e-4, 7
"""Points reach this many times the mean at first, and near the figure that an incident of a week exceeds with this chance."""
_CLOSE, _NEGLIGIBLE, _MOST_BEYOND = 1.2, 2e-4, 0.05
"""They reach far enough where one large incident accounts for what is beyond but for this factor, or that is this little; and
what is beyond is below the last of these."""
_HUGE, _TINY = 1e200, 1e-9
_FAR = 1e12
_DEVIATIONS, _LEAST_POWER, _MOST_POWER, _LARGEST_EXPONENT = 1.5, 0.4, 0.95, 50.0

Sum = tuple[Floats, Floats]
"""A sum's distribution: log P(S > (j + 1/2) step), (M + 1,); and its numbers."""
STEP, POINTS, NOTHING, REST, ONE = range(5)
"""Its numbers: step, last point, P(S > 0), the mean of what is beside the largest incident, chance that any incident is
beyond rest at the last point."""


@inner
def _log_none(mean: float, phi: float, nothing: float) -> float:
    """Log chance of a sum of nothing, where an incident adds nothing with this chance."""
    if phi > 1.0 + 1e-9:
        return -mean / (phi - 1.0) * math.log(phi - (phi - 1.0) * nothing)
    return -mean * (1.0 - nothing)


@inner
def panjer(
    f: Floats, sizes: Floats, last: int, mean: float, phi: float, g: Floats, plain: Floats, by_size: Floats
) -> float:
    """Fill g (last + 1,), the chances of a compound negative binomial sum on the lattice of f; returns log of their unit.

    The number of incidents has mean *mean* and variance phi mean; f are the chances of 0, 1, ... for each. g are so many
    times their unit that none is too small or too large for a number (Panjer 1981, ASTIN Bulletin 12:22).
    """
    plain[: last + 1] = 0.0
    by_size[: last + 1] = 0.0
    a = (phi - 1.0) / phi
    b = mean / phi - a
    unit = _log_none(mean, phi, f[0])
    scale = 1.0 / (1.0 - a * f[0])
    g[0] = 1.0
    for s in range(last + 1):
        if s:
            g[s] = scale * (a * plain[s] + b / s * by_size[s])
        if g[s] > _HUGE:
            unit += math.log(_HUGE)
            for j in range(last + 1):
                g[j], plain[j], by_size[j] = g[j] / _HUGE, plain[j] / _HUGE, by_size[j] / _HUGE
        size, rest = g[s], last - s
        for_one, for_each = f[1 : rest + 1], sizes[1 : rest + 1]
        one, each = plain[s + 1 : last + 1], by_size[s + 1 : last + 1]
        for j in range(rest):
            one[j] += size * for_one[j]
            each[j] += size * for_each[j]
    return unit


@inner
def _mixed(nodes: Floats, f: Floats, last: int, work: Floats, g: Floats) -> None:
    """Fill g (last + 1,) with the chances of the nodes' mixture."""
    g[: last + 1] = 0.0
    for j in range(last + 1):
        work[3, j] = j * f[j]
    for k in range(NODES):
        unit = panjer(f, work[3], last, nodes[RATE, k], nodes[PHI, k], work[0], work[1], work[2])
        weight = nodes[NODE_WEIGHT, k] * math.exp(unit)
        for s in range(last + 1):
            g[s] += weight * work[0, s]


@inner
def _some(nodes: Floats) -> float:
    """P(S > 0) of the mixture."""
    total = 1.0
    for k in range(NODES):
        total -= nodes[NODE_WEIGHT, k] * math.exp(_log_none(nodes[RATE, k], nodes[PHI, k], 0.0))
    return total


@inner
def mean_below(cap: float, levels: Floats, law: Law) -> float:
    """E min(X, cap) of one incident's casualties."""
    mass, tail, numbers = law
    total = 0.0
    for i in range(levels.size):
        total += mass[i] * min(levels[i], cap)
    limit = numbers[LIMIT]
    beyond = min(limit, cap)
    for k in range(EDGES.size - 1):
        if limit + EDGES[k] >= cap:
            break
        width = min(EDGES[k + 1], cap - limit) - EDGES[k]
        # chances of more than each whole number of the stretch, all but the last
        beyond += 0.5 * (width + 1.0) * math.exp(tail[k]) + 0.5 * (width - 1.0) * math.exp(
            log_tail(EDGES[k] + width, tail)
        )
    return float(total + numbers[BEYOND] * beyond)


@inner
def _exceeded(chance: float, levels: Floats, law: Law) -> float:
    """A figure that one incident exceeds with about this chance."""
    low, high = 0.0, 1.0
    while survival(high, levels, law) > chance and high < _FAR:
        low, high = high, 2.0 * high
    while high - low > 0.02 * high and high - low > 1.0:
        middle = 0.5 * (low + high)
        if survival(middle, levels, law) > chance:
            low = middle
        else:
            high = middle
    return high


@inner
def summed(
    nodes: Floats, mean: float, levels: Floats, law: Law, f: Floats, laid: Floats, work: Floats, total: Sum
) -> None:  # fmt: skip
    """Work out the sum's distribution until one large incident decides it, or what is left is negligible.

    laid: (1,), the step on which f is laid out, 0 for none yet. The step is a power of two, so that there are at most
    MOST_POINTS points above 0. work: (5, MOST_POINTS + 1).
    """
    logs, numbers = total
    far = _exceeded(min(_RARE / mean, 0.5), levels, law)
    rest = mean * mean_below(far, levels, law)
    step, last = 1.0, MOST_POINTS
    while step * MOST_POINTS < max(_ROOM * rest, 0.4 * (rest + far)):
        step *= 2.0
    if 2.0 * (rest + far) < MOST_POINTS:
        last = int(max(rest + far, _FEWEST))
    beyond, one, end = 1.0, 0.0, 0.0
    for tries in range(_MOST_TRIES):
        if laid[0] != step:
            lattice(levels, law, step, f)
            laid[0] = step
        _mixed(nodes, f, last, work, work[4])
        end = (last + 0.5) * step
        rest = min(mean * mean_below(end, levels, law), 0.5 * end)
        one = mean * survival(end - rest, levels, law)
        beyond = 1.0 - work[4, : last + 1].sum()
        if (beyond < max(_CLOSE * one, _NEGLIGIBLE) and beyond < _MOST_BEYOND) or tries == _MOST_TRIES - 1:
            break
        if last < MOST_POINTS:
            last = min(2 * last, MOST_POINTS)
        else:
            step *= 2.0
    beyond = max(beyond, min(one, _TINY))
    numbers[STEP], numbers[POINTS], numbers[NOTHING] = step, last, _some(nodes)
    numbers[REST], numbers[ONE] = rest, survival(end - rest, levels, law)
    highest = 0.0
    for j in range(last, -1, -1):
        highest = max(highest, min(beyond, 1.0))
        logs[j] = math.log(highest)
        beyond += work[4, j]


@inner
def at_least(s: float, levels: Floats, law: Law, total: Sum) -> float:
    """P(S >= s) of a sum that was worked out."""
    logs, numbers = total
    if s <= 0.0:
        return 1.0
    step, last = numbers[STEP], int(numbers[POINTS])
    place = (s - 0.5) / step - 0.5
    if place >= last:
        found = survival(s - 0.5 - numbers[REST], levels, law) / numbers[ONE]
        return float(math.exp(logs[last]) * min(found, 1.0))
    if place < 0.0:
        first = 0.5 / step - 0.5
        part = (place - first) / -first
        return float(numbers[NOTHING] + part * (math.exp(logs[0]) - numbers[NOTHING]))
    j = int(place)
    return math.exp(logs[j] + (place - j) * (logs[j + 1] - logs[j]) if place > j else logs[j])


@inner
def quantile(level: float, levels: Floats, law: Law, total: Sum) -> float:
    """Smallest whole number x with P(S > x) <= level."""
    if at_least(1.0, levels, law, total) <= level:
        return 0.0
    low, high = 0.0, 1.0
    while at_least(high + 1.0, levels, law, total) > level and high < _FAR:
        low, high = high, 2.0 * high
    while high - low > 1.0:
        middle = math.floor(0.5 * (low + high))
        if at_least(middle + 1.0, levels, law, total) > level:
            low = middle
        else:
            high = middle
    return high


@inner
def _gathered(
    first: int, last: int, weeks: Ints, places: Ints, start: int, stop: int, pooled: Floats, own: Floats, others: Floats
) -> None:  # fmt: skip
    """Fill own and others (U,) with the incidents of weeks start..stop - 1 by level: first..last - 1, and the rest of *pooled*."""
    own[:] = 0.0
    for i in range(first, last):
        if start <= weeks[i] < stop:
            own[places[i]] += 1.0
    for i in range(own.size):
        others[i] = pooled[i] - own[i]


@inner
def _deadlier(
    first: int, last: int, weeks: Ints, places: Ints, now: int, mean: float, windows: Floats, chances: Floats
) -> float:  # fmt: skip
    """How far the severities of the weeks before *now* are evidence: about 1 on average where nothing happens.

    A mixture over windows of the likelihood ratios of severities whose survival function is raised to a power k below 1
    (Lehmann 1953), the less so the more incidents are expected in the window. Each ratio is (a^k - b^k) / (a - b), a and b
    being the chances of as many casualties and of more. chances: (2, U), of each level.
    """
    total = 1.0
    for j in range(windows.shape[0]):
        power = min(max(1.0 - _DEVIATIONS / math.sqrt(mean * windows[j, 0]), _LEAST_POWER), _MOST_POWER)
        ratio = 0.0
        for i in range(last - 1, first - 1, -1):
            if weeks[i] < now - windows[j, 0]:
                break
            if weeks[i] < now:
                a, b = chances[0, places[i]], chances[1, places[i]]
                ratio += math.log((a**power - b**power) / (a - b))
        total += windows[j, 2] * (CAP_COST * math.exp(min(ratio, _LARGEST_EXPONENT)) - 1.0)
    return min(total, LARGEST_WEIGHT)


@inner
def _exceedances(levels: Floats, law: Law, chances: Floats) -> None:
    """Fill the chances of as many casualties as each level and of more, (2, U)."""
    for i in range(levels.size):
        chances[1, i] = survival(levels[i], levels, law)
        chances[0, i] = max(survival(levels[i] - 1.0, levels, law), chances[1, i] * (1.0 + 1e-9) + 1e-300)


@outer
def judge(
    sums: Floats, judged: Ints, block: Ints, spans: Ints, levels: Floats, pooled: Floats, starts: Ints, weeks: Ints, places: Ints,
    constants: tuple[float, float, float], windows: Floats, known: Floats, nodes: Floats, first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Judge the weeks *judged* (W,) of regions first..last-1.

    sums: (R, T). block: (W,), the baseline of each week; spans: (B, 2), its first week and the one after its last. levels:
    (U,) casualties of an incident, rising; pooled: (B, U), incidents of all regions by level. starts: (R + 1,), where each
    region's incidents begin in weeks and places, their week and level. constants: alpha, and those of `fit_law`. known,
    nodes: what is known of the number of incidents with casualties, as `predictive_kernel.stand` fills it. out: (R, W, 4).
    """
    alpha, most, share = constants
    size = levels.size
    own, bins, more = np.zeros(size), np.zeros(EDGES.size - 1), np.zeros(EDGES.size - 1)
    fits, scales = np.zeros((SHAPES.size, STEPS.size)), np.zeros((SHAPES.size, STEPS.size))
    others = np.zeros(size)
    law = (np.zeros(size), np.zeros(EDGES.size), np.zeros(3))
    f, work, laid = np.zeros(MOST_POINTS + 1), np.zeros((5, MOST_POINTS + 1)), np.zeros(1)
    total = (np.zeros(MOST_POINTS + 1), np.zeros(5))
    chances = np.zeros((2, size))
    for r in range(first, last):
        now, some = -1, False
        for w in range(judged.size):
            if np.isnan(known[r, w, MEAN]):
                continue
            if block[w] != now:
                now = block[w]
                _gathered(
                    starts[r], starts[r + 1], weeks, places, spans[now, 0], spans[now, 1], pooled[now], own, others
                )
                some = fit_law(own, others, levels, most, share, bins, more, fits, scales, law)
                laid[0] = 0.0
                _exceedances(levels, law, chances)
            if not some:
                continue
            s, mean = sums[r, judged[w]], known[r, w, MEAN]
            weight = _deadlier(starts[r], starts[r + 1], weeks, places, judged[w], mean, windows, chances)
            known[r, w, WEIGHT] = 0.5 * (known[r, w, WEIGHT] + weight)
            summed(nodes[r, w], mean, levels, law, f, laid, work, total)
            out[r, w, EXPECTED] = mean * law[2][AVERAGE]
            out[r, w, AT_LEAST] = at_least(s, levels, law, total)
            out[r, w, ABOVE] = at_least(s + 1.0, levels, law, total)
            out[r, w, UPPER] = quantile(alpha * known[r, w, WEIGHT], levels, law, total)

"""The arithmetic of the ramp detector, compiled: a mixture of likelihood ratios, and its tail by importance sampling.

Arrays over onsets and slopes run over both at once, entry (n - 1) B + b for an onset n weeks ago and slope b. A week d
weeks ago is, for an onset n > d, in the ramp's week n - d, so what its count says of all onsets n = d + 1..N is a
stretch of one table: entries 0..(N - d) B of its row, added to entries d B..N B of the sum.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer
from analytics.models.count_kernel import log_ratio
from analytics.models.ramp_draw_kernel import Windows, draw, log_doubt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Tables = tuple[Floats, Floats, Floats, Ints]
"""Growths (N B,); likelihood ratios (slots, counts, N B); those of the baselines that may be true against the plain one
(slots, counts, G); and how many counts of each slot are filled in."""

Shapes = tuple[Floats, Floats]
"""What is looked for: slopes of ramps (S,), and surges (B - S,), raises by so many deviations."""

STATISTIC, P_VALUE, UPPER, ONSET, GROWTH, ABOVE = range(6)
"""Planes of the output: log likelihood ratio, p, upper, onset (weeks ago, the judged one 0), growth of the log mean, and
the chance of a larger statistic."""
MOST_GROWTH, MOST_DEVIATIONS = 16.0, 12.0
"""A ramp levels off at this many times its baseline, or this many standard deviations above it."""
SPARSE = 4.0
"""Where a week's variance is this many times its squared mean, a surge has twice the deviations of one in a dense stream."""
LARGEST_TABLE = 1024
LARGEST_UPPER = 1e6
_TIES, _SMALLEST = 1e-9, 1e-300
_LARGEST_EXPONENT = 700.0
_TINY, _HUGE = 1e-290, 1e290
"""Products beyond these are made anew as sums of logarithms."""


@inner
def _factors(mu: float, phi: float, shapes: Shapes, factors: Floats) -> None:
    """Times its baseline that the mean is in the weeks k = 1..N of each ramp and surge, (N B,)."""
    slopes, surges = shapes
    deviation = math.sqrt(phi / mu)
    most = min(MOST_GROWTH, 1.0 + MOST_DEVIATIONS * deviation)
    for i in range(factors.size):
        week, b = divmod(i, slopes.size + surges.size)
        if b < slopes.size:
            factors[i] = min(math.exp(slopes[b] * (week + 1)), most)
        else:
            factors[i] = 1.0 + surges[b - slopes.size] * (1.0 + min(phi / (SPARSE * mu), 1.0)) * deviation


@inner
def _begin_doubt(mu: float, phi: float, doubt: Floats, ratios: Floats) -> None:
    """Fill *ratios* (G,) with the likelihood ratio of no incident; doubt: (3, G), rate, dispersion, weight."""
    for g in range(ratios.size):
        ratios[g] = math.exp(log_doubt(0.0, mu, phi, doubt[0, g], doubt[1, g]))


@inner
def _fill(mu: float, phi: float, doubt: Floats, factors: Floats, slot: int, upto: int, tables: Tables) -> None:
    """Fill a slot's rows to count *upto*: each is the one before times the ratio's rise with one incident more."""
    _, ratios, doubts, filled = tables
    plain = phi < 1.0 + 1e-9
    size = 0.0 if plain else mu / (phi - 1.0)
    for y in range(filled[slot], upto + 1):
        more = y - 1.0
        share = 1.0 / (size + more) if not plain else 0.0
        for i in range(factors.size):
            rise = factors[i] if plain else (size * factors[i] + more) * share
            ratios[slot, y, i] = ratios[slot, y - 1, i] * rise
        for g in range(doubt.shape[1]):
            other = max(doubt[1, g], 1.0 + 1e-6)
            grown = doubt[0, g] * mu / (other - 1.0)
            step = (other - 1.0) / other * phi / (phi - 1.0)
            doubts[slot, y, g] = doubts[slot, y - 1, g] * (grown + more) * share * step
    filled[slot] = max(filled[slot], upto + 1)


@inner
def _add(y: float, mu: float, phi: float, factors: Floats, ratios: Floats, sums: Floats) -> None:
    """Add to *sums* what a count says of each growth: the first entries of *factors*, as many as *sums* has."""
    for i in range(sums.size):
        ratio = ratios[int(y), i] if y < ratios.shape[0] else 0.0
        sums[i] += math.log(ratio) if _TINY < ratio < _HUGE else log_ratio(y, mu, factors[i], phi)


@inner
def _mixed(sums: Floats, weights: Floats) -> float:
    """Log of the weighted sum of the likelihood ratios."""
    largest = float(sums.max())
    total = 0.0
    for i in range(sums.size):
        total += weights[i] * math.exp(sums[i] - largest)
    return largest + math.log(total)


@inner
def _simulate(
    known: Floats, means: Floats, phi: float, tables: Tables, weights: Floats,
    chosen: Windows, doubt: Floats, drawn: Ints, strength: Floats, chance: Floats,
) -> None:  # fmt: skip
    """Fill *strength* with the statistic of each simulated window, and *chance* with its weight.

    Half of the windows come from the baseline and half from the mixture of ramps, which makes tails of any size cheap:
    the window's weight is h / (1/2 + 1/2 likelihood ratio), h the mean ratio of the baselines that may be true.
    """
    factors, ratios, _, filled = tables
    cap = ratios.shape[1] - 1
    filled[:] = 1
    for d in range(means.size):
        if known[d] >= 0.0:
            largest = draw(means[d], phi, factors, cap, d, chosen, drawn[:, d])
            if cap > 0:
                slot = 0 if ratios.shape[0] == 1 else d
                entries = factors.size - slot * (weights.size // means.size)
                _fill(means[d], phi, doubt, factors[:entries], slot, largest, tables)
        else:
            drawn[:, d] = -1
    odds, others = np.empty(weights.size), np.empty(doubt.shape[1])
    for j in range(strength.size):
        ratio = _product(drawn[j], tables, weights, doubt, odds, others) if cap > 0 else np.nan
        if _TINY < ratio < _HUGE and _TINY < others[0] < _HUGE:
            strength[j] = math.log(ratio)
            chance[j] = others[0] / (0.5 + 0.5 * ratio)
        else:
            _logarithms(drawn[j], means, phi, factors, doubt, odds, others)
            strength[j] = _mixed(odds, weights)
            total = 0.0
            for g in range(others.size):
                total += doubt[2, g] * math.exp(min(others[g], _LARGEST_EXPONENT))
            chance[j] = total / (0.5 + 0.5 * math.exp(min(strength[j], _LARGEST_EXPONENT)))


@inner
def _leave_quiet(last: Ints, strength: Floats) -> None:
    """Take windows whose *last* week has no incident for what they are, no alarm; leave all as they are where no other is drawn."""
    if last.max() > 0:
        for j in range(strength.size):
            if last[j] == 0:
                strength[j] = -np.inf


@inner
def _product(drawn: Ints, tables: Tables, weights: Floats, doubt: Floats, odds: Floats, others: Floats) -> float:
    """Likelihood ratio of one window from the tables; others[0] becomes that of the baselines that may be true."""
    _, ratios, doubts, _ = tables
    b = weights.size // drawn.size
    odds[:] = weights
    others[:] = doubt[2]
    for d in range(drawn.size):
        y, slot = drawn[d], 0 if ratios.shape[0] == 1 else d
        if y < 0:
            continue
        row, first = ratios[slot, y], d * b
        for i in range(odds.size - first):
            odds[first + i] *= row[i]
        for g in range(others.size):
            others[g] *= doubts[slot, y, g]
    others[0] = others.sum()
    return float(odds.sum())


@inner
def _logarithms(
    drawn: Ints, means: Floats, phi: float, factors: Floats, doubt: Floats, sums: Floats, others: Floats
) -> None:
    """Fill logs of the ratios of one window, at each onset and slope and of each baseline that may be true."""
    sums[:] = 0.0
    others[:] = 0.0
    b = sums.size // drawn.size
    for d in range(drawn.size):
        if drawn[d] < 0:
            continue
        y = float(drawn[d])
        for i in range(sums.size - d * b):
            sums[d * b + i] += log_ratio(y, means[d], factors[i], phi)
        for g in range(others.size):
            others[g] += log_doubt(y, means[d], phi, doubt[0, g], doubt[1, g])


@inner
def _tables(means: Floats, phi: float, shapes: Shapes, doubt: Floats, space: tuple[Floats, Floats, Ints]) -> Tables:
    """Tables of a window, filled in for no incident; empty ones where counts are too large for them.

    One slot serves all weeks of a window whose means are the same.
    """
    n, b, g = means.size, shapes[0].size + shapes[1].size, doubt.shape[1]
    factors = np.empty(n * b)
    largest = means.max()
    _factors(largest, phi, shapes, factors)
    top = largest * factors.max()
    size = int(top + 8.0 * math.sqrt(phi * top)) + 20
    slots = 1 if means.min() == largest else n
    if size > LARGEST_TABLE:
        return factors, np.empty((slots, 0, n * b)), np.empty((slots, 0, g)), space[2][:slots]
    ratios = space[0][: slots * size * n * b].reshape((slots, size, n * b))
    doubts = space[1][: slots * size * g].reshape((slots, size, g))
    for slot in range(slots):
        for i in range((n - slot) * b):
            ratios[slot, 0, i] = math.exp(log_ratio(0.0, means[slot], factors[i], phi))
        _begin_doubt(means[slot], phi, doubt, doubts[slot, 0])
        space[2][slot] = 1
    return factors, ratios, doubts, space[2][:slots]


@inner
def _reached(value: float, strength: Floats, chance: Floats) -> float:
    """Estimated chance of a statistic of *value* or more."""
    total = 0.0
    for j in range(strength.size):
        total += chance[j] * (strength[j] >= value - _TIES)
    return total / strength.size


@inner
def _tail(value: float, strength: Floats, chance: Floats, top: tuple[float, float]) -> float:
    """P(statistic >= value); beyond the largest simulated, *top* with its chance, the bound e^-s scaled to meet it."""
    if value - _TIES <= top[0]:
        return min(1.0, _reached(value, strength, chance))
    return max(top[1] * math.exp(top[0] - value), _SMALLEST)


@inner
def _chances(here: Floats, none: bool, strength: Floats, chance: Floats, top: tuple[float, float]) -> None:
    """Fill p and the chance of a larger statistic; in a week with *none* every week with an incident has a larger one."""
    if none:
        here[P_VALUE], here[ABOVE] = 1.0, min(_reached(-_LARGEST_EXPONENT, strength, chance), 1.0)
        return
    here[P_VALUE] = here[ABOVE] = _tail(here[STATISTIC], strength, chance, top)
    if here[STATISTIC] + _TIES < top[0]:
        here[ABOVE] = min(here[P_VALUE], _reached(here[STATISTIC] + 2.0 * _TIES, strength, chance))


@inner
def _chance_with(
    y: float, before: Floats, means: Floats, phi: float, tables: Tables, weights: Floats,
    strength: Floats, chance: Floats, top: tuple[float, float], sums: Floats,
) -> float:  # fmt: skip
    """What p would be if the judged week had the count y, given the sums of the weeks before it."""
    sums[:] = before
    _add(y, means[0], phi, tables[0], tables[1][0, : tables[3][0]], sums)
    return _tail(_mixed(sums, weights), strength, chance, top)


@inner
def _upper(
    before: Floats, means: Floats, phi: float, tables: Tables, weights: Floats, strength: Floats,
    chance: Floats, top: tuple[float, float], alpha: float,
) -> float:  # fmt: skip
    """Largest count of the judged week that raises no alarm, 0 or more; NaN where no count would."""
    sums = np.empty(weights.size)
    low, high = 0.0, 1.0
    while _chance_with(high, before, means, phi, tables, weights, strength, chance, top, sums) > alpha:
        low, high = high, 2.0 * high
        if high > LARGEST_UPPER:
            return np.nan
    while high - low > 1.0:
        middle = math.floor((low + high) / 2.0)
        if _chance_with(middle, before, means, phi, tables, weights, strength, chance, top, sums) > alpha:
            low = middle
        else:
            high = middle
    return low


@inner
def _shape(window: Floats, means: Floats, phi: float, grid: tuple[Floats, Floats], out: Floats) -> None:
    """Fill onset and growth where the statistic is above 0: the likeliest onset and the mean growth.

    By the quasi-likelihood ratio of counts with variance phi mu. Every onset and every growth of the grid is as likely
    as the others before.
    """
    if not out[STATISTIC] > 0.0:
        return
    growths, grown = grid
    fits = np.zeros((means.size, growths.size))
    for onset in range(means.size):
        for d in range(onset + 1):
            if window[d] >= 0.0:
                week = onset - d
                for g in range(growths.size):
                    gain = window[d] * growths[g] * (week + 1) - means[d] * grown[week, g]
                    fits[onset, g] += gain / phi
    fits = np.exp(fits - fits.max())
    out[ONSET] = np.argmax(fits.sum(axis=1))
    out[GROWTH] = (fits.sum(axis=0) * growths).sum() / fits.sum()


@inner
def _window(counts: Floats, now: int, window: Floats) -> None:
    """Fill *window* with the counts of the last weeks, the judged one first; NaN where unknown or before the first."""
    for d in range(window.size):
        window[d] = counts[now - d] if now >= d else np.nan


@inner
def _again(w: int, wanted: NDArray[np.bool_], means: Floats, phis: Floats) -> bool:
    """Whether week w has the baseline of the week before, and that was judged."""
    if w == 0 or not wanted[w - 1] or phis[w] != phis[w - 1]:
        return False
    for d in range(means.shape[1]):  # noqa: SIM110 - compiled code has no generators
        if means[w, d] != means[w - 1, d]:
            return False
    return True


@inner
def _sum_before(window: Floats, means: Floats, phi: float, tables: Tables, before: Floats) -> None:
    """Fill the sums of the weeks before the judged one."""
    factors, ratios, _, filled = tables
    b = before.size // means.size
    before[:] = 0.0
    for d in range(1, means.size):
        if window[d] >= 0.0:
            slot = 0 if ratios.shape[0] == 1 else d
            _add(window[d], means[d], phi, factors, ratios[slot, : filled[slot]], before[d * b :])


@inner
def _as_known(window: Floats, known: Floats) -> bool:
    """Whether the same weeks of two windows are known."""
    for d in range(window.size):  # noqa: SIM110 - compiled code has no generators
        if (window[d] >= 0.0) != (known[d] >= 0.0):
            return False
    return True


@outer
def judge(
    counts: Floats, means: Floats, phis: Floats, doubts: Floats, judged: Ints, wanted: NDArray[np.bool_],
    ramps: tuple[Shapes, Floats, tuple[Floats, Floats]], chosen: Windows, levels: tuple[float, bool],
    first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Judge the *wanted* weeks (R, W) of regions first..last-1.

    counts: (R, T), NaN unknown. means: (R, W, N), the judged week first. phis: (R, W). doubts: (R, W, 3, G), the
    baselines that may be true: times the mean, dispersion, weight. ramps: shapes, their weights (N B,), and the growths
    (G,) of which one is told, with e^(growth week) - 1 in weeks 1..N, (N, G). chosen: chance of the simulated windows;
    with none (K = 0) only the statistic is given. levels: alpha, and whether p counts the simulated windows that end without
    an incident as well, though they are no alarm. out: (R, W, 6).
    """
    shapes, weights, grid = ramps
    alpha, every = levels
    n, draws = means.shape[2], chosen[0].shape[1]
    window, known, sums, before = np.empty(n), np.empty(n), np.empty(weights.size), np.empty(weights.size)
    strength, chance, drawn = np.empty(draws), np.empty(draws), np.empty((draws, n), np.int64)
    size = n * LARGEST_TABLE
    space = (np.empty(size * weights.size), np.empty(size * doubts.shape[3]), np.empty(n, np.int64))
    tables = (np.empty(0), np.empty((0, 0, 0)), np.empty((0, 0, 0)), space[2])
    top = (0.0, 0.0)
    for r in range(first, last):
        for w in range(judged.size):
            if not wanted[r, w]:
                continue
            here, mean, phi = out[r, w], means[r, w], phis[r, w]
            _window(counts[r], judged[w], window)
            again = _again(w, wanted[r], means[r], phis[r])
            if not again:
                tables = _tables(mean, phi, shapes, doubts[r, w], space)
            if draws > 0 and not (again and _as_known(window, known)):
                known[:] = window
                _simulate(window, mean, phi, tables, weights, chosen, doubts[r, w], drawn, strength, chance)
                if not every:
                    _leave_quiet(drawn[:, 0], strength)
                top = (strength.max(), _reached(strength.max(), strength, chance))
            _sum_before(window, mean, phi, tables, before)
            sums[:] = before
            _add(window[0], mean[0], phi, tables[0], tables[1][0, : tables[3][0]], sums)
            here[STATISTIC] = _mixed(sums, weights)
            _shape(window, mean, phi, grid, here)
            if draws > 0:
                _chances(here, window[0] == 0.0, strength, chance, top)
                here[UPPER] = _upper(before, mean, phi, tables, weights, strength, chance, top, alpha)

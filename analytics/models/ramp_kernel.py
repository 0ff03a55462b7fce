"""The arithmetic of the ramp detector, compiled: a mixture of likelihood ratios, and its tail by importance sampling.

Arrays over onsets and slopes run over both at once, entry (n - 1) B + b for an onset n weeks ago and slope b. A week d
weeks ago is, for an onset n > d, in the ramp's week n - d, so what its count says of all onsets n = d + 1..N is a
stretch of one table: entries 0..(N - d) B of its row, added to entries d B..N B of the sum.
"""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner, outer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Tables = tuple[Floats, Floats, Floats, Floats]
"""Growths (N B,); log ratios (slots, counts, N B); distribution functions (slots, N B + 1, counts); log ratios of the
baselines that may be true against the plain one (slots, counts, G)."""

STATISTIC, P_VALUE, UPPER, ONSET, GROWTH = range(5)
"""Planes of the output: log likelihood ratio, p, upper, onset (weeks ago, the judged one 0), growth of the log mean."""
MOST_GROWTH, MOST_DEVIATIONS = 16.0, 12.0
"""A ramp levels off at this many times its baseline, or this many standard deviations above it."""
LARGEST_TABLE = 1024
LARGEST_UPPER = 1e6
_TIES, _SMALLEST = 1e-9, 1e-300
_LARGEST_EXPONENT = 700.0


@inner
def log_ratio(y: float, mu: float, factor: float, phi: float) -> float:
    """Log likelihood ratio of a count y with mean mu factor against mu, both of variance phi times the mean."""
    if phi < 1.0 + 1e-9:
        return y * math.log(factor) - mu * (factor - 1.0)
    size = mu / (phi - 1.0)
    grown = size * factor
    rise = math.lgamma(y + grown) - math.lgamma(grown) - math.lgamma(y + size) + math.lgamma(size)
    return rise - (grown - size) * math.log(phi)


@inner
def _density(y: float, mu: float, phi: float) -> float:
    """P(Y = y) of mean mu and variance phi mu."""
    if phi < 1.0 + 1e-9:
        return math.exp(y * math.log(mu) - mu - math.lgamma(y + 1.0))
    size = mu / (phi - 1.0)
    rise = math.lgamma(y + size) - math.lgamma(size) - math.lgamma(y + 1.0)
    return math.exp(rise - size * math.log(phi) + y * math.log((phi - 1.0) / phi))


@inner
def _factors(mu: float, phi: float, slopes: Floats, factors: Floats) -> None:
    """Growth of the mean in the ramp's weeks k = 1..N for each slope, (N B,)."""
    most = min(MOST_GROWTH, 1.0 + MOST_DEVIATIONS * math.sqrt(phi / mu))
    for i in range(factors.size):
        factors[i] = min(math.exp(slopes[i % slopes.size] * (i // slopes.size + 1)), most)


@inner
def log_doubt(y: float, mu: float, phi: float, rate: float, other: float) -> float:
    """Log probability of a count y at mean *rate* mu and dispersion *other*, less that at mu and phi."""
    other = max(other, 1.0 + 1e-6)
    size, grown = mu / (phi - 1.0), rate * mu / (other - 1.0)
    rise = math.lgamma(y + grown) - math.lgamma(grown) - math.lgamma(y + size) + math.lgamma(size)
    rise += size * math.log(phi) - grown * math.log(other)
    return rise + y * (math.log((other - 1.0) / other) - math.log((phi - 1.0) / phi))


@inner
def _tabulate_doubt(mu: float, phi: float, doubt: Floats, ratios: Floats) -> None:
    """Fill *ratios* (counts, G) with `log_doubt` of each count 0, 1, ...; doubt: (3, G), rate, dispersion, weight."""
    size = mu / (phi - 1.0)
    for g in range(doubt.shape[1]):
        other = max(doubt[1, g], 1.0 + 1e-6)
        grown = doubt[0, g] * mu / (other - 1.0)
        step = (other - 1.0) / other * phi / (phi - 1.0)
        ratios[0, g] = size * math.log(phi) - grown * math.log(other)
        for y in range(1, ratios.shape[0]):
            ratios[y, g] = ratios[y - 1, g] + math.log((grown + y - 1.0) / (size + y - 1.0) * step)


@inner
def _tabulate(mu: float, phi: float, factors: Floats, ratios: Floats) -> None:
    """Fill *ratios* (counts, entries) with the log ratio of each count 0, 1, ... at each growth of a mean mu."""
    plain = phi < 1.0 + 1e-9
    size = np.inf if plain else mu / (phi - 1.0)
    for i in range(factors.size):
        factor = factors[i]
        ratios[0, i] = log_ratio(0.0, mu, factor, phi)
        for y in range(1, ratios.shape[0]):
            rise = factor if plain else (size * factor + y - 1.0) / (size + y - 1.0)
            ratios[y, i] = ratios[y - 1, i] + math.log(rise)


@inner
def _accumulate(mu: float, phi: float, below: Floats) -> None:
    """Fill *below* with P(Y <= y), y = 0, 1, ...; the last entry is 1."""
    start = int(max(0.0, math.floor(mu - 10.0 * math.sqrt(phi * mu))))
    density = _density(float(start), mu, phi)
    total = 0.0
    for y in range(below.size):
        if y < start:
            below[y] = 0.0
            continue
        total += density
        below[y] = total
        density *= (mu + y * (phi - 1.0)) / (phi * (y + 1.0))
    below[-1] = 1.0


@inner
def _near(mu: float, phi: float, z: float) -> float:
    """A count near the quantile of which z is the normal one (Cornish & Fisher 1938, to third order)."""
    spread = math.sqrt(phi * mu)
    skew = (2.0 * phi - 1.0) / spread
    tail = (6.0 * phi * phi - 6.0 * phi + 1.0) / (phi * mu)
    w = z + skew * (z * z - 1.0) / 6.0 + tail * (z**3 - 3.0 * z) / 24.0 - skew * skew * (2.0 * z**3 - 5.0 * z) / 36.0
    return max(0.0, math.floor(mu + spread * w + 0.5))


@inner
def _quantile(mu: float, phi: float, u: float, z: float, below: Floats) -> int:
    """Smallest count with P(Y <= y) >= u, from the table *below*; from its approximation where there is no table."""
    y = int(_near(mu, phi, z)) if mu > 2.0 else 0
    if below.size == 0:
        return y
    y = min(y, below.size - 1)
    while y > 0 and below[y - 1] >= u:
        y -= 1
    while below[y] < u:
        y += 1
    return y


@inner
def _add(y: float, mu: float, phi: float, factors: Floats, ratios: Floats, sums: Floats) -> None:
    """Add to *sums* what a count says of each growth: the first entries of *factors*, as many as *sums* has."""
    if y < ratios.shape[0]:
        row = ratios[int(y)]
        for i in range(sums.size):
            sums[i] += row[i]
    else:
        for i in range(sums.size):
            sums[i] += log_ratio(y, mu, factors[i], phi)


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
    uniforms: tuple[Floats, Floats, Ints], doubt: Floats, strength: Floats, chance: Floats,
) -> None:  # fmt: skip
    """Fill *strength* with the statistic of each simulated window, and *chance* with its weight.

    Half of the windows come from the baseline and half from the mixture of ramps, which makes tails of any size cheap:
    the window's weight is h / (1/2 + 1/2 likelihood ratio), h the mean ratio of the baselines that may be true.
    """
    factors, ratios, below, doubts = tables
    u, z, ramps = uniforms
    n, b = means.size, weights.size // means.size
    flat = ratios.shape[0] == 1
    sums, others = np.empty(weights.size), np.empty(doubt.shape[1])
    for j in range(strength.size):
        sums[:] = 0.0
        others[:] = 0.0
        onset = ramps[j] // b if ramps[j] >= 0 else -1
        for d in range(n):
            if not known[d] >= 0.0:
                continue
            slot = 0 if flat else d
            entry = 0 if d > onset else 1 + (onset - d) * b + ramps[j] % b
            mean = means[d] if d > onset else means[d] * factors[entry - 1]
            y = _quantile(mean, phi, u[j, d], z[j, d], below[slot, entry])
            _add(float(y), means[d], phi, factors, ratios[slot], sums[d * b :])
            for g in range(others.size):
                others[g] += (
                    doubts[slot, y, g] if doubts.shape[1] else log_doubt(y, means[d], phi, doubt[0, g], doubt[1, g])
                )
        strength[j] = _mixed(sums, weights)
        total = 0.0
        for g in range(others.size):
            total += doubt[2, g] * math.exp(others[g])
        chance[j] = total / (0.5 + 0.5 * math.exp(min(strength[j], _LARGEST_EXPONENT)))


@inner
def _tables(means: Floats, phi: float, slopes: Floats, doubt: Floats, space: tuple[Floats, Floats, Floats]) -> Tables:
    """(factors, log ratios, distribution functions) of a window; empty tables where counts are too large for them.

    One slot serves all weeks of a window whose means are the same.
    """
    n, b = means.size, slopes.size
    factors = np.empty(n * b)
    largest = means.max()
    _factors(largest, phi, slopes, factors)
    top = largest * factors.max()
    size = int(top + 8.0 * math.sqrt(phi * top)) + 20
    slots = 1 if means.min() == largest else n
    if size > LARGEST_TABLE:
        return (
            factors,
            np.empty((slots, 0, n * b)),
            np.empty((slots, n * b + 1, 0)),
            np.empty((slots, 0, doubt.shape[1])),
        )
    ratios = space[0][: slots * size * n * b].reshape((slots, size, n * b))
    below = space[1][: slots * size * (n * b + 1)].reshape((slots, n * b + 1, size))
    doubts = space[2][: slots * size * doubt.shape[1]].reshape((slots, size, doubt.shape[1]))
    for slot in range(slots):
        mu = means[slot]
        _tabulate_doubt(mu, phi, doubt, doubts[slot])
        entries = (n - slot) * b
        _tabulate(mu, phi, factors[:entries], ratios[slot])
        _accumulate(mu, phi, below[slot, 0])
        for i in range(entries):
            if i < b or factors[i] != factors[i - b]:
                _accumulate(mu * factors[i], phi, below[slot, 1 + i])
            else:
                below[slot, 1 + i] = below[slot, 1 + i - b]
    return factors, ratios, below, doubts


@inner
def _tail(value: float, ordered: Floats, above: Floats) -> float:
    """P(statistic >= value) from the ordered statistics and the tail probabilities at them.

    Beyond the largest of them the bound e^-s takes over, scaled to meet it.
    """
    i = np.searchsorted(ordered, value - _TIES)
    if i < ordered.size:
        return min(1.0, float(above[i]))
    last = ordered.size - 1
    return max(float(above[last]) * math.exp(ordered[last] - value), _SMALLEST)


@inner
def _order(strength: Floats, chance: Floats, ordered: Floats, above: Floats) -> None:
    """Fill *ordered* with the statistics in order, and *above* with the estimated chance of reaching each."""
    order = np.argsort(strength)
    total = 0.0
    for i in range(order.size - 1, -1, -1):
        ordered[i] = strength[order[i]]
        total += chance[order[i]]
        above[i] = total / order.size


@inner
def _chance_with(
    y: float, before: Floats, means: Floats, phi: float, tables: Tables, weights: Floats,
    ordered: Floats, above: Floats, sums: Floats,
) -> float:  # fmt: skip
    """What p would be if the judged week had the count y, given the sums of the weeks before it."""
    sums[:] = before
    _add(y, means[0], phi, tables[0], tables[1][0], sums)
    return _tail(_mixed(sums, weights), ordered, above)


@inner
def _upper(
    before: Floats, means: Floats, phi: float, tables: Tables, weights: Floats, ordered: Floats,
    above: Floats, alpha: float,
) -> float:  # fmt: skip
    """Largest count of the judged week that raises no alarm, 0 or more; NaN where no count would."""
    sums = np.empty(weights.size)
    low, high = 0.0, 1.0
    while _chance_with(high, before, means, phi, tables, weights, ordered, above, sums) > alpha:
        low, high = high, 2.0 * high
        if high > LARGEST_UPPER:
            return np.nan
    while high - low > 1.0:
        middle = math.floor((low + high) / 2.0)
        if _chance_with(middle, before, means, phi, tables, weights, ordered, above, sums) > alpha:
            low = middle
        else:
            high = middle
    return low


@inner
def _quasi(window: Floats, means: Floats, phi: float, onset: int, growth: float) -> float:
    """Log quasi-likelihood ratio of a ramp that began *onset* weeks ago, of counts with variance phi mu."""
    total = 0.0
    for d in range(onset + 1):
        if window[d] >= 0.0:
            log_factor = growth * (onset - d + 1)
            total += window[d] * log_factor - means[d] * (math.exp(log_factor) - 1.0)
    return total / phi


@inner
def _shape(window: Floats, means: Floats, phi: float, grid: Floats, out: Floats) -> None:
    """Fill onset and growth where the statistic is above 0: the likeliest onset and the mean growth.

    Every onset and every growth of the grid is as likely as the others before.
    """
    if not out[STATISTIC] > 0.0:
        return
    fits = np.zeros((means.size, grid.size))
    for onset in range(means.size):
        for g in range(grid.size):
            fits[onset, g] = _quasi(window, means, phi, onset, grid[g])
    fits = np.exp(fits - fits.max())
    out[ONSET] = np.argmax(fits.sum(axis=1))
    out[GROWTH] = (fits.sum(axis=0) * grid).sum() / fits.sum()


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
    factors, ratios, _, _ = tables
    b = before.size // means.size
    before[:] = 0.0
    for d in range(1, means.size):
        if window[d] >= 0.0:
            _add(window[d], means[d], phi, factors, ratios[0 if ratios.shape[0] == 1 else d], before[d * b :])


@inner
def _as_known(window: Floats, known: Floats) -> bool:
    """Whether the same weeks of two windows are known."""
    for d in range(window.size):  # noqa: SIM110 - compiled code has no generators
        if (window[d] >= 0.0) != (known[d] >= 0.0):
            return False
    return True


@outer
def judge(
    counts: Floats, means: Floats, phis: Floats, doubts: Floats, judged: Ints, wanted: NDArray[np.bool_], ramps: tuple[Floats, Floats, Floats],
    uniforms: tuple[Floats, Floats, Ints], alpha: float, first: int, last: int, out: Floats,
) -> None:  # fmt: skip
    """Judge the *wanted* weeks (R, W) of regions first..last-1.

    counts: (R, T), NaN unknown. means: (R, W, N), the judged week first. phis: (R, W). doubts: (R, W, 3, G), the baselines
    that may be true: times the mean, dispersion, weight. ramps: slopes (B,), weights
    (N B,), and the grid of growths (G,) of which one is told. uniforms: (K, N) uniform numbers, their normal quantiles,
    and the ramp that each window has, -1 for none. With no windows (K = 0) only the statistic is given. out: (R, W, 5).
    """
    slopes, weights, grid = ramps
    n, draws = means.shape[2], uniforms[0].shape[0]
    window, known, sums, before = np.empty(n), np.empty(n), np.empty(weights.size), np.empty(weights.size)
    strength, chance, ordered, above = np.empty(draws), np.empty(draws), np.empty(draws), np.empty(draws)
    size = n * LARGEST_TABLE
    space = (np.empty(size * weights.size), np.empty(size * (weights.size + 1)), np.empty(size * doubts.shape[3]))
    tables = (np.empty(0), np.empty((0, 0, 0)), np.empty((0, 0, 0)), np.empty((0, 0, 0)))
    for r in range(first, last):
        for w in range(judged.size):
            if not wanted[r, w]:
                continue
            here, mean, phi = out[r, w], means[r, w], phis[r, w]
            _window(counts[r], judged[w], window)
            again = _again(w, wanted[r], means[r], phis[r])
            if not again:
                tables = _tables(mean, phi, slopes, doubts[r, w], space)
            _sum_before(window, mean, phi, tables, before)
            sums[:] = before
            _add(window[0], mean[0], phi, tables[0], tables[1][0], sums)
            here[STATISTIC] = _mixed(sums, weights)
            _shape(window, mean, phi, grid, here)
            if draws == 0:
                continue
            if not (again and _as_known(window, known)):
                known[:] = window
                _simulate(window, mean, phi, tables, weights, uniforms, doubts[r, w], strength, chance)
                _order(strength, chance, ordered, above)
            here[P_VALUE] = max(_tail(here[STATISTIC], ordered, above), 1.0 * (window[0] == 0.0))
            here[UPPER] = _upper(before, mean, phi, tables, weights, ordered, above, alpha)

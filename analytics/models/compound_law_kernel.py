"""The law of one incident's casualties, compiled: a region's own incidents, those of all regions, and a heavy tail."""

import math

import numpy as np
from numpy.typing import NDArray

from analytics.models.compiled import inner

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RATIO, _FIRST, _LARGEST = 1.35, 6, 1e9


def _edges() -> Floats:
    """Whole numbers 0, 1, ... 6, and from there on each a third more than the one before."""
    found = [float(k) for k in range(_FIRST + 1)]
    while found[-1] < _LARGEST:
        found.append(math.ceil(found[-1] * _RATIO))
    return np.array(found)


EDGES = _edges()
"""Casualties beyond the limit at which the tail is worked out; between them its logarithm is drawn straight, over log(1 + y)."""
_LOG_EDGES = np.log1p(EDGES)
SHAPES = np.array([0.02, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3])
"""Shapes of a generalised Pareto distribution that are weighed against each other: one over the tail's index."""
STEPS = np.array([-1.5, 0.0, 1.5])
"""Scales that are, in standard errors from the likeliest of a shape."""
_ERROR = 1.4
"""Standard error of the logarithm of a scale, of one excess."""
_LOWEST, _WIDE, _NEAR_BY, _NARROW = -3.0, 12.0, 0.8, 0.03
"""Least log scale, and how far around a middle the first shape's and the others' are looked for, and how narrowly."""
_GOLDEN = 0.6180339887
_LOG_PRIOR = -0.5 * ((SHAPES - 0.5) / 0.35) ** 2
_NEGLIGIBLE = 5.0
POOLINGS = np.array([3.0, 10.0, 30.0, 100.0, 300.0])
"""Incidents of a region's own that those of all others may count for."""
FEWEST_BEYOND = 15.0
"""Incidents that a tail is fitted to, where there are as many."""
_FLOOR = 0.1
"""Incidents of the others in a bin where they had none, so that a region may differ from them."""
_NEAR, _PIECES = 4, 16.0
"""Points up to which figures keep their variance, and parts of a step in which they are laid out there."""

LIMIT, BEYOND, AVERAGE = range(3)
"""Entries of a law's numbers: the limit, the chance of more than it, and the mean of the incidents that it is made of."""
Law = tuple[Floats, Floats, Floats]
"""Chance of each level at or below the limit (U,), log chances of more than limit + EDGES given more than the limit, and
the law's numbers (3,)."""


@inner
def _tail_at(y: float, shape: float, scale: float) -> float:
    """P(excess > y) of the generalised Pareto distribution."""
    return math.exp(-math.log1p(shape * y / scale) / shape)


@inner
def _log_likelihood(counts: Floats, shape: float, scale: float) -> float:
    """Log likelihood of binned excesses."""
    total, above = 0.0, 1.0
    last = 0
    for k in range(counts.size):
        if counts[k] > 0.0:
            above = _tail_at(EDGES[k], shape, scale) if last != k else above
            beyond = _tail_at(EDGES[k + 1], shape, scale)
            total += counts[k] * math.log(max(above - beyond, 1e-300))
            above, last = beyond, k + 1
    return total


@inner
def _likeliest(counts: Floats, shape: float, low: float, high: float) -> float:
    """Log of the scale between exp(low) and exp(high) that makes binned excesses likeliest, by golden section."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = (
        _log_likelihood(counts, shape, math.exp(left)),
        _log_likelihood(counts, shape, math.exp(right)),
    )
    while high - low > _NARROW:
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = _log_likelihood(counts, shape, math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = _log_likelihood(counts, shape, math.exp(right))
    return 0.5 * (low + high)


@inner
def fit_tail(counts: Floats, fits: Floats, scales: Floats, tail: Floats) -> None:
    """Fill the log tail at EDGES: generalised Pareto distributions, weighed by what they make of binned excesses.

    counts: (K - 1,) excesses above EDGES[k] up to the next. fits, scales: (SHAPES, STEPS), for working.
    """
    error = _ERROR / math.sqrt(max(counts.sum(), 1.0))
    middle, width, top = _LOWEST + _WIDE, _WIDE, -np.inf
    for i in range(SHAPES.size):
        middle = _likeliest(counts, SHAPES[i], middle - width, middle + width)
        width = _NEAR_BY
        for j in range(STEPS.size):
            scales[i, j] = math.exp(middle + error * STEPS[j])
            fits[i, j] = _LOG_PRIOR[i] + _log_likelihood(counts, SHAPES[i], scales[i, j])
            top = max(top, fits[i, j])
    tail[:] = 0.0
    whole = 0.0
    for i in range(SHAPES.size):
        for j in range(STEPS.size):
            if fits[i, j] < top - _NEGLIGIBLE:
                continue
            weight = math.exp(fits[i, j] - top)
            whole += weight
            for k in range(EDGES.size):
                tail[k] += weight * _tail_at(EDGES[k], SHAPES[i], scales[i, j])
    for k in range(EDGES.size):
        tail[k] = math.log(max(tail[k] / whole, 1e-300))


@inner
def pooling(own: Floats, others: Floats, levels: Floats, most: float, bins: Floats, more: Floats) -> float:
    """How many incidents of a region's own those of the others count for: as many as makes its own likeliest.

    Geometric mean of POOLINGS up to *most*, weighed by the Dirichlet-multinomial likelihood of the region's incidents, in
    bins of severity, around the others' (Minka 2000). own, others: (U,) incidents by level. bins, more: for working.
    """
    bins[:] = 0.0
    more[:] = _FLOOR
    k = 0
    for i in range(levels.size):
        while EDGES[k + 1] < levels[i] and k + 2 < EDGES.size:
            k += 1
        bins[k] += own[i]
        more[k] += others[i]
    size, whole = own.sum(), more.sum()
    top, total, answer = -np.inf, 0.0, 0.0
    for g in range(POOLINGS.size):
        worth = POOLINGS[g]
        if worth > most:
            break
        fit = math.lgamma(worth) - math.lgamma(size + worth)
        for b in range(bins.size):
            if bins[b] > 0.0:
                part = worth * more[b] / whole
                fit += math.lgamma(bins[b] + part) - math.lgamma(part)
        if fit > top:
            shrunk = math.exp(top - fit) if top > -np.inf else 0.0
            top, total, answer = fit, total * shrunk, answer * shrunk
        weight = math.exp(fit - top)
        total += weight
        answer += weight * math.log(worth)
    return math.exp(answer / total) if total > 0.0 else 0.0


@inner
def fit_law(
    own: Floats, others: Floats, levels: Floats, most: float, share: float, bins: Floats, more: Floats, fits: Floats, scales: Floats, law: Law
) -> bool:  # fmt: skip
    """Fill the law of a region's casualties an incident; False where nobody had any.

    own, others: (U,) incidents by level, of the region and of all others. levels: (U,) casualties, rising. most: incidents
    that the others count for, at most. share: of the incidents, those that are beyond the limit, at most, unless they are
    fewer than FEWEST_BEYOND.
    """
    mass, tail, numbers = law
    mine, theirs = own.sum(), others.sum()
    worth = min(pooling(own, others, levels, most, bins, more), theirs) if theirs > 0.0 else 0.0
    if mine + worth == 0.0:
        return False
    each = worth / theirs if theirs > 0.0 else 0.0
    whole = mine + worth
    numbers[AVERAGE] = 0.0
    for i in range(levels.size):
        mass[i] = (own[i] + each * others[i]) / whole
        numbers[AVERAGE] += mass[i] * levels[i]
    above = 0.0
    u = levels.size
    while u > 0 and (above * whole < FEWEST_BEYOND or above + mass[u - 1] <= share):
        u -= 1
        above += mass[u]
    numbers[LIMIT] = levels[u - 1] if u > 0 else 0.0
    numbers[BEYOND] = min(above, 1.0)
    bins[:] = 0.0
    k = 0
    for i in range(u, levels.size):
        while EDGES[k + 1] < levels[i] - numbers[LIMIT] and k + 2 < EDGES.size:
            k += 1
        bins[k] += whole * mass[i]
        mass[i] = 0.0
    fit_tail(bins, fits, scales, tail)
    return True


@inner
def log_tail(y: float, tail: Floats) -> float:
    """Log P(excess > y), y >= 0."""
    k, end = 0, EDGES.size - 1
    while end - k > 1:
        middle = (k + end) // 2
        if EDGES[middle] <= y:
            k = middle
        else:
            end = middle
    part = (math.log1p(y) - _LOG_EDGES[k]) / (_LOG_EDGES[k + 1] - _LOG_EDGES[k])
    return float(tail[k] + part * (tail[k + 1] - tail[k]))


@inner
def survival(x: float, levels: Floats, law: Law) -> float:
    """P(X > x) of one incident's casualties."""
    mass, tail, numbers = law
    if x >= numbers[LIMIT]:
        return float(numbers[BEYOND] * math.exp(log_tail(x - numbers[LIMIT], tail)))
    total = numbers[BEYOND]
    for i in range(levels.size):
        if levels[i] > x:
            total += mass[i]
    return float(min(total, 1.0))


@inner
def lattice(levels: Floats, law: Law, step: float, f: Floats) -> None:
    """Fill the weights f (M + 1,) of 0, step, 2 step, ...: each figure to the points around it, so that the mean stays.

    What is beyond the last point is left out.
    """
    mass, tail, numbers = law
    last = f.size - 1
    f[:] = 0.0
    for i in range(levels.size):
        if mass[i] > 0.0:
            _put(levels[i] / step, mass[i], f)
    low, above = numbers[LIMIT], 1.0
    fine = max(step / _PIECES, 1.0)
    while low < last * step:
        width = fine if low < _NEAR * step else step
        high = (math.floor(low / width) + 1.0) * width
        beyond = math.exp(log_tail(high - numbers[LIMIT], tail))
        _put((low + high + 1.0) / 2.0 / step, numbers[BEYOND] * (above - beyond), f)
        low, above = high, beyond


@inner
def _put(place: float, mass: float, f: Floats) -> None:
    """Add a mass to the points around a place: two beside it, or three from where it keeps mean and variance.

    Many incidents that are small beside the step would widen their sum by what two points add to its variance.
    """
    j = int(place)
    part = place - j
    middle, far = part, 0.0
    if part > 0.0 and j < _NEAR:
        middle, far = part * (2.0 - part), 0.5 * part * (part - 1.0)
    for k, share in ((j, 1.0 - middle - far), (j + 1, middle), (j + 2, far)):
        if k < f.size:
            f[k] += share * mass

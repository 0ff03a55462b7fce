"""The mean that a control chart compares with: estimated once, from the first weeks of the panel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analytics.errors import OptionError
from analytics.models.base import Floats, Notes
from analytics.models.window import SEASON, Indexes
from analytics.panel import Panel

NO_MEAN = "no mean in control to compare with"
_STEPS = 25
_CLOSE = 1e-8
_SMALLEST = 2.220446049250313e-16
_LARGEST_SIZE = 1e7
"""Size of the negative binomial from which counts are taken as Poisson."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InControl:
    """Means (T, R) of weeks in control, and their dispersion (R,): variance mu + dispersion mu^2. NaN: no estimate."""

    mean: Floats
    dispersion: Floats


def check_training(training_weeks: int, harmonics: int, trend: bool) -> None:
    """Raise OptionError where the training weeks are too few for what is estimated from them."""
    if not 0 <= harmonics <= 10:
        raise OptionError(f"harmonics must be in 0..10, got {harmonics}")
    least = 2 * (2 + 2 * harmonics + int(trend))
    if training_weeks < least:
        raise OptionError(f"training_weeks must be {least} or more, got {training_weeks}")


def note_start(notes: Notes, judged: Indexes, training_weeks: int) -> None:
    """Note the cells before the chart begins."""
    early = (notes == "") & (judged < training_weeks)[:, None]
    notes[early] = f"too little history: the chart begins after {training_weeks} weeks"


def note_training(notes: Notes, panel: Panel, training_weeks: int) -> None:
    """Note the regions whose training weeks are unknown or without incident."""
    training = panel.values[:training_weeks]
    known = (~np.isnan(training)).sum(axis=0)
    for region in np.flatnonzero(known < (training_weeks + 1) // 2):
        short = f"too little history: {known[region]} of {training_weeks} training weeks known"
        notes[notes[:, region] == "", region] = short
    notes[(notes == "") & (np.nansum(training, axis=0) == 0)] = "all-zero training weeks: no mean to compare with"


def training_mean(panel: Panel, training_weeks: int) -> Floats:
    """Mean of the known training weeks, repeated for every week; shape (T, R)."""
    training = panel.values[:training_weeks]
    known = (~np.isnan(training)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = np.broadcast_to(np.nansum(training, axis=0) / known, panel.values.shape)
    return mean


def seasonal_mean(
    panel: Panel, training_weeks: int, harmonics: int, trend: bool, dispersion: float | None
) -> InControl:
    """Means from a log-linear model of the training weeks: waves of 52 weeks and, if wanted, a trend.

    log mu = a (+ b week) + sum over s of c_s cos(2 pi s week / 52) + d_s sin(2 pi s week / 52), fitted by maximum
    likelihood to Poisson counts (*dispersion* 0), negative binomial ones with this dispersion, or with one estimated
    (None). Iterations start and stop as in R's glm and glm.nb.
    """
    weeks = np.arange(len(panel.weeks), dtype=np.float64)
    design = _design(weeks, training_weeks, harmonics, trend)
    training = panel.values[:training_weeks]
    usable = ((~np.isnan(training)).sum(axis=0) >= 2 * design.shape[1]) & (np.nansum(training, axis=0) > 0)
    counts = training[:, usable]
    fixed = np.full(counts.shape[1], 0.0 if dispersion is None else dispersion)
    beta = _fit(counts, design[:training_weeks], fixed, None)
    if dispersion is None:
        beta, fixed = _with_dispersion(counts, design[:training_weeks], beta)
    mean, spread = np.full(panel.values.shape, np.nan), np.full(panel.values.shape[1], np.nan)
    mean[:, usable], spread[usable] = _means(design, beta), fixed
    return InControl(mean=mean, dispersion=spread)


def _design(weeks: Floats, training_weeks: int, harmonics: int, trend: bool) -> Floats:
    """Design matrix (T, parameters); the trend is centred on the training weeks."""
    angle = 2 * np.pi / SEASON * weeks
    waves = [wave(s * angle) for s in range(1, harmonics + 1) for wave in (np.cos, np.sin)]
    slope = [(weeks - training_weeks / 2) / training_weeks] if trend else []
    return np.column_stack([np.ones_like(weeks), *slope, *waves])


def _fit(counts: Floats, design: Floats, dispersion: Floats, start: Floats | None) -> Floats:
    """Coefficients (R, parameters) of counts (n, R), NaN unknown, by iteratively reweighted least squares.

    NaN where the iterations do not settle: too few incidents to place a wave.
    """
    known = ~np.isnan(counts)
    y = np.where(known, counts, 0.0)
    begin = np.where(dispersion > 0, y + (y == 0) / 6, y + 0.1) if start is None else _means(design, start)
    log_mean = np.log(begin)
    beta = np.zeros((counts.shape[1], design.shape[1]))
    before = _deviance(y, begin, dispersion, known)
    going = np.ones(counts.shape[1], np.bool_)
    for _ in range(_STEPS):
        mean = np.maximum(np.exp(log_mean[:, going]), _SMALLEST)
        weight = np.where(known[:, going], mean / (1 + dispersion[going] * mean), 0.0)
        target = weight * (log_mean[:, going] + (y[:, going] - mean) / mean)
        normal = np.einsum("np,nr,nq->rpq", design, weight, design, optimize=True)
        beta[going] = (np.linalg.pinv(normal, hermitian=True) @ (target.T @ design)[..., None])[..., 0]
        log_mean[:, going] = design @ beta[going].T
        after = before.copy()
        after[going] = _deviance(y[:, going], _means(design, beta[going]), dispersion[going], known[:, going])
        going = going & ~(np.abs(after - before) / (np.abs(after) + 0.1) < _CLOSE)
        before = after
        if not going.any():
            break
    beta[going] = np.nan
    return beta


def _means(design: Floats, beta: Floats) -> Floats:
    """Means (n, R) of these coefficients (R, parameters)."""
    means: Floats = np.maximum(np.exp(design @ beta.T), _SMALLEST)
    return means


def _deviance(y: Floats, mean: Floats, dispersion: Floats, known: NDArray[np.bool_]) -> Floats:
    """Deviance of each region (R,): Poisson where dispersion is 0, else negative binomial."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 1.0 / dispersion
        poisson = special.xlogy(y, y / mean) - (y - mean)
        negative = special.xlogy(y, y / mean) - (y + size) * np.log((y + size) / (mean + size))
    total: Floats = 2 * np.where(known, np.where(dispersion > 0, negative, poisson), 0.0).sum(axis=0)
    return total


def _with_dispersion(counts: Floats, design: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """(coefficients, dispersion) by turns, from a Poisson fit, until neither moves; dispersion 0 if not overdispersed."""
    beta = beta.copy()
    size = _size(counts, _means(design, beta))
    moving = np.flatnonzero(size < _LARGEST_SIZE)
    for _ in range(_STEPS):
        if moving.size == 0:
            break
        beta[moving] = _fit(counts[:, moving], design, 1.0 / size[moving], beta[moving])
        before = size[moving]
        size[moving] = _size(counts[:, moving], _means(design, beta[moving]))
        moving = moving[(np.abs(size[moving] - before) >= _CLOSE) & (size[moving] < _LARGEST_SIZE)]
    return beta, np.where(size < _LARGEST_SIZE, 1.0 / size, 0.0)


def _size(counts: Floats, mean: Floats) -> Floats:
    """Size of a negative binomial with these means (n, R), by maximum likelihood, shape (R,); inf if not overdispersed."""
    known = ~np.isnan(counts)
    y = np.where(known, counts, 0.0)
    with np.errstate(divide="ignore"):
        size: Floats = known.sum(axis=0) / np.where(known, (y / mean - 1) ** 2, 0.0).sum(axis=0)
    excess = np.where(known, (y - mean) ** 2 - y, 0.0).sum(axis=0)
    size[excess <= 0] = np.inf
    moving = np.flatnonzero(excess > 0)
    for _ in range(2 * _STEPS):
        if moving.size == 0:
            break
        score, information = _size_score(y[:, moving], mean[:, moving], known[:, moving], size[moving])
        curved = information > 0
        step = np.where(curved, score / np.where(curved, information, 1.0), size[moving])
        size[moving] = np.maximum(size[moving] + step, size[moving] / 10)
        moving = moving[(np.abs(step) > 1e-10 * size[moving]) & (size[moving] < _LARGEST_SIZE)]
    return size


def _size_score(y: Floats, mean: Floats, known: NDArray[np.bool_], size: Floats) -> tuple[Floats, Floats]:
    """(slope, minus curvature) of the negative binomial log likelihood in its size, each (R,)."""
    whole = size + mean
    slope = special.digamma(size + y) - special.digamma(size) + np.log(size / whole) + 1 - (size + y) / whole
    curve = special.zeta(2, size) - special.zeta(2, size + y) - 1 / size + 2 / whole - (y + size) / whole**2
    return np.where(known, slope, 0.0).sum(axis=0), np.where(known, curve, 0.0).sum(axis=0)

"""Many regressions of counts at once: the same weeks around many dates, fitted together in arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.models.base import Floats
from analytics.models.event_options import Errors, Family

Booleans = NDArray[np.bool_]
STEPS = 60
CLOSE = 1e-10
"""Largest last step of a coefficient, log scale, that counts as converged."""
REACH = 30.0
"""Bound of the log mean while iterating; exp(30) incidents a week is out of this world."""
ALPHAS = (1e-6, 50.0)
RIDGE = 1e-9
"""Added to the information's diagonal in steps only, so that it moves no solution."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Counts and design of N weeks for each of D dates.

    counts, offset: (D, N); design: (D, N, P); use: (D, N), False for a week to be left out; trials: (D, N) where
    counts are shares of a total (the total of both sides of a comparison), None where they are counts of their own.
    """

    counts: Floats
    design: Floats
    use: Booleans
    offset: Floats
    trials: Floats | None = None

    def at(self, dates: NDArray[np.intp] | slice) -> "Rows":
        """The same of some dates."""
        return Rows(
            counts=self.counts[dates],
            design=self.design[dates],
            use=self.use[dates],
            offset=self.offset[dates],
            trials=None if self.trials is None else self.trials[dates],
        )

    def weeks(self, chosen: slice) -> "Rows":
        """The same of some weeks."""
        return Rows(
            counts=self.counts[:, chosen],
            design=self.design[:, chosen],
            use=self.use[:, chosen],
            offset=self.offset[:, chosen],
            trials=None if self.trials is None else self.trials[:, chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fits:
    """Regressions of D dates: coefficients (D, P), mean and weight (D, N), inverse information (D, P, P), ok (D,)."""

    coefficients: Floats
    mean: Floats
    weight: Floats
    bread: Floats
    ok: Booleans
    alpha: Floats


def fit(rows: Rows, *, alpha: Floats | None = None) -> Fits:
    """Maximum quasi-likelihood of log mean = offset + design @ b for each date, by Fisher scoring with step halving.

    The variance is mean + alpha x mean^2, alpha (D,) given (default 0: Poisson); with trials, log odds take the log
    mean's place and the variance is binomial. A date that does not converge is not ok, as is one without a count.
    """
    alpha = np.zeros(len(rows.counts)) if alpha is None else alpha
    beta = _start(rows)
    step, loss = np.zeros_like(beta), np.full(len(beta), np.inf)
    for _ in range(STEPS):
        trial = beta + step
        new = _loss(rows, trial, alpha)
        better = new <= loss + 1e-9 * np.abs(loss) if np.isfinite(loss).any() else np.ones(len(beta), dtype=bool)
        beta, loss = np.where(better[:, None], trial, beta), np.where(better, new, loss)
        mean, weight = _moments(rows, beta, alpha)
        fresh = _solve(_information(rows, weight), _score(rows, mean, alpha))
        step = np.where(better[:, None], fresh, step / 2)
        if np.abs(step).max(initial=0.0) < CLOSE:
            break
    mean, weight = _moments(rows, beta, alpha)
    total = (rows.counts * rows.use).sum(axis=1)
    ok = (np.abs(step).max(axis=1, initial=0.0) < 1e-6) & (total > 0)
    bread = _inverse(_information(rows, weight))
    return Fits(coefficients=beta, mean=mean, weight=weight, bread=bread, ok=ok, alpha=alpha)


def fit_family(rows: Rows, family: Family) -> Fits:
    """The fit of *family*: for the negative binomial, alpha makes Pearson's chi2 its degrees of freedom (Breslow 1984)."""
    fits = fit(rows)
    if family == "quasi-poisson" or rows.trials is not None:
        return fits
    for _ in range(8):
        alpha = _moment_alpha(rows, fits.mean)
        moved = float(np.abs(alpha - fits.alpha).max(initial=0.0))
        fits = fit(rows, alpha=alpha)
        if moved < 1e-8:
            break
    return fits


def pearson_residuals(rows: Rows, fits: Fits) -> Floats:
    """(count - mean) / sqrt(variance), 0 for weeks left out; (D, N)."""
    variance = _variance(rows, fits.mean, fits.alpha)
    return np.where(rows.use, (rows.counts - fits.mean) / np.sqrt(np.maximum(variance, 1e-12)), 0.0)


def freedom(rows: Rows) -> Floats:
    """Degrees of freedom left by each date's fit, (D,): weeks that say something less coefficients, at least 1."""
    telling = rows.use if rows.trials is None else rows.use & (rows.trials > 0)
    left: Floats = np.maximum(telling.sum(axis=1) - rows.design.shape[2], 1).astype(np.float64)
    return left


def dispersion(rows: Rows, fits: Fits, errors: Errors) -> Floats:
    """Variance over its model's, (D,): max(1, Pearson's phi x inflation for weeks that resemble their neighbours).

    The inflation is the long-run variance over the variance of Pearson residuals: (1 + r) / (1 - r) for *serial* (r:
    lag-1 autocorrelation, raised by its bias in residuals of P regressors, (P + 2 P r) / N, within [0, 0.9]), the
    Bartlett sum 1 + 2 sum w_l r_l, at least 1, for *hac*, and 1 for *model*.
    """
    residuals = pearson_residuals(rows, fits)
    phi = (residuals**2).sum(axis=1) / freedom(rows)
    scale: Floats = np.maximum(1.0, phi * _inflation(residuals, rows, errors))
    return scale


def covariance(rows: Rows, fits: Fits, errors: Errors) -> Floats:
    """Covariance of the coefficients, (D, P, P): dispersion x inverse information, or Newey & West's (1987) for *hac*."""
    scale = dispersion(rows, fits, errors)
    plain = scale[:, None, None] * fits.bread
    if errors != "hac":
        return plain
    weeks = np.maximum(rows.use.sum(axis=1), 1)
    scores = rows.design * (rows.use * (rows.counts - fits.mean) * _ratio(rows, fits.mean, fits.alpha))[:, :, None]
    meat = np.einsum("dnp,dnq->dpq", scores, scores)
    for lag, share in _bartlett(rows.counts.shape[1]):
        cross = np.einsum("dnp,dnq->dpq", scores[:, lag:], scores[:, :-lag])
        meat += share * (cross + cross.transpose(0, 2, 1))
    correction = weeks / freedom(rows)
    robust: Floats = correction[:, None, None] * (fits.bread @ meat @ fits.bread)
    return robust


def _bartlett(weeks: int) -> list[tuple[int, float]]:
    """Lags and weights of Newey & West's rule of thumb, 4 (N / 100)^(2/9) lags."""
    lags = int(4 * (weeks / 100) ** (2 / 9))
    return [(lag, 1 - lag / (lags + 1)) for lag in range(1, lags + 1) if lag < weeks]


def _inflation(residuals: Floats, rows: Rows, errors: Errors) -> Floats:
    power = np.maximum((residuals**2).sum(axis=1), 1e-9)
    if errors == "model":
        return np.ones(len(power))
    if errors == "hac":
        terms = (
            2 * share * (residuals[:, lag:] * residuals[:, :-lag]).sum(axis=1) / power
            for lag, share in _bartlett(residuals.shape[1])
        )
        return np.maximum(1.0, 1 + sum(terms, np.zeros(len(power))))
    raw = (residuals[:, 1:] * residuals[:, :-1]).sum(axis=1) / power
    columns, weeks = rows.design.shape[2], np.maximum(rows.use.sum(axis=1), 1)
    likeness = np.clip(raw + (columns + 2 * columns * raw) / weeks, 0.0, 0.9)
    factor: Floats = (1 + likeness) / (1 - likeness)
    return factor


def _start(rows: Rows) -> Floats:
    """The fit of a constant in the first column, which is the constant's, and 0 in all others."""
    beta = np.zeros((len(rows.counts), rows.design.shape[2]))
    count = (rows.counts * rows.use).sum(axis=1)
    if rows.trials is None:
        expected = (np.exp(np.clip(rows.offset, -REACH, REACH)) * rows.use).sum(axis=1)
        beta[:, 0] = np.log(np.maximum(count, 0.1) / np.maximum(expected, 1e-9))
    return beta


def _eta(rows: Rows, beta: Floats) -> Floats:
    eta: Floats = np.clip(rows.offset + np.einsum("dnp,dp->dn", rows.design, beta), -REACH, REACH)
    return eta


def _moments(rows: Rows, beta: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Mean and Fisher weight of each week, the weight 0 where it is left out; (D, N) each."""
    eta = _eta(rows, beta)
    if rows.trials is None:
        mean = np.exp(eta)
        return mean, rows.use * mean / (1 + alpha[:, None] * mean)
    chance = 1 / (1 + np.exp(-eta))
    mean = rows.trials * chance
    return mean, rows.use * mean * (1 - chance)


def _variance(rows: Rows, mean: Floats, alpha: Floats) -> Floats:
    if rows.trials is None:
        return mean + alpha[:, None] * mean**2
    return mean * (1 - mean / np.maximum(rows.trials, 1e-12))


def _ratio(rows: Rows, mean: Floats, alpha: Floats) -> Floats:
    """Derivative of the mean over the variance: 1 for canonical links."""
    return 1 / (1 + alpha[:, None] * mean) if rows.trials is None else np.ones_like(mean)


def _loss(rows: Rows, beta: Floats, alpha: Floats) -> Floats:
    """Minus the log likelihood, (D,), without what does not depend on the coefficients."""
    eta = _eta(rows, beta)
    if rows.trials is not None:
        binomial: Floats = ((rows.trials * np.logaddexp(0, eta) - rows.counts * eta) * rows.use).sum(axis=1)
        return binomial
    mean, size = np.exp(eta), alpha[:, None]
    poisson = mean - rows.counts * eta
    safe = np.maximum(size, 1e-12)
    spread = (rows.counts + 1 / safe) * np.log1p(safe * mean) - rows.counts * eta
    loss: Floats = (np.where(size > 0, spread, poisson) * rows.use).sum(axis=1)
    return loss


def _information(rows: Rows, weight: Floats) -> Floats:
    return (rows.design * weight[:, :, None]).transpose(0, 2, 1) @ rows.design


def _score(rows: Rows, mean: Floats, alpha: Floats) -> Floats:
    pull = rows.use * (rows.counts - mean) * _ratio(rows, mean, alpha)
    score: Floats = np.einsum("dnp,dn->dp", rows.design, pull)
    return score


def _ridged(information: Floats) -> Floats:
    columns = information.shape[1]
    top = np.maximum(np.trace(information, axis1=1, axis2=2), 1e-6)
    ridged: Floats = information + RIDGE * top[:, None, None] * np.eye(columns)
    return ridged


def _solve(information: Floats, score: Floats) -> Floats:
    """A Fisher step, no coefficient moved by more than 5."""
    step = np.linalg.solve(_ridged(information), score[:, :, None])[:, :, 0]
    bounded: Floats = step * np.minimum(1.0, 5 / np.maximum(np.abs(step).max(axis=1), 1e-12))[:, None]
    return bounded


def _inverse(information: Floats) -> Floats:
    """Inverse by scaling first, so that columns of any size are told from collinear ones."""
    size = np.sqrt(np.maximum(np.diagonal(information, axis1=1, axis2=2), 1e-12))
    scaled = information / (size[:, :, None] * size[:, None, :])
    eye = np.eye(information.shape[1])
    inverse: Floats = np.linalg.inv(scaled + 1e-13 * eye) / (size[:, :, None] * size[:, None, :])
    return inverse


def _moment_alpha(rows: Rows, mean: Floats) -> Floats:
    """The alpha (D,) with sum (y - mean)^2 / (mean + alpha mean^2) = degrees of freedom, by bisection; 0 where none is above."""
    low, high = (np.full(len(mean), np.log(end)) for end in ALPHAS)
    wanted = freedom(rows)

    def excess(alpha: Floats) -> Floats:
        chi = (rows.counts - mean) ** 2 / (mean + alpha[:, None] * mean**2)
        gap: Floats = (chi * rows.use).sum(axis=1) - wanted
        return gap

    for _ in range(45):
        middle = (low + high) / 2
        above = excess(np.exp(middle)) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(excess(np.full(len(mean), ALPHAS[0])) > 0, np.exp((low + high) / 2), 0.0)

"""Farrington flexible written a second time, one region-week at a time, on statsmodels; slow, and read by nobody else.

Differs from the package in two ways only: the fits are iterated to convergence, and the design is an ordinary matrix.
"""

from datetime import date, timedelta

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray


def reference_weeks(day: date, years: int) -> list[date]:
    """The dates with the weekday of *day* that are nearest to 1..years calendar years before it."""
    found = []
    for back in range(1, years + 1):
        try:
            wish = day.replace(year=day.year - back)
        except ValueError:
            wish = date(day.year - back, 3, 1)
        found.append(min((wish + timedelta(n) for n in range(-3, 4)), key=lambda d: d.weekday() != day.weekday()))
    return found


def baseline(weeks: list[date], now: int, *, years: int, half: int, periods: int, exclude: int) -> dict[int, int]:
    """Season level by baseline week."""
    centres = [weeks.index(day) for day in reference_weeks(weeks[now], years)]
    levels = {}
    for centre, later in zip(centres, [now, *centres], strict=False):
        gap = list(range(centre + half + 1, later - half))
        pieces = np.array_split(np.array(gap, int), periods - 1)
        levels.update({int(i): n + 1 for n, piece in enumerate(pieces) for i in piece})
        levels.update(dict.fromkeys(range(centre - half, centre + half + 1), periods))
    return {i: level for i, level in levels.items() if i < now - exclude}


def expected(
    counts: NDArray[np.float64], weeks: list[date], now: int, *, years: int = 5, half: int = 3, periods: int = 10,
    exclude: int = 26, threshold: float = 2.58,
) -> tuple[float, float]:  # fmt: skip
    """(mean, dispersion) of the judged week, trend kept unless it extrapolates, outbreaks weighted down."""
    levels = baseline(weeks, now, years=years, half=half, periods=periods, exclude=exclude)
    rows = np.array(sorted(i for i in levels if not np.isnan(counts[i])))
    season = (np.array([levels[i] for i in rows])[:, None] == np.arange(1, periods + 1)).astype(float)
    target = np.r_[np.arange(1, periods + 1) == periods, now].astype(float)
    y = counts[rows]
    mean, phi = _fit(y, np.column_stack([season, rows]), target, threshold)
    if mean > y.max():
        return _fit(y, season, target[:-1], threshold)
    return mean, phi


def _fit(
    y: NDArray[np.float64], x: NDArray[np.float64], target: NDArray[np.float64], threshold: float
) -> tuple[float, float]:
    """(mean at *target*, dispersion) after one round of reweighting."""
    model = sm.GLM(y, x, sm.families.Poisson()).fit(tol=1e-12, maxiter=200)
    phi = max(1.0, float(model.pearson_chi2 / model.df_resid))
    hat = model.get_hat_matrix_diag()
    mu = model.fittedvalues
    s = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu)) / np.sqrt(phi * (1 - hat))
    omega = np.where(s > threshold, np.maximum(s, threshold) ** -2.0, 1.0)
    omega *= y.size / omega.sum()
    model = sm.GLM(y, x, sm.families.Poisson(), var_weights=omega).fit(tol=1e-12, maxiter=200)
    again = float((omega * (y - model.mu) ** 2 / model.mu).sum() / model.df_resid)
    return float(model.predict(target[None])[0]), max(1.0, again)

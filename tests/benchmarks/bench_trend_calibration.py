"""Whether growth intervals cover, P(growing) is calibrated, and ratios of small counts cover, on simulated truth.

Run from the repository root: python -m tests.benchmarks.bench_trend_calibration [--quick]

Windows of 26 weeks without earlier years. A cell has a mean, a variance over the mean, and a growth per week; bounds
are simultaneous over all cells of a table (Bonferroni, 95 % together).
"""

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, kstest
from scipy.stats import t as student

from analytics.models.event_fit import Rows, fit, pearson_residuals
from analytics.models.trend_fit import freedom, scale, serial_factor
from analytics.models.trend_ratio import count_ratio
from analytics.models.trend_region import TrendOptions

Floats = NDArray[np.float64]
OPTIONS = TrendOptions()
MEANS = (0.3, 1.0, 5.0, 20.0)
DISPERSIONS = (1, 2, 3)
GROWTHS = (0.0, 0.05, 1 / 1.05 - 1)
RATIOS = (1.0, 3.0, 1 / 3)
DEVIATION = 0.4
"""Deviation of the log level where the level wanders."""


def draw(rng: np.random.Generator, mean: Floats, dispersion: float) -> Floats:
    """Negative-binomial counts with variance *dispersion* x mean, Poisson for 1."""
    if dispersion == 1:
        return rng.poisson(mean).astype(float)
    return rng.poisson(rng.gamma(mean / (dispersion - 1), dispersion - 1)).astype(float)


def wandering(rng: np.random.Generator, mean: float, likeness: float, shape: tuple[int, int]) -> Floats:
    """Poisson counts whose log level is AR(1) with lag-1 correlation *likeness*, one series a row."""
    level = np.zeros(shape)
    level[:, 0] = rng.normal(0, DEVIATION, shape[0])
    for week in range(1, shape[1]):
        fresh = rng.normal(0, DEVIATION * (1 - likeness**2) ** 0.5, shape[0])
        level[:, week] = likeness * level[:, week - 1] + fresh
    return rng.poisson(mean * np.exp(level - DEVIATION**2 / 2)).astype(float)


def judged(counts: Floats) -> Floats:
    """The series (N, T) that the model would estimate, with the rules of its options."""
    total = counts.sum(axis=1)
    enough = (total >= OPTIONS.min_incidents) & ((counts > 0).sum(axis=1) >= OPTIONS.min_active_weeks)
    return counts[enough & (counts.max(axis=1) <= OPTIONS.max_share * total)]


def slopes(counts: Floats) -> tuple[Floats, Floats, float]:
    """Rate and standard error of each series (N, T), and degrees of freedom: `fit_slope` without a season, batched."""
    weeks = counts.shape[1]
    time = np.arange(weeks) - (weeks - 1) / 2
    design = np.broadcast_to(np.column_stack([np.ones(weeks), time]), (*counts.shape, 2))
    rows = Rows(counts=counts, design=design, use=np.ones(counts.shape, dtype=bool), offset=np.zeros(counts.shape))
    fits = fit(rows)
    residuals = pearson_residuals(rows, fits)
    phi = (residuals**2).sum(axis=1) / (weeks - 2)
    variance = scale(phi, serial_factor(residuals, time)) * fits.bread[:, 1, 1]
    return fits.coefficients[:, 1], np.sqrt(variance), freedom(weeks, serial=True)


def series(rng: np.random.Generator, number: int, mean: float, dispersion: float, growth: float) -> Floats:
    """*number* judged series of a cell, the mean being that of the window."""
    shape = (1 + growth) ** (np.arange(OPTIONS.window) - (OPTIONS.window - 1) / 2)
    expected = np.broadcast_to(mean * shape / shape.mean(), (number, OPTIONS.window))
    found = [judged(draw(rng, expected, dispersion))]
    while sum(map(len, found)) < number:
        found.append(judged(draw(rng, expected, dispersion)))
    return np.concatenate(found)[:number]


def bounds(hits: int, number: int, cells: int) -> tuple[float, float]:
    """Clopper-Pearson interval of a share, simultaneous over *cells*."""
    tail = 0.025 / cells
    low = beta.ppf(tail, hits, number - hits + 1) if hits else 0.0
    return float(low), float(beta.ppf(1 - tail, hits + 1, number - hits)) if hits < number else 1.0


def growth_table(number: int) -> None:
    """Coverage, distance of P(growing) from uniform and median error of growth, for each cell."""
    cells = list(product(MEANS, DISPERSIONS, GROWTHS))
    limit = (np.log(2 * len(cells) / 0.05) / (2 * number)) ** 0.5
    print(f"growth, {number} series a cell; uniform is a distance below {limit:.4f} (DKW); u: P(b <= true)")
    print("mean variance growth  coverage (bounds)        distance of u   median error, % a week")
    for place, (mean, dispersion, growth) in enumerate(cells):
        rate, error, df = slopes(series(np.random.default_rng([1, place]), number, mean, dispersion, growth))
        chance = student.cdf((rate - np.log1p(growth)) / error, df)
        hits = int((np.abs(chance - 0.5) <= OPTIONS.level / 2).sum())
        low, high = bounds(hits, number, len(cells))
        distance = kstest(chance, "uniform").statistic
        verdict = " BELOW" if high < OPTIONS.level else " above" if low > OPTIONS.level else ""
        print(
            f"{mean:4g} {dispersion:8d} {100 * growth:+6.1f}  {100 * hits / number:.1f} ({100 * low:.1f} to {100 * high:.1f}){verdict:6}"
            f"  {distance:.4f}{'' if distance < limit else ' not uniform':12}  "
            f"{100 * (np.expm1(np.median(rate)) - growth):+.2f}"
        )
    for likeness in (0.3, 0.6, 0.8):
        rng = np.random.default_rng([2, int(10 * likeness)])
        counts = judged(wandering(rng, 5.0, likeness, (number, OPTIONS.window)))
        rate, error, df = slopes(counts)
        chance = student.cdf(rate / error, df)
        print(
            f"wandering level, likeness {likeness}, mean 5: coverage {100 * np.mean(np.abs(chance - 0.5) <= 0.475):.1f}"
        )


def ratio_table(number: int) -> None:
    """Coverage of the ratio's interval, by mean of the weeks before, dispersion and true ratio."""
    length = OPTIONS.recent + OPTIONS.against
    weeks = np.datetime64("2020-01-06") + 7 * np.arange(length)
    late = np.arange(length) >= OPTIONS.against
    cells = list(product(MEANS, DISPERSIONS, RATIOS))
    print(f"ratio, {number} series a cell: coverage (bounds), below, above")
    for place, (mean, dispersion, ratio) in enumerate(cells):
        rng = np.random.default_rng([3, place])
        counts = draw(rng, np.broadcast_to(mean * np.where(late, ratio, 1.0), (number, length)), dispersion)
        found = [
            count_ratio(weeks, one, recent=OPTIONS.recent, against=OPTIONS.against, level=0.95, season=None)
            for one in counts
        ]
        low, high = (np.array([getattr(one, name) for one in found]) for name in ("ratio_low", "ratio_high"))
        under, over = int((high < ratio).sum()), int((low > ratio).sum())
        told = int((~np.isnan(low)).sum())
        ends = bounds(told - under - over, told, len(cells))
        verdict = " BELOW" if ends[1] < OPTIONS.level else ""
        print(
            f"{mean:4g} {dispersion:2d} {ratio:5.2f}  {100 * (told - under - over) / told:.1f} "
            f"({100 * ends[0]:.1f} to {100 * ends[1]:.1f}){verdict}  {100 * under / told:.1f} {100 * over / told:.1f}"
        )


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    share = 10 if parser.parse_args().quick else 1
    growth_table(10_000 // share)
    ratio_table(2_000 // share)


if __name__ == "__main__":
    main()

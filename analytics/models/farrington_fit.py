"""From a panel to the fits of its region-weeks, and from fits to thresholds: the batched side of Farrington flexible."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analytics.models import farrington_kernel as kernel
from analytics.models import farrington_tails as tails
from analytics.models.base import Floats
from analytics.models.farrington_cells import Flags
from analytics.models.farrington_design import Design, references, stack
from analytics.models.farrington_options import FarringtonOptions
from analytics.panel import Panel

Indexes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which cells to fit, and when to refuse one: what the ladder sets and a user doesn't."""

    wanted: Flags
    """(W, R) cells to fit."""
    block_incidents: float = 1.0
    """Fewest incidents in the judged week's season of the baseline."""
    known_share: float = 0.5
    """Least share of the baseline weeks that must be known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Fits of W weeks x R regions: mean, dispersion, standard error of log mean, trend per week (NaN: none), known
    baseline weeks, planned baseline weeks (W,), and code (see `farrington_kernel`).
    """

    mean: Floats
    phi: Floats
    error: Floats
    slope: Floats
    known: Floats
    planned: NDArray[np.int32]
    code: NDArray[np.int64]


def fit_cells(panel: Panel, judged: Indexes, options: FarringtonOptions, plan: Plan, threads: int | None) -> Cells:
    """Fit the wanted cells of the *judged* weeks (indexes, ascending); weeks without the years are not fitted."""
    near = references(panel.weeks, judged, options.years_back)
    reachable = near[:, -1] >= options.half_window
    regions = len(panel.region_ids)
    planes = np.full((regions, judged.size, 6), np.nan)
    planes[..., kernel.CODE] = kernel.SKIPPED
    planned = np.zeros(judged.size, np.int32)
    if reachable.any():
        design = stack(
            judged[reachable], near[reachable],
            half_window=options.half_window, periods=options.periods, exclude_weeks=options.exclude_weeks,
        )  # fmt: skip
        planned[reachable] = design.bounds[:, -1]
        wanted = np.ascontiguousarray(plan.wanted[reachable].T)
        out = np.full((regions, int(reachable.sum()), 6), np.nan)
        judge = _kernel_call(panel, design, wanted, options, plan, out)
        in_threads(judge, regions, threads)
        planes[:, reachable] = out
    tables = planes.transpose(2, 1, 0)
    code = tables[kernel.CODE].astype(np.int64)
    return Cells(
        mean=tables[kernel.MEAN], phi=tables[kernel.PHI], error=tables[kernel.ERROR], slope=tables[kernel.SLOPE],
        known=tables[kernel.KNOWN], planned=planned, code=code,
    )  # fmt: skip


def _kernel_call(
    panel: Panel, design: Design, wanted: Flags, options: FarringtonOptions, plan: Plan, out: Floats
) -> Callable[[int, int], None]:
    """The kernel with everything bound but the regions first..last-1."""
    counts = np.ascontiguousarray(panel.values.T, np.float64)
    sizes = np.zeros((counts.shape[0], 0))
    if options.population and panel.population is not None:
        sizes = np.ascontiguousarray(panel.population.T, np.float64)
    rules = (options.trend and options.years_back >= 3, options.reweight, float(options.reweight_threshold))
    least = (float(plan.known_share), float(plan.block_incidents))
    critical = _critical(options.trend_p, design.rows.shape[1])

    def call(first: int, last: int) -> None:
        kernel.judge(
            counts, sizes, design.rows, design.bounds, design.span, wanted, critical, rules, least, first, last, out
        )

    return call


def _critical(trend_p: float, most: int) -> Floats:
    """|t| that a slope must exceed to be kept, by degrees of freedom 0..most."""
    if trend_p >= 1.0:
        return np.zeros(most + 1)
    free = np.maximum(np.arange(most + 1, dtype=np.float64), 1.0)
    critical: Floats = -special.stdtrit(free, trend_p / 2)
    return critical


def in_threads(call: Callable[[int, int], None], size: int, threads: int | None) -> None:
    """Run *call* on consecutive pieces of range(size) in *threads* threads; default the cores of this process."""
    count = len(os.sched_getaffinity(0)) if threads is None else threads
    if count == 1 or size < 2 * count:
        call(0, size)
        return
    edges = np.linspace(0, size, 4 * count + 1).astype(int).tolist()
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(call, a, b) for a, b in pairwise(edges)]:
            done.result()


def thresholds(
    cells: Cells, counts: Floats, options: FarringtonOptions, threads: int | None
) -> tuple[Floats, Floats, Floats]:
    """(expected, upper, p_value), each (W, R), of fitted cells; NaN where there is no fit."""
    if options.threshold == "delta":
        return _delta(cells, counts, options.alpha)
    mean = cells.mean
    if options.threshold == "muan":
        with np.errstate(over="ignore"):
            mean = mean * np.exp(-special.ndtri(options.alpha) * cells.error)
    upper, p_value = exact_bounds(counts, mean, cells.phi, options.alpha, threads)
    return cells.mean, upper, p_value


def drops(cells: Cells, counts: Floats, options: FarringtonOptions, threads: int | None) -> Floats:
    """P(Y <= count), (W, R): 1 - P(Y >= count + 1) for whole counts, 1 - P(Y >= count) for the continuous delta method."""
    step = 0 if options.threshold == "delta" else 1
    chance: Floats = 1 - thresholds(cells, counts + step, options, threads)[2]
    return chance


def exact_bounds(counts: Floats, mean: Floats, phi: Floats, alpha: float, threads: int | None) -> tuple[Floats, Floats]:
    """(upper, p_value) of negative binomial counts with these means and variances phi mean; any one shape."""
    p_value, upper = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    where = np.isfinite(mean) & np.isfinite(phi) & ~np.isnan(counts)
    y, m, f = counts[where], mean[where], phi[where]
    p, u = np.empty(y.size), np.empty(y.size)
    z = -float(special.ndtri(alpha))

    def call(first: int, last: int) -> None:
        piece = slice(first, last)
        tails.bounds(y[piece], m[piece], f[piece], alpha, z, p[piece], u[piece])

    in_threads(call, y.size, threads)
    p_value[where], upper[where] = p, u
    return upper, p_value


def _delta(cells: Cells, counts: Floats, alpha: float) -> tuple[Floats, Floats, Floats]:
    """(expected, upper, p_value) of counts that are normal after the power 2/3."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mu = np.maximum(cells.mean, kernel.SMALLEST)
        tau = cells.phi + (cells.error * mu) ** 2 / mu
        sd = np.sqrt(4 / 9 * np.cbrt(mu) * tau)
        middle = mu ** (2 / 3)
        upper = (middle - special.ndtri(alpha) * sd) ** 1.5
        p_value = special.ndtr((middle - counts ** (2 / 3)) / sd)
    return mu, upper, p_value

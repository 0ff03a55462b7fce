"""Small panels for the tests of the spike models."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.panel import Panel, Status


def panel_of(
    values: NDArray[np.float64],
    first: str = "2016-01-04",
    population: NDArray[np.float64] | None = None,
    names: Sequence[str] | None = None,
) -> Panel:
    """A panel of these counts (T,) or (T, R), NaN unknown, weeks from *first*."""
    values = np.array(values, np.float64).reshape(len(values), -1)
    ids = tuple(names) if names is not None else tuple(f"R{i}" for i in range(values.shape[1]))
    status = np.where(np.isnan(values), Status.UNKNOWN, Status.KNOWN).astype(np.uint8)
    weeks = np.datetime64(first, "D") + 7 * np.arange(len(values))
    return Panel(weeks=weeks, region_ids=ids, region_names=ids, values=values, status=status, population=population)


def poisson_panel(mean: float | NDArray[np.float64], weeks: int, regions: int, seed: int, phi: float = 1.0) -> Panel:
    """Counts with this mean and variance phi mean."""
    rng = np.random.default_rng(seed)
    mean = np.broadcast_to(mean, (weeks, regions))
    counts = rng.poisson(mean) if phi == 1 else rng.negative_binomial(np.maximum(mean, 1e-12) / (phi - 1), 1 / phi)
    return panel_of(counts.astype(float))

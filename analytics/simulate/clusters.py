"""Weekly counts of clustered incidents: each may set off others within days, so that they come in bursts."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.panel import Panel
from analytics.simulate.designs import counts_panel

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ClusterDesign:
    """A steady weekly mean of incidents that excite each other, and what happens to it in the judged weeks.

    Incidents of their own come as a Poisson process; each incident sets off Poisson(*offspring*) others, each a geometric
    number of days later, *days* on average, which may set off others in turn (Hawkes 1971, Biometrika 58:83). Own
    incidents number mean (1 - offspring) a week, times *shift* in the judged weeks, so that *mean* is the mean of all.
    A burst has the variance 1 / (1 - offspring)^2 times its mean, less of it within one week.
    """

    mean: float
    offspring: float = 0.4
    days: float = 3.0
    shift: float = 1.0
    history: int = 265
    judged: int = 26

    def __post_init__(self) -> None:
        if not (self.mean > 0 and self.shift > 0):
            raise OptionError(f"mean and shift must be above 0, got {self.mean} and {self.shift}")
        if not 0 <= self.offspring < 1:
            raise OptionError(f"offspring must be in 0..1, below 1, got {self.offspring}; bursts would not end")
        if self.days < 1 or self.history < 1 or self.judged < 1:
            raise OptionError("days, history and judged must be 1 or more")


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedClusters:
    """R simulated series of T = history + judged weeks."""

    design: ClusterDesign
    counts: Integers
    """What a feed would report; shape (T, R)."""
    start: int
    """Row of the first judged week."""

    def panel(self, first: date = date(2012, 1, 2)) -> Panel:
        """The counts as a panel whose first week starts on *first*, regions "series-001", "series-002", ..."""
        return counts_panel(self.counts, first)


_WARM_UP = 10
"""Weeks before the first, so that it has bursts that began before it."""


def clusters(design: ClusterDesign, seed: int, *, series: int = 100) -> SimulatedClusters:
    """Simulate *series* replicates of a design.

    Raises OptionError for a seed or number of series that cannot be used.
    """
    if seed < 0 or series < 1:
        raise OptionError(f"seed must be 0 or more and series 1 or more, got {seed} and {series}")
    generator = np.random.default_rng(seed)
    weeks = _WARM_UP + design.history + design.judged
    rate = np.full(7 * weeks, design.mean * (1 - design.offspring) / 7)
    rate[7 * (_WARM_UP + design.history) :] *= design.shift
    day, column = np.nonzero(own := generator.poisson(rate[:, None], (rate.size, series)))
    day, column = (np.repeat(index, own[day, column]) for index in (day, column))
    total = np.zeros((7 * weeks, series), dtype=np.int64)
    while day.size:
        np.add.at(total, (day, column), 1)
        more = generator.poisson(design.offspring, day.size)
        day, column = np.repeat(day, more), np.repeat(column, more)
        day = day + generator.geometric(1 / design.days, day.size)
        inside = day < len(total)
        day, column = day[inside], column[inside]
    weekly = total.reshape(weeks, 7, series).sum(axis=1)[_WARM_UP:]
    return SimulatedClusters(design=design, counts=weekly, start=design.history)

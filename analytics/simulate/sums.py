"""Weekly sums of casualties with known truth: incidents in clusters or not, each with casualties of a heavy tail or a light one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.panel import Panel
from analytics.severities import Severities
from analytics.simulate.designs import counts_of, counts_panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LAWS: Mapping[str, Callable[[np.random.Generator, float, int], Floats]] = {
    "pareto": lambda generator, index, size: (1 - generator.random(size)) ** (-1 / index),
    "lognormal": lambda generator, spread, size: generator.lognormal(np.log(2), spread, size),
    "exponential": lambda generator, mean, size: generator.exponential(mean, size),
}
"""What an incident's casualties are before they are rounded up, by name: Pareto from 1 on, of this index; lognormal of median 2
and this deviation of the logarithm; exponential of this mean."""


@dataclass(frozen=True, kw_only=True)
class SumDesign:
    """A steady stream of incidents, what each costs, and what happens in the judged weeks.

    Incidents number NB(mean, variance phi mean) a week, in the judged weeks *more* times as many. A share *none* of them has
    no casualties; each other has factor Z, rounded down (pareto) or up, and at least 1, Z drawn from `LAWS`; factor is
    *deadlier* in the judged weeks, times exp(*unlike* x a normal number) of the series in all of them.
    """

    mean: float
    law: str
    value: float
    """Index, spread or mean of the law."""
    phi: float = 2.0
    none: float = 0.0
    unlike: float = 0.0
    more: float = 1.0
    deadlier: float = 1.0
    history: int = 265
    judged: int = 26

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            raise OptionError(f"law {self.law!r} is not known; choose from {', '.join(LAWS)}")
        for name in ("mean", "value", "more", "deadlier", "history", "judged"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} of a design of sums must be above 0, got {getattr(self, name)}")
        if self.phi < 1 or not 0 <= self.none < 1 or self.unlike < 0:
            raise OptionError(
                f"phi {self.phi}, none {self.none} or unlike {self.unlike} is out of range (1 or more; [0, 1); 0 or more)"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedSums:
    """R simulated series of T = history + judged weeks."""

    design: SumDesign
    sums: Floats
    """What a feed would report; shape (T, R)."""
    severities: Severities
    """Of each incident with casualties."""
    start: int
    """Row of the first judged week."""

    def panel(self, first: date = date(2012, 1, 2)) -> Panel:
        """The sums, with the incidents behind them, as a panel whose first week starts on *first*."""
        return replace(counts_panel(self.sums, first), measure="killed", severities=self.severities)


def sums(design: SumDesign, seed: int, *, series: int = 100) -> SimulatedSums:
    """Simulate *series* replicates of a design.

    Each series has streams of its own, one for its history and one for the judged weeks: what happens in these changes
    nothing before them, and the first series are the same for every number of *series*. Raises OptionError for a seed or
    number of series that cannot be used.
    """
    if seed < 0 or series < 1:
        raise OptionError(f"seed must be 0 or more and series 1 or more, got {seed} and {series}")
    parts = [_series(design, generator) for generator in np.random.default_rng(seed).spawn(series)]
    week = np.concatenate([weeks for weeks, _ in parts])
    region = np.repeat(np.arange(series), [weeks.size for weeks, _ in parts])
    severities = Severities.of(week, region, np.concatenate([figures for _, figures in parts]))
    table = severities.sums((design.history + design.judged, series))
    return SimulatedSums(design=design, sums=table, severities=severities, start=design.history)


def _series(design: SumDesign, generator: np.random.Generator) -> tuple[Integers, Floats]:
    """Week and casualties of each incident of one series."""
    scale = float(np.exp(design.unlike * generator.standard_normal()))
    before, after = generator.spawn(2)
    earlier = _incidents(design, before, design.history, 1.0, scale)
    later = _incidents(design, after, design.judged, design.more, scale * design.deadlier)
    week = np.concatenate([earlier[0], later[0] + design.history])
    return week, np.concatenate([earlier[1], later[1]])


def _incidents(
    design: SumDesign, generator: np.random.Generator, weeks: int, more: float, factor: float
) -> tuple[Integers, Floats]:
    counts = counts_of(generator, np.full(weeks, design.mean * more), design.phi, 1)[:, 0]
    week = np.repeat(np.arange(weeks), counts)
    figures = factor * LAWS[design.law](generator, design.value, week.size)
    whole = np.floor(figures) if design.law == "pareto" else np.ceil(figures)
    none = generator.random(week.size) < design.none
    return week, np.where(none, 0.0, np.maximum(whole, 1.0))

"""Weekly counts with known build-ups: the series by which ramp detection is judged."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.panel import Panel
from analytics.simulate.designs import counts_of, counts_panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RampDesign:
    """A steady weekly mean, perhaps with a season, and what happens to it in the judged weeks k = 1, 2, ...

    mu(t) = mean exp(season cos(2 pi t / 52)) in the weeks t = 1, 2, ... before; variance phi mu. In the judged weeks mu
    is multiplied by (1 + growth)^k for k up to *growth_weeks*, from where the growth falls back at the same rate to
    none, by *shift* in all of them, and by *spike* in the first one only.
    """

    mean: float
    phi: float = 1.0
    growth: float = 0.0
    """Growth a week, 0.3 for 30 %."""
    growth_weeks: int = 1000
    shift: float = 1.0
    spike: float = 1.0
    season: float = 0.0
    history: int = 265
    """Weeks before the judged ones: five years, and a margin for calendar years of 53 weeks."""
    judged: int = 26

    def __post_init__(self) -> None:
        limits = {
            "mean": self.mean > 0, "phi": self.phi >= 1, "growth": self.growth > -1, "shift": self.shift > 0,
            "spike": self.spike > 0, "growth_weeks": self.growth_weeks >= 1, "history": self.history >= 1,
            "judged": self.judged >= 1,
        }  # fmt: skip
        for name, holds in limits.items():
            if not holds:
                raise OptionError(f"{name} of a ramp design is {getattr(self, name)}; {_LEAST[name]}")

    def effect(self) -> Floats:
        """Factor of the mean in each judged week, shape (judged,)."""
        k = np.arange(1, self.judged + 1)
        grown = np.where(k <= self.growth_weeks, k, np.maximum(2 * self.growth_weeks - k, 0))
        factor: Floats = (1 + self.growth) ** grown.astype(np.float64) * self.shift
        factor[0] *= self.spike
        return factor

    def means(self) -> Floats:
        """Mean of every week, shape (history + judged,)."""
        t = np.arange(1, self.history + self.judged + 1)
        base: Floats = self.mean * np.exp(self.season * np.cos(2 * np.pi * t / 52))
        base[self.history :] *= self.effect()
        return base


_LEAST = {
    "mean": "use more than 0", "phi": "counts need a dispersion of 1 or more", "growth": "use more than -1",
    "shift": "use more than 0", "spike": "use more than 0", "growth_weeks": "use 1 or more", "history": "use 1 or more",
    "judged": "use 1 or more",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedRamps:
    """R simulated series of T = history + judged weeks, and what is true of them."""

    design: RampDesign
    counts: Integers
    """What a feed would report; shape (T, R)."""
    mean: Floats
    """Mean of the counts; shape (T,)."""
    start: int
    """Row of the first judged week, in which the ramp begins."""

    def panel(self, first: date = date(2012, 1, 2)) -> Panel:
        """The counts as a panel whose first week starts on *first*, regions "series-001", "series-002", ..."""
        return counts_panel(self.counts, first)


def ramps(design: RampDesign, seed: int, *, series: int = 100) -> SimulatedRamps:
    """Simulate *series* replicates of a design.

    History and judged weeks come from two streams of one seed, so the same seed gives the same history whatever
    happens afterwards, and its first series are the same for every number of *series*. Raises OptionError for a seed
    or number of series that cannot be used.
    """
    if seed < 0:
        raise OptionError(f"seed is {seed}; use 0 or a positive whole number")
    if series < 1:
        raise OptionError(f"series is {series}; simulate 1 or more")
    before, after = np.random.default_rng(seed).spawn(2)
    mean = design.means()
    counts = np.vstack(
        [
            counts_of(before, mean[: design.history], design.phi, series),
            counts_of(after, mean[design.history :], design.phi, series),
        ]
    )
    return SimulatedRamps(design=design, counts=counts, mean=mean, start=design.history)

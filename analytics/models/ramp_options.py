"""Options of the ramp detector, and the ramps that it looks for."""

import math
from dataclasses import dataclass

import numpy as np

from analytics.errors import OptionError
from analytics.models.base import Floats

SURGES = (2.0,)
"""Deviations by which a surge raises the judged week and the one before."""


@dataclass(frozen=True, kw_only=True)
class RampOptions:
    """Options of the ramp detector."""

    alpha: float = 0.01
    """Chance of an alarm in a week when nothing unusual happens."""
    window: int = 8
    """Weeks, the judged one the last of them, in which a ramp may have begun."""
    slopes: str = "20,45"
    """Growths that are looked for, in % a week, separated by commas; each is as likely as the others."""
    recency: float = 1.0
    """An onset n weeks ago (the judged week is 1) has weight n^-recency times what *fading* says."""
    fading: float = 3.0
    """The weight falls as growth^-fading with every week since the onset: a steep ramp that is old was found before."""
    surge_share: float = 0.0
    """Weight of a surge of the judged week and the one before, beside ramps."""
    years_back: float = 5
    """Years of baseline."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    min_weeks: int = 52
    """Fewest known weeks before the judged one, within *years_back*, for a week to be judged."""
    harmonics: int = 2
    """Most waves of a year in the baseline; they are used where there is evidence of them."""
    trend: bool = True
    """Whether the baseline may have a trend, where there is evidence of one."""
    outbreak_residual: float = 4.0
    """Anscombe residual above which a baseline week of two incidents or more counts as a past outbreak."""
    refit_weeks: int = 4
    """The baseline is fitted anew every so many weeks, counted from 1 January 1970, and serves the weeks between."""
    draws: int = 512
    """Simulated windows behind each p-value, a power of two."""
    seed: int = 0
    """Seed of the simulated windows, which are the same for every region and week."""

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name} must be in {low:g}..{high:g}, got {value}")
        if self.min_weeks <= self.exclude_weeks + 1:
            raise OptionError(
                f"min_weeks must be above exclude_weeks + 1 = {self.exclude_weeks + 1}, got {self.min_weeks}; "
                "fewer leave no baseline"
            )
        if self.window > self.exclude_weeks + 1:
            raise OptionError(
                f"window must be at most exclude_weeks + 1 = {self.exclude_weeks + 1}, got {self.window}; "
                "a ramp would be part of its own baseline"
            )
        if self.draws & (self.draws - 1):
            raise OptionError(f"draws must be a power of two, got {self.draws}; choose 256, 512, 1024, ...")
        self.growths()

    def growths(self) -> Floats:
        """The slopes as growth of the log mean per week, shape (B,); raises OptionError where they are no such list."""
        try:
            rates = [float(text) for text in self.slopes.split(",")]
        except ValueError:
            rates = []
        if not rates or not all(1 <= rate <= 400 for rate in rates):
            raise OptionError(f"slopes must be one or more of 1..400 % a week by commas, as 20,45; got {self.slopes!r}")
        return np.log1p(np.array(rates) / 100)

    def weights(self) -> Floats:
        """Prior weight of an onset n = 1..window weeks ago and a slope or surge, shape (window, B); they sum to 1."""
        n = np.arange(1, self.window + 1, dtype=np.float64)[:, None]
        each = n**-self.recency * np.exp(-self.fading * self.growths() * (n - 1))
        share, count = self.surge_share, len(self.surges())
        surges = np.where(n == min(2, self.window), share / max(count, 1), np.zeros(count))
        return np.hstack([(1 - share) * each / each.sum(), surges])

    def surges(self) -> Floats:
        """The surges that are looked for, in deviations."""
        return np.array(SURGES if self.surge_share else ())


_BOUNDS: dict[str, tuple[float, float]] = {
    "alpha": (1e-12, 0.5), "window": (1, 52), "recency": (0, 10), "fading": (0, 20), "surge_share": (0, 0.99),
    "years_back": (1, 50), "exclude_weeks": (0, 52),
    "harmonics": (0, 2), "refit_weeks": (1, 52), "outbreak_residual": (1e-9, math.inf),
    "draws": (64, 65536), "seed": (0, 2**31),
}  # fmt: skip

"""Options of Farrington flexible."""

import math
from dataclasses import dataclass
from typing import Literal, Self, get_args

from analytics.errors import OptionError

Threshold = Literal["nbPlugin", "muan", "delta"]


@dataclass(frozen=True, kw_only=True)
class FarringtonOptions:
    """Options of Farrington flexible; the defaults are the improved method of Noufaily et al. (2013)."""

    alpha: float = 0.01
    """Chance of exceeding *upper* when nothing unusual happens."""
    years_back: int = 5
    """Calendar years of baseline."""
    half_window: int = 3
    """Weeks on each side of a reference date that belong to the judged week's season."""
    periods: int = 10
    """Season levels; 1 compares with the windows around the reference dates only."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    reweight: bool = True
    """Whether past outbreaks are weighted down."""
    reweight_threshold: float = 2.58
    """Anscombe residual above which a week counts as a past outbreak."""
    threshold: Threshold = "nbPlugin"
    """How *upper* is made."""
    trend: bool = True
    """Whether a linear trend (on the log scale) may be part of the baseline."""
    trend_p: float = 1.0
    """The trend is kept if its p-value is below this; 1 keeps it at any p."""
    low_count_cases: int = 5
    """Fewest incidents in the last *low_count_weeks* weeks, the judged one included, for a week to be judged."""
    low_count_weeks: int = 4
    """See *low_count_cases*."""
    population: bool = False
    """Whether counts are judged as rates of the panel's population."""
    two_sided: bool = False
    """Whether `p_drop`, the chance of a count this low, is given as well."""
    reference: bool = False
    """Answer as R does where this model by default refuses: all-zero baselines, separated blocks, few known weeks."""

    def __post_init__(self) -> None:
        _check_numbers(self)
        if self.threshold not in get_args(Threshold):
            raise OptionError(f"threshold must be one of {', '.join(get_args(Threshold))}, got {self.threshold!r}")
        free = 51 - 2 * self.half_window
        if not 1 <= self.periods <= free:
            raise OptionError(
                f"periods must be 1..{free} with half_window={self.half_window}, got {self.periods}; "
                "each season level needs a week"
            )

    @classmethod
    def r_default(cls) -> Self:
        """The defaults of R's farringtonFlexible: one season window, trend at 5 %, delta threshold, alpha 5 %."""
        return cls(alpha=0.05, periods=1, exclude_weeks=3, trend_p=0.05, threshold="delta")


_BOUNDS: dict[str, tuple[float, float]] = {
    "alpha": (1e-12, 0.5), "years_back": (1, 50), "half_window": (0, 20), "exclude_weeks": (0, 52),
    "reweight_threshold": (1e-9, math.inf), "trend_p": (0, 1), "low_count_cases": (0, math.inf),
    "low_count_weeks": (1, math.inf),
}  # fmt: skip


def _check_numbers(options: FarringtonOptions) -> None:
    """Raise OptionError for a number outside its bounds."""
    for name, (low, high) in _BOUNDS.items():
        value = getattr(options, name)
        if not low <= value <= high:
            raise OptionError(f"{name} must be in {low:g}..{high:g}, got {value}")

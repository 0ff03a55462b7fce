"""Options of the predictive method."""

import math
from dataclasses import dataclass

from analytics.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class PredictiveOptions:
    """Options of the predictive method; an ingredient that is switched off shows what it is worth."""

    alpha: float = 0.01
    """Chance of exceeding *upper* when nothing unusual happens."""
    years_back: float = 5
    """Years of baseline."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    min_weeks: int = 52
    """Fewest known weeks before the judged one, within *years_back*, for a week to be judged."""
    trend: bool = True
    """Whether the baseline may have a trend."""
    harmonics: int = 2
    """Waves of a year in the baseline: 0, 1 or 2."""
    outbreak_share: float = 0.025
    """Share of the weeks that are cut off as possible past outbreaks, with their neighbours; 0 = keep all weeks."""
    uncertainty: bool = True
    """Whether the errors of mean and dispersion widen the distribution."""
    memory: int = 8
    """Weeks before the judged one that make it easier to flag where they were high; 0 = each week by itself."""
    refit_weeks: int = 8
    """The baseline is fitted anew every so many weeks, counted from 1 January 1970, and serves the weeks between."""
    two_sided: bool = False
    """Whether `p_drop`, the chance of a count this low, is given as well."""

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
        if self.memory > self.exclude_weeks:
            raise OptionError(
                f"memory must be at most exclude_weeks = {self.exclude_weeks}, got {self.memory}; "
                "the weeks before would be part of their own baseline"
            )


_BOUNDS: dict[str, tuple[float, float]] = {
    "alpha": (1e-12, 0.5), "years_back": (1, 50), "exclude_weeks": (0, 52), "min_weeks": (2, math.inf),
    "harmonics": (0, 2), "outbreak_share": (0, 0.2), "memory": (0, 52), "refit_weeks": (1, 52),
}  # fmt: skip

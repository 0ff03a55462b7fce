"""Options of the compound method."""

from dataclasses import dataclass

from analytics.errors import OptionError
from analytics.models.predictive_options import PredictiveOptions


@dataclass(frozen=True, kw_only=True)
class CompoundOptions(PredictiveOptions):
    """Options of the compound method: those of the predictive method, for the number of incidents, and of severities."""

    pooling: float = 300
    """Incidents of a region's own that the severities of all others count for, at most; 0 = each region by itself."""
    tail_share: float = 0.1
    """Share of the incidents that are severe, at most: to which a heavy tail is fitted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name} must be in {low:g}..{high:g}, got {value}")


_BOUNDS: dict[str, tuple[float, float]] = {"pooling": (0, 300), "tail_share": (0.01, 1)}

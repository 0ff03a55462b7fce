"""What an event study is asked: its settings, and the dated events it is about."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from analytics.errors import OptionError

Family = Literal["quasi-poisson", "negative-binomial"]
Errors = Literal["serial", "hac", "model"]

_CHOICES = {
    "family": ("quasi-poisson", "negative-binomial"),
    "errors": ("serial", "hac", "model"),
    "later": ("cut", "keep"),
}
_LEAST = {
    "before": 26,
    "after": 1,
    "early": 1,
    "lead": 0,
    "anticipation": 0,
    "harmonics": 0,
    "placebo": 0,
    "seed": 0,
    "season_years": 2,
    "min_incidents": 5,
}


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Settings of `EventStudy`; raises OptionError for a value that cannot be used."""

    before: int = 52
    """Weeks before the event whose level says what to expect."""
    after: int = 26
    """Whole weeks after the event that are compared with it."""
    early: int = 4
    """First weeks after it whose average is the term *early*; the term *late* is that of the weeks behind them."""
    lead: int = 26
    """Weeks before the event that are shown one by one and searched for a trend of their own."""
    anticipation: int = 0
    """Weeks just before the event that may know of it already; left out of both sides."""
    harmonics: int = 1
    """Cycles a year in the season, which is taken out where there are two years to learn it from; 0 for none."""
    season_years: int = 5
    """Years before the event that the season is learnt from, at most."""
    trend: bool = False
    """Let what is expected grow or fall on at the rate of the weeks before."""
    family: Family = "quasi-poisson"
    """quasi-poisson (variance phi x mean), or negative-binomial (mean + alpha x mean^2)."""
    errors: Errors = "serial"
    """serial (lag-1 inflation, measured best), hac (Newey-West), or model (weeks independent)."""
    level: float = 0.95
    """Confidence level of the intervals, in (0.5, 1)."""
    later: Literal["cut", "keep"] = "cut"
    """What becomes of the weeks from a later dated event on: cut (null), or keep (counted to this one)."""
    placebo: int = 999
    """Placebo dates, or tuples of them where events are stacked, at most; 0 for none."""
    seed: int = 1
    """Seed of the draw of placebo dates, where there are more than wanted, and of tuples."""
    min_incidents: int = 10
    """Incidents that the weeks before must have."""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise OptionError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0.5 < self.level < 1:
            raise OptionError(f"level must be in (0.5, 1), a confidence level such as 0.95, got {self.level}")
        if self.lead > self.before // 2:
            raise OptionError(f"lead must be at most half of before ({self.before}), got {self.lead}")


@dataclass(frozen=True, kw_only=True)
class StudyEvent:
    """A dated event as a study sees it."""

    event_id: str
    starts_on: date
    name: str = ""
    kind: str = "other"
    regions: tuple[str, ...] = ()
    """Ids of the panel's regions that it concerns; none for all of them."""

    def concerns(self, regions: tuple[str, ...]) -> bool:
        """Whether any of *regions* is among its own."""
        return not self.regions or bool(set(self.regions) & set(regions))

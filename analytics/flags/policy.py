"""The written policy: every threshold by which a region-week is flagged, and flags become episodes."""

from dataclasses import dataclass

from analytics.errors import OptionError

LEVELS = ("watch", "warning", "alert")

PRIORITY_PARTS = ("level", "excess", "ratio", "growth", "lethality", "record", "new")
"""Names of the parts of a flag's priority, in the order in which they are added up."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When a region-week is flagged, and how high. A level needs its q-value and its effect-size floor, both."""

    watch_q: float = 0.10
    """Largest q-value of a watch: of all watches and above, at most this share is expected to be chance."""
    warning_q: float = 0.05
    alert_q: float = 0.01
    min_observed: int = 3
    """Fewer incidents than this are never flagged."""
    watch_ratio: float = 1.5
    """Smallest observed / expected of a watch."""
    warning_ratio: float = 2.0
    alert_ratio: float = 2.0
    watch_excess: float = 2.0
    """Smallest observed - expected of a watch, in incidents."""
    warning_excess: float = 3.0
    alert_excess: float = 5.0
    floor_weeks: int = 1
    """Weeks up to the judged one, itself included, whose sum min_observed, ratio and excess are asked of; their expected is
    that of the judged week times the known among them. 1: of the week alone; with 4 a build-up of small weeks is large enough."""
    record_weeks: int = 52
    """A count is called a record when none as high has been seen for at least this many weeks."""
    episode_gap: int = 0
    """Judged weeks without a flag between two flags that do not end an episode; weeks that were not judged do not count."""
    cooldown_weeks: int = 8
    """Judged weeks after its end in which a flag no higher than its peak reopens an episode instead of opening another."""
    ramp_share: float = 0.5
    """Share of the error rate that evidence of ramps has, in [0, 1); the rest is spikes'. 0: build-ups are not looked for."""
    evidence_p: float = 0.01
    """A kind of evidence is named where its own p-value is at most this, or less than that of the other kind."""
    growing: float = 0.975
    """P(growing) from which a flag also says that the weeks before were rising."""
    priority_level: float = 30.0
    """Points of a flag's priority for its level; the parts are described in `flags.priority`."""
    priority_excess: float = 20.0
    priority_ratio: float = 10.0
    priority_growth: float = 10.0
    priority_lethality: float = 15.0
    priority_record: float = 5.0
    priority_new: float = 10.0

    def __post_init__(self) -> None:
        self._check_evidence()
        self._check_floors()
        if not 0 < self.alert_q <= self.warning_q <= self.watch_q < 1:
            raise OptionError(
                f"policy: 0 < alert_q <= warning_q <= watch_q < 1 must hold, got {self.alert_q}, {self.warning_q}, {self.watch_q}"
            )
        weights = [getattr(self, f"priority_{part}") for part in PRIORITY_PARTS]
        if min(weights) < 0 or not sum(weights):
            raise OptionError(f"policy: priority_* must not be negative, and not all zero, got {weights}")
        if self.episode_gap < 0 or not 0.5 <= self.growing < 1:
            raise OptionError(
                f"policy: episode_gap {self.episode_gap} or growing {self.growing} is out of range (>= 0; 0.5 to 1)"
            )

    def _check_evidence(self) -> None:
        if not (0 <= self.ramp_share < 1 and 0 < self.evidence_p < 1):
            raise OptionError(
                f"policy: ramp_share {self.ramp_share} or evidence_p {self.evidence_p} is out of range ([0, 1); (0, 1))"
            )

    def _check_floors(self) -> None:
        for name in ("min_observed", "watch_ratio", "watch_excess", "record_weeks", "cooldown_weeks"):
            if getattr(self, name) < 0:
                raise OptionError(f"policy: {name} must not be negative, got {getattr(self, name)}")
        if self.floor_weeks < 1:
            raise OptionError(f"policy: floor_weeks must be at least 1, got {self.floor_weeks}")
        for floor in ("ratio", "excess"):
            floors = [getattr(self, f"{level}_{floor}") for level in LEVELS]
            if floors != sorted(floors):
                raise OptionError(f"policy: {floor} must not fall from watch to alert, got {floors}")

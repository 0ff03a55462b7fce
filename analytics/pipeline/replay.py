"""The past, week by week: what each method would have said of it, with what was known in that week."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.escalations import EscalationOptions
from analytics.flags import Policy, raised, recent
from analytics.models.base import Floats, SpikeResult
from analytics.models.methods import METHODS, spike_model
from analytics.panel import Panel
from analytics.settings import Settings, build
from analytics.store import Store, coverage_reach, last_changes
from analytics.weeks import Dates, as_date, week_range

OURS = "incidents flags"
"""Name of our own flags among the methods."""
REPLAYS = ("auto", "known", "retrospective")
Progress = Callable[[Iterable[Any], str], Iterable[Any]]
"""Passes things on, one by one, and shows how far they are; the text is what they are called."""

CELL = ("week", "region_id", "region", "measure", "observed", "expected", "excess")
"""What is said of a region-week, whatever the method."""


@dataclass(frozen=True, kw_only=True)
class BacktestOptions(EscalationOptions):
    """How flags are judged on the past."""

    against: tuple[str, ...] = ("acled-surge", "acled-threat", "hdx-maximum", "mean-sd", "farrington-flexible")
    """Methods that the flags are compared with, each with its own options' defaults."""
    replay: str = "auto"
    """known: each week is judged on what was known then, and not at all where nothing was; retrospective: on what is
    known now; auto: on what was known then where that is recorded, else on what is known now."""
    delay_days: int = 1
    """Days after a week's end at which it is judged: what became known later did not exist."""
    block_weeks: int = 26
    """Weeks that are drawn together, with all their regions, for the intervals of differences between methods; a quarter of the
    judged weeks at most."""
    resamples: int = 1000
    """Draws of these."""
    seed: int = 1
    """Seed of the draws."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.replay not in REPLAYS:
            raise OptionError(f"replay {self.replay!r} is not known; choose from {', '.join(REPLAYS)}")
        if not 1 <= self.delay_days <= 365:
            raise OptionError(f"delay_days must be in 1..365, got {self.delay_days}; a week is judged when it is over")
        for name in ("block_weeks", "resamples"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")
        for method in self.against:
            if method not in METHODS:
                raise OptionError(f"against: method {method!r} is not known; choose from {', '.join(METHODS)}")
        if len(set(self.against)) < len(self.against):
            raise OptionError(f"against names a method twice: {', '.join(self.against)}")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Weeks that are judged together, first to last (first days of weeks)."""

    first: date
    last: date
    known: bool
    """Whether they are judged on what was known then, or on what is known now."""
    moment: datetime | None = None
    """When that was, where it differs from what is known now."""

    @property
    def weeks(self) -> Dates:
        """First days of its weeks."""
        return week_range(self.first, self.last)


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """What was said of each week."""

    flags: pd.DataFrame
    """Our flags, one row each: week, region_id, region, measure, observed, expected, excess, level."""
    cells: Mapping[str, pd.DataFrame]
    """Every region-week by other method, `method_cells`."""
    known: Dates
    """First days of the weeks that were judged on what was known then."""


def replay(
    panel: Panel, blocks: list[Block], settings: Settings, options: BacktestOptions, *,
    recount: Callable[[date, datetime], Panel], progress: Progress,
) -> Replay:  # fmt: skip
    """Judge the weeks of *blocks* by the settings' policy, and by the methods to compare with.

    *recount* makes the panel until the last day of a week as it was known at a moment; *panel* is what is known now.
    """
    models, policy = {name: spike_model(name, {}) for name in options.against}, build(Policy, settings.policy, "policy")
    flags: list[pd.DataFrame] = []
    cells: dict[str, list[pd.DataFrame]] = {name: [] for name in models}
    seen = panel
    for block, method in progress([(block, name) for block in blocks for name in (OURS, *models)], "judgement"):
        if method == OURS:
            seen = recount(block.last + timedelta(days=6), block.moment) if block.moment else panel
            flags.append(_flags(seen, block, settings, policy))
        else:
            cells[method].append(method_cells(models[method].fit(seen, first=block.first, last=block.last), policy))
    known = [block.weeks for block in blocks if block.known]
    return Replay(
        flags=pd.concat(flags, ignore_index=True),
        cells={name: pd.concat(frames, ignore_index=True) for name, frames in cells.items()},
        known=np.concatenate([np.array([], dtype="datetime64[D]"), *known]),
    )


def _flags(panel: Panel, block: Block, settings: Settings, policy: Policy) -> pd.DataFrame:
    """The flags of the weeks of *block* in *panel*, as `incidents flags` raises them: CELL and level."""
    spikes = spike_model(settings.method, settings.spikes).fit(panel, first=block.first, last=block.last)
    build_ups = spike_model("ramp", settings.ramps) if policy.ramp_share else None
    ramps = build_ups.fit(panel, first=block.first, last=block.last) if build_ups else None
    return raised(spikes, policy, ramps=ramps)[1][[*CELL, "level"]]


def then_known(store: Store, settings: Settings, panel: Panel, first: date, options: BacktestOptions) -> list[Block]:
    """The weeks from *first* to the last of *panel*, each to be judged on what was known `delay_days` after its end.

    Weeks of which nothing became known later are judged on *panel*, together, as what was known of them is in it. Weeks of
    which nothing was known then are, too, or they are left out, as the option `replay` says. Each other is a block alone.
    """
    weeks = [as_date(week) for week in panel.weeks if week >= np.datetime64(first, "D")]
    ends = [week + timedelta(days=6) for week in weeks]
    moments = [_moment(end, panel, options) for end in ends]
    reached = coverage_reach(store, moments, settings.source or None)
    changes = last_changes(store, ends, as_of=panel.as_of)
    blocks: list[Block] = []
    for week, end, moment, reach, change in zip(weeks, ends, moments, reached, changes, strict=True):
        known = reach is not None and reach >= end
        if known or options.replay != "known":
            later = known and change is not None and change > moment
            blocks.append(Block(first=week, last=week, known=known, moment=moment if later else None))
    return joined(blocks)


def _moment(end: date, panel: Panel, options: BacktestOptions) -> datetime:
    """When the week that ends on *end* is judged: never after the time at which *panel* was known."""
    moment = datetime.combine(end + timedelta(days=options.delay_days), time.max)
    return min(moment, panel.as_of) if panel.as_of else moment


def joined(blocks: list[Block]) -> list[Block]:
    """The blocks with neighbours that are judged on the same panel made one."""
    found: list[Block] = []
    for block in blocks:
        before = found[-1] if found else None
        if before and not (before.moment or block.moment) and _follows(before, block):
            found[-1] = replace(before, last=block.last)
        else:
            found.append(block)
    return found


def _follows(before: Block, block: Block) -> bool:
    return before.known == block.known and before.last + timedelta(weeks=1) == block.first


def method_cells(result: SpikeResult, policy: Policy) -> pd.DataFrame:
    """Every region-week of *result*: CELL, alarm, score (the higher, the more unusual), and what floors are asked of.

    alarm is the method's own decision; score is NaN where it could never be one; recent and recent_expected as in `recent`.
    """
    frame = result.frame().assign(measure=result.panel.measure, excess=(result.observed - result.expected).ravel())
    return frame[[*CELL, "alarm"]].assign(score=scores(result).ravel(), **recent(result, policy))


def scores(result: SpikeResult) -> Floats:
    """How unusual each region-week is to a method, (W, R): what its own threshold is set on; NaN where it never flags.

    acled-surge: observed / mean of the weeks before; acled-threat: short / long mean; hdx-maximum: weeks since a count as
    high; mean-sd: deviations above the mean; methods with a p-value: -p; others: `SpikeResult.score`.
    """
    if result.method in _RULES:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _RULES[result.method](result)
    else:
        found = result.score if np.isnan(result.p_value).all() else -result.p_value
    # A threat is of a month, so it can stand in a week without incident.
    some = (result.observed > 0) | (result.method == "acled-threat")
    answer: Floats = np.where((result.note == "") & some, found, np.nan)
    return answer


def _surge(result: SpikeResult) -> Floats:
    answer: Floats = np.where(np.isnan(result.upper), np.nan, result.observed / result.expected)
    return answer


def _threat(result: SpikeResult) -> Floats:
    short, long = _means(result, result.options.short_weeks), _means(result, result.options.long_weeks)
    answer: Floats = np.where(short >= result.options.min_mean, short / long, np.nan)
    return answer


def _means(result: SpikeResult, weeks: int) -> Floats:
    """Mean of the *weeks* weeks that end with each judged one, (W, R); NaN where there are not as many."""
    found = np.full(result.observed.shape, np.nan)
    for week, row in enumerate(_rows(result)):
        if row + 1 >= weeks:
            found[week] = result.panel.values[row - weeks + 1 : row + 1].mean(axis=0)
    return found


def _maximum(result: SpikeResult) -> Floats:
    """Weeks since a count at least as high; all weeks so far, and this one, where there is none."""
    answer = np.empty(result.observed.shape)
    for week, row in enumerate(_rows(result)):
        as_high = result.panel.values[:row] >= result.observed[week]
        last = np.where(as_high.any(axis=0), row - 1 - as_high[::-1].argmax(axis=0), -1)
        answer[week] = row - last
    return answer


def _deviations(result: SpikeResult) -> Floats:
    deviation = (result.upper - result.expected) / result.options.deviations
    answer: Floats = (result.observed - result.expected) / deviation
    return answer


_RULES: Mapping[str, Callable[[SpikeResult], Floats]] = {
    "acled-surge": _surge,
    "acled-threat": _threat,
    "hdx-maximum": _maximum,
    "mean-sd": _deviations,
}


def _rows(result: SpikeResult) -> list[int]:
    """Rows of the panel that were judged."""
    start = int(np.searchsorted(result.panel.weeks, result.weeks[0]))
    return list(range(start, start + len(result.weeks)))

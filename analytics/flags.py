"""From model results to flags and episodes under one written policy.

A stream (region x measure) of one week is flagged when its q-value, Benjamini-Hochberg over all judged streams of
that week, is small enough *and* the effect is large enough. `Policy` is the whole of it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.models.base import SpikeResult
from analytics.models.discovery import q_values
from analytics.weeks import as_date

LEVELS = ("watch", "warning", "alert")

FLAG_COLUMNS = (
    "week", "region_id", "region", "measure", "level", "kinds", "p_value", "q_value", "observed", "expected", "upper",
    "excess", "ratio", "growth", "growth_low", "growth_high", "p_growing", "killed", "wounded", "record_since",
    "judged_by", "episode_id", "episode_week", "reason",
)  # fmt: skip
EPISODE_COLUMNS = (
    "episode_id", "region_id", "region", "measure", "first_week", "last_week", "weeks", "peak_level", "observed",
    "excess", "status",
)  # fmt: skip


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
    record_weeks: int = 52
    """A count is called a record when none as high has been seen for at least this many weeks."""
    episode_gap: int = 0
    """Unflagged weeks between two flags that do not end an episode."""
    growing: float = 0.975
    """P(growing) from which a flag also says that the weeks before were rising."""

    def __post_init__(self) -> None:
        if not 0 < self.alert_q <= self.warning_q <= self.watch_q < 1:
            raise OptionError(
                f"policy: 0 < alert_q <= warning_q <= watch_q < 1 must hold, got {self.alert_q}, {self.warning_q}, {self.watch_q}"
            )
        for name in ("min_observed", "watch_ratio", "watch_excess", "record_weeks"):
            if getattr(self, name) < 0:
                raise OptionError(f"policy: {name} must not be negative, got {getattr(self, name)}")
        for floor in ("ratio", "excess"):
            floors = [getattr(self, f"{level}_{floor}") for level in LEVELS]
            if floors != sorted(floors):
                raise OptionError(f"policy: {floor} must not fall from watch to alert, got {floors}")
        if self.episode_gap < 0 or not 0.5 <= self.growing < 1:
            raise OptionError(
                f"policy: episode_gap {self.episode_gap} or growing {self.growing} is out of range (>= 0; 0.5 to 1)"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """All judged streams with their q-values, the flags among them, and their episodes."""

    policy: Policy
    streams: pd.DataFrame
    """One row per region-week: the columns of `SpikeResult.frame` and q_value, measure."""
    flags: pd.DataFrame
    """One row per flag, FLAG_COLUMNS, ordered by week and then by level, highest first."""
    episodes: pd.DataFrame
    """One row per episode, EPISODE_COLUMNS, ordered by first week."""


def judge(
    spikes: SpikeResult,
    policy: Policy | None = None,
    *,
    growth: pd.DataFrame | None = None,
    casualties: pd.DataFrame | None = None,
) -> Judgement:
    """Flags and episodes of *spikes* under *policy*.

    *growth*: week, region_id, growth, growth_low, growth_high, p_growing (fractions per week up to that week).
    *casualties*: week, region_id, killed, wounded. Both add words and numbers to a flag, never a level.
    """
    policy = policy or Policy()
    streams = spikes.frame()
    streams.insert(0, "measure", spikes.panel.measure)
    streams["q_value"] = q_values(spikes.p_value).ravel()
    flags = streams.assign(
        excess=streams["observed"] - streams["expected"],
        ratio=streams["observed"] / streams["expected"].clip(lower=1e-12),
    )
    flags["level"] = levels(flags, policy)
    flags = flags[flags["level"] != ""]
    for extra in (growth, casualties):
        if extra is not None and len(flags):
            flags = flags.merge(extra, on=["week", "region_id"], how="left")
    flags = flags.reindex(columns=[*dict.fromkeys([*flags.columns, *FLAG_COLUMNS])])
    flags = _number_episodes(_describe(flags, spikes, policy), policy)
    rank = flags["level"].map(LEVELS.index)
    flags = flags.assign(rank=rank).sort_values(
        ["week", "rank", "excess", "region_id"], ascending=[True, False, False, True]
    )
    return Judgement(
        policy=policy,
        streams=streams,
        flags=flags[list(FLAG_COLUMNS)].reset_index(drop=True),
        episodes=_episodes(flags, spikes, policy),
    )


def levels(streams: pd.DataFrame, policy: Policy) -> NDArray[np.object_]:
    """Level of each stream ("" for none): the highest whose q-value, ratio and excess are all met."""
    found = np.full(len(streams), "", dtype=object)
    enough = streams["observed"] >= policy.min_observed
    for level in LEVELS:
        met = (
            enough
            & (streams["q_value"] <= getattr(policy, f"{level}_q"))
            & (streams["ratio"] >= getattr(policy, f"{level}_ratio"))
            & (streams["excess"] >= getattr(policy, f"{level}_excess"))
        )
        found[met.to_numpy()] = level
    return found


def _describe(flags: pd.DataFrame, spikes: SpikeResult, policy: Policy) -> pd.DataFrame:
    """The flags with how long no count was as high, their kinds of evidence, and their reason."""
    column = {region: index for index, region in enumerate(spikes.panel.region_ids)}
    since = [_record(spikes, column[flag.region_id], flag.week) for flag in flags.itertuples()]
    flags = flags.assign(record_since=pd.Series(since, index=flags.index, dtype=object))
    rows = flags.to_dict("records")
    kinds = [", ".join(_kinds(row, policy)) for row in rows]
    flags = flags.assign(kinds=pd.Series(kinds, index=flags.index, dtype=object))
    reasons = [reason(row) for row in flags.to_dict("records")]
    return flags.assign(reason=pd.Series(reasons, index=flags.index, dtype=object))


def _record(spikes: SpikeResult, region: int, week: pd.Timestamp) -> tuple[int, str]:
    """Weeks since a count at least as high was last seen, and its week; if never, the known weeks so far, and ""."""
    row = spikes.panel.index_of(week.date())
    values = spikes.panel.values[:, region]
    earlier = np.flatnonzero(values[:row] >= values[row])
    if not len(earlier):
        return int((~np.isnan(values[: row + 1])).sum()), ""
    return row - int(earlier[-1]), as_date(spikes.panel.weeks[earlier[-1]]).isoformat()


def _kinds(row: dict[Any, Any], policy: Policy) -> list[str]:
    kinds = ["rare" if row["judged_by"].startswith("rare") else "spike"]
    if (row.get("p_growing") or 0) >= policy.growing:
        kinds.append("trend")
    if row["record_since"][0] >= policy.record_weeks:
        kinds.append("record")
    return kinds


def reason(row: dict[Any, Any]) -> str:
    """One sentence that a duty officer could read aloud, made from the flag's own numbers."""
    noun = "incident" if row["observed"] == 1 else "incidents"
    parts = [
        f"{row['region']}: {spoken(row['observed'])} {noun} in the week of {_day(row['week'])}, "
        f"where {spoken(row['expected'])} {'was' if spoken(row['expected']) == '1' else 'were'} expected "
        f"({_odds(row['p_value'])})"
    ]
    if "record" in row["kinds"]:
        weeks, last = row["record_since"]
        parts.append(
            f"the highest since {_day(pd.Timestamp(last))}" if last else f"the highest in the {weeks:,} weeks on record"
        )
    if "trend" in row["kinds"]:
        parts.append(f"after growth of {100 * row['growth']:,.0f} % a week")
    if (row.get("killed") or 0) > 0:
        parts.append(f"{spoken(row['killed'])} killed")
    return "; ".join(parts) + "."


def spoken(value: float) -> str:
    """A count or an expectation as one says it: whole from 10 on, one decimal below."""
    return (
        f"{value:,.0f}"
        if value >= 10 or float(value).is_integer()
        else f"{value:.1f}"
        if value >= 0.1
        else "fewer than 0.1"
    )


def _odds(p_value: float) -> str:
    """The p-value in words: once in so many weeks that are like this one."""
    if p_value < 1e-6:
        return "so many come by chance less than once in a million such weeks"
    rounded = float(f"{1 / p_value:.2g}")
    return f"so many come by chance once in {rounded:,.0f} such weeks"


def _day(week: pd.Timestamp) -> str:
    return f"{week.day} {week:%B %Y}"


def _number_episodes(flags: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The flags with the id of their episode (region/measure/first week) and their place in it, from 1."""
    if flags.empty:
        return flags
    flags = flags.sort_values(["region_id", "measure", "week"])
    step = flags.groupby(["region_id", "measure"])["week"].diff()
    starts = step.isna() | (step > pd.Timedelta(weeks=policy.episode_gap + 1))
    number = starts.cumsum()
    first = flags.groupby(number)["week"].transform("min")
    return flags.assign(
        episode_id=flags["region_id"] + "/" + flags["measure"] + "/" + first.dt.strftime("%Y-%m-%d"),
        episode_week=((flags["week"] - first).dt.days // 7 + 1),
    )


def _episodes(flags: pd.DataFrame, spikes: SpikeResult, policy: Policy) -> pd.DataFrame:
    if flags.empty:
        return pd.DataFrame(columns=list(EPISODE_COLUMNS))
    groups = flags.sort_values("week").groupby("episode_id", sort=False)
    last_judged = pd.Timestamp(as_date(spikes.weeks[-1]))
    episodes = groups.agg(
        region_id=("region_id", "first"),
        region=("region", "first"),
        measure=("measure", "first"),
        first_week=("week", "min"),
        last_week=("week", "max"),
        weeks=("week", "size"),
        peak=("rank", "max"),
        observed=("observed", "sum"),
        excess=("excess", "sum"),
    ).reset_index()
    still = episodes["last_week"] >= last_judged - timedelta(weeks=policy.episode_gap)
    episodes["peak_level"] = [LEVELS[rank] for rank in episodes["peak"]]
    episodes["status"] = np.where(still, "open", "closed")
    return episodes.sort_values(["first_week", "region_id"]).reset_index(drop=True)[list(EPISODE_COLUMNS)]

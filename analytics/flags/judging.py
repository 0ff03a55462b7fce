"""From model results to flags and episodes under one written policy.

A stream (region x measure) of one week is flagged when its q-value, Benjamini-Hochberg over all judged streams of
that week, is small enough *and* the effect is large enough. `Policy` is the whole of it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.flags.episodes import follow
from analytics.flags.evidence import with_evidence
from analytics.flags.policy import LEVELS, Policy
from analytics.flags.priority import PARTS, with_priority
from analytics.flags.words import describe
from analytics.models.base import SpikeResult
from analytics.weeks import as_date

FLAG_COLUMNS = (
    "week", "region_id", "region", "measure", "level", "kinds", "p_value", "q_value", "observed", "expected", "upper",
    "p_spike", "p_ramp", "onset", "onset_edge", "ramp_growth", "excess", "ratio", "growth", "growth_low", "growth_high", "p_growing",
    "killed", "wounded", "record_since", "judged_by", "episode_id", "episode_week", "priority", *PARTS, "reason",
)  # fmt: skip

SHOWN = 20
"""Flags that a notebook shows; the judgement has them all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """All judged streams with their q-values, the flags among them, and their episodes."""

    policy: Policy
    streams: pd.DataFrame
    """One row per region-week: the columns of `flags.evidence.with_evidence`."""
    flags: pd.DataFrame
    """One row per flag, FLAG_COLUMNS, ordered by week, then by level, highest first, then by priority."""
    episodes: pd.DataFrame
    """One row per episode, EPISODE_COLUMNS, ordered by first week."""
    events: pd.DataFrame
    """One row per thing that happened to an episode, EVENT_COLUMNS, ordered by week."""

    def _repr_html_(self) -> str:
        """What a notebook shows: the latest flags, at most SHOWN, with their reasons as text, and how many there are."""
        latest = self.flags.sort_values("week", ascending=False, kind="stable").head(SHOWN)
        with pd.option_context("display.max_colwidth", None):
            table = latest[["week", "region", "measure", "level", "reason"]].to_html(index=False, border=0)
        first = f"the latest {SHOWN} of " if len(self.flags) > SHOWN else ""
        return f"{table}<p>{first}{len(self.flags):,} flags in {len(self.episodes):,} episodes</p>"


def judge(
    spikes: SpikeResult,
    policy: Policy | None = None,
    *,
    ramps: SpikeResult | None = None,
    growth: pd.DataFrame | None = None,
    casualties: pd.DataFrame | None = None,
) -> Judgement:
    """Flags and episodes of *spikes*, and of *ramps* in the same weeks where they are given, under *policy*.

    *growth*: week, region_id, growth, growth_low, growth_high, p_growing (fractions per week up to that week).
    *casualties*: week, region_id, killed, wounded. Both add words and numbers to a flag, never a level.
    """
    policy = policy or Policy()
    streams, flags = raised(spikes, policy, ramps=ramps)
    for extra in (growth, casualties):
        if extra is not None and len(flags):
            flags = flags.merge(extra, on=["week", "region_id"], how="left")
    flags = flags.reindex(columns=[*dict.fromkeys([*flags.columns, *FLAG_COLUMNS])])
    flags, episodes, events = follow(describe(flags, spikes, policy), streams, policy, where=spikes.panel.where)
    flags = with_priority(flags, policy)
    flags = flags.assign(rank=flags["level"].map(LEVELS.index)).sort_values(
        ["week", "rank", "priority", "excess", "region_id"], ascending=[True, False, False, False, True]
    )
    return Judgement(
        policy=policy,
        streams=streams,
        flags=flags[list(FLAG_COLUMNS)].reset_index(drop=True),
        episodes=episodes,
        events=events,
    )


def raised(
    spikes: SpikeResult, policy: Policy, *, ramps: SpikeResult | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All streams of *spikes* and *ramps*, `with_evidence`, and those of them that are flagged, with excess, ratio and level."""
    streams = with_evidence(spikes, ramps, policy)
    flags = streams.assign(
        excess=streams["observed"] - streams["expected"],
        ratio=streams["observed"] / streams["expected"].clip(lower=1e-12),
        **recent(spikes, policy),
    )
    flags["level"] = levels(flags, policy)
    return streams, flags[flags["level"] != ""]


def recent(spikes: SpikeResult, policy: Policy) -> dict[str, NDArray[np.float64]]:
    """Of each region-week, as columns of `SpikeResult.frame`, what the floors are asked of.

    recent: incidents of the known among the `floor_weeks` weeks up to it; recent_expected: its expected times how many
    these are.
    """
    panel, weeks = spikes.panel, policy.floor_weeks
    total, known = trailing(panel.values, weeks)
    start = panel.index_of(as_date(spikes.weeks[0]))
    judged = slice(start, start + len(spikes.weeks))
    return {"recent": total[judged].ravel(), "recent_expected": (known[judged] * spikes.expected).ravel()}


def trailing(values: NDArray[np.float64], weeks: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(sum, number) of the known among the *weeks* counts up to each week, each (T, R) as *values*; NaN is unknown."""
    known = ~np.isnan(values)
    counts = np.where(known, values, 0.0)
    total, number = np.zeros(values.shape), np.zeros(values.shape, dtype=np.int64)
    for lag in range(min(weeks, len(values))):
        total[lag:] += counts[: len(values) - lag]
        number[lag:] += known[: len(values) - lag]
    return total, number


def levels(streams: pd.DataFrame, policy: Policy) -> NDArray[np.object_]:
    """Level of each stream ("" for none): the highest whose q-value and floors are all met; columns of `raised`."""
    found = np.full(len(streams), "", dtype=object)
    for level in LEVELS:
        met = large_enough(streams, policy, level) & (streams["q_value"] <= getattr(policy, f"{level}_q"))
        found[met.to_numpy()] = level
    return found


def large_enough(streams: pd.DataFrame, policy: Policy, level: str) -> "pd.Series[bool]":
    """Whether each stream meets the effect-size floors of *level*, by recent and recent_expected."""
    observed, expected = streams["recent"], streams["recent_expected"]
    return (
        (observed >= policy.min_observed)
        & (observed / expected.clip(lower=1e-12) >= getattr(policy, f"{level}_ratio"))
        & (observed - expected >= getattr(policy, f"{level}_excess"))
    )

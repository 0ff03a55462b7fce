"""What becomes of flags over weeks: episodes are opened, escalated, continued, closed and reopened.

The rules, for the flags of one stream (region x measure) in order of weeks:

| a flag comes | it |
|---|---|
| first, or after the cool-down | opens an episode |
| after at most `episode_gap` weeks without a flag | continues the episode; escalates it if higher than any flag of it before |
| later, but within `cooldown_weeks` of the episode's end | reopens it; if higher than its peak, it opens another |

An episode ends with the first week that its gap does not bridge. Reopened weeks are the episode's weeks as any other.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.flags.policy import LEVELS, Policy

EPISODE_COLUMNS = (
    "episode_id", "region_id", "region", "measure", "first_week", "last_week", "weeks", "level", "peak_level", "observed",
    "excess", "status", "closed_week", "reopened",
)  # fmt: skip
EVENT_COLUMNS = ("episode_id", "region_id", "region", "measure", "week", "what", "level")

_FLAGGED = ("opened", "reopened", "escalated", "continued")


class Event(NamedTuple):
    """What happened to the *episode* (a number from 0) in the week of this number; *rank* is the level's, -1 for none."""

    episode: int
    week: int
    what: str
    rank: int


def history(weeks: Sequence[int], ranks: Sequence[int], last: int, *, gap: int, cooldown: int) -> list[Event]:
    """What happens to the episodes of one stream, flagged in *weeks* (numbers, rising) with *ranks*, judged until *last*."""
    events: list[Event] = []
    episode, peak, seen = -1, -1, 0
    for week, rank in zip(weeks, ranks, strict=True):
        quiet = week - seen - 1
        if episode >= 0 and quiet <= gap:
            what = "escalated" if rank > peak else "continued"
        else:
            if episode >= 0:
                events.append(Event(episode, seen + gap + 1, "closed", -1))
            again = episode >= 0 and quiet <= gap + cooldown and rank <= peak
            what = "reopened" if again else "opened"
        if what == "opened":
            episode, peak = episode + 1, -1
        events.append(Event(episode, week, what, rank))
        peak, seen = max(peak, rank), week
    if episode >= 0 and last > seen + gap:
        events.append(Event(episode, seen + gap + 1, "closed", -1))
    return events


def follow(
    flags: pd.DataFrame, last: date, policy: Policy, *, where: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The flags with episode_id and episode_week, their episodes, and what happened to these; judged until *last*.

    An episode's id is region/measure/first week; the measure of a filtered panel bears a mark of the filter *where*.
    """
    if flags.empty:
        empty = flags.assign(episode_id=None, episode_week=None)
        return empty, pd.DataFrame(columns=list(EPISODE_COLUMNS)), pd.DataFrame(columns=list(EVENT_COLUMNS))
    mark = f"~{hashlib.sha256(where.encode()).hexdigest()[:6]}" if where else ""
    flags = flags.sort_values(["region_id", "measure", "week"])
    streams = flags.groupby(["region_id", "measure"], sort=False)
    events = pd.concat([_events(group, last, policy, mark) for _, group in streams], ignore_index=True)
    flagged = events[events["what"].isin(_FLAGGED)]
    ids = flagged["episode_id"].to_numpy()
    first = flagged.groupby("episode_id")["week"].transform("min").to_numpy()
    flags = flags.assign(episode_id=ids, episode_week=(flags["week"].to_numpy() - first) // np.timedelta64(7, "D") + 1)
    events = events.sort_values(["week", "region_id", "measure"], kind="stable").reset_index(drop=True)
    return flags, _episodes(flags, events, last, policy), events


def opening(flags: pd.DataFrame, policy: Policy) -> NDArray[np.bool_]:
    """Whether each of *flags* (week, region_id, measure, level) opens an episode; shape (flags,), in their order."""
    numbers = flags["week"].to_numpy().astype("datetime64[D]").astype(np.int64) // 7
    ranks = flags["level"].map(LEVELS.index).to_numpy()
    opens = np.zeros(len(flags), dtype=bool)
    for rows in flags.groupby(["region_id", "measure"]).indices.values():
        ordered = rows[np.argsort(numbers[rows])]
        weeks = numbers[ordered].tolist()
        found = history(
            weeks, ranks[ordered].tolist(), weeks[-1], gap=policy.episode_gap, cooldown=policy.cooldown_weeks
        )
        opens[ordered] = np.isin(weeks, [event.week for event in found if event.what == "opened"])
    return opens


def _events(flags: pd.DataFrame, last: date, policy: Policy, mark: str) -> pd.DataFrame:
    """Events of one stream's flags, in order."""
    day = flags["week"].iloc[0]
    numbers = ((flags["week"] - day).dt.days // 7).tolist()
    end = (pd.Timestamp(last) - day).days // 7
    ranks = flags["level"].map(LEVELS.index).tolist()
    found = history(numbers, ranks, end, gap=policy.episode_gap, cooldown=policy.cooldown_weeks)
    opened = {event.episode: day + timedelta(weeks=event.week) for event in found if event.what == "opened"}
    row = flags.iloc[0]
    stream = f"{row['region_id']}/{row['measure']}{mark}/"
    return pd.DataFrame(
        {
            "episode_id": [f"{stream}{opened[event.episode]:%Y-%m-%d}" for event in found],
            "region_id": row["region_id"],
            "region": row["region"],
            "measure": row["measure"],
            "week": [day + timedelta(weeks=event.week) for event in found],
            "what": [event.what for event in found],
            "level": ["" if event.rank < 0 else LEVELS[event.rank] for event in found],
        }
    )


def _episodes(flags: pd.DataFrame, events: pd.DataFrame, last: date, policy: Policy) -> pd.DataFrame:
    ranked = flags.assign(rank=flags["level"].map(LEVELS.index)).sort_values("week")
    episodes = ranked.groupby("episode_id", sort=False).agg(
        region_id=("region_id", "first"),
        region=("region", "first"),
        measure=("measure", "first"),
        first_week=("week", "min"),
        last_week=("week", "max"),
        weeks=("week", "size"),
        level=("level", "last"),
        peak=("rank", "max"),
        observed=("observed", "sum"),
        excess=("excess", "sum"),
    )
    episodes["peak_level"] = [LEVELS[rank] for rank in episodes["peak"]]
    over = episodes["last_week"] + timedelta(weeks=policy.episode_gap + 1)
    episodes["status"] = np.where(over > pd.Timestamp(last), "open", "closed")
    episodes["closed_week"] = over.where(episodes["status"] == "closed")
    again = events[events["what"] == "reopened"].groupby("episode_id").size()
    episodes["reopened"] = again.reindex(episodes.index).fillna(0).astype(int)
    episodes = episodes.reset_index().sort_values(["first_week", "region_id", "measure"])
    return episodes.reset_index(drop=True)[list(EPISODE_COLUMNS)]


def settled(flags: pd.DataFrame, start: date, first: date, policy: Policy) -> bool:
    """Whether weeks before *start*, the first that was judged, cannot change the episodes of the weeks from *first* on.

    A flag depends on an earlier one of its stream at most episode_gap + cooldown_weeks + 1 weeks before it. Going back
    from the first flag of a stream at or after *first*, from flag to flag as long as they are that close, the earliest
    must have all the weeks judged that it could depend on.
    """
    reach = pd.Timedelta(weeks=policy.episode_gap + policy.cooldown_weeks + 1)
    for _, group in flags.groupby(["region_id", "measure"]):
        weeks = group["week"].sort_values()
        if weeks.iloc[-1] < pd.Timestamp(first):
            continue
        linked = weeks.diff() <= reach
        starts = weeks[~linked & (weeks <= weeks[weeks >= pd.Timestamp(first)].iloc[0])]
        if starts.iloc[-1] - reach < pd.Timestamp(start):
            return False
    return True

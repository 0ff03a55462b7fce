"""What becomes of flags over weeks: episodes are opened, escalated, continued, closed and reopened.

The rules, for the flags of one stream (region x measure) in order of its judged weeks:

| a flag comes | it |
|---|---|
| first, or after the cool-down | opens an episode |
| after at most `episode_gap` judged weeks without a flag | continues the episode; escalates it if higher than any flag of it before |
| later, but within `cooldown_weeks` judged weeks of the episode's end | reopens it; if higher than its peak, it opens another |

An episode ends with the first judged week that its gap does not bridge. Reopened weeks are the episode's weeks as any other.

A week that could not be judged (unknown, a silent feed, too little history) says nothing: it is no quiet week, and the
clocks of gap and cool-down count judged weeks only. So an open episode stays open however long its region is not judged,
with the week since when; its end and its cool-down begin when judging resumes. Taking weeks that were not judged out of a
stream, or putting them in, changes what happens to no flag.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.flags.policy import LEVELS, Policy

EPISODE_COLUMNS = (
    "episode_id", "region_id", "region", "measure", "first_week", "last_week", "weeks", "level", "peak_level", "observed",
    "excess", "status", "closed_week", "reopened", "not_judged_since",
)  # fmt: skip
EVENT_COLUMNS = ("episode_id", "region_id", "region", "measure", "week", "what", "level")

_FLAGGED = ("opened", "reopened", "escalated", "continued")
_STREAM = ["region_id", "measure"]
_WEEK = pd.Timedelta(weeks=1)


class Event(NamedTuple):
    """What happened to the *episode* (a number from 0) in the judged week of this number; *rank* is the level's, -1 for none."""

    episode: int
    week: int
    what: str
    rank: int


def history(weeks: Sequence[int], ranks: Sequence[int], last: int, *, gap: int, cooldown: int) -> list[Event]:
    """What happens to the episodes of one stream, flagged in *weeks* with *ranks*.

    Weeks are numbers of judged weeks, rising; *last* is that of the last judged one.
    """
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
    flags: pd.DataFrame, streams: pd.DataFrame, policy: Policy, *, where: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The flags with episode_id and episode_week, their episodes, and what happened to these.

    *streams*: every region-week of the same weeks (week, region_id, measure, status; "judged" or not). An episode's id is
    region/measure/first week; the measure of a filtered panel bears a mark of the filter *where*. `not_judged_since` of an
    open episode is the first week since which none of its stream was judged; missing where the last week was.
    """
    if flags.empty:
        empty = flags.assign(episode_id=None, episode_week=None)
        return empty, pd.DataFrame(columns=list(EPISODE_COLUMNS)), pd.DataFrame(columns=list(EVENT_COLUMNS))
    mark = f"~{hashlib.sha256(where.encode()).hexdigest()[:6]}" if where else ""
    flags = flags.sort_values([*_STREAM, "week"])
    judged = _judged_weeks(flags, streams)
    groups = flags.groupby(_STREAM, sort=False)
    events = pd.concat([_events(group, judged[stream], policy, mark) for stream, group in groups], ignore_index=True)
    flagged = events[events["what"].isin(_FLAGGED)]
    ids = flagged["episode_id"].to_numpy()
    first = flagged.groupby("episode_id")["week"].transform("min").to_numpy()
    flags = flags.assign(episode_id=ids, episode_week=(flags["week"].to_numpy() - first) // np.timedelta64(7, "D") + 1)
    events = events.sort_values(["week", *_STREAM], kind="stable").reset_index(drop=True)
    since = {stream: weeks[-1] + _WEEK for stream, weeks in judged.items() if weeks[-1] < streams["week"].max()}
    return flags, _episodes(flags, events, since), events


def opening(flags: pd.DataFrame, streams: pd.DataFrame, policy: Policy) -> NDArray[np.bool_]:
    """Whether each of *flags* (week, region_id, measure, level) opens an episode; shape (flags,), in their order.

    *streams* as in `follow`.
    """
    judged = _judged_weeks(flags, streams)
    weeks = pd.DatetimeIndex(flags["week"])
    ranks = flags["level"].map(LEVELS.index).to_numpy()
    opens = np.zeros(len(flags), dtype=bool)
    for stream, rows in flags.groupby(_STREAM).indices.items():
        ordered = rows[np.argsort(weeks[rows])]
        numbers = judged[stream].searchsorted(weeks[ordered])
        found = _history(numbers, ranks[ordered], numbers[-1], policy)
        opens[ordered] = np.isin(numbers, [event.week for event in found if event.what == "opened"])
    return opens


def open_in(episodes: pd.DataFrame, first: date) -> pd.Series:
    """Which of *episodes* are open in the week *first* or later, flagged or not."""
    closed = pd.to_datetime(episodes["closed_week"])
    return closed.isna() | (closed > pd.Timestamp(first))


def _judged_weeks(flags: pd.DataFrame, streams: pd.DataFrame) -> dict[Any, pd.DatetimeIndex]:
    """The judged weeks of each stream that has any, in order; a flagged week is one."""
    judged = streams.loc[streams["status"] == "judged", [*_STREAM, "week"]]
    every = pd.concat([judged, flags[[*_STREAM, "week"]]]).drop_duplicates().sort_values("week")
    return {stream: pd.DatetimeIndex(weeks) for stream, weeks in every.groupby(_STREAM)["week"]}


def _history(weeks: NDArray[Any], ranks: NDArray[Any], last: int, policy: Policy) -> list[Event]:
    """`history` under *policy*."""
    return history(weeks.tolist(), ranks.tolist(), last, gap=policy.episode_gap, cooldown=policy.cooldown_weeks)


def _events(flags: pd.DataFrame, judged: pd.DatetimeIndex, policy: Policy, mark: str) -> pd.DataFrame:
    """Events of one stream's flags, in order."""
    numbers = judged.searchsorted(pd.DatetimeIndex(flags["week"]))
    found = _history(numbers, flags["level"].map(LEVELS.index).to_numpy(), len(judged) - 1, policy)
    opened = {event.episode: judged[event.week] for event in found if event.what == "opened"}
    row = flags.iloc[0]
    stream = f"{row['region_id']}/{row['measure']}{mark}/"
    return pd.DataFrame(
        {
            "episode_id": [f"{stream}{opened[event.episode]:%Y-%m-%d}" for event in found],
            "region_id": row["region_id"],
            "region": row["region"],
            "measure": row["measure"],
            "week": [judged[event.week] for event in found],
            "what": [event.what for event in found],
            "level": ["" if event.rank < 0 else LEVELS[event.rank] for event in found],
        }
    )


def _episodes(flags: pd.DataFrame, events: pd.DataFrame, since: dict[Any, pd.Timestamp]) -> pd.DataFrame:
    """The episodes; *since* is the first week since which a stream was not judged, of those that it holds for."""
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
    over = events[events["what"] == "closed"].groupby("episode_id")["week"].max().reindex(episodes.index)
    episodes["closed_week"] = over.where(over > episodes["last_week"])
    is_open = episodes["closed_week"].isna()
    episodes["status"] = np.where(is_open, "open", "closed")
    streams = zip(episodes["region_id"], episodes["measure"], strict=True)
    unjudged = pd.Series([since.get(stream, pd.NaT) for stream in streams], index=episodes.index, dtype="datetime64[s]")
    episodes["not_judged_since"] = unjudged.where(is_open)
    again = events[events["what"] == "reopened"].groupby("episode_id").size()
    episodes["reopened"] = again.reindex(episodes.index).fillna(0).astype(int)
    episodes = episodes.reset_index().sort_values(["first_week", "region_id", "measure"])
    return episodes.reset_index(drop=True)[list(EPISODE_COLUMNS)]


def settled(flags: pd.DataFrame, streams: pd.DataFrame, first: date, policy: Policy, earlier: Collection[str]) -> bool:
    """Whether weeks before those of *streams* cannot change the episodes that are open in the weeks from *first* on.

    *earlier* are the ids of the regions that such weeks could flag at all; the others are settled. A flag depends on an
    earlier one of its stream at most episode_gap + cooldown_weeks + 1 judged weeks before it. Going back from the first
    flag of a stream that is shown (at most episode_gap + 1 judged weeks before *first*, or later), from flag to flag as
    long as they are that close, the earliest must have as many judged weeks before it. Where no flag is shown, there must
    be so many judged weeks before *first* that an episode from before them would have ended.
    """
    reach = policy.episode_gap + policy.cooldown_weeks + 1
    judged = _judged_weeks(flags, streams)
    flagged = {stream: pd.DatetimeIndex(weeks) for stream, weeks in flags.groupby(_STREAM)["week"]}
    for stream in streams[_STREAM].drop_duplicates().itertuples(index=False, name=None):
        weeks = judged.get(stream, pd.DatetimeIndex([]))
        numbers = np.sort(weeks.searchsorted(flagged.get(stream, pd.DatetimeIndex([]))))
        shown = weeks.searchsorted(pd.Timestamp(first)) - policy.episode_gap - 1
        if stream[0] in earlier and not _reaches_back(numbers, shown, reach):
            return False
    return True


def _reaches_back(flagged: NDArray[np.int64], shown: int, reach: int) -> bool:
    """Whether the beginning of what is shown of one stream, flagged in these judged weeks, follows from these alone."""
    if not (flagged >= shown).any():
        return shown >= 0
    begins = flagged[np.diff(flagged, prepend=-1 - reach) > reach]
    first = flagged[flagged >= shown][0]
    return bool(begins[begins <= first][-1] >= reach)

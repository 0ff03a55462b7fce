"""Which episode of earlier runs an episode is, so that it keeps its name when records are revised.

A run alone names an episode after its first week. When records are revised, that week can move; the episode is still
the one that earlier runs had, as far as they share weeks. The names are a function of the runs in their order.
"""

import pandas as pd


def lasting_ids(episodes: pd.DataFrame, known: pd.DataFrame) -> dict[str, str]:
    """The lasting id of each of a run's *episodes* by its own: episode_id, first_week, last_week.

    *known* has the episodes of all earlier runs, once each and the longest known first: episode_id (lasting),
    first_week and last_week (of all runs that had it). An episode takes the name that it would have alone if that is
    known; else of the known ones of its stream with which it shares weeks, and which none of this run has, the longest
    known; else it keeps its own. So no two of a run are the same.
    """
    names = dict.fromkeys(known["episode_id"])
    own = episodes.sort_values(["first_week", "episode_id"])
    result = {episode_id: episode_id for episode_id in own["episode_id"] if episode_id in names}
    taken = set(result.values())
    streams = dict(iter(known.assign(stream=known["episode_id"].str[:-10]).groupby("stream", sort=False)))
    for row in own.itertuples():
        if row.episode_id in result:
            continue
        stream = streams.get(row.episode_id[:-10])
        shared = [] if stream is None else _sharing(row, stream)
        result[row.episode_id] = next((name for name in shared if name not in taken), row.episode_id)
        taken.add(result[row.episode_id])
    return result


def _sharing(row: object, stream: pd.DataFrame) -> list[str]:
    """Ids in *stream* of those that share weeks with *row*, in order."""
    shares = (stream["first_week"] <= row.last_week) & (stream["last_week"] >= row.first_week)  # type: ignore[attr-defined]
    found: list[str] = stream.loc[shares, "episode_id"].tolist()
    return found

"""What the log knows of a judgement's episodes: the names they keep, which are muted, and what analysts said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.flags import Judgement, lasting_ids
from analytics.panel import Panel
from analytics.store import Store, known_episodes, mutes, notes

_MUTE = ("region_id", "measure", "starts_on", "until", "reason", "author", "noted_at")
_NOTE = ("flag_id", "week", "what", "text", "author", "noted_at")


@dataclass(frozen=True, kw_only=True, eq=False)
class EpisodeLog:
    """Names of episodes by those of one judgement alone, and all mutes and notes as the store has them."""

    names: Mapping[str, str] = field(default_factory=dict)
    mutes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_MUTE)))
    notes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_NOTE)))

    def of_flags(self, flags: pd.DataFrame) -> pd.DataFrame:
        """The flags with flag_id, lasting episode_id, muted (why and until when, "" if not) and remarks (text)."""
        rows = list(flags.itertuples())
        ids = [f"{row.episode_id[:-10]}{row.week:%Y-%m-%d}" for row in rows]
        said = {name: _remarks(group) for name, group in self.notes.groupby("flag_id")}
        return flags.assign(
            flag_id=pd.Series(ids, index=flags.index, dtype=object),
            episode_id=flags["episode_id"].map(lambda name: self.names.get(name, name)).astype(object),
            muted=_texts(flags, [self._muted(row, row.week, row.week) for row in rows]),
            remarks=_texts(flags, [said.get(name, "") for name in ids]),
        )

    def of_episodes(self, episodes: pd.DataFrame) -> pd.DataFrame:
        """The episodes with lasting episode_id, muted (of its latest flag), verdict and remarks (of any of its weeks)."""
        rows = list(episodes.itertuples())
        said = [self._said(row) for row in rows]
        verdicts = [group[group["what"] != "commented"]["what"].tolist() for group in said]
        return episodes.assign(
            episode_id=episodes["episode_id"].map(lambda name: self.names.get(name, name)).astype(object),
            muted=_texts(episodes, [self._muted(row, row.last_week, row.last_week) for row in rows]),
            verdict=_texts(episodes, [words[-1] if words else "" for words in verdicts]),
            remarks=_texts(episodes, [_remarks(group) for group in said]),
        )

    def _said(self, episode: Any) -> pd.DataFrame:
        """Notes on an episode's weeks, oldest first."""
        stream = self.notes["flag_id"].str[:-10] == episode.episode_id[:-10]
        return self.notes[stream & self.notes["week"].between(episode.first_week, episode.last_week)]

    def _muted(self, row: Any, first: pd.Timestamp, last: pd.Timestamp) -> str:
        """The mute that is in force for a region and measure in the weeks from *first* to *last*, in words; "" if none."""
        mute = self.mutes
        found = mute[
            (mute["region_id"] == row.region_id)
            & mute["measure"].isin(["", row.measure])
            & (mute["starts_on"] <= last + timedelta(days=6))
            & (mute["until"] >= first)
        ]
        return "; ".join(f"until {numbers.day(one.until)}: {one.reason}" for one in found.itertuples())


def read_log(store: Store, panel: Panel, judgement: Judgement, regions: tuple[str, ...] = ()) -> EpisodeLog:
    """What the log of *store* has for the episodes of a judgement of *panel*.

    Names follow from the recorded runs that come before this one in their order. Notes and mutes are all there are,
    whatever the knowledge time: they are about flags, not about what was known of incidents, and bear their own dates.
    """
    known = known_episodes(store, series(panel, regions))
    return EpisodeLog(names=lasting_ids(judgement.episodes, known), mutes=mutes(store), notes=notes(store))


def series(panel: Panel, regions: tuple[str, ...] = ()) -> dict[str, Any]:
    """The run of which *panel* is the data: what tells its series from others, and its place in it; *regions* as asked for."""
    return {
        "region_level": panel.level,
        "measure": panel.measure,
        "filter": panel.where,
        "regions": ",".join(panel.region_ids) if regions else "",
        "to": panel.to,
        "as_of": panel.as_of,
    }


def _remarks(notes: pd.DataFrame) -> str:
    """Notes in words: what, when, by whom, and their text."""
    return "; ".join(_remark(row) for row in notes.itertuples())


def _remark(note: Any) -> str:
    when: datetime = note.noted_at
    by = f" by {note.author}" if note.author else ""
    text = f": {note.text}" if note.text else ""
    return f"{note.what} {numbers.day(when)}{by}{text}"


def _texts(frame: pd.DataFrame, texts: list[str]) -> pd.Series:
    return pd.Series(texts, index=frame.index, dtype=object)

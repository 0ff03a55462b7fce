"""What changed since the last report: episodes, figures that moved, and the records behind them, as tables of the page."""

from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.report import cells
from analytics.report.cells import Cell, Column, Row, Table

EPISODES = (
    "change", "region_id", "region", "measure", "level_before", "level_now", "first_week", "last_week", "weeks",
    "closed_week", "not_judged_since", "episode_id", "note", "muted", "remarks",
)  # fmt: skip
"""change: new, escalated, reopened, continuing, not judged (open), closed, withdrawn or revised; levels are the highest so far."""
PARTS = ("before", "added", "revised", "other", "now")
FIGURES = (
    "week", "region_id", "region", *(f"incidents_{part}" for part in PARTS), *(f"killed_{part}" for part in PARTS),
)  # fmt: skip
"""Region-weeks that moved: before + added + revised + other = now, an unknown figure counting as 0."""
RECORDS = (
    "change", "incident_id", "source", "source_id", "day_before", "day_now", "region_before", "region_now",
    "killed_before", "killed_now", "changes", "location", "source_name", "source_url",
)  # fmt: skip
"""change: added, revised or retracted; what was not counted then, or is not now, is missing."""
SETTINGS = ("setting", "before", "now")

SHOWN = 12
"""Records that stand in the open, those with the most moved first; all are in the table below them."""
LISTED = 2000
"""Records in the page; where there are more, it says so, and the SQL lists them all."""


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """What changed from one report to the next; frames are copied at the door, and have the columns named above.

    Without an earlier report (*since* is ""), the sentence says so. Raises OptionError for a missing column.
    """

    sentence: str
    """What is read aloud, made from the frames."""
    since: str = ""
    """The report that it is compared with, in words."""
    episodes: pd.DataFrame = field(default_factory=lambda: _empty(EPISODES))
    figures: pd.DataFrame = field(default_factory=lambda: _empty(FIGURES))
    records: pd.DataFrame = field(default_factory=lambda: _empty(RECORDS))
    """Records that moved a figure of the weeks that both reports cover."""
    unmoving: int = 0
    """Records that changed and moved no figure."""
    settings: pd.DataFrame = field(default_factory=lambda: _empty(SETTINGS))
    """Settings and versions that differ, so that not all that changed need be the world's doing."""
    caveats: tuple[str, ...] = ()
    sql: str = ""
    """Query that lists the records that changed."""

    def __post_init__(self) -> None:
        columns = {"episodes": EPISODES, "figures": FIGURES, "records": RECORDS, "settings": SETTINGS}
        for name in (one.name for one in fields(self) if one.name in columns):
            frame = getattr(self, name)
            if missing := [column for column in columns[name] if column not in frame.columns]:
                raise OptionError(f"changes: {name} has no column {', '.join(missing)}")
            object.__setattr__(self, name, frame[list(columns[name])].reset_index(drop=True).copy())


def change_tables(changes: Changes | None) -> dict[str, Table | None]:
    """The tables of the section by name, None where there is nothing to show."""
    if changes is None or not changes.since:
        return dict.fromkeys(("episodes", "totals", "figures", "largest", "records", "settings"))
    records = changes.records
    return {
        "episodes": _some("changed-episodes", f"Episodes since {changes.since}", changes.episodes, _EPISODES, head=1),
        "totals": _some("changed-totals", "Figures that moved, by region", by_region(changes.figures), _TOTALS),
        "figures": _some("changed-figures", "Figures that moved, by week and region", changes.figures, _FIGURES),
        "largest": _some("changed-largest", _largest_caption(len(records)), records.head(SHOWN), _RECORDS, head=1),
        "records": _some("changed-records", "All records that moved a figure", records[:LISTED], _RECORDS, head=1)
        if len(records) > SHOWN
        else None,
        "settings": _some("changed-settings", "Settings that differ", changes.settings, _SETTINGS),
    }


def by_region(figures: pd.DataFrame) -> pd.DataFrame:
    """What was added, revised and otherwise moved by region; of several, the sum in the last row; columns as `FIGURES`."""
    moved = [name for name in FIGURES if name.rpartition("_")[2] in ("added", "revised", "other")]
    sums = figures.groupby(["region_id", "region"], sort=True)[moved].sum().reset_index()
    whole = pd.DataFrame([{"region_id": "", "region": "All together", **sums[moved].sum()}])
    return pd.concat([sums, whole], ignore_index=True) if len(sums) > 1 else sums


def _largest_caption(count: int) -> str:
    words = f"the {SHOWN} that moved most of {count:,}" if count > SHOWN else "all of them"
    return f"Records that moved a figure: {words}"


def _some(name: str, caption: str, frame: pd.DataFrame, columns: tuple[Column, ...], head: int = 0) -> Table | None:
    """A table, None where the frame has no rows."""
    return cells.table(name, caption, frame, columns, head=head) if len(frame) else None


def _arrow(before: str, now: str, show: Any) -> Any:
    """What makes a cell of two values: the one there is, or both where they differ."""

    def make(row: Row) -> Cell:
        old, new = (numbers.MISSING if numbers.is_missing(row[key]) else show(row[key]) for key in (before, now))
        return Cell(text=new if old == new else f"{old} → {new}", kind="direction")

    return make


def _both(measure: str, part: str, heading: str) -> Column:
    return cells.figure(f"{measure}_{part}", heading, numbers.amount if part in ("before", "now") else numbers.change)


def _levels(row: Row) -> Cell:
    """The highest level now, and below it that of the last report where it was another."""
    now, before = row["level_now"], row["level_before"]
    if numbers.is_missing(now):
        return Cell(text=str(before), kind="level", note="then")
    note = "" if numbers.is_missing(before) or before == now else f"{before} then"
    return Cell(text=str(now), kind="level", note=note)


def _remarks(row: Row) -> Cell:
    """What is to be said of an episode: what happened, whether it is muted, what analysts said."""
    muted = f"muted {row['muted']}" if row["muted"] else ""
    since = row["not_judged_since"]
    waits = "" if numbers.is_missing(since) else f"stays open, not judged since {numbers.day(since)}"
    said = [part for part in (row["note"], waits, muted, row["remarks"]) if part]
    return Cell(text="; ".join(said) or numbers.MISSING)


_EPISODES = (
    cells.words("change", "Change"),
    cells.words("region", "Region", note="measure"),
    Column(heading="Highest level", make=_levels),
    cells.dated("first_week", "First week"),
    cells.dated("last_week", "Last week"),
    cells.figure("weeks", "Weeks"),
    cells.dated("closed_week", "Closed"),
    Column(heading="Remarks", make=_remarks, wide=True),
    cells.words("episode_id", "Episode"),
)
_FIGURES = (
    cells.dated("week", "Week"),
    cells.words("region", "Region"),
    *(
        _both(measure, part, f"{measure.capitalize()} {words}")
        for measure in ("incidents", "killed")
        for part, words in (
            ("before", "then"),
            ("revised", "by revision"),
            ("added", "added later"),
            ("other", "by coverage"),
            ("now", "now"),
        )
    ),
)
_TOTALS = tuple(
    column
    for column in _FIGURES
    if column.heading == "Region" or column.heading.endswith(("by revision", "added later", "by coverage"))
)
_RECORDS = (
    cells.words("change", "Change"),
    Column(heading="Record", make=lambda row: _record(row)),
    Column(heading="Day", make=_arrow("day_before", "day_now", numbers.day)),
    Column(heading="Region", make=_arrow("region_before", "region_now", str)),
    Column(heading="Killed", make=_arrow("killed_before", "killed_now", numbers.amount), numeric=True),
    cells.words("changes", "Fields that changed", wide=True),
    cells.source(),
)
_SETTINGS = tuple(cells.words(name, name.capitalize()) for name in SETTINGS)


def _record(row: Row) -> Cell:
    place = "" if numbers.is_missing(row["location"]) else str(row["location"])
    return Cell(text=str(row["incident_id"]), note=place)

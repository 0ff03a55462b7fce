"""Figures that moved between two knowledge times: which region-weeks, by how much, and because of which records."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from analytics.pipeline.analysis import sums
from analytics.report.changes import FIGURES, PARTS, RECORDS
from analytics.settings import Settings
from analytics.store import Store, coverage_moved, incident_changes
from analytics.weeks import week_of, weekday_number

MEASURES = ("incidents", "killed")
MOVING = {"occurred_on", "occurred_until", "date_precision", "country", "admin1", "admin2", "killed", "retracted"}
"""Fields by which a record moves figures; a filter's own are added to them."""
SIDES = {"then": "before", "now": "now"}
"""The two knowledge times of a record's cells, and how its columns name them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """What moved between two knowledge times, in all rows of the weekly table or in some of its regions."""

    figures: pd.DataFrame
    """The region-weeks that moved, as `FIGURES`."""
    changed: tuple[dict[str, Any], ...]
    """Each record that changed, with what it made *then* and makes *now*: (week, region id) -> (incidents, killed)."""
    names: Mapping[str, str]
    """Names of regions by id."""
    where: str
    """The filter in force."""

    @cached_property
    def records(self) -> pd.DataFrame:
        """The records that moved a figure, as `RECORDS`."""
        return _listed([row for row in self.changed if row["then"] != row["now"]], self.names, self.where)

    @property
    def unmoving(self) -> int:
        """How many records changed and moved no figure."""
        return len(self.changed) - len(self.records)

    def of_regions(self, regions: Collection[str]) -> "Moved":
        """What moved in *regions*: their figures, and the records that count in one of them, then or now.

        A record that left a region for another is in both, in each as far as it counts there. So the figures of
        several regions together are those of all, and what records add and revise sums to the same.
        """
        mine = (
            {**row, **{when: {cell: made for cell, made in row[when].items() if cell[1] in regions} for when in SIDES}}
            for row in self.changed
        )
        return replace(
            self,
            figures=self.figures[self.figures["region_id"].isin(regions)].reset_index(drop=True),
            changed=tuple(row for row in mine if row["then"] or row["now"]),
        )


def moved(
    store: Store,
    settings: Settings,
    *,
    since: datetime | None,
    now: datetime | None,
    last: date,
) -> Moved:
    """What moved in the weeks until that of *last*, from what was known at *since* to what is known *now*.

    For each region-week and measure, before + added + revised + other = now. *revised* is what the records that were
    known at *since* make now, less what they made then; *added* is what those make that became known later: both
    follow from the records one by one. *before* and *now* are those of `weekly`, and *other* is what is left between
    the two: 0 unless coverage, regions or the choice among sources changed.
    """
    found = incident_changes(
        store,
        earlier=since,
        later=now,
        level=settings.level,
        source=settings.source or None,
        where=settings.where,
        last=last,
        dates=settings.dates,
    )
    start, reached = weekday_number(settings.week_start), coverage_moved(store, since, now)
    rows = [_record(row, start, last) for row in found.to_dict("records")]
    weeks = [week for row in rows for week, _ in (*row["then"], *row["now"])]
    weeks += [week_of(reached, start)] if reached and reached <= last else []
    if not weeks:
        return Moved(figures=pd.DataFrame(columns=list(FIGURES)), changed=tuple(rows), names={}, where=settings.where)
    before, after = (_figures(store, settings, at, min(weeks), last) for at in (since, now))
    reported = {when: set(frame.index[frame["reported"]]) for when, frame in (("then", before), ("now", after))}
    for row in rows:
        for when, cells in reported.items():
            row[when] = {cell: share for cell, share in row[when].items() if cell in cells}
    return Moved(
        figures=_moved_figures(before, after, [row for row in rows if row["then"] != row["now"]]),
        changed=tuple(rows),
        names={region: name for frame in (before, after) for region, name in _region_names(frame)},
        where=settings.where,
    )


def _record(row: dict[Any, Any], start: int, last: date) -> dict[str, Any]:
    """A changed record with what it makes *then* and *now* in the weeks until that of *last*: cell -> (incidents, killed)."""
    counted = {
        name: {
            (week, region): (share, share * _number(row[f"killed_{side}"]))
            for week, share in _weeks(row[f"day_{side}"], row[f"until_{side}"], start)
            if week <= last
            for region in row[f"rows_{side}"]
        }
        for name, side in SIDES.items()
        if len(row[f"rows_{side}"])
    }
    return {**row, "then": {}, "now": {}, **counted}


def _weeks(first: Any, until: Any, start: int) -> Iterator[tuple[date, float]]:
    """Weeks over which the days from *first* to *until* are spread, with the share of each."""
    first, until = pd.Timestamp(first).date(), pd.Timestamp(until).date()
    week = week_of(first, start)
    while week <= until:
        days = min(until, week + timedelta(days=6)) - max(first, week)
        yield week, (days.days + 1) / ((until - first).days + 1)
        week += timedelta(weeks=1)


def _figures(store: Store, settings: Settings, at: datetime | None, first: date, last: date) -> pd.DataFrame:
    """Incidents and killed of each week and row as known *at*, with the region's name and whether it was reported."""
    frames = []
    for measure in MEASURES:
        frame = sums(store, settings, measure, first=first, last=last, as_of=at)
        frame["week"] = frame["week"].dt.date
        frames.append(frame.set_index(["week", "region_id"]))
    counts, killed = frames
    return counts.assign(incidents=counts["value"], killed=killed["value"], reported=counts["status"] != "unknown")


def _region_names(figures: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Ids and names of the rows of *figures*, each once."""
    names = figures["region"].droplevel(0)
    return zip(names.index[~names.index.duplicated()], names[~names.index.duplicated()], strict=True)


def _moved_figures(before: pd.DataFrame, now: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The region-weeks that moved, in order of weeks, set-aside records last in theirs."""
    cells = before.index.union(now.index)
    frame = pd.DataFrame({"region": now["region"].reindex(cells).fillna(before["region"].reindex(cells))}, index=cells)
    for number, measure in enumerate(MEASURES):
        added, revised = _sums(rows, number, added=True), _sums(rows, number, added=False)
        part = {
            "before": before[measure].reindex(cells),
            "added": pd.Series(added, dtype=float).reindex(cells).fillna(0.0),
            "revised": pd.Series(revised, dtype=float).reindex(cells).fillna(0.0),
            "now": now[measure].reindex(cells),
        }
        rest = part["now"].fillna(0) - part["before"].fillna(0) - part["added"] - part["revised"]
        part["other"] = rest.round(6) + 0.0
        frame = frame.assign(**{f"{measure}_{name}": part[name] for name in PARTS})
    names = [f"{measure}_{name}" for measure in MEASURES for name in ("added", "revised", "other")]
    frame = frame[(frame[names] != 0).any(axis=1)].reset_index()
    frame["aside"] = frame["region_id"].str.startswith("(")
    frame = frame.sort_values(["week", "aside", "region_id"]).reset_index(drop=True)
    return frame.assign(week=pd.to_datetime(frame["week"]))[list(FIGURES)]


def _sums(rows: list[dict[str, Any]], number: int, *, added: bool) -> dict[tuple[date, str], float]:
    """What records add to each cell, of the measure with this *number*: those *added*, or those revised."""
    sums: dict[tuple[date, str], float] = {}
    for row in rows:
        if (row["change"] == "added") == added:
            for sign, when in ((1, "now"), (-1, "then")):
                for cell, share in row[when].items():
                    sums[cell] = sums.get(cell, 0.0) + sign * share[number]
    return {cell: round(value, 9) for cell, value in sums.items()}


def _listed(rows: list[dict[str, Any]], names: Mapping[str, str], where: str) -> pd.DataFrame:
    """The records that moved a figure, those with the most killed moved first; columns as `RECORDS`."""
    frame = pd.DataFrame([_listing(row, names, where) for row in rows], columns=[*RECORDS, "size"])
    frame = frame.sort_values(["size", "day_now", "incident_id"], ascending=[False, False, True], na_position="last")
    return frame[list(RECORDS)].reset_index(drop=True)


def _listing(row: dict[str, Any], names: Mapping[str, str], where: str) -> dict[str, Any]:
    """One record as the list has it: what it made in these weeks then, and what it makes now; its day, wherever that is."""
    retracted = "retracted" in row["fields"] and not row["now"]
    sides: dict[str, Any] = {}
    for side, counted in (("before", row["then"]), ("now", row["now"])):
        sides[f"day_{side}"] = row[f"day_{side}"] if len(row[f"rows_{side}"]) else None
        sides[f"killed_{side}"] = row[f"killed_{side}"] if counted else None
    regions = {
        f"region_{side}": ", ".join(names.get(region, region) for region in dict.fromkeys(cell[1] for cell in counted))
        or None
        for side, counted in (("before", row["then"]), ("now", row["now"]))
    }
    killed = [_number(sides[f"killed_{side}"]) for side in ("before", "now")]
    own = {name: row[name] for name in ("incident_id", "source", "source_id", "location", "source_name", "source_url")}
    change = "retracted" if retracted else row["change"]
    words = {"change": change, "changes": _changes(row, where), "size": abs(killed[1] - killed[0])}
    return {**own, **sides, **regions, **words}


def _changes(row: dict[str, Any], where: str) -> str:
    """The fields that changed: those that move figures with their old and new values, of the others their names."""
    told = [text for name, text in zip(row["fields"], row["changes"], strict=True) if name in MOVING or name in where]
    rest = [name for name in row["fields"] if name not in MOVING and name not in where]
    return "; ".join([*told, *([f"also {', '.join(rest)}"] if rest else [])])


def _number(value: Any) -> float:
    return 0.0 if pd.isna(value) else float(value)

"""Panel: weeks x regions of one measure, zeros explicit, unknown never zero."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import InputError, OptionError
from analytics.schema import SUMS
from analytics.severities import Severities
from analytics.store import as_of_default, covered_to, weekly
from analytics.store import severities as incidents_behind
from analytics.weeks import Dates, as_date, last_complete, week_range, weekday_number

if TYPE_CHECKING:
    from analytics.store import Store


class Status(IntEnum):
    """What is known of a region-week; only KNOWN cells are ever judged."""

    KNOWN = 0
    UNKNOWN = 1
    INCOMPLETE = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One measure over T weeks and R regions.

    values: float64 (T, R); NaN wherever status is not KNOWN. status: uint8 (T, R) of `Status` codes.
    population: float64 (T, R) or None. weeks: datetime64[D] (T,), consecutive, 7 days apart.
    """

    weeks: Dates
    region_ids: tuple[str, ...]
    region_names: tuple[str, ...]
    values: NDArray[np.float64]
    status: NDArray[np.uint8]
    population: NDArray[np.float64] | None = None
    measure: str = "incidents"
    level: str = "admin1"
    where: str = ""
    source: str = ""
    to: date | None = None
    as_of: datetime | None = None
    simulated: bool = False
    caveats: tuple[str, ...] = ()
    """Sentences that any result computed from this panel must carry."""
    aside: pd.DataFrame | None = None
    """Records that are in no region's counts, per week: week, region_id as "(unplaced)", value."""
    severities: Severities | None = None
    """Of a sum of casualties: what each incident added to it, where that was asked for."""

    @classmethod
    def from_store(
        cls,
        store: "Store",
        *,
        level: str = "admin1",
        measure: str = "incidents",
        where: str = "",
        source: str | None = None,
        week_start: str = "monday",
        first: date | None = None,
        to: date | None = None,
        as_of: datetime | None = None,
        dates: str = "exclude",
    ) -> "Panel":
        """The panel of *measure* over complete weeks from *first* (default: where coverage starts) until *to*.

        *to* defaults to the end of the last complete week that coverage reaches; an incomplete last week is left out.
        *as_of* defaults to the latest knowledge time. A sum of casualties comes with its severities, unless imprecise dates
        are spread: shares of an incident have none. Raises InputError where the store has nothing to count.
        """
        check_source(store, source)
        as_of = as_of or as_of_default(store)
        to = to or default_to(store, source=source, week_start=week_start, as_of=as_of)
        to = last_complete(to, weekday_number(week_start))
        frame = weekly(
            store, level=level, measure=measure, source=source, where=where, week_start=week_start,
            first=first, last=to, as_of=as_of, dates=dates,
        )  # fmt: skip
        if frame.empty:
            raise InputError(f"no week of {level} is covered until {to}; `incidents coverage` says what is")
        sources = [name for (name,) in store.rows("SELECT DISTINCT source FROM incident_version ORDER BY 1")]
        bases = [name for (name,) in store.rows("SELECT DISTINCT known_basis FROM incident_version")]
        panel = cls.from_frame(frame)
        behind = None
        if measure in SUMS and dates == "exclude":
            since = first or as_date(panel.weeks[0])
            rows = incidents_behind(
                store, level=level, measure=measure, source=source, where=where, week_start=week_start,
                first=since, last=to, as_of=as_of,
            )  # fmt: skip
            behind = _severities(panel, rows, (source or "").split(","))
        return replace(
            panel,
            severities=behind,
            measure=measure,
            level=level,
            where=where,
            source=source or ", ".join(sources),
            to=to,
            as_of=as_of,
            simulated=any(name.startswith("simulated") for name in sources),
            caveats=(RETROSPECTIVE,) if "occurred" in bases else (),
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "Panel":
        """A panel from rows of `weekly`: week, region_id, region, value, status; bracketed regions go to *aside*."""
        special = frame["region_id"].str.startswith("(")
        main = frame[~special]
        row, weeks = pd.factorize(main["week"], sort=True)
        column, regions = pd.factorize(main["region_id"], sort=True)
        said, statuses = pd.factorize(main["status"])
        codes = np.array([Status[name.upper()] for name in statuses], dtype=np.uint8)[said]
        status = np.full((len(weeks), len(regions)), int(Status.UNKNOWN), dtype=np.uint8)
        status[row, column] = codes
        values = np.full(status.shape, np.nan)
        values[row, column] = np.where(codes == Status.KNOWN, main["value"], np.nan)
        names = main.drop_duplicates("region_id").set_index("region_id")["region"]
        return cls(
            weeks=_frozen(weeks.to_numpy().astype("datetime64[D]")),
            region_ids=tuple(regions),
            region_names=tuple(names[regions]),
            values=_frozen(values),
            status=_frozen(status),
            aside=frame[special].drop(columns=["region", "status"]).reset_index(drop=True),
        )

    @classmethod
    def from_counts(cls, path: Path) -> "Panel":
        """A panel from a CSV of weekly counts with columns region, week (a date), count, and optional population.

        A week that is missing for a region is unknown. Raises InputError naming the row that is wrong.
        """
        rows = _read_counts(path)
        weeks = week_range(rows["week"].min().date(), rows["week"].max().date())
        wide = _wide(rows, "count", weeks)
        population = (
            _frozen(_wide(rows, "population", weeks).to_numpy(dtype=np.float64)) if "population" in rows else None
        )
        values = wide.to_numpy(dtype=np.float64)
        status = np.where(np.isnan(values), Status.UNKNOWN, Status.KNOWN).astype(np.uint8)
        regions = tuple(str(region) for region in wide.columns)
        return cls(
            weeks=_frozen(weeks),
            region_ids=regions,
            region_names=regions,
            values=_frozen(values),
            status=_frozen(status),
            population=population,
            measure="count",
            level="region",
            source=path.name,
            to=as_date(weeks[-1]) + timedelta(days=6),
        )

    def take(self, region_ids: list[str]) -> "Panel":
        """The same panel with these regions only, in this order."""
        columns = [self.region_ids.index(region) for region in region_ids]
        return replace(
            self,
            region_ids=tuple(region_ids),
            region_names=tuple(self.region_names[column] for column in columns),
            values=_frozen(self.values[:, columns]),
            status=_frozen(self.status[:, columns]),
            population=None if self.population is None else _frozen(self.population[:, columns]),
            severities=self.severities and self.severities.take(columns),
        )

    def until(self, day: date) -> "Panel":
        """The same panel without the weeks that are not over on the evening of *day*.

        Raises OptionError where none is left.
        """
        stop = int(np.searchsorted(self.weeks + 6, np.datetime64(day, "D"), side="right"))
        if not stop:
            raise OptionError(f"no week is over on {day}; the first begins on {self.weeks[0]}")
        return replace(
            self,
            weeks=_frozen(self.weeks[:stop]),
            values=_frozen(self.values[:stop]),
            status=_frozen(self.status[:stop]),
            population=None if self.population is None else _frozen(self.population[:stop]),
            severities=self.severities and self.severities.until(stop),
            to=as_date(self.weeks[stop - 1]) + timedelta(days=6),
        )

    def frame(self) -> pd.DataFrame:
        """One row per region-week: week (datetime64), region_id, region, value, status (known, unknown, incomplete)."""
        names = np.array([status.name.lower() for status in Status], dtype=object)
        return pd.DataFrame(
            {
                "week": np.repeat(self.weeks.astype("datetime64[s]"), len(self.region_ids)),
                "region_id": np.tile(np.array(self.region_ids, dtype=object), len(self.weeks)),
                "region": np.tile(np.array(self.region_names, dtype=object), len(self.weeks)),
                "value": self.values.ravel(),
                "status": names[self.status.ravel()],
            }
        )

    def index_of(self, day: date) -> int:
        """Row of the week that contains *day*, clipped to the panel."""
        return int(
            np.clip(np.searchsorted(self.weeks, np.datetime64(day, "D"), side="right") - 1, 0, len(self.weeks) - 1)
        )


RETROSPECTIVE = (
    "Knowledge times were not recorded: records count as known when they happened. "
    "This is a retrospective, not a record of what was known at the time."
)


def default_to(store: "Store", *, source: str | None, week_start: str, as_of: datetime | None) -> date:
    """End of the last complete week that coverage reaches; raises InputError where nothing is covered."""
    covered = covered_to(store, as_of or as_of_default(store), source)
    if covered is None:
        check_source(store, source)
        raise InputError(_uncovered(store, as_of))
    return last_complete(covered, weekday_number(week_start))


def check_source(store: "Store", source: str | None) -> None:
    """Raise OptionError for a name in *source* that no record and no coverage has, where there are any."""
    known = [
        name
        for (name,) in store.rows("SELECT source FROM incident_version UNION SELECT source FROM coverage ORDER BY 1")
    ]
    unknown = set((source or "").split(",")) - {"", *known}
    if known and unknown:
        raise OptionError(f"source {min(unknown)!r} is not in the database; it has {', '.join(known)}")


def _uncovered(store: "Store", as_of: datetime | None) -> str:
    """Why nothing is covered, and what to do."""
    first = store.value("SELECT min(known_from) FROM incident_version")
    if first is None:
        return "the database has no incidents yet; load a file first: incidents load FILE"
    return f"nothing was known at {as_of}; the earliest record became known at {first} (--as-of)"


def _severities(panel: Panel, rows: pd.DataFrame, order: list[str]) -> Severities:
    """The incidents (`store.severities`) of the panel's known cells: in each of the first source, in *order*, that makes its sum."""
    rows = rows[rows["region_id"].isin(panel.region_ids)]
    week = (rows["week"].to_numpy().astype("datetime64[D]") - panel.weeks[0]).astype(np.int64) // 7
    region = pd.Index(panel.region_ids).get_indexer(rows["region_id"])
    rows = rows.assign(week=week, region=region, value=panel.values[week, region])
    turn = rows["source"].map({name: number for number, name in enumerate(order)}).fillna(0)
    total = rows.groupby(["week", "region", "source"])["figure"].transform("sum")
    rows = rows.assign(turn=turn)[total == rows["value"]]
    rows = rows[rows["turn"] == rows.groupby(["week", "region"])["turn"].transform("min")]
    return Severities.of(*(rows[name].to_numpy() for name in ("week", "region", "figure")))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _wide(rows: pd.DataFrame, column: str, weeks: Dates) -> pd.DataFrame:
    return rows.pivot(index="week", columns="region", values=column).reindex(weeks.astype("datetime64[s]"))


def _read_counts(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"{path}: no such file")
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], skip_blank_lines=False)
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    for column in ("region", "week", "count"):
        if column not in rows:
            raise InputError(
                f"{path}: column {column!r} is missing; needed are region, week, count (population if wanted)"
            )
    if rows.empty:
        raise InputError(f"{path} has no rows; needed is one for each region and week")
    return _checked_counts(path, rows)


def _checked_counts(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with dates and numbers; raises InputError naming the first line that is wrong."""
    numbers = [name for name in ("count", "population") if name in rows]
    made = rows.assign(
        week=pd.to_datetime(rows["week"], format="%Y-%m-%d", errors="coerce"),
        **{name: pd.to_numeric(rows[name], errors="coerce") for name in numbers},
    )
    first = made["week"].min()
    weekday = "" if pd.isna(first) else f"a {first:%A}, as the earliest ({first:%Y-%m-%d}) does"
    wrong = {
        "has no region": rows["region"].isna(),
        "has no week (YYYY-MM-DD)": made["week"].isna(),
        f"has a week that does not start on {weekday}": (made["week"] - first).dt.days % 7 > 0,
        "is there twice: one row for each region and week": made.duplicated(["region", "week"]),
    } | {f"has a {name} that is no number of zero or more": _no_number(rows[name], made[name]) for name in numbers}
    for what, lines in wrong.items():
        if lines.any():
            line = int(np.flatnonzero(lines)[0])
            raise InputError(f"{path}, line {line + 2}: {','.join(rows.loc[line].fillna(''))} {what}")
    return made


def _no_number(given: "pd.Series[Any]", read: "pd.Series[Any]") -> "pd.Series[bool]":
    return given.notna() & ~((read >= 0) & (read < np.inf))

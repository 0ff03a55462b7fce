"""Writing down runs with the flags and episodes they found, and reading what earlier runs had.

What runs recorded is only ever added to, and a run that is recorded again is there once. The names that episodes keep
from run to run follow from the runs in their order (`to`, then `as_of`), and are written anew as runs are added.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from analytics.store.connection import Store

if TYPE_CHECKING:
    import pandas as pd

_FLAG = (
    "week", "region_id", "region", "measure", "level", "kinds", "p_value", "q_value", "observed", "expected", "upper",
    "excess", "growth", "own_id", "priority", "reason",
)  # fmt: skip
_EPISODE = (
    "own_id", "region_id", "region", "measure", "first_week", "last_week", "weeks", "level", "peak_level", "observed",
    "excess", "status", "closed_week", "reopened", "not_judged_since",
)  # fmt: skip
_EVENT = ("own_id", "week", "what", "level")

_SERIES = "r.region_level = $region_level AND r.measure = $measure AND r.filter = $filter AND r.regions = $regions"
_EARLIER = (
    'r."to" < $to OR r."to" = $to AND coalesce(r.as_of, TIMESTAMP \'infinity\') '
    "< coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')"
)

_ASKED = ("region_level", "measure", "filter", "regions", "to", "as_of")


def record_run(
    store: Store, run: dict[str, Any], flags: "pd.DataFrame", episodes: "pd.DataFrame", events: "pd.DataFrame"
) -> bool:
    """Record *run* (a row of the table run) with what it found; False where it is recorded already.

    The frames' own_id names an episode as the run alone would.
    """
    if store.value("SELECT count(*) FROM run WHERE run_id = $run_id", {"run_id": run["run_id"]}):
        return False
    names = ", ".join(f'"{column}"' for column in run)
    store.run(f"INSERT INTO run ({names}) VALUES ({', '.join(f'${column}' for column in run)})", run)
    for table, frame, columns in (
        ("flag", flags, _FLAG),
        ("episode", episodes, _EPISODE),
        ("episode_event", events, _EVENT),
    ):
        _insert(store, table, run["run_id"], {column: frame[column].tolist() for column in columns})
    return True


def write_names(store: Store, run_id: str, names: Mapping[str, str]) -> None:
    """The lasting names of a recorded run's episodes, by their own, in place of what was written before."""
    store.run("DELETE FROM episode_name WHERE run_id = $run_id", {"run_id": run_id})
    _insert(store, "episode_name", run_id, {"own_id": list(names), "episode_id": list(names.values())})


def known_episodes(store: Store, run: Mapping[str, Any]) -> "pd.DataFrame":
    """Episodes of the recorded runs before *run* of its level, measure, filter and regions, the longest known first.

    Columns episode_id, first_week and last_week: the weeks from the first to the last that any of these runs had.
    """
    return store.frame(
        "SELECT n.episode_id, min(e.first_week) AS first_week, max(e.last_week) AS last_week "
        "FROM episode AS e JOIN runs AS r ON r.run_id = e.run_id "
        "JOIN episode_name AS n ON n.run_id = e.run_id AND n.own_id = e.own_id "
        f"WHERE {_SERIES} AND ({_EARLIER}) GROUP BY n.episode_id "
        "ORDER BY min((r.\"to\", coalesce(r.as_of, TIMESTAMP 'infinity'))), 2, 1",
        {name: run[name] for name in _ASKED},
    )


def runs_from(store: Store, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """*run* and the recorded runs after it of its level, measure, filter and regions, in order."""
    frame = store.frame(
        f"SELECT * FROM runs AS r WHERE {_SERIES} AND NOT ({_EARLIER}) ORDER BY turn",
        {name: run[name] for name in _ASKED},
    )
    return [{str(key): value for key, value in row.items()} for row in _plain(frame).to_dict("records")]


def last_run(store: Store, report: str, run: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last recorded run before *run* of the same report, level, measure, filter and regions; None where there is none."""
    frame = store.frame(
        f"SELECT * FROM runs AS r WHERE r.report = $report AND {_SERIES} AND ({_EARLIER}) ORDER BY turn DESC LIMIT 1",
        {"report": report, **{name: run[name] for name in _ASKED}},
    )
    rows = _plain(frame).to_dict("records")
    return {str(key): value for key, value in rows[0].items()} if rows else None


def log_begins(store: Store, run: Mapping[str, Any]) -> date | None:
    """The earliest day that a recorded run before *run*, of any report, looked at; None where there is none."""
    first: date | None = store.value(
        f'SELECT min(r."to") FROM run AS r WHERE {_EARLIER}', {name: run[name] for name in ("to", "as_of")}
    )
    return first


def episodes_of(store: Store, run_id: str, *, own: bool = False) -> "pd.DataFrame":
    """Episodes of a recorded run: the columns of the table episode, and episode_id, lasting or the run's *own*."""
    if own:
        return store.frame("SELECT *, own_id AS episode_id FROM episode WHERE run_id = $run_id", {"run_id": run_id})
    return store.frame(
        "SELECT n.episode_id, e.* FROM episode AS e JOIN episode_name AS n ON n.run_id = e.run_id AND n.own_id = e.own_id "
        "WHERE e.run_id = $run_id ORDER BY e.first_week, e.own_id",
        {"run_id": run_id},
    )


def _insert(store: Store, table: str, run_id: str, columns: Mapping[str, list[Any]]) -> None:
    """Rows of *run_id* given by *columns*, all at once."""
    values = {name: [_value(value) for value in column] for name, column in columns.items()}
    names = ", ".join(f'"{name}"' for name in values)
    lists = ", ".join(f"unnest(${name})" for name in values)
    store.run(f"INSERT INTO {table} (run_id, {names}) SELECT $run_id, {lists}", {"run_id": run_id, **values})


def _value(value: Any) -> Any:
    """A value as the database takes it: no NaN, no numpy, no pandas."""
    if value is None or value != value:
        return None
    return value.to_pydatetime().date() if hasattr(value, "to_pydatetime") else value


def _plain(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with days as dates, moments as datetimes, and None for what is missing."""
    days = {name: frame[name].dt.date for name in ("to", "first_week", "last_week")}
    known = [None if value != value else value.to_pydatetime() for value in frame["as_of"]]
    import pandas as pd

    return frame.assign(**days, as_of=pd.Series(known, index=frame.index, dtype=object))

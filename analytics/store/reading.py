"""What the layers above ask of the store: the weekly panel, its default range, and a fingerprint of the data."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from analytics.errors import OptionError, QueryError
from analytics.schema import MEASURES, SUMS
from analytics.sources.table import nearest
from analytics.store.connection import NAMES, Store, sql_text
from analytics.store.tags import unfolded
from analytics.weeks import weekday_number

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("country", "admin1", "admin2", "group")


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What identifies the data behind a result: number of versions known, incidents, and a checksum of both."""

    incidents: int
    versions: int
    checksum: str


def as_of_default(store: Store) -> datetime | None:
    """The latest knowledge time in the store, or None for an empty store."""
    latest: datetime | None = store.value("SELECT max(known_from) FROM incident_version")
    return latest


def covered_to(store: Store, as_of: datetime | None, source: str | None) -> date | None:
    """The last day that coverage reaches, as known at *as_of*; None without coverage."""
    return coverage_reach(store, [as_of], source)[0]


def coverage_reach(store: Store, moments: Sequence[datetime | None], source: str | None) -> list[date | None]:
    """The last day that coverage reaches, as known at each of *moments* (None: all that is known); None without coverage.

    Coverage that does not say when it became known reaches no further than the day before the moment: that day is not over.
    """
    rows = store.rows(
        "WITH asked AS (SELECT unnest(CAST($moments AS TIMESTAMP[])) AS as_of, generate_subscripts($moments, 1) AS number) "
        "SELECT a.number, max(CASE WHEN c.known_from IS NULL AND c.covers_until IS NOT NULL THEN least(c.covers_until, CAST(coalesce(a.as_of, "
        "TIMESTAMP '9999-01-01') AS DATE) - 1) ELSE c.covers_until END) FROM asked AS a LEFT JOIN coverage_in_force AS c "
        "ON c.reported AND (c.known_from IS NULL OR a.as_of IS NULL OR c.known_from <= a.as_of) "
        "AND ($source IS NULL OR list_contains(string_split($source, ','), c.source)) GROUP BY a.number ORDER BY a.number",
        {"moments": list(moments), "source": source},
    )
    return [last for _, last in rows]


def data_fingerprint(store: Store, as_of: datetime | None, counted: Iterable[str] = ()) -> Fingerprint:
    """Fingerprint of the versions known at *as_of*, from their values; the same whatever order they were loaded in.

    *counted*: the SQL that a result counts by. Where it speaks of tags, the rules in force are part of its data.
    """
    values = ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(30))" for name in NAMES)
    row = store.rows(
        "SELECT count(DISTINCT incident_id), count(*), coalesce(bit_xor(md5_number_lower("
        f"concat_ws(chr(31), incident_id, CAST(known_from AS VARCHAR), CAST(retracted AS VARCHAR), {values}))), 0) "
        "FROM incident_version WHERE known_from <= coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')",
        {"as_of": as_of},
    )[0]
    rules = _rules_checksum(store) if any(re.search(r"\btags", sql, re.IGNORECASE) for sql in counted) else 0
    return Fingerprint(incidents=row[0], versions=row[1], checksum=f"{row[2] ^ rules:016x}")


def _rules_checksum(store: Store) -> int:
    """Checksum of the tag rules in force; 0 for none."""
    found: int = store.value(
        'SELECT coalesce(bit_xor(md5_number_lower(concat_ws(chr(31), tag, "where"))), 0) FROM tag_rule'
    )
    return found


def weekly(
    store: Store,
    *,
    level: str = "admin1",
    measure: str = "incidents",
    source: str | None = None,
    where: str = "",
    week_start: str = "monday",
    first: date | None = None,
    last: date | None = None,
    as_of: datetime | None = None,
    dates: str = "exclude",
) -> "pd.DataFrame":
    """The rows of the macro `weekly`: week, region_id, region, value, status.

    *measure* is a name (incidents, killed, ...) or any SQL aggregate over a week's incidents; *where* is SQL over an
    incident. Raises OptionError for a level, measure, filter or policy that cannot be used.
    """
    check_level(store, level)
    weekday_number(week_start)
    if dates not in ("exclude", "spread"):
        raise OptionError(f"dates {dates!r} is no policy for imprecise dates; choose exclude or spread")
    value = f"'{measure}'" if measure in MEASURES else f"({_expression(store, measure, 'measure')})"
    condition = _expression(store, where, "where") if where else "true"
    sql = (
        f'SELECT * FROM weekly($level, measure := {value}, source := $source, "where" := ({condition}), '
        "week_start := $week_start, first := CAST($first AS DATE), last := CAST($last AS DATE), "
        "as_of := coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity'), dates := $dates, empty := $empty)"
    )
    parameters = {
        "empty": 0 if adds_up(store, measure) else None,
        "level": level,
        "source": source,
        "week_start": week_start,
        "first": first,
        "last": last,
        "as_of": as_of,
        "dates": dates,
    }
    try:
        frame: pd.DataFrame = store.arrow(sql, parameters).to_pandas(date_as_object=False)
    except QueryError as error:
        raise _readable(error, measure, where) from error
    return frame.astype({"week": "datetime64[us]"})


def severities(
    store: Store, *, measure: str, first: date, last: date, level: str = "admin1", source: str | None = None, where: str = "",
    week_start: str = "monday", as_of: datetime | None = None,
) -> "pd.DataFrame":  # fmt: skip
    """The incidents behind a sum of `weekly`, a row for each region it counts in: week, region_id, source, figure.

    *measure* is one of `schema.SUMS`. Incidents without casualties, and those dated to a month or year only, are left
    out. Where several sources cover a region-week, `weekly` counts one of them, and these are the incidents of all. Errors
    are those of `weekly`.
    """
    if measure not in SUMS:
        raise OptionError(f"measure {measure!r} is no sum of casualties; those are {', '.join(SUMS)}")
    check_level(store, level)
    sql = sql_text("steps/severities").replace("{{figure}}", measure)
    sql = sql.replace("{{where}}", _expression(store, where, "where") if where else "true")
    bound = {"level": level, "source": source, "week_start": week_start, "first": first, "last": last, "as_of": as_of}
    return store.frame(sql, bound)


def sources_of(store: Store) -> list[str]:
    """The sources that say they reported on anything, by name."""
    return [name for (name,) in store.rows("SELECT DISTINCT source FROM coverage_in_force WHERE reported ORDER BY 1")]


def weekly_by_source(
    store: Store,
    sources: Sequence[str],
    *,
    week_start: str = "monday",
    first: date | None = None,
    last: date | None = None,
    **question: Any,
) -> "pd.DataFrame":
    """What each of *sources* says of each week and region: week, region_id, region, then per source its value and status.

    A source's columns are `<source>_value` and `<source>_status`, as `weekly` has them for that source alone; a region that
    it never reported on is unknown. `difference` is the highest less the lowest value among the sources that know the
    whole week, null where fewer than two do. Without *first* and *last*, the complete weeks that any of them covers.
    *question* and errors are those of `weekly`.
    """
    days = store.rows(
        "SELECT week_of(min(covers_from) + 6, $start), week_of(max(covers_until) + 1, $start) - 1 FROM coverage_in_force "
        "WHERE reported AND list_contains($sources, source)",
        {"start": week_start, "sources": list(sources)},
    )[0]
    said = question | {"week_start": week_start, "first": first or days[0], "last": last or days[1]}
    keys = ["week", "region_id", "region"]
    frames = [
        weekly(store, source=source, **said)
        .set_index(keys)
        .rename(columns={name: f"{source}_{name}" for name in ("value", "status")})
        for source in sources
    ]
    found = frames[0].join(frames[1:], how="outer")
    statuses = found[[f"{source}_status" for source in sources]].fillna("unknown")
    values = found[[f"{source}_value" for source in sources]]
    known = values.where((statuses == "known").to_numpy())
    found[statuses.columns] = statuses
    found["difference"] = (known.max(axis=1) - known.min(axis=1)).where(known.notna().sum(axis=1) > 1)
    found = found.reset_index().assign(last=lambda rows: rows["region_id"].str.startswith("("))
    return found.sort_values(["week", "last", "region_id"], ignore_index=True).drop(columns="last")


def incident_changes(
    store: Store,
    *,
    earlier: datetime | None,
    later: datetime | None,
    level: str,
    source: str | None = None,
    where: str = "",
    last: date | None = None,
    dates: str = "exclude",
) -> "pd.DataFrame":
    """The rows of the macro `incident_changes`: incidents until *last* whose record changed between two knowledge times."""
    condition = _expression(store, where, "where") if where else "true"
    return store.frame(
        "SELECT * FROM incident_changes(coalesce(CAST($earlier AS TIMESTAMP), TIMESTAMP 'infinity'), "
        "coalesce(CAST($later AS TIMESTAMP), TIMESTAMP 'infinity'), level := $level, source := $source, "
        f'"where" := ({condition}), last := CAST($last AS DATE), dates := $dates)',
        {"earlier": earlier, "later": later, "level": level, "source": source, "last": last, "dates": dates},
    )


def coverage_moved(store: Store, earlier: datetime | None, later: datetime | None) -> date | None:
    """First day of which statements of coverage became known, or which they came to reach, between two knowledge times.

    None where there is none.
    """
    first: date | None = store.value(
        "SELECT min(CASE WHEN known_from IS NULL THEN greatest(covers_from, CAST(CAST($earlier AS TIMESTAMP) AS DATE)) "
        "ELSE covers_from END) FROM coverage_in_force WHERE coalesce(known_from, CAST(covers_until + 1 AS TIMESTAMP)) "
        "> coalesce(CAST($earlier AS TIMESTAMP), TIMESTAMP 'infinity') "
        "AND (known_from IS NULL OR known_from <= coalesce(CAST($later AS TIMESTAMP), TIMESTAMP 'infinity'))",
        {"earlier": earlier, "later": later},
    )
    return first


def last_changes(store: Store, days: Sequence[date], *, as_of: datetime | None) -> list[datetime | None]:
    """When what is known of the days up to each of *days* (rising) last changed, until *as_of*; None where it never did.

    Records that became known, changed or were withdrawn count, and statements of coverage.
    """
    rows = store.rows(
        "WITH moved AS (SELECT occurred_on AS day, known_from AS moment FROM incident_version "
        "UNION ALL SELECT occurred_on, known_to FROM incident_version WHERE known_to IS NOT NULL "
        "UNION ALL SELECT covers_from, known_from FROM coverage_in_force WHERE known_from IS NOT NULL), "
        "change AS (SELECT day, max(moment) AS moment FROM moved "
        "WHERE moment <= coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity') GROUP BY day) "
        "SELECT d.day, (SELECT max(c.moment) FROM change AS c WHERE c.day <= d.day) "
        "FROM (SELECT DISTINCT unnest(CAST($days AS DATE[])) AS day) AS d ORDER BY d.day",
        {"days": list(days), "as_of": as_of},
    )
    return [moment for _, moment in rows]


def check_level(store: Store, level: str) -> None:
    """Raise OptionError unless *level* is a level or a region group of this store."""
    groups = [group for (group,) in store.rows("SELECT DISTINCT group_id FROM region_member ORDER BY 1")]
    if level not in (*LEVELS, *groups):
        raise OptionError(f"level {level!r} is neither a level nor a region group{nearest(level, [*LEVELS, *groups])}")


def _expression(store: Store, sql: str, what: str) -> str:
    """*sql*, checked to be one expression over an incident (an aggregate, for a measure) and nothing more."""
    select, condition = (f"({sql}\n)", "") if what == "measure" else ("1", f" WHERE ({sql}\n)")
    if not _is_one_select(store, f"SELECT {select}{condition}"):
        raise OptionError(f"{what} {sql!r} is not one SQL expression")
    try:
        store.run(
            f"EXPLAIN SELECT CAST({select} AS DOUBLE), count(*) FROM (SELECT *, 1.0 AS share FROM incidents){condition}"
        )
    except QueryError as error:
        words = str(error).split("\n\nLINE")[0]
        hint = nearest(sql, MEASURES) if what == "measure" and sql.isidentifier() else ""
        raise OptionError(f"{what} {sql!r} cannot be used: {words}{hint}") from error
    return f"{unfolded(store, sql)}\n"


def adds_up(store: Store, measure: str) -> bool:
    """Whether a measure is made of counts and sums, so that a week without incidents has 0 of it (an average has none)."""
    if measure in MEASURES:
        return True
    names = set(re.findall(r'"function_name":"([^"]*)"', _tree(store, f"SELECT ({measure}\n)")))
    return names <= ADDITIVE


ADDITIVE = {"count", "count_star", "count_if", "sum", "+", "-", "*", "/", "coalesce", "round"}
"""Functions of which a measure that adds up may be made."""


def _tree(store: Store, sql: str) -> str:
    """The database's own reading of *sql*, as JSON text."""
    text: str = store.value("SELECT CAST(json_serialize_sql($sql) AS VARCHAR)", {"sql": sql})
    return text


def _is_one_select(store: Store, sql: str) -> bool:
    """Whether *sql* is one plain SELECT of one value, in the database's own reading of it."""
    tree = json.loads(_tree(store, sql))
    nodes = [statement["node"] for statement in tree.get("statements", [])]
    return (
        [node["type"] for node in nodes] == ["SELECT_NODE"]
        and len(nodes[0]["select_list"]) == 1
        and not nodes[0]["modifiers"]
        and nodes[0]["from_table"]["type"] == "EMPTY"
        and not nodes[0]["group_expressions"]
    )


def _readable(error: QueryError, measure: str, where: str) -> Exception:
    words = str(error)
    if words.startswith("Invalid Input Error: two sources cover"):
        return OptionError(words.removeprefix("Invalid Input Error: ").split("\n")[0] + " (--source)")
    return QueryError(f"{words}\n(measure {measure!r}, where {where!r})")

"""Loading incident files: one transaction a load, nothing lost, and undone as a whole."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from analytics.errors import InputError, OptionError, QueryError
from analytics.sources import Mapping as ColumnMapping
from analytics.sources import Source, recognise, table_source, ucdp_source
from analytics.sources.base import literal
from analytics.sources.files import Readable, readable
from analytics.store.connection import Store
from analytics.store.staging import numbered, reader, staging

FORMATS = ("auto", "ucdp", "table")


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What came of a load; accepted + rejected = rows_read, new_incidents + changed or confirmed = accepted."""

    load_id: int
    file: str
    format: str
    source: str
    rows_read: int
    accepted: int
    rejected: int
    new_incidents: int
    new_versions: int
    unchanged: int
    known_at: datetime | None
    known_basis: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Knowledge:
    """When the records became known: SQL for it, the one moment if there is one, and its basis."""

    sql: str
    moment: datetime | None
    basis: str
    note: str


def load(
    store: Store,
    path: Path,
    *,
    loaded_at: datetime,
    format: str = "auto",  # noqa: A002 - the vocabulary's word
    mapping: ColumnMapping | None = None,
    known_at: datetime | str | None = None,
    covers: tuple[date, date] | None = None,
    keep_raw: bool = True,
) -> LoadReport:
    """Load the incident file *path* into *store* in one transaction.

    *known_at*: a moment, or "occurred" for a retrospective that takes every record as known when it happened; records
    that bring their own knowledge time keep it. *covers*: first and last day the file reports on. *loaded_at*: now.
    Raises InputError for files that cannot be read as *format*, naming what is missing.
    """
    if format not in FORMATS:
        raise OptionError(f"source {format!r} is not known; choose from {', '.join(FORMATS)}")
    with readable(path) as file:
        source = _source(store, path, file, format, mapping)
        knowledge = _knowledge(source, known_at, loaded_at)
        with store.transaction():
            return _load(store, path, file, source, knowledge, loaded_at, covers, keep_raw)


def unload(store: Store, load_id: int, *, undone_at: datetime) -> None:
    """Undo a load: what it alone brought is gone, what it changed is as if it had never been; the log keeps it.

    Raises OptionError where there is no such load, or it is undone already.
    """
    undone = store.rows("SELECT undone_at FROM load WHERE load_id = $id", {"id": load_id})
    if not undone:
        raise OptionError(f"there is no load {load_id}; `incidents status` lists them")
    if undone[0][0] is not None:
        raise OptionError(f"load {load_id} was undone already, at {undone[0][0]:%Y-%m-%d %H:%M}")
    with store.transaction():
        parameters = {"load_id": load_id, "undone": load_id}
        store.step("steps/disputed_by_unload", parameters)
        store.step("steps/no_incoming")
        _rewrite_history(store, parameters)
        for table in ("reject", "region", "region_name", "region_member", "boundary", "dated_event", "reporting"):
            store.run(f"DELETE FROM {table} WHERE load_id = $id", {"id": load_id})
        resolve_places(store)
        store.run("UPDATE load SET undone_at = $at WHERE load_id = $id", {"at": undone_at, "id": load_id})


def resolve_places(store: Store) -> None:
    """Look every reported place up again, and give the incidents the regions found."""
    store.step("steps/resolve_places")
    store.step("steps/update_places")
    store.step("steps/update_regions")


def next_load_id(store: Store) -> int:
    """Number for the load that comes next."""
    number: int = store.value("SELECT coalesce(max(load_id), 0) + 1 FROM load")
    return number


def _source(store: Store, path: Path, file: Readable, format: str, mapping: ColumnMapping | None) -> Source:  # noqa: A002
    columns = _columns(store, path, file)
    chosen = format if format != "auto" else "table" if mapping else recognise(columns)
    if chosen == "table":
        name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "table"
        return table_source(columns, name, mapping or ColumnMapping())
    if missing := {"id", "date_start", "date_end", "date_prec", "where_prec", "type_of_violence", "best"} - {
        column.lower() for column in columns
    }:
        raise InputError(f"{path.name} is not a UCDP file: column {', '.join(sorted(missing))} is missing")
    return ucdp_source(columns, path.name)


def _columns(store: Store, path: Path, file: Readable) -> list[str]:
    try:
        return store.columns(f"SELECT * FROM {reader(file)} LIMIT 0")
    except QueryError as error:
        raise InputError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from error


def _knowledge(source: Source, given: datetime | str | None, loaded_at: datetime) -> _Knowledge:
    order = "coalesce(s.known_order, 1) - 1"
    own = f"s.known_at + to_microseconds({order})"
    if given == "occurred":
        return _Knowledge(
            sql="CAST(s.occurred_on AS TIMESTAMP)",
            moment=None,
            basis="occurred",
            note="taken as known when it happened: a retrospective, not a record of what was known",
        )
    if isinstance(given, str):
        raise OptionError(f"known_at {given!r} is not a time; give YYYY-MM-DD HH:MM, or 'occurred'")
    moment, basis, note = (
        loaded_at,
        "load",
        f"known at {loaded_at:%Y-%m-%d %H:%M} UTC, the time of this load; --known-at sets another",
    )
    if given is not None:
        moment, basis, note = given, "given", f"known at {given:%Y-%m-%d %H:%M}, as given"
    elif source.release is not None:
        moment, basis = source.release.known_at, "source"
        note = (
            f"known at {moment:%Y-%m-%d}, the nominal date of UCDP release {source.release.name} "
            "(read from the file's name); --known-at sets another"
        )
    if "known_at" not in source.fields:
        return _Knowledge(sql=f"TIMESTAMP '{moment}'", moment=moment, basis=basis, note=note)
    note = f"known at the time each record says; where it says none, {note}"
    return _Knowledge(sql=f"coalesce({own}, TIMESTAMP '{moment}')", moment=None, basis="source", note=note)


def _load(
    store: Store,
    path: Path,
    file: Readable,
    source: Source,
    knowledge: _Knowledge,
    loaded_at: datetime,
    covers: tuple[date, date] | None,
    keep_raw: bool,
) -> LoadReport:
    _refuse_mixture(store, source.source)
    load_id = next_load_id(store)
    notes = [knowledge.note]
    settings = {
        "format": source.format,
        "raw": keep_raw,
        "covers": [str(day) for day in covers or ()],
        **source.settings,
    }
    counts = _stage(store, path, file, source, knowledge, load_id, keep_raw)
    if same := _same_load(store, file.sha256, json.dumps(settings, sort_keys=True), knowledge):
        notes.insert(0, f"the same file was loaded as load {same}: nothing to add")
    else:
        notes += _place(store, load_id)
    parameters = {"load_id": load_id, "undone": None}
    before = store.value("SELECT count(*) FROM incident_version")
    store.step("steps/incoming", parameters)
    store.step("steps/verdict")
    new = store.value("SELECT count(*) FROM verdict WHERE NOT existing")
    if not same:
        _add(store, parameters)
        notes += _cover(store, source, knowledge, covers, load_id)
    versions = store.value("SELECT count(*) FROM incident_version") - before
    report = LoadReport(
        load_id=load_id,
        file=path.name,
        format=source.format,
        source=source.source,
        rows_read=counts["read"],
        accepted=counts["accepted"],
        rejected=counts["read"] - counts["accepted"],
        new_incidents=new,
        new_versions=versions,
        unchanged=counts["accepted"] - versions,
        known_at=knowledge.moment,
        known_basis=knowledge.basis,
        notes=tuple(notes),
    )
    _log(store, report, file.sha256, json.dumps(settings, sort_keys=True), loaded_at)
    return report


def _refuse_mixture(store: Store, source: str) -> None:
    others = [name for (name,) in store.rows("SELECT DISTINCT source FROM incident_version")]
    for other in others:
        if other.startswith("simulated") != source.startswith("simulated"):
            raise InputError(
                f"records of {source!r} and of {other!r} cannot share a database: simulated and real records are kept apart; "
                "name another file with --db"
            )


def _stage(
    store: Store, path: Path, file: Readable, source: Source, knowledge: _Knowledge, load_id: int, keep_raw: bool
) -> dict[str, int]:
    """Read the file into the temporary table staged, rejects into reject; counts of records read and accepted."""
    sql = staging(source, reader(file, collect=True), keep_raw=keep_raw)
    for table in ("reject_errors", "reject_scans"):
        store.run(f"DROP TABLE IF EXISTS {table}")
    try:
        _make_staged(store, sql, source, knowledge)
    except QueryError as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    malformed = _malformed(store, path, load_id) if file.kind == "csv" else 0
    bad, repeats = store.rows(
        "SELECT count_if(problem IS NOT NULL), count_if(problem IS NULL) - count(DISTINCT CASE WHEN problem IS NULL "
        "THEN md5_number(concat_ws(chr(31), incident_id, CAST(known_at AS VARCHAR))) END) FROM staged"
    )[0]
    if bad or repeats:
        _make_staged(store, numbered(staging(source, reader(file), keep_raw=keep_raw)), source, knowledge)
        _mark_repeats(store)
        _reject(store, path, load_id)
    read, accepted = store.rows("SELECT count(*), count_if(problem IS NULL) FROM staged")[0]
    if read + malformed == 0:
        raise InputError(f"{path} has a header but no records")
    return {"read": read + malformed, "accepted": accepted}


def _make_staged(store: Store, sql: str, source: Source, knowledge: _Knowledge) -> None:
    name = literal(source.source)
    store.run(
        f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {name} || ':' || s.source_id AS incident_id, {name} AS source, "
        f"s.* REPLACE ({knowledge.sql} AS known_at), {literal(knowledge.basis)} AS known_basis FROM ({sql}) AS s"
    )


def _mark_repeats(store: Store) -> None:
    store.run(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT s.* REPLACE (CASE WHEN s.problem IS NOT NULL THEN s.problem "
        "WHEN row_number() OVER (PARTITION BY s.incident_id, s.known_at, s.problem IS NULL ORDER BY s.record) > 1 "
        "THEN struct_pack(\"column\" := 'source_id', value := s.source_id, reason := 'repeats an id of this file') END AS problem) "
        "FROM staged AS s"
    )


def _malformed(store: Store, path: Path, load_id: int) -> int:
    """Log the lines DuckDB could not split into columns; how many there were."""
    if not store.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'"):
        return 0
    store.run(
        "INSERT INTO reject SELECT $id, $file, any_value(line) - 1, NULL, NULL, 'the line is malformed: ' || "
        "any_value(regexp_extract(error_message, '[^\\n]*')), left(any_value(csv_line), 2000) FROM reject_errors GROUP BY line",
        {"id": load_id, "file": path.name},
    )
    count: int = store.value("SELECT count(DISTINCT line) FROM reject_errors")
    return count


def _reject(store: Store, path: Path, load_id: int) -> None:
    store.run(
        'INSERT INTO reject SELECT $id, $file, record, problem."column", left(problem.value, 2000), '
        "problem.\"column\" || ' ' || problem.reason, left(raw, 2000) FROM staged WHERE problem IS NOT NULL ORDER BY record",
        {"id": load_id, "file": path.name},
    )


def _same_load(store: Store, sha256: str, settings: str, knowledge: _Knowledge) -> int | None:
    found: int | None = store.value(
        "SELECT max(load_id) FROM load WHERE sha256 = $sha AND settings = $settings AND undone_at IS NULL "
        "AND known_basis = $basis AND known_at IS NOT DISTINCT FROM $at",
        {"sha": sha256, "settings": settings, "basis": knowledge.basis, "at": knowledge.moment},
    )
    return found


def _place(store: Store, load_id: int) -> list[str]:
    """Find the regions of newly reported places; say what was derived and what was not found."""
    store.step("steps/new_places")
    before = store.value("SELECT count(*) FROM region")
    store.step("steps/derive_regions", {"load_id": load_id})
    store.step("steps/derive_names")
    resolve_places(store)
    derived = store.value("SELECT count(*) FROM region") - before
    if not derived:
        return []
    return [
        f"{derived} regions made from reported names, as no hierarchy was loaded for their country (`incidents regions FILE`)"
    ]


def _add(store: Store, parameters: Mapping[str, int | None]) -> None:
    store.step("steps/add_fresh")
    store.step("steps/add_sightings")
    store.step("steps/disputed_by_load")
    _rewrite_history(store, parameters)


def _rewrite_history(store: Store, parameters: Mapping[str, int | None]) -> None:
    if not store.value("SELECT count(*) FROM disputed"):
        return
    for name in (
        "observation",
        "state",
        "history",
        "drop_disputed_versions",
        "drop_disputed_sightings",
        "add_versions",
        "add_confirmations",
    ):
        store.step(f"steps/{name}", parameters)


def _cover(
    store: Store, source: Source, knowledge: _Knowledge, covers: tuple[date, date] | None, load_id: int
) -> list[str]:
    """Write down what the file reports on: what was given, else its release, else from its first to its last day."""
    first, last = store.rows("SELECT min(occurred_on), max(occurred_on) FROM incoming")[0]
    if first is None:
        return []
    basis, note = (
        "assumed",
        f"taken to report on {first} to {last}, its first and last incident; --covers FROM TO says better",
    )
    if covers is not None:
        (first, last), basis, note = covers, "given", f"reports on {covers[0]} to {covers[1]}, as given"
    elif source.release is not None:
        first, last, basis = source.release.covers_from, source.release.covers_until, "release"
        note = f"reports on {first} to {last}, as UCDP release {source.release.name} does"
    elif store.value(
        "SELECT count(*) FROM reporting WHERE source = $source AND basis = 'file'", {"source": source.source}
    ):
        return []
    store.run(
        "INSERT INTO reporting SELECT DISTINCT $source, l.ancestor_id, CAST($first AS DATE), CAST($last AS DATE), true, "
        "CAST($known AS TIMESTAMP), $basis, NULL, CAST($load AS INTEGER) "
        "FROM incoming AS i JOIN lineage AS l ON l.region_id = i.region_id AND l.ancestor_level = 'country'",
        {
            "source": source.source,
            "first": first,
            "last": last,
            "known": knowledge.moment,
            "basis": basis,
            "load": load_id,
        },
    )
    return [note]


def _log(store: Store, report: LoadReport, sha256: str, settings: str, loaded_at: datetime) -> None:
    store.run(
        "INSERT INTO load VALUES ($load_id, 'incidents', $source, $file, $sha, $settings, $known_at, $basis, $at, "
        "$read, $accepted, $rejected, $incidents, $versions, $unchanged, NULL)",
        {
            "load_id": report.load_id,
            "source": report.source,
            "file": report.file,
            "sha": sha256,
            "settings": settings,
            "known_at": report.known_at,
            "basis": report.known_basis,
            "at": loaded_at.replace(microsecond=0),
            "read": report.rows_read,
            "accepted": report.accepted,
            "rejected": report.rejected,
            "incidents": report.new_incidents,
            "versions": report.new_versions,
            "unchanged": report.unchanged,
        },
    )

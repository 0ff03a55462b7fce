"""Lists of records that a source took back, such as the one that ACLED's deletions endpoint gives."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analytics.errors import InputError, QueryError
from analytics.sources.base import literal, quoted
from analytics.sources.files import Readable
from analytics.sources.tables import table_of
from analytics.store.connection import Store
from analytics.store.history import NO_LOAD, rewrite_history
from analytics.store.loading import next_load_id
from analytics.store.staging import reader

IDS = ("event_id_cnty", "source_id", "id")
"""Columns that hold the records' ids, the first that is there."""
TIMES = ("deleted_timestamp", "deleted_at", "known_at")
"""Columns that say when a record was taken back: seconds since 1970, or a date or time (UTC where it says no offset)."""


@dataclass(frozen=True, kw_only=True)
class RetractReport:
    """What came of a list of deletions; accepted + rejected = rows_read, retracted <= accepted.

    `retracted`: records that were known and are taken back by this list; the others were not known, or taken back before.
    """

    load_id: int
    file: str
    source: str
    rows_read: int
    accepted: int
    rejected: int
    retracted: int


def retract(
    store: Store, path: Path, *, source: str, loaded_at: datetime, known_at: datetime | None = None
) -> RetractReport:
    """Take back the records of *source* that the file *path* lists, in one transaction.

    A record is left out from the time its row says, else from *known_at*, else from *loaded_at*; a record that the source
    gives again later is back from then on. Ids that are not known yet are kept: a record that comes later, with an earlier
    knowledge time, is taken back as well. `unload` undoes it.
    Raises InputError where the file cannot be read, or has no column of ids.
    """
    with table_of(path) as file, store.transaction():
        load_id = next_load_id(store)
        otherwise, basis = (known_at, "given") if known_at else (loaded_at, "load")
        _stage(store, path, file, source, otherwise, basis)
        read, rejected = store.rows("SELECT count(*), count(problem) FROM deletions")[0]
        parameters = NO_LOAD | {"load_id": load_id}
        store.run(
            "INSERT INTO retraction SELECT DISTINCT ON (incident_id) incident_id, known_at, known_basis, $id FROM deletions "
            "WHERE problem IS NULL ORDER BY incident_id, known_at",
            {"id": load_id},
        )
        store.run(
            "INSERT INTO reject SELECT $id, $file, record, problem, value, problem || ' ' || reason, NULL FROM deletions WHERE problem IS NOT NULL",
            {"id": load_id, "file": path.name},
        )
        store.step("steps/no_incoming")
        store.step("steps/full_releases", parameters)
        store.run(
            "CREATE OR REPLACE TEMP TABLE disputed AS SELECT DISTINCT incident_id FROM retraction WHERE load_id = $id",
            {"id": load_id},
        )
        rewrite_history(store, parameters)
        retracted = store.value("SELECT count(*) FROM incident_version WHERE load_id = $id", {"id": load_id})
        report = RetractReport(
            load_id=load_id,
            file=path.name,
            source=source,
            rows_read=read,
            accepted=read - rejected,
            rejected=rejected,
            retracted=retracted,
        )
        _log(store, report, file.sha256, loaded_at, known_at, basis)
    return report


def _stage(store: Store, path: Path, file: Readable, source: str, otherwise: datetime, basis: str) -> None:
    """The list as the temporary table deletions, a row each, with what is wrong with it."""
    try:
        have = {name.lower(): name for name in file.columns or store.columns(f"SELECT * FROM {reader(file)} LIMIT 0")}
        ids = next((quoted(have[name]) for name in IDS if name in have), None)
        if ids is None:
            raise InputError(
                f"{path} has no column of ids; it needs one of {', '.join(IDS)} (it has {', '.join(have.values())})"
            )
        times = next((quoted(have[name]) for name in TIMES if name in have), "NULL")
        store.run(
            "CREATE OR REPLACE TEMP TABLE deletions AS WITH given AS ("
            f"SELECT row_number() OVER () AS record, nullif(trim({ids}), '') AS id, nullif(trim({times}), '') AS at FROM {reader(file)}"
            "), dated AS (SELECT g.*, coalesce(to_timestamp(TRY_CAST(g.at AS BIGINT)), TRY_CAST(g.at AS TIMESTAMPTZ)) AS moment FROM given AS g) "
            f"SELECT d.record, {literal(source)} || ':' || d.id AS incident_id, "
            f"coalesce(timezone('UTC', d.moment), TIMESTAMP '{otherwise}') AS known_at, "
            f"CASE WHEN d.at IS NULL THEN {literal(basis)} ELSE 'source' END AS known_basis, coalesce(d.at, d.id) AS value, "
            "CASE WHEN d.id IS NULL THEN 'id' WHEN d.at IS NOT NULL AND d.moment IS NULL THEN 'time' END AS problem, "
            "CASE WHEN d.id IS NULL THEN 'is missing' ELSE 'is neither seconds since 1970 nor a time' END AS reason FROM dated AS d"
        )
    except QueryError as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _log(
    store: Store, report: RetractReport, sha256: str, loaded_at: datetime, known_at: datetime | None, basis: str
) -> None:
    store.run(
        "INSERT INTO load (load_id, kind, source, file, sha256, settings, known_at, known_basis, loaded_at, rows_read, accepted, "
        "rejected, new_incidents, new_versions, unchanged) VALUES ($load_id, 'deletions', $source, $file, $sha, '{}', $known_at, "
        "$basis, $at, $rows_read, $accepted, $rejected, 0, $retracted, $accepted - $retracted)",
        {
            "load_id": report.load_id,
            "source": report.source,
            "file": report.file,
            "sha": sha256,
            "known_at": known_at,
            "basis": basis,
            "at": loaded_at.replace(microsecond=0),
            "rows_read": report.rows_read,
            "accepted": report.accepted,
            "rejected": report.rejected,
            "retracted": report.retracted,
        },
    )

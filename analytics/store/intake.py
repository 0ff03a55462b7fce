"""Reading a file: good records are staged, or put in the store at once; the others are rejected with place and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics.errors import InputError, QueryError
from analytics.sources import Source
from analytics.sources.base import literal
from analytics.sources.files import Readable
from analytics.sources.limits import MOST_MALFORMED
from analytics.store.connection import Store, sql_text
from analytics.store.knowledge import Knowledge
from analytics.store.staging import numbered, reported, staging


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A file that is being loaded: how it is read, when its records became known, and the layout of those that are kept."""

    path: Path
    file: Readable
    source: Source
    knowledge: Knowledge
    load_id: int
    layout: int | None
    """Number of the layout of its records; None where they are not kept."""

    @property
    def records(self) -> str:
        """SELECT of its records as they are staged, with what is wrong in them."""
        name, knowledge = literal(self.source.source), self.knowledge
        layout = "NULL" if self.layout is None else str(self.layout)
        sql = staging(self.source, self.file, keep_raw=self.layout is not None)
        return (
            f"SELECT {name} || ':' || s.source_id AS incident_id, {name} AS source, s.* EXCLUDE (source_id, known_at, known_order), "
            f"{knowledge.sql} AS known_at, CASE WHEN s.known_at IS NULL THEN {literal(knowledge.otherwise)} ELSE 'source' END AS known_basis, "
            f"{self.load_id}::INTEGER AS load_id, CAST({layout} AS BIGINT) AS layout FROM ({sql}) AS s"
        )


def stage(store: Store, intake: Intake, *, apart: bool) -> tuple[int, int]:
    """Read a file into the temporary table staged, rejects into reject; counts of records read and accepted.

    *apart*: records that confirm what is known already, which holds most of a file that comes again, are told apart as
    they are read (`confirms`), and staged without what is not needed any more. An incident may have one record only then.
    Raises InputError, naming the path, where the file cannot be read or has no records.
    """
    _read_by(store, intake, "stage_apart" if apart else "stage", intake.records)
    malformed = _malformed(store, intake)
    bad, repeats = store.rows(
        "SELECT count(problem), count(*) FILTER (problem IS NULL) - count(DISTINCT hash(incident_id, known_at)) "
        "FILTER (problem IS NULL) FROM staged"
    )[0]
    if repeats:
        _read(store, intake, sql_text("steps/stage").replace("{{records}}", numbered(intake.records)))
        _mark_repeats(store)
        _reject(store, intake, "staged")
    elif bad:
        reject_wrong(store, intake)
    read, accepted = store.rows("SELECT count(*), count(*) FILTER (problem IS NULL) FROM staged")[0]
    if read + malformed == 0:
        raise InputError(f"{intake.path} has a header but no records")
    return read + malformed, accepted


def survey(store: Store, intake: Intake) -> int:
    """The places that a file's rows name, unchecked, as the temporary table survey; the number of its rows."""
    _read(store, intake, f"CREATE OR REPLACE TEMP TABLE survey AS {reported(intake.source, intake.file)}")
    records: int = store.value("SELECT coalesce(sum(records), 0) FROM survey")
    return records


def put_first(store: Store, intake: Intake, surveyed: int) -> tuple[int, int] | None:
    """Put the records of a source of which nothing is known into the store as they are read; counts of read and accepted.

    *surveyed*: the number of rows in the file; their places are resolved already. None, and nothing put, where an
    incident has several records.
    """
    _read_by(store, intake, "put_first", intake.records)
    malformed = _malformed(store, intake)
    accepted, incidents = store.rows(
        "SELECT count(*), count(DISTINCT hash(incident_id)) FROM incident_version WHERE load_id = $id",
        {"id": intake.load_id},
    )[0]
    if incidents < accepted:
        for table in ("incident_version", "reject"):
            store.run(f"DELETE FROM {table} WHERE load_id = $id", {"id": intake.load_id})
        return None
    bad = reject_wrong(store, intake) if accepted < surveyed else 0
    return accepted + bad + malformed, accepted


def reject_wrong(store: Store, intake: Intake) -> int:
    """Log the records of a file that have a problem; how many there are."""
    wrong = f"SELECT record, problem, text FROM ({numbered(intake.records)}) AS r WHERE problem IS NOT NULL"
    _read(store, intake, f"CREATE OR REPLACE TEMP TABLE wrong AS {wrong}")
    _reject(store, intake, "wrong")
    count: int = store.value("SELECT count(*) FROM wrong")
    return count


def _read_by(store: Store, intake: Intake, step: str, records: str) -> None:
    """Run the step that reads the file's *records*."""
    sql = sql_text(f"steps/{step}")
    moment = {"known_at": intake.knowledge.moment} if "$known_at" in sql else {}
    with store.settings(_IN_BULK):
        _read(store, intake, sql.replace("{{records}}", records), moment)


_IN_BULK = {
    "preserve_insertion_order": "false",
    "disabled_optimizers": "join_order,build_side_probe_side,filter_pushdown",
}
"""Settings of the database for a pass over a large file, which cost a third of its time otherwise.

The order of the file is gathered for nothing, as records bear their numbers where those are needed. The size of the file is
not known to the optimizer: it takes the file for the smaller side of a join and gathers that, and it works out twice
what a condition rests on.
"""


def _read(store: Store, intake: Intake, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run a statement that reads the file."""
    for table in ("reject_errors", "reject_scans"):
        store.run(f"DROP TABLE IF EXISTS {table}")
    try:
        store.run(sql, parameters)
    except QueryError as error:
        raise InputError(f"{intake.path} cannot be read: {str(error).splitlines()[0]}") from error


def stage_again(store: Store, intake: Intake, settings: str, *, apart: bool) -> tuple[int, int] | None:
    """Stage what an earlier load read from the same bytes in the same way; None where there is none to take it from.

    *apart* as in `stage`. Only where all records are known at one time, then and now, as an incident has one record in such
    a file.
    """
    found = store.rows(
        "SELECT load_id, rows_read, accepted FROM load WHERE sha256 = $sha AND settings = $settings AND undone_at IS NULL "
        "AND known_at IS NOT NULL ORDER BY load_id LIMIT 1",
        {"sha": intake.file.sha256, "settings": settings},
    )
    if not found:
        return None
    earlier, read, accepted = found[0]
    knowledge = intake.knowledge
    basis = {
        "earlier": earlier,
        "known_at": knowledge.moment,
        "basis": knowledge.otherwise,
        "load_id": intake.load_id,
        "apart": apart,
    }
    store.step("steps/staged_again", basis)
    if store.value("SELECT count(*) FROM staged") != accepted:
        return None
    store.run(
        'INSERT INTO reject SELECT $id, $file, record, "column", value, reason, text FROM reject WHERE load_id = $earlier',
        {"id": intake.load_id, "file": intake.path.name, "earlier": earlier},
    )
    return read, accepted


def _mark_repeats(store: Store) -> None:
    store.run(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT s.* REPLACE (CASE WHEN s.problem IS NOT NULL THEN s.problem "
        "WHEN row_number() OVER (PARTITION BY s.incident_id, s.known_at, s.problem IS NULL ORDER BY s.record) > 1 "
        "THEN struct_pack(\"column\" := 'source_id', value := substr(s.incident_id, length(s.source) + 2), "
        "reason := 'repeats an id of this file') END AS problem) FROM staged AS s"
    )


def _malformed(store: Store, intake: Intake) -> int:
    """Log the pieces of the file that could not be made records; how many there were."""
    file = intake.file
    logged = store.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'")
    lines = "SELECT 1, '', '' WHERE false"
    if file.malformed:
        lines = f"SELECT CAST(record AS BIGINT) + 1, reason, text FROM read_parquet({literal(str(file.malformed))})"
    elif logged:
        first = 0 if file.header else 1
        lines = f"SELECT line + {first}, error_message, csv_line FROM reject_errors"
        if store.value("SELECT count(*) FROM reject_errors") > MOST_MALFORMED:
            raise InputError(
                f"{intake.path} has more than {MOST_MALFORMED:,} malformed lines; it is no table with these columns: "
                f"{', '.join(file.columns[:10])}"
            )
    store.run(
        "CREATE OR REPLACE TEMP TABLE malformed AS SELECT min(line) - 1 AS record, row_number() OVER (ORDER BY line) AS turn, "
        "first(split_part(error_message, chr(10), 1)) AS reason, left(first(csv_line), 2000) AS text "
        f"FROM ({lines}) AS e(line, error_message, csv_line) GROUP BY line"
    )
    store.run(
        "INSERT INTO reject SELECT $id, $file, record, NULL, NULL, 'the line is malformed: ' || reason, text FROM malformed",
        {"id": intake.load_id, "file": intake.path.name},
    )
    count: int = store.value("SELECT count(*) FROM malformed")
    return count


def _reject(store: Store, intake: Intake, table: str) -> None:
    """Log the records in *table* with a problem; malformed lines, which are not in it, count in their record numbers."""
    store.run(
        'INSERT INTO reject SELECT $id, $file, s.record + coalesce(m.turn, 0), s.problem."column", left(s.problem.value, 2000), '
        "s.problem.\"column\" || ' ' || s.problem.reason, left(s.text, 2000) "
        f"FROM (FROM {table} WHERE problem IS NOT NULL) AS s "
        "ASOF LEFT JOIN (SELECT record - turn AS before, max(turn) AS turn FROM malformed GROUP BY ALL) AS m ON s.record > m.before",
        {"id": intake.load_id, "file": intake.path.name},
    )

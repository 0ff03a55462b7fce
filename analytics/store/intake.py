"""Reading a file into the table staged: good records are accepted, the others rejected with their place and reason."""

from pathlib import Path

from analytics.errors import InputError, QueryError
from analytics.sources import Source
from analytics.sources.base import literal
from analytics.sources.files import Readable
from analytics.sources.limits import MOST_MALFORMED
from analytics.store.connection import Store
from analytics.store.knowledge import Knowledge
from analytics.store.staging import numbered, reader, staging


def stage(
    store: Store, path: Path, file: Readable, source: Source, knowledge: Knowledge, load_id: int, keep_raw: bool
) -> tuple[int, int]:
    """Read *file* into the temporary table staged, rejects into reject; counts of records read and accepted.

    Raises InputError, naming *path*, where it cannot be read or has no records.
    """
    for table in ("reject_errors", "reject_scans"):
        store.run(f"DROP TABLE IF EXISTS {table}")
    try:
        _make_staged(store, staging(source, reader(file), keep_raw=keep_raw), source, knowledge, load_id)
    except QueryError as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    malformed = _malformed(store, path, file, load_id)
    bad, repeats = store.rows(
        "SELECT count(problem), (SELECT count(*) FROM (SELECT 1 FROM staged WHERE problem IS NULL "
        "GROUP BY incident_id, known_at HAVING count(*) > 1)) FROM staged"
    )[0]
    if bad or repeats:
        _make_staged(store, numbered(staging(source, reader(file), keep_raw=keep_raw)), source, knowledge, load_id)
        _mark_repeats(store)
        _reject(store, path, load_id)
    read, accepted = store.rows("SELECT count(*), count(*) FILTER (problem IS NULL) FROM staged")[0]
    if read + malformed == 0:
        raise InputError(f"{path} has a header but no records")
    return read + malformed, accepted


def stage_again(
    store: Store, path: Path, sha256: str, settings: str, source: Source, knowledge: Knowledge, load_id: int
) -> tuple[int, int] | None:
    """Stage what an earlier load read from the same bytes in the same way; None where there is none to take it from.

    Only where all records are known at one time, then and now, as an incident has one record in such a file.
    """
    if knowledge.moment is None or "known_order" in source.fields:
        return None
    found = store.rows(
        "SELECT load_id, rows_read, accepted FROM load WHERE sha256 = $sha AND settings = $settings AND undone_at IS NULL "
        "AND known_at IS NOT NULL ORDER BY load_id LIMIT 1",
        {"sha": sha256, "settings": settings},
    )
    if not found:
        return None
    earlier, read, accepted = found[0]
    basis = {"earlier": earlier, "known_at": knowledge.moment, "basis": knowledge.otherwise, "load_id": load_id}
    store.step("steps/staged_again", basis)
    if store.value("SELECT count(*) FROM staged") != accepted:
        return None
    store.run(
        'INSERT INTO reject SELECT $id, $file, record, "column", value, reason, text FROM reject WHERE load_id = $earlier',
        {"id": load_id, "file": path.name, "earlier": earlier},
    )
    return read, accepted


def _make_staged(store: Store, sql: str, source: Source, knowledge: Knowledge, load_id: int) -> None:
    name = literal(source.source)
    store.run(
        f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {name} || ':' || s.source_id AS incident_id, {name} AS source, "
        f"s.* REPLACE ({knowledge.sql} AS known_at), CASE WHEN s.known_at IS NULL THEN {literal(knowledge.otherwise)} "
        f"ELSE 'source' END AS known_basis, {load_id}::INTEGER AS load_id FROM ({sql}) AS s"
    )


def _mark_repeats(store: Store) -> None:
    store.run(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT s.* REPLACE (CASE WHEN s.problem IS NOT NULL THEN s.problem "
        "WHEN row_number() OVER (PARTITION BY s.incident_id, s.known_at, s.problem IS NULL ORDER BY s.record) > 1 "
        "THEN struct_pack(\"column\" := 'source_id', value := s.source_id, reason := 'repeats an id of this file') END AS problem) "
        "FROM staged AS s"
    )


def _malformed(store: Store, path: Path, file: Readable, load_id: int) -> int:
    """Log the pieces of the file that could not be made records; how many there were."""
    logged = store.value("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'")
    lines = "SELECT 1, '', '' WHERE false"
    if file.malformed:
        lines = f"SELECT CAST(record AS BIGINT) + 1, reason, text FROM read_parquet({literal(str(file.malformed))})"
    elif logged:
        first = 0 if file.header else 1
        lines = f"SELECT line + {first}, error_message, csv_line FROM reject_errors"
        if store.value("SELECT count(*) FROM reject_errors") > MOST_MALFORMED:
            raise InputError(
                f"{path} has more than {MOST_MALFORMED:,} malformed lines; it is no table with these columns: "
                f"{', '.join(file.columns[:10])}"
            )
    store.run(
        "CREATE OR REPLACE TEMP TABLE malformed AS SELECT min(line) - 1 AS record, row_number() OVER (ORDER BY line) AS turn, "
        "first(split_part(error_message, chr(10), 1)) AS reason, left(first(csv_line), 2000) AS text "
        f"FROM ({lines}) AS e(line, error_message, csv_line) GROUP BY line"
    )
    store.run(
        "INSERT INTO reject SELECT $id, $file, record, NULL, NULL, 'the line is malformed: ' || reason, text FROM malformed",
        {"id": load_id, "file": path.name},
    )
    count: int = store.value("SELECT count(*) FROM malformed")
    return count


def _reject(store: Store, path: Path, load_id: int) -> None:
    """Log the staged records with a problem; malformed lines, which are not staged, count in their record numbers."""
    store.run(
        'INSERT INTO reject SELECT $id, $file, s.record + coalesce(m.turn, 0), s.problem."column", left(s.problem.value, 2000), '
        "s.problem.\"column\" || ' ' || s.problem.reason, left(s.raw, 2000) "
        "FROM (FROM staged WHERE problem IS NOT NULL) AS s "
        "ASOF LEFT JOIN (SELECT record - turn AS before, max(turn) AS turn FROM malformed GROUP BY ALL) AS m ON s.record > m.before",
        {"id": load_id, "file": path.name},
    )

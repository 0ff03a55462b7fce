"""Databases that older versions made: brought to the schema of this one whole, or left as they were."""

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.errors import QueryError, StoreError
from analytics.store import SCHEMA_VERSION, Store
from tests.conftest import ROOT
from tests.store_files import dump, incident, load_rows

OLD = sorted((ROOT / "tests/golden/schema").glob("*.sql"))

COUNTS = "SELECT (SELECT count(*) FROM load), (SELECT count(*) FROM reject), (SELECT count(*) FROM region)"


@pytest.fixture(params=OLD, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, store_path: Path) -> Path:
    """A database as an older version made it, with a view that its user added."""
    with duckdb.connect(str(store_path)) as connection:
        connection.execute(request.param.read_text(encoding="utf-8"))
        connection.execute("CREATE VIEW mine AS SELECT count(*) AS n FROM incident_version")
    return store_path


def schema(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Columns, views and macros with their comments, but for what the user added."""
    return {
        name: store.rows(f"SELECT {what} WHERE NOT internal ORDER BY ALL")
        for name, what in {
            "tables": "* EXCLUDE (database_oid, schema_oid, table_oid, database_name, estimated_size) FROM duckdb_tables()",
            "columns": "table_name, column_index, column_name, data_type, is_nullable, comment FROM duckdb_columns()",
            "views": "view_name, comment, sql FROM (FROM duckdb_views() WHERE view_name <> 'mine')",
            "macros": "function_name, comment, parameters, macro_definition FROM duckdb_functions()",
        }.items()
    }


def test_upgraded(old: Path, tmp_path: Path) -> None:
    """An upgraded database has the schema of a new one, and says what it said: records, their versions, regions and loads."""
    with Store(tmp_path / "new") as store:
        fresh = schema(store)
    with duckdb.connect(str(old)) as connection:
        counts = connection.execute(COUNTS).fetchall()
    with Store(old) as store:
        found = schema(store)
        found["columns"] = [row for row in found["columns"] if row[0] != "mine"]
        assert found == fresh
        assert store.rows(COUNTS) == counts
        assert store.rows("SELECT incident_id, version, killed, region_id FROM versions ORDER BY ALL") == [
            ("desk:a", 1, 3, "XA-N"),
            ("desk:a", 2, 5, "XA-N"),
            ("desk:b", 1, None, "XA-N"),
            ("desk:c", 1, None, "XA"),
        ]
        assert store.value("SELECT n FROM mine") == 4
        assert store.upgraded_from is not None and store.upgraded_from < SCHEMA_VERSION


def test_upgraded_is_loaded_into(old: Path, tmp_path: Path) -> None:
    """A load into an upgraded database changes what a load into a new one would; the same records again change nothing."""
    with Store(old) as store:
        report = load_rows(store, tmp_path, [incident("a", killed=5), incident("d")])
        assert (report.new_incidents, report.new_versions, report.unchanged) == (1, 1, 1)


def test_upgrade_all_or_nothing(old: Path) -> None:
    """An upgrade that cannot be finished (a view of the user's has a name that is ours) leaves the database as it was."""
    with duckdb.connect(str(old)) as connection:
        connection.execute("DROP TABLE incident_version")
        before = connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL").fetchall()
        connection.execute("CREATE VIEW incident_version AS SELECT 1 AS one")
    with pytest.raises(QueryError):
        Store(old)
    with duckdb.connect(str(old)) as connection:
        assert connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL").fetchall() == before


def test_read_only_asks_for_an_upgrade(old: Path) -> None:
    """Commands that only read leave an old database alone and name the command, which upgrades it once."""
    with pytest.raises(StoreError, match=rf"needs {SCHEMA_VERSION}; upgrade it once with: incidents --db .* upgrade"):
        Store(old, read_only=True)
    for words in ("is upgraded", "has the schema of this version already"):
        answer = CliRunner().invoke(main, ["--db", str(old), "upgrade"])
        assert (answer.exit_code, answer.stdout) == (0, "")
        assert words in answer.stderr
    with Store(old, read_only=True) as store:
        assert dump(store)["incident_version"]


def test_upgrade_without_database(tmp_path: Path) -> None:
    """There is nothing to upgrade where there is no database, and none is made."""
    answer = CliRunner().invoke(main, ["--db", str(tmp_path / "none"), "upgrade"])
    assert answer.exit_code != 0
    assert "no database at" in answer.stderr
    assert not (tmp_path / "none").exists()

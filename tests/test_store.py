"""The database file: opened, locked, refused, described, and whole whatever happens to the process."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from analytics.errors import QueryError, StoreError
from analytics.schema import COLUMNS, MEASURES
from analytics.store import Store
from analytics.store.connection import DERIVED, TABLES
from analytics.store.describing import OBJECTS, PARTS
from tests.conftest import ROOT
from tests.store_files import dump, incident, load_rows, xanadu


def test_new_database(store_path: Path) -> None:
    """A database is made where there is none, and opening it again finds it as it was."""
    with Store(store_path) as store:
        before = dump(store)
    with Store(store_path, read_only=True) as store:
        assert dump(store) == before
        assert store.value("SELECT count(*) FROM incidents") == 0


def test_files_that_are_no_database(tmp_path: Path) -> None:
    """A missing file or folder, a folder, text, a foreign database and databases too new and too old are told apart."""
    (tmp_path / "text").write_text("source_id,occurred_on\n" * 1000, encoding="utf-8")
    with duckdb.connect(str(tmp_path / "foreign")) as foreign:
        foreign.execute("CREATE TABLE t AS SELECT 1")
    for name, version in (("new", 99), ("old", 1)):
        with Store(tmp_path / name) as store:
            store.run("UPDATE incident_store SET schema_version = $version", {"version": version})
    with pytest.raises(StoreError, match=r"no database at .*none; load a file"):
        Store(tmp_path / "none", read_only=True)
    for name, words in (
        ("missing/db", "does not exist"),
        (".", "is a folder"),
        ("text", "is not a DuckDB database"),
        ("foreign", "not one of ours"),
        ("new", "made by a newer program"),
        ("old", "too old to be upgraded"),
    ):
        with pytest.raises(StoreError, match=words):
            Store(tmp_path / name)


def test_database_without_tables(store_path: Path) -> None:
    """A database that was never filled is filled when opened for writing, and refused read-only."""
    duckdb.connect(str(store_path)).close()
    with pytest.raises(StoreError, match="schema version none"):
        Store(store_path, read_only=True)
    with Store(store_path) as store:
        assert store.value("SELECT count(*) FROM loads") == 0


HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_held_by_another_process(store_path: Path) -> None:
    """A database that another process has open is refused with that program and its process number."""
    Store(store_path).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        for read_only in (False, True):
            with pytest.raises(StoreError, match=rf"is in use by .*python.* \(process {holder.pid}\)"):
                Store(store_path, read_only=read_only)
        holder.stdin.close()
    Store(store_path).close()


REFUSED = [
    "INSERT INTO load SELECT * FROM load", "DELETE FROM incident_version", "CREATE TABLE t AS SELECT 1", "DROP VIEW incidents",
    "FROM read_csv('/etc/passwd')", "FROM read_text('/etc/passwd')", "FROM '/etc/passwd'", "FROM glob('/etc/*')",
    "COPY load TO '{folder}/out.csv'", "COPY load FROM '/etc/passwd'", "EXPORT DATABASE '{folder}/out'", "ATTACH '{folder}/other.duckdb'",
    "INSTALL spatial", "LOAD spatial", "SET threads = 1", "SET enable_external_access = true", "RESET lock_configuration",
    "PRAGMA enable_profiling", "SET TimeZone = 'Asia/Baghdad'", "SELECT getenv('HOME')", "FROM read_parquet('https://localhost/x.parquet')",
]  # fmt: skip


def test_locked_store(tmp_path: Path) -> None:
    """Analysts' SQL can neither write, nor read or write files, nor change a setting; it can still ask everything."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a")])
    files = sorted(path.name for path in tmp_path.iterdir())
    with Store(tmp_path / "db", locked=True) as store:
        for sql in REFUSED:
            with pytest.raises(QueryError):
                store.rows(sql.format(folder=tmp_path))
        assert store.value("SELECT count(*) FROM incidents") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_read_only_store(tmp_path: Path) -> None:
    """A store opened read-only cannot be loaded into."""
    xanadu(tmp_path / "db").close()
    with Store(tmp_path / "db", read_only=True) as store, pytest.raises(QueryError, match="read-only"):
        load_rows(store, tmp_path, [incident("a")])


def test_everything_is_described(store_path: Path) -> None:
    """Every table, view and macro, every column and every argument says what it is, where SQL tools look for it."""
    with Store(store_path) as store:
        objects = {name: comment for name, _, comment in store.rows(OBJECTS)}
        columns = store.rows("SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal")
        macros = dict(store.rows("SELECT function_name, parameters FROM duckdb_functions() WHERE NOT internal"))
        arguments = {
            name: [part for part, _, comment in store.rows(PARTS, {"name": name}) if comment] for name in macros
        }
    assert [name for name in (*TABLES, *DERIVED) if not objects.get(name)] == []
    assert [(table, column) for table, column, comment in columns if not comment] == []
    assert arguments == macros
    docs = {column: comment for table, column, comment in columns if table == "incident_version"}
    assert [column.name for column in COLUMNS if docs[column.name] != column.doc] == []


def test_views_answer_on_an_empty_store(store_path: Path) -> None:
    """Every table and view can be asked before anything is loaded, and has no rows."""
    with Store(store_path) as store:
        views = store.rows(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal UNION SELECT table_name FROM duckdb_tables() ORDER BY 1"
        )
        counts = {view: store.value(f'SELECT count(*) FROM "{view}"') for (view,) in views}  # noqa: S608 - its own names
    assert {view for view, count in counts.items() if count} == {"incident_store"}


def test_transaction(store_path: Path) -> None:
    """What fails in the middle leaves nothing behind, and the store stays usable."""
    with Store(store_path) as store:
        with pytest.raises(QueryError), store.transaction():
            store.run("INSERT INTO place (country) VALUES ('Xanadu')")
            store.run("SELECT no_such_column FROM place")
        assert store.value("SELECT count(*) FROM place") == 0
        with store.transaction():
            store.run("INSERT INTO place (country) VALUES ('Xanadu')")
        assert store.value("SELECT count(*) FROM place") == 1


def test_measures_are_those_of_weekly() -> None:
    """Each measure by name is one that the macro weekly works out."""
    text = (ROOT / "analytics" / "sql" / "weekly.sql").read_text(encoding="utf-8")
    assert [
        name for name in MEASURES if f"WHEN '{name}' THEN sum(k.{name if name != 'incidents' else 'share'}" not in text
    ] == []

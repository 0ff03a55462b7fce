"""Opening the database, making its schema, and running SQL in it; the SQL itself is in analytics/sql."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from analytics.errors import StoreError
from analytics.schema import COLUMNS
from analytics.store.describing import comment_on, comment_on_columns
from analytics.store.failures import errors_of_ours, is_held, why_not_opened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = 5
OLDEST_VERSION = 3
"""The oldest schema that a database can be brought from; what changed its tables since is in analytics/sql/upgrades."""

Tracer = Callable[[str, float], None]
"""Called with each statement and the seconds it took to start answering."""

_SQL = Path(__file__).parent.parent / "sql"

TABLES = (
    "load", "reject", "load_place", "layout", "reference_row", "incident_version", "sighting", "retraction", "region", "region_name",
    "region_member", "boundary", "point",
    "dated_event", "reporting", "tag_rule", "place", "run", "flag", "episode",
    "episode_event", "episode_name", "note", "mute", "due_mail", "sent_mail", "backtest",
    "backtest_score", "backtest_flag",
)  # fmt: skip
DERIVED = (
    "level_rank", "tags_of", "layout_columns", "raw_of",
    "place_key", "week_of", "lineage", "reach", "incidents_as_of", "incidents", "coverage_in_force", "versions",
    "revisions", "reporting_delay", "loads", "rejects",
    "regions", "region_groups", "dated_events", "event_regions", "coverage", "unresolved", "place_conflicts",
    "weekly", "weekly_as_of", "runs", "mutes",
    "notes", "flags", "episodes", "episode_log", "flag_incidents", "incident_changes",
)  # fmt: skip

_LOCKDOWN = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_access": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}

_PAUSE = 0.1
"""Seconds between two attempts to open a file that another process has open."""

NAMES = [column.name for column in COLUMNS]
_DAY_AND_PLACE = ("occurred_on", "country", "admin1", "admin2")


def sql_text(name: str) -> str:
    """The SQL in the file *name*, with its {{lists of incident columns}} filled in."""
    text = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    for key, value in _LISTS.items():
        text = text.replace("{{" + key + "}}", value)
    text = re.sub(r"{{names (\w+)}}", lambda found: ", ".join(f"{found[1]}.{name}" for name in NAMES), text)
    text = re.sub(r"{{apart (\w+)}}", lambda found: _apart(found[1]), text)
    return re.sub(r"{{hash (\w+)}}", lambda found: state_hash(found[1]), text)


def _apart(alias: str) -> str:
    """The columns of an incident as SQL; those of a record that confirms what is known are null but for its day and place."""
    return ", ".join(
        f"{alias}.{name}"
        if name in _DAY_AND_PLACE
        else f"CASE WHEN NOT {alias}.confirms THEN {alias}.{name} END AS {name}"
        for name in NAMES
    )


def state_hash(alias: str) -> str:
    """SQL of the checksum of the state in the row *alias*: DuckDB's own hash, ten times as fast as MD5 of its text.

    Its way may change with DuckDB; `Store` then works the checksums out anew. Numbers with a fraction count as their texts,
    as 0 and -0 are one number.
    """
    texts = (f"CAST({alias}.{c.name} AS VARCHAR)" if c.type == "DOUBLE" else f"{alias}.{c.name}" for c in COLUMNS)
    return f"hash({', '.join(texts)})"


_MADE_UP = {"DATE": "'2021-12-02'", "VARCHAR": "'Kifri, a longer text'", "DOUBLE": "34.69", "INTEGER": "13"}

_LISTS = {
    "columns": ",\n    ".join(f"{column.name} {column.type}" for column in COLUMNS),
    "bare": ", ".join(NAMES),
    "ours": " ".join(f"WHEN '{name}' THEN CAST({name} AS VARCHAR)" for name in NAMES),
    "made_up": ", ".join(
        f"CAST({'NULL' if number % 5 == 4 else _MADE_UP[column.type]} AS {column.type}) AS {column.name}"
        for number, column in enumerate(COLUMNS)
    ),
    "texts": ", ".join(f"{name} := CAST(v.{name} AS VARCHAR)" for name in NAMES),
    "changes": "["
    + ", ".join(
        f"struct_pack(field := '{name}', old := p.before.{name}, new := p.fields.{name})"
        for name in [*NAMES, "retracted"]
    )
    + "]",
}


class Store:
    """An open incident database; a context manager.

    `Store(path)` opens for writing and makes a new database where there is none. `Store(path, read_only=True)` reads
    only. `Store(path, locked=True)` is what analysts' SQL runs on: read-only, no files, no network, no settings; with
    read_only=False an existing database is written to under the same lock.
    *config* are settings of DuckDB's own, as memory_limit, to open it with.
    *tracer* sees every statement that is run. *wait*: seconds to wait for a file that another process has open.
    A database of an older schema is brought to this one when it is opened for writing, in one transaction.
    Raises StoreError where the file is missing, not ours, of a newer schema (or an older one, read-only), or held by
    another process.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        read_only: bool | None = None,
        locked: bool = False,
        config: Mapping[str, str] | None = None,
        tracer: Tracer | None = None,
        wait: float = 0.0,
    ) -> None:
        self.path = Path(path)
        self.tracer = tracer
        self.read_only = locked if read_only is None else read_only
        self.upgraded_from: int | None = None
        if (self.read_only or locked) and not self.path.exists():
            raise StoreError(
                f"no database at {self.path}; load a file into it first: incidents --db {self.path} load FILE"
            )
        settings = (_LOCKDOWN if locked else {}) | dict(config or {})
        self._connection = _connect(self.path, self.read_only, settings, wait)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")
        if locked:
            self._connection.execute("SET lock_configuration = true")
        self._prepare()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
        """Run one statement with bound *parameters*; a failure is a QueryError with the database's words."""
        began = perf_counter()
        with errors_of_ours(self.path):
            result = self._connection.execute(sql, dict(parameters or {}))
        if self.tracer is not None:
            self.tracer(sql, perf_counter() - began)
        return result

    def step(self, name: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run the named SQL file; only the parameters it mentions are bound."""
        sql = sql_text(name)
        self.run(sql, {key: value for key, value in (parameters or {}).items() if re.search(rf"\${key}\b", sql)})

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with errors_of_ours(self.path):
            found: list[tuple[Any, ...]] = self.run(sql, parameters).fetchall()
        return found

    def value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        with errors_of_ours(self.path):
            row = self.run(sql, parameters).fetchone()
        return None if row is None else row[0]

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pd.DataFrame":
        """A query's result as a pandas frame, in pandas' own types."""
        with errors_of_ours(self.path):
            found: pd.DataFrame = self.run(sql, parameters).df()
        return found

    def reader(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pa.RecordBatchReader":
        """A query's result as Arrow record batches, as it streams."""
        with errors_of_ours(self.path):
            return self._relation(sql, parameters).to_arrow_reader()

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pa.Table":
        """A query's result as an Arrow table."""
        with errors_of_ours(self.path):
            found: pa.Table = self._relation(sql, parameters).to_arrow_table()
        return found

    def _relation(self, sql: str, parameters: Mapping[str, Any] | None) -> "duckdb.DuckDBPyRelation":
        """A query that is still to run, after what was asked before and not read to its end."""
        self._connection.complete()
        return self._connection.sql(sql, params=dict(parameters or {}))

    def put(self, name: str, rows: "pa.Table") -> None:
        """Make the temporary table *name* of an Arrow table's rows."""
        self._connection.register("(rows)", rows)
        try:
            self.run(f'CREATE OR REPLACE TEMP TABLE {name} AS FROM "(rows)"')
        finally:
            self._connection.unregister("(rows)")

    def statements(self, sql: str) -> list[tuple[str, str]]:
        """Kind (SELECT, INSERT, ...) and text of each statement, without semicolons and comments around it."""
        with errors_of_ours(self.path):
            found = self._connection.extract_statements(sql)
        return [(_kind(statement), _trimmed(statement.query)) for statement in found]

    def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[str]:
        """Names of a query's columns."""
        description = self.run(sql, parameters).description or []
        return [str(column[0]) for column in description]

    @contextmanager
    def settings(self, values: Mapping[str, str]) -> Iterator[None]:
        """DuckDB's own settings, as *values* have them inside and as they were opened with after."""
        for name, value in values.items():
            self.run(f"SET {name} = '{value}'")
        try:
            yield
        finally:
            for name in values:
                self.run(f"RESET {name}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what happens inside is kept when it ends well, and undone when it does not."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            # a database that failed for good has nothing to undo: it is whole when opened again
            with suppress(duckdb.Error):
                self._connection.rollback()
            raise
        self.run("COMMIT")

    def _prepare(self) -> None:
        version = self._schema_version()
        if version == SCHEMA_VERSION:
            if not self.read_only:
                _rehash(self)
            return
        if version is not None and version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was made by a newer program (schema version {version}, this one knows {SCHEMA_VERSION}); "
                "install the newer incident-analytics, or name another file with --db"
            )
        if version is not None and version < OLDEST_VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}, too old to be upgraded (from {OLDEST_VERSION} on it can be); "
                "name another file with --db, and load the records again"
            )
        if self.read_only:
            raise StoreError(
                f"{self.path} has schema version {version or 'none'}, this program needs {SCHEMA_VERSION}; "
                f"upgrade it once with: incidents --db {self.path} upgrade"
            )
        self.upgraded_from = version
        _define(self, version)

    def _schema_version(self) -> int | None:
        tables = {name for (name,) in self.rows("SELECT table_name FROM duckdb_tables()")}
        if "incident_store" in tables:
            version: int = self.value("SELECT schema_version FROM incident_store")
            return version
        if tables:
            raise StoreError(f"{self.path} is a DuckDB database, but not one of ours; name another file with --db")
        return None


def _connect(path: Path, read_only: bool, config: dict[str, str], wait: float) -> duckdb.DuckDBPyConnection:
    if not path.parent.exists():
        raise StoreError(f"folder {path.parent} does not exist; make it, or name another database with --db")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --db")
    until = monotonic() + wait
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=dict(config))
        except duckdb.Error as error:
            if not is_held(error) or monotonic() >= until:
                raise StoreError(why_not_opened(path, error)) from error
        sleep(_PAUSE)


def _kind(statement: duckdb.Statement) -> str:
    try:
        return statement.type.name
    except ValueError:  # DuckDB knows more kinds than its Python module has names for
        return "UNKNOWN"


def _trimmed(query: str) -> str:
    """A statement's text up to its semicolon; the places of its tokens are counted in bytes."""
    text = query.encode()
    tokens = duckdb.tokenize(query)
    while tokens and (tokens[-1][1].name == "comment" or text[tokens[-1][0] :].strip()[:1] == b";"):
        text = text[: tokens.pop()[0]]
    return text.decode().strip()


def _define(store: Store, before: int | None) -> None:
    """Make the schema, or bring that of version *before* to this one; views, macros and comments are written anew."""
    with store.transaction():
        if before is None:
            store.run(
                "CREATE TABLE incident_store AS SELECT CAST(NULL AS INTEGER) AS schema_version, CAST(NULL AS UBIGINT) AS hash_mark"
            )
        for number in range(before or SCHEMA_VERSION, SCHEMA_VERSION):
            if (_SQL / "upgrades" / f"{number + 1}.sql").exists():
                store.step(f"upgrades/{number + 1}")
        for name in (*TABLES, *DERIVED):
            text = sql_text(name)
            store.run(text)
            kind = re.search(r"CREATE (?:OR REPLACE |)(TABLE|VIEW|MACRO)\b", text)
            store.run(comment_on(kind[1] if kind else "TABLE", name, text))
        store.run("COMMENT ON TABLE incident_store IS 'one row: which version of the schema this database has'")
        columns = store.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
        store.run(comment_on_columns(one for one in columns if one[0] in {"incident_store", *TABLES, *DERIVED}))
        store.run("UPDATE incident_store SET schema_version = $version", {"version": SCHEMA_VERSION})
    _rehash(store)
    store.run("CHECKPOINT")


def _rehash(store: Store) -> None:
    """Work the checksums of states out anew where the database does so in another way than when they were written."""
    mark = store.value(sql_text("hash_mark"))
    if store.value("SELECT hash_mark FROM incident_store") == mark:
        return
    with store.transaction():
        store.step("steps/rehash")
        store.run("UPDATE incident_store SET hash_mark = $mark", {"mark": mark})

"""Opening the database, making its schema, and running SQL in it; the SQL itself is in analytics/sql."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from analytics.errors import QueryError, StoreError
from analytics.schema import COLUMNS
from analytics.sources.base import literal

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 2

Tracer = Callable[[str, float], None]
"""Called with each statement and the seconds it took to start answering."""

_SQL = Path(__file__).parent.parent / "sql"

TABLES = (
    "load", "reject", "load_place", "reference_row", "incident_version", "sighting", "region", "region_name", "region_member", "boundary",
    "dated_event", "reporting", "place", "run", "flag", "episode",
    "episode_event", "episode_name", "note", "mute",
)  # fmt: skip
DERIVED = (
    "place_key", "week_of", "lineage", "reach", "incidents_as_of", "incidents", "coverage_in_force", "versions", "revisions", "loads", "rejects",
    "regions", "region_groups", "dated_events", "event_regions", "coverage", "unresolved", "weekly", "weekly_as_of", "runs", "mutes",
    "notes", "flags", "episodes", "episode_log", "flag_incidents", "incident_changes",
)  # fmt: skip

_LOCKDOWN = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_access": "false",
}

NAMES = [column.name for column in COLUMNS]


def sql_text(name: str) -> str:
    """The SQL in the file *name*, with its {{lists of incident columns}} filled in."""
    text = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
    for key, value in _LISTS.items():
        text = text.replace("{{" + key + "}}", value)
    return re.sub(r"{{names (\w+)}}", lambda found: ", ".join(f"{found[1]}.{name}" for name in NAMES), text)


_LISTS = {
    "columns": ",\n    ".join(f"{column.name} {column.type}" for column in COLUMNS),
    "bare": ", ".join(NAMES),
    "texts": ", ".join(f"{name} := CAST(v.{name} AS VARCHAR)" for name in NAMES),
    "changes": "["
    + ", ".join(
        f"struct_pack(field := '{name}', old := p.before.{name}, new := p.fields.{name})"
        for name in [*NAMES, "retracted"]
    )
    + "]",
}


@contextmanager
def _errors_of_ours() -> Iterator[None]:
    """The database's errors as QueryError; DuckDB raises some only when rows are fetched."""
    try:
        yield
    except duckdb.Error as error:
        raise QueryError(_words(error)) from error


class Store:
    """An open incident database; a context manager.

    `Store(path)` opens for writing and makes a new database where there is none. `Store(path, read_only=True)` reads
    only. `Store(path, locked=True)` is what analysts' SQL runs on: read-only, no files, no network, no settings.
    *tracer* sees every statement that is run.
    Raises StoreError where the file is missing, not ours, of another schema version, or held by another process.
    """

    def __init__(
        self, path: Path | str, *, read_only: bool | None = None, locked: bool = False, tracer: Tracer | None = None
    ) -> None:
        self.path = Path(path)
        self.tracer = tracer
        self.read_only = locked if read_only is None else read_only
        if self.read_only and not self.path.exists():
            raise StoreError(
                f"no database at {self.path}; load a file into it first: incidents --db {self.path} load FILE"
            )
        self._connection = _connect(self.path, self.read_only, _LOCKDOWN if locked else {})
        self._connection.execute("SET TimeZone = 'UTC'")
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
        with _errors_of_ours():
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
        with _errors_of_ours():
            found: list[tuple[Any, ...]] = self.run(sql, parameters).fetchall()
        return found

    def value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        with _errors_of_ours():
            row = self.run(sql, parameters).fetchone()
        return None if row is None else row[0]

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pd.DataFrame":
        """A query's result as a pandas frame, in pandas' own types."""
        with _errors_of_ours():
            found: pd.DataFrame = self.run(sql, parameters).df()
        return found

    def answer(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pd.DataFrame":
        """An analyst's one statement and its result, every value exact: whole sums stay whole, nulls stay null.

        Raises QueryError for no statement, for several, and with the database's words for one that fails.
        """
        import pandas as pd

        with _errors_of_ours():
            statements = self._connection.extract_statements(sql)
        if len(statements) != 1:
            found = f"{len(statements)} statements" if statements else "no statement"
            raise QueryError(f"give one SQL statement at a time; this is {found}")
        rows = self.rows(sql, parameters)
        names = [str(column[0]) for column in self._connection.description or []]
        return pd.DataFrame(rows, columns=names, dtype=object).infer_objects()

    def columns(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[str]:
        """Names of a query's columns."""
        description = self.run(sql, parameters).description or []
        return [str(column[0]) for column in description]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what happens inside is kept when it ends well, and undone when it does not."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self.run("COMMIT")

    def _prepare(self) -> None:
        version = self._schema_version()
        if version is None and not self.read_only:
            _create(self)
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema version {version or 'none'}, this program needs {SCHEMA_VERSION}; "
                "name another file with --db, or load the records again"
            )

    def _schema_version(self) -> int | None:
        tables = {name for (name,) in self.rows("SELECT table_name FROM duckdb_tables()")}
        if "incident_store" in tables:
            version: int = self.value("SELECT schema_version FROM incident_store")
            return version
        if tables:
            raise StoreError(f"{self.path} is a DuckDB database, but not one of ours; name another file with --db")
        return None


def _connect(path: Path, read_only: bool, config: dict[str, str]) -> duckdb.DuckDBPyConnection:
    if not path.parent.exists():
        raise StoreError(f"folder {path.parent} does not exist; make it, or name another database with --db")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --db")
    try:
        return duckdb.connect(str(path), read_only=read_only, config=dict(config))
    except duckdb.Error as error:
        raise StoreError(_explain(path, str(error))) from error


def _explain(path: Path, words: str) -> str:
    if holder := re.search(r"held in (.*?) \(PID (\d+)\)", words):
        program = Path(holder[1]).name
        return f"{path} is in use by {program} (process {holder[2]}); close it there, or try again when it is done"
    if "lock" in words.lower():
        return f"{path} is in use by another process; close it there, or try again when it is done"
    if "not a valid DuckDB database" in words or "magic bytes" in words.lower():
        return f"{path} is not a DuckDB database; name another file with --db"
    return f"cannot open {path}: {words.splitlines()[0]}"


def _words(error: duckdb.Error) -> str:
    """The database's own words, without its advice on extensions and stack traces."""
    return str(error).strip().split("\n\nStack Trace")[0]


def _create(store: Store) -> None:
    with store.transaction():
        store.run(
            "CREATE TABLE incident_store AS SELECT CAST($version AS INTEGER) AS schema_version",
            {"version": SCHEMA_VERSION},
        )
        for name in (*TABLES, *DERIVED):
            store.step(name)
            _comment(store, name)
        for column in COLUMNS:
            store.run(f"COMMENT ON COLUMN incident_version.{column.name} IS {literal(column.doc)}")
    store.run("CHECKPOINT")


def _comment(store: Store, name: str) -> None:
    text = sql_text(name)
    kind = re.search(r"CREATE (?:OR REPLACE |)(TABLE|VIEW|MACRO)\b", text)
    what = kind[1] if kind else "TABLE"
    if what == "MACRO" and re.search(r"\)\s*AS TABLE\b", text):
        what = "MACRO TABLE"
    about = text.split("\n", 1)[0].removeprefix("-- ")
    store.run(f"COMMENT ON {what} {name} IS {literal(about)}")

"""Writes a small database of the schema as it is now as SQL: `python -m tests.golden.make_schema`.

Run before the schema's version is raised; tests/test_upgrade.py keeps the promise that such a database can be upgraded.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.sources.base import literal
from analytics.store import SCHEMA_VERSION, Store
from tests.store_files import incident, load_rows, xanadu

FOLDER = Path(__file__).parent / "schema"


def main() -> None:
    """Three incidents, one of them revised, one in no region."""
    with TemporaryDirectory() as folder, xanadu(Path(folder) / "db") as store:
        rows = [
            incident("a", killed=3),
            incident("b", admin1="Nord", notes="it's; new"),
            incident("c", admin1="Nowhere"),
        ]
        load_rows(store, Path(folder), rows, known_at=datetime.fromisoformat("2020-02-01"))
        load_rows(store, Path(folder), [incident("a", killed=5)], known_at=datetime.fromisoformat("2020-03-01"))
        text = "".join(f"{statement.rstrip().rstrip(';')};\n" for statement in statements(store))
    (FOLDER / f"{SCHEMA_VERSION}.sql").write_text(text, encoding="utf-8", newline="")


def statements(store: Store) -> Iterator[str]:
    """SQL that makes the tables and their rows again; views and macros are written anew by every upgrade."""
    for table, made in store.rows("SELECT table_name, sql FROM duckdb_tables() WHERE NOT temporary ORDER BY table_oid"):
        yield made
        for row in store.rows(f'SELECT CAST(COLUMNS(*) AS VARCHAR) FROM "{table}" ORDER BY ALL'):  # noqa: S608
            values = ", ".join("NULL" if value is None else literal(value) for value in row)
            yield f"INSERT INTO {table} VALUES ({values})"  # noqa: S608


if __name__ == "__main__":
    main()

"""How quick ad-hoc SQL is, as ratios to what it must keep: 1.00 is the limit, less is better.

    python -m tests.benchmarks.bench_sql

It makes a table of ten million rows beside a small database, in a temporary folder of some 400 MB.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb

from analytics.cli.shell import Shell
from analytics.query.request import Limits
from analytics.store import Store

COLD_START = 0.4
"""Seconds for `incidents sql "select 1"`."""
FIRST_PAGE = 1.0
"""Seconds for the first page of ten million rows in the shell."""
TO_COPY = 1.5
"""Times as long as DuckDB's own COPY for a million rows of CSV."""

WIDE = """
SELECT 'desk:' || i AS incident_id, 'desk' AS source, 1 AS version, TIMESTAMP '2020-01-01' + to_minutes(i) AS known_from,
       DATE '2015-01-01' + CAST(i % 2500 AS INTEGER) AS occurred_on, 'Iraq' AS country, 'Diyala' AS admin1, 'Khanaqin, north' AS admin2,
       33.5 + (i % 1000) / 1000.0 AS latitude, 44.1::DOUBLE AS longitude, 'hit-and-run' AS tactic,
       CASE WHEN i % 3 = 0 THEN NULL ELSE 'Peshmerga' END AS actor2, i % 10 AS killed, i % 7 AS wounded,
       'Two attacks on a Thursday "night", number ' || i AS notes
FROM range({rows}) AS r(i)
"""


def best(times: int, run: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    found = []
    for _ in range(times):
        began = perf_counter()
        run()
        found.append(perf_counter() - began)
    return min(found)


def command(database: Path, *words: str, out: Path | None = None) -> None:
    """Run the real command, its answer in a file or thrown away."""
    target = out.open("wb") if out else subprocess.DEVNULL
    subprocess.run([sys.executable, "-m", "analytics", "--db", str(database), "sql", *words], stdout=target, check=True)


def copy(database: Path, out: Path) -> None:
    """DuckDB's own COPY of the million rows."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(f"COPY (FROM many LIMIT 1000000) TO '{out}' (FORMAT csv, HEADER)")


def told(what: str, seconds: float, limit: float) -> None:
    """Print one figure."""
    print(f"{what:55} {seconds:7.3f} s of {limit:6.3f} s  ratio {seconds / limit:.2f}")


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "big.duckdb"
        with Store(database) as store:
            store.run(f"CREATE TABLE many AS {WIDE.format(rows=10_000_000)}")
        told('incidents sql "select 1"', best(7, lambda: command(database, "select 1")), COLD_START)
        shell = Shell(str(database), Limits(rows=1000), paging=False)
        sys.stdout.flush()
        seconds = best(3, lambda: shell.answer("from many;"))
        shell.close()
        told("first page of 10,000,000 rows in the shell", seconds, FIRST_PAGE)
        limit = TO_COPY * best(3, lambda: copy(database, Path(folder) / "copy.csv"))
        ours = Path(folder) / "ours.csv"
        million = ("from many limit 1000000", "--format", "csv")
        told("1,000,000 rows of CSV, and 1.5 times COPY", best(3, lambda: command(database, *million, out=ours)), limit)


if __name__ == "__main__":
    main()

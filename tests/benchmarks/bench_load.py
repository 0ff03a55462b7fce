"""Loading a large CSV beside what plain DuckDB takes to read it: first, again, and with one record in a hundred changed.

    python -m tests.benchmarks.bench_load [RECORDS] [--no-raw] [--statements]

Each part runs in a process of its own, so that the peak memory printed is that part's. Seconds are of the clock and of the
processors; on a machine with other work the latter compare better.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from analytics.sources import Mapping
from analytics.store import Store, load

NOW = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)
FILE = """
COPY (SELECT 'E' || i AS source_id, DATE '2010-01-04' + CAST(hash(i, 3) % 5475 AS INTEGER) AS occurred_on, 'Iraq' AS country,
      'Governorate ' || (i % 18) AS admin1, 'District ' || (i % 18) || '-' || (hash(i, 5) % 8) AS admin2,
      'Village of ' || (hash(i, 4) % 5000) AS location,
      round(31 + 5 * (hash(i, 2) % 1000000) / 1e6, 4) AS latitude, round(41 + 5 * (hash(i, 1) % 1000000) / 1e6, 4) AS longitude,
      CASE i % 3 WHEN 0 THEN 'Battles' WHEN 1 THEN 'Explosions' ELSE 'Attack' END AS event_type,
      'Group ' || (i % 40) AS actor1,
      CASE WHEN hash(i, 6) % 100 < {changed} THEN 9 ELSE i % 4 END AS killed,
      CASE WHEN i % 5 > 0 THEN i % 7 END AS wounded,
      'Gunmen in ' || (i % 9) || ' cars, "masked", opened fire on ' || (i % 90) || ' people at the post' AS notes
      FROM range({records}) AS t(i)) TO '{path}' (FORMAT csv)
"""


def plain(folder: Path) -> str:
    """What plain DuckDB does with the file."""
    with duckdb.connect(str(folder / "plain.db")) as connection:
        connection.execute(f"CREATE TABLE plain AS SELECT * FROM read_csv('{folder / 'first.csv'}')")  # noqa: S608 - our own file
    return ""


def loading(folder: Path, name: str, days: int, keep_raw: bool, statements: bool) -> str:
    """Load the file *name*, *days* after the first; what came of it, and the statements that took longest."""
    seen: list[tuple[float, str]] = []
    with Store(folder / "ours.db", tracer=lambda sql, seconds: seen.append((seconds, sql))) as store:
        report = load(
            store,
            folder / name,
            loaded_at=NOW + timedelta(days=days),
            mapping=Mapping(source="desk"),
            keep_raw=keep_raw,
        )
    longest = sorted(seen, reverse=True)[: 12 if statements else 0]
    told = [f"\n    {seconds:8.2f} s  {' '.join(sql.split())[:110]}" for seconds, sql in longest]
    return f"{report.new_incidents:,} new, {report.new_versions:,} versions, {report.unchanged:,} unchanged" + "".join(
        told
    )


def measured(work: Callable[..., str], *args: object) -> tuple[float, float, float, str]:
    """Seconds of the clock and of the processors, peak memory in GB, and the words of *work*."""
    began, used = time.perf_counter(), time.process_time()
    words = work(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return time.perf_counter() - began, time.process_time() - used, peak, words


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--no-raw", action="store_true", help="do not keep the records as the file has them")
    parser.add_argument("--statements", action="store_true", help="print the statements that took longest")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, changed in (("first.csv", 0), ("changed.csv", 1)):
            duckdb.sql(FILE.format(records=options.records, path=folder / file, changed=changed))
        # a last line that is no record's: other bytes, the same records
        (folder / "alike.csv").write_bytes((folder / "first.csv").read_bytes() + b"\n")
        print(f"{options.records:,} records, {(folder / 'first.csv').stat().st_size / 1e9:.2f} GB")
        base = 0.0, 0.0
        how = (not options.no_raw, options.statements)
        for what, work, *args in (
            ("plain CREATE TABLE AS", plain),
            ("first load", loading, "first.csv", 0, *how),
            ("the same file again", loading, "first.csv", 1, *how),
            ("the same records in another file", loading, "alike.csv", 2, *how),
            ("one record in a hundred changed", loading, "changed.csv", 3, *how),
        ):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                clock, used, peak, words = pool.submit(measured, work, folder, *args).result()
            base = base if base[0] else (clock, used)
            print(
                f"{what:<34}{clock:8.2f} s ({clock / base[0]:5.2f} x){used:8.2f} s of processors ({used / base[1]:5.2f} x)"
                f"{peak:6.2f} GB  {words}"
            )
        print(f"database {(folder / 'ours.db').stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()

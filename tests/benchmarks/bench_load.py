"""Loading a large CSV beside what plain DuckDB takes to read it: first, again, and with one record in a hundred changed.

    python -m tests.benchmarks.bench_load [RECORDS ...] [--no-raw] [--statements] [--steps]

Several numbers of records show how the cost grows. Each part runs in a process of its own, so that the peak memory printed
is that part's; the space that it spills is watched. All run with the same limits of memory and threads. Seconds are of the
clock and of the processors; on a machine with other work the latter compare better. At the end the weekly panel of 3,006
districts over fifteen years is made, beside the bare aggregation of the same records.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import duckdb
import pandas as pd

from analytics.sources import Mapping, table_source
from analytics.sources.tables import table_of
from analytics.store import Store, load, weekly
from analytics.store.intake import Intake
from analytics.store.knowledge import knowledge_of
from analytics.store.staging import reported

NOW = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LIMITS = {"memory_limit": "3GB"}
FILE = """
COPY (SELECT 'E' || i AS source_id, DATE '2010-01-04' + CAST(hash(i, 3) % 5475 AS INTEGER) AS occurred_on, 'Iraq' AS country,
      'Governorate ' || (i % 18) AS admin1, 'District ' || (i % 18) || '-' || (hash(i, 5) % 167) AS admin2,
      'Village of ' || (hash(i, 4) % 5000) AS location,
      round(31 + 5 * (hash(i, 2) % 1000000) / 1e6, 4) AS latitude, round(41 + 5 * (hash(i, 1) % 1000000) / 1e6, 4) AS longitude,
      CASE i % 3 WHEN 0 THEN 'Battles' WHEN 1 THEN 'Explosions' ELSE 'Attack' END AS event_type,
      'Group ' || (i % 40) AS actor1,
      CASE WHEN hash(i, 6) % 100 < {changed} THEN 9 ELSE i % 4 END AS killed,
      CASE WHEN i % 5 > 0 THEN i % 7 END AS wounded,
      'Gunmen in ' || (i % 9) || ' cars, "masked", opened fire on ' || (i % 90) || ' people at the post' AS notes
      FROM range({records}) AS t(i)) TO '{path}' (FORMAT csv)
"""
BARE = """
CREATE TEMP TABLE bare AS
SELECT date_trunc('week', occurred_on) AS week, district_id, count(*) AS incidents FROM incident_version
WHERE known_to IS NULL AND NOT retracted GROUP BY ALL ORDER BY ALL
"""


def plain(folder: Path) -> str:
    """What plain DuckDB does with the file."""
    path = folder / "plain.db"
    with duckdb.connect(str(path), config=dict(LIMITS)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE TABLE plain AS SELECT * FROM read_csv('{folder / 'first.csv'}')")  # noqa: S608 - our own file
    path.unlink()
    return ""


def step(folder: Path, sql: str) -> str:
    """What one SELECT over the file takes, made into a table where it is a part of what is stored."""
    path = folder / "step.db"
    with duckdb.connect(str(path), config=dict(LIMITS)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,filter_pushdown'")
        connection.execute(sql)
    path.unlink()
    return ""


def steps(folder: Path) -> Iterator[tuple[str, str]]:
    """What a first load cannot do without, one thing after the other: names, and SQL that does all up to there."""
    path = folder / "first.csv"
    with table_of(path) as file:
        source = table_source(list(file.columns), "desk", Mapping(source="desk"))
        knowledge = knowledge_of(source, None, NOW)
        intake = Intake(path=path, file=file, source=source, knowledge=knowledge, load_id=1, layout=1)
        ours = [name for name in source.fields if name != "source_id"]
        named = ", ".join(["incident_id", *ours])
        records = intake.records
        yield (
            "the names of places, in a pass before",
            f"CREATE TEMP TABLE survey AS {reported(source, file)}",
        )
        yield "columns cast and made", f"CREATE TABLE t AS SELECT {named} FROM ({records})"  # noqa: S608
        for name, more, where in (
            ("checked", "", " WHERE problem IS NULL"),
            ("with a checksum of the state", ", hash", " WHERE problem IS NULL"),
            ("with what our columns do not give back", ", hash, kept", " WHERE problem IS NULL"),
            ("with all columns that the file lacks", "", " WHERE problem IS NULL"),
        ):
            what = f"{named}{more}" if more or name == "checked" else "* EXCLUDE (problem, record, text)"
            yield name, f"CREATE TABLE t AS SELECT {what} FROM ({records}){where}"  # noqa: S608


def loading(folder: Path, name: str, days: int, keep_raw: bool, statements: bool) -> str:
    """Load the file *name*, *days* after the first; what came of it, and the statements that took longest."""
    seen: list[tuple[float, str]] = []
    with Store(folder / "ours.db", config=LIMITS, tracer=lambda sql, seconds: seen.append((seconds, sql))) as store:
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


def bare(folder: Path) -> str:
    """Weeks and districts of the records, counted and ordered, with nothing said of those without any."""
    with Store(folder / "ours.db", read_only=True, config=LIMITS) as store:
        store.run(BARE)
        cells = store.value("SELECT count(*) FROM bare")
    return f"{cells:,} cells with incidents"


def panel(folder: Path) -> str:
    """The weekly panel of all districts."""
    with Store(folder / "ours.db", read_only=True, config=LIMITS) as store:
        frame: pd.DataFrame = weekly(store, level="admin2")
    return f"{len(frame):,} cells"


def raw(folder: Path) -> str:
    """The records of ten thousand incidents as their file had them."""
    with Store(folder / "ours.db", read_only=True, config=LIMITS) as store:
        characters = store.value("SELECT sum(length(raw)) FROM (FROM incidents LIMIT 10000)")
    return f"{characters:,} characters"


def measured(folder: Path, work: Callable[..., str], *args: object) -> tuple[float, float, float, float, str]:
    """Seconds of the clock and of the processors, peak memory and spilled space in GB, and the words of *work*."""
    with watched(folder) as spilled:
        began, used = time.perf_counter(), time.process_time()
        words = work(folder, *args)
        taken = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return *taken, peak, max(spilled, default=0.0), words


@contextmanager
def watched(folder: Path) -> Iterator[list[float]]:
    """Sizes in GB of what is spilled to DuckDB's temporary folders, ten times a second."""
    done, sizes = Event(), list[float]()

    def watch() -> None:
        while not done.wait(0.1):
            sizes.append(sum(_size(path) for path in folder.glob("*.tmp/*")) / 1e9)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield sizes
    finally:
        done.set()
        thread.join()


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


def apart(folder: Path, work: Callable[..., str], *args: object) -> tuple[float, float, float, float, str]:
    """`measured` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, folder, work, *args).result()


def told(what: str, found: tuple[float, float, float, float, str], base: tuple[float, float]) -> None:
    """Print what was measured, as multiples of *base*."""
    clock, used, peak, spilled, words = found
    print(
        f"{what:<42}{clock:8.2f} s ({clock / base[0]:5.2f} x){used:8.2f} s of processors ({used / base[1]:5.2f} x)"
        f"{peak:6.2f} GB{spilled:6.2f} GB spilled  {words}",
        flush=True,
    )


def measure(records: int, options: argparse.Namespace) -> None:
    """Print the figures of a file of *records*."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, changed in (("first.csv", 0), ("changed.csv", 1)):
            with duckdb.connect() as connection:
                connection.execute("SET enable_progress_bar = false")
                connection.execute(FILE.format(records=records, path=folder / file, changed=changed))
        print(f"{records:,} records, {(folder / 'first.csv').stat().st_size / 1e9:.2f} GB", flush=True)
        found = apart(folder, plain)
        base = found[:2]
        told("plain CREATE TABLE AS", found, base)
        for what, sql in steps(folder) if options.steps else ():
            told(f"  {what}", apart(folder, step, sql), base)
        how = (not options.no_raw, options.statements)
        told("first load", apart(folder, loading, "first.csv", 0, *how), base)
        told("the same file again", apart(folder, loading, "first.csv", 1, *how), base)
        with (folder / "first.csv").open(
            "ab"
        ) as file:  # a last line that is no record's: other bytes, the same records
            file.write(b"\n")
        told("the same records in another file", apart(folder, loading, "first.csv", 2, *how), base)
        told("one record in a hundred changed", apart(folder, loading, "changed.csv", 3, *how), base)
        told("plain CREATE TABLE AS, once more", apart(folder, plain), base)
        print(f"database {(folder / 'ours.db').stat().st_size / 1e9:.2f} GB")
        found = apart(folder, bare)
        told("bare aggregation by week and district", found, found[:2])
        told("the weekly panel of districts", apart(folder, panel), found[:2])
        told("ten thousand records as they were", apart(folder, raw), found[:2])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--no-raw", action="store_true", help="do not keep the records as the file has them")
    parser.add_argument("--statements", action="store_true", help="print the statements that took longest")
    parser.add_argument("--steps", action="store_true", help="print what each indispensable step of a load takes alone")
    options = parser.parse_args()
    for records in options.records:
        measure(records, options)


if __name__ == "__main__":
    main()

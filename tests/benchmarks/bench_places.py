"""Places and tags on a million records: what a load with coordinates costs, and what a query over tags costs."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from analytics.geometry import holding, near, polygons
from analytics.pipeline import fresh_store
from analytics.store import Store, load, weekly

RECORDS = 1_000_000
NOW = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)
FILE = """
COPY (SELECT i AS source_id, DATE '2010-01-04' + CAST(i % 3650 AS INTEGER) AS occurred_on, {names} AS country, {admin1} AS admin1,
      round(41 + 5 * (hash(i, 1) % 1000000) / 1e6, 5) AS longitude, round(31 + 5 * (hash(i, 2) % 1000000) / 1e6, 5) AS latitude,
      'Gunmen in two cars opened fire on a group of ' || (i % 90) || ' near the village and left; '
      || CASE i % 7 WHEN 0 THEN 'a roadside bomb hit the convoy that came to help' WHEN 1 THEN 'a checkpoint was ambushed'
         ELSE 'witnesses said that the road was closed for hours' END AS notes
      FROM range({records}) AS t(i)) TO '{path}' (FORMAT parquet)
"""


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do *work* and print the seconds it took."""
    began = time.perf_counter()
    answer = work()
    print(f"{what:<66}{time.perf_counter() - began:8.2f} s")
    return answer


def geometry(store: Store) -> None:
    """A million random points against the bundled boundaries, without the database."""
    import json

    shapes = polygons([json.loads(text) for (text,) in store.rows("SELECT geometry FROM boundary ORDER BY region_id")])
    x, y = np.random.default_rng(1).uniform([[38], [29]], [[49], [38]], (2, RECORDS))
    inside, _ = timed(f"{RECORDS:,} points in {len(shapes)} governorates", lambda: holding(x, y, shapes))
    outside = np.setdiff1d(np.arange(RECORDS), inside)
    limits = np.full(len(shapes), 10.0)
    timed(
        f"{len(outside):,} of them outside: within 10 km of one", lambda: near(x[outside], y[outside], shapes, limits)
    )


def loads(folder: Path) -> Store:
    """The same records with names alone, with names and coordinates, and with coordinates alone."""
    store = fresh_store(folder / "named", loaded_at=NOW)
    for name, names, admin1 in (("named", "'Iraq'", "'Diyala'"), ("points", "NULL", "NULL")):
        path = folder / f"{name}.parquet"
        duckdb.sql(FILE.format(names=names, admin1=admin1, records=RECORDS, path=path))
        store = fresh_store(folder / f"{name}.db", loaded_at=NOW)
        timed(f"load of {RECORDS:,} records, {name}", lambda s=store, p=path: load(s, p, loaded_at=NOW, keep_raw=False))
        print(dict(store.rows("SELECT region_basis, count(*) FROM incidents GROUP BY 1")))
    return store


def queries(store: Store) -> None:
    """A weekly panel by tag, against the same by the tag's own condition, and without a filter."""
    rule = store.value("SELECT \"where\" FROM tag_rule WHERE tag = 'checkpoint-attack'")
    for what, where in (
        ("without a filter", ""),
        ("where the tag's own condition holds", rule),
        ("with the tag, all rules worked out", "list_contains(tags, 'checkpoint-attack')"),
    ):
        timed(
            f"weekly panel of {RECORDS:,} records, {what}",
            lambda w=where: weekly(store, where=w, first=date(2010, 1, 4), last=date(2019, 12, 29)),
        )
    timed("tags of all records", lambda: store.rows("SELECT unnest(tags), count(*) FROM incidents GROUP BY ALL"))


def main() -> None:
    """Print the figures."""
    with TemporaryDirectory() as folder:
        store = loads(Path(folder))
        geometry(store)
        queries(store)
        store.close()


if __name__ == "__main__":
    main()

"""What tests of the chain share: a small desk's records, its database, and the command line inside this process."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

from analytics.cli import main
from analytics.pipeline import Report, fresh_store
from analytics.sources import Mapping
from analytics.store import Store, load

CLOCK = datetime(2022, 7, 1, 12)  # noqa: DTZ001 - the store's times are naive UTC
FIRST, LAST = date(2018, 1, 1), date(2021, 12, 26)
"""First and last day that the small store's source reports on: 208 whole weeks."""
RATES = {"Anbar": 1.5, "Basra": 0.3, "Diyala": 2.0, "Kirkuk": 1.0}
SPIKE = date(2021, 11, 15)
"""Week in which the small store has nine more incidents in Basra."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What a demo left: its folder, its report, and the founding case's page."""

    folder: Path
    made: Report
    page: Path


def incidents(*args: object) -> Result:
    """`incidents` with these arguments, run in this process."""
    return CliRunner().invoke(main, [str(arg) for arg in args])


def write_csv(path: Path, rows: Iterable[Row]) -> Path:
    """The rows as a CSV file with a header."""
    rows = list(rows)
    lines = [
        ",".join(rows[0]),
        *(",".join("" if value is None else str(value) for value in row.values()) for row in rows),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def record(name: str, day: date, region: str, known: date | None = None, killed: int | None = 1) -> Row:
    """One incident of the small store's source, known a day later unless *known* says otherwise."""
    return {
        "source_id": name, "known_at": known or day + timedelta(days=1), "occurred_on": day, "country": "Iraq",
        "admin1": region, "date_precision": "day", "killed": killed, "wounded": 2,
    }  # fmt: skip


def records(seed: int = 7) -> list[Row]:
    """Poisson counts at `RATES` on random days of every week, and the spike."""
    rng = np.random.default_rng(seed)
    rows = []
    for week in range((LAST - FIRST).days // 7 + 1):
        start = FIRST + timedelta(weeks=week)
        for region, rate in RATES.items():
            extra = 9 if (region, start) == ("Basra", SPIKE) else 0
            for number in range(int(rng.poisson(rate)) + extra):
                day = start + timedelta(days=int(rng.integers(7)))
                rows.append(record(f"{region}-{week}-{number}", day, region, killed=int(rng.integers(4))))
    return rows


def add(store: Store, path: Path, rows: Iterable[Row], covers: tuple[date, date] | None = None) -> None:
    """Load *rows* as the source "desk"."""
    load(store, write_csv(path, rows), loaded_at=CLOCK, format="table", mapping=Mapping(source="desk"), covers=covers)


def small_store(folder: Path, rows: Iterable[Row] | None = None) -> Path:
    """A database of four regions and four years, made from a seed."""
    path = folder / "small.duckdb"
    with fresh_store(path, loaded_at=CLOCK) as store:
        add(store, folder / "small.csv", records() if rows is None else rows, covers=(FIRST, LAST))
    return path

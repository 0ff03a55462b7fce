"""Time and size of reports against the limits the project set itself: 20 regions x 10 years, and 300 regions.

Run as `python -m tests.benchmarks.bench_report`, or with `make bench`; a few minutes. Records are Poisson draws from
a seed. The weekly report of 20 regions follows one of a week before, with 500 records revised since. Each command
runs in a process of its own on one thread, and the first, which may have kernels to compile, is not measured. The
time of the processor is what a busy machine leaves alone; that of the clock is what one waits.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

FIRST = date(2012, 1, 2)
WEEKS = 522
LIMITS = {
    "weekly report, 20 regions": 8.0,
    "a page for each of 20 regions, and its light form": 30.0,
    "weekly report, 300 regions": 30.0,
}
"""Seconds that each may take, the start of the program included."""
SIZES = {
    "page of 20 regions": 7_000_000,
    "largest page of one region": 7_000_000,
    "largest light page of one region": 1_000_000,
    "page of 300 regions": 15_000_000,
}
"""Bytes that each page may have; about 5 million of every page with charts are plotly's script."""
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Modules are kept compiled, as pip leaves them, also where the environment of a developer says otherwise."""


class Taken(NamedTuple):
    """Seconds of the processor and of the clock that a command took."""

    processor: float
    clock: float


def incidents(path: Path, regions: int, rate: float, seed: int) -> None:
    """Write records of *regions* made-up governorates, *rate* a week in each; three of them triple in the last month."""
    rng = np.random.default_rng(seed)
    means = np.tile(rng.uniform(0.2, 2.0, regions) * rate, (WEEKS, 1))
    means[-4:, :3] *= 3
    counts = rng.poisson(means)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["source_id", "known_at", "occurred_on", "country", "admin1", "tactic", "actor1", "killed", "wounded"]
        )
        for week, region in np.argwhere(counts):
            for number in range(counts[week, region]):
                day = FIRST + timedelta(days=int(7 * week + rng.integers(7)))
                killed, wounded = int(rng.poisson(1.2)), int(rng.poisson(2.0))
                out.writerow(
                    [
                        f"{region}-{week}-{number}",
                        day,
                        day,
                        "Testland",
                        f"Governorate {region:03}",
                        "IED",
                        "IS",
                        killed,
                        wounded,
                    ]
                )


def hierarchy(path: Path, regions: int) -> None:
    """Write a hierarchy of one country of *regions* governorates."""
    rows = ["region_id,level,name,parent_id", "XX,country,Testland,"]
    rows += [f"XX-{region:03},admin1,Governorate {region:03},XX" for region in range(regions)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def database(folder: Path, regions: int, rate: float) -> Path:
    """A database of ten years of *regions* regions."""
    path, table, places = folder / f"{regions}.duckdb", folder / f"{regions}.csv", folder / f"{regions}_regions.csv"
    incidents(table, regions, rate, seed=regions)
    hierarchy(places, regions)
    run("--db", str(path), "regions", str(places))
    last = FIRST + timedelta(weeks=WEEKS, days=-1)
    run("--db", str(path), "load", str(table), "--source", "table", "--covers", str(FIRST), str(last))
    return path


def revise(table: Path, later: Path) -> None:
    """Write the last 500 of the records again, known a week later, each with one killed more."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[-500:]
    known = FIRST + timedelta(weeks=WEEKS + 1)
    later.parent.mkdir()
    with later.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows({**row, "known_at": known, "killed": int(row["killed"]) + 1} for row in rows)


def run(*words: str) -> Taken:
    """Time of one command in a process of its own."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "analytics", *words],
        check=True,
        capture_output=True,
        env={**os.environ, **ONE_THREAD, **INSTALLED},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(used, time.perf_counter() - began)


def main() -> None:
    """Print each time and size, and its ratio to the limit (below 1 is within it)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = database(folder, 20, 5.0), database(folder, 300, 2.0)
        before = str(FIRST + timedelta(weeks=WEEKS - 1, days=-1))
        run("--db", str(small), "report", "--to", before, "--out", str(folder / "first"))
        later = folder / "later" / "20.csv"  # a file of the same name is of the same source
        revise(folder / "20.csv", later)
        run("--db", str(small), "load", str(later), "--source", "table")
        commands = {
            "weekly report, 20 regions": (small, "report"),
            "a page for each of 20 regions, and its light form": (
                *(small, "report", "--each-region"), *("--form", "html", "--form", "light"),
            ),
            "weekly report, 300 regions": (large, "report"),
        }  # fmt: skip
        for number, (what, (path, *words)) in enumerate(commands.items()):
            taken = run("--db", str(path), *words, "--out", str(folder / str(number)))
            for kind, seconds in taken._asdict().items():
                print(_line(f"{what}: {kind}", seconds, LIMITS[what], "s"), flush=True)
        found = {
            "page of 20 regions": folder.glob("0/weekly_*.html"),
            "largest page of one region": [
                path for path in folder.glob("1/*/region_*.html") if not path.stem.endswith("_light")
            ],
            "largest light page of one region": folder.glob("1/*/region_*_light.html"),
            "page of 300 regions": folder.glob("2/weekly_*.html"),
        }
        for what, paths in found.items():
            size = max(path.stat().st_size for path in paths)
            print(_line(what, size / 1e6, SIZES[what] / 1e6, "MB"))


def _line(what: str, value: float, limit: float, unit: str) -> str:
    return f"{what}: {value:.2f} {unit}, {value / limit:.2f} of the limit of {limit:g} {unit}"


if __name__ == "__main__":
    main()

"""Time and size of reports against the limits the project set itself: 20 regions x 10 years, and 300 regions.

Run as `python -m tests.benchmarks.bench_report`, or with `make bench`. Records are Poisson draws from a seed.
"""

import csv
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import numpy as np

FIRST = date(2012, 1, 2)
WEEKS = 522
LIMITS = {
    "weekly report, 20 regions": 8.0,
    "weekly report, 300 regions": 30.0,
    "a page for each of 20 regions": 30.0,
}
"""Seconds that each may take, the start of the program included."""
MOST_BYTES = 15_000_000
"""Size that the page of 300 regions may have."""


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


def run(*words: str) -> float:
    """Seconds of one command in a process of its own."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "analytics", *words], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Print each time and size, and its ratio to the limit (below 1 is within it)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = database(folder, 20, 5.0), database(folder, 300, 2.0)
        out = folder / "out"
        measured = {
            "weekly report, 20 regions": median(run("--db", str(small), "report", "--out", str(out)) for _ in range(3)),
            "a page for each of 20 regions": run("--db", str(small), "report", "--each-region", "--out", str(out)),
            "weekly report, 300 regions": run("--db", str(large), "report", "--out", str(folder / "large")),
        }
        size = sum(path.stat().st_size for path in (folder / "large").glob("weekly_*.html"))
        pages = [path.stat().st_size for path in out.glob("*/*.html")]
    for what, taken in measured.items():
        print(f"{what}: {taken:.1f} s, {taken / LIMITS[what]:.2f} of the limit of {LIMITS[what]:g} s")
    print(f"page of 300 regions: {size / 1e6:.1f} MB, {size / MOST_BYTES:.2f} of the limit of {MOST_BYTES / 1e6:g} MB")
    print(f"pages of 20 regions: {len(pages)} files, {sum(pages) / 1e6:.0f} MB in all")


if __name__ == "__main__":
    main()

"""Time from a real file to a report, and of the command's start, against the limits the project set itself.

Run as `python -m tests.benchmarks.bench_chain`, or with `make bench`. Needs ../shared/data; says so where it is missing.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

REAL = Path(__file__).parents[3] / "shared" / "data" / "ucdp_ged_iraq_v19_1_hdx.csv"
LIMITS = {"load to report": 20.0, "incidents --help": 0.5}
"""Seconds that each may take."""


def seconds(*words: str) -> float:
    """Time of one command in a process of its own."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "analytics", *words], check=True, capture_output=True)
    return time.perf_counter() - began


def load_to_report(folder: Path) -> float:
    """Time to load the real file into a new database and to write the report of June 2014."""
    database = str(folder / "iraq.duckdb")
    (folder / "iraq.duckdb").unlink(missing_ok=True)
    loading = seconds("--db", database, "load", str(REAL))
    reporting = seconds("--db", database, "report", "--to", "2014-06-29", "--out", str(folder))
    print(f"  load {loading:.1f} s, report {reporting:.1f} s")
    return loading + reporting


def main() -> None:
    """Print each time, and its ratio to the limit (below 1 is within it)."""
    measured = {"incidents --help": median(seconds("--help") for _ in range(5))}
    if REAL.exists():
        with tempfile.TemporaryDirectory() as folder:
            measured["load to report"] = median(load_to_report(Path(folder)) for _ in range(3))
    else:
        print(f"{REAL.name} is missing: load to report is not measured")
    for what, taken in measured.items():
        print(f"{what}: {taken:.2f} s, {taken / LIMITS[what]:.2f} of the limit of {LIMITS[what]:g} s")


if __name__ == "__main__":
    main()

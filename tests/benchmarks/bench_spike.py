"""How fast the spike engine is: against R where it is installed, against a statsmodels loop always.

Run from the repository root: python -m tests.benchmarks.bench_spike [--quick]
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.spike import Spike
from analytics.panel import Panel
from analytics.weeks import as_date
from tests.reference.farrington_panels import poisson_panel

HISTORY = 265
JUDGED = 52
OPTIONS = FarringtonOptions(low_count_cases=0)

R_SCRIPT = """
suppressMessages(library(surveillance))
files <- commandArgs(trailingOnly = TRUE)
counts <- as.matrix(read.csv(files[1]))
dates <- as.Date(files[2]) + 7 * (seq_len(nrow(counts)) - 1)
table <- sts(observed = counts, epoch = as.numeric(dates), epochAsDate = TRUE, freq = 52)
control <- list(
  range = (nrow(counts) - 51):nrow(counts), noPeriods = 10, pastWeeksNotIncluded = 26, weightsThreshold = 2.58,
  pThresholdTrend = 1, alpha = 0.01, thresholdMethod = "nbPlugin", glmWarnings = FALSE, limit54 = c(0, 4)
)
cat(system.time(suppressWarnings(farringtonFlexible(table, control)))[["elapsed"]])
"""

PROCESS = """
import sys
from tests.benchmarks.bench_spike import OPTIONS, first_week, streams
from analytics.models.farrington import FarringtonFlexible
panel = streams(int(sys.argv[1]))
FarringtonFlexible(OPTIONS).fit(panel, first_week(panel), threads=1)
"""


def streams(regions: int, judged: int = JUDGED) -> Panel:
    """Regions from one incident in three weeks to thirty a week, with a yearly wave, over history and judged weeks."""
    t = np.arange(HISTORY + judged)[:, None]
    mean = np.exp(np.linspace(-1, 3.4, regions))[None, :] * np.exp(0.5 * np.cos(2 * np.pi * t / 52.18))
    return poisson_panel(mean, HISTORY + judged, regions, seed=1, phi=1.8)


def first_week(panel: Panel, judged: int = JUDGED) -> object:
    """The first of the last *judged* weeks."""
    return as_date(panel.weeks[-judged])


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def fit(panel: Panel, judged: int = JUDGED, threads: int | None = None) -> float:
    """Wall time of judging the last weeks of *panel* by Farrington flexible."""
    first = as_date(panel.weeks[-judged])
    return seconds(lambda: FarringtonFlexible(OPTIONS).fit(panel, first, threads=threads))


def r_seconds(panel: Panel, regions: list[int]) -> float:
    """R's own count of the seconds it takes for these regions; start-up and reading are not in it."""
    with tempfile.TemporaryDirectory() as folder:
        counts, script = Path(folder) / "counts.csv", Path(folder) / "judge.R"
        header = ",".join(f"r{i}" for i in regions)
        np.savetxt(counts, panel.values[:, regions], delimiter=",", fmt="%d", header=header, comments="")
        script.write_text(R_SCRIPT)
        command = ["Rscript", str(script), str(counts), str(panel.weeks[0])]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def r_per_cell() -> float:
    """R's seconds per region-week, on five regions of the panel of 1,000."""
    sample = list(range(50, 1000, 200))
    return r_seconds(streams(1000), sample) / (len(sample) * JUDGED)


def against_r(pairs: int) -> None:
    """Ratio per region-week, one thread each, median of interleaved pairs."""
    panel = streams(1000)
    fit(panel, threads=1)
    ratios = []
    for _ in range(pairs):
        r, ours = r_per_cell(), fit(panel, threads=1) / (1000 * JUDGED)
        ratios.append(r / ours)
        print(f"  R {r * 1e3:.2f} ms, ours {ours * 1e6:.2f} us per region-week: {r / ours:.0f} x")
    print(f"warm, one core, 1,000 x 52: {statistics.median(ratios):.0f} x R (median of {pairs} interleaved pairs)")


def against_statsmodels(cells: int) -> None:
    """Ratio per region-week to a loop of statsmodels fits."""
    from tests.reference.farrington_slow import expected  # statsmodels would weigh on the whole processes below

    panel = streams(1000)
    weeks = [as_date(week) for week in panel.weeks]
    fit(panel, threads=1)
    ours = fit(panel, threads=1) / (1000 * JUDGED)
    columns = np.linspace(300, 999, cells).astype(int)
    slow = seconds(lambda: [expected(panel.values[:, i], weeks, len(weeks) - 1) for i in columns]) / cells
    print(f"statsmodels loop {slow * 1e3:.2f} ms per region-week: {slow / ours:.0f} x")


def process(environment: dict[str, str]) -> float:
    """Wall time of a whole process that judges 1,000 x 52."""
    command = [sys.executable, "-c", PROCESS, "1000"]
    return seconds(lambda: subprocess.run(command, check=True, env=os.environ | environment))


def whole_process(with_r: bool) -> None:
    """A whole process, on a machine that never ran it and with its caches in place, each between two runs of R."""
    with tempfile.TemporaryDirectory() as cache:
        for name in ("never ran", "caches in place"):
            before = r_per_cell() if with_r else 0.0
            taken = process({"NUMBA_CACHE_DIR": cache})
            after = r_per_cell() if with_r else 0.0
            ratio = f", {(before + after) / 2 * 1000 * JUDGED / taken:.0f} x R without its start-up" if with_r else ""
            print(f"whole process, 1,000 x 52, {name}: {taken:.2f} s{ratio}")


def sizes() -> None:
    """World panel, backtest, and cost by number of regions."""
    for regions in (100, 1000, 10_000):
        panel = streams(regions)
        taken = min(fit(panel) for _ in range(2))
        print(f"{regions:>6} regions x 52: {taken:.2f} s, {taken / (regions * JUDGED) * 1e6:.2f} us per region-week")
    world = streams(3000)
    print(f"world panel, 3,000 x 52: {min(fit(world) for _ in range(3)):.2f} s")
    ladder = seconds(lambda: Spike().fit(world, as_date(world.weeks[-JUDGED])))
    print(f"world panel by the ladder: {ladder:.2f} s")
    print(f"ten years of backtest, 1,000 x 520: {fit(streams(1000, 520), 520):.2f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one pair, no sizes")
    quick = parser.parse_args().quick
    with_r = shutil.which("Rscript") is not None
    if with_r:
        against_r(1 if quick else 5)
    else:
        print("Rscript is not installed: no comparison with R")
    against_statsmodels(20)
    whole_process(with_r)
    if not quick:
        sizes()


if __name__ == "__main__":
    main()

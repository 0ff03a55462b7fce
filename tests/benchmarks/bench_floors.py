"""What the policy finds of simulated build-ups, and how many false flags it raises, by method and by weeks of its floors.

A section of docs/evidence-real.md, made by bench_real. By itself: python -m tests.benchmarks.bench_floors
"""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.evaluation import Estimate, Outcome, false_flags_per_year, first_flags, found_by, mean_delay
from analytics.flags import Policy
from analytics.panel import Panel
from analytics.simulate.designs import counts_panel
from analytics.weeks import as_date
from tests.benchmarks.bench_detection import markdown
from tests.benchmarks.real_study import OURS, Candidate, candidates, scored

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEED, REPEATS = 84_000_000, 200
MEANS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0) * 2
"""Incidents a week of the regions."""
PHI, GROWTH, RISING, HIGH = 1.5, 1.3, 10, 4
"""Variance over mean; growth a week, weeks of it, and weeks at its height."""
WEEKS, JUDGED = 6 * 52, 52
QUIET = 0.5
"""Largest mean of a quiet region."""


def drawn(seed: int) -> tuple[Panel, int, int]:
    """Six years of counts, of whose last one region builds up: the panel, the region's column, and the row it begins in."""
    rng = np.random.default_rng(seed)
    region, start = int(rng.integers(len(MEANS))), WEEKS - JUDGED + int(rng.integers(8, 32))
    mean = np.tile(MEANS, (WEEKS, 1)).astype(np.float64)
    steps = np.minimum(np.arange(1, RISING + HIGH + 1), RISING)
    mean[start : start + RISING + HIGH, region] *= GROWTH**steps
    counts = rng.negative_binomial(mean / (PHI - 1), 1 / PHI)
    return counts_panel(counts, date(2010, 1, 4)), region, start


def q_values(ours: Mapping[str, Candidate], seed: int, repeats: int) -> tuple[dict[str, Floats], Flags, Flags]:
    """q-values by candidate, 1 where a region-week is not large enough; the weeks of build-ups; the other regions' weeks.

    Each (JUDGED, repeats x regions).
    """
    width = len(MEANS)
    found = {name: np.ones((JUDGED, repeats * width)) for name in ours}
    event, other = np.zeros((JUDGED, repeats * width), dtype=bool), np.ones((JUDGED, repeats * width), dtype=bool)
    for repeat in range(repeats):
        panel, region, start = drawn(seed + repeat)
        here, begin = repeat * width + region, start - (WEEKS - JUDGED)
        event[begin : begin + RISING + HIGH, here], other[:, here] = True, False
        first, last = as_date(panel.weeks[-JUDGED]), as_date(panel.weeks[-1])
        for name, (settings, order) in ours.items():
            flags = scored(panel, settings, order, first, last)
            row = (flags["week"].to_numpy().astype("datetime64[D]") - panel.weeks[-JUDGED]).astype(np.int64) // 7
            column = pd.Index(panel.region_ids).get_indexer(flags["region_id"])
            found[name][row, repeat * width + column] = flags["q_value"]
    return found, event, other


def measured(flags: Flags, event: Flags, other: Flags) -> list[str]:
    """False flags of the *other* regions; and of quiet and of busy ones the share of build-ups found, and after how many weeks."""
    told = Outcome(flags=flags & other, truth=~other, judged=np.ones_like(other))
    row, horizon = [shown(false_flags_per_year(told), ".2f")], RISING + HIGH
    columns = np.flatnonzero(event.any(axis=0))
    inside = flags.T[event.T].reshape(-1, horizon).T
    quiet = np.tile(MEANS, flags.shape[1] // len(MEANS))[columns] <= QUIET
    for some in (quiet, ~quiet):
        if not some.any():
            row += ["", ""]
            continue
        delay, found = first_flags(inside[:, some])
        row += [shown(found_by(delay, found, horizon), ".0f", 100), shown(mean_delay(delay, found, horizon), ".1f")]
    return row


def floors(ours: Mapping[str, Candidate], seed: int = SEED, repeats: int = REPEATS) -> Iterator[str]:
    """The section: at the policy's q-value, and at that at which all raise as many false flags as the first."""
    found, event, other = q_values(ours, seed, repeats)
    limit = Policy().watch_q
    many = int((next(iter(found.values()))[other] <= limit).sum())
    rows = []
    for name, q in found.items():
        same = float(np.sort(q[other])[max(many - 1, 0)])
        rows += [
            [name, f"{cut:.2g}", *measured(q <= cut, event, other)] for cut in ((limit, same) if rows else (limit,))
        ]
    yield "## On simulated build-ups"
    yield (
        f"{repeats} times {len(MEANS)} regions of {min(MEANS):g} to {max(MEANS):g} incidents a week over {WEEKS // 52} years (negative "
        f"binomial, variance {PHI:g} times the mean); in the last year one grows by {100 * (GROWTH - 1):.0f} % a week for {RISING} weeks and "
        f"stays so for {HIGH}. Quiet: {QUIET:g} incidents a week or fewer. False flags are those of the other regions; a build-up that is not "
        f"found in its {RISING + HIGH} weeks counts {RISING + HIGH}. The second q-value of a method is that at which it raises as many false "
        f"flags as the first method. Seed {seed}."
    )
    what = ("found, %", "weeks until")
    head = [
        "ours",
        "q-value",
        "false flags a region and year",
        *(f"{who}: {one}" for who in ("quiet", "busy") for one in what),
    ]
    yield markdown(head, rows)


def shown(one: Estimate, digits: str, unit: float = 1) -> str:
    """A figure with its interval."""
    low, high = max(one.low, 0.0), one.high
    return f"{unit * one.value:{digits}} ({unit * low:{digits}} to {unit * high:{digits}})"


if __name__ == "__main__":
    print("\n\n".join(floors({name: one for name, one in candidates(OURS).items() if one[1] == "q"})))

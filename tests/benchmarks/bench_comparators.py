"""What other methods flag and find on the 42 scenarios, and what late reports and silent feeds do to each.

Sections of docs/evidence.md: run python -m tests.benchmarks.bench_detection comparators feeds
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.evaluation import Estimate, oracle, share, threshold
from analytics.models.methods import spike_model
from analytics.panel import Panel
from analytics.simulate import SCENARIOS, noufaily
from analytics.simulate.cases import BACK, DELAY, FED, FED_WEEKS, FIRST_WEEK, ONSETS, SILENT, fed, with_event
from analytics.simulate.clusters import ClusterDesign, clusters
from analytics.simulate.designs import JUDGED, counts_panel
from analytics.weeks import as_date
from tests.benchmarks import bench_ramp
from tests.benchmarks.bench_detection import by_ratio, delay_shown, event_found, late, markdown

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

COMPARATORS = (
    "predictive", "auto", "farrington-flexible", "farrington", "ears-c1", "ears-c2", "ears-c3", "glr-nb", "cusum", "bayes",
    "rki", "mean-sd", "acled-surge", "acled-threat", "hdx-maximum",
)  # fmt: skip
FED_METHODS = ("predictive", "auto", "farrington-flexible", "ears-c2", "mean-sd", "acled-surge", "hdx-maximum")
FOUND = (3.0, 5.0, 8.0, 10.0)
OWN = ("predictive", "ramp", "joint")
"""The methods whose delays of ramps are set beside an oracle's."""


def said(method: str, panel: Panel, first: int) -> tuple[Flags, Floats, float]:
    """(a method's own flags, its scores, share of the weeks it judged) of the rows from *first* on, tables (W, R).

    Scores are -log p, or of a rule without p how far the count lies between expected and upper; one week without
    incident is never a flag.
    """
    result = spike_model(method, {}).fit(panel, as_date(panel.weeks[first]))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(np.isfinite(result.p_value), -np.log(result.p_value), result.score)
    quiet = ~(result.observed > 0)
    judged = np.isfinite(result.expected)
    return result.alarm & ~quiet, np.where(quiet | np.isnan(score), -np.inf, score), float(judged.mean())


def comparators(seed: int, null: int, runs: int, scenarios: Iterable[int] = range(3, 43, 3)) -> Iterator[str]:
    """The section on the other methods."""
    scenarios = list(scenarios)
    names = ", ".join(SCENARIOS[number - 1].name for number in scenarios)
    tables = {method: np.zeros((len(scenarios), 2 + 2 * len(FOUND))) for method in COMPARATORS}
    for row, number in enumerate(scenarios):
        quiet = noufaily(number, seed + number, series=null).panel()
        made = [noufaily(number, seed + 1000 + number, series=runs, outbreak=size) for size in FOUND]
        panel = counts_panel(np.concatenate([one.counts for one in made], axis=1), FIRST_WEEK)
        for method, table in tables.items():
            flags, scores, judged = said(method, quiet, JUDGED.start)
            own, found, _ = said(method, panel, JUDGED.start)
            cut = threshold(scores, 0.01)
            table[row, :2] = flags.mean(), judged
            for i, one in enumerate(made):
                piece = slice(i * runs, (i + 1) * runs)
                truth = one.cases[JUDGED] > 0
                table[row, 2 + i] = (own[:, piece] & truth).any(axis=0).mean()
                table[row, 2 + len(FOUND) + i] = event_found(
                    cut, found[:, piece], truth, one.starts - JUDGED.start
                ).hit.mean()
    yield "## Other methods, and the rules of practice"
    yield (
        f"Scenarios {names}, with past outbreaks, each method at its defaults: its own false flags a week and what "
        "it finds with them, and what it finds where its threshold is set to flag 1% of the quiet weeks of a scenario (by p, "
        f"or by how far a count lies between expected and upper); {null} quiet series and {runs} by size of outbreak, seed {seed}."
    )
    head = ["method", "weeks judged", "own false flags", *(f"own POD k={size:g}" for size in FOUND)]
    head += [f"POD at 1%, k={size:g}" for size in FOUND]
    rows = []
    for method, table in tables.items():
        mean = table.mean(axis=0)
        rows.append([method, f"{mean[1]:.0%}", f"{mean[0]:.2%}", *(f"{pod:.3f}" for pod in mean[2:])])
    yield markdown(head, rows)


def feeds(seed: int, series: int, scenarios: Iterable[int] = FED) -> Iterator[str]:
    """The section on late reports and silent feeds: the last week judged, of series that end there."""
    scenarios = list(scenarios)
    states = ("complete", "late", "silent, taken for zero", "silent, known")
    false: dict[tuple[str, str], list[Any]] = {(m, s): [] for m in FED_METHODS for s in states}
    found: dict[tuple[str, str], list[Any]] = {(m, s): [] for m in FED_METHODS for s in states}
    for number in scenarios:
        made = noufaily(number, seed + number, series=series)
        end = JUDGED.start + FED_WEEKS
        quiet = made.counts[:end]
        event = with_event(quiet, seed + 1000 + number)
        for answer, counts in ((false, quiet), (found, event)):
            for state, panel in fed(counts, seed + 2000 + number).items():
                for method in FED_METHODS:
                    answer[method, state].append(said(method, panel, end - 1)[0][0])
    yield "## Late reports and silent feeds"
    yield (
        f"Flags of the last week, of series that end there: "
        f"{', '.join(SCENARIOS[number - 1].name for number in scenarios)}, with past outbreaks, "
        f"{series} series each, seed {seed}; events add five deviations to the last week. Late: a report comes "
        f"{DELAY:g} weeks after its incident on average. Silent: the feed gave nothing for {SILENT} weeks, until {BACK} weeks "
        "before the last, which are taken for zeros or known to be unknown; a method that needs every week then judges nothing."
    )
    rows = [[method, *(_of(table[method, s]) for table in (false, found) for s in states)] for method in FED_METHODS]
    yield markdown(["method", *(f"false flags, {s}" for s in states), *(f"found, {s}" for s in states)], rows)


def _of(flags: list[Flags]) -> str:
    """Share that is flagged, with its interval."""
    every = np.concatenate(flags)
    one: Estimate = share(int(every.sum()), every.size)
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def gap(seed: int, series: int, rate: float = 0.01) -> Iterator[str]:
    """The section on how near ramps are found to an oracle."""
    methods = {
        "farrington": bench_ramp.farrington,
        "predictive": predictive,
        "ramp": bench_ramp.ramp,
        "joint": lambda panel, start: by_ratio(panel, start).scores(),
    }
    rows = []
    for mean in (0.2, 1.0, 5.0, 20.0):
        for growth, null, scores in bench_ramp.cells(mean, 2.0, series, methods, seed + int(1000 * mean)):
            found = bench_ramp.judged(null, scores, rate)
            one = found["predictive"]
            delays = [one.reference, *(found[name].method for name in OWN), one.oracle]
            closed = [shown(found[name].share) for name in OWN]
            rows.append([f"{mean:g}", f"{growth:.0%}", *(f"{delay:.2f}" for delay in delays), *closed])
    yield "## How near to an oracle are ramps found?"
    yield (
        f"Delay in weeks of ramps at a false-flag rate of {rate:.0%} a week, dispersion 2, {series} series each with and without "
        f"a ramp, seed {seed}. The oracle knows mean, dispersion and slope, and averages the likelihood ratio over onsets; the "
        "reference is Farrington flexible with or without its rule for low counts, whichever is sooner. Closed is the share of "
        "the gap between reference and oracle, 95 % interval of a bootstrap over series. *ramp* is the ramp detector, "
        "*joint* that of surges and ramps."
    )
    head = ["mean", "growth", *(f"delay: {name}" for name in ("reference", *OWN, "oracle"))]
    yield markdown([*head, *(f"closed: {name}" for name in OWN)], rows)


def bursts(seed: int, series: int, rate: float = 0.01) -> Iterator[str]:
    """The section on what an oracle finds of clustered incidents."""
    rows = []
    for mean in (0.3, 2.0):
        nothing, event = ClusterDesign(mean=mean), ClusterDesign(mean=mean, shift=3.0)
        quiet = clusters(nothing, seed + int(10 * mean), series=series)
        made = clusters(event, seed + 1000 + int(10 * mean), series=series)
        phi = float(quiet.counts.var() / quiet.counts.mean())
        scores = {}
        for name, one in (("quiet", quiet), ("event", made)):
            panel = one.panel()
            table = bench_ramp.farrington(panel, one.start)
            scores[name] = {
                "Farrington": table,
                "with rule": bench_ramp.with_rule(panel, table),
                "predictive": predictive(panel, one.start),
                "oracle": oracle(one.counts, one.start, one.design.mean, phi, [3.0] * ONSETS),
            }
        delays = [late(scores["quiet"][name], scores["event"][name], rate) for name in scores["quiet"]]
        rows.append([f"{mean:g}", f"{phi:.2f}", *(delay_shown(*delay) for delay in delays)])
    yield "## Can more be had of clustered incidents?"
    yield (
        f"Delay of clustered incidents, three times as many of their own from the first judged week on, at {rate:.0%} a week, "
        f"{series} series each, seed {seed}. The oracle knows mean, dispersion (of weekly counts) and the threefold mean, and "
        "averages the likelihood ratio over onsets of 1 to 12 weeks ago."
    )
    yield markdown(["mean", "dispersion", "Farrington", "with rule", "predictive", "oracle"], rows)


def predictive(panel: Panel, start: int) -> Floats:
    """Scores of the predictive method."""
    return said("predictive", panel, start)[1]


def shown(one: Estimate) -> str:
    """A share with its interval."""
    return f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"

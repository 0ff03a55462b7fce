"""Sums of casualties: whether the compound method holds its rate, and what it finds, beside methods made for counts.

Run from the repository root: python -m tests.benchmarks.bench_sums [SECTION ...]

Each section (calibration, unlike, power, drop, speed, and real, which needs --records; without a name, all) leaves a Markdown
file in a folder, and docs/evidence-sums.md is put together from those that are there. Everything but times follows from the
seeds below. --records is UCDP's GED of Iraq (ucdp_ged_iraq_v19_1_hdx.csv, as the Humanitarian Data Exchange distributes it);
it is not in the repository.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.evaluation import first_flags, found_by, randomised, rate_ratio, threshold
from analytics.models.base import SpikeResult
from analytics.models.compound import Compound, CompoundOptions
from analytics.models.methods import spike_model
from analytics.panel import Panel
from analytics.pipeline.backtesting import backtest_store
from analytics.pipeline.replay import scores
from analytics.settings import Settings
from analytics.simulate import SumDesign, sums
from analytics.store import fresh_store, load
from analytics.weeks import as_date
from tests.benchmarks import evidence_page
from tests.benchmarks.bench_detection import markdown

Floats = NDArray[np.float64]

SEEDS = {
    "calibration": 181_000_000,
    "unlike": 182_000_000,
    "power": 183_000_000,
    "drop": 184_000_000,
    "speed": 185_000_000,
}
MEANS = (0.2, 1.0, 5.0, 20.0)
ALPHAS = (0.05, 0.01, 0.005)
RATE = 0.01
LAWS: dict[str, dict[str, Any]] = {
    "Pareto, index 1.5": {"law": "pareto", "value": 1.5},
    "Pareto, index 2": {"law": "pareto", "value": 2.0},
    "Pareto, index 3": {"law": "pareto", "value": 3.0},
    "lognormal, spread 1.2": {"law": "lognormal", "value": 1.2},
    "lognormal, spread 0.7": {"law": "lognormal", "value": 0.7},
    "lognormal, spread 1.2, six in ten without casualties": {"law": "lognormal", "value": 1.2, "none": 0.6},
    "exponential, mean 2": {"law": "exponential", "value": 2.0},
}
OURS = "compound"
FARRINGTON, PREDICTIVE, RULE, NUMBER = (
    "Farrington flexible on sums", "predictive on sums", "mean + 2 sd of sums", "predictive on the number of incidents",
)  # fmt: skip
FEWER = 5
"""Times fewer series that the methods for counts judge: their rates are far from nominal."""
CHANCE_OF_RULE = 0.0228
"""Chance that a normal variable exceeds its mean by two deviations."""


def fitted(name: str, panel: Panel, first: int) -> SpikeResult:
    """What a method says of the weeks of *panel* from row *first* on."""
    since = as_date(panel.weeks[first])
    if name == OURS:
        return Compound(CompoundOptions(two_sided=True)).fit(panel, since, threads=1)
    if name == NUMBER:
        assert panel.severities is not None
        panel = replace(panel, values=panel.severities.counts(panel.values.shape), severities=None)
    method, values = {
        FARRINGTON: ("farrington-flexible", {"low_count_cases": 0, "two_sided": True}),
        PREDICTIVE: ("predictive", {"two_sided": True}), NUMBER: ("predictive", {"two_sided": True}), RULE: ("mean-sd", {}),
    }[name]  # fmt: skip
    model: Any = spike_model(method, values)
    return model.fit(panel, since)  # type: ignore[no-any-return]


def held(result: SpikeResult) -> tuple[Floats, Floats]:
    """Rate over nominal of randomised p-values, and of actual flags, at each of ALPHAS."""
    assert result.p_drop is not None
    weight = 1.0 if result.statistic is None else np.exp(result.statistic)
    uniforms = np.random.default_rng(1).random(result.p_value.shape)
    p = randomised(result.p_value, (1 - result.p_drop) / weight, uniforms)
    flags = np.where(result.observed > 0, result.p_value, np.where(np.isnan(result.p_value), np.nan, 1.0))
    first, second = (np.array([rate_ratio(table, alpha).value for alpha in ALPHAS]) for table in (p, flags))
    return first, second


def designs(**changes: Any) -> Iterator[tuple[str, float, SumDesign]]:
    """(law, mean, design) of every cell."""
    for name, law in LAWS.items():
        for mean in MEANS:
            yield name, mean, SumDesign(mean=mean, phi=1.5 if mean < 1 else 2.0, **law, **changes)


def figures(row: Floats) -> list[str]:
    """Ratios as they are shown."""
    return [f"{value:.2f}" for value in row]


def calibration(seed: int, series: int, title: str, **changes: Any) -> Iterator[str]:
    """A section on false-flag rates."""
    rows, every = [], []
    for number, (law, mean, design) in enumerate(designs(**changes)):
        made = sums(design, seed + number, series=series)
        panel = made.panel()
        p, flags = held(fitted(OURS, panel, made.start))
        every.append((p, flags))
        some = panel.take(list(panel.region_ids[: series // FEWER]))
        others = [held(fitted(name, some, made.start)) for name in (FARRINGTON, PREDICTIVE)]
        rule = fitted(RULE, some, made.start)
        share = rule.alarm[rule.note == ""].mean() / CHANCE_OF_RULE
        row = [law, f"{mean:g}", *figures(p), *figures(flags)]
        rows.append(
            [*row, *(f"{one[0][1]:.1f}" for one in others), *(f"{one[1][1]:.1f}" for one in others), f"{share:.1f}"]
        )
    yield f"## {title}"
    yield (
        f"Weekly false-flag rate over nominal; {series * 26:,} judged weeks a row, dispersion 1.5 at a mean of 0.2 incidents a "
        f"week and 2 above, seed {seed}. *Randomised* p-values should give 1; *flags* are those that would be raised, fewer "
        "where sums are small and discrete. The last columns are methods for counts, used on the sums of a fifth of the series: "
        "randomised p-values and flags at 0.01, and flags of mean + 2 sd over the 2.28 % of a normal variable."
    )
    head = [
        "casualties of an incident",
        "incidents a week",
        *(f"{kind} {alpha:g}" for kind in ("randomised", "flags") for alpha in ALPHAS),
    ]
    head += [f"{kind} 0.01, {who}" for kind in ("randomised", "flags") for who in ("Farrington", "predictive")]
    yield markdown([*head, "flags, mean + 2 sd"], rows)
    yield verdict(np.array([p for p, _ in every]), np.array([flags for _, flags in every]))


def verdict(p: Floats, flags: Floats) -> str:
    """How many of the figures are where they should be."""
    inside = int(((p >= 0.85) & (p <= 1.15)).sum())
    mean = " / ".join(figures(p.mean(axis=0)))
    return (
        f"**{inside} of {p.size}** randomised figures of the compound method are in 0.85 to 1.15, from {p.min():.2f} to "
        f"{p.max():.2f}; their means are {mean}. Flags come above 1.15 times nominal in {int((flags > 1.15).sum())} of "
        f"{flags.size} cells, at most {flags.max():.2f} times."
    )


EFFECTS: dict[str, dict[str, float]] = {
    "twice the incidents": {"more": 2.0}, "four times the incidents": {"more": 4.0},
    "twice as deadly": {"deadlier": 2.0}, "four times as deadly": {"deadlier": 4.0},
}  # fmt: skip
COMPARED = (OURS, FARRINGTON, PREDICTIVE, RULE, NUMBER)
POWER_LAWS = ("Pareto, index 2", "lognormal, spread 1.2", "exponential, mean 2")


def power(seed: int, null: int, runs: int) -> Iterator[str]:
    """The section on what is found at one false-flag rate."""
    cells = [cell for cell in designs() if cell[0] in POWER_LAWS]
    quiet: dict[tuple[int, str], Floats] = {}
    event: dict[tuple[int, str, str], Floats] = {}
    for number, (_, _, design) in enumerate(cells):
        calm = sums(design, seed + 10 * number, series=null)
        for name in COMPARED:
            quiet[number, name] = scores(fitted(name, calm.panel(), calm.start))
        for effect, change in EFFECTS.items():
            made = sums(replace(design, **change), seed + 10 * number + 1, series=runs)
            for name in COMPARED:
                event[number, effect, name] = scores(fitted(name, made.panel(), made.start))
    yield "## What is found at one false-flag rate?"
    yield (
        f"More incidents of the usual severity, or as many that are deadlier, from the first judged week on; {null} series in "
        f"which nothing happens, {runs} with each event, seed {seed}, false flags in {RATE:.0%} of the weeks. Shares found in the "
        "first week, and within four; means over three laws and four rates of incidents. The last method does not look at "
        "casualties: beside the others it shows what of an event is in the number of incidents."
    )
    yield "### One threshold for all streams"
    yield markdown(*_power_table(quiet, event, range(len(cells)), together=True))
    yield "### A threshold for each stream"
    yield markdown(*_power_table(quiet, event, range(len(cells)), together=False))
    yield "### A threshold for each stream, by stream: found within four weeks, twice the incidents; four times as deadly"
    rows = []
    for number, (law, mean, _) in enumerate(cells):
        found = [
            f"{_found(quiet[number, name], event[number, effect, name])[1]:.2f}"
            for effect in ("twice the incidents", "four times as deadly") for name in COMPARED
        ]  # fmt: skip
        rows.append([law, f"{mean:g}", *found])
    yield markdown(["casualties of an incident", "incidents a week", *(2 * COMPARED)], rows)


def _found(null: Floats, event: Floats) -> tuple[float, float]:
    """Shares of the events found in the first week, and within four, at a threshold set on *null*."""
    uniforms = np.random.default_rng(2).random(event.shape)
    delay, found = first_flags(threshold(null, RATE).flags(event, uniforms))
    return found_by(delay, found, 1).value, found_by(delay, found, 4).value


def _power_table(
    quiet: Mapping[tuple[int, str], Floats],
    event: Mapping[tuple[int, str, str], Floats],
    cells: range,
    *,
    together: bool,
) -> tuple[list[str], list[list[str]]]:
    """Head and rows: share found over all streams, by effect and method."""
    rows = []
    for effect in EFFECTS:
        row = [effect]
        for name in COMPARED:
            every = np.concatenate([quiet[number, name] for number in cells], axis=1)
            found = [
                _found(every if together else quiet[number, name], event[number, effect, name]) for number in cells
            ]
            first, within = np.mean(found, axis=0)
            row.append(f"{first:.2f}, {within:.2f}")
        rows.append(row)
    return ["event", *COMPARED], rows


WITHOUT: dict[str, dict[str, Any]] = {
    "all ingredients": {}, "each region by itself": {"pooling": 0}, "without the weeks before": {"memory": 0},
    "without cutting past outbreaks": {"outbreak_share": 0.0}, "without parameters' uncertainty": {"uncertainty": False},
    "a tail for half of the incidents": {"tail_share": 0.5},
}  # fmt: skip


CHANGES: tuple[dict[str, float], ...] = ({}, {"more": 2.0}, {"deadlier": 2.0})


def drop(seed: int, series: int) -> Iterator[str]:
    """The section on what each ingredient is worth."""
    chosen = ("Pareto, index 1.5", "Pareto, index 3", "lognormal, spread 1.2")
    cells = [
        (unlike, cell)
        for unlike in (0.0, 0.7)
        for cell in designs(unlike=unlike)
        if cell[0] in chosen and cell[1] in (0.2, 5.0)
    ]
    rows = []
    for name, values in WITHOUT.items():
        found, row = [], [name]
        model = Compound(CompoundOptions(two_sided=True, **values))
        for number, (_, (_, _, design)) in enumerate(cells):
            quiet, *events = (
                model.fit(made.panel(), as_date(made.panel().weeks[made.start]), threads=1)
                for made in (sums(replace(design, **change), seed + number, series=series) for change in CHANGES)
            )
            shares = [_found(scores(quiet), scores(event))[1] for event in events]
            found.append([*held(quiet)[0], *shares])
        for half in np.array(found).reshape(2, -1, 5):
            row += [
                " / ".join(figures(half[:, :3].mean(axis=0))), " / ".join(figures(np.abs(half[:, :3] - 1).mean(axis=0))),
                " / ".join(figures(half[:, 3:].mean(axis=0))),
            ]  # fmt: skip
        rows.append(row)
    yield "## What each ingredient is worth"
    yield (
        f"Randomised p-values' rate over nominal at .05 / .01 / .005, how far from 1 it is on average, and the shares "
        f"found within four weeks of twice the incidents / incidents twice as deadly at {RATE:.0%}; {', '.join(chosen)}; 0.2 and 5 incidents a week; "
        f"{series} series each, seed {seed}. *Alike*: all regions have one severity; *unlike*: their scales differ by a "
        "deviation of 0.7 of the logarithm."
    )
    head = [f"{what}, {kind}" for kind in ("alike", "unlike") for what in ("rate", "away from 1", "found")]
    yield markdown(["", *head], rows)


def speed(seed: int, series: int) -> Iterator[str]:
    """The section on time."""
    rows = []
    for number, (law, mean, design) in enumerate(designs()):
        made = sums(design, seed + number, series=series)
        panel = made.panel()
        fitted(OURS, panel, made.start)
        begun = time.process_time()
        fitted(OURS, panel, made.start)
        rows.append([law, f"{mean:g}", f"{1e6 * (time.process_time() - begun) / series / 26:.0f}"])
    yield "## Time"
    yield f"Microseconds of one thread for a region-week, its share of the baselines included; {series} series of 26 judged weeks."
    yield markdown(["casualties of an incident", "incidents a week", "microseconds"], rows)


def real(records: Path | None) -> Iterator[str]:
    """The section on real records."""
    if records is None:
        raise SystemExit("the section real needs --records FILE")
    yield "## Real records"
    yield (
        f"UCDP's records of Iraq ({records.name}; Sundberg & Melander 2013, Journal of Peace Research 50(4)), sums by "
        f"governorate and week, {FIRST} to {LAST}. When they became known is not recorded: a retrospective. An escalation is one "
        "of the sum itself, with the defaults of `incidents backtest`. Flags are those of the policy without build-ups; other "
        "methods at their own threshold, and at the number of flags that ours has (*matched*), judge the same sums. Nothing was "
        "tuned on these records. Intervals take episodes for independent; with so few of them methods are hardly told apart."
    )
    with TemporaryDirectory() as folder, fresh_store(Path(folder) / "real.duckdb", loaded_at=LOADED) as store:
        load(store, records, loaded_at=LOADED)
        for measure in ("killed", "killed_civilians"):
            options = {"replay": "retrospective", "against": AGAINST}
            found = backtest_store(store, Settings(measures=(measure,), backtest=options), first=FIRST, to=LAST)
            yield f"### {measure}"
            yield markdown(
                REAL_HEAD, [_shown(row) for row in found.table.to_dict("records") if row["flagged"] != "floored"]
            )


AGAINST = ("acled-surge", "acled-threat", "hdx-maximum", "mean-sd", "farrington-flexible", "predictive")
FIRST, LAST = date(2013, 1, 7), date(2018, 12, 30)
LOADED = datetime(2022, 7, 1)  # noqa: DTZ001 - the store's times are naive UTC
REAL_HEAD = [
    "method", "chosen by", "flags", "a region and year", "episodes", "followed", "precision, %", "random weeks, %", "lift",
    "escalations", "in time", "late", "missed", "weeks to the highest",
]  # fmt: skip


def _shown(row: Mapping[Any, Any]) -> list[str]:
    """One row of a backtest."""
    counts = [f"{row[name]:.0f}" for name in ("escalations", "in_time", "late", "missed", "lead")]
    precision = f"{100 * row['precision']:.0f} ({100 * row['low']:.0f} to {100 * row['high']:.0f})"
    return [
        row["method"], row["flagged"], str(row["flags"]), f"{row['flags_per_region_year']:.2f}", str(row["episodes"]),
        str(row["followed"]), precision, f"{100 * row['base_rate']:.0f}", f"{row['lift']:.1f}", *counts,
    ]  # fmt: skip


SECTIONS: dict[str, Callable[[int, Path | None], Iterator[str]]] = {
    "calibration": lambda scale, _: calibration(SEEDS["calibration"], 1000 // scale, "Do thresholds hold their rate?"),
    "unlike": lambda scale, _: calibration(
        SEEDS["unlike"], 500 // scale, "The same where regions are unlike: their scales differ by a deviation of 0.7 of the logarithm", unlike=0.7
    ),
    "power": lambda scale, _: power(SEEDS["power"], 200 // scale, 100 // scale),
    "drop": lambda scale, _: drop(SEEDS["drop"], 100 // scale),
    "speed": lambda scale, _: speed(SEEDS["speed"], 60 // scale),
    "real": lambda _, records: real(records),
}  # fmt: skip

INTRODUCTION = """\
# Evidence: sums of casualties

Made by `python -m tests.benchmarks.bench_sums`; edit that script, not this page.
The method *compound* is described in [sums.md](sums.md); what it is made of was chosen on other seeds than those below.
"""


def main() -> None:
    """Run the sections asked for, and put the page together from all that are there."""
    parser = evidence_page.parser(__doc__, SECTIONS, "evidence-sums")
    parser.add_argument("--records", type=Path, help="UCDP's records, for the section real")
    given = parser.parse_args()
    made = {name: partial(section, given.scale, given.records) for name, section in SECTIONS.items()}
    evidence_page.make(given, INTRODUCTION, made)


if __name__ == "__main__":
    main()

"""How flags do on real records, beside the rules of practice; what is ours is chosen on earlier years than it is judged on.

Run from the repository root: python -m tests.benchmarks.bench_real FILE [--measure M] [--methods NAME,NAME] [--page PAGE]

FILE is UCDP's GED of Iraq (ucdp_ged_iraq_v19_1_hdx.csv, as the Humanitarian Data Exchange distributes it); it is not in the
repository. Without more options docs/evidence-real.md is written. A method of ours that needs settings of its own is a line
in OURS of real_study; any other is named with --methods.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.escalations import EscalationOptions
from analytics.evaluation import interval
from analytics.panel import Panel
from analytics.pipeline.analysis import count
from analytics.pipeline.backtesting import Truth
from analytics.settings import Settings
from analytics.store import as_of_default, fresh_store, load
from tests.benchmarks.bench_detection import markdown
from tests.benchmarks.bench_floors import floors
from tests.benchmarks.real_study import (
    AS_DEFINED,
    BLOCK,
    DEFINITIONS,
    OURS,
    RESAMPLES,
    RULES,
    SEED,
    Figure,
    Floats,
    Raised,
    Study,
    candidates,
    less,
    study,
)  # fmt: skip

FIRST, SPLIT, TO = date(2003, 12, 29), date(2012, 12, 31), date(2018, 12, 30)
"""First week to tune on, first week to report, and the last day."""
LOADED = datetime(2022, 7, 1)  # noqa: DTZ001 - the store's times are naive UTC
TUNED = (0.5, 1.0, 2.0)
"""Flags a region and year at which methods are tuned."""
RATES = (0.5, 1.0, 2.0, 4.0)
EPISODES = (20, 30, 40)

KINDS = ("state-based", "one-sided")
"""Types of violence that are studied alone as well."""

SIZES = ((1, 3), (4, 7), (8, None))
"""Incidents of an escalation's highest four weeks."""


def tuned(earlier: Study) -> pd.DataFrame:
    """Precision of each candidate and rule in the earlier years, mean over the definitions.

    Columns: name, one for each of TUNED flags a region and year, mean (of these), one for each of EPISODES, in_time (share
    of the escalations, as defined, mean over TUNED).
    """
    rows = []
    for name in earlier.cells:
        chosen = [earlier.at(name, earlier.number(rate)) for rate in TUNED]
        same = [earlier.of_episodes(name, wanted) for wanted in EPISODES]
        shares = [float(np.mean([one.value(definition) for definition in DEFINITIONS])) for one in (*chosen, *same)]
        in_time = float(np.mean([(one.escalations["found"] == "in time").mean() for one in chosen]))
        rows.append((name, *shares[: len(TUNED)], float(np.mean(shares[: len(TUNED)])), *shares[len(TUNED) :], in_time))
    return pd.DataFrame(
        rows, columns=["name", *(f"{rate:g}" for rate in TUNED), "mean", *map(str, EPISODES), "in_time"]
    )


def best(table: pd.DataFrame) -> str:
    """The candidate with the highest mean precision."""
    own = table[~table["name"].isin(RULES)]
    return str(own.sort_values("mean", ascending=False, kind="stable")["name"].iloc[0])


def percent(share: float) -> str:
    """A share as it is read."""
    return "" if np.isnan(share) else f"{100 * share:.0f} %"


def spanned(figure: Figure, *, sign: str = "", unit: float = 100) -> str:
    """A figure with its 95 % interval; a share in %."""
    value, draws = figure
    if np.isnan(value):
        return ""
    one = interval(unit * value, unit * draws)
    many = ".0f" if unit > 1 else "g"
    return f"{one.value:{sign}{many}} ({one.low:{sign}{many}} to {one.high:{sign}{many}})"


HEAD = [
    "method", "flags", "episodes", "too recent", "precision, %", "drawn by region", "random weeks, %", "first less it, points",
    "drawn by region", "in time, %", "found, %", "weeks to the highest",
]  # fmt: skip


def main_table(chosen: Mapping[str, Raised]) -> str:
    """How flags did; the precision of the first is compared with that of each other."""
    reference = next(iter(chosen.values()))
    rows = []
    for name, one in chosen.items():
        ahead = [less(reference.precision(by=by), one.precision(by=by)) for by in ("row", "column")]
        apart = [""] * 2 if one is reference else [spanned(each, sign="+") for each in ahead]
        rows.append([
            name, str(one.number), str(len(one.firsts)), str(len(one.firsts) - len(one.followed())),
            spanned(one.precision()), spanned(one.precision(by="column")), f"{100 * one.base_rate:.0f}", *apart,
            spanned(one.in_time()), spanned(one.found()), spanned(one.lead(), unit=1),
        ])  # fmt: skip
    return markdown(HEAD, rows)


def curve(later: Study, names: Mapping[str, str]) -> str:
    """Precision, episodes and escalations in time by flags a region and year; *names*: as they are shown, by name."""
    rows = []
    for name, shown in names.items():
        row = [shown]
        for rate in RATES:
            one = later.at(name, later.number(rate))
            few = f"; all {one.number}" if one.number < later.number(rate) else ""
            row += [f"{spanned(one.precision())}{few}", str(len(one.firsts)), percent(one.in_time()[0])]
        rows.append(row)
    what = ("precision, %", "episodes", "in time")
    return markdown(["method", *(f"{rate:g}: {one}" for rate in RATES for one in what)], rows)


def by_episodes(later: Study, names: Mapping[str, str]) -> str:
    """Precision, flags and escalations in time by number of episodes; the first is compared with each other."""
    rows, reference = [], [later.of_episodes(next(iter(names)), wanted) for wanted in EPISODES]
    for name, shown in names.items():
        row = [shown]
        for wanted, mine in zip(EPISODES, reference, strict=True):
            one = later.of_episodes(name, wanted)
            few = f"; all {len(one.firsts)}" if len(one.firsts) < wanted else ""
            ahead = "" if len(rows) == 0 else spanned(less(mine.precision(), one.precision()), sign="+")
            row += [f"{spanned(one.precision())}{few}", ahead, str(one.number), spanned(one.in_time())]
        rows.append(row)
    what = ("precision, %", "first less it", "flags", "in time, %")
    return markdown(["method", *(f"{wanted}: {one}" for wanted in EPISODES for one in what)], rows)


def by_definition(later: Study, names: Mapping[str, str], number: int) -> tuple[str, list[int]]:
    """Precision, its place and escalations in time by definition, at one number of flags; the places of the first."""
    rows, first = [], []
    chosen = [later.at(name, number) for name in names]
    for definition, truth in later.truths.items():
        shares = [one.value(definition) for one in chosen]
        places = pd.Series(shares).rank(ascending=False, method="min").astype(int).tolist()
        early = [(one.caught(definition)["found"] == "in time").mean() for one in chosen]
        cells = [
            f"{100 * share:.0f} ({place}) / {100 * soon:.0f}"
            for share, place, soon in zip(shares, places, early, strict=True)
        ]
        random = percent(float(np.nanmean(truth.outcome[truth.start :])))
        rows.append([definition, random, str(truth.escalations.onset.size), *cells])
        first.append(places[0])
    return markdown(["escalation", "random weeks", "escalations", *names.values()], rows), first


def sizes(truth: Truth) -> Floats:
    """Incidents of the highest four weeks of each escalation."""
    values, runs = truth.panel.values, truth.escalations
    return np.array([
        max(float(np.nansum(values[week : week + 4, region])) for week in range(onset, max(end - 2, onset + 1)))
        for region, onset, end in zip(runs.region, runs.onset, runs.end, strict=True)
    ])  # fmt: skip


def by_size(later: Study, chosen: Mapping[str, Raised]) -> str:
    """Escalations by how large they became: how many there are, and how many each method finds in time, and at all."""
    total, rows = sizes(later.truth), []
    for low, high in SIZES:
        these = (total >= low) & (total <= (high or np.inf))
        told = [one.escalations.loc[these, "found"] for one in chosen.values()]
        cells = [f"{(found == 'in time').sum()} / {(found != 'missed').sum()}" for found in told]
        rows.append([f"{low} to {high}" if high else f"{low} or more", str(int(these.sum())), *cells])
    return markdown(["incidents in its highest four weeks", "escalations", *chosen], rows)


def sections(
    panels: Mapping[str, Panel], first: date, split: date, methods: Sequence[str], resamples: int = RESAMPLES
) -> Iterator[str]:
    """The parts of the page, of *panels* by what they count: the first is tuned on and reported, the others only reported."""
    ours, panel = candidates(methods), next(iter(panels.values()))
    earlier = study(panel.until(split - timedelta(days=1)), first, ours, resamples)
    table = tuned(earlier)
    choice = best(table)
    yield from tuning_part(earlier, table, choice)
    plain = {f"{name}, the week, q": f"ours, {name}" for name in methods}
    names = {choice: "ours, tuned"} | {name: shown for name, shown in plain.items() if name != choice}
    kept = {name: ours[name] for name in (*names, *plain)}
    names |= {name: name for name in RULES}
    later = study(panel, split, kept, resamples)
    yield from report_part(later, names, methods)
    for what, other in list(panels.items())[1:]:
        yield from kind_part(study(other, split, kept, resamples), names, what)
    yield from reading(later, names)


def tuning_part(earlier: Study, table: pd.DataFrame, choice: str) -> Iterator[str]:
    """What was chosen, and on what."""
    yield f"## Tuned on {earlier.first} to {earlier.panel.to}"
    yield (
        f"Precision, mean over the {len(DEFINITIONS)} definitions below, at {', '.join(f'{rate:g}' for rate in TUNED)} flags a region "
        f"and year ({earlier.truth.region_years:.0f} region-years), their mean, and at {', '.join(map(str, EPISODES))} episodes; "
        "then the share of the escalations that is flagged in time. Of what came after these years nothing was looked at.\n"
        "Ours are named by the spike method (build-ups are looked for beside all), by what must be large enough for a flag, the week "
        "alone or four weeks together (`floor_weeks`), and by the order in which flags are taken: q-value, p-value, or the product of "
        "the p-values of spike and build-up."
    )
    head = [
        "method",
        *(f"{rate:g} a year" for rate in TUNED),
        "mean",
        *(f"{one} episodes" for one in EPISODES),
        "in time",
    ]
    yield markdown(head, [[row[0], *map(percent, row[1:])] for row in table.itertuples(index=False)])
    yield f"The highest mean of ours has **{choice}**; it is *ours, tuned* below."


def report_part(later: Study, names: Mapping[str, str], methods: Sequence[str]) -> Iterator[str]:
    """The years that were kept for the report."""
    own = {f"ours, {name}": at_policy(later, f"{name}, the week, q") for name in methods}
    own |= {shown: at_policy(later, name) for name, shown in names.items() if shown not in (*own, *RULES)}
    alarms = {name: later.raised(later.cells[name].query("alarm").assign(level="watch")) for name in RULES}
    number = next(iter(own.values())).number
    chosen = {shown: later.at(name, number) for name, shown in names.items()}
    yield f"## Reported on {later.first} to {later.panel.to}"
    yield "### At their own thresholds"
    yield (
        f"{later.truth.region_years:.0f} region-years; ours as the policy raises them (*ours, tuned*: with its floors, in the order of "
        "q-values)."
    )
    yield main_table({**own, **alarms})
    yield f"### At the same number of flags\n\n{number}, as many as the default policy raises."
    yield main_table(chosen)
    yield ahead_words(chosen)
    yield "### By flags a region and year"
    yield curve(later, names)
    yield "### At the same number of episodes"
    yield by_episodes(later, names)
    definitions, places = by_definition(later, names, number)
    yield f"### By what an escalation is\n\nAt {number} flags: precision in % (place) / escalations in time in %."
    yield definitions
    yield f"*Ours, tuned* comes first by {places.count(1)} of the {len(places)} definitions, and at worst in place {max(places)}."
    yield f"### By size\n\nIn time / found, at {number} flags."
    yield by_size(later, chosen)
    yield f"In time / found, at {EPISODES[1]} episodes."
    yield by_size(later, {shown: later.of_episodes(name, EPISODES[1]) for name, shown in names.items()})


def kind_part(later: Study, names: Mapping[str, str], what: str) -> Iterator[str]:
    """The same for a part of the incidents."""
    number = later.number(1.0)
    yield f"### {what.capitalize()} violence alone\n\nAt one flag a region and year, {number}, or as many as there are."
    yield main_table({shown: later.at(name, number) for name, shown in names.items()})


def reading(later: Study, names: Mapping[str, str]) -> Iterator[str]:
    """What the tables say, in sentences."""
    flags = {shown: later.at(name, later.number(1.0)) for name, shown in names.items()}
    same = {shown: later.of_episodes(name, EPISODES[1]) for name, shown in names.items()}
    mine, nearest = next(iter(flags.values())), max(RULES, key=lambda name: flags[name].value(AS_DEFINED))
    ahead = spanned(less(mine.precision(), flags[nearest].precision()), sign="+")
    shares = [one.value(AS_DEFINED) for one in same.values()]
    early = {name: percent(flags[name].in_time()[0]) for name in ("hdx-maximum", "mean-sd")}
    sums = sizes(later.truth)
    small, large = sums < SIZES[1][0], sums >= SIZES[2][0]
    soon = {name: int((one.escalations.loc[large, "found"] == "in time").sum()) for name, one in same.items()}
    yield "## What it says"
    yield "\n".join([
        f"- At one flag a region and year *ours, tuned* has a precision of {percent(mine.value(AS_DEFINED))}, and the best of the rules, "
        f"{nearest}, {percent(flags[nearest].value(AS_DEFINED))}; ours less it, in points: {ahead}.",
        f"- At {EPISODES[1]} episodes each the precision of all methods is {percent(min(shares))} to {percent(max(shares))}, and "
        f"ours has {percent(shares[0])}: as many flags are fewer episodes where long ones are flagged week after week.",
        f"- Rules that look back one year flag more escalations in time: hdx-maximum {early['hdx-maximum']} and mean-sd {early['mean-sd']} "
        f"at one flag a region and year, ours {percent(mine.in_time()[0])}. Of the {len(sums)} escalations {small.sum()} have no more than "
        f"{SIZES[0][1]} incidents in their highest four weeks: where there is next to none, one incident in a month is above the quantile "
        "of the year before, these rules flag any incident, and our floors none of one or two.",
        f"- Of the {large.sum()} escalations of {SIZES[2][0]} incidents or more, at {EPISODES[1]} episodes each, these are flagged in time: "
        + ", ".join(f"{many} ({name})" for name, many in soon.items()) + ".",
    ])  # fmt: skip


def ahead_words(chosen: Mapping[str, Raised]) -> str:
    """Which methods the first is told apart from, by their precision."""
    names = list(chosen)
    found: dict[str, list[str]] = {"above": [], "below": [], "not told apart from": []}
    for name in names[1:]:
        value, draws = less(chosen[names[0]].precision(), chosen[name].precision())
        one = interval(value, draws)
        found["above" if one.low > 0 else "below" if one.high < 0 else "not told apart from"].append(name)
    told = [f"{where} {', '.join(which)}" for where, which in found.items() if which]
    return f"By the intervals of blocks of weeks the precision of *{names[0]}* is {'; '.join(told)}."


def at_policy(later: Study, name: str) -> Raised:
    """The flags of one of our candidates at the default policy's q-values, with their levels."""
    cells = later.cells[name]
    return later.raised(cells[cells["q_value"] <= later.policy.watch_q])


def read(path: Path, settings: Mapping[str, Settings]) -> dict[str, Panel]:
    """The weekly counts of the file's records until TO, by what is counted."""
    with tempfile.TemporaryDirectory() as folder, fresh_store(Path(folder) / "real.duckdb", loaded_at=LOADED) as store:
        load(store, path, loaded_at=LOADED)
        known = as_of_default(store)
        return {what: count(store, one, to=TO, as_of=known) for what, one in settings.items()}


INTRODUCTION = """\
# Evidence: real records

Made by `python -m tests.benchmarks.bench_real {command}`; edit that script, not this page.
The records are UCDP's of Iraq (GED 19.1; Sundberg & Melander 2013, Journal of Peace Research 50(4)): {measure} by governorate and week.
When they became known is not recorded, so this is a retrospective: each week is judged as if it were the last, on what is known now.

{sentence}
Precision is the share of episodes whose first flag was so followed, beside that of random weeks of the same regions.
First flags of which it is not known yet are left out.
An escalation is a run of such weeks; it is found in time where a flag stands at or before its onset.
Intervals (95 %) are of {resamples:,} draws of blocks of {block} weeks with all their regions, or of whole regions (*drawn by region*).
Differences are of the same draws; flags are given, so thresholds are not drawn anew. Seed {seed}."""


def page(panels: Mapping[str, Panel], command: str, methods: Sequence[str]) -> str:
    """The whole page."""
    measure = next(iter(panels.values())).measure
    words = INTRODUCTION.format(
        command=command, measure=measure, sentence=EscalationOptions().sentence(), resamples=RESAMPLES, block=BLOCK, seed=SEED,
    )  # fmt: skip
    parts = [words, *sections(panels, FIRST, SPLIT, methods)]
    if measure == "incidents":
        parts += floors({name: one for name, one in candidates(methods).items() if one[1] == "q"})
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="UCDP GED of Iraq, as HDX distributes it")
    parser.add_argument("--measure", default="incidents", help="what is counted")
    parser.add_argument("--methods", default=",".join(OURS), help="ours, the default first")
    parser.add_argument("--page", type=Path, default=Path("docs/evidence-real.md"))
    given = parser.parse_args()
    settings = {"all": Settings(measures=(given.measure,))}
    settings |= {kind: Settings(measures=(given.measure,), where=f"event_type = '{kind}'") for kind in KINDS}
    command = given.file.name + ("" if given.measure == "incidents" else f" --measure {given.measure}")
    command += "" if given.methods == ",".join(OURS) else f" --methods {given.methods}"
    given.page.write_text(page(read(given.file, settings), command, given.methods.split(",")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How often a study's intervals hold the truth, and how often a placebo p is small by chance, on simulated counts.

Each cell is one truth: mean, variance over mean, season and effect. Its replicates are series of their own, fitted
together as dates of one batch. Bounds are Clopper & Pearson's, at 0.05 over all cells and terms (Bonferroni): a
figure outside them is marked.

Run from the repository root: python -m tests.benchmarks.bench_study_calibration [--replicates N] [--placebo N] [--stacked N]
"""

import argparse
import itertools
import time
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta
from scipy.stats import t as student

from analytics.models.event_effect import HALF, Block, average, nudged, shape, signed_root
from analytics.models.event_fit import Rows
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_rows import after_row, independent, placebo_p, studentised
from analytics.models.event_season import Seasons, estimate, season_rows
from analytics.models.event_units import Bench, Study, stacked_unit
from analytics.models.event_window import Series, Window, block, expect, placebo_positions, rows_at, window
from analytics.simulate.designs import counts_panel
from analytics.weeks import season_position

WEEKS = np.datetime64("2014-12-29") + 7 * np.arange(364)
WAVE = np.cos(2 * np.pi * season_position(WEEKS))
EVENT = StudyEvent(event_id="event", starts_on=(WEEKS[320] + 2).astype(object))
CHUNK = 2000
TERMS = ("after", "level", "slope", "week 1", "week 13", "week 26")
STACKS = {2: (180, 300), 3: (120, 200, 300)}
"""Weeks of stacked events, by their number."""
SHARES = (0.05, 0.1, 0.25, 0.5)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One truth; *memory* is the lag-1 correlation of a level that wanders with *sway* on the log scale."""

    mean: float
    variance: int
    season: float
    effect: float
    memory: float = 0.0
    sway: float = 0.0


CELLS = [
    Cell(mean=mean, variance=variance, season=season, effect=effect)
    for mean, variance, season, effect in itertools.product((0.3, 1, 5, 20), (1, 2, 3), (0.0, 0.5), (1.0, 2.5))
]
PLACEBO = [
    Cell(mean=5, variance=1, season=0.0, effect=1.0),
    Cell(mean=5, variance=2, season=0.3, effect=1.0),
    Cell(mean=1, variance=2, season=0.5, effect=1.0),
    Cell(mean=5, variance=2, season=0.3, effect=1.0, memory=0.8, sway=0.4),
    Cell(mean=5, variance=1, season=0.0, effect=1.0, memory=0.95, sway=0.4),
]


def draw(cell: Cell, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Counts (replicates, weeks): negative binomial with variance *variance* x mean, Poisson for 1."""
    level = np.zeros((replicates, len(WEEKS)))
    if cell.memory:
        noise = cell.sway * rng.normal(size=level.shape)
        level[:, 0] = noise[:, 0]
        for week in range(1, len(WEEKS)):
            level[:, week] = cell.memory * level[:, week - 1] + np.sqrt(1 - cell.memory**2) * noise[:, week]
    rate = cell.effect ** (np.arange(len(WEEKS)) > 320) * np.exp(cell.season * WAVE)
    mean = cell.mean * rate * np.exp(level)
    if cell.variance > 1:
        mean = rng.gamma(mean / (cell.variance - 1), cell.variance - 1)
    return rng.poisson(mean).astype(float)


def together(parts: list[Rows]) -> Rows:
    """Rows of several series as dates of one batch."""
    names = ("counts", "design", "use", "offset")
    return Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def blocks_of(values: np.ndarray, seen: Window, options: StudyOptions) -> Block:
    """The event's block of each series (R, T), as R dates."""
    position, centre = np.array([seen.position]), float(seen.before.mean())
    series = [Series(weeks=WEEKS, counts=one) for one in values]
    before = together([rows_at(one, position, seen.before, centre, options) for one in series])
    after = together([rows_at(one, position, seen.after, centre, options) for one in series])
    season = Seasons(coefficients=np.zeros((len(values), 0)), covariance=np.zeros((len(values), 0, 0)))
    if options.harmonics:
        season = estimate(together([season_rows(WEEKS, one, position + seen.lead - 1, options) for one in values]))
    made = expect(before, after, seen.clean, season, options)
    return made.weeks(slice(-seen.lead, None))


def coverage(cell: Cell, replicates: int, options: StudyOptions, seed: int) -> tuple[dict, float, float]:
    """Intervals that hold the truth and intervals made, by term; median and mean of the estimate over the truth."""
    rng = np.random.default_rng([seed, *np.frombuffer(repr(cell).encode(), dtype=np.uint8)])
    seen, truth = window(WEEKS, EVENT, (), options), np.log(cell.effect)
    inside = {term: [] for term in TERMS}
    logs = []
    for start in range(0, replicates, CHUNK):
        made = blocks_of(draw(cell, min(CHUNK, replicates - start), rng), seen, options)
        ratio = np.full(len(made.ok), truth)
        whole = average([made])
        inside["after"].append(_held(whole, ratio)[whole.ok])
        logs.append(whole.estimate[whole.ok])
        shaped = shape([made], np.arange(1.0, options.after + 1))
        for column, term in enumerate(("level", "slope")):
            off = shaped.estimate[:, column] - (truth if term == "level" else 0.0)
            quantile = student.ppf(0.5 + options.level / 2, shaped.freedom)
            inside[term].append((np.abs(off) <= quantile * shaped.error[:, column])[shaped.ok])
        for week in (1, 13, 26):
            one = average([made.weeks(slice(week - 1, week))])
            inside[f"week {week}"].append(_held(one, ratio)[one.ok])
    found = {term: np.concatenate(parts) for term, parts in inside.items()}
    log = np.concatenate(logs)
    return found, float(np.exp(np.median(log) - truth)), float(np.exp(log).mean() / cell.effect)


def _held(made, ratio: np.ndarray) -> np.ndarray:
    quantile = student.ppf(0.975, made.freedom)
    below = signed_root(nudged(made, -HALF), ratio) <= quantile
    return below & (signed_root(nudged(made, HALF), ratio) >= -quantile)


def bounds(hits: int, trials: int, looks: int) -> tuple[float, float]:
    """Clopper & Pearson's bounds of a share, at 0.05 over *looks* of them."""
    tail = 0.05 / looks / 2
    low = beta.ppf(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def placebo(cell: Cell, replicates: int, options: StudyOptions, seed: int) -> np.ndarray:
    """The placebo p of each of *replicates* series."""
    rng = np.random.default_rng([seed, *np.frombuffer(repr(cell).encode(), dtype=np.uint8)])
    seen = window(WEEKS, EVENT, (), options)
    dates = placebo_positions(WEEKS, seen, [seen], (), options).admissible
    found = []
    for values in draw(cell, replicates, rng):
        made = block(Series(weeks=WEEKS, counts=values), np.r_[seen.position, dates], seen, options)
        one = average([made.weeks(slice(-seen.lead, None))])
        statistic = studentised(one)
        found.append(placebo_p(statistic[0], statistic[1:], independent(statistic[1:])))
    return np.array(found)


def stacked_placebo(cell: Cell, number: int, replicates: int, options: StudyOptions, seed: int) -> np.ndarray:
    """The placebo p of *number* events of one series, stacked, in each of *replicates* series."""
    rng = np.random.default_rng([seed, number, *np.frombuffer(repr(cell).encode(), dtype=np.uint8)])
    events = [
        StudyEvent(event_id=f"event {week}", starts_on=(WEEKS[week] + 2).astype(object)) for week in STACKS[number]
    ]
    found = []
    for values in draw(cell, replicates, rng):
        panel = counts_panel(values[:, None].astype(np.int64), WEEKS[0].astype(object))
        bench = Bench(panel=panel, options=options, against=())
        studies = [Study(bench, event, events, (), panel.region_ids) for event in events]
        if any(study.block is None or not study.block.ok[0] for study in studies):
            continue
        found.append(after_row(stacked_unit(studies, options), options)["p_placebo"])
    return np.array(found)


def _say(name: str, hits: int, trials: int, looks: int, wanted: float) -> str:
    low, high = bounds(hits, trials, looks)
    mark = "-" if high < wanted else "+" if low > wanted else " "
    return f"{name} {hits / max(trials, 1):.3f}{mark}"


def main() -> None:
    """Print a line for each cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--placebo", type=int, default=2_000)
    parser.add_argument("--stacked", type=int, default=1_000, help="series with two and three events, 0.3 s each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", default=":", help="A:B, to share the cells out over several processes")
    given = parser.parse_args()
    first, last = (int(end) if end else None for end in given.cells.split(":"))
    started = time.perf_counter()
    options = StudyOptions()
    for cell in CELLS[first:last] if given.replicates else []:
        found, median, mean = coverage(cell, given.replicates, options, given.seed)
        looks = len(CELLS) * len(TERMS)
        words = [_say(term, int(hits.sum()), len(hits), looks, options.level) for term, hits in found.items()]
        head = f"mean {cell.mean:4g} variance {cell.variance} season {cell.season} effect {cell.effect}"
        print(head, *words, f"n {len(found['after'])} median {median:.3f} mean {mean:.3f}", flush=True)
    for cell in PLACEBO if given.placebo else []:
        _say_placebo("placebo", cell, placebo(cell, given.placebo, options, given.seed))
    for number, cell in itertools.product(STACKS, PLACEBO) if given.stacked else []:
        values = stacked_placebo(cell, number, given.stacked, options, given.seed)
        _say_placebo(f"placebo of {number} stacked", cell, values)
    print(f"{time.perf_counter() - started:.0f} s")


def _say_placebo(what: str, cell: Cell, values: np.ndarray) -> None:
    values = values[np.isfinite(values)]
    looks = len(PLACEBO) * len(SHARES)
    words = [_say(f"P(p<={a})", int((values <= a).sum()), len(values), looks, a) for a in SHARES]
    smallest = f"smallest {np.mean(values <= values.min()):.4f} of {values.min():.4f}"
    print(what, cell, *words, smallest, f"n {len(values)}", flush=True)


if __name__ == "__main__":
    main()

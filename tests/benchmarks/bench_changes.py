"""Change points on simulated truth, and the time that trends, ratios and changes of a country take.

Run from the repository root: python -m tests.benchmarks.bench_changes [--quick]
"""

import argparse
import time
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.models.changes import Changes
from analytics.models.trend import Trend
from analytics.panel import Panel
from tests.benchmarks.bench_trend_calibration import draw, wandering

Floats = NDArray[np.float64]
WEEKS = 520
BREAK = 300
"""The week from which a simulated level is another."""
LIMIT = 2.0
"""Seconds that the trends of 20 regions over ten years may take."""


def panel(values: Floats) -> Panel:
    """A panel of *values* (T, R) that ends in December 2021."""
    weeks = np.datetime64("2021-12-20") - 7 * np.arange(len(values))[::-1]
    names = tuple(f"R{number}" for number in range(values.shape[1]))
    return Panel(
        weeks=weeks, region_ids=names, region_names=names, values=values, status=np.zeros(values.shape, np.uint8)
    )


def changes(values: Floats) -> pd.DataFrame:
    """Changes found in *values* (T, R), with their place and the ends of their interval as positions."""
    counts = panel(values)
    frame = Changes().fit(counts).frame().dropna(subset="week")
    first = pd.Timestamp(counts.weeks[0].astype("datetime64[s]"))
    return frame.assign(**{name: (frame[name] - first).dt.days // 7 for name in ("week", "week_low", "week_high")})


def false_changes(title: str, values: Floats) -> None:
    """Print how many changes are found where there is none."""
    number = len(changes(values))
    print(f"{title}: {number / values.shape[1]:.3f} false changes in ten years ({number} in {values.shape[1]} series)")


def shift(title: str, values: Floats, ratio: float) -> None:
    """Print how often a shift is found, and how often its intervals hold the true week and the true ratio.

    Found is a change whose interval holds the true week or comes within 26 weeks of it.
    """
    found = changes(values)
    near = (found["week_low"] - 26 <= BREAK) & (found["week_high"] + 26 >= BREAK)
    hits = found[near].sort_values("probability").drop_duplicates("region_id", keep="last")
    week = (hits["week_low"] <= BREAK) & (hits["week_high"] >= BREAK)
    held = (hits["ratio_low"] <= ratio) & (hits["ratio_high"] >= ratio)
    width = (hits["week_high"] - hits["week_low"] + 1).median()
    print(
        f"{title}: found in {len(hits) / values.shape[1]:.2f}, week held {week.mean():.3f} (median {width:.0f} weeks "
        f"wide, {(hits['week'] - BREAK).abs().median():.0f} off), ratio held {held.mean():.3f}, "
        f"other changes {(len(found) - len(hits)) / values.shape[1]:.3f}"
    )


def rates(number: int) -> None:
    """False changes without one; with two fifths as many series, those of wandering levels, and shifts found."""
    for mean, dispersion in product((0.2, 1.0, 5.0, 20.0), (1, 2, 3)):
        rng = np.random.default_rng([1, int(10 * mean), dispersion])
        false_changes(f"mean {mean:g}, variance {dispersion} x", draw(rng, np.full((WEEKS, number), mean), dispersion))
    wave = np.exp(0.5 * np.cos(2 * np.pi * np.arange(WEEKS) / 52.18))[:, None] * np.ones(number)
    for mean in (1.0, 5.0):
        false_changes(f"season, mean {mean:g}, variance 2 x", draw(np.random.default_rng(2), mean * wave, 2))
    number = number * 2 // 5
    for mean, likeness in product((1.0, 5.0), (0.3, 0.6, 0.8)):
        rng = np.random.default_rng([3, int(10 * mean), int(10 * likeness)])
        false_changes(
            f"wandering, mean {mean:g}, likeness {likeness}", wandering(rng, mean, likeness, (number, WEEKS)).T
        )
    after = np.arange(WEEKS)[:, None] >= BREAK
    for mean, dispersion, ratio in product((0.2, 1.0, 5.0), (1, 3), (2.0, 4.0, 0.25)):
        rng = np.random.default_rng([4, int(10 * mean), dispersion, int(100 * ratio)])
        expected = np.where(after, ratio * mean, mean) * np.ones(number)
        shift(f"mean {mean:g}, variance {dispersion} x, shift x {ratio:g}", draw(rng, expected, dispersion), ratio)


def timed(what: str, call: Callable[[], object]) -> None:
    """Print the best of three times of one core, and its ratio to the limit."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    print(
        f"{what}, 20 regions x {WEEKS} weeks: {min(taken):.2f} s, {min(taken) / LIMIT:.2f} of the limit of {LIMIT:g} s"
    )


def speed() -> None:
    """Trends and ratios, changes, and all of them, for 20 regions from sparse to busy."""
    rng = np.random.default_rng(5)
    counts = panel(draw(rng, np.ones((WEEKS, 1)) * np.geomspace(0.1, 20, 20), 2))
    trends, levels = (lambda: Trend().fit(counts).frame()), (lambda: Changes().fit(counts).frame())
    trends()
    timed("trends and ratios", trends)
    timed("changes", levels)
    timed("trends, ratios and changes", lambda: (trends(), levels()))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    speed()
    rates(30 if parser.parse_args().quick else 300)


if __name__ == "__main__":
    main()

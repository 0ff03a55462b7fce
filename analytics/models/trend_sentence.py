"""A trend, a ratio and a panel's trends in words, each made from its row of the table."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analytics.models.event_sentence import figure

if TYPE_CHECKING:
    from analytics.models.trend_ratio import Ratio
    from analytics.models.trend_region import RegionTrend, TrendOptions


def growth_words(row: "RegionTrend", options: "TrendOptions") -> str:
    """Growth with its interval, or why there is none."""
    if row.note:
        return f"not estimated ({row.note})"
    figures = (row.growth, row.growth_low, row.growth_high)
    smallest = min(abs(figure) for figure in figures) * 100
    digits = 0 if smallest >= 1 else 1
    growth, low, high = (percent(figure, digits) for figure in figures)
    return f"{growth} a week ({100 * options.level:g} % interval {low} to {high})"


def percent(value: float, digits: int) -> str:
    """A fraction as signed per cent; a bound beyond a tenfold week says no more than that."""
    return "over +1000 %" if value > 10 else f"{100 * value:+.{digits}f} %".replace("-", "−")


def ratio_words(row: "Ratio", options: "TrendOptions", last: str) -> str:
    """The recent weeks against those before, with the interval or the one bound that there is."""
    if row.ratio_note:
        return (
            f"the {_weeks(options.recent)} to {last} cannot be compared with the {options.against} before "
            f"({row.ratio_note})"
        )
    return (
        f"{_incidents(row.recent)} in the {_known(row.recent_weeks, options.recent)} to {last}, "
        f"{_incidents(row.before)} in the {_known(row.before_weeks, options.against)} before: {_times(row, options)}"
    )


def _times(row: "Ratio", options: "TrendOptions") -> str:
    percent_interval = f"{100 * options.level:g} % interval"
    if row.before == 0:
        return f"at least {figure(row.ratio_low)} times the rate (lower end of a {percent_interval})"
    return (
        f"{figure(row.ratio)} times the rate ({percent_interval} {figure(row.ratio_low)} to {figure(row.ratio_high)})"
    )


def _incidents(number: float) -> str:
    return f"{number:,.0f} incident{'' if number == 1 else 's'}"


def _weeks(number: int) -> str:
    return f"{number} week{'' if number == 1 else 's'}"


def _known(known: int, all_: int) -> str:
    """The weeks of a span, and how many are known where some are not."""
    return _weeks(all_) if known == all_ else f"{known} known of {_weeks(all_)}"


def summary(frame: pd.DataFrame, span: str) -> str:
    """Which regions of *frame* clearly rise or fall, and how many of so many are expected to be chance.

    Of the N regions whose q is at most that of the least sure region named, at most N q are expected to be chance.
    """
    judged = frame["q_value"].notna()
    looked = f"{int(judged.sum())} of {len(frame)} regions judged"
    parts = [part for word in ("rising", "falling") if (part := _named(frame, word))]
    if not parts:
        return f"No region clearly rises or falls {span} ({looked})."
    listed = frame[frame["direction"].str.startswith(("rising", "falling"))]
    worst = float(listed["q_value"].max())
    as_sure = int((frame["q_value"] <= worst).sum())
    return f"{'; '.join(parts)} {span} ({looked}; {_chance(as_sure, worst)})."


def _named(frame: pd.DataFrame, word: str) -> str:
    """The regions whose direction begins with *word*, steepest first."""
    found = frame[frame["direction"].str.startswith(word)]
    if found.empty:
        return ""
    ordered = found.sort_values("growth", ascending=word == "falling", kind="stable")
    names = [
        f"{row.region} ({percent(row.growth, 0 if abs(row.growth) >= 0.01 else 1)} a week)"
        for row in ordered.itertuples()
    ]
    return f"{word.capitalize()}: {', '.join(names)}"


def _chance(as_sure: int, worst: float) -> str:
    """How many of the regions whose q is at most *worst* are expected to be chance, rounded up."""
    expected = as_sure * worst
    number = "fewer than 0.1" if expected < 0.1 else f"at most {np.ceil(10 * expected) / 10:.1f}"
    return f"{as_sure} with a q of {figure(worst)} or less, of which {number} expected to be chance"

"""A change in level in words, made from its row of the table."""

from datetime import date
from typing import Any

from analytics.models.event_sentence import figure


def sentence(row: Any, *, level: float, last: date) -> str:
    """The row as one sentence, intervals at *level*; *last* is the last day looked at."""
    if row.note:
        return f"{row.region}: {row.note} until {_day(last)}."
    percent = f"{100 * level:g} % interval"
    verb = "rose" if row.after > row.before else "fell"
    return (
        f"{row.region}: the level {verb} from {rate(row.before)} to {rate(row.after)} incidents a week "
        f"({_times(row, percent)}) in the week of {_day(row.week)} ({percent} {_span(row)})."
    )


def rate(value: float) -> str:
    """Incidents a week: two digits below 10, whole above."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.2g}"


def _times(row: Any, percent: str) -> str:
    """The ratio with its interval, or the one bound that it has."""
    if row.before == 0:
        return f"at least ×{figure(row.ratio_low)}"
    if row.after == 0:
        return f"at most ×{figure(row.ratio_high)}"
    return f"×{figure(row.ratio)}, {percent} {figure(row.ratio_low)} to {figure(row.ratio_high)}"


def _span(row: Any) -> str:
    """The weeks of the interval, the year once where both have it."""
    if row.week_low == row.week_high:
        return "that week alone"
    low = f"{row.week_low.day} {row.week_low:%B}" + (f" {row.week_low.year}" if _years(row) else "")
    return f"{low} to {_day(row.week_high)}"


def _years(row: Any) -> bool:
    return bool(row.week_low.year != row.week_high.year)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"

"""Weeks are dates: the day that starts them. Nothing here knows about (year, week number) pairs."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError

Dates = NDArray[np.datetime64]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekday_number(name: str) -> int:
    """Number of the weekday called *name*, Monday = 0; raises OptionError naming the choices."""
    if name.lower() not in WEEKDAYS:
        raise OptionError(f"week start {name!r} is not a weekday; choose one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name.lower())


def week_of(day: date, start: int = 0) -> date:
    """The first day of the week that contains *day*; weeks start on weekday *start* (Monday = 0)."""
    return day - timedelta(days=(day.weekday() - start) % 7)


def last_complete(day: date, start: int = 0) -> date:
    """The last day of the last week that is over on the evening of *day*."""
    return week_of(day + timedelta(days=1), start) - timedelta(days=1)


def week_range(first: date, last: date) -> Dates:
    """Week starts from *first* to *last*, both included and both week starts; shape (T,), datetime64[D]."""
    return np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, 7)


def as_date(week: np.datetime64) -> date:
    """A numpy day as a `datetime.date`."""
    day: date = week.astype("datetime64[D]").item()
    return day


def season_position(weeks: Dates) -> NDArray[np.float64]:
    """Position of each week in its calendar year, from 0 (1 January) to below 1; shape as *weeks*."""
    year = weeks.astype("datetime64[Y]")
    start = year.astype("datetime64[D]")
    length = ((year + 1).astype("datetime64[D]") - start).astype(np.int64)
    position: NDArray[np.float64] = (weeks.astype("datetime64[D]") - start).astype(np.int64) / length
    return position

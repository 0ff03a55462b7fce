"""Weeks are the days that start them, whatever the weekday and the turn of the year."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import OptionError
from analytics.weeks import WEEKDAYS, as_date, last_complete, season_position, week_of, week_range, weekday_number

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
starts = st.integers(0, 6)


@given(days, starts)
def test_a_week_starts_on_the_last_such_weekday_until_the_day(day: date, start: int) -> None:
    """The week of a day starts on the wanted weekday, on that day or up to six days before it."""
    week = week_of(day, start)
    assert week.weekday() == start
    assert timedelta(0) <= day - week <= timedelta(days=6)


@given(days, starts)
def test_the_last_complete_week_is_over_and_the_next_is_not(day: date, start: int) -> None:
    """Seven days end on the last complete day, and the following week would end after *day*."""
    last = last_complete(day, start)
    assert last <= day < last + timedelta(days=7)
    assert week_of(last, start) + timedelta(days=6) == last


@pytest.mark.parametrize(
    ("day", "monday"),
    [
        (date(2021, 1, 3), date(2020, 12, 28)),  # ISO week 53 of 2020
        (date(2020, 12, 31), date(2020, 12, 28)),
        (date(2021, 1, 4), date(2021, 1, 4)),
        (date(2016, 1, 1), date(2015, 12, 28)),  # ISO week 53 of 2015
    ],
)
def test_a_week_across_new_year_is_one_week(day: date, monday: date) -> None:
    """Days on both sides of New Year have the Monday that the calendar shows, week 53 or not."""
    assert week_of(day) == monday
    assert day.isocalendar()[:2] == monday.isocalendar()[:2]


@given(days, st.integers(0, 400))
def test_a_range_has_every_week_once(day: date, count: int) -> None:
    """A range holds both its ends, seven days apart each, through leap years and week 53."""
    first = week_of(day)
    weeks = week_range(first, first + timedelta(weeks=count))
    assert weeks.shape == (count + 1,)
    assert as_date(weeks[0]) == first
    assert (np.diff(weeks) == np.timedelta64(7, "D")).all()


@pytest.mark.parametrize("name", ["Monday", "SUNDAY", "friday"])
def test_weekdays_are_known_by_name_in_any_case(name: str) -> None:
    """A weekday's number is Python's own."""
    assert WEEKDAYS[weekday_number(name)] == name.lower()


def test_a_misspelled_weekday_names_the_choices() -> None:
    """The error holds the wrong word and the right ones."""
    with pytest.raises(OptionError, match=r"'mnday' is not a weekday; choose one of monday, .*sunday"):
        weekday_number("mnday")


def test_season_position_by_hand() -> None:
    """1 January is 0, 2 July is 182/365, and 31 December of a leap year is 365/366."""
    weeks = np.array(["2021-01-01", "2021-07-02", "2020-12-31"], dtype="datetime64[D]")
    # rtol: one division in double precision
    np.testing.assert_allclose(season_position(weeks), [0, 182 / 365, 365 / 366], rtol=1e-15)

"""Periods: which whole weeks a report judges, worked by hand on the calendar."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from analytics.errors import OptionError
from analytics.periods import parse_period


def span(text: str, to: date, start: int = 0) -> tuple[str, str]:
    """First and last day of a period, as text."""
    first, last = parse_period(text).span(to, start)
    return str(first), str(last)


@pytest.mark.parametrize(
    ("text", "to", "first", "last"),
    [
        ("week", date(2014, 6, 29), "2014-06-23", "2014-06-29"),
        ("13 weeks", date(2014, 6, 28), "2014-03-24", "2014-06-22"),
        # June 2014: the Thursdays 5, 12, 19 and 26; Thursday 3 July makes the next week July's
        ("month", date(2014, 6, 29), "2014-06-02", "2014-06-29"),
        ("month", date(2014, 6, 28), "2014-04-28", "2014-06-01"),
        ("quarter", date(2014, 6, 29), "2014-03-31", "2014-06-29"),
        ("quarter", date(2014, 6, 28), "2013-12-30", "2014-03-30"),
        # ISO 8601: 2015 has 53 weeks, from Monday 29 December 2014 to Sunday 3 January 2016
        ("year", date(2016, 1, 3), "2014-12-29", "2016-01-03"),
        ("year", date(2016, 1, 2), "2013-12-30", "2014-12-28"),
        ("2014-01-08 to 2014-06-25", date(2018, 12, 31), "2014-01-06", "2014-06-29"),
        ("2014-01-08 to 2014-06-25", date(2014, 6, 28), "2014-01-06", "2014-06-22"),
        ("from 2014-05-03", date(2014, 6, 29), "2014-04-28", "2014-06-29"),
    ],
)
def test_periods_are_whole_weeks(text: str, to: date, first: str, last: str) -> None:
    """A period ends with the last complete one at *to*, and a week belongs to the month of its fourth day."""
    assert span(text, to) == (first, last)


def test_weeks_that_start_on_sunday_belong_by_their_wednesday() -> None:
    """The fourth day decides, whatever day a week starts on: May 2014 has the Wednesdays 7 to 28."""
    assert span("month", date(2014, 6, 14), start=6) == ("2014-05-04", "2014-05-31")


@pytest.mark.parametrize("unit", ["month", "quarter", "year"])
@pytest.mark.parametrize("start", [0, 3, 6])
def test_calendar_periods_follow_each_other_without_gap(unit: str, start: int) -> None:
    """From any day of ten years, the period before begins right where the one before it ends, and none is incomplete."""
    day = date(2010, 1, 1)
    known: set[tuple[date, date]] = set()
    while day < date(2020, 1, 1):
        first, last = parse_period(unit).span(day, start)
        assert last <= day
        assert first.weekday() == start
        known.add((first, last))
        day += timedelta(days=3)
    spans = sorted(known)
    assert all(after[0] == before[1] + timedelta(days=1) for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fortnight", "'fortnight' is not known; write week, 13 weeks, month"),
        ("0 weeks", "give 1 to 5200 weeks"),
        ("2014-06-29 to 2014-01-06", "ends before it begins"),
        ("2014-13-01 to 2014-12-01", "'2014-13-01' is not a date"),
    ],
)
def test_a_period_that_is_none_is_refused(text: str, message: str) -> None:
    """The message says what can be written."""
    with pytest.raises(OptionError, match=message):
        parse_period(text)


def test_a_range_after_the_data_is_refused() -> None:
    """A range that no complete week has reached says so."""
    with pytest.raises(OptionError, match="begins 2015-01-05, and the last complete week ends 2014-06-29"):
        parse_period("from 2015-01-05").span(date(2014, 6, 30))

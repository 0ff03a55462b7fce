"""The weeks a report judges: the last so many, the last complete month, quarter or year, or a range of days.

A calendar period consists of whole weeks. A week belongs to the period that holds its fourth day, as ISO 8601 says of
years; so every week belongs to exactly one month, quarter and year, and their figures add up to those of the weeks.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.errors import OptionError
from analytics.weeks import last_complete, week_of

MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""Calendar periods, and the months of each."""
MIDDLE = timedelta(days=3)
"""From the first day of a week to the day that decides its month."""
MOST_WEEKS = 5200


@dataclass(frozen=True, kw_only=True)
class Period:
    """What `period = "..."` of a report definition asks for; make one with `parse_period`."""

    unit: str
    """week, month, quarter, year or range."""
    weeks: int = 1
    """How many, for weeks."""
    first: date | None = None
    last: date | None = None
    """The days of a range."""

    def span(self, to: date, start: int = 0) -> tuple[date, date]:
        """First day of the first week and last day of the last, as seen on the evening of *to*; weeks start on *start*.

        Weeks: the last complete ones. A calendar period: the last one whose weeks are all complete. A range: every week
        that has a day of it and is complete.
        Raises OptionError where a range begins after *to*.
        """
        end = last_complete(to, start)
        if self.unit in MONTHS:
            return _calendar(end, MONTHS[self.unit])
        if self.unit == "week":
            return end - timedelta(days=7 * self.weeks - 1), end
        return self._range(end, start)

    def _range(self, end: date, start: int) -> tuple[date, date]:
        first = week_of(self.first or end, start)
        last = min(end, week_of(self.last, start) + timedelta(days=6)) if self.last else end
        if first > last:
            raise OptionError(f"the period begins {self.first}, and the last complete week ends {end}")
        return first, last

    def words(self, first: date, last: date) -> str:
        """How the ends are treated, for the line of filters; "" where the period is a number of weeks."""
        if self.unit in MONTHS:
            name = _called(first + MIDDLE, self.unit)
            return (
                f"{name}: the weeks from {first} to {last}, each counted to the {self.unit} that holds its fourth day"
            )
        if self.unit == "range":
            asked = f"{self.first} to {self.last}" if self.last else f"from {self.first}"
            return f"{asked}: the whole weeks from {first} to {last}"
        return ""


def parse_period(text: str) -> Period:
    """The period that *text* names: "week", "13 weeks", "month", "quarter", "year", "FROM to TO" or "from FROM".

    Raises OptionError for anything else, and for a range that ends before it begins.
    """
    words = " ".join(text.lower().split())
    if words == "week" or words in MONTHS:
        return Period(unit=words)
    if found := re.fullmatch(r"(\d{1,4}) weeks?", words):
        if not 1 <= int(found[1]) <= MOST_WEEKS:
            raise OptionError(f"period {text!r}: give 1 to {MOST_WEEKS} weeks")
        return Period(unit="week", weeks=int(found[1]))
    if found := re.fullmatch(r"from (\S+)|(\S+) to (\S+)", words):
        first, last = _day(found[1] or found[2], text), _day(found[3], text) if found[3] else None
        if last and last < first:
            raise OptionError(f"period {text!r} ends before it begins; give the earlier day first")
        return Period(unit="range", first=first, last=last)
    raise OptionError(
        f"period {text!r} is not known; write week, 13 weeks, month, quarter, year, 2014-01-06 to 2014-06-29, "
        "or from 2014-01-06"
    )


def _day(text: str, whole: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OptionError(f"period {whole!r}: {text!r} is not a date (YYYY-MM-DD)") from None


def _calendar(end: date, months: int) -> tuple[date, date]:
    """The last run of *months* months whose weeks are over on *end*, the last day of a week.

    The week after *end* belongs to a period that is not over, so the one before it is the last complete one.
    """
    decides = end + timedelta(days=1) + MIDDLE
    current = decides.replace(month=(decides.month - 1) // months * months + 1, day=1)
    return _opening(_back(current, months), end), _opening(current, end) - timedelta(days=1)


def _back(first_of_month: date, months: int) -> date:
    number = first_of_month.year * 12 + first_of_month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _opening(first_of_month: date, end: date) -> date:
    """First day of the first week whose fourth day is in the month; weeks end on the weekday of *end*."""
    return week_of(first_of_month + MIDDLE, (end.weekday() + 1) % 7)


def _called(day: date, unit: str) -> str:
    quarter = ("first", "second", "third", "fourth")[(day.month - 1) // 3]
    return {"month": f"{day:%B %Y}", "quarter": f"{quarter} quarter of {day.year}", "year": f"{day.year}"}[unit]

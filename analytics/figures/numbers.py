"""Numbers, dates and spans as a reader sees them: the one place where they become text."""

import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

MISSING = "–"
"""What stands where a value is not known."""
MINUS = "\u2212"
NARROW = "\u202f"
"""A narrow space at which no line breaks, between a number and its sign."""


def is_listing(value: Any) -> bool:
    """True for a list of values, in whichever form a frame holds it."""
    return isinstance(value, (list, tuple, np.ndarray))


def is_missing(value: Any) -> bool:
    """True for None, NaN and NaT."""
    return value is None or (not isinstance(value, str) and not is_listing(value) and bool(pd.isna(value)))


def amount(value: Any) -> str:
    """A count or a mean: whole numbers as they are, others with one decimal, or two below 10: `1,234`, `3.25`."""
    if is_missing(value):
        return MISSING
    number = float(value)
    if not math.isfinite(number):
        return "∞" if number > 0 else MINUS + "∞"
    return _signed(number, 0 if number == round(number) else 1 if abs(number) >= 10 else 2)


def _signed(number: float, decimals: int) -> str:
    """*number* with thousands separators and a real minus sign."""
    return f"{number:,.{decimals}f}".replace("-", MINUS)


def change(value: Any) -> str:
    """An amount with its sign: `+6.1`, `−2`."""
    text = amount(value)
    return f"+{text}" if not is_missing(value) and float(value) > 0 else text


def probability(value: Any) -> str:
    """A probability from 0 to 1: `0.24`, `0.031`, `0.0004`, `< 0.0001`, `> 0.9999`."""
    if is_missing(value):
        return MISSING
    number = float(value)
    if number < 0.0001:
        return "< 0.0001"
    if 0.9999 < number < 1:
        return "> 0.9999"
    edge = min(number, 1 - number)
    return f"{number:.{4 if 0 < edge < 0.001 else 3 if 0 < edge < 0.1 else 2}f}"


def ratio(value: Any) -> str:
    """Observed over expected: `× 3.2`."""
    return MISSING if is_missing(value) else f"×{NARROW}{_signed(float(value), 1)}"


def rate(value: Any) -> str:
    """A fraction per week as a percentage with its sign: 0.083 is `+8.3 %`."""
    if is_missing(value):
        return MISSING
    percent = 100 * float(value)
    if not math.isfinite(percent):
        return "∞"
    text = _signed(percent, 0 if abs(percent) >= 99.5 else 1)
    return f"{'+' if percent > 0 else ''}{text}{NARROW}%"


def interval(low: Any, high: Any) -> str:
    """Two rates as an interval: `+4.0 % to +21.0 %`."""
    return MISSING if is_missing(low) or is_missing(high) else f"{rate(low)} to {rate(high)}"


def day(value: Any) -> str:
    """A date as `27 Jun 2022`; text that is no date stays as it is."""
    if is_missing(value):
        return MISSING
    moment = pd.to_datetime(value, errors="coerce")
    return str(value) if pd.isna(moment) else f"{moment.day} {moment:%b} {moment.year:04d}"


def span(first: Any, last: Any) -> str:
    """Two days as a span, or the one day when there is no other."""
    return day(first) if is_missing(last) or day(first) == day(last) else f"{day(first)} to {day(last)}"


def moment(value: datetime | None) -> str:
    """A knowledge time as `27 Jun 2022, 06:00 UTC`."""
    return MISSING if value is None else f"{day(value)}, {value:%H:%M} UTC"


def anything(value: Any) -> str:
    """Any cell of a table whose columns are not known beforehand."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if is_listing(value):
        return ", ".join(map(str, value))
    if is_missing(value):
        return MISSING
    if isinstance(value, (date, pd.Timestamp)):
        return _instant(pd.Timestamp(value))
    return amount(value) if is_number(value) else str(value)


def _instant(value: pd.Timestamp) -> str:
    """A day, with its clock time where it has one."""
    return day(value) if value == value.normalize() else f"{day(value)}, {value:%H:%M}"


def is_number(value: Any) -> bool:
    """True for Python and numpy numbers, not for booleans."""
    return hasattr(value, "__float__") and not isinstance(value, (bool, np.bool_, str)) and not is_listing(value)


def several(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 flag`, `3 flags`."""
    return f"{amount(number)} {one if number == 1 else many}"

"""Tables as the page shows them: formatted cells made from frames, each with its exact value beside its text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from analytics.figures import numbers

Row = Mapping[Any, Any]
SENTENCE = 60
"""Letters from which a text needs a wide column."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell: *text* is read, *value* is exported, *note* stands below the text in smaller letters."""

    text: str
    value: str = ""
    kind: str = "text"
    """text, number, date, direction (short words on one line), level, link or svg: how the template writes it."""
    note: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A heading and what makes its cells."""

    heading: str
    make: Callable[[Row], Cell]
    numeric: bool = False
    wide: bool = False
    """Holds sentences, so it gets room."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A captioned table; *head* is the index of the column whose cells name their rows."""

    name: str
    """Id of the table in the page, and name of its CSV file."""
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    head: int = 0
    compact: bool = False
    """No wider than its content, for tables of any columns."""


def table(name: str, caption: str, frame: pd.DataFrame, columns: tuple[Column, ...], head: int = 0) -> Table:
    """The rows of *frame* through *columns*, in the frame's order."""
    rows = tuple(tuple(column.make(row) for column in columns) for row in frame.to_dict("records"))
    return Table(name=name, caption=caption, columns=columns, rows=rows, head=head)


def whole_table(name: str, caption: str, frame: pd.DataFrame) -> Table:
    """A table of all columns of a frame whose columns are not known beforehand."""
    columns = tuple(_any_column(str(key), frame[key]) for key in frame.columns)
    return replace(table(name, caption, frame, columns), compact=True)


def _any_column(key: str, values: pd.Series) -> Column:
    """A column of whatever *values* are; numbers stand to the right."""
    numeric = all(numbers.is_number(value) or numbers.is_missing(value) for value in values) and len(values) > 0
    heading = key.replace("_", " ").strip()
    wide = not numeric and any(len(numbers.anything(value)) > SENTENCE for value in values)
    title = heading[:1].upper() + heading[1:]
    return Column(heading=title, make=lambda row: _any_cell(row[key]), numeric=numeric, wide=wide)


def _any_cell(value: Any) -> Cell:
    """Text, number or link, as the value itself tells."""
    if is_link(value):
        return Cell(text=str(value), kind="link", href=str(value))
    text = numbers.anything(value)
    kind = "number" if numbers.is_number(value) else "date" if isinstance(value, date) else "text"
    return Cell(text=text, value=_exact(value), kind=kind)


def _exact(value: Any) -> str:
    """What is exported: an empty string for a missing value, ISO dates, unrounded numbers."""
    if numbers.is_missing(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value.isoformat())
    return numbers.anything(value) if numbers.is_listing(value) else str(value)


def is_link(value: Any) -> bool:
    """True only for http and https addresses; anything else stays text."""
    return (
        isinstance(value, str)
        and value.lower().startswith(("http://", "https://"))
        and not set(value) & set(" \"'<>\n\t")
    )


def words(key: str, heading: str, *, note: str = "", wide: bool = False) -> Column:
    """A column of text; *note* names the key of the smaller text below it."""

    def make(row: Row) -> Cell:
        below = numbers.anything(row[note]) if note and not numbers.is_missing(row[note]) else ""
        return Cell(text=numbers.anything(row[key]), value=_exact(row[key]), note=below)

    return Column(heading=heading, make=make, wide=wide)


def figure(key: str, heading: str, show: Callable[[Any], str] = numbers.amount) -> Column:
    """A column of numbers written by *show*."""
    return Column(
        heading=heading,
        make=lambda row: Cell(text=show(row[key]), value=_exact(row[key]), kind="number"),
        numeric=True,
    )


def bounded(key: str, low: str, high: str, heading: str, show: Callable[[Any], str]) -> Column:
    """A column of numbers written by *show*, with the interval from *low* to *high* below."""

    def make(row: Row) -> Cell:
        known = not (numbers.is_missing(row[low]) or numbers.is_missing(row[high]))
        note = f"{show(row[low])} to {show(row[high])}" if known else ""
        return Cell(text=show(row[key]), value=_exact(row[key]), kind="number", note=note)

    return Column(heading=heading, make=make, numeric=True)


def dated(key: str, heading: str) -> Column:
    """A column of days."""
    return Column(heading=heading, make=lambda row: Cell(text=numbers.day(row[key]), value=_iso(row[key]), kind="date"))


def _iso(value: Any) -> str:
    """The day as ISO text, "" where there is none."""
    day = pd.to_datetime(value, errors="coerce")
    return "" if pd.isna(day) else str(day.date())


def level(key: str, heading: str, *, note: str = "") -> Column:
    """A column of flag levels, each with its shape; *note* as in `words`."""
    text = words(key, heading, note=note)
    return replace(text, make=lambda row: replace(text.make(row), kind="level"))


def growth(heading: str = "Growth a week") -> Column:
    """Growth with its interval below."""
    return bounded("growth", "growth_low", "growth_high", heading, numbers.rate)


def source(heading: str = "Source") -> Column:
    """The source of an incident, linked where its address is http or https."""

    def make(row: Row) -> Cell:
        name = next((str(row[key]) for key in ("source_name", "source_id") if not numbers.is_missing(row[key])), "")
        link = is_link(row["source_url"])
        unlinked = "" if link or numbers.is_missing(row["source_url"]) else str(row["source_url"])
        address = str(row["source_url"]) if link else ""
        return Cell(
            text=name or address or unlinked or numbers.MISSING,
            value=" ".join(filter(None, (name, address or unlinked))),
            kind="link" if link else "text",
            href=address,
            note=unlinked if name else "",
        )

    return Column(heading=heading, make=make)

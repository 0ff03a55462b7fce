"""The incident's columns as data: what each expects, and that the database and the checks agree with it."""

import pytest

from analytics.schema import COLUMNS, JUDGED_MEASURES, KINDS, MEASURES, READABLE, Column


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("killed", "a whole number not below 0"),
        ("latitude", "a number from -90 to 90"),
        ("date_precision", "one of day, week, month, year"),
        ("occurred_on", "a date (YYYY-MM-DD) from 1900-01-01 to 2100-12-31"),
        ("notes", "text"),
    ],
)
def test_what_a_column_expects(name: str, words: str) -> None:
    """A column says in words what a right value is."""
    assert READABLE[name].expects == words


def test_columns_are_whole() -> None:
    """Names are unique, every type has its words, every column its meaning, and only an id and a day are required."""
    names = [column.name for column in READABLE.values()]
    assert len(COLUMNS) + 3 == len(names) == len(set(names))
    assert {column.type for column in READABLE.values()} <= KINDS.keys()
    assert [column.name for column in READABLE.values() if not column.doc] == []
    assert [column.name for column in READABLE.values() if column.required] == ["source_id", "occurred_on"]


def test_limits_without_a_top() -> None:
    """A column with a lower limit only says so."""
    assert Column(name="x", type="DOUBLE", doc="x", low="0").expects == "a number not below 0"


def test_judged_measures_are_measures() -> None:
    """What the models judge can be counted."""
    assert set(JUDGED_MEASURES) <= MEASURES.keys()

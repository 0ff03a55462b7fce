"""Coverage as it follows from what is loaded, less the weeks in which a feed went quiet against its own history."""

from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.dropoff import DropOff, drop_offs
from analytics.store.connection import Store

WEEK = timedelta(days=7)


def put_coverage(store: Store) -> list[str]:
    """Write `reporting` anew: what files and releases say, and each feed's drop-offs; those new to it, in sentences.

    A feed is a source in a country. Its silences are doubted where coverage was assumed or given with `--covers`;
    releases and coverage files are believed. A drop-off is a statement that the source did not report, of basis drop-off,
    known from the day when the silence had lasted too long to be chance (`analytics.dropoff`).
    It is gone once a coverage file says that the source reported then, on the country or a part of it.
    """
    before = set(_marks(store))
    store.step("steps/put_reporting")
    store.step("steps/feed_statement")
    statements = store.rows("FROM feed_statement")
    if statements:
        store.step("steps/feed_week")
        _mark(store, statements)
    return [
        f"{source} is silent on {country} from {first} to {last}: {note}; these weeks are unknown now, not zero. If it did "
        "report then, a coverage file can say so (incidents coverage FILE)"
        for source, country, first, last, note in _marks(store)
        if (source, country, first, last, note) not in before
    ]


def _marks(store: Store) -> list[tuple[Any, ...]]:
    return store.rows(
        "SELECT source, coalesce(region, region_id), covers_from, covers_until, note FROM coverage WHERE basis = 'drop-off'"
    )


def _mark(store: Store, statements: list[tuple[Any, ...]]) -> None:
    """Add the drop-offs of every feed in *statements* (rows of `feed_statement`, in its order) to `reporting`."""
    counted: dict[tuple[str, str], dict[date, int]] = {}
    for source, country, week, incidents in store.rows("FROM feed_week"):
        counted.setdefault((source, country), {})[week] = incidents
    for feed, rows in groupby(statements, key=lambda row: (row[0], row[1])):
        said = [row[2:] for row in rows]
        monday, counts, known, doubtful = _weeks(said, counted.get(feed, {}))
        for found in drop_offs(counts, known, doubtful):
            _add(store, feed, monday + found.first * WEEK, found, said)


def _weeks(
    said: list[tuple[Any, ...]], counted: dict[date, int]
) -> tuple[date, NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """The first Monday of a feed's coverage; per week its incidents, whether all of it is covered, and whether that is in doubt."""
    first = min(row[0] for row in said)
    monday = first - timedelta(days=first.weekday())
    weeks = (max(row[1] for row in said) - monday).days // 7 + 1
    covered, stated = np.zeros((2, 7 * weeks), dtype=bool)
    silent = covered.copy()
    for begins, ends, _, _, covers, works, quiet in said:
        days = slice((begins - monday).days, (ends - monday).days + 1)
        covered[days] |= covers
        stated[days] |= works
        silent[days] |= quiet
    known = (covered & ~silent).reshape(weeks, 7).all(axis=1)
    counts = np.array([counted.get(monday + number * WEEK, 0) for number in range(weeks)], dtype=np.int64)
    return monday, counts, known, known & ~stated.reshape(weeks, 7).any(axis=1)


def _add(store: Store, feed: tuple[str, str], first: date, found: DropOff, said: list[tuple[Any, ...]]) -> None:
    last = first + found.weeks * WEEK - timedelta(days=1)
    loads = [load for begins, ends, load, doubted, *_ in said if doubted and begins <= last and ends >= first]
    store.run(
        "INSERT INTO reporting VALUES ($source, $country, $first, $last, false, $known_from, 'drop-off', $note, $load)",
        {
            "source": feed[0],
            "country": feed[1],
            "first": first,
            "last": last,
            "known_from": datetime.combine(first + found.needed * WEEK, time.min),
            "note": _words(found),
            "load": max(loads),
        },
    )


def _words(found: DropOff) -> str:
    quiet = f"at most {found.quiet} in a row without any" if found.quiet else "none without any"
    return f"no incident in {found.weeks} weeks, where the {found.window} known weeks before had {found.mean:.1f} a week, {quiet}"

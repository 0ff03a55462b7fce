"""Baseline rows of Farrington flexible: which weeks a judged week is compared with, and their season levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.weeks import Dates

Ints = NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Baseline rows of W judged weeks, stacked; rows are indexes into the panel's weeks.

    rows: (W, n) sorted by season level, padded with 0. bounds: (W, periods + 1), where each level begins in a row of
    *rows*. span: (W, 2), earliest baseline row and judged row.
    """

    rows: Ints
    bounds: Ints
    span: NDArray[np.int32]


def references(weeks: Dates, judged: NDArray[np.int64], years: int) -> NDArray[np.int64]:
    """Indexes of the weeks 1..years calendar years before each judged week, shape (W, years); below 0 if too early.

    29 February goes to 1 March where there is none; then the nearest week start is taken.
    """
    day = weeks[judged].astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    into_month = (day - month.astype("datetime64[D]")).astype(np.int64)
    earlier = month[:, None] - 12 * np.arange(1, years + 1)
    dates = earlier.astype("datetime64[D]") + into_month[:, None]
    gap = (dates - day[:, None]).astype(np.int64)
    near: NDArray[np.int64] = judged[:, None] + np.floor_divide(gap + 3, 7)
    return near


def years_reachable(near: NDArray[np.int64], half_window: int, first_known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of reference windows that lie wholly after each region's first known week, shape (W, R)."""
    reached = (near[:, :, None] - half_window) >= first_known[None, None, :]
    years: NDArray[np.int64] = reached.sum(axis=1)
    return years


def stack(
    judged: NDArray[np.int64], near: NDArray[np.int64], *, half_window: int, periods: int, exclude_weeks: int
) -> Design:
    """The design of every judged week, whose references *near* (W, years) must all lie inside the panel."""
    plans = [
        _plan(int(now), [int(r) for r in row], half_window, periods, exclude_weeks)
        for now, row in zip(judged, near, strict=True)
    ]
    width = max((rows.size for rows, _ in plans), default=0)
    rows = np.zeros((len(plans), width), np.uint32)
    for i, (plan, _) in enumerate(plans):
        rows[i, : plan.size] = plan
    bounds = np.array([bound for _, bound in plans], np.uint32).reshape(len(plans), periods + 1)
    span = np.array([(row[-1] - half_window, now) for now, row in zip(judged, near, strict=True)], np.int32)
    return Design(rows=rows, bounds=bounds, span=span.reshape(len(plans), 2))


def _plan(now: int, near: Sequence[int], half_window: int, periods: int, exclude: int) -> tuple[Ints, Ints]:
    """Baseline rows sorted by level, and where each level begins, for one judged week."""
    level = season_levels(now, near, half_window, periods)
    level[now - exclude :] = 0
    rows = np.flatnonzero(level)
    order = np.argsort(level[rows], kind="stable")
    counts = np.bincount(level[rows], minlength=periods + 1)[1:]
    return rows[order].astype(np.uint32), np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32)


def season_levels(now: int, near: Sequence[int], half_window: int, periods: int) -> NDArray[np.int64]:
    """Season level of each week up to the judged one, shape (now + 1,), 0 for weeks of no level.

    The weeks around each reference are the last level, *periods*; each gap between two such windows is cut into
    periods - 1 pieces, the longer pieces first.
    """
    level = np.zeros(now + 1, np.int64)
    level[max(now - half_window, 0) :] = periods
    later = now
    for reference in near:
        level[reference - half_window : reference + half_window + 1] = periods
        if periods > 1:
            start, stop = reference + half_window + 1, later - half_window
            piece, longer = divmod(stop - start, periods - 1)
            level[start:stop] = np.repeat(
                np.arange(1, periods), [piece + 1] * longer + [piece] * (periods - 1 - longer)
            )
        later = reference
    return level

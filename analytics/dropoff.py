"""Drop-off: a feed that goes quiet for longer than its own history makes likely."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]

CHANCE = 0.001
"""Chance of so long a silence below which it is taken for a feed that stopped."""
WINDOWS = (13, 26, 52, 104)
"""Known weeks before a silence whose level it is held against: the one that makes it likeliest counts, as wars end slowly."""
HISTORY = 26
"""Known weeks before a silence without which it is not judged."""
SHORTEST = 2
"""Weeks that are called a silence."""


@dataclass(frozen=True, kw_only=True)
class DropOff:
    """A silence of `weeks` weeks from week number `first` on, too long to be chance after `needed` of them.

    It is held against the `window` weeks before it, of `mean` incidents a week; `quiet`: the longest run of weeks without
    an incident in the history.
    """

    first: int
    weeks: int
    needed: int
    window: int
    mean: float
    quiet: int


def drop_offs(counts: Counts, known: Mask, doubtful: Mask) -> list[DropOff]:
    """The silences in a feed's weekly *counts* (T,) that its own history makes unlikely, in order.

    *known* (T,): weeks that the feed is said to cover, which make up the history; *doubtful* (T,): those of them in which
    it may have stopped nevertheless. Each run of doubtful weeks without an incident is judged by the known weeks before
    it, at most 104 and at least 26, without those found silent before.

    A silence of L weeks at the end of n known weeks is a drop-off where n · P0^L < 0.001, L >= 2, and L is at least twice
    the longest run without an incident in the history. P0 is the chance of a week without an incident, from mean m and
    dispersion phi = variance / m: exp(-m) where phi <= 1, else that of a negative binomial, phi^(-m / (phi - 1)); the
    largest of P0 over the last 13, 26, 52 and 104 weeks counts. n bounds the number of weeks in which such a run could
    have begun, so that the chance is that of one anywhere in the feed's life so far, were weeks independent.
    """
    known, found = known.copy(), []
    for first, last in _runs((counts == 0) & doubtful & known):
        silence = _judged(counts[:first][known[:first]], first, last - first)
        if silence is not None:
            known[first:last] = False
            found.append(silence)
    return found


def chance_of_none(counts: Counts) -> float:
    """P0: chance of a week without an incident, from the mean and variance of *counts*; 1 where there are none."""
    mean = float(counts.mean())
    if mean == 0:
        return 1.0
    dispersion = float(counts.var(ddof=1)) / mean
    exponent = mean if dispersion <= 1 else mean * float(np.log(dispersion)) / (dispersion - 1)
    return float(np.exp(-exponent))


def _judged(before: Counts, first: int, weeks: int) -> DropOff | None:
    """The run of *weeks* weeks from *first* on as a drop-off, where the known weeks *before* it make it one."""
    if len(before) < HISTORY or weeks < SHORTEST:
        return None
    history = before[-WINDOWS[-1] :]
    quiet = max((last - start for start, last in _runs(history == 0)), default=0)
    chance, window = max((chance_of_none(history[-window:]), min(window, len(history))) for window in WINDOWS)
    for needed in range(max(SHORTEST, 2 * quiet), weeks + 1):
        if (len(before) + needed) * chance**needed < CHANCE:
            mean = float(history[-window:].mean())
            return DropOff(first=first, weeks=weeks, needed=needed, window=window, mean=mean, quiet=quiet)
    return None


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """First index and index after the last of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]

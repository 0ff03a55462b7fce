"""What a feed makes of counts: late reports, and silence."""

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def reported(weeks: int, delay: float) -> Floats:
    """Share of a week's incidents that is known 0, 1, ..., weeks - 1 weeks after it ended, delays being exponential.

    *delay*: mean weeks from an incident to its report. An incident is half a week old, on average, when its week ends;
    the share is 1 - exp(-(w + 1/2) / delay).
    """
    if not delay > 0:
        raise OptionError(f"delay is {delay}; use a mean number of weeks above 0")
    share: Floats = 1 - np.exp(-(np.arange(weeks) + 0.5) / delay)
    return share


def delayed(counts: Integers, delay: float, seed: int) -> Integers:
    """What is known of *counts* (T, R) when the last week has ended: each incident reported or not yet, by itself.

    Raises OptionError for a delay of 0 or less. The counts themselves are the truth.
    """
    share = reported(len(counts), delay)[::-1]
    return np.random.default_rng(seed).binomial(counts, share[:, None]).astype(np.int64)


def dropped(counts: Integers, weeks: int, seed: int, share: float = 1.0) -> tuple[Integers, NDArray[np.bool_]]:
    """(counts as reported, where the feed was silent), each (T, R): *share* of the series silent for the last *weeks*.

    A silent feed reports zeros; whoever knows of the silence sets the cells to unknown. Raises OptionError for weeks or
    shares that cannot be.
    """
    if not (0 <= weeks <= len(counts) and 0 <= share <= 1):
        raise OptionError(f"weeks must be in 0..{len(counts)} and share in 0..1, got {weeks} and {share}")
    silent = np.zeros(counts.shape, dtype=bool)
    silent[len(counts) - weeks :] = np.random.default_rng(seed).random(counts.shape[1]) < share
    return np.where(silent, 0, counts), silent

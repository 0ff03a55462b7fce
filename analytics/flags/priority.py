"""How urgent a flag is among the flags of its level: a number from 0 to 100, and the parts that it is the sum of.

Each part is a share between 0 and 1 of the points that `Policy` gives it, scaled so that all points sum to 100:

| part | share of its points |
|---|---|
| level | watch 1/3, warning 2/3, alert 1 |
| excess | e / (e + 10), with e incidents above the expected |
| ratio | log(observed / expected) / log(10), at most 1: ten times the expected has all of it |
| growth | 2 P(growing) - 1: nothing where growth is as likely as decline, or not known |
| lethality | k / (k + 20), with k killed in the week |
| record | weeks since a count at least as high, of five years of weeks, at most 1 |
| new | 1 / (week of its episode): all of it in the first week, half in the second |

An unknown share is 0. Parts are rounded to a tenth of a point, and the priority is the sum of the rounded parts.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.flags.policy import LEVELS, PRIORITY_PARTS, Policy

PARTS = tuple(f"priority_{part}" for part in PRIORITY_PARTS)
"""Columns of the parts, in points."""

HALF_EXCESS, HALF_KILLED, FULL_RATIO, FULL_RECORD = 10.0, 20.0, 10.0, 260.0
"""Incidents and deaths that have half of their points; times the expected, and weeks, that have all."""


def with_priority(flags: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The flags with `priority` and `PARTS`, from level, excess, ratio, p_growing, killed, record_since and episode_week."""
    weights = {part: getattr(policy, f"priority_{part}") for part in PRIORITY_PARTS}
    scale = 100 / sum(weights.values())
    parts = {
        f"priority_{part}": (_known(share) * weights[part] * scale).round(1) for part, share in _shares(flags).items()
    }
    total = np.sum([parts[name] for name in PARTS], axis=0).round(1)
    return flags.assign(priority=total, **parts)


def _shares(flags: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Share of its points that each part has, NaN where it is not known; shape (flags,)."""
    excess, ratio, growing, killed, week = (
        flags[name].to_numpy(dtype=np.float64) for name in ("excess", "ratio", "p_growing", "killed", "episode_week")
    )
    record = np.array([weeks for weeks, _ in flags["record_since"]], dtype=np.float64)
    return {
        "level": (flags["level"].map(LEVELS.index).to_numpy(dtype=np.float64) + 1) / len(LEVELS),
        "excess": excess / (excess + HALF_EXCESS),
        "ratio": np.log(np.maximum(ratio, 1)) / np.log(FULL_RATIO),
        "growth": 2 * growing - 1,
        "lethality": killed / (killed + HALF_KILLED),
        "record": record / FULL_RECORD,
        "new": 1 / np.maximum(week, 1),
    }


def _known(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num(share, nan=0.0), 0.0, 1.0)

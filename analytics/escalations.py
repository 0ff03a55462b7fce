"""What came after a week, and what an escalation is: the truth by which flags on real records are judged.

A week t of a region is *followed by a continued or higher level* when the mean of the `weeks_after` weeks after it is above
the `quantile` of the `weeks_before` weeks before it, and at least `ratio` times their mean. The week itself is in neither,
so that a flag does not vouch for itself. Weeks that are so followed, no further than `weeks_after` weeks apart, are one
escalation. It begins (onset) in the first week after the first of them whose count is above that quantile, and ends with
the last week after the last of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class EscalationOptions:
    """What counts as an escalation."""

    weeks_after: int = 4
    """Weeks after a week whose mean tells what followed it."""
    weeks_before: int = 52
    """Weeks before it that they are compared with."""
    quantile: float = 0.9
    """Share of the weeks before that the mean after must exceed: the smallest count that this share does not exceed."""
    ratio: float = 1.5
    """Times the mean of the weeks before that the mean after must reach."""
    min_incidents: int = 1
    """Fewest incidents in the weeks after."""

    def __post_init__(self) -> None:
        for name in ("weeks_after", "weeks_before", "min_incidents"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.quantile <= 1 or self.ratio <= 0:
            raise OptionError(f"quantile {self.quantile} or ratio {self.ratio} is out of range ((0, 1]; above 0)")

    def sentence(self) -> str:
        """The definition in words."""
        floor = f", and they have at least {self.min_incidents} incidents" if self.min_incidents > 1 else ""
        return (
            f"A week is followed by a continued or higher level when the mean of the {self.weeks_after} weeks after it is above "
            f"the {100 * self.quantile:g} % quantile of the {self.weeks_before} weeks before it and at least {self.ratio:g} times "
            f"their mean{floor}."
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Escalations:
    """N escalations, ordered by region and onset; each an array (N,) of column or row numbers of the values."""

    region: Integers
    onset: Integers
    """First week above the quantile of the weeks before."""
    end: Integers
    """Last week after the last week that is so followed."""
    peak: Integers
    """First of the weeks from onset to end that has the highest count."""


def followed(values: Floats, options: EscalationOptions) -> Floats:
    """Whether each week is followed by a continued or higher level: 1, 0, or NaN where it is not known; (T, R) as *values*.

    *values* are weekly counts, NaN unknown. Not known: where a week after is unknown, or beyond the last (censored), and
    where fewer than half of the weeks before are known.
    """
    after, total = _mean_after(values, options.weeks_after)
    mean, quantile = _before(values, options)
    high = (after > quantile) & (after >= options.ratio * mean) & (total >= options.min_incidents)
    answer: Floats = np.where(np.isnan(after) | np.isnan(mean), np.nan, high)
    return answer


def escalations(values: Floats, options: EscalationOptions) -> Escalations:
    """The escalations in *values* (T, R), as the module says."""
    outcome, quantile = followed(values, options), _before(values, options)[1]
    rows: list[tuple[int, int, int, int]] = []
    for region in range(values.shape[1]):
        weeks = np.flatnonzero(outcome[:, region] == 1)
        for run in np.split(weeks, np.flatnonzero(np.diff(weeks) > options.weeks_after) + 1):
            if run.size:
                end = int(run[-1]) + options.weeks_after
                counts = values[run[0] + 1 : end + 1, region]
                onset = int(run[0]) + 1 + int(np.argmax(counts > quantile[run[0], region]))
                peak = onset + int(np.nanargmax(values[onset : end + 1, region]))
                rows.append((region, onset, end, peak))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Escalations(region=columns[:, 0], onset=columns[:, 1], end=columns[:, 2], peak=columns[:, 3])


def _mean_after(values: Floats, weeks: int) -> tuple[Floats, Floats]:
    """Mean and sum of the *weeks* weeks after each week, (T, R); NaN where any is unknown or beyond the last."""
    total = np.full(values.shape, np.nan)
    if len(values) > weeks:
        total[:-weeks] = np.lib.stride_tricks.sliding_window_view(values[1:], weeks, axis=0).sum(axis=-1)
    return total / weeks, total


def _before(values: Floats, options: EscalationOptions) -> tuple[Floats, Floats]:
    """Mean and quantile of the known among the weeks before each week, (T, R); NaN where fewer than half are known."""
    weeks = options.weeks_before
    padded = np.concatenate([np.full((weeks, values.shape[1]), np.nan), values])[:-1]
    window = np.lib.stride_tricks.sliding_window_view(padded, weeks, axis=0)
    known = (~np.isnan(window)).sum(axis=-1)
    enough = 2 * known >= weeks
    rank = np.clip(np.ceil(options.quantile * known - 1e-9).astype(np.int64) - 1, 0, weeks - 1)
    quantile = np.take_along_axis(np.sort(window, axis=-1), rank[..., None], axis=-1)[..., 0]
    mean = np.nansum(window, axis=-1) / np.maximum(known, 1)
    return np.where(enough, mean, np.nan), np.where(enough, quantile, np.nan)

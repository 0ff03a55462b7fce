"""How many simulated incidents fall in each week and governorate, and why."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.simulate import draws
from analytics.simulate.effects import EFFECTS, FIRST_WEEK, LAST_DAY, Effect
from analytics.simulate.iraq import GOVERNORATES, TACTIC_SHARES, TACTICS, Governorate
from analytics.weeks import Dates, season_position, week_of, week_range

Floats = NDArray[np.float64]

OVERDISPERSION = 0.3
"""Excess of variance over mean, relative to the mean, where incidents are frequent; rare ones are nearly Poisson."""
NATURAL = -1
"""Number of the effect behind an incident that no effect made."""
_SEASON_PEAK = 0.4


def all_weeks() -> Dates:
    """Every week of the simulated records, shape (T,)."""
    return week_range(FIRST_WEEK, week_of(LAST_DAY))


def normal_means(weeks: Dates) -> Floats:
    """Mean incidents when nothing unusual happens; shape (T, R), R in the order of `GOVERNORATES`.

    rate * exp(-decline * years since 2017) * exp(season * cos(2 pi (position in the year - 0.4))).
    """
    years = np.maximum((weeks - np.datetime64("2017-01-01")).astype(np.int64) / 365.25, 0.0)
    turn = np.cos(2 * np.pi * (season_position(weeks) - _SEASON_PEAK))
    columns = [g.rate * np.exp(-g.decline * years + g.season * turn) for g in GOVERNORATES]
    return np.stack(columns, axis=1)


def dispersion(governorate: Governorate) -> float:
    """Variance of a week's incidents over their mean: 1 + 0.3 min(1, rate)."""
    return 1 + OVERDISPERSION * min(1.0, governorate.rate)


def effect_counts(effect: Effect, weeks: Dates, mean: Floats, u: Floats) -> NDArray[np.int64]:
    """Incidents that *effect* adds, shape (T,); *mean* (T,) is its governorate's normal mean, *u* (T,) uniform."""
    share = _tactic_share(effect)
    extra = mean * share * (effect.multiplier(weeks) - 1)
    drawn = draws.counts(u, extra, dispersion(GOVERNORATES[_column(effect)]))
    counts: NDArray[np.int64] = drawn + effect.added(weeks).astype(np.int64)
    return counts


def happenings(generator: np.random.Generator) -> pd.DataFrame:
    """One row per incident, in order of week: week (datetime64), governorate and effect (their numbers)."""
    weeks = all_weeks()
    means = normal_means(weeks)
    scatter = np.array([dispersion(g) for g in GOVERNORATES])
    natural = draws.counts(generator.random(means.shape), means, scatter)
    parts = [_rows(weeks, natural[:, column], column, NATURAL) for column in range(len(GOVERNORATES))]
    for number, effect in enumerate(EFFECTS):
        column = _column(effect)
        counts = effect_counts(effect, weeks, means[:, column], generator.random(len(weeks)))
        parts.append(_rows(weeks, counts, column, number))
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["week", "governorate", "effect"], kind="stable", ignore_index=True)


def _rows(weeks: Dates, counts: NDArray[np.int64], governorate: int, effect: int) -> pd.DataFrame:
    return pd.DataFrame({"week": np.repeat(weeks, counts), "governorate": governorate, "effect": effect})


def _column(effect: Effect) -> int:
    return [g.region_id for g in GOVERNORATES].index(effect.region_id)


def _tactic_share(effect: Effect) -> float:
    if not effect.tactic:
        return 1.0
    names = [tactic.name for tactic in TACTICS]
    return TACTIC_SHARES[GOVERNORATES[_column(effect)].manner][names.index(effect.tactic)]

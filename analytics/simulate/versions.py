"""When each simulated incident became known, and how its first reports differed from the last."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.simulate import draws
from analytics.simulate.iraq import TACTICS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REVISED = 0.15
"""Share of incidents with a second version."""
REVISED_TWICE = 0.02
"""Share of incidents with a third version."""
DELAY_DAYS, DELAY_SIGMA = 1.0, 1.2
"""Median and spread of the time from an incident to its first report."""
REVISION_DAYS, REVISION_SIGMA = 0.8, 1.5
"""Median and spread of the time from one version to the next."""
RAISED, LOWERED = 0.75, 0.10
"""Shares of revisions that raise and lower the toll; the others correct the tactic."""

_MISTAKEN_FOR = {
    "hit-and-run": "armed clash",
    "IED": "indirect fire",
    "checkpoint attack": "hit-and-run",
    "assassination": "hit-and-run",
    "indirect fire": "IED",
    "suicide bombing": "IED",
    "kidnapping": "hit-and-run",
    "armed clash": "hit-and-run",
}

_DRAWN = ("revised", "hour", "delay", "second", "third", "kind_2", "size_2", "kind_3", "size_3")


def versions(facts: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Every version of the incidents of *facts*: its columns, and version (1, 2, 3), known_at (datetime64[s])."""
    u = pd.DataFrame(generator.random((len(facts), len(_DRAWN))), columns=list(_DRAWN))
    number = np.where(u["revised"] < REVISED_TWICE, 3, np.where(u["revised"] < REVISED, 2, 1))
    known = _known(facts, u)
    state = facts.copy()
    parts = []
    for version in (3, 2, 1):
        exists = number >= version
        parts.append(state.assign(version=version, known_at=known[version - 1])[exists])
        if version > 1:
            earlier = _before(state, u[f"kind_{version}"].to_numpy(), u[f"size_{version}"].to_numpy())
            state = state.where(~pd.Series(exists), earlier)
    return pd.concat(parts)


def _known(facts: pd.DataFrame, u: pd.DataFrame) -> list[NDArray[np.datetime64]]:
    """Knowledge times of versions 1, 2 and 3, whole minutes, each (n,)."""
    day = facts["occurred_until"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    first = u["hour"].to_numpy() + draws.lognormal(u["delay"].to_numpy(), DELAY_DAYS, DELAY_SIGMA)
    second = draws.lognormal(u["second"].to_numpy(), REVISION_DAYS, REVISION_SIGMA)
    third = draws.lognormal(u["third"].to_numpy(), REVISION_DAYS, REVISION_SIGMA)
    minutes = np.cumsum([np.maximum(np.round(days * 1440), 1) for days in (first, second, third)], axis=0)
    return [day + (60 * row).astype(np.int64).astype("timedelta64[s]") for row in minutes]


def _before(state: pd.DataFrame, kind: Floats, size: Floats) -> pd.DataFrame:
    """What a report said before the revision that led to *state*."""
    toll, wounded = state["toll"].to_numpy(), state["wounded"].to_numpy()
    raised, lowered = kind < RAISED, (kind >= RAISED) & (kind < RAISED + LOWERED)
    fewer = toll - np.ceil(size * toll * 0.7).astype(np.int64)
    more = toll + 1 + np.floor(2 * size).astype(np.int64)
    no_toll = raised & (toll == 0)
    fewer_wounded = wounded - np.ceil(size * wounded * 0.7).astype(np.int64)
    retyped = ~(raised | lowered) | (no_toll & (wounded < 1))
    return state.assign(
        toll=np.where(raised, fewer, np.where(lowered, more, toll)),
        wounded=np.where(no_toll & (wounded > 0), fewer_wounded, wounded),
        tactic=np.where(retyped, _mistaken()[state["tactic"].to_numpy()], state["tactic"].to_numpy()),
    )


def _mistaken() -> Integers:
    names = [tactic.name for tactic in TACTICS]
    return np.array([names.index(_MISTAKEN_FOR[name]) for name in names])

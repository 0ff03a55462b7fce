"""What each simulated incident is: its day, place, tactic, actors and toll, as they finally became known."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.simulate import draws
from analytics.simulate.effects import EFFECTS, FIRST_WEEK, LAST_DAY, SILENCE
from analytics.simulate.iraq import (
    ACTOR_SHARES,
    DISPUTED,
    GOVERNORATES,
    TACTIC_SHARES,
    TACTICS,
    TARGET_SHARES,
    TARGETS,
)
from analytics.weeks import as_date

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NO_DISTRICT = 0.15
NO_GOVERNORATE = 0.02
MONTH_ONLY = 0.02
IN_PLACES = 0.85
"""Share of an effect's incidents in the districts it names."""
SCATTER = 0.05
"""Half width, in degrees, of the square around a district's centre in which its incidents lie."""
TOLL_SIGMA = 0.9
LARGEST_TOLL = 80

_DRAWN = (
    *("day", "vague", "unknown_place", "in_places", "place", "latitude", "longitude", "tactic", "actor", "target"),
    *("toll", "bystanders", "side", "attackers", "attackers_toll", "wounded", "wounded_unknown"),
    *("low", "high"),
)
_CIVILIANS = TARGETS.index("Civilians")


def facts(rows: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """The facts of each incident of *rows* (as from `happenings`), less those in no record: see `_recorded`.

    Columns: occurred_on, occurred_until (date), date_precision, governorate, district (numbers; -1 = not known),
    latitude, longitude, tactic, actor, target (numbers), toll (target's members killed), side (others killed who
    were no attackers), attackers (killed), wounded (-1 = not known), low and high (relative errors of the killed).
    """
    u = pd.DataFrame(generator.random((len(rows), len(_DRAWN))), columns=list(_DRAWN))
    parts = [_days(rows, u), _places(rows, u)]
    district = parts[1]["true_district"].to_numpy()
    parts.append(_deeds(rows, u, district))
    parts.append(_tolls(parts[2], u))
    table = pd.concat(parts, axis=1).drop(columns="true_district")
    return table[_recorded(rows, table)].reset_index(drop=True)


def _days(rows: pd.DataFrame, u: pd.DataFrame) -> pd.DataFrame:
    weeks = rows["week"].to_numpy().astype("datetime64[D]")
    days = weeks + (u["day"].to_numpy() * 7).astype(np.int64)
    months = days.astype("datetime64[M]")
    starts = months.astype("datetime64[D]")
    vague = (u["vague"].to_numpy() < MONTH_ONLY) & (starts >= np.datetime64(FIRST_WEEK))
    ends = (months + 1).astype("datetime64[D]") - 1
    return pd.DataFrame(
        {
            "occurred_on": [as_date(day) for day in np.where(vague, starts, days)],
            "occurred_until": [as_date(day) for day in np.where(vague, ends, days)],
            "date_precision": np.where(vague, "month", "day"),
        },
        dtype=object,
    )


def _places(rows: pd.DataFrame, u: pd.DataFrame) -> pd.DataFrame:
    weights = np.stack([_place_weights(g, e) for g, e in _causes()])
    usual = np.stack([_place_weights(g, -1) for g, _ in _causes()])
    cause = _cause_numbers(rows)
    often = (u["in_places"].to_numpy() < IN_PLACES)[:, None]
    district = draws.pick(u["place"].to_numpy(), np.where(often, weights[cause], usual[cause]))
    governorate = rows["governorate"].to_numpy()
    unknown = u["unknown_place"].to_numpy()
    centres = _centres()[governorate, district]
    scatter = SCATTER * (2 * u[["latitude", "longitude"]].to_numpy() - 1)
    where = np.where((unknown < NO_DISTRICT)[:, None], np.nan, centres + scatter)
    return pd.DataFrame(
        {
            "governorate": np.where(unknown < NO_GOVERNORATE, -1, governorate),
            "district": np.where(unknown < NO_DISTRICT, -1, district),
            "true_district": district,
            "latitude": np.round(where[:, 0], 3),
            "longitude": np.round(where[:, 1], 3),
        }
    )


def _causes() -> list[tuple[int, int]]:
    """Every pair of governorate and effect, natural ones (-1) included, in the order of `_cause_numbers`."""
    return [(g, e) for g in range(len(GOVERNORATES)) for e in range(-1, len(EFFECTS))]


def _cause_numbers(rows: pd.DataFrame) -> Integers:
    numbers: Integers = (rows["governorate"] * (len(EFFECTS) + 1) + rows["effect"] + 1).to_numpy(dtype=np.int64)
    return numbers


def _place_weights(governorate: int, effect: int) -> Floats:
    named = EFFECTS[effect].places if effect >= 0 else ()
    places = GOVERNORATES[governorate].places
    weights = np.zeros(max(len(g.places) for g in GOVERNORATES))
    weights[: len(places)] = [place.weight for place in places]
    if chosen := [number for number, place in enumerate(places) if place.name in named]:
        weights[[number for number in range(len(weights)) if number not in chosen]] = 0
    return weights


def _centres() -> Floats:
    centres = np.zeros((len(GOVERNORATES), max(len(g.places) for g in GOVERNORATES), 2))
    for number, governorate in enumerate(GOVERNORATES):
        for column, place in enumerate(governorate.places):
            centres[number, column] = place.latitude, place.longitude
    return centres


def _deeds(rows: pd.DataFrame, u: pd.DataFrame, district: Integers) -> pd.DataFrame:
    governorate = rows["governorate"].to_numpy()
    manners = [GOVERNORATES[number].manner for number in governorate]
    disputed = [
        GOVERNORATES[g].places[d].name in DISPUTED for g, d in zip(governorate.tolist(), district.tolist(), strict=True)
    ]
    settings = ["disputed" if flag else manner for flag, manner in zip(disputed, manners, strict=True)]
    tactic = draws.pick(u["tactic"].to_numpy(), np.array([TACTIC_SHARES[manner] for manner in manners]))
    return pd.DataFrame(
        {
            "tactic": np.where(_imposed(rows) >= 0, _imposed(rows), tactic),
            "actor": draws.pick(u["actor"].to_numpy(), np.array([ACTOR_SHARES[manner] for manner in manners])),
            "target": draws.pick(u["target"].to_numpy(), np.array([TARGET_SHARES[key] for key in settings])),
        }
    )


def _imposed(rows: pd.DataFrame) -> Integers:
    """Number of the tactic that an incident's effect prescribes, or -1."""
    names = [tactic.name for tactic in TACTICS]
    by_effect = [-1, *(names.index(e.tactic) if e.tactic else -1 for e in EFFECTS)]
    imposed: Integers = np.array(by_effect, dtype=np.int64)[rows["effect"].to_numpy() + 1]
    return imposed


def _tolls(deeds: pd.DataFrame, u: pd.DataFrame) -> pd.DataFrame:
    tactics = deeds["tactic"].to_numpy()
    median = np.array([tactic.toll for tactic in TACTICS])[tactics]
    risk = np.array([tactic.attackers for tactic in TACTICS])[tactics]
    killed_too = u["attackers"].to_numpy() < risk
    attackers = np.maximum(_whole(u["attackers_toll"], 1.2), 1)
    return pd.DataFrame(
        {
            "toll": _whole(u["toll"], median),
            "side": np.where(u["bystanders"].to_numpy() < 0.12, _whole(u["side"], 1.0), 0),
            "attackers": np.where(killed_too, attackers, 0),
            "wounded": np.where(u["wounded_unknown"].to_numpy() < 0.05, -1, _whole(u["wounded"], 1.4 * median)),
            "low": 0.5 * u["low"],
            "high": 0.6 * u["high"],
        }
    )


def _whole(u: pd.Series, median: float | Floats) -> Integers:
    values = np.floor(draws.lognormal(u.to_numpy(), median, TOLL_SIGMA))
    return np.minimum(values, LARGEST_TOLL).astype(np.int64)


def _recorded(rows: pd.DataFrame, table: pd.DataFrame) -> NDArray[np.bool_]:
    """False for incidents after the last day, and for those that may have fallen into the unreported stretch."""
    silent = [number for number, g in enumerate(GOVERNORATES) if g.region_id == SILENCE.region_id]
    inside = (table["occurred_on"] <= SILENCE.last) & (table["occurred_until"] >= SILENCE.first)
    lost = rows["governorate"].isin(silent) & inside
    kept: NDArray[np.bool_] = (~lost & (table["occurred_until"] <= LAST_DAY)).to_numpy(dtype=bool)
    return kept

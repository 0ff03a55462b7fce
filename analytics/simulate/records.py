"""Simulated incident records of an Iraq that never was: the bundled data, and its known truth."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import OptionError, OutputError
from analytics.simulate.effects import LAST_DAY, coverage_frame, truth_frame
from analytics.simulate.facts import facts
from analytics.simulate.happenings import all_weeks, happenings
from analytics.simulate.iraq import ACTORS, GOVERNORATES, TACTICS, TARGETS
from analytics.simulate.versions import versions

BUNDLED_SEED = 20211010
"""Seed of the records in `data/`."""

Texts = NDArray[np.object_]

_SECURITY = ("Peshmerga", "Iraqi army", "Police", "Tribal force")


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedRecords:
    """Records, what was reported on, and what was injected, in the columns of the files of the same names."""

    incidents: pd.DataFrame
    """One row per version of an incident, by known_at, then source_id; days and times are ISO text."""
    coverage: pd.DataFrame
    """One row per stretch that was, or was not, reported on."""
    truth: pd.DataFrame
    """One row per injected effect."""


def incident_records(seed: int) -> SimulatedRecords:
    """Simulate incident records of 18 governorates from 4 January 2016 to 30 June 2022, as known on that evening.

    Weekly incidents of a governorate are negative binomial, their variance 1.3 times the
    mean or less (`happenings.dispersion`); the mean is a rate with a
    yearly season and a decline since 2017 (`happenings.normal_means`), times what is injected (`effects.EFFECTS`,
    the answer's *truth*). 15 % of the incidents have a second version and 2 % a third; a first report comes a
    lognormal time after the incident, its median a day. The same seed gives the same records.

    Raises OptionError for a negative seed.
    """
    if seed < 0:
        raise OptionError(f"seed is {seed}; use 0 or a positive whole number")
    when, what, reports = np.random.Generator(np.random.PCG64(seed)).spawn(3)
    incidents = facts(happenings(when), what).sort_values(
        ["occurred_on", "governorate", "district"], kind="stable", ignore_index=True
    )
    incidents["source_id"] = [f"SIM-{number:05d}" for number in range(1, len(incidents) + 1)]
    known = versions(incidents, reports)
    evening = np.datetime64(LAST_DAY + timedelta(days=1), "s")
    table = _table(known[known["known_at"] < evening].sort_values(["known_at", "source_id"], ignore_index=True))
    return SimulatedRecords(incidents=table, coverage=coverage_frame(), truth=truth_frame(all_weeks()))


def write(records: SimulatedRecords, directory: Path) -> tuple[Path, Path, Path]:
    """Write simulated_incidents.csv, simulated_coverage.csv and simulated_truth.csv; returns their paths.

    UTF-8, line feeds, degrees with three decimals, nothing for what is not known; the same records give the same
    bytes. Raises OutputError where *directory* cannot be written to.
    """
    paths = tuple(directory / f"simulated_{name}.csv" for name in ("incidents", "coverage", "truth"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, frame in zip(paths, (records.incidents, records.coverage, records.truth), strict=True):
            frame.to_csv(path, index=False, float_format="%.3f", lineterminator="\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write simulated records to {directory}: {error.strerror or error}") from error
    return paths[0], paths[1], paths[2]


def _table(known: pd.DataFrame) -> pd.DataFrame:
    """Versions of incidents as rows of an incidents file."""
    tactic = _named([t.name for t in TACTICS], known["tactic"])
    target = _named(list(TARGETS), known["target"])
    places = _places(known)
    return pd.DataFrame(
        {
            "source_id": known["source_id"],
            "known_at": known["known_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "occurred_on": [day.isoformat() for day in known["occurred_on"]],
            "occurred_until": [day.isoformat() for day in known["occurred_until"]],
            "date_precision": known["date_precision"],
            "country": "Iraq",
            **places,
            "event_type": _named([t.event_type for t in TACTICS], known["tactic"]),
            "tactic": tactic,
            "actor1": _named(list(ACTORS), known["actor"]),
            "actor2": np.where(tactic == "armed clash", target, ""),
            "target": target,
            **_casualties(known, target),
            "source_name": "simulated",
            "notes": "simulated record; this did not happen",
        }
    )


def _named(names: list[str], numbers: pd.Series) -> Texts:
    """Names by number; "" for -1."""
    named: Texts = np.array([*names, ""], dtype=object)[numbers.to_numpy(dtype=np.int64)]
    return named


def _places(known: pd.DataFrame) -> dict[str, Texts | pd.Series]:
    governorate, district = known["governorate"].to_numpy(dtype=int), known["district"].to_numpy(dtype=int)
    admin1 = _named([g.name for g in GOVERNORATES], known["governorate"])
    pairs = zip(governorate.tolist(), district.tolist(), strict=True)
    admin2 = np.array([GOVERNORATES[g].places[d].name if d >= 0 else "" for g, d in pairs], dtype=object)
    coarse = np.where(governorate >= 0, "admin1", "country")
    return {
        "admin1": admin1,
        "admin2": admin2,
        "location": np.where(district >= 0, "near " + admin2, ""),
        "latitude": known["latitude"].astype(float),
        "longitude": known["longitude"].astype(float),
        "place_precision": np.where(district >= 0, "near", coarse),
    }


def _casualties(known: pd.DataFrame, target: Texts) -> dict[str, pd.Series]:
    """Killed (best, low, high), by group, and wounded; best is the sum of the groups."""
    toll, side, attackers = (known[name].astype("int64") for name in ("toll", "side", "attackers"))
    civilian = ~np.isin(target, _SECURITY)
    killed = toll + side + attackers
    wounded = known["wounded"].astype("Int64")
    return {
        "killed": killed,
        "killed_low": killed - (killed * known["low"].astype(float)).astype("int64"),
        "killed_high": killed + ((killed + 1) * known["high"].astype(float)).astype("int64"),
        "killed_civilians": toll.where(civilian, side),
        "killed_security": side.where(civilian, toll),
        "killed_attackers": attackers,
        "wounded": wounded.mask(wounded < 0),
    }

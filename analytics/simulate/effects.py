"""What is injected into the simulated records: the truth that a report should find, and how it moves the means."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.weeks import Dates, as_date

Floats = NDArray[np.float64]

FIRST_WEEK = date(2016, 1, 4)
LAST_DAY = date(2022, 6, 30)
SOURCE = "simulated"
"""The source's name, under which the records have to be loaded for coverage to speak of them."""
KINDS = ("ramp", "spike", "level shift", "burst")


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One injected departure from what is normal in a region.

    Means are multiplied, from the week of *starts* on: a ramp by jump * size**w in its weeks w = 0..weeks-1 and then
    by a factor that falls by *decay* a week until it is back at 1; a level shift and a burst by *size*, the burst for
    *weeks* weeks, the shift to the end. A spike adds *size* incidents to one week.
    """

    effect_id: str
    kind: str
    region_id: str
    starts: date
    size: float
    weeks: int = 1
    tactic: str = ""
    """The only tactic concerned; "" = all."""
    places: tuple[str, ...] = ()
    """Districts where most of it happens; () = where incidents usually happen."""
    jump: float = 1.0
    decay: float = 0.2
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OptionError(f"kind of effect {self.effect_id} is {self.kind!r}; choose one of {', '.join(KINDS)}")
        if self.starts.weekday() != 0:
            raise OptionError(f"effect {self.effect_id} starts on {self.starts}, which is not a Monday")
        if self.size <= 1:
            raise OptionError(f"size of effect {self.effect_id} is {self.size}; it must be above 1")

    def multiplier(self, weeks: Dates) -> Floats:
        """Factor on the mean of what the effect concerns, shape as *weeks*; 1 where it has no say."""
        since = (weeks - np.datetime64(self.starts, "D")).astype(np.int64) // 7
        if self.kind == "ramp":
            up = self.jump * self.size ** np.minimum(since, self.weeks - 1).astype(np.float64)
            down = (1 - self.decay) ** np.maximum(since - self.weeks + 1, 0).astype(np.float64)
            return np.where(since >= 0, np.maximum(up * down, 1.0), 1.0)
        lasts = self.kind == "level shift"
        inside = (since >= 0) & (lasts | (since < self.weeks))
        return np.where(inside & (self.kind != "spike"), self.size, 1.0)

    def added(self, weeks: Dates) -> Floats:
        """Incidents added whatever the mean is, shape as *weeks*."""
        return np.where((weeks == np.datetime64(self.starts, "D")) & (self.kind == "spike"), self.size, 0.0)

    def until(self, weeks: Dates) -> date:
        """Last day on which the effect is felt, within *weeks*."""
        felt = np.flatnonzero((self.multiplier(weeks) > 1) | (self.added(weeks) > 0))
        return min(as_date(weeks[felt[-1]]) + timedelta(days=6), LAST_DAY)


def _ramp(name: str, region_id: str, size: float, weeks: int, jump: float, places: tuple[str, ...]) -> Effect:
    return Effect(
        effect_id=f"ramp-{name}",
        kind="ramp",
        region_id=region_id,
        starts=date(2021, 10, 11),
        size=size,
        weeks=weeks,
        jump=jump,
        tactic="hit-and-run",
        places=places,
        note=f"hit-and-run attacks: {jump:g} times normal at once, then {round(100 * (size - 1))} % more each week "
        f"until the {weeks}th week, then 20 % fewer each week; mostly in {', '.join(places)}",
    )


EFFECTS: tuple[Effect, ...] = (
    _ramp("diyala", "IQ-DI", 1.25, 9, 3.0, ("Khanaqin", "Kifri")),
    _ramp("kirkuk", "IQ-KI", 1.22, 10, 5.0, ("Daquq", "Hawija", "Dibis")),
    _ramp("salah-al-din", "IQ-SD", 1.22, 9, 6.0, ("Tuz Khurmatu",)),
    _ramp("erbil", "IQ-AR", 1.25, 9, 6.0, ("Makhmur",)),
    Effect(
        effect_id="spike-basra",
        kind="spike",
        region_id="IQ-BA",
        starts=date(2021, 11, 15),
        size=8,
        tactic="armed clash",
        note="8 armed clashes more in one week, where 0.7 incidents are normal",
    ),
    Effect(
        effect_id="shift-anbar",
        kind="level shift",
        region_id="IQ-AN",
        starts=date(2021, 8, 30),
        size=2.5,
        note="all incidents 2.5 times as frequent, to the end of the records",
    ),
    Effect(
        effect_id="burst-baghdad-2018",
        kind="burst",
        region_id="IQ-BG",
        starts=date(2018, 5, 7),
        size=1.8,
        weeks=4,
        note="a past episode in the baseline: all incidents 1.8 times as frequent for 4 weeks",
    ),
    Effect(
        effect_id="burst-nineveh-2019",
        kind="burst",
        region_id="IQ-NI",
        starts=date(2019, 2, 18),
        size=2.0,
        weeks=4,
        note="a past episode in the baseline: all incidents twice as frequent for 4 weeks",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A stretch from which nobody reported: its records do not exist, and coverage says so."""

    effect_id: str
    region_id: str
    first: date
    last: date
    note: str


SILENCE = Silence(
    effect_id="unreported-maysan",
    region_id="IQ-MA",
    first=date(2021, 8, 2),
    last=date(2021, 10, 10),
    note="nobody reported: unknown, not peaceful",
)


def coverage_frame() -> pd.DataFrame:
    """Who reported on what and when, in the columns of a coverage file."""
    columns = ["source", "region_id", "covers_from", "covers_until", "reported", "note"]
    whole = (SOURCE, "IQ", FIRST_WEEK.isoformat(), LAST_DAY.isoformat(), "true", "simulated records")
    gap = SILENCE
    silent = (SOURCE, gap.region_id, gap.first.isoformat(), gap.last.isoformat(), "false", gap.note)
    return pd.DataFrame([whole, silent], columns=columns)


def truth_frame(weeks: Dates) -> pd.DataFrame:
    """Every injected effect: effect_id, kind, regions, from, until (ISO dates), tactic, size (text), note."""
    rows = [
        (
            e.effect_id,
            e.kind,
            e.region_id,
            e.starts.isoformat(),
            e.until(weeks).isoformat(),
            e.tactic,
            f"{e.size:g}",
            e.note,
        )
        for e in EFFECTS
    ]
    gap = SILENCE
    rows.append(
        (gap.effect_id, "unreported", gap.region_id, gap.first.isoformat(), gap.last.isoformat(), "", "", gap.note)
    )
    columns = ["effect_id", "kind", "regions", "from", "until", "tactic", "size", "note"]
    return pd.DataFrame(rows, columns=columns)

"""What every model of weekly counts does before and after its arithmetic: check the counts, name the cells."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.errors import InputError, OptionError
from analytics.models.base import Floats, Notes, SpikeResult
from analytics.panel import Panel, Status

Flags = NDArray[np.bool_]

UNKNOWN = "unknown week"
INCOMPLETE = "incomplete week"
NO_POPULATION = "unknown population"


def check_counts(panel: Panel, population: bool = False) -> None:
    """Raise InputError naming region and week if a known value is not a whole number of zero or more.

    Raises OptionError if *population* is asked for and the panel has none.
    """
    if population and panel.population is None:
        raise OptionError("population=True needs a panel with a population; give one, or set population=False")
    known = panel.values[~np.isnan(panel.values)]
    if np.all((known >= 0) & (known == np.floor(known)) & np.isfinite(known)):
        return
    with np.errstate(invalid="ignore"):
        bad = ~np.isnan(panel.values) & ~((panel.values >= 0) & (panel.values == np.floor(panel.values)))
    week, region = np.argwhere(bad | np.isinf(panel.values))[0]
    raise InputError(
        f"region {panel.region_ids[region]}, week {panel.weeks[week]}: {panel.values[week, region]:g} is not a count; "
        "this model judges whole numbers of zero or more"
    )


def position(panel: Panel, week: date, name: str) -> int:
    """Index of the panel week that starts on *week*; raises OptionError if there is none."""
    found = np.flatnonzero(panel.weeks == np.datetime64(week, "D"))
    if found.size == 0:
        raise OptionError(
            f"{name}={week} is not a week of this panel; its weeks start on {panel.weeks[0]}, then every 7 days, "
            f"up to {panel.weeks[-1]}"
        )
    return int(found[0])


def judged_weeks(panel: Panel, first: date | None, last: date | None, default: int) -> NDArray[np.int64]:
    """Indexes of the weeks first..last; without *first* from index *default*, or the last week if that is later."""
    stop = len(panel.weeks) - 1 if last is None else position(panel, last, "last")
    start = min(default, stop) if first is None else position(panel, first, "first")
    if start > stop:
        raise OptionError(f"first={first} is after last={panel.weeks[stop]}; give the earlier week as first")
    return np.arange(start, stop + 1)


def blank_notes(panel: Panel, judged: NDArray[np.int64]) -> Notes:
    """Notes (W, R) of the cells that have no complete count, "" elsewhere."""
    notes = np.full((judged.size, len(panel.region_ids)), "", dtype=object)
    notes[np.isnan(panel.values[judged])] = UNKNOWN
    notes[panel.status[judged] == Status.INCOMPLETE] = INCOMPLETE
    return notes


def note_population(notes: Notes, panel: Panel, judged: NDArray[np.int64]) -> None:
    """Note the cells whose population is unknown."""
    if panel.population is not None:
        notes[(notes == "") & ~(panel.population[judged] > 0)] = NO_POPULATION


def assemble(
    panel: Panel, judged: NDArray[np.int64], *, method: str, options: Any,
    expected: Floats, upper: Floats, p_value: Floats, note: Notes, judged_by: Notes | None = None,
    p_drop: Floats | None = None,
) -> SpikeResult:  # fmt: skip
    """The result of these tables (W, R), with score and alarm; cells with a note are blanked."""
    refused = note != ""
    expected, upper, p_value = (np.where(refused, np.nan, table) for table in (expected, upper, p_value))
    observed = panel.values[judged]
    named = np.full(note.shape, method, dtype=object) if judged_by is None else judged_by
    return SpikeResult(
        panel=panel, method=method, options=options, weeks=panel.weeks[judged], observed=observed, expected=expected,
        upper=upper, p_value=p_value, score=_score(observed, expected, upper),
        alarm=(observed > upper) & (observed > 0), note=note, judged_by=np.where(refused, "", named),
        p_drop=None if p_drop is None else np.where(refused, np.nan, p_drop),
    )  # fmt: skip


def _score(observed: Floats, expected: Floats, upper: Floats) -> Floats:
    """(observed - expected) / (upper - expected), NaN where upper is not above expected."""
    with np.errstate(invalid="ignore"):
        room = np.where(upper > expected, upper - expected, np.nan)
        return (observed - expected) / room

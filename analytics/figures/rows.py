"""The rows behind a region's chart: what is drawn, tabled and exported is this one frame."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.figures import numbers
from analytics.models.base import SpikeResult
from analytics.models.decompose import Decomposition
from analytics.panel import Panel, Status

STATUS_WORDS: dict[int, str] = {Status.KNOWN: "known", Status.UNKNOWN: "unknown", Status.INCOMPLETE: "incomplete"}
JUDGED = ("expected", "upper", "p_value")


def region_rows(
    panel: Panel,
    spikes: SpikeResult | None,
    flags: pd.DataFrame | None,
    region_id: str,
    weeks: int,
    decomposition: Decomposition | None = None,
) -> pd.DataFrame:
    """The last *weeks* weeks of one region, one row per week.

    Columns: week (datetime64[s]), observed (NaN where unknown), expected, upper, p_value (NaN where not judged),
    smoothed and season (level and season factor; NaN unless *decomposition* holds the region), level ("" where not flagged),
    status (known | unknown | incomplete), note (why a week was not judged, or "").
    """
    column = panel.region_ids.index(region_id)
    shown = panel.weeks[-weeks:].astype("datetime64[D]")
    levels = _levels(flags, region_id, panel.measure)
    smooth = _smooth(decomposition, region_id, weeks)
    notes, judged = _judged(spikes, region_id, shown)
    return pd.DataFrame(
        {
            "week": shown.astype("datetime64[s]"),
            "observed": panel.values[-weeks:, column],
            **judged,
            **{name: smooth.get(name, np.nan) for name in _SMOOTH},
            "level": [levels.get(week, "") for week in shown.tolist()],
            "status": [STATUS_WORDS[code] for code in panel.status[-weeks:, column].tolist()],
            "note": notes,
        }
    )


_SMOOTH = {"smoothed": "level", "season": "season"}
"""Columns that a decomposition fills, and its parts."""


def _smooth(decomposition: Decomposition | None, region_id: str, weeks: int) -> dict[str, NDArray[np.float64]]:
    """The last *weeks* weeks of the region's columns of `_SMOOTH`; none where the decomposition does not hold it."""
    if decomposition is None or region_id not in decomposition.panel.region_ids:
        return {}
    column = decomposition.panel.region_ids.index(region_id)
    return {name: getattr(decomposition, part)[-weeks:, column] for name, part in _SMOOTH.items()}


def _judged(
    spikes: SpikeResult | None, region_id: str, weeks: NDArray[np.datetime64]
) -> tuple[list[str], dict[str, NDArray[np.float64]]]:
    """Why each of *weeks* was not judged, "" where it was, and its expected, upper and p_value; NaN without a result."""
    cells = {name: np.full(len(weeks), np.nan) for name in JUDGED}
    notes = np.full(len(weeks), "", dtype=object)
    if spikes is None or region_id not in spikes.panel.region_ids or len(spikes.weeks) == 0:
        return notes.tolist(), cells
    column = spikes.panel.region_ids.index(region_id)
    _, ours, theirs = np.intersect1d(weeks, spikes.weeks.astype("datetime64[D]"), return_indices=True)
    for name in JUDGED:
        cells[name][ours] = getattr(spikes, name)[theirs, column]
    notes[ours] = spikes.note[theirs, column]
    return ["" if numbers.is_missing(note) else str(note) for note in notes], cells


def _levels(flags: pd.DataFrame | None, region_id: str, measure: str) -> dict[date, str]:
    """Level by flagged week of one region and measure; a flag without a measure counts as the panel's."""
    if flags is None:
        return {}
    mine = flags[(flags["region_id"] == region_id) & (flags["measure"].isna() | (flags["measure"] == measure))]
    return dict(zip(pd.to_datetime(mine["week"]).dt.date, mine["level"], strict=True))


def unknown_spans(rows: pd.DataFrame) -> list[tuple[date, date]]:
    """Runs of unknown weeks as (first day, day after the last), in order."""
    unknown = (rows["status"] == "unknown").to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], unknown, [False])).astype(int)))
    starts = rows["week"].to_numpy().astype("datetime64[D]")
    return [
        (starts[first].item(), (starts[last - 1] + np.timedelta64(7, "D")).item())
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def concerns(regions: Any, region_id: str) -> bool:
    """True if a dated event with this list of *regions* concerns *region_id*; no list concerns every region."""
    return not numbers.is_listing(regions) or len(regions) == 0 or region_id in regions


def region_events(events: pd.DataFrame | None, region_id: str, first: date, last: date) -> pd.DataFrame:
    """The dated events that concern *region_id* and touch the days *first* to *last*, in order of their start.

    Columns as in `ReportContent.events`, with starts_on and ends_on as datetime64 (ends_on = starts_on where it is
    missing) and a letter or number, `mark`, that names the event in the chart and in the list below it.
    """
    if events is None:
        return pd.DataFrame(columns=["mark", "name", "kind", "starts_on", "ends_on"])
    starts = pd.to_datetime(events["starts_on"])
    ends = pd.to_datetime(events["ends_on"]).fillna(starts)
    near = (starts <= pd.Timestamp(last)) & (ends >= pd.Timestamp(first))
    mine = np.array([concerns(regions, region_id) for regions in events["concerns"]], dtype=bool)
    kept = events.assign(starts_on=starts, ends_on=ends)[near & mine]
    ordered = kept.sort_values(["starts_on", "event_id"], kind="stable").reset_index(drop=True)
    return ordered.assign(mark=[_mark(number) for number in range(len(ordered))])


def _mark(number: int) -> str:
    """A to Z, then 27, 28, ..."""
    return chr(65 + number) if number < 26 else str(number + 1)

"""What every model that judges weeks has in common: the table of one answer per region-week."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.panel import Panel
from analytics.weeks import Dates

Floats = NDArray[np.float64]
Notes = NDArray[np.object_]

EXTRAS = ("p_drop", "statistic", "onset", "onset_edge", "growth")
"""Tables that only some methods give."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikeResult:
    """Answers of a spike model: tables of one shape (W weeks, R regions), rows labelled by *weeks*.

    A cell that was not judged is NaN in `expected`, `upper`, `p_value` and `score`, and `note` says why;
    `note` is "" where the cell was judged. `alarm` is the model's own decision at its own alpha. A rule without a
    distribution judges without a `p_value` (NaN), and without an `upper` where no count would raise an alarm.
    """

    panel: Panel
    """The panel that was judged; its columns are this result's columns."""
    method: str
    """Name of the method, as on the command line."""
    options: Any
    """The frozen options that made this result."""
    weeks: Dates
    """Judged weeks, shape (W,), a contiguous run of panel.weeks."""
    observed: Floats
    """Counts; NaN where unknown."""
    expected: Floats
    """Mean under the baseline."""
    upper: Floats
    """Alarm threshold: an alarm needs observed > upper, or observed >= upper where the method says so."""
    p_value: Floats
    """P(Y >= observed) under the baseline, exact for discrete counts."""
    score: Floats
    """(observed - expected) / (upper - expected); NaN where undefined."""
    alarm: NDArray[np.bool_]
    """True where the method raises an alarm."""
    note: Notes
    """Why a cell was not judged, or ""."""
    judged_by: Notes
    """Name of the method that judged each cell (differs from *method* where a fallback did), or ""."""
    p_drop: Floats | None = None
    """P(Y <= observed) under the baseline, (W, R), where asked for: how surprising a drop is. A drop is no alarm."""
    statistic: Floats | None = None
    """What the weeks so far add up to, (W, R), for methods that add weeks up; None for those that judge each by itself."""
    onset: Dates | None = None
    """First week of the build-up, (W, R), for methods that look for one; NaT where there is no sign of any."""
    onset_edge: NDArray[np.bool_] | None = None
    """Whether the onset is the first week that was looked at, (W, R), so that the build-up may have begun before it."""
    growth: Floats | None = None
    """Growth of the log mean per week in the build-up, (W, R); NaN where there is no sign of any."""

    def take(self, region_ids: list[str]) -> "SpikeResult":
        """The same answers for these regions only, in this order."""
        columns = [self.panel.region_ids.index(region) for region in region_ids]
        tables = {
            field.name: table[:, columns] for field in fields(self) if np.ndim(table := getattr(self, field.name)) == 2
        }
        return replace(self, panel=self.panel.take(region_ids), **tables)

    def frame(self) -> pd.DataFrame:
        """One row per region-week, ordered by week then region.

        Columns: week (datetime64), region_id, region, observed, expected, upper, p_value, score, alarm,
        status (judged | not judged), judged_by, note; p_drop, statistic, onset (datetime64), onset_edge and growth where there
        are any.
        """
        weeks, regions = self.observed.shape
        flat = {
            name: getattr(self, name).ravel()
            for name in ("observed", "expected", "upper", "p_value", "score", "alarm", "judged_by", "note")
        }
        frame = pd.DataFrame(
            {
                "week": np.repeat(self.weeks.astype("datetime64[s]"), regions),
                "region_id": np.tile(np.array(self.panel.region_ids, dtype=object), weeks),
                "region": np.tile(np.array(self.panel.region_names, dtype=object), weeks),
                **flat,
            }
        )
        status = np.where(frame["note"] == "", "judged", "not judged")
        frame.insert(frame.columns.get_loc("judged_by"), "status", status)
        extra = {name: table.ravel() for name in EXTRAS if (table := getattr(self, name)) is not None}
        if self.onset is not None:
            extra["onset"] = self.onset.astype("datetime64[s]").ravel()
        return frame.assign(**extra)

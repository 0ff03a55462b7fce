"""What a flag says of itself: the kinds of its evidence, and the sentence that is read aloud."""

from typing import Any

import numpy as np
import pandas as pd

from analytics.flags.policy import Policy
from analytics.models.base import SpikeResult
from analytics.weeks import as_date


def describe(flags: pd.DataFrame, spikes: SpikeResult, policy: Policy) -> pd.DataFrame:
    """The flags with how long no count was as high, their kinds of evidence, and their reason."""
    column = {region: index for index, region in enumerate(spikes.panel.region_ids)}
    since = [_record(spikes, column[flag.region_id], flag.week) for flag in flags.itertuples()]
    flags = flags.assign(record_since=pd.Series(since, index=flags.index, dtype=object))
    rows = flags.to_dict("records")
    kinds = [", ".join(_kinds(row, policy)) for row in rows]
    flags = flags.assign(kinds=pd.Series(kinds, index=flags.index, dtype=object))
    reasons = [reason(row) for row in flags.to_dict("records")]
    return flags.assign(reason=pd.Series(reasons, index=flags.index, dtype=object))


def _record(spikes: SpikeResult, region: int, week: pd.Timestamp) -> tuple[int, str]:
    """Weeks since a count at least as high was last seen, and its week; if never, the known weeks so far, and ""."""
    row = spikes.panel.index_of(week.date())
    values = spikes.panel.values[:, region]
    earlier = np.flatnonzero(values[:row] >= values[row])
    if not len(earlier):
        return int((~np.isnan(values[: row + 1])).sum()), ""
    return row - int(earlier[-1]), as_date(spikes.panel.weeks[earlier[-1]]).isoformat()


def _kinds(row: dict[Any, Any], policy: Policy) -> list[str]:
    kinds = ["rare" if row["judged_by"].startswith("rare") else "spike"]
    if (row.get("p_growing") or 0) >= policy.growing:
        kinds.append("trend")
    if row["record_since"][0] >= policy.record_weeks:
        kinds.append("record")
    return kinds


def reason(row: dict[Any, Any]) -> str:
    """One sentence that a duty officer could read aloud, made from the flag's own numbers."""
    noun = "incident" if row["observed"] == 1 else "incidents"
    parts = [
        f"{row['region']}: {spoken(row['observed'])} {noun} in the week of {_day(row['week'])}, "
        f"where {spoken(row['expected'])} {'was' if spoken(row['expected']) == '1' else 'were'} expected "
        f"({_odds(row['p_value'])})"
    ]
    if "record" in row["kinds"]:
        weeks, last = row["record_since"]
        parts.append(
            f"the highest since {_day(pd.Timestamp(last))}" if last else f"the highest in the {weeks:,} weeks on record"
        )
    if "trend" in row["kinds"]:
        parts.append(f"after growth of {100 * row['growth']:,.0f} % a week")
    if (row.get("killed") or 0) > 0:
        parts.append(f"{spoken(row['killed'])} killed")
    return "; ".join(parts) + "."


def spoken(value: float) -> str:
    """A count or an expectation as one says it: whole from 10 on, one decimal below."""
    return (
        f"{value:,.0f}"
        if value >= 10 or float(value).is_integer()
        else f"{value:.1f}"
        if value >= 0.1
        else "fewer than 0.1"
    )


def _odds(p_value: float) -> str:
    """The p-value in words: once in so many weeks that are like this one."""
    if p_value < 1e-6:
        return "so many come by chance less than once in a million such weeks"
    rounded = float(f"{1 / p_value:.2g}")
    return f"so many come by chance once in {rounded:,.0f} such weeks"


def _day(week: pd.Timestamp) -> str:
    return f"{week.day} {week:%B %Y}"

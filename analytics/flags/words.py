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
    reasons = [reason(row, policy.floor_weeks) for row in flags.to_dict("records")]
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
    kinds = _evidence(row, policy)
    if (row.get("p_growing") or 0) >= policy.growing:
        kinds.append("trend")
    if row["record_since"][0] >= policy.record_weeks:
        kinds.append("record")
    return kinds


def _evidence(row: dict[Any, Any], policy: Policy) -> list[str]:
    """Which tests the flag rests on: each that is small enough by itself, and the smaller one in any case."""
    p_spike, p_ramp = row["p_spike"], row["p_ramp"]
    single = "rare" if row["judged_by"].startswith("rare") else "spike"
    ramp = p_ramp <= policy.evidence_p or p_ramp < p_spike
    spike = p_spike <= policy.evidence_p or not p_ramp < p_spike
    return [kind for kind, found in ((single, spike), ("ramp", ramp and policy.ramp_share > 0)) if found]


def reason(row: dict[Any, Any], floor_weeks: int = 1) -> str:
    """One sentence that a duty officer could read aloud, made from the flag's own numbers; with the *floor_weeks* together."""
    noun = "incident" if row["observed"] == 1 else "incidents"
    parts = [
        f"{row['region']}: {spoken(row['observed'])} {noun} in the week of {_day(row['week'])}, "
        f"where {spoken(row['expected'])} {'was' if spoken(row['expected']) == '1' else 'were'} expected "
        f"({_odds(row['p_spike'], 'so many come')})"
    ]
    if floor_weeks > 1:
        parts.append(
            f"{spoken(row['recent'])} in the {floor_weeks} weeks up to it, where {spoken(row['recent_expected'])} were expected"
        )
    if "ramp" in row["kinds"]:
        parts.append(_ramp(row))
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


def _ramp(row: dict[Any, Any]) -> str:
    """`building up since the week of 4 October 2021 by about 34 % a week (as much comes by chance once in ...)`."""
    edge = " or earlier" if row.get("onset_edge") else ""
    since = "" if pd.isna(row["onset"]) else f" since the week of {_day(row['onset'])}{edge}"
    rate = "" if pd.isna(row["ramp_growth"]) else f" by about {100 * row['ramp_growth']:,.0f} % a week"
    return f"building up{since}{rate} ({_odds(row['p_ramp'], 'as much comes')})"


def _odds(p_value: float, what: str) -> str:
    """The p-value in words: once in so many weeks that are like this one."""
    if p_value < 1e-6:
        return f"{what} by chance less than once in a million such weeks"
    rounded = float(f"{1 / p_value:.2g}")
    times = f"once in {rounded:,.0f} such weeks" if rounded >= 1.5 else "in any such week"
    return f"{what} by chance {times}"


def _day(week: pd.Timestamp) -> str:
    return f"{week.day} {week:%B %Y}"

"""The sentences of a report, made from the same frames as its tables."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.flags import LEVELS, spoken
from analytics.pipeline.analysis import Analysis
from analytics.report.sections import WAITING, judged_in, ordered_flags, waiting


def headline(analysis: Analysis, totals: pd.DataFrame, place: str) -> str:
    """What is read aloud: the latest week; below it the whole period and its flags, what is rising, and what is not known.

    Paragraphs are separated by blank lines; in that of the flags each region has a line, which begins with a hyphen.
    """
    said = (
        _latest_week(analysis, totals, place),
        _whole_period(analysis, totals),
        _flagged_ever(analysis),
        _rising(analysis),
        _unknown(analysis),
        _waiting(analysis),
    )
    return "\n\n".join(paragraph for paragraph in said if paragraph)


def _latest_week(analysis: Analysis, totals: pd.DataFrame, place: str) -> str:
    latest = totals.iloc[-1]
    if not latest["incidents"]:
        none = "no simulated incident" if analysis.panel.simulated else "no incident"
        return f"In the week of {numbers.day(analysis.last)}, {none} was recorded in {place}; {_flagged_now(analysis)}."
    wounded = f" and {numbers.amount(latest['wounded'])} wounded" if latest["wounded_known"] else ""
    noun = "simulated incident" if analysis.panel.simulated else "incident"
    count = numbers.several(latest["incidents"], noun, f"{noun}s")
    verb = "was" if latest["incidents"] == 1 else "were"
    return (
        f"In the week of {numbers.day(analysis.last)}, {count} with {numbers.amount(latest['killed'])} killed{wounded} {verb} recorded "
        f"in {place}; {_flagged_now(analysis)}."
    )


def _flagged_now(analysis: Analysis) -> str:
    flags = analysis.flags[pd.to_datetime(analysis.flags["week"]) == pd.Timestamp(analysis.last)]
    now = ordered_flags(unmuted(flags))
    if now.empty:
        return f"{_none_flagged(analysis)}{_muted_aside(flags)}"
    names = [
        f"{row.region} ({spoken(row.observed)} where {spoken(row.expected)} {were(row.expected)} expected, {row.level})"
        for row in now.itertuples()
    ]
    return f"beyond what is normal there {'was' if len(now) == 1 else 'were'} {_listed(names)}"


def _none_flagged(analysis: Analysis) -> str:
    """That nothing was flagged in the latest week, as far as it could be judged."""
    judged, regions, why = judged_in(analysis.streams, analysis.last)
    if judged == 0:
        return f"nothing could be judged in it{why}"
    if regions == 1:
        return "this is not beyond what is normal there"
    if judged < regions:
        return f"none of the {judged} regions that could be judged, of {regions}, was beyond what is normal there"
    return "no region was beyond what is normal there"


def _whole_period(analysis: Analysis, totals: pd.DataFrame) -> str:
    counted = (
        f"In the {len(totals)} weeks from {numbers.day(analysis.first)} there {'was' if totals['incidents'].sum() == 1 else 'were'} "
        f"{numbers.several(totals['incidents'].sum(), 'incident', 'incidents')} with "
        f"{numbers.amount(totals['killed'].sum())} killed"
    )
    if unmuted(analysis.flags).empty:
        aside = _muted_aside(analysis.flags)
        return f"{counted}; no region was beyond what is normal there in any of these weeks{aside}."
    return f"{counted}."


def _flagged_ever(analysis: Analysis) -> str:
    """The flagged regions of the period as a list, "" where there are none."""
    regions = flagged_regions(unmuted(analysis.flags))
    if regions.empty:
        return ""
    lines = [_flagged_region(row) for row in regions.head(SHOWN).itertuples()]
    more = [f"and {len(regions) - SHOWN} more"] if len(regions) > SHOWN else []
    return "\n- ".join([f"Beyond what is normal there in these weeks{_muted_aside(analysis.flags)}:", *lines, *more])


def _muted_aside(flags: pd.DataFrame) -> str:
    """How many of *flags* the headline does not speak of: `, 2 muted flags aside`; "" for none."""
    muted = len(flags) - len(unmuted(flags))
    return f", {numbers.several(muted, 'muted flag', 'muted flags')} aside" if muted else ""


def unmuted(flags: pd.DataFrame) -> pd.DataFrame:
    """The flags that the headline speaks of: those that no mute is in force for."""
    return flags[flags["muted"] == ""]


SHOWN = 6
"""Regions named in one place of the headline; the others are counted."""


def flagged_regions(flags: pd.DataFrame) -> pd.DataFrame:
    """Flags summed by region: region, weeks, first_week, observed, expected, level (the highest); largest excess first."""
    ranked = flags.assign(rank=flags["level"].map(LEVELS.index))
    grouped = ranked.groupby(["region_id", "region"]).agg(
        weeks=("week", "size"),
        first_week=("week", "min"),
        observed=("observed", "sum"),
        expected=("expected", "sum"),
        excess=("excess", "sum"),
        rank=("rank", "max"),
    )
    grouped["level"] = [LEVELS[int(rank)] for rank in grouped["rank"]]
    return grouped.reset_index().sort_values(["excess", "region_id"], ascending=[False, True])


def _flagged_region(row: Any) -> str:
    when = (
        f"the week of {numbers.day(row.first_week)}"
        if row.weeks == 1
        else f"{row.weeks} weeks, the first that of {numbers.day(row.first_week)}"
    )
    return f"{row.region}, {when} ({spoken(row.observed)} incidents where {spoken(row.expected)} {were(row.expected)} expected, {row.level})"


def were(expected: float) -> str:
    """The verb that goes with an expectation."""
    return "was" if spoken(expected) == "1" else "were"


def _rising(analysis: Analysis) -> str:
    trends = analysis.trend_table
    rising = trends[trends["direction"].isin(["rising", "rising fast"])].sort_values("growth", ascending=False)
    if rising.empty:
        return ""
    names = _listed([f"{row.region} ({numbers.rate(row.growth)} a week)" for row in rising.itertuples()])
    return f"Rising over the last {analysis.trends.options.window} weeks: {names}."


def _unknown(analysis: Analysis) -> str:
    spans = unknown_weeks(analysis)
    if spans.empty:
        return ""
    names = _listed([f"{row.region} ({numbers.several(row.weeks, 'week', 'weeks')})" for row in spans.itertuples()])
    return f"Not reported, and so unknown rather than quiet: {names}."


def _waiting(analysis: Analysis) -> str:
    names = waiting(analysis.episodes)
    return f"{WAITING}{_listed(names)}." if names else ""


def unknown_weeks(analysis: Analysis) -> pd.DataFrame:
    """Stretches of unknown weeks that touch the weeks asked for: region_id, region, first_week, last_week, weeks."""
    frame = analysis.panel.frame()
    frame = frame[(frame["week"] >= pd.Timestamp(analysis.first)) & (frame["status"] != "known")].sort_values(
        ["region_id", "week"]
    )
    if frame.empty:
        return pd.DataFrame(columns=["region_id", "region", "first_week", "last_week", "weeks"])
    starts = frame.groupby("region_id")["week"].diff() != pd.Timedelta(weeks=1)
    groups = frame.groupby(["region_id", "region", starts.cumsum().rename("stretch")])["week"]
    spans = groups.agg(first_week="min", last_week="max", weeks="size").reset_index().drop(columns="stretch")
    return spans.astype({"weeks": int})


def data_age(analysis: Analysis, latest: date | None) -> str:
    """How old the data are, without asking the clock."""
    panel = analysis.panel
    known = f"as known on {numbers.moment(panel.as_of)}" if panel.as_of else "with nothing known"
    newest = f"; the latest incident is of {numbers.day(latest)}" if latest else ""
    return f"Incidents until {numbers.day(panel.to)}, {known}{newest}."


def period(analysis: Analysis) -> tuple[date, date]:
    """First and last day of the weeks asked for."""
    return analysis.first, analysis.last + timedelta(days=6)


def _listed(names: list[str]) -> str:
    """`a, b and c`; of more than `SHOWN` names the others are counted."""
    if len(names) > SHOWN:
        names = [*names[:SHOWN], f"{len(names) - SHOWN} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

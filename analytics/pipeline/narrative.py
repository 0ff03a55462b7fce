"""The sentences of a report, made from the same frames as its tables."""

from datetime import date, timedelta

import pandas as pd

from analytics.figures import numbers
from analytics.pipeline.analysis import Analysis


def headline(analysis: Analysis, totals: pd.DataFrame, place: str) -> str:
    """The paragraph that is read aloud: what happened, where it is beyond normal, where it is not known."""
    sentences = [
        _what_happened(analysis, totals, place),
        _flagged_now(analysis),
        _flagged_before(analysis),
        _rising(analysis),
        _unknown(analysis),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _what_happened(analysis: Analysis, totals: pd.DataFrame, place: str) -> str:
    latest = totals.iloc[-1]
    noun = "simulated incidents" if analysis.panel.simulated else "incidents"
    return (
        f"In the week of {numbers.day(analysis.last)}, {numbers.amount(latest['incidents'])} {noun} with "
        f"{numbers.amount(latest['killed'])} killed and {_wounded(latest)} are recorded in {place}; in the "
        f"{len(totals)} weeks from {numbers.day(analysis.first)} it is {numbers.amount(totals['incidents'].sum())} "
        f"with {numbers.amount(totals['killed'].sum())} killed."
    )


def _wounded(latest: pd.Series) -> str:
    return f"{numbers.amount(latest['wounded'])} wounded" if latest["wounded_known"] else "an unrecorded number wounded"


def _flagged_now(analysis: Analysis) -> str:
    flags = analysis.flags
    now = flags[pd.to_datetime(flags["week"]) == pd.Timestamp(analysis.last)]
    if now.empty:
        return "No region is flagged in that week."
    names = _listed([f"{row.region} ({row.level})" for row in now.itertuples()])
    return f"{names} {'is' if len(now) == 1 else 'are'} flagged in that week."


def _flagged_before(analysis: Analysis) -> str:
    episodes = analysis.episodes
    if episodes.empty:
        return f"No region was flagged in the {_weeks(analysis)} weeks."
    parts = [_episode(row) for row in episodes.sort_values("excess", ascending=False).itertuples()]
    shown = parts[:6]
    more = f"; and {len(parts) - len(shown)} smaller" if len(parts) > len(shown) else ""
    count = numbers.several(len(parts), "episode", "episodes")
    return f"{count} beyond normal in these weeks: {'; '.join(shown)}{more}."


def _episode(row: object) -> str:
    first, weeks = row.first_week, row.weeks  # type: ignore[attr-defined]
    observed, excess = row.observed, row.excess  # type: ignore[attr-defined]
    length = "one week" if weeks == 1 else f"{weeks} weeks"
    when = "the week of" if weeks == 1 else "the weeks from"
    expected = numbers.amount(max(observed - excess, 0))
    return (
        f"{row.region}, {when} {numbers.day(first)} "  # type: ignore[attr-defined]
        f"({length}, {numbers.amount(observed)} incidents where {expected} were expected, {row.peak_level})"  # type: ignore[attr-defined]
    )


def _rising(analysis: Analysis) -> str:
    trends = analysis.trends.frame()
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


def _weeks(analysis: Analysis) -> int:
    return (analysis.last - analysis.first).days // 7 + 1


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

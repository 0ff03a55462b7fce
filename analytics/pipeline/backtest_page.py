"""A backtest in words, as a page, as a part of a report, and as it is written down."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from analytics import __version__
from analytics.figures import numbers
from analytics.figures.backtest import precision_figure
from analytics.pipeline.backtesting import MATCHED, Backtest
from analytics.pipeline.commands import command
from analytics.report import Extra, ReportContent

HEADING = "How these settings did on the past"
CHART = "Precision at the same number of flags"
METHODS = (
    (
        "How it is made",
        "Each week is judged as if it were the last: models see no week after it. The flags of a week make episodes as in any "
        "report, and an episode is judged by its first flag. The base rate is what the same number of episodes in the same "
        "regions would come to if their first flags stood in random weeks. An interval is exact (Clopper-Pearson) and takes "
        "episodes for independent; violence that lasts, or spreads from region to region, makes it too narrow. The interval of the difference "
        "between our precision and another method's does not: whole blocks of weeks, with all their regions, are drawn with replacement, "
        "the same for both methods (circular block bootstrap, Politis & Romano 1992).\n\n"
        "An escalation begins in the first week whose count is above the quantile of the year before it. It is flagged in time "
        "where a flag stands at or up to as many weeks before its onset as are looked at after a flag, late where the first "
        "stands between onset and end, and else missed.\n\n"
        "Other methods are shown at their own threshold; matched: at the threshold at which they raise as many flags as ours; and "
        "floored: matched, with the effect-size floor of a watch in force for them too. Thresholds are on the method's own scale: times the "
        "mean (acled-surge, acled-threat), weeks since a count as high (hdx-maximum), deviations (mean-sd), p (others).",
    ),
)
_HEADINGS = {
    "method": "Method",
    "flagged": "Flags chosen by",
    "threshold": "Threshold",
    "flags": "Flags",
    "flags_per_region_year": "A region-year",
    "episodes": "Episodes",
    "censored": "Censored",
    "followed": "Followed",
    "precision": "Precision",
    "low": "From",
    "high": "To (95 %)",
    "base_rate": "Random weeks",
    "in_time": "In time",
    "late": "Late",
    "missed": "Missed",
    "lead": "Weeks to the highest",
}


def sentences(result: Backtest) -> list[str]:
    """What was found, how escalations are told, and on what knowledge it rests."""
    return [sentence(result), result.options.sentence(), known_words(result)]


def sentence(result: Backtest) -> str:
    """The table in words."""
    ours: Any = next(result.table.itertuples(index=False))
    span = numbers.span(result.first, result.last + timedelta(days=6))
    raised = (
        f"From {span}, {numbers.several(int(ours.flags), 'flag', 'flags')} in "
        f"{numbers.several(int(ours.episodes), 'episode', 'episodes')} "
        f"({numbers.amount(ours.flags_per_region_year)} flags a region and year)."
    )
    if not ours.episodes - ours.censored:
        return f"{raised} What followed them is not known yet."
    return f"{raised} {_precision(ours)} {_caught(ours)} {_others(result)}".strip()


def _precision(ours: Any) -> str:
    left = f" ({int(ours.censored)} more are too recent to tell)" if ours.censored else ""
    return (
        f"Of the first flags of {int(ours.episodes - ours.censored)} episodes{left}, {int(ours.followed)} were followed by a "
        f"continued or higher level: {_percent(ours.precision)} (95 % interval {_percent(ours.low)} to {_percent(ours.high)}), "
        f"where random weeks of the same regions come to {_percent(ours.base_rate)}."
    )


def _caught(ours: Any) -> str:
    if not ours.escalations:
        return "No escalation began in these weeks."
    lead = "" if np.isnan(ours.lead) else f"; half of those flagged were flagged {_lead(ours.lead)}"
    return (
        f"Of {int(ours.escalations)} escalations {int(ours.in_time)} were flagged at or before their onset, {int(ours.late)} "
        f"later and {int(ours.missed)} not{lead}."
    )


def _lead(weeks: float) -> str:
    many = f"{abs(weeks):g} {'week' if abs(weeks) == 1 else 'weeks'}"
    if not weeks:
        return "in their highest week or before"
    return (
        f"{many} before their highest week or earlier"
        if weeks > 0
        else f"no later than {many} after their highest week"
    )


def _others(result: Backtest) -> str:
    table = result.table
    others = table[(table["flagged"] == MATCHED) & table["precision"].notna()]
    if others.empty:
        return ""
    best: Any = next(others.sort_values(["precision", "method"], ascending=[False, True]).itertuples(index=False))
    apart = result.ahead[best.method]
    between = (
        ""
        if np.isnan(apart.low)
        else f": ours less that, in points, is {_points(apart.value)} ({_points(apart.low)} to {_points(apart.high)})"
    )
    return f"At the same number of flags, the best of the other methods, {best.method}, comes to {_percent(best.precision)}{between}."


def _points(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "\N{MINUS SIGN}")


def _percent(share: float) -> str:
    return numbers.MISSING if numbers.is_missing(share) else f"{100 * share:.0f}{numbers.NARROW}%"


def known_words(result: Backtest) -> str:
    """What the flags of the judged weeks knew."""
    if result.panel.caveats:
        return " ".join(result.panel.caveats)
    if result.known_weeks == result.weeks:
        days = numbers.several(result.options.delay_days, "day", "days")
        return f"Each of the {result.weeks} weeks was judged on what was known {days} after its end."
    now = (
        "today's knowledge" if result.panel.as_of is None else f"what was known at {numbers.moment(result.panel.as_of)}"
    )
    if not result.known_weeks:
        return (
            f"What was known in each of these weeks is not recorded, or was not asked for: all were judged on {now}. "
            "This is a retrospective, not a record of what was known at the time."
        )
    return (
        f"{result.known_weeks} of the {result.weeks} weeks were judged on what was known then; for the others that is not "
        f"recorded, and they were judged on {now} or not at all."
    )


def backtest_part(table: pd.DataFrame, words: str, made_by: str, *, simulated: bool) -> Extra:
    """A backtest as a part of a report: *words*, the chart, and the *table*."""
    return Extra(
        heading=HEADING,
        text=words,
        chart=precision_figure(table[table["flagged"].isin(["policy", MATCHED])], title=CHART, simulated=simulated),
        table=table[list(_HEADINGS)].rename(columns=_HEADINGS),
        command=made_by,
    )


def backtest_page(result: Backtest) -> ReportContent:
    """What the page of *result* shows: the table and its chart, then years, regions, escalations and flags one by one."""
    words, panel, made_by = sentences(result), result.panel, command(result, "backtest")
    end = result.last + timedelta(days=6)
    regions = ", ".join(panel.region_names) if result.settings.regions else ""
    filters = [f"by {panel.level}", f"source: {panel.source}", regions and f"only {regions}"]
    filters += [f"only incidents where {panel.where}" if panel.where else ""]
    return ReportContent(
        title="How the flags would have done",
        period_first=result.first,
        period_last=end,
        to=panel.to or end,
        as_of=panel.as_of,
        headline="\n\n".join(words),
        simulated=panel.simulated,
        filters=tuple(filter(None, filters)),
        extras=(
            backtest_part(result.table, "", made_by, simulated=panel.simulated),
            _part("Year by year", by_year(result)),
            _part("Region by region", by_region(result)),
            _part("Escalations", _readable(result.escalations)),
            _part("Flags that would have been raised", _readable(result.flags)),
        ),
        methods=METHODS,
        settings=asdict(result.options),
        provenance={
            "version": f"incident-analytics {__version__}",
            "settings_hash": result.settings_hash,
            "command": made_by,
        },
    )


def by_year(result: Backtest) -> pd.DataFrame:
    """Flags, episodes and what followed them, and escalations, by the year of their week."""
    return _by(result, result.flags["week"].dt.year, result.escalations["onset"].dt.year, "year")


def by_region(result: Backtest) -> pd.DataFrame:
    """The same by region, those with neither flag nor escalation left out."""
    return _by(result, result.flags["region"], result.escalations["region"], "region")


def _by(result: Backtest, flagged: "pd.Series[Any]", escalated: "pd.Series[Any]", name: str) -> pd.DataFrame:
    flags = result.flags.assign(known=result.flags["first"] & result.flags["followed"].notna())
    flags["hit"] = flags["known"] & (flags["followed"] == 1)
    counted = flags.groupby(flagged)[["first", "known", "hit"]].sum()
    counted.insert(0, "flags", flags.groupby(flagged).size())
    found = pd.crosstab(escalated, result.escalations["found"]).reindex(columns=["in time", "late", "missed"])
    found.insert(0, "escalations", found.sum(axis=1))
    table = pd.concat([counted, found], axis=1).fillna(0).astype(int).sort_index()
    table = table.rename(columns={"first": "episodes", "known": "of them known", "hit": "followed"})
    table.index = table.index.astype(str)
    return table.rename_axis(name).reset_index()


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Names in place of ids, and words for what followed."""
    frame = frame.drop(columns="region_id")
    if "followed" not in frame:
        return frame
    words = frame["followed"].map({1.0: "yes", 0.0: "no"}).fillna("not known yet")
    return frame.assign(followed=words.astype(object))


def _part(heading: str, table: pd.DataFrame) -> Extra:
    return Extra(heading=heading, table=table)

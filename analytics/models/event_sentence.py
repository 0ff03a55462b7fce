"""A study's headline in words, made from its row of the table."""

import re
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.panel import Panel

KINDS = {"control": "change of control"}
"""What a kind of dated event is called where its own name would not do."""


def sentence(
    rows: pd.DataFrame,
    events: tuple[StudyEvent, ...],
    panel: Panel,
    against: tuple[str, ...],
    options: StudyOptions,
) -> str:
    """The rows of the total of *events* as one sentence; every number in it is one of theirs, rounded."""
    terms = rows.set_index("term")
    row, what = terms.loc["after"], things(panel.where)
    after, place = _after(events), _places(panel, str(row["regions"]).split("|"))
    if np.isnan(row["rate_ratio"]):
        return f"What followed {after} cannot be said for {what} in {place}: {row['note']}."
    weeks = f"{row['weeks']} week{'' if row['weeks'] == 1 else 's'}"
    start = f"In the {weeks} after {after}" if _clear(row) else f"No clear change in the {weeks} after {after}"
    expectation = "the weeks before" + (f" and {_places(panel, list(against))}" if against else "")
    return (
        f"{start}{',' if _clear(row) else ':'} {what} in {place} were {figure(row['rate_ratio'])} times "
        f"({100 * options.level:g} % interval {figure(row['low'])} to {figure(row['high'])}{_wide(row)}) what {expectation} lead one to "
        f"expect{_totals(row, against)}{_spans(terms, options)}; {_dates(row, options, stacked=len(events) > 1)}."
    )


def _spans(terms: pd.DataFrame, options: StudyOptions) -> str:
    """How the effect came and went, where the first weeks or those behind them show a clear one."""
    early, late = terms.loc["early"], terms.loc["late"]
    if np.isnan(early["rate_ratio"]) or np.isnan(late["rate_ratio"]) or not (_clear(early) or _clear(late)):
        return ""
    first = "in the first week" if options.early == 1 else f"in the first {options.early} weeks"
    said = (
        f"{figure(row['rate_ratio'])} times ({figure(row['low'])} to {figure(row['high'])})" for row in (early, late)
    )
    return "; {} {}, later {}".format(first, *said)


def things(where: str) -> str:
    """What is counted, as a sentence names it: hit-and-run attacks, one-sided incidents, incidents (where ...)."""
    found = re.fullmatch(r"\s*(tactic|event_type)\s*=\s*'([^']+)'\s*", where)
    if found:
        return f"{found[2]} {'attacks' if found[2] in ATTACKS else 'incidents'}"
    return f"incidents (where {where})" if where else "incidents"


ATTACKS = ("hit-and-run",)
"""Tactics that are called attacks."""


def figure(value: float) -> str:
    """A rate ratio for reading: 0, 0.62, 2.9, 14; a bound that has no end is said to be unbounded."""
    if np.isinf(value):
        return "no upper end"
    if value == 0:
        return "0"
    if value < 0.01:
        return "under 0.01"
    return f"{value:.2f}" if value < 1.095 else f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _wide(row: "pd.Series[Any]") -> str:
    """The interval by the other dates' own spread, where there are enough of them."""
    if np.isnan(row["wide_low"]):
        return ""
    return f"; by the spread of other dates {figure(row['wide_low'])} to {figure(row['wide_high'])}"


def _totals(row: "pd.Series[Any]", against: tuple[str, ...]) -> str:
    if against:
        return ""
    return f" ({row['observed']:,.10g} against {_amount(row['expected'])})"


def _amount(value: float) -> str:
    return f"{value:,.1f}" if value < 99.95 else f"{value:,.0f}"


def _dates(row: "pd.Series[Any]", options: StudyOptions, *, stacked: bool) -> str:
    """How many other dates show an effect as large."""
    if pd.isna(row["placebo_dates"]) or row["placebo_dates"] == 0:
        return "no other date is free to compare it with"
    number, p = int(row["placebo_dates"]), float(row["p_placebo"])
    larger = int(row["larger_dates"])
    dates = "sets of other dates" if stacked else "other dates"
    shown = "none shows" if larger == 0 else f"{larger} shows" if larger == 1 else f"{larger} show"
    unusual = "" if p <= 1 - options.level + 1e-12 or not _clear(row) else ", so it does not stand out"
    if unusual and larger == 0:
        unusual = ", the smallest that so few dates allow"
    worth = round(float(row["independent_dates"]))
    dates += f" (worth {worth} independent ones)" if worth < number else ""
    return f"of {number} {dates} {shown} an effect this large (placebo p {p:.2g}){unusual}"


def _clear(row: "pd.Series[Any]") -> bool:
    return bool(row["low"] > 1 or row["high"] < 1)


def _after(events: tuple[StudyEvent, ...]) -> str:
    if len(events) == 1:
        return _named(events[0])
    kinds = {event.kind for event in events}
    noun = f"{KINDS.get(kind, kind)}s" if len(kinds) == 1 and (kind := next(iter(kinds))) != "other" else "events"
    return f"the {len(events)} {noun} of {_listed([_day(event.starts_on) for event in events])}, taken together"


def _named(event: StudyEvent) -> str:
    if event.kind == "other":
        return f"{event.name} ({_day(event.starts_on)})" if event.name else _day(event.starts_on)
    return f"the {KINDS.get(event.kind, event.kind)} of {_day(event.starts_on)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _places(panel: Panel, regions: list[str]) -> str:
    """Names of regions; beyond five, how many there are."""
    names = dict(zip(panel.region_ids, panel.region_names, strict=True))
    if len(regions) > 5:
        return f"all {len(regions)} regions" if len(regions) == len(names) else f"{len(regions)} regions"
    return _listed([_place(names.get(region, region), group=region == panel.level) for region in regions])


def _place(name: str, *, group: bool) -> str:
    """A region's name; a group's, where it is a description and no proper name, as in running text."""
    described = re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*" if group else r"[A-Z][a-z]+( [a-z]+)+", name)
    return f"the {name[0].lower()}{name[1:]}" if described else name


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

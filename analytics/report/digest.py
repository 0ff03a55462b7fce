"""The digest: what a duty officer reads in two minutes, said once and then written as text, Markdown or HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.figures import numbers
from analytics.figures.text import visible
from analytics.panel import Status
from analytics.report.cells import Row
from analytics.report.content import ReportContent
from analytics.report.sections import WAITING, latest_week, none_flagged, ordered_flags, waiting

NAME, SENTENCE, PARAGRAPH = 80, 400, 1200
"""Letters that a name, a sentence and the headline may have; a longer one ends in an ellipsis."""
FLAGS, CHANGES, NAMES = 12, 10, 8
"""Flags, changes and names that are listed; the others are counted."""
SIMULATED = "Simulated. The incidents in this report are made up: no count and no flag below is about real events."


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of a list, with the flag level that it begins with, if any."""

    text: str
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of the digest: heading, sentences, a list, and a command to copy, each of which may be missing."""

    heading: str = ""
    sentences: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """All that a digest says; every text is on one line, without control characters, and otherwise as in the data."""

    title: str
    subtitle: str
    banner: str
    """The word that the records are simulated, or ""."""
    blocks: tuple[Block, ...]


def digest(content: ReportContent, place: str = "") -> Digest:
    """The digest of *content*; *place* says where the full report is: a file's name, a folder, or an address."""
    blocks = (
        _summary(content),
        _changes(content),
        _flagged(content),
        _earlier(content),
        _rising(content),
        _unknown(content),
        _about(content, place),
    )
    return Digest(
        title=visible(content.title, NAME),
        subtitle=visible(content.subtitle, SENTENCE),
        banner=SIMULATED if content.simulated else "",
        blocks=tuple(block for block in blocks if block is not None),
    )


def _summary(content: ReportContent) -> Block:
    """The sentence that is read aloud, and the totals; what stands below the headline is listed further down."""
    lead = content.headline.strip().split("\n\n")[0]
    totals = tuple(Item(text=_total(span, values)) for span, values in content.totals.items())
    return Block(sentences=(visible(lead, PARAGRAPH),), items=totals)


def _total(span: str, values: Row) -> str:
    counted = ", ".join(
        f"{visible(measure, NAME)} not recorded"
        if number is None
        else f"{numbers.amount(number)} {visible(measure, NAME)}"
        for measure, number in values.items()
    )
    name = visible(span, NAME)
    return f"{name[:1].upper()}{name[1:]}: {counted}"


def _changes(content: ReportContent) -> Block | None:
    """What changed since the last report: the sentence, and a line for each episode that did."""
    changes = content.changes
    if changes is None:
        return None
    sentences = tuple(visible(text, PARAGRAPH) for text in (changes.sentence, *changes.caveats))
    rows = [Item(text=_change(row)) for row in changes.episodes.head(CHANGES).to_dict("records")]
    more = _more(len(changes.episodes) - CHANGES, "episode", "episodes")
    return Block(heading="What changed since the last report", sentences=sentences, items=(*rows, *more))


def _change(row: Row) -> str:
    """An episode's change with its region, highest level and first week."""
    level = row["level_before"] if numbers.is_missing(row["level_now"]) else row["level_now"]
    muted = f"; muted {row['muted']}" if row["muted"] else ""
    since = row["not_judged_since"]
    waits = "" if numbers.is_missing(since) else f"; stays open, not judged since {numbers.day(since)}"
    begun = f"{row['region']}, {level} since {numbers.day(row['first_week'])}"
    return visible(f"{row['change']}: {begun}{waits}{muted}", SENTENCE)


def _more(number: int, one: str, many: str) -> tuple[Item, ...]:
    """The line that counts what is not listed."""
    return (
        (Item(text=f"and {numbers.several(number, f'more {one}', f'more {many}')} in the full report"),)
        if number > 0
        else ()
    )


def _flagged(content: ReportContent) -> Block | None:
    """The flags of the latest week with their reasons, highest level first."""
    heading = f"Flagged in the week of {numbers.day(latest_week(content))}"
    if content.flags is None:
        reason = content.reasons.get("flags", "")
        return Block(heading=heading, sentences=(visible(reason, SENTENCE),)) if reason else None
    latest = latest_flags(content)
    if latest.empty:
        return Block(heading=heading, sentences=(f"{none_flagged(content)}.",))
    items = [_flag(row) for row in latest.head(FLAGS).to_dict("records")]
    return Block(heading=heading, items=(*items, *_more(len(latest) - FLAGS, "flag", "flags")))


def _flag(row: Row) -> Item:
    """A flag as a line: its reason, and where it has them its priority, that it is muted, and what analysts said."""
    said = [visible(str(row["reason"]), SENTENCE)]
    for key, words in _SAID.items():
        value = row.get(key)
        if not numbers.is_missing(value) and value != "":
            said.append(visible(words.format(numbers.anything(value)), SENTENCE))
    return Item(text=" ".join(said), level=str(row["level"]))


_SAID = {"priority": "Priority {}.", "muted": "Muted {}.", "remarks": "Noted: {}."}
"""What is said of a flag after its reason, by column."""


def latest_flags(content: ReportContent) -> pd.DataFrame:
    """Flags of the latest week, highest level first; empty where there are none."""
    return _split(content)[0]


def _split(content: ReportContent) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flags of the latest week and of earlier ones; both empty where there are none."""
    flags = pd.DataFrame(columns=["week"]) if content.flags is None else content.flags
    if flags.empty:
        return flags, flags
    flags = ordered_flags(flags)
    now = pd.to_datetime(flags["week"]) >= latest_week(content)
    return flags[now], flags[~now]


def _earlier(content: ReportContent) -> Block | None:
    """Earlier flags of the period, counted by region, most flags first."""
    _, earlier = _split(content)
    if earlier.empty:
        return None
    counts = earlier.groupby("region_id", sort=False).agg(region=("region", "first"), weeks=("week", "nunique"))
    ranked = counts.sort_values(["weeks", "region"], ascending=[False, True], kind="stable")
    names = [_counted(row.region, row.weeks) for row in ranked.itertuples()]
    total = numbers.several(len(earlier), "flag", "flags")
    where = numbers.several(len(names), "region", "regions")
    first = numbers.day(content.period_first)
    return Block(heading="Earlier in this period", sentences=(f"{total} in {where} from {first}: {_listed(names)}.",))


def _counted(name: str, weeks: int) -> str:
    return f"{visible(str(name), NAME)} ({numbers.several(weeks, 'week', 'weeks')})"


def _listed(names: Sequence[str]) -> str:
    """Names with commas; those beyond NAMES are counted."""
    more = f", and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more


def _rising(content: ReportContent) -> Block | None:
    """Regions whose trend rises, fastest first, with their intervals."""
    if content.trends is None:
        return None
    rising = content.trends[content.trends["direction"].isin(["rising", "rising fast"])]
    rows = rising.sort_values(["growth", "region"], ascending=[False, True], kind="stable").to_dict("records")
    if not rows:
        return Block(heading="Rising", sentences=("No region's trend is rising.",))
    items = [Item(text=_trend(row)) for row in rows[:NAMES]]
    return Block(heading="Rising", items=(*items, *_more(len(rows) - NAMES, "region", "regions")))


def _trend(row: Row) -> str:
    known = not numbers.is_missing(row["growth_low"])
    interval = f" ({numbers.interval(row['growth_low'], row['growth_high'])})" if known else ""
    weeks = "" if numbers.is_missing(row["weeks"]) else f" over {numbers.several(row['weeks'], 'week', 'weeks')}"
    return f"{visible(str(row['region']), NAME)}: {numbers.rate(row['growth'])} a week{interval}{weeks}"


def _unknown(content: ReportContent) -> Block | None:
    """Regions with weeks of the period that nobody reported on, most weeks first, and episodes that wait for a judgement."""
    open_still = [visible(words, NAME + SENTENCE) for words in waiting(content.episodes)]
    missed = _missed(content)
    sentences = (
        *((f"Not reported, and so unknown rather than quiet: {_listed(missed)}.",) if missed else ()),
        *((f"{WAITING}{_listed(open_still)}.",) if open_still else ()),
    )
    return Block(heading="Unknown", sentences=sentences) if sentences else None


def _missed(content: ReportContent) -> list[str]:
    """Regions with unknown weeks in the period, and how many, most first."""
    panel = content.panel
    if panel is None:
        return []
    period = (panel.weeks >= np.datetime64(content.period_first)) & (panel.weeks <= np.datetime64(content.period_last))
    missed = (panel.status[period] == Status.UNKNOWN).sum(axis=0)
    found = sorted((-int(weeks), name) for name, weeks in zip(panel.region_names, missed, strict=True) if weeks)
    return [_counted(name, -weeks) for weeks, name in found]


def _about(content: ReportContent, place: str) -> Block:
    """What the numbers rest on, where the rest is, and how to make it again."""
    caveats = content.panel.caveats if content.panel is not None else ()
    kept = dict.fromkeys((*content.filters, *caveats))
    filters = "; ".join(visible(text, SENTENCE) for text in kept) or "none"
    full = f"Full report: {visible(place, SENTENCE)}" if place else ""
    known = numbers.moment(content.as_of) if content.as_of else "the latest load"
    data = content.data_age or f"Incidents until {numbers.day(content.to)}, as known at {known}."
    made = " · ".join(
        f"{visible(name.replace('_', ' '), NAME)}: {visible(str(value), NAME)}"
        for name, value in content.provenance.items()
        if name != "command"
    )
    command = visible(str(content.provenance.get("command", "")), PARAGRAPH)
    cut = "The command that makes it again is too long to stand here; it is at the foot of the full report."
    whole = not command.endswith("…")
    sentences = (visible(data, SENTENCE), f"Filters: {filters}.", full, made, "" if whole else cut)
    return Block(heading="About", sentences=tuple(filter(None, sentences)), command=command if whole else "")

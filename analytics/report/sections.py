"""The tables of the report: which columns, in which order, with which captions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.sparkline import sparkline
from analytics.figures.states import STATES, region_states
from analytics.report import cells
from analytics.report.cells import Cell, Column, Row, Table
from analytics.report.content import ReportContent

ARROWS = {
    "rising fast": "▲▲",
    "rising": "▲",
    "steady": "▶",
    "falling": "▼",
    "falling fast": "▼▼",
    "unclear": "?",
    "quiet": "·",
}
"""An arrow for each direction of a trend; its word always stands beside it."""

_WHY = cells.words("reason", "Why")
FLAG_COLUMNS = (
    cells.level("level", "Level", note="kinds"),
    cells.figure("priority", "Priority"),
    cells.words("region", "Region"),
    Column(heading="Why", make=lambda row: replace(_WHY.make(row), note=said(row)), wide=True),
    cells.figure("observed", "Observed"),
    Column(
        heading="Expected", make=lambda row: _below(row, "expected", "upper", "upper", numbers.amount), numeric=True
    ),
    cells.figure("ratio", "Ratio", numbers.ratio),
    Column(heading="q", make=lambda row: _below(row, "q_value", "p_value", "p", numbers.probability), numeric=True),
    cells.growth(),
    Column(
        heading="Killed", make=lambda row: _below(row, "killed", "wounded", "wounded", numbers.amount), numeric=True
    ),
)
EPISODE_COLUMNS = (
    cells.words("region", "Region", note="measure"),
    cells.level("peak_level", "Highest level"),
    cells.dated("first_week", "First week"),
    cells.dated("last_week", "Last week"),
    cells.figure("weeks", "Weeks"),
    cells.figure("observed", "Observed"),
    cells.figure("excess", "Excess", numbers.change),
    Column(heading="Status", make=lambda row: Cell(text=status_words(row), value=str(row["status"]), note=said(row))),
    cells.words("episode_id", "Episode"),
)
INCIDENT_COLUMNS = (
    cells.dated("week", "Week"),
    Column(
        heading="Day",
        make=lambda row: Cell(
            text=numbers.span(row["occurred_on"], row["occurred_until"]),
            note="" if _exact_day(row["date_precision"]) else f"known to the {row['date_precision']}",
        ),
    ),
    Column(heading="Place", make=lambda row: _joined(row, ("location", "admin2", "admin1"))),
    Column(heading="What", make=lambda row: _joined(row, ("event_type", "tactic"))),
    Column(heading="Who", make=lambda row: _joined(row, ("actor1", "actor2", "target"))),
    cells.figure("killed", "Killed"),
    cells.figure("killed_civilians", "of them civilians"),
    cells.figure("killed_security", "of them security"),
    cells.figure("wounded", "Wounded"),
    cells.source(),
    cells.words("notes", "Notes", wide=True),
)


def said(row: Row) -> str:
    """Whether a flag or episode is muted, and what analysts said of it."""
    muted = "" if numbers.is_missing(row["muted"]) or not row["muted"] else f"muted {row['muted']}"
    remarks = "" if numbers.is_missing(row["remarks"]) else str(row["remarks"])
    return "; ".join(filter(None, (muted, remarks)))


def status_words(row: Row) -> str:
    """An episode's status, and since when its region is not judged: `open, not judged since 8 November 2021`."""
    since = row["not_judged_since"]
    return (
        str(row["status"]) if numbers.is_missing(since) else f"{row['status']}, not judged since {numbers.day(since)}"
    )


def _exact_day(precision: Any) -> bool:
    """True unless the date is said to be coarser than a day."""
    return numbers.is_missing(precision) or precision == "day"


def _below(row: Row, key: str, lower: str, word: str, show: Callable[[Any], str]) -> Cell:
    """The number of *key*, and below it, after *word*, that of *lower*."""
    note = "" if numbers.is_missing(row[lower]) else f"{word} {show(row[lower])}"
    return Cell(text=show(row[key]), value=str(row[key]), kind="number", note=note)


def _joined(row: Row, keys: tuple[str, ...]) -> Cell:
    """The known ones of several fields, each once, separated by commas."""
    known = [str(row[key]) for key in keys if not numbers.is_missing(row[key]) and str(row[key]).strip()]
    return Cell(text=", ".join(dict.fromkeys(known)) or numbers.MISSING)


def latest_week(content: ReportContent) -> pd.Timestamp:
    """The week in which the period ends."""
    return pd.Timestamp(content.period_last) - pd.Timedelta(days=6)


def ordered_flags(flags: pd.DataFrame) -> pd.DataFrame:
    """Flags with the latest week first, in it the highest level first, then by priority, excess and name."""
    keys = pd.DataFrame(
        {
            "week": pd.to_datetime(flags["week"]),
            "rank": flags["level"].map({name: level.rank for name, level in LEVELS.items()}),
            "priority": pd.to_numeric(flags["priority"], errors="coerce"),
            "excess": pd.to_numeric(flags["excess"], errors="coerce"),
            "region": flags["region"].astype(str),
        }
    )
    order = keys.sort_values(
        ["week", "rank", "priority", "excess", "region"], ascending=[False] * 4 + [True], kind="stable"
    )
    return flags.loc[order.index].reset_index(drop=True)


def flag_tables(content: ReportContent) -> tuple[Table | None, Table | None]:
    """Flags of the latest week, and those of earlier weeks, each None where there are none."""
    if content.flags is None or content.flags.empty:
        return None, None
    flags = ordered_flags(content.flags)
    now = pd.to_datetime(flags["week"]) >= latest_week(content)
    week = cells.dated("week", "Week")
    latest = cells.table("flags-latest", _flag_caption(content), flags[now], FLAG_COLUMNS, head=2)
    earlier = cells.table(
        "flags-earlier", "Flags of earlier weeks, latest first", flags[~now], (week, *FLAG_COLUMNS), head=3
    )
    return (latest if latest.rows else None), (earlier if earlier.rows else None)


def no_flag_words(content: ReportContent, *, earlier: bool) -> tuple[str, str]:
    """What stands in place of the latest week's flags when there are none: the sentence, and what it means."""
    latest = none_flagged(content, f"the latest week, which ended on {numbers.day(content.period_last)}")
    if earlier:
        return latest, ". Flags of earlier weeks are listed below."
    weeks, listed = numbers.span(content.period_first, content.period_last), "What could not be judged is listed below"
    if not _judged_latest(content)[0]:
        return latest, f". No judged week of {weeks} is flagged. {listed} with its reason."
    return "No region is flagged", (
        f" in the judged weeks, {weeks}: no judged region-week stands out from what is normal there. "
        f"{listed} with its reason."
    )


def none_flagged(content: ReportContent, when: str = "the latest week") -> str:
    """That no region is flagged in the latest week, as far as it could be judged; without a full stop."""
    judged, regions, why = _judged_latest(content)
    if not judged:
        return f"No region could be judged in {when}{why}"
    return f"No region is flagged in {when}" + (f"; {judged} of {regions} could be judged" if judged < regions else "")


def _judged_latest(content: ReportContent) -> tuple[int, int, str]:
    """`judged_in` the latest week; without streams, all of them."""
    return (1, 1, "") if content.streams is None else judged_in(content.streams, latest_week(content))


def judged_in(streams: pd.DataFrame, week: Any) -> tuple[int, int, str]:
    """How many regions of *streams* were judged in a week, of how many; where none was, for one reason, that in brackets."""
    latest = streams[pd.to_datetime(streams["week"]) == pd.Timestamp(week)]
    judged = int((latest["status"] == "judged").sum())
    reasons = latest["note"].unique()
    return judged, len(latest), f" ({reasons[0]})" if not judged and len(reasons) == 1 and reasons[0] else ""


def waiting(episodes: pd.DataFrame | None) -> list[str]:
    """The episodes that stay open because their region is not judged, each in words: `Basra (alert, since 8 Nov 2021)`."""
    if episodes is None:
        return []
    rows = episodes[episodes["not_judged_since"].notna()].sort_values(["not_judged_since", "region"], kind="stable")
    return [
        f"{row['region']} ({row['peak_level']}, not judged since {numbers.day(row['not_judged_since'])})"
        for row in rows.to_dict("records")
    ]


WAITING = "Episodes that stay open, as their regions are not judged: "
"""What `waiting` is said after."""


def _flag_caption(content: ReportContent) -> str:
    """What the table of the latest week's flags shows."""
    return f"Flags of the week {numbers.span(latest_week(content), content.period_last)}, highest level first"


def episode_table(content: ReportContent) -> Table | None:
    """Episodes, open ones first, then the latest."""
    if content.episodes is None or content.episodes.empty:
        return None
    keys = content.episodes.assign(closed=content.episodes["status"] == "closed")
    order = keys.sort_values(["closed", "last_week", "region"], ascending=[True, False, True], kind="stable").index
    caption = "Episodes: consecutive flagged weeks of one region"
    return cells.table("episodes", caption, content.episodes.loc[order], EPISODE_COLUMNS)


def map_table(content: ReportContent) -> tuple[pd.DataFrame | None, Table | None]:
    """The states that the map draws, and the same as a table."""
    if content.panel is None:
        return None, None
    states = region_states(content.panel, content.spikes, content.flags)
    week = numbers.day(states["week"].iloc[0]) if len(states) else numbers.MISSING
    columns = (
        cells.words("region", "Region"),
        Column(heading="State", make=_state),
        cells.figure("observed", "Observed"),
        cells.figure("expected", "Expected"),
        cells.figure("upper", "Upper"),
    )
    ranked = states.assign(rank=states["state"].map({state: rank for rank, state in enumerate(STATES)}))
    ordered = ranked.sort_values(["rank", "region"], kind="stable")
    return states, cells.table(
        "regions", f"{'All regions' if len(states) > 1 else 'The region'} in the week of {week}", ordered, columns
    )


def _state(row: Row) -> Cell:
    """A region's state, with its shape where it is flagged."""
    flagged = row["state"] in LEVELS
    if row["state"] == "earlier":
        return Cell(text=f"{row['earlier']} earlier", kind="direction")
    text = str(row["state"]) if flagged else STATES[row["state"]]
    note = f"{row['earlier']} earlier" if row["earlier"] else ""
    return Cell(text=text, kind="level" if flagged else "direction", note=note)


def trend_table(content: ReportContent) -> Table | None:
    """Trends, fastest growth first, those without an estimate last."""
    if content.trends is None or content.trends.empty:
        return None
    ordered = content.trends.assign(growth=pd.to_numeric(content.trends["growth"]))
    ordered = ordered.sort_values(["growth", "region"], ascending=[False, True], na_position="last", kind="stable")
    told = [name for name in ("q_value", "ratio") if ordered[name].notna().any()]
    columns = (
        cells.words("region", "Region"),
        Column(heading="Direction", make=_direction),
        Column(heading="Recent weeks", make=lambda row: _spark(content, row)),
        cells.growth("Growth a week, 95 % interval"),
        cells.figure("p_growing", "P(growing)", numbers.probability),
        cells.figure("p_value", "p", numbers.probability),
        *(column for name, column in _TOLD.items() if name in told),
        Column(heading="Doubles or halves in", make=_pace, numeric=True),
        cells.figure("mean", "Mean a week"),
        Column(heading="Incidents", make=_incidents, numeric=True),
    )
    return cells.table("trends", "Trend of each region over its recent weeks, fastest growth first", ordered, columns)


_TOLD = {
    "q_value": cells.figure("q_value", "q", numbers.probability),
    "ratio": cells.bounded("ratio", "ratio_low", "ratio_high", "Recent over earlier weeks", numbers.ratio),
}
"""Columns that only some trends have."""


def level_change_table(content: ReportContent) -> Table | None:
    """Changes of level, latest first."""
    if content.level_changes is None or content.level_changes.empty:
        return None
    ordered = content.level_changes.sort_values(["week", "region"], ascending=[False, True], kind="stable")
    columns = (
        cells.words("region", "Region"),
        Column(heading="New level from the week of", make=_change_week),
        cells.figure("before", "Mean a week before"),
        cells.figure("after", "Mean a week after"),
        cells.bounded("ratio", "ratio_low", "ratio_high", "Ratio", numbers.ratio),
        cells.figure("probability", "P(change)", numbers.probability),
        cells.words("sentence", "In words", wide=True),
    )
    return cells.table("level-changes", "Changes of level, latest first", ordered, columns)


def _change_week(row: Row) -> Cell:
    """The likeliest week, and below it the weeks in which the change surely lies."""
    weeks = "" if numbers.is_missing(row["week_low"]) else numbers.span(row["week_low"], row["week_high"])
    day = numbers.day(row["week"])
    return Cell(text=day, value=str(pd.Timestamp(row["week"]).date()), kind="date", note="" if weeks == day else weeks)


def _direction(row: Row) -> Cell:
    """An arrow and its word, and below it what the model noted."""
    word = numbers.anything(row["direction"])
    note = "" if numbers.is_missing(row["note"]) else str(row["note"])
    return Cell(text=f"{ARROWS.get(word, '')} {word}".strip(), value=word, kind="direction", note=note)


def _pace(row: Row) -> Cell:
    """In how many weeks the mean doubles or halves, where the trend goes one way; the CSV has it for every trend."""
    weeks, clear = row["doubling_weeks"], str(row["direction"]).startswith(("rising", "falling"))
    if numbers.is_missing(weeks) or not clear:
        return Cell(text=numbers.MISSING, value="" if numbers.is_missing(weeks) else str(weeks), kind="number")
    text = f"{numbers.amount(abs(float(weeks)))} weeks"
    return Cell(text=text, value=str(weeks), kind="number", note="halves" if weeks < 0 else "doubles")


def _incidents(row: Row) -> Cell:
    """How many there were, and below it in how many weeks."""
    weeks = "" if numbers.is_missing(row["weeks"]) else f"in {numbers.several(row['weeks'], 'week', 'weeks')}"
    return Cell(text=numbers.amount(row["incidents"]), value=str(row["incidents"]), kind="number", note=weeks)


def _spark(content: ReportContent, row: Row) -> Cell:
    """The region's last weeks as a sparkline; empty where the panel does not hold the region."""
    panel = content.panel
    if panel is None or row["region_id"] not in panel.region_ids:
        return Cell(text="")
    weeks = 26 if numbers.is_missing(row["weeks"]) else max(int(row["weeks"]), 2)
    values = panel.values[-weeks:, panel.region_ids.index(row["region_id"])]
    exported = " ".join("" if np.isnan(value) else f"{value:g}" for value in values)
    return Cell(text=sparkline(values.tolist(), f"{len(values)} weeks"), value=exported, kind="svg")


def region_name(content: ReportContent, region_id: str) -> str:
    """The name of a region or group, its id where nothing names it."""
    if region_id in content.region_names:
        return content.region_names[region_id]
    if content.panel is not None and region_id in content.panel.region_ids:
        return content.panel.region_names[content.panel.region_ids.index(region_id)]
    return region_id


def event_table(content: ReportContent) -> Table | None:
    """Dated events, latest first."""
    if content.events is None or content.events.empty:
        return None
    ordered = content.events.assign(start=pd.to_datetime(content.events["starts_on"]))
    ordered = ordered.sort_values(["start", "event_id"], ascending=[False, True], kind="stable")
    columns = (
        Column(heading="When", make=lambda row: Cell(text=numbers.span(row["starts_on"], row["ends_on"]), kind="date")),
        cells.words("name", "Event", note="notes", wide=True),
        cells.words("kind", "Kind"),
        Column(heading="Regions", make=lambda row: Cell(text=_places(content, row["regions"])), wide=True),
        Column(heading="Source", make=_event_source),
    )
    return cells.table("events", "Dated events, latest first", ordered, columns, head=1)


def _places(content: ReportContent, regions: Any) -> str:
    """The names of an event's regions."""
    listed = regions if numbers.is_listing(regions) else []
    return ", ".join(region_name(content, region_id) for region_id in listed) or "all"


def _event_source(row: Row) -> Cell:
    """The event's source, as a link where it is one."""
    text = numbers.anything(row["source"])
    return Cell(text=text, kind="link" if cells.is_link(text) else "text", href=text if cells.is_link(text) else "")


def not_judged_table(content: ReportContent) -> Table | None:
    """Region-weeks that were not judged, and why."""
    if content.not_judged is None or content.not_judged.empty:
        return None
    columns = (cells.words("region", "Region"), cells.words("weeks", "Weeks"), cells.words("reason", "Why", wide=True))
    ordered = content.not_judged.sort_values(
        ["reason", "weeks", "region"], ascending=[True, False, True], kind="stable"
    )
    return cells.table("not-judged", "Region-weeks that were not judged", ordered, columns)

"""All regions at a glance: a small chart of each, the highest level first, and the table of what they show."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.states import STATES, region_states
from analytics.figures.text import shorten
from analytics.figures.tile import tile, top
from analytics.report.content import ReportContent
from analytics.report.weeks import weeks_table

WEEKS = 52
"""Weeks in each small chart."""
NAME = 40
"""Longest region name above a small chart; the table has it in full."""
COLUMNS = ("region", "week", "observed", "expected", "upper", "level", "status")


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One region: its name, the level it is flagged with now or was earlier, and its chart."""

    region: str
    anchor: str
    """Its block in the page, "" where it has none."""
    level: str
    """In the latest week, "" where it is not flagged."""
    note: str
    drawing: Markup


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The small charts in order, how many weeks they show, and the table of their data."""

    tiles: tuple[Tile, ...]
    weeks: int
    table: Markup


def overview(
    content: ReportContent, rows: Mapping[str, pd.DataFrame], anchors: Mapping[str, str], weeks: int = WEEKS
) -> Overview | None:
    """The small charts of all regions of the panel, None without one; *rows* as `weeks.all_rows` makes them."""
    if content.panel is None or not rows:
        return None
    states = _ordered(region_states(content.panel, content.spikes, content.flags))
    recent = {region_id: rows[region_id].tail(weeks) for region_id in states["region_id"]}
    tiles = tuple(
        _tile(row, recent[row["region_id"]], anchors.get(row["region_id"], "")) for row in states.to_dict("records")
    )
    shown = len(next(iter(recent.values())))
    frame = pd.concat(
        [recent[row.region_id][::-1].assign(region=row.region) for row in states.itertuples()], ignore_index=True
    )
    table = weeks_table("table-overview", f"The last {shown} weeks of every region, latest first", frame, COLUMNS)
    return Overview(tiles=tiles, weeks=shown, table=table)


def _ordered(states: pd.DataFrame) -> pd.DataFrame:
    """The highest level first, then the largest excess of the latest week, then the name."""
    rank = states["state"].map({state: number for number, state in enumerate(STATES)})
    excess = (states["observed"] - states["expected"]).fillna(-float("inf"))
    ordered = states.assign(rank=rank, excess=excess)
    return ordered.sort_values(["rank", "excess", "region"], ascending=[True, False, True], kind="stable")


def _tile(state: Mapping[object, object], rows: pd.DataFrame, anchor: str) -> Tile:
    flagged = sum(level != "" for level in rows["level"].tolist())
    words = [
        f"{len(rows)} weeks: at most {numbers.amount(rows['observed'].max())} observed",
        numbers.several(flagged, "flagged week", "flagged weeks"),
    ]
    if unknown := rows["status"].tolist().count("unknown"):
        words.append(numbers.several(unknown, "unknown week", "unknown weeks"))
    return Tile(
        region=shorten(str(state["region"]), NAME),
        anchor=anchor,
        level=str(state["state"]) if state["state"] in LEVELS else "",
        note=f"{_now(state)}; scale\u00a0to\u00a0{numbers.amount(top(rows))}",
        drawing=Markup(tile(rows, "; ".join(words))),  # noqa: S704 - tile escapes its label
    )


NO_COUNT = {"unknown": "not reported", "incomplete": "incomplete week"}
"""What is said of a region whose latest week has no count, by its state."""


def _now(state: Mapping[object, object]) -> str:
    """`latest 9, expected 0.67`, or why there is no number."""
    if state["state"] in NO_COUNT:
        return NO_COUNT[str(state["state"])]
    expected = (
        "not judged" if numbers.is_missing(state["expected"]) else f"expected {numbers.amount(state['expected'])}"
    )
    return f"latest {numbers.amount(state['observed'])}, {expected}"

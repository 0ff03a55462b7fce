"""What a flagged region's incidents were: tactics, actors and casualties by group, against the weeks before."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.pair import pair
from analytics.report import cells
from analytics.report.cells import Cell, Column, Table
from analytics.report.content import GROUPS, ReportContent

CAPTIONS = {"tactic": "Tactics", "actor": "Actors", "killed": "Killed, by group"}
HEADINGS = {"tactic": ("Tactic", "Count"), "actor": ("Actor", "Count"), "killed": ("Group", "Killed")}
"""What a row is, and what is counted."""


def breakdown_tables(content: ReportContent, region_id: str, name: str) -> tuple[str, tuple[Table, ...]]:
    """What is compared, in words, and a table for each of `GROUPS` that the region has rows of; *name* begins their ids."""
    if content.breakdown is None:
        return "", ()
    mine = content.breakdown[content.breakdown["region_id"] == region_id]
    tables = tuple(
        _table(f"{name}-{kind}", kind, rows) for kind in GROUPS if len(rows := mine[mine["kind"] == kind]) > 0
    )
    return (_compared(mine) if tables else ""), tables


def _table(name: str, kind: str, rows: pd.DataFrame) -> Table:
    highest = float(rows[["per_week", "before_per_week"]].max().max())

    def bars(row: Mapping[Any, Any]) -> Cell:
        return Cell(text=pair(row["per_week"], row["before_per_week"], highest), kind="svg")

    columns = (
        cells.words("name", HEADINGS[kind][0]),
        Column(heading="Bars", make=bars),
        cells.figure("per_week", "A week"),
        cells.figure("before_per_week", "Before"),
        cells.figure("count", HEADINGS[kind][1]),
    )
    return cells.table(name, CAPTIONS[kind], rows, columns)


def _compared(rows: pd.DataFrame) -> str:
    """`A week in the 13 known weeks of this report (filled), and in the 52 before (outlined)`, as far as weeks are known."""
    weeks, before = rows["weeks"].iloc[0], rows["weeks_before"].iloc[0]
    if numbers.is_missing(weeks) or numbers.is_missing(before):
        return "A week in this report (filled), and before it (outlined)."
    known = numbers.several(weeks, "known week", "known weeks")
    return f"A week in the {known} of this report (filled), and in the {numbers.amount(before)} before (outlined)."

"""Flags and panel as CSV, JSON and Parquet: the same rows in each, and no formula in a spreadsheet."""

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from analytics.output import FORMULA
from analytics.panel import Panel
from analytics.report import ReportContent
from analytics.report.export import (
    OUTSIDE,
    PANEL_COLUMNS,
    Dataset,
    csv_text,
    flags_data,
    json_text,
    panel_data,
    parquet_bytes,
)
from analytics.weeks import week_range
from tests import report_content

GOLDEN = Path(__file__).parent / "golden" / "report"
DATA = {"flags": flags_data, "panel": panel_data}


@pytest.fixture(scope="module")
def content() -> ReportContent:
    """The full fabricated report content."""
    return report_content.full()


def small(**changes: Any) -> ReportContent:
    """Two regions and three weeks, worked by hand: one flag, one unknown week, one week that was not judged."""
    panel = Panel(
        weeks=week_range(date(2021, 11, 15), date(2021, 11, 29)),
        region_ids=("B", "A"),
        region_names=("دیالە", '=1+1, "quoted"'),
        values=np.array([[1.0, 2.0], [2.0, np.nan], [9.0, 0.0]]),
        status=np.array([[0, 0], [0, 1], [0, 0]], dtype=np.uint8),
    )
    judged = {"region_id": ["B", "A"] * 2, "week": pd.to_datetime(["2021-11-22"] * 2 + ["2021-11-29"] * 2)}
    numbers = {
        "expected": [2.5, np.nan, 2.5, 0.25],
        "upper": [6.0, np.nan, 6.0, 2.0],
        "p_value": [0.5, np.nan, 0.001, 1.0],
        "q_value": [0.5, np.nan, 0.002, 1.0],
    }
    words = {"judged_by": ["stand-in", "", "stand-in", "stand-in"], "note": ["", "unknown: no reporting", "", ""]}
    flag = {"week": [pd.Timestamp("2021-11-29")], "region_id": ["B"], "region": ["دیالە"], "level": ["alert"]}
    required: dict[str, Any] = {
        "title": "Three weeks",
        "period_first": date(2021, 11, 22),
        "period_last": date(2021, 12, 5),
        "to": date(2021, 12, 5),
        "headline": "Nine incidents.",
        "filters": ("source: fabricated",),
        "provenance": {"settings_hash": "3f2a"},
        "panel": panel,
        "streams": pd.DataFrame({"measure": "incidents", **judged, **numbers, **words}),
        "flags": pd.DataFrame({**flag, "reason": ["-9 would be a formula"], "excess": [6.5], "p_value": [0.001]}),
    }
    return ReportContent(**(required | changes))


def rows(data: Dataset) -> list[dict[str, Any]]:
    """The rows of a dataset."""
    return [dict(zip(data.columns, row, strict=True)) for row in zip(*data.columns.values(), strict=True)]


@pytest.mark.parametrize("name", DATA)
def test_each_file_is_as_its_golden_file(name: str) -> None:
    """The bytes of CSV and JSON do not change unnoticed; lines of CSV end as RFC 4180 says."""
    data = DATA[name](small())
    assert csv_text(data).encode() == (GOLDEN / f"{name}.csv").read_bytes().replace(b"\n", b"\r\n")
    assert json_text(small(), data).encode() == (GOLDEN / f"{name}.json").read_bytes()


def test_the_panel_is_worked_by_hand() -> None:
    """Each week of each region has its count, or why there is none, and what was expected where it was judged."""
    found = rows(panel_data(small()))
    assert list(found[0]) == list(PANEL_COLUMNS)
    assert [(row["week"], row["region_id"], row["observed"], row["status"]) for row in found] == [
        ("2021-11-15", "B", 1, "known"),
        ("2021-11-15", "A", 2, "known"),
        ("2021-11-22", "B", 2, "known"),
        ("2021-11-22", "A", None, "unknown"),
        ("2021-11-29", "B", 9, "known"),
        ("2021-11-29", "A", 0, "known"),
    ]
    assert [row["note"] for row in found] == [OUTSIDE, OUTSIDE, "", "unknown: no reporting", "", ""]
    assert [row["excess"] for row in found] == [None, None, -0.5, None, 6.5, -0.25]
    assert [row["level"] for row in found] == ["", "", "", "", "alert", ""]
    assert [row["q_value"] for row in found] == [None, None, 0.5, None, 0.002, 1]


def test_the_panel_is_the_charted_weeks_of_every_region(content: ReportContent) -> None:
    """As many rows as weeks and regions, and counts that add up to the panel's."""
    found = panel_data(content)
    assert content.panel is not None
    assert len(found.columns["week"]) == 156 * len(content.panel.region_ids)
    assert sum(filter(None, found.columns["observed"])) == np.nansum(content.panel.values[-156:])


@pytest.mark.parametrize("name", DATA)
def test_the_three_forms_hold_the_same_values(name: str, content: ReportContent) -> None:
    """What CSV, JSON and Parquet say is equal, value by value, and is what the report shows."""
    data = DATA[name](content)
    from_json = json.loads(json_text(content, data))[name]
    assert from_json == rows(data)
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(parquet_bytes(content, data)))
    from_parquet = [
        {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
        for row in table.to_pylist()
    ]
    assert from_parquet == from_json
    from_csv = list(csv.DictReader(io.StringIO(csv_text(data), newline="")))
    assert [_as_text(row) for row in from_json] == from_csv


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    """A row as CSV has it."""
    return {
        key: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in row.items()
    }


def test_every_flag_is_there_with_its_exact_numbers(content: ReportContent) -> None:
    """One row per flag, in the frame's order, unrounded."""
    found = flags_data(content).columns
    assert content.flags is not None
    assert found["p_value"] == content.flags["p_value"].tolist()
    assert found["week"] == [str(week.date()) for week in content.flags["week"]]


@pytest.mark.parametrize("name", DATA)
def test_columns_have_one_type_whether_or_not_there_are_rows(name: str, content: ReportContent) -> None:
    """Parquet files of a week with flags and of one without can be read as one table."""
    empty = report_content.quiet() if name == "flags" else replace(content, panel=None)
    full, none = (
        pyarrow.parquet.read_schema(pyarrow.BufferReader(parquet_bytes(one, DATA[name](one))))
        for one in (content, empty)
    )
    assert full.remove_metadata() == none.remove_metadata()


def test_parquet_says_what_it_depends_on_and_is_the_same_each_time(content: ReportContent) -> None:
    """Equal content gives equal bytes; the metadata are the head of the JSON file."""
    written = parquet_bytes(content, panel_data(content))
    assert written == parquet_bytes(report_content.full(), panel_data(report_content.full()))
    metadata = pyarrow.parquet.read_schema(pyarrow.BufferReader(written)).metadata
    head = json.loads(json_text(content, panel_data(content)))
    del head["panel"]
    assert json.loads(metadata[b"report"]) == head and head["simulated"] is True


def test_nothing_flagged_makes_a_header_and_an_empty_list() -> None:
    """Files without rows are files, not missing."""
    content = small(flags=None, panel=None, streams=None)
    assert csv_text(flags_data(content)).startswith("week,region_id,region,level,reason,")
    assert csv_text(panel_data(content)) == ",".join(PANEL_COLUMNS) + "\r\n"
    assert json.loads(json_text(content, flags_data(content)))["flags"] == []


def test_a_spreadsheet_never_sees_a_formula() -> None:
    """Text that begins like a formula gets an apostrophe in CSV and stays itself in JSON; numbers stay numbers."""
    formulas = [f"{mark}1+1" for mark in FORMULA]
    flags = pd.DataFrame({"week": pd.Timestamp("2021-11-29"), "region_id": "A", "region": formulas, "level": "watch"})
    data = flags_data(small(flags=flags.assign(reason="a", excess=-2.5, **{"=head": "b"})))
    found = list(csv.reader(io.StringIO(csv_text(data), newline="")))
    region, excess = found[0].index("region"), found[0].index("excess")
    assert "'=head" in found[0] and "=head" not in found[0]
    assert [row[region] for row in found[1:]] == [f"'{text}" for text in formulas]
    assert {row[excess] for row in found[1:]} == {"-2.5"}
    assert [row["region"] for row in json.loads(json_text(small(), data))["flags"]] == formulas


@pytest.mark.parametrize("payload", [" ".join(report_content.PAYLOADS), "=1+1", "@a\r\n\u2028b"])
def test_hostile_text_stays_in_its_cell(payload: str) -> None:
    """Whatever a name is, each form has as many rows and columns as without it, and the name whole."""
    content = replace(report_content.hostile(payload), chart_weeks=4)
    for name, made in DATA.items():
        data = made(content)
        found = list(csv.reader(io.StringIO(csv_text(data), newline="")))
        assert {len(row) for row in found} == {len(data.columns)} and len(found) == len(rows(data)) + 1
        assert not any(cell.startswith(("=", "@")) for row in found for cell in row)
        assert all(payload in row["region"] for row in json.loads(json_text(content, data))[name])
        assert payload in parquet_table(content, data)["region"][0]


def parquet_table(content: ReportContent, data: Dataset) -> dict[str, list[Any]]:
    """The columns of the Parquet file."""
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(parquet_bytes(content, data)))
    return dict(table.to_pydict())


def test_other_columns_hold_what_their_values_say() -> None:
    """A column that nobody foresaw is numbers, days, truths, lists or text, and infinity is missing."""
    flags = pd.DataFrame(
        {
            "week": [pd.Timestamp("2021-11-29")] * 2,
            "region_id": "A",
            "region": "A",
            "level": "watch",
            "reason": "a",
            "score": [np.inf, 1.5],
            "muted": [True, None],
            "opened": [pd.Timestamp("2021-11-01"), None],
            "parts": [[1.0, "a"], None],
            "mixed": ["a", 2.0],
            "record_since": [(26, date(2021, 6, 1)), (3, "")],
        }
    )
    data = flags_data(small(flags=flags))
    chosen = [data.columns[name] for name in ("score", "muted", "opened", "parts", "mixed", "record_since")]
    assert chosen == [
        [None, 1.5],
        [True, None],
        ["2021-11-01", None],
        [[1, "a"], None],
        ["a", 2],
        [[26, "2021-06-01"], [3, ""]],
    ]
    table = parquet_table(small(), data)
    assert table["parts"] == ['[1, "a"]', None] and table["opened"] == [date(2021, 11, 1), None]
    assert table["mixed"] == ["a", "2"]

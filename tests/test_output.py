"""Every format is a contract: one golden file each, hostile values included, and empty results too."""

import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics import output
from analytics.errors import OptionError

GOLDEN = Path(__file__).parent / "golden" / "output"
TEXT_FORMATS = [form for form in output.FORMATS if form != "parquet"]


def frame() -> pd.DataFrame:
    """One column per kind of value, as queries return them, with what is missing and what is hostile."""
    return pd.DataFrame(
        {
            "text": ["plain", 'quote " comma, tab\tline\nend', "الأنبار و بغداد", "\x1b[31mred\x1b[0m\x9b2J", "a|b", None],
            "number": [1.5, np.nan, np.inf, 1e-9, 123456.789, -3.0],
            "whole": [1, 2, 2**53 + 1, 2**62, -5, 0],
            "count": pd.array([2**53 + 1, None, 0, 4, 5, 6], dtype="Int64"),
            "yes": pd.array([True, False, None, True, False, True], dtype="boolean"),
            "day": pd.Series([date(2021, 12, 3), None, date(25, 1, 1), *[date(9999, 12, 31)] * 3]).astype("datetime64[us]"),
            "moment": pd.Series(
                [datetime(2021, 12, 3), None, datetime(2021, 12, 3, 10, 11, 12, 5), *[datetime(2021, 12, 3, 10)] * 3]  # noqa: DTZ001
            ),
            "items": pd.Series([["a", "b|\x1b"], [], None, np.array([1, 2]), [None, 1.5], {"of": date(2021, 12, 3)}]),
            "head|er\x1b": ["", " ", "NULL", "nan", "=1+1", "<b>"],
        }
    )  # fmt: skip


def written(data: pd.DataFrame, form: str) -> str:
    """What `write` writes."""
    stream = io.StringIO()
    output.write(data, form, stream)
    return stream.getvalue()


@pytest.mark.parametrize("form", TEXT_FORMATS)
def test_each_format_is_as_its_golden_file(form: str) -> None:
    """The bytes of a format do not change unnoticed."""
    golden = GOLDEN / f"values.{form}"
    assert written(frame(), form) == golden.read_bytes().decode()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", "week,value\n"),
        ("tsv", "week\tvalue\n"),
        ("json", "[]\n"),
        ("jsonl", ""),
        ("table", "week    value\n------  -------\n"),
        ("markdown", "| week   | value   |\n|--------|---------|\n"),
    ],
)
def test_an_empty_result_keeps_its_header(form: str, text: str) -> None:
    """No rows are no rows in every format, not an error and not nothing."""
    assert written(pd.DataFrame({"week": [], "value": []}), form) == text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_nothing_that_a_terminal_obeys_is_sent(form: str) -> None:
    """Every control character, line ends and the C1 range included, is shown and not sent."""
    hostile = "".join(map(chr, [*range(32), *range(127, 160), 0x202E, 0x2066, 0xFEFF]))
    text = written(pd.DataFrame({hostile: [hostile], "list": [[hostile]]}), form)
    assert not set(hostile) & set(text.replace("\n", ""))
    assert text.count("\n") == 3
    assert r"\x1b" in text


def test_joiners_and_hard_spaces_stay() -> None:
    """Characters that Persian, Kurdish and typeset text need are written as they are."""
    assert output.shown("می\u200cخواهم\u00a0و") == "می\u200cخواهم\u00a0و"


def test_json_and_jsonl_hold_the_same_values() -> None:
    """Both parse, agree, keep large whole numbers, and have null for NaN, infinity and what is missing."""
    rows = json.loads(written(frame(), "json"))
    assert rows == [json.loads(line) for line in written(frame(), "jsonl").splitlines()]
    assert [row["whole"] for row in rows] == [1, 2, 2**53 + 1, 2**62, -5, 0]
    assert [row["count"] for row in rows][:2] == [2**53 + 1, None]
    assert [row["number"] for row in rows] == [1.5, None, None, 1e-9, 123456.789, -3.0]
    assert [row["text"] for row in rows] == frame()["text"].astype(object).where(frame()["text"].notna(), None).tolist()


@pytest.mark.parametrize(("form", "mark"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_are_read_back(form: str, mark: str) -> None:
    """What pandas reads from csv and tsv is what was written, to the last digit."""
    back = pd.read_csv(
        io.StringIO(written(frame(), form)), sep=mark, dtype={"count": "Int64"}, keep_default_na=False, na_values=[""]
    )
    assert back["text"].iloc[:5].tolist() == frame()["text"].iloc[:5].tolist()
    assert back["whole"].tolist() == frame()["whole"].tolist()
    np.testing.assert_array_equal(back["number"], frame()["number"])
    assert back["count"][0] == 2**53 + 1
    assert back["day"].tolist()[2] == "0025-01-01"


@pytest.mark.parametrize(("form", "mark"), [("csv", ","), ("tsv", "\t")])
def test_a_spreadsheet_runs_nothing(form: str, mark: str) -> None:
    """Every text that begins like a formula has an apostrophe, names included; numbers stay numbers, and the mark of UTF-8 comes first."""
    data = pd.DataFrame({"=x": ["=1+1", "+1", "-1", "@a", "＝1", "plain", "'="], "number": [-1.5, 2, 3, 4, 5, 6, 7]})
    lines = written(data, output.for_spreadsheet(form)).splitlines()
    assert lines[:3] == [f"\ufeff'=x{mark}number", f"'=1+1{mark}-1.5", f"'+1{mark}2.0"]
    assert [line.split(mark)[0] for line in lines[3:]] == ["'-1", "'@a", "'＝1", "plain", "'="]


def test_long_lists_are_not_cut() -> None:
    """A list of two thousand values is written with all of them."""
    text = written(pd.DataFrame({"items": [np.arange(2000)]}), "jsonl")
    assert json.loads(text)["items"] == list(range(2000))
    assert "..." not in written(pd.DataFrame({"items": [np.arange(2000)]}), "csv")


def test_days_are_days_and_times_are_times() -> None:
    """A column of days has no clock times; a column with one clock time has them all."""
    days = pd.DataFrame({"at": pd.to_datetime(["2021-12-03", "2021-12-04"])})
    times = pd.DataFrame({"at": pd.to_datetime(["2021-12-03 00:00", "2021-12-04 10:30"])})
    assert written(days, "csv") == "at\n2021-12-03\n2021-12-04\n"
    assert written(times, "csv") == "at\n2021-12-03 00:00:00\n2021-12-04 10:30:00\n"


class Pipe(io.TextIOWrapper):
    """A stream of bytes that is, or is not, a terminal."""

    def __init__(self, terminal: bool) -> None:
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes, encoding="utf-8")

    def isatty(self) -> bool:
        """Whether a person would see it."""
        return self.terminal


def test_parquet_is_read_back() -> None:
    """Parquet holds the same values, with their types."""
    data, pipe = frame().drop(columns="items"), Pipe(terminal=False)
    output.write(data, "parquet", pipe)
    back = pd.read_parquet(io.BytesIO(pipe.bytes.getvalue()))
    pd.testing.assert_frame_equal(back.convert_dtypes(), data.convert_dtypes(), check_dtype=False)
    assert str(back["day"].dtype).startswith("datetime64")


def test_parquet_is_refused_on_a_terminal() -> None:
    """Bytes are not thrown at a reader, who is told what to do instead."""
    pipe = Pipe(terminal=True)
    with pytest.raises(OptionError, match=r"parquet is binary; send it to a file: .* > rows\.parquet"):
        output.write(frame(), "parquet", pipe)
    assert pipe.bytes.getvalue() == b""


def test_an_unknown_format_names_the_known_ones() -> None:
    """A misspelled format is answered with the list."""
    with pytest.raises(OptionError, match="'xml' is not known; choose from table, csv, tsv"):
        written(frame(), "xml")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (2.0, "2"),
        (0.123456, "0.1235"),
        (1234567.0, "1,234,567"),
        (98765.4321, "98,765"),
        (1e20, "1e+20"),
        (-0.5, "-0.5"),
        (True, "true"),
    ],
)
def test_numbers_in_tables_are_for_reading(value: Any, cell: str) -> None:
    """Four digits, thousands separated, and never an invented digit."""
    assert written(pd.DataFrame({"x": [value]}), "table").split("\n")[2].strip() == cell

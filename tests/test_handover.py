"""SQL from Python, and what other tools take over: pandas, Arrow, Polars, Parquet, SQLite, Excel."""

import sqlite3
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from pyarrow import parquet

import analytics
from analytics.errors import LimitError, OptionError, OutputError, QueryError, StoreError
from analytics.flags import Judgement, Policy
from analytics.query import export as exports
from analytics.store import Store
from tests.desk import incidents, records

pytest_plugins = ["tests.databases"]


@pytest.fixture
def unchanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is not asked whether it changed, which has a test of its own."""
    monkeypatch.setattr(exports, "_state", lambda database: [])


VALUES = """
select * from (values
    ('=1+1', 1, 1.5::double, date '2021-12-03', timestamp '2021-12-03 10:11:12', true, ['a'], 2.5::decimal(9, 2)),
    ('http://x', null, 'nan', date '1850-01-01', null, null, null, null)
) t(text, whole, number, day, "at", yes, items, exact)"""


def test_answers_are_frames(small: Path) -> None:
    """The same answer as pandas, Arrow and Polars; whole sums are integers, days are datetimes."""
    answer = analytics.open(small).sql(
        "select sum(killed) as killed, min(occurred_on) as first from incidents where admin1 = $r", {"r": "Diyala"}
    )
    killed = sum(row["killed"] for row in records() if row["admin1"] == "Diyala")
    assert answer.df()["killed"].tolist() == [killed]
    assert answer.df()["first"].dtype.kind == "M"
    assert answer.arrow().to_pylist()[0]["killed"] == killed
    assert answer.polars()["killed"].to_list() == [killed]
    assert (len(answer), answer.more) == (1, False)
    frame = answer.df()
    frame.loc[0, "killed"] = -1
    assert answer.df()["killed"].tolist() == [killed]


def test_limits_and_refusals_hold_in_python(small: Path) -> None:
    """What the command refuses is refused here, limits hold, and a cut is said; a load is not blocked between questions."""
    database = analytics.open(small, limits=analytics.Limits(rows=3))
    with pytest.raises(QueryError, match="only queries are answered"):
        database.sql("copy (select 1) to 'x.csv'")
    with pytest.raises(LimitError, match="longer than 1 s"):
        analytics.open(small, limits=analytics.Limits(seconds=1)).sql(
            "select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = -1"
        )
    assert database.sql("from range(9)").more
    Store(small).close()
    with pytest.raises(StoreError, match="no database at"):
        analytics.open(small.parent / "gone.duckdb").sql("select 1")


def test_saved_queries_in_python(small: Path) -> None:
    """@name asks a saved query, with values as Python has them or as text."""
    database = analytics.open(small)
    answer = database.sql("@deadliest_weeks", {"weeks": 2})
    assert answer.df().equals(database.sql("@deadliest_weeks", {"weeks": "2"}).df())
    assert len(answer) == 2


def test_a_notebook_shows_the_first_rows_as_text(small: Path) -> None:
    """An answer shows twenty rows and how many there are, and nothing in it is anything but text."""
    answer = analytics.open(small).sql("select '<script>' || range as x, range as n from range(25)")
    assert answer._repr_html_().count("<tr>") == 21
    assert "<script>" not in answer._repr_html_()
    assert "the first 20 of 25 rows" in answer._repr_html_()
    assert "the first 20 of 25 rows" in repr(answer)
    assert repr(analytics.open("x.duckdb")) == "Database('x.duckdb')"


def test_a_notebook_shows_flags_as_text() -> None:
    """A judgement shows its latest twenty flags, how many there are, and whole reasons that run nothing."""
    weeks = pd.date_range("2021-01-04", periods=25, freq="7D")
    reason = "<script>x</script>" + "long " * 30
    flags = pd.DataFrame({"week": weeks, "region": "A", "measure": "incidents", "level": "watch", "reason": reason})
    none = flags.head(0)
    shown = Judgement(policy=Policy(), streams=none, flags=flags, episodes=flags.head(3), events=none)._repr_html_()
    assert shown.count("<tr>") == 20 and "the latest 20 of 25 flags in 3 episodes" in shown
    assert "<script>" not in shown and shown.count("long long") >= 20 and "2021-06-21" in shown


def test_the_whole_database_is_every_view(small: Path) -> None:
    """What is exported unasked is each view that the database has, by its name."""
    with Store(small, locked=True) as store:
        named = [name for (name,) in store.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1")]
    assert len(named) > 15
    assert exports._views(analytics.open(small)) == {name: f'FROM "{name}"' for name in named}


def test_views_as_parquet(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each view is a file with all its rows, and the data dictionary says what each column of every view means."""
    few = "view_name IN ('coverage', 'incidents') AND NOT internal"
    monkeypatch.setattr(exports, "VIEWS", exports.VIEWS.replace("NOT internal", few))
    done = incidents("--db", small, "export", tmp_path / "out", "--format", "csv")
    assert done.exit_code == 0, done.stderr
    assert f"incidents,{len(records())}\n" in done.stdout
    frame = pd.read_parquet(tmp_path / "out" / "incidents.parquet")
    assert frame["killed"].sum() == sum(row["killed"] for row in records())
    words = parquet.read_table(tmp_path / "out" / "columns.parquet").to_pylist()
    assert all(row["meaning"] and row["meaning_of_table"] for row in words)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"columns", "coverage", "incidents"}
    with Store(small, locked=True) as store:
        assert {row["table"] for row in words} == {
            name for (name,) in store.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal")
        }
    assert incidents("--db", small, "export", tmp_path / "out").exit_code == 2


@pytest.mark.usefixtures("unchanging")
def test_an_answer_as_sqlite(small: Path, tmp_path: Path) -> None:
    """Numbers are numbers, days and times ISO text, lists JSON, and text is what it was."""
    assert incidents("--db", small, "export", tmp_path / "x.sqlite", VALUES).exit_code == 0
    rows = sqlite3.connect(tmp_path / "x.sqlite").execute("select * from answer").fetchall()
    assert rows[0] == ("=1+1", 1, 1.5, "2021-12-03", "2021-12-03 10:11:12", 1, '["a"]', 2.5)
    assert rows[1][:4] == ("http://x", None, None, "1850-01-01")


@pytest.mark.usefixtures("unchanging")
def test_an_answer_as_excel(small: Path, tmp_path: Path) -> None:
    """Days are days, numbers numbers, text is never a formula or a link, and the same rows make the same bytes."""
    for name in ("a.xlsx", "b.xlsx"):
        assert incidents("--db", small, "export", tmp_path / name, VALUES).exit_code == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["answer"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("text", "whole", "number", "day", "at", "yes", "items", "exact")
    assert rows[1] == ("=1+1", 1, 1.5, datetime(2021, 12, 3), datetime(2021, 12, 3, 10, 11, 12), True, '["a"]', 2.5)  # noqa: DTZ001
    assert rows[2][:4] == ("http://x", None, None, "1850-01-01")
    assert sheet["A2"].data_type == "s"
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.usefixtures("unchanging")
def test_what_does_not_fit_is_told(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many rows or too long a text for Excel end with an error and no file."""
    monkeypatch.setattr(exports, "EXCEL_ROWS", 10)
    database = analytics.open(small)
    with pytest.raises(OutputError, match="more than the 10 rows of an Excel sheet"):
        exports.export(database, tmp_path / "x.xlsx", {"many": "from range(11)"})
    with pytest.raises(OutputError, match="longer than the 32,767 characters"):
        exports.export(database, tmp_path / "x.xlsx", {"long": "select repeat('x', 32768)"})
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_changes_meanwhile_is_not_exported(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of two states of the database are not put side by side."""
    states = iter([[{"loads": 1}], [{"loads": 2}]])
    monkeypatch.setattr(exports, "_state", lambda database: next(states))
    with pytest.raises(StoreError, match="changed while it was exported"):
        exports.export(analytics.open(small), tmp_path / "out", {"one": "select 1"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unchanging")
def test_extras_that_are_missing_are_named(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Polars or xlsxwriter the error says what to install."""
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(OptionError, match=r"incident-analytics\[polars\]"):
        analytics.open(small).sql("select 1").polars()
    with pytest.raises(OptionError, match=r"incident-analytics\[excel\]"):
        exports.export(analytics.open(small), tmp_path / "x.xlsx", {"one": "select 1"})

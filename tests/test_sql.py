"""`incidents sql`: what anyone may ask, what nobody may do, and the limits that hold."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from analytics import output
from analytics.errors import AnalyticsError, LimitError, OptionError, QueryError, StoreError
from analytics.query.child import Cut
from analytics.query.process import Outcome, Worker
from analytics.query.request import Limits, Request, size, sized
from analytics.store import Question, Store
from tests.conftest import ROOT
from tests.desk import incidents

pytest_plugins = ["tests.databases"]

MEMORY = 200 * 10**6


def ask(database: Path, sql: str, form: str = "csv", **given: object) -> tuple[bytes, Outcome]:
    """The bytes of an answer and how it ended; further arguments are limits, or parts of the request."""
    parts = {name: given.pop(name) for name in ("parameters", "explain") if name in given}
    request = Request(database=str(database), sql=sql, form=form, limits=Limits(**given), **parts)  # type: ignore[arg-type]
    heard: list[bytes] = []
    with Worker() as worker:
        outcome = worker.ask(request, heard.append)
    return b"".join(heard), outcome


CHANGES = [
    "insert into load select * from load", "create table x (i integer)", "create temp table x (i integer)", "create view x as select 1",
    "create macro x() as 1", "create secret (type s3)", "delete from load", "update load set file = 'x'", "drop view incidents",
    "truncate load", "alter table load add column x integer", "comment on table load is 'x'", "begin", "checkpoint", "vacuum", "analyze",
    "merge into load using load as x on true when matched then delete",
    "copy load to '{folder}/x.csv'", "copy (select 1) to '{database}'", "copy (select 1) to '{database}.wal'", "copy load from '/etc/hostname'",
    "explain analyze copy (select 1) to '{database}.wal'", "explain (analyze) copy (select 1) to '{database}.wal'",
    "export database '{folder}/x'", "import database '{folder}/x'",
    "attach '{folder}/x.duckdb'", "attach ':memory:' as x", "detach incidents", "use x",
    "install httpfs", "load icu", "update extensions",
    "set threads = 1", "set variable x = 1", "reset memory_limit", "set lock_configuration = false", "set enable_external_access = true",
    "pragma enable_profiling", "pragma memory_limit = '10GB'", "pragma table_info('load')", "call checkpoint()", "call enable_logging()",
    "prepare x as select 1", "execute x", "deallocate x",
    "select 1; select 2", "select 1; drop table load", "; ;",
    "with x as (copy (select 1) to '{database}.wal') select 1", "with x as materialized (copy (select 1) to '{database}.wal') from x",
    "with x as (insert into load select * from load returning *) from x", "with x as (delete from load returning *) from x",
    "explain analyze with x as (copy (select 1) to '{database}.wal') select 1", "(with x as (copy (select 1) to '{database}.wal') select 1)",
    "with x as (copy (select 1) to '{database}.wal') pivot load on kind using count(*)",
    "pivot (with x as (copy (select 1) to '{database}.wal') from load) on kind using count(*)",
    "explain analyze with x as (copy (select 1) to '{database}.wal') pivot load on kind using count(*)",
    "summarize with x as (copy (select 1) to '{database}.wal') select 1", "describe with x as (copy (select 1) to '{database}.wal') select 1",
    "from query('with x as (copy (select 1) to ''{database}.wal'') select 1')", "explain explain analyze copy (select 1) to '{database}.wal'",
]  # fmt: skip
"""Statements that are refused for what they are; {database} is the database's own file."""

READS = [
    "from read_csv('/etc/hostname')", "from glob('/*')", "from '/etc/hostname'", "from read_parquet('x.parquet')",
    "from read_json('x.json')", "from sniff_csv('/etc/hostname')", "from parquet_metadata('x')", "from read_csv('https://localhost/x')",
    "from 'https://localhost/x.parquet'", "select getenv('HOME')", "from query('copy load to ''x''')", "from enable_logging()",
    "from enable_profiling()", "from python_map_function(1)", "from pandas_scan(1)", "from store", "from sys",
]  # fmt: skip
"""Queries that the locks of the connection stop: files, addresses, the environment, settings, what Python has."""

OWN_FILE = [
    "from read_text('{database}')", "from read_blob('{database}')", "from '{database}'",
    "from read_duckdb('{database}', table_name := 'load')", "from read_csv('{database}.wal')",
]  # fmt: skip
"""Queries for the database's own file, which those locks leave open, and the confined process does not."""


def test_what_may_change_something_is_refused(small: Path, tmp_path: Path) -> None:
    """Every statement but a query is refused for its kind, however it is dressed up, before anything is done."""
    before = small.read_bytes()
    with Store(small, locked=True) as store:
        for sql in CHANGES:
            with pytest.raises(QueryError):
                Question(store, sql.format(folder=tmp_path, database=small))
            assert not Path(f"{small}.wal").exists(), sql
    assert small.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_what_is_outside_the_database_is_locked(small: Path) -> None:
    """Files, addresses, the environment, settings and Python's variables are out of reach of a query."""
    for sql in READS:
        with Store(small, locked=True) as store, pytest.raises(QueryError):
            list(Question(store, sql).rows())


@pytest.mark.parametrize("sql", [*OWN_FILE, READS[0], READS[-1], *CHANGES[-13:-10]])
def test_nothing_but_the_answer_leaves_the_process(small: Path, sql: str) -> None:
    """In the process that answers no file can be opened, the database's own neither, and none is written."""
    with pytest.raises(QueryError):
        ask(small, sql.format(database=small))
    assert not Path(f"{small}.wal").exists()


def test_what_would_write_finds_no_file(small: Path) -> None:
    """Were a statement that writes taken for a query, the process could still open no file, and write none."""
    script = (
        "import sys; from analytics.query.child import confine; from analytics.query.request import Limits; from analytics.store import Store\n"
        "store = Store(sys.argv[1], locked=True); confine(Limits())\n"
        "try: store.run(f\"copy (select 1) to '{sys.argv[1]}.wal'\")\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(small)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Too many open files" in done.stdout
    assert not Path(f"{small}.wal").exists()


def test_the_process_has_no_environment(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the environment is not in that of the process that answers."""
    monkeypatch.setenv("A_SECRET", "hunter2")
    environ = Path(f"/proc/{(worker := Worker())._process.pid}/environ")
    try:
        text = environ.read_bytes() if environ.exists() else pytest.skip("needs /proc")
    finally:
        worker.close()
    assert b"hunter2" not in text
    assert b"PATH=" not in text.replace(b"LD_LIBRARY_PATH=", b"")


def test_what_a_locked_query_can_still_ask(small: Path) -> None:
    """Queries of every shape are answered: SELECT, FROM, WITH, VALUES, TABLE, PIVOT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN."""
    with Store(small, locked=True) as store:
        for sql in (
            "select 1", "from load limit 1;", "with a as (select 1) from a -- done", "values (1)", "table load", "describe load", "show tables",
            "pivot incidents on region_id using count(*)", "from (pivot load on kind in ('regions') using count(*))", "summarize load",
            "explain select 1; -- why", "explain analyze select 1",
            "from query('select 1')", "/* ä */ select 'é;' ; -- ö",
        ):  # fmt: skip
            assert list(Question(store, sql).rows()), sql


RUNAWAYS = [
    "select count(*) from range(1000000) a, range(1000000) b, range(1000) c where a.range + b.range = c.range",
    "with recursive r as (select 1 as i union all select i + 1 from r) select max(i) from r",
    "select length(lpad('x', 2000000000, 'y'))",
]
GLUTTONS = [
    "select list(range) from range(1000000000)",
    "select i, repeat('x', 1000) || i as s from range(1000000) r(i) order by s desc",
    "with recursive r as (select 'x' as s union all select s || s from r) select max(length(s)) from r",
    "select length(string_agg(repeat('x', 1000000), '')) from range(1000)",
    "select count(distinct i::varchar || repeat('x', 100)) from range(10000000) r(i)",
]


@pytest.mark.parametrize("sql", RUNAWAYS)
def test_a_query_without_end_is_stopped_by_time(small: Path, sql: str) -> None:
    """Cross joins, recursion and one huge string end at the limit of time, at once and with one line."""
    began = time.monotonic()
    with pytest.raises(
        LimitError, match=r"longer than 1\.5 s and was stopped; --timeout allows more|needs more than"
    ) as caught:
        ask(small, sql, seconds=1.5)
    assert time.monotonic() - began < 5
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sql", GLUTTONS)
def test_a_query_that_needs_too_much_memory_is_stopped(small: Path, sql: str) -> None:
    """Huge lists, sorts, recursion, strings and distinct counts end at the limit of memory, with one line."""
    with pytest.raises(
        LimitError, match=r"needs more than 200 MB of memory and was stopped; --memory allows more|longer than"
    ):
        ask(small, sql, memory=MEMORY, seconds=8)


def test_impossible_strings_are_refused(small: Path) -> None:
    """A string of ten billion letters ends with the database's own words."""
    with pytest.raises(QueryError, match="Out of Range"):
        ask(small, "select repeat('x', 10000000000)")


SORT = "select count(*) from (select i, repeat('x', 200) || i as s from range(1500000) r(i) order by s desc, i limit 1400000)"


def test_temporary_disk_is_used_only_where_allowed(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit into memory is answered with --disk, stopped where the disk is too small, and leaves no file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(LimitError, match="needs more than 200 MB of memory and was stopped"):
        ask(small, SORT, memory=MEMORY)
    with pytest.raises(LimitError, match="200 MB of memory and 20 MB of disk and was stopped"):
        ask(small, SORT, memory=MEMORY, disk=20 * 10**6)
    assert ask(small, SORT, memory=MEMORY, disk=2 * 10**9)[0] == b"count_star()\n1400000\n"
    assert list(tmp_path.iterdir()) == []


def test_the_row_cap_is_announced(small: Path) -> None:
    """A table is cut after a thousand rows and says so, with -q too; other formats are cut only when asked."""
    table = incidents("--db", small, "-q", "sql", "from range(1001)")
    assert len(table.stdout.splitlines()) == 1002
    assert table.stderr == "there are more rows than the 1,000 shown; --max-rows 0 gives all\n"
    assert incidents("--db", small, "sql", "from range(1000)").stderr == ""
    lines = incidents("--db", small, "sql", "from range(5000)", "--format", "jsonl")
    assert (len(lines.stdout.splitlines()), lines.stderr) == (5000, "")
    for form in ("csv", "jsonl", "parquet"):
        cut = incidents("--db", small, "sql", "from range(5000)", "--format", form, "--max-rows", "2500")
        assert "more rows than the 2,500 shown" in cut.stderr


def test_cutting_counts_rows() -> None:
    """Rows pass up to the limit, over the edges of batches; exactly as many as the limit are not more."""
    for limit, given, more in ((0, 5, False), (1, 1, True), (3, 3, True), (4, 4, True), (5, 5, False), (6, 5, False)):
        cut = Cut(limit)
        assert [row for batch in cut.of([[1, 2, 3], [4, 5]]) for row in batch] == [1, 2, 3, 4, 5][:given]
        assert (cut.given, cut.more) == (given, more)


VALUES = """
select * from (values
    ('plain', 1.5::double, 1, true, date '2021-12-03', timestamp '2021-12-03 10:11:12.5', ['a', 'b'], 2.50::decimal(9, 2), 'x'::blob),
    ('quote " comma, tab' || chr(9) || 'line' || chr(10) || 'end', 'nan', -2, false, date '0025-01-01', timestamp '2021-12-03', [], 0, ''),
    ('', 'inf', 9007199254740993, null, null, 'infinity', null, null, null),
    (null, 1e-9, null, true, date '9999-12-31', null, [null], -1, null)
) as t("text", number, whole, yes, day, "moment, or not", items, exact, bytes)"""


def test_separated_values_are_exact(small: Path) -> None:
    """What a reader of CSV gets back is what the database holds; null and NaN are empty."""
    text = ask(small, VALUES)[0].decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [
        ["text", "number", "whole", "yes", "day", "moment, or not", "items", "exact", "bytes"],
        ["plain", "1.5", "1", "true", "2021-12-03", "2021-12-03 10:11:12.5", '["a","b"]', "2.50", "x"],
        ['quote " comma, tab\tline\nend', "", "-2", "false", "0025-01-01", "2021-12-03 00:00:00", "[]", "0.00", ""],
        ["", "inf", "9007199254740993", "", "", "infinity", "", "", ""],
        ["", "1e-09", "", "true", "9999-12-31", "", "[null]", "-1.00", ""],
    ]


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_the_database_separates_values_as_other_commands_do(small: Path, form: str) -> None:
    """Lines put together by the database are, byte for byte, those that `output` makes of the same values."""
    query = (
        "select s, s || ',x' as t, i, i / 7.0::double as d, i % 2 = 0 as b, date '2020-01-01' + i::int as day from "
        "(values (''), ('a'), ('a' || chr(9) || 'b'), ('\"'), (chr(13)), (chr(10)), ('é'), (null), (' ')) v(s), range(-3, 4) r(i)"
    )
    for sql in (query, f"select s from ({query})"):  # noqa: S608 - a test's own SQL
        with Store(small, locked=True) as store:
            question = Question(store, sql)
            rows = list(question.rows())
        with Store(small, locked=True) as store:
            lines = "".join(line for batch in Question(store, sql).lines(output.SEPARATORS[form]) for line in batch)
        header = output.separated_header([column.name for column in question.columns], output.SEPARATORS[form])
        names = [column.name for column in question.columns]
        ours = output.Rows(names=names, numeric=[False] * len(names), batches=list(output.plain_rows(rows)))
        assert header + lines == "".join(output.pieces(ours, form))


@pytest.mark.parametrize("form", ["table", "vertical", "markdown", "html", "json", "jsonl"])
def test_every_text_format_has_the_values(small: Path, form: str) -> None:
    """Each format shows the same values; nothing but text is in the page of html."""
    text = ask(small, "select 'a<b>' as \"na|me\", 12345.0::double as n, now() > timestamp '2020-01-01' as yes", form)[
        0
    ].decode()
    assert "12,345" in text or "12345.0" in text
    assert ("a&lt;b&gt;" if form == "html" else "a<b>") in text
    assert "<b>" not in text or form != "html"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_keep_their_order(small: Path, form: str) -> None:
    """The order that a query asks for is that of the answer, over many batches and threads."""
    lines = ask(small, "select i from range(100000) r(i) order by hash(i), i", form)[0].decode().splitlines()
    sorted_again = ask(small, "select list(i order by hash(i), i) as l from range(100000) r(i)", "jsonl")[0]
    numbers = [int(line.removeprefix('{"i": ').removesuffix("}")) for line in lines if line != "i"]
    assert numbers == json.loads(sorted_again)["l"]


def test_parquet_has_types(small: Path) -> None:
    """Parquet of a query has whole sums as integers, days as days, times in UTC, and lists as lists."""
    from pyarrow import parquet

    sql = "select sum(1) as n, date '2021-12-03' as day, now() as at, ['a'] as items, 1.5::decimal(9, 2) as d, null as gone, interval 1 day as i"
    table = parquet.read_table(io.BytesIO(ask(small, sql, "parquet")[0]))
    assert table.schema.field("n").type == pa.int64()
    assert table.schema.field("at").type == pa.timestamp("us")
    row = table.drop_columns("at").to_pylist()[0]
    assert row == {"n": 1, "day": date(2021, 12, 3), "items": ["a"], "d": Decimal("1.50"), "gone": None, "i": "1 day"}


def test_a_query_may_come_from_a_file(small: Path, tmp_path: Path) -> None:
    """--file reads the query; a missing file is said to be missing."""
    (tmp_path / "q.sql").write_text("-- one\nselect 1 as x;\n")
    assert incidents("--db", small, "sql", "--file", tmp_path / "q.sql", "--format", "csv").stdout == "x\n1\n"
    gone = incidents("--db", small, "sql", "--file", tmp_path / "gone.sql")
    assert gone.exit_code == 3
    assert "cannot read the query" in gone.stderr


def test_a_plan_is_shown_as_it_is(small: Path) -> None:
    """--explain and EXPLAIN print the plan, line by line, and compute nothing."""
    for words in (("from range(1000000000000) order by 1", "--explain"), ("explain from range(3)",)):
        done = incidents("--db", small, "sql", *words)
        assert (done.exit_code, "RANGE" in done.stdout.upper()) == (0, True)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1, "INTEGER"), (1.5, "DOUBLE"), (True, "BOOLEAN"), ("x", "VARCHAR"), (date(2021, 12, 3), "DATE"), (Decimal("1.5"), "DECIMAL(2,1)")],
)  # fmt: skip
def test_parameters_keep_their_types(small: Path, value: object, kind: str) -> None:
    """A value reaches the database as what it is in Python."""
    text = ask(small, "select typeof($v) as kind, $v as v", "json", parameters={"v": value})[0]
    assert json.loads(text)[0]["kind"] == kind


def test_what_is_no_value_is_refused(small: Path) -> None:
    """An object of another kind is named in the error, before anything is asked."""
    with pytest.raises(OptionError, match="a parameter is <object"):
        ask(small, "select $v", parameters={"v": object()})


def test_requests_travel_whole() -> None:
    """What the process reads is what was asked."""
    request = Request(
        database="x", sql="select ';\n'", form="csv", explain=True, limits=Limits(seconds=3, rows=5),
        parameters={"d": date(2021, 12, 3), "n": None, "s": "é\n", "x": Decimal("1.50"), "l": [1, "a"]},
    )  # fmt: skip
    assert Request.from_json(request.to_json()) == request
    assert "\n" not in request.to_json()


@pytest.mark.parametrize(("text", "count"), [("2GB", 2 * 10**9), ("500 mb", 5 * 10**8), ("0", 0), ("1.5kb", 1500)])
def test_sizes_are_read(text: str, count: int) -> None:
    """Sizes are written as people do, and read back."""
    assert size(text) == count == size(sized(count))


def test_limits_check_themselves(small: Path) -> None:
    """A size that is none, too little memory and a negative time are option errors."""
    for words in (("--memory", "much"), ("--memory", "1MB"), ("--timeout", "-1")):
        done = incidents("--db", small, "sql", "select 1", *words)
        assert done.exit_code == 2, words


def test_a_missing_or_foreign_database_is_told(tmp_path: Path) -> None:
    """What cannot be opened is a StoreError, as for every command."""
    with pytest.raises(StoreError, match="no database at"):
        ask(tmp_path / "gone.duckdb", "select 1")
    (tmp_path / "x.duckdb").write_text("not a database, and long enough to look at " * 100)
    with pytest.raises(StoreError, match="is not a DuckDB database"):
        ask(tmp_path / "x.duckdb", "select 1")


def test_who_holds_the_lock_is_told(blank_path: Path, tmp_path: Path) -> None:
    """While a load writes, a query is refused in one line with the process and its command."""
    path = tmp_path / "held.duckdb"
    path.write_bytes(blank_path.read_bytes())
    with Store(path) as store:
        store.run("BEGIN")
        done = incidents("--db", path, "sql", "select 1")
    assert done.exit_code == 4
    assert re.search(rf"is in use by .+ \(process {os.getpid()}\); close it there", done.stderr)
    assert done.stderr.count("\n") == 1
    assert incidents("--db", path, "sql", "select 1 as x", "--format", "csv").stdout == "x\n1\n"


def test_a_query_does_not_block_the_next_load(small: Path) -> None:
    """Once the answer is there, the database is free for writing."""
    with Worker() as worker:
        worker.ask(Request(database=str(small), sql="from incidents", form="csv"), lambda chunk: None)
        Store(small).close()


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def endless(small: Path) -> Iterator["subprocess.Popen[str]"]:
    """`incidents sql` at a query that does not end."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    words = [sys.executable, "-m", "analytics", "--db", str(small), "sql", RUNAWAYS[0], "--timeout", "60"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    found = []
    while not found:
        time.sleep(0.05)
        found = [
            int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()
        ]
    time.sleep(0.5)
    return found


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_stopped_command_leaves_no_query_behind(endless: "subprocess.Popen[str]", sent: int, code: int) -> None:
    """Ctrl-C ends the query with exit code 130; even where the command is killed, its query ends."""
    (child,) = children(endless.pid)
    os.kill(endless.pid, sent)
    _, words = endless.communicate(timeout=10)
    assert endless.returncode == code
    assert words == ("incidents: stopped\n" if sent == signal.SIGINT else "")
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


def test_errors_carry_the_exit_codes_that_are_documented(small: Path) -> None:
    """A limit ends with 8, failing SQL with 5, and both are in the help."""
    assert incidents("--db", small, "sql", RUNAWAYS[1], "--timeout", "0.7").exit_code == 8
    assert incidents("--db", small, "sql", "selec").exit_code == 5
    assert "  8   a query was stopped" in incidents("--help").stdout
    assert issubclass(LimitError, AnalyticsError)

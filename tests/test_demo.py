"""The demo: the effects injected into the bundled records are found, and what it shows says that it is simulated."""

import csv
import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.bundled import bundled
from analytics.panel import Status
from analytics.pipeline import demo
from analytics.store import Store
from tests.browsers import NEEDS_BROWSER, check_drawn, opening, work_controls
from tests.desk import CLOCK, Demo, incidents

pytest_plugins = ["tests.databases"]

with bundled("data/simulated_truth.csv").open(encoding="utf-8") as file:
    TRUTH = {row["effect_id"]: row for row in csv.DictReader(file)}

WITHIN = {"spike-basra": 0, "shift-anbar": 2, "ramp-diyala": 4, "ramp-kirkuk": 5, "ramp-salah-al-din": 5}
"""Weeks after its start within which an effect must be flagged; 0 is the week itself."""


@pytest.mark.parametrize(("effect", "weeks"), WITHIN.items())
def test_an_injected_effect_is_flagged_soon(demonstration: Demo, effect: str, weeks: int) -> None:
    """The region of each injected effect is flagged within a few weeks of its start, and not by a flag before it."""
    start = pd.Timestamp(TRUTH[effect]["from"])
    flags = demonstration.made.analysis.flags
    mine = flags[flags["region_id"] == TRUTH[effect]["regions"]]
    assert ((mine["week"] >= start) & (mine["week"] <= start + pd.Timedelta(weeks=weeks))).any(), mine["week"].tolist()


def test_hardly_anything_else_is_flagged(demonstration: Demo) -> None:
    """At most two flags are outside the regions and weeks of injected effects."""
    recent = [row for row in TRUTH.values() if row["kind"] in ("ramp", "spike", "level shift")]
    flags = demonstration.made.analysis.flags
    injected = [
        any(row["regions"] == flag.region_id and row["from"] <= str(flag.week.date()) <= row["until"] for row in recent)
        for flag in flags.itertuples()
    ]
    assert injected.count(False) <= 2, flags[[not one for one in injected]][["week", "region", "observed", "expected"]]


def test_the_page_says_first_that_it_is_simulated(demonstration: Demo) -> None:
    """The word stands at the top of the page, in the headline and in the JSON beside it."""
    page = demonstration.made.path.read_text(encoding="utf-8")
    body = re.sub(r"<(style|script).*?</\1>", "", page[page.index("<body") :], flags=re.S)
    text = " ".join(re.sub(r"<[^>]+>", " ", body).split())
    assert "simulated" in text[:300].lower()
    assert "simulated incidents" in demonstration.made.content.headline
    assert (
        json.loads((demonstration.folder / "demo_2022-01-02_flags.json").read_text(encoding="utf-8"))["simulated"]
        is True
    )


def test_unreported_weeks_are_unknown_and_not_peace(demonstration: Demo) -> None:
    """Maysan's unreported stretch is unknown in the panel, the chart's data, the judgement and the headline."""
    truth = TRUTH["unreported-maysan"]
    analysis, content = demonstration.made.analysis, demonstration.made.content
    column = analysis.panel.region_ids.index("IQ-MA")
    weeks = pd.date_range(truth["from"], truth["until"], freq="7D")
    rows = [analysis.panel.index_of(week.date()) for week in weeks]
    assert len(rows) == 10
    assert (analysis.panel.status[rows, column] == Status.UNKNOWN).all()
    assert pd.isna(analysis.panel.values[rows, column]).all()
    with Store(demonstration.folder / "simulated.duckdb", locked=True) as store:
        chart = store.frame(content.sql["chart"])
    chart = chart[(chart["region_id"] == "IQ-MA") & (chart["status"] != "known")]
    assert chart["week"].dt.date.tolist() == [week.date() for week in weeks]
    assert chart["value"].isna().all()
    streams = analysis.streams[(analysis.streams["region_id"] == "IQ-MA") & analysis.streams["week"].isin(weeks)]
    assert (streams["status"] == "not judged").all()
    assert "Not reported, and so unknown rather than quiet: Maysan (10 weeks)" in content.headline


def test_the_toll_of_the_founding_case_at_two_moments(demonstration: Demo) -> None:
    """On the database that the demo leaves, the attacks of 2 December 2021 killed ten as first known, then thirteen."""
    query = "select killed from incidents_as_of(cast($at as timestamp)) where occurred_on = '2021-12-02'"
    ask = ("--db", demonstration.folder / "founding.duckdb", "sql", query, "--format", "csv", "--param")
    assert incidents(*ask, "at=2021-12-03 00:00:00").stdout == "killed\n10\n"
    assert incidents(*ask, "at=2021-12-04").stdout == "killed\n13\n"
    current = incidents(*ask[:3], "select killed from incidents where occurred_on = '2021-12-02'", "--format", "csv")
    assert current.stdout == "killed\n13\n"


def test_the_page_of_the_founding_case_holds_both_versions(demonstration: Demo) -> None:
    """The page has the first and the corrected figures, and does not call them simulated."""
    page = demonstration.page.read_text(encoding="utf-8")
    sentence = (
        "two attacks killed 13 people, 10 Peshmerga and 3 civilians, and wounded 4; first reports had 10 dead (7 and 3). "
        "In the days before, 8 Peshmerga were killed in three days in the Kifri area of Diyala."
    )
    assert sentence in page
    tables = re.findall(r"<tr.*?</tr>", page, flags=re.S)
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in tables]
    assert any({"10", "7", "3"} <= set(row) and "Peshmerga" in row for row in rows)
    assert any({"13", "10", "3", "4"} <= set(row) and "Peshmerga" in row for row in rows)
    assert "simulated records" not in page.lower()


def test_a_demo_twice_is_the_same_bytes(demonstration: Demo, tmp_path: Path) -> None:
    """A demo at another hour, in a folder where an earlier one left its databases, writes the same pages and tables."""
    for database in ("simulated.duckdb", "founding.duckdb"):
        shutil.copy(demonstration.folder / database, tmp_path)
    made, page = demo(tmp_path, loaded_at=CLOCK.replace(hour=3))
    for name in (page.name, *(path.name for path in demonstration.folder.glob(f"{made.path.stem}*"))):
        assert (tmp_path / name).read_bytes() == (demonstration.folder / name).read_bytes(), name
    assert str(tmp_path) not in made.path.read_text(encoding="utf-8")


@NEEDS_BROWSER
def test_every_control_of_the_demo_works_in_a_browser(browser: Any, demonstration: Demo) -> None:
    """Opened offline, it asks for nothing and complains of nothing, all is drawn, and each control does its work."""
    with opening(browser, demonstration.made.path) as state:
        check_drawn(state, regions=18, charts=demonstration.made.content.flags["region_id"].nunique())
        work_controls(state)


def test_the_demo_is_of_the_end_of_2021(demonstration: Demo) -> None:
    """The bundled report looks back half a year from the end of 2021."""
    analysis = demonstration.made.analysis
    assert (analysis.panel.to, analysis.last) == (date(2022, 1, 2), date(2021, 12, 27))
    assert (analysis.last - analysis.first).days == 25 * 7

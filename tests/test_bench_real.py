"""The study of real records, small: on simulated counts whose escalations are known, and on the records where they are."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.panel import Panel, Status
from analytics.pipeline.analysis import count
from analytics.settings import Settings
from analytics.store import Store, as_of_default
from analytics.weeks import week_range
from tests.benchmarks import bench_floors, bench_real, real_study
from tests.benchmarks.real_study import AS_DEFINED, DEFINITIONS, RULES, Raised, Study, candidates, less, study
from tests.conftest import ROOT

pytest_plugins = ["tests.databases"]

BEGIN, YEARS = date(2001, 1, 1), 9
SPLIT = BEGIN + timedelta(weeks=52 * 7)


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Six regions over nine years, with a build-up of twelve weeks in each second year of each."""
    rng = np.random.default_rng(29)
    weeks = week_range(BEGIN, BEGIN + timedelta(weeks=52 * YEARS - 1))
    mean = np.tile([0.1, 0.3, 0.6, 1.0, 2.0, 4.0], (len(weeks), 1))
    for region in range(6):
        for year in range(1 + region % 2, YEARS, 2):
            start = 52 * year + int(rng.integers(35))
            mean[start : start + 12, region] *= 1.25 ** np.arange(1, 13)
    values = rng.poisson(mean).astype(np.float64)
    names = tuple("ABCDEF")
    status = np.full(values.shape, Status.KNOWN, dtype=np.uint8)
    return Panel(weeks=weeks, region_ids=names, region_names=names, values=values, status=status)


@pytest.fixture(scope="module")
def small(panel: Panel) -> Study:
    """The last two years, judged by the default method."""
    return study(panel, SPLIT, candidates(["auto"]), resamples=50)


def test_methods_are_compared_at_the_same_number(small: Study) -> None:
    """As many flags, or as many episodes, of each method, unless it has fewer in all."""
    for name in ("auto, the week, q", "mean-sd"):
        few = int((small.cells[name]["week"] >= pd.Timestamp(SPLIT)).sum())
        assert small.at(name, 10).number == min(10, few)
        assert len(small.of_episodes(name, 5).firsts) >= 5


def test_who_knows_what_comes_is_always_right(small: Study) -> None:
    """Flags of the weeks that were followed have a precision of 1 in every draw, and flags of all others of 0."""
    outcome = small.truth.outcome
    for hit in (1, 0):
        rows, columns = np.nonzero(outcome == hit)
        cells = pd.DataFrame({
            "week": small.panel.weeks[rows].astype("datetime64[s]"), "region_id": [small.panel.region_ids[one] for one in columns],
            "region": "", "measure": "incidents", "observed": 1.0, "expected": 1.0, "excess": 0.0, "level": "watch",
        })  # fmt: skip
        told = small.raised(cells[cells["week"] >= pd.Timestamp(SPLIT)])
        value, draws = told.precision()
        assert value == hit
        assert (draws[~np.isnan(draws)] == hit).all()
    assert (less(told.precision(), told.precision())[1][~np.isnan(draws)] == 0).all()


def test_the_page_is_made_of_tuned_and_reported_years(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small study goes from tuning to the sentences; and what comes after the split changes nothing that was tuned."""
    some = {name: DEFINITIONS[name] for name in (AS_DEFINED, "8 weeks after")}
    few = {
        "TUNED": (1.0,),
        "RATES": (1.0,),
        "EPISODES": (3, 4),
        "RULES": ("hdx-maximum", "mean-sd"),
        "DEFINITIONS": some,
    }
    for name, value in few.items():
        monkeypatch.setattr(bench_real, name, value)
    for name, value in {
        "RULES": few["RULES"],
        "ORDERS": ("q",),
        "FLOORS": {"the week": {}},
        "DEFINITIONS": some,
    }.items():
        monkeypatch.setattr(real_study, name, value)
    changed = panel.values.copy()
    changed[52 * 7 :] += 3
    one, other = (
        bench_real.sections({"all": counts}, BEGIN + timedelta(weeks=208), SPLIT, ["auto"], resamples=20)
        for counts in (panel, replace(panel, values=changed))
    )
    tuned = list(islice(one, 4))
    assert tuned == list(islice(other, 4))
    assert "## Reported" in next(one)
    assert "## What it says" in list(one)


def test_the_real_page_is_what_the_records_say(iraq: Path) -> None:
    """The default policy's line in docs/evidence-real.md, and the example in README.md, are what the records give."""
    with Store(iraq, read_only=True) as store:
        panel = count(store, Settings(), to=bench_real.TO, as_of=as_of_default(store))
    name = "auto, the week, q"
    own = bench_real.at_policy(study(panel, bench_real.SPLIT, {name: candidates(["auto"])[name]}), name)
    line = bench_real.main_table({"ours, auto": own}).splitlines()[-1]
    assert line in (ROOT / "docs" / "evidence-real.md").read_text(encoding="utf-8")
    found = own.escalations["found"].value_counts()
    for words in (
        f"{own.number} flags in {len(own.firsts)} episodes",
        f"Of the first flags of {len(own.followed())} episodes, {own.followed()['hit'].sum():.0f} were followed",
        f"Of {found.sum()} escalations {found['in time']} were flagged at or before their onset, {found['late']} later and {found['missed']} not",
    ):
        assert words in (ROOT / "README.md").read_text(encoding="utf-8")


def test_rules_and_ours_are_all_there(small: Study) -> None:
    """Each of our candidates and each rule has cells, and the policy's own flags are among the default's."""
    assert list(small.cells) == [*candidates(["auto"]), *RULES]
    own = bench_real.at_policy(small, "auto, the week, q")
    assert isinstance(own, Raised)
    assert own.number > 0
    assert 0 <= own.value(AS_DEFINED) <= 1


def test_build_ups_that_are_never_flagged_and_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two draws: no flag finds nothing after all weeks; all weeks flagged find it in the first, and are false elsewhere."""
    ours = {name: one for name, one in candidates(["auto"]).items() if name == "auto, the week, q"}
    q, event, other = bench_floors.q_values(ours, 5, 2)
    assert event.any(axis=0).sum() == 2
    assert (event.sum(axis=0).max(), (~other).any(axis=0).sum()) == (14, 2)
    monkeypatch.setattr(bench_floors, "QUIET", 10.0)
    none, every = (bench_floors.measured(np.full(event.shape, all_), event, other) for all_ in (False, True))
    assert [figure.split()[0] for figure in none[:3]] == ["0.00", "0", "14.0"]
    assert [figure.split()[0] for figure in every[:3]] == ["52.00", "100", "1.0"]
    assert (q["auto, the week, q"] <= 0.1).sum() > 0

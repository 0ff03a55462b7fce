"""Feeds that go quiet against their own history: by hand, against scipy, and through the store."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analytics.dropoff import chance_of_none, drop_offs
from analytics.pipeline import analyse
from analytics.pipeline.quality import quality_tables
from analytics.settings import Settings
from analytics.simulate.feeds import dropped
from analytics.store import Store, unload, weekly
from tests.store_files import Row, at, dump, incident, load_rows, reference, xanadu

pytest_plugins = ["tests.databases"]

MONDAY = date(2018, 1, 1)
COVERS = (MONDAY, date(2020, 12, 27))
QUIET = (date(2020, 1, 6), date(2020, 3, 1))
STEADY = [2, 3, 1, 2] * 26
"""Two years of a feed: mean 2, variance 0.5, so that a week without an incident has chance exp(-2)."""


def found(counts: list[int], doubtful: list[bool] | None = None) -> list[tuple[int, int, int]]:
    """First week, weeks and needed weeks of each drop-off, all weeks being known."""
    known = np.ones(len(counts), dtype=bool)
    doubted = known if doubtful is None else np.array(doubtful)
    return [(one.first, one.weeks, one.needed) for one in drop_offs(np.array(counts), known, doubted)]


def test_by_hand() -> None:
    """After 104 weeks of 2 incidents, 110 · exp(-12) = 0.0007 makes six quiet weeks a drop-off, and five (0.005) do not."""
    assert found([*STEADY, *[0] * 5, 2]) == []
    assert found([*STEADY, *[0] * 6, 2]) == [(104, 6, 6)]
    assert found([*STEADY, *[0] * 8]) == [(104, 8, 6)]


def test_what_is_not_judged() -> None:
    """Not without 26 weeks of history, not after a run half as long, not where coverage is believed, not at a war's slow end."""
    assert found([*STEADY[:25], *[0] * 20]) == []
    assert found([*STEADY[:26], *[0] * 20]) == [(26, 20, 6)]
    broken = [*STEADY[:50], 0, 0, 0, 0, *STEADY[:46]]
    assert found([*broken, *[0] * 7]) == []
    assert found([*broken, *[0] * 8])[0][:2] == (100, 8)
    assert found([*STEADY, *[0] * 8], [True] * 104 + [False] * 8) == []
    assert found([*[20] * 104, *[5, 3, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0], *[0] * 6]) == []
    assert found([0] * 200) == []


@pytest.mark.parametrize("counts", [[2, 3, 1, 2], [0, 9, 1, 4, 0, 2], [1, 0, 0, 0, 0, 0, 0, 5]])
def test_chance_of_a_quiet_week(counts: list[int]) -> None:
    """It is scipy's chance of zero: of a Poisson, or of the negative binomial of the same mean and variance."""
    mean, variance = np.mean(counts), np.var(counts, ddof=1)
    law = stats.poisson(mean) if variance <= mean else stats.nbinom(mean**2 / (variance - mean), mean / variance)
    assert chance_of_none(np.array(counts)) == pytest.approx(law.pmf(0), rel=1e-12)  # rounding alone


def test_the_past_alone_decides() -> None:
    """What comes after a silence does not change it, and a silence does not count as history of the next."""
    counts, _ = dropped(np.random.default_rng(3).poisson(4, (160, 1)), 8, seed=1)
    feed = counts[:, 0].tolist()
    assert found(feed) == [(152, 8, found(feed)[0][2])]
    again = [*feed, *STEADY[:8], *[0] * 8]
    assert found(again)[0] == found(feed)[0]
    assert [first for first, _, _ in found(again)] == [152, 168]


def feed_rows() -> list[Row]:
    """Two incidents a week in the North in three years, none in the eight weeks of QUIET."""
    days = [MONDAY + timedelta(days=7 * week + 3 * part) for week in range(156) for part in (0, 1)]
    return [incident(f"i{day}", str(day)) for day in days if not QUIET[0] <= day <= QUIET[1]]


def unknown(store: Store) -> list[str]:
    """Weeks of 2020 that are unknown in the North."""
    rows = weekly(store, first=date(2020, 1, 6), last=COVERS[1])
    return [f"{row.week:%m-%d}" for row in rows.itertuples() if row.region_id == "XA-N" and row.status == "unknown"]


def test_a_feed_that_went_quiet(tmp_path: Path) -> None:
    """The weeks are unknown in weekly, the load says so, and a coverage file that the source did report makes them zeros."""
    did = {"source": "desk", "region_id": "XA-S", "covers_from": str(QUIET[0]), "covers_until": str(QUIET[1])}
    with xanadu(tmp_path / "db") as store:
        report = load_rows(store, tmp_path, feed_rows(), covers=COVERS)
        assert unknown(store) == [f"{QUIET[0] + timedelta(days=7 * week):%m-%d}" for week in range(8)]
        assert report.notes[-1].startswith(
            "desk is silent on Xanadu from 2020-01-06 to 2020-03-01: no incident in 8 weeks, where the 104 known weeks "
            "before had 2.0 a week, none without any; these weeks are unknown now, not zero."
        )
        assert store.rows("SELECT region_id, reported, known_from FROM coverage WHERE basis = 'drop-off'") == [
            ("XA", False, at("2020-02-17"))
        ]
        assert not any("silent" in note for note in load_rows(store, tmp_path, feed_rows(), covers=COVERS).notes)
        stated = reference(store, tmp_path, "coverage", [did])
        assert unknown(store) == []
        unload(store, stated, undone_at=at("2030-01-02"))
        assert len(unknown(store)) == 8


def test_a_report_tells_of_it(tmp_path: Path) -> None:
    """A report's data quality names the silence and why it is not taken for calm, and not before it was known."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, feed_rows(), covers=COVERS, known_at="occurred")
        for as_of, told in ((None, 1), (at("2020-02-10"), 0)):
            analysis = analyse(store, Settings(), first=date(2020, 1, 6), as_of=as_of)
            silences = quality_tables(store, analysis)["Silences taken for no reporting"]
            assert silences["region"].tolist() == ["Xanadu"] * told
            assert all("2.0 a week" in why for why in silences["why"])


def test_late_records_end_it_in_any_order(tmp_path: Path) -> None:
    """Records of the quiet weeks take the marks back, undoing them brings the marks back, and the order of loads is nothing."""
    late = [incident(f"late{day}", day) for day in ("2020-01-15", "2020-02-04", "2020-02-26")]
    states = []
    for name, files in (("there", (feed_rows(), late)), ("back", (late, feed_rows()))):
        with xanadu(tmp_path / name) as store:
            last = [load_rows(store, tmp_path, rows, covers=COVERS, known_at=at("2021-01-01")) for rows in files][-1]
            assert unknown(store) == []
            states.append(dump(store, loads=False)["reporting"])
            if name == "there":
                unload(store, last.load_id, undone_at=at("2030-01-02"))
                assert len(unknown(store)) == 8
    assert states[0] == states[1]


@pytest.mark.parametrize("database", ["simulated", "iraq"])
def test_no_false_alarm(request: pytest.FixtureRequest, database: str) -> None:
    """The bundled feed and UCDP's Iraq of 1989 to 2018, were all in doubt, have no silence that their history makes unlikely."""
    with Store(request.getfixturevalue(database), read_only=True) as store:
        rows = weekly(store, level="country")
    counts = rows.loc[rows["region_id"] == "IQ", "value"].astype(int).tolist()
    assert (len(counts) > 300, found(counts)) == (True, [])

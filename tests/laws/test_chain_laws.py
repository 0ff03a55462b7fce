"""Laws of the chain from records to flags: the future, later knowledge and the order of records change nothing."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.pipeline import Analysis, analyse
from analytics.settings import Settings
from analytics.store import Store
from tests.desk import LAST, RATES, SPIKE, Row, add, record, records

pytest_plugins = ["tests.databases"]

TO = date(2021, 12, 12)
AS_OF = datetime(2021, 12, 13)  # noqa: DTZ001 - the store's times are naive UTC
COVERS = (date(2018, 1, 1), LAST)


def analysed(store: Store, rows: list[Row], folder: Path, name: str, **settings: str) -> Analysis:
    """The judgement at TO and AS_OF after loading *rows* into *store*."""
    add(store, folder / f"{name}.csv", rows, covers=COVERS)
    return analyse(store, Settings(**settings), to=TO, as_of=AS_OF)


def same(one: Analysis, two: Analysis) -> None:
    """Both have the same streams, flags and episodes, to the last bit."""
    pd.testing.assert_frame_equal(one.streams, two.streams, check_exact=True)
    pd.testing.assert_frame_equal(one.flags, two.flags, check_exact=True)
    pd.testing.assert_frame_equal(one.episodes, two.episodes, check_exact=True)


def unseen(seed: int) -> list[Row]:
    """Records that nobody could see at TO and AS_OF: later incidents, later knowledge, and later revisions."""
    rng = np.random.default_rng(seed)
    regions = list(RATES)
    later = [
        record(f"later-{number}", TO + timedelta(days=int(rng.integers(1, 14))), regions[number % 4], known=TO)
        for number in range(40)
    ]
    late = [
        record(
            f"late-{number}", TO - timedelta(days=int(rng.integers(60))), regions[number % 4], known=date(2021, 12, 14)
        )
        for number in range(60)
    ]
    revised = [
        {**row, "known_at": date(2021, 12, 20), "admin1": "Basra", "killed": 99}
        for row in records()
        if row["occurred_on"] > TO - timedelta(days=30) and row["known_at"] <= TO and rng.random() < 0.5
    ]
    return [*later, *late, *revised]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_came_later_changes_no_flag(blank: Store, tmp_path: Path, seed: int) -> None:
    """Weeks after `to`, records known after `as_of` and revisions after it leave streams, flags and episodes as they were."""
    before = analysed(blank, records(), tmp_path, "base")
    after = analysed(blank, unseen(seed), tmp_path, "unseen")
    assert before.flags["region_id"].tolist() == ["IQ-BA"]
    same(before, after)
    seen = analyse(blank, Settings(), to=TO, as_of=datetime(2022, 1, 1))  # noqa: DTZ001
    assert seen.streams["observed"].sum() > before.streams["observed"].sum(), "otherwise the law tests nothing"


def test_shuffled_and_split_records_give_the_same_flags(opened: Store, blank: Store, tmp_path: Path) -> None:
    """Records loaded in another order, in two files, one of them twice, are the same history."""
    rows = records()
    order = np.random.default_rng(9).permutation(len(rows))
    shuffled = [rows[number] for number in order]
    add(blank, tmp_path / "one.csv", shuffled[:500], covers=COVERS)
    add(blank, tmp_path / "two.csv", shuffled[400:], covers=COVERS)
    add(blank, tmp_path / "one.csv", shuffled[:500], covers=COVERS)
    same(analyse(opened, Settings(), to=TO, as_of=AS_OF), analyse(blank, Settings(), to=TO, as_of=AS_OF))


def test_another_regions_incidents_change_no_p(opened: Store, blank: Store, tmp_path: Path) -> None:
    """Incidents in a region that had none change its own p-values and nobody else's; the others' q-values may change."""
    more = [record(f"wasit-{week}", date(2018, 1, 1) + timedelta(weeks=week), "Wasit") for week in range(206)]
    before = analyse(opened, Settings(), to=TO, as_of=AS_OF).streams.set_index(["week", "region_id"])
    after = analysed(blank, records() + more, tmp_path, "more").streams.set_index(["week", "region_id"])
    others = before.index.get_level_values("region_id") != "IQ-WA"
    pd.testing.assert_series_equal(before["p_value"][others], after["p_value"][others], check_exact=True)
    assert (before["observed"][~others] != after["observed"][~others]).all()


def test_an_episode_keeps_its_name_when_the_range_starts_later(opened: Store) -> None:
    """The judged range begins before what is asked for, so an episode's identity does not depend on the question."""
    wide = analyse(opened, Settings(), first=date(2021, 6, 7)).episodes
    narrow = analyse(opened, Settings(), first=SPIKE).episodes
    assert narrow["episode_id"].tolist() == ["IQ-BA/incidents/2021-11-15"]
    assert set(narrow["episode_id"]) <= set(wide["episode_id"])


def test_an_episode_that_began_before_the_range_keeps_its_beginning(blank: Store, tmp_path: Path) -> None:
    """Asked for its second week only, a two-week episode is still named after its first, and the flag is in week 2."""
    again = [record(f"again-{number}", SPIKE + timedelta(days=8), "Basra") for number in range(9)]
    add(blank, tmp_path / "again.csv", records() + again, covers=COVERS)
    second = SPIKE + timedelta(weeks=1)
    found = analyse(blank, Settings(), first=second, to=second + timedelta(days=6))
    assert found.flags[["week", "episode_id", "episode_week"]].to_numpy().tolist() == [
        [pd.Timestamp(second), "IQ-BA/incidents/2021-11-15", 2]
    ]
    assert found.episodes["weeks"].tolist() == [2]


def test_the_weeks_of_a_filter_add_up(opened: Store) -> None:
    """Counts of two filters that exclude each other sum to the counts of all."""
    parts = [analyse(opened, Settings(where=where)).panel.values for where in ("killed >= 2", "killed < 2")]
    np.testing.assert_array_equal(sum(parts), analyse(opened, Settings()).panel.values)

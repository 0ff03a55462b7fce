"""Panels: from a store and from counts, zeros explicit, unknown never zero, nothing changed behind one's back."""

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.errors import InputError, OptionError
from analytics.panel import RETROSPECTIVE, Panel, Status, default_to
from analytics.sources import Mapping
from analytics.store import Store, load
from tests.desk import CLOCK, FIRST, LAST, add, record, records, write_csv

pytest_plugins = ["tests.databases"]

COUNTS = [
    {"region": "North", "week": "2021-01-04", "count": 3, "population": 100},
    {"region": "South", "week": "2021-01-04", "count": 0, "population": 50},
    {"region": "North", "week": "2021-01-18", "count": 5, "population": 110},
    {"region": "South", "week": "2021-01-11", "count": "", "population": ""},
]


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory: pytest.TempPathFactory, blank_path: Path) -> Path:
    """Five incidents in four weeks, one of them imprecise and one nowhere; coverage ends on a Wednesday."""
    folder = tmp_path_factory.mktemp("hand")
    rows = [
        record("a", date(2021, 1, 4), "Diyala"),
        record("b", date(2021, 1, 10), "Diyala"),
        record("c", date(2021, 1, 18), "Kirkuk"),
        {**record("d", date(2021, 1, 1), "Kirkuk"), "date_precision": "month"},
        {**record("e", date(2021, 1, 12), "Atlantis")},
        record("f", date(2021, 1, 26), "Diyala"),
    ]
    with Store(shutil.copy(blank_path, folder / "hand.duckdb")) as store:
        add(store, folder / "hand.csv", rows, covers=(date(2020, 12, 28), date(2021, 1, 27)))
    return folder / "hand.duckdb"


def column(panel: Panel, region: str) -> list[float]:
    """Values of one region."""
    return panel.values[:, panel.region_ids.index(region)].tolist()


def test_a_panel_counted_by_hand(hand_made: Path) -> None:
    """Incidents are in their weeks, quiet weeks are zero, and the incomplete last week is left out."""
    with Store(hand_made, read_only=True) as store:
        panel = Panel.from_store(store)
    assert [str(week) for week in panel.weeks] == ["2020-12-28", "2021-01-04", "2021-01-11", "2021-01-18"]
    assert column(panel, "IQ-DI") == [0, 2, 0, 0]
    assert column(panel, "IQ-KI") == [0, 0, 0, 1]
    assert panel.values.sum() == 3
    assert (panel.status == Status.KNOWN).all()
    assert (panel.to, panel.as_of) == (date(2021, 1, 24), datetime(2021, 1, 27))  # noqa: DTZ001


def test_what_is_in_no_region_is_kept_aside(hand_made: Path) -> None:
    """Records without a region and records dated to a month are counted beside the panel, in their weeks."""
    with Store(hand_made, read_only=True) as store:
        panel = Panel.from_store(store)
    assert panel.aside is not None
    aside = panel.aside[panel.aside["value"] > 0]
    assert aside[["region_id", "value"]].to_numpy().tolist() == [["(imprecise)", 1.0], ["(unplaced)", 1.0]]
    assert not [region for region in panel.region_ids if region.startswith("(")]


def test_weeks_may_start_on_another_day(hand_made: Path) -> None:
    """With weeks from Sunday the incident of Sunday 10 January is in the week of that day."""
    with Store(hand_made, read_only=True) as store:
        panel = Panel.from_store(store, week_start="sunday")
    assert str(panel.weeks[-1]) == "2021-01-17"
    assert column(panel, "IQ-DI")[-3:] == [1, 1, 0]


def test_to_and_as_of_cut_the_panel(hand_made: Path) -> None:
    """A mid-week *to* ends with the week before, and what became known later is not there."""
    with Store(hand_made, read_only=True) as store:
        cut = Panel.from_store(store, to=date(2021, 1, 13))
        early = Panel.from_store(store, to=date(2021, 1, 10), as_of=datetime(2021, 1, 9))  # noqa: DTZ001
    assert str(cut.weeks[-1]) == "2021-01-04"
    assert cut.to == date(2021, 1, 10)
    assert np.nansum(early.values) == 0, "the second incident was known on the 11th, the first is in a week cut short"


def test_an_empty_store_says_what_to_do(blank: Store) -> None:
    """Without incidents there is nothing to count, and the message names the command."""
    with pytest.raises(InputError, match="incidents load FILE"):
        Panel.from_store(blank)


def test_an_unknown_source_is_told_from_an_empty_store(opened: Store) -> None:
    """A source that is not there is named, with those that are."""
    with pytest.raises(OptionError, match="source 'acled' is not in the database; it has desk"):
        default_to(opened, source="acled", week_start="monday", as_of=None)


def test_the_panel_of_a_store_sums_to_its_records(opened: Store) -> None:
    """Every record of the covered weeks is in the panel or aside."""
    panel = Panel.from_store(opened)
    assert panel.aside is not None
    assert panel.values.sum() + panel.aside["value"].sum() == len(records())
    assert (str(panel.weeks[0]), panel.to) == (str(FIRST), LAST)


def test_simulated_and_retrospective_panels_say_so(tmp_path: Path, blank: Store) -> None:
    """A simulated source marks the panel; `known_at="occurred"` puts a caveat on it."""
    rows = [{key: value for key, value in record("x", date(2021, 1, 4), "Diyala").items() if key != "known_at"}]
    file = write_csv(tmp_path / "x.csv", rows)
    load(
        blank, file, loaded_at=CLOCK, format="table", known_at="occurred",
        mapping=Mapping(source="simulated"), covers=(date(2021, 1, 4), date(2021, 1, 31)),
    )  # fmt: skip
    panel = Panel.from_store(blank, to=date(2021, 1, 31), as_of=CLOCK)
    assert panel.simulated
    assert panel.caveats == (RETROSPECTIVE,)


def test_a_real_panel_makes_no_such_claim(opened: Store) -> None:
    """Records with knowledge times of their own are neither simulated nor a retrospective."""
    panel = Panel.from_store(opened, first=date(2021, 11, 1))
    assert not panel.simulated
    assert panel.caveats == ()


def test_counts_become_a_panel(tmp_path: Path) -> None:
    """A missing week and an empty count are unknown, a zero is a zero, and the population comes along."""
    panel = Panel.from_counts(write_csv(tmp_path / "counts.csv", COUNTS))
    assert [str(week) for week in panel.weeks] == ["2021-01-04", "2021-01-11", "2021-01-18"]
    assert panel.region_ids == ("North", "South")
    np.testing.assert_array_equal(panel.values, [[3, 0], [np.nan, np.nan], [5, np.nan]])
    np.testing.assert_array_equal(panel.status, [[0, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(panel.population, [[100, 50], [np.nan, np.nan], [110, np.nan]])
    assert (panel.to, panel.measure) == (date(2021, 1, 24), "count")


def test_counts_may_start_on_any_weekday_and_regions_have_any_name(tmp_path: Path) -> None:
    """Weeks from Sunday are taken as they are; a region called NA is a region."""
    rows = [{"region": "NA", "week": f"2021-01-{day:02}", "count": 1} for day in (3, 10)]
    panel = Panel.from_counts(write_csv(tmp_path / "counts.csv", rows))
    assert panel.region_ids == ("NA",)
    assert str(panel.weeks[0]) == "2021-01-03"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "region,week,count\nA,2021-01-04,1\nA,2021-01-12,1\n",
            "line 3: A,2021-01-12,1 has a week that does not start on",
        ),
        ("region,week,count\nA,2021-01-04,1\nA,2021-01-04,2\n", "line 3: A,2021-01-04,2 is there twice"),
        ("region,week,count\nA,2021-01-04,x\n", "line 2: A,2021-01-04,x has a count that is no number"),
        ("region,week,count\nA,2021-01-04,-1\n", "line 2: .* has a count that is no number of zero or more"),
        ("region,week,count\nA,2021-01-04,inf\n", "line 2: .* has a count that is no number"),
        ("region,week,count,population\nA,2021-01-04,1,few\n", "line 2: .* has a population that is no number"),
        ("region,week,count\nA,4 January,1\n", r"line 2: .* has no week \(YYYY-MM-DD\)"),
        ("region,week,count\n,2021-01-04,1\n", "line 2: .* has no region"),
        ("region,week,count\nA,2021-01-04,1\n\n", "line 3: .* has no region"),
        ("region,week,count\n", "has no rows"),
        ("region,date,count\nA,2021-01-04,1\n", "column 'week' is missing; needed are region, week, count"),
        ("", "cannot be read as CSV"),
    ],
)
def test_a_wrong_row_of_counts_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the line, what stands there, and what is wrong with it."""
    path = tmp_path / "counts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"counts\.csv.*{message}"):
        Panel.from_counts(path)


def test_counts_that_are_not_there_are_named(tmp_path: Path) -> None:
    """A missing file and a folder are input errors."""
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        Panel.from_counts(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        Panel.from_counts(tmp_path)


def test_take_keeps_the_regions_asked_for_in_their_order(tmp_path: Path) -> None:
    """A part of a panel has the same columns, in the order of the request."""
    panel = Panel.from_counts(write_csv(tmp_path / "counts.csv", COUNTS))
    part = panel.take(["South", "North"])
    assert part.region_ids == part.region_names == ("South", "North")
    np.testing.assert_array_equal(part.values, panel.values[:, ::-1])
    np.testing.assert_array_equal(part.population, panel.population[:, ::-1])  # type: ignore[index]
    assert panel.take(["North"]).values.shape == (3, 1)


def test_arrays_of_a_panel_are_read_only(tmp_path: Path, opened: Store) -> None:
    """Nobody changes a panel in place, wherever it came from."""
    counted = Panel.from_counts(write_csv(tmp_path / "counts.csv", COUNTS))
    for panel in (counted, counted.take(["North"]), Panel.from_store(opened, first=date(2021, 11, 1))):
        arrays = [panel.weeks, panel.values, panel.status, *([] if panel.population is None else [panel.population])]
        assert not any(array.flags.writeable for array in arrays)


def test_shuffled_rows_make_the_same_panel(opened: Store) -> None:
    """A panel does not depend on the order of the rows it is made from."""
    frame = Panel.from_store(opened, first=date(2021, 9, 6)).frame()
    one, two = (Panel.from_frame(rows) for rows in (frame, frame.sample(frac=1, random_state=np.random.default_rng(3))))
    pd.testing.assert_frame_equal(one.frame(), two.frame())


def test_a_week_is_found_by_any_of_its_days(tmp_path: Path) -> None:
    """Days inside lead to their week, days outside to the nearest end."""
    panel = Panel.from_counts(write_csv(tmp_path / "counts.csv", COUNTS))
    inside = [panel.index_of(date(2021, 1, 11) + timedelta(days=day)) for day in range(7)]
    assert inside == [1] * 7
    assert (panel.index_of(date(1999, 1, 1)), panel.index_of(date(2030, 1, 1))) == (0, 2)


def test_an_unknown_level_names_the_nearest(opened: Store) -> None:
    """A misspelled level is answered with the one that was probably meant."""
    with pytest.raises(OptionError, match=r"'admin3' is neither a level nor a region group; did you mean 'admin[12]'"):
        Panel.from_store(opened, level="admin3")

"""What the flagged regions' incidents were, against counts worked by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from analytics.pipeline import analyse
from analytics.pipeline.analysis import Analysis
from analytics.pipeline.breakdown import breakdown
from analytics.pipeline.content import Queries
from analytics.settings import Settings
from analytics.store import Store, load_reference
from tests.desk import CLOCK, LAST, Row, add, record

pytest_plugins = ["tests.databases"]

LATEST, BEFORE, EARLIER = date(2021, 12, 20), date(2021, 12, 13), date(2020, 12, 21)
"""The one week of the report; the last week that it is compared with, and the first: 52 of them lie between."""
DAYS = (date(2019, 12, 30), LAST)


def attack(name: str, day: date, district: str = "", **fields: object) -> Row:
    """An incident in Kirkuk, in *district* if one is given; nobody is known to have been killed unless *fields* say so."""
    said = dict.fromkeys(
        ("tactic", "event_type", "actor1", "actor2", "killed_civilians", "killed_security", "killed_attackers")
    )
    return record(name, day, "Kirkuk", killed=0) | {"admin2": district, **said, **fields}


def incidents_by_hand() -> list[Row]:
    """Ten incidents of the latest week, which are a flag, two of the weeks compared, and sieges before these, of no account."""
    lately = [
        attack("a", LATEST, "Hawija", tactic="IED", actor1="ISIS", actor2="Police", killed=5, killed_civilians=2, killed_security=1),
        attack("b", LATEST, "Hawija", tactic="IED", actor1="ISIS", actor2="ISIS", killed=3, killed_attackers=3),
        attack("c", LATEST, "Daquq", event_type="shelling", actor1="Army"),
        attack("d", LATEST, killed=1),
        *(attack(f"e{number}", LATEST, "Hawija", tactic="raid", actor1="ISIS", killed=1, killed_civilians=2) for number in range(6)),
    ]  # fmt: skip
    earlier = [
        attack("f", BEFORE, "Hawija", tactic="raid", actor1="Police", killed=4),
        attack("g", EARLIER, "Hawija", tactic="mortar", actor1="ISIS"),
        attack("too-early", EARLIER - timedelta(days=1), "Hawija", tactic="siege", actor1="Nobody", killed=9),
    ]
    before_all = [
        attack(f"h{week}", EARLIER - timedelta(weeks=week), "Hawija", tactic="siege", actor1="ISIS", killed=9)
        for week in range(1, 50, 4)
    ]
    return [*lately, *earlier, *before_all]


@pytest.fixture
def desk(blank: Store, tmp_path: Path) -> Iterator[Store]:
    """The incidents in a database, whose group `west` has Hawija always and Daquq only until the week before the latest."""
    groups = tmp_path / "groups.csv"
    groups.write_text(
        "group_id,group,region_id,valid_from,valid_until\n"
        f"west,West,{_id(blank, 'Hawija')},,\nwest,West,{_id(blank, 'Daquq')},,{BEFORE}\n",
        encoding="utf-8",
    )
    load_reference(blank, groups, "groups", loaded_at=CLOCK)
    stated = tmp_path / "coverage.csv"  # or the year with two incidents were taken for a feed that stopped
    stated.write_text(f"source,region_id,covers_from,covers_until\ndesk,IQ,{DAYS[0]},{DAYS[1]}\n", encoding="utf-8")
    load_reference(blank, stated, "coverage", loaded_at=CLOCK)
    add(blank, tmp_path / "desk.csv", incidents_by_hand(), covers=DAYS)
    yield blank


def _id(store: Store, name: str) -> str:
    return str(store.value("SELECT region_id FROM region WHERE name = $name AND level = 'admin2'", {"name": name}))


def counted(store: Store, settings: Settings) -> tuple[Analysis, pd.DataFrame]:
    """The analysis and its breakdown, by kind and name."""
    analysis = analyse(store, settings, to=LAST, as_of=CLOCK)
    return analysis, breakdown(store, analysis, Queries(analysis).breakdown()).set_index(["kind", "name"])


def test_a_governorate_is_counted_as_by_hand(desk: Store) -> None:
    """Tactics (else event types), each actor once an incident, and the killed by group with the rest not known.

    Killed of no group: 5 - 3 of a, 1 of d, and none of the six where the groups say more than the total.
    """
    _, rows = counted(desk, Settings(weeks=1))
    assert set(rows["region_id"]) == {"IQ-KI"}
    assert rows["count"].to_dict() == {
        ("tactic", "raid"): 6, ("tactic", "IED"): 2, ("tactic", "not stated"): 1, ("tactic", "shelling"): 1, ("tactic", "mortar"): 0,
        ("actor", "ISIS"): 8, ("actor", "Army"): 1, ("actor", "Police"): 1,
        ("killed", "civilians"): 14, ("killed", "attackers"): 3, ("killed", "group not known"): 3, ("killed", "security forces"): 1,
    }  # fmt: skip
    assert set(rows["weeks"]) == {1} and set(rows["weeks_before"]) == {52}
    before = (rows["before_per_week"] * 52).round(9)
    assert before[before > 0].to_dict() == {
        ("tactic", "raid"): 1, ("tactic", "mortar"): 1, ("actor", "ISIS"): 1, ("actor", "Police"): 1,
        ("killed", "group not known"): 4,
    }  # fmt: skip


def test_where_narrows_the_breakdown_as_it_narrows_the_counts(desk: Store) -> None:
    """With a filter only the incidents that hold it are counted, before and after."""
    _, rows = counted(desk, Settings(weeks=1, where="actor1 = 'ISIS'"))
    tactics = rows.loc["tactic", "count"].to_dict()
    assert tactics == {"raid": 6, "IED": 2, "mortar": 0}
    assert rows.loc[("actor", "Police"), "count"] == 1


def test_a_group_counts_its_members_while_they_are_members(desk: Store) -> None:
    """The group has Hawija's eight incidents of the week; Daquq has left it, and what has no district is not known to be in it."""
    analysis, rows = counted(desk, Settings(weeks=1, level="west"))
    assert analysis.flags["region_id"].tolist() == ["west"]
    assert rows.loc["tactic", "count"].to_dict() == {"raid": 6, "IED": 2, "mortar": 0}
    assert rows.loc[("killed", "group not known"), "count"] == 2


def test_nothing_flagged_has_no_breakdown(desk: Store) -> None:
    """Where no region is flagged there is a frame with the columns and no row."""
    assert counted(desk, Settings(weeks=1, where="killed > 4"))[1].empty

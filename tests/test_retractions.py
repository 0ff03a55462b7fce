"""Records that a source takes back: named in a list, or missing from a full release."""

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import InputError
from analytics.pipeline import fresh_store
from analytics.store import Store, load, retract, unload
from tests.store_files import NOW, Row, at, dump, history, incident, load_rows, write_csv, xanadu

YEAR = (date(2020, 1, 1), date(2020, 12, 31))
A, B, C = incident("a", killed=1), incident("b"), incident("c")


def release(store: Store, folder: Path, rows: list[Row], known: str, **options: Any) -> int:
    """Load *rows* as a full release of 2020 known at *known*; how many records it took back."""
    options = {"full_release": True, "covers": YEAR, "retract_up_to": 1} | options
    return load_rows(store, folder, rows, known_at=at(known), **options).retracted


def states(store: Store) -> list[tuple[Any, ...]]:
    """Incident, day of knowledge, whether taken back and killed of every version."""
    return store.rows(
        "SELECT source_id, CAST(CAST(known_from AS DATE) AS VARCHAR), retracted, killed FROM versions ORDER BY incident_id, version"
    )


def test_list_of_deletions(tmp_path: Path) -> None:
    """A listed record is known until its deletion and not after; an unknown id waits; bad rows are rejected with a reason."""
    rows = [
        {"event_id_cnty": "a", "deleted_timestamp": "1590969600"},  # 2020-06-01
        {"event_id_cnty": "later", "deleted_timestamp": "2020-06-02T03:00:00+03:00"},
        {"event_id_cnty": "b", "deleted_timestamp": "soon"},
        {"event_id_cnty": "", "deleted_timestamp": "1590969600"},
    ]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [A, B], known_at=at("2020-02-01"))
        report = retract(store, write_csv(tmp_path / "gone.csv", rows), source="desk", loaded_at=NOW)
        assert (report.rows_read, report.accepted, report.rejected, report.retracted) == (4, 2, 2, 1)
        assert store.rows("SELECT source_id FROM incidents_as_of('2020-05-31') ORDER BY ALL") == [("a",), ("b",)]
        assert store.rows("SELECT source_id FROM incidents") == [("b",)]
        assert store.rows("SELECT field, old, new, known_basis FROM revisions") == [
            ("retracted", "false", "true", "source")
        ]
        assert store.rows("SELECT record, reason FROM rejects") == [
            (3, "time is neither seconds since 1970 nor a time"),
            (4, "id is missing"),
        ]
        load_rows(store, tmp_path, [incident("later")], known_at=at("2020-03-01"))
        assert states(store)[-2:] == [("later", "2020-03-01", False, None), ("later", "2020-06-02", True, None)]
        load_rows(store, tmp_path, [A], known_at=at("2020-07-01"))
        assert store.rows("SELECT source_id, killed FROM incidents ORDER BY ALL") == [("a", 1), ("b", None)], (
            "given again, it is back"
        )


def test_list_without_ids(tmp_path: Path) -> None:
    """A list without a column of ids is refused, naming what it has, and nothing is logged."""
    with xanadu(tmp_path / "db") as store:
        before = dump(store)
        with pytest.raises(InputError, match=r"has no column of ids; it needs one of .* \(it has name\)"):
            retract(store, write_csv(tmp_path / "gone.csv", [{"name": "a"}]), source="desk", loaded_at=NOW)
        assert dump(store) == before


def test_full_release(tmp_path: Path) -> None:
    """A full release takes back what it lacks: of its source, its days and its countries, and nothing else."""
    with xanadu(tmp_path / "db") as store:
        old = [A, B, incident("before", "2019-05-01"), incident("abroad", country="Elsewhere")]
        load_rows(store, tmp_path, old, known_at=at("2020-02-01"))
        load_rows(store, tmp_path, [incident("other")], source="press", known_at=at("2020-02-01"))
        load_rows(store, tmp_path, [incident("newer")], known_at=at("2021-03-01"))
        assert release(store, tmp_path, [A, C], "2021-02-01") == 1
        assert [row[0] for row in store.rows("SELECT source_id FROM incidents ORDER BY ALL")] == [
            "a", "abroad", "before", "c", "newer", "other",
        ]  # fmt: skip
        assert [row for row in states(store) if row[2]] == [("b", "2021-02-01", True, None)]
        assert release(store, tmp_path, [A, C], "2021-04-01") == 1, "newer was known by then, and is not in it"


def test_cut_short(tmp_path: Path) -> None:
    """A full release that lacks more than the given share is refused, says how much, and changes nothing."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident(f"n{number}") for number in range(40)], known_at=at("2020-02-01"))
        before = dump(store, loads=True)
        short = [incident(f"n{number}") for number in range(37)]
        with pytest.raises(
            InputError, match=r"take back 3 known records that it lacks, beside the 37 it has: more than 5%"
        ):
            release(store, tmp_path, short, "2020-03-01", retract_up_to=0.05)
        assert dump(store, loads=True) == before
        assert release(store, tmp_path, short, "2020-03-01", retract_up_to=0.08) == 3


STEPS: dict[str, tuple[str, list[Row]]] = {
    "first": ("2020-02-01", [A, B]),
    "full": ("2020-04-01", [A | {"killed": 2}, C]),
    "update": ("2020-05-01", [B | {"killed": 5}]),
    "fuller": ("2020-06-01", [A | {"killed": 2}, B | {"killed": 5}]),
    "gone": ("2020-07-01", [{"source_id": "b"}]),
}


def play(store: Store, folder: Path, name: str) -> None:
    """One of STEPS: a load, a full release or a list of deletions."""
    known, rows = STEPS[name]
    if name == "gone":
        retract(store, write_csv(folder / "gone.csv", rows), source="desk", known_at=at(known), loaded_at=NOW)
    elif name.startswith("full"):
        release(store, folder, rows, known)
    else:
        load_rows(store, folder, rows, known_at=at(known))


IN_ORDER = [
    ("a", "2020-02-01", False, 1),
    ("a", "2020-04-01", False, 2),
    ("b", "2020-02-01", False, None),
    ("b", "2020-04-01", True, None),
    ("b", "2020-05-01", False, 5),
    ("b", "2020-07-01", True, 5),
    ("c", "2020-04-01", False, None),
    ("c", "2020-06-01", True, None),
]


ORDERS = list(itertools.permutations(STEPS))[7::28]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_any_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Loads, full releases and deletions end in the same history in whatever order they come."""
    with xanadu(tmp_path / "db") as store:
        for name in order:
            play(store, tmp_path, name)
        assert states(store) == IN_ORDER


@pytest.mark.parametrize("undone", STEPS)
def test_unload_is_as_if_never_loaded(tmp_path: Path, undone: str) -> None:
    """Undoing any of them leaves what the others alone would have made."""
    with xanadu(tmp_path / "one") as one, xanadu(tmp_path / "two") as two:
        for name in STEPS:
            play(one, tmp_path, name)
            if name != undone:
                play(two, tmp_path, name)
        unload(one, 2 + list(STEPS).index(undone), undone_at=NOW)
        assert dump(one, loads=False) == dump(two, loads=False)


DAYS = ("2019-06-01", "2020-06-01")
SEEN = st.fixed_dictionaries({"id": st.sampled_from("ab"), "day": st.sampled_from(DAYS), "killed": st.integers(0, 1)})
MOVES = st.lists(
    st.tuples(st.sampled_from(["load", "release", "gone"]), st.lists(SEEN, min_size=1, max_size=2, unique_by=lambda row: row["id"])),
    min_size=2, max_size=4,
)  # fmt: skip


@settings(max_examples=5, deadline=None)
@given(MOVES, st.randoms(use_true_random=False))
def test_order_by_chance(tmp_path_factory: pytest.TempPathFactory, moves: list[Any], random: Any) -> None:
    """Whatever is loaded, released and deleted, also with days that are revised, a shuffled order makes the same history."""
    folder = tmp_path_factory.mktemp("order")
    shuffled = list(enumerate(moves))
    random.shuffle(shuffled)
    found = []
    for name, order in {"one": list(enumerate(moves)), "two": shuffled}.items():
        with xanadu(folder / name) as store:
            for turn, (kind, seen) in order:
                known = f"2021-0{turn + 1}-01"
                rows = [incident(row["id"], row["day"], killed=row["killed"]) for row in seen]
                if kind == "gone":
                    path = write_csv(folder / "gone.csv", [{"id": row["id"]} for row in seen])
                    retract(store, path, source="desk", known_at=at(known), loaded_at=NOW)
                elif kind == "release":
                    release(store, folder, rows, known)
                else:
                    load_rows(store, folder, rows, known_at=at(known))
            found.append(history(store))
    assert found[0] == found[1]


def test_reporting_delay(tmp_path: Path) -> None:
    """The delay of an incident is from its day to the first knowledge of it, whatever came later."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [A], known_at=at("2020-01-18 09:00"))
        load_rows(store, tmp_path, [A | {"killed": 9}], known_at=at("2020-03-01"))
        assert store.rows(
            "SELECT source_id, days, d.known_basis FROM reporting_delay AS d JOIN incidents USING (incident_id)"
        ) == [("a", 10, "given")]


def test_ukraine_vintages(shared_data: Path, tmp_path: Path) -> None:
    """UCDP's Ukraine as known on two dates: what was added, revised by field and vanished is counted exactly."""
    import pandas as pd

    early, late = (shared_data / f"ucdp_ged_ukraine_known_{day}.csv" for day in ("2023-02-03", "2023-06-23"))
    with fresh_store(tmp_path / "db", loaded_at=NOW) as store:
        load(store, early, loaded_at=NOW, known_at=at("2023-02-03"))
        report = load(store, late, loaded_at=NOW, known_at=at("2023-06-23"), full_release=True, retract_up_to=1)
        revised = dict(store.rows("SELECT field, count(*) FROM revisions GROUP BY ALL ORDER BY ALL"))
    one, two = (pd.read_csv(path, dtype=str, skiprows=lambda line: line == 1).set_index("id") for path in (early, late))
    both = one.index.intersection(two.index)
    assert report.new_incidents == len(two.index.difference(one.index))
    assert report.retracted == revised["retracted"] == len(one.index.difference(two.index))
    for field, theirs in {
        "killed": "best",
        "killed_low": "low",
        "killed_high": "high",
        "admin1": "adm_1",
        "location": "where_coordinates",
    }.items():
        differs = one.loc[both, theirs].str.strip().fillna("") != two.loc[both, theirs].str.strip().fillna("")
        assert revised.get(field, 0) == differs.sum(), field
    days = one.loc[both, "date_start"].str[:10] != two.loc[both, "date_start"].str[:10]
    assert revised["occurred_on"] == days.sum()
    assert (report.new_incidents, report.retracted, report.new_versions - report.new_incidents) == (79, 2, 60)

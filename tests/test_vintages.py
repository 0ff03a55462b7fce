"""Versions of incidents: what was known when, whatever the order in which it came."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from analytics.errors import InputError, OptionError
from analytics.sources import Mapping
from analytics.store import Store, data_fingerprint, load, unload
from tests.conftest import ROOT
from tests.store_files import NOW, at, dump, history, incident, load_rows, write_csv, xanadu

FIRST, SECOND, THIRD = (at(f"2020-0{month}-01") for month in (2, 3, 4))


def test_vintages_in_any_order(tmp_path: Path) -> None:
    """A record that was A, then B, then A again, then confirmed, has one history whatever was loaded first."""
    vintages = [(FIRST, 7), (SECOND, 10), (THIRD, 7), (THIRD + timedelta(days=1), 7)]
    orders = list(permutations(range(4)))
    with xanadu(tmp_path / "db") as store:
        for turn in range(4):
            states = [(order, order[turn], *vintages[order[turn]]) for order in orders]
            load_rows(
                store,
                tmp_path,
                [incident(str(order), known_at=known, killed=killed, own=own) for order, own, known, killed in states],
            )
        for order in orders:
            found = store.rows(
                "SELECT version, known_from, known_to, killed, raw ->> 'own' FROM versions WHERE source_id = $id ORDER BY 1",
                {"id": str(order)},
            )
            assert found == [(1, FIRST, SECOND, 7, "0"), (2, SECOND, THIRD, 10, "1"), (3, THIRD, None, 7, "2")]
        confirmed = store.rows("SELECT incident_id, known_at, load_id FROM sighting ORDER BY 1")
    assert confirmed == [(f"desk:{order}", vintages[3][0], order.index(3) + 2) for order in orders]


def test_load_that_confirms(tmp_path: Path) -> None:
    """A load that says what is known already adds no version and says that all its records were unchanged."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a", killed=1), incident("b")], known_at=FIRST)
        before = history(store)
        report = load_rows(store, tmp_path, [incident("b"), incident("a", killed=1)], known_at=SECOND)
        assert history(store) == before
    assert (report.new_incidents, report.new_versions, report.unchanged) == (0, 0, 2)


def test_same_file_twice(tmp_path: Path) -> None:
    """The same file read in the same way changes nothing but the log, not even the rejects."""
    rows = [incident("a"), incident("b", killed=-1)]
    with xanadu(tmp_path / "db") as store:
        first = load_rows(store, tmp_path, rows, known_at=FIRST)
        before = dump(store)
        second = load_rows(store, tmp_path, rows, known_at=FIRST)
        assert dump(store) == before
        assert store.value("SELECT count(*) FROM loads WHERE kind = 'incidents'") == 2
    assert (second.rows_read, second.accepted, second.rejected) == (first.rows_read, first.accepted, first.rejected)
    assert (second.new_incidents, second.new_versions, second.unchanged) == (0, 0, 1)
    assert any("was loaded as load 2" in note for note in second.notes)


def test_same_file_at_another_time(tmp_path: Path) -> None:
    """A file that comes again later leaves the same database as another file of the same records: history, rejects and all."""
    first = [incident("a", killed=1, own="x"), incident("b", killed=-1), incident("c", own="y")]
    second = [incident("a", killed=2), incident("c", own="z")]
    dumps = []
    for end in ("", "\n"):
        path = tmp_path / "records.csv"
        with xanadu(tmp_path / "db") as store:
            for rows, known in ((first, FIRST), (second, SECOND), (first, THIRD), (second, THIRD + timedelta(days=1))):
                write_csv(path, rows)
                path.write_bytes(path.read_bytes() + (end.encode() if known > SECOND else b""))
                report = load(store, path, loaded_at=known, mapping=Mapping(source="desk"))
                assert (report.rows_read, report.accepted) == (len(rows), 2)
            dumps.append((dump(store), store.rows("SELECT * EXCLUDE (sha256) FROM load ORDER BY load_id")[1:]))
    assert dumps[0] == dumps[1]
    assert len(dumps[0][0]["sighting"]) == 3
    assert len(dumps[0][0]["reject"]) == 2


def test_same_file_of_another_source(tmp_path: Path) -> None:
    """The same bytes read as another source are another source's records."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a")], source="one", known_at=FIRST)
        report = load_rows(store, tmp_path, [incident("a")], source="two", known_at=FIRST)
        assert store.rows("SELECT source FROM incidents ORDER BY 1") == [("one",), ("two",)]
    assert report.new_incidents == 1


def test_split_load(tmp_path: Path) -> None:
    """Two halves of a file make the history that the whole makes."""
    rows = [incident(str(number), f"2020-01-{number + 1:02}", killed=number) for number in range(8)]
    with xanadu(tmp_path / "whole") as whole, xanadu(tmp_path / "halves") as halves:
        load_rows(whole, tmp_path, rows, known_at=FIRST)
        load_rows(halves, tmp_path, rows[:3], known_at=FIRST)
        load_rows(halves, tmp_path, rows[3:], known_at=FIRST)
        assert history(whole) == history(halves)
        assert data_fingerprint(whole, None) == data_fingerprint(halves, None)


def test_known_order(tmp_path: Path) -> None:
    """States without clock times keep their order: ten killed at first, thirteen by the next moment."""
    rows = [
        incident("kifri", known_at="2021-12-03", known_order=1, killed=10),
        incident("kifri", known_at="2021-12-03", known_order=2, killed=13, wounded=4),
    ]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows)
        moments = [at("2021-12-02"), at("2021-12-03"), at("2021-12-03 00:00:00.000001")]
        found = [store.rows("SELECT killed FROM incidents_as_of($ts)", {"ts": moment}) for moment in moments]
        assert found == [[], [(10,)], [(13,)]]
        assert store.rows("SELECT field, old, new FROM revisions ORDER BY field") == [
            ("killed", "10", "13"),
            ("wounded", None, "4"),
        ]


def test_known_order_without_times(tmp_path: Path) -> None:
    """Where only the order is known, the load's moment is the first state's and the order still holds."""
    rows = [incident("a", known_order=2, killed=2), incident("a", known_order=1, killed=1)]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows, known_at=FIRST)
        assert store.rows("SELECT version, known_from, killed FROM versions ORDER BY version") == [
            (1, FIRST, 1),
            (2, FIRST + timedelta(microseconds=1), 2),
        ]


def test_ties(tmp_path: Path) -> None:
    """Of states known at the same moment the later load's is in force, and the earlier ones stay in the versions."""
    with xanadu(tmp_path / "db") as store:
        for number, killed in enumerate((1, 2, 1)):
            load_rows(store, tmp_path, [incident("a", killed=killed, note=number)], known_at=FIRST)
            load_rows(store, tmp_path, [incident("a", killed=killed, note=f"{number} again")], known_at=FIRST)
            assert store.rows("SELECT killed FROM incidents") == [(killed,)]
        assert store.rows("SELECT killed FROM versions ORDER BY version") == [(1,), (2,), (1,)]
        assert store.value("SELECT count(*) FROM sighting") == 3


def test_own_knowledge_time_wins(tmp_path: Path) -> None:
    """A record's own knowledge time stays, in UTC, and says so; the others take what was given."""
    rows = [incident("a", known_at="2020-03-01T12:00:00+03:00"), incident("b")]
    for given, expected in (("occurred", (at("2020-01-08"), "occurred")), (FIRST, (FIRST, "given"))):
        with xanadu(tmp_path / f"db-{expected[1]}") as store:
            load_rows(store, tmp_path, rows, known_at=given)
            assert store.rows("SELECT known_from, known_basis FROM incidents ORDER BY source_id") == [
                (at("2020-03-01 09:00"), "source"),
                expected,
            ]


FILES = [
    (SECOND, [incident("a", killed=2, own="x"), incident("b"), incident("c", country="Atlantis", admin1="Sea")]),
    (FIRST, [incident("a", killed=1), incident("b", own="y"), incident("d", killed="many")]),
    (THIRD, [incident("a", killed=2, own="z"), incident("e", admin1="Nowhere"), incident("c", country="Atlantis", admin1="Sea")]),
    (SECOND, [incident("a", killed=5), incident("b"), incident("f", country="Atlantis", admin1="Shore")]),
]  # fmt: skip
"""Loads that overlap, revise, confirm, reject and bring new places, out of order."""


@pytest.mark.parametrize("undone", [0, 1, 3])
def test_unload_is_as_if_never_loaded(tmp_path: Path, undone: int) -> None:
    """Undoing any load, the last or not, leaves what the other loads alone would have made."""
    with xanadu(tmp_path / "undone") as store, xanadu(tmp_path / "never") as other:
        for index, (known_at, rows) in enumerate(FILES):
            load_rows(store, tmp_path, rows, known_at=known_at)
            if index != undone:
                load_rows(other, tmp_path, rows, known_at=known_at)
        unload(store, undone + 2, undone_at=NOW)
        assert dump(store, loads=False) == dump(other, loads=False)


def test_unload_restores_everything(tmp_path: Path) -> None:
    """Undoing the last load leaves every table as it was before, and the log says when it was undone."""
    with xanadu(tmp_path / "db") as store:
        for known_at, rows in FILES[:3]:
            load_rows(store, tmp_path, rows, known_at=known_at)
        before = dump(store)
        load_rows(store, tmp_path, FILES[3][1], known_at=FILES[3][0])
        assert dump(store) != before
        unload(store, 5, undone_at=NOW)
        assert dump(store) == before
        assert store.rows("SELECT load_id FROM loads WHERE undone_at = $now", {"now": NOW}) == [(5,)]


def test_checksums_worked_out_anew(tmp_path: Path) -> None:
    """Where the database works checksums out in another way than before, they are made anew, and what is known stays known."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a"), incident("b")], known_at=FIRST)
        load_rows(store, tmp_path, [incident("a"), incident("b", killed=1)], known_at=SECOND)
        before = dump(store)
        for table in ("incident_version", "sighting"):
            store.run(f"UPDATE {table} SET hash = hash // 2 + 1")  # noqa: S608
        store.run("UPDATE incident_store SET hash_mark = 1")
    with Store(tmp_path / "db") as store:
        assert dump(store) == before
        report = load_rows(store, tmp_path, [incident("a"), incident("b", killed=1)], known_at=THIRD)
    assert (report.new_versions, report.unchanged) == (0, 2)


def test_unload_refuses(tmp_path: Path) -> None:
    """A load that is not there, or undone already, cannot be undone."""
    with xanadu(tmp_path / "db") as store:
        with pytest.raises(OptionError, match="no load 7"):
            unload(store, 7, undone_at=NOW)
        unload(store, 1, undone_at=NOW)
        with pytest.raises(OptionError, match="undone already"):
            unload(store, 1, undone_at=NOW)


def test_retrospective(tmp_path: Path) -> None:
    """Known when it happened: each record's knowledge time is its day, and its basis says that it is no record of it."""
    with xanadu(tmp_path / "db") as store:
        report = load_rows(store, tmp_path, [incident("a"), incident("b", "2020-02-03")], known_at="occurred")
        assert store.rows("SELECT known_from, known_basis FROM incidents ORDER BY 1") == [
            (at("2020-01-08"), "occurred"),
            (at("2020-02-03"), "occurred"),
        ]
        with pytest.raises(OptionError, match="'yesterday' is not a time"):
            load_rows(store, tmp_path, [incident("a")], known_at="yesterday")
    assert any("retrospective" in note for note in report.notes)


def test_simulated_and_real_apart(tmp_path: Path) -> None:
    """Simulated and real records do not share a database, whichever came first."""
    for first, second in (("simulated", "desk"), ("desk", "simulated-2")):
        with xanadu(tmp_path / first) as store:
            load_rows(store, tmp_path, [incident("a")], source=first)
            before = dump(store)
            with pytest.raises(InputError, match="kept apart"):
                load_rows(store, tmp_path, [incident("b")], source=second)
            assert dump(store) == before


def test_founding_case(tmp_path: Path) -> None:
    """The toll of the bundled founding case was ten, then thirteen with four wounded, three of them civilians throughout."""
    with Store(tmp_path / "db") as store:
        load(store, ROOT / "data" / "founding_incidents.csv", loaded_at=NOW)
        found = store.rows(
            "SELECT version, killed, killed_security, killed_civilians, wounded FROM versions "
            "WHERE source_id = '2021-12-02-attacks' ORDER BY version"
        )
        revised = {field for (field,) in store.rows("SELECT field FROM revisions")}
    assert found == [(1, 10, 7, 3, None), (2, 13, 10, 3, 4)]
    assert {"killed", "killed_security", "wounded"} <= revised

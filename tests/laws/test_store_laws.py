"""Laws of the store: nothing is lost, order does not matter, and what is elsewhere changes nothing here."""

import random
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.errors import AnalyticsError
from analytics.store import data_fingerprint, load, weekly
from tests.store_files import NOW, Row, at, cells, history, incident, load_rows, panel, reference, write_csv, xanadu

MARKS = st.sampled_from([*"\",;|\n\r\t #'x0-1.كŞ\x01\x1f\x7f\u2028", '""', "2020-01-08", "x" * 3000])
CELLS = st.lists(MARKS, max_size=6).map("".join)
COLUMN = st.sampled_from(
    ["source_id", "occurred_on", "killed", "latitude", "notes", "admin1", "known_at", "date_precision"]
)
LINES = st.lists(
    st.one_of(CELLS, st.just("1,2020-01-08,3,note"), st.just('2,2020-01-09,x,"a\nb"')), min_size=1, max_size=8
)
MEASURED = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


@MEASURED
@given(st.lists(st.dictionaries(COLUMN, CELLS, max_size=3), min_size=1, max_size=6))
def test_every_record_is_accepted_or_rejected(changes: list[Row]) -> None:
    """Whatever is in the cells of a well-formed file, each record is accepted or in rejects under its own number."""
    rows = [incident(str(number), killed="", latitude="", notes="", known_at="", date_precision="") | change
            for number, change in enumerate(changes)]  # fmt: skip
    with TemporaryDirectory() as folder, xanadu(Path(folder) / "db") as store:
        report = load_rows(store, Path(folder), rows, known_at=at("2020-02-01"))
        records = [number for (number,) in store.rows("SELECT record FROM rejects")]
        accepted = store.rows("SELECT DISTINCT source_id FROM incident_version")
    assert report.rows_read == report.accepted + report.rejected == len(rows)
    assert len(records) == report.rejected and len(set(records)) == len(records)
    assert set(records) <= set(range(1, len(rows) + 1))
    good = [rows[number]["source_id"].strip() for number in range(len(rows)) if number + 1 not in records]
    assert sorted(source_id for (source_id,) in accepted) == sorted(set(good))


@MEASURED
@given(LINES)
@example(['"'])
@example(['1,2020-01-08,3,"a" b', "2,2020-01-09,1,ok"])
def test_any_text_is_read_or_refused(lines: list[str]) -> None:
    """Any text under a header is read record by record, accepted and rejected adding up, or refused by one of our errors."""
    with TemporaryDirectory() as folder, xanadu(Path(folder) / "db") as store:
        path = Path(folder) / "fuzz.csv"
        path.write_text("source_id,occurred_on,killed,notes\n" + "\n".join(lines), encoding="utf-8", newline="")
        try:
            report = load(store, path, loaded_at=NOW)
        except AnalyticsError:
            assert store.value("SELECT count(*) FROM incident_version") == 0
            return
        rejected = store.value("SELECT count(*) FROM rejects")
        assert store.value("SELECT count(*) FROM incident_version") == report.accepted
    assert report.rows_read == report.accepted + rejected
    assert rejected == report.rejected


def some_rows(seed: int, count: int = 60) -> list[Row]:
    """Incidents here and there in January and February 2020, some of them revised, some without a region."""
    draw = random.Random(seed)
    return [
        incident(
            str(draw.randrange(count // 2)),
            str(date(2020, 1, 6).fromordinal(date(2020, 1, 6).toordinal() + draw.randrange(48))),
            known_at=at("2020-03-01 00:00").replace(minute=number),
            admin1=draw.choice(["North", "South", "Nowhere", ""]),
            admin2=draw.choice(["Hill", "Dale", "", ""]),
            killed=draw.choice([0, 1, 5, None]),
            date_precision=draw.choice(["day", "day", "week", "month"]),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_order_and_splitting(tmp_path: Path, seed: int) -> None:
    """Records shuffled, or split over several files, make the identical history, panel and fingerprint."""
    rows = some_rows(seed)
    shuffled = random.Random(seed).sample(rows, len(rows))
    cuts = [0, 7, 30, len(rows)]
    results = []
    for name, files in (
        ("one", [rows]),
        ("shuffled", [shuffled]),
        ("split", [shuffled[a:b] for a, b in pairwise(cuts)]),
    ):
        with xanadu(tmp_path / f"{name}.db") as store:
            for number, part in enumerate(files):
                load_rows(store, tmp_path, part, covers=(date(2020, 1, 6), date(2020, 3, 1 + number)))
            results.append((history(store), panel(store, "2020-01-06", "2020-02-23"), data_fingerprint(store, None)))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("level", ["country", "admin1", "admin2"])
@pytest.mark.parametrize("dates", ["exclude", "spread"])
def test_panel_sums_to_the_incidents(tmp_path: Path, level: str, dates: str) -> None:
    """The panel's values, set-aside rows included, sum to the incidents in range."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, some_rows(1), covers=(date(2020, 1, 6), date(2020, 3, 22)))
        total = weekly(store, level=level, dates=dates, last=date(2020, 3, 22))["value"].sum()
        expected = store.value(
            "SELECT count(*) FROM incidents WHERE occurred_on BETWEEN DATE '2020-01-06' AND DATE '2020-03-22'"
        )
    assert total == pytest.approx(expected, abs=1e-6)  # shares are rounded to 9 places


def test_what_is_elsewhere_changes_nothing(tmp_path: Path) -> None:
    """A new region, another source in another country, and later knowledge leave the other cells as they are."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, some_rows(2), covers=(date(2020, 1, 6), date(2020, 3, 1)))
        before = panel(store, "2020-01-06", "2020-02-23")
        then = cells(weekly(store, as_of=at("2020-03-01 00:30")))
        reference(
            store, tmp_path, "regions", [{"region_id": "XA-E", "parent_id": "XA", "level": "admin1", "name": "East"}]
        )
        load_rows(
            store,
            tmp_path,
            [incident("x", country="Atlantis", admin1="Sea")],
            source="other",
            covers=(date(2020, 1, 6), date(2020, 3, 1)),
        )
        load_rows(store, tmp_path, [incident("new", "2020-02-10", known_at="2020-04-01", admin1="East")])
        after = panel(store, "2020-01-06", "2020-02-23")
        again = {
            key: cell for key, cell in cells(weekly(store, as_of=at("2020-03-01 00:30"))).items() if key[1] != "XA-E"
        }
    assert {key: cell for key, cell in after.items() if key[1] not in ("XA-E", "atlantis/sea")} == before
    assert again == then


@MEASURED
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=6), st.randoms(use_true_random=False)
)
def test_history_of_one_record(states: list[tuple[int, int]], shuffle: random.Random) -> None:
    """Versions are the runs of equal states in order of knowledge, whatever the order of loading; worked out apart, in Python."""
    known = dict(states)
    loads = shuffle.sample(sorted(known.items()), len(known))
    runs = [(hour, killed) for index, (hour, killed) in enumerate(sorted(known.items()))
            if not index or sorted(known.items())[index - 1][1] != killed]  # fmt: skip
    with TemporaryDirectory() as folder, xanadu(Path(folder) / "db") as store:
        for hour, killed in loads:
            load_rows(store, Path(folder), [incident("a", killed=killed)], known_at=at(f"2020-02-01 0{hour}:00"))
        found = store.rows("SELECT hour(known_from), killed, version FROM versions ORDER BY version")
        assert store.value("SELECT count(*) FROM sighting") == len(loads) - len(runs)
    assert found == [(hour, killed, number) for number, (hour, killed) in enumerate(runs, 1)]


def test_write_csv_round_trip(tmp_path: Path) -> None:
    """Text of any kind in a cell comes back as it was, but for surrounding blanks and line ends."""
    texts = [
        'a "quoted" b',
        "two\nlines",
        "comma, semicolon;",
        "كركوك — Şalāḩ",
        "'; DROP TABLE load; --",
        "\x01\x1f",
        "x" * 100_000,
    ]
    with xanadu(tmp_path / "db") as store:
        path = write_csv(tmp_path / "f.csv", [incident(str(number), notes=text) for number, text in enumerate(texts)])
        load(store, path, loaded_at=NOW)
        assert [text for (text,) in store.rows("SELECT notes FROM incidents ORDER BY source_id")] == texts

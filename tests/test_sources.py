"""Source formats: how columns of others become ours, and what their file names say."""

from pathlib import Path

import pytest

from analytics.errors import InputError
from analytics.sources import Mapping, recognise, ucdp_release
from analytics.sources.gtd import gtd_release
from analytics.store import Store, load
from tests.store_files import NOW, Row, at, write_csv, xanadu


def ucdp(number: int, **change: str) -> Row:
    """One row of a UCDP file, with the columns we read."""
    return {
        "id": str(number), "type_of_violence": "1", "where_prec": "1", "where_coordinates": "Mosul town", "adm_1": "North",
        "adm_2": "Hill", "latitude": "36.3", "longitude": "43.1", "country": "Xanadu", "date_prec": "1", "side_a": "Government of Xanadu",
        "side_b": "IS", "date_start": "2018-06-02 00:00:00.000", "date_end": "2018-06-03", "deaths_a": "2", "deaths_b": "4",
        "deaths_civilians": "1", "best": "7", "low": "5", "high": "9", "source_headline": "Seven killed",
    } | change  # fmt: skip


@pytest.mark.parametrize(
    ("name", "release", "known_at", "covers"),
    [
        ("ucdp_ged_iraq_v19_1_hdx.csv", "19.1", "2019-07-01", ("1989-01-01", "2018-12-31")),
        ("GEDEvent_v25_1.csv", "25.1", "2025-07-01", ("1989-01-01", "2024-12-31")),
        ("GEDEvent_v24_0_3.csv", "24.0.3", "2024-05-01", ("2024-03-01", "2024-03-31")),
        ("GEDEvent_v23_0_12.csv", "23.0.12", "2024-02-01", ("2023-12-01", "2023-12-31")),
        ("GEDEvent_v23_0_11.csv", "23.0.11", "2024-01-01", ("2023-11-01", "2023-11-30")),
        ("GEDEvent_v24_01_24_09.csv", "24.01.24.09", "2024-11-01", ("2024-01-01", "2024-09-30")),
        ("gedevent_v22.0.2.csv", "22.0.2", "2022-04-01", ("2022-02-01", "2022-02-28")),
    ],
)
def test_release_of_a_file_name(name: str, release: str, known_at: str, covers: tuple[str, str]) -> None:
    """A UCDP file's name says its release, from when it is taken as known, and what it reports on."""
    found = ucdp_release(name)
    assert found is not None
    assert (found.name, found.known_at) == (release, at(known_at))
    assert (str(found.covers_from), str(found.covers_until)) == covers


@pytest.mark.parametrize(
    ("name", "release", "known_at"),
    [
        ("globalterrorismdb_0522dist.xlsx", "2022-05", "2022-06-01"),
        ("globalterrorismdb_2021Jan-June_1222dist.csv", "2022-12", "2023-01-01"),
        ("gtd.csv", None, None),
        ("globalterrorismdb_1322dist.csv", None, None),
    ],
)
def test_release_of_a_gtd_file_name(name: str, release: str | None, known_at: str | None) -> None:
    """A GTD file's name says the month of its release, and not which years it covers."""
    found = gtd_release(name)
    assert (found.name, found.of, found.covers_from) == (release, "GTD", None) if found else release is None
    assert found is None or (known_at is not None and found.known_at == at(known_at))


@pytest.mark.parametrize("name", ["conflict_data_irq.csv", "v24_0_13.csv", "review_2019.csv", "v1.csv"])
def test_file_name_without_a_release(name: str) -> None:
    """A name that states no release has none."""
    assert ucdp_release(name) is None


def test_ucdp_columns(tmp_path: Path) -> None:
    """UCDP's codes become our words, deaths stay with whose they are, and its own columns stay in raw."""
    rows = [
        ucdp(1),
        ucdp(2, type_of_violence="3", where_prec="4", date_prec="4", date_start="2018-06-01", date_end="2018-06-30"),
        ucdp(3, where_prec="7", date_prec="5", side_a="IS"),
        ucdp(4, date_prec="6"),
        ucdp(5, where_prec="9"),
    ]
    with xanadu(tmp_path / "db") as store:
        report = load(store, write_csv(tmp_path / "ged_v19_1.csv", rows), loaded_at=NOW)
        found = store.rows(
            "SELECT CAST(occurred_on AS VARCHAR), CAST(occurred_until AS VARCHAR), date_precision, place_precision, event_type, "
            "actor1, killed, killed_low, killed_high, killed_civilians, killed_security, killed_attackers, region_id "
            "FROM incidents ORDER BY source_id"
        )
        rejects = store.rows('SELECT record, "column", value FROM rejects')
        assert store.value("SELECT raw ->> 'deaths_b' FROM incidents LIMIT 1") == "4"
        assert store.rows("SELECT DISTINCT known_from, known_basis FROM incidents") == [(at("2019-07-01"), "source")]
    assert (report.format, report.source, report.accepted) == ("ucdp", "ucdp", 3)
    assert found == [
        (
            "2018-06-02",
            "2018-06-03",
            "day",
            "exact",
            "state-based",
            "Government of Xanadu",
            7,
            5,
            9,
            1,
            2,
            None,
            "XA-N/hill",
        ),
        (
            "2018-06-01",
            "2018-06-30",
            "month",
            "admin1",
            "one-sided",
            "Government of Xanadu",
            7,
            5,
            9,
            1,
            2,
            None,
            "XA-N/hill",
        ),
        ("2018-06-02", "2018-06-03", "year", "country", "state-based", "IS", 7, 5, 9, 1, None, None, "XA-N/hill"),
    ]
    assert rejects == [(4, "date_precision", "6"), (5, "place_precision", "9")]


def test_recognise() -> None:
    """UCDP files are known by their columns, whatever their case; anything else is a table."""
    assert recognise([name.upper() for name in ucdp(1)])[0] == "ucdp"
    assert recognise([name for name in ucdp(1) if name != "best"]) == (
        "table",
        "it is near to UCDP GED, but best is missing",
    )
    assert recognise(["a", "b"]) == ("table", "its columns are those of no known format")


def test_mapping(tmp_path: Path) -> None:
    """A mapping names columns, constants, formats and values; what it does not name keeps our names."""
    toml = tmp_path / "m.toml"
    toml.write_text(
        'source = "desk"\n[columns]\nsource_id = "No"\noccurred_on = "Day"\nkilled = "Dead"\ntactic = "How"\n'
        '[constants]\ncountry = "Xanadu"\n[formats]\noccurred_on = "%d.%m.%Y"\n[values.tactic]\n"it\'s" = "IED"\nhr = "hit-and-run"\n'
        '[values.killed]\nseveral = 3\n', encoding="utf-8",
    )  # fmt: skip
    rows = [
        {"No": "1", "DAY": "08.01.2020", "Dead": "several", "How": "it's", "notes": "n"},
        {"No": "2", "DAY": "9.1.2020", "Dead": "5", "How": "other"},
    ]
    with xanadu(tmp_path / "db") as store:
        report = load(store, write_csv(tmp_path / "f.csv", rows), loaded_at=NOW, mapping=Mapping.read(toml))
        assert store.rows(
            "SELECT incident_id, CAST(occurred_on AS VARCHAR), killed, tactic, notes, country FROM incidents ORDER BY 1"
        ) == [
            ("desk:1", "2020-01-08", 3, "IED", "n", "Xanadu"),
            ("desk:2", "2020-01-09", 5, "other", None, "Xanadu"),
        ]
    assert report.source == "desk"


def test_decimal_commas(tmp_path: Path) -> None:
    """Numbers with a comma before their decimals are read where the mapping says so; what is no number then is rejected."""
    toml = tmp_path / "m.toml"
    toml.write_text('decimal = ","\n', encoding="utf-8")
    cells = [("36,25", "3"), ("-36,5", "3,0"), ("36.75", "3,5"), ("36,5", "1.234,0")]
    rows = [
        {"source_id": str(number), "occurred_on": "2020-01-08", "latitude": latitude, "killed": killed, "notes": "1,5"}
        for number, (latitude, killed) in enumerate(cells)
    ]
    with xanadu(tmp_path / "db") as store:
        load(store, write_csv(tmp_path / "f.csv", rows), loaded_at=NOW, mapping=Mapping.read(toml))
        assert store.rows("SELECT latitude, killed, notes FROM incidents ORDER BY source_id") == [
            (36.25, 3, "1,5"),
            (-36.5, 3, "1,5"),
        ]
        assert store.rows("SELECT value FROM rejects ORDER BY record") == [("3,5",), ("1.234,0",)]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("decimal = ';'", "decimal must be"),
        ("[column]\nkilled = 'x'", "unknown section 'column'; did you mean 'columns'"),
        ("[columns]\nkiled = 'x'", "'kiled', which is no column of ours; did you mean 'killed'"),
        ("[formats]\nkilled = '%d'", "which is no date"),
        ("[columns]\nkilled = 'x'\n[constants]\nkilled = 1", "both a column and a constant"),
        ("source = 3", "source must be text"),
        ("columns = 'x'", "must be a section"),
        ("values = {tactic = 'x'}", "[values] tactic = 'x' is no table of"),
        ("[formats]\noccurred_on = 3", "[formats] occurred_on = 3 is no format"),
        ("[columns]\nkilled = ['a']", "[columns] killed = ['a'] is no text"),
        ("[columns", "is not valid TOML"),
    ],
)
def test_wrong_mappings(tmp_path: Path, toml: str, words: str) -> None:
    """A mapping that cannot be meant is refused with the name that is wrong and the nearest right one."""
    path = tmp_path / "m.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Mapping.read(path)
    assert words in str(caught.value)


def test_missing_mapping(tmp_path: Path) -> None:
    """A mapping file that is not there is named."""
    with pytest.raises(InputError, match=r"none\.toml: No such file"):
        Mapping.read(tmp_path / "none.toml")


def test_real_file(tmp_path: Path, shared_data: Path) -> None:
    """The real UCDP file of Iraq is read as a whole: accepted and rejected sum to its records, and loading again adds nothing."""
    path = shared_data / "ucdp_ged_iraq_v19_1_hdx.csv"
    with Store(tmp_path / "db") as store:
        first = load(store, path, loaded_at=NOW)
        again = load(store, path, loaded_at=NOW)
        assert store.value("SELECT count(*) FROM incidents") == first.accepted
    assert first.accepted + first.rejected == first.rows_read == 7473
    assert (again.new_incidents, again.new_versions) == (0, 0)


def test_two_real_vintages(tmp_path: Path, shared_data: Path) -> None:
    """Two vintages of one real data set give the same history in either order."""
    known = [("2023-02-03", "known_2023-02-03"), ("2023-06-23", "known_2023-06-23")]
    histories = []
    for order in (known, known[::-1]):
        with Store(tmp_path / order[0][0]) as store:
            for moment, name in order:
                load(
                    store,
                    shared_data / f"ucdp_ged_ukraine_{name}.csv",
                    loaded_at=NOW,
                    known_at=at(moment),
                    mapping=None,
                )
            histories.append(store.rows("SELECT * EXCLUDE (load_id) FROM versions ORDER BY incident_id, version"))
    assert len(histories[0]) > 1000
    assert histories[0] == histories[1]

"""What the known formats become: small files in their real layouts, row by row against what their codebooks say."""

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.sources import FORMATS, known_source, recognise
from analytics.sources.ucdp import GED_COLUMNS
from analytics.store import LoadReport, load
from tests.conftest import ROOT
from tests.store_files import NOW, Row, at, write_csv, xanadu
from tests.test_sources import ucdp

ACLED = [
    "event_id_cnty",
    "event_date",
    "year",
    "time_precision",
    "disorder_type",
    "event_type",
    "sub_event_type",
    "actor1",
    "assoc_actor_1",
    "inter1",
    "actor2",
    "assoc_actor_2",
    "inter2",
    "interaction",
    "civilian_targeting",
    "iso",
    "region",
    "country",
    "admin1",
    "admin2",
    "admin3",
    "location",
    "latitude",
    "longitude",
    "geo_precision",
    "source",
    "source_scale",
    "notes",
    "fatalities",
    "tags",
    "timestamp",
]
ACLED_2018 = [
    "data_id",
    "iso",
    "event_id_cnty",
    "event_id_no_cnty",
    "event_date",
    "year",
    "time_precision",
    "event_type",
    "sub_event_type",
    "actor1",
    "assoc_actor_1",
    "inter1",
    "actor2",
    "assoc_actor_2",
    "inter2",
    "interaction",
    "region",
    "country",
    "admin1",
    "admin2",
    "admin3",
    "location",
    "latitude",
    "longitude",
    "geo_precision",
    "source",
    "source_scale",
    "notes",
    "fatalities",
    "timestamp",
    "iso3",
]
ACLED_OLDEST = [
    "GWNO",
    "EVENT_ID_CNTY",
    "EVENT_ID_NO_CNTY",
    "EVENT_DATE",
    "YEAR",
    "TIME_PRECISION",
    "EVENT_TYPE",
    "ACTOR1",
    "ALLY_ACTOR_1",
    "INTER1",
    "ACTOR2",
    "ALLY_ACTOR_2",
    "INTER2",
    "INTERACTION",
    "COUNTRY",
    "ADMIN1",
    "ADMIN2",
    "ADMIN3",
    "LOCATION",
    "LATITUDE",
    "LONGITUDE",
    "GEO_PRECISION",
    "SOURCE",
    "NOTES",
    "FATALITIES",
]
EVENT = {
    "event_id_cnty": "XAN1", "event_date": "2023-05-16", "time_precision": "1", "event_type": "Battles", "sub_event_type": "Armed clash",
    "actor1": "IS", "actor2": "Police Forces of Xanadu", "country": "Xanadu", "admin1": "North", "admin2": "Hill", "location": "Kubla",
    "latitude": "36.3", "longitude": "43.1", "geo_precision": "1", "source": "Wire", "notes": "On 16 May ...", "fatalities": "3",
    "timestamp": "1684843200",
}  # fmt: skip
GTD = {
    "eventid": "201805160001", "iyear": "2018", "imonth": "5", "iday": "16", "extended": "0", "resolution": "", "country_txt": "Xanadu",
    "provstate": "North", "city": "Kubla", "latitude": "36.3", "longitude": "43.1", "specificity": "1", "vicinity": "0",
    "summary": "05/16/2018: ...", "attacktype1_txt": "Bombing/Explosion", "targtype1_txt": "Police", "corp1": "Xanadu Police",
    "gname": "Unknown", "weaptype1_txt": "Explosives", "weapsubtype1_txt": "Vehicle", "nkill": "4.0", "nkillter": "1", "nwound": "-99",
    "scite1": "Wire, May 17, 2018",
}  # fmt: skip
DECO = {
    "id": "95", "type_of_violence": "4", "side_a": "Government of Xanadu", "side_b": "IS", "country": "Xanadu", "source_article": "Wire",
    "date_start": "2/21/2012", "date_end": "2/22/2012", "deaths_a": "1", "civilian_deaths": "2", "best": "3", "high": "4", "low": "3",
    "latitude": "12.7", "longitude": "45.0", "electoral_vio": "1", "electoral_type": "1;3",
}  # fmt: skip


def row(columns: list[str], **change: str) -> Row:
    """An ACLED row with all of *columns*."""
    own = EVENT | change
    return {name: own.get(name.lower(), "") for name in columns}


def loaded(folder: Path, path: Path, columns: str, **options: Any) -> tuple[LoadReport, list[tuple[Any, ...]]]:
    """What came of loading *path*, and these columns of the incidents in order of their ids."""
    with xanadu(folder / "db") as store:
        report = load(store, path, loaded_at=NOW, **options)
        return report, store.rows(f"SELECT {columns} FROM incidents ORDER BY source_id")  # noqa: S608


DAYS = "CAST(occurred_on AS VARCHAR), CAST(occurred_until AS VARCHAR), date_precision"


@pytest.mark.parametrize(
    ("columns", "day"),
    [(ACLED, "2023-05-16"), (ACLED, "16 May 2023"), (ACLED_2018, "16 May 2023"), (ACLED_OLDEST, "16/05/2023")],
    ids=["api", "export tool", "2018", "oldest"],
)
def test_acled_layouts(tmp_path: Path, columns: list[str], day: str) -> None:
    """An event reads alike in each of ACLED's layouts, whatever their dates look like and whatever the case of their names."""
    path = write_csv(tmp_path / "acled.csv", [row(columns, event_date=day)])
    report, found = loaded(tmp_path, path, f"incident_id, {DAYS}, admin1, actor1, actor2, killed, region_id")
    assert report.format == "acled"
    assert report.notes[0].startswith("read as acled, as it has the columns of ACLED (")
    assert found == [
        ("acled:XAN1", "2023-05-16", "2023-05-16", "day", "North", "IS", "Police Forces of Xanadu", 3, "XA-N/hill")
    ]


def test_acled_codes(tmp_path: Path) -> None:
    """Precisions become ours, a month is the whole of it, civilians are the target where ACLED says so, and codes that are none are rejected."""
    rows = [
        row(ACLED, event_id_cnty="1", time_precision="2", geo_precision="2", civilian_targeting="Civilian targeting"),
        row(ACLED, event_id_cnty="2", time_precision="3", geo_precision="3"),
        row(ACLED, event_id_cnty="3", time_precision="4"),
        row(ACLED, event_id_cnty="4", timestamp="yesterday"),
        row(ACLED, event_id_cnty="5", event_date="16.5.2023"),
    ]
    report, found = loaded(tmp_path, write_csv(tmp_path / "a.csv", rows), f"{DAYS}, place_precision, target, tactic")
    assert (report.accepted, report.rejected) == (2, 3)
    assert found == [
        ("2023-05-16", "2023-05-16", "week", "near", "civilians", "Armed clash"),
        ("2023-05-01", "2023-05-31", "month", "admin1", None, "Armed clash"),
    ]


def test_acled_pages_of_the_api(tmp_path: Path) -> None:
    """A page of the API is its rows, and each is known from its timestamp on, to the second, in UTC."""
    page = {"success": True, "count": 1, "data": [row(ACLED) | {"fatalities": 3, "iso": 1}]}
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page), encoding="utf-8")
    report, found = loaded(tmp_path, path, "known_from, known_basis, killed, raw ->> 'iso'")
    assert (report.format, found) == ("acled", [(at("2023-05-23 12:00"), "source", 3, "1")])


def test_acled_without_civilian_targeting(tmp_path: Path) -> None:
    """Older exports have no column for it: there the second actor says whether civilians were the target."""
    rows = [row(ACLED_2018, actor2="Civilians (Xanadu)"), row(ACLED_2018, event_id_cnty="XAN2")]
    _, found = loaded(tmp_path, write_csv(tmp_path / "a.csv", rows), "target")
    assert found == [("civilians",), (None,)]


def test_gtd(tmp_path: Path) -> None:
    """GTD's three numbers are a date as well known as they say, its codes and words for unknown are unknown, its counts keep their meaning."""
    rows = [
        GTD,
        GTD
        | {"eventid": "201805160002", "iday": "0", "specificity": "4", "gname": "IS", "weapsubtype1_txt": "Unknown"},
        GTD | {"eventid": "201805160003", "imonth": "0", "iday": "0", "vicinity": "1"},
        GTD | {"eventid": "201805160004", "extended": "1", "resolution": "5/20/2018", "specificity": "3"},
        GTD | {"eventid": "201805160005", "resolution": "2018-05-01", "specificity": "5"},
        GTD | {"eventid": "201805160006", "iyear": "", "specificity": "1"},
        GTD | {"eventid": "201805160007", "imonth": "13"},
    ]
    report, found = loaded(
        tmp_path, write_csv(tmp_path / "gtd.csv", rows),
        f"{DAYS}, place_precision, actor1, actor2, target, tactic, killed, killed_attackers, wounded, region_id",
    )  # fmt: skip
    assert (report.format, report.accepted, report.rejected) == ("gtd", 5, 2)
    shared = ("Xanadu Police", "Police", "Vehicle", 4, 1, None, "XA-N")
    assert found == [
        ("2018-05-16", "2018-05-16", "day", "exact", None, *shared),
        ("2018-05-01", "2018-05-31", "month", "admin1", "IS", "Xanadu Police", "Police", "Explosives", *shared[3:]),
        ("2018-01-01", "2018-12-31", "year", "near", None, *shared),
        ("2018-05-16", "2018-05-20", "day", "admin2", None, *shared),
        ("2018-05-16", "2018-05-16", "day", "country", None, *shared),
    ]


def test_gtd_releases(tmp_path: Path) -> None:
    """A file named as START names them is known from its release, as a source's word; its coverage is taken from its records."""
    path = write_csv(tmp_path / "globalterrorismdb_0522dist.csv", [GTD])
    with xanadu(tmp_path / "db") as store:
        report = load(store, path, loaded_at=NOW)
        assert store.rows("SELECT known_from, known_basis FROM incident_version") == [(at("2022-06-01"), "source")]
        assert store.rows("SELECT DISTINCT basis FROM coverage") == [("assumed",)]
    assert any("the nominal date of GTD release 2022-05" in note for note in report.notes)


def test_deco(tmp_path: Path) -> None:
    """DECO's American dates are read as such, and its counts under names of their own."""
    path = write_csv(tmp_path / "deco.csv", [DECO])
    report, found = loaded(tmp_path, path, f"source, {DAYS}, event_type, killed, killed_civilians, killed_security")
    assert report.format == "deco"
    assert found == [("ucdp-deco", "2012-02-21", "2012-02-22", "day", "electoral, none of UCDP's types", 3, 2, 1)]


def test_the_real_deco(tmp_path: Path, shared_data: Path) -> None:
    """All of DECO is read, its days lie in the years that the file says, and what is rejected has coordinates that are none."""
    with xanadu(tmp_path / "db") as store:
        report = load(store, shared_data / "ucdp_deco_v1_0.csv", loaded_at=NOW)
        wrong = store.value(
            "SELECT count(*) FROM incidents WHERE year(occurred_on) != CAST(raw ->> 'year' AS INTEGER) "
            "AND year(occurred_until) != CAST(raw ->> 'year' AS INTEGER)"
        )
        columns = store.rows('SELECT DISTINCT "column" FROM rejects ORDER BY 1')
    assert (report.format, report.rows_read, report.accepted, report.rejected) == ("deco", 4233, 4227, 6)
    assert (wrong, columns) == (0, [("latitude",), ("longitude",)])


def test_ucdp_pages_of_the_api(tmp_path: Path) -> None:
    """Pages of UCDP's API, one after another in one file, are read as the CSV of the same rows is."""
    pages = [{"TotalCount": 2, "NextPageUrl": "", "Result": [ucdp(number) | {"best": 7}]} for number in (1, 2)]
    path = tmp_path / "pages.json"
    path.write_text("\n".join(map(json.dumps, pages)), encoding="utf-8")
    report, found = loaded(tmp_path, path, f"source_id, {DAYS}, killed")
    assert report.format == "ucdp"
    assert found == [(name, "2018-06-02", "2018-06-03", "day", 7) for name in ("1", "2")]


def test_a_candidate_release_without_a_header(tmp_path: Path) -> None:
    """A release without a header is known by its fields; no record is taken for a header, and rejects are numbered from the first line."""
    rows = [[{"year": "2024", **ucdp(number)}.get(name, "") for name in GED_COLUMNS] for number in (1, 2, 3)]
    rows[1][GED_COLUMNS.index("best")] = "many"
    text = "\n".join(",".join(fields) for fields in rows) + "\nshort\n"
    path = tmp_path / "GEDEvent_v24_0_1.csv"
    path.write_text(text, encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        report = load(store, path, loaded_at=NOW)
        assert store.rows("SELECT source_id, killed FROM incidents ORDER BY 1") == [("1", 7), ("3", 7)]
        assert store.rows('SELECT record, "column" FROM rejects') == [(2, "killed"), (4, None)]
    assert (report.rows_read, report.known_at) == (4, at("2024-03-01"))
    assert "no header" in report.notes[0]


def test_each_format_is_told_from_the_others() -> None:
    """No format's columns are those of another, so that what a file is does not depend on the order in which they are tried."""
    layouts = {"ucdp": list(ucdp(1)), "deco": list(DECO), "gtd": list(GTD), "acled": ACLED}
    assert list(FORMATS) == ["ucdp", "deco", "acled", "gtd"]
    for name, columns in layouts.items():
        assert [other for other, known in FORMATS.items() if known.needs <= set(columns)] == [name]
        assert recognise(columns)[0] == name


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_page_of_sources_says_what_becomes_of_each_column(name: str) -> None:
    """docs/sources.md lists exactly the columns that a source gives, and each of the source's that they are made of."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8").partition(f"<!-- columns: {name} -->\n\n")[2]
    cells = [[cell.strip() for cell in line.split("|")[1:3]] for line in text.partition("\n\n")[0].splitlines()[2:]]
    layouts = {"ucdp": list(GED_COLUMNS), "deco": list(DECO), "gtd": list(GTD), "acled": ACLED}
    fields = known_source(name, layouts[name], "f.csv").fields
    assert sorted(ours for ours, _ in cells) == sorted(fields)
    for ours, theirs in cells:
        made_of = fields[ours].given + fields[ours].text
        assert all(f'"{column}"' in made_of for column in theirs.split(", ")), (
            f"{ours} of {name} is not made of {theirs}"
        )

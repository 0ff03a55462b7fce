"""The bundled data is what its data package says, and says what is known and no more."""

import csv
import json
import re
import unicodedata
from collections import defaultdict
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from analytics.schema import READABLE

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data"
PACKAGE: dict[str, Any] = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = {resource["path"]: resource for resource in PACKAGE["resources"]}
TABLES = [path for path in RESOURCES if path.endswith(".csv")]
UCDP = ROOT.parent / "shared" / "data" / "ucdp_ged_iraq_v19_1_hdx.csv"
UNREACHED_DISTRICTS = {"Qaḑā’ Baghdād"}
"""District names of UCDP that mean no one district: the city of Baghdad is several."""

Row = dict[str, str]


@cache
def rows(path: str) -> list[Row]:
    """The rows of a bundled CSV file."""
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def regions() -> dict[str, Row]:
    """The regions by id."""
    return {row["region_id"]: row for row in rows("iraq_regions.csv")}


def key(name: str) -> str:
    """What spellings of a place name share, worked out apart from the store's own SQL."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = re.sub(r"[-\s]+", " ", re.sub("['’‘ʿʾʼʻ`´]", "", plain.casefold()))
    words = ("province", "governorate", "district", "qada", "muhafazat")
    return " ".join(word for word in plain.split() if word not in words)


@cache
def known_names() -> dict[tuple[str, str], frozenset[str]]:
    """Region ids by level and reduced name."""
    names = defaultdict(set)
    for row in rows("iraq_regions.csv"):
        for name in [row["name"], *row["variants"].split("|")]:
            names[row["level"], key(name)].add(row["region_id"])
    return {place: frozenset(ids) for place, ids in names.items()}


def overlap(one: Row, other: Row) -> bool:
    """Whether two rows are valid on a common day."""
    first = max(one["valid_from"], other["valid_from"])
    last = min(one["valid_until"] or "9999", other["valid_until"] or "9999")
    return first <= last


@cache
def outlines() -> dict[str, BaseGeometry]:
    """The governorates' outlines by region id."""
    collection = json.loads((DATA / "iraq_admin1.geojson").read_text(encoding="utf-8"))
    return {item["properties"]["region_id"]: shape(item["geometry"]) for item in collection["features"]}


def is_typed(value: str, kind: str) -> bool:
    """Whether *value* can be read as a Table Schema type."""
    readers: dict[str, Any] = {"date": date.fromisoformat, "integer": int, "number": float}
    if kind == "boolean":
        return value in ("true", "false")
    try:
        readers.get(kind, str)(value)
    except ValueError:
        return False
    return True


def is_within(value: str, rules: dict[str, Any], kind: str) -> bool:
    """Whether *value* keeps a field's constraints."""
    read: Any = float if kind in ("integer", "number") else str
    return (
        (value in rules.get("enum", [value]))
        and re.fullmatch(rules.get("pattern", ".*"), value, re.DOTALL) is not None
        and ("minimum" not in rules or read(value) >= read(rules["minimum"]))
        and ("maximum" not in rules or read(value) <= read(rules["maximum"]))
    )


def faults(table: list[Row], field: dict[str, Any]) -> list[str]:
    """The values of one field that are not as declared."""
    rules, values = field.get("constraints", {}), [row[field["name"]] for row in table]
    wrong = [v for v in values if v and not (is_typed(v, field["type"]) and is_within(v, rules, field["type"]))]
    missing = ["(missing)"] if rules.get("required") and "" in values else []
    twice = ["(twice)"] if rules.get("unique") and len(set(values)) < len(values) else []
    return wrong + missing + twice


def test_every_data_file_is_described_and_there() -> None:
    """The data package lists exactly the data files in the folder."""
    present = {path.name for path in DATA.iterdir() if path.suffix in (".csv", ".geojson", ".toml")}
    assert present == set(RESOURCES)


@pytest.mark.parametrize("path", RESOURCES)
def test_each_file_names_its_source_and_licence(path: str) -> None:
    """Every resource has a title, a media type, at least one source and a licence."""
    resource = RESOURCES[path]
    assert resource["title"]
    assert resource["mediatype"] in ("text/csv", "application/geo+json", "application/toml")
    assert all(source["title"] for source in resource["sources"])
    assert resource["sources"]
    assert resource["licenses"]
    assert all(licence["name"] in ("MIT", "other-pd") for licence in resource["licenses"])


@pytest.mark.parametrize("path", TABLES)
def test_columns_are_as_declared(path: str) -> None:
    """Every CSV file has the declared columns in the declared order, each with a description."""
    fields = RESOURCES[path]["schema"]["fields"]
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == [field["name"] for field in fields]
    assert all(field["description"] for field in fields)


@pytest.mark.parametrize("path", TABLES)
def test_values_are_as_declared(path: str) -> None:
    """Every value has the declared type and keeps the declared constraints."""
    fields = RESOURCES[path]["schema"]["fields"]
    assert {field["name"]: wrong for field in fields if (wrong := faults(rows(path), field))} == {}


@pytest.mark.parametrize("path", [path for path in TABLES if "primaryKey" in RESOURCES[path]["schema"]])
def test_primary_keys_are_unique(path: str) -> None:
    """No two rows of a table have the same key."""
    declared = RESOURCES[path]["schema"]["primaryKey"]
    columns = [declared] if isinstance(declared, str) else declared
    keys = [tuple(row[column] for column in columns) for row in rows(path)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("path", TABLES)
def test_files_are_utf8_with_unix_line_ends(path: str) -> None:
    """CSV files are UTF-8 without a byte-order mark, composed (NFC), and end lines with LF."""
    raw = (DATA / path).read_bytes()
    assert b"\r" not in raw
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert unicodedata.is_normalized("NFC", raw.decode("utf-8"))


def test_checker_sees_wrong_values() -> None:
    """The check of values reports a wrong type, a value outside its limits, one missing and one twice."""
    count = {"name": "n", "type": "integer", "constraints": {"minimum": 0}}
    assert faults([{"n": "1"}, {"n": "-1"}, {"n": "x"}, {"n": ""}], count) == ["-1", "x"]
    ident = {"name": "n", "type": "string", "constraints": {"required": True, "unique": True, "pattern": "[a-z]+"}}
    assert faults([{"n": "a"}, {"n": "a"}, {"n": ""}, {"n": "A"}], ident) == ["A", "(missing)", "(twice)"]


def test_hierarchy_is_whole() -> None:
    """Every district lies in a governorate, every governorate in the country, and ids say so."""
    above = {"country": "", "admin1": "country", "admin2": "admin1"}
    for region_id, row in regions().items():
        parent = regions().get(row["parent_id"], {"level": ""})
        assert parent["level"] == above[row["level"]], region_id
        assert row["level"] != "admin2" or region_id.startswith(row["parent_id"] + "/")


def test_governorates_are_those_of_iso_and_halabja() -> None:
    """There are the 18 governorates of ISO 3166-2, always valid, and Halabja from the day its law was in force."""
    codes = re.findall("..", "ANARBABBBGDADIDQKAKIMAMUNANIQASDSUWA")
    admin1 = {i: row for i, row in regions().items() if row["level"] == "admin1"}
    assert set(admin1) == {f"IQ-{code}" for code in [*codes, "HA"]}
    dated = {i: row["valid_from"] for i, row in admin1.items() if row["valid_from"] or row["valid_until"]}
    assert dated == {"IQ-HA": "2025-05-05"}


def test_halabja_is_one_place_at_a_time() -> None:
    """Halabja's district passes from Sulaymaniyah to its own governorate without a gap or an overlap."""
    before, after = regions()["IQ-SU/halabja"], regions()["IQ-HA/halabja"]
    last, first = date.fromisoformat(before["valid_until"]), date.fromisoformat(after["valid_from"])
    assert (first - last).days == 1
    assert regions()["IQ-HA"]["valid_from"] == after["valid_from"]


def test_names_are_unambiguous() -> None:
    """No name, however spelled, means two regions of one level on one day."""
    for place, ids in known_names().items():
        for one, other in combinations(sorted(ids), 2):
            assert not overlap(regions()[one], regions()[other]), (place, one, other)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "UCDP",
            "Al Anbār province|Al Başrah  province|Al Muthanná province|Al Qādisīyah province|An Najaf province"
            "|Arbīl province|As Sulaymānīyah province|At-Ta'mim province|Baghdād province|Bābil province"
            "|Dahūk province|Dhī Qār province|Diyālá province|Karbalā’ province|Kirkūk province|Maysān  province"
            "|Nīnawá province|Wāsiţ province|Şalāḩ ad Dīn province",
        ),
        (
            "ACLED",
            "Al Anbar|Al Basrah|Al Muthanna|Al Qadissiya|An Najaf|Babil|Baghdad|Dahuk|Dhi Qar|Diyala|Erbil|Kerbala"
            "|Kirkuk|Maysan|Ninewa|Salah al Din|Salah Al Din|Sulaymaniyah|Al Sulaymaniyah|Wassit",
        ),
        (
            "GTD",
            "Al Anbar|Al Qadisiyah|Arbil|Babil|Baghdad|Basra|Dhi Qar|Dihok|Diyala|Karbala|Kirkuk|Maysan|Muthanna"
            "|Najaf|Nineveh|Saladin|Sulaymaniyah|Wasit",
        ),
    ],
)
def test_governorate_names_of_each_source_resolve(source: str, names: str) -> None:
    """Every governorate name that a source uses means one governorate, and together they mean all 18."""
    found = [known_names().get(("admin1", key(name)), frozenset()) for name in names.split("|")]
    assert all(len(ids) == 1 for ids in found), source
    assert len(frozenset().union(*found)) == 18, source


def test_kirkuk_is_one_region_under_both_its_names() -> None:
    """Kirkūk and At-Ta'mim, its name until 2006, are one governorate."""
    kirkuk = frozenset({"IQ-KI"})
    assert known_names()["admin1", key("Kirkūk province")] == kirkuk
    assert known_names()["admin1", key("At-Ta'mim province")] == kirkuk


@pytest.mark.skipif(not UCDP.exists(), reason="needs ../shared/data, which is not part of the repository")
def test_names_in_the_real_file_resolve() -> None:
    """In UCDP GED Iraq every governorate and every district but the known exception resolves, each in the other."""
    with UCDP.open(encoding="utf-8", newline="") as file:
        places = {(r["adm_1"], r["adm_2"]) for r in csv.DictReader(file) if not r["adm_1"].startswith("#")}
    for admin1, admin2 in sorted(place for place in places if place[0]):
        (governorate,) = known_names()["admin1", key(admin1)]
        districts = known_names().get(("admin2", key(admin2)), frozenset())
        assert not admin2 or districts or admin2 in UNREACHED_DISTRICTS, admin2
        assert not districts or governorate in {district.split("/")[0] for district in districts}, admin2


def test_group_members_are_districts_valid_with_it() -> None:
    """Each member of the disputed territories is a known district, and a member only while it exists."""
    for row in rows("iraq_groups.csv"):
        assert regions()[row["region_id"]]["level"] == "admin2"
        assert (regions()[row["region_id"]]["valid_from"] or "0000") <= row["valid_from"]
        assert row["source"]


def test_disputed_territories_are_those_reported_on() -> None:
    """The group is the 14 districts and Mandali of the United Nations' reports of April 2009, all Kirkuk among them."""
    members = {row["region_id"] for row in rows("iraq_groups.csv") if row["group_id"] == "disputed-territories"}
    assert len(members) == 15
    assert {i for i in regions() if i.startswith("IQ-KI/")} < members
    assert {"IQ-DI/khanaqin", "IQ-DI/kifri", "IQ-DI/mandali", "IQ-SD/tooz", "IQ-AR/makhmur"} < members
    assert {i.split("/")[1] for i in members if i.startswith("IQ-NI/")} == {
        "akre", "hamdaniya", "shekhan", "sinjar", "telafar", "tilkaif"
    }  # fmt: skip


def test_events_concern_known_places_and_end_after_they_start() -> None:
    """Every dated event names existing regions or groups, and does not end before it starts."""
    known = set(regions()) | {row["group_id"] for row in rows("iraq_groups.csv")}
    for row in rows("iraq_events.csv"):
        assert row["starts_on"] <= row["ends_on"]
        assert set(row["regions"].split("|")) <= known


def test_national_elections_are_on_their_days() -> None:
    """The seven national elections from January 2005 to November 2025 are there, on their days, for the country."""
    held = [row for row in rows("iraq_events.csv") if row["kind"] == "election"]
    assert [row["starts_on"] for row in held] == [
        "2005-01-30", "2005-12-15", "2010-03-07", "2014-04-30", "2018-05-12", "2021-10-10", "2025-11-11"
    ]  # fmt: skip
    assert all(row["ends_on"] == row["starts_on"] and row["regions"] == "IQ" for row in held)


def test_other_events_of_the_founding_case() -> None:
    """The referendum, the change of control and the operation, its day not known, are there and in the right order."""
    events = {row["event_id"]: row for row in rows("iraq_events.csv")}
    assert events["iq-referendum-2017-09"]["starts_on"] == "2017-09-25"
    control = events["iq-control-2017-10"]
    assert (control["starts_on"], control["ends_on"]) == ("2017-10-16", "2017-10-20")
    operation = events["iq-operation-2021-11"]
    assert (operation["starts_on"], operation["ends_on"]) == ("2021-11-01", "2021-11-07")
    assert "not known" in operation["notes"]


def test_founding_incidents_have_the_columns_of_incidents() -> None:
    """The founding case is in our own incident columns and needs no mapping."""
    assert list(rows("founding_incidents.csv")[0]) == list(READABLE)


def test_toll_of_2_december_was_revised_from_10_to_13() -> None:
    """The attacks of Thursday 2 December 2021 have two versions of one day: 7 + 3 killed, then 10 + 3 and 4 wounded."""
    versions = [row for row in rows("founding_incidents.csv") if row["occurred_on"] == "2021-12-02"]
    assert date(2021, 12, 2).strftime("%A") == "Thursday"
    assert {row["source_id"] for row in versions} == {"2021-12-02-attacks"}
    figures = ["known_at", "known_order", "killed", "killed_security", "killed_civilians", "wounded"]
    assert [[row[name] for name in figures] for row in versions] == [
        ["2021-12-03", "1", "10", "7", "3", ""],
        ["2021-12-03", "2", "13", "10", "3", "4"],
    ]


def test_kifri_attacks_leave_unknown_what_is_unknown() -> None:
    """Eight Peshmerga killed in three days before 2 December: hit-and-run, in a disputed district, the rest empty."""
    (kifri,) = [row for row in rows("founding_incidents.csv") if row["admin2"] == "Kifri"]
    assert (kifri["killed"], kifri["killed_security"], kifri["tactic"]) == ("8", "8", "hit-and-run")
    assert kifri["killed_civilians"] == kifri["wounded"] == kifri["killed_attackers"] == ""
    span = date.fromisoformat(kifri["occurred_until"]) - date.fromisoformat(kifri["occurred_on"])
    assert span.days == 2
    assert kifri["occurred_until"] < "2021-12-02"
    (district,) = known_names()["admin2", key(kifri["admin2"])]
    assert district in {row["region_id"] for row in rows("iraq_groups.csv")}


def test_no_version_knows_what_only_a_later_one_does() -> None:
    """The first version of the attacks of 2 December does not give away the corrected figures in its notes."""
    first = next(row for row in rows("founding_incidents.csv") if row["occurred_on"] == "2021-12-02")
    assert not re.search(r"\b(13|thirteen|ten|four)\b", first["notes"], re.IGNORECASE)


def test_outlines_are_valid_and_small() -> None:
    """The 18 outlines are valid polygons, counter-clockwise (RFC 7946), in a file below 60 kB."""
    assert len(outlines()) == 18
    assert set(outlines()) < set(regions())
    assert all(outline.is_valid and outline.exterior.is_ccw for outline in outlines().values())
    assert (DATA / "iraq_admin1.geojson").stat().st_size < 60_000


def test_outlines_meet_without_gaps_or_overlaps() -> None:
    """The governorates together make one Iraq without holes, and share no area."""
    whole = unary_union(list(outlines().values()))
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    # areas add up to rounding in float64, far below one square metre (1e-10 square degrees)
    assert sum(outline.area for outline in outlines().values()) == pytest.approx(whole.area, abs=1e-10)


@pytest.mark.parametrize(
    ("region_id", "longitude", "latitude"),
    [
        ("IQ-BG", 44.37, 33.31),
        ("IQ-NI", 43.13, 36.34),
        ("IQ-KI", 44.39, 35.47),
        ("IQ-BA", 47.78, 30.51),
        ("IQ-AR", 44.01, 36.19),
        ("IQ-SU", 45.98, 35.18),
    ],
)
def test_cities_lie_in_their_governorates(region_id: str, longitude: float, latitude: float) -> None:
    """Baghdad, Mosul, Kirkuk, Basra, Erbil and Halabja lie in exactly the outline they should."""
    point = Point(longitude, latitude)
    assert [i for i, outline in outlines().items() if outline.contains(point)] == [region_id]


def test_outlines_bear_the_names_of_the_regions() -> None:
    """Each outline's name is the region's."""
    collection = json.loads((DATA / "iraq_admin1.geojson").read_text(encoding="utf-8"))
    shown = {item["properties"]["region_id"]: item["properties"]["name"] for item in collection["features"]}
    assert shown == {region_id: regions()[region_id]["name"] for region_id in shown}


def test_simulated_files_say_that_they_are() -> None:
    """Every simulated file is called simulated, and its description says so first."""
    simulated = [resource for path, resource in RESOURCES.items() if path.startswith("simulated_")]
    assert len(simulated) == 3
    assert all(resource["description"].startswith("SIMULATED") for resource in simulated)

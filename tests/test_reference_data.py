"""Reference data: regions, groups, boundaries, dated events and coverage, loaded, replaced and undone."""

import json
from pathlib import Path

import pytest

from analytics.errors import InputError
from analytics.store import Store, load_reference, unload
from tests.conftest import ROOT
from tests.store_files import NOW, REGIONS, Row, dump, incident, load_rows, panel, reference, xanadu

EVENT = {"event_id": "e1", "kind": "election", "name": "Election", "starts_on": "2020-03-01", "regions": "XA"}
MEMBER = {"group_id": "g", "group": "Group", "region_id": "XA-N/hill"}
COVER = {"source": "desk", "region_id": "XA", "covers_from": "2020-01-01", "covers_until": "2020-12-31"}


def region(**change: str) -> Row:
    """A row of a regions file."""
    return {"region_id": "XA-E", "parent_id": "XA", "level": "admin1", "name": "East"} | change


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("regions", region(level="county"), "level 'county' is not one of country"),
        ("regions", region(parent_id="XB"), "parent_id 'XB' is no region; choose from XA, XA-E"),
        ("regions", region(region_id="(east)"), "may not start with a bracket"),
        ("regions", region(region_id="admin1"), "or be a level"),
        ("regions", region(parent_id="XA-E"), "is of level admin1, not above admin1"),
        ("regions", region(name=""), "name is empty"),
        ("regions", region(valid_from="2020"), "valid_from '2020' is not a date"),
        ("regions", region(valid_from="2020-02-01", valid_until="2020-01-01"), "valid_until 2020-01-01 is before valid_from"),
        ("regions", MEMBER | {"region_id": "XA-W"}, "region_id 'XA-W' is no region"),
        ("regions", MEMBER | {"group_id": "admin1"}, "is a region or level"),
        ("regions", MEMBER | {"group_id": "XA"}, "is a region or level"),
        ("regions", MEMBER | {"valid_until": "soon"}, "valid_until 'soon' is not a date"),
        ("events", EVENT | {"regions": "XA|Atlantis"}, "regions 'Atlantis' is no region or group"),
        ("events", EVENT | {"kind": "party"}, "kind 'party' is not one of election"),
        ("events", EVENT | {"ends_on": "2020-02-01"}, "ends_on 2020-02-01 is before starts_on 2020-03-01"),
        ("events", EVENT | {"starts_on": "0025-02-01"}, "is not between 1900-01-01"),
        ("coverage", COVER | {"region_id": "XB"}, "region_id 'XB' is no region"),
        ("coverage", COVER | {"reported": "perhaps"}, "reported 'perhaps' is neither"),
        ("coverage", COVER | {"covers_until": "2019-12-31"}, "is before covers_from"),
        ("coverage", COVER | {"covers_until": ""}, "covers_until is empty"),
    ],
)  # fmt: skip
def test_wrong_rows(tmp_path: Path, kind: str, row: Row, words: str) -> None:
    """A wrong row is named by its line and value, and nothing of its file is loaded."""
    good = {"regions": region(region_id="XA-W"), "events": EVENT | {"event_id": "e0"}, "coverage": COVER}[kind]
    rows = [MEMBER | {"group_id": "h"} if "group_id" in row else good, row]
    with xanadu(tmp_path / "db") as store:
        before = dump(store)
        with pytest.raises(InputError, match="line 3") as caught:
            reference(store, tmp_path, kind, rows)
        assert dump(store) == before
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("region_id,level\nXA,country\n", "column 'name' is missing for regions"),
        ("region_id,level,name\n", "has a header but no rows"),
        ("region_id,level,name\nXB,country,B\nXB,country,C\n", "line 3: region_id 'XB' is there twice"),
        ("region_id,level,name\nXB,country\n", "line 2: does not have 3 columns"),
        ("region_id,level,name\nXB,country,B,b\n", "line 2: does not have 3 columns"),
        ('region_id,level,name\nXB,country,"B\n', "line 2: "),
        ('"region_id,level,name\n', "the header cannot be read"),
        ('"region_id"x,level\n', "the header cannot be read"),
        ('{"type": "FeatureCollection", "features": [{}]}', "is not a GeoJSON FeatureCollection"),
        ('{"type": ', "is not a GeoJSON FeatureCollection"),
        ('{"features": 3}', "is not a GeoJSON FeatureCollection"),
    ],
)  # fmt: skip
def test_wrong_files(tmp_path: Path, text: str, words: str) -> None:
    """A reference file that is none is refused with what is wrong and where."""
    path = tmp_path / "regions.csv"
    path.write_text(text, encoding="utf-8")
    with xanadu(tmp_path / "db") as store, pytest.raises(InputError, match="regions") as caught:
        load_reference(store, path, "regions", loaded_at=NOW)
    assert words in str(caught.value)


def test_values_are_kept(tmp_path: Path) -> None:
    """What a file says comes back from the views: names, spans, notes with any characters in them, several regions."""
    event = EVENT | {"regions": "XA-N| XA-S |g", "notes": 'two\nlines, "quoted"', "name": "Êlection ك"}
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "regions", [MEMBER | {"valid_from": "2005-10-15"}])
        reference(store, tmp_path, "events", [event])
        reference(store, tmp_path, "coverage", [COVER | {"reported": "False", "note": "no, none"}])
        assert store.rows("SELECT name, CAST(ends_on AS VARCHAR), regions, notes FROM dated_events") == [
            ("Êlection ك", "2020-03-01", ["XA-N", "XA-S", "g"], 'two\nlines, "quoted"')
        ]
        assert store.rows("SELECT reported, note, basis, region FROM coverage") == [
            (False, "no, none", "file", "Xanadu")
        ]
        assert store.rows('SELECT "group", region, CAST(valid_from AS VARCHAR), valid_until FROM region_groups') == [
            ("Group", "Hill", "2005-10-15", None)
        ]
        assert store.value("SELECT names FROM regions WHERE region_id = 'XA-N'") == ["Al Nōrth", "Nord", "North"]


REPLACEMENTS = [
    ("regions", [REGIONS[1] | {"name": "Uplands", "variants": ""}]),
    ("regions", [MEMBER, MEMBER | {"region_id": "XA-S/dale"}]),
    ("regions", [MEMBER | {"group": "Smaller"}]),
    ("events", [EVENT]),
    ("events", [EVENT | {"name": "Vote"}, EVENT | {"event_id": "e2"}]),
    ("coverage", [COVER]),
    ("coverage", [COVER | {"covers_until": "2020-06-30"}]),
    ("regions", [REGIONS[1] | {"name": "Highlands"}]),
]


@pytest.mark.parametrize("undone", [0, 1, 4, 6])
def test_unload_brings_back_what_was_replaced(tmp_path: Path, undone: int) -> None:
    """Undoing a reference load, the newest or not, leaves what the others alone would have made."""
    with xanadu(tmp_path / "undone") as store, xanadu(tmp_path / "never") as other:
        for both in (store, other):
            load_rows(
                both, tmp_path, [incident("a"), incident("b", admin1="Uplands"), incident("c", admin1="Highlands")]
            )
        for index, (kind, rows) in enumerate(REPLACEMENTS):
            reference(store, tmp_path, kind, rows)
            if index != undone:
                reference(other, tmp_path, kind, rows)
        unload(store, undone + 3, undone_at=NOW)
        assert dump(store, loads=False) == dump(other, loads=False)


def test_reloading_changes_nothing(tmp_path: Path) -> None:
    """A reference file loaded again replaces each of its rows by itself."""
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "events", [EVENT])
        seen = dump(store, loads=False)
        reference(store, tmp_path, "regions", REGIONS)
        reference(store, tmp_path, "events", [EVENT])
        kept = dump(store, loads=False)
    assert len(kept.pop("reference_row")) == 2 * len(seen.pop("reference_row"))
    assert kept == seen


@pytest.mark.parametrize(
    ("place", "region_id", "problem"),
    [
        ({"admin1": "NORTH"}, "XA-N", None),
        ({"admin1": "Al-Nōrth"}, "XA-N", None),
        ({"admin1": "al north province"}, "XA-N", None),
        ({"admin1": "Governorate of Nord"}, "XA", "admin1 not known"),
        ({"admin1": "Nor’th"}, "XA-N", None),
        ({"admin1": "North", "admin2": "hill district"}, "XA-N/hill", None),
        ({"admin1": "North", "admin2": "Dale"}, "XA-N", "admin2 lies in another admin1"),
        ({"admin1": "North", "admin2": "Vale"}, "XA-N", "admin2 not known"),
        ({"admin1": "", "admin2": "Dale"}, "XA-S/dale", None),
        ({"country": "", "admin1": "North"}, "XA-N", None),
        ({"country": "", "admin1": "North", "admin2": "Hill"}, "XA-N/hill", None),
        ({"admin1": ""}, "XA", "no region reported"),
        ({"country": "", "admin1": ""}, None, "no region reported"),
        ({"country": "Atlantis", "admin1": "North", "admin2": "Hill"}, "atlantis/north/hill", None),
    ],
)
def test_places(tmp_path: Path, place: Row, region_id: str | None, problem: str | None) -> None:
    """A reported place is taken for the finest region its names lead to, and what stood in the way is said."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a") | place])
        assert store.rows("SELECT region_id FROM incidents") == [(region_id,)]
        assert store.rows("SELECT region_id, problem FROM place") == [(region_id, problem)]
        assert store.rows("SELECT problem, incidents FROM unresolved") == ([(problem, 1)] if problem else [])


def test_names_that_mean_two_regions(tmp_path: Path) -> None:
    """A name that two regions share is not guessed: the district of the region reported is taken, else the coarser region."""
    twins = [
        {"region_id": f"XA-{side}/halab", "parent_id": f"XA-{side}", "level": "admin2", "name": "Halab"}
        for side in "NS"
    ]
    rows = [incident("a", admin2="Halab"), incident("b", admin1="", admin2="Halab")]
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "regions", twins)
        load_rows(store, tmp_path, rows)
        assert store.rows("SELECT region_id, district_id FROM incidents ORDER BY source_id") == [
            ("XA-N/halab", "XA-N/halab"),
            ("XA", None),
        ]


def test_hierarchy_afterwards(tmp_path: Path) -> None:
    """Regions derived from reported names give way to a hierarchy loaded later, and come back when that is undone."""
    with Store(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a", admin2="Hill"), incident("b", admin1="Norð")])
        before = dump(store)
        assert store.rows("SELECT region_id, level, source FROM regions") == [
            ("xanadu", "country", "as reported"),
            ("xanadu/north", "admin1", "as reported"),
            ("xanadu/north/hill", "admin2", "as reported"),
            ("xanadu/norð", "admin1", "as reported"),
        ]
        loaded = reference(store, tmp_path, "regions", REGIONS)
        assert store.rows("SELECT region_id FROM incidents ORDER BY source_id") == [("XA-N/hill",), ("XA",)]
        assert store.value("SELECT count(*) FROM regions") == len(REGIONS)
        unload(store, loaded, undone_at=NOW)
        assert dump(store) == before


def test_boundaries(tmp_path: Path) -> None:
    """A boundary is kept as it was given, whichever way the file was made, and marks its region."""
    geometry = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    path = tmp_path / "b.geojson"
    features = [{"type": "Feature", "properties": {"region_id": "XA-N"}, "geometry": geometry}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8-sig")
    with xanadu(tmp_path / "db") as store:
        assert load_reference(store, path, "regions", loaded_at=NOW)["kind"] == "boundaries"
        assert json.loads(store.value("SELECT geometry FROM boundary")) == geometry
        assert store.rows("SELECT region_id FROM regions WHERE has_boundary") == [("XA-N",)]


def test_bundled_reference_data(tmp_path: Path) -> None:
    """The bundled regions, groups, boundaries and events load, and disputed districts count under either governorate."""
    places = [("Nineveh", "Makhmur"), ("As Sulaymaniyah", "Kifri"), ("Dihok", "Akre"), ("Duhok", "Shekhan")]
    with Store(tmp_path / "db") as store:
        for name in ("iraq_regions.csv", "iraq_groups.csv", "iraq_admin1.geojson"):
            load_reference(store, ROOT / "data" / name, "regions", loaded_at=NOW)
        load_reference(store, ROOT / "data" / "iraq_events.csv", "events", loaded_at=NOW)
        load_rows(store, tmp_path, [incident(d, country="Iraq", admin1=g, admin2=d) for g, d in places])
        found = store.rows("SELECT region_id, district_id FROM incidents ORDER BY source_id")
        counted = panel(store, "2020-01-06", "2020-01-12", level="disputed-territories")
    assert found == [
        ("IQ-DA", "IQ-NI/akre"),
        ("IQ-SU", "IQ-DI/kifri"),
        ("IQ-NI", "IQ-AR/makhmur"),
        ("IQ-DA", "IQ-NI/shekhan"),
    ]
    assert counted["2020-01-06", "disputed-territories"][0] == 4


def test_an_event_concerns_every_region_that_shares_its_ground(store_path: Path) -> None:
    """An event of a district concerns the district, what is above it, and its group while it is a member; no other."""
    with Store(store_path) as store:
        for name, kind in (
            ("iraq_regions.csv", "regions"),
            ("iraq_groups.csv", "regions"),
            ("iraq_events.csv", "events"),
        ):
            load_reference(store, ROOT / "data" / name, kind, loaded_at=NOW)
        store_events = store_path.with_name("events.csv")
        store_events.write_text(
            "event_id,kind,name,starts_on,regions\nold,other,Old,2004-01-01,IQ-DI/kifri\nnew,other,New,2021-01-01,IQ-DI/kifri\n"
        )
        load_reference(store, store_events, "events", loaded_at=NOW)
        found = {
            event: {region for _, region in store.rows("FROM event_regions WHERE event_id = $id", {"id": event})}
            for event in ("old", "new", "iq-control-2017-10")
        }
    assert found["old"] == {"IQ", "IQ-DI", "IQ-DI/kifri"}
    assert found["new"] == {"IQ", "IQ-DI", "IQ-DI/kifri", "disputed-territories"}
    assert {"IQ", "IQ-KI", "IQ-DI", "disputed-territories"} <= found["iq-control-2017-10"]
    assert not {"IQ-BA", "IQ-AN"} & found["iq-control-2017-10"]

"""Places: regions by coordinates where names lead to none, boundaries of any country, and places whose parent changed."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.errors import InputError, OptionError
from analytics.pipeline import fresh_store
from analytics.sources.boundaries import BoundaryOptions
from analytics.store import Store, load, load_reference, unload
from tests.conftest import ROOT
from tests.store_files import NOW, Row, dump, incident, load_rows, panel, reference, xanadu

SHARED = ROOT.parent / "shared" / "data"
POINTS = SHARED / "iraq_attacks_2006_points.parquet"

NORTH, SOUTH = [0, 1, 4, 2], [0, 0, 4, 1]
HILL = [0, 1, 2, 2]


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as GeoJSON."""
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def outline(
    store: Store, folder: Path, boxes: dict[str, list[float]], *, key: str = "region_id", **options: Any
) -> int:
    """Load rectangles as the boundaries of regions; their load."""
    features = [
        {"type": "Feature", "properties": {key: name}, "geometry": box(*edges)} for name, edges in boxes.items()
    ]
    path = folder / "boxes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    loaded: int = load_reference(store, path, "regions", loaded_at=NOW, boundaries=BoundaryOptions(**options))[
        "load_id"
    ]
    return loaded


def spot(source_id: str, longitude: float, latitude: float, **more: Any) -> Row:
    """A record with coordinates and no names, unless *more* has some."""
    return incident(source_id, country="", admin1="", longitude=longitude, latitude=latitude) | more


KM = 1 / 111.195  # a kilometre in degrees of latitude

CASES = [
    (spot("inside", 1, 1.5), "XA-N/hill", "polygon"),
    (spot("edge", 1, 1), "XA-N/hill", "polygon"),
    (spot("east of the district", 3, 1.5), "XA-N", "polygon"),
    (spot("2 km east of the district", 2 + 2 * KM, 1.5), "XA-N/hill", "nearest"),
    (spot("south", 1, 0.5), "XA-S", "polygon"),
    (spot("9 km off the coast", 1, -9 * KM), "XA-S", "nearest"),
    (spot("11 km off the coast", 1, -11 * KM), None, None),
    (spot("country reported", 1, 1.5, country="Xanadu"), "XA-N/hill", "polygon"),
    (spot("name reported, point elsewhere", 1, 0.5, country="Xanadu", admin1="North"), "XA-N", "reported"),
    (spot("name reported, point finer", 1, 1.5, country="Xanadu", admin1="North"), "XA-N/hill", "polygon"),
    (spot("name not known", 1, 0.5, country="Xanadu", admin1="Nowhere"), "XA-S", "polygon"),
    (spot("district reported", 1, 0.5, country="Xanadu", admin2="Hill"), "XA-N/hill", "reported"),
    (spot("other country reported", 1, 1.5, country="Atlantis"), "atlantis", "reported"),
    (spot("known to admin1", 1, 1.5, place_precision="admin1"), "XA-N", "polygon"),
    (spot("known to the country", 1, 1.5, place_precision="country"), None, None),
    (incident("no coordinates", admin1=""), "XA", "reported"),
    (incident("half a place", country="", admin1="", longitude=1), None, None),
]
BOXES = {"XA-N": NORTH, "XA-S": SOUTH, "XA-N/hill": HILL}


def found(store: Store) -> dict[str, tuple[str | None, str | None]]:
    """Region and basis of each incident by its source id."""
    return {row[0]: row[1:] for row in store.rows("SELECT source_id, region_id, region_basis FROM incidents")}


@pytest.mark.parametrize("boundaries_first", [True, False])
def test_points(tmp_path: Path, boundaries_first: bool) -> None:
    """Coordinates place what names leave open, within the names, the tolerance and the precision; also when they come first."""
    rows = [row for row, *_ in CASES]
    with xanadu(tmp_path / "db") as store:
        if boundaries_first:
            outline(store, tmp_path, BOXES)
        load_rows(store, tmp_path, rows)
        if not boundaries_first:
            outline(store, tmp_path, BOXES)
        assert found(store) == {row["source_id"]: (region, basis) for row, region, basis in CASES}
        counted = panel(store, "2020-01-06", "2020-01-12")
        assert sum(value or 0 for value, _ in counted.values()) == len(CASES)
        assert counted["2020-01-06", "XA-N"][0] == 9


def test_conflicts(tmp_path: Path) -> None:
    """An incident whose coordinates lie in another region than it reports is listed with both; a border that is near is not guessed away."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [row for row, *_ in CASES])
        assert store.rows("FROM place_conflicts") == []
        outline(store, tmp_path, BOXES)
        assert store.rows("SELECT incident_id[6:], region_id, polygon_id, level FROM place_conflicts ORDER BY 1") == [
            ("district reported", "XA-N", "XA-S", "admin1"),
            ("name reported, point elsewhere", "XA-N", "XA-S", "admin1"),
        ]  # fmt: skip


def test_boundaries_undone(tmp_path: Path) -> None:
    """Boundaries loaded after, replaced and undone leave what would be there without them; so do incidents undone."""
    rows = [row for row, *_ in CASES]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows)
        before = dump(store)
        first = outline(store, tmp_path, BOXES)
        placed = dump(store, loads=False)
        second = outline(store, tmp_path, BOXES | {"XA-S": [0, 0, 4, 1.2]}, nearest_km=0)
        assert found(store)["9 km off the coast"] == (None, None)
        unload(store, second, undone_at=NOW)
        assert dump(store, loads=False) == placed
        more = load_rows(store, tmp_path, [spot("x", 2.5, 1.7)], source="other").load_id
        unload(store, more, undone_at=NOW)
        assert dump(store, loads=False) == placed
        unload(store, first, undone_at=NOW)
        assert dump(store) == before


def test_coverage_of_points(tmp_path: Path) -> None:
    """A file that names no country covers the countries that its coordinates lie in: its weeks are known, not unknown."""
    with xanadu(tmp_path / "db") as store:
        outline(store, tmp_path, BOXES)
        load_rows(store, tmp_path, [spot("a", 1, 0.5)], covers=("2020-01-01", "2020-02-28"))
        assert panel(store, "2020-01-06", "2020-01-12")["2020-01-06", "XA-S"] == (1.0, "known")


def test_overlapping_boundaries(tmp_path: Path) -> None:
    """Where boundaries of one level overlap, the smaller holds the point."""
    with xanadu(tmp_path / "db") as store:
        outline(store, tmp_path, {"XA-N": [0, 0, 9, 9], "XA-S": [1, 1, 2, 2]})
        load_rows(store, tmp_path, [spot("a", 1.5, 1.5), spot("b", 5, 5)])
        assert found(store) == {"a": ("XA-S", "polygon"), "b": ("XA-N", "polygon")}


SPLIT = [
    {"region_id": "XA-M", "parent_id": "XA", "level": "admin1", "name": "March", "valid_from": "2015-01-01"},
    {"region_id": "XA-N/moor", "parent_id": "XA-N", "level": "admin2", "name": "Moor", "valid_until": "2014-12-31"},
    {"region_id": "XA-M/moor", "parent_id": "XA-M", "level": "admin2", "name": "Moor", "valid_from": "2015-01-01"},
]


def test_parent_that_changed(tmp_path: Path) -> None:
    """A district that went to another first-level region counts in the one that it was in on the day of the incident."""
    days = {"last": "2014-12-31", "first": "2015-01-01"}
    rows = [
        *(incident(f"{name} by name", day, admin1="", admin2="Moor") for name, day in days.items()),
        *(incident(f"{name} under March", day, admin1="March", admin2="Moor") for name, day in days.items()),
        *(incident(f"{name} under North", day, admin1="North", admin2="Moor") for name, day in days.items()),
        *(spot(f"{name} by point", 1, 1.5, occurred_on=day) for name, day in days.items()),
    ]
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, rows)
        reference(store, tmp_path, "regions", SPLIT)
        outline(store, tmp_path, {"XA-N": NORTH, "XA-M": HILL})
        assert {name: region for name, (region, _) in found(store).items()} == {
            "last by name": "XA-N/moor",
            "first by name": "XA-M/moor",
            "last under March": "XA-N/moor",
            "first under March": "XA-M/moor",
            "last under North": "XA-N/moor",
            "first under North": "XA-N",
            "last by point": "XA-N",
            "first by point": "XA-M",
        }
        counted = panel(store, "2014-12-29", "2015-01-04")
        assert (counted["2014-12-29", "XA-N"][0], counted["2014-12-29", "XA-M"][0]) == (5, 3)


def test_several_hierarchies(tmp_path: Path) -> None:
    """An incident counts in its official region and in each operational area that its district belongs to on that day."""
    sectors = [
        {"group_id": "sector-1", "group": "Sector 1", "region_id": "XA-N/hill", "valid_until": "2020-01-08"},
        {"group_id": "sector-2", "group": "Sector 2", "region_id": "XA-N/hill", "valid_from": "2020-01-09"},
        {"group_id": "sector-2", "group": "Sector 2", "region_id": "XA-S/dale"},
        {"group_id": "command", "group": "Command", "region_id": "XA-N/hill"},
        {"group_id": "command", "group": "Command", "region_id": "XA-S/dale"},
    ]
    rows = [incident("a", "2020-01-08", admin2="Hill"), incident("b", "2020-01-09", admin2="Hill"), spot("c", 1, 0.5)]
    with xanadu(tmp_path / "db") as store:
        reference(store, tmp_path, "regions", sectors)
        outline(store, tmp_path, {"XA-S/dale": SOUTH})
        load_rows(store, tmp_path, rows)
        groups = panel(store, "2020-01-06", "2020-01-12", level="group")
        official = panel(store, "2020-01-06", "2020-01-12", level="admin1")
    assert {region: value for (_, region), (value, _) in groups.items() if value} == {
        "command": 3,
        "sector-1": 1,
        "sector-2": 2,
    }
    assert {region: value for (_, region), (value, _) in official.items() if value} == {"XA-N": 2, "XA-S": 1}


def test_country_from_a_boundary_file(tmp_path: Path) -> None:
    """Names of a country without a hierarchy become its regions, under the ids that reported names had already."""
    with Store(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident("a"), spot("b", 1, 0.5), incident("c", admin1="Northern")])
        before = found(store)
        path = outline(store, tmp_path, {"North": NORTH, "South": SOUTH}, key="label", name="label", country="Xanadu")
        assert store.rows("SELECT region_id, level, has_boundary FROM regions") == [
            ("xanadu", "country", False),
            ("xanadu/north", "admin1", True),
            ("xanadu/south", "admin1", True),
        ]
        assert found(store) == {
            "a": ("xanadu/north", "reported"),
            "b": ("xanadu/south", "polygon"),
            "c": ("xanadu", "reported"),
        }
        unload(store, path, undone_at=NOW)
        assert found(store) == before


def test_names_of_a_loaded_country(tmp_path: Path) -> None:
    """Names are matched as reported names are; one that means no region, or a missing property, is named with the choices."""
    with xanadu(tmp_path / "db") as store:
        outline(store, tmp_path, {"Al-Nōrth Province": NORTH}, key="n", name="n", country="XA")
        assert store.rows("SELECT region_id FROM boundary") == [("XA-N",)]
        for boxes, options, words in (
            ({"Sout": SOUTH}, {"key": "n", "name": "n", "country": "Xanadu"}, "did you mean 'South'"),
            ({"South": SOUTH}, {"key": "n"}, "The file has: n"),
            ({"South": SOUTH}, {"key": "n", "name": "label"}, "no property 'label'"),
            ({"": SOUTH}, {"key": "n", "name": "n"}, "no feature has a name"),
            ({"": SOUTH}, {"key": "n", "id": "n"}, "n is empty"),
            ({"X": SOUTH}, {"key": "n", "name": "n", "country": "Y", "level": "admin2"}, "load regions (CSV) first"),
        ):
            with pytest.raises(InputError) as caught:
                outline(store, tmp_path, boxes, **options)
            assert words in str(caught.value)
    for wrong in (
        {"id": "a", "name": "b"},
        {"country": "a"},
        {"level": "county"},
        {"nearest_km": -1.0},
        {"nearest_km": 1e9},
    ):
        with pytest.raises(OptionError):
            BoundaryOptions(**wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(not POINTS.exists(), reason="real data are not there")
def test_real_attacks_get_their_governorates(tmp_path: Path) -> None:
    """All but a dozen of the 37,701 attacks of 2006 get a governorate from the bundled boundaries, and all from their coordinates."""
    path = tmp_path / "attacks.parquet"
    columns = "row_number() OVER () AS source_id, date AS occurred_on, longitude, latitude, type AS tactic"
    duckdb.read_parquet(str(POINTS)).project(columns).write_parquet(str(path))
    with fresh_store(tmp_path / "db", loaded_at=NOW) as store:
        load(store, path, loaded_at=NOW, known_at="occurred")
        basis = dict(store.rows("SELECT region_basis, count(*) FROM incidents GROUP BY 1"))
        assert basis == {"polygon": 37_695, "nearest": 6}
        assert store.value("SELECT count(*) FROM incidents WHERE region_id IS NULL") <= 12
        assert store.value("SELECT count(*) FROM place_conflicts") == 0

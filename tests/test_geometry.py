"""Points and polygons on the Earth: holding, nearness in kilometres, antimeridian, repair; TopoJSON and GeoJSON read."""

import json
import math
from typing import Any

import numpy as np
import pytest
import shapely

from analytics.errors import InputError
from analytics.geometry import great_circle, holding, near, polygons, repaired
from analytics.sources.boundaries import features

DEGREE_KM = 6371.0088 * math.pi / 180


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as GeoJSON."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def pairs(xy: list[tuple[float, float]], shapes: list[dict[str, Any]], km: float) -> list[tuple[int, int, float]]:
    """Points and shapes near each other, with kilometres."""
    x, y = np.array(xy, dtype=float).T
    found = near(x, y, polygons(shapes), np.full(len(shapes), km))
    return [(int(i), int(j), float(d)) for i, j, d in zip(*found, strict=True)]


def held(xy: list[tuple[float, float]], shapes: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Points and the shapes that hold them."""
    x, y = np.array(xy, dtype=float).T
    return [(int(i), int(j)) for i, j in zip(*holding(x, y, polygons(shapes)), strict=True)]


def test_holding_by_hand() -> None:
    """A point in a hole is outside, one on an edge that two shapes share is in both, an island counts as its whole."""
    ring = {"type": "Polygon", "coordinates": [*box(0, 0, 10, 10)["coordinates"], *box(4, 4, 6, 6)["coordinates"]]}
    islands = {
        "type": "MultiPolygon",
        "coordinates": [box(10, 0, 12, 10)["coordinates"], box(20, 0, 21, 1)["coordinates"]],
    }
    assert held([(1, 1), (5, 5), (10, 5), (20.5, 0.5), (30, 0)], [ring, islands]) == [(0, 0), (2, 0), (2, 1), (3, 1)]


def test_holding_agrees_with_shapely_one_by_one() -> None:
    """Many random points against random polygons: the same answers as shapely gives for each pair by itself."""
    random = np.random.default_rng(4)
    shapes = [shapely.Point(*random.uniform(-5, 5, 2)).buffer(random.uniform(0.5, 3), quad_segs=3) for _ in range(12)]
    x, y = random.uniform(-8, 8, (2, 400))
    expected = [(i, j) for i in range(400) for j, one in enumerate(shapes) if one.covers(shapely.Point(x[i], y[i]))]
    found = holding(x, y, np.array(shapes, dtype=object))
    assert list(zip(*map(np.ndarray.tolist, found), strict=True)) == expected


@pytest.mark.parametrize("latitude", [0.0, 33.0, 60.0, -78.0])
def test_kilometres_at_every_latitude(latitude: float) -> None:
    """A point a twentieth of a degree east of a straight edge is as far in km as the latitude makes it, and no farther."""
    km = 0.05 * DEGREE_KM * math.cos(math.radians(latitude))
    shapes = [box(0, latitude - 1, 1, latitude + 1)]
    (found,) = pairs([(1.05, latitude)], shapes, 6.0)
    assert found[2] == pytest.approx(km, rel=1e-3)  # the meridian is met slightly poleward of the point's parallel
    assert pairs([(1.05, latitude)], shapes, km * 0.99) == []
    assert len(pairs([(1.05, latitude)], shapes, km * 1.01)) == 1


def test_nearness_agrees_with_a_dense_search() -> None:
    """The distance to a ragged shape equals the least great-circle distance to its edge walked in tiny steps."""
    random = np.random.default_rng(7)
    angles = np.sort(random.uniform(0, 2 * np.pi, 25))
    radius = random.uniform(0.3, 0.6, 25)
    corners = np.column_stack([40 + radius * np.cos(angles), 55 + radius * np.sin(angles)])
    ring = np.vstack([corners, corners[:1]])
    shape = {"type": "Polygon", "coordinates": [ring.tolist()]}
    steps = np.linspace(0, 1, 2000)[:, None, None]
    edge = (ring[:-1] * (1 - steps) + ring[1:] * steps).reshape(-1, 2)
    for x, y in random.uniform([39, 54], [41, 56], (25, 2)):
        if shapely.covers(shapely.Polygon(ring), shapely.Point(x, y)):
            continue
        least = great_circle(np.full(len(edge), x), np.full(len(edge), y), edge[:, 0], edge[:, 1]).min()
        (found,) = pairs([(x, y)], [shape], 100.0)
        assert found[2] == pytest.approx(least, rel=2e-4)


def test_antimeridian() -> None:
    """A shape that jumps or runs on across 180 degrees holds points on both sides, and is near those beyond its edge."""
    jumping = {"type": "Polygon", "coordinates": [[[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]]]}
    fixed, note = repaired(jumping)
    assert "antimeridian" in note
    for shape in (fixed, box(179, -1, 181, 1), box(-181, -1, -179, 1)):
        assert held([(179.5, 0), (-179.5, 0), (178, 0), (0, 0)], [shape]) == [(0, 0), (1, 0)]
        found = pairs([(-178.95, 0), (178.95, 0), (0, 0)], [shape], 10)
        assert [(i, j) for i, j, _ in found] == [(0, 0), (1, 0)]
        assert [km for *_, km in found] == pytest.approx([0.05 * DEGREE_KM] * 2, rel=1e-4)


def test_near_across_the_antimeridian() -> None:
    """A point at -179.98 is near a shape that ends at 179.98."""
    ((_, _, km),) = pairs([(-179.98, 0)], [box(170, -1, 179.98, 1)], 10)
    assert km == pytest.approx(0.04 * DEGREE_KM, rel=1e-4)


def test_repair() -> None:
    """A bow tie becomes its two triangles and says so; a valid shape is the same object; one without area is refused."""
    bow, note = repaired({"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]})
    assert (bow["type"], len(bow["coordinates"])) == ("MultiPolygon", 2)
    assert "Self-intersection" in note
    assert shapely.geometry.shape(bow).area == pytest.approx(2.0)
    whole = box(0, 0, 1, 1)
    assert repaired(whole) == (whole, "")
    assert repaired(whole)[0] is whole
    with pytest.raises(ValueError, match="no area"):
        repaired({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]})


TOPOLOGY: dict[str, Any] = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.25], "translate": [10, 20]},
    "objects": {
        "xan": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "id": "XA.N", "properties": {"name": "North"}, "arcs": [[0, 1]]},
                {"type": "MultiPolygon", "properties": {"name": "South"}, "arcs": [[[-1, 2]], [[3]]]},
            ],
        }
    },
    "arcs": [
        [[0, 4], [4, 0]],
        [[4, 4], [0, 4], [-4, 0], [0, -4]],
        [[0, 4], [0, -4], [4, 0], [0, 4]],
        [[10, 0], [1, 0], [0, 1], [-1, -1]],
    ],
}


def test_topojson_by_hand() -> None:
    """Quantised steps are summed and scaled, ~n walks arc n backwards, arcs meet in one position, ids are kept."""
    north, south = features("f", json.dumps(TOPOLOGY))
    assert north.properties == {"name": "North", "id": "XA.N"}
    assert north.geometry["coordinates"] == [[[10, 21], [12, 21], [12, 22], [10, 22], [10, 21]]]
    assert south.geometry["coordinates"] == [
        [[[12, 21], [10, 21], [10, 20], [12, 20], [12, 21]]],
        [[[15, 20], [15.5, 20], [15.5, 20.25], [15, 20]]],
    ]
    shapes = polygons([north.geometry, south.geometry])
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).tolist() == [2.0, 2.0625]
    assert shapely.relate(*shapes)[4] == "1"  # they share an edge: boundaries meet along a line


def test_topojson_without_steps() -> None:
    """A topology without a transform has plain positions."""
    plain = TOPOLOGY | {
        "arcs": [[[0, 0], [1, 0], [1, 1], [0, 0]]],
        "objects": {"o": {"type": "Polygon", "arcs": [[0]]}},
    }
    del plain["transform"]
    (one,) = features("f", json.dumps(plain))
    assert one.geometry["coordinates"] == [[[0, 0], [1, 0], [1, 1], [0, 0]]]


def collection(geometry: Any, **more: Any) -> str:
    """A GeoJSON file of one feature."""
    feature = {"type": "Feature", "properties": {"region_id": "XA-N"}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]} | more)


RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (collection(None), "its geometry is missing"),
        (collection({"type": "Point", "coordinates": [0, 0]}), "its geometry is Point"),
        (collection({"type": "GeometryCollection", "geometries": []}), "its geometry is GeometryCollection"),
        (collection({"type": "Polygon"}), "is no list"),
        (collection({"type": "Polygon", "coordinates": []}), "fewer than 1"),
        (collection({"type": "Polygon", "coordinates": [RING[:3]]}), "fewer than 4"),
        (collection({"type": "Polygon", "coordinates": [[*RING[:3], [0, 5]]]}), "a ring is open"),
        (collection({"type": "Polygon", "coordinates": [[[0, 0], [4e5, 3e6], [1, 1], [0, 0]]]}), "not in degrees"),
        (collection({"type": "Polygon", "coordinates": [[[0, 0], [1, 91], [1, 1], [0, 0]]]}), "not in degrees"),
        (collection({"type": "Polygon", "coordinates": [[[0, 0], [1, "1"], [1, 1], [0, 0]]]}), "not made of numbers"),
        (collection({"type": "Polygon", "coordinates": [[[0, 0], [1, True], [1, 1], [0, 0]]]}), "not made of numbers"),
        (collection({"type": "Polygon", "coordinates": [[[0, 0], [1, math.nan], [1, 1], [0, 0]]]}), "not made of numbers"),
        (collection({"type": "Polygon", "coordinates": RING}), "fewer than 4"),
        (collection({"type": "Polygon", "coordinates": [[0, 0, 0, 0]]}), "is not [longitude, latitude]"),
        (collection({"type": "MultiPolygon", "coordinates": [RING]}), "feature 1"),
        (collection(box(0, 0, 1, 1), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}), "EPSG::3857"),
        (collection(box(0, 0, 1, 1), crs=7), "reference system 7"),
        ('{"type": "FeatureCollection", "features": []}', "has no features"),
        ("[" * 100_000, "is not a GeoJSON"),
        ("[]", "a JSON array"),
        (json.dumps(TOPOLOGY | {"objects": {}}), "has 0 objects"),
        (json.dumps(TOPOLOGY | {"objects": TOPOLOGY["objects"] | {"b": {}}}), "has 2 objects (xan, b)"),
        (json.dumps(TOPOLOGY | {"arcs": []}), "is not TopoJSON"),
        (json.dumps(TOPOLOGY | {"arcs": [[["a", 0]]] * 4}), "is not TopoJSON"),
        (json.dumps(TOPOLOGY | {"transform": {"scale": [1]}}), "is not TopoJSON"),
        (json.dumps(TOPOLOGY | {"transform": {"scale": [1e9, 1], "translate": [0, 0]}}), "not in degrees"),
    ],
)  # fmt: skip
def test_hostile_boundaries(text: str, words: str) -> None:
    """What is no boundary in degrees is refused in one line that says what is wrong, whatever it is."""
    with pytest.raises(InputError) as caught:
        features("b.geojson", text)
    assert "b.geojson" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_degrees_by_name(name: str) -> None:
    """A file that names WGS 84 is read, and altitudes are left out."""
    high = {"type": "Polygon", "coordinates": [[[0, 0, 9], [1, 0, 9], [1, 1, 9], [0, 0, 9]]]}
    (one,) = features("f", collection(high, crs={"type": "name", "properties": {"name": name}}))
    assert one.geometry["coordinates"] == [RING]

"""Points and polygons on the Earth, in degrees: which boundary holds a point, which is nearest, what is wrong with one.

Edges are straight lines in longitude and latitude, as GeoJSON has them (RFC 7946, 3.1.1). Distances are great-circle
ones on a sphere of the Earth's mean radius, within 0.6 % of those on the ellipsoid.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape

RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
KM_PER_DEGREE = RADIUS_KM * np.pi / 180
_BAND = 0.5  # degrees of latitude over which one scale of longitudes serves to find the nearest point of a boundary
_SLACK = (
    1.05  # the scale of a band's middle is wrong by less than this below 80 degrees; what is found is measured exactly
)
_POLEWARD = 0.01  # least scale of longitudes: the poles themselves have none

Polygons = np.ndarray[Any, np.dtype[np.object_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]


def polygons(geometries: Sequence[dict[str, Any]]) -> Polygons:
    """GeoJSON geometries as shapes, (n,)."""
    return np.array([shape(geometry) for geometry in geometries], dtype=object)


def repaired(geometry: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A GeoJSON polygon made valid, and in words what was put right; the same object and "" where nothing was wrong.

    Rings that jump across the antimeridian are unrolled (longitudes beyond 180), self-intersections are resolved by
    GEOS's make_valid, and lines and points that remain are dropped. Raises ValueError where no area remains.
    """
    given = shape(geometry)
    unrolled = shapely.transform(given, _unrolled) if _jumps(given) else given
    said = ["crosses the antimeridian"] if unrolled is not given else []
    valid = unrolled
    if not unrolled.is_valid:
        said.append(f"was not valid ({shapely.is_valid_reason(unrolled)}) and is repaired")
        parts = shapely.get_parts(shapely.make_valid(unrolled))
        parts = shapely.get_parts(parts)
        valid = shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    if valid.area == 0:
        raise ValueError("it encloses no area")
    return (geometry, "") if not said else (_plain(mapping(valid)), " and ".join(said))


def _plain(geometry: Any) -> dict[str, Any]:
    return {"type": geometry["type"], "coordinates": _listed(geometry["coordinates"])}


def _listed(value: Any) -> Any:
    return [_listed(one) for one in value] if isinstance(value, tuple | list) else value


def _rings(geometry: Any) -> list[Any]:
    return [ring for part in shapely.get_parts(geometry) for ring in (part.exterior, *part.interiors)]


def _jumps(geometry: Any) -> bool:
    """Whether an edge spans more than half the globe, and not all of it (as the edge along the pole does)."""
    steps = [np.abs(np.diff(shapely.get_coordinates(ring)[:, 0])) for ring in _rings(geometry)]
    return any(bool(((step > 180) & (step < 359.999)).any()) for step in steps)


def _unrolled(coordinates: Floats) -> Floats:
    """Rings with longitudes that go on across 180 in place of jumping; west of Greenwich counts from 180 to 360."""
    return np.column_stack(
        [np.where(coordinates[:, 0] < 0, coordinates[:, 0] + 360, coordinates[:, 0]), coordinates[:, 1]]
    )


def by_size(shapes: Polygons) -> Whole:
    """Indices of the shapes from the smallest to the largest by area in square degrees, equals as they came: (n,)."""
    return np.argsort(shapely.area(shapes), kind="stable")


def reach(shapes: Polygons, limits: Floats) -> tuple[float, float]:
    """The southernmost and northernmost latitude that is in a shape or within its limit (km)."""
    bounds, margin = shapely.bounds(shapes), limits / KM_PER_DEGREE
    return float((bounds[:, 1] - margin).min()), float((bounds[:, 3] + margin).max())


def holding(longitudes: Floats, latitudes: Floats, shapes: Polygons) -> tuple[Whole, Whole]:
    """Which shapes hold which points, their edges included: indices of points and of shapes, (pairs,) each."""
    copies, owner = _copies(shapes, 0.0)
    if not len(copies) or not len(longitudes):
        return np.array([], np.int64), np.array([], np.int64)
    tree = shapely.STRtree(shapely.points(longitudes, latitudes))
    shapely.prepare(copies)
    number, point = tree.query(copies, predicate="covers")
    pairs = np.unique(np.column_stack([point, owner[number]]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def near(longitudes: Floats, latitudes: Floats, shapes: Polygons, limits: Floats) -> tuple[Whole, Whole, Floats]:
    """Which shapes are within their *limits* (km) of which points: indices of points and shapes, and km, (pairs,) each.

    The nearest point of a shape is found in longitudes scaled by the cosine of the latitude, band by band; its
    distance is then measured on the sphere.
    """
    copies, owner = _copies(shapes, float(limits.max(initial=0.0)) / KM_PER_DEGREE)
    found: list[tuple[Whole, Whole, Floats]] = []
    bands = np.floor(latitudes / _BAND)
    for band in np.unique(bands):
        here = np.flatnonzero(bands == band)
        scale = max(float(np.cos(np.radians((band + 0.5) * _BAND))), _POLEWARD)
        point, number, km = _near_in_band(longitudes[here], latitudes[here], copies, limits[owner], scale)
        found.append((here[point], owner[number], km))
    if not found:
        return np.array([], np.int64), np.array([], np.int64), np.array([], np.float64)
    point, number, km = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((km, number, point))
    point, number, km = point[order], number[order], km[order]
    first = np.append(True, (np.diff(point) != 0) | (np.diff(number) != 0))[: len(point)]
    return point[first], number[first], km[first]


def _near_in_band(
    longitudes: Floats, latitudes: Floats, copies: Polygons, limits: Floats, scale: float
) -> tuple[Whole, Whole, Floats]:
    scaled = shapely.transform(copies, lambda xy: xy * [scale, 1.0])
    points = shapely.points(longitudes * scale, latitudes)
    shapely.prepare(scaled)
    number, point = shapely.STRtree(points).query(scaled, predicate="dwithin", distance=limits / KM_PER_DEGREE * _SLACK)
    if not len(point):
        return point, number, np.array([], np.float64)
    lines = shapely.shortest_line(points[point], scaled[number])
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)[:, 1, :] / [scale, 1.0]
    km = great_circle(longitudes[point], latitudes[point], ends[:, 0], ends[:, 1])
    within = km <= limits[number]
    return point[within], number[within], km[within]


def great_circle(longitude: Floats, latitude: Floats, to_longitude: Floats, to_latitude: Floats) -> Floats:
    """Kilometres between points in degrees along the sphere (the haversine formula)."""
    one, other = np.radians(latitude), np.radians(to_latitude)
    half: Floats = (
        np.sin((other - one) / 2) ** 2
        + np.cos(one) * np.cos(other) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    )
    return 2 * RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))


def _copies(shapes: Polygons, margin: float) -> tuple[Polygons, Whole]:
    """The shapes where they are, and again a turn to the east or west where that brings them within *margin* of the map.

    Points have longitudes from -180 to 180; a shape at 179 is near a point at -179, and one may run on to 190.
    """
    bounds = shapely.bounds(shapes) if len(shapes) else np.empty((0, 4))
    reach = margin / np.maximum(np.cos(np.radians(np.abs(bounds[:, [1, 3]]).max(axis=1, initial=0))), _POLEWARD)
    copies, owner = [shapes], [np.arange(len(shapes))]
    for turn in (-360.0, 360.0):
        shown = np.flatnonzero((bounds[:, 2] + turn >= -180 - reach) & (bounds[:, 0] + turn <= 180 + reach))
        if len(shown):
            copies.append(shapely.transform(shapes[shown], lambda xy, turn=turn: xy + np.array([turn, 0.0])))
            owner.append(shown)
    return np.concatenate(copies), np.concatenate(owner)

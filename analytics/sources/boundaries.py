"""Boundaries of regions, read from GeoJSON or TopoJSON and checked before anything is drawn or placed by them."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from analytics.errors import InputError, OptionError
from analytics.sources.table import nearest

WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")
LARGEST = 500_000_000
"""Characters of a boundary file at most; a country's districts at map scale are a few million."""
FARTHEST = 100.0

Geometry = dict[str, Any]
Point = list[float]


@dataclass(frozen=True, kw_only=True)
class BoundaryOptions:
    """How the features of a boundary file are told apart, and how far outside a boundary a place still counts.

    Features name their region by its id, in the property *id*, or by its name, in the property *name* (then within
    *country* and at *level*). A country without a loaded hierarchy gets one made of the names.
    """

    id: str = ""
    name: str = ""
    country: str = ""
    level: str = "admin1"
    nearest_km: float = 10.0
    """Places outside every boundary of a level count as in the nearest one up to this distance, in kilometres."""

    def __post_init__(self) -> None:
        if self.id and self.name:
            raise OptionError("give the property with the regions' ids or the one with their names, not both")
        if self.country and not self.name:
            raise OptionError("a country needs the property that holds the regions' names (--name)")
        if self.level not in ("country", "admin1", "admin2"):
            raise OptionError(f"level {self.level!r} is not one of country, admin1, admin2")
        if not 0 <= self.nearest_km <= FARTHEST:
            raise OptionError(f"nearest_km must be from 0 to {FARTHEST:g}, got {self.nearest_km}")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature: its properties (its own id under "id"), and its polygons in degrees."""

    properties: dict[str, Any]
    geometry: Geometry
    where: str
    """The file and the feature's number, for errors."""


def is_boundaries(text: str) -> bool:
    """Whether a file's *text* is JSON, so boundaries and no table."""
    return text.lstrip()[:1] in ("{", "[")


def features(path: object, text: str) -> list[Feature]:
    """The features of a GeoJSON FeatureCollection or a TopoJSON topology in WGS 84 degrees.

    Raises InputError, naming *path* and the feature, for what is neither, for another reference system, and for
    geometry that is no polygon, has open or short rings, or coordinates that are no degrees.
    """
    content = _content(path, text)
    _refuse_other_systems(path, content)
    found = _topology(path, content) if content.get("type") == "Topology" else _collection(path, content)
    listed = []
    for number, (properties, identity, geometry) in enumerate(found, 1):
        where = f"{path}, feature {number}"
        known = ({"id": identity} if identity is not None else {}) | properties
        listed.append(Feature(properties=known, geometry=_checked(where, geometry), where=where))
    if not listed:
        raise InputError(f"{path} has no features")
    return listed


def text_of(feature: Feature, name: str) -> str:
    """The property *name* as text; "" where it is null or blank. Raises InputError where there is no such property."""
    if name not in feature.properties:
        raise InputError(f"{feature.where} has no property {name!r}{nearest(name, sorted(feature.properties))}")
    value = feature.properties[name]
    if isinstance(value, dict | list):
        raise InputError(f"{feature.where}: property {name!r} is no text")
    return "" if value is None else str(value).strip()


def _content(path: object, text: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        raise InputError(f"{path} has more than {LARGEST // 1_000_000} million characters; simplify the boundaries")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a GeoJSON FeatureCollection or TopoJSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a GeoJSON FeatureCollection or TopoJSON, but a JSON array")
    return content


def _refuse_other_systems(path: object, content: dict[str, Any]) -> None:
    system = content.get("crs")
    if system is None:
        return
    properties = system.get("properties") if isinstance(system, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else system
    if name not in WGS84:
        raise InputError(f"{path} is in the reference system {name!r}; save it in WGS 84 degrees (EPSG:4326)")


Found = Iterator[tuple[dict[str, Any], Any, Any]]


def _collection(path: object, content: dict[str, Any]) -> Found:
    if not isinstance(content.get("features"), list):
        raise InputError(f"{path} is not a GeoJSON FeatureCollection or TopoJSON: it has no list of features")
    for number, feature in enumerate(content["features"], 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            raise InputError(
                f"{path} is not a GeoJSON FeatureCollection whose features have properties (feature {number})"
            )
        yield properties, feature.get("id"), feature.get("geometry")


def _topology(path: object, content: dict[str, Any]) -> Found:
    """The polygons of a topology's only object, their rings put together from shared arcs (TopoJSON, section 2)."""
    try:
        objects = content["objects"]
        if len(objects) != 1:
            raise InputError(f"{path} has {len(objects)} objects ({', '.join(map(str, objects))}); keep one of them")
        arcs = _arcs(content["arcs"], content.get("transform"))
        (chosen,) = objects.values()
        for geometry in chosen["geometries"] if chosen["type"] == "GeometryCollection" else [chosen]:
            yield (
                geometry.get("properties") or {},
                geometry.get("id"),
                {"type": geometry["type"], "coordinates": _rings(geometry, arcs)},
            )
    except (TypeError, KeyError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"{path} is not TopoJSON as it is specified ({error!r})") from error


def _arcs(arcs: list[list[list[float]]], transform: dict[str, Any] | None) -> list[list[Point]]:
    """Each arc's positions in degrees; quantised arcs hold whole steps from one position to the next."""
    if transform is None:
        return [[[float(x), float(y)] for x, y, *_ in arc] for arc in arcs]
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    decoded = []
    for arc in arcs:
        x = y = 0.0
        points = []
        for step_x, step_y, *_ in arc:
            x, y = x + step_x, y + step_y
            points.append([x * scale_x + left, y * scale_y + bottom])
        decoded.append(points)
    return decoded


def _rings(geometry: dict[str, Any], arcs: list[list[Point]]) -> Any:
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        return None
    if geometry["type"] == "Polygon":
        return [_ring(ring, arcs) for ring in geometry["arcs"]]
    return [[_ring(ring, arcs) for ring in polygon] for polygon in geometry["arcs"]]


def _ring(numbers: list[int], arcs: list[list[Point]]) -> list[Point]:
    """A ring from arc *numbers*: ~n is arc n backwards, and each arc starts where the one before it ends."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def _checked(where: str, geometry: Any) -> Geometry:
    """The geometry without altitudes; InputError unless it is polygons of closed rings in degrees."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise InputError(f"{where}: its geometry is {kind or 'missing'}; a boundary is a Polygon or MultiPolygon")
    polygon = _each(where, _each(where, _position, least=4, closed=True))
    read = polygon if kind == "Polygon" else _each(where, polygon)
    return {"type": kind, "coordinates": read(geometry.get("coordinates"))}


def _each(where: str, inner: Callable[[Any], Any], *, least: int = 1, closed: bool = False) -> Callable[[Any], Any]:
    """Reads a list of what *inner* reads, of *least* members, for a ring the last like the first."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) < least:
            raise InputError(f"{where}: a ring or polygon has fewer than {least} members, or is no list")
        try:
            found = [inner(one) for one in value]
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
        if closed and found[0] != found[-1]:
            raise InputError(f"{where}: a ring is open: it starts at {found[0]} and ends at {found[-1]}")
        return found

    return read


def _position(value: Any) -> Point:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise ValueError(f"position {str(value)[:60]} is not [longitude, latitude]")
    for number, limit in zip(value, (360, 90), strict=False):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError(f"position {str(value)[:60]} is not made of numbers")
        if abs(number) > limit:
            raise ValueError(
                f"position {str(value)[:60]} is not in degrees; save the file in WGS 84 degrees (EPSG:4326), longitude first"
            )
    return [value[0], value[1]]

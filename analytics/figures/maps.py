"""A map as inline SVG, drawn from GeoJSON: no tiles, no network, one focusable shape per region."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.figures.levels import LEVELS
from analytics.figures.text import shorten

WIDTH = 640.0
NEAR = 0.6
"""Points closer than this to the one before, in map units, are left out."""
LETTER = 6.4
"""Width of a letter of a region's name, in map units."""
SHAPES = {
    "circle": '<circle r="8"/>',
    "diamond": '<path d="M0 -10.5L10.5 0L0 10.5L-10.5 0Z"/>',
    "square": '<path d="M-8.5 -8.5H8.5V8.5H-8.5Z"/>',
}
"""The shape of each level's mark, centred on 0 0; the page uses the same shapes."""

DOTS = (
    '<pattern id="dots" width="9" height="9" patternUnits="userSpaceOnUse">'
    '<rect class="ground" width="9" height="9"/><circle class="dot" cx="4.5" cy="4.5" r="1.9"/></pattern>'
)
"""A pattern of dots, for regions flagged earlier."""

Rings = list[NDArray[np.float64]]


def map_svg(
    boundaries: Mapping[str, Any],
    states: pd.DataFrame,
    links: Mapping[str, str],
    label: str,
    absent: str = "not in this report",
) -> str:
    """SVG of all features of *boundaries*, filled by `states.region_states`; *links* maps region ids to page anchors.

    Equirectangular: x = longitude * cos(middle latitude), y = -latitude, scaled to WIDTH. A feature without a row in
    *states* is drawn as absent, and said to be *absent*.
    Raises OptionError for a feature without region_id or with another geometry.
    """
    shapes = {_region_id(feature): _rings(feature) for feature in boundaries["features"]}
    project, height = _projection([ring for rings in shapes.values() for ring in rings])
    rows = {row["region_id"]: row for row in states.to_dict("records")}
    without = {_region_id(feature): _absent(feature, absent) for feature in boundaries["features"]}
    drawn = [
        _region([project(ring) for ring in rings], rows.get(region_id, without[region_id]), links.get(region_id))
        for region_id, rings in sorted(shapes.items())
    ]
    return (
        f'<svg class="map" viewBox="0 0 {WIDTH:g} {height:.0f}" role="group" aria-label="{escape(label)}">'
        f"<defs>{_hatch('hatch', 45)}{_hatch('hatch-back', 135)}{_hatch('rows', 90)}{DOTS}</defs>"
        f"{''.join(area for area, _ in drawn)}"
        f'<g class="marks" aria-hidden="true">{"".join(mark for _, mark in drawn)}</g></svg>'
    )


def _region_id(feature: Mapping[str, Any]) -> str:
    """The feature's region id."""
    try:
        return str(feature["properties"]["region_id"])
    except (KeyError, TypeError):
        raise OptionError("a feature of the boundaries has no property region_id: add it to each feature") from None


def _absent(feature: Mapping[str, Any], words: str) -> dict[str, str]:
    """The state of a feature without a row."""
    name = str(feature["properties"].get("name", "")) or _region_id(feature)
    return {"state": "absent", "region": name, "words": f"{name}: {words}"}


def _rings(feature: Mapping[str, Any]) -> Rings:
    """Outer and inner rings of a Polygon or MultiPolygon, each (N, 2) of longitude and latitude."""
    geometry = feature["geometry"]
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        raise OptionError(f"boundaries hold a {geometry['type']}; only Polygon and MultiPolygon can be drawn")
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [np.asarray(ring, dtype=np.float64)[:, :2] for polygon in polygons for ring in polygon]


def _projection(rings: Rings) -> tuple[Any, float]:
    """The function from degrees to map units, and the height of the map."""
    points = np.concatenate(rings)
    low, high = points.min(axis=0), points.max(axis=0)
    squeeze = np.cos(np.radians((low[1] + high[1]) / 2))
    scale = (WIDTH - 8) / ((high[0] - low[0]) * squeeze)

    def project(ring: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = np.column_stack(((ring[:, 0] - low[0]) * squeeze, high[1] - ring[:, 1]))
        return _thin(flat * scale + 4)

    return project, float((high[1] - low[1]) * scale + 8)


def _thin(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ring without points that a reader could not tell from the one before."""
    kept = [ring[0]]
    for point in ring[1:]:
        if np.abs(point - kept[-1]).max() >= NEAR:
            kept.append(point)
    return np.array(kept)


def _region(rings: Rings, row: Mapping[str, Any], link: str | None) -> tuple[str, str]:
    """The area of one region, focusable and described, and its mark and name, drawn above all areas."""
    state, words = str(row["state"]), str(row["words"])
    path = "".join(f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in ring)}Z" for ring in rings)
    inner = f'<title>{escape(words)}</title><path class="area {state}" fill-rule="evenodd" d="{path}"/>'
    said = escape(words)
    area = (
        f'<a class="region" href="#{escape(link)}" aria-label="{said}">{inner}</a>'
        if link
        else f'<g class="region" tabindex="0" role="img" aria-label="{said}">{inner}</g>'
    )
    return area, _mark(max(rings, key=_area), state, str(row["region"]))


def _mark(ring: NDArray[np.float64], state: str, name: str) -> str:
    """The level's shape and, where it fits, the name of the region."""
    x, y = _centre(ring)
    short = shorten(name, 24)
    fits = np.ptp(ring[:, 0]) * 0.92 >= LETTER * len(short)
    shape = (
        f'<g class="mark {state}" transform="translate({x:.1f} {y:.1f})">{SHAPES[LEVELS[state].shape]}</g>'
        if state in LEVELS
        else ""
    )
    below = y + (22 if shape else 4)
    kind = ' class="flagged"' if shape else ""
    text = f'<text{kind} x="{x:.1f}" y="{below:.1f}">{escape(short)}</text>' if fits or shape else ""
    return shape + text


def _cross(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products of the ring's edges, the terms of the shoelace formula."""
    following = np.roll(ring, -1, axis=0)
    terms: NDArray[np.float64] = ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]
    return terms


def _area(ring: NDArray[np.float64]) -> float:
    """Area of the ring (shoelace formula), in map units squared."""
    return abs(float(_cross(ring).sum())) / 2


def _centre(ring: NDArray[np.float64]) -> tuple[float, float]:
    """Centre of gravity of the ring's area; the mean of its points where it has no area."""
    terms = _cross(ring)
    if abs(terms.sum()) < 1e-9:
        return float(ring[:, 0].mean()), float(ring[:, 1].mean())
    x, y = ((ring + np.roll(ring, -1, axis=0)) * terms[:, None]).sum(axis=0) / (3 * terms.sum())
    return float(x), float(y)


def _hatch(name: str, angle: int) -> str:
    """A pattern of parallel lines."""
    return (
        f'<pattern id="{name}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate({angle})">'
        '<rect class="ground" width="7" height="7"/><path class="line" d="M0 0V7"/></pattern>'
    )

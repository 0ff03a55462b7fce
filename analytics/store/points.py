"""Where coordinates lie: each distinct point once, against the boundaries in force."""

import json
from typing import TYPE_CHECKING

from analytics.store.connection import Store

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from analytics.geometry import Floats, Polygons, Whole

_AT_ONCE = 1_000_000
"""Points that are held in memory as geometry at a time."""


def locate_known(store: Store) -> None:
    """Find anew where the coordinates of all known versions lie."""
    store.run("DELETE FROM point")
    _locate(store, "SELECT longitude, latitude FROM incident_version")


def locate_accepted(store: Store) -> None:
    """Find where the coordinates of the accepted records lie that are not in point yet."""
    _locate(store, "SELECT longitude, latitude FROM accepted")


def drop_points(store: Store) -> None:
    """Forget points that no version has any more."""
    store.run(
        "DELETE FROM point WHERE NOT EXISTS (FROM incident_version AS v "
        "WHERE v.longitude = point.longitude AND v.latitude = point.latitude)"
    )


def boundaries_stamp(store: Store) -> object:
    """What tells the boundaries in force, and what the regions they belong to are, from others."""
    return store.rows(
        "SELECT (SELECT bit_xor(hash(b.region_id, b.geometry, b.nearest_km)) FROM boundary AS b), "
        "(SELECT bit_xor(hash(r.region_id, r.parent_id, r.level, r.valid_from, r.valid_until)) FROM region AS r "
        "WHERE EXISTS (FROM boundary AS b JOIN lineage AS l ON l.region_id = b.region_id WHERE l.ancestor_id = r.region_id))"
    )


def _locate(store: Store, coordinates: str) -> None:
    rows = store.rows(
        "SELECT b.region_id, level_rank(r.level), b.nearest_km, b.geometry FROM boundary AS b "
        "JOIN region AS r ON r.region_id = b.region_id ORDER BY b.region_id"
    )
    if not rows:
        return
    import numpy as np

    from analytics.geometry import by_size, polygons, reach

    shapes = polygons([json.loads(geometry) for *_, geometry in rows])
    order = by_size(shapes)
    regions = np.array([region for region, *_ in rows], dtype=object)[order]
    levels = np.array([level for _, level, *_ in rows])[order]
    limits = np.array([km for _, _, km, _ in rows])[order]
    shapes = shapes[order]
    south, north = reach(shapes, limits)
    store.run(
        f"CREATE OR REPLACE TEMP TABLE coordinate AS SELECT DISTINCT longitude, latitude FROM ({coordinates}) "
        "WHERE latitude BETWEEN $south AND $north AND longitude IS NOT NULL "
        "EXCEPT SELECT longitude, latitude FROM point ORDER BY latitude, longitude",
        {"south": south, "north": north},
    )
    for offset in range(0, store.rows("SELECT count(*) FROM coordinate")[0][0], _AT_ONCE):
        found = store.arrow(f"SELECT longitude, latitude FROM coordinate LIMIT {_AT_ONCE} OFFSET {offset}")
        x, y = (np.ascontiguousarray(found.column(name).to_numpy()) for name in ("longitude", "latitude"))
        store.put("pair", _pairs(x, y, shapes, regions, levels, limits))
        store.step("steps/add_points")


def _pairs(
    x: "Floats", y: "Floats", shapes: "Polygons", regions: "np.ndarray", levels: "Whole", limits: "Floats"
) -> "pa.Table":
    """One row per point and region whose boundary holds it (km 0), or is near it while none of its level holds it."""
    import numpy as np
    import pyarrow as pa

    from analytics.geometry import holding, near

    point, number = holding(x, y, shapes)
    points, numbers, kms = [point], [number], [np.full(len(point), -1.0)]
    for level in np.unique(levels):
        of_level = np.flatnonzero(levels == level)
        outside = np.setdiff1d(np.arange(len(x)), point[levels[number] == level])
        near_point, near_number, km = near(x[outside], y[outside], shapes[of_level], limits[of_level])
        points.append(outside[near_point])
        numbers.append(of_level[near_number])
        kms.append(km)
    point, number, km = (np.concatenate(parts) for parts in (points, numbers, kms))
    return pa.table(
        {
            "longitude": x[point],
            "latitude": y[point],
            "region_id": pa.DictionaryArray.from_arrays(pa.array(number), pa.array(regions, pa.string())),
            "turn": number,
            "km": km,
        }
    )

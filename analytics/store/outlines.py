"""Boundary files as reference rows: each feature's region, its valid geometry, and what had to be put right."""

import json
from dataclasses import replace
from itertools import chain
from typing import Any

from analytics.errors import InputError
from analytics.sources.boundaries import BoundaryOptions, Feature, features, text_of
from analytics.sources.table import nearest
from analytics.store.connection import Store

Record = dict[str, str]


def outlines(
    store: Store, path: object, text: str, options: BoundaryOptions
) -> tuple[dict[str, list[Record]], list[str]]:
    """The reference rows of a boundary file by kind (boundaries, and regions where they are made of it), and notes.

    Raises InputError for a feature that names no region, and for geometry that encloses nothing.
    """
    found = features(path, text)
    notes: list[str] = []
    named = _by_name(store, path, found, options, notes) if options.name else _by_id(path, found, options)
    records: dict[str, list[Record]] = {"regions": [], "boundaries": []}
    for feature, region in named:
        records["boundaries"].append(_outline(feature, region["region_id"], options, notes))
    made = {region["region_id"]: region for _, region in named if "level" in region}
    if made:
        records["regions"] = [*_country(store, options), *made.values()]
        notes.append(
            f"{len(made)} regions of {options.country} made from their names, as no hierarchy was loaded for it"
        )
    return {kind: rows for kind, rows in records.items() if rows}, notes


def _outline(feature: Feature, region_id: str, options: BoundaryOptions, notes: list[str]) -> Record:
    from analytics.geometry import repaired

    try:
        geometry, note = repaired(feature.geometry)
    except ValueError as error:
        raise InputError(f"{feature.where} ({region_id}): {error}") from error
    if note:
        notes.append(f"{region_id}: its boundary {note}")
    return {
        "region_id": region_id,
        "geometry": json.dumps(geometry, separators=(",", ":")),
        "nearest_km": str(options.nearest_km),
        "_line": feature.where,
    }


def _by_id(path: object, found: list[Feature], options: BoundaryOptions) -> list[tuple[Feature, Record]]:
    name = options.id or "region_id"
    if not options.id and not any(name in feature.properties for feature in found):
        have = sorted({key for feature in found for key in feature.properties})
        raise InputError(
            f"{path}: no feature has a property region_id; name the one that holds the regions' ids (--id), or their names "
            f"(--name, with --country). The file has: {', '.join(have[:40]) or 'no properties'}"
        )
    named = [(feature, text_of(feature, name)) for feature in found]
    for feature, region in named:
        if not region:
            raise InputError(f"{feature.where}: {name} is empty")
    return [(feature, {"region_id": region}) for feature, region in named]


def _by_name(
    store: Store, path: object, found: list[Feature], options: BoundaryOptions, notes: list[str]
) -> list[tuple[Feature, Record]]:
    named = [(feature, text_of(feature, options.name)) for feature in found]
    kept = [(feature, name) for feature, name in named if name]
    if len(kept) < len(named):
        notes.append(f"{len(named) - len(kept)} features without a name are left out")
    if not kept:
        raise InputError(f"{path}: no feature has a name in its property {options.name!r}")
    kept = _together(kept, notes)
    country = _loaded_country(store, options)
    if options.country and country is None:
        return [(feature, _made(store, options, name)) for feature, name in kept]
    return [(feature, {"region_id": _meant(store, feature, options, country, name)}) for feature, name in kept]


def _together(named: list[tuple[Feature, str]], notes: list[str]) -> list[tuple[Feature, str]]:
    """Features of one name as one of all their polygons: by its name alone, a region is told apart from no other of it."""
    by_name: dict[str, list[Feature]] = {}
    for feature, name in named:
        by_name.setdefault(name, []).append(feature)
    notes += [
        f"{len(found)} features are called {name}: taken as one" for name, found in by_name.items() if len(found) > 1
    ]
    return [(_united(found), name) for name, found in by_name.items()]


def _united(found: list[Feature]) -> Feature:
    if len(found) == 1:
        return found[0]
    parts = [one.geometry["coordinates"] for one in found]
    polygons = [
        part if one.geometry["type"] == "MultiPolygon" else [part] for one, part in zip(found, parts, strict=True)
    ]
    return replace(found[0], geometry={"type": "MultiPolygon", "coordinates": list(chain.from_iterable(polygons))})


def _loaded_country(store: Store, options: BoundaryOptions) -> str | None:
    """The country of that name or id in a loaded hierarchy."""
    found: str | None = store.value(
        "SELECT min(r.region_id) FROM region AS r JOIN region_name AS n ON n.region_id = r.region_id "
        "WHERE r.level = 'country' AND r.load_id <> 0 AND (r.region_id = $name OR n.place_key = place_key($name))",
        {"name": options.country},
    )
    return found


def _meant(store: Store, feature: Feature, options: BoundaryOptions, country: str | None, name: str) -> str:
    """The one region that *name* means at the level asked for; InputError where it means none or several."""
    rows = store.rows(
        "SELECT DISTINCT r.region_id, n.name, n.place_key = place_key($name) FROM region AS r "
        "JOIN region_name AS n ON n.region_id = r.region_id JOIN lineage AS l ON l.region_id = r.region_id "
        "WHERE r.level = $level AND ($country IS NULL OR l.ancestor_id = $country) AND r.load_id <> 0",
        {"name": name, "level": options.level, "country": country},
    )
    meant: list[str] = sorted({region for region, _, same in rows if same})
    if len(meant) != 1:
        hint = f": it may be {', '.join(meant)}; say the country (--country)" if meant else _choices(rows, name)
        raise InputError(f"{feature.where}: {name!r} is no one region of level {options.level}{hint}")
    return meant[0]


def _choices(rows: list[tuple[Any, ...]], name: str) -> str:
    return nearest(name, sorted({known for _, known, _ in rows})) if rows else "; load the regions first"


def _made(store: Store, options: BoundaryOptions, name: str) -> Record:
    """A region made of its name, with the id that it would have if it were derived from reported names."""
    country, own = store.rows(
        "SELECT replace(place_key($country), ' ', '-'), replace(place_key($name), ' ', '-')",
        {"country": options.country, "name": name},
    )[0]
    if options.level == "country":
        return _region(country, "", "country", options.country)
    if options.level == "admin2":
        raise InputError(
            f"{options.country} has no loaded hierarchy, and districts need the regions above them: load regions (CSV) first"
        )
    if not own:
        raise InputError(f"{name!r} holds no word that could be a region's name")
    return _region(f"{country}/{own}", country, "admin1", name)


def _country(store: Store, options: BoundaryOptions) -> list[Record]:
    return [_made(store, BoundaryOptions(name=options.name, country=options.country, level="country"), "")]


def _region(region_id: str, parent_id: str, level: str, name: str) -> Record:
    return {
        "region_id": region_id,
        "parent_id": parent_id,
        "level": level,
        "name": name.replace("|", " "),
        "variants": "",
        "valid_from": "",
        "valid_until": "",
        "source": "made from a boundary file",
        "_line": name,
    }

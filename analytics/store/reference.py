"""Loading reference data: regions and their names, groups, boundaries, dated events and coverage."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from analytics.errors import InputError
from analytics.sources.files import readable
from analytics.sources.table import nearest
from analytics.store.connection import Store
from analytics.store.loading import next_load_id, resolve_places

LEVELS = ("country", "admin1", "admin2")
Record = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One kind of reference file: its columns, and what writes a checked record."""

    needs: tuple[str, ...]
    may: tuple[str, ...]
    write: Callable[[Store, list[Record], int], None]


def load_reference(store: Store, path: Path, kind: str, *, loaded_at: datetime) -> dict[str, Any]:
    """Load a reference file of *kind* (regions, events or coverage) in one transaction; rows and kind found.

    `regions` takes a CSV of regions, a CSV of groups (it has a column group_id) or GeoJSON boundaries (features with a
    property region_id). What is loaded again replaces what bears the same id. Raises InputError naming file, line,
    column and value of the first thing wrong; then nothing is loaded.
    """
    found, records, sha256 = _read(path, kind)
    with store.transaction():
        load_id = next_load_id(store)
        _KINDS[found].write(store, records, load_id)
        if found in ("regions", "groups"):
            resolve_places(store)
        store.run(
            "INSERT INTO load VALUES ($id, $kind, NULL, $file, $sha, '{}', NULL, NULL, $at, $rows, $rows, 0, 0, 0, 0, NULL)",
            {
                "id": load_id,
                "kind": found,
                "file": path.name,
                "sha": sha256,
                "at": loaded_at.replace(microsecond=0),
                "rows": len(records),
            },
        )
    return {"load_id": load_id, "kind": found, "rows": len(records), "file": path.name}


def _read(path: Path, kind: str) -> tuple[str, list[Record], str]:
    with readable(path) as file:
        if file.kind == "parquet":
            raise InputError(f"{path} is Parquet; reference data are read as CSV or GeoJSON")
        text = file.path.read_text(encoding="utf-8")
    if kind == "regions" and text.lstrip().startswith("{"):
        return "boundaries", _features(path, text), file.sha256
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    columns = [(name or "").strip() for name in reader.fieldnames or []]
    found = "groups" if kind == "regions" and "group_id" in columns else kind
    for needed in _KINDS[found].needs:
        if needed not in columns:
            raise InputError(f"{path}: column {needed!r} is missing for {found}{nearest(needed, columns)}")
    return found, _records(path, found, columns, reader), file.sha256


def _records(path: Path, kind: str, columns: list[str], reader: Any) -> list[Record]:
    records = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(f"{path}, line {reader.line_num}: does not have {len(columns)} columns")
            record = {name.strip(): value.strip() for name, value in row.items()} | {
                "_line": f"{path}, line {reader.line_num}"
            }
            for needed in _KINDS[kind].needs:
                if not record[needed]:
                    raise InputError(f"{record['_line']}: {needed} is empty")
            records.append(dict.fromkeys(_KINDS[kind].may, "") | record)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error
    if not records:
        raise InputError(f"{path} has a header but no rows")
    return records


def _features(path: Path, text: str) -> list[Record]:
    try:
        content = json.loads(text)
        features = [(feature["properties"]["region_id"], feature["geometry"]) for feature in content["features"]]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} is not a GeoJSON FeatureCollection whose features have a property region_id and a geometry ({error!r})"
        ) from error
    return [
        {
            "region_id": str(region),
            "geometry": json.dumps(geometry, separators=(",", ":")),
            "_line": f"{path}, {region}",
        }
        for region, geometry in features
    ]


def _day(record: Record, column: str, default: str = "") -> date | None:
    text = record.get(column) or default
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{record['_line']}: {column} {text!r} is not a date (YYYY-MM-DD)") from error


def _insert(store: Store, table: str, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        marks = {f"v{number}": value for number, value in enumerate(row)}
        store.run(f"INSERT INTO {table} VALUES ({', '.join('$' + mark for mark in marks)})", marks)


def _replace(store: Store, table: str, key: str, ids: set[str]) -> None:
    store.run(f"DELETE FROM {table} WHERE list_contains($ids, {key})", {"ids": sorted(ids)})


def _known_regions(store: Store, *, groups: bool = False) -> set[str]:
    sql = "SELECT region_id FROM region" + (" UNION SELECT group_id FROM region_member" if groups else "")
    return {region for (region,) in store.rows(sql)}


def _write_regions(store: Store, records: list[Record], load_id: int) -> None:
    ids = {record["region_id"] for record in records}
    known = _known_regions(store) | ids
    for record in records:
        if record["level"] not in LEVELS:
            raise InputError(f"{record['_line']}: level {record['level']!r} is not one of {', '.join(LEVELS)}")
        if record["region_id"].startswith("("):
            raise InputError(f"{record['_line']}: region_id {record['region_id']!r} may not start with a bracket")
        if record["parent_id"] and record["parent_id"] not in known:
            raise InputError(
                f"{record['_line']}: parent_id {record['parent_id']!r} is no region{nearest(record['parent_id'], known)}"
            )
    _replace(store, "region", "region_id", ids)
    _replace(store, "region_name", "region_id", ids)
    rows = [
        (
            record["region_id"],
            record["parent_id"] or None,
            record["level"],
            record["name"],
            _day(record, "valid_from"),
            _day(record, "valid_until"),
            record["source"] or None,
            load_id,
        )
        for record in records
    ]
    _insert(store, "region", rows)
    names = sorted(
        {
            (record["region_id"], name.strip())
            for record in records
            for name in (record["name"], *record["variants"].split("|"))
            if name.strip()
        }
    )
    store.run(
        "INSERT INTO region_name SELECT n.region_id, n.name, place_key(n.name), CAST($load AS INTEGER) FROM "
        "(SELECT unnest($regions) AS region_id, unnest($names) AS name) AS n",
        {"regions": [region for region, _ in names], "names": [name for _, name in names], "load": load_id},
    )


def _write_groups(store: Store, records: list[Record], load_id: int) -> None:
    known = _known_regions(store)
    for record in records:
        if record["region_id"] not in known:
            raise InputError(
                f"{record['_line']}: region_id {record['region_id']!r} is no region{nearest(record['region_id'], known)}"
            )
        if record["group_id"] in known or record["group_id"] in (*LEVELS, "group"):
            raise InputError(
                f"{record['_line']}: group_id {record['group_id']!r} is the name of a region or level; choose another"
            )
    _replace(store, "region_member", "group_id", {record["group_id"] for record in records})
    rows = [
        (
            record["group_id"],
            record["group"],
            record["region_id"],
            _day(record, "valid_from"),
            _day(record, "valid_until"),
            record["source"] or None,
            load_id,
        )
        for record in records
    ]
    _insert(store, "region_member", rows)


def _write_boundaries(store: Store, records: list[Record], load_id: int) -> None:
    _replace(store, "boundary", "region_id", {record["region_id"] for record in records})
    _insert(store, "boundary", [(record["region_id"], record["geometry"], load_id) for record in records])


def _write_events(store: Store, records: list[Record], load_id: int) -> None:
    known = _known_regions(store, groups=True)
    rows = []
    for record in records:
        regions = [region for region in record["regions"].split("|") if region]
        for region in regions:
            if region not in known:
                raise InputError(f"{record['_line']}: region {region!r} is no region or group{nearest(region, known)}")
        first, last = _day(record, "starts_on"), _day(record, "ends_on", record["starts_on"])
        if first is not None and last is not None and last < first:
            raise InputError(f"{record['_line']}: ends_on {last} is before starts_on {first}")
        rows.append(
            (
                record["event_id"],
                record["kind"],
                record["name"],
                first,
                last,
                regions,
                record["source"] or None,
                record["notes"] or None,
                load_id,
            )
        )
    _replace(store, "dated_event", "event_id", {record["event_id"] for record in records})
    _insert(store, "dated_event", rows)


def _write_coverage(store: Store, records: list[Record], load_id: int) -> None:
    known = _known_regions(store)
    rows = []
    for record in records:
        if record["region_id"] not in known:
            raise InputError(
                f"{record['_line']}: region_id {record['region_id']!r} is no region{nearest(record['region_id'], known)}"
            )
        if record["reported"].lower() not in ("", "true", "false"):
            raise InputError(f"{record['_line']}: reported {record['reported']!r} is neither true nor false")
        first, last = _day(record, "covers_from"), _day(record, "covers_until")
        reported = record["reported"].lower() != "false"
        rows.append(
            (
                record["source"],
                record["region_id"],
                first,
                last,
                reported,
                None,
                "file",
                record["note"] or None,
                load_id,
            )
        )
    store.run(
        "DELETE FROM reporting WHERE basis = 'file' AND list_contains($sources, source)",
        {"sources": sorted({record["source"] for record in records})},
    )
    _insert(store, "reporting", rows)


_KINDS = {
    "regions": _Kind(
        needs=("region_id", "level", "name"),
        may=("parent_id", "variants", "valid_from", "valid_until", "source"),
        write=_write_regions,
    ),
    "groups": _Kind(
        needs=("group_id", "group", "region_id"), may=("valid_from", "valid_until", "source"), write=_write_groups
    ),
    "boundaries": _Kind(needs=("region_id",), may=(), write=_write_boundaries),
    "events": _Kind(
        needs=("event_id", "kind", "name", "starts_on"),
        may=("ends_on", "regions", "source", "notes"),
        write=_write_events,
    ),
    "coverage": _Kind(
        needs=("source", "region_id", "covers_from", "covers_until"), may=("reported", "note"), write=_write_coverage
    ),
}

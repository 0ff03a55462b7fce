"""Loading reference data: regions and their names, groups, boundaries, dated events, coverage and tag rules."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from analytics.errors import InputError
from analytics.schema import FIRST_DAY, LAST_DAY
from analytics.sources.boundaries import BoundaryOptions, is_boundaries
from analytics.sources.files import readable
from analytics.sources.table import nearest
from analytics.store.connection import Store
from analytics.store.deriving import derive
from analytics.store.loading import next_load_id
from analytics.store.outlines import Record, outlines
from analytics.store.tags import check_rules, rules

LEVELS = ("country", "admin1", "admin2")
EVENT_KINDS = ("election", "referendum", "operation", "control", "withdrawal", "attack", "other")


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One kind of reference file: its columns, what checks its records, and what newer rows replace older ones by."""

    needs: tuple[str, ...]
    may: tuple[str, ...]
    key: str
    check: Callable[[Store, list[Record]], None]
    unique: bool = True
    """Whether a file may have one row of a key only."""


def load_reference(
    store: Store, path: Path, kind: str, *, loaded_at: datetime, boundaries: BoundaryOptions | None = None
) -> dict[str, Any]:
    """Load a reference file of *kind* (regions, events, coverage or tags) in one transaction; what was found, and notes.

    `regions` takes a CSV of regions, a CSV of groups (it has a column group_id) or boundaries (GeoJSON or TopoJSON, read
    as *boundaries* says); `tags` takes TOML. What is loaded again replaces what bears the same id. Raises InputError
    naming file, line, column and value of the first thing wrong; then nothing is loaded.
    """
    found, text, sha256 = _read(path, kind)
    chosen = boundaries or BoundaryOptions()
    with store.transaction():
        load_id = next_load_id(store)
        rows, notes = _rows(store, path, found, text, chosen)
        for part, records in rows.items():
            _check(store, _KINDS[part], records)
            _write(store, part, records, load_id)
        derive(store)
        count = len(rows[found])
        store.run(
            "INSERT INTO load BY NAME SELECT $id AS load_id, $kind AS kind, $file AS file, $sha AS sha256, $settings AS settings, "
            "$at AS loaded_at, $rows AS rows_read, $rows AS accepted, 0 AS rejected, 0 AS new_incidents, 0 AS new_versions, "
            "0 AS unchanged",
            {
                "id": load_id,
                "kind": found,
                "file": path.name,
                "sha": sha256,
                "settings": _settings(found, chosen),
                "at": loaded_at.replace(microsecond=0),
                "rows": count,
            },
        )
    return {"load_id": load_id, "kind": found, "rows": count, "file": path.name, "notes": notes}


def is_reference_loaded(
    store: Store, path: Path, kind: str, alike: int = 1, *, boundaries: BoundaryOptions | None = None
) -> bool:
    """Whether one of the last *alike* loads of a reference file called like *path*, read in the same way, had the same content."""
    found, _, sha256 = _read(path, kind)
    rows = store.rows(
        "SELECT sha256 FROM load WHERE kind = $kind AND file = $file AND settings = $settings AND undone_at IS NULL "
        "ORDER BY load_id DESC LIMIT $alike",
        {"kind": found, "file": path.name, "settings": _settings(found, boundaries), "alike": alike},
    )
    return (sha256,) in rows


def _settings(found: str, boundaries: BoundaryOptions | None) -> str:
    """How a file of the kind *found* is read, as JSON."""
    return json.dumps(asdict(boundaries or BoundaryOptions())) if found == "boundaries" else "{}"


def _read(path: Path, kind: str) -> tuple[str, str, str]:
    """What kind of file it is, its text and its hash."""
    with readable(path) as file:
        if file.kind != "csv":
            raise InputError(
                f"{path} is {file.kind.capitalize()}; reference data are read as CSV, GeoJSON, TopoJSON or TOML"
            )
        text = file.path.read_text(encoding="utf-8")
    if kind == "regions" and is_boundaries(text):
        return "boundaries", text, file.sha256
    if kind == "regions" and "group_id" in _columns(path, text)[0]:
        return "groups", text, file.sha256
    return kind, text, file.sha256


def _rows(
    store: Store, path: Path, found: str, text: str, boundaries: BoundaryOptions
) -> tuple[dict[str, list[Record]], list[str]]:
    """The file's rows by kind, and what must be said of them."""
    if found == "boundaries":
        return outlines(store, path, text, boundaries)
    if found == "tags":
        return {"tags": rules(path, text)}, []
    columns, reader = _columns(path, text)
    for needed in _KINDS[found].needs:
        if needed not in columns:
            raise InputError(f"{path}: column {needed!r} is missing for {found}{nearest(needed, columns)}")
    return {found: _records(path, found, columns, reader)}, []


def _columns(path: Path, text: str) -> tuple[list[str], Any]:
    """The names of a CSV file's columns, and what reads its rows."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(name or "").strip() for name in reader.fieldnames or []], reader
    except csv.Error as error:
        raise InputError(f"{path}: the header cannot be read: {error}") from error


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
        raise InputError(f"{path}, line {reader.line_num + 1}: {error}") from error
    if not records:
        raise InputError(f"{path} has a header but no rows")
    return records


def _check(store: Store, kind: _Kind, records: list[Record]) -> None:
    """Raise InputError for the first record that bears a key again, or that its kind does not allow."""
    seen: set[str] = set()
    for record in records:
        if kind.unique and record[kind.key] in seen:
            raise InputError(f"{record['_line']}: {kind.key} {record[kind.key]!r} is there twice")
        seen.add(record[kind.key])
    kind.check(store, records)


def _write(store: Store, kind: str, records: list[Record], load_id: int) -> None:
    columns = (*_KINDS[kind].needs, *_KINDS[kind].may)
    store.run(
        "INSERT INTO reference_row SELECT $load, $kind, unnest($keys), unnest($rows)",
        {
            "load": load_id,
            "kind": kind,
            "keys": [record[_KINDS[kind].key] for record in records],
            "rows": [json.dumps({name: record[name] for name in columns}, ensure_ascii=False) for record in records],
        },
    )


def _span(record: Record, first: str, last: str) -> None:
    """Raise InputError unless both columns hold dates or nothing, and the last is not before the first."""
    days = [_day(record, first), _day(record, last)]
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        raise InputError(f"{record['_line']}: {last} {days[1]} is before {first} {days[0]}")


def _day(record: Record, column: str) -> date | None:
    text = record[column]
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{record['_line']}: {column} {text!r} is not a date (YYYY-MM-DD)") from error
    if not FIRST_DAY <= str(day) <= LAST_DAY:
        raise InputError(f"{record['_line']}: {column} {text!r} is not between {FIRST_DAY} and {LAST_DAY}")
    return day


def _known_regions(store: Store, *, groups: bool = False) -> set[str]:
    sql = "SELECT region_id FROM region" + (" UNION SELECT group_id FROM region_member" if groups else "")
    return {region for (region,) in store.rows(sql)}


def _refuse_unknown(record: Record, column: str, region: str, known: set[str], what: str = "region") -> None:
    if region not in known:
        raise InputError(f"{record['_line']}: {column} {region!r} is no {what}{nearest(region, sorted(known))}")


def _check_regions(store: Store, records: list[Record]) -> None:
    known = _known_regions(store) | {record["region_id"] for record in records}
    for record in records:
        if record["level"] not in LEVELS:
            raise InputError(f"{record['_line']}: level {record['level']!r} is not one of {', '.join(LEVELS)}")
        if record["region_id"].startswith("(") or record["region_id"] in (*LEVELS, "group"):
            raise InputError(
                f"{record['_line']}: region_id {record['region_id']!r} may not start with a bracket or be a level"
            )
        if record["parent_id"]:
            _refuse_unknown(record, "parent_id", record["parent_id"], known)
        _span(record, "valid_from", "valid_until")
    _refuse_circles(store, records)


def _refuse_circles(store: Store, records: list[Record]) -> None:
    """Raise InputError for a region whose parent is not of a coarser level, which would close a circle."""
    levels = dict(store.rows("SELECT region_id, level FROM region")) | {
        record["region_id"]: record["level"] for record in records
    }
    for record in records:
        parent = record["parent_id"]
        if parent and LEVELS.index(levels[parent]) >= LEVELS.index(record["level"]):
            raise InputError(
                f"{record['_line']}: parent_id {parent!r} is of level {levels[parent]}, not above {record['level']}"
            )


def _check_groups(store: Store, records: list[Record]) -> None:
    known = _known_regions(store)
    for record in records:
        _refuse_unknown(record, "region_id", record["region_id"], known)
        if record["group_id"] in known or record["group_id"] in (*LEVELS, "group") or record["group_id"][0] == "(":
            raise InputError(
                f"{record['_line']}: group_id {record['group_id']!r} is a region or level, or starts with a bracket; choose another"
            )
        _span(record, "valid_from", "valid_until")


def _check_boundaries(store: Store, records: list[Record]) -> None:
    """Boundaries may come before their regions: whatever is in the file is kept."""


def _check_events(store: Store, records: list[Record]) -> None:
    known = _known_regions(store, groups=True)
    for record in records:
        if record["kind"] not in EVENT_KINDS:
            raise InputError(f"{record['_line']}: kind {record['kind']!r} is not one of {', '.join(EVENT_KINDS)}")
        for region in filter(None, map(str.strip, record["regions"].split("|"))):
            _refuse_unknown(record, "regions", region, known, "region or group")
        _span(record, "starts_on", "ends_on")


def _check_coverage(store: Store, records: list[Record]) -> None:
    known = _known_regions(store)
    for record in records:
        _refuse_unknown(record, "region_id", record["region_id"], known)
        if record["reported"].lower() not in ("", "true", "false"):
            raise InputError(f"{record['_line']}: reported {record['reported']!r} is neither true nor false")
        _span(record, "covers_from", "covers_until")


_KINDS = {
    "regions": _Kind(
        needs=("region_id", "level", "name"),
        may=("parent_id", "variants", "valid_from", "valid_until", "source"),
        key="region_id",
        check=_check_regions,
    ),
    "groups": _Kind(
        needs=("group_id", "group", "region_id"),
        may=("valid_from", "valid_until", "source"),
        key="group_id",
        check=_check_groups,
        unique=False,
    ),
    "boundaries": _Kind(
        needs=("region_id", "geometry", "nearest_km"), may=(), key="region_id", check=_check_boundaries
    ),
    "tags": _Kind(needs=("tag", "where"), may=("meaning",), key="tag", check=check_rules),
    "events": _Kind(
        needs=("event_id", "kind", "name", "starts_on"),
        may=("ends_on", "regions", "source", "notes"),
        key="event_id",
        check=_check_events,
    ),
    "coverage": _Kind(
        needs=("source", "region_id", "covers_from", "covers_until"),
        may=("reported", "note"),
        key="source",
        check=_check_coverage,
        unique=False,
    ),
}

"""Files of every layout in every kind of container, damaged in structure and in bytes by whoever chooses."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
from openpyxl import Workbook
from pyarrow import parquet

from analytics.errors import AnalyticsError, InputError
from analytics.sources import Mapping
from analytics.sources.draft import drafted
from analytics.sources.tables import sample, table_of
from analytics.sources.ucdp import GED_COLUMNS
from analytics.store import Store, load
from tests.store_files import NOW, incident
from tests.test_formats import ACLED, ACLED_2018, ACLED_OLDEST, DECO, GTD, row
from tests.test_sources import ucdp

Rows = list[list[str]]
Choose = Callable[[int], int]
"""Gives a number below the one it is given: drawn at random, by hypothesis, or by a fuzzer that follows coverage."""


def _table(*records: dict[str, object]) -> Rows:
    return [list(records[0]), *([str(value) for value in record.values()] for record in records)]


_UCDP = [ucdp(number) for number in (1, 2, 3)]
_TAGS = {"id": "#id+event", "date_start": "#date+start"}
LAYOUTS: dict[str, Rows] = {
    "ucdp_v19_1.csv": _table(*_UCDP),
    "GEDEvent_v24_0_3.csv": _table(*_UCDP),
    "ucdp_hdx.csv": _table({name: _TAGS.get(name, "#tag") for name in _UCDP[0]}, *_UCDP),
    "headless_v24_0_1.csv": [[{"year": "2024", **one}.get(name, "") for name in GED_COLUMNS] for one in _UCDP],
    "deco.csv": _table(DECO, DECO | {"id": "96"}),
    "acled_api.csv": _table(*(row(ACLED, event_id_cnty=f"X{number}") for number in range(3))),
    "acled_tool.csv": _table(*(row(ACLED, event_id_cnty=f"X{number}", event_date="16 May 2023") for number in range(3))),
    "acled_2018.csv": _table(*(row(ACLED_2018, event_id_cnty=f"X{number}", event_date="16 May 2023") for number in range(3))),
    "acled_old.csv": _table(*(row(ACLED_OLDEST, event_id_cnty=f"X{number}", event_date="16/05/2017") for number in range(3))),
    "globalterrorismdb_0522dist.csv": _table(GTD, GTD | {"eventid": "201805160002", "imonth": "0"}),
    "desk.csv": _table(*(incident(str(number), killed=number, notes="a, \"b\"\nc") for number in range(3))),
    "mapped.csv": _table(*({"No": str(n), "Day": "31.01.2020", "Dead": "1,5", "At": "1577836800"} for n in range(3))),
}  # fmt: skip
MAPPINGS = {
    "mapped.csv": Mapping(
        source="mapped", decimal=",", columns={"source_id": "No", "occurred_on": "Day", "killed": "Dead", "known_at": "At"},
        formats={"occurred_on": ["%d.%m.%Y", "excel", "iso"], "known_at": ["unix", "unix-ms"]}, values={"killed": {"1,5": "2"}},
    ),
    "desk.csv": Mapping(source="desk"),
}  # fmt: skip


def _separated(rows: Rows, mark: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark).writerows(rows)
    return out.getvalue().encode(encoding, "replace")


def _objects(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(rows[0], cells, strict=False)) for cells in rows[1:]]


def _zipped(rows: Rows) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f.csv", _separated(rows))
    return out.getvalue()


def _workbook(rows: Rows) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for cells in rows:
        book.active.append(["".join(mark for mark in cell if mark.isprintable()) for cell in cells])
    book.save(out)
    return out.getvalue()


def _parquet(rows: Rows) -> bytes:
    out, width = io.BytesIO(), len(rows[0])
    padded = [[*cells, *[""] * width][:width] for cells in rows[1:]]
    columns = [pa.array([cells[place] for cells in padded], pa.string()) for place in range(width)]
    parquet.write_table(pa.Table.from_arrays(columns, names=rows[0]), out)
    return out.getvalue()


CONTAINERS: dict[str, Callable[[Rows], bytes]] = {
    "csv": _separated,
    "semicolons": partial(_separated, mark=";"),
    "tabs": partial(_separated, mark="\t"),
    "bars": partial(_separated, mark="|"),
    "bom": partial(_separated, encoding="utf-8-sig"),
    "utf-16": partial(_separated, encoding="utf-16"),
    "cp1252": partial(_separated, encoding="cp1252"),
    "gzip": lambda rows: gzip.compress(_separated(rows), mtime=0),
    "zip": _zipped,
    "array": lambda rows: json.dumps(_objects(rows)).encode(),
    "page": lambda rows: json.dumps({"count": 1, "Result": _objects(rows)}).encode(),
    "lines": lambda rows: "\n".join(map(json.dumps, _objects(rows))).encode(),
    "parquet": _parquet,
    "workbook": _workbook,
}
CELLS = (
    "", " ", "NULL", "nan", "inf", "-inf", "1e400", "9" * 40, "-1", "0", "13", "1.5", "1,5", "2018-13-45", "31/02/2018", "0001-01-01",
    "9999-12-31", "290000-01-01", "2018-06-02 25:00", "2018-06-02T00:00:00+99:99", "#date+start", '"', '""', "a\nb", "a\r\nb", "'", "\\",
    "é", "٣", "\u202e", "\x01", "=1+1", "1;2", "Unknown", "x" * 3000, "-99", "day", "exact", "Infinity", "0x10", "1_000", "±1",
)  # fmt: skip
PIECES = (
    b'"', b",", b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'""', b"\\u", b"=1+1", b"9" * 50, b"-1",
    b"[" * 2000, b"\xe2\x80", b"nan", b"'", b";", b"\xd8\x00", b"0001-01-01", b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\t", b"|", b"\\ud800",
)  # fmt: skip


def _set_cell(rows: Rows, line: int, place: int, choose: Choose) -> None:
    rows[line][place] = CELLS[choose(len(CELLS))]


def _drop_cell(rows: Rows, line: int, place: int, choose: Choose) -> None:
    if len(rows[line]) > 1:
        del rows[line][place]


def _add_cell(rows: Rows, line: int, place: int, choose: Choose) -> None:
    rows[line].insert(place, CELLS[choose(len(CELLS))])


def _repeat_row(rows: Rows, line: int, place: int, choose: Choose) -> None:
    rows.insert(choose(len(rows) + 1), list(rows[line]))


def _drop_row(rows: Rows, line: int, place: int, choose: Choose) -> None:
    if len(rows) > 1:
        del rows[line]


def _copy_cell(rows: Rows, line: int, place: int, choose: Choose) -> None:
    other = rows[choose(len(rows))]
    rows[line][place] = other[choose(len(other))]


CHANGES = (_set_cell, _set_cell, _set_cell, _copy_cell, _drop_cell, _add_cell, _repeat_row, _drop_row)


def damaged(choose: Choose) -> tuple[str, bytes]:
    """A file's name and content: a layout with up to four changes of its table, in a container with up to three of its bytes."""
    names = list(LAYOUTS)
    name = names[choose(len(names))]
    rows = [list(cells) for cells in LAYOUTS[name]]
    for _ in range(choose(5)):
        line = choose(len(rows))
        CHANGES[choose(len(CHANGES))](rows, line, choose(len(rows[line])), choose)
    content = list(CONTAINERS.values())[choose(len(CONTAINERS))](rows)
    for _ in range(max(0, choose(6) - 2)):
        place, dropped = choose(len(content) + 1), choose(12)
        content = content[:place] + PIECES[choose(len(PIECES))] + content[place + dropped :]
    return name, content


def read(folder: Path, name: str, content: bytes) -> int:
    """Records of a sample of the file, of which a mapping is drafted; -1 where it is refused. Raises what is no error of ours."""
    path = folder / name
    path.write_bytes(content)
    try:
        with table_of(path) as file:
            columns, rows = sample(path, file, 10)
            drafted(name, columns, rows)
    except InputError:
        return -1
    return len(rows)


def checked(store: Store, folder: Path, name: str, content: bytes) -> int:
    """Records accepted of the file; -1 where it is refused. Raises AssertionError where a record is lost, and whatever is no error of ours.

    Nothing of a refused file is kept. It is read by itself first, as `read` does.
    """
    read(folder, name, content)
    counts = "SELECT (SELECT count(*) FROM load), (SELECT count(*) FROM reject)"
    before = store.rows(counts)
    try:
        report = load(store, folder / name, loaded_at=NOW, mapping=MAPPINGS.get(name))
    except AnalyticsError:
        assert store.rows(counts) == before
        return -1
    assert report.accepted + report.rejected == report.rows_read
    assert report.new_versions + report.unchanged == report.accepted
    logged = store.value("SELECT count(*) FROM reject WHERE load_id = $id", {"id": report.load_id})
    assert logged in (report.rejected, 0)
    assert logged or not report.rejected or any("loaded as load" in note for note in report.notes)
    return report.accepted

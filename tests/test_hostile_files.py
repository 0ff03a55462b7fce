"""Whatever is in a file: it loads with every record accounted for, or is refused with an error of ours.

Bytes are fuzzed from real files of each kind, mutated so that they stay near to what the readers know; hypothesis
steers towards those that get furthest into a reader (`target`). `tests/benchmarks/fuzz_readers.py` looks longer.
"""

import gzip
import io
import json
import random
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st
from openpyxl import Workbook

from analytics.errors import InputError
from analytics.sources import Mapping
from analytics.sources.draft import drafted
from analytics.sources.tables import sample, table_of
from analytics.store import Store, load
from tests.damaged import checked, damaged
from tests.hostile import READ, REFUSED
from tests.store_files import NOW, xanadu

CSV = 'source_id,occurred_on,killed,latitude,notes\r\n1,2020-01-01,3,36.5,"a, ""b""\nc"\r\n2,2020-01-02,,,é\r\n3,x,-1,99,\r\n'
RECORDS = [
    {"source_id": "1", "occurred_on": "2020-01-01", "killed": 3, "notes": "é"},
    {"source_id": 2, "occurred_on": None, "x": {"y": [1]}},
]


def _workbook() -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (["source_id", "occurred_on", "killed"], ["1", "2020-01-01", 3], ["2", "=1+1", 1.5], [None, True]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pa.table({"source_id": ["1", "2"], "occurred_on": ["2020-01-01", "no"]}), out)
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    """A small file of each kind."""
    lines, array = "\n".join(map(json.dumps, RECORDS)).encode(), json.dumps(RECORDS).encode()
    return {
        "csv": CSV.encode(), "utf-16": CSV.encode("utf-16"), "cp1252": CSV.encode("cp1252"), "bom": CSV.encode("utf-8-sig"),
        "tsv": CSV.replace(",", "\t").encode(), "lines": lines, "array": array,
        "pages": json.dumps({"count": 2, "Result": RECORDS}).encode(), "gzip": gzip.compress(CSV.encode()),
        "zip": _zip(a=array), "workbook": _workbook(), "parquet": _parquet(),
    }  # fmt: skip


SEEDS = seeds()
PIECES = (
    b'"', b",", b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'""', b"\\u", b"=1+1", b"9" * 50, b"-1",
    b"[" * 2000, b"\xe2\x80", b"nan", b"'", b";", b"\xd8\x00", b"0001-01-01",
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 8), st.sampled_from(PIECES) | st.binary(max_size=6)),
    max_size=6,
)


def edited(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """*content* with some bytes replaced: at a share of its length, so many bytes by these."""
    for share, dropped, piece in edits:
        place = int(share * len(content))
        content = content[:place] + piece + content[place + dropped :]
    return content


SLOWEST = 30.0
"""Seconds that no small file may take, on a machine with other work."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    """A folder and a database for all examples of this module."""
    folder = tmp_path_factory.mktemp("hostile")
    with xanadu(folder / "db") as store:
        yield folder, store


MANY = settings(suppress_health_check=list(HealthCheck), max_examples=25)


@pytest.mark.parametrize("kind", list(SEEDS))
@settings(MANY)
@given(edits=EDITS)
def test_readers_raise_only_errors_of_ours(workshop: tuple[Path, Store], kind: str, edits: Any) -> None:
    """A damaged file of any kind is a table whose sample makes a mapping that can be read, or is refused with an error of ours."""
    path = workshop[0] / "f"
    path.write_bytes(edited(SEEDS[kind], edits))
    with suppress(InputError), table_of(path) as file:
        columns, rows = sample(path, file, 10)
        target(float(len(rows)), label="records read")
        assert drafted("f", columns, rows)


@settings(MANY, max_examples=30)
@given(data=st.data())
def test_loads_account_for_every_record(workshop: tuple[Path, Store], data: st.DataObject) -> None:
    """Of a damaged file of any layout and container each record is accepted or rejected, once and soon; a refused file leaves nothing."""
    folder, store = workshop
    name, content = damaged(lambda most: data.draw(st.integers(0, most - 1)))
    began = time.perf_counter()
    target(float(checked(store, folder, name, content)), label="accepted")
    assert time.perf_counter() - began < SLOWEST


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_made_to_hurt_is_refused(workshop: tuple[Path, Store], tmp_path: Path, name: str) -> None:
    """A bomb, a line, a table, a document, a workbook or a thing that is no file at all is refused with its reason, and nothing is kept."""
    make, words = REFUSED[name]
    make(tmp_path / name, False)
    with pytest.raises(InputError, match=words) as caught:
        load(workshop[1], tmp_path / name, loaded_at=NOW)
    assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", list(READ))
def test_what_only_looks_hostile_is_read(workshop: tuple[Path, Store], tmp_path: Path, name: str) -> None:
    """Blank rows, formatted columns, one bad line, a link and a file that packs well keep no good record from being read."""
    make, words = READ[name]
    make(tmp_path / name, False)
    report = load(workshop[1], tmp_path / name, loaded_at=NOW, mapping=Mapping(source=f"read-{name}"))
    assert words in f"{report.rows_read:,} read, {report.accepted:,} accepted"


def test_a_sample_refuses_no_good_file(workshop: tuple[Path, Store], tmp_path: Path) -> None:
    """A file of which one record in fifty is a record of the header's is read to its end; one of a title and a table is not."""
    path = tmp_path / "f.csv"
    lines = [f"{number},2020-01-01" if number % 50 == 0 else "torn" for number in range(5000)]
    path.write_text("\n".join(["source_id,occurred_on", *lines]), encoding="utf-8")
    report = load(workshop[1], path, loaded_at=NOW, mapping=Mapping(source="torn"))
    assert (report.accepted, report.rejected) == (100, 4900)
    table = [f"{number},2020-01-01" for number in range(5000)]
    path.write_text("\n".join(["Incidents of the week", "source_id,occurred_on", *table]), encoding="utf-8")
    with pytest.raises(InputError, match=r"none has the 1 fields of its first line \(Incidents of the week\)"):
        load(workshop[1], path, loaded_at=NOW)


CELL = st.text(max_size=12)


@settings(MANY, max_examples=40)
@given(rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5))
def test_cells_of_any_text_come_back(workshop: tuple[Path, Store], rows: list[list[str]]) -> None:
    """JSON lines of any text are read as that text, field by field, but for what no text can hold."""
    path = workshop[0] / "cells.jsonl"
    path.write_text("\n".join(json.dumps(dict(zip("abc", row, strict=True))) for row in rows), encoding="utf-8")
    with table_of(path) as file:
        _, found = sample(path, file, 10)
    assert found == [[cell.strip() for cell in row] for row in rows]


def test_random_bytes_are_refused(workshop: tuple[Path, Store]) -> None:
    """Noise of any length is no table: it is refused, in no time and no memory."""
    folder, store = workshop
    path, chance = folder / "noise", random.Random(7)
    for length in (1, 2, 10, 1000, 100_000):
        path.write_bytes(chance.randbytes(length))
        with pytest.raises(InputError):
            load(store, path, loaded_at=NOW)

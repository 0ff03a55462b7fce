"""Files made to hurt whoever reads them: each maker writes one at a path, small or at full size."""

import gzip
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

HEADER = b"source_id,occurred_on\n"
RECORD = b"1,2020-01-01\n"
MB = 1 << 20

Maker = Callable[[Path, bool], None]
"""Writes a hostile file; at full size or, for tests, smaller but beyond the limit it is about."""


def _zeros(size: int) -> Iterator[bytes]:
    block = bytes(MB)
    return (block for _ in range(size // MB))


def zip_bomb(path: Path, full: bool) -> None:
    """A zip of 10 GB of zeros (96 MB)."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive,
        archive.open("f.csv", "w", force_zip64=True) as member,
    ):
        for block in _zeros(10 << 30 if full else 96 * MB):
            member.write(block)


def gzip_bomb(path: Path, full: bool) -> None:
    """A gzip file of 10 GB of zeros (96 MB): one compressed GB, repeated."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    member = b"".join(packer.compress(block) for block in _zeros(1 << 30 if full else 96 * MB)) + packer.flush()
    path.write_bytes(member * (10 if full else 1))


def nested_zips(path: Path, full: bool) -> None:
    """A zip in a zip, ten deep."""
    content = HEADER + RECORD
    for depth in range(10):
        inner = path.with_name("inner")
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{depth}.zip" if depth else "f.csv", content)
        content = inner.read_bytes()
        inner.unlink()
    path.write_bytes(content)


def long_line(path: Path, full: bool) -> None:
    """A single line of 1 GB (70 MB) without an end, in a sparse file."""
    with path.open("wb") as file:
        file.write(HEADER + b"x" * 100)
        file.write(b"y" * MB)
        for _ in range((1 << 10) - 1 if full else 69):
            file.write(b"y" * MB)


def wide(path: Path, full: bool) -> None:
    """A million columns (a hundred thousand)."""
    width = 1_000_000 if full else 100_000
    path.write_bytes(b",".join(b"c%d" % n for n in range(width)) + b"\n" + b",".join([b"1"] * width) + b"\n")


def many_columns_short_names(path: Path, full: bool) -> None:
    """As many columns as fit into the longest header, without names."""
    path.write_bytes(b"," * (1_900_000 if full else 100_000) + b"\n" + RECORD)


def deep_json(path: Path, full: bool) -> None:
    """Lists in lists, 100,000 deep, within an array of records."""
    path.write_text('[{"source_id": "1", "x": ' + "[" * 100_000 + "]" * 100_000 + "}]", encoding="ascii")


def deep_lines(path: Path, full: bool) -> None:
    """JSONL of which one line is 100,000 objects deep."""
    path.write_text(
        json.dumps({"source_id": "1", "occurred_on": "2020-01-01"}) + "\n" + '{"a":' * 100_000 + "1" + "}" * 100_000,
        encoding="ascii",
    )


def many_keys(path: Path, full: bool) -> None:
    """JSON records whose keys are all different."""
    rows = 1_000_000 if full else 10_000
    path.write_text("\n".join(f'{{"k{n}": {n}}}' for n in range(rows)), encoding="ascii")


def malformed_lines(path: Path, full: bool) -> None:
    """20 million (20 thousand) lines without the header's delimiter."""
    with path.open("wb") as file:
        file.write(HEADER)
        for _ in range(200 if full else 2):
            file.write(b"no record at all\n" * (100_000 if full else 10_000))


_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XLSX = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_RELATIONS}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SHEETS}" xmlns:r="{_RELATIONS}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_RELATIONS}/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}


def _cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _workbook(path: Path, rows: Iterator[str], before: str = "") -> None:
    """A workbook of one sheet, written as it comes: the XML of its *rows* under a header, and what stands *before* it all."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _XLSX.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            head = f'<row r="1">{_cell("A1", "source_id")}{_cell("B1", "occurred_on")}</row>'
            sheet.write(f'{before}<worksheet xmlns="{_SHEETS}"><sheetData>{head}'.encode())
            for row in rows:
                sheet.write(row.encode())
            sheet.write(b"</sheetData></worksheet>")


def _filled(number: int) -> str:
    return f'<row r="{number}">{_cell(f"A{number}", str(number))}{_cell(f"B{number}", "2020-01-01")}</row>'


def laughing_workbook(path: Path, full: bool) -> None:
    """A workbook whose sheet has an entity of a billion laughs."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    row = f'<row r="2">{_cell("A2", "&l9;")}</row>'
    _workbook(path, iter([row]), f'<!DOCTYPE x [<!ENTITY l0 "lol">{entities}]>')


def unknown_elements(path: Path, full: bool) -> None:
    """A workbook with millions of elements of nobody's language before its first record."""
    some = "<unknown/>" * 100_000
    _workbook(path, (some for _ in range(60 if full else 12)))


def endless_cell(path: Path, full: bool) -> None:
    """A workbook with a cell of more text than all cells of a row may have."""
    some = "".join(f"{n} gunmen, " for n in range(100_000))
    _workbook(
        path,
        iter(['<row r="2"><c r="A2" t="inlineStr"><is><t>', *[some] * (200 if full else 60), "</t></is></c></row>"]),
    )


def far_row(path: Path, full: bool) -> None:
    """A workbook with one record in row 999,999,999,999,999."""
    _workbook(path, iter([_filled(999_999_999_999_999)]))


def blank_rows(path: Path, full: bool) -> None:
    """A workbook of a million blank rows and then a record, as Excel has room for: it can be read."""
    _workbook(
        path, (*(f'<row r="{n}"/>' for n in range(2, 1_000_000 if full else 10_000)), _filled(1_000_000)).__iter__()
    )


def wide_rows(path: Path, full: bool) -> None:
    """A workbook whose rows have an empty cell in Excel's last column, as formatting leaves: it can be read."""
    rows = 200_000 if full else 200
    _workbook(path, (_filled(n).replace("</row>", f'<c r="XFD{n}" s="0"/></row>') for n in range(2, rows)))


def far_cell(path: Path, full: bool) -> None:
    """A workbook with a value in Excel's last column."""
    _workbook(path, iter([f'<row r="2">{_cell("A2", "1")}{_cell("XFD2", "x")}</row>']))


def wrong_footer(path: Path, full: bool) -> None:
    """A Parquet file whose footer says that it is longer than the file."""
    path.write_bytes(b"PAR1" + b"x" * 1000 + (0x7FFFFFFF).to_bytes(4, "little") + b"PAR1")


def no_mark(path: Path, full: bool) -> None:
    """UTF-16 without a byte order mark."""
    path.write_bytes((HEADER + RECORD).decode().encode("utf-16-le"))


def nul_bytes(path: Path, full: bool) -> None:
    """NUL bytes in the middle of a CSV file, far from its start."""
    path.write_bytes(
        HEADER + b"".join(b"%d,2020-01-01\n" % n for n in range(1000)) + b"a,2020-\x0001-01\nb\x00,2020-01-02\n"
    )


def pipe(path: Path, full: bool) -> None:
    """A FIFO that nobody writes to."""
    os.mkfifo(path)


def device(path: Path, full: bool) -> None:
    """A link to a device without end."""
    path.symlink_to("/dev/zero")


def folder(path: Path, full: bool) -> None:
    """A folder."""
    path.mkdir()


def dangling(path: Path, full: bool) -> None:
    """A link to nothing."""
    path.symlink_to(path.with_name("nothing"))


def linked(path: Path, full: bool) -> None:
    """A link to an honest file: it can be read."""
    target = path.with_name("honest.csv")
    target.write_bytes(HEADER + RECORD)
    path.symlink_to(target)


def small_gzip_of_equals(path: Path, full: bool) -> None:
    """An honest file of equal rows that packs well: it can be read."""
    path.write_bytes(gzip.compress(HEADER + b"".join(b"%d,2020-01-01\n" % n for n in range(20_000))))


REFUSED: dict[str, tuple[Maker, str]] = {
    "bomb.zip": (zip_bomb, "unpacks to more than 200 times its size"),
    "bomb.csv.gz": (gzip_bomb, "unpacks to more than 200 times its size"),
    "nested.zip": (nested_zips, "is an archive in an archive"),
    "line.csv": (long_line, "has a line of"),
    "wide.csv": (wide, "columns; at most 4,096|first line is longer"),
    "nameless.csv": (many_columns_short_names, "the first line is blank"),
    "deep.json": (deep_json, "nested too deeply"),
    "keys.jsonl": (many_keys, "different keys"),
    "malformed.csv": (malformed_lines, "records none has the 2 fields"),
    "laughs.xlsx": (laughing_workbook, "cannot be read as a workbook"),
    "elements.xlsx": (unknown_elements, "XML elements between two rows"),
    "cell.xlsx": (endless_cell, "has a row of more than 67,108,864 characters"),
    "far_row.xlsx": (far_row, "blank rows one after another"),
    "far_cell.xlsx": (far_cell, "a cell in column 16,384"),
    "footer.parquet": (wrong_footer, "cannot be read as a table"),
    "no_mark.csv": (no_mark, "is neither text nor"),
    "pipe": (pipe, "is a pipe or a device"),
    "device": (device, "is a pipe or a device"),
    "folder": (folder, "is a folder"),
    "dangling": (dangling, "no such file"),
}
"""What is refused as a whole, and why in words."""

READ: dict[str, tuple[Maker, str]] = {
    "deep.jsonl": (deep_lines, "2 read, 1 accepted"),
    "nul.csv": (nul_bytes, "1,002 read, 1,001 accepted"),
    "blank_rows.xlsx": (blank_rows, "1 read, 1 accepted"),
    "wide_rows.xlsx": (wide_rows, "accepted"),
    "linked.csv": (linked, "1 read, 1 accepted"),
    "equal.csv.gz": (small_gzip_of_equals, "20,000 read, 20,000 accepted"),
}
"""What is read, record by record, and what comes of it in words."""

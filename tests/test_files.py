"""Files of every kind give the records that are in them; what no honest file needs is refused with its reason."""

import gzip
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from analytics.cli import main
from analytics.errors import InputError
from analytics.sources import Mapping, limits
from analytics.sources.files import readable
from analytics.sources.tables import table_of
from analytics.store import is_loaded, load
from tests.store_files import NOW, xanadu

NAMES = ["source_id", "occurred_on", "country", "admin1", "killed", "notes"]
ROWS = [["1", "2020-01-01", "Xanadu", "North", "3", "كركوك"], ["2", "2020-01-02", "Xanadu", "South", "", "x, y"]]
FOUND = [("1", "2020-01-01", "XA-N", 3, "كركوك"), ("2", "2020-01-02", "XA-S", None, "x, y")]


def text(mark: str = ",") -> str:
    """The rows as separated values."""
    return "\n".join(mark.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in [NAMES, *ROWS]) + "\n"


def records() -> list[dict[str, Any]]:
    """The rows as JSON objects."""
    named = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    return [row | {"killed": int(row["killed"]) if row["killed"] else None} for row in named]


def workbook(path: Path, *sheets: str) -> Path:
    """A workbook with a blank row above the rows, dates and numbers being what they are, in the last of *sheets*."""
    book = Workbook()
    for name in sheets[:-1]:
        book.create_sheet(name)
    sheet = book.create_sheet(sheets[-1])
    sheet.append([])
    sheet.append(NAMES)
    for row in ROWS:
        sheet.append([int(row[0]), date.fromisoformat(row[1]), *row[2:4], float(row[4]) if row[4] else None, row[5]])
    del book["Sheet"]
    book.save(path)
    return path


def zipped(path: Path, **members: str) -> Path:
    """A zip file of these texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_csv", ".csv").replace("_xml", ".xml"), content)
    return path


def written(folder: Path, kind: str) -> Path:
    """The rows as a file of one *kind*."""
    path = folder / kind
    if kind.endswith(".xlsx"):
        return workbook(path, "Incidents")
    if kind.endswith(".zip"):
        return zipped(path, **{"desk_csv": text(), "__MACOSX/desk_csv": "junk"})
    contents = {
        "comma.csv": text(), "tab.tsv": text("\t"), "semicolon.csv": text(";"), "bar.txt": text("|"),
        "array.json": json.dumps(records(), indent=1), "page.json": json.dumps({"n": 2, "Result": records()}),
        "lines.jsonl": "\n".join(map(json.dumps, records())), "pages.json": json.dumps([{"data": [one]} for one in records()]),
    }  # fmt: skip
    content = contents[kind.removesuffix(".gz")].encode()
    path.write_bytes(gzip.compress(content) if kind.endswith(".gz") else content)
    return path


@pytest.mark.parametrize(
    "kind",
    ["comma.csv", "tab.tsv", "semicolon.csv", "bar.txt", "array.json", "page.json", "pages.json", "lines.jsonl", "book.xlsx",
     "comma.csv.gz", "lines.jsonl.gz", "desk.zip"],
)  # fmt: skip
def test_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    """The same table gives the same records in every kind of file, and is known again as the same file."""
    path = written(tmp_path, kind)
    with xanadu(tmp_path / "db") as store:
        report = load(store, path, loaded_at=NOW)
        assert (
            store.rows(
                "SELECT source_id, CAST(occurred_on AS VARCHAR), region_id, killed, notes FROM incidents ORDER BY 1"
            )
            == FOUND
        )
        assert is_loaded(store, path, loaded_at=NOW)
    assert (report.rows_read, report.accepted) == (2, 2)


def test_any_delimiter(tmp_path: Path) -> None:
    """A mapping names a delimiter that is none of the usual ones."""
    path = tmp_path / "f.txt"
    path.write_text(text("^"), encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        assert load(store, path, loaded_at=NOW, mapping=Mapping(delimiter="^")).accepted == 2
    with pytest.raises(InputError, match="must be one character"):
        Mapping(delimiter="ab")


def test_one_of_several(tmp_path: Path) -> None:
    """Of several files in a zip, or sheets of a workbook, one is chosen; without a choice they are named, and a wrong one finds the nearest."""
    archive = zipped(tmp_path / "several.zip", a_csv=text(), b_csv=text())
    book = workbook(tmp_path / "several.xlsx", "Notes", "Incidents")
    with xanadu(tmp_path / "db") as store:
        for path, member in ((archive, "b.csv"), (book, "Incidents")):
            assert load(store, path, loaded_at=NOW, member=member).accepted == 2
            assert is_loaded(store, path, loaded_at=NOW, member=member)
            with pytest.raises(InputError, match=r"has 2 files in it; choose one with --member; choose from"):
                load(store, path, loaded_at=NOW)
            with pytest.raises(InputError, match=f"did you mean '{member}'"):
                load(store, path, loaded_at=NOW, member=f"{member}x")


def test_pieces_that_are_no_records(tmp_path: Path) -> None:
    """A line that is no JSON, a number among objects, and a row wider than its header are rejected in their place with their text."""
    lines = tmp_path / "f.jsonl"
    good = json.dumps(records()[0])
    lines.write_text("\n".join([good, '{"source_id": ', "7", "[" * 100_000, '{"source_id": "2"}']), encoding="utf-8")
    book = Workbook()
    for row in (["source_id", "occurred_on"], ["a", "2020-01-01"], ["b", "2020-01-01", "more"], ["c", "2020-13-01"]):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    with xanadu(tmp_path / "db") as store:
        report = load(store, lines, loaded_at=NOW)
        assert (report.rows_read, report.accepted, report.rejected) == (5, 1, 4)
        report = load(store, tmp_path / "f.xlsx", loaded_at=NOW)
        assert (report.rows_read, report.accepted, report.rejected) == (3, 1, 2)
        found = store.rows('SELECT file, record, "column", text FROM rejects ORDER BY load_id, record')
    assert [one[:3] for one in found] == [
        ("f.jsonl", 2, None), ("f.jsonl", 3, None), ("f.jsonl", 4, None), ("f.jsonl", 5, "occurred_on"),
        ("f.xlsx", 2, None), ("f.xlsx", 3, "occurred_on"),
    ]  # fmt: skip
    assert found[0][3] == '{"source_id":'
    assert len(found[2][3]) == 2000


def test_json_values_stay_what_they_are(tmp_path: Path) -> None:
    """Numbers keep their digits, however many; what is nested stays JSON; half a character hurts nothing."""
    path = tmp_path / "f.json"
    path.write_text(
        '[{"source_id": 12345678901234567890.10, "occurred_on": "2020-01-01T10:00:00Z", "notes": "\\ud800", "killed": 3.0, '
        f'"x": {{"a": [true, null]}}, "big": {"9" * 5000}}}]', encoding="utf-8",
    )  # fmt: skip
    with xanadu(tmp_path / "db") as store:
        load(store, path, loaded_at=NOW)
        found = store.rows("SELECT source_id, killed, notes, raw ->> 'x', length(raw ->> 'big') FROM incidents")
    assert found == [("12345678901234567890.10", 3, "?", '{"a": [true, null]}', 5000)]


def test_times_that_are_numbers(tmp_path: Path) -> None:
    """Seconds and milliseconds since 1970, Excel's days, and several ways in one file are read as the mapping says; others are rejected."""
    values = ["1577836800", "01/02/2020", "2020-01-03", "soon", "1e300"]
    mapping = Mapping(
        formats={"occurred_on": ["unix", "%d/%m/%Y", "iso"], "occurred_until": ["unix-ms"], "known_at": ["excel"]}
    )
    path = tmp_path / "f.csv"
    lines = [f"{number},{value},1580601600000,43831.5" for number, value in enumerate(values)]
    path.write_text("\n".join(["source_id,occurred_on,occurred_until,known_at", *lines]), encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        assert load(store, path, loaded_at=NOW, mapping=mapping).rejected == 2
        columns = ", ".join(f"CAST({name} AS VARCHAR)" for name in ("occurred_on", "occurred_until", "known_from"))
        found = store.rows(f"SELECT {columns} FROM incidents ORDER BY source_id")  # noqa: S608
    assert found == [(day, "2020-02-02", "2020-01-01 12:00:00") for day in ("2020-01-01", "2020-02-01", "2020-01-03")]


LIMITS = [
    ("LONGEST_LINE", 2_000_000, "f.csv", "source_id,occurred_on\n" + "x" * 3_000_000, "has a line of 3,0.* bytes"),
    ("LONGEST_HEADER", 1000, "f.csv", "x" * 2000, "first line is longer than 1,000 characters"),
    ("MOST_COLUMNS", 10, "f.csv", ",".join(f"c{n}" for n in range(11)), "has 11 columns; at most 10"),
    ("MOST_COLUMNS", 10, "f.json", json.dumps([{f"c{n}": 1} for n in range(11)]), "more than 10 different keys"),
    ("LONGEST_RECORD", 1000, "f.jsonl", '{"a": 1}\n{"a": "' + "x" * 2000 + '"}', "a line of more than 1,000"),
    ("LONGEST_RECORD", 1000, "f.json", '[{"a": "' + "x" * 3_000_000 + '"}]', "a record of more than 1,000"),
    ("MOST_MALFORMED", 2, "f.jsonl", '{"a": 1}\n1\n2\n3', "more than 2 pieces that are no records"),
    ("LONGEST_RECORD", 16 << 20, "f.json", '[{"a": ' * 100_000, "nested too deeply"),
    ("LONGEST_RECORD", 16 << 20, "f.json", '[{"a": 1}', "is not valid JSON: 'its end' where , or ] should be"),
    ("LONGEST_RECORD", 16 << 20, "f.json", '[{"a": 1}, {"A": 2}]', "'A' occurs twice"),
    ("LONGEST_RECORD", 16 << 20, "f.json", "[]", "has no records"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "value", "name", "content", "words"), LIMITS)
def test_what_no_honest_file_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, name: str, content: str, words: str
) -> None:
    """A line, a header, a record, a number of columns or of malformed lines beyond its limit is refused by name and reason."""
    monkeypatch.setattr(limits, limit, value)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught, table_of(tmp_path / name):
        pytest.fail("it was read")
    assert name in str(caught.value)


def test_malformed_lines_beyond_counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV with more malformed lines than are kept is no table with these columns, and nothing of it is loaded."""
    monkeypatch.setattr("analytics.store.intake.MOST_MALFORMED", 2)
    (tmp_path / "f.csv").write_text("source_id,occurred_on\na,2020-01-01\n1\n2\n3\n4\n", encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        with pytest.raises(InputError, match="more than 2 malformed lines"):
            load(store, tmp_path / "f.csv", loaded_at=NOW)
        assert store.value("SELECT count(*) FROM incidents") == 0


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.gz", "bomb.xlsx"])
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What unpacks to hundreds of times its size is refused, a workbook without unpacking any of it; the same ratio in a small file is not."""
    path, zeros = tmp_path / name, "0" * 3_000_000
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(zeros.encode()))
    else:
        zipped(path, **({"xl/workbook_xml": zeros} if name.endswith(".xlsx") else {"a_csv": zeros}))
    with readable(path) as file:
        assert file.kind == ("excel" if name.endswith(".xlsx") else "csv")
    monkeypatch.setattr(limits, "RATIO_FROM", 1 << 20)
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"), table_of(path):
        pytest.fail("it was read")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"a,b\n")[:-6], "cannot be unpacked"),
        (b"PK\x03\x04 is not enough", "cannot be unpacked"),
        (b"PK\x05\x06" + b"\x00" * 18, "has no files in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook of old Excel"),
        (gzip.compress(gzip.compress(b"a,b\n")), "an archive in an archive"),
    ],
    ids=["gzip cut short", "no zip", "empty zip", "old workbook", "gzip in gzip"],
)
def test_damaged_archives(tmp_path: Path, content: bytes, words: str) -> None:
    """An archive that is damaged, empty, nested or of an old kind is refused with what it is."""
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(InputError, match=words), table_of(tmp_path / "f"):
        pytest.fail("it was read")


def test_formulas_reach_no_spreadsheet(tmp_path: Path) -> None:
    """Text like a formula is data in plain CSV, and has an apostrophe with --for-spreadsheet, before the command or after it."""
    path, db = tmp_path / "=1+1.csv", str(tmp_path / "db")
    path.write_text(text(), encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        load(store, path, loaded_at=NOW)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["--db", db, *words])
        return done.exit_code, done.stdout + done.stderr

    plain = run("-q", "status", "--format", "csv")[1]
    assert ",=1+1.csv," in plain
    safe = plain.replace(",=1+1.csv,", ",'=1+1.csv,")
    assert run("-q", "status", "--format", "csv", "--for-spreadsheet") == (0, f"\ufeff{safe}")
    assert run("-q", "--for-spreadsheet", "status") == (0, f"\ufeff{safe}")
    assert "\t'=1+1.csv\t" in run("--for-spreadsheet", "--format", "tsv", "status")[1]
    assert run("status", "--for-spreadsheet", "--format", "json") == (
        2, "incidents: --for-spreadsheet makes csv or tsv, not json; leave one of them out\n",
    )  # fmt: skip

"""Loading files: what is wrong in a record is rejected with its place and reason, and nothing is lost."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from analytics.errors import AnalyticsError, InputError, OptionError
from analytics.sources import Mapping
from analytics.store import LoadReport, Store, load
from tests.store_files import NOW, Row, incident, load_rows, write_csv, xanadu

WRONG = [
    ({"occurred_on": "0025-01-01"}, "occurred_on", "0025-01-01", "from 1900-01-01"),
    ({"occurred_on": "2021-02-30"}, "occurred_on", "2021-02-30", "is not a date"),
    ({"occurred_on": "yesterday"}, "occurred_on", "yesterday", "is not a date"),
    ({"occurred_on": ""}, "occurred_on", None, "is missing"),
    ({"source_id": " "}, "source_id", None, "is missing"),
    ({"killed": "-1"}, "killed", "-1", "not below 0"),
    ({"killed": "1.5"}, "killed", "1.5", "a whole number"),
    ({"killed": "9999999999"}, "killed", "9999999999", "a whole number"),
    ({"wounded": "some"}, "wounded", "some", "a whole number"),
    ({"wounded": "nan"}, "wounded", "nan", "a whole number"),
    ({"latitude": "95"}, "latitude", "95", "from -90 to 90"),
    ({"latitude": "nan"}, "latitude", "nan", "from -90 to 90"),
    ({"longitude": "abc"}, "longitude", "abc", "a number"),
    ({"longitude": "-inf"}, "longitude", "-inf", "from -180 to 180"),
    ({"occurred_until": "2020-01-01"}, "occurred_until", "2020-01-01", "ends before it starts"),
    ({"date_precision": "hour"}, "date_precision", "hour", "one of day, week"),
    ({"place_precision": "Exact"}, "place_precision", "Exact", "one of exact"),
    ({"known_at": "soon"}, "known_at", "soon", "a time"),
    ({"known_order": "0"}, "known_order", "0", "from 1"),
    ({"source_id": "good-1"}, "source_id", "good-1", "repeats an id"),
]


def rejects(store: Store) -> list[tuple[object, ...]]:
    """Record number, column, value and reason of every reject, in order."""
    return store.rows('SELECT record, "column", value, reason FROM rejects')


def text_file(path: Path, lines: list[str], *, end: str = "\n", encoding: str = "utf-8") -> Path:
    """A file of these lines."""
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def load_text(store: Store, path: Path, lines: list[str]) -> LoadReport:
    """Load a file of these lines, with our column names in the first."""
    return load(store, text_file(path, lines), loaded_at=NOW)


def test_each_wrong_value(tmp_path: Path) -> None:
    """Each kind of wrong value is rejected with its record number, column, value and reason; the good rows stay."""
    rows: list[Row] = []
    for number, (change, *_) in enumerate(WRONG):
        rows += [incident(f"good-{number}"), incident(f"bad-{number}") | change]
    with xanadu(tmp_path / "db") as store:
        report = load_rows(store, tmp_path, rows)
        found = rejects(store)
        assert store.value("SELECT count(*) FROM incidents") == len(WRONG)
    assert (report.rows_read, report.accepted, report.rejected) == (2 * len(WRONG), len(WRONG), len(WRONG))
    for number, (_, column, value, reason) in enumerate(WRONG):
        assert found[number][:3] == (2 * number + 2, column, value)
        assert reason in str(found[number][3])


def test_numbers_as_written(tmp_path: Path) -> None:
    """Whole numbers may be written 3.0, dates may carry a time, surrounding blanks do not count."""
    with xanadu(tmp_path / "db") as store:
        load_rows(store, tmp_path, [incident(" a ", "2020-01-08 23:30:00", killed=" 3.0 ", admin1=" North ")])
        assert store.rows("SELECT source_id, CAST(occurred_on AS VARCHAR), killed, region_id FROM incidents") == [
            ("a", "2020-01-08", 3, "XA-N")
        ]


def test_formats(tmp_path: Path) -> None:
    """A date is read in the formats named, and one that is in none of them is rejected, not guessed."""
    mapping = Mapping(
        columns={"occurred_on": "when", "source_id": "id"}, formats={"occurred_on": ["%d/%m/%Y", "%d %b %Y"]}
    )
    lines = ["id,when", "1,08/01/2020", "2,9 Jan 2020", "3,2020-01-10", "4,31/02/2020"]
    with xanadu(tmp_path / "db") as store:
        load(store, text_file(tmp_path / "f.csv", lines), loaded_at=NOW, mapping=mapping)
        assert store.rows("SELECT CAST(occurred_on AS VARCHAR) FROM incidents ORDER BY 1") == [
            ("2020-01-08",),
            ("2020-01-09",),
        ]
        assert [row[:3] for row in rejects(store)] == [
            (3, "occurred_on", "2020-01-10"),
            (4, "occurred_on", "31/02/2020"),
        ]


def test_malformed_lines(tmp_path: Path) -> None:
    """Lines with too few or too many columns or a stray quote are rejected with their own text, the rest is numbered right."""
    lines = ["source_id,occurred_on,notes", '1,2020-01-01,"two', 'lines"', "2,2020-01-02", "3,2020-01-03,a,b,c",
             '4,2020-01-04,"a" b', "5,2020-13-05,", "6,2020-01-06,ok"]  # fmt: skip
    with xanadu(tmp_path / "db") as store:
        report = load_text(store, tmp_path / "f.csv", lines)
        assert store.rows("SELECT source_id, notes FROM incidents ORDER BY 1") == [("1", "two\nlines"), ("6", "ok")]
        found = store.rows('SELECT record, "column", text FROM rejects')
    assert [row[:2] for row in found] == [(2, None), (3, None), (4, None), (5, "occurred_on")]
    assert [row[2] for row in found][:3] == ["2,2020-01-02", "3,2020-01-03,a,b,c", '4,2020-01-04,"a" b']
    assert (report.rows_read, report.accepted, report.rejected) == (6, 2, 4)


def test_unterminated_quote(tmp_path: Path) -> None:
    """A quote that is never closed costs the lines it swallows and no others, and their text is kept."""
    lines = ["source_id,occurred_on,notes", "1,2020-01-01,a", '2,2020-01-02,"open', "3,2020-01-03,b"]
    with xanadu(tmp_path / "db") as store:
        report = load_text(store, tmp_path / "f.csv", lines)
        text = store.value("SELECT text FROM rejects")
    assert (report.accepted, report.rejected) == (1, 1)
    assert text.splitlines() == lines[2:]


def test_record_numbers_in_a_large_file(tmp_path: Path) -> None:
    """In a file that is read by several threads every reject still bears the number of its record."""
    lines = [f"{number},2020-01-01,{'x' * 40}" for number in range(1, 120_001)]
    bad = {7: "7,never,x", 40_000: "40000", 40_001: "40001,never,x", 80_000: "80000,1,2,3,4", 119_999: "119999,never,"}
    for number, line in bad.items():
        lines[number - 1] = line
    with xanadu(tmp_path / "db") as store:
        report = load(
            store, text_file(tmp_path / "f.csv", ["source_id,occurred_on,notes", *lines]), loaded_at=NOW, keep_raw=False
        )
        found = store.rows('SELECT record, "column" FROM rejects')
    assert found == [
        (7, "occurred_on"),
        (40_000, None),
        (40_001, "occurred_on"),
        (80_000, None),
        (119_999, "occurred_on"),
    ]
    assert (report.accepted, report.rejected) == (119_995, 5)


def test_hxl_row(tmp_path: Path) -> None:
    """The second header of HDX files is neither accepted nor rejected, and keeps its record number to itself."""
    lines = ["id,type_of_violence,where_prec,date_prec,date_start,date_end,best",
             "#event+id,,,,#date+start,#date+end,#affected", ",,,,#date+start,#date+end,#affected",
             "1,1,1,1,2018-01-01,2018-01-01,5", "2,1,1,1,2018-13-01,2018-01-01,5"]  # fmt: skip
    with xanadu(tmp_path / "db") as store:
        report = load_text(store, tmp_path / "f.csv", lines)
        assert [row[0] for row in rejects(store)] == [4]
    assert (report.format, report.rows_read, report.accepted, report.rejected) == ("ucdp", 2, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n", "is empty"),
        ("late.csv", b"\nsource_id,occurred_on\n1,2020-01-01\n", "first line is blank"),
        ("header.csv", b"source_id,occurred_on\n", "no records"),
        ("headless.csv", b"1,2020-01-01\n2,2020-01-02\n", "no column for source_id"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "neither text nor Parquet"),
        ("lie.parquet", b"PAR1 is not enough", "cannot be read"),
        ("twice.csv", b"source_id,occurred_on,Notes,notes\n1,2020-01-01,a,b\n", "'notes' occurs twice"),
        ("single.csv", b"source_id\n1\n", "no column for occurred_on"),
        ("quote.csv", b'"source_id,occurred_on\n1,2020-01-01\n', "no column for source_id"),
        ("utf16.csv", b"\xff\xfea\x00b", "is not"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A file that is no table of incidents is refused by name, with what is wrong, and leaves no trace."""
    path = tmp_path / name
    path.write_bytes(content)
    with xanadu(tmp_path / "db") as store:
        with pytest.raises(InputError, match=words) as caught:
            load(store, path, loaded_at=NOW)
        assert store.rows("SELECT count(*) FROM load") == [(1,)]
    assert name in str(caught.value) or "no column" in words


def test_wrong_path_or_format(tmp_path: Path) -> None:
    """A missing file, a folder, an unknown format, and a table given as UCDP are told apart."""
    table = write_csv(tmp_path / "table.csv", [incident("a")])
    with xanadu(tmp_path / "db") as store:
        with pytest.raises(InputError, match="no such file"):
            load(store, tmp_path / "none.csv", loaded_at=NOW)
        with pytest.raises(InputError, match="is a folder"):
            load(store, tmp_path, loaded_at=NOW)
        with pytest.raises(OptionError, match="'gdelt' is not known"):
            load(store, table, loaded_at=NOW, format="gdelt")
        with pytest.raises(InputError, match="not a UCDP GED file: column best, date_end"):
            load(store, table, loaded_at=NOW, format="ucdp")
        with pytest.raises(InputError, match=r"'kiled' \(for killed\) is missing.*did you mean 'killed'"):
            path = write_csv(tmp_path / "k.csv", [incident("a", killed=1)])
            load(store, path, loaded_at=NOW, mapping=Mapping(columns={"killed": "kiled"}))


ARABIC = ["source_id,occurred_on,location,killed", "1,2020-01-01,كركوك,3", "2,2020-01-02,Şalāḩ,4"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    """UTF-8 with and without BOM and UTF-16, with any line end, give the same records."""
    with xanadu(tmp_path / "db") as store:
        load(store, text_file(tmp_path / "f.csv", ARABIC, end=end, encoding=encoding), loaded_at=NOW)
        assert store.rows("SELECT source_id, location, killed FROM incidents ORDER BY 1") == [
            ("1", "كركوك", 3),
            ("2", "Şalāḩ", 4),
        ]


def test_cp1252_and_mixed_line_ends(tmp_path: Path) -> None:
    """Text that is not UTF-8 is read as Windows-1252; a file of both line ends is read like one of either."""
    path = tmp_path / "f.csv"
    path.write_bytes(
        "source_id;occurred_on;location\r\n1;2020-01-01;Café – “x”\n2;2020-01-02;b\r\n3;2020-01-03;c\n".encode("cp1252")
    )
    with xanadu(tmp_path / "db") as store:
        report = load(store, path, loaded_at=NOW)
        assert store.rows("SELECT location FROM incidents ORDER BY source_id") == [("Café – “x”",), ("b",), ("c",)]
        path.write_bytes(b"source_id,occurred_on\n4,2020-01-01\r\n5,2020-01-02\n6,2020-01-03\r\n")
        assert load(store, path, loaded_at=NOW).accepted == 3
    assert (report.accepted, report.rejected) == (3, 0)


def test_parquet(tmp_path: Path) -> None:
    """A Parquet file of typed columns gives what the CSV file of the same table gives."""
    frame = pd.DataFrame({"source_id": [1, 2], "occurred_on": pd.to_datetime(["2020-01-01", "2020-02-03"]), "killed": [3.0, None],
                          "latitude": [36.5, -91.0], "country": ["Xanadu", None]})  # fmt: skip
    frame.to_parquet(tmp_path / "f.parquet")
    with xanadu(tmp_path / "db") as store:
        report = load(store, tmp_path / "f.parquet", loaded_at=NOW)
        assert store.rows(
            "SELECT source_id, CAST(occurred_on AS VARCHAR), killed, latitude, region_id FROM incidents"
        ) == [("1", "2020-01-01", 3, 36.5, "XA")]
        assert [row[:3] for row in rejects(store)] == [(2, "latitude", "-91.0")]
    assert report.rows_read == 2


@pytest.mark.parametrize("name", ["a[1]*.csv", "it's.csv", "ك?.csv", "{x}.csv", "a b;c.csv"])
def test_file_names(tmp_path: Path, name: str) -> None:
    """A file is read by its very name, whatever characters are in it, and no other file is read with it."""
    write_csv(tmp_path / "a1x.csv", [incident("other")])
    path = write_csv(tmp_path / name, [incident("mine")])
    with xanadu(tmp_path / "db") as store:
        load(store, path, loaded_at=NOW)
        assert store.rows("SELECT source_id FROM incidents") == [("mine",)]


def test_column_names_of_any_kind(tmp_path: Path) -> None:
    """Columns named like our own workings, like SQL, or not at all are kept in raw and hurt nothing."""
    lines = ['source_id,occurred_on,record,r,_row,select,"a""b\'c",,raw', "1,2020-01-01,rec,x,y,z,q,u,w"]
    with xanadu(tmp_path / "db") as store:
        load_text(store, tmp_path / "f.csv", lines)
        raw = store.rows(
            "SELECT raw ->> 'record', raw ->> 'r', raw ->> 'select', raw ->> 'column8', raw ->> 'raw' FROM incidents"
        )
    assert raw == [("rec", "x", "z", "u", "w")]


RAW = [
    'source_id,occurred_on,Killed,latitude,wounded,notes,date_precision,occurred_until,"own ""x""\\",كركوك,notes2',
    "1,2020-01-01,3,36.5,,plain,day,2020-01-01,a,ب,",
    '2,2020-01-02 10:00,3.0,36.50, 4 ," blanks ",,,"with ""quotes"", commas\\",,plain',
    "3 ,2020-01-03,003,-0.0,0,\u00a0nbsp,week,,,,x",
    "4,2020-01-04,,,,{},month,2020-01-31,null,[],{}",
]


def test_raw_has_every_cell(tmp_path: Path) -> None:
    """The column raw has every cell of a record under its own name and as the file has it, whatever of it our own columns hold."""
    path = text_file(tmp_path / "f.csv", RAW)
    with path.open(encoding="utf-8", newline="") as file:
        expected = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]
    with xanadu(tmp_path / "db") as store:
        load(store, path, loaded_at=NOW)
        text_file(path, [*RAW, ""])
        load(store, path, loaded_at=NOW + timedelta(days=1))
        load(store, text_file(path, [RAW[0], RAW[1].replace("plain", "revised")]), loaded_at=NOW + timedelta(days=2))
        found = [json.loads(text) for (text,) in store.rows("SELECT raw FROM versions ORDER BY source_id, version")]
        kept = store.rows("SELECT count(*) FILTER (kept IS NULL), count(layout) FROM sighting")
    assert found == [expected[0], expected[0] | {"notes": "revised"}, *expected[1:]]
    assert [list(row) for row in found] == [list(expected[0])] * 5
    assert kept == [(4, 0)]


def test_settings_for_a_large_file_end_with_it(tmp_path: Path) -> None:
    """What the database is told for the pass over a file does not hold for the questions that come after."""
    asked = "SELECT current_setting('preserve_insertion_order'), current_setting('disabled_optimizers')"
    with xanadu(tmp_path / "db") as store:
        before = store.rows(asked)
        load_rows(store, tmp_path, [incident("a")])
        with pytest.raises(InputError):
            load(store, text_file(tmp_path / "f.csv", RAW[:1]), loaded_at=NOW)
        assert store.rows(asked) == before


def test_nothing_but_our_errors(tmp_path: Path) -> None:
    """Files of odd bytes either load or raise one of our errors."""
    with xanadu(tmp_path / "db") as store:
        for number, content in enumerate(
            (b"\x00", b"\xff\xfe\x00", b",,,\n,,,\n", b'"', b'""""', b"a\n" * 3, b"\xef\xbb\xbf", b"{}", b";")
        ):
            path = tmp_path / f"{number}.csv"
            path.write_bytes(content)
            with pytest.raises(AnalyticsError):
                load(store, path, loaded_at=NOW)

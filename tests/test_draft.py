"""A drafted mapping loads plain files as it stands, says what it guessed, and writes over nothing."""

import csv
import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from analytics.cli import main
from analytics.errors import InputError
from analytics.sources import Mapping
from analytics.sources.draft import drafted
from analytics.sources.headings import HEADINGS, folded
from analytics.store import load
from tests.store_files import NOW, xanadu

PLAIN = {
    "english": (["Incident No", "Date", "Governorate", "Lat", "Lon", "KIA", "WIA", "Description"], "%d/%m/%Y"),
    "french": (["N°", "Jour", "Province", "Latitude", "Longitude", "Morts", "Blessés", "Résumé"], "%d %B %Y"),
    "spanish": (["Código", "Fecha", "Provincia", "Latitud", "Longitud", "Muertos", "Heridos", "Descripción"], "%Y/%m/%d"),
    "german": (["Nr", "Datum", "Bundesland", "Breite", "Länge", "Tote", "Verletzte", "Beschreibung"], "%d.%m.%Y"),
    "ukrainian": (["Номер", "Дата", "Область", "Широта", "Довгота", "Загиблі", "Поранені", "Опис"], "%d.%m.%y"),
    "arabic": (["الرقم", "التاريخ", "المحافظة", "خط العرض", "خط الطول", "القتلى", "الجرحى", "الوصف"], "%Y%m%d"),
    "none": (["Key", "A", "Governorate", "B", "Lon", "Dead", "Injured", "Text"], "%m/%d/%Y %H:%M"),
}  # fmt: skip


def table(names: list[str], form: str) -> list[list[str]]:
    """A header and two records, on 13 and 25 February 2020, dated in *form*."""
    days = [datetime(2020, 2, day).strftime(form) for day in (13, 25)]  # noqa: DTZ001 - a day
    return [
        names,
        ["A-1", days[0], "North", "36.5", "43.1", "3", "1", "a"],
        ["A-2", days[1], "South", "35.5", "44.1", "0", "2", "b"],
    ]


def write(path: Path, rows: list[list[str]], mark: str = ",") -> Path:
    """The rows as separated values."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows(rows)
    return path


@pytest.mark.parametrize("language", list(PLAIN))
def test_a_plain_file_loads_with_its_draft(tmp_path: Path, language: str) -> None:
    """The drafted mapping needs no edit for a plain file: its id, day, place and counts are read, in several languages."""
    rows = table(*PLAIN[language])
    mapping = tmp_path / "m.toml"
    mapping.write_text(drafted("desk.csv", rows[0], rows[1:]), encoding="utf-8")
    with xanadu(tmp_path / "db") as store:
        report = load(store, write(tmp_path / "desk.csv", rows, ";"), loaded_at=NOW, mapping=Mapping.read(mapping))
        found = store.rows(
            "SELECT source_id, CAST(occurred_on AS VARCHAR), admin1, killed, wounded FROM incidents ORDER BY 1"
        )
    assert report.rejected == 0
    assert found == [("A-1", "2020-02-13", "North", 3, 1), ("A-2", "2020-02-25", "South", 0, 2)]


def test_what_was_guessed_is_said() -> None:
    """Dates that two formats fit, headings whose values are something else, columns left over and what is missing are in comments."""
    columns = ["Ref", "Date", "Killed", "Lat", "Vehicle = type"]
    rows = [["1", "01/02/2020", "2-3", "95", "car"], ["2", "03/04/2020", "", "36", "bike\n[columns]"]]
    text = drafted("a\nb.csv", columns, rows)
    assert "%d/%m/%Y and %m/%d/%Y fit all values: check which it is" in text
    assert "# killed: 'Killed' is called so, but holds '2-3'" in text
    assert "# latitude: 'Lat' is called so, but holds 95, which is not a number from -90 to 90" in text
    assert "#   Vehicle = type: car, bike [columns]" in text
    assert set(tomllib.loads(text)["columns"]) == {"source_id", "occurred_on"}
    assert "# There is no source_id yet" in drafted("x.csv", ["day"], [["2020-01-01"], ["2020-01-01"]])
    with pytest.raises(InputError, match="no records to guess from"):
        drafted("x.csv", ["day"], [])


def test_decimal_commas_are_told() -> None:
    """Numbers with decimal commas are known as numbers, and the draft says how they are written."""
    columns, rows = ["No", "Date", "Lat", "KIA"], [["1", "2020-01-08", "36,25", "3"], ["2", "2020-01-09", "36.5", "0"]]
    found = tomllib.loads(drafted("f.csv", columns, rows))
    assert (found["decimal"], found["columns"]["latitude"]) == (",", "Lat")
    assert "decimal" not in tomllib.loads(drafted("f.csv", columns, rows[1:]))


def test_several_formats_of_one_file() -> None:
    """Dates that no one format reads are drafted with the formats that together do, ISO among them."""
    rows = [["1", "13/02/2020"], ["2", "14/02/2020"], ["3", "2020-02-15"], ["4", "16 Feb 2020"]]
    assert tomllib.loads(drafted("x.csv", ["id", "date"], rows))["formats"] == {
        "occurred_on": ["%d/%m/%Y", "%d %b %Y", "iso"]
    }
    numbers = [["1", "1577836800"], ["2", "1577923200"]]
    assert tomllib.loads(drafted("x.csv", ["id", "date"], numbers))["formats"] == {"occurred_on": ["unix"]}


def test_headings_are_told_apart() -> None:
    """No heading stands for two columns of ours."""
    names = [folded(name) for listed in HEADINGS.values() for name in dict.fromkeys(map(folded, listed))]
    assert sorted(names) == sorted(set(names))


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True), st.data())
def test_every_draft_can_be_read(columns: list[str], data: st.DataObject) -> None:
    """Whatever is in a table, its draft is a mapping that is read."""
    rows = data.draw(
        st.lists(st.lists(st.text(max_size=12), min_size=len(columns), max_size=len(columns)), min_size=1, max_size=4)
    )
    content = tomllib.loads(drafted("f.csv", columns, rows))
    assert set(content) <= {"columns", "constants", "formats"}
    Mapping(columns=content["columns"], formats=content.get("formats", {}))


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """The command prints the draft, or writes it to a file; one that is there stays as it is, unless --force."""
    path, out = write(tmp_path / "desk.csv", table(*PLAIN["english"])), tmp_path / "m.toml"

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["mapping", str(path), *words])

    draft = run().stdout
    assert 'occurred_on = ["%d/%m/%Y"]' in draft
    assert run("--out", str(out)).exit_code == 0
    assert out.read_text(encoding="utf-8") == draft
    out.write_text("mine", encoding="utf-8")
    refused = run("--out", str(out))
    assert (refused.exit_code, out.read_text(encoding="utf-8")) == (2, "mine")
    assert "is there already" in refused.stderr
    assert run("--out", str(out), "--force").exit_code == 0
    assert out.read_text(encoding="utf-8") == draft


def test_an_unknown_file_is_told_of_the_draft(tmp_path: Path) -> None:
    """A file of no known format is refused with what was looked for, and with the command that helps."""
    path = write(tmp_path / "desk.csv", table(*PLAIN["english"]))
    with xanadu(tmp_path / "db") as store, pytest.raises(InputError) as caught:
        load(store, path, loaded_at=NOW)
    assert "its columns are those of no known format" in str(caught.value)
    assert "`incidents mapping FILE` drafts" in str(caught.value)

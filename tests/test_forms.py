"""The forms of a report by name: which files come, what they are made from, and what is refused before any work."""

import csv
import json
from dataclasses import replace
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import OptionError, OutputError
from analytics.report import FORMS, FormOptions, MailOptions, PdfOptions, ReportContent, check_forms, write_forms
from analytics.report.files import write_whole
from tests import report_content

WITHOUT_PDF = [name for name in FORMS if name != "pdf"]
FILES = {
    "html": ["w_2021-12-26.html"],
    "light": ["w_2021-12-26_light.html", "w_2021-12-26_light.csv"],
    "csv": ["w_2021-12-26_flags.csv", "w_2021-12-26_panel.csv"],
    "json": ["w_2021-12-26_flags.json", "w_2021-12-26_panel.json"],
    "parquet": ["w_2021-12-26_flags.parquet", "w_2021-12-26_panel.parquet"],
    "markdown": ["w_2021-12-26.md"],
    "text": ["w_2021-12-26.txt"],
    "eml": ["w_2021-12-26.eml"],
}
"""What each form writes."""


@cache
def content() -> ReportContent:
    """A report without flags, and so without charts, over few weeks: quickly written."""
    return replace(report_content.quiet(), chart_weeks=8)


def mails(paths: list[Path]) -> dict[str, Any]:
    """The mails among *paths*, opened, by name."""
    made = [path for path in paths if path.suffix == ".eml"]
    return {path.name: message_from_bytes(path.read_bytes(), policy=policy.default) for path in made}


def attached(message: Any) -> list[str]:
    """Names of a mail's attachments."""
    return [part.get_filename() for part in message.iter_attachments()]


def test_each_form_writes_its_files_and_no_other(tmp_path: Path) -> None:
    """Asked for alone, a form leaves its own files and nothing that it was made from."""
    assert list(FILES) == WITHOUT_PDF
    for name, files in FILES.items():
        folder = tmp_path / name
        paths = write_forms(content(), folder / "w_2021-12-26.html", [name])
        assert [path.name for path in paths] == files
        assert sorted(path.name for path in folder.iterdir()) == sorted(files)


def test_all_forms_twice_are_the_same_bytes(tmp_path: Path) -> None:
    """Equal content gives equal files, in whichever order the forms are named."""
    one = write_forms(content(), tmp_path / "a" / "w.html", WITHOUT_PDF)
    other = write_forms(replace(report_content.quiet(), chart_weeks=8), tmp_path / "b" / "w.html", WITHOUT_PDF[::-1])
    assert [path.name for path in one] == [path.name for path in other] and len(one) == sum(map(len, FILES.values()))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_pdf_is_printed_from_the_page_and_dated_by_the_data(tmp_path: Path) -> None:
    """The browser is given the page's file, which is gone afterwards where nobody asked for it."""
    browser = tmp_path / "browser"
    browser.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case $word in --print-to-pdf=*) to=${word#*=};; file://*) from=${word#file://};; esac; done\n'
        '(echo "/CreationDate (D:20261124162159+00\'00\')"; grep -c \'Weekly escalation\' "$from") > "$to"\n'
    )
    browser.chmod(0o755)
    options = FormOptions(pdf=PdfOptions(chromium=str(browser)))
    (path,) = write_forms(content(), tmp_path / "out" / "w.html", ["pdf"], options)
    assert path == tmp_path / "out" / "w.pdf" and list(path.parent.iterdir()) == [path]
    date, count = path.read_text().splitlines()
    assert date == "/CreationDate (D:20220103060000+00'00')" and int(count) > 0


def test_each_form_that_somebody_is_sent_has_a_mail_of_its_own(tmp_path: Path) -> None:
    """Recipients of one form do not see those of another, and get the files of their own form."""
    people = {"eml": ["a@example.org"], "csv": ["b@example.org", "c@example.org"], "text": ["d@example.org"]}
    options = FormOptions(mail=MailOptions(sender="desk@example.org"), recipients=people)
    made = mails(write_forms(content(), tmp_path / "w.html", ["eml"], options))
    assert {name: (message["To"], attached(message)) for name, message in made.items()} == {
        "w.eml": ("a@example.org", ["w.html"]),
        "w_csv.eml": ("b@example.org, c@example.org", ["w_flags.csv", "w_panel.csv"]),
        "w_text.eml": ("d@example.org", []),
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(made)


def test_a_page_that_is_too_large_is_sent_in_its_light_form(tmp_path: Path) -> None:
    """The mail has the light form, and names the full one where it stands."""
    options = FormOptions(mail=MailOptions(largest_mb=1))
    made = mails(write_forms(report_content.full(), tmp_path / "w.html", ["html", "eml"], options))
    assert attached(made["w.eml"]) == ["w_light.html"]
    text = made["w.eml"].get_body(("plain",)).get_content()
    assert "Full report: w.html; attached to this mail: w_light.html" in text


def test_a_digest_points_to_a_page_that_is_there(tmp_path: Path) -> None:
    """The page's name stands in the digest only where the page is written; with its location where there is one."""
    (alone,) = write_forms(content(), tmp_path / "a" / "w.html", ["text"])
    assert "Full report" not in alone.read_text(encoding="utf-8")
    options = FormOptions(mail=MailOptions(location="https://reports.example.org"))
    _, beside = write_forms(content(), tmp_path / "b" / "w.html", ["text", "html"], options)
    assert "Full report: https://reports.example.org/w.html\n" in beside.read_text(encoding="utf-8")


def test_the_panel_and_the_flags_of_a_report_agree(tmp_path: Path) -> None:
    """A flag in one file is a level in the other."""
    flags, panel = write_forms(report_content.full(), tmp_path / "w.html", ["json"])
    levels = {(row["week"], row["region_id"]): row["level"] for row in json.loads(panel.read_text())["panel"]}
    flagged = {(row["week"], row["region_id"]): row["level"] for row in json.loads(flags.read_text())["flags"]}
    assert flagged and {key: level for key, level in levels.items() if level} == flagged


def test_what_cannot_be_made_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown form, a wrong address and a missing browser leave no file at all."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    wrong: list[tuple[list[str], FormOptions, type[Exception], str]] = [
        (["html", "docx"], FormOptions(), OptionError, "form 'docx' is not known; choose from html, "),
        (["html"], FormOptions(recipients={"fax": []}), OptionError, "form 'fax' is not known"),
        (
            ["html", "eml"],
            FormOptions(recipients={"text": ["nobody"]}),
            OptionError,
            "'nobody' is not one mail address",
        ),
        (["html", "pdf"], FormOptions(), OutputError, "PDF needs Chromium or Chrome"),
        (["html", "eml"], FormOptions(recipients={"pdf": []}), OutputError, "PDF needs Chromium or Chrome"),
    ]
    for forms, options, error, words in wrong:
        for refuse in (lambda f, o: check_forms(f, o), lambda f, o: write_forms(content(), tmp_path / "w.html", f, o)):
            with pytest.raises(error, match=words):
                refuse(forms, options)
    assert list(tmp_path.iterdir()) == []
    check_forms(WITHOUT_PDF, FormOptions())


def test_hostile_reports_come_in_all_forms(tmp_path: Path) -> None:
    """No text in the data keeps a form from being written, and CSV keeps its shape."""
    hostile = replace(report_content.hostile(" ".join(report_content.PAYLOADS)), chart_weeks=2)
    paths = write_forms(hostile, tmp_path / "w.html", WITHOUT_PDF)
    assert len(paths) == sum(map(len, FILES.values())) and all(path.stat().st_size for path in paths)
    flags = next(path for path in paths if path.name == "w_flags.csv")
    assert hostile.flags is not None
    with flags.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.reader(lines))) == len(hostile.flags) + 1


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder in the way raises OutputError with what to do, and leaves nothing."""
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "folder.txt", tmp_path / "file" / "a.txt"):
        with pytest.raises(OutputError, match=r"cannot write .*; name a file you may write to"):
            write_whole(target, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.txt"]
    assert write_whole(tmp_path / "new" / "a.txt", "é\r\n").read_bytes() == "é\r\n".encode()

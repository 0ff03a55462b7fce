"""The report on paper: printed whole, dated by the data, and a browser that fails is named."""

import re
import shutil
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics.errors import OptionError, OutputError
from analytics.figures.palette import OBSERVED
from analytics.report import PdfOptions, write
from analytics.report.pdf import BROWSERS, dated, find_chromium, write_pdf
from tests import report_content

MOMENT = datetime(2022, 1, 3, 6, 0, tzinfo=UTC)
PRINTER = next(filter(None, map(shutil.which, BROWSERS)), None)


def script(folder: Path, text: str) -> PdfOptions:
    """A stand-in for a browser, and options that name it."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return PdfOptions(chromium=str(path), timeout=10)


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while a test runs."""
    folder = tmp_path / "aside"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.skipif(PRINTER is None, reason="there is no Chromium or Chrome on PATH")
def test_a_report_is_printed_with_its_charts_drawn(tmp_path: Path, aside: Path) -> None:
    """All five charts stand on paper with their bars, in a tagged PDF with an outline that has the data's date."""
    page = write(report_content.full(), tmp_path / "report.html")
    pdf = write_pdf(page, tmp_path / "out" / "report.pdf", moment=MOMENT).read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert b"/Marked true" in pdf and b"/StructTreeRoot" in pdf and b"/Outlines" in pdf
    assert set(re.findall(rb"D:\d{14}", pdf)) == {b"D:20220103060000"}
    assert _bars(pdf) > 5 * 100
    assert list(aside.iterdir()) == []


def _bars(pdf: bytes) -> int:
    """How often the drawings of *pdf* take up the colour of a chart's bars."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.S)
    drawn = b"\n".join(map(_unpacked, streams))
    colours = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", drawn)
    bars = [int(OBSERVED[index : index + 2], 16) for index in (1, 3, 5)]
    return [[round(255 * float(part)) for part in colour] for colour in colours].count(bars)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_only_the_dates_of_a_pdf_change_and_none_of_its_lengths() -> None:
    """The index of a PDF counts bytes, so a date goes in with as many letters as it had."""
    pdf = b"%PDF\n/CreationDate (D:20261124162159+00'00')\n/ModDate (D:20261124162159+00'00')>> D:20261124162159"
    made = dated(pdf, MOMENT)
    assert len(made) == len(pdf)
    assert (
        made == b"%PDF\n/CreationDate (D:20220103060000+00'00')\n/ModDate (D:20220103060000+00'00')>> D:20261124162159"
    )


def test_a_browser_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line says what is missing, where it was looked for, and the ways out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for options, where in ((PdfOptions(), "on PATH (chromium, "), (PdfOptions(chromium="nowhere"), "at nowhere; ")):
        with pytest.raises(OutputError, match="PDF needs Chromium or Chrome") as raised:
            find_chromium(options)
        assert where in str(raised.value) and "leave pdf out" in str(raised.value) and "\n" not in str(raised.value)


def test_the_first_browser_on_the_path_prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Chromium goes before Chrome; a setting goes before both."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("google-chrome", "chromium", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert find_chromium(PdfOptions()) == str(tmp_path / "chromium")
    assert find_chromium(PdfOptions(chromium="mine")) == str(tmp_path / "mine")


def test_a_browser_that_fails_is_quoted_and_leaves_nothing(tmp_path: Path, aside: Path) -> None:
    """Its last words stand in the error, made harmless, and no half a file is left."""
    options = script(tmp_path, "echo first >&2; printf 'no \\033[31msandbox\\n' >&2; exit 3")
    with pytest.raises(OutputError, match=r"printed no PDF \(exit code 3\): no \[31msandbox$"):
        write_pdf(tmp_path / "report.html", tmp_path / "report.pdf", moment=MOMENT, options=options)
    with pytest.raises(OutputError, match=r"printed no PDF \(exit code 0\): it said nothing"):
        write_pdf(tmp_path / "report.html", tmp_path / "report.pdf", moment=MOMENT, options=script(tmp_path, "exit 0"))
    assert list(aside.iterdir()) == [] and not (tmp_path / "report.pdf").exists()


def test_a_browser_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, aside: Path) -> None:
    """After the time limit neither it nor its children write anything more."""
    mark = tmp_path / "mark"
    options = script(tmp_path, f"(sleep 1; touch {mark}) & sleep 30")
    options = PdfOptions(chromium=options.chromium, timeout=0.2)
    with pytest.raises(OutputError, match=r"did not print report\.html within 0\.2 s; raise timeout in \[pdf\]"):
        write_pdf(tmp_path / "report.html", tmp_path / "report.pdf", moment=MOMENT, options=options)
    time.sleep(1.2)
    assert not mark.exists() and list(aside.iterdir()) == []


def test_the_browser_is_kept_off_the_network_and_out_of_ones_profile(
    tmp_path: Path, aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a proxy where nothing listens and a profile of its own, and its sandbox wherever that can run."""
    options = script(tmp_path, f'echo "$@" > {tmp_path / "given"}; exit 1')
    for user, confined in ((0, False), (1000, True)):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        with pytest.raises(OutputError):
            write_pdf(tmp_path / "report.html", tmp_path / "report.pdf", moment=MOMENT, options=options)
        given = (tmp_path / "given").read_text()
        assert "--proxy-server=http://127.0.0.1:9" in given and f"--user-data-dir={aside}" in given
        assert ("--no-sandbox" not in given) is confined


def test_printing_takes_some_time() -> None:
    """A time limit of nothing is refused at the door."""
    with pytest.raises(OptionError, match="timeout must be more than 0 seconds, got 0"):
        PdfOptions(timeout=0)

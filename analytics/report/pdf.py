"""The report as PDF: its HTML printed by a headless Chromium that is already there; nothing is ever downloaded."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.errors import OptionError, OutputError
from analytics.report.browser import BROWSERS, browse, find_browser
from analytics.report.files import write_whole

_FLAGS = ("--window-size=1000,900", "--no-pdf-header-footer", "--generate-pdf-document-outline")
_DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}[^)]*\)")


@dataclass(frozen=True, kw_only=True)
class PdfOptions:
    """How a report is printed."""

    chromium: str = ""
    """Name or path of the browser; "" for the first of `BROWSERS` that is on PATH."""
    timeout: float = 120.0
    """Seconds after which printing is given up."""

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise OptionError(f"pdf: timeout must be more than 0 seconds, got {self.timeout}")


def find_chromium(options: PdfOptions) -> str:
    """Path of the browser that prints; raises OutputError, saying what to do, where there is none."""
    if found := find_browser(options.chromium):
        return found
    where = f"at {options.chromium}" if options.chromium else f"on PATH ({', '.join(BROWSERS)})"
    raise OutputError(
        f"PDF needs Chromium or Chrome, and there is none {where}; install one, name it in [pdf] as chromium, or leave pdf out"
    )


def write_pdf(html: Path, path: Path, *, moment: datetime, options: PdfOptions | None = None) -> Path:
    """Print the file *html* to *path* as tagged PDF with an outline; *moment* becomes its date.

    Equal pages, printed by the same Chromium with the same fonts, give equal bytes. The file appears whole or not at
    all. Raises OutputError where there is no Chromium, where it fails or takes too long, or where *path* cannot be
    written.
    """
    options = options or PdfOptions()
    browser = find_chromium(options)
    with TemporaryDirectory(prefix="incidents-print-", ignore_cleanup_errors=True) as folder:
        printed = _print(browser, html, Path(folder), options.timeout)
        return write_whole(path, dated(printed.read_bytes(), moment))


def _print(browser: str, html: Path, folder: Path, timeout: float) -> Path:
    """The PDF that *browser* makes of *html*, in *folder*, where its profile is too."""
    printed = folder / "printed.pdf"
    try:
        code, words = browse(browser, html, [*_FLAGS, f"--print-to-pdf={printed}"], folder, timeout)
    except OutputError as error:
        raise OutputError(f"{error}; raise timeout in [pdf], or leave pdf out") from error
    if code or not printed.is_file():
        raise OutputError(f"{browser} printed no PDF (exit code {code}): {words}")
    return printed


def dated(pdf: bytes, moment: datetime) -> bytes:
    """*pdf* with *moment* in place of the times at which it was printed, of the same length, so that its index holds."""

    def replaced(found: re.Match[bytes]) -> bytes:
        made = b"/%s (D:%s+00'00')" % (found[1], f"{moment:%Y%m%d%H%M%S}".encode())
        return made if len(made) == len(found[0]) else found[0]

    return _DATES.sub(replaced, pdf)

"""The report as PDF: its HTML printed by a headless Chromium that is already there; nothing is ever downloaded."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.errors import OptionError, OutputError
from analytics.figures.text import visible
from analytics.report.files import write_whole

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
"""Names under which Chromium and its kin are looked for on PATH, in this order."""
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give little of it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--proxy-server=http://127.0.0.1:9",  # nothing listens there: no address can be reached
    "--proxy-bypass-list=<-loopback>",
    "--window-size=1000,900",
    "--virtual-time-budget=60000",  # printing waits until the page's scripts have nothing left to do
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
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
    found = next(filter(None, map(shutil.which, [options.chromium] if options.chromium else BROWSERS)), None)
    if found:
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
    printed, said = folder / "printed.pdf", folder / "said.txt"
    command = [browser, *_FLAGS, *_unconfined(), f"--user-data-dir={folder / 'profile'}"]
    command += [f"--print-to-pdf={printed}", html.resolve().as_uri()]
    with said.open("wb") as narration:
        # A session of its own, so that all its processes can be ended together.
        process = subprocess.Popen(  # noqa: S603 - a browser that the user installed or named, and no shell
            command, stdin=subprocess.DEVNULL, stdout=narration, stderr=narration, start_new_session=True
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise OutputError(
                f"{browser} did not print {html.name} within {timeout:g} s; raise timeout in [pdf], or leave pdf out"
            ) from error
        finally:
            _end(process)
    if code or not printed.is_file():
        words = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        raise OutputError(f"{browser} printed no PDF (exit code {code}): {visible(words[-1], 300)}")
    return printed


def _unconfined() -> tuple[str, ...]:
    """Chromium refuses to run its sandbox as root; only there it is left out, and the page is our own file."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process* and all that it started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def dated(pdf: bytes, moment: datetime) -> bytes:
    """*pdf* with *moment* in place of the times at which it was printed, of the same length, so that its index holds."""

    def replaced(found: re.Match[bytes]) -> bytes:
        made = b"/%s (D:%s+00'00')" % (found[1], f"{moment:%Y%m%d%H%M%S}".encode())
        return made if len(made) == len(found[0]) else found[0]

    return _DATES.sub(replaced, pdf)

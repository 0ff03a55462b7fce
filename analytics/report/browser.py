"""A headless Chromium that is already there makes a file of a page; nothing is ever downloaded."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from analytics.errors import OutputError
from analytics.figures.text import visible

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
    "--virtual-time-budget=60000",  # the file is made when the page's scripts have nothing left to do
)


def find_browser(named: str = "") -> str | None:
    """Path of the browser called *named*, or of the first of `BROWSERS` that is on PATH; None where there is none."""
    return next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)


def browse(browser: str, html: Path, flags: Sequence[str], folder: Path, timeout: float) -> tuple[int, str]:
    """Let *browser* open *html* and do what *flags* say; its profile is in *folder*. Returns its exit code and last words.

    Raises OutputError, and ends it with all that it started, where it takes longer than *timeout* seconds.
    """
    said = folder / "said.txt"
    command = [
        browser,
        *_FLAGS,
        *_unconfined(),
        f"--user-data-dir={folder / 'profile'}",
        *flags,
        html.resolve().as_uri(),
    ]
    with said.open("wb") as narration:
        # A session of its own, so that all its processes can be ended together.
        process = subprocess.Popen(  # noqa: S603 - a browser that the user installed or named, and no shell
            command, stdin=subprocess.DEVNULL, stdout=narration, stderr=narration, start_new_session=True
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise OutputError(f"{browser} did not print {html.name} within {timeout:g} s") from error
        finally:
            _end(process)
    words = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
    return code, visible(words[-1], 300)


def _unconfined() -> tuple[str, ...]:
    """Chromium refuses to run its sandbox as root; only there it is left out, and the page is our own file."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process* and all that it started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

"""Where the browser for tests of pages is, how it is started, and what they check pages with."""

from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
NEEDS_BROWSER = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def broken_rules(page: Any) -> list[tuple[str, list[Any]]]:
    """The rules of WCAG 2.2 A and AA, and of good practice, that axe-core finds broken, each with its first places."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page, options=AXE).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]

"""The index of region pages in a real browser, without a network: it opens, leads on, and is usable by everyone."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analytics.report import Entry, Index, ReportContent, write_index
from tests.browsers import NEEDS_BROWSER, broken_rules

pytestmark = NEEDS_BROWSER

HOSTILE = "<script>document.title = 'taken'</script>"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index of three regions, one of them hostile, one in Arabic script."""
    content = ReportContent(
        title="Regions", period_first=date(2021, 12, 20), period_last=date(2021, 12, 26), to=date(2021, 12, 26),
        headline="In the week of 20 December 2021, much was quiet.\n\nAnd before it, too.", simulated=True,
        provenance={"command": "incidents report weekly --to 2021-12-26"},
    )  # fmt: skip
    entries = (
        Entry(href="region_A.html", region=HOSTILE, level="alert", highest="alert", headline=HOSTILE),
        Entry(href="region_B.html", region="نينوى", level="", highest="watch", headline="Quiet."),
        Entry(href="region_C.html", region="Basra", level="", highest="", headline="Quiet."),
    )
    (tmp_path / "region_B.html").write_text("<title>Nineveh</title>", encoding="utf-8")
    return write_index(Index(content=content, entries=entries), tmp_path / "index.html")


def test_the_index_is_safe_and_accessible(browser: Any, index: Path) -> None:
    """No violation found by axe, wide and light, narrow and dark; no complaint, no request but its own, and its links lead on."""
    complaints: list[str] = []
    requests: list[str] = []
    for width, scheme in ((1280, "light"), (360, "dark")):
        viewport = {"width": width, "height": 900}
        page = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(index.as_uri())
        assert broken_rules(page) == [], (width, scheme)
        assert page.title() == "Simulated: Regions, region by region"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("th[scope=row]").first.inner_text() == HOSTILE
    assert complaints == []
    assert set(requests) == {index.as_uri()}
    page.get_by_role("link", name="نينوى").press("Enter")
    page.wait_for_url("**/region_B.html")
    assert page.title() == "Nineveh"

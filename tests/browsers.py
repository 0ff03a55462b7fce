"""Where the browser for tests of pages is, how it is started, and what they check pages with."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A page that is open, and what went wrong or out since it was."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def drawn(page: Any, how: str) -> None:
    """Wait until the charts are drawn for a width and a colour scheme."""
    page.wait_for_selector(f'html[data-drawn="{how}"]', state="attached", timeout=30_000)


@contextmanager
def opening(browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> Iterator[Opened]:
    """The file at *path*, open without a network, its charts drawn where it has a script; complaints and requests are noted."""
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True, reduced_motion="reduce")
    state = Opened(page=context.new_page())
    state.page.on("console", lambda message: state.complaints.append(message.text))
    state.page.on("pageerror", lambda error: state.complaints.append(str(error)))
    state.page.on("requestfailed", lambda request: state.complaints.append(request.url[:200]))
    state.page.on("request", lambda request: state.requests.append(request.url[:200]))
    state.page.goto(path.as_uri())
    if state.page.locator("#data").count():
        drawn(state.page, f"{width} {scheme}")
    yield state
    context.close()


def check_drawn(state: Opened, regions: int, charts: int) -> None:
    """Fail unless each chart has bars and lines and the map all its regions, each as a shape with an extent."""
    page = state.page
    assert page.locator("#evidence .chart").count() == charts
    empty = """(all) => all.filter((one) => !one.querySelector(".bars .point")
        || one.querySelectorAll(".scatterlayer .js-line").length < 2).map((one) => one.id)"""
    assert page.locator("#evidence .chart").evaluate_all(empty) == []
    boxes = page.locator("svg.map .region .area").evaluate_all("(all) => all.map((one) => one.getBBox().width)")
    assert len(boxes) == regions and min(boxes) > 0


def work_controls(state: Opened) -> None:
    """Fail unless each control of a full report does what it is there for, by keyboard and by pointer."""
    page = state.page
    _links(page)
    _folds(page)
    _map(page)
    _files(page)
    assert state.complaints == [] and len(state.requests) == 1, "working the page asked for something or went wrong"


def _links(page: Any) -> None:
    """Links within the page lead to what they name: some by pointer, some by Enter, all have an aim."""
    astray = (
        """(all) => all.map((one) => one.getAttribute("href").slice(1)).filter((id) => !document.getElementById(id))"""
    )
    assert page.locator("a[href^='#']").evaluate_all(astray) == []
    for number, link in enumerate(page.locator("nav a").all()):
        link.click() if number % 2 else link.press("Enter")
        aim = link.get_attribute("href")
        assert page.evaluate("location.hash") == aim
        box = page.locator(aim).bounding_box()
        assert box["y"] < 900 and box["y"] + box["height"] > 0, f"{aim} is not on the screen"


def _folds(page: Any) -> None:
    """Each fold opens by Enter and shows something; each shuts by a click, one of them by the pointer."""
    count = page.locator(FOLDS).count()
    for number in range(count):
        page.evaluate("([folds, number]) => document.querySelectorAll(folds)[number].focus()", [FOLDS, number])
        page.keyboard.press("Enter")
    shut = """(all) => all.filter((one) => !one.parentElement.open || one.parentElement.scrollHeight <= one.scrollHeight)
        .map((one) => one.innerText)"""
    assert page.locator(FOLDS).evaluate_all(shut) == []
    page.locator(FOLDS).last.click()
    page.locator(FOLDS).evaluate_all("(all) => all.slice(0, -1).forEach((one) => one.click())")
    assert page.locator("details[open]").count() == 0
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


FOLDS = "details:not(details details) > summary"
"""What opens the outermost folds."""


def _map(page: Any) -> None:
    """A region under the pointer, or in focus, is told below the map; one that is a link leads to its chart."""
    regions, note = page.locator("svg.map .region"), page.locator("#map-note")
    for number, region in enumerate(regions.all()):
        region.focus() if number % 2 else region.dispatch_event("mouseenter")
        assert note.inner_text() == region.get_attribute("aria-label")
    linked = page.locator("svg.map a.region").first
    linked.focus()
    page.keyboard.press("Enter")
    aim = linked.evaluate("(one) => one.href.baseVal")
    assert page.evaluate("location.hash") == aim
    assert page.locator(f"{aim} .chart").count() == 1


def _files(page: Any) -> None:
    """Each button gives a CSV file of its own name, with a line for each row of the table it belongs to."""
    buttons = page.locator("button.csv")
    for work in (buttons.first.click, lambda: buttons.last.press("Enter")):
        with page.expect_download() as download:
            work()
        assert download.value.suggested_filename.endswith(".csv")
    given = page.evaluate(GIVEN)
    assert len(given) == buttons.count()
    for name, named, text, lines in given:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        assert name == named and len({len(row) for row in rows}) == 1 and len(rows) > 1, named
        assert lines in (0, len(rows)), named


GIVEN = """async () => {
  const make = URL.createObjectURL, click = HTMLAnchorElement.prototype.click, found = [];
  let blob = null, name = "";
  URL.createObjectURL = (made) => { blob = made; return make.call(URL, made); };
  HTMLAnchorElement.prototype.click = function () { name = this.download; };
  for (const button of document.querySelectorAll("button.csv")) {
    button.click();
    const table = document.getElementById(button.dataset.table || button.dataset.weeks);
    found.push([name, button.dataset.file, await blob.text(), table ? table.rows.length : 0]);
  }
  URL.createObjectURL = make;
  HTMLAnchorElement.prototype.click = click;
  return found;
}"""
"""The files that all buttons give, caught before they are saved: name, promised name, text, rows of the table."""

"""The report in a real browser, without a network: drawn, readable, harmless."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytics.report import ReportContent, write
from analytics.report.export import flags_csv
from tests import report_content
from tests.browsers import NEEDS_BROWSER, Opened, broken_rules, drawn, opening

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full report as a file."""
    return write(report_content.full(), tmp_path_factory.mktemp("report") / "full.html")


@pytest.fixture(scope="module")
def opened(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a file, and leaves it open for the tests of the module."""
    with ExitStack() as stack:
        yield lambda path, **how: stack.enter_context(opening(browser, path, **how))


@pytest.fixture(scope="module")
def desk(opened: Callable[..., Opened], full: Path) -> Opened:
    """The full report on a wide, light screen; opened once, since pages are large."""
    return opened(full)


@pytest.fixture(scope="module")
def hostile(opened: Callable[..., Opened], tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A report with every payload in each of its texts, on a phone."""
    content = report_content.hostile(" ".join(report_content.PAYLOADS))
    return opened(write(content, tmp_path_factory.mktemp("hostile") / "hostile.html"), width=360)


def test_the_report_opens_offline_without_a_complaint(desk: Opened, full: Path) -> None:
    """The file itself is the only thing that is asked for, and the console stays silent."""
    assert desk.complaints == [] and desk.requests == [full.as_uri()]


def test_each_chart_is_drawn_with_its_bars_lines_and_words(desk: Opened) -> None:
    """Every flagged region has a drawing: bars, expected and upper, markers, event labels, and its title; a study, too."""
    page = desk.page
    charts = page.locator("#evidence .chart")
    assert charts.count() == 5
    for number in range(charts.count()):
        chart = charts.nth(number)
        assert chart.locator(".bars .point").count() > 100
        assert chart.locator(".scatterlayer .js-line").count() >= 2
        assert chart.locator(".scatterlayer .points path").count() >= 1
        assert "(simulated)" in chart.locator(".gtitle").text_content()
        assert "Parliamentary election" in chart.inner_text()
    assert "unknown" in charts.first.inner_text() and "build-up began" in charts.first.inner_text()
    assert page.locator("#chart-study-1 .points path").count() == 24


def test_the_map_is_read_with_the_keyboard(desk: Opened) -> None:
    """Tab reaches the regions of the map, and the note below it says what the one in focus shows."""
    page = desk.page
    page.locator("nav a").last.focus()
    page.keyboard.press("Tab")
    assert page.locator("#map-note").inner_text().startswith("Anbar: judged, no flag; ")


def test_the_table_of_a_chart_opens_with_one_row_a_week(desk: Opened) -> None:
    """The data behind a chart are 156 rows, the latest first, unknown weeks without a number."""
    page = desk.page
    details = page.locator("#evidence details.rows").first
    details.locator("summary").press("Enter")
    rows = details.locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == 156
    assert rows.first.inner_text().split()[:2] == ["2021-12-20", "19"]
    unknown = details.locator("tr", has_text="2020-04-20")
    assert unknown.locator("td").first.inner_text() == "" and "unknown" in unknown.inner_text()


def _download(page: Any, selector: str) -> list[list[str]]:
    """The rows of the CSV file that a button gives."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    with page.expect_download() as download:
        page.locator(selector).first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_csv_of_a_chart_is_its_rows(desk: Opened) -> None:
    """A chart's CSV has the panel's counts of its region, empty where unknown."""
    content = report_content.full()
    assert content.panel is not None
    rows = _download(desk.page, "#evidence button[data-weeks]")
    expected = content.panel.values[-156:, content.panel.region_ids.index("IQ-DI")]
    assert rows[0][:2] == ["week", "observed"]
    assert [row[1] for row in rows[1:]] == ["" if value != value else f"{value:.0f}" for value in expected]


def test_the_csv_of_flags_is_the_file_beside_the_report(desk: Opened) -> None:
    """The button gives what stands beside the report."""
    written = list(csv.reader(io.StringIO(flags_csv(report_content.full()), newline="")))
    assert _download(desk.page, "button[data-embedded]") == written


def test_the_csv_of_a_table_has_exact_values(desk: Opened) -> None:
    """Other tables give unrounded numbers under their headings."""
    content = report_content.full()
    assert content.trends is not None
    rows = _download(desk.page, "button[data-table='table-trends']")
    growth = {row[0]: row[3] for row in rows[1:]}
    assert float(growth["Diyala"]) == content.trends.set_index("region")["growth"]["Diyala"]


@pytest.fixture(scope="module")
def phone(opened: Callable[..., Opened], full: Path) -> Opened:
    """The full report on a phone."""
    return opened(full, width=360)


def test_targets_are_large_enough(phone: Opened) -> None:
    """Buttons, folds and links outside sentences are at least 24 px high on a phone (WCAG 2.2, 2.5.8)."""
    small = phone.page.evaluate(
        "[...document.querySelectorAll('button, summary, nav a, .tiles a')].filter((one) => one.checkVisibility())"
        ".filter((one) => one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"
    )
    assert small == []


def test_a_phone_needs_no_sideways_scrolling(phone: Opened) -> None:
    """At 360 px the page is as wide as the screen with all details open, and charts follow the window."""
    page = phone.page
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    chart = page.locator("#evidence .chart").first
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert chart.locator("svg.main-svg").first.bounding_box()["width"] <= 360
    assert "Parliamentary election" not in chart.inner_text()
    page.set_viewport_size({"width": 900, "height": 900})
    drawn(page, "900 light")
    assert chart.locator("svg.main-svg").first.bounding_box()["width"] > 800
    assert "Parliamentary election" in chart.inner_text()


def test_dark_charts_are_light_on_paper(opened: Callable[..., Opened], full: Path, tmp_path: Path) -> None:
    """A dark screen gets dark charts; printing turns them light, fits them to the paper, and turns them back."""
    page = opened(full, scheme="dark").page
    ink = "getComputedStyle(document.querySelector('#evidence .chart .gtitle')).fill"
    assert page.evaluate(ink) == "rgb(230, 234, 238)"
    page.evaluate("window.addEventListener('beforeprint', () => { window.inkOnPaper = " + ink + "; })")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert page.evaluate("window.inkOnPaper") == "rgb(36, 41, 47)"
    drawn(page, "1280 dark")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.locator(".chart svg.main-svg").first.bounding_box()["width"] <= 700


def test_hostile_text_does_nothing(hostile: Opened) -> None:
    """No payload runs, loads, complains, breaks a chart or widens the page of a phone."""
    page = hostile.page
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert hostile.complaints == [] and len(hostile.requests) == 1
    assert page.evaluate("typeof window.broken") == "undefined"
    assert page.locator("img, iframe, object, .chart a, .chart b").count() == 0
    assert page.locator("#evidence .chart .barlayer .bars").count() == 5
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_markup_in_names_is_read_in_the_chart(hostile: Opened) -> None:
    """The title of a chart shows the tags of a name as the letters they are."""
    assert (
        hostile.page.locator("#evidence .chart .gtitle")
        .first.text_content()
        .startswith("<script>window.broken = 1</script>")
    )


def test_every_control_is_reached_and_worked_by_keyboard(desk: Opened) -> None:
    """Tab goes through links, regions, buttons, folds and scrolling tables in order, none hidden while it has the focus."""
    page = desk.page
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(
        "document.querySelectorAll('details').forEach((one) => { one.open = false; }); document.querySelector('.skip').focus()"
    )
    seen = ["A|skip"]
    while len(seen) < 400:
        page.keyboard.press("Tab")
        what, shown, ring = page.evaluate(FOCUSED)
        if what == "BODY":
            break
        assert shown and ring, f"{what} has the focus and cannot be seen"
        seen.append(what)
    kinds = {what.split("|")[0] for what in seen}
    assert {"A", "a", "g", "SUMMARY", "BUTTON", "DIV"} <= kinds
    visible = page.evaluate(
        "[...document.querySelectorAll('a, button, summary')].filter((one) => one.checkVisibility()).length"
    )
    assert sum(what.split("|")[0] in ("A", "a", "BUTTON", "SUMMARY") for what in seen) == visible


FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), area = one.querySelector(".area");
  const ring = getComputedStyle(one).outlineStyle !== "none" || (area && getComputedStyle(area).strokeWidth === "5px");
  const shown = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  return [one === document.body ? "BODY" : one.tagName + "|" + (one.id || one.className.baseVal || one.className), shown, ring];
}"""
"""What has the focus, whether it is on the screen, and whether it can be told that it has the focus."""


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The light form as a file."""
    return write(report_content.full(), tmp_path_factory.mktemp("light") / "light.html", light=True)


@pytest.mark.parametrize(
    ("form", "width", "scheme"),
    [("full", 1280, "light"), ("light", 360, "light"), ("hostile", 1280, "dark")],
)
def test_axe_finds_nothing(browser: Any, form: str, width: int, scheme: str, pages: dict[str, Path]) -> None:
    """No rule of WCAG 2.2 A and AA that axe-core can check is broken, on wide and narrow, light and dark screens."""
    # The page's own policy refuses the checker's script, as it should; the checker needs it off.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True, bypass_csp=True
    )
    page = context.new_page()
    page.goto(pages[form].as_uri())
    if form != "light":
        drawn(page, f"{width} {scheme}")
    page.evaluate("document.querySelectorAll('details:not(.rows)').forEach((one) => { one.open = true; })")
    assert page.locator("#evidence details.points").count() > 0
    assert page.locator("#changed table").count() == (5 if form == "hostile" else 0)
    found = broken_rules(page)
    context.close()
    assert found == []


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages with every kind of element, and few of each, since the checker looks at every one; by name."""
    folder = tmp_path_factory.mktemp("pages")
    names = ("نينوى", "هەولێر", f"{report_content.PAYLOADS[0]} \u202eدهوك", *list(report_content.REGIONS)[3:])
    content = _short(report_content.full())
    poisoned = _short(report_content.hostile(" ".join(report_content.PAYLOADS[:6])))
    assert poisoned.panel is not None
    poisoned = replace(poisoned, panel=replace(poisoned.panel, region_names=names))
    return {
        "full": write(content, folder / "full.html"),
        "light": write(content, folder / "light.html", light=True),
        "hostile": write(poisoned, folder / "hostile.html"),
    }


def _short(content: ReportContent) -> ReportContent:
    """The report of eight weeks and two flagged regions."""
    assert content.flags is not None
    few = content.flags["region_id"].isin(["IQ-DI", "IQ-SD"])
    return replace(content, chart_weeks=8, flags=content.flags[few])


def test_the_light_form_opens_without_a_complaint(browser: Any, light: Path) -> None:
    """Nothing is asked for, nothing is said, every region is drawn, and a phone needs no sideways scrolling."""
    context = browser.new_context(viewport={"width": 360, "height": 900}, offline=True)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: said.append(request.url))
    page.goto(light.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert said == [light.as_uri()] and page.locator("svg.still").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    context.close()


def test_paper_gets_what_matters_and_a_running_head(desk: Opened, tmp_path: Path) -> None:
    """Printing opens folded flags and settings, leaves out buttons and queries, and fits the page's width."""
    page = desk.page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    page.emulate_media(media="print")
    shown = "(selector) => document.querySelector(selector).checkVisibility({ contentVisibilityAuto: true })"
    for table in ("#table-flags-earlier", "#table-settings"):
        page.wait_for_function(shown, arg=table)  # the page hears of the paper a moment later
    assert not page.evaluate(shown, "#evidence .how") and not page.evaluate(shown, "#evidence button")
    page.emulate_media(media="screen")


def test_a_report_without_flags_opens_too(opened: Callable[..., Opened], tmp_path: Path) -> None:
    """A page without charts has no error either, and its map is drawn."""
    state = opened(write(report_content.quiet(), tmp_path / "quiet.html"))
    assert state.complaints == []
    assert state.page.locator("svg.map .region").count() == 11

"""The report: what the page holds, what it leaves out, and that nothing from data can act in it."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.errors import OptionError, OutputError
from analytics.report import Extra, ReportContent, render, write
from analytics.report.page import embedded
from tests import report_content

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, text by tag, and scripts, of one page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave the tag, and what it left open."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep scripts apart from text."""
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)
        elif not self._open or self._open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements called *tag*."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def content() -> ReportContent:
    """The full fabricated report content."""
    return report_content.full()


@pytest.fixture(scope="module")
def html(content: ReportContent) -> str:
    """The full report."""
    return render(content)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    """The full report, read."""
    return Page(html)


@pytest.fixture(scope="module")
def quiet() -> Page:
    """The report of a period without flags."""
    return Page(render(report_content.quiet()))


def bare(**changes: Any) -> ReportContent:
    """The least that makes a report."""
    required: dict[str, Any] = {
        "title": "Three incidents",
        "period_first": date(2021, 11, 29),
        "period_last": date(2021, 12, 5),
        "to": date(2021, 12, 5),
        "headline": "Thirteen were killed.",
    }
    return ReportContent(**(required | changes))


def test_equal_content_gives_equal_bytes(html: str, tmp_path: Path) -> None:
    """Content made twice from the same inputs is written as the same bytes."""
    first = write(report_content.full(), tmp_path / "a.html")
    second = write(report_content.full(), tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes() == html.encode()


def test_the_page_fetches_nothing(page: Page) -> None:
    """No element of the page names anything to load, and its policy forbids loading."""
    assert not [
        tag for tag, attributes in page.tags if attributes.get("src") or tag in {"link", "iframe", "object", "base"}
    ]
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy and "http" not in policy and "'unsafe-inline'" not in policy.split(";")[1]


def test_the_policy_admits_exactly_the_scripts_of_the_page(page: Page) -> None:
    """Each script that runs is named by its hash, which is computed here again."""
    policy = str(next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv")))
    running = [script for script in page.scripts if not script.startswith("{")]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running]
    assert re.findall(r"sha256-([^']+)", policy) == hashes and len(hashes) == 2


def test_the_drawing_library_is_there_once_and_only_where_needed(html: str) -> None:
    """Plotly is most of a report with charts, and no part of one without."""
    assert html.count("plotly.js v") == 1 and 4.5e6 < len(html) < 6e6
    assert len(render(report_content.quiet())) < 2e5


def test_simulated_reports_say_so_first(page: Page, html: str) -> None:
    """Banner before any heading, title of the window, and title of every chart."""
    body = page.text[page.text.index("Skip to the report") :]
    assert body.index("Simulated.") < body.index("Weekly escalation report")
    assert "<title>Simulated: Weekly escalation report: Iraq</title>" in html
    charts = _data(page)["charts"]
    assert charts and all("(simulated)" in chart["figure"]["layout"]["title"]["text"] for chart in charts)


def test_a_simulated_panel_makes_a_simulated_report(content: ReportContent) -> None:
    """Nobody can forget the word when the panel knows."""
    assert replace(content, simulated=False).simulated


def test_a_real_report_does_not_say_simulated() -> None:
    """The word stands only where it is true."""
    assert "imulated" not in Page(render(bare())).text


def _data(page: Page) -> Any:
    """The embedded data."""
    return json.loads(next(script for script in page.scripts if script.startswith("{")))


def test_data_are_embedded_once_and_are_the_panel(content: ReportContent, page: Page) -> None:
    """Figures carry no data of their own; the columns they name are the panel's counts."""
    assert content.panel is not None
    chart = next(chart for chart in _data(page)["charts"] if chart["file"] == "iq-di-incidents.csv")
    observed = np.array([np.nan if value is None else value for value in chart["columns"]["observed"]])
    np.testing.assert_array_equal(observed, content.panel.values[-156:, content.panel.region_ids.index("IQ-DI")])
    named = [trace for trace in chart["figure"]["data"] if "meta" in trace]
    assert len(named) == 3 and not any("x" in trace or "y" in trace for trace in named)


def test_every_flag_stands_in_the_page_with_its_reason(content: ReportContent, page: Page) -> None:
    """Each flag's reason can be read, and each flagged region has a chart."""
    assert content.flags is not None
    assert all(reason in page.text for reason in content.flags["reason"])
    assert len(_data(page)["charts"]) == content.flags["region_id"].nunique()


def test_the_latest_flags_come_first_and_the_highest_among_them(page: Page) -> None:
    """Diyala's alert of the latest week leads; Kirkuk's flags of earlier weeks are folded away."""
    latest = page.text[page.text.index("highest level first") : page.text.index("Earlier flags in this period")]
    assert latest.index("Diyala") < latest.index("Salah al-Din") < latest.index("Baghdad")
    assert "Kirkuk" not in latest


def test_every_chart_has_table_csv_sql_and_command(content: ReportContent, page: Page) -> None:
    """What a chart shows can be read, taken away and made again."""
    charts = [str(chart["id"]) for chart in _data(page)["charts"]]
    tables = [row.get("data-chart") for row in page.all("details") if row.get("class") == "rows"]
    buttons = [button["data-chart"] for button in page.all("button") if "data-chart" in button]
    assert charts == tables == buttons
    assert page.text.count("FROM weekly(level := 'admin1'") == len(charts)
    assert page.text.count(str(content.provenance["command"])) >= len(charts)


def test_a_chart_may_have_sql_of_its_own(content: ReportContent) -> None:
    """The text under chart:REGION goes before the one for all charts."""
    text = render(replace(content, sql={"chart": "SELECT 1", "chart:IQ-KI": "SELECT 'kirkuk only'"}))
    assert Page(text).text.count("SELECT 'kirkuk only'") == 1


def test_filters_stand_wherever_numbers_do(content: ReportContent, page: Page) -> None:
    """Summary, map, flags, trends and each chart say what was filtered."""
    assert page.text.count("source simulated; all event types; governorates") == 4 + len(_data(page)["charts"])
    assert "Filters: none." in Page(render(bare())).text


def test_regions_of_the_map_are_named_in_a_table_and_described(content: ReportContent, page: Page, html: str) -> None:
    """Everything the map shows by colour is there in words."""
    assert content.panel is not None
    described = [str(tag.get("aria-label")) for tag in page.all("a") + page.all("g") if tag.get("class") == "region"]
    assert len(described) == len(content.panel.region_ids) + 1
    assert all(any(label.startswith(name) for label in described) for name in content.panel.region_names)
    table = html[html.index('<table id="table-regions">') :]
    assert all(name in table[: table.index("</table>")] for name in content.panel.region_names)


def test_unknown_is_said_and_is_no_zero(page: Page, html: str) -> None:
    """A region without reporting is unknown in map, table and legend, without a count."""
    table = html[html.index('<table id="table-regions">') :]
    basra = table[table.index("Basra") : table.index("</tr>", table.index("Basra"))]
    assert "unknown: no reporting" in basra and "–" in basra and ">0<" not in basra


def test_a_report_without_flags_reads_well(quiet: Page) -> None:
    """It says that no region is flagged, for which weeks, and offers no empty table."""
    assert "No region is flagged in the judged weeks, 4 Oct 2021 to 26 Dec 2021" in " ".join(quiet.text.split())
    assert "Evidence" not in quiet.text and "Download all flags" not in quiet.text


def test_a_latest_week_without_flags_says_so(content: ReportContent) -> None:
    """Flags of earlier weeks do not pass for the latest week's."""
    assert content.flags is not None
    earlier = content.flags[content.flags["week"] < pd.Timestamp("2021-12-20")]
    text = " ".join(Page(render(replace(content, flags=earlier))).text.split())
    assert "No region is flagged in the latest week, which ended on 26 Dec 2021." in text


def test_sections_without_content_are_left_out() -> None:
    """The least report has its summary and nothing else."""
    text = Page(render(bare())).text
    assert "Thirteen were killed." in text
    for heading in ("Where", "Flags", "Trends", "Dated events", "Data quality", "Not judged", "Methods", "Provenance"):
        assert heading not in text


def test_a_reason_stands_where_a_section_is_missing() -> None:
    """Not computable is said, not hidden."""
    text = Page(render(bare(reasons={"trends": "Three weeks are too few for a trend."}))).text
    assert "Trends" in text and "Three weeks are too few for a trend." in text


def test_extra_sections_carry_text_table_sql_and_command() -> None:
    """A page such as the founding case is made of sections of its own."""
    versions = pd.DataFrame({"known_from": pd.to_datetime(["2021-12-02", "2021-12-03"]), "killed": [10, 13]})
    extra = Extra(
        heading="Versions", text="One toll.\n\nTwo states.", table=versions, sql="SELECT 2", command="incidents x"
    )
    parsed = Page(render(bare(extras=(extra,))))
    for part in ("Versions", "One toll.", "Two states.", "3 Dec 2021", "13", "SELECT 2", "incidents x"):
        assert part in parsed.text


def test_caveats_of_the_panel_are_shown(content: ReportContent) -> None:
    """A retrospective says that it is one."""
    assert content.panel is not None
    told = replace(content, panel=replace(content.panel, caveats=("a retrospective, not what was known",)))
    assert "a retrospective, not what was known" in render(told)


@pytest.fixture(scope="module")
def poisoned() -> Iterator[tuple[str, Page, str]]:
    """All payloads, and the report that has them in every text."""
    payload = " ".join(report_content.PAYLOADS)
    text = render(report_content.hostile(payload))
    yield payload, Page(text), text


def test_hostile_text_makes_no_element_and_no_attribute(poisoned: tuple[str, Page, str], page: Page) -> None:
    """A report full of payloads has the kinds of elements and attributes of one without, and as many scripts."""
    _, hostile, _ = poisoned
    assert {tag for tag, _ in hostile.tags} <= {tag for tag, _ in page.tags}
    assert len(hostile.all("script")) == len(page.all("script"))
    assert not [name for _, attributes in hostile.tags for name in attributes if name.startswith("on")]


def test_hostile_text_is_shown_as_text(poisoned: tuple[str, Page, str]) -> None:
    """The payload can be read, whole, in the page."""
    payload, hostile, _ = poisoned
    assert payload in hostile.text


def test_only_web_addresses_become_links(poisoned: tuple[str, Page, str], page: Page) -> None:
    """A link leads into the page or to http and https, and takes no referrer along."""
    for parsed in (page, poisoned[1]):
        links = [link for link in parsed.all("a") if not str(link.get("href")).startswith("#")]
        assert all(re.match("https?://", str(link["href"])) for link in links)
        assert all(link.get("rel") == "noopener noreferrer" for link in links)
    assert "javascript:alert(1)" in page.text and "ftp://example.org/2" in page.text


def test_names_from_data_are_isolated(html: str) -> None:
    """A name read from right to left does not turn its neighbours around."""
    assert "<bdi>Sulaymaniyah — سلێمانی</bdi>" in html


def test_embedded_json_cannot_end_its_script() -> None:
    """No letter that HTML or old JavaScript reads specially survives, and the value does."""
    value = {"a": "</script><!-- & \u2028\u2029"}
    text = embedded(value)
    assert not set(text) & set("<>&\u2028\u2029") and json.loads(text) == value


def test_the_page_is_built_for_assistive_technology(page: Page) -> None:
    """Language, one h1, headings without gaps, unique ids, a caption and scopes in every table, one main."""
    ids = [str(attributes["id"]) for _, attributes in page.tags if attributes.get("id")]
    ranks = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert page.all("html")[0]["lang"] == "en" and len(page.all("main")) == 1
    assert ranks[0] == 1 and ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))
    assert len(ids) == len(set(ids))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(head.get("scope") in ("col", "row") for head in page.all("th"))
    targets = [str(link["href"])[1:] for link in page.all("a") if str(link.get("href")).startswith("#")]
    assert set(targets) <= set(ids)


def _luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_of_text_keep_aa_contrast_on_both_grounds(html: str) -> None:
    """Ink, quiet text and links reach 4.5 : 1 on every ground they stand on, light and dark."""
    palettes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in re.findall(r":root \{\s+--ground[^}]+", html)
    ]
    assert len(palettes) == 2
    for palette in palettes:
        for text in ("ink", "quiet", "accent"):
            assert min(_contrast(palette[text], palette[ground]) for ground in ("ground", "raised")) >= 4.5
        assert _contrast(palette["on-banner"], palette["banner"]) >= 4.5


def test_a_report_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """A folder that is a file, or a file that is a folder, raises OutputError."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.html").mkdir()
    for target in (tmp_path / "file" / "report.html", tmp_path / "folder.html"):
        with pytest.raises(OutputError, match=r"cannot write .*html"):
            write(bare(), target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"period_last": date(2021, 11, 1)}, "before it begins"),
        ({"chart_weeks": 0}, "chart_weeks must be at least 1"),
        ({"flags": pd.DataFrame({"week": []})}, "flags has no column region_id, region, level, reason"),
        (
            {
                "flags": pd.DataFrame(
                    {"week": [1], "region_id": ["A"], "region": ["A"], "level": ["red"], "reason": [""]}
                )
            },
            "the level 'red'; choose one of watch, warning, alert",
        ),
        (
            {
                "events": pd.DataFrame(
                    {"event_id": ["e"], "name": ["n"], "starts_on": ["2021-01-01"], "regions": ["IQ|XX"]}
                )
            },
            "give a list of region ids",
        ),
    ],
)
def test_content_that_cannot_be_shown_is_refused_at_the_door(changes: dict[str, Any], words: str) -> None:
    """What is wrong, and what to do, is said when the content is made."""
    with pytest.raises(OptionError, match=re.escape(words)):
        bare(**changes)


def test_content_keeps_its_own_copies() -> None:
    """Changing a frame after the content was made changes no report."""
    table = pd.DataFrame({"region": ["A"], "weeks": ["all"], "reason": ["too short"]})
    content = bare(not_judged=table)
    table.loc[0, "reason"] = "changed"
    assert "too short" in render(content)

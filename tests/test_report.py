"""The report: what the page holds, what it leaves out, and that nothing from data can act in it."""

import base64
import csv
import hashlib
import io
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
from analytics.figures.text import language
from analytics.report import Extra, ReportContent, render, write
from analytics.report.page import embedded
from analytics.report.weeks import weeks_csv
from tests import report_content

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, text by tag, and scripts, of one page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self._said: list[str] = []
        self.feed(html)
        self.text = "".join(self._said)

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
            self._said.append(data)

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


def _weeks(html: str, table: str) -> pd.DataFrame:
    """A table of weeks of the page, oldest first; empty cells are missing."""
    found = re.search(rf'<table id="{table}".*?</table>', html, re.DOTALL)
    assert found is not None
    heads = re.findall(r'data-key="(\w+)"', found[0])
    rows = [re.findall(r"<t[dh][^>]*>([^<\n]*)", row) for row in found[0].split("<tr>")[2:]]
    return pd.DataFrame(rows, columns=heads)[::-1].reset_index(drop=True)


def test_data_are_embedded_once_and_are_the_panel(content: ReportContent, html: str, page: Page) -> None:
    """A region's figure carries no data of its own; the table that it is drawn from has the panel's counts."""
    assert content.panel is not None
    chart = next(chart for chart in _data(page)["charts"] if chart.get("table") == "table-chart-1")
    weeks = _weeks(html, chart["table"])
    observed = pd.to_numeric(weeks["observed"], errors="coerce").to_numpy()
    np.testing.assert_array_equal(observed, content.panel.values[-156:, content.panel.region_ids.index("IQ-DI")])
    named = [trace for trace in chart["figure"]["data"] if "meta" in trace]
    assert len(named) == 3 and not any("x" in trace or "y" in trace for trace in named)
    assert all(trace["meta"]["y"] in weeks for trace in named)


def test_numbers_in_tables_of_weeks_are_the_models_to_four_decimals(content: ReportContent, html: str) -> None:
    """Expected and upper are rounded no further than a count of incidents can mean."""
    assert content.spikes is not None
    weeks = _weeks(html, "table-chart-1").tail(104)
    column = content.spikes.panel.region_ids.index("IQ-DI")
    for name in ("expected", "upper"):
        shown = pd.to_numeric(weeks[name], errors="coerce").to_numpy()
        np.testing.assert_allclose(shown, getattr(content.spikes, name)[:, column], atol=5.1e-5, rtol=0)


def test_every_number_can_be_read_without_a_script(content: ReportContent, page: Page) -> None:
    """All regions' last 52 weeks, each chart's 156 weeks and each study's weeks stand in tables of the page itself."""
    assert content.panel is not None and content.flags is not None and content.studies is not None
    weeks = page.text.count("2021-12-20")
    assert weeks == len(content.panel.region_ids) + content.flags["region_id"].nunique()
    assert page.text.count("2020-12-28") == weeks and "the weeks of the chart" in page.text


def test_all_regions_are_drawn_the_highest_level_first(content: ReportContent, html: str) -> None:
    """One small chart a region, in order of level and then excess, linked to its block where it has one."""
    assert content.panel is not None
    tiles = html[html.index('class="tiles"') : html.index("</ul>", html.index('class="tiles"'))]
    names = re.findall(r"<bdi[^>]*>([^<]+)</bdi>", tiles)
    assert names[:3] == ["Diyala", "Salah al-Din", "Baghdad"] and names[-1] == "Basra"
    assert sorted(names) == sorted(content.panel.region_names)
    assert tiles.count('href="#region-') == content.flags["region_id"].nunique()  # type: ignore[index]
    assert tiles.count('class="gap"') == 1 and "not reported" in tiles


def test_sections_come_in_the_order_that_is_asked_for(content: ReportContent) -> None:
    """Those named are shown, in that order, in the page and in its menu; the summary and the provenance always are."""
    text = render(replace(content, sections=("trends", "overview", "flags")))
    assert re.findall(r'<section id="([\w-]+)"', text) == ["summary", "trends", "overview", "flags"]
    menu = text[text.index('aria-label="Sections"') : text.index("</nav>")]
    assert re.findall(r'href="#([\w-]+)"', menu) == ["trends", "overview", "flags", "provenance"]


def test_a_region_says_what_its_incidents_were(page: Page) -> None:
    """Tactics, actors and casualties by group stand against the weeks before, with their trend in words."""
    block = page.text[page.text.index("Evidence, region by region") :]
    said = " ".join(block[: block.index("Data of this chart")].split())
    assert "rising fast: +12.0 % a week (+7.0 % to +18.0 %) over 26 weeks; P(growing) 0.992." in said
    assert "A week in the 12 known weeks of this report (filled), and in the 52 before (outlined)." in said
    assert "hit-and-run 3.42 0.38 41" in said and "security forces 5.83 0.19 70" in said
    assert "1 Nov 2021: build-up began" in said


def test_a_study_has_its_sentences_chart_terms_and_command(page: Page) -> None:
    """The finding is read first; what it rests on stands below it."""
    text = page.text[page.text.index("What followed the dated events") :]
    for part in ("More followed: 1.8 times", "4 show as much", "P placebo", "incidents study --event e1"):
        assert part in text
    assert any(chart["id"] == "chart-study-1" for chart in _data(page)["charts"])


def test_what_is_not_known_of_trends_takes_no_column(content: ReportContent, page: Page) -> None:
    """Q and the ratio of recent to earlier weeks stand in the table only where trends have them."""
    assert content.trends is not None
    plain = Page(render(replace(content, trends=content.trends.drop(columns=["q_value", "ratio"])))).text
    assert "Recent over earlier weeks" in page.text and "Recent over earlier weeks" not in plain
    assert "2.7 times as many incidents a week since 25 October 2021" in page.text


def test_nothing_is_claimed_of_the_past_without_a_backtest(content: ReportContent, page: Page) -> None:
    """The section on past performance is there when there is one, and otherwise not at all."""
    words = "How these settings did on the past"
    assert words in page.text and "two false flags a year" in page.text
    assert words not in Page(render(replace(content, backtest=None))).text


@pytest.fixture(scope="module")
def light(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The light form, as a file."""
    return write(content, tmp_path_factory.mktemp("light") / "report.html", light=True)


def test_the_light_form_has_no_script_and_is_small(content: ReportContent, light: Path) -> None:
    """Charts are drawn in the file, tables go back 26 weeks, nothing runs, and the bytes are the same again."""
    html = light.read_text(encoding="utf-8")
    parsed = Page(html)
    assert content.flags is not None
    policy = next(str(meta["content"]) for meta in parsed.all("meta") if meta.get("http-equiv"))
    assert not parsed.all("script") and not parsed.all("button") and "script-src 'none';" in policy
    assert len(html) < 3e5 and html == render(content, light=True)
    regions = content.flags["region_id"].nunique()
    assert html.count('<svg class="still"') == regions + 1
    assert len(_weeks(html, "table-chart-1")) == 26 and "2021-06-21" not in parsed.text


def test_the_light_form_has_all_weeks_beside_it(content: ReportContent, light: Path) -> None:
    """The CSV file of the same name has every region's charted weeks, unknown ones empty."""
    assert content.panel is not None
    rows = list(csv.DictReader(io.StringIO(light.with_suffix(".csv").read_bytes().decode())))
    assert len(rows) == 156 * len(content.panel.region_ids)
    for column, region_id in enumerate(content.panel.region_ids):
        mine = [row for row in rows if row["region_id"] == region_id]
        counts = [np.nan if row["observed"] == "" else float(row["observed"]) for row in mine]
        np.testing.assert_array_equal(counts, content.panel.values[-156:, column])


@pytest.mark.parametrize("form", ["full", "light"])
def test_a_block_says_what_a_priority_is_made_of_and_what_was_said_of_a_flag(
    form: str, page: Page, light: Path
) -> None:
    """Each reason has its priority and the parts that sum to it, its mute and its remarks, in both forms."""
    text = page.text if form == "full" else Page(light.read_text(encoding="utf-8")).text
    block = text[text.index("Evidence, region by region") :]
    assert "Priority 71level 30, excess 12.4, ratio 6.5, growth 9, lethality 8.1, record 0, new 5" in block
    assert "muted until 31 Dec 2021: a known operation" in block
    assert "confirmed: two sources agree" in block


def test_a_priority_without_parts_has_no_fold(content: ReportContent) -> None:
    """Where the parts are not known nothing is said of them."""
    assert content.flags is not None
    bare = content.flags.drop(columns=[name for name in content.flags if name.startswith("priority_")])
    assert 'class="points' not in render(replace(content, flags=bare), light=True)


def test_lines_of_the_headline_are_a_list(content: ReportContent) -> None:
    """A paragraph below the headline whose lines begin with a hyphen is a list of them, and text all the same."""
    made = render(
        replace(content, headline="Read me.\n\nFlagged:\n- Diyala, <b>2</b> weeks\n- Kirkuk\n\nRest."), light=True
    )
    assert (
        "<p>Flagged:</p>\n<ul><li><bdi>Diyala, &lt;b&gt;2&lt;/b&gt; weeks</bdi></li>\n<li><bdi>Kirkuk</bdi></li>"
        in made
    )
    assert "<p>Rest.</p>" in made


def test_hostile_text_is_only_text_in_the_light_form_too(light: Path) -> None:
    """The same elements as with harmless text, no handler, and no formula in the CSV file beside it."""
    poisoned = report_content.hostile(" ".join(report_content.PAYLOADS))
    made = Page(render(poisoned, light=True))
    assert {tag for tag, _ in made.tags} <= {tag for tag, _ in Page(light.read_text(encoding="utf-8")).tags}
    assert not [name for _, attributes in made.tags for name in attributes if name.startswith("on")]
    rows = list(csv.reader(io.StringIO(weeks_csv(report_content.hostile("=1+1")))))
    assert {row[1][:5] for row in rows[1:]} == {"'=1+1"}


def test_printed_pages_are_headed_by_the_title_and_nothing_else(poisoned: tuple[str, Page, str]) -> None:
    """A title can end neither the CSS string nor the style element that it stands in."""
    head = re.search(r'@top-left { content: "([^"]*)"; }', poisoned[2])
    assert head is not None and re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]+ )+", head[1])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("نينوى", "und-Arab"),
        ("هەولێر", "ckb"),
        ("Sulaymaniyah — سلێمانی", ""),
        ("Nineveh", ""),
        ("", ""),
        ("123", ""),
    ],
)
def test_names_in_arabic_script_are_marked_as_such(text: str, code: str) -> None:
    """Arabic script gets its own language tag, with letters that only Kurdish has the Kurdish one; Latin none."""
    assert language(text) == code


def test_arabic_and_kurdish_names_carry_their_language(content: ReportContent) -> None:
    """Real names of governorates stand isolated and marked, beside hostile marks of direction."""
    assert content.panel is not None
    names = ("نينوى", "هەولێر", "\u202eabc", *content.panel.region_names[3:])
    html = render(replace(content, panel=replace(content.panel, region_names=names)))
    assert '<bdi lang="und-Arab">نينوى</bdi>' in html and '<bdi lang="ckb">هەولێر</bdi>' in html
    assert "<bdi>\u202eabc</bdi>" in html


def test_every_flag_stands_in_the_page_with_its_reason(content: ReportContent, page: Page) -> None:
    """Each flag's reason can be read, and each flagged region has a chart."""
    assert content.flags is not None
    assert all(reason in page.text for reason in content.flags["reason"])
    drawn = [chart for chart in _data(page)["charts"] if "table" in chart]
    assert len(drawn) == content.flags["region_id"].nunique()


def test_the_latest_flags_come_first_and_the_highest_among_them(page: Page) -> None:
    """Diyala's alert of the latest week leads; Kirkuk's flags of earlier weeks are folded away."""
    latest = page.text[page.text.index("highest level first") : page.text.index("Earlier flags in this period")]
    assert latest.index("Diyala") < latest.index("Salah al-Din") < latest.index("Baghdad")
    assert "Kirkuk" not in latest


def test_every_chart_has_table_csv_sql_and_command(content: ReportContent, page: Page) -> None:
    """What a chart shows can be read, taken away and made again."""
    charts = [str(chart["table"]) for chart in _data(page)["charts"] if "table" in chart]
    tables = [table["id"] for table in page.all("table") if table.get("class") == "weeks"]
    buttons = [button["data-weeks"] for button in page.all("button") if "data-weeks" in button]
    assert ["table-overview", *charts] == tables == buttons
    assert page.text.count("FROM weekly(level := 'admin1'") == len(charts) + 1
    assert page.text.count(str(content.provenance["command"])) >= len(charts)


def test_a_chart_may_have_sql_of_its_own(content: ReportContent) -> None:
    """The text under chart:REGION goes before the one for all charts."""
    text = render(replace(content, sql={"chart": "SELECT 1", "chart:IQ-KI": "SELECT 'kirkuk only'"}))
    assert Page(text).text.count("SELECT 'kirkuk only'") == 1


def test_filters_stand_wherever_numbers_do(content: ReportContent, page: Page) -> None:
    """Summary, map, flags, the small charts, trends and each chart say what was filtered."""
    assert page.text.count("source simulated; all event types; governorates") == 8 + len(_data(page)["charts"])
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
    assert (
        "No region is flagged in the latest week, which ended on 26 Dec 2021; 8 of 10 could be judged. Flags of" in text
    )


def test_a_latest_week_that_could_not_be_judged_is_not_called_calm(content: ReportContent) -> None:
    """Where no region could be judged, that is said in place of flags, and an open episode says since when it waits."""
    assert content.streams is not None and content.episodes is not None and content.flags is not None
    unknown = content.streams.assign(status="not judged", note="unknown week")
    waits = content.episodes.assign(not_judged_since=pd.Timestamp("2021-12-20"))
    found = replace(content, flags=content.flags.iloc[:0], streams=unknown, episodes=waits)
    text = " ".join(Page(render(found)).text.split())
    assert "No region could be judged in the latest week, which ended on 26 Dec 2021 (unknown week)." in text
    assert "open, not judged since 20 Dec 2021" in text


def test_sections_without_content_are_left_out() -> None:
    """The least report has its summary and nothing else."""
    text = Page(render(bare())).text
    assert "Thirteen were killed." in text
    for heading in ("Where", "Flags", "Trends", "Dated events", "Data quality", "Not judged", "Methods", "Provenance"):
        assert heading not in text


def test_a_reason_stands_where_a_section_is_missing() -> None:
    """Not computable is said, not hidden."""
    told = render(bare(reasons={"backtest": "None is recorded.\n\n$ incidents backtest --db <a>"}))
    assert "<code>incidents backtest --db &lt;a&gt;</code></pre>" in told, "a command is code"
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
        ({"sections": ("flags", "graphs")}, "sections has 'graphs'; choose from changes, map, flags, overview,"),
        ({"sections": ("flags", "flags")}, "sections names 'flags' twice"),
        (
            {
                "breakdown": pd.DataFrame(
                    {
                        "region_id": ["A"],
                        "kind": ["hue"],
                        "name": [""],
                        "count": [1],
                        "per_week": [1],
                        "before_per_week": [1],
                    }
                )
            },
            "breakdown has the kind 'hue'; choose one of tactic, actor, killed",
        ),
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

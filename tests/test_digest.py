"""The digest: short, complete, 80 columns wide, and no place for anything from data to act in."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.figures.text import END_ISOLATE, ISOLATE, STEERING, isolated
from analytics.report import ReportContent
from analytics.report.changes import EPISODES, Changes
from analytics.report.digest import CHANGES, FLAGS, NAME, PARAGRAPH, digest
from analytics.report.digest_forms import COLUMNS, html, markdown, marked, plain, width
from tests import report_content

GOLDEN = Path(__file__).parent / "golden" / "report"
FORMS = {"txt": plain, "md": markdown, "html": html}
PLACE = "weekly_2021-12-26.html"


@cache
def full() -> ReportContent:
    """The full fabricated report content."""
    return report_content.full()


@cache
def poisoned(payload: str) -> ReportContent:
    """The full report with *payload* in each of its texts."""
    return report_content.hostile(payload)


def bare(**changes: Any) -> ReportContent:
    """The least that makes a report."""
    required: dict[str, Any] = {
        "title": "Three incidents",
        "period_first": date(2021, 11, 29),
        "period_last": date(2021, 12, 5),
        "to": date(2021, 12, 5),
        "headline": "Thirteen were killed.\n\nMore of it.",
    }
    return ReportContent(**(required | changes))


def flags(names: list[str], **columns: Any) -> pd.DataFrame:
    """One alert of the latest week for each name."""
    rows = {"week": pd.Timestamp("2021-11-29"), "region_id": names, "region": names, "level": "alert"}
    return pd.DataFrame({**rows, "reason": [f"{name}: 9 incidents." for name in names], **columns})


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_as_its_golden_file(form: str) -> None:
    """The bytes of a digest do not change unnoticed."""
    made = FORMS[form](digest(full(), PLACE))
    assert made.encode() == (GOLDEN / f"digest.{form}").read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_a_simulated_digest_says_so_first_and_a_real_one_never(form: str) -> None:
    """The word stands before the title, and only where it is true."""
    told = FORMS[form](digest(full()))
    assert told.index("Simulated.") < told.rindex("Weekly escalation report")
    assert "imulated" not in FORMS[form](digest(bare()))


def test_the_latest_flags_come_whole_and_the_earlier_are_counted() -> None:
    """Reasons of the latest week stand highest level first; of earlier weeks each region has the number of its weeks."""
    content = full()
    assert content.flags is not None
    text = " ".join(plain(digest(content)).split())
    now = content.flags["week"] == pd.Timestamp("2021-12-20")
    assert all(reason in text for reason in content.flags["reason"][now])
    assert text.index("ALERT: Diyala") < text.index("WARNING: Salah") < text.index("WATCH: Baghdad")
    counts = content.flags[~now].groupby("region")["week"].nunique()
    assert f"{(~now).sum()} flags in {len(counts)} regions from 4 Oct 2021: " in text
    assert all(f"{isolated(name)} ({count} week" in text for name, count in counts.items())


def test_rising_regions_come_fastest_first_with_their_intervals() -> None:
    """All that the trends call rising, and nothing else."""
    text = plain(digest(full()))
    rising = text[text.index("Rising") : text.index("Unknown")]
    assert re.findall(r"^\* (\w+)", rising, flags=re.M) == ["Diyala", "Kirkuk", "Salah"]
    assert "Diyala: +12.0\u202f% a week (+7.0\u202f% to +18.0\u202f%) over 26 weeks" in rising


def test_unknown_weeks_are_those_of_the_period() -> None:
    """Basra's two weeks are in the period; Anbar's stretch of two years before is not."""
    text = plain(digest(full()))
    assert "Not reported, and so unknown rather than quiet: Basra (2 weeks)." in text and "Anbar" not in text


def test_what_the_numbers_rest_on_is_there() -> None:
    """Totals, filters, caveats, where the page is, version, hashes, and the command in one piece."""
    content = full()
    assert content.panel is not None
    told = replace(content, panel=replace(content.panel, caveats=("a retrospective, not what was known",)))
    lines = plain(digest(told, PLACE)).splitlines()
    text = " ".join(" ".join(lines).split())
    assert "* Week of 20 December 2021: 51 incidents, 62 killed, 40 wounded" in lines
    unknown = {"latest week": {"incidents": 3, "wounded": None}}
    assert "* Latest week: 3 incidents, wounded not recorded" in plain(digest(bare(totals=unknown)))
    assert "Filters: source simulated; all event types; governorates; a retrospective, not what was known." in text
    assert f"Full report: {PLACE}" in lines and "settings hash: 3f2a · fingerprint: a81c" in text
    assert f"    {content.provenance['command']}" in lines


def test_the_moment_of_knowledge_is_said() -> None:
    """Without a sentence on the data's age the digest says until when and as known at which moment."""
    told = plain(digest(bare(as_of=datetime(2021, 12, 6, 6, 0, tzinfo=UTC))))
    assert "Incidents until 5 Dec 2021, as known at 6 Dec 2021, 06:00 UTC." in told
    assert "as known at the latest load." in plain(digest(bare()))


def test_what_changed_is_told_and_the_rest_is_counted() -> None:
    """The sentence and a line for each episode; without an earlier report the sentence alone, without changes nothing."""
    rows = [
        dict.fromkeys(EPISODES, "")
        | {"change": "new", "region": f"R{number}", "level_now": "alert", "first_week": "2021-11-22"}
        for number in range(CHANGES + 2)
    ]
    told = plain(digest(bare(changes=Changes(sentence="Since then.", since="then", episodes=pd.DataFrame(rows)))))
    assert "Since then." in told
    assert "* new: R0, alert since 22 Nov 2021" in told
    assert "* and 2 more episodes in the full report" in told
    assert "No report before." in plain(digest(bare(changes=Changes(sentence="No report before."))))
    assert "changed" not in plain(digest(bare()))


def test_what_is_known_of_a_flag_is_said_where_there_is_any() -> None:
    """Priority, a mute and an analyst's remark stand behind the reason; a flag without them ends with its reason."""
    known = {"priority": [87.5, np.nan], "muted": ["until 3 Jan 2022", ""], "remarks": ["confirmed by RK", None]}
    told = " ".join(plain(digest(bare(flags=flags(["Anbar", "Basra"], **known)))).split())
    assert "* ALERT: Anbar: 9 incidents. Priority 87.5. Muted until 3 Jan 2022. Noted: confirmed by RK. * ALERT" in told
    assert "* ALERT: Basra: 9 incidents. About" in told


def test_no_flag_is_said_and_a_missing_judgement_has_its_reason() -> None:
    """Nothing flagged and nothing judged are two things."""
    assert "No region is flagged in the latest week." in plain(digest(bare(flags=flags([]))))
    unknown = [{"week": pd.Timestamp("2021-11-29"), "status": "not judged", "note": "unknown week"}] * 2
    known = [{"week": pd.Timestamp("2021-11-29"), "status": "judged", "note": ""}]
    for rows, words in (
        (unknown, "No region could be judged in the latest week (unknown week)."),
        (unknown + known, "No region is flagged in the latest week; 1 of 3 could be judged."),
        (known, "No region is flagged in the latest week."),
    ):
        assert words in plain(digest(bare(flags=flags([]), streams=pd.DataFrame(rows))))
    told = plain(digest(bare(reasons={"flags": "Two records are no history."})))
    assert "Two records are no history." in told and "No region" not in told


def test_an_episode_that_waits_for_a_judgement_is_told() -> None:
    """An open episode whose region is not judged is told in the changes, and below whatever was flagged."""
    row = {"level_now": "alert", "first_week": "2021-10-04", "not_judged_since": "2021-11-08"}
    changed = pd.DataFrame([dict.fromkeys(EPISODES, "") | {"change": "not judged", "region": "Basra"} | row])
    spans = {"first_week": "2021-10-04", "last_week": "2021-11-01", "peak_level": "alert", "status": "open"}
    names = {"episode_id": "B/incidents/2021-10-04", "region_id": "B", "region": "Basra"}
    waits = pd.DataFrame([names | spans | {"not_judged_since": pd.Timestamp("2021-11-08")}])
    told = plain(digest(bare(changes=Changes(sentence="S.", since="then", episodes=changed), episodes=waits)))
    told = " ".join(told.split())
    assert "* not judged: Basra, alert since 4 Oct 2021; stays open, not judged since 8 Nov 2021" in told
    assert "Episodes that stay open, as their regions are not judged: Basra (alert, not judged since 8 Nov 2021)." in told  # fmt: skip


def test_a_digest_of_three_hundred_regions_is_read_in_two_minutes() -> None:
    """However much there is to say, a digest stays under 500 words, and what it leaves out is counted."""
    names = [f"Region {number}" for number in range(300)]
    reasons = [f"{name}: 9 incidents in the week of 29 November 2021, where 0.7 were expected." for name in names]
    rising = pd.DataFrame({"region_id": names, "region": names, "direction": "rising", "growth": 0.1, "weeks": 26})
    older = flags(names).assign(week=pd.Timestamp("2021-11-22"))
    both = pd.concat([flags(names).assign(reason=reasons), older], ignore_index=True)
    told = plain(digest(bare(flags=both, trends=rising, period_first=date(2021, 11, 22))))
    assert len(told.split()) < 500
    assert f"* and {300 - FLAGS} more flags in the full report" in told
    assert "300 flags in 300 regions" in told and "and 292 more." in told
    assert "* and 292 more regions in the full report" in told


def test_a_command_is_whole_or_not_there() -> None:
    """A command is never cut: one that is too long is said to stand in the report."""
    for length, there in ((PARAGRAPH - 20, True), (PARAGRAPH + 20, False)):
        command = "incidents report --where " + "x" * length
        told = plain(digest(bare(provenance={"command": command[:length]})))
        assert (command[:length] in told) is there
        assert ("too long to stand here" in told) is not there


@pytest.mark.parametrize(
    "payload", [*report_content.PAYLOADS, "سلێمانی و کەرکووک " * 30, "漢字" * 200, "e\u0301" * 200]
)
def test_text_is_eighty_columns_wide(payload: str) -> None:
    """Whatever the data hold, no line but the command's is wider, by the width that a screen gives each letter."""
    lines = plain(digest(poisoned(payload))).splitlines()
    assert max(width(line) for line in lines if not line.startswith("    ")) <= COLUMNS
    assert max(width(line) for line in lines) > COLUMNS - 10


def test_width_counts_marks_as_nothing_and_wide_letters_as_two() -> None:
    """By hand: a letter with an accent as one, a Chinese letter as two, an isolate as none."""
    assert [width(text) for text in ("abc", "e\u0301", "漢字", f"{ISOLATE}سلێ{END_ISOLATE}", "")] == [3, 1, 4, 3, 0]


def test_folding_loses_no_word() -> None:
    """Folded text, put together again, is the text."""
    sentence = "Diyala: " + " ".join(f"word{number}" for number in range(45))
    told = plain(digest(bare(headline=sentence)))
    assert sentence in " ".join(told.split())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("payload", [*report_content.PAYLOADS, "\x1b[31m\x07\x00\u2066a\u2069\u202d\x85"])
def test_no_letter_steers_a_screen(payload: str, form: str) -> None:
    """No control character and no override of direction comes through, in any form."""
    made = FORMS[form](digest(poisoned(payload), payload))
    inside = made.replace(ISOLATE, "").replace(END_ISOLATE, "").replace("\n", "")
    assert made.count(ISOLATE) == made.count(END_ISOLATE)
    assert not [letter for letter in inside if unicodedata.category(letter) == "Cc"]
    assert not [letter for letter in inside if unicodedata.bidirectional(letter) in STEERING]


@pytest.mark.parametrize("form", FORMS)
def test_names_are_intact_and_kept_to_themselves(form: str) -> None:
    """Arabic and Kurdish names stand whole, joiners included, between marks that keep numbers beside them in place."""
    names = ["سلێمانی", "خانه\u200cقین", "كركوك", "المنطقة 5 الشمالية"]
    made = FORMS[form](digest(bare(flags=flags(names))))
    for name in names:
        assert f"{ISOLATE}{name}{END_ISOLATE}: 9 incidents." in made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anbar 3", "Anbar 3"),
        ("دهوك (+3 %), هەولێر 2.", "<دهوك> (+3 %), <هەولێر> 2."),
        ("a سلێمانی - كركوك b", "a <سلێمانی - كركوك> b"),
        ("كُ", "<كُ>"),
        ("", ""),
    ],
)
def test_only_names_are_isolated(text: str, shown: str) -> None:
    """By hand: numbers, brackets and commas between names belong to the sentence."""
    assert isolated(text).replace(ISOLATE, "<").replace(END_ISOLATE, ">") == shown


ACTIVE = re.compile(r"[`*_\[\]<>|~#!$&\\]|https?://|www\.|@\w", re.IGNORECASE)


@pytest.mark.parametrize("payload", [*report_content.PAYLOADS, "![a](http://b) www.c.org d@e.org [f]: /g", "~~a~~ | b"])
def test_markdown_from_data_is_text(payload: str) -> None:
    """What is left of a text once its escapes are taken away holds nothing that Markdown reads."""
    escaped = marked(re.sub(r"\s+", " ", payload))
    assert not ACTIVE.search(re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped))
    unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped).replace("\u2060", "")
    assert unescaped == isolated(re.sub(r"\s+", " ", payload))


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "23) a", "=== ", "# a", "> a"])
def test_markdown_from_data_begins_no_list_and_no_heading(text: str) -> None:
    """A sentence that starts like a list, a rule or a quotation is a sentence."""
    assert re.match(r"\\|\d+\\", marked(text))


def test_the_structure_of_markdown_is_ours_alone() -> None:
    """A digest full of payloads has one title, and a heading and an item for each of its parts and lines."""
    payload = "\n\n# a\n- b\n```\n" + " ".join(report_content.PAYLOADS)
    told = digest(poisoned(payload))
    headings = re.findall("^(#+) .*", markdown(told), flags=re.M)
    assert headings == ["#", *("##" for block in told.blocks if block.heading)]
    items = sum(len(block.items) for block in told.blocks)
    assert items and len(re.findall(r"^(- |\* |\d+\.)", markdown(told), flags=re.M)) == items


def test_a_fence_is_longer_than_any_run_of_backticks_in_it() -> None:
    """A command cannot end its own code block."""
    made = markdown(digest(bare(provenance={"command": "incidents report --where '````'"})))
    fence = "`" * 7
    assert made.endswith(f"{fence}sh\nincidents report --where '````'\n{fence}\n")


class Tags(HTMLParser):
    """Elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.found |= {(tag, name) for name, _ in attrs} | {(tag, "")}

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


@pytest.mark.parametrize("payload", report_content.PAYLOADS)
def test_html_from_data_is_text(payload: str) -> None:
    """Payloads make no element and no attribute that a digest does not have, and can be read."""
    page = Tags(html(digest(poisoned(payload))))
    assert page.found <= Tags(html(digest(full()))).found
    assert not {"a", "img", "script", "link", "form"} & {tag for tag, _ in page.found}
    assert " ".join(payload.split())[: NAME - 1].replace("\u202e", "") in page.text

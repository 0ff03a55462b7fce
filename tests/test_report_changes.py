"""What changed since the last report: a case worked by hand, laws of the sums, and two real vintages."""

import html
import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.definitions import Definition
from analytics.pipeline import Report, analyse, fresh_store, write_each_region, write_report
from analytics.pipeline.changes import changes_since, compare
from analytics.pipeline.moved import moved
from analytics.report import Changes
from analytics.report.changes import by_region, change_tables
from analytics.settings import Settings
from analytics.store import Store, load, weekly
from tests.desk import CLOCK, FIRST, LAST, Row, add, record
from tests.store_files import at, incident, load_rows, reference, xanadu

pytest_plugins = ["tests.databases"]

OLD, OLDER, WEEK, NEXT = date(2021, 11, 1), date(2021, 11, 8), date(2021, 11, 15), date(2021, 11, 22)
REGIONS = ("Anbar", "Basra", "Diyala", "Kirkuk")
COUNTS = {
    ("Anbar", OLDER): 12, ("Anbar", WEEK): 12, ("Anbar", NEXT): 12, ("Basra", WEEK): 12,
    ("Diyala", WEEK): 5, ("Diyala", NEXT): 15, ("Kirkuk", NEXT): 12,
}  # fmt: skip
"""Incidents of the weeks that are not quiet; all other weeks have one in each region, of one killed each."""
THEN, NOW = at("2021-11-22 12:00"), at("2021-11-29 12:00")
LATER = date(2021, 11, 24)
"""When all revisions became known: after the first report, before the second."""


def known_then() -> Iterator[Row]:
    """One incident a week on Wednesday, known on Thursday, and more in the weeks of `COUNTS`."""
    for number in range((NEXT - FIRST).days // 7 + 1):
        monday = FIRST + timedelta(weeks=number)
        for region in REGIONS:
            for extra in range(COUNTS.get((region, monday), 1)):
                yield row(f"{region}-{monday}-{extra}", monday + timedelta(days=2), region)


def row(name: str, day: date, region: str, known: date | None = None, **more: Any) -> Row:
    """One record, with two wounded and a link unless *more* says otherwise."""
    return record(name, day, region, known) | {"source_url": f"https://example.org/{name}"} | more


def revisions() -> list[Row]:
    """Seven records as they became known between the reports; an eighth is retracted."""
    return [
        row("late", date(2021, 11, 16), "Basra", LATER, killed=5),
        row("Anbar-2021-11-08-0", date(2021, 11, 10), "Anbar", LATER, killed=4),
        row("Kirkuk-2021-11-08-0", date(2021, 11, 17), "Kirkuk", LATER),
        row("Diyala-2021-11-01-0", date(2021, 11, 3), "Kirkuk", LATER),
        row("Anbar-2021-11-15-0", date(2021, 11, 24), "Anbar", LATER),
        row("Basra-2021-11-08-0", date(2021, 11, 10), "Basra", LATER, wounded=3),
        row("Basra-2021-10-25-0", date(2021, 10, 28), "Basra", LATER),
    ]


def retract(store: Store, incident_id: str, known: datetime) -> None:
    """Let the last version of a record be followed by its retraction, as a source that takes it back would."""
    store.run(
        "INSERT INTO incident_version SELECT * EXCLUDE (source_id) REPLACE (version + 1 AS version, $known AS known_from, true AS retracted) "
        "FROM incident_version WHERE incident_id = $id AND known_to IS NULL",
        {"id": incident_id, "known": known},
    )
    store.run(
        "UPDATE incident_version SET known_to = $known WHERE incident_id = $id AND known_to IS NULL AND NOT retracted",
        {"id": incident_id, "known": known},
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report, Report]:
    """The database, and the two reports a week apart, with the revisions loaded between them."""
    folder = tmp_path_factory.mktemp("changes")
    with fresh_store(folder / "desk.duckdb", loaded_at=CLOCK) as store:
        add(store, folder / "then.csv", known_then(), covers=(FIRST, LAST))
        first = write_report(
            store, Definition(settings=Settings()), folder / "first", to=date(2021, 11, 21), as_of=THEN
        )
        add(store, folder / "later.csv", revisions(), covers=(FIRST, LAST))
        retract(store, "desk:Basra-2021-11-01-0", datetime.combine(LATER, datetime.min.time()))
        second = write_report(
            store, Definition(settings=Settings()), folder / "second", to=date(2021, 11, 28), as_of=NOW
        )
    return folder / "desk.duckdb", first, second


@pytest.fixture(scope="module")
def changes(reports: tuple[Path, Report, Report]) -> Changes:
    """What changed from the first report to the second."""
    found = reports[2].content.changes
    assert found is not None
    return found


SENTENCE = (
    "Since the report to 21 Nov 2021, as known at 22 Nov 2021, 12:00 UTC: 1 new episode (Kirkuk), 1 escalated (Diyala), "
    "1 continuing (Anbar), 1 closed (Basra). In the weeks it covered, 5 records revised: killed 5 → 6 "
    "(1 retracted, 2 with another day, 1 with another region); 1 incident with 5 killed added later."
)

EPISODES = [
    # change, region, highest level then and now, first and last week, weeks, closed
    ("new", "Kirkuk", None, "alert", NEXT, NEXT, 1, None),
    ("escalated", "Diyala", "warning", "alert", WEEK, NEXT, 2, None),
    ("continuing", "Anbar", "alert", "alert", OLDER, NEXT, 3, None),
    ("closed", "Basra", "alert", "alert", WEEK, WEEK, 1, NEXT),
]

FIGURES = [
    # week, region; incidents: before, added, revised, other, now; killed likewise. Worked by hand from `revisions`
    (OLD, "Basra", 1, 0, -1, 0, 0, 1, 0, -1, 0, 0),  # retracted
    (OLD, "Diyala", 1, 0, -1, 0, 0, 1, 0, -1, 0, 0),  # it was in Kirkuk
    (OLD, "Kirkuk", 1, 0, 1, 0, 2, 1, 0, 1, 0, 2),
    (OLDER, "Anbar", 12, 0, 0, 0, 12, 12, 0, 3, 0, 15),  # four killed, not one
    (OLDER, "Kirkuk", 1, 0, -1, 0, 0, 1, 0, -1, 0, 0),  # it was a week later
    (WEEK, "Anbar", 12, 0, -1, 0, 11, 12, 0, -1, 0, 11),  # it was a week later, after the weeks of the last report
    (WEEK, "Basra", 12, 1, 0, 0, 13, 12, 5, 0, 0, 17),  # became known later
    (WEEK, "Kirkuk", 1, 0, 1, 0, 2, 1, 0, 1, 0, 2),
]

RECORDS = {
    # record: change, day before and now, region before and now, killed before and now, what changed
    "late": ("added", None, date(2021, 11, 16), None, "Basra", None, 5, ""),
    "Anbar-2021-11-08-0": ("revised", date(2021, 11, 10), date(2021, 11, 10), "Anbar", "Anbar", 1, 4, "killed: 1 → 4"),
    "Kirkuk-2021-11-08-0": (
        "revised", date(2021, 11, 10), date(2021, 11, 17), "Kirkuk", "Kirkuk", 1, 1,
        "occurred_on: 2021-11-10 → 2021-11-17; occurred_until: 2021-11-10 → 2021-11-17",
    ),
    "Diyala-2021-11-01-0": (
        "revised", date(2021, 11, 3), date(2021, 11, 3), "Diyala", "Kirkuk", 1, 1, "admin1: Diyala → Kirkuk",
    ),
    "Anbar-2021-11-15-0": (
        "revised", date(2021, 11, 17), date(2021, 11, 24), "Anbar", None, 1, None,
        "occurred_on: 2021-11-17 → 2021-11-24; occurred_until: 2021-11-17 → 2021-11-24",
    ),
    "Basra-2021-11-01-0": (
        "retracted", date(2021, 11, 3), None, "Basra", None, 1, None, "retracted: false → true",
    ),
}  # fmt: skip


def plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows as tuples, days as dates, whole numbers as such, and None for what is missing."""

    def value(cell: Any) -> Any:
        if pd.isna(cell):
            return None
        if isinstance(cell, pd.Timestamp):
            return cell.date()
        return int(cell) if isinstance(cell, float) and cell.is_integer() else cell

    return [tuple(value(cell) for cell in row) for row in frame.itertuples(index=False)]


def test_the_sentence_is_right(changes: Changes) -> None:
    """New, escalated, continuing and closed episodes, and what was revised apart from what was added, by hand."""
    assert changes.sentence == SENTENCE


def test_the_episodes_are_right(changes: Changes) -> None:
    """Each episode with its change, levels and dates, by hand."""
    columns = ["change", "region", "level_before", "level_now", "first_week", "last_week", "weeks", "closed_week"]
    assert plain(changes.episodes[columns]) == EPISODES


def test_the_figures_are_right(changes: Changes) -> None:
    """Each region-week that moved, before + added + revised = now, by hand; no other is listed."""
    assert plain(changes.figures.drop(columns="region_id")) == FIGURES


def test_the_records_are_right(changes: Changes) -> None:
    """Each record that moved a figure, old and new; those that moved none are counted only."""
    columns = [
        "change",
        "day_before",
        "day_now",
        "region_before",
        "region_now",
        "killed_before",
        "killed_now",
        "changes",
    ]
    assert dict(zip(changes.records["source_id"], plain(changes.records[columns]), strict=True)) == RECORDS
    assert changes.records["source_id"].tolist()[0] == "late"
    assert changes.records["source_url"].iloc[0] == "https://example.org/late"
    assert changes.unmoving == 2  # other wounded; another day of the same week
    assert changes.settings.empty
    assert changes.caveats == ()


def test_the_box_is_right(reports: tuple[Path, Report, Report]) -> None:
    """The page shows the sentence and each number of the tables, in the section that the menu leads to."""
    page = reports[2].path.read_text(encoding="utf-8")
    section = page[page.index('<section id="changed"') :]
    section = section[: section.index("</section>")]
    words = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section)))
    assert SENTENCE in words
    assert "Figures that moved, by region" in words
    assert "All together −2 +1 0 +1 +5 0" in words, "the sums of FIGURES: one retracted, one moved out, one added"
    assert "new Kirkuk incidents alert 22 Nov 2021" in words
    assert "escalated Diyala incidents alert warning then 15 Nov 2021" in words
    assert "10 Nov 2021 → 17 Nov 2021" in words
    assert "2 other records changed without moving a figure" in words
    assert 'href="https://example.org/late"' in section


KIRKUK = (
    "Since the report to 21 Nov 2021, as known at 22 Nov 2021, 12:00 UTC: 1 new episode (Kirkuk). In the weeks it covered, "
    "2 records revised: killed 1 → 2 (1 with another day)."
)
"""One record came from Diyala, where the one killed counted before; another is of another week. By hand."""


def test_the_boxes_of_regions_together_are_the_countrys(reports: tuple[Path, Report, Report]) -> None:
    """Each region has its own episodes, figures and records, in each week they sum to the country's, and nothing is left over."""
    with Store(reports[0], read_only=True) as store:
        analysis = analyse(store, Settings(), to=date(2021, 11, 28), as_of=NOW)
        comparison = compare(store, "weekly", analysis)
    whole = comparison.whole
    boxes = {region: comparison.of_region(region) for region in analysis.panel.region_ids}
    for name, order in (("episodes", ["region_id", "episode_id"]), ("figures", ["region_id", "week"])):
        parts = pd.concat([getattr(box, name) for box in boxes.values()])
        both = [frame.sort_values(order).reset_index(drop=True) for frame in (parts, getattr(whole, name))]
        pd.testing.assert_frame_equal(*both, check_dtype=False)
    told = pd.concat([box.records for box in boxes.values()])
    assert set(told["incident_id"]) == set(whole.records["incident_id"])
    assert told["incident_id"].value_counts()["desk:Diyala-2021-11-01-0"] == 2, (
        "in the region it left, and the one it is in"
    )
    assert sum(box.unmoving for box in boxes.values()) == whole.unmoving == 2
    assert boxes["IQ-KI"].sentence == KIRKUK
    assert boxes["IQ-NA"].sentence.endswith(
        "no episode began, went on or ended. In the weeks it covered, no figure moved."
    )


def test_the_page_of_a_region_has_its_own_box(reports: tuple[Path, Report, Report], tmp_path: Path) -> None:
    """Pages of regions say what changed there and nowhere else; their index says what changed in all."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(reports[0].read_bytes())
    with Store(path) as store:
        definition = Definition(settings=Settings(weeks=2), formats=("light",))
        made = write_each_region(store, definition, tmp_path, to=date(2021, 11, 28), as_of=NOW)
    page = made.pages["IQ-KI"].read_text(encoding="utf-8")
    assert KIRKUK in page and "Basra-2021-11-01-0" not in page
    assert SENTENCE in made.path.read_text(encoding="utf-8")
    with Store(path, read_only=True) as store:
        (query,) = re.findall(r"SELECT \* FROM incident_changes[^<]*", html.unescape(page))
        listed = {row[0] for row in store.rows(query)}
    assert "desk:late" in listed and len(listed) == 8, "the query shown lists all that changed"


def test_the_first_report_has_nothing_to_compare_with(reports: tuple[Path, Report, Report]) -> None:
    """It says so, and that the log begins with it."""
    found = reports[1].content.changes
    assert found is not None
    assert found.since == ""
    assert found.sentence.startswith("No earlier report called weekly, of this level, measure and filter, is recorded")
    assert found.sentence.endswith("the log has no run before this one.")
    assert set(change_tables(found).values()) == {None}


def test_another_reports_run_is_not_the_last(reports: tuple[Path, Report, Report], tmp_path: Path) -> None:
    """A report of another name, level or filter compares with its own kind, and says since when the log runs."""
    with Store(reports[0], read_only=True) as store:
        analysis = analyse(store, Settings(), to=date(2021, 11, 28), as_of=NOW)
        assert changes_since(store, "weekly", analysis).sentence == SENTENCE
        for name, settings in (("monthly", Settings()), ("weekly", Settings(where="killed > 0"))):
            other = analyse(store, settings, to=date(2021, 11, 28), as_of=NOW)
            found = changes_since(store, name, other)
            assert found.sentence.endswith("the log runs since the report to 21 Nov 2021.")


def test_other_settings_are_said(reports: tuple[Path, Report, Report]) -> None:
    """Options that differ from the last report's are listed with both values, and no others."""
    with Store(reports[0], read_only=True) as store:
        analysis = analyse(store, Settings(policy={"watch_q": 0.2}, weeks=12), to=date(2021, 11, 28), as_of=NOW)
        settings = changes_since(store, "weekly", analysis).settings
    assert plain(settings) == [("policy.watch_q", "0.10", "0.20"), ("weeks", "13", "12")]


def test_a_history_that_was_rewritten_is_said(reports: tuple[Path, Report, Report], tmp_path: Path) -> None:
    """Where records of the time of the last report were loaded after it, its figures are not what they were, and it says so."""
    path = tmp_path / "own.duckdb"
    path.write_bytes(reports[0].read_bytes())
    with Store(path) as store:
        add(store, tmp_path / "old.csv", [row("old", OLD, "Basra")], covers=(FIRST, LAST))
        found = changes_since(store, "weekly", analyse(store, Settings(), to=date(2021, 11, 28), as_of=NOW))
    assert len(found.caveats) == 1
    assert found.sentence == SENTENCE


def test_a_muted_episode_is_not_counted_as_new(reports: tuple[Path, Report, Report], tmp_path: Path) -> None:
    """It is listed, with the reason and the end, and counted apart."""
    from analytics.store import add_mute

    path = tmp_path / "own.duckdb"
    path.write_bytes(reports[0].read_bytes())
    with Store(path) as store:
        add_mute(store, "IQ-KI", starts_on=NEXT, until=date(2022, 1, 2), reason="drill", at=NOW)
        analysis = analyse(store, Settings(), to=date(2021, 11, 28), as_of=NOW)
        found = changes_since(store, "weekly", analysis)
    assert (
        ": 1 episode escalated (Diyala), 1 continuing (Anbar), 1 closed (Basra), 1 muted (Kirkuk). In" in found.sentence
    )
    assert found.episodes["muted"].tolist() == ["until 2 Jan 2022: drill", "", "", ""]


def edits(seed: int) -> tuple[list[Row], list[Row]]:
    """Records known on 1 March, and what became known of them and of others until 1 April."""
    draw = random.Random(seed)

    def some(name: int, known: str) -> Row:
        return incident(
            str(name),
            str(date(2020, 1, 6) + timedelta(days=draw.randrange(50))),
            known_at=at(known),
            admin1=draw.choice(["North", "South", "Nowhere"]),
            admin2=draw.choice(["Hill", "Dale", ""]),
            killed=draw.choice([0, 1, 5, None]),
            tactic=draw.choice(["IED", "raid"]),
            date_precision=draw.choice(["day", "day", "day", "week", "month"]),
        )

    then = [some(number, "2020-03-01") for number in range(40)]
    later = [some(draw.randrange(60), f"2020-03-{draw.randrange(2, 30):02}") for _ in range(25)]
    unique = {(change["source_id"], change["known_at"]): change for change in later}
    return then, list(unique.values())


CASES = [
    {},
    {"where": "tactic = 'IED'"},
    {"level": "country"},
    {"level": "admin2"},
    {"level": "both"},
    {"dates": "spread"},
]


@pytest.mark.parametrize(("seed", "options"), list(enumerate(CASES)))
def test_what_moved_adds_up(tmp_path: Path, seed: int, options: dict[str, str]) -> None:
    """Under random edits, what was then and what records were added or revised make what is now, and nothing else does.

    The parts follow from records one by one, then and now from `weekly`: two ways to the same sums.
    """
    then, later = edits(seed)
    last = date(2020, 2, 16)
    with xanadu(tmp_path / "db") as store:
        members = [{"group_id": "both", "group": "Both", "region_id": name} for name in ("XA-N/hill", "XA-S/dale")]
        reference(store, tmp_path, "regions", members)
        covers = (date(2020, 1, 6), date(2020, 3, 1))
        load_rows(store, tmp_path, then, covers=covers, known_at=at("2020-03-01"))
        load_rows(store, tmp_path, later, covers=covers, known_at=at("2020-03-30"))
        for (name,) in store.rows("SELECT incident_id FROM incidents ORDER BY 1 LIMIT 3"):
            retract(store, name, at("2020-03-30"))
        settings = Settings(**options)
        found = moved(store, settings, since=at("2020-03-01 12:00"), now=at("2020-04-01"), last=last)
        frames = [
            weekly(
                store,
                level=settings.level,
                where=settings.where,
                dates=settings.dates,
                measure=measure,
                last=last,
                as_of=moment,
            )
            for measure in ("incidents", "killed")
            for moment in (at("2020-03-01 12:00"), at("2020-04-01"))
        ]
    figures = found.figures.set_index(["week", "region_id"])
    assert len(figures) > 3
    assert (figures[["incidents_other", "killed_other"]] == 0).all(axis=None)
    for number, measure in enumerate(("incidents", "killed")):
        before, now = (frame.set_index(["week", "region_id"])["value"].fillna(0) for frame in frames[2 * number :][:2])
        moves = now.sub(before, fill_value=0)
        ours = figures[f"{measure}_added"] + figures[f"{measure}_revised"]
        index = moves.index.union(ours.index)
        # atol: weekly rounds to nine decimals
        difference = moves.reindex(index, fill_value=0) - ours.reindex(index, fill_value=0)
        assert difference.abs().max() < 1e-6
    for region, mine in figures.groupby("region_id"):
        part = found.of_regions((region,))
        sums = part.records["killed_now"].fillna(0).sum() - part.records["killed_before"].fillna(0).sum()
        assert sums == pytest.approx((mine["killed_added"] + mine["killed_revised"]).sum(), abs=1e-6)
    listed = found.records["killed_now"].fillna(0).sum() - found.records["killed_before"].fillna(0).sum()
    whole = by_region(found.figures).iloc[-1]
    assert listed == pytest.approx(whole["killed_added"] + whole["killed_revised"], abs=1e-6)


def test_nothing_known_since_moves_nothing(reports: tuple[Path, Report, Report]) -> None:
    """Between the same two knowledge times no figure moves, whatever comes later in the database."""
    with Store(reports[0], read_only=True) as store:
        found = moved(store, Settings(), since=THEN, now=THEN, last=date(2021, 11, 21))
    assert (len(found.figures), len(found.records), found.unmoving) == (0, 0, 0)


def test_weeks_that_were_not_reported_on_are_coverage(tmp_path: Path) -> None:
    """Where coverage reaches further than it did, figures of known records appear as moved by coverage, not by revision."""
    with xanadu(tmp_path / "db") as store:
        rows = [incident(str(number), f"2020-01-{7 + number:02}", killed=1) for number in range(20)]
        load_rows(store, tmp_path, rows, covers=(date(2020, 1, 6), date(2020, 1, 19)), known_at=at("2020-02-01"))
        load_rows(store, tmp_path, rows, covers=(date(2020, 1, 6), date(2020, 1, 26)), known_at=at("2020-03-01"))
        found = moved(store, Settings(), since=at("2020-02-02"), now=at("2020-03-02"), last=date(2020, 1, 26))
    north = found.figures.query("region_id == 'XA-N'")
    assert plain(north[["week", "incidents_added", "incidents_revised", "incidents_other", "incidents_now"]]) == [
        (date(2020, 1, 20), 0, 0, 7, 7)
    ]
    assert found.records.empty


def test_two_real_vintages(tmp_path: Path, shared_data: Path) -> None:
    """UCDP's Ukraine as known on two dates: all that was revised or added is in the box, and the sums are those of `weekly`."""
    known = [datetime(2023, 2, 3), datetime(2023, 6, 23)]  # noqa: DTZ001 - the store's times are naive UTC
    with fresh_store(tmp_path / "ukraine.duckdb", loaded_at=CLOCK) as store:
        for moment in known:
            path = shared_data / f"ucdp_ged_ukraine_known_{moment:%Y-%m-%d}.csv"
            covers = (date(2014, 1, 6), date(2021, 12, 26))
            load(store, path, loaded_at=CLOCK, known_at=moment, covers=covers)
            made = write_report(
                store, Definition(settings=Settings()), tmp_path, as_of=moment + timedelta(days=1), to=covers[1]
            )
        totals = [
            weekly(store, measure=measure, last=covers[1], as_of=moment)["value"].sum()
            for measure in ("incidents", "killed")
            for moment in known
        ]
    found = made.content.changes
    assert found is not None
    whole = by_region(found.figures).iloc[-1]
    assert whole["incidents_added"] + whole["incidents_revised"] == totals[1] - totals[0] > 50
    assert whole["killed_added"] + whole["killed_revised"] == totals[3] - totals[2]
    assert (whole["incidents_other"], whole["killed_other"]) == (0, 0)
    revised, added = (found.records["change"] != "added").sum(), (found.records["change"] == "added").sum()
    assert f"{revised} records revised" in found.sentence
    assert f"{added} incidents with" in found.sentence
    tables = change_tables(found)
    assert tables["largest"] is not None and len(tables["largest"].rows) == 12
    assert tables["records"] is not None and len(tables["records"].rows) == len(found.records)

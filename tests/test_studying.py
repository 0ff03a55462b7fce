"""From a store to a study: which events, regions and dates a question means, and the page that shows the answer."""

import shlex
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.models.event_study import EventStudy, StudyEvent, StudyOptions, StudyResult
from analytics.panel import Panel
from analytics.pipeline.study_page import study_command, study_page
from analytics.pipeline.studying import StudyQuestion, dated_events, study_events, study_panel
from analytics.report import render
from analytics.settings import Settings
from analytics.store import Store
from tests.desk import incidents

pytest_plugins = ["tests.databases"]

QUICK = StudyOptions(placebo=20, lead=6)
ATTACKS = Settings(where="tactic = 'hit-and-run'")
ELECTION = "iq-election-2021-10"


def ask(path: Path, settings: Settings = ATTACKS, **question: object) -> StudyResult:
    """The study of a question in a database."""
    with Store(path, read_only=True) as store:
        return study_events(store, settings, StudyQuestion(**{"options": QUICK, **question}))  # type: ignore[arg-type]


def test_a_question_is_one_question() -> None:
    """Events, a kind and dates exclude each other, and one of them must be given."""
    for wrong in ({}, {"events": ("a",), "kind": "election"}, {"kind": "election", "dates": (date(2021, 1, 1),)}):
        with pytest.raises(OptionError, match="say what to study by one of"):
            StudyQuestion(**wrong)


def test_a_group_is_studied_beside_regions_of_another_level(simulated: Path) -> None:
    """A group named as a region is counted as its own level counts it, and governorates compare with it."""
    alone = ask(simulated, Settings(level="disputed-territories", where=ATTACKS.where), events=(ELECTION,))
    beside = ask(simulated, events=(ELECTION,), regions=("disputed-territories",))
    assert beside.headline()["observed"] == alone.headline()["observed"] > 0
    assert beside.headline()["rate_ratio"] == pytest.approx(alone.headline()["rate_ratio"], rel=1e-12)
    against = ask(simulated, events=(ELECTION,), regions=("disputed-territories",), against=("Anbar", "IQ-BG"))
    assert against.against == ("IQ-AN", "IQ-BG")
    assert "the disputed territories" in against.sentence()


def test_regions_are_known_by_name_in_any_case(simulated: Path) -> None:
    """Names, ids and districts of another level mean the regions they name, once each."""
    result = ask(simulated, Settings(), events=(ELECTION,), regions=("diyala", "IQ-DI", "Kirkuk"))
    assert result.regions == ("IQ-DI", "IQ-KI")


@pytest.mark.parametrize(
    ("regions", "against", "message"),
    [
        (("Diyalla",), (), "region 'Diyalla' is neither a region nor a region group; did you mean 'Diyala'"),
        (("disputed-territories",), ("IQ-DI",), "share ground"),
        ((), ("disputed-territories",), "share ground"),
    ],
)
def test_regions_that_cannot_be_meant_say_why(
    simulated: Path, regions: tuple[str, ...], against: tuple[str, ...], message: str
) -> None:
    """An unknown name gets the nearest known one; one piece of ground cannot be on both sides."""
    with pytest.raises(OptionError, match=message):
        ask(simulated, events=(ELECTION,), regions=regions, against=against)


def test_only_counts_are_studied(simulated: Path) -> None:
    """A sum of casualties is refused with what to study instead."""
    with pytest.raises(OptionError, match="judge 'incidents', with --where"):
        ask(simulated, Settings(measures=("killed",)), events=(ELECTION,))


def test_other_dated_events_are_those_of_its_regions(simulated: Path) -> None:
    """The operation of November cuts the weeks of the disputed territories, and its letter is in their chart; Basra's run on."""
    disputed = ask(simulated, events=(ELECTION,), regions=("disputed-territories",))
    assert disputed.headline()["weeks"] == 3
    assert [one.event_id for _, one in disputed.dated(ELECTION)] == ["iq-operation-2021-11"]
    basra = ask(simulated, Settings(), events=(ELECTION,), regions=("Basra",))
    assert basra.headline()["weeks"] in (0, 26)
    assert basra.dated(ELECTION) == []


def test_a_date_that_is_an_event_is_studied_once(simulated: Path) -> None:
    """Asked by date, an event of that day is not counted beside itself."""
    by_date = ask(simulated, dates=(date(2021, 10, 10),), regions=("disputed-territories",))
    by_name = ask(simulated, events=(ELECTION,), regions=("disputed-territories",))
    assert by_date.headline()["rate_ratio"] == by_name.headline()["rate_ratio"]
    assert ELECTION not in {one.event_id for one in by_date.others}


def test_dated_events_come_with_the_panels_regions(simulated: Path) -> None:
    """An election of the whole country concerns every region of the panel, an operation those that share its ground."""
    with Store(simulated, read_only=True) as store:
        panel = Panel.from_store(store)
        listed = {event.event_id: event for event in dated_events(store, panel)}
    assert set(listed[ELECTION].regions) == set(panel.region_ids)
    assert "IQ-BA" not in listed["iq-operation-2021-11"].regions
    assert "IQ-DI" in listed["iq-operation-2021-11"].regions


def hostile_result() -> StudyResult:
    """A study whose names would be code, formulas and markup if they could."""
    name = "</script><script>alert(1)</script>=1+1"
    weeks = np.datetime64("2015-01-05") + 7 * np.arange(312)
    values = np.random.default_rng(1).poisson(4.0, size=(312, 1)).astype(float)
    panel = Panel(
        weeks=weeks,
        region_ids=("R",),
        region_names=(name,),
        values=values,
        status=np.zeros((312, 1), dtype=np.uint8),
        where=name,
        simulated=True,
    )
    event, other = (
        StudyEvent(event_id=f"{name}{week}", name=name, starts_on=weeks[week].astype(object)) for week in (250, 255)
    )
    return EventStudy(QUICK).fit(panel, [event], others=[other])


def test_the_page_shows_the_study_and_nothing_else_runs() -> None:
    """Sentence, chart, letter and table of every week are in the page, equal studies make equal bytes, and names stay text."""
    content, again = study_page(hostile_result()), study_page(hostile_result())
    page = render(content)
    assert page == render(again)
    assert "<script>alert" not in page
    assert [extra.heading.split(",")[-1] for extra in content.extras] == [" 21 October 2019", "All terms"]
    section = content.extras[0]
    assert section.chart is not None
    assert section.weeks is not None
    assert list(section.weeks["k"]) == list(range(-5, 27))
    assert [letter for letter, _ in section.marks] == ["A"]
    assert "(week 6)" in section.marks[0][1]
    assert {shape.name for shape in section.chart.layout.shapes} == {"none", "event", "mark-A"}
    assert content.simulated
    assert "Simulated." in page


def test_a_stack_has_a_section_for_all_and_for_each(simulated: Path) -> None:
    """The page of several events begins with all of them together; an event that cannot be studied has its reason, and no chart."""
    result = ask(simulated, kind="election", regions=("disputed-territories",))
    content = study_page(result)
    assert content.headline.startswith(result.sentence())
    assert len(content.extras) == len(result.events) + 2
    drawn = {extra.heading: extra.chart is not None for extra in content.extras[1:-1]}
    assert drawn["Parliamentary election of October 2021, 10 October 2021"]
    assert not drawn["Parliamentary election of March 2010, 7 March 2010"]
    assert "cannot be said" in content.extras[1].text + content.extras[2].text


def test_the_command_of_a_study_makes_it_again(simulated: Path) -> None:
    """The command on the page, typed again, prints the same terms."""
    result = ask(simulated, events=(ELECTION,), regions=("disputed territories",), others=(date(2021, 12, 1),))
    command = study_command(result)
    assert command.startswith(f"incidents study --event {ELECTION} --regions disputed-territories --other 2021-12-01")
    again = incidents("--db", simulated, *shlex.split(command)[1:], "--format", "csv")
    assert again.exit_code == 0, again.stderr
    table = result.frame()
    line = again.stdout.splitlines()[1].split(",")
    assert float(line[6]) == pytest.approx(table["rate_ratio"].iloc[0], rel=1e-9)


def test_counts_of_ones_own_need_no_store() -> None:
    """A panel and a date are enough; regions are the panel's own."""
    weeks = np.datetime64("2016-01-04") + 7 * np.arange(300)
    values = np.random.default_rng(2).poisson(5.0, size=(300, 2)).astype(float)
    panel = Panel(
        weeks=weeks,
        region_ids=("north", "south"),
        region_names=("north", "south"),
        values=values,
        status=np.zeros((300, 2), dtype=np.uint8),
    )
    question = StudyQuestion(dates=(date(2020, 6, 3),), regions=("north",), options=QUICK)
    assert study_panel(panel, question).headline()["regions"] == "north"

"""A study as a page: its sentences, its event-time charts, and the tables and commands behind them."""

import shlex
from dataclasses import fields
from string import ascii_uppercase
from typing import Any

from analytics import __version__
from analytics.definitions import Definition
from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.figures.study import study_figure
from analytics.models.event_study import StudyEvent, StudyOptions, StudyResult
from analytics.panel import Panel
from analytics.pipeline.analysis import Analysis
from analytics.pipeline.studying import StudyQuestion, study_events
from analytics.report import Extra, ReportContent
from analytics.settings import build
from analytics.store import Store
from analytics.weeks import as_date

CHART = "Times what was expected"
WEEK_COLUMNS = (
    "k", "rate_ratio", "low", "high", "p_value", "p_placebo", "placebo_low", "placebo_high", "observed", "expected", "note",
)  # fmt: skip
TERM_COLUMNS = (
    "event", "scope", "regions", "term", "rate_ratio", "low", "high", "wide_low", "wide_high", "p_value", "p_placebo",
    "placebo_dates", "independent_dates", "larger_dates", "left_out", "p_placebo_all", "weeks", "observed", "expected", "note",
)  # fmt: skip
METHODS = (
    (
        "How it is made",
        "The counts of the weeks before the event, and the season of the years before them, say what to expect after it. "
        "A dot is a week's count over what was expected (the rate ratio) with its interval; 1 is no change. "
        "The grey band is where the same week falls after other dates, each studied in the same way. "
        "Weeks from a later dated event on are not counted and not drawn.\n\n"
        "An interval takes the weeks before for what would have gone on. Where the level of violence wanders by itself, it "
        "is too narrow: then read the one by the spread of other dates, and the placebo p.",
    ),
)


def study_page(result: StudyResult) -> ReportContent:
    """What the page of *result* shows: all events together first, then one by one."""
    panel, said = result.panel, result.sentences()
    weeks = [study_section(result, name, words if number else "") for number, (name, words) in enumerate(said.items())]
    terms = result.frame()
    terms = terms[terms["k"].isna()][list(TERM_COLUMNS)]
    table = Extra(
        heading="All terms",
        text="after: the average of the weeks after; early and late: of the first of them and of the rest; level and slope: "
        "where it began and the factor by which it changed a week; pre-trend: the same factor in the weeks before.",
        table=terms,
        command=study_command(result),
    )
    caveats = "\n\n".join(panel.caveats)
    return ReportContent(
        title="What came after",
        period_first=as_date(panel.weeks[0]),
        period_last=panel.to or as_date(panel.weeks[-1] + 6),
        to=panel.to or as_date(panel.weeks[-1] + 6),
        as_of=panel.as_of,
        headline=f"{next(iter(said.values()))}\n\n{caveats}".strip(),
        simulated=panel.simulated,
        filters=(f"only incidents where {panel.where}",) if panel.where else (),
        extras=(*weeks, table),
        methods=METHODS,
        settings={name: getattr(result.options, name) for name in result.options.__dataclass_fields__},
        provenance={"version": f"incident-analytics {__version__}", "command": study_command(result)},
    )


def study_parts(store: Store, definition: Definition, analysis: Analysis) -> tuple[tuple[Extra, ...] | None, str]:
    """The studies that *definition* asks for as parts of a report of *analysis*, and why there are none, or "".

    Of each question the events of the charted weeks, after all of its events together. None where no study is asked for.
    """
    if not definition.events or "studies" not in definition.sections:
        return None, ""
    parts: list[Extra] = []
    reasons: list[str] = []
    for asked in definition.events:
        question = StudyQuestion(events=asked.ids, kind=asked.kind, options=build(StudyOptions, asked.study, "study"))
        try:
            result = study_events(store, analysis.settings, question, to=analysis.panel.to, as_of=analysis.panel.as_of)
        except OptionError as error:
            reasons.append(str(error))
            continue
        parts += _charted(result, analysis)
    return tuple(parts), "; ".join(reasons)


def _charted(result: StudyResult, analysis: Analysis) -> list[Extra]:
    """All events together, where there are several, and those of the charted weeks."""
    since = as_date(analysis.panel.weeks[-analysis.settings.chart_weeks :][0])
    late = {one.event_id for one in result.events if since <= one.starts_on <= (analysis.panel.to or one.starts_on)}
    every = {one.event_id for one in result.events}
    return [
        study_section(result, name, words)
        for name, words in result.sentences().items()
        if name in late or name not in every
    ]


def study_section(result: StudyResult, name: str, words: str) -> Extra:
    """The section of one event (or `stacked`) of *result*: *words*, the event-time chart, and its weeks."""
    rows = result.frame()
    rows = rows[(rows["event"] == name) & (rows["scope"] == "total") & rows["k"].notna()]
    rows = rows.assign(note=rows["note"].where(rows["rate_ratio"].isna(), ""))
    event = next((one for one in result.events if one.event_id == name), None)
    beside = result.dated(name) if event else []
    marks = tuple((week, _letter(number)) for number, (week, _) in enumerate(beside))
    heading = _heading(event) if event else "All events together"
    figure = study_figure(rows, title=CHART, simulated=result.panel.simulated, marks=marks) if len(rows) else None
    return Extra(
        heading=heading,
        text=words,
        chart=figure,
        marks=tuple(
            (letter, f"{one.name or one.event_id}, {numbers.day(one.starts_on)} (week {week})")
            for (week, one), (_, letter) in zip(beside, marks, strict=True)
        ),
        weeks=rows[list(WEEK_COLUMNS)] if len(rows) else None,
        sql=counts_sql(result),
        command=study_command(result),
    )


def _letter(number: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    return (ascii_uppercase[number // 26 - 1] if number >= 26 else "") + ascii_uppercase[number % 26]


def _heading(event: StudyEvent) -> str:
    day = f"{event.starts_on.day} {event.starts_on:%B %Y}"
    return f"{event.name}, {day}" if event.name else day


def counts_sql(result: StudyResult) -> str:
    """The query of the counts that *result* is made of; "" where they did not come from a database."""
    panel = result.panel
    if panel.measure == "count":
        return ""
    where = f', "where" := ({panel.where})' if panel.where else ""
    return f"SELECT week, region, value, status FROM weekly('{panel.level}', '{panel.measure}'{where}) ORDER BY week, region"  # noqa: S608 - shown to readers


def study_command(result: StudyResult) -> str:
    """The command that makes *result* again."""
    panel = result.panel
    words: list[Any] = ["incidents", "study"]
    for event in result.events:
        words += ["--date" if event.event_id == str(event.starts_on) else "--event", event.event_id]
    words += ["--regions", ",".join(result.regions)] if result.regions else []
    words += ["--against", ",".join(result.against)] if result.against else []
    words += [word for one in result.others if one.event_id.startswith("other-") for word in ("--other", one.starts_on)]
    words += ["--counts", panel.source] if panel.measure == "count" else _counted(panel)
    for option in fields(StudyOptions):
        value = getattr(result.options, option.name)
        words += ["--set", f"{option.name}={value}"] if value != option.default else []
    return shlex.join(map(str, words))


def _counted(panel: Panel) -> list[Any]:
    """The options that count *panel* again."""
    first = as_date(panel.weeks[0])
    words = ["--level", panel.level, *(["--where", panel.where] if panel.where else []), "--to", panel.to]
    words += [] if first.weekday() == 0 else ["--week-start", f"{first:%A}".lower()]
    return words + (["--as-of", panel.as_of] if panel.as_of else [])

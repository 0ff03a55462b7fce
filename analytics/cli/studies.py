"""The command `incidents study`: what came after a dated event, and whether other dates show as much."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import pairs, reading, say, settings_of, show
from analytics.cli.group import main
from analytics.cli.options import Day, options
from analytics.errors import OptionError

if TYPE_CHECKING:
    from analytics.models.event_study import StudyResult
    from analytics.pipeline.studying import StudyQuestion


@main.command()
@click.option("--event", "event_ids", multiple=True, metavar="ID", help="Dated event to study; several are stacked.")
@click.option("--kind", help="Study all dated events of a kind, as election: one by one, and stacked.")
@click.option("--date", "days", multiple=True, type=Day(), help="Any date to study; several are stacked.")
@click.option(
    "--regions",
    "studied",
    help="Regions or groups to study, ids or names, by commas.  [default: those that the event concerns]",
)
@click.option("--against", help="Comparison regions or groups, by commas.  [default: none]")
@click.option(
    "--other", "further", multiple=True, type=Day(), help="Date of an event that the database lacks; may be repeated."
)
@click.option("--chart", type=click.Path(path_type=Path), help="Write the event-time chart to this HTML file.")
@options("level", "measure", "where", "tag", "source", "week_start", "to", "as_of", "set", "counts")
def study(form: str, chart: Path | None, **given: Any) -> None:
    """Say what came after a dated event, against what the weeks before lead one to expect and against other dates.

    Terms: after, the average rate ratio of the weeks after; early and late, that of the first 4 and of the rest;
    level, in the first week; slope, its factor per week; pre-trend, the same for the weeks before; and, but for
    tables, every week from -26 to 26.

    \b
    Examples:
      incidents study --event iq-election-2018-05
      incidents study --kind election --level country --chart elections.html
      incidents study --date 2014-06-10 --regions Nineveh --against Basra,Maysan
      incidents study --event iq-election-2021-10 --regions disputed-territories
      incidents study --counts weekly.csv --date 2021-10-10 --set after=13 --set later=keep
    """  # noqa: D301 - click's paragraph mark
    result = _answer(given, _question(given))
    if form == "json":
        click.echo(as_json(result), nl=False)
    else:
        say(given, *result.sentences().values())
        show(result.for_reading() if form in ("table", "markdown") else result.frame(), form)
    if chart:
        say(given, f"chart: {_draw(result, chart)}")
    say(given, *(["the records are simulated"] if result.panel.simulated else []), *result.panel.caveats)


def _question(given: dict[str, Any]) -> "StudyQuestion":
    from analytics.models.event_study import StudyOptions
    from analytics.pipeline.studying import StudyQuestion
    from analytics.settings import build

    if given["counts"] and not given["days"]:
        raise OptionError("--counts has no dated events; name the date with --date")
    return StudyQuestion(
        events=given["event_ids"],
        kind=given["kind"] or "",
        dates=given["days"],
        regions=_names(given["studied"]),
        against=_names(given["against"]),
        others=given["further"],
        options=build(StudyOptions, pairs(given["sets"], "--set"), "study"),
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(str.strip, (text or "").split(",")))))


def _answer(given: dict[str, Any], question: "StudyQuestion") -> "StudyResult":
    from analytics.panel import Panel
    from analytics.pipeline.studying import study_events, study_panel

    settings = settings_of(given)
    if given["counts"]:
        return study_panel(Panel.from_counts(given["counts"]), question)
    with reading(given) as store:
        return study_events(store, settings, question, to=given["to"], as_of=given["as_of"])


def _draw(result: "StudyResult", path: Path) -> Path:
    from analytics.pipeline.study_page import study_page
    from analytics.report import write

    return write(study_page(result), path)


def as_json(result: "StudyResult") -> str:
    """The sentence, all sentences, the placebo dates in short, and every term, as one JSON object."""
    from analytics import output

    said = list(result.sentences().values())
    text = io.StringIO()
    output.write(result.frame(), "json", text)
    headline = result.headline()
    placebo = {
        "dates": _whole(headline["placebo_dates"]),
        "independent": _number(headline["independent_dates"]),
        "larger": _whole(headline["larger_dates"]),
        "left_out": _whole(headline["left_out"]),
        "p": _number(headline["p_placebo"]),
        "p_with_left_out": _number(headline["p_placebo_all"]),
        "seed": result.options.seed,
    }
    parts = {
        "sentence": json.dumps(said[0], ensure_ascii=False),
        "sentences": json.dumps(said, ensure_ascii=False),
        "placebo": json.dumps(placebo),
        "terms": text.getvalue().rstrip("\n"),
    }
    return "{" + ",\n".join(f'"{name}": {value}' for name, value in parts.items()) + "}\n"


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _whole(value: Any) -> int | None:
    from pandas import isna

    return None if isna(value) else int(value)

"""The command `incidents study`: what came after a dated event, and whether other dates show as much."""

import io
import json
import re
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import pairs, panel_of, reading, say, settings_of, show
from analytics.cli.group import main
from analytics.cli.options import Day, options
from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

    from analytics.models.event_study import StudyEvent, StudyResult
    from analytics.panel import Panel

SHOWN = (
    "event", "scope", "regions", "term", "rate_ratio", "low", "high", "wide_low", "wide_high", "p_value", "p_placebo",
    "placebo_dates", "weeks", "observed", "expected", "note",
)  # fmt: skip


@main.command()
@click.option("--event", "event_ids", multiple=True, metavar="ID", help="Dated event to study; several are stacked.")
@click.option("--kind", help="Study all dated events of a kind, as election: one by one, and stacked.")
@click.option("--date", "days", multiple=True, type=Day(), help="Any date to study; several are stacked.")
@click.option("--regions", help="Regions to study, by commas.  [default: those that the event concerns]")
@click.option("--against", help="Comparison regions, by commas.  [default: none]")
@click.option(
    "--other", "further", multiple=True, type=Day(), help="Date of an event that the database lacks; may be repeated."
)
@options("level", "where", "source", "week_start", "to", "as_of", "set", "counts")
def study(form: str, **given: Any) -> None:
    """Say what came after a dated event, against what the weeks before lead one to expect and against other dates.

    Terms: after, the average rate ratio of the weeks after; level, in the first week; slope, its factor per week;
    pre-trend, the same for the weeks before; and, but for tables, every week from -26 to 26.

    \b
    Examples:
      incidents study --event iq-election-2018-05
      incidents study --kind election --level country --format json
      incidents study --date 2014-06-10 --regions IQ-NI,IQ-SD --against IQ-BA,IQ-MA
      incidents study --counts weekly.csv --date 2021-10-10 --set after=13 --set later=keep
    """  # noqa: D301 - click's paragraph mark
    from analytics.models.event_study import EventStudy, StudyOptions
    from analytics.settings import build

    _one_question(given)
    settings = settings_of(given)
    chosen = build(StudyOptions, pairs(given["sets"], "--set"), "study")
    panel = panel_of(given, settings)
    events, others = _events(given, panel)
    result = EventStudy(chosen).fit(
        panel, events, others=others, regions=_names(given["regions"]), against=_names(given["against"])
    )
    what = things(settings.where)
    if form == "json":
        click.echo(as_json(result, what), nl=False)
    else:
        say(given, *_sentences(result, what))
        show(_for_reading(result.frame()) if form in ("table", "markdown") else result.frame(), form)
    say(given, *(["the records are simulated"] if panel.simulated else []), *panel.caveats)


def _one_question(given: dict[str, Any]) -> None:
    asked = [name for name in ("event_ids", "kind", "days") if given[name]]
    if len(asked) != 1:
        raise OptionError("say what to study by one of --event ID, --kind KIND or --date D")
    if given["counts"] and not given["days"]:
        raise OptionError("--counts has no dated events; name the date with --date")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(str.strip, (text or "").split(",")))))


def _events(given: dict[str, Any], panel: "Panel") -> tuple[list["StudyEvent"], list["StudyEvent"]]:
    """The events to study, and the dated events beside them."""
    from analytics.models.event_study import StudyEvent

    listed = [] if given["counts"] else _listed(given, panel)
    further = [StudyEvent(event_id=f"other-{day}", starts_on=day, name="the event") for day in set(given["further"])]
    if given["days"]:
        own = [StudyEvent(event_id=str(day), starts_on=day) for day in sorted(set(given["days"]))]
        beside = [event for event in listed if event.starts_on not in given["days"]]
        return own, beside + further
    return _chosen(given, listed), listed + further


def _listed(given: dict[str, Any], panel: "Panel") -> list["StudyEvent"]:
    """The database's dated events that concern regions of *panel*, in order."""
    from analytics.models.event_study import StudyEvent

    with reading(given) as store:
        found = store.rows(
            "SELECT event_id, region_id FROM event_regions WHERE list_contains($ids, region_id)",
            {"ids": list(panel.region_ids)},
        )
        rows = store.rows("SELECT event_id, kind, name, starts_on, regions FROM dated_events")
    concerned: dict[str, list[str]] = {}
    for event, region in found:
        concerned.setdefault(event, []).append(region)
    return [
        StudyEvent(event_id=event, kind=kind, name=name, starts_on=day, regions=tuple(concerned.get(event, ())))
        for event, kind, name, day, regions in rows
        if event in concerned or not regions
    ]


def _chosen(given: dict[str, Any], listed: list["StudyEvent"]) -> list["StudyEvent"]:
    """The events that --event or --kind names; raises OptionError where there is none."""
    if given["kind"]:
        if found := [event for event in listed if event.kind == given["kind"]]:
            return found
        kinds = sorted({event.kind for event in listed})
        raise OptionError(f"no dated event here is of kind {given['kind']!r}; there are: {', '.join(kinds) or 'none'}")
    known = {event.event_id: event for event in listed}
    for name in given["event_ids"]:
        if name not in known:
            raise OptionError(
                f"event {name!r} is not among the dated events of these regions: {', '.join(known) or 'none'}"
            )
    return [known[name] for name in dict.fromkeys(given["event_ids"])]


def things(where: str) -> str:
    """What is counted, as a sentence names it: hit-and-run attacks, one-sided incidents, incidents (where ...)."""
    found = re.fullmatch(r"\s*(tactic|event_type)\s*=\s*'([^']+)'\s*", where)
    if found:
        return f"{found[2]} {'attacks' if found[2] in ATTACKS else 'incidents'}"
    return f"incidents (where {where})" if where else "incidents"


ATTACKS = ("hit-and-run",)
"""Tactics that are called attacks."""


def _sentences(result: "StudyResult", what: str) -> list[str]:
    """One sentence for each event, the one for all of them together first."""
    together = [result.sentence(what=what)] if len(result.events) > 1 else []
    return together + [result.sentence(event.event_id, what=what) for event in result.events]


def as_json(result: "StudyResult", what: str) -> str:
    """The sentence, all sentences, the placebo dates in short, and every term, as one JSON object."""
    from analytics import output

    said = _sentences(result, what)
    text = io.StringIO()
    output.write(result.frame(), "json", text)
    headline = result.headline()
    placebo = {
        "dates": _whole(headline["placebo_dates"]),
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


def _for_reading(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The terms without the single weeks, and long lists of regions in short."""
    rows = frame[frame["k"].isna()]
    regions = [_short(str(names)) for names in rows["regions"]]
    return rows.assign(regions=regions)[list(SHOWN)]


def _short(regions: str) -> str:
    count = regions.count("|") + 1
    return regions if count <= 3 else f"{count} regions"

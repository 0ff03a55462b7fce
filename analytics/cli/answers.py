"""Commands that answer from the records: weekly figures, spikes, trends, flags."""

from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import in_order, pairs, panel_of, reading, say, settings_of, show, weeks_of
from analytics.cli.group import main
from analytics.cli.options import options
from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

SPIKES = (
    "region_id", "region", "week", "observed", "expected", "upper", "p_value", "q_value", "score", "alarm", "status",
    "judged_by", "note",
)  # fmt: skip
FLAGS = ("week", "level", "region", "observed", "expected", "upper", "q_value", "reason")

TRENDS = (
    "region", "direction", "growth", "growth_low", "growth_high", "p_growing", "q_value", "doubling_weeks", "incidents",
    "note", "recent", "before", "ratio", "ratio_low", "ratio_high", "ratio_note",
)  # fmt: skip
CHANGES = (
    "region", "week", "week_low", "week_high", "probability", "before", "after", "ratio", "ratio_low", "ratio_high",
    "note",
)  # fmt: skip


@main.command()
@click.option("--by-source", is_flag=True, help="A value and status per source, side by side, and how far they differ.")
@options("level", "measure", "where", "tag", "source", "week_start", "dates", "first", "to", "as_of")
def weekly(by_source: bool, form: str, **given: Any) -> None:
    """Weekly figures by region; zeros are zeros, unknown is empty.

    Rows in brackets hold what is in no region's figures: (unplaced) no region found, (imprecise) dated to a month or
    year only, (membership unknown) no district, so not known whether inside the group.

    \b
    Examples:
      incidents weekly --from 2014-05-01 --to 2014-06-29
      incidents weekly --measure killed --level country
      incidents weekly --level disputed-territories --where "actor2 = 'IS'" --format csv
      incidents weekly --by-source --source ucdp,desk --level country
    """  # noqa: D301 - click's paragraph mark
    from analytics import store as stores
    from analytics.panel import check_source, default_to

    settings = settings_of(given)
    source = settings.source or None
    in_order(given)
    with reading(given) as store:
        check_source(store, source)
        to = given["to"] or default_to(store, source=source, week_start=settings.week_start, as_of=given["as_of"])
        question = {
            "level": settings.level,
            "measure": settings.measure,
            "where": settings.where,
            "week_start": settings.week_start,
            "dates": settings.dates,
            "first": given["first"],
            "last": to,
            "as_of": given["as_of"],
        }
        if by_source:
            sources = _sources(source, stores.sources_of(store))
            frame = stores.weekly_by_source(store, sources, **question)
        else:
            frame = stores.weekly(store, source=source, **question)
    notes = [_agreement(frame, sources)] if by_source else _unknown_note(frame)
    say(given, f"{settings.measure} by {settings.level} until {to}", *notes)
    show(frame, form)


def _sources(chosen: str | None, known: list[str]) -> list[str]:
    """The sources to compare: those chosen, else all; at least two."""
    sources = list(dict.fromkeys(filter(None, chosen.split(",")))) if chosen else known
    if len(sources) < 2:
        raise OptionError(f"--by-source compares two sources or more, and there is only {', '.join(sources) or 'none'}")
    return sources


def _agreement(frame: "pd.DataFrame", sources: list[str]) -> str:
    """How often the sources agree, and what they sum to, where all of them know the whole week."""
    from analytics.figures.numbers import amount, several

    values, statuses = [[f"{source}_{name}" for source in sources] for name in ("value", "status")]
    all_know = (frame[statuses] == "known").all(axis=1) & frame[values].notna().all(axis=1)
    both = frame[all_know & ~frame["region_id"].str.startswith("(")]
    equal = int((both["difference"] == 0).sum())
    totals = ", ".join(f"{source} {amount(both[name].sum())}" for source, name in zip(sources, values, strict=True))
    known = several(len(both), "region-week is", "region-weeks are")
    return f"{known} known to all of {', '.join(sources)}: equal in {amount(equal)}; together there: {totals}"


def _unknown_note(frame: "pd.DataFrame") -> list[str]:
    unknown = int((frame["status"] == "unknown").sum())
    return [f"{unknown} region-weeks are unknown (not covered): empty, not zero"] if unknown else []


@main.command()
@options(
    "level",
    "measure",
    "regions",
    "where",
    "tag",
    "source",
    "week_start",
    "dates",
    "first",
    "to",
    "as_of",
    "method",
    "set",
    "counts",
)
def spikes(form: str, **given: Any) -> None:
    """Observed, expected and upper counts of every region-week; where one was not judged, why.

    A sum of casualties (--measure killed, wounded, killed_civilians or killed_security) is judged by the method made for
    sums, compound, and by no other.

    \b
    Examples:
      incidents spikes --from 2014-05-01 --to 2014-06-29
      incidents spikes --method farrington-flexible --set years_back=4 --set alpha=0.005
      incidents spikes --measure killed --from 2014-05-01 --to 2014-06-29
      incidents spikes --counts weekly.csv --format csv
    """  # noqa: D301 - click's paragraph mark
    from analytics.models.base import EXTRAS
    from analytics.models.discovery import q_values
    from analytics.models.methods import spike_model
    from analytics.pipeline.analysis import judging

    settings = judging(settings_of(given, "spikes"))
    panel = panel_of(given, settings)
    first, last = weeks_of(given, panel, settings)
    result = spike_model(settings.method, settings.spikes).fit(panel, first=first, last=last)
    frame = result.frame().assign(q_value=q_values(result.p_value).ravel())
    show(frame[[*SPIKES, *(name for name in EXTRAS if name in frame)]], form)


@main.command()
@click.option("--changes", is_flag=True, help="Show in which weeks the level changed, in place of recent growth.")
@options("level", "regions", "where", "tag", "source", "week_start", "dates", "to", "as_of", "set", "counts")
def trends(changes: bool, form: str, **given: Any) -> None:
    """Growth per week of every region over the recent weeks, and the last weeks against the year before.

    Both have intervals; q_value is that of the growth among all regions. With --changes, the weeks in which a
    region's level changed, from what to what, and how surely.

    \b
    Examples:
      incidents trends --to 2014-06-29
      incidents trends --set window=13 --set recent=2 --format markdown
      incidents trends --changes --to 2014-12-28
      incidents trends --changes --set window=260 --set every=104 --format json
    """  # noqa: D301 - click's paragraph mark
    from analytics.pipeline import trend_result
    from analytics.pipeline.analysis import check_judged

    if changes:
        _changes(form, given)
        return
    settings = settings_of(given, "trends")
    check_judged(settings.measure)
    panel = panel_of(given, settings)
    result = trend_result(panel, settings)
    say(given, result.summary(), *panel.caveats)
    frame = result.frame()
    show(frame[list(TRENDS)] if form in ("table", "markdown") else frame, form)


def _changes(form: str, given: dict[str, Any]) -> None:
    """Print the changes in level; for reading, the sentences are on stderr."""
    from analytics.models.changes import ChangeOptions, Changes
    from analytics.pipeline.analysis import check_judged
    from analytics.settings import build

    chosen = build(ChangeOptions, pairs(given["sets"], "--set"), "trends --changes")
    settings = settings_of(given)
    check_judged(settings.measure)
    panel = panel_of(given, settings)
    result = Changes(chosen).fit(panel)
    reading_it = form in ("table", "markdown")
    say(given, *(result.sentences() if reading_it else []), *panel.caveats)
    show(result.frame()[list(CHANGES)] if reading_it else result.frame(), form)


@main.command()
@options("level", "regions", "where", "tag", "source", "week_start", "dates", "first", "to", "as_of", "method", "set")
def flags(form: str, **given: Any) -> None:
    """Region-weeks beyond what is normal there, with level and reason.

    \b
    Examples:
      incidents flags
      incidents flags --from 2014-04-28 --to 2014-06-29
      incidents flags --where "event_type = 'one-sided'" --format json
    """  # noqa: D301 - click's paragraph mark
    from analytics.figures.numbers import several
    from analytics.pipeline import analyse

    with reading(given) as store:
        analysis = analyse(
            store, settings_of(given, "spikes"), first=given["first"], to=given["to"], as_of=given["as_of"]
        )
    streams = analysis.streams
    judged = int((streams["status"] == "judged").sum())
    say(
        given,
        f"{several(len(analysis.flags), 'flag', 'flags')} among {judged} judged region-weeks from {analysis.first} to {analysis.panel.to}; "
        f"{len(streams) - judged} not judged (incidents spikes says why)",
        *(
            ["this method gives no p-values, and flags need them: see incidents spikes"]
            if judged and streams["p_value"].isna().all()
            else []
        ),
        *(["the records are simulated"] if analysis.panel.simulated else []),
        *analysis.panel.caveats,
    )
    frame = analysis.flags.drop(columns="record_since")
    show(frame[list(FLAGS)] if form in ("table", "markdown") else frame, form)

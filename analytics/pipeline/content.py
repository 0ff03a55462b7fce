"""The content of a report, gathered from an analysis and its store."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from analytics import __version__
from analytics.definitions import Definition
from analytics.errors import OptionError
from analytics.models.decompose import decompose
from analytics.pipeline.analysis import Analysis, sums
from analytics.pipeline.backtest_record import recorded_part
from analytics.pipeline.breakdown import before, breakdown, breakdown_sql, flagged
from analytics.pipeline.commands import command
from analytics.pipeline.methods import method_notes
from analytics.pipeline.narrative import data_age, headline, period
from analytics.pipeline.quality import latest_incident, quality_tables
from analytics.pipeline.study_page import study_parts
from analytics.report import Changes, ReportContent
from analytics.sources.base import literal
from analytics.store import Fingerprint, Store, adds_up

INCIDENT_COLUMNS = (
    "incident_id, source_id, occurred_on, occurred_until, date_precision, admin1, admin2, location, event_type, tactic, actor1, actor2, "
    "target, killed, killed_civilians, killed_security, wounded, source_name, source_url, notes"
)


COMMANDS = {"flags": "flags", "trends": "trends", "chart": "spikes", "level_changes": "trends --changes"}
"""The command that makes a section's numbers again."""


def report_content(
    store: Store,
    analysis: Analysis,
    fingerprint: Fingerprint,
    definition: Definition | None = None,
    changes: Changes | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> ReportContent:
    """Everything a report of *analysis* shows; *fingerprint* identifies the data behind it, *definition* asked for it.

    *changes*, since the last report, stand at the top. *tables*: the `weekly_tables`, where they are counted already.
    """
    definition = definition or Definition(settings=analysis.settings)
    panel, settings, flags = analysis.panel, analysis.settings, analysis.flags
    first_day, last_day = period(analysis)
    totals = weekly_totals(analysis, weekly_tables(store, analysis) if tables is None else tables)
    queries = Queries(analysis)
    studies, unstudied = study_parts(store, definition, analysis)
    backtest, untested = recorded_part(store, definition, analysis)
    reasons = {"studies": unstudied, "backtest": untested}
    return ReportContent(
        title=settings.title,
        sections=definition.sections,
        subtitle=f"{_place(store, analysis)}, {_span(analysis)}",
        simulated=panel.simulated,
        period_first=first_day,
        period_last=last_day,
        to=panel.to or last_day,
        as_of=panel.as_of,
        data_age=data_age(analysis, latest_incident(store, panel.to or last_day, panel.as_of)),
        filters=filters(analysis, definition),
        headline=headline(analysis, totals, _place(store, analysis)),
        totals=_totals(totals, settings.measures),
        changes=changes,
        panel=panel,
        spikes=analysis.spikes,
        charted=panel.region_ids if analysis.narrowed else (),
        streams=analysis.judgement.streams,
        decomposition=decompose(panel.take(charted(analysis))),
        chart_weeks=settings.chart_weeks,
        flags=flags.assign(sql=[queries.incidents(row.region_id, row.week.date()) for row in flags.itertuples()]),
        episodes=analysis.episodes,
        trends=analysis.trend_table,
        level_changes=analysis.change_table,
        studies=studies,
        backtest=backtest,
        events=events(store, analysis),
        boundaries=boundaries(store, analysis),
        region_names=region_names(store),
        not_judged=not_judged(analysis),
        quality=quality_tables(store, analysis),
        incidents=flag_incidents(store, analysis),
        breakdown=breakdown(store, analysis, queries.breakdown()),
        methods=method_notes(analysis),
        settings=flat(analysis.options),
        provenance=provenance(analysis, fingerprint, definition),
        sql=queries.by_section(),
        commands={name: command(analysis, words) for name, words in COMMANDS.items()},
        reasons={name: reason for name, reason in reasons.items() if reason},
    )


def charted(analysis: Analysis) -> list[str]:
    """Ids of the panel's regions that have a chart: all of those asked for by name, else the flagged ones."""
    shown = set(analysis.panel.region_ids) if analysis.narrowed else set(flagged(analysis))
    return [region for region in analysis.panel.region_ids if region in shown]


def provenance(analysis: Analysis, fingerprint: Fingerprint, definition: Definition) -> dict[str, Any]:
    """What a reader needs to make the same report again."""
    file = f"{definition.name}.toml, SHA-256 {definition.digest}..." if definition.digest else ""
    return {
        "version": f"incident-analytics {__version__}",
        "settings_hash": analysis.settings_hash,
        "fingerprint": f"{fingerprint.incidents} incidents, {fingerprint.versions} versions, checksum {fingerprint.checksum}",
        **({"definition": file} if file else {}),
        "command": command(analysis, "report", definition),
    }


def flat(options: dict[str, Any]) -> dict[str, Any]:
    """Options of parts as part.option."""
    rows: dict[str, Any] = {}
    for name, value in options.items():
        rows |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return rows


def weekly_tables(store: Store, analysis: Analysis) -> dict[str, pd.DataFrame]:
    """The weekly table of each measure, and of what the headline needs, over the judged weeks and all regions.

    Raises OptionError for a measure whose weeks and regions do not add up.
    """
    tables = {}
    for measure in dict.fromkeys((*HEADLINE, *analysis.settings.measures)):
        if not adds_up(store, measure):
            raise OptionError(
                f"measure {measure!r} cannot be in a report's totals: weeks and regions of it do not add up; "
                "give counts and sums, and ask for others by: incidents weekly --measure"
            )
        tables[measure] = _weekly_table(store, analysis, measure)
    return tables


def _weekly_table(store: Store, analysis: Analysis, measure: str) -> pd.DataFrame:
    """The weekly table of *measure* over the judged weeks: what the analysis has counted is not counted again."""
    if measure in analysis.tolls:
        counted = analysis.tolls[measure]
        return counted[counted["week"] >= pd.Timestamp(analysis.first)]
    panel = analysis.panel
    return sums(store, analysis.settings, measure, first=analysis.first, last=panel.to, as_of=panel.as_of)


def weekly_totals(analysis: Analysis, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Each measure of *tables* (`weekly_tables`) of each judged week over all regions.

    Unplaced and imprecise records are included, unless less than the whole level is shown: then only its regions are.
    """
    columns = {}
    for measure, frame in tables.items():
        shown = frame[frame["region_id"].isin(analysis.panel.region_ids)] if analysis.narrowed else frame
        columns[measure] = shown.groupby("week")["value"].sum()
    totals = pd.DataFrame(columns).rename(columns={"count(wounded)": "wounded_known"})
    return totals.reset_index()


HEADLINE = ("incidents", "killed", "wounded", "count(wounded)")
"""Measures that the headline speaks of; the last tells whether any wounded are on record."""


def filters(analysis: Analysis, definition: Definition) -> tuple[str, ...]:
    """Every restriction in force, each readable alone; and how the ends of a calendar period or a range are treated."""
    settings, panel = analysis.settings, analysis.panel
    found = [f"by {settings.level}", f"source: {panel.source}"]
    if analysis.narrowed:
        found.append(f"only {', '.join(panel.region_names)}")
    if analysis.part:
        found.append("judged together with all regions of the report")
    if settings.where:
        found.append(f"only incidents where {settings.where}")
    if settings.week_start.lower() != "monday":
        found.append(f"weeks start on {settings.week_start.title()}")
    if words := _period_words(analysis, definition):
        found.append(words)
    return (*found, *panel.caveats)


def _period_words(analysis: Analysis, definition: Definition) -> str:
    """How the ends of the definition's period are treated; "" where other weeks were asked for."""
    first, last = definition.span(analysis.panel.to or analysis.last)
    asked = (max(first, analysis.panel.weeks[0].item()), last) == period(analysis)
    return definition.span_of.words(*period(analysis)) if asked else ""


def events(store: Store, analysis: Analysis) -> pd.DataFrame:
    """Dated events of the charted weeks; `concerns` lists the panel's regions that share ground with theirs."""
    frame = store.frame(
        "SELECT e.event_id, e.kind, e.name, e.starts_on, e.ends_on, e.regions, e.source, e.notes, "
        "coalesce(c.concerns, []) AS concerns FROM dated_events AS e LEFT JOIN ("
        "SELECT event_id, list(region_id ORDER BY region_id) AS concerns FROM event_regions "
        "WHERE list_contains($ids, region_id) GROUP BY event_id) AS c ON c.event_id = e.event_id "
        "WHERE e.ends_on >= $first AND e.starts_on <= $last AND (len(e.regions) = 0 OR c.concerns IS NOT NULL) "
        "ORDER BY e.starts_on, e.event_id",
        {"first": _chart_first(analysis), "last": analysis.panel.to, "ids": list(analysis.panel.region_ids)},
    )
    return frame.assign(
        regions=[list(ids) for ids in frame["regions"]], concerns=[list(ids) for ids in frame["concerns"]]
    )


def boundaries(store: Store, analysis: Analysis) -> dict[str, Any] | None:
    """Boundaries of the panel's regions as GeoJSON; None where there are none, or one, whose outline alone says nothing."""
    import json

    rows = store.rows(
        "SELECT b.region_id, r.name, b.geometry FROM boundary AS b JOIN region AS r ON r.region_id = b.region_id "
        "WHERE list_contains($ids, b.region_id) ORDER BY b.region_id",
        {"ids": list(analysis.panel.region_ids)},
    )
    if len(rows) < 2:
        return None
    features = [
        {"type": "Feature", "properties": {"region_id": region, "name": name}, "geometry": json.loads(geometry)}
        for region, name, geometry in rows
    ]
    return {"type": "FeatureCollection", "features": features}


def region_names(store: Store) -> dict[str, str]:
    """Names of all regions and groups by id."""
    return dict(
        store.rows(
            'SELECT region_id, name FROM region UNION SELECT DISTINCT group_id, "group" FROM region_member ORDER BY 1'
        )
    )


def not_judged(analysis: Analysis) -> pd.DataFrame:
    """Region-weeks of the period that were not judged: region_id, region, reason, weeks (their number)."""
    streams = analysis.streams
    missed = streams[streams["status"] != "judged"]
    grouped = missed.groupby(["region_id", "region", "note"])["week"].size().reset_index(name="weeks")
    return grouped.rename(columns={"note": "reason"})


def flag_incidents(store: Store, analysis: Analysis) -> pd.DataFrame:
    """The incidents of each flagged region and week: the incident's columns, region_id and week, in the flags' order."""
    flags = analysis.flags
    if flags.empty:
        return pd.DataFrame(columns=["region_id", "week"])
    asked = {"regions": flags["region_id"].tolist(), "weeks": [week.date() for week in flags["week"]]}
    found = store.frame(Queries(analysis).all_incidents(), asked)
    place = found.pop("_number").to_numpy() - 1
    return found.assign(**{name: flags[name].iloc[place].to_numpy() for name in ("region_id", "week")})


_IN_WEEK = {
    "exclude": "occurred_on BETWEEN {first} AND {last}\n  AND coalesce(date_precision, 'day') NOT IN ('month', 'year')",
    "spread": "occurred_on <= {last} AND CASE WHEN date_precision IN ('month', 'year')\n"
    "    THEN occurred_until ELSE occurred_on END >= {first}",
}
"""Which incidents a week counts, by what is done with imprecise dates."""


class Queries:
    """The SQL that makes a report's numbers again."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis

    @property
    def moment(self) -> str:
        """The as_of of the report as an SQL literal."""
        as_of = self.analysis.panel.as_of
        return f"TIMESTAMP '{as_of}'" if as_of else "TIMESTAMP 'infinity'"

    def incidents(self, region_id: str, week: Any) -> str:
        """SQL that lists the incidents counted in one region and week."""
        return (
            f"SELECT {INCIDENT_COLUMNS}\nFROM incidents_as_of({self.moment}) AS i\n"
            f"WHERE {self._in_region(literal(region_id), _day(week), _day(week + timedelta(days=6)))}\n"
            f"ORDER BY occurred_on, incident_id"
        )

    def all_incidents(self) -> str:
        """SQL that lists what `incidents` does for each of $regions and $weeks, and which of them (_number, from 1)."""
        return (
            f"SELECT _number, {INCIDENT_COLUMNS}\nFROM (SELECT unnest($regions) AS _region, "
            f"unnest(CAST($weeks AS DATE[])) AS _week, generate_subscripts($regions, 1) AS _number), "
            f"incidents_as_of({self.moment}) AS i\n"
            f"WHERE {self._in_region('_region', '_week', '_week + 6')}\n"
            f"ORDER BY _number, occurred_on, incident_id"
        )

    def _in_region(self, region: str, first: str, last: str) -> str:
        """SQL of what holds for incidents that count in a region and the days from *first* to *last*, SQL each."""
        return (
            f"{self._counted(first, last)}\n"  # noqa: S608 - shown to readers, made of our own ids
            f"  AND (region_id IN (SELECT l.region_id FROM lineage AS l WHERE l.ancestor_id = {region})\n"
            f"    OR EXISTS (FROM region_member AS m JOIN lineage AS l ON l.ancestor_id = m.region_id\n"
            f"      WHERE m.group_id = {region} AND l.region_id = i.region_id AND i.occurred_on\n"
            f"      BETWEEN coalesce(m.valid_from, i.occurred_on) AND coalesce(m.valid_until, i.occurred_on)))"
        )

    def _counted(self, first: str, last: str) -> str:
        """SQL of what holds for incidents that count in the weeks from the day *first* to the day *last*, SQL each."""
        settings = self.analysis.settings
        sources = ", ".join(literal(name) for name in settings.source.split(","))
        source = f"\n  AND source IN ({sources})" if settings.source else ""
        where = f"\n  AND ({settings.where}\n)" if settings.where else ""
        return f"{_IN_WEEK[settings.dates].format(first=first, last=last)}{source}{where}"

    def breakdown(self) -> str:
        """SQL of what the flagged regions' incidents were, in the report's weeks and in those before."""
        last = self.analysis.last + timedelta(days=6)
        incidents = f"SELECT * FROM incidents_as_of({self.moment}) WHERE {self._counted(_day(before(self.analysis)), _day(last))}"  # noqa: S608
        return breakdown_sql(self.analysis, incidents)

    def weekly(self, measure: str = "incidents") -> str:
        """SQL that gives the weekly panel."""
        settings, panel = self.analysis.settings, self.analysis.panel
        parts = [literal(settings.level), f"measure := {literal(measure)}"]
        if settings.source:
            parts.append(f"source := {literal(settings.source)}")
        if settings.where:
            parts.append(f'"where" := ({settings.where}\n)')
        if settings.week_start.lower() != "monday":
            parts.append(f"week_start := {literal(settings.week_start)}")
        if settings.dates != "exclude":
            parts.append(f"dates := {literal(settings.dates)}")
        parts += [
            f"first := DATE '{_chart_first(self.analysis)}'",
            f"last := DATE '{panel.to}'",
            f"as_of := {self.moment}",
        ]
        ids = ", ".join(literal(region) for region in panel.region_ids)
        only = f"\nWHERE region_id IN ({ids})" if self.analysis.narrowed else ""
        return f"SELECT * FROM weekly({', '.join(parts)}){only}"  # noqa: S608 - shown to readers

    def by_section(self) -> dict[str, str]:
        """Query text by the section of the report that it makes."""
        panel = self.analysis.panel
        return {
            "chart": self.weekly(),
            "totals": f"{self.weekly()} -- and with measure := 'killed', 'wounded'",
            "map": self.weekly(),
            "breakdown": self.breakdown(),
            "trends": self.weekly(),
            "level_changes": self.weekly(),
            "events": f"SELECT * FROM dated_events WHERE starts_on <= DATE '{panel.to}'",  # noqa: S608 - shown to readers
            "quality": "SELECT * FROM loads -- and likewise: rejects, coverage, unresolved",
        }


def _day(day: Any) -> str:
    """A date as an SQL literal."""
    return f"DATE '{day}'"


def _totals(totals: pd.DataFrame, measures: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
    known = bool(totals["wounded_known"].sum())
    spans = {"latest week": totals.iloc[-1], f"{len(totals)} weeks": totals[list(measures)].sum()}
    return {
        name: {measure: float(sums[measure]) if known or measure != "wounded" else None for measure in measures}
        for name, sums in spans.items()
    }


def _place(store: Store, analysis: Analysis) -> str:
    if analysis.narrowed:
        names = analysis.panel.region_names
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    countries = store.rows(
        "SELECT DISTINCT r.name FROM lineage AS l JOIN region AS r ON r.region_id = l.ancestor_id "
        "WHERE r.level = 'country' AND list_contains($ids, l.region_id) ORDER BY 1",
        {"ids": list(analysis.panel.region_ids)},
    )
    return ", ".join(name for (name,) in countries) or ", ".join(analysis.panel.region_names[:3])


def _span(analysis: Analysis) -> str:
    weeks = (analysis.last - analysis.first).days // 7 + 1
    end = analysis.last + timedelta(days=6)
    return f"{weeks} weeks to {end.day} {end:%B %Y}"


def _chart_first(analysis: Analysis) -> Any:
    weeks = analysis.panel.weeks
    return weeks[max(0, len(weeks) - analysis.settings.chart_weeks)].item()

"""What a reader must know about the data behind a report, as tables."""

from datetime import date, datetime

import pandas as pd

from analytics.pipeline.analysis import Analysis
from analytics.pipeline.narrative import unknown_weeks
from analytics.store import Store


def quality_tables(store: Store, analysis: Analysis) -> dict[str, pd.DataFrame]:
    """Heading -> table; an empty table says that there is nothing of the kind."""
    unknown = unknown_weeks(analysis)
    return {
        "Latest record of each source": _latest(store, analysis.panel.as_of),
        "Loads": _loads(store),
        "Rejected records by reason": store.frame(
            'SELECT file, "column", reason, count(*) AS records, min(record) AS first_record FROM reject '
            'GROUP BY file, "column", reason ORDER BY records DESC, file, "column"'
        ),
        "Weeks without reporting": unknown.drop(columns="region_id"),
        "Silences taken for no reporting": _silences(store, analysis.panel.as_of),
        "Records outside the regions' counts": _aside(analysis),
        "How exactly dates are known": _imprecise(store, analysis),
        "Places not found": _unresolved(store),
        "How the regions were found": _placed(store, analysis.panel.as_of),
    }


def latest_incident(store: Store, to: date, as_of: datetime | None) -> date | None:
    """Day of the latest incident until *to* that was known at *as_of*."""
    day: date | None = store.value(
        "SELECT max(occurred_on) FROM incidents_as_of(coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) "
        "WHERE occurred_on <= $to",
        {"as_of": as_of, "to": to},
    )
    return day


def _latest(store: Store, as_of: datetime | None) -> pd.DataFrame:
    return store.frame(
        "SELECT source, count(*) AS incidents, min(occurred_on) AS first_incident, max(occurred_on) AS latest_incident, "
        "max(known_from) AS latest_knowledge FROM incidents_as_of(coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) "
        "GROUP BY source ORDER BY source",
        {"as_of": as_of},
    )


def _loads(store: Store) -> pd.DataFrame:
    """The loads without their clock times, which would differ from one machine to the next."""
    frame = store.frame(
        "SELECT load_id AS load, kind, source, file, known_at, known_basis AS known_by, rows_read AS records, accepted, rejected, "
        "new_incidents, new_versions, unchanged, undone_at IS NOT NULL AS undone FROM loads"
    )
    return frame if frame["undone"].any() else frame.drop(columns="undone")


def _silences(store: Store, as_of: datetime | None) -> pd.DataFrame:
    """The weeks in which a source was quieter than its own history makes likely, as known at *as_of*."""
    return store.frame(
        "SELECT source, region, covers_from AS quiet_from, covers_until AS quiet_until, note AS why FROM coverage "
        "WHERE basis = 'drop-off' AND (known_from IS NULL OR known_from <= coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) "
        "ORDER BY source, region, covers_from",
        {"as_of": as_of},
    )


def _aside(analysis: Analysis) -> pd.DataFrame:
    aside = analysis.panel.aside
    if aside is None or aside.empty:
        return pd.DataFrame(columns=["records", "incidents_in_these_weeks", "incidents_in_all"])
    now = aside[pd.to_datetime(aside["week"]) >= pd.Timestamp(analysis.first)]
    totals = aside.groupby("region_id")["value"].sum()
    recent = now.groupby("region_id")["value"].sum()
    return pd.DataFrame(
        {
            "records": [_ASIDE.get(name, name) for name in totals.index],
            "incidents_in_these_weeks": recent.reindex(totals.index).fillna(0).to_numpy(),
            "incidents_in_all": totals.to_numpy(),
        }
    )


_ASIDE = {
    "(unplaced)": "no region found: counted, not judged",
    "(imprecise)": "date known to a month or year only: counted, not judged",
    "(membership unknown)": "no district: whether inside the group is not known",
}


def _imprecise(store: Store, analysis: Analysis) -> pd.DataFrame:
    frame = store.frame(
        "SELECT coalesce(date_precision, 'day') AS date_known_to, count(*) AS incidents, "
        "count_if(occurred_on >= $first) AS of_these_weeks "
        "FROM incidents_as_of(coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) "
        "WHERE occurred_on <= $last GROUP BY 1 ORDER BY list_position(['day', 'week', 'month', 'year'], date_known_to)",
        {"as_of": analysis.panel.as_of, "first": analysis.first, "last": analysis.panel.to},
    )
    return frame.assign(
        used=[
            "into one week" if known in ("day", "week") else _POLICY[analysis.settings.dates]
            for known in frame["date_known_to"]
        ]
    )


_POLICY = {"exclude": "left out of the weeks", "spread": "spread over its weeks"}


def _placed(store: Store, as_of: datetime | None) -> pd.DataFrame:
    """How many incidents each way of finding a region placed, and how many report another than their coordinates lie in."""
    frame = store.frame(
        "SELECT coalesce(region_basis, 'none') AS basis, count(*) AS incidents, "
        "(SELECT count(*) FROM place_conflicts) AS conflicts "
        "FROM incidents_as_of(coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity')) GROUP BY 1 "
        "ORDER BY list_position(['reported', 'polygon', 'nearest', 'none'], basis)",
        {"as_of": as_of},
    )
    frame = frame.assign(
        region_found_by=[_BASES[basis] for basis in frame["basis"]],
        coordinates_elsewhere=frame["conflicts"].where(frame["basis"] == "reported", 0),
    )
    return frame[["region_found_by", "incidents", "coordinates_elsewhere"]]


_BASES = {
    "reported": "reported names",
    "polygon": "coordinates inside its boundary",
    "nearest": "coordinates near its boundary, outside all",
    "none": "none found",
}


def _unresolved(store: Store) -> pd.DataFrame:
    return store.frame("SELECT country, admin1, admin2, problem, incidents FROM unresolved LIMIT 40")

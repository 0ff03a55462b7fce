"""What the flagged regions' incidents were: tactics, actors and casualties by group, against the weeks before."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from analytics.panel import Status
from analytics.pipeline.analysis import Analysis
from analytics.sources.base import literal
from analytics.store import Store
from analytics.weeks import as_date

BEFORE = 52
"""Weeks before the report's that it is compared with."""


def breakdown(store: Store, analysis: Analysis, counted: str) -> pd.DataFrame:
    """Counts by region, kind and name, a row each: the columns of `ReportContent.breakdown`.

    *counted* is SQL of the incidents that may count, as `breakdown_sql` makes it. Rates are per week that is known in the
    region, as unknown weeks are no zeros; a region without known weeks has none.
    """
    ids = flagged(analysis)
    if not ids:
        return pd.DataFrame(columns=["region_id", "kind", "name", "count", "per_week", "before_per_week"])
    frame = store.frame(counted)
    for name, counts, (first, last) in (
        ("weeks", "count", (analysis.first, analysis.last)),
        ("weeks_before", "before", (before(analysis), analysis.first - timedelta(weeks=1))),
    ):
        known = _known(analysis, first, last)
        frame[name] = [known.get(region_id) for region_id in frame["region_id"]]
        rate = {"count": "per_week", "before": "before_per_week"}[counts]
        frame[rate] = frame[counts] / frame[name].replace(0, np.nan)
    return frame.drop(columns="before")


def flagged(analysis: Analysis) -> list[str]:
    """Ids of the flagged regions, in order."""
    return sorted(set(analysis.flags["region_id"]))


def before(analysis: Analysis) -> date:
    """First of the weeks that the report's are compared with."""
    return max(analysis.first - timedelta(weeks=BEFORE), as_date(analysis.panel.weeks[0]))


def _known(analysis: Analysis, first: date, last: date) -> dict[str, int]:
    """Known weeks from that of *first* to that of *last*, by region."""
    panel = analysis.panel
    rows = (panel.weeks >= np.datetime64(first)) & (panel.weeks <= np.datetime64(last))
    known = (panel.status[rows] == Status.KNOWN).sum(axis=0)
    return {region_id: int(number) for region_id, number in zip(panel.region_ids, known, strict=True)}


def breakdown_sql(analysis: Analysis, incidents: str) -> str:
    """SQL of the breakdown; *incidents* selects the incidents of all weeks compared, wherever they were.

    An incident counts once in a region, whichever of its places or members holds it, and once for each of its actors.
    """
    ids = ", ".join(literal(region_id) for region_id in flagged(analysis))
    return f"""WITH place AS (
  SELECT ancestor_id AS target, region_id, NULL AS valid_from, NULL AS valid_until FROM lineage WHERE ancestor_id IN ({ids})
  UNION ALL
  SELECT m.group_id, l.region_id, m.valid_from, m.valid_until
  FROM region_member AS m JOIN lineage AS l ON l.ancestor_id = m.region_id WHERE m.group_id IN ({ids})
), counted AS (
  SELECT DISTINCT p.target, i.incident_id, i.occurred_on >= DATE '{analysis.first}' AS lately,
    coalesce(i.tactic, i.event_type, 'not stated') AS tactic, i.actor1, i.actor2, i.killed, i.killed_civilians, i.killed_security, i.killed_attackers
  FROM ({incidents}) AS i JOIN place AS p ON p.region_id = i.region_id
    AND i.occurred_on BETWEEN coalesce(p.valid_from, i.occurred_on) AND coalesce(p.valid_until, i.occurred_on)
), named AS (
  SELECT target, 'tactic' AS kind, tactic AS name, lately, 1 AS number FROM counted
  UNION ALL
  SELECT target, 'actor', name, lately, 1 FROM (
    SELECT target, lately, unnest(list_distinct([actor1, actor2])) AS name FROM counted
  ) WHERE name IS NOT NULL
  UNION ALL
  SELECT target, 'killed', unnest(['civilians', 'security forces', 'attackers', 'group not known']), lately,
    unnest([killed_civilians, killed_security, killed_attackers, greatest(killed - coalesce(killed_civilians, 0)
      - coalesce(killed_security, 0) - coalesce(killed_attackers, 0), 0)])
  FROM counted
)
SELECT target AS region_id, kind, name, coalesce(sum(number) FILTER (lately), 0)::BIGINT AS count,
  coalesce(sum(number) FILTER (NOT lately), 0)::BIGINT AS before
FROM named GROUP BY ALL HAVING count > 0 OR before > 0
ORDER BY region_id, kind, count DESC, before DESC, name"""  # noqa: S608 - shown to readers, made of our own ids

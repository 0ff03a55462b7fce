"""The answer to a query as a chart: asked, its chart completed after the columns, and put beside what it rests on."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.spec import ChartSpec, complete, is_place
from analytics.query.database import Answer, Database
from analytics.query.saved import saved_query
from analytics.report.plot import Plot

ROWS = 5000
"""Rows that are drawn, unless a limit says otherwise; a chart of more could not be read."""

_ABOUT = """
SELECT a.simulated, a.known, p.region_id, p.level, p.name, p.names, p.geometry
FROM (SELECT coalesce((SELECT bool_or(starts_with(source, 'simulated')) FROM load), false) AS simulated,
             (SELECT max(known_from) FROM incident_version) AS known) AS a
LEFT JOIN (SELECT r.region_id, r.level, r.name, coalesce(r.names, []) AS names, b.geometry
           FROM boundary AS b JOIN regions AS r ON r.region_id = b.region_id) AS p ON $places
ORDER BY p.region_id
"""


@dataclass(frozen=True, kw_only=True)
class _About:
    """What a chart needs to know of its database: whether its records are simulated, until when known, and its regions."""

    simulated: bool
    known: datetime | None
    regions: list[dict[str, Any]]


def plot(database: Database, query: str, parameters: Mapping[str, Any] | None = None, chart: str = "") -> Plot:
    """The answer to *query* (SQL, or "@name") drawn after *chart*, else after the saved query's own, else as it suggests.

    Raises OptionError where it cannot be drawn, and what `Database.sql` raises.
    """
    saved = saved_query(query.removeprefix("@")) if query.startswith("@") else None
    spec = ChartSpec.parse(chart) if chart else (saved and saved.chart) or ChartSpec()
    answer = database.sql(query, parameters)
    frame = drawable(answer)
    about = _about(database, places=any(is_place(name) for name in (*frame.columns, *spec.x)))
    spec = complete(spec, frame, frozenset(name for region in about.regions for name in _names(region)))
    return Plot(
        title=saved.title if saved else f"{', '.join(spec.y)} by {', '.join([*spec.x, *filter(None, [spec.by])])}",
        description=saved.description if saved else "",
        spec=spec,
        frame=frame,
        sql=(saved.sql if saved else query).strip(),
        simulated=about.simulated,
        boundaries=_boundaries(frame, spec, about.regions),
        more=answer.more,
        facts=_facts(database, about, len(frame), parameters),
    )


def drawable(answer: Answer) -> pd.DataFrame:
    """The answer as a frame whose numbers are numbers: decimals become floats."""
    frame = answer.df()
    exact = [name for name in frame.columns if any(isinstance(value, Decimal) for value in frame[name].head(1000))]
    return frame.astype(dict.fromkeys(exact, "float64"))


def _about(database: Database, *, places: bool) -> _About:
    found = Database(database.path).sql(_ABOUT, {"places": places}).arrow().to_pylist()
    regions = [row for row in found if row["region_id"] is not None]
    return _About(simulated=found[0]["simulated"], known=found[0]["known"], regions=regions)


def _names(region: Mapping[str, Any]) -> set[str]:
    """Every way to say a region, in small letters."""
    return {str(name).lower() for name in (region["region_id"], region["name"], *region["names"])}


def _boundaries(frame: pd.DataFrame, spec: ChartSpec, regions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """GeoJSON of the level at which most rows of a map find their region; None for another chart."""
    if spec.kind != "map":
        return None
    said = {str(value).lower() for value in frame[spec.x[0]].dropna()}
    levels = Counter(region["level"] for region in regions if said & _names(region))
    level = levels.most_common(1)[0][0] if levels else regions[0]["level"]
    features = [
        {
            "type": "Feature",
            "properties": {"region_id": region["region_id"], "name": region["name"], "names": region["names"]},
            "geometry": json.loads(region["geometry"]),
        }
        for region in regions
        if region["level"] == level
    ]
    return {"type": "FeatureCollection", "features": features}


def _facts(database: Database, about: _About, rows: int, parameters: Mapping[str, Any] | None) -> dict[str, str]:
    """Where the answer comes from."""
    given = {f"${name}": str(value) for name, value in (parameters or {}).items()}
    return {"Database": database.path.name, "Known until": numbers.moment(about.known), "Rows": f"{rows:,}", **given}

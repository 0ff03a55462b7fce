"""DECO: UCDP's data set of deadly electoral conflict, 1989 to 2017, version 1.0.

Columns: DECO codebook (Fjelde & Höglund 2022, British Journal of Political Science 52(1)). They are near to those of GED, with
American dates (month/day/year), without precision of date and place, and without administrative regions: incidents
have their coordinates. One event of GED may be several of DECO, one for each kind of target, so that both in one
region-week would count it twice: `ucdp_ged` in raw says which are in GED.

`electoral_targets`, `electoral_type` and the other codes are lists of numbers, and stay in raw. `type_of_violence` has a
fourth code, violence that is none of UCDP's three.
"""

from analytics.sources.base import Source, dated, plain, tags_row, translated
from analytics.sources.ucdp import VIOLENCE, government_deaths

DECO_COLUMNS = frozenset(
    {"id", "type_of_violence", "date_start", "date_end", "best", "electoral_vio", "electoral_type"}
)

DATE_FORMATS = ("%m/%d/%Y", "iso")

_PLAIN = {
    "source_id": "id",
    "country": "country",
    "latitude": "latitude",
    "longitude": "longitude",
    "actor1": "side_a",
    "actor2": "side_b",
    "killed": "best",
    "killed_low": "low",
    "killed_high": "high",
    "killed_civilians": "civilian_deaths",
    "source_name": "source_article",
}


def deco_source(columns: list[str], filename: str) -> Source:
    """The projection of a DECO file with these *columns*."""
    have = {column.lower(): column for column in columns}
    fields = {ours: plain(have[theirs]) for ours, theirs in _PLAIN.items() if theirs in have}
    fields["occurred_on"] = dated(have["date_start"], DATE_FORMATS)
    fields["occurred_until"] = dated(have["date_end"], DATE_FORMATS)
    fields["event_type"] = translated(have["type_of_violence"], {**VIOLENCE, "4": "electoral, none of UCDP's types"})
    fields |= government_deaths(have)
    skip = tags_row(fields["source_id"], fields["occurred_on"])
    return Source(format="deco", source="ucdp-deco", fields=fields, skip=skip)

"""UCDP Georeferenced Event Dataset: yearly and candidate releases, HDX's country files, and pages of its API.

Columns: UCDP GED codebook (Sundberg & Melander 2013, Journal of Peace Research 50(4)). Pages of the API have the same
names; a candidate release was once published without a header, and is known by its 49 fields.

- `best`, `low` and `high` are estimates of all deaths; `deaths_civilians` are the civilians among them.
- `deaths_a` and `deaths_b` are deaths by side of the conflict, not by role in the attack: security forces' where side A is
  a government, and attackers' never.
- `date_prec` and `where_prec` say how well day and place are known (tables below).
- Knowledge time is that of the release, which the file's name says.
"""

import re
from datetime import UTC, date, datetime

from analytics.sources.base import Field, Release, Source, plain, quoted, tags_row, translated

UCDP_COLUMNS = frozenset({"id", "type_of_violence", "where_prec", "date_prec", "date_start", "date_end", "best"})

GED_COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id",
    "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a",
    "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office",
    "source_date", "source_headline", "source_original", "where_prec", "where_coordinates", "where_description",
    "adm_1", "adm_2", "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region",
    "event_clarity", "date_prec", "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians",
    "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
)  # fmt: skip
"""The columns of a release, in their order: what a release without a header is read with."""

DATE_PRECISIONS = {"1": "day", "2": "week", "3": "week", "4": "month", "5": "year"}
"""UCDP's date_prec: 1 the day, 2 within 2-6 days, 3 the week, 4 the month, 5 longer than a month."""

PLACE_PRECISIONS = {
    "1": "exact",
    "2": "near",
    "3": "admin2",
    "4": "admin1",
    "5": "country",
    "6": "country",
    "7": "country",
}
"""UCDP's where_prec; of 5 (a line or a fuzzy area) and 7 (international) no more than the country is sure."""

VIOLENCE = {"1": "state-based", "2": "non-state", "3": "one-sided"}

_PLAIN = {
    "source_id": "id",
    "occurred_on": "date_start",
    "occurred_until": "date_end",
    "country": "country",
    "admin1": "adm_1",
    "admin2": "adm_2",
    "location": "where_coordinates",
    "latitude": "latitude",
    "longitude": "longitude",
    "actor1": "side_a",
    "actor2": "side_b",
    "killed": "best",
    "killed_low": "low",
    "killed_high": "high",
    "killed_civilians": "deaths_civilians",
    "source_name": "source_office",
    "notes": "source_headline",
}


def ucdp_source(columns: list[str], filename: str) -> Source:
    """The projection of a UCDP file with these *columns*; the release is read from *filename*."""
    have = {column.lower(): column for column in columns}
    fields = {ours: plain(have[theirs]) for ours, theirs in _PLAIN.items() if theirs in have}
    fields["date_precision"] = translated(have["date_prec"], DATE_PRECISIONS)
    fields["event_type"] = translated(have["type_of_violence"], VIOLENCE)
    fields["place_precision"] = translated(have["where_prec"], PLACE_PRECISIONS)
    fields |= government_deaths(have)
    return Source(
        format="ucdp",
        source="ucdp",
        fields=fields,
        skip=tags_row(fields["source_id"], fields["occurred_on"]),
        release=ucdp_release(filename),
    )


def government_deaths(have: dict[str, str]) -> dict[str, Field]:
    """killed_security: deaths of side A where that is a government; *have* are the file's columns by lower-case name."""
    if not {"deaths_a", "side_a"} <= have.keys():
        return {}
    deaths, side = plain(have["deaths_a"]), quoted(have["side_a"])
    return {
        "killed_security": Field(
            given=deaths.given, text=f"CASE WHEN {side} ILIKE 'government of %' THEN {deaths.text} END"
        )
    }


def is_headless(fields: list[str]) -> bool:
    """Whether the *fields* of a file's first line are a UCDP record and no header."""
    row = dict(zip(GED_COLUMNS, fields, strict=False))
    return (
        len(fields) == len(GED_COLUMNS)
        and all(row[name].isdigit() for name in ("id", "year", "best", "low", "high"))
        and row["type_of_violence"] in VIOLENCE
        and row["date_prec"] in DATE_PRECISIONS
        and row["where_prec"] in PLACE_PRECISIONS
    )


def ucdp_release(filename: str) -> Release | None:
    """The release that *filename* names, or None.

    Yearly releases (v19_1: all years to the one before) are taken as known from 1 July of their year, candidate
    releases (v24_0_3: month 3; v24_01_24_03: months 1 to 3) from the first day of the second month after: nominal
    dates, not before the real ones. Files whose name says nothing have no release.
    """
    if found := re.search(r"v(\d\d)_0?1_\1_(\d\d)(?!\d)", filename, re.IGNORECASE):
        return _candidate(int(found[1]), 1, int(found[2]), f"{found[1]}.01.{found[1]}.{found[2]}")
    if found := re.search(r"v(\d\d)[_.]0[_.](\d\d?)(?!\d)", filename, re.IGNORECASE):
        return _candidate(int(found[1]), int(found[2]), int(found[2]), f"{found[1]}.0.{found[2]}")
    if found := re.search(r"v(\d\d)[_.]([1-9])(?!\d)", filename, re.IGNORECASE):
        year = 2000 + int(found[1])
        return Release(
            name=f"{found[1]}.{found[2]}",
            known_at=_midnight(year, 7),
            covers_from=date(1989, 1, 1),
            covers_until=date(year - 1, 12, 31),
        )
    return None


def _candidate(short_year: int, first_month: int, last_month: int, name: str) -> Release | None:
    if not 1 <= first_month <= last_month <= 12:
        return None
    year = 2000 + short_year
    after = _midnight(year + last_month // 12, last_month % 12 + 1).date()
    return Release(
        name=name,
        known_at=_midnight(year + (last_month + 1) // 12, (last_month + 1) % 12 + 1),
        covers_from=date(year, first_month, 1),
        covers_until=date.fromordinal(after.toordinal() - 1),
    )


def _midnight(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC).replace(tzinfo=None)

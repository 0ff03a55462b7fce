"""GTD: the Global Terrorism Database as START distributes it, a workbook or CSV of 135 columns.

Columns: GTD codebook (START, University of Maryland; LaFree & Dugan 2007, Terrorism and Political Violence 19(2)).

What they mean, and what becomes of it:

- `iyear`, `imonth`, `iday` are the day; a 0 is an unknown month or day, so that the incident is dated to the year or month.
- `resolution` is the day on which an incident of more than a day (`extended` = 1) ended; without one it has its first day.
- `specificity` 1 is the place itself (or near it, where `vicinity` = 1), 2 and 3 the centre of the district, 4 that of the
  province, 5 no more than the country.
- `nkill` and `nwound` count everybody, the perpetrators included; `nkillter` counts those of them who were killed. Whose
  other deaths they are is not said: killed civilians and security forces stay unknown. Negative codes (-9, -99) are unknown.
- `attacktype1_txt` is the type of violence, `weapsubtype1_txt` (or `weaptype1_txt`) how it was done: the tactic.
- `gname` is the perpetrator, `corp1` who was attacked, `targtype1_txt` the kind of target. "Unknown" is unknown.
- Records have no knowledge time: a release holds what is known when it is published. START's names of files say the month
  (0522dist: May 2022), from whose end on the records are taken as known; `--known-at` says better. What years a release covers,
  its name does not say. Incidents of 1993 were lost before they were digitised: a coverage file says so, lest the year look
  quiet.
"""

import re
from datetime import UTC, datetime

from analytics.sources.base import Field, Release, Source, dated, plain, stated, tags_row

GTD_COLUMNS = frozenset(
    {"eventid", "iyear", "imonth", "iday", "specificity", "attacktype1_txt", "targtype1_txt", "gname", "nkill"}
)

RESOLUTION_FORMATS = ("%m/%d/%Y", "iso")
"""CSV has American dates, the workbook real ones."""

_TEXTS = {
    "country": "country_txt",
    "admin1": "provstate",
    "location": "city",
    "event_type": "attacktype1_txt",
    "actor1": "gname",
    "actor2": "corp1",
    "target": "targtype1_txt",
}
_PLAIN = {
    "source_id": "eventid",
    "latitude": "latitude",
    "longitude": "longitude",
    "source_name": "scite1",
    "notes": "summary",
}
_COUNTS = {"killed": "nkill", "killed_attackers": "nkillter", "wounded": "nwound"}
_UNKNOWN = ("Unknown", "unknown", "Not Applicable", "Unknown Gun Type", "Unknown Explosive Type")


def gtd_source(columns: list[str], filename: str) -> Source:
    """The projection of a GTD file with these *columns*."""
    have = {column.lower(): column for column in columns}
    fields = {ours: plain(have[theirs]) for ours, theirs in _PLAIN.items() if theirs in have}
    fields |= {ours: stated(have[theirs], *_UNKNOWN) for ours, theirs in _TEXTS.items() if theirs in have}
    fields |= {
        ours: stated(have[theirs], "-9", "-99", "-9.0", "-99.0") for ours, theirs in _COUNTS.items() if theirs in have
    }
    fields |= _days(have)
    fields["place_precision"] = _place(have)
    if tactics := [
        stated(have[name], *_UNKNOWN).text for name in ("weapsubtype1_txt", "weaptype1_txt") if name in have
    ]:
        fields["tactic"] = Field(given=tactics[-1], text=f"coalesce({', '.join(tactics)})")
    skip = tags_row(fields["source_id"], fields["occurred_on"])
    return Source(format="gtd", source="gtd", fields=fields, skip=skip, release=gtd_release(filename))


def gtd_release(filename: str) -> Release | None:
    """The release that *filename* names (globalterrorismdb_0522dist.xlsx: May 2022), or None.

    It is taken as known from the first day of the month after: a nominal date, not before the real one.
    """
    found = re.search(r"(?<!\d)(0[1-9]|1[0-2])(\d\d)dist", filename, re.IGNORECASE)
    if found is None:
        return None
    month, year = int(found[1]), 2000 + int(found[2])
    known = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return Release(name=f"{year}-{month:02}", known_at=known, of="GTD")


def _days(have: dict[str, str]) -> dict[str, Field]:
    """First and last day, and how well they are known, from three numbers and the day of resolution."""
    year, month, day = (
        f"CAST(TRY_CAST({plain(have[name]).given} AS DOUBLE) AS INTEGER)" for name in ("iyear", "imonth", "iday")
    )
    given = f"concat_ws('-', {', '.join(plain(have[name]).given for name in ('iyear', 'imonth', 'iday'))})"
    text = f"printf('%04d-%02d-%02d', {year}, greatest({month}, 1), CASE WHEN {month} = 0 THEN 1 ELSE greatest({day}, 1) END)"
    known = f"{year} IS NOT NULL AND {month} IS NOT NULL AND {day} IS NOT NULL"
    first = f"CASE WHEN {known} THEN {text} END"
    days = {
        "occurred_on": Field(given=f"nullif({given}, '')", text=first, strict=True),
        "date_precision": Field(
            given=given, text=f"CASE WHEN {month} = 0 THEN 'year' WHEN {day} = 0 THEN 'month' ELSE 'day' END"
        ),
    }
    if "resolution" in have:
        end = dated(have["resolution"], RESOLUTION_FORMATS)
        later = f"TRY_CAST({end.text} AS TIMESTAMP) >= TRY_CAST({first} AS TIMESTAMP)"
        days["occurred_until"] = Field(given=end.given, text=f"CASE WHEN {later} THEN {end.text} END")
    return days


def _place(have: dict[str, str]) -> Field:
    """How well the place is known, from specificity and vicinity."""
    given = plain(have["specificity"]).given
    code = f"CAST(TRY_CAST({given} AS DOUBLE) AS INTEGER)"
    near = f"TRY_CAST({plain(have['vicinity']).given} AS DOUBLE) = 1" if "vicinity" in have else "false"
    cases = f"WHEN {code} = 1 AND {near} THEN 'near' WHEN {code} = 1 THEN 'exact' WHEN {code} IN (2, 3) THEN 'admin2'"
    return Field(
        given=given, text=f"CASE {cases} WHEN {code} = 4 THEN 'admin1' WHEN {code} = 5 THEN 'country' ELSE {given} END"
    )

"""ACLED: the current export and API rows, the export of 2018 to early 2023, and the oldest (to 2017).

Columns: ACLED codebook (Raleigh, Kishi & Linke 2023, Humanities and Social Sciences Communications 10(74)). Their
names are the same in all of them but for `assoc_actor_1` (once `ally_actor_1`), in capitals in older workbooks.

What they mean, and what becomes of it:

- `event_id_cnty` names an event for good; `data_id` of older exports numbers its latest edit, and is no id.
- `timestamp` is when the row was last edited (Unix seconds): its knowledge time. A first load of a row that was edited
  since knows only its latest state; earlier states are those of files loaded before. The oldest export has none.
- `time_precision` 1 is the day; 2 a day within the week, so that the day stands and is known to the week; 3 the month,
  whose middle or beginning ACLED writes, so that the incident is dated to the whole month.
- `geo_precision` 1 is the place itself, 2 a place near it, 3 the capital of the region.
- `fatalities` is a reported total, the more cautious where reports differ. Whose deaths they are is not said: killed civilians,
  security forces and attackers stay unknown, and so do the wounded.
- `sub_event_type` says how it was done, and is the tactic. In battles actor1 is not always who attacked.
- Civilians are the target where `civilian_targeting` says so; in exports that do not have it, where actor2 is civilians.
"""

from analytics.sources.base import Field, Source, dated, parsed, plain, tags_row, translated

ACLED_COLUMNS = frozenset(
    {"event_id_cnty", "event_date", "time_precision", "geo_precision", "event_type", "actor1", "fatalities"}
)

DATE_FORMATS = ("%Y-%m-%d", "%d %B %Y", "%d/%m/%Y", "%d-%B-%Y", "%d-%b-%Y", "iso")
"""The API's, the export tool's, the oldest exports', and those of workbooks."""

DATE_PRECISIONS = {"1": "day", "2": "week", "3": "month"}
PLACE_PRECISIONS = {"1": "exact", "2": "near", "3": "admin1"}

_PLAIN = {
    "source_id": "event_id_cnty",
    "country": "country",
    "admin1": "admin1",
    "admin2": "admin2",
    "location": "location",
    "latitude": "latitude",
    "longitude": "longitude",
    "event_type": "event_type",
    "tactic": "sub_event_type",
    "actor1": "actor1",
    "actor2": "actor2",
    "killed": "fatalities",
    "source_name": "source",
    "notes": "notes",
}


def acled_source(columns: list[str], filename: str) -> Source:
    """The projection of an ACLED file with these *columns*."""
    have = {column.lower(): column for column in columns}
    fields = {ours: plain(have[theirs]) for ours, theirs in _PLAIN.items() if theirs in have}
    fields |= _days(have["event_date"], have["time_precision"])
    fields["place_precision"] = translated(have["geo_precision"], PLACE_PRECISIONS)
    if "timestamp" in have:
        given = plain(have["timestamp"]).given
        fields["known_at"] = Field(given=given, text=parsed(given, ["unix", "iso"]), strict=True)
    if target := _target(have):
        fields["target"] = target
    skip = tags_row(fields["source_id"], fields["occurred_on"])
    return Source(format="acled", source="acled", fields=fields, skip=skip)


def _days(event_date: str, time_precision: str) -> dict[str, Field]:
    """First and last day of an event, and how well they are known; a month is the whole of it."""
    day = dated(event_date, DATE_FORMATS)
    precision = translated(time_precision, DATE_PRECISIONS)
    moment = f"CAST({day.text} AS TIMESTAMP)"
    month = f"{plain(time_precision).given} = '3'"
    first = f"CASE WHEN {month} THEN CAST(date_trunc('month', {moment}) AS VARCHAR) ELSE {day.text} END"
    last = f"CASE WHEN {month} THEN CAST(last_day({moment}) AS VARCHAR) ELSE {day.text} END"
    return {
        "occurred_on": Field(given=day.given, text=first, strict=True),
        "occurred_until": Field(given=day.given, text=last),
        "date_precision": precision,
    }


def _target(have: dict[str, str]) -> Field | None:
    """Civilians, where the event was aimed at them; nothing in files that cannot say it."""
    if "civilian_targeting" in have:
        given = plain(have["civilian_targeting"]).given
        return Field(given=given, text=f"CASE WHEN {given} IS NOT NULL THEN 'civilians' END")
    if "actor2" in have:
        given = plain(have["actor2"]).given
        return Field(given=given, text=f"CASE WHEN {given} ILIKE 'civilians%' THEN 'civilians' END")
    return None

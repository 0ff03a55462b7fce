"""What analysts say of flags, and which regions' flags are muted: only ever added to, never changed."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from analytics.errors import OptionError
from analytics.sources.table import nearest
from analytics.store.connection import Store

if TYPE_CHECKING:
    import pandas as pd

WORDS = ("confirmed", "dismissed", "commented")


def add_note(store: Store, name: str, what: str, *, text: str = "", author: str = "", at: datetime) -> str:
    """Say of the flag or episode *name* that it is *what*, one of `WORDS`; the id of the flag that bears the note.

    *name* is REGION/MEASURE/WEEK of a recorded flag, or an episode's id: then its first flag bears the note. The same
    note twice is there once. Raises OptionError for an unknown name or word, and for a comment without text.
    """
    if what not in WORDS:
        raise OptionError(f"a note says {', '.join(WORDS)}; not {what!r}")
    if what == "commented" and not text.strip():
        raise OptionError("the comment is empty; say something, or use --confirm or --dismiss")
    flag_id, week = _flag(store, name)
    _add(
        store,
        "note",
        {"flag_id": flag_id, "week": week, "what": what, "text": text.strip(), "author": author, "noted_at": at},
    )
    return flag_id


def add_mute(
    store: Store,
    region_id: str,
    *,
    measure: str = "",
    starts_on: date,
    until: date,
    reason: str,
    author: str = "",
    at: datetime,
) -> None:
    """Mute the flags of a region (of one measure, or of all) in the weeks that touch *starts_on* to *until*.

    Raises OptionError for an unknown region, an empty reason, or an end before the start.
    """
    _check_region(store, region_id)
    if not reason.strip():
        raise OptionError("a mute needs a reason, which the report shows; give --reason")
    if until < starts_on:
        raise OptionError(f"the mute would end {until}, before it starts, {starts_on}; give --from or a later --until")
    row = {"region_id": region_id, "measure": measure, "what": "muted", "starts_on": starts_on, "until": until}
    _add(store, "mute", {**row, "text": reason.strip(), "author": author, "noted_at": at})


def end_mute(
    store: Store, region_id: str, *, measure: str = "", ends_on: date, reason: str = "", author: str = "", at: datetime
) -> None:
    """End the mutes of a region (those of this *measure*) so that they are no longer in force on *ends_on*.

    Raises OptionError where no mute is in force then.
    """
    _check_region(store, region_id)
    found = store.value(
        "SELECT count(*) FROM mutes WHERE region_id = $region AND measure = $measure AND starts_on <= $day AND until >= $day "
        "AND noted_at <= $at",
        {"region": region_id, "measure": measure, "day": ends_on, "at": at},
    )
    if not found:
        of = f" of {measure}" if measure else ""
        raise OptionError(
            f"no mute{of} of {region_id} is in force on {ends_on}; incidents mute --list has all, --from names another day"
        )
    row = {"region_id": region_id, "measure": measure, "what": "unmuted", "starts_on": ends_on, "until": None}
    _add(store, "mute", {**row, "text": reason.strip(), "author": author, "noted_at": at})


def notes(store: Store) -> "pd.DataFrame":
    """All notes, oldest first: flag_id, week, what, text, author, noted_at."""
    return store.frame("FROM notes")


def mutes(store: Store) -> "pd.DataFrame":
    """All mutes: region_id, measure ("" for all), starts_on, until (or the day before its early end), reason, author, noted_at."""
    return store.frame("FROM mutes")


def _flag(store: Store, name: str) -> tuple[str, date]:
    """Id and week of the recorded flag that *name* means."""
    rows = store.rows(
        "SELECT flag_id, week FROM flags WHERE flag_id = $name UNION ALL BY NAME "
        "SELECT left(episode_id, -10) || first_week AS flag_id, first_week AS week FROM episodes WHERE episode_id = $name "
        "LIMIT 1",
        {"name": name},
    )
    if rows:
        return rows[0]
    ids = [text for (text,) in store.rows("SELECT flag_id FROM flags UNION SELECT episode_id FROM episodes ORDER BY 1")]
    hint = nearest(name, ids) if ids else "; no report has recorded any yet (incidents report does)"
    raise OptionError(f"{name!r} is no recorded flag or episode{hint}; incidents episodes lists them")


def _check_region(store: Store, region_id: str) -> None:
    """Raise OptionError for what is neither a region nor a group."""
    known = [
        name
        for (name,) in store.rows(
            "SELECT region_id FROM region UNION SELECT DISTINCT group_id FROM region_member ORDER BY 1"
        )
    ]
    if region_id not in known:
        raise OptionError(
            f"{region_id!r} is no region or group{nearest(region_id, known)}; incidents regions lists them"
        )


def _add(store: Store, table: str, row: dict[str, object]) -> None:
    """Add *row* unless the same is there."""
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM ${name}" for name in row)
    with store.transaction():
        if not store.value(f"SELECT count(*) FROM {table} WHERE {same}", row):
            marks = ", ".join(f"${name}" for name in row)
            store.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)

"""What a source format is: a projection from its columns, all read as text, to ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Field:
    """How one of our columns comes from a file: *given* is the text as it stands there, *text* what is read from it.

    `strict`: a given text that nothing is read from is wrong (a date in none of the formats); otherwise it is unknown.
    """

    given: str
    text: str
    strict: bool = False


@dataclass(frozen=True, kw_only=True)
class Release:
    """A dated release that a file is part of; its name does not always tell which days it covers."""

    name: str
    known_at: datetime
    covers_from: date | None = None
    covers_until: date | None = None
    of: str = "UCDP"
    """Whose release it is."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A format applied to one file.

    `fields` maps our column names to SQL over the file's columns (VARCHAR); `skip` is SQL that is true for rows that
    are no records (a second header, say).
    """

    format: str
    source: str
    fields: dict[str, Field]
    skip: str = "false"
    release: Release | None = None
    settings: dict[str, object] = field(default_factory=dict)
    """What tells one way of reading the same file from another."""
    read_as: str = ""
    """What the file is taken for and why, in words."""


def quoted(name: str) -> str:
    """*name* as an SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """*text* as an SQL string, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


def tags_row(source_id: Field, occurred_on: Field) -> str:
    """SQL that is true for the second header of HDX files: HXL tags (#date+start) in place of an id and a day."""
    return f"coalesce(starts_with({occurred_on.given}, '#') AND coalesce(starts_with({source_id.given}, '#'), true), false)"


def plain(column: str) -> Field:
    """A column read as it stands, without surrounding blanks; empty is null."""
    text = trimmed(quoted(column))
    return Field(given=text, text=text)


def trimmed(text: str) -> str:
    """SQL of *text* without surrounding blanks, null where nothing is left; text of ASCII without any is not copied."""
    clean = f"strlen({text}) = length({text}) AND NOT starts_with({text}, ' ') AND NOT ends_with({text}, ' ') AND {text} <> ''"
    return f"CASE WHEN {clean} THEN {text} ELSE nullif(trim({text}), '') END"


def translated(column: str, values: dict[str, str]) -> Field:
    """A column whose values are replaced one by one; others stay as they are."""
    given = plain(column).given
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in values.items())
    return Field(given=given, text=f"CASE {given} {cases} ELSE {given} END")


def stated(column: str, *unknown: str) -> Field:
    """A column read as it stands, but for the words and codes by which the source says that it does not know."""
    given = plain(column).given
    return Field(given=given, text=f"CASE WHEN {given} NOT IN ({', '.join(map(literal, unknown))}) THEN {given} END")


def dated(column: str, formats: Sequence[str]) -> Field:
    """A column of days in one of *formats* (strptime), tried in turn; a text in none of them is wrong."""
    given = plain(column).given
    return Field(given=given, text=parsed(given, formats), strict=True)


NUMBERED = {
    "unix": "to_timestamp({})",
    "unix-ms": "to_timestamp({} / 1000)",
    "excel": "to_timestamp(({} - 25569) * 86400)",
}
"""Formats of times that are numbers: seconds or milliseconds since 1970 (UTC), days as Excel counts them (1 = 1900-01-01)."""


def parsed(text: str, formats: Sequence[str]) -> str:
    """SQL that reads *text* in the first of *formats* that fits (strptime, "iso", or one of `NUMBERED`), else null."""
    ways = [_parsed(text, form) for form in formats]
    return f"coalesce({', '.join(ways)})"


def _parsed(text: str, form: str) -> str:
    if form == "iso":
        return f"CASE WHEN TRY_CAST({text} AS TIMESTAMP) IS NOT NULL THEN {text} END"
    if form in NUMBERED:
        number = NUMBERED[form].format(f"TRY_CAST({text} AS DOUBLE)")
        return f"CAST(TRY({number}) AS VARCHAR)"
    return f"CAST(try_strptime({text}, {literal(form)}) AS VARCHAR)"

"""What a source format is: a projection from its columns, all read as text, to ours."""

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
    """A dated release that a file is part of."""

    name: str
    known_at: datetime
    covers_from: date
    covers_until: date


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
    text = f"nullif(trim({quoted(column)}), '')"
    return Field(given=text, text=text)


def translated(column: str, values: dict[str, str]) -> Field:
    """A column whose values are replaced one by one; others stay as they are."""
    given = plain(column).given
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in values.items())
    return Field(given=given, text=f"CASE {given} {cases} ELSE {given} END")

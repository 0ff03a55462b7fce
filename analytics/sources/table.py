"""Any table, through a mapping from its columns to ours."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from analytics.errors import InputError
from analytics.schema import READABLE
from analytics.sources.base import Field, Source, literal, parsed, plain, tags_row

_WORDS = {"formats": "format or list of formats", "values": "table of their values and ours"}
_LISTED = 40
"""Names that an error lists at most."""
_SECTIONS = ("source", "delimiter", "decimal", "columns", "constants", "formats", "values")
_WORDS_ALONE = ("source", "delimiter", "decimal")


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """How a table's columns become ours.

    `columns`: our name -> the table's column. `constants`: our name -> one value for all records. `formats`: our name
    -> formats tried in turn (dates and times only): strptime's, or the words iso, unix, unix-ms (seconds or milliseconds
    since 1970, UTC) and excel (its numbers of days). `values`: our name -> {their value: ours}. `delimiter`: what
    separates the fields of a CSV file, where that is none of , ; | and tab. `decimal`: "," where numbers are written as 36,5;
    there are no marks between thousands.
    """

    source: str = ""
    delimiter: str = ""
    decimal: str = "."
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    formats: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.delimiter) > 1 or self.delimiter in ('"', "\n", "\r"):
            raise InputError(
                f"mapping: delimiter must be one character, and no quote or line end, got {self.delimiter!r}"
            )
        if self.decimal not in (".", ","):
            raise InputError(f'mapping: decimal must be "." or ",", got {self.decimal!r}')
        for section in ("columns", "constants", "formats", "values"):
            for name in getattr(self, section):
                if name not in READABLE:
                    raise InputError(
                        f"mapping: [{section}] names {name!r}, which is no column of ours{nearest(name, READABLE)}"
                    )
        _check_formats(self.formats)
        if both := self.columns.keys() & self.constants.keys():
            raise InputError(f"mapping: {', '.join(sorted(both))} is both a column and a constant; keep one")

    @classmethod
    def read(cls, path: Path) -> "Mapping":
        """The mapping in the TOML file *path*; raises InputError saying what is wrong in it."""
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"mapping {path}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"mapping {path} is not valid TOML: {error}") from error
        for key in content:
            if key not in _SECTIONS:
                raise InputError(f"mapping {path}: unknown section {key!r}{nearest(key, _SECTIONS)}")
        return cls(**{key: _texts(path, key, value) for key, value in content.items()})


def _check_formats(given: dict[str, list[str]]) -> None:
    """Raise InputError for formats of what is no date, and for none."""
    for name, formats in given.items():
        if not formats:
            raise InputError(f"mapping: [formats] {name} is empty; name one, as %d/%m/%Y, iso or unix")
        if READABLE[name].type not in ("DATE", "TIMESTAMP"):
            raise InputError(f"mapping: [formats] names {name!r}, which is no date; only dates have formats")


def nearest(name: str, known: Any) -> str:
    """Words to end an error with: "; did you mean …?" for the known name closest to *name*, or the choices where none is close."""
    match = get_close_matches(name, list(known), n=1)
    if match:
        return f"; did you mean {match[0]!r}?"
    more = f", ... ({len(known)} in all)" if len(known) > _LISTED else ""
    return f"; choose from {', '.join(list(known)[:_LISTED])}{more}"


def table_source(columns: list[str], name: str, mapping: Mapping) -> Source:
    """The projection of a table with these *columns*; columns that bear our names need no mapping.

    Raises InputError where the mapping names a column that the table does not have.
    """
    have = {column.lower(): column for column in columns}
    chosen = {ours: ours for ours in READABLE if ours in have and ours not in mapping.constants} | mapping.columns
    for ours, theirs in chosen.items():
        if theirs.lower() not in have:
            raise InputError(f"column {theirs!r} (for {ours}) is missing{nearest(theirs, columns)}")
    fields = {ours: _field(ours, have[theirs.lower()], mapping) for ours, theirs in chosen.items()}
    for ours, value in mapping.constants.items():
        fields[ours] = Field(given=literal(value), text=literal(value))
    for needed in ("source_id", "occurred_on"):
        if needed not in fields:
            raise InputError(
                f'no column for {needed}; name it in a mapping file ([columns] {needed} = "..."), which `incidents mapping FILE` '
                f"drafts. The file has: {', '.join(columns[:_LISTED])}{', …' if len(columns) > _LISTED else ''}"
            )
    settings: dict[str, object] = {
        "columns": dict(mapping.columns),
        "constants": dict(mapping.constants),
        "formats": dict(mapping.formats),
        "values": dict(mapping.values),
        **({"delimiter": mapping.delimiter} if mapping.delimiter else {}),
        **({"decimal": mapping.decimal} if mapping.decimal != "." else {}),
    }
    skip = tags_row(fields["source_id"], fields["occurred_on"])
    return Source(format="table", source=mapping.source or name, fields=fields, skip=skip, settings=settings)


def _field(ours: str, theirs: str, mapping: Mapping) -> Field:
    given = plain(theirs).given
    text = given
    if values := mapping.values.get(ours):
        cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in values.items())
        text = f"CASE {given} {cases} ELSE {given} END"
    if mapping.decimal != "." and READABLE[ours].type in ("INTEGER", "DOUBLE"):
        text = f"replace({text}, {literal(mapping.decimal)}, '.')"
    if formats := mapping.formats.get(ours):
        text = parsed(text, formats)
    return Field(given=given, text=text, strict=ours in mapping.formats)


def _texts(path: Path, key: str, value: Any) -> Any:
    """A section's values as text (TOML numbers and dates are allowed), or a clear error."""
    if key in _WORDS_ALONE:
        if not isinstance(value, str):
            raise InputError(f"mapping {path}: {key} must be text, got {value!r}")
        return value
    if not isinstance(value, dict):
        raise InputError(f"mapping {path}: {key!r} must be a section [{key}], got {value!r}")
    wanted = {"formats": (str, list), "values": (dict,)}.get(key, (str, int, float, date, time))
    for name, item in value.items():
        if not isinstance(item, wanted):
            raise InputError(f"mapping {path}: [{key}] {name} = {item!r} is no {_WORDS.get(key, 'text')}")
    if key == "formats":
        return {name: [item] if isinstance(item, str) else [str(one) for one in item] for name, item in value.items()}
    if key == "values":
        return {name: {str(old): str(new) for old, new in pairs.items()} for name, pairs in value.items()}
    return {name: str(item) for name, item in value.items()}

"""A first mapping for a table that nobody described: guessed from its headings and a sample of its values, to be edited."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from analytics.errors import InputError
from analytics.schema import READABLE
from analytics.sources.headings import guessed

FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%B %d, %Y",
    "%b %d, %Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S",
)  # fmt: skip
"""Formats of dates that are tried, the day before the month where both fit."""
TIMES = {"unix": (1e8, 5e9), "unix-ms": (1e11, 5e12), "excel": (20_000, 60_000)}
"""Times that are numbers, and between what they lie: 1973 to 2128, and 1954 to 2064."""
SHOWN = 3
"""Values of a column that a comment shows."""

Table = list[list[str]]


@dataclass
class _Column:
    """A column of the table: its name and its values in the sample, without those that are missing."""

    name: str
    values: list[str]
    complete: bool
    """Whether no value was missing."""


@dataclass
class _Draft:
    """What is guessed: our columns with theirs, formats of dates, and why, or why not, by our name."""

    columns: dict[str, _Column] = field(default_factory=dict)
    formats: dict[str, list[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    decimal: str = "."
    """What stands before the decimals of numbers."""


def drafted(name: str, columns: list[str], rows: Table, delimiter: str = "") -> str:
    """A mapping (TOML) for the table of the file *name* with these *columns*, of which *rows* are a sample of texts.

    What is guessed is commented, and so is what is left over. It can be read by `Mapping.read` as it stands.
    Raises InputError where there is nothing to guess from.
    """
    if not rows:
        raise InputError(f"{name} has a header but no records to guess from")
    sampled = [
        _Column(column, values := [row[place] for row in rows if row[place]], len(values) == len(rows))
        for place, column in enumerate(columns)
    ]
    draft = _draft(sampled)
    left = [column for column in sampled if column not in draft.columns.values()]
    missing = [ours for ours in ("source_id", "occurred_on") if ours not in draft.columns]
    return "\n".join([*_head(name, len(rows), missing, delimiter), *_decimal(draft), *_body(draft), *_rest(left), ""])


def _draft(sampled: list[_Column]) -> _Draft:
    draft, by_name = _Draft(), {column.name: column for column in sampled}
    for ours, theirs in guessed(list(by_name)).items():
        column = by_name[theirs]
        if problem := _FITS.get(READABLE[ours].type, _any)(ours, column, draft):
            draft.why[ours] = f"{theirs!r} is called so, but {problem}"
        else:
            draft.columns[ours] = column
    _without_heading(draft, sampled)
    return draft


def _without_heading(draft: _Draft, sampled: list[_Column]) -> None:
    """An id and a day, where no heading tells them, from values alone."""
    wanted: dict[str, Callable[[_Column], bool]] = {
        "occurred_on": lambda column: not _day("occurred_on", column, draft),
        "source_id": lambda column: not _identity(column),
    }
    for ours, fits in wanted.items():
        if ours in draft.columns:
            continue
        free = (column for column in sampled if column not in draft.columns.values() and fits(column))
        if column := next(free, None):
            draft.columns[ours] = column
            draft.why[ours] = "guessed from its values alone"


def _any(ours: str, column: _Column, draft: _Draft) -> str:
    """What speaks against text being *ours*."""
    allowed = READABLE[ours].allowed
    if ours == "source_id":
        return _identity(column)
    others = set(column.values) - set(allowed)
    return f"holds {min(others)!r}, which is none of {', '.join(allowed)}" if allowed and others else ""


def _identity(column: _Column) -> str:
    if not column.complete:
        return "some records have none"
    return "" if len(set(column.values)) == len(column.values) else "its values repeat"


def _number(ours: str, column: _Column, draft: _Draft) -> str:
    """What speaks against numbers being *ours*."""
    wanted = READABLE[ours]
    low, high = float(wanted.low or "-inf"), float(wanted.high or "inf")
    for text in column.values:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            return f"holds {text!r}"
        if not low <= value <= high or (wanted.type == "INTEGER" and not value.is_integer()):
            return f"holds {text}, which is not {wanted.expects}"
    if any("," in text for text in column.values):
        draft.decimal = ","
    return ""


def _day(ours: str, column: _Column, draft: _Draft) -> str:
    """What speaks against days or times being *ours*; the format in which they are is noted in *draft*."""
    if not column.values:
        return "it is empty"
    if all(map(_is_iso, column.values)):
        return ""
    fitting = [form for form in FORMATS if _share(column, form) == 1] or _numbered(column) or _several(column)
    if not fitting:
        return f"holds {column.values[0]!r}, which is no date that is known"
    several = len(fitting) > 1 and _share(column, fitting[0]) < 1
    draft.formats[ours] = fitting if several else fitting[:1]
    if len(fitting) > 1 and not several:
        draft.why[ours] = f"{' and '.join(fitting)} fit all values: check which it is"
    return ""


def _is_iso(text: str) -> bool:
    """A day as the database reads it without a format: the year, in four digits, first."""
    try:
        return bool(datetime.fromisoformat(text)) and text[4:5] == "-" and text[5:6] != "W"
    except ValueError:
        return False


def _is(text: str, form: str) -> bool:
    try:
        return datetime.strptime(text, form).year >= 1900  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False


def _share(column: _Column, form: str) -> float:
    """Share of the values that a format reads."""
    return sum(_is(text, form) for text in column.values) / len(column.values)


def _numbered(column: _Column) -> list[str]:
    """The kind of number that times are, if they are any."""
    try:
        numbers = [float(text) for text in column.values]
    except ValueError:
        return []
    return [name for name, (low, high) in TIMES.items() if all(low <= number <= high for number in numbers)]


def _several(column: _Column) -> list[str]:
    """Formats that together read all values, the one that reads most first, if there are such."""
    left, found = column.values, []
    while left:
        counts = {form: sum(_is(text, form) for text in left) for form in FORMATS} | {"iso": sum(map(_is_iso, left))}
        best = max(counts, key=lambda form: counts[form])
        if not counts[best]:
            return []
        found.append(best)
        left = [text for text in left if not (_is_iso(text) if best == "iso" else _is(text, best))]
    return found


_FITS = {"DATE": _day, "TIMESTAMP": _day, "INTEGER": _number, "DOUBLE": _number, "VARCHAR": _any}


def _head(name: str, rows: int, missing: list[str], delimiter: str) -> list[str]:
    lines = [
        f"# A first mapping for {_comment(name)}, guessed from its headings and its first {rows:,} records.",
        "# Check it, edit it, then: incidents load FILE --mapping THIS",
        *(f"# There is no {ours} yet, and nothing can be loaded without: name its column." for ours in missing),
        "",
        '# source = "desk"                  # the name of the source; by default that of the file',
    ]
    return [*lines, f"delimiter = {_text(delimiter)}"] if delimiter else lines


def _decimal(draft: _Draft) -> list[str]:
    return ['decimal = ","                         # numbers are written as 36,5'] if draft.decimal == "," else []


def _body(draft: _Draft) -> list[str]:
    lines = ["", "[columns]                             # ours = theirs"]
    for ours in READABLE:
        if ours in draft.columns:
            note = draft.why.get(ours) or _examples(draft.columns[ours])
            lines.append(f"{ours} = {_text(draft.columns[ours].name)}  # {_comment(note)}")
        elif ours in draft.why:
            lines.append(f"# {ours}: {_comment(draft.why[ours])}")
    formats = {ours: forms for ours, forms in draft.formats.items() if ours in draft.columns}
    if formats:
        lines += ["", "[formats]", *(f"{ours} = [{', '.join(map(_text, forms))}]" for ours, forms in formats.items())]
    lines += ["", "[constants]                           # one value for all records"]
    return lines if "country" in draft.columns else [*lines, '# country = "Iraq"']


def _rest(left: list[_Column]) -> list[str]:
    """The columns that are not used, which stay reachable in raw."""
    if not left:
        return []
    listed = [f"#   {_comment(column.name)}: {_comment(_examples(column) or 'empty')}" for column in left]
    return ["", "# Columns that nothing is made of; with a column of ours they could stand under [columns]:", *listed]


def _examples(column: _Column) -> str:
    return ", ".join(list(dict.fromkeys(text[:40] for text in column.values))[:SHOWN])


def _text(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's, but for one character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """Text that may stand in a comment, whatever is in it."""
    return "".join(mark if mark.isprintable() else " " for mark in text)

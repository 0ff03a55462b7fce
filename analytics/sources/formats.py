"""The formats we know, and which of them a file is: by its columns, and in words."""

from collections.abc import Callable
from dataclasses import dataclass

from analytics.errors import InputError
from analytics.sources.acled import ACLED_COLUMNS, acled_source
from analytics.sources.base import Source
from analytics.sources.deco import DECO_COLUMNS, deco_source
from analytics.sources.gtd import GTD_COLUMNS, gtd_source
from analytics.sources.ucdp import UCDP_COLUMNS, ucdp_source


@dataclass(frozen=True, kw_only=True)
class Format:
    """A known format: its name in words, the columns it is known by, and its projection of (columns, file name)."""

    words: str
    needs: frozenset[str]
    project: Callable[[list[str], str], Source]


FORMATS = {
    "ucdp": Format(words="UCDP GED", needs=UCDP_COLUMNS, project=ucdp_source),
    "deco": Format(words="UCDP DECO", needs=DECO_COLUMNS, project=deco_source),
    "acled": Format(words="ACLED", needs=ACLED_COLUMNS, project=acled_source),
    "gtd": Format(words="GTD", needs=GTD_COLUMNS, project=gtd_source),
}

ALIKE = 0.7
"""Share of a format's columns from which a file that lacks the others is said to be near to it."""


def recognise(columns: list[str]) -> tuple[str, str]:
    """Name of the format whose columns these are ("table" for none), and why it is taken for that, in words."""
    have = {column.lower() for column in columns}
    for name, known in FORMATS.items():
        if have >= known.needs:
            return name, f"it has the columns of {known.words} ({', '.join(sorted(known.needs)[:3])}, …)"
    near = max(FORMATS.values(), key=lambda known: len(known.needs & have) / len(known.needs))
    if len(near.needs & have) < ALIKE * len(near.needs):
        return "table", "its columns are those of no known format"
    return "table", f"it is near to {near.words}, but {', '.join(sorted(near.needs - have))} is missing"


def known_source(name: str, columns: list[str], filename: str) -> Source:
    """The projection of a file of the format *name*; raises InputError where a column that it is known by is missing."""
    known = FORMATS[name]
    if missing := known.needs - {column.lower() for column in columns}:
        raise InputError(f"{filename} is not a {known.words} file: column {', '.join(sorted(missing))} is missing")
    return known.project(columns, filename)

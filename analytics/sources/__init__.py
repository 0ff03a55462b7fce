"""Source formats: how the columns of each become ours, as SQL that the store runs."""

from analytics.sources.base import Field, Release, Source
from analytics.sources.formats import FORMATS, known_source, recognise
from analytics.sources.table import Mapping, table_source
from analytics.sources.ucdp import ucdp_release

__all__ = [
    "FORMATS",
    "Field",
    "Mapping",
    "Release",
    "Source",
    "known_source",
    "recognise",
    "table_source",
    "ucdp_release",
]

"""Source formats: how the columns of each become ours, as SQL that the store runs."""

from analytics.sources.base import Field, Release, Source
from analytics.sources.table import Mapping, table_source
from analytics.sources.ucdp import UCDP_COLUMNS, ucdp_release, ucdp_source

__all__ = [
    "UCDP_COLUMNS",
    "Field",
    "Mapping",
    "Release",
    "Source",
    "recognise",
    "table_source",
    "ucdp_release",
    "ucdp_source",
]


def recognise(columns: list[str]) -> str:
    """Name of the format whose columns these are: "ucdp", or "table" for anything else."""
    return "ucdp" if {column.lower() for column in columns} >= UCDP_COLUMNS else "table"

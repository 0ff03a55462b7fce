"""The schema's own words: comments on every table, view, macro and column, written with the schema and read back."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from analytics.schema import COLUMNS
from analytics.sources.base import literal

_SQL = Path(__file__).parent.parent / "sql"

OBJECTS = """
SELECT name, kind, split_part(comment, chr(10), 1) AS comment FROM (
    SELECT table_name AS name, 'table' AS kind, comment FROM duckdb_tables() WHERE NOT internal
    UNION ALL SELECT view_name, 'view', comment FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT function_name, 'macro', comment FROM duckdb_functions() WHERE NOT internal
) ORDER BY kind <> 'view', kind <> 'macro', name
"""
"""Views, macros and tables with their comments: first what analysts start from."""

PARTS = """
SELECT name, type, comment FROM (
    SELECT column_index AS place, column_name AS name, data_type AS type, comment
    FROM duckdb_columns() WHERE NOT internal AND table_name = $name
    UNION ALL
    SELECT turn, split_part(line, ': ', 1), 'argument', substr(line, strpos(line, ': ') + 2)
    FROM (SELECT unnest(string_split(comment, chr(10))[2:]) AS line,
                 unnest(range(len(string_split(comment, chr(10))) - 1)) AS turn
          FROM duckdb_functions() WHERE NOT internal AND function_name = $name)
) ORDER BY place
"""
"""Columns of one table or view, or arguments of one macro, with their comments."""


def comment_on(kind: str, name: str, text: str) -> str:
    """The statement that says of a new table, view or macro what its file *text* says in its first line."""
    about = text.split("\n", 1)[0].removeprefix("-- ")
    if kind == "MACRO":
        kind = "MACRO TABLE" if re.search(r"\)\s*AS TABLE\b", text) else kind
        about = "\n".join([about, *(f"{word}: {_argument(word)}" for word in _arguments(text))])
    return f"COMMENT ON {kind} {name} IS {literal(about)}"


def comment_on_columns(columns: Iterable[tuple[str, str]]) -> str:
    """The statements that say of each (table, column) what it means."""
    said = [(table, column, _meaning(table, column)) for table, column in columns]
    return ";\n".join(
        f'COMMENT ON COLUMN {table}."{column}" IS {literal(meaning)}' for table, column, meaning in said if meaning
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    with (_SQL / "words.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _incident_words() -> dict[str, str]:
    return {column.name: column.doc for column in COLUMNS}


def _meaning(table: str, column: str) -> str:
    """Meaning of a column: as the table has it, or the table that a view is the plural of, an incident, or every table."""
    of_incident = _incident_words() if table in _OF_INCIDENTS else {}
    own, singular = (_words().get(name, {}) for name in (table, table.removesuffix("s")))
    return next((words[column] for words in (own, singular, of_incident, _words()["columns"]) if column in words), "")


_OF_INCIDENTS = ("incident_version", "incidents", "versions", "flag_incidents", "place_conflicts", "reporting_delay")


def _argument(word: str) -> str:
    """Meaning of a macro's argument: of its own, or that of the column it stands for."""
    return _words()["arguments"].get(word) or _incident_words().get(word) or _words()["columns"].get(word, "")


def _arguments(text: str) -> list[str]:
    """Names of a macro's arguments, in order."""
    inside = re.search(r"MACRO (?:IF NOT EXISTS )?\w+\((.*?)\)\s*AS\b", text, re.DOTALL)
    parts = inside[1].split(",") if inside else []
    return [part.split(":=")[0].strip().strip('"') for part in parts]

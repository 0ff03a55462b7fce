"""What the shell completes: tables, views, macros, columns, functions, saved queries and the words of SQL."""

import json
import re
from collections.abc import Iterator
from threading import Thread
from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion

from analytics.errors import AnalyticsError
from analytics.query.process import Worker
from analytics.query.request import Request
from analytics.query.saved import saved_queries

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

KEYWORDS = (
    "ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "COUNT", "CROSS", "DESC", "DESCRIBE", "DISTINCT", "ELSE", "END", "EXCLUDE",
    "EXISTS", "EXPLAIN", "FILTER", "FROM", "FULL", "GROUP", "HAVING", "ILIKE", "IN", "INTERVAL", "IS", "JOIN", "LEFT", "LIKE", "LIMIT", "NOT",
    "NULL", "NULLS", "OFFSET", "ON", "OR", "ORDER", "OVER", "PARTITION", "PIVOT", "QUALIFY", "REPLACE", "RIGHT", "SELECT", "SUMMARIZE", "THEN",
    "UNION", "UNPIVOT", "USING", "VALUES", "WHEN", "WHERE", "WINDOW", "WITH",
)  # fmt: skip

_KNOWN = """
SELECT name, kind, comment FROM (
    SELECT table_name AS name, 'table' AS kind, comment FROM duckdb_tables() WHERE NOT internal
    UNION ALL SELECT view_name, 'view', comment FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT function_name, 'macro', comment FROM duckdb_functions() WHERE NOT internal
    UNION ALL SELECT DISTINCT ON (column_name) column_name, 'column', comment FROM duckdb_columns() WHERE NOT internal
    UNION ALL SELECT DISTINCT function_name, 'function', '' FROM duckdb_functions()
              WHERE internal AND regexp_full_match(function_name, '[a-z][a-z0-9_]+')
) ORDER BY name
"""

_BEFORE = re.compile(r"(?P<at>@)?(?P<word>\w*)$")
_SOURCE = re.compile(r"\b(?:from|join|table|describe|summarize)\s+\w*$|^\\d\s+\w*$", re.IGNORECASE)


class Words(Completer):
    """Completions for what stands before the cursor; what the database holds is learnt beside the conversation."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.objects: dict[str, str] = {}
        self.others: dict[str, str] = {}

    def learn(self) -> None:
        """Ask the database for its words without keeping anyone waiting; where it cannot be asked there are fewer."""
        Thread(target=self.ask, daemon=True).start()

    def ask(self) -> None:
        """Ask the database for its words now."""
        heard: list[bytes] = []
        try:
            with Worker() as worker:
                worker.ask(Request(database=self.database, sql=_KNOWN, form="jsonl"), heard.append)
        except AnalyticsError:
            return
        rows = [json.loads(line) for line in b"".join(heard).splitlines()]
        said = {row["name"]: (row["comment"] or row["kind"]).split("\n")[0] for row in rows}
        self.objects = {row["name"]: said[row["name"]] for row in rows if row["kind"] in ("table", "view", "macro")}
        self.others = {
            row["name"]: row["comment"] or row["kind"] for row in rows if row["kind"] in ("column", "function")
        }

    def get_completions(self, document: "Document", complete_event: "CompleteEvent") -> Iterator[Completion]:
        """Words that begin with what was typed: names of saved queries after @, of tables after FROM, else any."""
        before = document.text_before_cursor
        found = _BEFORE.search(before)
        word = found["word"] if found else ""
        for name, meaning in self._choices(before, at=bool(found and found["at"])).items():
            if name.lower().startswith(word.lower()) and name != word:
                yield Completion(name, start_position=-len(word), display_meta=meaning[:60])

    def _choices(self, before: str, *, at: bool) -> dict[str, str]:
        if at:
            return {query.name: query.title for query in saved_queries()}
        if _SOURCE.search(before):
            return self.objects
        return {} if not _BEFORE.search(before)["word"] else self.objects | self.others | dict.fromkeys(KEYWORDS, "")  # type: ignore[index]

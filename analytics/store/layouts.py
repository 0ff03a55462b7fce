"""How the records of a file are laid out, so that `raw` can be put together from what our columns hold already."""

import hashlib
import json
from collections.abc import Mapping

from analytics.sources.base import literal
from analytics.store.connection import Store, sql_text
from analytics.store.describing import comment_on

_TYPE = "STRUCT(name VARCHAR, ours VARCHAR)[]"


def layout_id(store: Store, header: Mapping[str, str | None]) -> int:
    """Number of the layout of files whose columns are *header*: name -> the column of ours that holds its text, if any.

    A layout that is new is kept, and the macro `layout_columns` written anew.
    """
    text = json.dumps([{"name": name, "ours": ours} for name, ours in header.items()], ensure_ascii=False)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) + 1
    if not store.value("SELECT count(*) FROM layout WHERE layout_id = $id", {"id": number}):
        store.run("INSERT INTO layout VALUES ($id, $header)", {"id": number, "header": text})
        _write(store)
    return number


def drop_layouts(store: Store) -> None:
    """Forget layouts that no record has any more."""
    store.run(
        "DELETE FROM layout WHERE layout_id NOT IN (SELECT layout FROM incident_version WHERE layout IS NOT NULL "
        "UNION SELECT layout FROM sighting WHERE layout IS NOT NULL)"
    )
    _write(store)


def _write(store: Store) -> None:
    made = sql_text("layout_columns")
    rows = store.rows("SELECT layout_id, header FROM layout ORDER BY layout_id")
    cases = " ".join(f"WHEN {number} THEN CAST(CAST({literal(header)} AS JSON) AS {_TYPE})" for number, header in rows)
    columns = f"CASE layout {cases} END" if rows else f"CAST(NULL AS {_TYPE})"
    store.run(f"CREATE OR REPLACE MACRO layout_columns(layout) AS {columns}")
    store.run(comment_on("MACRO", "layout_columns", made))

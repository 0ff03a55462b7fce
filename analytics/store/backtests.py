"""Writing down backtests and what they found, and reading the one that speaks of given settings; rows are only ever added."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from analytics.store.connection import Store

if TYPE_CHECKING:
    import pandas as pd

SCORES = (
    "method", "flagged", "threshold", "flags", "flags_per_region_year", "episodes", "censored", "followed", "precision",
    "low", "high", "base_rate", "lift", "escalations", "in_time", "late", "missed", "lead",
)  # fmt: skip
"""Columns of a backtest's table, in order."""
_FLAGS = ("week", "region_id", "region", "level", "observed", "expected", "first", "followed")


def record_backtest(store: Store, row: Mapping[str, Any], scores: "pd.DataFrame", flags: "pd.DataFrame") -> bool:
    """Record a backtest (a row of the table backtest), its table and its flags; False where it is recorded already."""
    if store.value("SELECT count(*) FROM backtest WHERE backtest_id = $id", {"id": row["backtest_id"]}):
        return False
    with store.transaction():
        names = ", ".join(f'"{name}"' for name in row)
        store.run(f"INSERT INTO backtest ({names}) VALUES ({', '.join(f'${name}' for name in row)})", row)
        _insert(
            store, "backtest_score", row["backtest_id"], scores[list(SCORES)].assign(place=range(1, len(scores) + 1))
        )
        _insert(store, "backtest_flag", row["backtest_id"], flags[list(_FLAGS)])
    return True


def last_backtest(
    store: Store, settings_hash: str, *, to: date | None, as_of: datetime | None
) -> tuple[dict[str, Any], "pd.DataFrame"] | None:
    """The latest recorded backtest of these settings that saw nothing after *to* and *as_of*, and its table; None if none."""
    found = store.rows(
        'SELECT backtest_id, sentence, command, "to", as_of FROM backtest '
        "WHERE settings_hash = $hash "
        "AND \"to\" <= coalesce(CAST($to AS DATE), DATE '9999-01-01') AND coalesce(as_of, TIMESTAMP 'infinity') "
        "<= coalesce(CAST($as_of AS TIMESTAMP), TIMESTAMP 'infinity') "
        'ORDER BY "to" DESC, as_of DESC NULLS FIRST, first_week, backtest_id LIMIT 1',
        {"hash": settings_hash, "to": to, "as_of": as_of},
    )
    if not found:
        return None
    row = dict(zip(("backtest_id", "sentence", "command", "to", "as_of"), found[0], strict=True))
    names = ", ".join(f'"{name}"' for name in SCORES)
    query = f"SELECT {names} FROM backtest_score WHERE backtest_id = $id ORDER BY place"
    return row, store.frame(query, {"id": row["backtest_id"]})


def _insert(store: Store, table: str, backtest_id: str, frame: "pd.DataFrame") -> None:
    """The rows of *frame*, all at once; missing values are null."""
    values = {str(name): [None if value != value else _plain(value) for value in frame[name]] for name in frame}
    names = ", ".join(f'"{name}"' for name in values)
    lists = ", ".join(f"unnest(${name})" for name in values)
    store.run(f"INSERT INTO {table} (backtest_id, {names}) SELECT $id, {lists}", {"id": backtest_id, **values})


def _plain(value: Any) -> Any:
    """A value as the database takes it: no numpy, no pandas."""
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime().date()
    return value.item() if hasattr(value, "item") else value

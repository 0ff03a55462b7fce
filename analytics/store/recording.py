"""Writing down runs, with the flags and episodes they found; the same run written twice is there once."""

from typing import TYPE_CHECKING, Any

from analytics.store.connection import Store

if TYPE_CHECKING:
    import pandas as pd

_FLAG = (
    "week", "region_id", "region", "measure", "level", "kinds", "p_value", "q_value", "observed", "expected", "upper",
    "excess", "growth", "episode_id", "reason",
)  # fmt: skip
_EPISODE = (
    "episode_id", "region_id", "region", "measure", "first_week", "last_week", "weeks", "peak_level", "observed",
    "excess", "status",
)  # fmt: skip


def record_run(store: Store, run: dict[str, Any], flags: "pd.DataFrame", episodes: "pd.DataFrame") -> None:
    """Record *run* (a row of the table run) with its *flags* and *episodes* in one transaction."""
    with store.transaction():
        for table in ("run", "flag", "episode"):
            store.run(f"DELETE FROM {table} WHERE run_id = $run_id", {"run_id": run["run_id"]})
        _insert(store, "run", tuple(run), [run])
        _insert(store, "flag", ("run_id", *_FLAG), _rows(run, flags, _FLAG))
        _insert(store, "episode", ("run_id", *_EPISODE), _rows(run, episodes, _EPISODE))


def _rows(run: dict[str, Any], frame: "pd.DataFrame", columns: tuple[str, ...]) -> list[dict[str, Any]]:
    if frame.empty:
        return []
    records = frame[list(columns)].astype(object).where(frame[list(columns)].notna(), None).to_dict("records")
    return [{"run_id": run["run_id"], **{str(key): value for key, value in record.items()}} for record in records]


def _insert(store: Store, table: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join(f"${column}" for column in columns)
    for row in rows:
        store.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)

"""A backtest as it is written down, and what a report shows of the one that is written down for its settings."""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from analytics import __version__
from analytics.definitions import Definition
from analytics.errors import OptionError
from analytics.pipeline.analysis import Analysis, judging_hash
from analytics.pipeline.backtest_page import backtest_part, sentences
from analytics.pipeline.backtesting import Backtest, backtest_store, beginning
from analytics.pipeline.commands import command
from analytics.pipeline.log import series
from analytics.report import Extra
from analytics.store import Store, data_fingerprint, last_backtest, record_backtest


def record(store: Store, result: Backtest) -> bool:
    """Write *result* down, once; False where it is written down already."""
    panel = result.panel
    row: dict[str, Any] = {
        "settings_hash": result.settings_hash,
        "first_week": result.first,
        "last_week": result.last,
        "known_weeks": result.known_weeks,
        **series(panel, result.settings.regions),
        "version": __version__,
        "options": json.dumps(asdict(result.options), sort_keys=True),
        "fingerprint": data_fingerprint(store, panel.as_of, result.settings.counted).checksum,
        "sentence": "\n\n".join(sentences(result)),
        "command": command(result, "backtest"),
    }
    contents = [
        repr(row),
        *(frame.to_json(orient="split", date_format="iso") for frame in (result.table, result.flags)),
    ]
    row = {"backtest_id": hashlib.sha256("\n".join(contents).encode()).hexdigest()[:12], **row}
    return record_backtest(store, row, result.table, result.flags)


def recorded_part(store: Store, definition: Definition, analysis: Analysis) -> tuple[Extra | None, str]:
    """The backtest that a report of *analysis* shows, and why there is none, or "".

    It is the latest that is recorded for equal settings and saw nothing that the report does not see. Where *definition*
    asks for evidence, and that is not of the report's own `to` and `as_of`, one is made and recorded; not for the pages of
    regions, which are judged together.
    """
    if "backtest" not in definition.sections:
        return None, ""
    panel = analysis.panel
    found = last_backtest(store, judging_hash(analysis.settings), to=panel.to, as_of=panel.as_of)
    now = found is not None and (found[0]["to"], found[0]["as_of"]) == (panel.to, panel.as_of)
    try:
        if definition.evidence and not now and not analysis.part:
            return _made(store, analysis), ""
        if found is None:
            first, _ = beginning(panel, analysis.settings, None)
            return None, _nothing(command(replace(analysis, first=first), "backtest"))
    except OptionError as error:
        return None, f"There is no backtest of these settings: {error}."
    row, table = found
    return backtest_part(table, row["sentence"], row["command"], simulated=panel.simulated), ""


def _made(store: Store, analysis: Analysis) -> Extra:
    """A new backtest until the report's `to`, recorded where the store can be written."""
    panel = analysis.panel
    result = backtest_store(store, analysis.settings, to=panel.to, as_of=panel.as_of)
    if not store.read_only:
        record(store, result)
    words = "\n\n".join(sentences(result))
    return backtest_part(result.table, words, command(result, "backtest"), simulated=panel.simulated)


def _nothing(made_by: str) -> str:
    return (
        "No backtest of these settings is recorded, so nothing is said here of how often flags like these came true. "
        f"This command makes one, and later reports show it:\n\n$ {made_by}"
    )

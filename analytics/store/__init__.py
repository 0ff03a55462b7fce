"""The store: incidents, their versions, regions, dated events and coverage in one DuckDB file.

Names are imported when they are first used, so that asking one question does not load what loading files needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.store.backtests import last_backtest, record_backtest
    from analytics.store.connection import SCHEMA_VERSION, Store, Tracer
    from analytics.store.loading import LoadReport, is_loaded, load, unload
    from analytics.store.lock import run_lock
    from analytics.store.mails import DueMail, add_due, due_mails, record_sent
    from analytics.store.making import fresh_store
    from analytics.store.questions import Question
    from analytics.store.reading import (
        Fingerprint,
        adds_up,
        as_of_default,
        check_level,
        coverage_moved,
        coverage_reach,
        covered_to,
        data_fingerprint,
        incident_changes,
        last_changes,
        severities,
        sources_of,
        weekly,
        weekly_by_source,
    )
    from analytics.store.recording import (
        episodes_of,
        known_episodes,
        last_run,
        log_begins,
        record_run,
        runs_from,
        write_names,
    )
    from analytics.store.reference import is_reference_loaded, load_reference
    from analytics.store.remarks import add_mute, add_note, end_mute, mutes, notes
    from analytics.store.retracting import RetractReport, retract
    from analytics.store.tags import tag_counts, tagged

__all__ = [
    "SCHEMA_VERSION",
    "DueMail",
    "Fingerprint",
    "LoadReport",
    "Question",
    "RetractReport",
    "Store",
    "Tracer",
    "add_due",
    "add_mute",
    "add_note",
    "adds_up",
    "as_of_default",
    "check_level",
    "coverage_moved",
    "coverage_reach",
    "covered_to",
    "data_fingerprint",
    "due_mails",
    "end_mute",
    "episodes_of",
    "fresh_store",
    "incident_changes",
    "is_loaded",
    "is_reference_loaded",
    "known_episodes",
    "last_backtest",
    "last_changes",
    "last_run",
    "load",
    "load_reference",
    "log_begins",
    "mutes",
    "notes",
    "record_backtest",
    "record_run",
    "record_sent",
    "retract",
    "run_lock",
    "runs_from",
    "severities",
    "sources_of",
    "tag_counts",
    "tagged",
    "unload",
    "weekly",
    "weekly_by_source",
    "write_names",
]

_HOMES = {
    "RetractReport": "retracting",
    "retract": "retracting",
    "SCHEMA_VERSION": "connection",
    "DueMail": "mails",
    "Fingerprint": "reading",
    "LoadReport": "loading",
    "Question": "questions",
    "Store": "connection",
    "Tracer": "connection",
    "add_due": "mails",
    "add_mute": "remarks",
    "add_note": "remarks",
    "adds_up": "reading",
    "as_of_default": "reading",
    "check_level": "reading",
    "coverage_moved": "reading",
    "coverage_reach": "reading",
    "covered_to": "reading",
    "data_fingerprint": "reading",
    "due_mails": "mails",
    "end_mute": "remarks",
    "episodes_of": "recording",
    "fresh_store": "making",
    "incident_changes": "reading",
    "is_loaded": "loading",
    "is_reference_loaded": "reference",
    "known_episodes": "recording",
    "last_backtest": "backtests",
    "last_changes": "reading",
    "last_run": "recording",
    "load": "loading",
    "load_reference": "reference",
    "log_begins": "recording",
    "mutes": "remarks",
    "notes": "remarks",
    "record_backtest": "backtests",
    "record_run": "recording",
    "record_sent": "mails",
    "run_lock": "lock",
    "runs_from": "recording",
    "tag_counts": "tags",
    "tagged": "tags",
    "unload": "loading",
    "severities": "reading",
    "sources_of": "reading",
    "weekly": "reading",
    "weekly_by_source": "reading",
    "write_names": "recording",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'analytics.store' has no attribute {name!r}")
    return getattr(import_module(f"analytics.store.{_HOMES[name]}"), name)

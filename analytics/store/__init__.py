"""The store: incidents, their versions, regions, dated events and coverage in one DuckDB file."""

from analytics.store.connection import SCHEMA_VERSION, Store, Tracer
from analytics.store.loading import LoadReport, is_loaded, load, unload
from analytics.store.lock import run_lock
from analytics.store.notes import add_mute, add_note, end_mute, mutes, notes
from analytics.store.reading import (
    Fingerprint,
    adds_up,
    as_of_default,
    check_level,
    coverage_changed,
    covered_to,
    data_fingerprint,
    incident_changes,
    weekly,
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

__all__ = [
    "SCHEMA_VERSION",
    "Fingerprint",
    "LoadReport",
    "Store",
    "Tracer",
    "add_mute",
    "add_note",
    "adds_up",
    "as_of_default",
    "check_level",
    "coverage_changed",
    "covered_to",
    "data_fingerprint",
    "end_mute",
    "episodes_of",
    "incident_changes",
    "is_loaded",
    "is_reference_loaded",
    "known_episodes",
    "last_run",
    "load",
    "load_reference",
    "log_begins",
    "mutes",
    "notes",
    "record_run",
    "run_lock",
    "runs_from",
    "unload",
    "weekly",
    "write_names",
]

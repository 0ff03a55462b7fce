"""The store: incidents, their versions, regions, dated events and coverage in one DuckDB file."""

from analytics.store.connection import SCHEMA_VERSION, Store, Tracer
from analytics.store.loading import LoadReport, is_loaded, load, unload
from analytics.store.lock import run_lock
from analytics.store.reading import (
    Fingerprint,
    adds_up,
    as_of_default,
    check_level,
    covered_to,
    data_fingerprint,
    weekly,
)
from analytics.store.recording import record_run
from analytics.store.reference import is_reference_loaded, load_reference

__all__ = [
    "SCHEMA_VERSION",
    "Fingerprint",
    "LoadReport",
    "Store",
    "Tracer",
    "adds_up",
    "as_of_default",
    "check_level",
    "covered_to",
    "data_fingerprint",
    "is_loaded",
    "is_reference_loaded",
    "load",
    "load_reference",
    "record_run",
    "run_lock",
    "unload",
    "weekly",
]

"""The store: incidents, their versions, regions, dated events and coverage in one DuckDB file."""

from analytics.store.connection import SCHEMA_VERSION, Store, Tracer
from analytics.store.loading import LoadReport, load, unload
from analytics.store.reading import Fingerprint, as_of_default, check_level, covered_to, data_fingerprint, weekly
from analytics.store.recording import record_run
from analytics.store.reference import load_reference

__all__ = [
    "SCHEMA_VERSION",
    "Fingerprint",
    "LoadReport",
    "Store",
    "Tracer",
    "as_of_default",
    "check_level",
    "covered_to",
    "data_fingerprint",
    "load",
    "load_reference",
    "record_run",
    "unload",
    "weekly",
]

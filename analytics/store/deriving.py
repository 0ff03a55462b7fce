"""What follows from the reference files and places loaded: regions in force, regions of places, coverage."""

from analytics.store.connection import Store

_REFERENCE = (
    "in_force", "put_regions", "put_names", "put_members", "put_boundaries", "put_events", "derive_regions", "derive_names",
)  # fmt: skip
_PLACES = ("resolve_places", "moved", "update_places")


def derive(store: Store) -> None:
    """Work out anew which reference rows are in force, the regions of reported places, and coverage.

    It depends only on the loads that are not undone, and not on the order in which other loads came and went.
    """
    for name in (*_REFERENCE, *_PLACES):
        store.step(f"steps/{name}")
    if store.value("SELECT count(*) FROM moved"):
        store.step("steps/update_regions")
    store.step("steps/put_reporting")

"""What follows from the reference files and places loaded: regions in force, regions of places, coverage."""

from analytics.store.connection import Store
from analytics.store.dropoffs import put_coverage
from analytics.store.points import boundaries_stamp, locate_known
from analytics.store.tags import write_rules

_REFERENCE = (
    "in_force", "put_regions", "put_names", "put_members", "put_boundaries", "put_events", "put_tags", "derive_regions", "derive_names",
)  # fmt: skip
_PLACES = ("era", "resolve_places", "moved", "update_places")


def derive(store: Store) -> None:
    """Work out anew which reference rows are in force, the regions of reported places and of coordinates, and coverage.

    It depends only on the loads that are not undone, and not on the order in which other loads came and went.
    """
    before = boundaries_stamp(store)
    for name in (*_REFERENCE, *_PLACES):
        store.step(f"steps/{name}")
    write_rules(store)
    if boundaries_stamp(store) != before:
        locate_known(store)
        store.step("steps/all_moved")
    if store.value("SELECT count(*) FROM moved"):
        for name in ("spot_known", "spotted", "update_regions"):
            store.step(f"steps/{name}")
    put_coverage(store)

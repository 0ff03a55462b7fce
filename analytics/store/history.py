"""The history of incidents: their versions and sightings, written anew where what is seen of them has changed."""

from collections.abc import Mapping
from typing import Any

from analytics.store.connection import Store

NO_LOAD: dict[str, Any] = {
    "load_id": None, "undone": None, "source": None, "full_release": False, "covers_from": None, "covers_until": None,
}  # fmt: skip
"""What the steps of a history ask, of no load."""


def rewrite_history(store: Store, parameters: Mapping[str, Any]) -> None:
    """Write the versions of the incidents in `disputed` anew, from all that was seen of them."""
    if not store.value("SELECT count(*) FROM disputed"):
        return
    for name in (
        "state",
        "observation",
        "history",
        "drop_disputed_versions",
        "drop_disputed_sightings",
        "add_versions",
        "add_confirmations",
    ):
        store.step(f"steps/{name}", parameters)

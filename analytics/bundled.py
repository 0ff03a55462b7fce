"""Where the data, report definitions and queries that come with the package are."""

from pathlib import Path

from analytics.errors import InputError

_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """Path of the bundled file *name* (as "data/iraq_regions.csv"), in the wheel or in a clone of the repository."""
    for root in (_PACKAGE / "bundled", _PACKAGE.parent):
        if (path := root / name).exists():
            return path
    raise InputError(f"bundled file {name} is missing; reinstall incident-analytics")

"""When records became known: their own word, what was given, their release, or the time of the load."""

from dataclasses import dataclass
from datetime import datetime

from analytics.errors import OptionError
from analytics.sources import Source


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """When the records became known: SQL for it, the one moment if there is one, its basis, and that of the others."""

    sql: str
    moment: datetime | None
    basis: str
    otherwise: str
    """Basis of the records that do not say when they became known."""
    note: str


def knowledge_of(source: Source, given: datetime | str | None, loaded_at: datetime) -> Knowledge:
    """Knowledge times of *source*'s records: their own, else *given* (a moment or "occurred"), else the release's, else now.

    Raises OptionError for a *given* that is neither.
    """
    moment, basis, note = _moment(source, given, loaded_at)
    sql = "CAST(s.occurred_on AS TIMESTAMP)" if moment is None else f"TIMESTAMP '{moment}'"
    if "known_at" in source.fields:
        moment, note = None, f"known at the time each record says; where it says none, {note}"
    return Knowledge(
        sql=f"coalesce(s.known_at, {sql}) + to_microseconds(coalesce(s.known_order, 1) - 1)",
        moment=moment,
        basis="source" if "known_at" in source.fields else basis,
        otherwise=basis,
        note=note,
    )


def _moment(source: Source, given: datetime | str | None, loaded_at: datetime) -> tuple[datetime | None, str, str]:
    """When records that do not say so became known (None: when they happened), its basis, and both in words."""
    if given == "occurred":
        return None, "occurred", "taken as known when it happened: a retrospective, not a record of what was known"
    if isinstance(given, str):
        raise OptionError(f"known_at {given!r} is not a time; give YYYY-MM-DD HH:MM, or 'occurred'")
    if given is not None:
        return given, "given", f"known at {given:%Y-%m-%d %H:%M}, as given"
    if source.release is not None:
        known = source.release.known_at
        name = f"the nominal date of {source.release.of} release {source.release.name} (read from the file's name)"
        return known, "source", f"known at {known:%Y-%m-%d}, {name}; --known-at sets another"
    note = f"known at {loaded_at:%Y-%m-%d %H:%M} UTC, the time of this load; --known-at sets another"
    return loaded_at, "load", note

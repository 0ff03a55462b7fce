"""Taking the records of a file into the store: put there as they are read where all is new, else merged into the history."""

from dataclasses import dataclass
from datetime import date

from analytics.errors import InputError
from analytics.sources import Source
from analytics.store.connection import Store
from analytics.store.deriving import derive
from analytics.store.history import NO_LOAD, rewrite_history
from analytics.store.intake import Intake, put_first, stage, stage_again, survey
from analytics.store.points import locate_accepted


@dataclass(frozen=True)
class Coverage:
    """What a file reports on, where that is known from, and both in words."""

    first: date
    last: date
    basis: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of taking a file: records read and accepted, incidents that are new, versions, incidents taken back."""

    read: int
    accepted: int
    new: int = 0
    versions: int = 0
    retracted: int = 0
    coverage: Coverage | None = None
    notes: tuple[str, ...] = ()
    again: bool = False
    """Whether the records are those that an earlier load of the same file read."""


def take(store: Store, intake: Intake, settings: str, covers: tuple[date, date] | None, *, full_release: bool) -> Taken:
    """Take the records of a file, read as *settings* say, into the store.

    *covers*: the days it reports on; *full_release*: the records that it lacks are taken back.
    """
    first = "known_order" not in intake.source.fields and _is_first(store, intake.source.source)
    taken = _take_first(store, intake, covers, full_release=full_release) if first else None
    return taken or _merge(store, intake, settings, covers, full_release=full_release)


def _is_first(store: Store, source: str) -> bool:
    """Whether nothing is known of the records of *source*, not even that they are taken back."""
    return not _takes_back(store, source) and not store.value(
        "SELECT EXISTS (FROM incident_version WHERE starts_with(incident_id, $prefix))", {"prefix": f"{source}:"}
    )


def _takes_back(store: Store, source: str) -> bool:
    """Whether anything loaded takes records of *source* back: a list of deletions, or a full release."""
    found: bool = store.value(
        "SELECT EXISTS (FROM retraction WHERE starts_with(incident_id, $prefix)) OR EXISTS (FROM load WHERE kind = 'incidents' "
        "AND undone_at IS NULL AND source = $source AND settings ->> 'full_release' = 'true')",
        {"prefix": f"{source}:", "source": source},
    )
    return found


def _take_first(store: Store, intake: Intake, covers: tuple[date, date] | None, *, full_release: bool) -> Taken | None:
    """Put the records of a source of which nothing is known; None, and nothing put, where an incident has several records.

    The file is read twice, first for the names of its places, whose regions the records bear.
    """
    surveyed = survey(store, intake)
    before = _regions(store)
    store.step("steps/survey_places", {"load_id": intake.load_id})
    _resolve(store)
    counts = put_first(store, intake, surveyed)
    if counts is None or counts[1] < surveyed:
        store.run("DELETE FROM load_place WHERE load_id = $id", {"id": intake.load_id})
    if counts is None:
        derive(store)
        return None
    read, accepted = counts
    if not read:
        raise InputError(f"{intake.path} has a header but no records")
    store.run(
        "CREATE OR REPLACE TEMP VIEW accepted AS SELECT occurred_on, country, admin1, admin2, longitude, latitude "
        f"FROM incident_version WHERE load_id = {intake.load_id}"
    )
    if accepted < surveyed:
        store.step("steps/add_load_places", {"load_id": intake.load_id})
        derive(store)
    if store.value("SELECT EXISTS (FROM boundary)"):
        locate_accepted(store)
        for name in ("era", "moved_by_load", "spot_known", "spotted", "update_regions"):
            store.step(f"steps/{name}", {"load_id": intake.load_id})
    coverage = _cover(store, intake.source, covers)
    notes = _words(_regions(store) - before, coverage, 0 if full_release else None)
    return Taken(read=read, accepted=accepted, new=accepted, versions=accepted, coverage=coverage, notes=notes)


def _merge(
    store: Store, intake: Intake, settings: str, covers: tuple[date, date] | None, *, full_release: bool
) -> Taken:
    """Bring the records of a file into the history of what is known."""
    single = intake.knowledge.moment is not None and "known_order" not in intake.source.fields
    apart = single and not full_release and not _takes_back(store, intake.source.source)
    known = stage_again(store, intake, settings, apart=apart) if single else None
    read, accepted = known or stage(store, intake, apart=apart)
    before = _regions(store)
    for name in ("accepted", "add_load_places"):
        store.step(f"steps/{name}", {"load_id": intake.load_id})
    _resolve(store)
    locate_accepted(store)
    for name in ("era", "spot_incoming", "spotted", "incoming"):
        store.step(f"steps/{name}")
    coverage = _cover(store, intake.source, covers)
    new, versions, retracted = _add(store, intake, coverage if full_release else None)
    return Taken(
        read=read,
        accepted=accepted,
        new=new,
        versions=versions,
        retracted=retracted,
        coverage=coverage,
        notes=_words(_regions(store) - before, coverage, retracted if full_release else None),
        again=known is not None,
    )


def _words(derived: int, coverage: Coverage | None, retracted: int | None) -> tuple[str, ...]:
    """What a user should know of regions made from names, of coverage, and of what a full release takes back."""
    notes = [coverage.note] if coverage else []
    if derived:
        notes.insert(
            0,
            f"{derived} regions made from reported names, as no hierarchy was loaded for their country (`incidents regions FILE`)",
        )
    if retracted is not None:
        notes.append(f"full release: {retracted:,} known records that it lacks are taken back")
    return tuple(notes)


def _regions(store: Store) -> int:
    count: int = store.value("SELECT count(*) FROM region")
    return count


def _resolve(store: Store) -> None:
    """Find the regions of newly reported places."""
    if store.value(
        "SELECT count(*) FROM (SELECT country, admin1, admin2 FROM load_place EXCEPT SELECT country, admin1, admin2 FROM place)"
    ):
        derive(store)


def _add(store: Store, intake: Intake, release: Coverage | None) -> tuple[int, int, int]:
    """Bring the staged records into the history: incidents that are new, records that are versions, incidents taken back.

    *release*: what the file reports on, where it is a full release.
    """
    parameters = NO_LOAD | {
        "load_id": intake.load_id,
        "source": intake.source.source,
        "full_release": release is not None,
    }
    if release is not None:
        parameters |= {"covers_from": release.first, "covers_until": release.last}
    for name in (
        "full_releases",
        "lacking",
        "verdict",
        "add_confirmed",
        "add_fresh",
        "add_sightings",
        "disputed_by_load",
    ):
        store.step(f"steps/{name}", parameters)
    rewrite_history(store, parameters)
    new, versions, retracted = store.rows(
        "SELECT (SELECT count(*) FROM verdict WHERE NOT existing), count(*) FILTER (NOT retracted), count(*) FILTER (retracted) "
        "FROM incident_version WHERE load_id = $id",
        {"id": intake.load_id},
    )[0]
    return new, versions, retracted


def _cover(store: Store, source: Source, covers: tuple[date, date] | None) -> Coverage | None:
    """What the file reports on: what was given, else its release, else from its first to its last day."""
    if covers is not None:
        return Coverage(*covers, "given", f"reports on {covers[0]} to {covers[1]}, as given")
    if (release := source.release) and release.covers_from and release.covers_until:
        first, last, name = release.covers_from, release.covers_until, f"{release.of} release {release.name}"
        return Coverage(first, last, "release", f"reports on {first} to {last}, as {name} does")
    first, last = store.rows("SELECT min(occurred_on), max(occurred_on) FROM accepted")[0]
    if first is None:
        return None
    note = f"taken to report on {first} to {last}, its first and last incident; --covers FROM TO says better"
    return Coverage(first, last, "assumed", note)

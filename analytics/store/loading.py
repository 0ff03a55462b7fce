"""Loading incident files: one transaction a load, nothing lost, and undone as a whole."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from analytics.errors import InputError, OptionError, QueryError
from analytics.sources import FORMATS as KNOWN
from analytics.sources import Mapping as ColumnMapping
from analytics.sources import Source, known_source, recognise, table_source
from analytics.sources.files import Readable
from analytics.sources.tables import column_names, table_of
from analytics.store.connection import Store
from analytics.store.deriving import derive
from analytics.store.dropoffs import put_coverage
from analytics.store.history import NO_LOAD, rewrite_history
from analytics.store.intake import Intake
from analytics.store.knowledge import Knowledge, knowledge_of
from analytics.store.layouts import drop_layouts, layout_id
from analytics.store.points import drop_points
from analytics.store.staging import header_of, reader
from analytics.store.taking import Coverage, Taken, take

RETRACT_UP_TO = 0.05
"""Share of a full release's records that it may take back unasked: corrections are a few per cent, cut files lose more."""

ANEW = "to have it read anew, as by a newer version of the program, incidents unload its loads and load it"

FORMATS = ("auto", *KNOWN, "table")


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What came of a load; accepted + rejected = rows_read, new_versions + unchanged = accepted.

    `new_versions`: records that are versions now; `unchanged`: records that confirmed what was known at their time;
    `retracted`: records that a full release takes back because it lacks them.
    """

    load_id: int
    file: str
    format: str
    source: str
    rows_read: int
    accepted: int
    rejected: int
    new_incidents: int
    new_versions: int
    unchanged: int
    retracted: int
    known_at: datetime | None
    known_basis: str
    notes: tuple[str, ...]


def load(
    store: Store,
    path: Path,
    *,
    loaded_at: datetime,
    format: str = "auto",  # noqa: A002 - the vocabulary's word
    mapping: ColumnMapping | None = None,
    known_at: datetime | str | None = None,
    covers: tuple[date, date] | None = None,
    keep_raw: bool = True,
    full_release: bool = False,
    retract_up_to: float = RETRACT_UP_TO,
    member: str = "",
) -> LoadReport:
    """Load the incident file *path* into *store* in one transaction.

    *known_at*: a moment, or "occurred" for a retrospective that takes every record as known when it happened; records
    that bring their own knowledge time keep it. *covers*: first and last day the file reports on. *loaded_at*: now.
    *full_release*: the file holds all records of its source for its days and its records' countries, so that those it
    lacks are taken back from when it was known; refused where that is more than the share *retract_up_to* of them.
    *member*: the file of a zip archive, or the sheet of a workbook, where it has several.
    Raises InputError for files that cannot be read as *format*, naming what is missing.
    """
    if format not in FORMATS:
        raise OptionError(f"source {format!r} is not known; choose from {', '.join(FORMATS)}")
    if covers is not None and covers[1] < covers[0]:
        raise OptionError(f"covers {covers[0]} to {covers[1]} ends before it starts; give the first day first")
    with _opened(store, path, mapping, member) as file:
        source = _source(path, file, format, mapping, member)
        knowledge = knowledge_of(source, known_at, loaded_at)
        with store.transaction():
            done = _load(store, path, file, source, knowledge, loaded_at, covers, keep_raw, full_release)
            _refuse_cut_short(path, done, retract_up_to)
            return done


def is_loaded(
    store: Store,
    path: Path,
    alike: int = 1,
    *,
    loaded_at: datetime,
    format: str = "auto",  # noqa: A002 - the vocabulary's word
    mapping: ColumnMapping | None = None,
    known_at: datetime | str | None = None,
    covers: tuple[date, date] | None = None,
    keep_raw: bool = True,
    full_release: bool = False,
    member: str = "",
) -> bool:
    """Whether one of the last *alike* loads of a file called like *path*, read in the same way, had the same content.

    A file that went back to what it was before is not loaded in this sense: its records changed twice. Records that are
    known since their load are the same, whenever that was. Arguments and errors as `load` has them.
    """
    with _opened(store, path, mapping, member) as file:
        source = _source(path, file, format, mapping, member)
        knowledge = knowledge_of(source, known_at, loaded_at)
        rows = store.rows(
            "SELECT sha256 FROM load WHERE kind = 'incidents' AND file = $file AND settings = $settings AND undone_at IS NULL "
            "AND known_basis = $basis AND (known_basis = 'load' OR known_at IS NOT DISTINCT FROM $at) "
            "ORDER BY load_id DESC LIMIT $alike",
            {
                "file": path.name,
                "settings": _settings(source, covers, keep_raw, full_release),
                "basis": knowledge.basis,
                "at": knowledge.moment,
                "alike": alike,
            },
        )
    return (file.sha256,) in rows


def unload(store: Store, load_id: int, *, undone_at: datetime) -> None:
    """Undo a load: what it alone brought is gone, what it changed is as if it had never been; the log keeps it.

    Raises OptionError where there is no such load, or it is undone already.
    """
    undone = store.rows("SELECT undone_at FROM load WHERE load_id = $id", {"id": load_id})
    if not undone:
        raise OptionError(f"there is no load {load_id}; `incidents status` lists them")
    if undone[0][0] is not None:
        raise OptionError(f"load {load_id} was undone already, at {undone[0][0]:%Y-%m-%d %H:%M}")
    with store.transaction():
        parameters = NO_LOAD | {"load_id": load_id, "undone": load_id}
        store.step("steps/no_incoming")
        store.step("steps/full_releases", parameters)
        store.step("steps/disputed_by_unload", parameters)
        rewrite_history(store, parameters)
        for table in ("reject", "reference_row", "load_place", "retraction"):
            store.run(f"DELETE FROM {table} WHERE load_id = $id", {"id": load_id})
        store.run("UPDATE load SET undone_at = $at WHERE load_id = $id", {"at": undone_at, "id": load_id})
        drop_points(store)
        drop_layouts(store)
        derive(store)


def next_load_id(store: Store) -> int:
    """Number for the load that comes next."""
    number: int = store.value("SELECT coalesce(max(load_id), 0) + 1 FROM load")
    return number


@contextmanager
def _opened(store: Store, path: Path, mapping: ColumnMapping | None, member: str) -> Iterator[Readable]:
    """The table in the file *path*, with the names of its columns."""
    with table_of(path, member=member, delimiter=mapping.delimiter if mapping else "") as file:
        yield file if file.columns else replace(file, columns=_columns(store, path, file))


def _columns(store: Store, path: Path, file: Readable) -> tuple[str, ...]:
    try:
        return column_names(path, store.columns(f"SELECT * FROM {reader(file)} LIMIT 0"))
    except QueryError as error:
        raise InputError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from error


def _source(path: Path, file: Readable, format: str, mapping: ColumnMapping | None, member: str) -> Source:  # noqa: A002
    """The projection of *file*, with how it is read, in words and as settings."""
    columns = list(file.columns)
    found, why = recognise(columns)
    chosen = format if format != "auto" else "table" if mapping else found
    if chosen in KNOWN:
        reason = "as it was said to be" if format == chosen else f"as {file.note or why}"
        source = known_source(chosen, columns, path.name)
        return _read(source, f"read as {chosen}, {reason}", member)
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "table"
    try:
        return _read(table_source(columns, name, mapping or ColumnMapping()), "read as table", member)
    except InputError as error:
        raise InputError(f"{path}: {error}" if mapping else f"{path}: {why}; {error}") from error


def _read(source: Source, how: str, member: str) -> Source:
    return replace(source, read_as=how, settings=source.settings | ({"member": member} if member else {}))


def _load(
    store: Store,
    path: Path,
    file: Readable,
    source: Source,
    knowledge: Knowledge,
    loaded_at: datetime,
    covers: tuple[date, date] | None,
    keep_raw: bool,
    full_release: bool,
) -> LoadReport:
    _refuse_mixture(store, source.source)
    load_id = next_load_id(store)
    settings = _settings(source, covers, keep_raw, full_release)
    if same := _same_load(store, file.sha256, settings, knowledge):
        earlier, taken = same
        notes = [source.read_as, f"the same file was loaded as load {earlier}: nothing to add; {ANEW}", knowledge.note]
    else:
        layout = layout_id(store, header_of(source, file)) if keep_raw else None
        intake = Intake(path=path, file=file, source=source, knowledge=knowledge, load_id=load_id, layout=layout)
        taken = take(store, intake, settings, covers, full_release=full_release)
        again = (
            [f"the same file was loaded before, its records are as they were read then; {ANEW}"] if taken.again else []
        )
        notes = [source.read_as, *again, knowledge.note, *taken.notes]
    report = LoadReport(
        load_id=load_id,
        file=path.name,
        format=source.format,
        source=source.source,
        rows_read=taken.read,
        accepted=taken.accepted,
        rejected=taken.read - taken.accepted,
        new_incidents=taken.new,
        new_versions=taken.versions,
        unchanged=taken.accepted - taken.versions,
        retracted=taken.retracted,
        known_at=knowledge.moment,
        known_basis=knowledge.basis,
        notes=tuple(notes),
    )
    _log(store, report, file.sha256, settings, loaded_at, taken.coverage)
    if same:
        return report
    store.step("steps/in_force")
    return replace(report, notes=(*report.notes, *put_coverage(store)))


def _settings(source: Source, covers: tuple[date, date] | None, keep_raw: bool, full_release: bool) -> str:
    """How a file is read, as JSON: what tells one load of the same bytes from another."""
    plain = {
        "format": source.format,
        "source": source.source,
        "raw": keep_raw,
        "covers": [str(day) for day in covers or ()],
    }
    return json.dumps(plain | ({"full_release": True} if full_release else {}) | source.settings, sort_keys=True)


def _refuse_mixture(store: Store, source: str) -> None:
    others = [name for (name,) in store.rows("SELECT DISTINCT source FROM incident_version")]
    for other in others:
        if other.startswith("simulated") != source.startswith("simulated"):
            raise InputError(
                f"records of {source!r} and of {other!r} cannot share a database: simulated and real records are kept apart; "
                "name another file with --db"
            )


def _same_load(store: Store, sha256: str, settings: str, knowledge: Knowledge) -> tuple[int, Taken] | None:
    """The load that read the same file in the same way, if any: its number, and that the file brings nothing now."""
    found = store.rows(
        "SELECT load_id, rows_read, accepted FROM load WHERE sha256 = $sha AND settings = $settings AND undone_at IS NULL "
        "AND known_basis = $basis AND known_at IS NOT DISTINCT FROM $at ORDER BY load_id LIMIT 1",
        {"sha": sha256, "settings": settings, "basis": knowledge.basis, "at": knowledge.moment},
    )
    return (found[0][0], Taken(read=found[0][1], accepted=found[0][2])) if found else None


def _refuse_cut_short(path: Path, report: LoadReport, most: float) -> None:
    """A full release that would take back too much is more likely a file cut short; the transaction is undone."""
    if report.retracted > most * (report.retracted + report.accepted):
        raise InputError(
            f"{path}: as a full release it would take back {report.retracted:,} known records that it lacks, beside the "
            f"{report.accepted:,} it has: more than {most:.0%}. Is the file cut short? If it is right, --retract-up-to 1 lets it"
        )


def _log(
    store: Store, report: LoadReport, sha256: str, settings: str, loaded_at: datetime, coverage: Coverage | None
) -> None:
    store.run(
        "INSERT INTO load VALUES ($load_id, 'incidents', $source, $file, $sha, $settings, $known_at, $basis, $at, "
        "$read, $accepted, $rejected, $incidents, $versions, $unchanged, $first, $last, $covered, NULL)",
        {
            "load_id": report.load_id,
            "source": report.source,
            "file": report.file,
            "sha": sha256,
            "settings": settings,
            "known_at": report.known_at,
            "basis": report.known_basis,
            "at": loaded_at.replace(microsecond=0),
            "read": report.rows_read,
            "accepted": report.accepted,
            "rejected": report.rejected,
            "incidents": report.new_incidents,
            "versions": report.new_versions,
            "unchanged": report.unchanged,
            "first": coverage.first if coverage else None,
            "last": coverage.last if coverage else None,
            "covered": coverage.basis if coverage else None,
        },
    )

"""The bundled data as two databases and two pages: the simulated records, and the founding case."""

from datetime import date, datetime
from pathlib import Path

from analytics import __version__
from analytics.bundled import bundled
from analytics.definitions import Definition
from analytics.errors import OutputError
from analytics.pipeline.reporting import Report, write_report
from analytics.report import Extra, ReportContent, write
from analytics.sources import Mapping
from analytics.store import Store, data_fingerprint, fresh_store, load, load_reference


def demo(directory: Path, *, loaded_at: datetime) -> tuple[Report, Path]:
    """Load the bundled data into two databases in *directory* and write the report and the founding case's page."""
    definition = Definition.read(bundled("reports/demo.toml"))
    with _emptied(directory, "simulated.duckdb", loaded_at) as store:
        _load_bundled(store, "simulated", loaded_at)
        load_reference(store, bundled("data/simulated_coverage.csv"), "coverage", loaded_at=loaded_at)
        made = write_report(store, definition, directory, to=date(2022, 1, 2), as_of=datetime(2022, 1, 3))  # noqa: DTZ001 - UTC, as all knowledge times
    with _emptied(directory, "founding.duckdb", loaded_at) as store:
        _load_bundled(store, "founding", loaded_at)
        page = founding_page(store, directory / "founding_case.html")
    return made, page


def founding_page(store: Store, path: Path) -> Path:
    """A short page of the founding case: its record, its versions, its dated events and its places."""
    fingerprint = data_fingerprint(store, None)
    extras = tuple(
        Extra(
            heading=heading,
            text=text,
            table=store.frame(sql),
            sql=sql,
            command=f'incidents sql "{" ".join(sql.split())}"',
        )
        for heading, text, sql in _FOUNDING
    )
    content = ReportContent(
        title="The founding case: Kurdistan 24, 3 December 2021",
        period_first=date(2021, 11, 27),
        period_last=date(2021, 12, 2),
        to=date(2021, 12, 2),
        headline=_founding_sentence(store),
        extras=extras,
        reasons={
            "flags": "Two records are no history to judge by: this page shows what is on record, and judges nothing."
        },
        provenance={
            "version": f"incident-analytics {__version__}",
            "fingerprint": f"{fingerprint.incidents} incidents, {fingerprint.versions} versions, checksum {fingerprint.checksum}",
            "command": "incidents demo",
        },
    )
    return write(content, path)


_FOUNDING = (
    (
        "The record and its versions",
        "Figures as they became known, in that order. The clock times are not known: in the database known_from is the day, "
        "and its microseconds only keep the order. What is not known is left empty.",
        "SELECT version, CAST(known_from AS DATE) AS known_on, occurred_on, occurred_until, date_precision, killed, "
        "killed_security, killed_civilians, wounded, actor1, target, tactic, admin1, admin2, source_name FROM versions ORDER BY occurred_on, version",
    ),
    (
        "What was revised",
        "Fields that a later version changed.",
        "SELECT incident_id, version, CAST(revised_at AS DATE) AS revised_on, field, old, new "
        "FROM revisions WHERE field <> 'notes' ORDER BY incident_id, version, field",
    ),
    (
        "The toll of 2 December 2021 as known at two moments",
        "The same question asked of the database as it was at the first report, and a day later.",
        "SELECT 'at the first report' AS asked, killed FROM incidents_as_of(TIMESTAMP '2021-12-03 00:00:00') WHERE occurred_on = DATE '2021-12-02' "
        "UNION ALL SELECT 'a day later', killed FROM incidents_as_of(TIMESTAMP '2021-12-04 00:00:00') WHERE occurred_on = DATE '2021-12-02'",
    ),
    (
        "Dated events around it",
        "",
        "SELECT starts_on, ends_on, kind, name, regions, source FROM dated_events "
        "WHERE starts_on BETWEEN DATE '2017-09-01' AND DATE '2021-12-31' ORDER BY starts_on",
    ),
    (
        "The places: the disputed territories",
        "A region group made of districts; it cuts across governorates.",
        "SELECT m.region, p.name AS governorate, m.valid_from, m.valid_until, m.source FROM region_groups AS m "
        "JOIN region AS r ON r.region_id = m.region_id JOIN region AS p ON p.region_id = r.parent_id ORDER BY p.name, m.region",
    ),
)


def _founding_sentence(store: Store) -> str:
    first, last = store.rows(
        "SELECT killed, killed_security, killed_civilians, wounded FROM versions WHERE occurred_on = DATE '2021-12-02' ORDER BY version"
    )
    kifri = store.value(
        "SELECT killed_security FROM incidents WHERE occurred_on < DATE '2021-12-02' AND killed_security IS NOT NULL"
    )
    return (
        f"On the night of Thursday 2 December 2021 two attacks killed {last[0]} people, {last[1]} Peshmerga and {last[2]} civilians, and "
        f"wounded {last[3]}; first reports had {first[0]} dead ({first[1]} and {first[2]}). In the days before, {kifri} Peshmerga were killed in "
        "three days in the Kifri area of Diyala."
    )


def _load_bundled(store: Store, name: str, loaded_at: datetime) -> None:
    mapping = Mapping.read(bundled(f"data/{name}.toml"))
    load(store, bundled(f"data/{name}_incidents.csv"), mapping=mapping, loaded_at=loaded_at)


def _emptied(directory: Path, name: str, loaded_at: datetime) -> Store:
    """A new database called *name* in *directory*, in place of the one an earlier demo left."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {directory}: {error.strerror or error}") from error
    return fresh_store(directory / name, loaded_at=loaded_at)

"""Making a report: judge, gather, write one HTML file and its tables, and write the run down."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from analytics import __version__
from analytics.pipeline.analysis import Analysis, analyse
from analytics.pipeline.content import report_content
from analytics.report import ReportContent, write, write_tables
from analytics.settings import Settings
from analytics.store import Fingerprint, Store, data_fingerprint, record_run


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """A written report: where it is, what it was made from, and whether the run was recorded."""

    path: Path
    analysis: Analysis
    content: ReportContent
    recorded: bool


def write_report(
    store: Store,
    settings: Settings,
    directory: Path,
    *,
    name: str = "weekly",
    first: date | None = None,
    to: date | None = None,
    as_of: datetime | None = None,
) -> Report:
    """Write the report of the weeks from *first* until *to* into *directory*: NAME_DATE.html, flags as CSV and JSON.

    The run, its flags and its episodes are recorded in the store unless it is read-only.
    Raises OutputError where the folder cannot be written.
    """
    analysis = analyse(store, settings, first=first, to=to, as_of=as_of)
    fingerprint = data_fingerprint(store, analysis.panel.as_of)
    content = report_content(store, analysis, fingerprint)
    path = write(content, directory / f"{name}_{analysis.panel.to}.html")
    write_tables(content, directory)
    if not store.read_only:
        _record(store, name, analysis, fingerprint)
    return Report(path=path, analysis=analysis, content=content, recorded=not store.read_only)


def _record(store: Store, name: str, analysis: Analysis, fingerprint: Fingerprint) -> None:
    panel, settings = analysis.panel, analysis.settings
    what = (name, panel.to, panel.as_of, analysis.first, analysis.last, analysis.settings_hash, fingerprint.checksum)
    run = {
        "run_id": hashlib.sha256(repr(what).encode()).hexdigest()[:12],
        "report": name,
        "first_week": analysis.first,
        "last_week": analysis.last,
        "region_level": settings.level,
        "measure": settings.measure,
        "filter": settings.where,
        "to": panel.to,
        "as_of": panel.as_of,
        "version": __version__,
        "settings_hash": analysis.settings_hash,
        "fingerprint": fingerprint.checksum,
    }
    record_run(store, run, analysis.flags, analysis.episodes)

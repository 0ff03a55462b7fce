"""Making a report: judge, gather, write one HTML file and its tables, and write the run down."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from analytics.definitions import Definition
from analytics.panel import default_to
from analytics.pipeline.analysis import Analysis, analyse
from analytics.pipeline.changes import changes_since
from analytics.pipeline.content import report_content
from analytics.pipeline.recording import record
from analytics.report import FormOptions, ReportContent, check_forms, write_forms
from analytics.store import Store, as_of_default, data_fingerprint


class Asked(TypedDict, total=False):
    """What may be asked of a report in place of what its definition and the store say; None is as good as not asked."""

    first: date | None
    """The first day judged; by default the definition's period says."""
    to: date | None
    """The last day considered; by default the end of the last complete week that coverage reaches."""
    as_of: datetime | None
    """What became known later does not exist; by default all that is known counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """A written report: its name, where it is (its page, if it has one), what it was made from, and whether the run was recorded."""

    name: str
    path: Path
    files: tuple[Path, ...]
    """All that was written, in the order of the forms."""
    analysis: Analysis
    content: ReportContent
    recorded: bool


def write_report(
    store: Store,
    definition: Definition,
    directory: Path,
    *,
    options: FormOptions | None = None,
    **asked: Unpack[Asked],
) -> Report:
    """Write the report that *definition* describes into *directory*: NAME_DATE.html, its other forms beside it.

    It judges the definition's period, or what is *asked*. Where it is of other regions than the definition's own, the
    file's name has them. The run, its flags and its episodes are recorded in the store unless it
    is read-only. *options* say how forms are made that leave a choice; their recipients are the definition's.
    Raises OutputError where the folder cannot be written, and what `check_forms` does, before anything is counted.
    """
    options = replace(options or FormOptions(), recipients=definition.recipients)
    check_forms(definition.forms, options)
    analysis = judged(store, definition, **asked)
    fingerprint = data_fingerprint(store, analysis.panel.as_of, analysis.settings.counted)
    changes = changes_since(store, definition.name, analysis)
    content = report_content(store, analysis, fingerprint, definition, changes)
    files = write_forms(content, directory / f"{stem(definition, analysis)}.html", definition.forms, options)
    if not store.read_only:
        record(store, definition.name, analysis, fingerprint)
    return Report(
        name=definition.name,
        path=files[0],
        files=tuple(files),
        analysis=analysis,
        content=content,
        recorded=not store.read_only,
    )


def stem(definition: Definition, analysis: Analysis) -> str:
    """What a report's files are called, without their endings."""
    parts = [definition.name, str(analysis.panel.to)]
    if analysis.settings.regions != definition.alone.regions:
        parts.insert(1, file_name(" ".join(analysis.panel.region_ids)))
    return "_".join(parts)


def file_name(text: str) -> str:
    """*text* as part of a file's name: letters, digits and - only; a checksum tells apart what that makes alike.

    Text of capitals, digits and - stays as it is; of any two texts the names differ, also where case does not count.
    """
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-")[:60]
    if plain and plain == text == text.upper():
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:10]}".lstrip("-")


def judged(store: Store, definition: Definition, **asked: Unpack[Asked]) -> Analysis:
    """The analysis of the weeks that *definition* asks for, or of those that are *asked*."""
    settings = definition.settings
    first, as_of = asked.get("first"), asked.get("as_of") or as_of_default(store)
    to = asked.get("to") or default_to(
        store, source=settings.source or None, week_start=settings.week_start, as_of=as_of
    )
    if first is None:
        first, to = definition.span(to)
    return analyse(store, settings, first=first, to=to, as_of=as_of)

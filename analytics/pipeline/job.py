"""The scheduled job: load what is new, judge, record, report; done again, it changes nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.figures.numbers import several
from analytics.flags import LEVELS
from analytics.jobs import Job, LoadStep
from analytics.pipeline.reporting import Report
from analytics.sources import Mapping
from analytics.sources.boundaries import BoundaryOptions
from analytics.store import Store, is_loaded, is_reference_loaded, load, load_reference


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a run's loads brought."""

    incidents: int = 0
    revised: int = 0
    rejected: int = 0
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """`41 incidents loaded, 3 revised`."""
        revised = f", {self.revised} revised" if self.revised else ""
        return f"{several(self.incidents, 'incident', 'incidents')} loaded{revised}"


def load_new(store: Store, job: Job, *, loaded_at: datetime) -> Loaded:
    """Load the files of *job* that are not in *store* yet, each in a transaction of its own.

    A file is passed over when the last load of a file of that name, read in the same way, had the same content.
    Raises InputError for a file that is missing or cannot be read; what was loaded before it stays loaded.
    """
    found = [(step, path) for step in job.load for path in step.paths(job.folder)]
    names = Counter((step.kind, path.name) for step, path in found)
    totals = Loaded(notes=tuple(f"{step.file}: no file matches" for step in job.load if not step.paths(job.folder)))
    for step, path in found:
        brought = _load(store, job, step, path, names[step.kind, path.name], loaded_at)
        totals = Loaded(
            incidents=totals.incidents + brought.incidents,
            revised=totals.revised + brought.revised,
            rejected=totals.rejected + brought.rejected,
            notes=totals.notes + brought.notes,
        )
    return totals


def _load(store: Store, job: Job, step: LoadStep, path: Path, alike: int, loaded_at: datetime) -> Loaded:
    """Load one file, unless it is in the store; *alike* files of this run bear its name."""
    if step.kind != "incidents":
        outlines = BoundaryOptions(
            id=step.id, name=step.name, country=step.country, level=step.level, nearest_km=step.nearest
        )
        if is_reference_loaded(store, path, step.kind, alike, boundaries=outlines):
            return Loaded()
        load_reference(store, path, step.kind, loaded_at=loaded_at, boundaries=outlines)
        return Loaded(notes=(f"{path.name}: loaded as {step.kind}",))
    how: dict[str, Any] = {
        "format": step.source,
        "mapping": Mapping.read(job.folder / step.mapping) if step.mapping else None,
        "known_at": step.moment,
        "covers": step.covers or None,
        "full_release": step.full_release,
        "member": step.member,
        "keep_raw": not step.no_raw,
    }
    if is_loaded(store, path, alike, loaded_at=loaded_at, **how):
        return Loaded()
    if step.retract_up_to is not None:
        how["retract_up_to"] = step.retract_up_to
    report = load(store, path, loaded_at=loaded_at, **how)
    return Loaded(
        incidents=report.new_incidents,
        revised=report.new_versions - report.new_incidents,
        rejected=report.rejected,
        notes=tuple(f"{path.name}: {note}" for note in report.notes),
    )


def latest_flags(made: Report) -> pd.DataFrame:
    """The report's flags of its latest week."""
    flags = made.analysis.flags
    return flags[pd.to_datetime(flags["week"]) == pd.Timestamp(made.analysis.last)]


def outcome(made: Report, loaded: Loaded, people: int = 0) -> str:
    """One line: the latest week, the report's name, its flags and new episodes, what was loaded, the file, and to how
    many *people* it was mailed.
    """
    flags, last = latest_flags(made), made.analysis.last
    counts = [(level, int((flags["level"] == level).sum())) for level in reversed(LEVELS)]
    levels = ", ".join(f"{number} {level}" for level, number in counts if number)
    episodes = made.analysis.episodes
    new = int((pd.to_datetime(episodes["first_week"]) == pd.Timestamp(last)).sum())
    return (
        f"{last} {made.name}: {several(len(flags), 'flag', 'flags')}{f' ({levels})' if levels else ''}, "
        f"{several(new, 'new episode', 'new episodes')}, {loaded.words}, report {made.path}{f', mailed to {people}' if people else ''}"
    )


def flagged(made: Report, level: str) -> bool:
    """Whether the latest week has a flag of *level* or above."""
    return any(LEVELS.index(one) >= LEVELS.index(level) for one in latest_flags(made)["level"])

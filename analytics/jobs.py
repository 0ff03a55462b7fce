"""What `incidents run` is to do: the sections [run] and [[load]] of a settings file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time
from glob import glob
from pathlib import Path
from typing import Any

from analytics.definitions import check_name
from analytics.errors import OptionError
from analytics.settings import build, read_toml

KINDS = {
    "incidents": ("source", "mapping", "member", "known_at", "covers", "full_release", "retract_up_to", "no_raw"),
    "regions": ("id", "name", "country", "level", "nearest"),
    "events": (),
    "coverage": (),
    "tags": (),
}
"""Kinds of files, and the keys that each takes beside file and kind: those of `incidents load` and `incidents regions`."""
LEVELS = ("watch", "warning", "alert")


@dataclass(frozen=True, kw_only=True)
class LoadStep:
    """Files to load, and how they are read; paths are relative to the settings file."""

    file: str
    """A file, or a pattern such as exports/*.csv; files of a pattern are loaded in the order of their names."""
    kind: str = "incidents"
    source: str = "auto"
    mapping: str = ""
    member: str = ""
    """The file of a zip archive, or the sheet of a workbook, where it has several."""
    known_at: Any = None
    """A TOML date or time (UTC where it says no offset), or "occurred"."""
    covers: tuple[Any, ...] = ()
    """First and last day that the files report on."""
    full_release: bool = False
    """Whether each file holds all records of its source, so that those it lacks are taken back."""
    retract_up_to: float | None = None
    """Largest share of a full release's records that it may take back."""
    no_raw: bool = False
    """Whether the files' own columns are not kept."""
    id: str = ""
    """Boundaries: the property with the regions' ids."""
    name: str = ""
    """Boundaries: the property with the regions' names, in place of their ids; within `country`, at `level`."""
    country: str = ""
    level: str = "admin1"
    nearest: float = 10.0
    """Boundaries: how far outside a place still counts, in km."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OptionError(f"load {self.file}: kind {self.kind!r} is not known; choose from {', '.join(KINDS)}")
        for one in fields(self):
            allowed = ("file", "kind", *KINDS[self.kind])
            if one.name not in allowed and getattr(self, one.name) != one.default:
                raise OptionError(f"load {self.file}: {one.name} is nothing that {self.kind} take; {self._takes()}")
        if self.covers and not (len(self.covers) == 2 and all(type(day) is date for day in self.covers)):
            raise OptionError(f"load {self.file}: covers must be two dates, as [2020-01-01, 2021-12-31]")
        if not isinstance(self.known_at, date | None) and self.known_at != "occurred":
            raise OptionError(f"load {self.file}: known_at must be a date, a time or 'occurred', got {self.known_at!r}")

    def _takes(self) -> str:
        keys = KINDS[self.kind]
        return f"they take {', '.join(keys)}" if keys else "they are read as they are"

    @property
    def moment(self) -> datetime | str | None:
        """When the records became known, as the store takes it: naive UTC, "occurred" or None."""
        given = self.known_at
        if isinstance(given, datetime):
            return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given
        return datetime.combine(given, time.min) if isinstance(given, date) else given

    def paths(self, folder: Path) -> list[Path]:
        """The files there are, in the order of their names; a single file is named whether it is there or not."""
        if not set("*?[") & set(self.file):
            return [folder / self.file]
        found = glob(self.file, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        return [folder / name for name in sorted(found)]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to load, which reports to make, where to, and what is worth an exit code of its own."""

    load: tuple[LoadStep, ...] = ()
    reports: tuple[str, ...] = ("weekly",)
    out: str = "reports/output"
    """Folder of the reports, relative to the settings file."""
    fail_on: str = ""
    """Level from which a flag of the latest week is worth an exit code; "" for none."""
    max_age_days: int | None = None
    """Days from the end of the latest complete week after which the data are stale; None for never."""
    max_rejected: int | None = None
    """Records that a run's loads may reject; None for any number."""
    folder: Path = field(default_factory=Path)
    """Folder of the settings file."""

    def __post_init__(self) -> None:
        for name in self.reports:
            check_name(name)
        if self.fail_on not in ("", *LEVELS):
            raise OptionError(f"fail_on {self.fail_on!r} is not a level; choose from {', '.join(LEVELS)}")
        for name in ("max_age_days", "max_rejected"):
            if (getattr(self, name) or 0) < 0:
                raise OptionError(f"{name} must not be negative, got {getattr(self, name)}")

    @classmethod
    def read(cls, path: Path | None, options: Mapping[str, Any]) -> "Job":
        """The job in the settings file *path* (None for the defaults), with *options* in place of its keys.

        Raises OptionError naming the file and the key.
        """
        content = read_toml(path, "settings") if path else {}
        run, load = content.get("run", {}), content.get("load", [])
        if not isinstance(run, Mapping) or not isinstance(load, list):
            raise OptionError(f"{path}: run must be a section, [run], and load a list of sections, [[load]]")
        if "load" in run or "folder" in run:
            raise OptionError(f"{path}: run has {'load' if 'load' in run else 'folder'}, which is no key of it")
        own = {"load": load, "folder": path.parent if path else Path()}
        try:
            return build(cls, {**run, **options, **own}, str(path or "incidents run"))
        except TypeError as error:
            raise OptionError(f'{path}: a load has no file; name one, as: file = "desk.csv"') from error

"""Report definitions: `reports/*.toml`, each a report by name: its settings, period, studies, sections and forms.

What is said nearer to the reader wins: the command line, then the definition, then incidents.toml, then the defaults.
Definitions are looked for in the folder `reports` beside the settings file, in `reports` where the command runs, and
among the bundled ones; the first that bears the name is taken.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from analytics.bundled import bundled
from analytics.errors import OptionError
from analytics.periods import Period, parse_period
from analytics.settings import Settings, build, check_names, read_toml
from analytics.weeks import weekday_number

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a definition may be called: its name becomes part of file names."""

SECTIONS = (
    "changes", "map", "flags", "overview", "evidence", "trends", "events", "studies", "quality", "not_judged", "backtest", "methods",
)  # fmt: skip
"""Sections of the page that a definition may choose and order; the summary and the provenance are always there."""
FORMATS = ("html", "light", "pdf", "markdown", "text", "eml", "csv", "json", "parquet")
DEMO = "demo"
"""The definition of the bundled data's report, which `--all` leaves out."""


@dataclass(frozen=True, kw_only=True)
class Studied:
    """Dated events that a report studies: all of a kind, or those named; *study* holds options of the study."""

    kind: str = ""
    ids: tuple[str, ...] = ()
    study: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.kind) == bool(self.ids):
            raise OptionError(f"events need a kind or ids, one of the two; got kind {self.kind!r} and ids {self.ids}")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One report: the settings it is made with, and what only a report has. The default is the weekly report."""

    name: str = "weekly"
    settings: Settings = field(default_factory=Settings)
    """Settings in force: the definition's, where it is silent those of incidents.toml."""
    alone: Settings = field(default_factory=Settings)
    """Settings that the definition gives without incidents.toml."""
    digest: str = ""
    """First 12 hexadecimal digits of the SHA-256 of the definition's file; "" where there is none."""
    period: str = ""
    """week, N weeks, month, quarter, year, FROM to TO, from FROM; "" for `weeks` of the settings."""
    events: tuple[Studied, ...] = ()
    sections: tuple[str, ...] = SECTIONS
    formats: tuple[str, ...] = ("html", "csv", "json")
    evidence: bool = False
    """Whether a backtest until the report's last day is made with it; else it shows the last one that is recorded."""
    recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mail addresses, by the format that each is sent."""

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.period:
            parse_period(self.period)
        _check_choice("sections", self.sections, SECTIONS)
        _check_choice("formats", self.formats, FORMATS)
        if not self.formats:
            raise OptionError(f"formats must name at least one form: {', '.join(FORMATS)}")
        _check_choice("recipients", tuple(self.recipients), self.formats)

    @classmethod
    def read(cls, path: Path, base: Settings | None = None) -> "Definition":
        """The definition in the TOML file *path*, over the settings *base*.

        Raises OptionError naming the file, the key, and for an unknown key the nearest known one.
        """
        check_name(path.stem, path)
        content = read_toml(path, "report definition")
        check_names(content, [*_SETTINGS, *_OWN], str(path))
        if {"period", "weeks"} <= content.keys():
            raise OptionError(f"{path}: period and weeks say the same; give one of them")
        plain = {name: value for name, value in content.items() if name in _SETTINGS}
        own = {name: value for name, value in content.items() if name in _OWN}
        try:
            made = {
                "name": path.stem,
                "settings": (base or Settings()).with_values(plain, str(path)),
                "alone": Settings().with_values(plain, str(path)),
                "digest": hashlib.sha256(path.read_bytes()).hexdigest()[:12],
            }
            return build(cls, own | made, str(path))
        except OptionError as error:
            raise error if str(error).startswith(str(path)) else OptionError(f"{path}: {error}") from error

    @property
    def span_of(self) -> Period:
        """The period, parsed."""
        return parse_period(self.period or f"{self.settings.weeks} weeks")

    @property
    def forms(self) -> tuple[str, ...]:
        """Formats to write: those asked for, and the mails where there are recipients."""
        return (*self.formats, *(["eml"] if self.recipients and "eml" not in self.formats else []))

    def span(self, to: date) -> tuple[date, date]:
        """First and last day of the weeks to judge, as seen on the evening of *to*."""
        return self.span_of.span(to, weekday_number(self.settings.week_start))


_SETTINGS = [option.name for option in fields(Settings)]
_OWN = ("period", "events", "sections", "formats", "evidence", "recipients")
"""Keys that only a definition has."""


def check_name(name: str, path: Path | None = None) -> None:
    """Raise OptionError for a name that no definition may have."""
    if not NAME.fullmatch(name):
        where = f"{path}: " if path else ""
        raise OptionError(
            f"{where}{name!r} cannot name a report; use letters, digits, - and _, starting with a letter or digit"
        )


def _check_choice(key: str, chosen: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in chosen:
        if name not in known:
            match = get_close_matches(name, known, n=1)
            hint = f"did you mean {match[0]!r}?" if match else f"choose from {', '.join(known)}"
            raise OptionError(f"{key}: {name!r} is not known; {hint}")
    if len(set(chosen)) < len(chosen):
        raise OptionError(f"{key}: {', '.join(chosen)} names one of them twice")


def folders(config: Path | None) -> list[Path]:
    """Folders where definitions are looked for, the nearest first: beside *config*, where one is, and the bundled one."""
    beside = [config.parent / "reports"] if config else []
    return [*dict.fromkeys([*beside, Path("reports")]), bundled("reports/weekly.toml").parent]


def available(places: Iterable[Path]) -> dict[str, Path]:
    """Definitions by name, in alphabetical order; of those that share a name the first, in the order of *places*.

    A file whose name no definition may have is left out: `Definition.read` says why when it is asked for by its path.
    """
    found: dict[str, Path] = {}
    for folder in places:
        for path in sorted(folder.glob("*.toml")):
            if NAME.fullmatch(path.stem):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find(name: str, places: Iterable[Path]) -> Path:
    """The file of the definition called *name*, or *name* itself where it is the path of a .toml file.

    Raises OptionError naming the nearest definition there is.
    """
    if name.endswith(".toml"):
        return Path(name)
    check_name(name)
    known = available(places)
    if name not in known:
        match = get_close_matches(name, known, n=1)
        hint = f"did you mean {match[0]!r}?" if match else f"there are: {', '.join(known)}"
        raise OptionError(f"there is no report definition {name!r}; {hint} (incidents report --list)")
    return known[name]

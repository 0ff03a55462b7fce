"""Settings: what `incidents.toml` and report definitions say, frozen; an unknown key names the nearest known one."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from analytics.errors import OptionError
from analytics.weeks import weekday_number

Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is counted, judged and shown. Every part has a default, so an empty file is a valid one."""

    title: str = "Where is violence escalating?"
    """Heading of the report."""
    level: str = "admin1"
    """country, admin1, admin2, or the id of a region group."""
    measure: str = "incidents"
    """incidents, killed, ... or any SQL aggregate over a week's incidents."""
    where: str = ""
    """SQL over an incident; only incidents for which it holds are counted."""
    source: str = ""
    """Sources to count, in order of precedence, separated by commas; "" for the only one there is."""
    week_start: str = "monday"
    dates: str = "exclude"
    """What happens to incidents dated to a month or year only: exclude, or spread over their weeks."""
    weeks: int = 13
    """Judged weeks of a report, counted back from its last."""
    chart_weeks: int = 156
    """Weeks drawn in charts."""
    method: str = "auto"
    """Spike method; auto picks by the history there is."""
    spikes: Mapping[str, Any] = field(default_factory=dict)
    """Options of the spike method."""
    trends: Mapping[str, Any] = field(default_factory=dict)
    """Options of the trend model."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds of the flags."""

    def __post_init__(self) -> None:
        weekday_number(self.week_start)
        if self.dates not in ("exclude", "spread"):
            raise OptionError(f"dates must be exclude or spread, got {self.dates!r}")
        for name in ("weeks", "chart_weeks"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The settings in the TOML file *path*; raises OptionError naming the file and what is wrong in it."""
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise OptionError(f"settings {path}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OptionError(f"settings {path} is not valid TOML: {error}") from error
        return build(cls, content, str(path))


def build(kind: type[Options], values: Mapping[str, Any], what: str) -> Options:
    """An options dataclass from plain values; *what* names where they came from in errors.

    Raises OptionError for an unknown name (with the nearest known one) and for a value of the wrong type. Text is
    converted to the option's type, so that `--set years_back=4` and a TOML integer mean the same.
    """
    known = [option.name for option in fields(kind)]  # type: ignore[arg-type]
    types = get_type_hints(kind)
    for name in values:
        if name not in known:
            match = get_close_matches(name, known, n=1)
            hint = f"did you mean {match[0]!r}?" if match else f"choose from {', '.join(known)}"
            raise OptionError(f"{what}: unknown option {name!r}; {hint}")
    return kind(**{name: _converted(value, types[name], f"{what}: {name}") for name, value in values.items()})


def _converted(value: Any, kind: Any, what: str) -> Any:
    wanted = [one for one in (get_args(kind) or (kind,)) if isinstance(one, type)]
    if bool in wanted and isinstance(value, str) and value.lower() in ("true", "false", "yes", "no"):
        return value.lower() in ("true", "yes")
    if isinstance(value, bool) and bool not in wanted and wanted:
        raise OptionError(f"{what} must be {_names(wanted)}, got {value!r}")
    for one in (int, float):
        if one in wanted and isinstance(value, str | int | float):
            try:
                number = one(value)
            except ValueError:
                continue
            if one is float or number == float(value):
                return number
    if not wanted or str in wanted or isinstance(value, tuple(wanted)):
        return value
    raise OptionError(f"{what} must be {_names(wanted)}, got {value!r}")


def _names(kinds: list[type]) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return " or ".join(words.get(kind, kind.__name__) for kind in kinds)

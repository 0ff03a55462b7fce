"""Settings: what `incidents.toml` and report definitions say, frozen; an unknown key names the nearest known one."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

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


_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def _converted(value: Any, kind: Any, what: str) -> Any:
    """*value* as the option's type; text may stand for a number or for true and false."""
    wanted = (
        [Mapping]
        if get_origin(kind) is Mapping
        else [one for one in get_args(kind) or (kind,) if isinstance(one, type)]
    )
    if bool in wanted and isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    if (number := _number(value, wanted)) is not None:
        return number
    others = tuple(one for one in wanted if one not in (int, float))
    if not wanted or isinstance(value, others):
        return value
    raise OptionError(f"{what} must be {_names(wanted)}, got {value!r}")


def _number(value: Any, wanted: list[Any]) -> float | None:
    """The finite number that *value* is, whole where *wanted* has whole numbers; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if int in wanted and number.is_integer():
        return int(number)
    return number if float in wanted and math.isfinite(number) else None


def _names(kinds: list[Any]) -> str:
    words = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "text",
        Mapping: "a section of options",
    }
    return " or ".join(words.get(kind, kind.__name__) for kind in kinds)

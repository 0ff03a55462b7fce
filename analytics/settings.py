"""Settings: what `incidents.toml` and report definitions say, frozen; an unknown key names the nearest known one."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
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
    regions: tuple[str, ...] = ()
    """Regions, by id or name, or region groups: only these are judged and shown. None: all of the level."""
    measures: tuple[str, ...] = ("incidents", "killed", "wounded")
    """incidents, killed, ... or SQL aggregates over a week's incidents: the first is judged, all are in the totals."""
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
    ramps: Mapping[str, Any] = field(default_factory=dict)
    """Options of the ramp detector, whose evidence joins that of the spikes."""
    trends: Mapping[str, Any] = field(default_factory=dict)
    """Options of the trend model."""
    level_changes: Mapping[str, Any] = field(default_factory=dict)
    """Options of the search for changes in level."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds of the flags."""
    backtest: Mapping[str, Any] = field(default_factory=dict)
    """How flags are judged on the past; changes no flag."""

    def __post_init__(self) -> None:
        weekday_number(self.week_start)
        if self.dates not in ("exclude", "spread"):
            raise OptionError(f"dates must be exclude or spread, got {self.dates!r}")
        for name in ("weeks", "chart_weeks"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.measures or "" in self.measures:
            raise OptionError(f"measures must name at least one measure, got {list(self.measures)}")

    @property
    def measure(self) -> str:
        """The measure that is judged: the first."""
        return self.measures[0]

    @property
    def counted(self) -> tuple[str, ...]:
        """The SQL by which incidents are counted: the filter and the measures."""
        return (self.where, *self.measures)

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The settings in the TOML file *path*; raises OptionError naming the file and what is wrong in it.

        What changes no number is in the same file, and is not read here: `JOB_KEYS`.
        """
        content = read_toml(path, "settings")
        return build(cls, {name: value for name, value in content.items() if name not in JOB_KEYS}, str(path))

    def with_values(self, values: Mapping[str, Any], what: str) -> "Settings":
        """These settings with *values* in their place; sections of options are merged, option by option.

        Raises OptionError as `build` does; *what* names where the values came from.
        """
        given = build(Settings, values, what)
        return replace(self, **{name: _merged(getattr(self, name), getattr(given, name)) for name in values})


JOB_KEYS = ("run", "load", "mail", "pdf", "smtp")
"""Sections of a settings file that change no number: what `incidents run` does, and how forms are made and sent."""


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The TOML file *path* as plain values; raises OptionError naming it as *what*."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"{what} {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{what} {path} is not valid TOML: {error}") from error


def _merged(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(new, Mapping) else new


def build(kind: type[Options], values: Mapping[str, Any], what: str) -> Options:
    """An options dataclass from plain values; *what* names where they came from in errors.

    Raises OptionError for an unknown name (with the nearest known one) and for a value of the wrong type. Text is
    converted to the option's type, so that `--set years_back=4` and a TOML integer mean the same.
    """
    known = [option.name for option in fields(kind)]  # type: ignore[arg-type]
    types = get_type_hints(kind)
    check_names(values, known, what)
    return kind(**{name: _converted(value, types[name], f"{what}: {name}") for name, value in values.items()})


def check_names(names: Iterable[str], known: Sequence[str], what: str) -> None:
    """Raise OptionError for the first of *names* that is not *known*, with the nearest one that is."""
    for name in names:
        if name not in known:
            match = get_close_matches(name, known, n=1)
            hint = f"did you mean {match[0]!r}?" if match else f"choose from {', '.join(known)}"
            raise OptionError(f"{what}: unknown option {name!r}; {hint}")


_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def _converted(value: Any, kind: Any, what: str) -> Any:
    """*value* as the option's type; text may stand for a number or for true and false."""
    if kind is Any:
        return value
    if get_origin(kind) is tuple:
        return _listed(value, get_args(kind)[0], what)
    if get_origin(kind) is Mapping and isinstance(value, Mapping):
        return {name: _converted(inner, get_args(kind)[1], f"{what}.{name}") for name, inner in value.items()}
    if is_dataclass(kind) and isinstance(value, Mapping):
        return build(kind, value, what)  # type: ignore[arg-type]
    return _plain(value, [Mapping] if get_origin(kind) is Mapping else list(get_args(kind)) or [kind], what)


def _plain(value: Any, kinds: list[Any], what: str) -> Any:
    """*value* as one of the plain types among *kinds*."""
    wanted = [one for one in kinds if isinstance(one, type) or one is Mapping]
    if bool in wanted and isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    if (number := _number(value, wanted)) is not None:
        return number
    others = tuple(one for one in wanted if one not in (int, float))
    if not wanted or isinstance(value, others):
        return value
    raise OptionError(f"{what} must be {_names(wanted)}, got {value!r}")


def _listed(value: Any, kind: Any, what: str) -> tuple[Any, ...]:
    """A TOML array as a tuple of *kind*."""
    if not isinstance(value, list | tuple):
        raise OptionError(f'{what} must be a list, as ["a", "b"], got {value!r}')
    return tuple(_converted(item, kind, what) for item in value)


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
    return " or ".join(
        words.get(kind, "a section of options" if is_dataclass(kind) else kind.__name__) for kind in kinds
    )

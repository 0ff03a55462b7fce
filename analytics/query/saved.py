"""Saved queries: SQL files whose comment at the top says what they answer, and what they can be asked with.

-- title: Places with several attacks in a few days
-- description: Districts with at least so many incidents within so many days.
-- param: attacks integer = 3 | incidents that make a cluster
-- chart: bar x=place y=incidents
SELECT ...
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from analytics.bundled import bundled
from analytics.errors import InputError, OptionError
from analytics.figures.spec import ChartSpec

FOLDER = Path("reports/queries")
"""Where one's own queries are, seen from where one works; the bundled ones are found where these have no such name."""

_HEAD = re.compile(r"--\s*(\w+):\s*(.*)")
_PARAM = re.compile(r"(?P<name>\w+)\s+(?P<type>\w+)(?:\s*=\s*(?P<default>[^|]*?))?(?:\s*\|\s*(?P<doc>.*))?\s*")


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


_TYPES: dict[str, tuple[Callable[[str], Any], str]] = {
    "integer": (int, "a whole number"),
    "number": (float, "a number"),
    "text": (str, "text"),
    "date": (date.fromisoformat, "a date (YYYY-MM-DD)"),
    "timestamp": (datetime.fromisoformat, "a time (YYYY-MM-DD HH:MM)"),
    "boolean": (_boolean, "true or false"),
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A value that a query can be asked with."""

    name: str
    type: str
    default: str | None
    """As text; "null" is no value; None: it must be given."""
    doc: str

    def value(self, text: Any) -> Any:
        """*text* (None: the default) as a value of the parameter's type; raises OptionError where it is none."""
        given = self.default if text is None else text
        if given is not None and not isinstance(given, str):
            return given
        if given is None:
            raise OptionError(f"a value is needed for {self.name}: --param {self.name}=…, {_TYPES[self.type][1]}")
        if given == "null":
            return None
        try:
            return _TYPES[self.type][0](given)
        except ValueError:
            raise OptionError(f"--param {self.name}={given!r} is not {_TYPES[self.type][1]}") from None


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """A saved query: its name, what it answers, its parameters, and its SQL with the comment at the top."""

    name: str
    path: Path
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    sql: str
    chart: ChartSpec | None = None
    """How its answer is drawn; None where that is left to the columns."""

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of all parameters: those given, text being read as their types say, and the defaults of the others."""
        known = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in known:
                raise OptionError(f"@{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        return {parameter.name: parameter.value(given.get(parameter.name)) for parameter in self.parameters}


def folders() -> list[Path]:
    """Where saved queries are looked for, in order."""
    return [FOLDER, bundled("reports/queries")]


def saved_queries() -> list[SavedQuery]:
    """All saved queries by name, one's own in place of a bundled one of the same name."""
    found = {path.stem: path for folder in reversed(folders()) for path in sorted(folder.glob("*.sql"))}
    return [_read(path) for _, path in sorted(found.items())]


def saved_query(name: str) -> SavedQuery:
    """The saved query called *name*; raises OptionError, with the nearest name, where there is none."""
    if re.fullmatch(r"[\w-]+", name):
        for folder in folders():
            if (path := folder / f"{name}.sql").is_file():
                return _read(path)
    near = get_close_matches(name, [path.stem for folder in folders() for path in folder.glob("*.sql")], 1)
    hint = f"; did you mean @{near[0]}?" if near else "; incidents queries list names them"
    raise OptionError(f"there is no saved query @{name}{hint}")


def _read(path: Path) -> SavedQuery:
    """The query in a file; raises InputError for a comment at its top that does not say what it must."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the query {path}: {getattr(error, 'strerror', None) or error}") from error
    said: dict[str, list[str]] = {"title": [], "description": [], "param": [], "chart": []}
    for number, line in enumerate(text.splitlines(), start=1):
        if not (found := _HEAD.fullmatch(line.strip())):
            break
        if found[1] not in said:
            raise InputError(f"{path}:{number}: {found[1]!r} is not one of {', '.join(said)}")
        said[found[1]].append(found[2].strip())
    if not said["title"]:
        raise InputError(f'{path}: the first lines must say what the query answers, as in "-- title: Deadliest weeks"')
    return SavedQuery(
        name=path.stem,
        path=path,
        title=said["title"][0],
        description=" ".join(said["description"]),
        parameters=tuple(_parameter(path, line) for line in said["param"]),
        sql=text,
        chart=_chart(path, said["chart"]),
    )


def _chart(path: Path, said: list[str]) -> ChartSpec | None:
    try:
        return ChartSpec.parse(" ".join(said)) if said else None
    except OptionError as error:
        raise InputError(f"{path}: {error}") from error


def _parameter(path: Path, line: str) -> Parameter:
    found = _PARAM.fullmatch(line)
    if not found or found["type"] not in _TYPES:
        raise InputError(
            f"{path}: parameter {line!r} is not NAME TYPE = DEFAULT | what it is, with a type of {', '.join(_TYPES)}"
        )
    parameter = Parameter(name=found["name"], type=found["type"], default=found["default"], doc=found["doc"] or "")
    if parameter.default is not None:
        try:
            parameter.value(None)
        except OptionError as error:
            raise InputError(f"{path}: the default of {parameter.name} cannot be: {error}") from error
    return parameter

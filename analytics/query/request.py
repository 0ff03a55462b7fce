"""What is asked of the process that answers a query, and what it may use: plain values that travel as JSON."""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from analytics.errors import OptionError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_LEAST_MEMORY = 50 * 10**6


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one query may use; 0 is no limit of time or rows, and no disk at all."""

    seconds: float = 60.0
    """Time from the question to the last row, not counting the time that the reader takes."""
    memory: int = 2 * 10**9
    """Bytes of memory."""
    disk: int = 0
    """Bytes of temporary disk, for what does not fit into memory."""
    rows: int = 0
    """Rows of the answer; those after it are not given, and that is said."""
    threads: int = 0
    """Threads of the database; 0: as many as there are processors."""

    def __post_init__(self) -> None:
        for name in ("seconds", "disk", "rows", "threads"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.memory < _LEAST_MEMORY:
            raise OptionError(f"memory must be at least {sized(_LEAST_MEMORY)}, got {sized(self.memory)}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question: SQL with values for its parameters, the database to ask, the format of the answer, its limits."""

    database: str
    sql: str
    form: str = "table"
    """A format of `analytics.output`, or "arrow" for an Arrow stream."""
    parameters: dict[str, Any] = field(default_factory=dict)
    explain: bool = False
    """Whether to show how the query would be answered, in place of its answer."""
    limits: Limits = field(default_factory=Limits)
    folder: str = ""
    """Folder for temporary files; "" where the query may use no disk."""

    def to_json(self) -> str:
        """The request as one line."""
        tagged = {name: _tagged(value) for name, value in self.parameters.items()}
        return json.dumps({**asdict(replace(self, parameters={})), "parameters": tagged})

    @classmethod
    def from_json(cls, line: str) -> "Request":
        """The request that `to_json` made a line of."""
        found = json.loads(line)
        parameters = {name: _untagged(*pair) for name, pair in found.pop("parameters").items()}
        return cls(**{**found, "limits": Limits(**found["limits"])}, parameters=parameters)


_KINDS: dict[str, tuple[type, Any]] = {
    "datetime": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
    "decimal": (Decimal, Decimal),
}


def _tagged(value: Any) -> tuple[str, Any]:
    """A parameter's value as something JSON knows, with what it was."""
    for kind, (python, _) in _KINDS.items():
        if isinstance(value, python):
            return kind, str(value)
    if value is None or isinstance(value, bool | int | float | str | list):
        return "", value
    raise OptionError(f"a parameter is {value!r}; give text, a number, a date, a time, a list of these, or None")


def _untagged(kind: str, value: Any) -> Any:
    return _KINDS[kind][1](value) if kind else value


def size(text: str) -> int:
    """Bytes that a text like 2GB, 500 MB or 0 says; raises OptionError for another text."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?b|)\s*", text.lower())
    if not found:
        raise OptionError(f"{text!r} is not a size; give it as 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2]])


def sized(count: int) -> str:
    """Bytes as people write them: 2 GB."""
    unit = next(name for name in ("tb", "gb", "mb", "kb", "b") if count >= _UNITS[name] or name == "b")
    return f"{count / _UNITS[unit]:g} {unit.upper()}"

"""The commands that make a report's numbers again, with every option in force that is not a default."""

import shlex
from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol

from analytics.definitions import Definition
from analytics.panel import Panel
from analytics.settings import Settings

NAMED = {"level": "--level", "where": "--where", "source": "--source", "week_start": "--week-start", "dates": "--dates"}
PARTS = {
    "spikes": ("spikes",),
    "trends": ("trends",),
    "trends --changes": ("level_changes",),
    "backtest": ("spikes", "ramps", "policy", "backtest"),
    "flags": ("spikes", "ramps", "trends", "policy"),
    "report": ("spikes", "ramps", "trends", "level_changes", "policy"),
}
"""The sections of options that each command reads."""


class Made(Protocol):
    """What was made from settings, a panel, and a first week: an analysis, or a backtest."""

    @property
    def settings(self) -> Settings:
        """Settings in force."""
        ...

    @property
    def panel(self) -> Panel:
        """What was counted."""
        ...

    @property
    def first(self) -> date:
        """First judged week."""
        ...


def command(analysis: Made, name: str, definition: Definition | None = None) -> str:
    """The command *name* (spikes, trends, flags, backtest or report) that makes the same again from the same records.

    It says everything in which the settings in force differ from the defaults; a report's, everything in which they
    differ from what its definition says. It does not name the database: where a file lies is no part of what it holds,
    and equal data make equal bytes.
    """
    settings, panel = analysis.settings, analysis.panel
    base = definition.alone if definition else Settings()
    words = ["incidents", *name.split(), *([definition.name] if definition else [])]
    words += _named(settings, base, name)
    words += [word for part in PARTS[name] for word in set_words(part, getattr(settings, part), getattr(base, part))]
    if definition:
        plain = {option: getattr(settings, option) for option in ("title", "chart_weeks")}
        words += set_words("report", plain, {option: getattr(base, option) for option in plain})
    if not name.startswith("trends"):
        words += ["--from", str(analysis.first)]
    words += ["--to", str(panel.to)]
    if panel.as_of:
        words += ["--as-of", panel.as_of.isoformat(sep=" ")]
    return shlex.join(words)


def _named(settings: Settings, base: Settings, name: str) -> Iterable[str]:
    """The options that have a name of their own."""
    options = NAMED if name.startswith("trends") else NAMED | {"method": "--method"}
    for option, word in options.items():
        if getattr(settings, option) != getattr(base, option):
            yield from (word, str(getattr(settings, option)))
    repeated = {"regions": "--region"} | ({"measures": "--measure"} if name == "report" else {})
    for option, word in repeated.items():
        if getattr(settings, option) != getattr(base, option):
            for value in getattr(settings, option):
                yield from (word, value)


def set_words(part: str, options: Any, base: Any) -> Iterable[str]:
    """--set for each of the *options* of a part that is not as in *base*."""
    for key, value in options.items():
        if key not in base or base[key] != value:
            yield from ("--set", f"{part}.{key}={','.join(value) if isinstance(value, list | tuple) else value}")

"""A table drawn as text, for a terminal: labelled bars, columns over time, and a line of blocks for each small multiple."""

import math
import unicodedata
from collections.abc import Sequence
from datetime import date

from analytics.figures import numbers
from analytics.figures.plot import Panel
from analytics.figures.text import shorten

EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = " ▁▂▃▄▅▆▇█"
UNKNOWN = "·"
TALL = 10
"""Lines of the only chart over time."""
WIDEST = 6
"""Columns of the terminal for one step, at most."""
LABEL = 36
"""Letters of a label."""


def text_chart(made: Sequence[Panel], width: int) -> str:
    """All panels as lines of at most *width* columns, on one scale."""
    rows = [row for panel in made for row in panel.series.values()]
    highest = max((abs(value) for row in rows for value in row if not math.isnan(value)), default=0.0) or 1.0
    if any(isinstance(label, str) for panel in made for label in panel.across):
        return "".join(_bars(panel, highest, width) for panel in made)
    if len(rows) == 1:
        return _columns(made[0], rows[0], highest, width)
    return _lines(made, highest, width)


def _bars(panel: Panel, highest: float, width: int) -> str:
    """A line per row and number; a bar of what is below zero is light."""
    labels = [shorten(str(label), LABEL) for label in panel.across]
    side = max(map(_columns_of, labels), default=0)
    several = len(panel.series) > 1
    names = max(map(len, panel.series)) if several else 0
    room = max(width - side - names - 16, 8)
    lines = [panel.title] if panel.title else []
    for place, label in enumerate(labels):
        for number, (name, row) in enumerate(panel.series.items()):
            head = " " * (side - _columns_of(label)) + label if not number else " " * side
            middle = f" {name:>{names}}" if several else ""
            lines.append(f"{head}{middle} │{_bar(row[place], highest, room)}")
    return "\n".join([*lines, ""]) + ("\n" if panel.title else "")


def _bar(value: float, highest: float, room: int) -> str:
    if math.isnan(value):
        return f"{UNKNOWN} unknown"
    eighths = round(8 * room * abs(value) / highest)
    full, rest = divmod(eighths, 8)
    return f"{('█' if value >= 0 else '░') * full}{EIGHTHS[rest].strip() if value >= 0 else ''} {numbers.amount(value)}"


def _columns(panel: Panel, row: Sequence[float], highest: float, width: int) -> str:
    """One chart over time, TALL lines high."""
    side = max(len(numbers.amount(end)) for end in (0, highest))
    wide = min(max((width - side - 2) // max(len(row), 1), 1), WIDEST)
    values = [value for value in _fitted(row, width - side - 2) for _ in range(wide)]
    lines = []
    for level in range(TALL, 0, -1):
        edge = numbers.amount(highest) if level == TALL else ""
        lines.append(f"{edge:>{side}} │" + "".join(_cell(value, highest, level) for value in values))
    lines.append(f"{0:>{side}} └" + "".join(UNKNOWN if math.isnan(value) else "─" for value in values))
    return "\n".join([*lines, " " * (side + 2) + _ends(panel, len(values)), *_merged(row, values[::wide]), ""])


def _cell(value: float, highest: float, level: int) -> str:
    """What a column shows on one line, from the floor up."""
    if math.isnan(value) or value <= 0:
        return " "
    eighths = max(1, round(8 * TALL * value / highest))
    return LEVELS[min(max(eighths - 8 * (level - 1), 0), 8)]


def _lines(made: Sequence[Panel], highest: float, width: int) -> str:
    """A line of blocks for each panel and number, all on one scale, with its highest value."""
    named = [
        (", ".join(filter(None, (panel.title, name if len(panel.series) > 1 else ""))), row)
        for panel in made
        for name, row in panel.series.items()
    ]
    side = min(max(_columns_of(name) for name, _ in named), LABEL)
    lines = []
    for name, row in named:
        label = shorten(name, LABEL)
        values = _fitted(row, width - side - 12)
        most = max((value for value in row if not math.isnan(value)), default=float("nan"))
        lines.append(
            f"{' ' * (side - _columns_of(label))}{label} {''.join(_block(value, highest) for value in values)} {numbers.amount(most)}"
        )
    longest = _fitted(named[0][1], width - side - 12)
    return "\n".join([*lines, f"{' ' * (side + 1)}{_ends(made[0], len(longest))}", *_merged(named[0][1], longest), ""])


def _block(value: float, highest: float) -> str:
    if math.isnan(value):
        return UNKNOWN
    return "_" if value <= 0 else LEVELS[max(1, round(8 * value / highest))]


def _fitted(row: Sequence[float], room: int) -> list[float]:
    """The values in at most *room* columns: the highest of so many steps each."""
    every = -(-len(row) // max(room, 10))
    parts = (row[start : start + every] for start in range(0, len(row), every))
    return [max((value for value in part if not math.isnan(value)), default=float("nan")) for part in parts]


def _merged(row: Sequence[float], values: Sequence[float]) -> list[str]:
    every = -(-len(row) // max(len(values), 1))
    return [f"each column is the highest of {every} steps"] if every > 1 else []


def _ends(panel: Panel, width: int) -> str:
    """The first and the last step, under the first and the last column."""
    first, last = (_label(panel.across[place]) for place in (0, -1))
    return f"{first}{last:>{max(width - len(first), len(last) + 2)}}" if len(panel.across) > 1 else first


def _label(step: object) -> str:
    return step.isoformat() if isinstance(step, date) else str(step)


def _columns_of(text: str) -> int:
    """Columns that a text takes on a terminal: two for wide letters, none for marks on others."""
    return sum(
        0
        if unicodedata.combining(mark) or unicodedata.category(mark) == "Cf"
        else 1 + (unicodedata.east_asian_width(mark) in "WF")
        for mark in text
    )

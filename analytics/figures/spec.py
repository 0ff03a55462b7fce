"""What a chart shows of a table: as its spec says, and where it says nothing, as the columns suggest."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from analytics.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("line", "bar", "map")
SERIES = 3
"""Numbers that one chart shows beside each other; more could not be told apart without colour."""
ALIKE = 20.0
"""Numbers share an axis unasked where the largest of one is at most so many times that of another."""
PANELS = 36
"""Small multiples of one chart."""
_YEAR = re.compile(r"year|weeks_from_event")
_PLACE = re.compile(r"region_id|region|admin1|admin2|country")
RULES = """\
What a chart shows is what its spec says: KIND x=COLUMN,… y=COLUMN,… by=COLUMN, every part of which may be left out.
Where it says nothing: the first date column, or one called year, is x, and a line over time is drawn.
With no such column, each row is a bar, labelled by the text columns that tell the rows apart.
Other number columns are y: up to three, if they are of one magnitude; else the first.
A text column with at most 36 values that tells rows of one date apart makes small multiples.
A region column with one number, and no date, is a map where the database has boundaries, else bars.
Of several rows at one place of a chart none is chosen or summed: that is an error, and says what to do.
"""


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    """Kind and columns of a chart; what is empty is inferred from the table.

    *kind*: line (over time or numbers), bar (over time, or one labelled bar per row) or map (of regions).
    *x*: where things stand; several columns make one label. *y*: numbers. *by*: a column whose values get a chart each.
    """

    kind: str = ""
    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    by: str = ""

    @classmethod
    def parse(cls, text: str) -> "ChartSpec":
        """The spec that a text like "bar x=place y=incidents,killed by=region" is; raises OptionError for another."""
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise OptionError(f"chart {text!r}: {error}") from error
        kind = words.pop(0) if words and "=" not in words[0] else ""
        parts = dict(word.split("=", 1) for word in words if "=" in word)
        if (kind and kind not in KINDS) or len(parts) != len(words) or not set(parts) <= {"x", "y", "by"}:
            raise OptionError(
                f"chart {text!r} is not KIND x=COLUMN,… y=COLUMN,… by=COLUMN, with a kind of {', '.join(KINDS)}"
            )
        x, y = (tuple(name for name in parts.get(key, "").split(",") if name) for key in ("x", "y"))
        return cls(kind=kind, x=x, y=y, by=parts.get("by", ""))

    def check(self, names: Sequence[str]) -> None:
        """Raise OptionError where the spec names a column that is not one of *names*, or more than can be told apart."""
        for name in (*self.x, *self.y, *filter(None, [self.by])):
            if name not in names:
                near = get_close_matches(name, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise OptionError(f"chart: there is no column {name!r} in {', '.join(names)}{hint}")
        if len(self.y) > SERIES:
            raise OptionError(f"chart: y names {len(self.y)} columns; a chart shows up to {SERIES}")


def complete(spec: ChartSpec, frame: "pd.DataFrame", places: frozenset[str] = frozenset()) -> ChartSpec:
    """*spec* with all its parts, after RULES; *places* are ids and names, in small letters, of regions with a boundary.

    Raises OptionError where the table cannot be drawn so.
    """
    spec.check(list(frame.columns))
    times, texts, amounts = _sorted_out(frame)
    for name in spec.y:
        if name not in amounts:
            raise OptionError(f"chart: y={name} is no column of numbers")
    if not len(frame):
        raise OptionError("chart: there are no rows to draw")
    spec = replace(spec, kind=_kind(spec, frame, places))
    x = spec.x or _x(spec, times, texts)
    if spec.kind == "line" and x and frame[x[0]].dtype.kind not in "Miuf":
        raise OptionError(f"chart: x={x[0]} holds neither dates nor numbers, which a line needs; say bar")
    spec = replace(spec, x=x, y=spec.y or _alike(frame, [name for name in amounts if name not in (*x, spec.by)]))
    if not spec.y or not spec.x:
        raise OptionError(
            f"chart: nothing to draw in {', '.join(frame.columns)}; a column of dates, years or text is needed, and one of numbers"
        )
    return _told_apart(spec, placed(frame, spec), texts)


def placed(frame: "pd.DataFrame", spec: ChartSpec) -> "pd.DataFrame":
    """The rows of *frame* that have a place on an axis or a map; bars have one whatever is missing in their label."""
    return frame.dropna(subset=list(spec.x)) if spec.kind == "map" or over_time(spec, frame) else frame


def over_time(spec: ChartSpec, frame: "pd.DataFrame") -> bool:
    """Whether the chart has an axis of times or numbers across, and not one labelled bar per row."""
    return spec.kind == "line" or (spec.kind == "bar" and len(spec.x) == 1 and _is_scale(spec.x[0], frame[spec.x[0]]))


def _is_scale(name: str, column: "pd.Series[Any]") -> bool:
    return column.dtype.kind in "M" or (column.dtype.kind in "iuf" and _YEAR.fullmatch(name) is not None)


def is_place(name: str) -> bool:
    """Whether a column of this name holds regions."""
    return _PLACE.fullmatch(name) is not None


def _sorted_out(frame: "pd.DataFrame") -> tuple[list[str], list[str], list[str]]:
    """Names of the columns that are times (or years), text, and numbers."""
    times = [name for name in frame.columns if _is_scale(name, frame[name])]
    amounts = [name for name in frame.columns if frame[name].dtype.kind in "iuf" and name not in times]
    texts = [
        name
        for name in frame.columns
        if name not in (*times, *amounts) and all(isinstance(value, str) for value in frame[name].dropna())
    ]
    return times, texts, amounts


def _kind(spec: ChartSpec, frame: "pd.DataFrame", places: frozenset[str]) -> str:
    """What the spec says, else a map of regions with one number, a line where there are times, and bars for the rest."""
    times, texts, amounts = _sorted_out(frame)
    if spec.kind:
        return "bar" if spec.kind == "map" and not places else spec.kind
    if spec.x:
        return "line" if len(spec.x) == 1 and spec.x[0] in times else "bar"
    if times:
        return "line"
    regions = [name for name in texts if is_place(name)]
    numbers = spec.y or amounts
    if spec.by or not regions or len(numbers) != 1 or (frame[numbers[0]] < 0).any():
        return "bar"
    found = [str(value).lower() in places for value in frame[regions[0]].dropna()]
    return "map" if frame[regions[0]].is_unique and 2 * sum(found) > len(found) else "bar"


def _x(spec: ChartSpec, times: list[str], texts: list[str]) -> tuple[str, ...]:
    """The first time of a line, the first region of a map, the first text of bars."""
    if spec.kind == "map":
        return tuple(name for name in texts if is_place(name))[:1]
    free = [name for name in (times if spec.kind == "line" else texts or times) if name != spec.by]
    return tuple(free[:1])


def _alike(frame: "pd.DataFrame", names: list[str]) -> tuple[str, ...]:
    """The first numbers that can share an axis: all of them where they are few and of one magnitude, else one."""
    highest = [float(frame[name].abs().max()) for name in names]
    few = 1 < len(names) <= SERIES and max(highest) <= ALIKE * max(min(highest), 1e-12)
    return tuple(names if few else names[:1])


def _told_apart(spec: ChartSpec, frame: "pd.DataFrame", texts: list[str]) -> ChartSpec:
    """*spec* with what tells rows of one place apart: a column for small multiples, or more columns in the label."""
    keys = [*spec.x, *filter(None, [spec.by])]
    if not frame.duplicated(keys).any():
        return _few_enough(spec, frame)
    others = [name for name in texts if name not in keys]
    if over_time(spec, frame) and not spec.by:
        for name in others:
            if frame[name].nunique() <= PANELS and not frame.duplicated([*keys, name]).any():
                return replace(spec, by=name)
    elif spec.kind == "bar":
        for count in range(1, len(others) + 1):
            if not frame.duplicated([*keys, *others[:count]]).any():
                return replace(spec, x=(*spec.x, *others[:count]))
    raise OptionError(
        f"chart: several rows have the same {', '.join(keys)}; sum or filter them in SQL, or say by=COLUMN for a chart of each value"
    )


def _few_enough(spec: ChartSpec, frame: "pd.DataFrame") -> ChartSpec:
    """*spec* where its small multiples are not too many to be looked at."""
    if spec.by and (count := frame[spec.by].nunique()) > PANELS:
        raise OptionError(
            f"chart: {spec.by} has {count} values; up to {PANELS} make small multiples: filter them in SQL"
        )
    return spec

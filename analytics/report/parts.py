"""Parts of one's own and event studies: their charts, in words, drawn and still, and the tables behind them."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from analytics.figures.still_study import still_study
from analytics.report import cells
from analytics.report.cells import Table
from analytics.report.charts import bare
from analytics.report.content import Extra


def with_tables(parts: Sequence[Extra], name: str) -> list[tuple[Extra, Table | None]]:
    """Each part with its table, whose id begins with *name*."""
    return [(part, whole(f"{name}-{number}", part.heading, part.table)) for number, part in enumerate(parts, 1)]


def whole(name: str, caption: str, frame: Any) -> Table | None:
    """A table of a frame with any columns; None where there is no frame."""
    return None if frame is None else cells.whole_table(name, caption, frame)


def drawn(groups: Mapping[str, Sequence[Extra]]) -> list[dict[str, Any]]:
    """What the script draws of parts; *groups* are parts by the beginning of their ids."""
    return [
        {"id": f"chart-{name}-{number}", "figure": bare(part.chart.to_plotly_json())}
        for name, parts in groups.items()
        for number, part in enumerate(parts, 1)
        if part.chart
    ]


def chart_words(part: Extra) -> str:
    """What a part's chart shows, for those who do not see it."""
    first = part.text.split("\n\n")[0]
    return f"Chart of {part.heading}. {first} The tables below have the numbers."


def still_of(part: Extra) -> Markup:
    """The still chart of an event study's weeks."""
    return Markup(still_study(part.weeks, chart_words(part)))  # noqa: S704 - still_study escapes its label


def weeks_of(part: Extra, anchor: str) -> Table:
    """The rows that a part's chart draws, as a table."""
    return cells.whole_table(f"weeks-{anchor}", f"{part.heading}: the weeks of the chart", part.weeks)

"""The index of region pages: one line per region, with its level, its headline and the way to its page."""

from dataclasses import dataclass
from pathlib import Path

from analytics.report.content import ReportContent
from analytics.report.files import write_whole
from analytics.report.page import environment, part, policy


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One region: its page, its level in the latest week and the highest of the period ("" for none), its headline."""

    href: str
    region: str
    level: str
    highest: str
    headline: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """The report of all regions, and a line for each of them, in the order shown."""

    content: ReportContent
    entries: tuple[Entry, ...]


def write_index(index: Index, path: Path) -> Path:
    """Write *index* as one HTML file at *path*; it links to the pages beside it and to nothing else.

    Equal content gives equal bytes. Raises OutputError where it cannot be written.
    """
    templates = environment()
    html = templates.get_template("index.html.jinja").render(
        content=index.content, entries=index.entries, policy=policy([]), style=part(templates, "style.css")
    )
    return write_whole(path, html)

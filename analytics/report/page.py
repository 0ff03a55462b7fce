"""The page: content through templates into one HTML file that needs nothing but itself."""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from markupsafe import Markup

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.maps import SHAPES, map_svg
from analytics.figures.palette import DARK
from analytics.figures.states import STATES
from analytics.figures.text import language, visible
from analytics.report import parts, sections
from analytics.report.changes import change_tables
from analytics.report.charts import LIGHT_WEEKS
from analytics.report.content import ReportContent
from analytics.report.export import flags_csv
from analytics.report.files import write_whole
from analytics.report.overview import WEEKS, overview
from analytics.report.regions import Block, command, region_blocks
from analytics.report.weeks import all_rows, weeks_csv

QUERIES = (
    "totals",
    "map",
    "flags",
    "episodes",
    "chart",
    "breakdown",
    "incidents",
    "trends",
    "level_changes",
    "events",
    "quality",
    "not_judged",
)
"""Names under which a section finds its SQL and command; all other queries are listed under Methods."""
PARTS = {
    "changes": ("changed", "What changed"),
    "map": ("where", "Where"),
    "flags": ("flags", "Flags"),
    "overview": ("overview", "All regions"),
    "evidence": ("evidence", "Evidence"),
    "trends": ("trends", "Trends"),
    "events": ("events", "Dated events"),
    "studies": ("studies", "Studies"),
    "quality": ("quality", "Data quality"),
    "not_judged": ("not-judged-weeks", "Not judged"),
    "backtest": ("backtest", "Backtest"),
    "methods": ("methods", "Methods"),
}
"""Id of each section in the page, and its words in the menu."""
REASONED = ("changes", "map", "flags", "trends", "events", "studies", "quality", "not_judged", "backtest")
"""Sections in whose place a reason may stand."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the page as HTML, its id, and its words in the menu."""

    anchor: str
    label: str
    html: Markup


def write(content: ReportContent, path: Path, *, light: bool = False) -> Path:
    """Write *content* as one HTML file at *path*, whose folder is made if needed; equal content gives equal bytes.

    The light form has a CSV file of the same name beside it: all regions' charted weeks.
    A file appears whole or not at all. Raises OutputError if it cannot be written.
    """
    if light:
        write_whole(path.with_suffix(".csv"), weeks_csv(content))
    return write_whole(path, render(content, light=light))


def render(content: ReportContent, *, light: bool = False) -> str:
    """The page as text; the light form has still charts, shorter tables and no script, and is small enough to mail."""
    templates = environment()
    rows = all_rows(content)
    blocks = region_blocks(content, rows, light=light) if "evidence" in content.sections else []
    anchors = {block.region_id: block.anchor for block in blocks}
    weeks = LIGHT_WEEKS if light else WEEKS
    context = {
        "content": content,
        "light": light,
        "light_weeks": LIGHT_WEEKS,
        "blocks": blocks,
        "overview": overview(content, rows, anchors, weeks) if "overview" in content.sections else None,
        "reasons": {name: content.reasons.get(name, "") for name in REASONED},
        **_tables(content, anchors),
    }
    figures = [] if light else _figures(content, blocks)
    scripts = [] if light else _scripts(templates, bool(figures))
    return templates.get_template("page.html.jinja").render(
        **context,
        parts=_parts(templates, content, context),
        data="" if light else Markup(embedded(_data(content, figures))),  # noqa: S704 - embedded() escapes what could end the script
        scripts=scripts,
        policy=policy(scripts),
        style=part(templates, "style.css"),
        running_head=Markup(_running_head(content)),  # noqa: S704 - every letter but plain ones is a CSS escape
    )


@cache
def environment() -> Environment:
    """Templates that escape everything and refuse what they do not know; compiled once, and kept as modules are."""
    made = Environment(
        loader=PackageLoader("analytics.report"),
        bytecode_cache=_kept(Path(__file__).with_name("__pycache__")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        numbers=numbers,
        levels=LEVELS,
        shapes=SHAPES,
        states=STATES,
        command=command,
        queries=QUERIES,
        no_flag_words=sections.no_flag_words,
        chart_words=parts.chart_words,
        still_of=parts.still_of,
        weeks_of=parts.weeks_of,
    )
    made.filters["drawing"] = Markup
    made.filters["lang"] = _lang
    made.filters["paragraphs"] = lambda text: [part.strip() for part in str(text).split("\n\n") if part.strip()]
    return made


def _kept(folder: Path) -> FileSystemBytecodeCache | None:
    """Where compiled templates are kept, beside the compiled modules; None where Python keeps or may write none."""
    writable = folder.is_dir() and os.access(folder, os.W_OK) and not sys.dont_write_bytecode
    return FileSystemBytecodeCache(str(folder)) if writable else None


def _lang(text: Any) -> Markup:
    """A lang attribute for text in another script than the page's."""
    code = language(str(text))
    return Markup(f' lang="{code}"') if code else Markup("")  # noqa: S704 - one of our own codes


def _parts(templates: Environment, content: ReportContent, context: Mapping[str, Any]) -> list[Part]:
    """The sections that have something to show, in the content's order."""
    made = [
        (name, templates.get_template(f"sections/{name}.html.jinja").render(**context)) for name in content.sections
    ]
    return [
        Part(anchor=PARTS[name][0], label=PARTS[name][1], html=Markup(html))  # noqa: S704 - made by our templates
        for name, html in made
        if html.strip()
    ]


def _running_head(content: ReportContent) -> str:
    """The title, at the top of each printed page, as the inside of a CSS string."""
    title = visible(content.title, 90)
    text = f"Simulated: {title}" if content.simulated else title
    return "".join(letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in text)


def _tables(content: ReportContent, anchors: Mapping[str, str]) -> dict[str, Any]:
    """All tables and the map, ready for the templates."""
    latest, earlier = sections.flag_tables(content)
    states, regions = sections.map_table(content)
    backtest = content.backtest
    return {
        "flags_latest": latest,
        "flags_earlier": earlier,
        "episodes": sections.episode_table(content),
        "region_table": regions,
        "map": _map(content.boundaries, states, anchors),
        "map_states": _drawn_states(content, states),
        "trends": sections.trend_table(content),
        "level_changes": sections.level_change_table(content),
        "events": sections.event_table(content),
        "not_judged": sections.not_judged_table(content),
        "changed": change_tables(content.changes),
        "backtest": None if backtest is None else parts.whole("backtest", backtest.heading, backtest.table),
        "quality": [
            parts.whole(f"quality-{number}", name, frame)
            for number, (name, frame) in enumerate(content.quality.items(), 1)
        ],
        "extras": parts.with_tables(content.extras, "extra"),
        "studies": parts.with_tables(content.studies or (), "study"),
    }


def _map(boundaries: Mapping[str, Any] | None, states: pd.DataFrame | None, links: Mapping[str, str]) -> Markup | None:
    """The map, None without boundaries or panel."""
    if boundaries is None or states is None:
        return None
    return Markup(map_svg(boundaries, states, links, "Map of flag levels"))  # noqa: S704 - map_svg escapes its text


def _drawn_states(content: ReportContent, states: pd.DataFrame | None) -> set[str]:
    """The states that a legend must explain."""
    if content.boundaries is None or states is None:
        return set()
    drawn = {str(feature["properties"]["region_id"]) for feature in content.boundaries["features"]}
    return set(states["state"]) | set(LEVELS) | ({"absent"} if drawn - set(states["region_id"]) else set())


def _figures(content: ReportContent, blocks: list[Block]) -> list[dict[str, Any]]:
    """What the page's script draws: figures whose data are in the page's tables, or in the figure."""
    regions = [
        {"id": block.chart.name, "table": f"table-{block.chart.name}", "figure": block.chart.figure}
        for block in blocks
        if block.chart
    ]
    others = {"study": content.studies or (), "backtest": () if content.backtest is None else (content.backtest,)}
    shown = {"study": "studies", "backtest": "backtest"}
    after = {name: found for name, found in others.items() if shown[name] in content.sections}
    return [*parts.drawn({"extra": content.extras}), *regions, *parts.drawn(after)]


def _data(content: ReportContent, figures: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page's script draws and exports, beside the tables of the page."""
    return {
        "charts": figures,
        "dark": DARK,
        "files": {} if content.flags is None else {"flags.csv": flags_csv(content)},
    }


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that can stand inside a script element: nothing in it can end the element or a line of it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _scripts(templates: Environment, charts: bool) -> list[Markup]:
    """Scripts of the page, in order: plotly only where there is a chart to draw."""
    own = part(templates, "page.js")
    if not charts:
        return [own]
    from plotly.offline import get_plotlyjs

    return [Markup(get_plotlyjs()), own]  # noqa: S704 - plotly's own script


def part(templates: Environment, name: str) -> Markup:
    """A style sheet or script of ours, as it is."""
    source, _, _ = templates.loader.get_source(templates, name) if templates.loader else ("", None, None)
    return Markup(source)  # noqa: S704 - our own file


def policy(scripts: list[Markup]) -> str:
    """Content-Security-Policy: no network at all, and no script but these, known by their hashes."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    none = "'none'"
    return (
        f"default-src 'none'; script-src {hashes or none}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )

"""The page: content through templates into one HTML file that needs nothing but itself."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.maps import SHAPES, map_svg
from analytics.figures.palette import DARK
from analytics.figures.states import STATES
from analytics.report import cells, sections
from analytics.report.content import ReportContent
from analytics.report.export import flags_csv
from analytics.report.files import write_whole
from analytics.report.regions import Block, bare, command, region_blocks

SECTIONS = (
    "totals",
    "changes",
    "map",
    "flags",
    "episodes",
    "chart",
    "incidents",
    "trends",
    "events",
    "quality",
    "not_judged",
)
"""Names under which a section finds its SQL, command and reason; all other queries are listed under Methods."""


def write(content: ReportContent, path: Path) -> Path:
    """Write *content* as one HTML file at *path*, whose folder is made if needed; equal content gives equal bytes.

    The file appears whole or not at all. Raises OutputError if it cannot be written.
    """
    return write_whole(path, render(content))


def render(content: ReportContent) -> str:
    """The page as text."""
    templates = environment()
    blocks = region_blocks(content)
    page = templates.get_template("page.html.jinja")
    charts = any(block.chart for block in blocks) or any(extra.chart for extra in content.extras)
    scripts = _scripts(templates, charts)
    return page.render(
        content=content,
        **_tables(content, blocks),
        blocks=blocks,
        reasons={name: content.reasons.get(name, "") for name in SECTIONS},
        data=Markup(embedded(_data(content, blocks))),  # noqa: S704 - embedded() escapes what could end the script
        scripts=scripts,
        policy=policy(scripts),
        style=part(templates, "style.css"),
    )


def environment() -> Environment:
    """Templates that escape everything and refuse what they do not know."""
    made = Environment(
        loader=PackageLoader("analytics.report"),
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
        sections=SECTIONS,
        no_flag_words=sections.no_flag_words,
    )
    made.filters["drawing"] = Markup
    made.filters["paragraphs"] = lambda text: [part.strip() for part in str(text).split("\n\n") if part.strip()]
    return made


def _tables(content: ReportContent, blocks: list[Block]) -> dict[str, Any]:
    """All tables and the map, ready for the template."""
    latest, earlier = sections.flag_tables(content)
    states, regions = sections.map_table(content)
    return {
        "flags_latest": latest,
        "flags_earlier": earlier,
        "episodes": sections.episode_table(content),
        "region_table": regions,
        "map": _map(content.boundaries, states, {block.region_id: block.anchor for block in blocks}),
        "map_states": _drawn_states(content, states),
        "trends": sections.trend_table(content),
        "events": sections.event_table(content),
        "not_judged": sections.not_judged_table(content),
        "changes": _whole("changes", "Changes since the last report", content.changes),
        "quality": [
            _whole(f"quality-{number}", name, frame) for number, (name, frame) in enumerate(content.quality.items(), 1)
        ],
        "extras": [
            (extra, _whole(f"extra-{number}", extra.heading, extra.table))
            for number, extra in enumerate(content.extras, 1)
        ],
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
    return set(states["state"]) | ({"absent"} if drawn - set(states["region_id"]) else set())


def _whole(name: str, caption: str, frame: Any) -> cells.Table | None:
    """A table of a frame with any columns; None where there is no frame."""
    return None if frame is None else cells.whole_table(name, caption, frame)


def _data(content: ReportContent, blocks: list[Block]) -> dict[str, Any]:
    """What the page's script draws, tables and exports."""
    return {
        "charts": [*(block.chart for block in blocks if block.chart), *_extra_charts(content)],
        "dark": DARK,
        "files": {} if content.flags is None else {"flags.csv": flags_csv(content)},
    }


def _extra_charts(content: ReportContent) -> list[dict[str, Any]]:
    """Charts of the extra sections; their data are in the section's table."""
    return [
        {"id": f"extra-chart-{number}", "columns": {}, "figure": bare(extra.chart.to_plotly_json())}
        for number, extra in enumerate(content.extras, 1)
        if extra.chart
    ]


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

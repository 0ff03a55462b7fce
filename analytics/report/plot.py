"""A table as one chart: a page with the chart, its table and its SQL; a picture of it; or lines for a terminal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from markupsafe import Markup

from analytics.errors import OutputError
from analytics.figures import numbers
from analytics.figures.blocks import text_chart
from analytics.figures.plot import ROWS, drawing, panels
from analytics.figures.shades import region_map
from analytics.figures.spec import ChartSpec, over_time, placed
from analytics.figures.text import shorten, visible
from analytics.report import cells
from analytics.report.browser import BROWSERS, browse, find_browser
from analytics.report.files import write_whole
from analytics.report.page import environment, part, policy

WIDTH = 1000
"""Width of a picture, in pixels of the page; the file has twice as many."""
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)" ?(?:role|>)|<svg class="map" viewBox="0 0 ([\d.]+) ([\d.]+)"')
_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """A table, and how it is drawn: *spec* is complete (`figures.spec.complete`)."""

    title: str
    spec: ChartSpec
    frame: pd.DataFrame
    sql: str
    description: str = ""
    simulated: bool = False
    boundaries: Mapping[str, Any] | None = None
    """GeoJSON of regions with region_id, name and names; needed for a map only."""
    more: bool = False
    """Whether the table was cut at a limit of rows."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Where the table comes from, as pairs of words."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the chart leaves out, one sentence each."""
        rows, left = len(placed(self.frame, self.spec)), _others(self)
        missed = numbers.several(len(self.frame) - rows, "row", "rows")
        barred = self.spec.kind == "bar" and not self.spec.by and not over_time(self.spec, self.frame)
        said = {
            "The answer was cut: there are more rows than these.": self.more,
            f"Not drawn: {missed} without {' and '.join(self.spec.x)}.": rows < len(self.frame),
            f"Not drawn: {', '.join(left)}; the table has them.": bool(left),
            f"The first {ROWS} of {rows:,} rows are drawn; the table has all.": barred and rows > ROWS,
        }
        return tuple(note for note, holds in said.items() if holds)

    def text(self, width: int) -> str:
        """The chart as lines of a terminal, a map as bars; with its title, and what it leaves out."""
        head = f"{visible(self.title, 200)}{' (simulated)' if self.simulated else ''}"
        spec = ChartSpec(kind="bar", x=self.spec.x, y=self.spec.y) if self.spec.kind == "map" else self.spec
        notes = "".join(f"{visible(note, 300)}\n" for note in self.notes)
        return f"{head}\n{text_chart(panels(placed(self.frame, self.spec), spec), width)}{_series(spec)}{notes}"

    def _repr_html_(self) -> str:
        """The picture in a notebook, in a frame of its own that runs nothing."""
        page, height = _picture(self)
        return f'<iframe sandbox srcdoc="{escape(page)}" style="width:100%;height:{height}px;border:0" title="{escape(self.title)}"></iframe>'


def _others(plot: Plot) -> list[str]:
    """Columns of numbers that the chart does not show."""
    kept = (*plot.spec.x, *plot.spec.y, plot.spec.by)
    return [
        shorten(name, 40) for name in plot.frame.columns if plot.frame[name].dtype.kind in "iuf" and name not in kept
    ]


def _series(spec: ChartSpec) -> str:
    names = ", ".join(visible(name) for name in spec.y)
    return f"shown: {names}{f' by {visible(spec.by)}' if spec.by else ''}\n"


def plot_page(plot: Plot) -> str:
    """The page as text: chart, what it leaves out, its table, its SQL; equal plots give equal text."""
    years = {name: plot.frame[name].map(_year) for name in plot.frame.columns if name == "year"}
    shown = plot.frame.assign(**years)
    table = cells.whole_table("rows", f"{numbers.several(len(shown), 'row', 'rows')} of the answer", shown)
    return _render(plot, table=table, picture=False)


def _year(value: Any) -> str:
    """A year without a separator of thousands."""
    return numbers.anything(value).replace(",", "")


def _render(plot: Plot, *, table: cells.Table | None, picture: bool) -> str:
    templates = environment()
    drawings, legend, words = _drawn(plot)
    return templates.get_template("plot.html.jinja").render(
        plot=plot, table=table, picture=picture, drawings=drawings, legend=legend, words=words, series=_keys(plot), light=True,
        policy=policy([]), style=part(templates, "style.css"), SHADES=range(1, 6),
    )  # fmt: skip


def _drawn(plot: Plot) -> tuple[list[tuple[str, Markup]], list[tuple[str, str]], list[str]]:
    """Each drawing with its title, what its areas mean, and what must be said of it."""
    frame, label = placed(plot.frame, plot.spec), shorten(plot.title, 90)
    if plot.spec.kind == "map" and plot.boundaries is not None:
        drawn = region_map(frame, plot.spec, plot.boundaries, label)
        small = [f"Too small for a label: {'; '.join(drawn.unlabelled)}."] if drawn.unlabelled else []
        return [("", Markup(drawn.svg))], drawn.legend, small  # noqa: S704 - region_map escapes its text
    made = panels(frame, plot.spec)
    svgs = [Markup(svg) for svg in drawing(made, plot.spec, label)]  # noqa: S704 - drawing escapes its text
    gaps = over_time(plot.spec, plot.frame) and any("unknown" in panel.status for panel in made)
    return (
        [(panel.title, svg) for panel, svg in zip(made, svgs, strict=True)],
        [("unknown", "unknown")] if gaps else [],
        ["All charts have one scale."] if len(made) > 1 else [],
    )


def _keys(plot: Plot) -> list[tuple[str, str]]:
    """How each number is drawn, where there are several, and its name."""
    if plot.spec.kind == "map":
        return []
    lines = over_time(plot.spec, plot.frame)
    styles = [
        "bars"
        if lines and plot.spec.kind == "bar" and number == 1
        else f"series-{number}"
        if lines
        else f"bar-{number}"
        for number in (1, 2, 3)
    ]
    return list(zip(styles, plot.spec.y, strict=False))


def write_plot(plot: Plot, path: Path) -> Path:
    """Write *plot* to *path*: a page (.html), or a picture of it (.png) by a Chromium that is there.

    The file appears whole or not at all. Raises OutputError for another kind of file, where there is no Chromium, or
    where the file cannot be written.
    """
    check_target(path)
    return write_whole(path, plot_page(plot) if path.suffix.lower() == ".html" else picture(plot))


def check_target(path: Path) -> None:
    """Raise OutputError for a file that is neither a page nor a picture that can be made here."""
    if path.suffix.lower() not in (".html", ".png"):
        raise OutputError(f"cannot draw into {path}; name a file that ends in .html or .png")
    if path.suffix.lower() == ".png" and find_browser() is None:
        raise OutputError(
            f"PNG needs Chromium or Chrome, and there is none on PATH ({', '.join(BROWSERS)}); write .html instead"
        )


def picture(plot: Plot) -> bytes:
    """The chart as PNG, without its table; raises OutputError where there is no Chromium, or where it fails."""
    check_target(Path("picture.png"))
    page, height = _picture(plot)
    with TemporaryDirectory(prefix="incidents-draw-", ignore_cleanup_errors=True) as name:
        folder, made = Path(name), Path(name) / "drawn.png"
        (folder / "plot.html").write_text(page, encoding="utf-8")
        flags = [
            f"--screenshot={made}",
            f"--window-size={WIDTH},{height}",
            "--hide-scrollbars",
            "--force-device-scale-factor=2",
        ]
        browser = find_browser() or BROWSERS[0]
        code, words = browse(browser, folder / "plot.html", flags, folder, _SECONDS)
        if code or not made.is_file():
            raise OutputError(f"{browser} drew no PNG (exit code {code}): {words}")
        return made.read_bytes()


def _picture(plot: Plot) -> tuple[str, int]:
    """A page that holds the chart only, and its height: a foot of its own takes up what is not needed."""
    page = _render(plot, table=None, picture=True)
    sizes = [tuple(float(number) for number in found if number) for found in _BOX.findall(page)]
    inside = WIDTH - 40
    if plot.spec.kind == "map":
        high = min(620.0, max((height * inside / width for width, height in sizes), default=0.0)) + 60
    elif len(sizes) > 1 and over_time(plot.spec, plot.frame):
        high = -(-len(sizes) // 3) * (inside / 3 * sizes[0][1] / sizes[0][0] + 46)
    else:
        high = sum(height * inside / width + (46 if len(sizes) > 1 else 8) for width, height in sizes)
    lines = len(plot.notes) + 3 + len(plot.description) // 110 + len(plot.title) // 60
    return page, round(high + 120 + 26 * lines + (46 if plot.simulated else 0))

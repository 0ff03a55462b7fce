"""A page for each region, all from one judgement, and the index that leads to them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import pandas as pd

from analytics.definitions import Definition
from analytics.flags import LEVELS
from analytics.pipeline.analysis import Analysis
from analytics.pipeline.changes import Comparison, compare
from analytics.pipeline.content import report_content, weekly_tables
from analytics.pipeline.recording import record
from analytics.pipeline.reporting import Asked, file_name, judged, stem
from analytics.report import Entry, FormOptions, Index, ReportContent, check_forms, write_forms, write_index
from analytics.store import Fingerprint, Store, data_fingerprint

Progress = Callable[[Iterable[str]], Iterable[str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionPages:
    """The index, its pages by region id, their size together, and what was judged."""

    path: Path
    pages: dict[str, Path]
    bytes: int
    headline: str
    analysis: Analysis


def write_each_region(
    store: Store,
    definition: Definition,
    directory: Path,
    *,
    options: FormOptions | None = None,
    progress: Progress = iter,
    **asked: Unpack[Asked],
) -> RegionPages:
    """Write NAME_DATE/index.html into *directory*, and beside it a page for each region, each complete by itself.

    The pages are HTML, or light where the definition asks for light pages and not for HTML.
    All regions are judged once and together, so that a page's flags are those of the report of all regions.
    The run is recorded as that report's is. *progress* goes through the region ids. Raises as `write_report` does.
    """
    options = replace(options or FormOptions(), recipients=definition.recipients)
    pages_of = () if {"html", "light"} & set(definition.forms) else ("html",)
    forms = (*pages_of, *definition.forms)
    check_forms(forms, options)
    analysis = judged(store, definition, **asked)
    fingerprint = data_fingerprint(store, analysis.panel.as_of, analysis.settings.counted)
    comparison = compare(store, definition.name, analysis)
    tables = weekly_tables(store, analysis)
    whole = report_content(store, analysis, fingerprint, definition, comparison.whole, tables)
    folder = directory / stem(definition, analysis)
    pages, entries, size = {}, [], 0
    for region in progress(analysis.panel.region_ids):
        content = _content(store, analysis, fingerprint, definition, region, comparison, tables)
        path = folder / f"region_{file_name(region)}.html"
        files = write_forms(content, path, forms, options)
        pages[region] = files[0]
        size += sum(file.stat().st_size for file in files)
        entries.append(_entry(content, files[0].name, analysis, region))
    index = write_index(_index(whole, tuple(entries)), folder / "index.html")
    if not store.read_only:
        record(store, definition.name, analysis, fingerprint)
    return RegionPages(path=index, pages=pages, bytes=size, headline=whole.headline, analysis=analysis)


def _content(
    store: Store,
    analysis: Analysis,
    fingerprint: Fingerprint,
    definition: Definition,
    region: str,
    comparison: Comparison,
    tables: Mapping[str, pd.DataFrame],
) -> ReportContent:
    """What the page of one region shows."""
    part = analysis.of_region(region)
    content = report_content(store, part, fingerprint, definition, comparison.of_region(region), tables)
    return replace(content, title=f"{part.panel.region_names[0]}: {content.title}")


def _entry(content: ReportContent, href: str, analysis: Analysis, region: str) -> Entry:
    """The region's line in the index."""
    flags = analysis.flags
    mine = flags[flags["region_id"] == region]
    now = mine[pd.to_datetime(mine["week"]) == pd.Timestamp(analysis.last)]
    name = analysis.panel.region_names[analysis.panel.region_ids.index(region)]
    return Entry(
        href=href,
        region=name,
        level=str(now["level"].iloc[0]) if len(now) else "",
        highest=max(mine["level"], key=LEVELS.index, default=""),
        headline=content.headline.split("\n\n")[0],
    )


def _index(whole: ReportContent, entries: tuple[Entry, ...]) -> Index:
    """The index, the highest level of the latest week first, then the highest of the period, then by name."""

    def order(entry: Entry) -> tuple[int, int, str]:
        ranks = ("", *LEVELS)
        return -ranks.index(entry.level), -ranks.index(entry.highest), entry.region

    return Index(content=whole, entries=tuple(sorted(entries, key=order)))

"""Regions by amount: five shades from light to dark, each region with its number, as `maps.map_svg` draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from analytics.figures import numbers
from analytics.figures.canvas import ceiling
from analytics.figures.maps import map_svg
from analytics.figures.spec import ChartSpec
from analytics.figures.text import shorten, visible

SHADES = 5


def shades(highest: float, *, whole: bool) -> list[float]:
    """Upper ends of the shades, in equal steps of 1, 2 or 5 times a power of ten that reach *highest*."""
    top, step = ceiling(highest, SHADES, 1.0 if whole else 0.0)
    return [step * number for number in range(1, round(top / step) + 1)]


@dataclass(frozen=True, kw_only=True)
class RegionMap:
    """A map: its SVG, its legend as pairs of a state and its words, and the labels that found no room in it."""

    svg: str
    legend: list[tuple[str, str]]
    unlabelled: list[str]


def region_map(frame: pd.DataFrame, spec: ChartSpec, boundaries: Mapping[str, Any], label: str) -> RegionMap:
    """The regions with a boundary, each with its number.

    A row finds its region by id or by any of its names, whatever the case.
    """
    number = spec.y[0]
    known = frame[frame[number].notna()]
    ends = shades(float(known[number].max()) if len(known) else 0.0, whole=bool((known[number] % 1 == 0).all()))
    values = {str(region).lower(): value for region, value in zip(frame[spec.x[0]], frame[number], strict=True)}
    rows = [_row(feature["properties"], values, ends) for feature in boundaries["features"]]
    states = pd.DataFrame([row for row in rows if row], columns=["region_id", "region", "state", "words"])
    drawn = {*states["state"], *(["absent"] if len(states) < len(rows) else [])}
    legend = [(state, words) for state, words in _legend(ends) if state in drawn]
    svg = map_svg(boundaries, states, {}, label, "no row")
    missing = [name for name in states["region"] if f">{escape(shorten(name, 24))}</text>" not in svg]
    return RegionMap(svg=svg, legend=legend, unlabelled=missing)


def _row(region: Mapping[str, Any], values: Mapping[str, Any], ends: list[float]) -> tuple[str, str, str, str] | None:
    """Id, label, shade and words of a region; None where the table has no row for it."""
    names = [str(name).lower() for name in (region["region_id"], region["name"], *region["names"])]
    key = next((name for name in names if name in values), None)
    if key is None:
        return None
    amount, name = numbers.amount(values[key]), visible(region["name"])
    return region["region_id"], f"{name} {amount}", _shade(values[key], ends), f"{name}: {amount}"


def _shade(value: Any, ends: list[float]) -> str:
    if numbers.is_missing(value):
        return "unknown"
    return (
        f"shade-{next((number for number, end in enumerate(ends, start=1) if value <= end), len(ends))}"
        if value
        else "none"
    )


def _legend(ends: list[float]) -> list[tuple[str, str]]:
    """Every state and its words, in the order of amounts."""
    steps = zip([0.0, *ends], ends, strict=False)
    words = [
        (f"shade-{number}", f"over {numbers.amount(low)} to {numbers.amount(high)}")
        for number, (low, high) in enumerate(steps, start=1)
    ]
    return [("none", "0"), *words, ("unknown", "unknown"), ("absent", "no row")]

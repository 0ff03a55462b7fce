"""How each flag level looks: a word, a shape and a colour, the same in tables, charts and maps."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Level:
    """Look of one level; *shape* alone tells the levels apart in greyscale."""

    name: str
    rank: int
    shape: str
    """Plotly marker symbol, also the id of the page's SVG symbol."""
    colour: str
    dark: str
    """Its colour on a dark ground."""


LEVELS: dict[str, Level] = {
    level.name: level
    for level in (
        Level(name="watch", rank=1, shape="circle", colour="#f0c648", dark="#f0c648"),
        Level(name="warning", rank=2, shape="diamond", colour="#e07a1f", dark="#e8873a"),
        Level(name="alert", rank=3, shape="square", colour="#a3123a", dark="#d8456b"),
    )
}
"""Levels by name, lowest first."""


def highest(names: list[str]) -> str:
    """The highest of the level *names*, or "" when there is none."""
    return max(names, key=lambda name: LEVELS[name].rank, default="")

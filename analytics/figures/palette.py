"""Colours and type of the charts, and what each colour becomes on a dark ground."""

from analytics.figures.levels import LEVELS

INK, QUIET, GRID = "#24292f", "#57606a", "#dfe3e8"
OBSERVED, EXPECTED, UPPER, UNKNOWN, EVENT = "#9fb4c7", "#0b5394", "#5b3a8c", "#d5d8dc", "#3d4a55"
DARK = {
    INK: "#e6eaee",
    QUIET: "#a5afba",
    GRID: "#2b343e",
    OBSERVED: "#5f7a94",
    EXPECTED: "#7db8f0",
    UPPER: "#c3a6f2",
    UNKNOWN: "#3a434d",
    EVENT: "#b9c3cd",
    **{level.colour: level.dark for level in LEVELS.values()},
}
"""What each colour of a chart becomes on a dark ground."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"

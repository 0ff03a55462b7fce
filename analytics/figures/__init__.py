"""Figures: pure functions of frames and results that return plotly figures or SVG; nothing is computed or drawn."""

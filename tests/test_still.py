"""Still drawings: where weeks and counts stand, what is drawn of them, and what is not."""

import re

import numpy as np
import pandas as pd
import pytest

from analytics.figures.canvas import Canvas, band, bars, ceiling, hatched, known_runs, line, marks
from analytics.figures.levels import LEVELS
from analytics.figures.maps import SHAPES
from analytics.figures.pair import WIDTH, pair
from analytics.figures.still import still_chart
from analytics.figures.still_study import still_study
from analytics.figures.tile import tile, top

GAP = float("nan")
PLOT = Canvas(left=10, top=5, width=40, height=20, weeks=4, highest=10)
"""Ten across for a week, two up for a count: zero stands at 25, ten at 5."""
HOSTILE = "\"><script>alert('x')</script>"
NO_EVENTS = pd.DataFrame(columns=["mark", "name", "kind", "starts_on", "ends_on"])


def rows(observed: list[float], **columns: object) -> pd.DataFrame:
    """Weeks from Monday 29 November 2021 in the columns of `rows.region_rows`: expected 2, upper 5, none flagged."""
    weeks = pd.date_range("2021-11-29", periods=len(observed), freq="7D")
    status = ["unknown" if np.isnan(value) else "known" for value in observed]
    frame = pd.DataFrame(
        {"week": weeks, "observed": observed, "expected": 2.0, "upper": 5.0, "level": "", "status": status}
    )
    return frame.assign(**columns)  # fmt: skip


def events(*found: tuple[str, str, str]) -> pd.DataFrame:
    """Dated events, each a mark, its first day and its last."""
    frame = pd.DataFrame(found, columns=["mark", "starts_on", "ends_on"])
    return frame.assign(starts_on=pd.to_datetime(frame["starts_on"]), ends_on=pd.to_datetime(frame["ends_on"]))


def test_counts_and_weeks_stand_where_the_canvas_puts_them() -> None:
    """Positions by hand; what is above the plot stands at its edge, and nothing stands below zero."""
    assert [PLOT.x(week) for week in (0, 1, 4)] == [10, 20, 50]
    assert [PLOT.y(value) for value in (0, 5, 10, 12, -3)] == [25, 15, 5, 5, 25]
    assert PLOT.floor == 25


def test_a_bar_is_drawn_for_each_count_above_zero_and_no_other() -> None:
    """A bar of 5 in the first week is ten high and 8.8 wide; zero and unknown weeks have none."""
    assert bars(PLOT, [5, 0, GAP, 10]) == "M10.6 25.0V15.0h8.8V25.0zM40.6 25.0V5.0h8.8V25.0z"


def test_lines_and_bands_break_where_a_value_is_missing() -> None:
    """A line has a part for each run of known weeks, a single week a dot; a band is where both of its edges are known."""
    assert list(known_runs([1, GAP, 2, 3])) == [[0], [2, 3]]
    assert line(PLOT, [5, GAP, 0, 10]) == "M15.0 15.0L15.0 15.0M35.0 25.0L45.0 5.0"
    assert band(PLOT, [0, 0, GAP, 0], [5, 5, 5, GAP]) == "M15.0 15.0L25.0 15.0L25.0 25.0L15.0 25.0z"


def test_each_run_of_weeks_that_are_not_known_is_one_hatched_box() -> None:
    """Unknown and incomplete weeks are covered from edge to edge; all known, nothing is hatched."""
    drawn = hatched(PLOT, ["unknown", "incomplete", "known", "unknown"])
    assert re.findall(r'x="([\d.]+)" y="5" width="([\d.]+)" height="20"', drawn) == [("10.0", "20.0"), ("40.0", "10.0")]
    assert drawn.count('class="gap"') == 2
    assert hatched(PLOT, ["known"] * 4) == ""


def test_flags_are_told_apart_by_shape() -> None:
    """Each level has a shape of its own, at the middle and height of its week; an unknown week has none."""
    assert len({SHAPES[LEVELS[level].shape] for level in LEVELS}) == len(LEVELS) == 3
    for level in LEVELS:
        drawn = marks(PLOT, [5, 1, 1, 1], [level, "", "", ""], 0.5)
        assert drawn.count("<g ") == 1 and SHAPES[LEVELS[level].shape] in drawn
        assert "translate(15.0 15.0) scale(0.5)" in drawn
    assert marks(PLOT, [GAP] * 4, ["alert", "", "", ""], 0.5) == ""


@pytest.mark.parametrize(
    ("highest", "axis"), [(0, (1, 1)), (1, (1, 1)), (4, (4, 1)), (5, (6, 2)), (17, (20, 5)), (0.3, (1, 1)), (400, (400, 100))]
)  # fmt: skip
def test_an_axis_ends_at_a_round_number_that_holds_the_highest(highest: float, axis: tuple[float, float]) -> None:
    """Steps are 1, 2 or 5 times a power of ten, whole, and at most four."""
    assert ceiling(highest) == axis


def test_a_tile_has_its_own_scale_and_never_none() -> None:
    """The top is the highest count or threshold, and 1 where all weeks are zero or unknown."""
    assert top(rows([1, 7])) == 7 and top(rows([1, 2])) == 5
    assert top(rows([GAP, GAP], expected=GAP, upper=GAP)) == 1
    assert top(rows([0, 0], expected=0.0, upper=0.0)) == 1


def drawings(frame: pd.DataFrame, label: str = "label") -> list[str]:
    """Both drawings of the rows."""
    return [tile(frame, label), still_chart(frame, NO_EVENTS, label)]


def test_drawings_show_bars_gaps_and_flags() -> None:
    """A tile and a chart have their bars, a hatched gap, the flag's shape, and a name for those who do not see them."""
    for drawn in drawings(rows([3, GAP, 9], level=["", "", "alert"])):
        assert drawn.count('class="gap"') == 1 and drawn.count('class="mark alert"') == 1
        assert len(re.findall("M[^M]*z", drawn.split('class="bars" d="')[1].split('"')[0])) == 2
        assert 'role="img" aria-label="label"' in drawn


def test_series_without_a_count_are_drawn_empty() -> None:
    """Where nothing is known there is a hatched box and no bar, line or number that is not one."""
    for drawn in drawings(rows([GAP, GAP], expected=GAP, upper=GAP)):
        assert 'class="bars" d=""' in drawn and 'class="expected" d=""' in drawn and 'class="gap"' in drawn
        assert "nan" not in drawn


def test_text_in_drawings_is_text() -> None:
    """Labels and marks of events cannot end an attribute or open a tag; equal input is equal bytes."""
    dated = events((HOSTILE, "2021-12-01", "2021-12-01"))
    for draw in (
        lambda: tile(rows([1, 2]), HOSTILE),
        lambda: still_chart(rows([1, 2]), dated, HOSTILE),
        lambda: still_study(study(), HOSTILE),
    ):
        assert "<script" not in draw() and "&quot;&gt;&lt;script&gt;" in draw()
        assert draw() == draw()


def test_dated_events_stand_at_their_day() -> None:
    """An event is a line at its first day, a span also a box; letters that would touch stand a line apart."""
    dated = events(
        ("A", "2021-11-29", "2021-11-29"), ("B", "2021-12-01", "2021-12-05"), ("C", "2021-12-13", "2022-02-01")
    )
    drawn = still_chart(rows([1.0] * 52), dated, "label")
    assert [float(x) for x in re.findall(r'class="event" d="M([\d.]+) ', drawn)] == pytest.approx(
        [40, 44.7, 72.8], abs=0.05
    )
    assert drawn.count('class="span"') == 2
    assert re.findall(r'class="letter" x="[\d.]+" y="(\d+)">(\w)', drawn) == [("20", "A"), ("10", "B"), ("20", "C")]  # fmt: skip


def study(**columns: object) -> pd.DataFrame:
    """Two weeks before and two after an event: none, the same, twice and a thousand times as many as expected."""
    frame = pd.DataFrame({"k": [-1, 0, 1, 2], "rate_ratio": [0.0, 1.0, 2.0, 1000.0]})
    return frame.assign(low=0.5, high=2.0, placebo_low=0.5, placebo_high=2.0).assign(**columns)


def test_ratios_stand_on_doublings_and_never_leave_the_axis() -> None:
    """One stands in the middle, two a step above; none at all, and a thousandfold, at the ends of four doublings."""
    heights = [float(y) for y in re.findall(r'class="ratio" cx="[\d.]+" cy="([\d.]+)"', still_study(study(), "label"))]
    step = (250 - 24 - 38) / 8
    assert heights == pytest.approx([24 + 8 * step, 24 + 4 * step, 24 + 3 * step, 24], abs=0.05)


def test_a_study_without_ratios_has_its_axes_only() -> None:
    """Where nothing could be estimated there is no dot, interval or band, and no number that is not one."""
    missing = dict.fromkeys(("rate_ratio", "low", "high", "placebo_low", "placebo_high"), GAP)
    drawn = still_study(study(**missing), "label")
    assert "nan" not in drawn and "weeks since the event" in drawn
    assert not re.search('class="(ratio|reach|band)"', drawn)


def test_two_rates_are_bars_on_one_scale() -> None:
    """The highest is as long as the drawing, half of it half as long; unknown and zero have no length."""
    lengths = re.compile(r'class="(now|before)" x="0.5" y="\d+" width="([\d.]+)"')
    assert lengths.findall(pair(4, 2, 4)) == [("now", f"{WIDTH - 1:.1f}"), ("before", f"{(WIDTH - 1) / 2:.1f}")]
    for silent in (pair(GAP, 0, 4), pair(0, 0, 0), pair(GAP, GAP, GAP)):
        assert {length for _, length in lengths.findall(silent)} == {"0.0"}

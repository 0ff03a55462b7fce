"""Figures: numbers as text, rows behind charts, plotly specs, sparklines, states and maps."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from shapely.geometry import Polygon

from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.figures.chart import region_figure
from analytics.figures.levels import LEVELS, highest
from analytics.figures.maps import _centre, map_svg
from analytics.figures.marks import event_labels
from analytics.figures.palette import DARK
from analytics.figures.rows import concerns, region_events, region_rows, unknown_spans
from analytics.figures.sparkline import HEIGHT, PAD, WIDTH, sparkline
from analytics.figures.states import region_states
from analytics.figures.text import inert
from analytics.panel import Panel, Status
from tests import report_content

NARROW, MINUS = numbers.NARROW, numbers.MINUS


@pytest.fixture(scope="module")
def content() -> Any:
    """The full fabricated report content."""
    return report_content.full()


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (numbers.amount, 1234.0, "1,234"),
        (numbers.amount, 3.254, "3.25"),
        (numbers.amount, 16.66, "16.7"),
        (numbers.amount, -2, f"{MINUS}2"),
        (numbers.amount, None, "–"),
        (numbers.amount, float("nan"), "–"),
        (numbers.amount, float("inf"), "∞"),
        (numbers.change, 6.1, "+6.10"),
        (numbers.change, -2.0, f"{MINUS}2"),
        (numbers.change, 0, "0"),
        (numbers.probability, 0.00012, "0.0001"),
        (numbers.probability, 0.000012, "< 0.0001"),
        (numbers.probability, 0.0, "< 0.0001"),
        (numbers.probability, 0.0314, "0.031"),
        (numbers.probability, 0.24, "0.24"),
        (numbers.probability, 0.998, "0.998"),
        (numbers.probability, 0.99999, "> 0.9999"),
        (numbers.probability, 1.0, "1.00"),
        (numbers.ratio, 4.8961, f"×{NARROW}4.9"),
        (numbers.rate, 0.083, f"+8.3{NARROW}%"),
        (numbers.rate, -0.0312, f"{MINUS}3.1{NARROW}%"),
        (numbers.rate, 12.0, f"+1,200{NARROW}%"),
        (numbers.day, date(2022, 6, 27), "27 Jun 2022"),
        (numbers.day, "2022-06-27", "27 Jun 2022"),
        (numbers.day, "some day", "some day"),
        (numbers.day, pd.NaT, "–"),
        (numbers.moment, datetime(2022, 1, 3, 6, 5, tzinfo=UTC), "3 Jan 2022, 06:05 UTC"),
        (numbers.anything, np.bool_(True), "yes"),
        (numbers.anything, np.array(["a", "b"]), "a, b"),
        (numbers.anything, pd.Timestamp("2022-01-03 06:00"), "3 Jan 2022, 06:00"),
        (numbers.anything, np.int64(4812), "4,812"),
    ],
)
def test_numbers_read_as_written_here(show: Any, value: Any, text: str) -> None:
    """Every kind of number and date has one way to be read."""
    assert show(value) == text


def test_spans_and_intervals_name_both_ends_once() -> None:
    """A span of one day is that day, an interval without a lower end is missing."""
    assert numbers.span("2021-11-03", "2021-11-20") == "3 Nov 2021 to 20 Nov 2021"
    assert numbers.span("2021-11-03", "2021-11-03") == numbers.span("2021-11-03", None) == "3 Nov 2021"
    assert numbers.interval(0.04, 0.21) == f"+4.0{NARROW}% to +21.0{NARROW}%"
    assert numbers.interval(None, 0.21) == "–"


def test_text_for_plotly_holds_no_markup_template_or_loose_direction() -> None:
    """Plotly gets text in which nothing can be read as a tag, an entity or a template."""
    assert inert("<b>&amp;</b> %{y}") == "&lt;b&gt;&amp;amp;&lt;/b&gt; %&#123;y}"
    assert inert("سلێمانی") == "\u2068سلێمانی\u2069"
    assert len(inert("n" * 10_000, 50)) == 50
    assert inert("a\u0000\tb\nc") == "a b c"
    assert inert("\u2069\u202egnirts") == "gnirts"


def test_rows_are_the_panel_and_the_result_week_by_week(content: Any) -> None:
    """The rows of a region hold the panel's counts, the result's means where judged, and the flags' levels."""
    rows = region_rows(content.panel, content.spikes, content.flags, "IQ-DI", 156)
    column = content.panel.region_ids.index("IQ-DI")
    np.testing.assert_array_equal(rows["observed"], content.panel.values[-156:, column])
    np.testing.assert_array_equal(rows["expected"][-104:], content.spikes.expected[:, column])
    assert rows["expected"][:52].isna().all()
    mine = content.flags[content.flags["region_id"] == "IQ-DI"]
    assert rows.loc[rows["level"] != "", "week"].tolist() == sorted(mine["week"])


def test_rows_ignore_the_flags_of_other_measures(content: Any) -> None:
    """A flag on casualties does not mark a chart of incidents."""
    flags = content.flags.assign(measure="killed")
    assert (region_rows(content.panel, content.spikes, flags, "IQ-DI", 20)["level"] == "").all()


def test_rows_without_a_result_have_no_means(content: Any) -> None:
    """A region that no model judged still has its counts."""
    rows = region_rows(content.panel, None, None, "IQ-BG", 10)
    assert rows["expected"].isna().all() and rows["observed"].notna().all()


def test_unknown_spans_cover_exactly_the_unknown_weeks() -> None:
    """Runs of unknown weeks become spans of days, at the ends of the chart as well as inside."""
    weeks = pd.date_range("2021-01-04", periods=6, freq="7D")
    rows = pd.DataFrame({"week": weeks, "status": ["unknown", "known", "unknown", "unknown", "known", "unknown"]})
    assert unknown_spans(rows) == [
        (date(2021, 1, 4), date(2021, 1, 11)),
        (date(2021, 1, 18), date(2021, 2, 1)),
        (date(2021, 2, 8), date(2021, 2, 15)),
    ]


@pytest.mark.parametrize(
    ("regions", "answer"),
    [
        ([], True),
        (None, True),
        (["IQ-DI"], True),
        (["IQ-D"], False),
        (np.array(["IQ-DI/kifri"]), False),
    ],
)
def test_events_concern_the_regions_they_list(regions: Any, answer: bool) -> None:
    """An event concerns the regions that are listed for it, and every region when none is."""
    assert concerns(regions, "IQ-DI") is answer


def test_events_of_a_chart_are_its_own_in_order_with_marks(content: Any) -> None:
    """Only events of the region and the charted days are marked, A first."""
    events = region_events(content.events, "IQ-DI", date(2021, 1, 1), date(2021, 12, 26))
    assert list(zip(events["mark"], events["event_id"], strict=True)) == [("A", "e1"), ("B", "e2"), ("C", "e3")]
    assert region_events(None, "IQ-DI", date(2021, 1, 1), date(2021, 12, 26)).empty


def _figure(content: Any, region_id: str = "IQ-DI", name: str = "Diyala") -> Any:
    """One region's rows and chart."""
    rows = region_rows(content.panel, content.spikes, content.flags, region_id, content.chart_weeks)
    events = region_events(content.events, region_id, date(2019, 1, 7), date(2021, 12, 26))
    figure = region_figure(rows, events, region=name, measure="incidents", simulated=content.simulated)
    return rows, figure


def test_a_chart_draws_the_columns_that_it_names(content: Any) -> None:
    """Each column's trace holds exactly that column, under a fixed id."""
    rows, figure = _figure(content)
    columns = [trace for trace in figure["data"] if "meta" in trace]
    assert [trace["uid"] for trace in columns] == ["observed", "expected", "upper"]
    for trace in columns:
        drawn = np.array([np.nan if value is None else value for value in trace["y"]])
        # Four decimals are kept, so half a unit of the fourth is the largest difference.
        np.testing.assert_allclose(drawn, rows[trace["meta"]["y"]].to_numpy(), atol=5.1e-5)


def test_plotly_takes_a_chart_as_it_is(content: Any) -> None:
    """Plotly's own checks accept every key and value of a chart, and neither add to it nor order it otherwise."""
    _, figure = _figure(content)
    checked = go.Figure(figure).to_plotly_json()
    checked["layout"].pop("template")
    assert figure["layout"]["shapes"]
    for mine, theirs in zip(figure["data"], checked["data"], strict=True):
        assert list(mine) == list(theirs)
    assert json.dumps(figure, sort_keys=True) == json.dumps(checked, sort_keys=True, default=list)


def test_flag_levels_differ_in_shape_and_are_named(content: Any) -> None:
    """Levels can be told apart without colour, and each has its word in the chart."""
    _, figure = _figure(content)
    markers = [trace for trace in figure["data"] if trace["uid"].startswith("level-")]
    assert {trace["name"] for trace in markers} == {"warning", "alert"}
    assert all(trace["marker"]["symbol"] == LEVELS[trace["name"]].shape for trace in markers)
    assert "alert" in [word for trace in markers for word in trace["text"]]
    assert len({level.shape for level in LEVELS.values()}) == len(LEVELS)


def test_unknown_weeks_are_grey_and_say_so(content: Any) -> None:
    """A stretch without reporting is a span with the word unknown, not a row of zeros."""
    rows, figure = _figure(content)
    spans = [shape for shape in figure["layout"]["shapes"] if shape.get("name") == "unknown"]
    assert [(span["x0"], span["x1"], span["label"]["text"]) for span in spans] == [
        ("2020-04-20", "2020-05-11", "unknown")
    ]
    assert rows.loc[rows["status"] == "unknown", "observed"].isna().all()


def test_dated_events_are_lines_or_spans_with_labels(content: Any) -> None:
    """Each event of the chart has a line on its day or a span over its days, and a label with its mark."""
    _, figure = _figure(content)
    shapes = {shape["name"]: shape for shape in figure["layout"]["shapes"]}
    assert (shapes["event B"]["type"], shapes["event B"]["x0"]) == ("line", "2021-10-10")
    assert (shapes["event C"]["x0"], shapes["event C"]["x1"]) == ("2021-11-03", "2021-11-21")
    assert figure["layout"]["annotations"][1]["text"] == "<b>B</b> Parliamentary election"


def test_labels_of_close_events_stand_in_different_lanes() -> None:
    """Two labels at one height never overlap, however many events fall into one month."""
    drawn = [
        {
            "mark": str(number),
            "name": "An event with a long name",
            "x0": date(2021, 6, 1 + number),
            "x1": date(2021, 6, 30),
        }
        for number in range(5)
    ]
    labels = event_labels(drawn, date(2019, 1, 1), date(2021, 12, 31))
    assert len({label["yshift"] for label in labels}) == 5


def test_a_label_near_the_end_reads_leftwards() -> None:
    """A label does not run out of the chart."""
    event = {"mark": "A", "name": "A late event", "x0": date(2021, 12, 20), "x1": date(2021, 12, 20)}
    label = event_labels([event], date(2019, 1, 1), date(2021, 12, 31))[0]
    assert label["xanchor"] == "right"


def test_the_title_says_simulated_only_where_it_is(content: Any) -> None:
    """A chart that is cut out of the page still says that it is simulated."""
    _, simulated = _figure(content)
    real = replace(content, simulated=False, panel=replace(content.panel, simulated=False))
    assert simulated["layout"]["title"]["text"] == "Diyala: incidents a week (simulated)"
    assert _figure(real)[1]["layout"]["title"]["text"] == "Diyala: incidents a week"


def test_equal_input_gives_equal_figures(content: Any) -> None:
    """A figure has no random part."""
    assert str(_figure(content)[1]) == str(_figure(report_content.full())[1])


def test_permuting_regions_changes_no_chart(content: Any) -> None:
    """A region's chart depends on its own column only."""
    order = list(reversed(range(len(content.panel.region_ids))))
    panel = replace(
        content.panel,
        region_ids=tuple(content.panel.region_ids[index] for index in order),
        region_names=tuple(content.panel.region_names[index] for index in order),
        values=content.panel.values[:, order],
        status=content.panel.status[:, order],
    )
    assert str(_figure(replace(content, panel=panel))[1]) == str(_figure(content)[1])


def test_every_colour_of_a_chart_has_its_dark_twin(content: Any) -> None:
    """No colour of a chart stays behind when the page turns dark."""
    import re

    used = set(re.findall(r"'(#[0-9a-f]{6})'", str(_figure(content)[1] | {"layout": {}}) + str(_layout(content))))
    assert used <= set(DARK)


def _layout(content: Any) -> dict[str, Any]:
    """A chart's layout without plotly's default template, which the page leaves out."""
    return {key: value for key, value in _figure(content)[1]["layout"].items() if key != "template"}


def test_a_sparkline_starts_at_zero_and_breaks_at_missing_values() -> None:
    """By hand: four values over the width, the missing one leaves a gap, the highest touches the top."""
    svg = sparkline([0, 2, float("nan"), 4], "4 weeks")
    floor, top, step = HEIGHT - PAD, PAD, (WIDTH - 2 * PAD) / 3
    assert f"M{PAD:.1f} {floor:.1f}L{PAD + step:.1f} {(floor + top) / 2:.1f}M{WIDTH - PAD:.1f} {top:.1f}" in svg
    assert 'aria-label="4 weeks, from 0 to 4"' in svg


def test_a_sparkline_of_nothing_says_unknown() -> None:
    """Nothing is drawn for a region without a known week."""
    svg = sparkline([float("nan")] * 3, "3 weeks")
    assert "unknown" in svg and "<path" not in svg


def test_an_incomplete_week_is_no_unknown_one(content: Any) -> None:
    """A region whose latest week is reported on in part is called that, in the state's words too."""
    status = content.panel.status.copy()
    status[-1, 3] = Status.INCOMPLETE
    row = region_states(replace(content.panel, status=status), content.spikes, None).iloc[3]
    assert row["state"] == "incomplete" and "incomplete: reported for part of the week" in row["words"]


def test_states_follow_what_is_known_judged_and_flagged(content: Any) -> None:
    """Flagged beats unknown beats not judged beats flagged earlier beats no flag."""
    states = region_states(content.panel, content.spikes, content.flags).set_index("region_id")["state"]
    assert states["IQ-DI"] == "alert"
    assert states["IQ-KI"] == "earlier"
    assert states["IQ-BA"] == "unknown"
    assert states["IQ-MU"] == "not-judged"
    assert states["IQ-NI"] == "none"


def test_a_flag_in_a_district_shows_on_its_governorate(content: Any) -> None:
    """The map of governorates does not hide flags of the places within them."""
    flags = content.flags.iloc[[-1]].assign(region_id="IQ-NI/mosul", level="warning", week=content.spikes.weeks[-1])
    states = region_states(content.panel, content.spikes, flags).set_index("region_id")["state"]
    assert states["IQ-NI"] == "warning" and states["IQ-DI"] == "none"


def test_the_highest_level_is_the_most_severe() -> None:
    """Levels are ordered watch, warning, alert."""
    assert highest(["watch", "alert", "warning"]) == "alert" and highest([]) == ""


def _one(geometry: dict[str, Any], properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """Boundaries of one feature."""
    feature = {"type": "Feature", "properties": properties or {"region_id": "A", "name": "Aland"}, "geometry": geometry}
    return {"type": "FeatureCollection", "features": [feature]}


def _states() -> pd.DataFrame:
    """Region A, with an alert."""
    return pd.DataFrame({"region_id": ["A"], "region": ["Aland"], "state": ["alert"], "words": ["Aland: alert"]})


def test_the_map_keeps_proportions_at_its_latitude() -> None:
    """At 60° north a degree of longitude is half as long: 4° x 2° there is a square on the map."""
    ring = [[10, 59], [14, 59], [14, 61], [10, 61], [10, 59]]
    svg = map_svg(_one({"type": "Polygon", "coordinates": [ring]}), _states(), {}, "map")
    assert 'viewBox="0 0 640 640"' in svg
    assert 'd="M4.0 636.0L636.0 636.0L636.0 4.0L4.0 4.0L4.0 636.0Z"' in svg


def test_marks_stand_at_the_centre_of_gravity() -> None:
    """The centre agrees with shapely's, also for a ring that is not convex."""
    ring = np.array([[0, 0], [10, 0], [10, 3], [3, 3], [3, 9], [0, 9], [0, 0]], dtype=float)
    # Equal up to rounding: both evaluate the same closed formula.
    np.testing.assert_allclose(_centre(ring), Polygon(ring).centroid.coords[0], rtol=1e-12)


def test_the_map_describes_each_region_and_links_to_its_chart() -> None:
    """A region with a chart is a link, one without is focusable all the same; both say what they show."""
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    boundaries = _one({"type": "MultiPolygon", "coordinates": [[ring]]})
    linked = map_svg(boundaries, _states(), {"A": "region-1"}, "map")
    alone = map_svg(boundaries, _states(), {}, "map")
    assert '<a class="region" href="#region-1" aria-label="Aland: alert"><title>Aland: alert</title>' in linked
    assert '<g class="region" tabindex="0" role="img" aria-label="Aland: alert">' in alone


def test_the_map_escapes_names() -> None:
    """A name is text, whatever it holds."""
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    boundaries = _one({"type": "Polygon", "coordinates": [ring]}, {"region_id": '"><script>', "name": "<b>"})
    svg = map_svg(boundaries, _states(), {}, "map")
    assert "<script" not in svg and "<b>" not in svg and "not in this report" in svg


@pytest.mark.parametrize(
    "boundaries",
    [
        _one({"type": "Point", "coordinates": [0, 0]}),
        _one({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, {"name": "nobody"}),
    ],
)
def test_boundaries_that_cannot_be_drawn_are_refused(boundaries: dict[str, Any]) -> None:
    """A point, or a feature that names no region, raises and says so."""
    with pytest.raises(OptionError, match=r"Point|region_id"):
        map_svg(boundaries, _states(), {}, "map")


def test_an_unknown_week_is_never_drawn_as_zero() -> None:
    """The chart of a region that nobody reported on holds no bar at all."""
    weeks = np.arange(np.datetime64("2021-01-04"), np.datetime64("2021-03-01"), 7)
    panel = Panel(
        weeks=weeks,
        region_ids=("A",),
        region_names=("Aland",),
        values=np.full((len(weeks), 1), np.nan),
        status=np.full((len(weeks), 1), int(Status.UNKNOWN), dtype=np.uint8),
    )
    rows = region_rows(panel, None, None, "A", 156)
    events = region_events(None, "A", date(2021, 1, 4), date(2021, 3, 1))
    figure = region_figure(rows, events, region="Aland", measure="incidents", simulated=False)
    assert all(value is None for value in figure["data"][0]["y"])

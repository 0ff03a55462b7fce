"""What must hold of event studies whatever the counts."""

import numpy as np
import pandas as pd
import pytest

from analytics.models.event_study import EventStudy, StudyOptions
from tests.test_event_study import at, counts, make_panel, study, term

NUMBERS = ["rate_ratio", "low", "high", "wide_low", "wide_high", "p_value", "p_placebo", "observed", "expected"]


@pytest.fixture(scope="module")
def values():
    """Six years of four regions, from sparse to busy."""
    return np.column_stack([counts(312, mean, seed=number) for number, mean in enumerate((0.4, 1.0, 4.0, 12.0))])


def region_rows(values, order, **options):
    """Rows of single regions of a study over the regions in *order*."""
    ids = tuple(f"R{number}" for number in order)
    frame = study(make_panel(values[:, order], ids), at(250), placebo=29, **options).frame()
    rows = frame[frame["scope"] == "region"].sort_values(["regions", "term"])
    return rows.set_index(["regions", "term"])[NUMBERS]


@pytest.mark.parametrize("family", ["quasi-poisson", "negative-binomial"])
def test_permuting_regions_permutes_rows(values, family):
    """The order of regions changes no region's numbers, and not the total's."""
    plain, permuted = (region_rows(values, order, family=family) for order in ([0, 1, 2, 3], [2, 0, 3, 1]))
    pd.testing.assert_frame_equal(plain, permuted)


def test_adding_a_region_changes_no_other(values):
    """Regions are independent of each other."""
    fewer, more = region_rows(values, [0, 1, 2]), region_rows(values, [0, 1, 2, 3])
    pd.testing.assert_frame_equal(fewer, more.loc[fewer.index])


def test_scaling_overdispersed_counts_changes_no_ratio(values):
    """Counting everything three times changes neither ratios nor, where variance exceeds the mean anyway, intervals,
    but for the half incident of their continuity correction, which is a third of what it was among three times as many.
    """
    once, thrice = (study(factor * values[:, 3], at(250), placebo=29) for factor in (1, 3))
    for name in ("after", "level", "slope"):
        for column in ("rate_ratio", "low", "high", "p_placebo"):
            # Estimates are iterated to 1e-10 on the log scale; half an incident in some hundred is less than 1 %.
            near = 0.01 if column in ("low", "high") else 1e-6
            assert term(thrice, name)[column] == pytest.approx(term(once, name)[column], rel=near)


def test_weeks_beyond_the_window_change_no_estimate(values):
    """Weeks after the last one studied change neither ratios nor intervals, only what other dates show."""
    changed = values[:, 3].copy()
    changed[280:] = 99
    plain, other = (study(one, at(250), placebo=0).frame() for one in (values[:, 3], changed))
    pd.testing.assert_frame_equal(plain, other)


def test_weeks_after_the_event_cannot_bend_what_is_expected(values):
    """Whatever comes after the event, the same is expected of it."""
    changed = values[:, 3].copy()
    changed[251:] *= 5
    plain, other = (term(study(one, at(250), placebo=0), "after") for one in (values[:, 3], changed))
    assert other["expected"] == plain["expected"]
    assert other["observed"] == 5 * plain["observed"]


def test_a_weekday_later_in_the_same_week_changes_nothing(values):
    """Events on Tuesday and on Saturday of one week have the same weeks before and after."""
    tuesday, saturday = (study(values[:, 3], at(250, days), placebo=29).frame() for days in (1, 5))
    pd.testing.assert_frame_equal(tuesday[NUMBERS], saturday[NUMBERS])


def test_the_order_of_events_changes_no_stack(values):
    """Stacked totals do not depend on the order in which events are given."""
    events = [at(170, event_id="a"), at(250, event_id="b")]
    one, other = (study(values[:, 3], list(order), placebo=29) for order in (events, events[::-1]))
    for column in ("rate_ratio", "low", "high", "observed", "expected"):
        assert term(one, "after", event="stacked")[column] == pytest.approx(
            term(other, "after", event="stacked")[column]
        )


def test_the_same_question_has_the_same_answer(values):
    """Chance is an argument: two studies with one seed are equal to the last bit."""
    panel = make_panel(values)
    one, other = (EventStudy(StudyOptions(placebo=50, seed=3)).fit(panel, [at(250)]).frame() for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_the_inputs_are_left_alone(values):
    """A study changes nobody's panel, and its frame is a copy."""
    panel = make_panel(values.copy())
    result = study(panel, at(250), placebo=20)
    taken = result.frame()
    taken.loc[:, "rate_ratio"] = 0.0
    assert result.frame()["rate_ratio"].max() > 0
    assert np.array_equal(panel.values, values)

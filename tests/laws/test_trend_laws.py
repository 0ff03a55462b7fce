import numpy as np
import pandas as pd
import pytest

from analytics.models.decompose import decompose
from analytics.models.trend import Trend, TrendOptions
from analytics.panel import Panel
from analytics.weeks import as_date

PARTS = ("level", "season", "remainder")


def _panel(values, ids=None):
    weeks = np.datetime64("2021-12-20") - 7 * np.arange(len(values))[::-1]
    ids = ids or tuple(f"R{number}" for number in range(values.shape[1]))
    status = np.isnan(values).astype(np.uint8)
    return Panel(weeks=weeks, region_ids=ids, region_names=ids, values=values, status=status)


@pytest.fixture
def values():
    """Six years of six regions, from sparse to busy, with an unknown stretch in one of them."""
    rng = np.random.default_rng(8)
    counts = rng.poisson(rng.gamma(np.geomspace(0.2, 20, 6), 1.0, size=(312, 6))).astype(float)
    counts[150:170, 3] = np.nan
    return counts


@pytest.fixture(params=["quasi-poisson", "negative-binomial"])
def trend(request):
    """The trend model at its defaults, once for each family."""
    return Trend(TrendOptions(family=request.param))


def test_permuting_regions_permutes_trends(values, trend):
    """The order of regions changes the order of rows and nothing else."""
    order = np.array([3, 0, 5, 1, 4, 2])
    plain = trend.fit(_panel(values)).frame()
    permuted = trend.fit(_panel(values[:, order], ids=tuple(f"R{number}" for number in order))).frame()
    pd.testing.assert_frame_equal(plain.iloc[order].reset_index(drop=True), permuted)


def test_adding_a_region_changes_no_other(values, trend):
    """Regions are independent: a new one leaves every other row as it was, but for the q that all of them share."""
    fewer = trend.fit(_panel(values[:, :4])).frame().drop(columns="q_value")
    more = trend.fit(_panel(values)).frame().drop(columns="q_value")
    pd.testing.assert_frame_equal(fewer, more.iloc[:4])


def test_scaling_counts_leaves_growth_unchanged(values):
    """Counting everything three times changes no growth, with or without the season."""
    for season in (True, False):
        trend = Trend(TrendOptions(season=season, min_incidents=1))
        once, thrice = (trend.fit(_panel(factor * values[:, 1:])).frame() for factor in (1, 3))
        # Both are iterated to about 1e-8.
        assert thrice["growth"].to_numpy() == pytest.approx(once["growth"].to_numpy(), rel=1e-6)


def test_scaling_overdispersed_counts_leaves_the_interval_unchanged():
    """Where variance exceeds the mean anyway, counting everything three times adds no certainty."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(rng.gamma(2.0, 5.0, size=(26, 4))).astype(float)
    columns = ["growth", "growth_low", "growth_high", "p_value"]
    once, thrice = (Trend().fit(_panel(factor * counts)).frame()[columns] for factor in (1, 3))
    assert thrice.to_numpy() == pytest.approx(once.to_numpy(), rel=1e-6)


def test_reversing_time_reverses_growth(values):
    """Read backwards, a rise is the same fall: log growth changes its sign, P(growing) its side."""
    trend = Trend(TrendOptions(season=False))
    ahead, back = (trend.fit(_panel(window)).frame() for window in (values[-26:, 2:], values[-26:, 2:][::-1]))
    assert np.log1p(back["growth"]).to_numpy() == pytest.approx(-np.log1p(ahead["growth"]).to_numpy(), rel=1e-6)
    assert back["p_growing"].to_numpy() == pytest.approx(1 - ahead["p_growing"].to_numpy(), rel=1e-6)
    assert np.log1p(back["growth_low"]).to_numpy() == pytest.approx(
        -np.log1p(ahead["growth_high"]).to_numpy(), rel=1e-6
    )


def test_later_weeks_change_nothing(values, trend):
    """A trend up to a week is the same whatever happened afterwards."""
    panel = _panel(values)
    later = values.copy()
    later[-20:] = 99.0
    last = as_date(panel.weeks[-21])
    then, now = (trend.fit(_panel(counts), last=last).frame() for counts in (values, later))
    pd.testing.assert_frame_equal(then, now)


def test_earlier_weeks_only_count_for_the_season(values):
    """With the season off, nothing before the weeks that are compared matters."""
    trend = Trend(TrendOptions(season=False))
    pd.testing.assert_frame_equal(
        trend.fit(_panel(values)).frame(), trend.fit(_panel(values[-56:])).frame(), rtol=1e-12
    )


def test_fitting_leaves_the_panel_alone(values):
    """Neither trend nor decomposition writes into the panel it is given."""
    panel = _panel(values.copy())
    Trend().fit(panel)
    decompose(panel)
    np.testing.assert_array_equal(panel.values, values)


def test_decomposition_of_a_region_is_its_own(values):
    """Permuting regions permutes the parts, and adding one changes no other."""
    plain, part = decompose(_panel(values)), decompose(_panel(values[:, [4, 1]]))
    for name in PARTS:
        np.testing.assert_array_equal(getattr(plain, name)[:, [4, 1]], getattr(part, name))
    assert plain.note[[4, 1]].tolist() == part.note.tolist()


def test_decomposition_adds_up(values):
    """Observed is level times season plus remainder, and unknown weeks are unknown in every part."""
    parts = decompose(_panel(values))
    np.testing.assert_allclose(parts.level * parts.season + parts.remainder, values, rtol=0, atol=1e-9)
    for name in PARTS:
        np.testing.assert_array_equal(np.isnan(getattr(parts, name)), np.isnan(values))

"""Two-sided answers and the plain rule: how surprising a drop is, and n incidents within d days."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from analytics.errors import OptionError
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.rare import Rare, RareOptions, predict
from analytics.models.spike import Spike, SpikeOptions
from analytics.panel import Panel, Status


def panel(values: Any) -> Panel:
    """A panel of whole known weeks from 2 January 2012."""
    table = np.asarray(values, dtype=np.float64)
    weeks = np.datetime64("2012-01-02", "D") + 7 * np.arange(len(table))
    regions = tuple(f"R{number}" for number in range(table.shape[1]))
    status = np.full(table.shape, Status.KNOWN, dtype=np.uint8)
    return Panel(weeks=weeks, region_ids=regions, region_names=regions, values=table, status=status)


def busy(seed: int = 7) -> Panel:
    """Three regions of 400 weeks, from sparse to busy."""
    return panel(np.random.default_rng(seed).poisson([0.1, 2.0, 12.0], size=(400, 3)))


def test_a_drops_chance_is_that_of_the_predictive_distribution() -> None:
    """The rule for sparse streams gives P(Y <= y) of its own negative binomial, as scipy has it."""
    data, options = busy(), RareOptions(two_sided=True)
    result = Rare(options).fit(data)
    judged = np.searchsorted(data.weeks, result.weeks)
    predictive = predict(data, judged, options)
    size = predictive.mean / (predictive.ratio - 1)
    expected = stats.nbinom.cdf(result.observed, size, 1 / predictive.ratio)
    assert result.p_drop is not None
    # 1 - P(Y >= y + 1) loses what lies below the spacing of doubles near 1
    np.testing.assert_allclose(result.p_drop, expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    "model", [FarringtonFlexible(FarringtonOptions(two_sided=True)), Spike(SpikeOptions(two_sided=True))]
)
def test_both_sides_of_a_count_add_up(model: Any) -> None:
    """P(Y <= y) and P(Y >= y) overlap in P(Y = y): their sum is above 1 and each is a probability."""
    result = model.fit(busy())
    judged = result.note == ""
    both = result.p_drop[judged] + result.p_value[judged]
    assert judged.any()
    assert (both > 1).all()
    assert ((result.p_drop[judged] >= 0) & (result.p_drop[judged] <= 1)).all()
    assert np.isnan(result.p_drop[~judged]).all()


def test_a_silence_in_a_busy_region_is_a_surprising_drop() -> None:
    """No incident where twelve are normal has a small chance, is no alarm, and the sparse region's silence has none."""
    values = busy().values.copy()
    values[-1] = 0
    result = Spike(SpikeOptions(two_sided=True)).fit(panel(values))
    assert result.p_drop is not None
    assert result.p_drop[-1, 2] < 1e-3
    assert result.p_drop[-1, 0] > 0.5
    assert not result.alarm[-1].any()


def test_asking_for_drops_changes_nothing_else() -> None:
    """The other tables are the same, and without the option there is no p_drop, in the frame neither."""
    one, two = (Spike(SpikeOptions(two_sided=side)).fit(busy()) for side in (False, True))
    for name in ("expected", "upper", "p_value", "alarm"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.p_drop is None
    assert "p_drop" not in one.frame()
    assert "p_drop" in two.frame()


def test_n_incidents_within_d_days_alarm_by_themselves() -> None:
    """Three incidents in three weeks alarm in the third week and until the first of them is too old; p is as before."""
    values = np.zeros((120, 1))
    values[[110, 111, 112]] = 1
    values[0] = 90
    plain = Rare(RareOptions(alpha=1e-9)).fit(panel(values))
    rule = Rare(RareOptions(alpha=1e-9, incidents=3, days=21)).fit(panel(values))
    assert not plain.alarm.any()
    first = np.searchsorted(panel(values).weeks, rule.weeks[0])
    assert (np.flatnonzero(rule.alarm[:, 0]) + first).tolist() == [112]
    np.testing.assert_array_equal(rule.p_value, plain.p_value)
    wider = Rare(RareOptions(alpha=1e-9, incidents=3, days=28)).fit(panel(values))
    assert (np.flatnonzero(wider.alarm[:, 0]) + first).tolist() == [112, 113]


@pytest.mark.parametrize("options", [{"days": 10}, {"days": 0}, {"incidents": -1}])
def test_a_rule_that_weekly_counts_cannot_keep_is_refused(options: dict[str, int]) -> None:
    """Days that are no whole weeks, and negative numbers, are refused by name."""
    (name,) = options
    with pytest.raises(OptionError, match=name):
        RareOptions(**options)

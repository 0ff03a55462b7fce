"""Likelihood-ratio charts: R's numbers, scipy's maxima, and what R can't see."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from analytics.errors import OptionError
from analytics.models.glr import GlrNb, GlrNbOptions, GlrOptions, GlrPoisson
from analytics.panel import Panel
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.methods_parity import MODELS, apart, beside

VARIANTS = [name for name in MODELS if name.startswith("glr") and name != "glr-nb-estimated"]
CASES = ["glr", "glr-window", "glr-down", "glr-trend", "glr-theta", "glr-nb-theta"]
Floats = NDArray[np.float64]


@pytest.mark.parametrize("variant", VARIANTS)
def test_statistics_and_alarms_are_rs(variant: str) -> None:
    """Mean and statistic are R's, and so is every decision, where ours is asked to answer as R does."""
    both = beside(variant)
    assert (both["status"] == "judged").all()
    assert apart(both["expected"], both["expected_r"]) < 1e-9
    assert apart(both["statistic"], both["statistic_r"], 1.0) < 1e-9  # below 1 R's own rounding shows
    assert (both["alarm"] == (both["alarm_r"] > 0)).all()


def test_estimated_dispersion_is_near_rs() -> None:
    """With dispersion and mean from glm.nb, which stops near its optimum, decisions are R's.

    Two series are not overdispersed in training: R's dispersion is where its iterations ran out, ours is none.
    """
    both = beside("glr-nb-estimated")
    both = both[~both["series"].isin(["burst", "poisson_1"])]
    assert both["series"].nunique() == 8
    assert apart(both["expected"], both["expected_r"]) < 1e-6
    assert apart(both["statistic"], both["statistic_r"], 1.0) < 1e-5
    assert (both["alarm"] == (both["alarm_r"] > 0)).all()


@pytest.mark.parametrize("variant", CASES)
def test_cases_are_rs(variant: str) -> None:
    """The count from which there is an alarm is R's; ours is empty, R's 0, in the weeks that R passes over."""
    both = beside(variant)
    assert apart(both["upper"], both["upper_r"], 1e-3) < 1e-9
    assert (both.loc[both["upper"].isna(), "upper_r"] == 0).all()


def flat(values: Floats, mean: float, training: int) -> tuple[Panel, Floats]:
    """A panel of these counts after quiet training weeks, and its means in control."""
    panel = panel_of(np.concatenate([np.zeros((training, values.shape[1])), values]))
    return panel, np.full(panel.values.shape, mean)


def best(ratio: Callable[[float], float], low: float, high: float) -> float:
    """Maximum of a concave function by scipy."""
    return -float(optimize.minimize_scalar(lambda s: -ratio(s), bounds=(low, high), options={"xatol": 1e-12}).fun)


def largest(values: Floats, ratio: Callable[[Floats, float], float], low: float, high: float) -> float:
    """Largest ratio over every possible week of change, no change included."""
    return max(0.0, *(best(lambda s, k=k: ratio(values[k:], s), low, high) for k in range(len(values))))


@pytest.mark.parametrize(("direction", "low", "high"), [("up", 0.0, 9.0), ("down", -25.0, 0.0)])
def test_negative_binomial_maximum_is_scipys(direction: str, low: float, high: float) -> None:
    """The statistic is the largest log likelihood ratio of scipy's nbinom over every week and size of a change."""
    values = poisson_panel(3.0, 8, 3, seed=7, phi=2.0).values
    panel, means = flat(values, 3.0, 10)
    options = GlrNbOptions(threshold=1e6, dispersion=0.3, training_weeks=10, direction=direction)  # type: ignore[arg-type]
    found = GlrNb(options).fit(panel, means=means).statistic
    assert found is not None

    def ratio(y: Floats, size: float) -> float:
        change = [stats.nbinom.logpmf(y, 1 / 0.3, 1 / (1 + 0.3 * m)).sum() for m in (3.0 * np.exp(size), 3.0)]
        return float(change[0] - change[1])

    for region in range(3):
        for week in range(8):
            wanted = largest(values[: week + 1, region], ratio, low, high)
            assert found[week, region] == pytest.approx(wanted, rel=1e-7, abs=1e-6)  # scipy's minimum


def test_epidemic_maximum_is_scipys() -> None:
    """The epidemic chart's statistic is scipy's maximum, where R's iterations stay at none once they were there."""
    values = np.array([[0.0], [12], [4], [2], [5], [3], [3], [9]])
    panel, means = flat(values, 5.0, 10)
    options = GlrOptions(change="epidemic", training_weeks=10, threshold=1e6)
    ours = GlrPoisson(options).fit(panel, means=means).statistic
    theirs = GlrPoisson(replace(options, reference=True)).fit(panel, means=means).statistic
    before = np.concatenate([[0.0], values[:-1, 0]])

    def ratio(rows: Floats, size: float) -> float:
        y, x = rows[:, 0], rows[:, 1]
        return float((y * np.log1p(size * x / 5.0) - size * x).sum())

    assert ours is not None
    assert theirs is not None
    wanted = largest(np.column_stack([values[:, 0], before]), ratio, 0.0, 20.0)
    assert ours[-1, 0] == pytest.approx(wanted, rel=1e-7)
    assert theirs[-1, 0] < ours[-1, 0]


def test_by_hand() -> None:
    """One week of 5 where 1 is expected has the log likelihood ratio 5 log 5 - 4."""
    panel, means = flat(np.array([[5.0]]), 1.0, 10)
    result = GlrPoisson(GlrOptions(training_weeks=10)).fit(panel, means=means)
    assert result.statistic is not None
    assert result.statistic[0, 0] == pytest.approx(5 * np.log(5) - 4, rel=1e-14)
    assert result.upper[0, 0] == 6  # 6 log 6 - 5 = 5.75, the first above 5
    assert not result.alarm[0, 0]


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("method", ["poisson", "epidemic", "nb"])
def test_upper_is_where_alarms_begin(method: str, direction: str) -> None:
    """The judged count set to upper raises an alarm and one less does not; the other way round for drops."""
    panel = poisson_panel(6.0, 60, 10, seed=18, phi=1.5)
    options = {"training_weeks": 30, "direction": direction}
    if method == "nb":
        model: GlrPoisson | GlrNb = GlrNb(GlrNbOptions(dispersion=0.1, **options))  # type: ignore[arg-type]
    elif method == "epidemic" and direction == "down":
        pytest.skip("the epidemic chart looks for rises only")
    else:
        change = "epidemic" if method == "epidemic" else "intercept"
        model = GlrPoisson(GlrOptions(change=change, **options))  # type: ignore[arg-type]
    upper = model.fit(panel).upper[-1]
    some = upper > 0
    assert some.any()
    for step in (0, -1):
        values = panel.values.copy()
        values[-1] = np.where(some, upper + step, values[-1])
        alarm = model.fit(replace(panel, values=values)).alarm[-1]
        assert (alarm == ((step == 0) == (direction == "up")))[some].all()


def test_weeks_without_incident_are_a_drop() -> None:
    """Ten silent weeks where three incidents are expected are seen as a drop, which R's 0 log 0 hides."""
    panel, means = flat(np.zeros((10, 1)), 3.0, 10)
    ours = GlrPoisson(GlrOptions(direction="down", training_weeks=10)).fit(panel, means=means)
    theirs = GlrPoisson(GlrOptions(direction="down", training_weeks=10, reference=True)).fit(panel, means=means)
    assert ours.alarm[:, 0].any()
    assert not theirs.alarm.any()
    assert ours.statistic is not None
    assert ours.statistic[0, 0] == pytest.approx(3.0)


def test_a_burst_after_quiet_weeks_is_seen() -> None:
    """Twenty incidents where .05 are expected: R's iterations run away and it takes their ratio for nothing."""
    panel, means = flat(np.array([[0.0], [0], [20], [0]]), 0.05, 10)
    ours = GlrNb(GlrNbOptions(dispersion=0.25, training_weeks=10)).fit(panel, means=means)
    theirs = GlrNb(GlrNbOptions(dispersion=0.25, training_weeks=10, reference=True)).fit(panel, means=means)
    assert ours.alarm[2, 0]
    assert not theirs.alarm[2, 0]


def test_unknown_weeks_are_passed_over() -> None:
    """A chart with an unknown week goes on as if that week had not been there."""
    values = np.array([[4.0], [7], [9], [3], [8]])
    gap = np.insert(values, 2, np.nan, axis=0)
    plain, means = flat(values, 4.0, 10)
    with_gap, more = flat(gap, 4.0, 10)
    model = GlrPoisson(GlrOptions(training_weeks=10))
    a, b = model.fit(plain, means=means), model.fit(with_gap, means=more)
    assert a.statistic is not None
    assert b.statistic is not None
    assert np.array_equal(a.statistic[:, 0], np.delete(b.statistic[:, 0], 2))
    assert b.note[2, 0] == "unknown week"


def test_options_check_themselves() -> None:
    """An option that cannot be used is refused by name."""
    wrong: list[dict[str, object]] = [
        {"threshold": 0}, {"direction": "left"}, {"theta": -1.0}, {"window": 1}, {"burn_in": 0}, {"harmonics": 11},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(OptionError, match=next(iter(options))):
            GlrOptions(**options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="change=epidemic"):
        GlrOptions(change="epidemic", direction="down")
    with pytest.raises(OptionError, match="dispersion"):
        GlrNb(GlrNbOptions()).fit(panel_of(np.ones(120)), means=np.ones((120, 1)))

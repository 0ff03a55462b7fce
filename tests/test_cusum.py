"""CUSUM: sums and limits are R's, by hand and as a law."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.models.cusum import Cusum, CusumOptions
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.methods_parity import MODELS, apart, beside

VARIANTS = [name for name in MODELS if name.startswith("cusum")]


@pytest.mark.parametrize("variant", VARIANTS)
def test_sums_limits_and_alarms_are_rs(variant: str) -> None:
    """Mean, sum and upper are R's to rounding, and so is every decision."""
    both = beside(variant)
    assert (both["status"] == "judged").all()
    assert apart(both["expected"], both["expected_r"]) < 1e-9
    assert apart(both["statistic"], both["statistic_r"], 1.0) < 1e-9
    assert apart(both["upper"], both["upper_r"], 1e-3) < 1e-9  # rossi's is a difference that cancels near 0
    assert (both["alarm"] == (both["alarm_r"] > 0)).all()


def test_by_hand() -> None:
    """Training mean 4: a week of 8 adds 2 - 1.04, a second one reaches 1.92, a third passes 2.26."""
    values = np.array([4.0] * 10 + [8, 8, 8])
    result = Cusum(CusumOptions(training_weeks=10)).fit(panel_of(values))
    assert result.statistic is not None
    assert result.statistic[:, 0] == pytest.approx([0.96, 1.92, 2.88])
    assert list(result.alarm[:, 0]) == [False, False, True]


@pytest.mark.parametrize("kind", ["standard", "rossi", "anscombe", "pearson-nb"])
def test_upper_is_the_count_that_alarms(kind: str) -> None:
    """A count of upper, rounded up, raises the alarm; one below does not."""
    panel = poisson_panel(6.0, 130, 8, seed=8)
    options = CusumOptions(transformation=kind, training_weeks=100)  # type: ignore[arg-type]
    upper = Cusum(options).fit(panel).upper[-1]
    for step, expected in ((0, True), (-1, False)):
        values = panel.values.copy()
        values[-1] = np.maximum(np.ceil(upper - 1e-9) + step, 0)
        alarm = Cusum(options).fit(replace(panel, values=values)).alarm[-1]
        assert (alarm == expected)[upper > 0].all()


def test_an_unknown_week_leaves_the_sum() -> None:
    """The sum after an unknown week goes on from the one before it, and the week itself is not judged."""
    values = np.array([4.0] * 10 + [8, np.nan, 8])
    result = Cusum(CusumOptions(training_weeks=10)).fit(panel_of(values))
    assert result.statistic is not None
    assert result.statistic[[0, 2], 0] == pytest.approx([0.96, 1.92])
    assert list(result.note[:, 0]) == ["", "unknown week", ""]


def test_all_zero_training_is_not_judged() -> None:
    """Without an incident in training there is no scale, and the note says so."""
    result = Cusum(CusumOptions(training_weeks=10)).fit(panel_of(np.array([0.0] * 10 + [5])))
    assert result.note[0, 0] == "all-zero training weeks: no mean to compare with"


def test_options_check_themselves() -> None:
    """An option that cannot be used is refused by name."""
    for wrong in ({"transformation": "log"}, {"mean": "best"}, {"h": -1.0}, {"training_weeks": 1}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            CusumOptions(**wrong)  # type: ignore[arg-type]

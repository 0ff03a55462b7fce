"""Bayes: its bounds are R's, its p scipy's."""

import numpy as np
import pytest
from scipy import stats

from analytics.errors import OptionError
from analytics.models.bayes import PRESETS, Bayes, BayesOptions
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.methods_parity import beside


@pytest.mark.parametrize("variant", list(PRESETS))
def test_bounds_and_alarms_are_rs(variant: str) -> None:
    """Upper is R's number in every week, and so is the decision; unknown weeks alone are not judged."""
    both = beside(variant)
    judged = both["status"] == "judged"
    assert (both["upper"] == both["upper_r"])[judged].all()
    assert (both["alarm"] == (both["alarm_r"] > 0))[judged].all()
    assert (both["observed"].isna() == ~judged).all()


def test_by_hand() -> None:
    """Six quiet weeks: P(Y >= 1) is 1 - (6/7)^(1/2), and the 5 % limit is 1."""
    result = Bayes().fit(panel_of(np.array([0.0] * 6 + [1])))
    assert result.p_value[0, 0] == pytest.approx(1 - (6 / 7) ** 0.5, rel=1e-14)
    assert result.upper[0, 0] == 1
    assert result.expected[0, 0] == pytest.approx(0.5 / 6)


def test_tail_is_scipys() -> None:
    """The p-value agrees with the negative binomial of scipy with size s + 1/2 and probability n / (n + 1)."""
    panel = poisson_panel(3.0, 150, 3, seed=2)
    result = Bayes(PRESETS["bayes-2"]).fit(panel)
    first = len(panel.weeks) - len(result.weeks)
    for row in range(0, len(result.weeks), 7):
        now = first + row
        base = np.concatenate([panel.values[now - 58 : now - 45], panel.values[now - 6 : now]])
        tail = stats.nbinom.sf(result.observed[row] - 1, base.sum(axis=0) + 0.5, len(base) / (len(base) + 1))
        assert result.p_value[row] == pytest.approx(tail, rel=1e-10)


def test_unknown_weeks_are_left_out() -> None:
    """A baseline with an unknown week is that of the known ones."""
    result = Bayes().fit(panel_of(np.array([2.0, np.nan, 3, 4, 3, 2, 9])))
    assert result.expected[0, 0] == pytest.approx(14.5 / 5)


def test_options_check_themselves() -> None:
    """A baseline without weeks is refused."""
    with pytest.raises(OptionError, match="years_back=0 needs recent"):
        BayesOptions(recent=False)
    with pytest.raises(OptionError, match="alpha"):
        BayesOptions(alpha=0)

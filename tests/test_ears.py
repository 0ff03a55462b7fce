"""EARS: its thresholds are R's, by hand and by scipy, and a zero deviation is judged."""

import numpy as np
import pytest
from scipy import stats

from analytics.errors import OptionError
from analytics.models.ears import EarsC1, EarsC2, EarsC3, EarsC3Options, EarsOptions
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.methods_parity import apart, beside


@pytest.mark.parametrize("variant", ["ears-c1", "ears-c2", "ears-c3"])
def test_thresholds_and_alarms_are_rs(variant: str) -> None:
    """Upper is R's to rounding, every alarm is R's, and the weeks R can't judge are ours to explain."""
    both = beside(variant)
    assert apart(both["upper"], both["upper_r"], 1e-3) < 1e-11  # C3 is a difference of larger numbers
    both = both[both["observed"].notna()]  # R gives limits to unknown weeks too
    known = both["upper_r"].notna()
    assert (both["alarm"] == (both["alarm_r"] > 0))[known].all()
    assert (both.loc[known, "status"] == "judged").all()
    if variant != "ears-c3":
        assert (both.loc[~known, "status"] == "not judged").all()


def test_c1_by_hand() -> None:
    """Seven weeks of mean 4 and deviation 2.160247 put the limit at 4 + 3.090232 x 2.160247."""
    result = EarsC1().fit(panel_of(np.array([1.0, 2, 3, 4, 5, 6, 7, 11])))
    assert result.expected[-1, 0] == 4
    assert result.upper[-1, 0] == pytest.approx(4 + 3.0902323 * 2.1602469, rel=1e-7)  # digits given
    assert result.alarm[-1, 0]


def test_c2_leaves_two_weeks_out() -> None:
    """C2's limit is C1's of two weeks earlier, whatever those two weeks held."""
    panel = poisson_panel(5.0, 60, 3, seed=4)
    c1, c2 = EarsC1().fit(panel), EarsC2().fit(panel)
    assert np.array_equal(c1.upper[:-2], c2.upper)


def test_p_value_is_the_normal_tail() -> None:
    """The p-value agrees with scipy's normal survival function, and is below alpha where there is an alarm."""
    panel = poisson_panel(6.0, 80, 4, seed=5)
    result = EarsC1(EarsOptions(alpha=0.02)).fit(panel)
    window = np.lib.stride_tricks.sliding_window_view(panel.values[:-1], 7, axis=0)
    spread = (result.observed - window.mean(-1)) / window.std(-1, ddof=1)
    assert result.p_value == pytest.approx(stats.norm.sf(spread), rel=1e-12)
    assert np.array_equal(result.p_value < 0.02, result.alarm)


def test_c3_without_deviation_is_judged() -> None:
    """Where R has not a number: constant weeks are no alarm, incidents after a burst are."""
    values = np.array([0.0] * 12 + [5, 1, 1, 1])
    result = EarsC3().fit(panel_of(values))
    assert (result.note == "").all()
    assert list(result.alarm[-4:, 0]) == [False, True, True, True]


def test_c3_as_published_looks_at_the_judged_week() -> None:
    """With published=True the judged count itself can raise the alarm; as in R it can't."""
    values = np.array([3.0, 4, 3, 5, 4, 3, 4, 4, 3, 4, 3, 4, 30])
    assert EarsC3(EarsC3Options(published=True)).fit(panel_of(values)).alarm[-1, 0]
    assert not EarsC3().fit(panel_of(values)).alarm[-1, 0]


def test_min_sigma_keeps_a_first_incident_from_being_an_alarm() -> None:
    """One incident after quiet weeks is an alarm without a smallest deviation, and none with 0.5."""
    values = np.array([0.0] * 10 + [1])
    assert EarsC1().fit(panel_of(values)).alarm[-1, 0]
    assert np.isnan(EarsC1().fit(panel_of(values)).p_value[-1, 0])
    assert not EarsC1(EarsOptions(min_sigma=0.5)).fit(panel_of(values)).alarm[-1, 0]


def test_options_check_themselves() -> None:
    """An option that cannot be used is refused by name."""
    for wrong in ({"alpha": 0.9}, {"baseline_weeks": 2}, {"min_sigma": -1.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            EarsOptions(**wrong)

"""RKI: its limits are R's."""

import numpy as np
import pytest

from analytics.models.rki import LIMITS, PRESETS, Rki
from tests.reference.farrington_panels import panel_of
from tests.reference.methods_parity import apart, beside


@pytest.mark.parametrize("variant", list(PRESETS))
def test_limits_and_alarms_are_rs(variant: str) -> None:
    """Upper is R's to rounding, and so is every decision; R refuses series with unknown weeks, so none are compared."""
    both = beside(variant)
    assert len(both) > 500
    assert apart(both["upper"], both["upper_r"]) < 1e-13
    assert (both["alarm"] == (both["alarm_r"] > 0)).all()


def test_by_hand() -> None:
    """A mean of 2.5 takes the limit of 2; a mean of 30 with deviation 10 has the limit 50."""
    few = Rki(PRESETS["rki-1"]).fit(panel_of(np.array([2.0, 3, 2, 3, 2, 3, 7])))
    assert few.upper[0, 0] == LIMITS[2]
    assert few.alarm[0, 0]
    many = Rki(PRESETS["rki-1"]).fit(panel_of(np.array([20.0, 40, 20, 40, 30, 30, 48])))
    assert many.upper[0, 0] == pytest.approx(30 + 2 * np.sqrt(80))


def test_limits_cover_95_percent_at_the_limit() -> None:
    """Just below each limit the count, or one as unlikely, has at least 2.5 % but no more than 5 % to be this low."""
    from scipy import stats

    low = stats.poisson.cdf(np.arange(21), LIMITS)
    assert ((low > 0.02) & (low < 0.06)).all()


def test_half_of_the_baseline_must_be_known() -> None:
    """With two of six weeks known a week is not judged, and says so."""
    result = Rki(PRESETS["rki-1"]).fit(panel_of(np.array([np.nan] * 4 + [2, 3, 7])))
    assert result.note[0, 0] == "too little history: 2 of 6 baseline weeks known"

"""Simulated build-ups: the means that are stated, and counts that have them."""

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.simulate.ramps import RampDesign, ramps


def test_means_by_hand() -> None:
    """Two weeks of 50 % growth from 4 are 6 and 9, then the growth falls back; a shift and a spike multiply."""
    made = RampDesign(mean=4.0, growth=0.5, growth_weeks=2, history=3, judged=5)
    assert made.means() == pytest.approx([4, 4, 4, 6, 9, 6, 4, 4])
    assert RampDesign(mean=4.0, shift=2.0, spike=3.0, history=1, judged=3).means() == pytest.approx([4, 24, 8, 8])


def test_a_season_turns_once_a_year() -> None:
    """The mean is highest in week 52 and lowest in week 26, by the stated amplitude."""
    means = RampDesign(mean=2.0, season=0.7, history=104, judged=1).means()
    assert means[51] == pytest.approx(2 * np.exp(0.7))
    assert means[25] == pytest.approx(2 * np.exp(-0.7))


@pytest.mark.parametrize("phi", [1.0, 1.5, 3.0])
def test_counts_have_mean_and_variance(phi: float) -> None:
    """In every judged week counts have the stated mean, and phi times it as variance."""
    made = ramps(RampDesign(mean=2.0, phi=phi, growth=0.3, history=2, judged=5), 4, series=40_000)
    # five standard errors of a mean; the variance of 40,000 such counts is known within 5 %
    assert np.abs(made.counts.mean(axis=1) - made.mean).max() < 5 * np.sqrt(phi * made.mean.max() / 40_000)
    np.testing.assert_allclose(made.counts.var(axis=1), phi * made.mean, rtol=0.06)


def test_the_seed_decides_and_the_history_is_shared() -> None:
    """One seed has one history, whatever follows; more series leave the first as they were."""
    quiet, ramp = ramps(RampDesign(mean=3.0), 7, series=5), ramps(RampDesign(mean=3.0, growth=0.3), 7, series=9)
    np.testing.assert_array_equal(quiet.counts[: quiet.start], ramp.counts[: ramp.start, :5])
    np.testing.assert_array_equal(ramps(RampDesign(mean=3.0, growth=0.3), 7, series=5).counts, ramp.counts[:, :5])
    assert (ramps(RampDesign(mean=3.0), 8, series=5).counts != quiet.counts).any()


def test_counts_as_a_panel() -> None:
    """The panel says that it is simulated and starts its weeks on Mondays."""
    panel = ramps(RampDesign(mean=3.0, judged=4), 7, series=2).panel()
    assert panel.simulated
    assert panel.values.shape == (269, 2)
    assert panel.region_ids == ("series-001", "series-002")


def test_designs_check_themselves() -> None:
    """What cannot be simulated is refused with the value and what to use."""
    with pytest.raises(OptionError, match=r"phi of a ramp design is 0\.5"):
        RampDesign(mean=1.0, phi=0.5)
    with pytest.raises(OptionError, match="growth of a ramp design is -1"):
        RampDesign(mean=1.0, growth=-1.0)
    with pytest.raises(OptionError, match="seed is -1"):
        ramps(RampDesign(mean=1.0), -1)
    with pytest.raises(OptionError, match="series is 0"):
        ramps(RampDesign(mean=1.0), 1, series=0)

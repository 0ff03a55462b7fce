"""Simulated build-ups, bursts and feeds: the means that are stated, and counts that have them."""

from collections.abc import Callable

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.simulate import ClusterDesign, clusters, delayed, dropped, reported
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


def test_clusters_have_their_mean_and_their_bursts() -> None:
    """Incidents that excite each other have the mean asked for, and a wider variance than their mean."""
    made = clusters(ClusterDesign(mean=2.0, judged=26, shift=3.0), 5, series=400)
    before = made.counts[: made.start]
    # 106,000 weeks of a dispersion near 2: the standard error of the mean is below .01
    assert before.mean() == pytest.approx(2.0, abs=0.05)
    assert made.counts[made.start + 4 :].mean() == pytest.approx(6.0, rel=0.03)
    assert 1.3 < before.var() / before.mean() < 1 / (1 - 0.4) ** 2
    plain = clusters(ClusterDesign(mean=2.0, offspring=0.0), 5, series=400).counts
    assert plain.var() / plain.mean() == pytest.approx(1, abs=0.03)
    assert (
        clusters(ClusterDesign(mean=2.0), 6, series=3).counts == clusters(ClusterDesign(mean=2.0), 6, series=3).counts
    ).all()


def test_late_reports_by_hand() -> None:
    """With a mean delay of one week, 39 % of the last week and 78 % of the one before are known; old weeks are whole."""
    assert reported(2, 1.0) == pytest.approx([1 - np.exp(-0.5), 1 - np.exp(-1.5)])
    counts = np.full((40, 300), 50)
    known = delayed(counts, 1.0, 7)
    # 15,000 incidents a week: the standard error of a share is at most .004
    assert known[-1].mean() / 50 == pytest.approx(1 - np.exp(-0.5), abs=0.02)
    assert (known[:20] == 50).all()
    assert (known <= counts).all()


def test_a_silent_feed_reports_zeros() -> None:
    """The last weeks of the silent series are zeros, and it is known which; the others are as they were."""
    counts = np.full((10, 200), 3)
    seen, silent = dropped(counts, 4, 8, share=0.5)
    assert (seen[silent] == 0).all()
    assert (seen[~silent] == 3).all()
    assert not silent[:6].any()
    assert 0.3 < silent[-1].mean() < 0.7


@pytest.mark.parametrize(
    "call", [lambda c: delayed(c, 0.0, 1), lambda c: dropped(c, 99, 1), lambda c: dropped(c, 1, 1, 2.0)]
)
def test_feeds_that_cannot_be_are_refused(call: Callable) -> None:
    """A delay of nothing, more weeks than there are, and a share above one are errors."""
    with pytest.raises(OptionError):
        call(np.ones((10, 2), np.int64))

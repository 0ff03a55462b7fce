import warnings

import numpy as np
import pytest
from statsmodels.tsa.seasonal import STL

from analytics.errors import InputError, OptionError
from analytics.models.decompose import DecomposeOptions, decompose
from analytics.panel import Panel
from analytics.weeks import season_position


def _panel(counts):
    values = np.asarray(counts, dtype=float)[:, None]
    weeks = np.datetime64("2021-12-20") - 7 * np.arange(len(values))[::-1]
    status = np.isnan(values).astype(np.uint8)
    return Panel(weeks=weeks, region_ids=("R0",), region_names=("Diyala",), values=values, status=status)


def _parts(counts, **options):
    parts = decompose(_panel(counts), DecomposeOptions(**options))
    return parts.level[:, 0], parts.season[:, 0], parts.remainder[:, 0], parts.note[0]


@pytest.mark.parametrize("mean", [0.5, 1.0, 5.0, 20.0])
def test_level_of_a_flat_series_is_its_mean(mean):
    """Roots are transformed back without losing incidents: the level of a flat series averages to its mean."""
    counts = np.random.default_rng(1).poisson(mean, 520)
    level, season, _, note = _parts(counts)
    # Robustness weights make light of the busiest blocks: a few per cent where there are few incidents.
    assert level.mean() == pytest.approx(counts.mean(), rel=0.1)
    assert season.mean() == pytest.approx(1, abs=0.1)
    assert note == ""


def test_level_and_season_are_recovered():
    """A known level shift and a known yearly swing come back within what STL's smoothing allows."""
    weeks = _panel(np.zeros(520)).weeks
    swing = np.exp(0.5 * np.cos(2 * np.pi * season_position(weeks)))
    mean = np.where(np.arange(520) < 260, 10.0, 25.0) * swing
    level, season, _, _ = _parts(np.random.default_rng(2).poisson(mean))
    # The mean of exp(0.5 cos x) is 1.064; a block's season of 10 years is known to about 3 %.
    assert level[:200].mean() == pytest.approx(10.64, rel=0.05)
    assert level[320:].mean() == pytest.approx(26.6, rel=0.05)
    assert np.corrcoef(season, swing)[0, 1] > 0.97


def test_one_terrible_week_stays_in_the_remainder():
    """A week of 200 among weeks of about 5 moves neither level nor season, and is seen in the remainder."""
    counts = np.random.default_rng(3).poisson(5.0, 416).astype(float)
    calm = _parts(counts)[0]
    counts[300] = 200
    level, _, remainder, _ = _parts(counts)
    assert level[280:320] == pytest.approx(calm[280:320], rel=0.25)
    assert remainder[300] > 180


def test_blocks_of_one_week_are_the_statsmodels_stl():
    """Without blocks the level is statsmodels' STL trend of sqrt(count + 3/8), squared, and the season what is left."""
    counts = np.random.default_rng(4).poisson(6.0, 260)
    level, season, _, _ = _parts(counts, block_weeks=1, robust=False)
    peer = STL(np.sqrt(counts + 3 / 8), period=52, seasonal=21).fit()
    bare = np.asarray(peer.trend**2 + np.mean(peer.resid**2) - 3 / 8)
    ratios = counts.reshape(5, 52).sum(axis=0) / bare.reshape(5, 52).sum(axis=0)
    assert season == pytest.approx(np.tile(ratios / ratios.mean(), 5), rel=1e-9)
    assert level == pytest.approx(bare * ratios.mean(), rel=1e-9)


def test_a_short_series_gets_a_running_mean():
    """Under two years there is no season, the level is a centred mean worked by hand, and a note says so."""
    level, season, remainder, note = _parts([1, 2, 3, 4, 5], running_weeks=3)
    assert level == pytest.approx([1.5, 2, 3, 4, 4.5])
    assert season.tolist() == [1] * 5
    assert remainder == pytest.approx([-0.5, 0, 0, 0, 0.5])
    assert note == "no season: 5 known weeks, 104 needed"


def test_a_sparse_series_gets_a_running_mean():
    """Few incidents make no season, and the note counts them."""
    assert _parts(np.tile([1.0] + 51 * [0.0], 4))[3] == "no season: 4 incidents, 104 needed"


def test_nothing_known_is_unknown_throughout():
    """A region without a known week has no level, season or remainder."""
    *parts, note = _parts(np.full(120, np.nan))
    assert all(np.isnan(part).all() for part in parts)
    assert note == "no season: 0 known weeks, 104 needed"


@pytest.mark.parametrize("counts", [np.full(260, 3.0), np.r_[np.zeros(200), np.full(60, 9.0)], np.eye(1, 260)[0] * 1e6])
def test_awkward_series_give_no_warning(counts):
    """Constant, half-empty and one-spike series decompose to finite parts without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        level, season, remainder, _ = _parts(counts)
    assert np.isfinite([level, season, remainder]).all()
    assert level.min() >= 0


def test_negative_values_are_refused():
    """A measure with negative values is refused, with region and week."""
    with pytest.raises(InputError, match="R0 has -1 in the week of 2021-12-20"):
        _parts([1, 1, -1])


@pytest.mark.parametrize("bad", [{"block_weeks": 3}, {"min_years": 1}, {"min_incidents": 0}, {"running_weeks": 4}])
def test_options_that_cannot_be_used_are_refused(bad):
    """Every unusable option raises OptionError with its name and value."""
    ((name, value),) = bad.items()
    with pytest.raises(OptionError, match=f"{name}.*{value}"):
        DecomposeOptions(**bad)

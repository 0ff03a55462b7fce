"""The ramp detector: its ratio, its tail, its baseline, and what it must not look at."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from analytics.errors import InputError, OptionError
from analytics.models.base import SpikeResult
from analytics.models.ramp import Baseline, Ramp, RampOptions, baselines, design
from analytics.panel import Panel
from analytics.simulate.ramps import RampDesign, ramps
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.overdispersed import log_pmf

Floats = NDArray[np.float64]
MOST = (16.0, 12.0)
"""Where a ramp levels off: times its baseline, and standard deviations above it."""


def last(panel: Panel, weeks: int = 1, **options: object) -> SpikeResult:
    """The detector's answer for the last weeks of a panel."""
    return Ramp(RampOptions(**options)).fit(panel, as_date(panel.weeks[-weeks]), threads=1)  # type: ignore[arg-type]


def normal_of(panel: Panel, **options: object) -> Baseline:
    """The baseline of the last week."""
    return baselines(panel, np.array([len(panel.weeks) - 1]), RampOptions(**options), 1)  # type: ignore[arg-type]


def slow_statistic(window: Floats, means: Floats, phi: float, options: RampOptions) -> Floats:
    """The statistic of windows (..., N), the judged week first, term by term."""
    most = min(MOST[0], 1 + MOST[1] * np.sqrt(phi / means.max()))
    total, plain = np.zeros(window.shape[:-1]), log_pmf(window, means, phi)
    for onset, row in enumerate(options.weights(), start=1):
        for slope, weight in zip(options.growths(), row, strict=True):
            factors = np.minimum(np.exp(slope * (onset - np.arange(onset))), most)
            grown = log_pmf(window[..., :onset], means[:onset] * factors, phi)
            total += weight * np.exp(np.nansum(grown - plain[..., :onset], axis=-1))
    answer: Floats = np.log(total)
    return answer


def test_one_week_and_one_slope_by_hand() -> None:
    """After 78 weeks of 4 each, 9 incidents are log NB(9; 2 mu) / NB(9; mu), mu = 4 + 1 / 156."""
    options = {"years_back": 2, "window": 1, "slopes": "100", "refit_weeks": 1}
    panel = panel_of(np.append(np.full(104, 4.0), 9.0))
    result, phi = last(panel, **options), float(normal_of(panel, **options).phi[0, 0])
    mu = 4 + 0.5 / 78
    assert result.expected[0, 0] == pytest.approx(mu, rel=1e-9)
    # the mean of 78 weeks has, in units of one week's, the variance 1 / 78, and counts four times in a window; weeks
    # that do not scatter at all leave no more than a little doubt of a dispersion of 1
    assert 1 + 4 / 78 <= phi < 1.15
    ratio = log_pmf(np.array([9.0]), np.array([2 * mu]), phi) - log_pmf(np.array([9.0]), np.array([mu]), phi)
    assert result.statistic is not None
    assert result.statistic[0, 0] == pytest.approx(float(ratio[0]), rel=1e-6)


@pytest.mark.parametrize(("mean", "phi"), [(0.5, 1.0), (1.0, 3.0), (12.0, 1.5)])
def test_the_dispersion_is_that_of_its_posterior(mean: float, phi: float) -> None:
    """It is the mean, and three variances or a deviation more, of a grid weighed by scipy's likelihood and the prior."""
    panel = poisson_panel(mean, 300, 4, seed=8, phi=phi)
    options = {"refit_weeks": 1, "harmonics": 0, "trend": False, "outbreak_residual": 100.0}
    found = normal_of(panel, **options).phi[:, 0] / (1 + 4 / 235)
    excess = 0.1 * 1.6 ** np.arange(16.0)
    for region, counts in enumerate(panel.values[299 - 261 : 299 - 26].T):
        fits = [stats.poisson.logpmf(counts, counts.mean()).sum() + np.log(0.1)]
        fits += [log_pmf(counts, counts.mean(), 1 + e).sum() + np.log(e / 1.6) - e / 1.5 for e in excess]
        weights = np.exp(np.array(fits) - max(fits))
        grid, weights = np.append(0.0, excess), weights / weights.sum()
        middle = (weights * grid).sum()
        variance = (weights * (grid - middle) ** 2).sum()
        expected = 1 + middle + min(3 * variance, np.sqrt(variance))
        assert found[region] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("mean", "season"), [(0.3, 0.0), (3.0, 0.0), (8.0, 1.0), (700.0, 0.0)])
def test_the_statistic_is_the_slow_sum(mean: float, season: float) -> None:
    """Steady or seasonal, from tables or (at large counts) without: the mixture over every onset and slope, by scipy."""
    made = ramps(RampDesign(mean=mean, phi=2.0, season=season, growth=0.2, judged=6), 5, series=6)
    panel = made.panel()
    result, normal = last(panel, draws=64), normal_of(panel)
    assert ((np.ptp(normal.means, axis=2) > 0).mean() > 0.5) == (season > 0)
    windows = panel.values[::-1][: RampOptions().window].T
    expected = [
        slow_statistic(window, means[0], phi[0], RampOptions())
        for window, means, phi in zip(windows, normal.means, normal.phi, strict=True)
    ]
    assert result.statistic is not None
    # differences of log-gammas at counts near 1,000 keep about ten digits
    np.testing.assert_allclose(result.statistic[0], expected, rtol=1e-7, atol=1e-8)


def test_unknown_weeks_say_nothing() -> None:
    """A week that is not known adds nothing to the ratio, and its absence is part of the p-value."""
    panel = ramps(RampDesign(mean=2.0, growth=0.3, judged=6), 8, series=3).panel()
    values = panel.values.copy()
    values[-3] = np.nan
    gappy = replace(panel, values=values)
    result, normal = last(gappy), normal_of(gappy)
    expected = [
        slow_statistic(values[::-1][: RampOptions().window, r], normal.means[r, 0], normal.phi[r, 0], RampOptions())
        for r in range(3)
    ]
    assert result.statistic is not None
    np.testing.assert_allclose(result.statistic[0], expected, rtol=1e-8)
    assert (result.note == "").all()
    assert (result.p_value != last(panel).p_value).all()


def test_the_tail_is_that_of_every_window() -> None:
    """With windows of two weeks p is the sum of the probabilities of all pairs of counts with that ratio or a larger.

    The probabilities are the average over the four baselines that may be true.
    """
    values = np.append(np.random.default_rng(3).poisson(1.5, 300).astype(float), [3, 6])
    panel, options = panel_of(values), {"window": 2, "slopes": "150", "draws": 65536}
    result, normal = last(panel, **options), normal_of(panel, **options)
    means, phi = normal.means[0, 0], float(normal.phi[0, 0])
    counts = np.stack(np.meshgrid(np.arange(80), np.arange(80), indexing="ij"), axis=-1).astype(float)
    chance = sum(
        weight * np.exp(log_pmf(counts, rate * means, other).sum(axis=-1))
        for rate, other, weight in normal.doubts[0, 0].T
    )
    ratio = slow_statistic(counts, means, phi, RampOptions(window=2, slopes="150"))
    assert result.statistic is not None
    exact = chance[ratio >= result.statistic[0, 0] - 1e-9].sum()
    assert exact < 0.01
    # of 65,536 windows some thousands reach it: two standard errors are 3 %
    assert result.p_value[0, 0] == pytest.approx(exact, rel=0.03)


def test_the_tail_is_that_of_plain_simulation() -> None:
    """Its p is the share of 20,000 windows, plainly drawn from the baselines that may be true, that reach the statistic."""
    panel = poisson_panel(1.0, 290, 60, seed=4, phi=2.0)
    result, normal = last(panel, draws=4096), normal_of(panel, draws=4096)
    p = np.where((result.p_value[0] < 0.2) & (result.observed[0] > 0), result.p_value[0], np.nan)
    rng = np.random.default_rng(1)
    for region in np.argsort(p)[:2]:
        means, phi = normal.means[region, 0], float(normal.phi[region, 0])
        rate, other, weight = normal.doubts[region, 0]
        chosen = rng.choice(4, 20_000, p=weight)[:, None]
        size = rate[chosen] * means / (other[chosen] - 1)
        drawn = rng.negative_binomial(size, 1 / other[chosen]).astype(float)
        assert result.statistic is not None
        plain = (slow_statistic(drawn, means, phi, RampOptions()) >= result.statistic[0, region] - 1e-9).mean()
        # four standard errors of the plain share, and 5 % for the 4,096 weighted windows
        assert p[region] == pytest.approx(plain, rel=0.05, abs=4 * np.sqrt(plain / 20_000))


def test_the_tail_never_ends() -> None:
    """However far out, p is above 0, and it falls as the count of the last week rises."""
    panel = ramps(RampDesign(mean=3.0, growth=0.3, judged=4), 2, series=20).panel()
    answers = []
    for counts in (10, 20, 50, 200):
        values = panel.values.copy()
        values[-1] = counts
        answers.append(last(replace(panel, values=values)).p_value[0])
    assert (np.diff(answers, axis=0) < 0).all()
    assert 0 < np.max(answers[-1]) < 1e-12


def test_baselines_that_may_be_true_have_the_moments_of_their_posterior() -> None:
    """Rates of variance phi / incidents around 1, dispersions around their posterior mean, weights that sum to 1."""
    panel = poisson_panel(0.3, 300, 3, seed=8, phi=1.5)
    normal = normal_of(panel, refit_weeks=1, harmonics=0, trend=False, outbreak_residual=100.0)
    for region, (rate, phi, weight) in enumerate(normal.doubts[:, 0]):
        seen = panel.values[299 - 261 : 299 - 26, region].sum()
        assert weight.sum() == pytest.approx(1)
        assert (weight * rate).sum() == pytest.approx(1)
        assert (weight * (rate - 1) ** 2).sum() == pytest.approx((weight * phi).sum() / (seen + 0.5))
        assert (phi >= 1).all() and np.ptp(phi) > 0


@pytest.mark.parametrize("growth", [0.0, 0.3])
def test_upper_is_the_last_count_without_alarm(growth: float) -> None:
    """With one incident more than upper there is an alarm and p is at most alpha; with upper there is none."""
    made = ramps(RampDesign(mean=1.5, phi=1.5, growth=growth, judged=4), 6, series=12)
    panel = made.panel()
    upper = last(panel).upper[0]
    for counts, alarm in ((upper, False), (upper + 1, True)):
        values = panel.values.copy()
        values[-1] = counts
        result = last(replace(panel, values=values))
        np.testing.assert_array_equal(result.upper[0], upper)
        assert (result.alarm == alarm).all()
        assert ((result.p_value <= 0.01) == alarm).all()


def test_a_season_is_statsmodels_regression() -> None:
    """Expected counts of a seasonal region are those of statsmodels' Poisson regression on the chosen waves."""
    made = ramps(RampDesign(mean=6.0, phi=1.2, season=0.8, judged=1), 3, series=3)
    panel = made.panel()
    options = {"refit_weeks": 1, "outbreak_residual": 100.0, "harmonics": 1, "trend": False}
    expected = last(panel, **options).expected[0]
    now, columns = len(panel.weeks) - 1, design(panel)[:, [0, 2, 3]]
    rows = slice(now - 261, now - 26)
    for region in range(3):
        counts = panel.values[rows, region]
        fit = sm.GLM(counts, columns[rows], family=sm.families.Poisson()).fit()
        mean = fit.predict(columns[[now]])[0] * (counts.sum() + 0.5) / counts.sum()
        # the prior of the waves draws them together by some thousandths
        assert expected[region] == pytest.approx(mean, rel=3e-3)


def test_a_trend_and_a_season_are_used_where_there_is_evidence() -> None:
    """Steady series are mostly compared with one mean; seasonal ones and trends with what is seen of them."""
    steady = normal_of(poisson_panel(3.0, 300, 200, seed=2))
    assert (np.ptp(steady.means, axis=2) == 0).mean() > 0.9
    t = np.arange(300)[:, None]
    rising = normal_of(poisson_panel(2 * np.exp(t / 200), 300, 50, seed=2))
    assert rising.means[:, 0, 0].mean() == pytest.approx(2 * np.exp(299 / 200), rel=0.05)


def test_past_outbreaks_are_weighed_down() -> None:
    """Four weeks of forty hardly move a baseline of three a week."""
    panel = poisson_panel(3.0, 300, 1, seed=2)
    values = panel.values.copy()
    values[[100, 101, 150, 200]] = 40
    plain, outbreaks = normal_of(panel), normal_of(replace(panel, values=values))
    assert outbreaks.means[0, 0, 0] == pytest.approx(plain.means[0, 0, 0], rel=0.06)
    assert outbreaks.phi[0, 0] < 1.6


def test_an_all_zero_history_is_judged() -> None:
    """After five quiet years half an incident in all is expected; 1, 1, 2 in three weeks is an alarm."""
    values = np.zeros(300)
    assert normal_of(panel_of(values)).means[0, 0, 0] == pytest.approx(0.5 / 235)
    values[-3:] = [1, 1, 2]
    result = last(panel_of(values))
    assert result.alarm[0, 0]
    # half an incident is little to go by: the rate may well be ten times as high
    assert 1e-4 < result.p_value[0, 0] < 0.005


def test_a_week_without_incident_is_no_ramp() -> None:
    """Whatever came before, a week of zero incidents has p = 1 and no alarm."""
    values = np.append(np.random.default_rng(1).poisson(0.5, 300).astype(float), [3, 5, 8, 0])
    result = last(panel_of(values), weeks=2)
    assert result.alarm[:, 0].tolist() == [True, False]
    assert result.p_value[1, 0] == 1


def test_regions_do_not_touch_each_other() -> None:
    """Permuting regions permutes the answer; a region more, or another range of judged weeks, changes no other number."""
    panel = poisson_panel(np.array([0.05, 0.5, 2.0, 9.0, 3.0]), 320, 5, seed=9, phi=1.7)
    whole = last(panel, weeks=20)
    order = ["R3", "R0", "R4", "R2", "R1"]
    for part in (panel.take(order), panel.take(order[:2])):
        answer = last(part, weeks=20)
        columns = [panel.region_ids.index(name) for name in part.region_ids]
        for name in ("expected", "upper", "p_value", "statistic", "growth"):
            np.testing.assert_array_equal(getattr(answer, name), getattr(whole, name)[:, columns])
    np.testing.assert_array_equal(last(panel, weeks=3).p_value, whole.p_value[-3:])
    threaded = Ramp().fit(panel, as_date(panel.weeks[-20]), threads=2)
    np.testing.assert_array_equal(threaded.p_value, whole.p_value)


def test_nothing_after_the_week_is_seen() -> None:
    """Other counts after a week change none of its numbers; other counts of its last 26 weeks no expectation."""
    panel = poisson_panel(2.0, 320, 6, seed=5)
    week = as_date(panel.weeks[300])
    before = Ramp().fit(panel, week, week, threads=1)
    later, recent = panel.values.copy(), panel.values.copy()
    later[301:] = 99
    recent[280:300] = 99
    after = Ramp().fit(replace(panel, values=later), week, week, threads=1)
    for name in ("expected", "upper", "p_value", "statistic", "growth"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    np.testing.assert_array_equal(Ramp().fit(replace(panel, values=recent), week, week).expected, before.expected)


def test_onset_and_growth_are_those_of_the_ramp() -> None:
    """Eight weeks into ramps of 30 % a week the onset is told within two weeks in most, and the growth on average."""
    made = ramps(RampDesign(mean=4.0, phi=1.5, growth=0.3, judged=8), 12, series=200)
    panel = made.panel()
    result = last(panel, draws=64)
    assert result.onset is not None and result.growth is not None
    off = (result.onset[0] - panel.weeks[made.start]).astype(np.int64) / 7
    assert (np.abs(off) <= 2).mean() > 0.7
    assert np.expm1(np.median(result.growth[0])) == pytest.approx(0.3, abs=0.06)
    assert result.onset_edge is not None and result.onset_edge.any() and not result.onset_edge.all()
    edge = result.weeks[0] - np.timedelta64(7 * (RampOptions().window - 1), "D")
    assert np.array_equal(result.onset_edge, result.onset == edge), "the edge is the first week of the window"


def test_where_there_is_no_sign_there_is_no_onset() -> None:
    """Weeks whose ratio speaks against a ramp have neither onset nor growth, and the long table has both columns."""
    panel = poisson_panel(2.0, 300, 40, seed=5)
    result = last(panel, draws=64)
    assert result.statistic is not None and result.onset is not None and result.growth is not None
    assert np.array_equal(np.isnat(result.onset), ~(result.statistic > 0))
    assert np.array_equal(np.isnan(result.growth), np.isnat(result.onset))
    frame = result.frame()
    assert frame["onset"].isna().equals(frame["growth"].isna())
    told = frame.dropna(subset="onset")
    assert ((told["week"] - told["onset"]) < timedelta(weeks=12)).all()


@pytest.mark.parametrize(("mean", "phi"), [(0.1, 1.0), (1.0, 2.0), (10.0, 1.0)])
def test_false_alarms_stay_near_alpha(mean: float, phi: float) -> None:
    """On steady series p is at most alpha in about that share of the weeks, its baseline estimated."""
    panel = ramps(RampDesign(mean=mean, phi=phi, judged=2), 31, series=1500).panel()
    p = last(panel, weeks=2).p_value
    for alpha in (0.05, 0.01):
        # two weeks of one series are nearly one week's worth: three standard errors of a share of 1,500, and 15 %
        assert (p <= alpha).mean() < 1.15 * alpha + 3 * np.sqrt(alpha / 1500)


def test_history_is_said_in_words() -> None:
    """Too short a history, unknown and incomplete weeks are refused with a note."""
    values = np.random.default_rng(2).poisson(3, (60, 2)).astype(float)
    values[:20, 1] = np.nan
    values[-1, 0] = np.nan
    result = last(panel_of(values))
    assert result.note[0].tolist() == ["unknown week", "too little history: 39 of 52 weeks known"]
    assert np.isnan(result.p_value).all() and np.isnat(result.onset).all()  # type: ignore[arg-type]


def test_options_check_themselves() -> None:
    """Options that make no detector are OptionErrors; values that are no counts InputErrors."""
    for options, words in (
        ({"alpha": 0.7}, "alpha must be in"), ({"slopes": "20,x"}, "slopes must be one or more"),
        ({"slopes": "0"}, "slopes must be one or more"), ({"window": 30}, "part of its own baseline"),
        ({"draws": 500}, "power of two"), ({"min_weeks": 20}, "fewer leave no baseline"),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=words):
            RampOptions(**options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is not a count"):
        last(panel_of(np.full(300, 0.5)))

"""The joint detector: its ratio, its tail, its baseline, and what it finds that others miss."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.evaluation import first_flags, threshold
from analytics.models.base import SpikeResult
from analytics.models.joint import Baseline, Joint, JointOptions, baselines
from analytics.models.predictive import Predictive
from analytics.models.ramp import Ramp
from analytics.panel import Panel
from analytics.simulate import Scenario, noufaily
from analytics.simulate.ramps import RampDesign, ramps
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.overdispersed import log_pmf

Floats = NDArray[np.float64]


def last(panel: Panel, weeks: int = 1, **options: object) -> SpikeResult:
    """The detector's answer for the last weeks of a panel."""
    return Joint(JointOptions(**options)).fit(panel, as_date(panel.weeks[-weeks]), threads=1)  # type: ignore[arg-type]


def normal_of(panel: Panel, **options: object) -> Baseline:
    """The baseline of the last week."""
    return baselines(panel, np.array([len(panel.weeks) - 1]), JointOptions(**options), 1)  # type: ignore[arg-type]


def slow_statistic(window: Floats, means: Floats, phi: float) -> Floats:
    """The statistic of windows (..., 8), the judged week first, term by term."""
    deviation, total = np.sqrt(phi / means.max()), np.zeros(window.shape[:-1])
    onsets, slopes = np.arange(1, 9), np.log1p([0.2, 0.45])
    weights = onsets[:, None] ** -1.0 * np.exp(-2 * slopes * (onsets[:, None] - 1))
    profiles = [
        (weight, np.minimum(np.exp(slope * (onset - np.arange(onset))), min(16, 1 + 12 * deviation)))
        for onset, row in zip(onsets, 0.95 * weights / weights.sum(), strict=True)
        for slope, weight in zip(slopes, row, strict=True)
    ]
    surge = 1 + 2 * (1 + min(phi / (4 * means.max()), 1)) * deviation
    for weight, factors in [*profiles, (0.05, np.array([surge, surge]))]:
        weeks = slice(factors.size)
        grown = log_pmf(window[..., weeks], means[weeks] * factors, phi) - log_pmf(
            window[..., weeks], means[weeks], phi
        )
        total += weight * np.exp(grown.sum(axis=-1))
    answer: Floats = np.log(total)
    return answer


def test_one_week_by_hand() -> None:
    """Of one week S is the log of 1 % ramps' first weeks (1.2 and 1.45 mu) and 99 % a surge of two deviations."""
    options = {"window": 1, "surge_share": 0.99, "years_back": 2, "refit_weeks": 1, "outbreak_share": 0.0}
    panel = panel_of(np.append(np.full(104, 4.0), 9.0))
    result, phi = last(panel, **options), float(normal_of(panel, **options).phi[0, 0])
    # 78 weeks of 4, and a third of an incident; the prior leaves weeks that do not scatter a little doubt of phi
    mu = (78 * 4 + 1 / 3) / 78
    assert result.expected[0, 0] == pytest.approx(mu, rel=1e-3)
    assert 1 < phi < 1.15
    mu = float(result.expected[0, 0])
    surge = 1 + 2 * (1 + phi / (4 * mu)) * np.sqrt(phi / mu)
    ratios = np.exp(
        log_pmf(np.array(9.0), mu * np.array([1.2, 1.45, surge]), phi) - log_pmf(np.array(9.0), np.array(mu), phi)
    )
    assert result.statistic is not None
    assert result.statistic[0, 0] == pytest.approx(np.log(ratios @ [0.005, 0.005, 0.99]), rel=1e-6)


@pytest.mark.parametrize(("mean", "season"), [(0.3, 0.0), (8.0, 1.0), (700.0, 0.0)])
def test_the_statistic_is_the_slow_sum(mean: float, season: float) -> None:
    """Sparse, seasonal or too large for tables: the mixture over onsets, slopes and the surge, by scipy."""
    panel = ramps(RampDesign(mean=mean, phi=2.0, season=season, growth=0.2, judged=6), 5, series=6).panel()
    result, normal = last(panel, draws=64), normal_of(panel)
    windows = panel.values[::-1][:8].T
    expected = [slow_statistic(w, normal.means[r, 0], float(normal.phi[r, 0])) for r, w in enumerate(windows)]
    assert result.statistic is not None
    # differences of log-gammas at counts near 1,000 keep about ten digits
    np.testing.assert_allclose(result.statistic[0], expected, rtol=1e-7, atol=1e-8)


def test_the_tail_is_that_of_plain_simulation() -> None:
    """Its p is the share of 20,000 windows, plainly drawn from the baselines that may be true, that reach the statistic."""
    panel = poisson_panel(1.0, 290, 60, seed=4, phi=2.0)
    result, normal = last(panel, draws=4096), normal_of(panel)
    p = np.where((result.p_value[0] < 0.2) & (result.observed[0] > 0), result.p_value[0], np.nan)
    rng = np.random.default_rng(1)
    for region in np.argsort(p)[:2]:
        means, phi = normal.means[region, 0], float(normal.phi[region, 0])
        rate, other, weight = normal.doubts[region, 0]
        chosen = rng.choice(4, 20_000, p=weight)[:, None]
        drawn = rng.negative_binomial(rate[chosen] * means / (other[chosen] - 1), 1 / other[chosen]).astype(float)
        assert result.statistic is not None
        plain = ((slow_statistic(drawn, means, phi) >= result.statistic[0, region] - 1e-9) & (drawn[:, 0] > 0)).mean()
        # four standard errors of the plain share, and 5 % for the 4,096 weighted windows
        assert p[region] == pytest.approx(plain, rel=0.05, abs=4 * np.sqrt(plain / 20_000))


def test_the_baseline_is_the_mean_where_nothing_else_is_seen() -> None:
    """Steady series are mostly compared with one mean: that of their weeks and a third of an incident; seasons are seen."""
    panel = poisson_panel(3.0, 300, 100, seed=2)
    normal = normal_of(panel, refit_weeks=1, outbreak_share=0.0)
    steady = np.ptp(normal.means[:, 0], axis=1) == 0
    assert steady.mean() > 0.5
    counts = panel.values[299 - 261 : 299 - 26]
    expected = (counts.sum(axis=0) + 1 / 3) / len(counts)
    # Newton's method stops at steps of a thousandth
    np.testing.assert_allclose(normal.means[steady, 0, 0], expected[steady], rtol=2e-3)
    seasonal = ramps(RampDesign(mean=6.0, phi=1.2, season=0.8, judged=1), 3, series=20).panel()
    assert (np.ptp(normal_of(seasonal).means[:, 0], axis=1) > 0).all()


def test_past_outbreaks_hardly_matter() -> None:
    """Four outbreaks in the baseline leave mean and dispersion where they were."""
    scenario = Scenario(name="steady", theta=float(np.log(20)), phi=2)
    clean, past = (normal_of(noufaily(scenario, 8, series=150, past_outbreaks=some).panel()) for some in (False, True))
    assert past.means.mean() == pytest.approx(clean.means.mean(), rel=0.02)
    assert past.phi.mean() == pytest.approx(clean.phi.mean(), rel=0.1)


def test_upper_is_the_last_count_without_alarm() -> None:
    """With one incident more than upper there is an alarm and p is at most alpha; with upper there is none."""
    panel = ramps(RampDesign(mean=1.5, phi=1.5, growth=0.3, judged=4), 6, series=12).panel()
    upper = last(panel).upper[0]
    for counts, alarm in ((upper, False), (upper + 1, True)):
        values = panel.values.copy()
        values[-1] = counts
        result = last(replace(panel, values=values))
        np.testing.assert_array_equal(result.upper[0], upper)
        assert (result.alarm == alarm).all()


def test_regions_do_not_touch_each_other_and_nothing_later_is_seen() -> None:
    """Permuting regions permutes the answer; other counts after a week, or threads, change none of its numbers."""
    panel = poisson_panel(np.array([0.05, 0.5, 2.0, 9.0, 3.0]), 320, 5, seed=9, phi=1.7)
    whole, part = last(panel, weeks=20), panel.take(["R3", "R0", "R4"])
    later = panel.values.copy()
    later[-10:] = 99
    week, end = as_date(panel.weeks[-20]), as_date(panel.weeks[-11])
    before = Joint().fit(replace(panel, values=later), week, end, threads=2)
    answer = last(part, weeks=20)
    for name in ("expected", "upper", "p_value", "statistic"):
        np.testing.assert_array_equal(getattr(answer, name), getattr(whole, name)[:, [3, 0, 4]])
        np.testing.assert_array_equal(getattr(before, name), getattr(whole, name)[:10])


def test_surges_and_ramps_are_both_found() -> None:
    """At one false-flag rate two-week surges are found more often than by the ramp detector, ramps sooner than by single weeks."""
    quiet = ramps(RampDesign(mean=1.0, phi=2.0, judged=20), 21, series=300)
    surge = ramps(RampDesign(mean=1.0, phi=2.0, shift=3.5, judged=2), 22, series=300)
    ramp = ramps(RampDesign(mean=1.0, phi=2.0, growth=0.25, judged=10), 23, series=300)
    hit, delay = {}, {}
    for model in (Joint(JointOptions(draws=256)), Ramp(), Predictive()):
        p = [
            model.fit(one.panel(), as_date(one.panel().weeks[one.start]), threads=1).p_value
            for one in (quiet, surge, ramp)
        ]
        cut = threshold(-p[0], 0.01)
        flags = [cut.flags(-one, np.random.default_rng(1).random(one.shape)) for one in p[1:]]
        hit[type(model)] = flags[0].any(axis=0).mean()
        delay[type(model)] = first_flags(flags[1])[0].mean()
    assert hit[Joint] > hit[Ramp]
    assert delay[Joint] < delay[Predictive]


@pytest.mark.parametrize(
    ("values", "message"),
    [({"surge_share": 1.0}, "surge_share"), ({"outbreak_share": 0.5}, "outbreak_share"), ({"draws": 100}, "draws")],
)
def test_options_that_cannot_be_are_refused(values: dict, message: str) -> None:
    """An option outside its bounds is named."""
    with pytest.raises(OptionError, match=message):
        JointOptions(**values)

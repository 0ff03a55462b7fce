"""The predictive method: by hand, against scipy, and the rate that it holds."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from analytics.errors import OptionError
from analytics.models.predictive import Predictive, PredictiveOptions
from analytics.panel import Panel, Status
from analytics.simulate import RampDesign, Scenario, noufaily, ramps
from analytics.simulate.designs import JUDGED
from analytics.weeks import as_date
from tests.benchmarks.bench_detection import discovery, held, judge
from tests.reference.farrington_panels import panel_of

PLAIN = PredictiveOptions(memory=0, trend=False, harmonics=0, outbreak_share=0)


def fitted(panel: Panel, options: PredictiveOptions, judged: int = 1) -> tuple:
    """(expected, upper, p, log weight, P(Y <= y)) of the last weeks, each (W, R)."""
    result = Predictive(options).fit(panel, as_date(panel.weeks[-judged]), threads=1)
    return result.expected, result.upper, result.p_value, result.statistic, result.p_drop


def test_a_quiet_stream_by_hand() -> None:
    """Without an incident in n weeks the rate is a third of an incident in n weeks, times a dispersion of 1 to 4.5."""
    values = np.zeros((262, 1))
    values[-1] = 1
    expected, upper, p, _, _ = fitted(panel_of(values), PLAIN)
    weeks = 261 - 26
    assert 1 / 3 / weeks < expected[0, 0] < 1.5 / weeks
    assert p[0, 0] < expected[0, 0]
    assert upper[0, 0] == 0


def test_a_steady_stream_has_its_mean() -> None:
    """The mean of a steady stream is that of its weeks plus a third of an incident, divided by how much phi makes of it."""
    values = np.random.default_rng(3).poisson(4.0, (262, 5)).astype(float)
    now = 261 - (panel_of(values).weeks[-1].astype(int) // 7) % 8
    seen = values[: now - 26]
    expected = fitted(panel_of(values), PLAIN)[0][0]
    low, high = (seen.sum(axis=0) + 1 / 3) / len(seen), (seen.sum(axis=0) + 2 / 3) / len(seen)
    # phi is between 1 and 2 here, and the fit stops within 1e-3
    assert (expected > low * 0.999).all()
    assert (expected < high * 1.001).all()


def test_a_known_distribution_is_the_negative_binomial() -> None:
    """Without uncertainty p is scipy's tail at the fitted mean and one dispersion, and upper its quantile."""
    values = np.random.default_rng(4).negative_binomial(6.0, 0.5, (262, 40)).astype(float)
    options = PredictiveOptions(memory=0, uncertainty=False, two_sided=True)
    expected, upper, p, _, low = (table[0] for table in fitted(panel_of(values), options))
    phis = np.linspace(1.02, 5, 4001)
    for column in range(40):
        y, mean = values[-1, column], expected[column]
        at_least = stats.nbinom.sf(y - 1, mean / (phis - 1), 1 / phis)
        at_most = stats.nbinom.cdf(y, mean / (phis - 1), 1 / phis)
        away = np.abs(at_least - p[column]) + np.abs(at_most - low[column])
        # steps of .001 in phi are worth less than 1e-3 of a chance
        assert away.min() < 1e-3
        phi = phis[away.argmin()]
        assert abs(stats.nbinom.isf(0.01, mean / (phi - 1), 1 / phi) - upper[column]) <= 1


def test_upper_is_where_p_passes_alpha() -> None:
    """A count above upper has p <= alpha, one at upper has not, whatever the weeks before."""
    values = np.random.default_rng(5).poisson(np.geomspace(0.05, 80, 30), (300, 30)).astype(float)
    values[-4:-1] += 3
    first = panel_of(values)
    upper = fitted(first, PredictiveOptions())[1][0]
    for step, flagged in ((1, True), (0, False)):
        values[-1] = upper + step
        assert ((fitted(panel_of(values), PredictiveOptions())[2][0] <= 0.01) == flagged).all()


def test_the_judged_count_decides_nothing_but_its_p() -> None:
    """Expected, upper and the weight of the weeks before are the same for every count of the judged week."""
    values = np.random.default_rng(6).poisson(3.0, (300, 4)).astype(float)
    tables = []
    for count in (0, 3, 1000):
        values[-1] = count
        tables.append(fitted(panel_of(values), PredictiveOptions()))
    for one, other in pairwise(tables):
        for k in (0, 1, 3):
            assert np.array_equal(one[k], other[k])


def test_high_weeks_before_make_a_flag_easier() -> None:
    """The same count has a smaller p after high weeks than after ordinary ones, with a weight of at most 10."""
    values = np.full((300, 2), 5.0)
    values[:-20] = np.random.default_rng(7).poisson(5.0, (280, 1))
    values[-5:-1, 1] = 12
    values[-1] = 9
    _, _, p, weight, _ = fitted(panel_of(values), PredictiveOptions())
    assert weight[0, 0] < 0 < weight[0, 1] <= math.log(10) + 1e-12
    # the weight is 10 against a little less than 1, but the rate is thought higher after high weeks
    assert p[0, 1] < p[0, 0] / 8


def test_cutting_off_biases_nothing() -> None:
    """Where there was no outbreak, leaving high weeks out changes neither mean nor threshold on average."""
    panel = noufaily(Scenario(name="steady", theta=math.log(20), phi=2), 8, series=150, past_outbreaks=False).panel()
    cut, kept = (fitted(panel, PredictiveOptions(outbreak_share=share)) for share in (0.025, 0.0))
    # 150 series: the standard errors of the two ratios are below .002 and .005
    assert cut[0].mean() == pytest.approx(kept[0].mean(), rel=0.01)
    assert cut[1].mean() == pytest.approx(kept[1].mean(), rel=0.02)


def test_the_weight_by_hand() -> None:
    """Of one week before and one known distribution, W is 1 + .3 (1.08 L - 1), L scipy's ratio of a raised mean to the mean."""
    values = np.random.default_rng(11).negative_binomial(6.0, 0.5, (262, 40)).astype(float)
    values[-2] = np.arange(40) % 20
    options = PredictiveOptions(memory=1, uncertainty=False, two_sided=True, trend=False, harmonics=0, outbreak_share=0)
    expected, _, _, statistic, low = (table[0] for table in fitted(panel_of(values), options))
    phis = np.linspace(1.02, 5, 4001)
    for column in range(40):
        mean = expected[column]
        raised = mean + 1.5 * (1 + np.minimum(phis / (4 * mean), 1)) * np.sqrt(phis * mean)
        now, before = (stats.nbinom.pmf(values[-2, column], m / (phis - 1), 1 / phis) for m in (raised, mean))
        weight = np.minimum(1 + 0.3 * (1.08 * now / before - 1), 10)
        at_most = stats.nbinom.cdf(values[-1, column], mean / (phis - 1), 1 / phis)
        # steps of .001 in phi are worth less than 2e-3 of either
        assert (np.abs(np.log(weight) - statistic[column]) + np.abs(at_most - low[column])).min() < 2e-3


def test_the_weight_is_one_on_average() -> None:
    """Where nothing happens the weeks before make flags as much easier as they make them harder, on average."""
    panel = noufaily(Scenario(name="steady", theta=math.log(0.5), phi=2), 12, series=100, past_outbreaks=False).panel()
    # 100 series: the standard error is .04
    assert np.exp(fitted(panel, PredictiveOptions(), 49)[3]).mean() == pytest.approx(1, abs=0.1)


def test_past_outbreaks_hardly_matter() -> None:
    """Four outbreaks in the baseline leave the mean where it was, and the threshold within a tenth."""
    scenario = Scenario(name="steady", theta=math.log(20), phi=2)
    clean, past = (
        fitted(noufaily(scenario, 8, series=150, past_outbreaks=some).panel(), PredictiveOptions())
        for some in (False, True)
    )
    assert past[0].mean() == pytest.approx(clean[0].mean(), rel=0.02)
    assert past[1].mean() == pytest.approx(clean[1].mean(), rel=0.03)
    kept = PredictiveOptions(outbreak_share=0)
    assert fitted(noufaily(scenario, 8, series=150).panel(), kept)[1].mean() > 1.03 * clean[1].mean()


@pytest.mark.parametrize("past", [False, True])
def test_p_values_hold_their_rate(past: bool) -> None:
    """Randomised p-values fall below .05 and .01 about as often as they say, with and without past outbreaks."""
    ratios = []
    for number, level in enumerate((1.0, 5.0, 50.0)):
        scenario = Scenario(name="steady", theta=math.log(level), phi=(1.2, 2.0, 3.0)[number])
        made = noufaily(scenario, 90 + number, series=150, past_outbreaks=past)
        ratios.append(held(judge("predictive", {}, made.panel(), JUDGED.start)))
    at_05, at_01 = np.mean(ratios, axis=0)[:2]
    # 22,050 weeks, and those of a series share their baseline: standard errors are about .04 and .08; past outbreaks that
    # nothing tells from chance cost up to a tenth
    assert at_05 == pytest.approx(1, abs=0.15)
    assert at_01 == pytest.approx(1, abs=0.25)


def test_a_ramp_is_found_sooner_with_the_weeks_before() -> None:
    """At its own alpha a build-up of 30 % a week is flagged sooner than by each week alone."""
    made = ramps(RampDesign(mean=1, phi=2, growth=0.3, judged=8), 9, series=200)
    first = as_date(made.panel().weeks[made.start])
    alarms = [
        Predictive(PredictiveOptions(memory=memory)).fit(made.panel(), first, threads=1).alarm for memory in (8, 0)
    ]
    assert alarms[0][:5].any(axis=0).mean() > alarms[1][:5].any(axis=0).mean()


def test_unknown_weeks_are_left_out() -> None:
    """Unknown weeks of the baseline add nothing, unknown judged weeks and short histories say why they are not judged."""
    values = np.random.default_rng(10).poisson(3.0, (300, 3)).astype(float)
    values[40:80, 0] = np.nan
    values[:-30, 1] = np.nan
    values[-1, 2] = np.nan
    result = Predictive().fit(panel_of(values), as_date(panel_of(values).weeks[-1]), threads=1)
    assert result.panel.status[-1, 2] == Status.UNKNOWN
    assert result.note[0].tolist() == ["", "too little history: 29 of 52 weeks known", "unknown week"]
    assert 2 < result.expected[0, 0] < 5
    assert np.isnan(result.expected[0, 1:]).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"alpha": 0.7}, "alpha"),
        ({"min_weeks": 20}, "baseline"),
        ({"memory": 40}, "memory"),
        ({"harmonics": 3}, "harmonics"),
    ],
)
def test_options_that_cannot_be_are_refused(values: dict, message: str) -> None:
    """An option outside its bounds is named."""
    with pytest.raises(OptionError, match=message):
        PredictiveOptions(**values)


def test_the_study_prints_its_tables() -> None:
    """A small version of the study's section on false discovery has a row for each method and level, without a gap."""
    text = list(discovery(1, 1, 1))[-1].splitlines()
    assert len(text) == 2 + 3 * 3
    assert all("nan" not in line and line.count("|") == text[0].count("|") for line in text)

"""The rule for sparse streams: the posterior predictive of a constant rate."""

from datetime import date

import numpy as np
import pytest
from scipy import integrate, stats

from analytics.errors import InputError, OptionError
from analytics.models.rare import Rare, RareOptions, predict
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel

YEARS = 2
"""Short baselines that can be counted: 104 weeks back, less the last 26: 78 weeks."""
OPTIONS = RareOptions(years_back=YEARS)
BASELINE = 78


def judged(values: np.ndarray, options: RareOptions = OPTIONS, population: np.ndarray | None = None) -> tuple:
    """Expected, upper, p and note of the last week of these counts."""
    panel = panel_of(values, population=population)
    result = Rare(options).fit(panel, as_date(panel.weeks[-1]))
    return result.expected[0, 0], result.upper[0, 0], result.p_value[0, 0], result.note[0, 0]


def quiet(weeks: int = 120, incidents: tuple[int, ...] = (), last: float = 0) -> np.ndarray:
    """Counts of zero but for one incident in each week of *incidents*, and *last* in the last week."""
    values = np.zeros(weeks)
    values[list(incidents)] = 1
    values[-1] = last
    return values


def test_an_all_zero_baseline_by_hand() -> None:
    """After 78 quiet weeks, P(Y >= 1) is 1 - sqrt(78 / 79), and one incident alarms at 1 %."""
    expected, upper, p, _ = judged(quiet(last=1))
    assert expected == pytest.approx(0.5 / BASELINE)
    assert p == pytest.approx(1 - np.sqrt(BASELINE / (BASELINE + 1)), rel=1e-12)
    assert upper == 0


def test_three_incidents_by_hand() -> None:
    """With three incidents in 78 weeks a second incident in a week is (3.5 x 4.5 / 2) / 79^2 rare, to first order."""
    expected, upper, p, _ = judged(quiet(incidents=(20, 50, 80), last=2))
    assert expected == pytest.approx(3.5 / BASELINE)
    none = (BASELINE / (BASELINE + 1)) ** 3.5
    assert p == pytest.approx(1 - none - none * 3.5 / (BASELINE + 1), rel=1e-9)
    assert upper == 1


@pytest.mark.parametrize("count", [1, 2, 5])
def test_it_is_the_integral_over_the_posterior(count: int) -> None:
    """P(Y >= y) is the Poisson tail averaged over the Gamma posterior, integrated numerically."""
    posterior = stats.gamma(3.5, scale=1 / BASELINE)
    tail, _ = integrate.quad(lambda rate: stats.poisson.sf(count - 1, rate) * posterior.pdf(rate), 0, 2)
    assert judged(quiet(incidents=(20, 50, 80), last=count))[2] == pytest.approx(tail, rel=1e-6)


def test_overdispersion_widens_the_predictive() -> None:
    """One week of six is a mean of 6.5 / 78 and a dispersion of 6: p and bound are scipy's negative binomial."""
    values = quiet(last=3)
    values[60] = 6
    expected, upper, p, _ = judged(values)
    mean, ratio = 6.5 / BASELINE, 6 * (1 + 1 / BASELINE)  # sum (y - 6/78)^2 / (6/78) / 77 = 6
    size = mean / (ratio - 1)
    assert expected == pytest.approx(mean)
    assert p == pytest.approx(stats.nbinom.sf(2, size, 1 / ratio), rel=1e-9)
    assert upper == stats.nbinom.isf(0.01, size, 1 / ratio)


def test_only_the_baseline_counts() -> None:
    """Neither the last 26 weeks, nor weeks before the years, nor the judged count move the expectation."""
    plain = judged(quiet())[0]
    values = quiet(last=9)
    values[-27:-1] = 5
    values[:15] = 5
    assert judged(values)[0] == plain


def test_unknown_weeks_are_not_zeros() -> None:
    """With half of the baseline unknown the rate rests on the other half."""
    values = quiet(incidents=(20,))
    values[40:79] = np.nan
    assert judged(values)[0] == pytest.approx(1.5 / (BASELINE - 39))


def test_a_population_scales_the_rate() -> None:
    """With the population doubled for the judged week, twice the rate is expected."""
    sizes = np.full((120, 1), 1000.0)
    sizes[-1] = 2000
    options = RareOptions(years_back=YEARS, population=True)
    values = quiet(incidents=(20, 50, 80))
    assert judged(values, options, sizes)[0] == pytest.approx(2 * 3.5 / BASELINE)
    sizes[-1] = np.nan
    assert judged(values, options, sizes)[3] == "unknown population"


def test_less_than_a_year_is_not_judged() -> None:
    """With 51 known weeks before it a week is refused with both numbers; with 52 it is judged."""
    assert judged(quiet(52))[3] == "too little history: 51 of 52 weeks known"
    assert judged(quiet(53))[3] == ""
    values = quiet(53)
    values[3] = np.nan
    assert judged(values)[3] == "too little history: 51 of 52 weeks known"


def test_it_keeps_its_alpha() -> None:
    """On constant rates, sparse or not, clustered or not, fewer than 1 % of weeks alarm: the rule is on the safe side."""
    for mean, phi in ((0.02, 1.0), (0.3, 1.0), (0.3, 3.0), (2.0, 2.0)):
        panel = poisson_panel(mean, 300, 1500, seed=7, phi=phi)
        result = Rare().fit(panel, as_date(panel.weeks[-2]))
        # 3000 cells at 1 %: three standard errors of a share of .01 are .0055
        assert (result.p_value <= 0.01).mean() < 0.0155


def test_predictive_variance_is_that_of_simulated_weeks() -> None:
    """Over many streams, counts have the predicted mean and a variance no larger than predicted."""
    panel = poisson_panel(1.5, 300, 4000, seed=3, phi=2.0)
    predictive = predict(panel, np.array([299]), RareOptions())
    error = panel.values[299] - predictive.mean[0]
    assert error.mean() == pytest.approx(0, abs=4 * np.sqrt(3.0 / 4000))
    assert (error**2).mean() == pytest.approx((predictive.mean * predictive.ratio).mean(), rel=0.1)


def test_options_check_themselves() -> None:
    """Options that leave no baseline, or are out of bounds, are OptionErrors; values that are no counts InputErrors."""
    with pytest.raises(OptionError, match="min_weeks must be above exclude_weeks"):
        RareOptions(min_weeks=20)
    with pytest.raises(OptionError, match="alpha must be in"):
        RareOptions(alpha=0.9)
    with pytest.raises(OptionError, match="years_back must be in"):
        RareOptions(years_back=0)
    with pytest.raises(OptionError, match="exclude_weeks must be 0 or more"):
        RareOptions(exclude_weeks=-1)
    with pytest.raises(OptionError, match="needs a panel with a population"):
        Rare(RareOptions(population=True)).fit(panel_of(quiet()))
    with pytest.raises(InputError, match=r"0\.5 is not a count"):
        Rare().fit(panel_of(np.full(120, 0.5)))


def test_weeks_without_history_are_asked_for_by_name() -> None:
    """By default judging begins where a year of weeks lies behind; an earlier first week is judged and refused."""
    panel = panel_of(quiet(120))
    assert as_date(Rare(OPTIONS).fit(panel).weeks[0]) == as_date(panel.weeks[52])
    early = Rare(OPTIONS).fit(panel, date(2016, 2, 1), date(2016, 2, 1))
    assert early.note[0, 0] == "too little history: 4 of 52 weeks known"

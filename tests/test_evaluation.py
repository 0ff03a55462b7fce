"""Measures of detection: by hand, by law, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from analytics.evaluation import (
    Outcome,
    Threshold,
    Trial,
    compare,
    detected,
    f1,
    false_discovery,
    false_flag_rate,
    false_flags_per_year,
    first_flags,
    found_before,
    found_by,
    likelihood_ratios,
    mean_delay,
    npv,
    ppv,
    randomised,
    rate_ratio,
    sensitivity,
    specificity,
    survival,
    threshold,
)


@pytest.fixture
def outcome() -> Outcome:
    """Four weeks of three series; the last week of the third is not judged, its flag counts for nothing."""
    flags = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=bool)
    truth = np.array([[0, 0, 1], [0, 1, 1], [0, 1, 0], [0, 0, 1]], dtype=bool)
    judged = np.ones((4, 3), dtype=bool)
    judged[3, 2] = False
    return Outcome(flags=flags, truth=truth, judged=judged)


def test_measures_by_hand(outcome: Outcome) -> None:
    """Eleven judged weeks: one hit, two false flags, three misses, five left alone."""
    figures = (sensitivity, specificity, ppv, npv, false_flag_rate, f1)
    expected = (1 / 4, 5 / 7, 1 / 3, 5 / 8, 2 / 7, 2 / 7)
    for figure, value in zip(figures, expected, strict=True):
        found = figure(outcome)
        assert found.value == pytest.approx(value), figure.__name__
        assert found.low <= found.value <= found.high
    assert detected(outcome).value == 1 / 2
    assert false_flags_per_year(outcome).value == pytest.approx(2 / (7 / 52))
    assert false_discovery(outcome).value == pytest.approx((1 + 0 + 1 + 0) / 4)


def test_a_measure_of_nothing_is_unknown() -> None:
    """Without a flagged week precision is NaN, and so is what is measured on events where there are none."""
    nothing = np.zeros((4, 3), dtype=bool)
    empty = Outcome(flags=nothing, truth=nothing, judged=~nothing)
    assert np.isnan([ppv(empty).value, sensitivity(empty).value, detected(empty).value]).all()
    # no false flag in 12 weeks: the exact upper limits of a share and of a Poisson count
    assert false_flag_rate(empty).high == pytest.approx(1 - 0.025 ** (1 / 12))
    assert false_flags_per_year(empty).high == pytest.approx(-np.log(0.025) / (12 / 52))


def test_intervals_cover_as_they_say() -> None:
    """Where flags of a series come together, the interval of the rate still covers it 19 times in 20."""
    generator = np.random.default_rng(5)
    covered = []
    for _ in range(400):
        rates = generator.beta(1, 9, 200)
        flags = generator.random((30, 200)) < rates
        quiet = np.zeros_like(flags)
        found = false_flag_rate(Outcome(flags=flags, truth=quiet, judged=~quiet))
        covered.append(found.low <= 0.1 <= found.high)
    # 400 trials: two standard errors are .022
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_randomised_p_values_hold_their_rate() -> None:
    """p-values of counts, randomised over their atoms, are uniform; not randomised they are too seldom small."""
    generator = np.random.default_rng(6)
    counts = generator.poisson(0.7, (200, 1000))
    at_least, above = stats.poisson.sf(counts - 1, 0.7), stats.poisson.sf(counts, 0.7)
    uniform = randomised(at_least, above, generator.random(counts.shape))
    for alpha in (0.05, 0.01):
        found = rate_ratio(uniform, alpha)
        assert found.low <= 1 <= found.high
        assert rate_ratio(at_least, alpha).high < 1
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 0.01


def test_found_before_the_peak() -> None:
    """Only a flag in an earlier week than the peak's is before it."""
    delay, found = np.array([1, 3, 2, 4]), np.array([True, True, True, False])
    assert found_before(delay, found, np.array([2, 3, 3, 5])).value == 0.5


def test_a_threshold_by_hand() -> None:
    """Of ten scores two are to be flagged: the 9, and half of the two 7s."""
    null = np.array([[1.0, 7, 3, 9, 7], [0, 2, 2, 1, np.nan]])
    found = threshold(null, 0.2)
    assert found == Threshold(value=7.0, share=0.5)
    uniforms = np.full(null.shape, 0.6)
    assert found.flags(null, uniforms).sum() == 1
    assert found.flags(null, 1 - uniforms).sum() == 3


def test_a_threshold_flags_its_share() -> None:
    """Scores of few values are flagged at the rate asked for, on average over the ties."""
    generator = np.random.default_rng(1)
    null = generator.poisson(1.0, (100, 400)).astype(float)
    for rate in (0.005, 0.01, 0.05):
        flagged = threshold(null, rate).flags(null, generator.random(null.shape)).mean()
        # four standard errors of a share of 40,000
        assert flagged == pytest.approx(rate, abs=4 * np.sqrt(rate / null.size))


def test_a_method_that_cannot_reach_the_rate_flags_all_it_can() -> None:
    """With fewer judged weeks than are to be flagged every judged week is flagged and no other."""
    null = np.array([[np.nan, 3.0, np.nan, np.nan]])
    flags = threshold(null, 0.5).flags(null, np.zeros(null.shape))
    assert flags.tolist() == [[False, True, False, False]]


def test_delays_by_hand() -> None:
    """The first week is 1; a series never flagged is censored at the last week."""
    flags = np.array([[0, 1, 0], [1, 1, 0], [1, 0, 0]], dtype=bool)
    delay, found = first_flags(flags)
    assert delay.tolist() == [2, 1, 3]
    assert found.tolist() == [True, True, False]


def test_survival_by_hand() -> None:
    """Of five series, found in weeks 1, 2 and 4, censored in weeks 2 and 4: 4/5, 4/5 3/4, and half of that."""
    delay, found = np.array([1, 2, 2, 4, 4]), np.array([True, True, False, True, False])
    share, variance = survival(delay, found)
    assert share == pytest.approx([1, 0.8, 0.6, 0.6, 0.3])
    greenwood = 1 / (5 * 4) + 1 / (4 * 3) + 1 / (2 * 1)
    assert variance[4] == pytest.approx(0.3**2 * greenwood)
    assert mean_delay(delay, found, 4).value == pytest.approx(1 + 0.8 + 0.6 + 0.6)


def test_survival_is_scipys() -> None:
    """The share not yet found is that of scipy's Kaplan-Meier estimate."""
    generator = np.random.default_rng(2)
    delay, found = generator.integers(1, 12, 80), generator.random(80) < 0.7
    right, left = stats.CensoredData(uncensored=delay[found], right=delay[~found]), survival(delay, found)[0]
    scipys = stats.ecdf(right).sf
    np.testing.assert_allclose(left[scipys.quantiles.astype(int)], scipys.probabilities, atol=1e-12)


def test_without_misses_the_mean_delay_is_the_mean() -> None:
    """All found: the area is the mean delay, and its error the standard error of a mean."""
    delay = np.random.default_rng(3).integers(1, 9, 400)
    found = mean_delay(delay, np.ones(400, bool), 9)
    assert found.value == pytest.approx(delay.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * delay.std() / 20, rel=1e-9)


def test_found_by_a_week() -> None:
    """The share found by week two, within its exact interval; a censored series is not found."""
    one = found_by(np.array([1, 2, 2, 5]), np.array([True, True, False, True]), 2)
    assert one.value == 0.5
    assert one.low == pytest.approx(stats.beta.ppf(0.025, 2, 3))
    assert one.high == pytest.approx(stats.beta.ppf(0.975, 3, 2))


@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_the_oracle_by_hand(phi: float) -> None:
    """The mean of the ratios of a ramp that began this week or the last, by scipy's densities."""
    mean, counts = np.full(3, 2.0), np.array([[2], [3], [5]])

    def log_pmf(y: int, mu: float) -> float:
        return float(stats.poisson.logpmf(y, mu) if phi == 1 else stats.nbinom.logpmf(y, mu / (phi - 1), 1 / phi))

    score = likelihood_ratios(counts, mean, phi, [1.5, 2.25])
    now = log_pmf(5, 3.0) - log_pmf(5, 2.0)
    longer = log_pmf(3, 3.0) - log_pmf(3, 2.0) + log_pmf(5, 4.5) - log_pmf(5, 2.0)
    assert np.isnan(score[0, 0])
    assert score[2, 0] == pytest.approx(np.log((np.exp(now) + np.exp(longer)) / 2))


def test_the_oracles_ratio_has_mean_one() -> None:
    """Under the mean that it knows the oracle's likelihood ratio is 1 on average (weeks without incident left out)."""
    counts = np.random.default_rng(4).poisson(6.0, (3, 40_000))
    score = likelihood_ratios(counts, np.full(3, 6.0), 1.0, [1.2, 1.44, 1.728])[2]
    assert np.exp(score).mean() == pytest.approx(1, abs=0.05)


def test_the_share_of_a_gap_by_hand() -> None:
    """Flags in weeks 5, 3 and 1 in every series: half of the gap of four weeks is closed, without error."""

    def trial(week: int) -> Trial:
        scores = np.zeros((6, 30))
        scores[week - 1] = 9.0
        return Trial(null=np.tile(np.linspace(0, 1, 50)[:, None], 30), scores=scores)

    found = compare(trial(5), trial(3), trial(1), rate=0.02, generator=np.random.default_rng(1), resamples=20)
    assert (found.reference, found.method, found.oracle) == (5, 3, 1)
    assert (found.gap.value, found.gain.value, found.share.value) == (4, 2, 0.5)
    assert (found.share.low, found.share.high) == (0.5, 0.5)


def test_an_interval_covers_the_error_of_the_threshold() -> None:
    """The bootstrap's gap is as wide as delays and thresholds of new series scatter."""

    def once(seed: int) -> tuple[float, float]:
        generator = np.random.default_rng(seed)
        null, rise = generator.normal(size=(2, 20, 100)), np.linspace(0.3, 6, 20)[:, None]
        first, second = null
        noise = generator.normal(size=(2, 20, 100))
        worse, better = Trial(null=first, scores=noise[0] + 0.7 * rise), Trial(null=second, scores=noise[1] + rise)
        made = compare(worse, better, better, rate=0.01, generator=generator, resamples=100)
        return made.gap.value, made.gap.high - made.gap.low

    answers = np.array([once(seed) for seed in range(60)])
    # the deviation of 60 values is known within 18 % (two standard errors)
    assert answers[:, 1].mean() / 3.92 == pytest.approx(answers[:, 0].std(), rel=0.25)


def test_scores_of_other_series_are_refused() -> None:
    """Methods that were not given the same series are not compared."""
    one, other = (Trial(null=np.zeros((4, 5)), scores=np.zeros((3, size))) for size in (5, 6))
    with pytest.raises(ValueError, match="same series"):
        compare(one, other, one, rate=0.1, generator=np.random.default_rng(1))

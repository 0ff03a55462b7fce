"""Recent weeks against those before: exact intervals, scatter, and words for what cannot be compared."""

import re

import numpy as np
import pytest
from scipy.stats import betabinom, binom
from statsmodels.stats.proportion import proportion_confint

from analytics.models.event_sentence import figure
from analytics.models.trend import Trend, TrendOptions
from analytics.models.trend_fit import freedom, serial_factor
from analytics.models.trend_ratio import Ratio, conditional_interval, count_ratio
from analytics.models.trend_season import fit_season
from analytics.panel import Panel
from analytics.weeks import season_position
from tests.benchmarks.bench_trend_calibration import draw

LAST = np.datetime64("2021-12-20")
EVEN = {"recent": 4, "against": 52, "level": 0.95, "season": None}
"""Four weeks against a year, as by default."""


def _weeks(number):
    return LAST - 7 * np.arange(number)[::-1]


def _ratio(counts, **options) -> Ratio:
    counts = np.asarray(counts, dtype=float)
    return count_ratio(_weeks(len(counts)), counts, **(EVEN | options))


def _spread(total, weeks):
    """*total* incidents over *weeks* as evenly as whole numbers allow, so that they scatter less than Poisson."""
    return np.diff(np.round(np.linspace(0, total, weeks + 1)))


def _panel(values):
    values = np.asarray(values, dtype=float)
    ids = tuple(f"R{number}" for number in range(values.shape[1]))
    return Panel(
        weeks=_weeks(len(values)),
        region_ids=ids,
        region_names=ids,
        values=values,
        status=np.isnan(values).astype(np.uint8),
    )


def test_exact_interval_worked_by_hand():
    """No incident before and 3 after in equal spans: the low end is p / (1 - p) of p^3 = 0.025, and there is no high end."""
    low, high = conditional_interval(3, 0, odds=1.0, phi=1.0, level=0.95)
    share = 0.025 ** (1 / 3)
    assert low == pytest.approx(share / (1 - share), rel=1e-9)
    assert high == np.inf
    assert conditional_interval(0, 3, odds=1.0, phi=1.0, level=0.95) == pytest.approx((0, 1 / low), rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (7, 20), (24, 45), (300, 2)])
def test_exact_interval_is_clopper_and_pearsons(first, second):
    """For counts that scatter like Poisson the ends of the interval are statsmodels' Clopper-Pearson ends of the share, as odds."""
    share = proportion_confint(first, first + second, alpha=0.05, method="beta")
    ends = [end / (1 - end) * 52 / 4 for end in share]
    assert conditional_interval(first, second, odds=4 / 52, phi=1.0, level=0.95) == pytest.approx(ends, rel=1e-9)


def test_even_weeks_have_the_exact_interval():
    """Weeks that scatter less than Poisson have the exact interval of their two sums, and the ratio of their rates."""
    row = _ratio(np.r_[_spread(45, 52), _spread(24, 4)])
    assert (row.ratio_low, row.ratio_high) == conditional_interval(24, 45, odds=4 / 52, phi=1.0, level=0.95)
    assert row.ratio == pytest.approx(24 / 4 / (45 / 52))
    assert (row.recent, row.before, row.recent_weeks, row.before_weeks) == (24, 45, 4, 52)


@pytest.mark.parametrize(("first", "second", "phi"), [(5, 30, 1.5), (24, 45, 3.0), (2, 3, 2.0)])
def test_overdispersed_tails_are_the_beta_binomials(first, second, phi):
    """At each end so many, or so few, have a chance of 2.5 % under scipy's beta-binomial of that mean and scatter."""
    total = first + second
    low, high = conditional_interval(first, second, odds=0.5, phi=phi, level=0.95)
    size = total / (phi - 1)
    at_low, at_high = (0.5 * end / (1 + 0.5 * end) for end in (low, high))
    assert betabinom.sf(first - 1, total, size * at_low, size * (1 - at_low)) == pytest.approx(0.025, rel=1e-6)
    assert betabinom.cdf(first, total, size * at_high, size * (1 - at_high)) == pytest.approx(0.025, rel=1e-6)


def test_scatter_of_nearly_one_is_the_exact_interval():
    """As the scatter falls to Poisson's the beta-binomial's interval becomes the binomial's, and it grows with scatter."""
    exact, near, wide = (conditional_interval(6, 20, odds=0.1, phi=phi, level=0.95) for phi in (1.0, 1.001, 3.0))
    # A scatter of 1.001 moves a standard error by half a thousandth.
    assert near == pytest.approx(exact, rel=3e-3)
    assert wide[0] < near[0]
    assert wide[1] > near[1]


def test_scatter_is_pearsons_with_likeness_and_uncertainty():
    """Phi is Pearson's chi2 over the weeks less two, times likeness of neighbours, times (t / z)^2."""
    counts = np.random.default_rng(7).permutation(np.r_[np.zeros(28), np.full(28, 6.0)])
    mean = np.where(np.arange(56) < 52, counts[:52].mean(), counts[52:].mean())
    residuals = (counts - mean) / np.sqrt(mean)
    factor = serial_factor(residuals, np.arange(56.0))
    assert freedom(56, serial=True) == pytest.approx(1 / (1 / 54 + 2 / 56))
    unsure = 2.0985 / 1.9600  # Student's t of 18.4 degrees of freedom, and the normal, at 97.5 %
    phi = (residuals**2).sum() / 54 * factor * unsure**2
    row = _ratio(counts)
    first, second = int(counts[52:].sum()), int(counts[:52].sum())
    expected = conditional_interval(first, second, odds=4 / 52, phi=float(phi), level=0.95)
    assert phi > 2
    assert (row.ratio_low, row.ratio_high) == pytest.approx(expected, rel=1e-3)


def test_the_turn_of_the_year_is_taken_out():
    """A season that doubles the recent weeks gives no ratio of two once it is known, and its uncertainty widens the interval."""
    weeks = _weeks(52 * 8)
    rate = 10 * np.exp(0.7 * np.cos(2 * np.pi * (season_position(weeks) - 0.95)))
    counts = np.random.default_rng(8).poisson(rate).astype(float)
    season = fit_season(weeks[:-26], counts[:-26], cycles=1)
    fooled, adjusted = (count_ratio(weeks, counts, **(EVEN | {"season": one})) for one in (None, season))
    assert fooled.ratio > 1.35
    # Poisson counts of 65 and 594 have a standard error of 13 %.
    assert abs(np.log(adjusted.ratio)) < 0.26
    assert adjusted.ratio_low < 1 < adjusted.ratio_high
    certain = type(season)(
        coefficients=season.coefficients, covariance=0 * season.covariance, influence=0 * season.influence
    )
    surely = count_ratio(weeks, counts, **(EVEN | {"season": certain}))
    assert surely.ratio == adjusted.ratio
    assert adjusted.ratio_low < surely.ratio_low < surely.ratio_high < adjusted.ratio_high


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ([0] * 56, "no incidents in any of the 56 known weeks"),
        ([1] * 53 + [np.nan] * 3, "too few known weeks: 1 of the last 4"),
        ([1] * 20, "too few known weeks: 16 of the 52 before the last 4"),
        ([np.nan] * 30 + [1] * 26, "too few known weeks: 22 of the 52 before the last 4"),
        ([1] * 55 + [0.5], "counts are not whole numbers"),
        ([], "too few known weeks: 0 of the last 4"),
    ],
)
def test_what_cannot_be_compared_says_why(counts, note):
    """All-zero, unknown, short and fractional series have no ratio and a reason."""
    row = _ratio(counts)
    assert row.ratio_note == note
    assert np.isnan([row.ratio, row.ratio_low, row.ratio_high]).all()


def test_zeros_on_one_side_have_one_bound():
    """Some against none is an infinite ratio with a low end only; none against some is 0 with a high end only."""
    risen, fallen = _ratio([0] * 52 + [1, 2, 0, 1]), _ratio([1] * 52 + [0] * 4)
    assert (risen.ratio, risen.ratio_high) == (np.inf, np.inf)
    assert risen.ratio_low > 1
    assert (fallen.ratio, fallen.ratio_low) == (0, 0)
    assert fallen.ratio_high < 1


def test_unknown_weeks_count_for_neither_side():
    """Half the weeks before unknown: rates are per known week."""
    counts = np.r_[np.full(26, np.nan), np.tile([1.0, 2.0], 13), [3, 3, 3, 3]]
    row = _ratio(counts)
    assert row.ratio == pytest.approx(2.0)
    assert (row.before_weeks, row.before) == (26, 39)


@pytest.mark.parametrize(("mean", "dispersion", "ratio"), [(0.3, 1, 3), (1, 3, 1), (5, 2, 1 / 3), (20, 3, 1)])
def test_intervals_cover(mean, dispersion, ratio):
    """Of 300 intervals at least 273 hold the true ratio, sparse and busy, smooth and bursty."""
    rng = np.random.default_rng([9, int(10 * mean), dispersion])
    expected = mean * np.where(np.arange(56) < 52, 1.0, ratio) * np.ones((300, 1))
    rows = [row for counts in draw(rng, expected, dispersion) if not (row := _ratio(counts)).ratio_note]
    held = sum(row.ratio_low <= ratio <= row.ratio_high for row in rows)
    # One failure in 1,000 at 95 %.
    assert held >= binom.ppf(1e-3, len(rows), 0.95)


def test_each_sentence_is_its_row():
    """Counts, weeks, ratio and interval of each sentence are the table's, and so are the words where there is no ratio."""
    rng = np.random.default_rng(10)
    values = rng.poisson([0.02, 0.3, 2, 9, 40], size=(56, 5)).astype(float)
    values[-1, 2] = np.nan
    values[:, 0] = 0
    values[-4:, 1] = 0
    result = Trend(TrendOptions(season=False)).fit(_panel(values))
    for row in result.frame().to_dict("records"):
        said = result.ratio_sentence(row["region_id"])
        if row["ratio_note"]:
            assert said == (
                f"{row['region']}: the 4 weeks to 26 December 2021 cannot be compared with the 52 before "
                f"({row['ratio_note']})"
            )
            continue
        found = re.fullmatch(
            r"(R\d): ([\d,]+) incidents? in the (?:(\d) known of )?4 weeks to 26 December 2021, ([\d,]+) incidents? in the "
            r"52 weeks before: (\S+|under 0.01) times the rate \(95 % interval (.+) to (.+)\)",
            said,
        )
        assert found, said
        recent, before = (int(found[place].replace(",", "")) for place in (2, 4))
        assert (found[1], recent, before) == (row["region"], row["recent"], row["before"])
        assert int(found[3] or 4) == row["recent_weeks"]
        assert [found[5], found[6], found[7]] == [figure(row[name]) for name in ("ratio", "ratio_low", "ratio_high")]


def test_from_none_to_some_is_said_by_its_bound():
    """Where there were no incidents before, the sentence has the low end and no infinite number."""
    result = Trend(TrendOptions(season=False)).fit(_panel(np.array([0.0] * 52 + [1, 2, 0, 1])[:, None]))
    low = result.frame().iloc[0]["ratio_low"]
    assert result.ratio_sentence("R0") == (
        "R0: 4 incidents in the 4 weeks to 26 December 2021, 0 incidents in the 52 weeks before: "
        f"at least {figure(low)} times the rate (lower end of a 95 % interval)"
    )

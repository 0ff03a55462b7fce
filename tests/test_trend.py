import re
import warnings
from datetime import date, timedelta
from math import log

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, kstest
from scipy.stats import t as student
from statsmodels.genmod.families import Poisson
from statsmodels.stats.multitest import multipletests

from analytics.errors import InputError, OptionError
from analytics.models.discovery import q_values
from analytics.models.trend import Trend, TrendOptions, TrendResult
from analytics.models.trend_fit import fit_slope
from analytics.models.trend_region import direction
from analytics.models.trend_season import fit_season, harmonics, season_gap, without_one_offs, yearly_mean
from analytics.panel import Panel
from analytics.weeks import as_date, season_position
from tests.benchmarks.bench_trend_calibration import draw as _draw
from tests.benchmarks.bench_trend_calibration import judged, series, slopes

LAST = np.datetime64("2021-12-20")
BARE = {"season": False, "serial": False}
WORDS = {"rising fast", "rising", "steady", "falling", "falling fast", "unclear", "quiet", "unknown"}


def _panel(values, names=None):
    """Panel of *values* (T, R) whose last week is the one of 20 December 2021; NaN is unknown."""
    values = np.asarray(values, dtype=float)
    weeks = LAST - 7 * np.arange(len(values))[::-1]
    ids = tuple(f"R{number}" for number in range(values.shape[1]))
    status = np.isnan(values).astype(np.uint8)
    return Panel(weeks=weeks, region_ids=ids, region_names=names or ids, values=values, status=status)


def _fit(counts, **options) -> pd.Series:
    return Trend(TrendOptions(**options)).fit(_panel(np.asarray(counts, dtype=float)[:, None])).frame().iloc[0]


def test_doubling_counts_worked_by_hand():
    """1, 2, 4, 8, 16, 32 grow by 100 % a week, with the interval that paper and pencil give."""
    row = _fit([1, 2, 4, 8, 16, 32], window=6, min_weeks=6, max_share=0.6, **BARE)
    # Information about b: sum of mu t^2 less (sum of mu t)^2 / sum of mu, over t = 0..5: 1146 - 258^2 / 63.
    # The fit is perfect, and half of Poisson's variance is the least there is.
    error = (0.5 / (1146 - 258**2 / 63)) ** 0.5
    half = 2.7764451052 * error  # Student's t, 4 degrees of freedom, 97.5 %
    assert row["growth"] == pytest.approx(1.0, rel=1e-8)
    assert row["growth_low"] == pytest.approx(2 * np.exp(-half) - 1, rel=1e-6)
    assert row["growth_high"] == pytest.approx(2 * np.exp(half) - 1, rel=1e-6)
    assert row["doubling_weeks"] == pytest.approx(1.0, rel=1e-8)
    assert row["direction"] == "rising fast"
    assert row["dispersion"] == 0.5


def test_quasi_poisson_is_the_statsmodels_formula_fit():
    """Growth, interval and p are those of a statsmodels formula fit with Pearson's scale and t quantiles."""
    rng = np.random.default_rng(11)
    counts = _draw(rng, 8 * np.exp(0.03 * np.arange(26)), 3)
    peer = smf.glm("y ~ t", pd.DataFrame({"y": counts, "t": np.arange(26)}), family=Poisson()).fit(
        scale="X2", use_t=True
    )
    assert peer.scale > 1
    row = _fit(counts, **BARE)
    low, high = peer.conf_int().loc["t"]
    # Both iterate to about 1e-8 in the deviance, hence 1e-6 in what follows from it.
    figures = row[["growth", "growth_low", "growth_high"]].to_numpy(dtype=float)
    assert np.log1p(figures) == pytest.approx([peer.params["t"], low, high], rel=1e-6)
    assert row["p_value"] == pytest.approx(peer.pvalues["t"], rel=1e-5)
    assert row["dispersion"] == pytest.approx(peer.scale, rel=1e-6)


def test_negative_binomial_is_the_statsmodels_maximum_likelihood_fit():
    """Growth and alpha are those of statsmodels' joint maximum likelihood."""
    rng = np.random.default_rng(12)
    counts = _draw(rng, 8 * np.exp(0.03 * np.arange(26)), 4)
    peer = smf.negativebinomial("y ~ t", pd.DataFrame({"y": counts, "t": np.arange(26)})).fit(disp=0)
    row = _fit(counts, family="negative-binomial", **BARE)
    # log alpha is found to 1e-4, and the peer stops at a gradient of 1e-5.
    assert np.log1p(row["growth"]) == pytest.approx(peer.params["t"], rel=1e-3)
    assert (row["dispersion"] - 1) / counts.mean() == pytest.approx(peer.params["alpha"], rel=1e-3)


def test_negative_binomial_without_overdispersion_is_poisson():
    """Counts less scattered than Poisson give the Poisson fit under both families."""
    counts = [3, 4, 3, 4, 4, 3, 4, 5, 4, 5, 4, 5, 5, 6, 5, 6, 5, 6]
    options = {"window": 18, **BARE}
    quasi, binomial = _fit(counts, **options), _fit(counts, family="negative-binomial", **options)
    pd.testing.assert_series_equal(quasi, binomial)
    assert quasi["dispersion"] == 0.5


def test_likeness_of_neighbouring_weeks_widens_the_interval():
    """A slow wave around a steady mean is less certain of its slope than the same counts in another order."""
    wave = np.round(10 + 6 * np.sin(2 * np.pi * np.arange(26) / 13))
    width = {
        serial: (lambda row: row["growth_high"] - row["growth_low"])(_fit(wave, season=False, serial=serial))
        for serial in (True, False)
    }
    assert width[True] > 1.5 * width[False]


def test_serial_factor_worked_by_hand():
    """The interval widens by the square root of (1 + r) / (1 - r), r = r1 + (2 + 4 r1) / T, and loses freedom for r."""
    rng = np.random.default_rng(5)
    counts = _draw(rng, 10 * np.exp(np.repeat(rng.normal(0, 0.5, 9), 3)), 1)[:26]
    weeks = _panel(counts[:, None]).weeks
    plain, wide = (
        fit_slope(weeks, counts, family="quasi-poisson", season=None, serial=serial) for serial in (False, True)
    )
    fit = smf.glm("y ~ t", pd.DataFrame({"y": counts, "t": np.arange(26)}), family=Poisson()).fit()
    rest = np.asarray(fit.resid_pearson) - np.asarray(fit.resid_pearson).mean()
    r1 = sum(rest[1:] * rest[:-1]) / sum(rest**2)
    r = r1 + (2 + 4 * r1) / 26
    assert 0 < r < 0.9
    assert wide.error / plain.error == pytest.approx(((1 + r) / (1 - r)) ** 0.5, rel=1e-6)
    assert (plain.freedom, wide.freedom) == pytest.approx((24, 1 / (1 / 24 + 2 / 26)), rel=1e-12)


def test_weeks_that_differ_from_their_neighbours_narrow_the_interval():
    """Alternating counts leave less doubt about the slope than the same scatter without order, or the mean interval is too wide."""
    weeks, counts = _panel(np.ones((26, 1))).weeks, np.tile([2.0, 9.0], 13)
    plain, serial = (
        fit_slope(weeks, counts, family="quasi-poisson", season=None, serial=serial) for serial in (False, True)
    )
    assert serial.error < plain.error
    assert serial.inflation < 1


@pytest.mark.parametrize(("mean", "dispersion"), [(0.5, 1), (2, 3), (20, 1)])
def test_simulated_fits_are_the_models_own(mean, dispersion):
    """The batched fit by which calibration is measured has the model's slope, error and freedom for every series."""
    counts = judged(_draw(np.random.default_rng(13), np.full((20, 26), float(mean)), dispersion))
    rate, error, df = slopes(counts)
    weeks = _panel(np.ones((26, 1))).weeks
    own = [fit_slope(weeks, one, family="quasi-poisson", season=None, serial=True) for one in counts]
    # Both iterate to about 1e-8 in the deviance.
    assert rate == pytest.approx([slope.rate for slope in own], rel=1e-6, abs=1e-9)
    assert error == pytest.approx([slope.error for slope in own], rel=1e-5)
    assert {slope.freedom for slope in own} == {df}
    estimated = Trend(TrendOptions(season=False)).fit(_panel(counts.T)).frame()
    assert estimated["note"].eq("").all()


def _season_history(seed=3, years=8, mean=6.0, size=0.6):
    rng = np.random.default_rng(seed)
    weeks = LAST - 7 * np.arange(52 * years + 26)[::-1]
    rate = mean * np.exp(size * np.cos(2 * np.pi * (season_position(weeks) - 0.9)))
    return weeks, rate, rng


def test_season_of_earlier_years_is_recovered():
    """Harmonics of an exact seasonal series come back, whatever steady growth there was."""
    weeks, rate, _ = _season_history(mean=1000.0)
    season = fit_season(weeks, rate * np.exp(0.002 * np.arange(len(weeks))), cycles=1)
    true = 0.6 * np.array([np.cos(2 * np.pi * 0.9), np.sin(2 * np.pi * 0.9)])
    # The arithmetic yearly mean of a growing seasonal series keeps a trace of the season: 0.01 of 0.6.
    assert season.coefficients == pytest.approx(true, abs=0.01)
    assert season.years == 8


def test_season_is_the_statsmodels_fit_with_clustered_errors():
    """Coefficients, quasi-Poisson and year-clustered covariance are those of a statsmodels formula fit."""
    weeks, rate, rng = _season_history(years=6)
    counts = _draw(rng, rate, 2)
    season = fit_season(weeks, counts, cycles=1)
    level = yearly_mean(counts)
    used = ~np.isnan(level)
    wave = harmonics(weeks, 1)
    data = pd.DataFrame({"y": counts, "c": wave[:, 0], "s": wave[:, 1]})[used]
    data["year"] = ((len(counts) - 1 - np.flatnonzero(used)) // 52).astype(int)
    model = smf.glm("y ~ c + s", data, family=Poisson(), offset=np.log(level[used]))
    plain = model.fit(scale="X2")
    grouped = model.fit(cov_type="cluster", cov_kwds={"groups": data["year"], "use_correction": False})
    # Both stop at 1e-8 in the deviance, not at the same step.
    assert season.coefficients == pytest.approx(plain.params[["c", "s"]].to_numpy(), rel=1e-5)
    assert season.covariance == pytest.approx(plain.cov_params().loc[["c", "s"], ["c", "s"]].to_numpy(), rel=1e-4)
    clustered = season.influence.T @ season.influence
    assert clustered == pytest.approx(grouped.cov_params().loc[["c", "s"], ["c", "s"]].to_numpy(), rel=1e-4)


@pytest.mark.parametrize("family", ["quasi-poisson", "negative-binomial"])
def test_uncertainty_of_the_season_reaches_the_slope(family):
    """The slope's variance is its own plus the season's, carried over by the derivative that finite steps give."""
    weeks, rate, rng = _season_history()
    counts = _draw(rng, rate, 3)
    season = fit_season(weeks[:-26], counts[:-26], cycles=1)
    window = {"weeks": weeks[-26:], "counts": counts[-26:], "family": family, "serial": False}

    def rate_at(step):
        moved = type(season)(
            coefficients=season.coefficients + step, covariance=season.covariance, influence=season.influence
        )
        return fit_slope(**window, season=moved).rate

    gradient = np.array([(rate_at(step) - rate_at(-step)) / 2e-3 for step in 1e-3 * np.eye(2)])
    certain = type(season)(
        coefficients=season.coefficients, covariance=0 * season.covariance, influence=0 * season.influence
    )
    with_season, own = fit_slope(**window, season=season), fit_slope(**window, season=certain)
    # Expected information stands for the observed one under the negative binomial: a few per cent in 26 weeks.
    assert with_season.error**2 - own.error**2 == pytest.approx(season.variance(gradient), rel=0.1)
    assert own.freedom == 24
    assert with_season.freedom != own.freedom


def test_the_turn_of_the_year_is_not_a_trend():
    """A seasonal rise is growth without the season, and none once the earlier years are taken into account."""
    _, rate, rng = _season_history(mean=20.0)
    counts = _draw(rng, rate, 1)
    fooled, adjusted = _fit(counts, season=False), _fit(counts)
    assert fooled["direction"] in {"rising", "rising fast"}
    assert adjusted["growth_low"] < 0 < adjusted["growth_high"]
    assert adjusted["season"] == "from 8 years"
    assert fooled["season"] == "not adjusted: switched off"


def test_too_little_history_is_said():
    """A season that cannot be estimated is left out, and the row says why."""
    row = _fit(np.full(100, 4.0))
    assert row["season"] == "not adjusted: 0.4 earlier years usable for a season, 2 needed"
    sparse = season_gap(np.tile([1.0] + 51 * [0.0], 6), min_years=2, min_incidents=50)
    assert sparse == "5 incidents in earlier years, 50 needed"


def test_one_terrible_week_is_not_a_season():
    """A week of 500 among weeks of 2 is left out of the season, and an ordinary busy week is not."""
    counts = np.full(200, 2.0)
    counts[[80, 120]] = 500, 25
    assert np.flatnonzero(np.isnan(without_one_offs(counts))).tolist() == [80]


def test_yearly_mean_by_hand():
    """The centred mean of 0, 1, 2 ... is the week's own number, and the half years at the ends have none."""
    mean = yearly_mean(np.arange(80.0))
    assert mean[26:54] == pytest.approx(np.arange(26.0, 54.0))
    assert np.isnan(mean[:26]).all()
    assert np.isnan(mean[54:]).all()
    assert np.isnan(yearly_mean(np.ones(52))).all()


@pytest.mark.parametrize(
    ("counts", "word", "note"),
    [
        ([0] * 26, "quiet", "too few incidents: 0 in 26 weeks"),
        ([0] * 24 + [1, 1], "quiet", "too few incidents: 2 in 26 weeks"),
        ([5] * 10, "unknown", "too few known weeks: 10 of 26, 13 needed"),
        ([5] * 12 + [np.nan] * 14, "unknown", "too few known weeks: 12 of 26, 13 needed"),
        ([np.nan] * 26, "unknown", "too few known weeks: 0 of 26, 13 needed"),
        ([0] * 24 + [9, 9], "unclear", "too few weeks with incidents: 2 of 26, 3 needed"),
        ([1] * 25 + [40], "unclear", "a spike and not a trend: one week has 40 of 65 incidents"),
    ],
)
def test_what_cannot_be_estimated_says_why(counts, word, note):
    """Sparse, short, unknown and single-spike series have no numbers, a direction and a reason."""
    row = _fit(counts)
    assert (row["direction"], row["note"]) == (word, note)
    assert row[["growth", "growth_low", "growth_high", "p_growing", "p_value", "doubling_weeks"]].isna().all()


def test_unknown_weeks_are_left_out():
    """Unknown weeks keep their place in time: a doubling every week is found through the gaps."""
    counts = 2.0 ** np.arange(16)
    counts[[2, 5, 6, 11]] = np.nan
    row = _fit(counts, window=16, min_weeks=12, max_share=0.6, **BARE)
    assert row["growth"] == pytest.approx(1.0, rel=1e-8)
    assert row["weeks"] == 12


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.05, 0.2, "rising fast"),
        (0.001, 0.9, "rising"),
        (-1 + 1 / 1.025, 0.025, "steady"),
        (-0.03, 0.01, "unclear"),
        (-0.01, 0.03, "unclear"),
        (-0.2, -0.001, "falling"),
        (-0.5, -1 + 1 / 1.05, "falling fast"),
        (-0.5, 0.5, "unclear"),
        (0.0, 0.02, "steady"),
    ],
)
def test_direction_follows_the_table(low, high, word):
    """Each row of the documented table holds at its own edge."""
    # Edges are moved inwards by rounding's width.
    inside = 1e-12 if abs(low + 1 - 1 / 1.025) < 1e-9 or low == 0.05 else 0.0
    outside = 1e-12 if word in {"steady", "falling fast"} else 0.0
    assert direction(np.log1p(low) + inside, np.log1p(high) - outside, TrendOptions()) == word


def test_window_ends_with_the_week_asked_for():
    """The window is the 26 weeks up to *last*, here the growing ones before a collapse."""
    counts = np.r_[np.full(20, 3.0), np.round(3 * 1.1 ** np.arange(26)), np.full(10, 1.0)]
    panel = _panel(counts[:, None])
    result = Trend().fit(panel, last=as_date(panel.weeks[45]))
    assert result.frame()["incidents"].tolist() == [counts[20:46].sum()]
    assert result.frame()["direction"].tolist() == ["rising fast"]
    assert result.last == as_date(panel.weeks[45])


def test_a_week_that_is_not_there_is_refused():
    """An unknown *last* names the weeks there are; a panel without weeks says so."""
    panel = _panel(np.ones((5, 1)))
    with pytest.raises(OptionError, match="last must be the first day of a week from 2021-11-22 to 2021-12-20"):
        Trend().fit(panel, last=date(2021, 12, 21))
    with pytest.raises(OptionError, match="no weeks"):
        Trend().fit(_panel(np.ones((0, 1))))


def test_negative_values_are_refused():
    """A measure with negative values is refused, with region and week."""
    with pytest.raises(InputError, match=r"R0 has -2 in the week of 2021-12-20"):
        _fit([1] * 25 + [-2])


@pytest.mark.parametrize(
    "bad",
    [
        {"family": "poisson"},
        {"level": 95},
        {"window": 5},
        {"min_weeks": 27},
        {"min_incidents": 0},
        {"min_active_weeks": 2},
        {"max_share": 1.0},
        {"season_years": 1},
        {"season_cycles": 0},
        {"steady_growth": 0.1},
        {"recent": 0},
        {"against": 3},
    ],
)
def test_options_that_cannot_be_used_are_refused(bad):
    """Every unusable option raises OptionError with its name and value."""
    ((name, value),) = bad.items()
    with pytest.raises(OptionError, match=rf"{name}.*{re.escape(str(value))}"):
        TrendOptions(**bad)


def _rising() -> TrendResult:
    rng = np.random.default_rng(4)
    values = np.column_stack([_draw(rng, 3 * np.exp(b * np.arange(26)), 1) for b in (0.1, -0.06, 0.0, -8.0)])
    return Trend().fit(_panel(values, names=("Diyala", "Kirkūk", "Baghdad", "Basra")))


def test_sentence_reads_as_the_duty_officer_would_say_it():
    """The sentence has the region, the word, the figures and the window's last day."""
    result = _rising()
    assert re.fullmatch(
        r"Diyala: rising( fast)?, \+\d+(\.\d+)? % a week \(95 % interval \+\d+(\.\d+)? % to \+\d+(\.\d+)? %\) "
        r"over the 26 weeks to 26 December 2021",
        result.sentence("R0"),
    )
    assert re.fullmatch(
        r"Basra: quiet, not estimated \(too few incidents: \d in 26 weeks\) over the 26 weeks to 26 December 2021",
        result.sentence("R3"),
    )


def test_sentence_and_table_agree():
    """Each figure of each sentence is the table's, to the digits shown, and so is the word."""
    result = _rising()
    for row in result.frame().iloc[:3].to_dict("records"):
        sentence = result.sentence(row["region_id"])
        shown = re.findall(r"([+−])(\d+(?:\.(\d+))?) %", sentence)
        figures = [(-1 if sign == "−" else 1) * float(number) for sign, number, _ in shown]
        half_digit = 0.5 * 10.0 ** -len(shown[0][2]) + 1e-9
        assert figures == pytest.approx(
            [100 * row[name] for name in ("growth", "growth_low", "growth_high")], abs=half_digit
        )
        assert sentence.startswith(f"{row['region']}: {row['direction']}, ")
        end = result.last + timedelta(days=6)
        assert sentence.endswith(f"{end.day} {end:%B %Y}")


def test_sentence_of_a_stranger_is_refused():
    """A region that the panel does not have is named, with those it has."""
    with pytest.raises(OptionError, match="'IQ-XX' is not in this result; it has R0, R1, R2, R3"):
        _rising().sentence("IQ-XX")


def test_frame_columns_and_types():
    """The frame has the documented columns in their order, one row per region in the panel's order."""
    frame = _rising().frame()
    assert frame.columns.tolist() == [
        *("region_id", "region", "weeks", "incidents", "mean", "growth", "growth_low", "growth_high"),
        *("p_growing", "p_value", "q_value", "doubling_weeks", "direction", "note", "season", "dispersion"),
        *("recent", "recent_weeks", "before", "before_weeks", "ratio", "ratio_low", "ratio_high", "ratio_note"),
    ]
    assert frame["region_id"].tolist() == ["R0", "R1", "R2", "R3"]
    estimated = frame.iloc[:3]
    assert estimated["doubling_weeks"].to_numpy() == pytest.approx(log(2) / np.log1p(estimated["growth"]).to_numpy())


SERIES = arrays(float, st.integers(0, 60), elements=st.sampled_from([0.0, 0.0, 1.0, 2.0, 7.0, 300.0, np.nan]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SERIES.filter(len), st.sampled_from(["quasi-poisson", "negative-binomial"]))
def test_any_series_gets_a_row_that_hangs_together(counts, family):
    """Any counts give a documented word, ordered interval and matching p values, without a single warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = _fit(counts, family=family)
    assert row["direction"] in WORDS
    assert np.isnan(row["growth"]) == bool(row["note"])
    if not row["note"]:
        assert row["growth_low"] <= row["growth"] <= row["growth_high"]
        assert row["p_value"] == pytest.approx(2 * min(row["p_growing"], 1 - row["p_growing"]), abs=1e-9)
        excludes_zero = row["growth_low"] > 0 or row["growth_high"] < 0
        assert excludes_zero == (row["p_value"] < 0.05)


@pytest.mark.parametrize("mean", [0.3, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("dispersion", [1, 2, 3])
@pytest.mark.parametrize("growth", [0.0, 0.05, 1 / 1.05 - 1])
def test_interval_covers_and_p_growing_is_calibrated(mean, dispersion, growth):
    """95 % intervals hold the true growth and P(growing) is uniform without one, sparse and busy, smooth and bursty."""
    counts = series(np.random.default_rng([int(10 * mean), dispersion]), 2000, mean, dispersion, growth)
    rate, error, df = slopes(counts)
    chance = student.cdf((rate - np.log1p(growth)) / error, df)
    covered = int((np.abs(chance - 0.5) <= 0.475).sum())
    # One failure in 10,000 at either side; measured with 10,000 series a cell: 94.9 to 97.1 %.
    assert binom.ppf(1e-4, len(counts), 0.95) <= covered <= binom.ppf(1 - 1e-4, len(counts), 0.972)
    # 0.03 of distance, beyond which it is 0.021 at most by measurement, is allowed on top of chance (one in 1,000).
    distance = kstest(chance, "uniform").statistic
    assert distance < 0.03 + 1.95 / len(counts) ** 0.5


def test_q_values_are_those_of_the_judged_regions():
    """Q is Benjamini-Hochberg over the regions with an estimate, as statsmodels has it; the others have none."""
    frame = _rising().frame()
    estimated = frame["note"] == ""
    assert estimated.tolist() == [True, True, True, False]
    expected = multipletests(frame.loc[estimated, "p_value"], method="fdr_bh")[1]
    assert frame.loc[estimated, "q_value"].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert frame.loc[~estimated, "q_value"].isna().all()


def test_without_a_trend_few_regions_seem_sure():
    """In 200 panels of 20 regions without growth, a q of 0.1 or less is met in a tenth of them at most."""
    counts = series(np.random.default_rng(14), 4000, 3.0, 2, 0.0)
    rate, error, df = slopes(counts)
    q_value = q_values((2 * student.sf(np.abs(rate) / error, df)).reshape(200, 20))
    # 20 of 200 are expected at most; 34 have a chance of 1 in 1,000.
    assert (q_value.min(axis=1) <= 0.1).sum() <= 34


def test_summary_names_who_rises_and_how_many_may_be_chance():
    """The summary has every clear region with its growth, the regions judged, and the q-values' account of chance."""
    result = _rising()
    frame = result.frame().set_index("region_id")
    clear = frame[frame["direction"].str.startswith(("rising", "falling"))]
    assert clear.index.tolist() == ["R0", "R1"]
    worst = clear["q_value"].max()
    found = re.fullmatch(
        r"Rising: Diyala \(\+(\d+) % a week\); Falling: .+ \(−(\d+) % a week\) over the 26 weeks to 26 December 2021 "
        r"\(3 of 4 regions judged; (\d) with a q of (\S+ ?\S*) or less, of which (fewer than|at most) (0\.\d) expected to be chance\)\.",
        result.summary(),
    )
    assert found, result.summary()
    assert [int(found[1]), -int(found[2])] == [round(100 * frame.loc[name, "growth"]) for name in ("R0", "R1")]
    number = int((frame["q_value"] <= worst).sum())
    assert int(found[3]) == number
    assert float(found[6]) >= number * worst


def test_summary_of_nothing_clear_says_so():
    """Steady, quiet and unknown regions alone are summed up in one sentence."""
    values = np.column_stack([np.full(26, 0.0), np.full(26, np.nan), np.tile([3.0, 5.0], 13)])
    assert Trend().fit(_panel(values)).summary() == (
        "No region clearly rises or falls over the 26 weeks to 26 December 2021 (1 of 3 regions judged)."
    )

"""Changes in level: the exact posterior, its intervals, what is told and in which words."""

import itertools
import re
from datetime import date
from math import log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.stats import f as fisher
from scipy.stats import gamma

from analytics.errors import InputError, OptionError
from analytics.models.changes import ChangeOptions, Changes
from analytics.models.changes_fit import Posterior, Series, posterior, ratio_interval, scatter
from analytics.models.changes_sentence import rate
from analytics.panel import Panel
from analytics.store import Store
from analytics.weeks import as_date
from tests.benchmarks.bench_trend_calibration import draw

pytest_plugins = ["tests.databases"]

LAST = np.datetime64("2021-12-20")
BREAK = 180


def _panel(values):
    """Panel of *values* (T, R) whose last week is the one of 20 December 2021; NaN is unknown."""
    values = np.asarray(values, dtype=float)
    weeks = LAST - 7 * np.arange(len(values))[::-1]
    ids = tuple(f"R{number}" for number in range(values.shape[1]))
    status = np.isnan(values).astype(np.uint8)
    return Panel(weeks=weeks, region_ids=ids, region_names=ids, values=values, status=status)


def _find(counts, **options) -> pd.DataFrame:
    return Changes(ChangeOptions(**options)).fit(_panel(np.asarray(counts, dtype=float)[:, None])).frame()


def _shift(before=2.0, after=8.0, weeks=260, seed=1):
    rng = np.random.default_rng(seed)
    return rng.poisson(np.where(np.arange(weeks) < BREAK, before, after)).astype(float)


def _series(counts, dispersion=1.0, exposure=None) -> Series:
    counts = np.asarray(counts, dtype=float)
    return Series(counts=counts, exposure=np.ones(len(counts)) if exposure is None else exposure, dispersion=dispersion)


def test_two_weeks_worked_by_hand():
    """0 then 6 incidents: the odds of a change are the prior odds times 3/4 x 1/3 x (7/4)^7."""
    # With a = 1 and b = 1/3: b / (b + 1) x b 6! / (b + 1)^7 with a change, b 6! / (b + 2)^7 without.
    odds = 0.1 / 0.9 * (1 / 3) * (3 / 4) * (7 / 4) ** 7
    found = posterior(_series([0, 6]), chance=0.1, least=1)
    assert found.chance[1] == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert found.without[1, 1] == pytest.approx(1 / (1 + odds), rel=1e-12)
    assert found.likeliest == [1]


def _evidence(counts, exposure, mean, dispersion):
    """Marginal likelihood of one level, by numerical integration over it."""

    def integrand(level):
        tempered = (counts.sum() * log(level) - level * exposure.sum()) / dispersion
        return gamma.pdf(level, 1.0, scale=mean) * np.exp(tempered)

    return quad(integrand, 1e-12, 60, limit=300, epsabs=0, epsrel=1e-9)[0]


def test_posterior_is_the_sum_over_all_divisions():
    """P(change), P(no change within) and the best division are those of a list of every division of nine weeks."""
    counts, exposure = np.array([1, 0, 2, 5, 3, 6, 0, 1, 0.0]), np.linspace(0.8, 1.3, 9)
    size, chance, least, dispersion = 9, 0.05, 2, 1.6
    # The prior mean of a level is that of tempered sums as of plain ones: the dispersion cancels in it.
    mean = counts.sum() / exposure.sum()
    evidence = {
        (a, b): _evidence(counts[a:b], exposure[a:b], mean, dispersion)
        for a, b in itertools.combinations(range(size + 1), 2)
    }
    weights = {}
    for number in range(4):
        for places in itertools.combinations(range(1, size), number):
            edges = [0, *places, size]
            if min(np.diff(edges)) < least:
                continue
            parts = [evidence[pair] for pair in itertools.pairwise(edges)]
            weights[places] = (chance / (1 - chance)) ** number * float(np.prod(parts))
    total = sum(weights.values())
    found = posterior(_series(counts, dispersion, exposure), chance=chance, least=least)
    at = [sum(w for places, w in weights.items() if place in places) / total for place in range(size + 1)]
    # Quadrature is good to about 1e-9.
    assert found.chance == pytest.approx(at, abs=1e-7)
    for low, high in [(1, 8), (2, 4), (5, 7), (3, 3)]:
        none = sum(w for places, w in weights.items() if not any(low <= place <= high for place in places)) / total
        assert found.without[low, high] == pytest.approx(none, abs=1e-7)
    assert tuple(found.likeliest) == max(weights, key=weights.__getitem__)


def test_shortest_run_by_hand():
    """Of all runs that hold a change surely enough the shortest is taken, and of those the likeliest."""
    chance = np.array([0, 0.1, 0.5, 0.3, 0.05, 0.0])
    without = np.ones((6, 6))
    for low in range(1, 5):
        for high in range(low, 5):
            without[low, high] = 1 - chance[low : high + 1].sum()
    found = Posterior(chance=chance, without=without, likeliest=[2])
    assert found.shortest(1, 4, 0.75) == (2, 3)
    assert found.shortest(1, 4, 0.45) == (2, 2)
    assert found.shortest(1, 4, 0.89) == (1, 3)
    assert found.shortest(1, 4, 0.96) is None
    assert found.shortest(3, 4, 0.75) is None


def test_ratio_interval_of_a_known_week_is_the_f_distribution():
    """With the week certain, the interval is that of two gamma levels with Jeffreys' prior: an F distribution."""
    series = _series([1, 2, 3, 9, 8, 7, 9], exposure=np.array([1.0, 1, 1, 0.5, 1, 1, 2]))
    dates = np.zeros(8)
    dates[3] = 1.0
    centre = (33.5 / 4.5) / (6.5 / 3)
    low, high = ratio_interval(series, dates, 0, 7, 0.95)
    # Solved to 1e-6 on the log scale.
    assert [low, high] == pytest.approx(centre * fisher.ppf([0.025, 0.975], 67, 13), rel=1e-5)


def test_an_uncertain_week_widens_the_ratio():
    """Spread over weeks that fit less well, the interval holds the one of the best week."""
    series = _series([1] * 10 + [4] * 10)
    sure, unsure = np.zeros(21), np.zeros(21)
    sure[10], unsure[7:14] = 1.0, 1 / 7
    narrow, wide = (ratio_interval(series, dates, 0, 20, 0.95) for dates in (sure, unsure))
    assert wide[0] < narrow[0]


@pytest.mark.parametrize(("mean", "dispersion"), [(0.2, 1), (0.2, 3), (2, 1), (2, 3), (20, 2)])
def test_scatter_is_recovered_in_spite_of_shifts(mean, dispersion):
    """The variance over mean is found to a quarter on average, with the level shifting by four twice in ten years."""
    rng = np.random.default_rng([int(10 * mean), dispersion])
    level = mean * np.repeat([1.0, 4.0, 1.0], [200, 120, 200])
    found = [scatter(draw(rng, level, dispersion), np.ones(520)) for _ in range(60)]
    # The median of blocks errs upwards where counts are Poisson, since a block's likeness of neighbours is never below 0.
    assert 0.8 * dispersion < np.mean(found) < 1.3 * dispersion


def test_a_shift_is_found_in_its_week():
    """A level of 2 that becomes 8 is one change, its week and ratio inside their intervals, its levels those of the weeks."""
    counts = _shift()
    (row,) = _find(counts, season=False).to_dict("records")
    true = (LAST - 7 * (len(counts) - 1 - BREAK)).item()
    place = BREAK + (row["week"].date() - true).days // 7
    assert row["week_low"].date() <= true <= row["week_high"].date()
    assert abs(place - BREAK) <= 2
    assert row["before"] == pytest.approx(counts[:place].mean(), rel=1e-12)
    assert row["after"] == pytest.approx(counts[place:].mean(), rel=1e-12)
    assert row["ratio"] == pytest.approx(row["after"] / row["before"], rel=1e-12)
    assert row["ratio_low"] < 4 < row["ratio_high"]
    assert row["probability"] >= 0.95
    assert (row["before_weeks"], row["after_weeks"]) == (place, len(counts) - place)


def test_up_and_down_are_two_changes():
    """Two shifts are two changes in time's order, whose intervals do not overlap."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.repeat([1.0, 5.0, 1.0], [100, 60, 100])).astype(float)
    first, second = _find(counts).to_dict("records")
    assert first["after"] == pytest.approx(second["before"])
    assert first["ratio"] > 1 > second["ratio"]
    assert first["week_high"] < second["week_low"]


def test_season_is_not_a_change():
    """A yearly wave of a factor of three is no change once it is taken out, and many where it is not."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(10 * np.exp(0.6 * np.cos(2 * np.pi * np.arange(520) / 52.18))).astype(float)
    assert _find(counts)["note"].str.startswith("no change").all()
    assert len(_find(counts, season=False).dropna(subset="week")) > 4
    assert _find(counts)["season"].tolist() == ["from 10 years"]


def test_one_terrible_week_is_not_a_level():
    """A week of 60 among weeks of 2 is an event: there is no change in level."""
    counts = np.random.default_rng(4).poisson(2.0, 300).astype(float)
    counts[150] = 60
    assert _find(counts)["week"].isna().all()


def test_overdispersion_is_not_taken_for_changes():
    """In 60 series of ten years each, with three times the variance of Poisson, at most 3 changes are found where none is."""
    rng = np.random.default_rng(5)
    frame = Changes().fit(_panel(draw(rng, np.full((520, 60), 5.0), 3))).frame()
    # Measured: 0.01 a series; 4 or more of 60 then have a chance of 1 in 300.
    assert frame["week"].notna().sum() <= 3


def test_intervals_hold_the_true_week():
    """Of 60 shifts by a factor of three at least 50 intervals hold the true week."""
    values = np.column_stack([_shift(1, 3, seed=seed) for seed in range(60)])
    frame = Changes().fit(_panel(values)).frame().dropna(subset="week")
    true = pd.Timestamp((LAST - 7 * (len(values) - 1 - BREAK)).astype("datetime64[s]"))
    near = frame[(frame["week"] - true).abs() < pd.Timedelta(weeks=52)]
    held = int(((near["week_low"] <= true) & (near["week_high"] >= true)).sum())
    # 95 % of 60 is 57; 49 or fewer have a chance of 1 in 2,000.
    assert held >= 50


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ([0] * 300, "quiet, too few incidents (0 in 300 weeks, 8 needed)"),
        ([0] * 299 + [3], "quiet, too few incidents (3 in 300 weeks, 8 needed)"),
        ([0] * 150 + [50] + [0] * 149, "quiet, too few incidents (0 in 299 weeks, 8 needed)"),
        ([5] * 20, "unknown, too few known weeks (20 of 520, 26 needed)"),
        ([np.nan] * 100, "unknown, too few known weeks (0 of 520, 26 needed)"),
        ([1, 0] * 100, "no change in level found in 200 weeks with 100 incidents"),
        ([1, np.nan] * 100, "no change in level found in 100 known weeks with 100 incidents"),
    ],
)
def test_a_region_without_a_change_says_why(counts, note):
    """Short, sparse, all-zero, unknown and steady series have one row without numbers, and its reason as a sentence."""
    result = Changes().fit(_panel(np.asarray(counts, dtype=float)[:, None]))
    (row,) = result.frame().to_dict("records")
    assert row["note"] == note
    assert pd.isna(row["week"])
    assert np.isnan([row[name] for name in ("probability", "before", "after", "ratio", "ratio_low")]).all()
    assert result.sentences() == [row["sentence"]] == [f"R0: {note} until 26 December 2021."]


def test_an_interval_reaches_over_unknown_weeks():
    """Where the level changed during weeks that are unknown, the interval has them all."""
    counts = np.r_[np.full(100, 1.0), np.full(20, np.nan), np.full(100, 30.0)]
    panel = _panel(counts[:, None])
    (row,) = Changes().fit(panel).frame().to_dict("records")
    assert row["week"].date() == as_date(panel.weeks[120])
    assert row["week_low"].date() == as_date(panel.weeks[100])
    assert row["week_high"].date() == as_date(panel.weeks[120])


@pytest.mark.parametrize(("before", "after", "words"), [(0, 6, "at least ×"), (6, 0, "at most ×")])
def test_a_level_of_zero_has_one_bound(before, after, words):
    """From or to no incidents at all the ratio has one bound, and the sentence says no more."""
    result = Changes().fit(_panel(np.repeat([before, after], 60)[:, None]))
    (row,) = result.frame().to_dict("records")
    assert (
        (row["ratio"], row["ratio_high"]) == (np.inf, np.inf)
        if before == 0
        else (row["ratio"], row["ratio_low"]) == (0, 0)
    )
    assert words in row["sentence"]
    assert "inf" not in row["sentence"]


def test_each_sentence_is_its_row():
    """Region, direction, levels, ratio, its interval, the week and its interval are the table's, to the digits shown."""
    rng = np.random.default_rng(6)
    values = np.column_stack(
        [rng.poisson(np.repeat(levels, 100)).astype(float) for levels in ([1, 4, 0.5], [0.2, 2, 12], [20, 8, 8])]
    )
    frame = Changes().fit(_panel(values)).frame()
    assert len(frame) >= 5
    for row in frame.to_dict("records"):
        found = re.fullmatch(
            r"(R\d): the level (rose|fell) from (\S+) to (\S+) incidents a week \(×(\S+), 95 % interval (\S+) to (\S+)\)"
            r" in the week of (.+?) \(95 % interval (.+)\)\.",
            row["sentence"],
        )
        assert found, row["sentence"]
        name, verb, before, after, ratio, low, high, week, span = found.groups()
        assert name == row["region"]
        assert verb == ("rose" if row["after"] > row["before"] else "fell")
        assert (before, after) == (rate(row["before"]), rate(row["after"]))
        # Two digits are shown, or two decimals below 1.
        shown = [float(figure) for figure in (ratio, low, high)]
        assert shown == pytest.approx([row[name] for name in ("ratio", "ratio_low", "ratio_high")], rel=0.05, abs=0.005)
        assert pd.to_datetime(week, format="%d %B %Y") == row["week"]
        _check_span(span, row)


def _check_span(span: str, row: dict) -> None:
    if row["week_low"] == row["week_high"]:
        assert span == "that week alone"
        return
    low, high = span.split(" to ")
    high_day = pd.to_datetime(high, format="%d %B %Y")
    low_day = pd.to_datetime(low if low[-4:].isdigit() else f"{low} {high_day.year}", format="%d %B %Y")
    assert (low_day, high_day) == (row["week_low"], row["week_high"])


def test_a_stranger_and_a_missing_week_are_refused():
    """A region or week that is not there, and a negative count, are refused with what there is."""
    result = Changes().fit(_panel(_shift()[:, None]))
    assert len(result.sentences("R0")) == 1
    with pytest.raises(OptionError, match="'IQ-XX' is not in this result; it has R0"):
        result.sentences("IQ-XX")
    with pytest.raises(OptionError, match="last must be the first day of a week"):
        Changes().fit(_panel(np.ones((30, 1))), last=date(2021, 12, 21))
    with pytest.raises(InputError, match="a change in level needs counts"):
        _find([1] * 30 + [-1])


@pytest.mark.parametrize(
    "bad",
    [
        {"level": 95},
        {"window": 5001},
        {"window": 20},
        {"every": 1},
        {"lasting": 0},
        {"lasting": 14},
        {"min_weeks": 2},
        {"min_incidents": 0},
    ],
)
def test_options_that_cannot_be_used_are_refused(bad):
    """Every unusable option raises OptionError with its name and value."""
    ((name, value),) = bad.items()
    with pytest.raises(OptionError, match=rf"{name}.*{value}"):
        ChangeOptions(**bad)


def test_permuting_and_adding_regions_changes_no_other():
    """Regions are independent: order and company change nothing."""
    values = np.column_stack([_shift(seed=seed) for seed in range(4)])
    plain = Changes().fit(_panel(values)).frame().drop(columns=["region_id", "region", "sentence"])
    turned = Changes().fit(_panel(values[:, ::-1])).frame()
    turned = turned.iloc[::-1].reset_index(drop=True).drop(columns=["region_id", "region", "sentence"])
    assert len(plain) == 4
    pd.testing.assert_frame_equal(plain, turned)


def test_later_weeks_change_nothing():
    """Changes up to a week are the same whatever happened afterwards."""
    counts = _shift()
    later = counts.copy()
    later[-20:] = 99.0
    panel = _panel(counts[:, None])
    last = as_date(panel.weeks[-21])
    then, now = (Changes().fit(_panel(values[:, None]), last=last).frame() for values in (counts, later))
    pd.testing.assert_frame_equal(then, now)
    assert Changes().fit(panel, last=last).last == last


def test_time_backwards_has_the_same_changes():
    """Read backwards, the same levels are found, and the ratio is the inverse."""
    counts = _shift(1, 5)
    ahead, back = (_find(values, season=False).iloc[0] for values in (counts, counts[::-1]))
    assert back["ratio"] == pytest.approx(1 / ahead["ratio"], rel=1e-9)
    # Solved to 1e-6 on the log scale.
    assert back["ratio_low"] == pytest.approx(1 / ahead["ratio_high"], rel=1e-4)
    assert back["before_weeks"] == ahead["after_weeks"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(arrays(float, st.integers(1, 80), elements=st.sampled_from([0.0, 0.0, 1.0, 2.0, 7.0, 300.0, np.nan])))
def test_any_series_gets_rows_that_hang_together(counts):
    """Any counts give ordered intervals and a sentence without a word that is not a number."""
    for row in _find(counts).to_dict("records"):
        assert pd.isna(row["week"]) == bool(row["note"])
        assert not re.search(r"\bnan\b|\binf\b|NaT", row["sentence"])
        if not row["note"]:
            assert row["week_low"] <= row["week"] <= row["week_high"]
            assert row["probability"] >= 0.95 - 1e-9
            assert row["ratio_low"] <= row["ratio_high"]


def test_june_2014_is_found_where_it_happened(iraq: Path):
    """In UCDP's Iraq until 2014, Nineveh and Diyala rose as Mosul fell, Anbar half a year before, Salah al-Din a year, the south not."""
    with Store(iraq, read_only=True) as store:
        panel = Panel.from_store(store, to=date(2014, 12, 28))
    frame = Changes().fit(panel).frame().set_index("region_id")
    june = frame[(frame["week"] >= "2014-06-01") & (frame["week"] < "2014-07-01")]
    assert sorted(june.index) == ["IQ-DI", "IQ-NI"]
    assert (june["ratio_low"] > 2).all()
    assert frame.loc["IQ-SD", "week"].max() == pd.Timestamp("2013-05-20")
    nineveh = frame.loc["IQ-NI"].iloc[-1]
    assert nineveh["week"] == pd.Timestamp("2014-06-02")
    assert nineveh["ratio_low"] > 4
    anbar = frame.loc["IQ-AN"].iloc[-1]
    assert anbar["week"] == pd.Timestamp("2013-12-30")
    assert frame.loc[["IQ-MA", "IQ-MU", "IQ-QA", "IQ-NA"], "week"].isna().all()

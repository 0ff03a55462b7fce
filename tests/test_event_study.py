"""Event studies: worked cases, independent implementations, windows and contamination, placebo dates, the sentence."""

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import beta, norm, poisson
from scipy.stats import t as student

from analytics.errors import InputError, OptionError
from analytics.figures.study import study_figure
from analytics.models.event_effect import average, clustered_error, intervals, shape, signed_root
from analytics.models.event_fit import Rows, covariance, dispersion, fit, fit_family
from analytics.models.event_rows import independent, placebo_p, run_length
from analytics.models.event_season import Seasons, seasons
from analytics.models.event_sentence import figure, things
from analytics.models.event_study import EventStudy, StudyEvent, StudyOptions, StudyResult
from analytics.models.event_window import Series, block, expect, placebo_positions, position_of, window
from analytics.models.trend_season import fit_season
from analytics.panel import Panel

FIRST = np.datetime64("2015-01-05")  # a Monday
PLAIN = {"harmonics": 0, "errors": "model"}


def make_panel(values, ids=None, names=None):
    """Panel of *values* (T, R) from the first Monday of 2015; NaN is unknown."""
    values = np.asarray(values, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    ids = ids or tuple(f"R{number}" for number in range(values.shape[1]))
    status = np.isnan(values).astype(np.uint8)
    weeks = FIRST + 7 * np.arange(len(values))
    return Panel(weeks=weeks, region_ids=ids, region_names=names or ids, values=values, status=status)


def at(week, days=2, event_id="event", **given):
    """An event *days* after the Monday of row *week*."""
    day = (FIRST + 7 * week + days).astype(object)
    return StudyEvent(event_id=event_id, starts_on=day, **given)


def study(values, events, *, others=None, regions=(), against=(), **options) -> StudyResult:
    """The study of *events* in a panel of *values*."""
    listed = events if isinstance(events, list) else [events]
    panel = values if isinstance(values, Panel) else make_panel(values)
    return EventStudy(StudyOptions(**options)).fit(panel, listed, others=others, regions=regions, against=against)


def term(result, name, scope="total", event=None):
    """The one row of *name*."""
    frame = result.frame()
    rows = frame[(frame["term"] == name) & (frame["scope"] == scope)]
    rows = rows if event is None else rows[rows["event"] == event]
    assert len(rows) == 1
    return rows.iloc[0]


def counts(weeks=312, mean=4.0, size=2.0, seed=1):
    """Overdispersed counts around *mean*."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(size, np.broadcast_to(mean, weeks) / size)).astype(float)


def test_a_doubling_worked_by_hand():
    """Two a week for a year, then four: the ratio is 2, with the interval that paper and pencil give."""
    values = np.r_[np.full(52, 2.0), 9.0, np.full(26, 4.0)]
    row = term(study(values, at(52), **PLAIN), "after")
    assert (row["observed"], row["weeks"]) == (104, 26)
    assert row["expected"] == pytest.approx(52, rel=1e-9)
    assert row["rate_ratio"] == pytest.approx(2, rel=1e-9)
    # Both totals are 104, so log 2 has the variance 1/104 + 1/104; a likelihood interval is within 1 % of it here.
    half = student.ppf(0.975, 51) * np.sqrt(2 / 104)
    assert row["low"] == pytest.approx(2 * np.exp(-half), rel=0.01)
    assert row["high"] == pytest.approx(2 * np.exp(half), rel=0.01)
    assert term(study(values, at(52), **PLAIN), "level")["rate_ratio"] == pytest.approx(2, rel=1e-8)
    assert term(study(values, at(52), **PLAIN), "slope")["rate_ratio"] == pytest.approx(1, rel=1e-8)


def test_level_and_slope_are_the_segmented_regression_of_statsmodels():
    """With a trend and no season, level, slope and errors are a formula fit's of the whole series."""
    values = counts(300, 3 + 0.02 * np.arange(300))
    values[201:] = counts(99, 9.0, seed=2)
    result = study(values, at(200), before=104, trend=True, lead=0, **PLAIN)
    rows = np.r_[96:200, 201:227]  # the event's own week, 200, is left out
    data = pd.DataFrame({"y": values[rows], "t": rows - 200.0, "post": (rows > 200).astype(float)})
    data["since"] = data["post"] * (data["t"] - 1)
    early = smf.glm("y ~ t", data[data["post"] == 0], family=sm.families.Poisson()).fit(tol=1e-12)
    peer = smf.glm("y ~ t + post + since", data, family=sm.families.Poisson()).fit(tol=1e-12)
    phi = early.pearson_chi2 / early.df_resid
    assert phi > 1
    for name, own in (("level", "post"), ("slope", "since")):
        row = term(result, name)
        # Both iterate to about 1e-10 on the log scale.
        assert np.log(row["rate_ratio"]) == pytest.approx(peer.params[own], abs=1e-8)
        error = np.sqrt(phi * peer.normalized_cov_params.loc[own, own])
        half = student.ppf(0.975, early.df_resid) * error
        assert np.log(row["high"]) == pytest.approx(peer.params[own] + half, abs=1e-7)
        assert row["p_value"] == pytest.approx(2 * student.sf(abs(peer.params[own]) / error, early.df_resid), rel=1e-5)


def random_rows(dates=5, weeks=80, trials=False, seed=3):
    """Rows of random counts, designs and gaps."""
    rng = np.random.default_rng(seed)
    design = np.concatenate([np.ones((dates, weeks, 1)), rng.normal(size=(dates, weeks, 2))], axis=2)
    offset = rng.normal(scale=0.3, size=(dates, weeks))
    mean = np.exp(offset + design @ np.array([0.7, 0.4, -0.3]))
    size = rng.poisson(9, size=(dates, weeks)).astype(float) if trials else None
    share = mean / (1 + mean)
    noisy = mean * rng.gamma(2, 0.5, size=mean.shape)
    values = rng.poisson(noisy) if size is None else rng.binomial(size.astype(int), share)
    return Rows(
        counts=values.astype(float), design=design, use=rng.random(mean.shape) > 0.1, offset=offset, trials=size
    )


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_the_batched_fit_is_statsmodels_date_by_date(alpha):
    """Coefficients and inverse information are statsmodels' to 1e-8, Poisson and negative binomial alike."""
    rows = random_rows()
    made = fit(rows, alpha=np.full(5, alpha))
    family = sm.families.NegativeBinomial(alpha=alpha) if alpha else sm.families.Poisson()
    assert made.ok.all()
    for number in range(5):
        use = rows.use[number]
        peer = sm.GLM(
            rows.counts[number][use], rows.design[number][use], family=family, offset=rows.offset[number][use]
        ).fit(tol=1e-13)
        assert made.coefficients[number] == pytest.approx(peer.params, abs=1e-8)
        assert made.bread[number] == pytest.approx(peer.normalized_cov_params, rel=1e-6)


def test_the_batched_share_fit_is_statsmodels_binomial():
    """With trials, coefficients and inverse information are those of a binomial regression with log odds."""
    rows = random_rows(trials=True)
    made = fit(rows)
    for number in range(5):
        use = rows.use[number] & (rows.trials[number] > 0)
        both = np.column_stack([rows.counts[number], rows.trials[number] - rows.counts[number]])[use]
        peer = sm.GLM(
            both, rows.design[number][use], family=sm.families.Binomial(), offset=rows.offset[number][use]
        ).fit(tol=1e-13)
        assert made.coefficients[number] == pytest.approx(peer.params, abs=1e-8)
        assert made.bread[number] == pytest.approx(peer.normalized_cov_params, rel=1e-6)


def test_hac_is_statsmodels_newey_west():
    """Errors *hac* are statsmodels' HAC covariance with four lags and the small-sample factor T / (T - P)."""
    rows = random_rows(weeks=100)
    rows = Rows(counts=rows.counts, design=rows.design, use=np.ones_like(rows.use), offset=rows.offset)
    made = covariance(rows, fit(rows), "hac")
    for number in range(5):
        model = sm.GLM(
            rows.counts[number], rows.design[number], family=sm.families.Poisson(), offset=rows.offset[number]
        )
        peer = model.fit(tol=1e-13, cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False})
        assert made[number] == pytest.approx(np.asarray(peer.cov_params()) * 100 / 97, rel=1e-6)


def test_the_negative_binomial_alpha_makes_pearson_its_degrees_of_freedom():
    """Family negative-binomial leaves no overdispersion: Pearson's chi2 is the degrees of freedom (to the 1e-3 it iterates to)."""
    rows = random_rows(weeks=200)
    made = fit_family(rows, "negative-binomial")
    variance = made.mean + made.alpha[:, None] * made.mean**2
    pearson = ((rows.counts - made.mean) ** 2 / variance * rows.use).sum(axis=1)
    assert (made.alpha > 0.1).all()
    assert pearson == pytest.approx(rows.use.sum(axis=1) - 3, rel=1e-3)


def test_dispersion_is_pearsons():
    """Without serial inflation the dispersion is Pearson's chi2 over its degrees of freedom, and never below 1."""
    rows = random_rows()
    even = Rows(
        counts=np.full_like(rows.counts, 3.0), design=rows.design[:, :, :1], use=rows.use, offset=0 * rows.offset
    )
    assert dispersion(even, fit(even), "model") == pytest.approx(1)
    use = rows.use[0]
    peer = sm.GLM(
        rows.counts[0][use], rows.design[0][use], family=sm.families.Poisson(), offset=rows.offset[0][use]
    ).fit(tol=1e-13)
    assert dispersion(rows, fit(rows), "model")[0] == pytest.approx(peer.pearson_chi2 / peer.df_resid, rel=1e-8)


def test_the_statistic_is_a_profile_likelihood_ratio():
    """T^2 is what a general optimiser finds for the profile over what the expectation may be off by."""
    values = counts()
    seen = window(make_panel(values).weeks, at(250), (), StudyOptions(harmonics=0))
    made = average(
        [block(Series(weeks=make_panel(values).weeks, counts=values), np.array([251]), seen, StudyOptions(harmonics=0))]
    )
    for ratio in (-0.5, 0.1, 1.0):

        def loss(off, ratio=ratio):
            mean = made.expected[0] * np.exp(ratio + off)
            peak = made.observed[0] * np.log(made.observed[0]) - made.observed[0]
            return 2 * (peak - made.observed[0] * np.log(mean) + mean) / made.scale[0] + off**2 / made.doubt[0]

        best = minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
        assert signed_root(made, np.array([ratio]))[0] ** 2 == pytest.approx(best.fun, rel=1e-6, abs=1e-9)


def test_the_season_is_that_of_the_trend_model():
    """Coefficients of the batched season are those of `fit_season` on the same weeks."""
    panel = make_panel(counts(300, 6 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(300) / 52.18))))
    series = panel.values[:, 0]
    made = seasons(panel.weeks, series, np.array([250, 280]), StudyOptions())
    for number, end in enumerate((250, 280)):
        peer = fit_season(panel.weeks[: end + 1], series[: end + 1], cycles=1)
        # statsmodels stops at 1e-8 in the deviance.
        assert made.coefficients[number] == pytest.approx(peer.coefficients, abs=1e-6)
    assert np.hypot(*made.coefficients[0]) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("days", "first"), [(0, 10), (1, 11), (6, 11)])
def test_week_one_begins_on_or_after_the_event(days, first):
    """Week 1 is the event's own week only where the event falls on its first day; else that week is week 0, left out."""
    panel = make_panel(np.ones(40))
    event = at(10, days)
    assert position_of(panel.weeks, event.starts_on) == first
    seen = window(panel.weeks, event, (), StudyOptions(harmonics=0))
    assert int(seen.before[-1]) == (0 if days == 0 else -1)
    assert position_of(panel.weeks, date(2014, 12, 30)) == 0
    assert position_of(panel.weeks, date(2014, 12, 28)) == -1


def test_the_events_own_week_and_anticipation_count_on_neither_side():
    """What happens in the event's week, and in weeks that may know of it, changes neither expectation nor average."""
    values = counts()
    changed = values.copy()
    changed[198:201] = 50
    plain, other = (study(one, at(200), anticipation=2, placebo=0) for one in (values, changed))
    for name in ("after", "level", "slope"):
        assert term(plain, name)["rate_ratio"] == pytest.approx(term(other, name)["rate_ratio"], rel=1e-12)
    assert term(other, "week -1")["observed"] == 50


def test_weeks_after_a_later_event_are_null_and_say_so():
    """From a later dated event's week on nothing counts, its name stands beside the null, and *keep* keeps it."""
    values = counts()
    later = at(206, event_id="later", name="Battle", kind="operation")
    result = study(values, at(200), others=[later])
    assert term(result, "after")["weeks"] == 5
    assert "weeks 6 to 26 not counted: after Battle of 2018-12-19" in term(result, "after")["note"]
    row = term(result, "week 6")
    assert np.isnan(row["rate_ratio"])
    assert row["note"] == "after Battle of 2018-12-19"
    assert not np.isnan(term(result, "week 5")["rate_ratio"])
    assert term(study(values, at(200), others=[later], later="keep"), "after")["weeks"] == 26


def test_an_event_elsewhere_cuts_nothing():
    """A later event that concerns other regions leaves all weeks in."""
    values = np.column_stack([counts(), counts(seed=5)])
    later = at(206, event_id="later", regions=("R1",))
    assert term(study(values, at(200), others=[later], regions=("R0",)), "after")["weeks"] == 26


def test_weeks_outside_the_data_are_null_and_say_so():
    """An event near the end has fewer weeks; one beyond it has a reason in place of numbers."""
    near = study(counts(), at(300))
    assert term(near, "after")["weeks"] == 11
    assert term(near, "week 12")["note"] == "outside the data"
    beyond = study(counts(), at(400))
    assert np.isnan(term(beyond, "after")["rate_ratio"])
    assert "no whole week after it can be counted: outside the data" in term(beyond, "after")["note"]
    assert "cannot be said" in beyond.sentence()


def test_unknown_weeks_are_dropped_and_counted():
    """Unknown weeks before are left out and counted in the note; unknown ones after are null."""
    values = counts()
    values[150:155] = np.nan
    values[203] = np.nan
    result = study(values, at(200))
    assert "5 unknown weeks before left out" in term(result, "after")["note"]
    assert term(result, "after")["weeks"] == 25
    assert term(result, "week 3")["note"] == "unknown"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.r_[np.zeros(190), np.ones(60)], "too few incidents before: 10 in 52 weeks"),
        (np.zeros(250), "too few incidents before: 0 in 52 weeks, 10 needed"),
        (np.where(np.arange(250) == 180, 30.0, 0.0), "too few weeks with incidents before: 1"),
        (np.r_[np.full(165, np.nan), np.ones(85)], "too few known weeks before: 35, 39 needed"),
    ],
    ids=["late", "none", "one week", "unknown"],
)
def test_too_little_is_said_in_words(values, reason):
    """Where nothing can be expected, numbers are null, and the note and the sentence say why."""
    result = study(values, at(200), min_incidents=11 if "10 in" in reason else 10)
    row = term(result, "after")
    assert np.isnan(row["rate_ratio"])
    assert reason in row["note"]
    assert result.sentence().startswith("What followed")
    assert row["note"] in result.sentence()


def test_nothing_after_has_an_upper_end():
    """Where nothing came although some was expected, the ratio is 0 with a finite upper end, and no level is claimed."""
    values = counts()
    values[201:] = 0
    result = study(values, at(200))
    row = term(result, "after")
    assert (row["rate_ratio"], row["low"]) == (0, 0)
    assert 0 < row["high"] < 0.2
    assert row["p_value"] < 0.001
    assert np.isnan(term(result, "level")["rate_ratio"])


def test_placebo_dates_avoid_the_event_and_other_events():
    """No admissible window meets the studied weeks, nor its weeks after another event's; the rest are counted."""
    panel = make_panel(counts(400))
    options = StudyOptions()
    seen = window(panel.weeks, at(300), (), options)
    other = at(150, event_id="other")
    dates = placebo_positions(panel.weeks, seen, [seen], (other,), options)
    everything = set(range(53, 375)) - {301}
    assert set(dates.admissible) | set(dates.left_out) == everything
    assert not set(dates.admissible) & set(dates.left_out)
    for position in dates.admissible:
        whole, own = set(range(position - 53, position + 26)), set(range(position - 1, position + 26))
        assert not whole & set(range(300, 327))
        assert not own & set(range(150, 177))
    assert {200, 100} <= set(dates.admissible)
    assert {150, 290, 340} <= set(dates.left_out)


def test_placebo_p_is_the_rank_among_other_dates():
    """The p is (c + dates with an effect as large) / (c + dates), dates being studied one by one, c of them alike."""
    values, short = counts(125, 3.0, seed=6), {"lead": 0, "after": 13}
    own = term(study(values, at(105), **short), "after")
    ahead = range(
        52, 105 - 13
    )  # the first event whose window fits in the data, to the last that ends ahead of the event
    others = [term(study(values, at(week), placebo=0, **short), "after")["p_value"] for week in ahead]
    # Statistics rank as p-values do where degrees of freedom are the same, as they are here.
    as_large = sum(p <= own["p_value"] for p in others)
    assert own["p_value"] < 0.5
    assert 0 < own["larger_dates"] == as_large < len(others)
    assert own["placebo_dates"] == len(others)
    alike = own["placebo_dates"] / own["independent_dates"]
    assert own["p_placebo"] == pytest.approx((alike + as_large) / (alike + len(others)), abs=1e-12)


def test_dates_that_come_out_alike_count_as_fewer():
    """Runs of five alike are worth a fifth, independent ones all (to their chance), and without runs p is the plain rank."""
    rng = np.random.default_rng(8)
    plain = rng.normal(size=4000)
    assert run_length(plain) == pytest.approx(1, abs=0.1)
    assert run_length(np.repeat(plain[:800], 5)) == pytest.approx(5, abs=0.7)
    assert run_length(np.r_[plain[:5], np.nan]) == 1
    assert placebo_p(3.0, np.array([1.0, -4.0, 2.0, np.nan])) == 2 / 4
    assert placebo_p(3.0, np.array([1.0, -4.0, 2.0]), worth=1.5) == pytest.approx(3 / 5)
    assert placebo_p(3.0, np.array([1.0, -4.0, 2.0]), worth=99) == 2 / 4
    assert independent(np.r_[np.repeat(plain[:800], 5), np.nan]) == pytest.approx(800, rel=0.15)
    assert np.isnan(placebo_p(3.0, np.array([np.nan])))


def test_early_and_late_weeks_worked_by_hand():
    """Two a week for a year, then eight for four weeks and three after them: 4 times at first, 1.5 times later."""
    values = np.r_[np.full(52, 2.0), 9.0, np.full(4, 8.0), np.full(22, 3.0)]
    result = study(values, at(52), **PLAIN)
    early, late = term(result, "early"), term(result, "late")
    assert (early["weeks"], early["observed"], late["weeks"], late["observed"]) == (4, 32, 22, 66)
    assert early["rate_ratio"] == pytest.approx(4, rel=1e-9)
    assert late["rate_ratio"] == pytest.approx(1.5, rel=1e-9)
    assert "; in the first 4 weeks 4.0 times (" in result.sentence()
    assert term(study(values, at(52), early=2, **PLAIN), "early")["observed"] == 16


def test_no_week_later_than_the_first_is_said():
    """Where a later event leaves no week behind the first ones, late is null and says so, and the sentence is silent on it."""
    later = at(203, event_id="later")
    result = study(counts(), at(200), others=[later])
    assert "none of these weeks counts" in term(result, "late")["note"]
    assert term(result, "early")["rate_ratio"] == term(result, "after")["rate_ratio"]
    assert "in the first 4 weeks" not in result.sentence()


@pytest.mark.parametrize(("before", "after"), [(40, 12), (60, 60), (120, 3), (52, 0), (20, 45)])
def test_the_interval_is_about_the_exact_conditional_one(before, after):
    """Where weeks are no more than Poisson, the interval is the exact one of two Poisson totals to a tenth of its width.

    Given the sum of both totals the later one is binomial, so that Clopper & Pearson's bounds of its share are bounds
    of the ratio (Przyborowski & Wilenski 1940).
    """
    values = np.zeros(79)
    values[:52] = np.bincount(np.arange(before) % 52, minlength=52)
    values[53:] = np.bincount(np.arange(after) % 26, minlength=26)
    row = term(study(values, at(52), min_incidents=5, **PLAIN), "after")
    tail = student.sf(student.ppf(0.975, 51), 51)
    tail = norm.sf(student.isf(tail, 51))
    low = beta.ppf(tail, after, before + 1) if after else 0.0
    high = beta.isf(tail, after + 1, before)
    exact = [2 * share / (1 - share) for share in (low, high)]
    width = np.log(exact[1]) - np.log(exact[0] if after else 1 / 52)
    assert np.log(row["high"]) == pytest.approx(np.log(exact[1]), abs=0.1 * width)
    assert row["low"] == 0 if not after else np.log(row["low"]) == pytest.approx(np.log(exact[0]), abs=0.1 * width)


def test_a_single_week_of_few_incidents_is_not_called_unusual_too_often():
    """With 2.5 expected for sure, the interval holds the truth in 95 % of Poisson weeks at least (without the half: 92 %)."""
    held = 0.0
    for count in range(30):
        made = block_of(np.full(2000, 2.5), float(count))
        low, high = intervals(made, [np.full(1, 1.96)])[0]
        held += poisson.pmf(count, 2.5) * (low[0] <= 0 <= high[0])
    assert 0.95 <= held < 0.99


def block_of(before, count):
    """The average of one week of *count* incidents beside weeks *before* it, without season."""
    shape = (1, len(before))
    rows = Rows(
        counts=before[None, :], design=np.ones((*shape, 1)), use=np.ones(shape, dtype=bool), offset=np.zeros(shape)
    )
    one = Rows(
        counts=np.array([[count]]), design=np.ones((1, 1, 1)), use=np.ones((1, 1), dtype=bool), offset=np.zeros((1, 1))
    )
    none = Seasons(coefficients=np.zeros((1, 0)), covariance=np.zeros((1, 0, 0)))
    return average([expect(rows, one, np.ones(1, dtype=bool), none, StudyOptions(errors="model"))])


def test_intervals_and_p_values_agree():
    """An interval excludes no change exactly where the p-value is below 5 %, for every term of many studies."""
    values = np.column_stack([counts(400, 3.0 + number, seed=number) for number in range(4)])
    for week in (150, 200, 260, 300):
        frame = study(values, at(week), placebo=0).frame().dropna(subset=["rate_ratio", "p_value"])
        outside = (frame["low"] > 1) | (frame["high"] < 1)
        assert (outside == (frame["p_value"] < 0.05)).all()


def clustered_peer(frame, columns):
    """Poisson regression of *frame* by statsmodels with errors clustered by region, in our small-sample factor."""
    model = smf.glm(f"y ~ {columns}", frame, family=sm.families.Poisson(), offset=np.log(frame["expected"]))
    made = model.fit(tol=1e-13, cov_type="cluster", cov_kwds={"groups": frame["region"], "use_correction": False})
    regions = frame["region"].nunique()
    return made.params, made.cov_params() * regions / (regions - 1)


def test_pooled_errors_are_statsmodels_clustered_ones():
    """Average, level and slope over regions, with the expectations given, are a formula fit's with cov_type cluster."""
    values = np.column_stack([counts(312, 3.0 + number, seed=number) for number in range(6)])
    panel = make_panel(values)
    options = StudyOptions(harmonics=0)
    seen = window(panel.weeks, at(250), (), options)
    blocks = [
        block(Series(weeks=panel.weeks, counts=one), np.array([251]), seen, options).weeks(slice(1, None))
        for one in values.T
    ]
    parts = [
        pd.DataFrame(
            {
                "y": one.rows.counts[0],
                "expected": np.exp(one.rows.offset[0]),
                "region": number,
                "since": np.arange(26.0),
            }
        )
        for number, one in enumerate(blocks)
    ]
    frame = pd.concat(parts, ignore_index=True)
    params, covariances = clustered_peer(frame, "1")
    assert average(blocks).estimate[0] == pytest.approx(params["Intercept"], abs=1e-8)
    assert clustered_error(blocks)[0] == pytest.approx(np.sqrt(covariances.iloc[0, 0]), rel=1e-6)
    params, covariances = clustered_peer(frame, "since")
    made = shape(blocks, np.arange(1.0, 27.0), clustered=True)
    assert made.estimate[0] == pytest.approx(params.to_numpy(), abs=1e-8)
    assert made.error[0] == pytest.approx(np.sqrt(np.diag(covariances)), rel=1e-6)


def test_a_negative_binomial_study_is_the_formula_fit():
    """Expected total and ratio of family negative-binomial are a formula fit's with the same alpha."""
    values = counts(300, 5.0, size=1.0)
    options = StudyOptions(harmonics=0, family="negative-binomial", errors="model", trend=True, before=104)
    panel = make_panel(values)
    seen = window(panel.weeks, at(200), (), options)
    made = block(Series(weeks=panel.weeks, counts=values), np.array([201]), seen, options)
    data = pd.DataFrame({"y": values[96:200], "t": seen.before - seen.before.mean()})
    peer = smf.glm("y ~ t", data, family=sm.families.NegativeBinomial(alpha=made.alpha[0])).fit(tol=1e-13)
    assert made.alpha[0] > 0.3
    after = pd.DataFrame({"t": seen.after - seen.before.mean()})
    # Both iterate to about 1e-10 on the log scale.
    assert np.exp(made.rows.offset[0]) == pytest.approx(peer.predict(after).to_numpy(), rel=1e-7)
    assert peer.pearson_chi2 == pytest.approx(peer.df_resid, rel=1e-3)


def test_level_and_slope_are_what_a_general_optimiser_finds():
    """Level and slope maximise the Poisson likelihood given the expectation: scipy finds the same to 1e-5."""
    values = counts(312, 6.0)
    result = study(values, at(250), harmonics=0)
    frame = result.frame()
    weeks = frame[frame["k"].notna() & (frame["k"] >= 1)]
    since = weeks["k"].to_numpy(dtype=float) - 1

    def loss(both):
        eta = np.log(weeks["expected"].to_numpy()) + both[0] + both[1] * since
        return np.sum(np.exp(eta) - weeks["observed"].to_numpy() * eta)

    best = minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-9})
    assert np.log(term(result, "level")["rate_ratio"]) == pytest.approx(best.x[0], abs=1e-5)
    assert np.log(term(result, "slope")["rate_ratio"]) == pytest.approx(best.x[1], abs=1e-5)


def test_a_large_effect_has_the_smallest_placebo_p():
    """A sixfold rise has as small a p as its placebo dates allow, and is recovered within its interval."""
    values = counts(400, np.where(np.arange(400) > 300, 18.0, 3.0))
    row = term(study(values, at(300)), "after")
    assert row["larger_dates"] == 0
    assert row["p_placebo"] == pytest.approx(1 / (1 + row["independent_dates"]))
    assert row["low"] < 6 < row["high"]
    assert 1 < row["wide_low"] <= row["low"]
    assert row["wide_high"] >= row["high"]


def test_stacked_events_pool_their_totals():
    """The stacked ratio is all observed over all expected; its placebo p comes from tuples of dates, redrawn by seed."""
    values = counts(500, 4.0)
    events = [at(120, event_id="a"), at(300, event_id="b", days=0), at(440, event_id="c")]
    result = study(values, events, placebo=199)
    singles = [term(result, "after", event=name) for name in "abc"]
    row = term(result, "after", event="stacked")
    assert row["observed"] == sum(one["observed"] for one in singles)
    assert row["expected"] == pytest.approx(sum(one["expected"] for one in singles), rel=1e-12)
    assert row["rate_ratio"] == pytest.approx(row["observed"] / row["expected"], rel=1e-12)
    assert row["placebo_dates"] == 199
    assert term(study(values, events, placebo=199, seed=2), "after", event="stacked")["p_placebo"] != row["p_placebo"]
    assert "the 3 events of" in result.sentence()


def test_stacked_weeks_are_the_same_weeks_of_each_event():
    """An event on a week's first day and one in mid-week are stacked by week number, before and after."""
    values = counts(500)
    result = study(values, [at(200, event_id="a"), at(330, event_id="b", days=0)], placebo=0)
    for name in ("week -26", "week -1", "week 1", "week 26"):
        parts = [term(result, name, event=event) for event in "ab"] if name != "week -26" else []
        row = term(result, name, event="stacked")
        assert row["observed"] == values[[200 + int(row["k"]), 329 + int(row["k"])]].sum()
        assert not parts or row["expected"] == pytest.approx(sum(one["expected"] for one in parts), rel=1e-12)


def test_stacking_leaves_out_what_cannot_be_studied():
    """An event outside the data is null by itself, named in the stack, and changes nothing in it."""
    values = counts(500)
    two = [at(200, event_id="a"), at(330, event_id="b")]
    fewer, more = (study(values, events) for events in (two, [*two, at(900, event_id="far")]))
    assert term(more, "after", event="stacked")["note"] == "left out: far"
    assert term(more, "after", event="stacked")["rate_ratio"] == term(fewer, "after", event="stacked")["rate_ratio"]


def test_pooled_regions_have_the_clustered_interval_worked_by_hand():
    """Each region keeps its own expectation, and the interval comes from the spread between regions."""
    values = np.column_stack([counts(seed=number) for number in range(5)])
    result = study(values, at(250))
    frame = result.frame()
    single = frame[(frame["scope"] == "region") & (frame["term"] == "after")]
    observed, expected = single["observed"].to_numpy(), single["expected"].to_numpy()
    ratio = observed.sum() / expected.sum()
    error = np.sqrt(5 / 4 * ((observed - ratio * expected) ** 2).sum()) / observed.sum()
    row = term(result, "after", scope="pooled")
    assert row["rate_ratio"] == pytest.approx(ratio, rel=1e-9)
    assert np.log(row["high"] / row["low"]) == pytest.approx(2 * student.ppf(0.975, 4) * error, rel=1e-6)


def test_a_comparison_takes_out_what_both_sides_share():
    """A rise on both sides is no effect against the comparison; a rise on one side is found at its size."""
    shared = np.where(np.arange(312) > 250, 3.0, 1.0)
    rng = np.random.default_rng(4)
    values = rng.poisson(8 * shared[:, None] * np.ones((312, 4))).astype(float)
    values[251:, 1] = rng.poisson(16 * 3.0, 61)
    alone = term(study(values, at(250), regions=("R0",)), "after")
    nothing = term(study(values, at(250), regions=("R0",), against=("R2", "R3")), "after")
    twice = term(study(values, at(250), regions=("R1",), against=("R2", "R3")), "after")
    assert alone["low"] > 2
    assert nothing["low"] < 1 < nothing["high"]
    assert twice["low"] < 2 < twice["high"]
    assert twice["low"] > 1.5
    assert "the weeks before and R2 and R3" in study(values, at(250), regions=("R1",), against=("R2", "R3")).sentence()


def test_comparison_regions_are_left_out_and_tried_one_by_one():
    """Each comparison region is left out once and takes the event's place once; the rank among them is a p."""
    values = np.random.default_rng(6).poisson(6, size=(312, 6)).astype(float)
    values[251:, 0] *= 4
    frame = study(values, at(250), regions=("R0",), against=("R1", "R2", "R3", "R4", "R5")).frame()
    assert list(frame[frame["scope"] == "comparison without"]["regions"]) == ["R1", "R2", "R3", "R4", "R5"]
    assert list(frame[frame["scope"] == "placebo region"]["regions"]) == ["R1", "R2", "R3", "R4", "R5"]
    row = frame[frame["scope"] == "placebo regions"].iloc[0]
    assert (row["p_placebo"], row["placebo_dates"]) == (pytest.approx(1 / 6), 5)


def test_a_rise_before_the_event_is_seen():
    """The pre-trend term finds weeks that grew before the event, and finds nothing in level ones."""
    grown = counts(312, 6 * np.exp(0.06 * np.clip(np.arange(312) - 224, 0, 30)))
    assert term(study(grown, at(250)), "pre-trend")["low"] > 1
    flat = term(study(counts(312, 6.0), at(250)), "pre-trend")
    assert flat["low"] < 1 < flat["high"]


SAID = re.compile(
    r"(?P<start>In the|No clear change in the) (?P<weeks>\d+) weeks? after (?P<after>.+?)[,:] (?P<what>.+?) in (?P<place>.+?) were "
    r"(?P<ratio>\S+) times \(95 % interval (?P<low>\S+) to (?P<high>no upper end|[\d.,]+)"
    r"(?:; by the spread of other dates (?P<wide_low>\S+) to (?P<wide_high>no upper end|[\d.,]+))?\) what (?P<expectation>.+?) "
    r"lead one to expect(?: \((?P<observed>[\d,]+) against (?P<expected>[\d.,]+)\))?"
    r"(?:; in the first 4 weeks (?P<early>\S+) times \((?P<early_low>\S+) to (?P<early_high>\S+)\), later (?P<late>\S+) times "
    r"\((?P<late_low>\S+) to (?P<late_high>\S+)\))?; "
    r"(?:of (?P<dates>\d+) (?P<kind>other dates|sets of other dates)(?: \(worth (?P<worth>\d+) independent ones\))? "
    r"(?P<larger>none|\d+) shows? an effect this large \(placebo p (?P<p>[\d.]+)\)"
    r"(?P<verdict>, so it does not stand out|, the smallest that so few dates allow)?|no other date is free to compare it with)\."
)
"""A study's sentence, taken apart."""


def check_sentence(result, event=None):
    """Hold every number and word of a sentence against its rows; what the sentence said, by name."""
    text, row = result.sentence(event), result.headline(event)
    found = SAID.fullmatch(text)
    assert found, text
    said = found.groupdict()
    clear = row["low"] > 1 or row["high"] < 1
    assert (said["start"] == "In the") == clear
    assert int(said["weeks"]) == row["weeks"]
    pairs = {"ratio": "rate_ratio", "low": "low", "high": "high", "wide_low": "wide_low", "wide_high": "wide_high"}
    for word, column in pairs.items():
        assert (said[word] is None) == np.isnan(row[column])
        assert said[word] is None or said[word] == figure(row[column])
    assert (said["observed"] is None) == bool(result.against)
    if said["observed"]:
        assert float(said["observed"].replace(",", "")) == row["observed"]
        assert float(said["expected"].replace(",", "")) == pytest.approx(row["expected"], abs=0.51)
    for word in ("early", "late"):
        if said[word]:
            part = term(result, word, event=row["event"])
            parts = [said[f"{word}{end}"] for end in ("", "_low", "_high")]
            assert parts == [figure(part[column]) for column in ("rate_ratio", "low", "high")]
    check_dates(said, row, clear)
    return said


def check_dates(said, row, clear):
    """Hold the sentence's placebo dates against its row."""
    if said["dates"] is None:
        assert pd.isna(row["placebo_dates"]) or row["placebo_dates"] == 0
        return
    assert int(said["dates"]) == row["placebo_dates"]
    assert (said["kind"] == "sets of other dates") == (row["event"] == "stacked")
    assert int(said["worth"] or said["dates"]) == round(row["independent_dates"])
    assert (0 if said["larger"] == "none" else int(said["larger"])) == row["larger_dates"]
    assert float(said["p"]) == pytest.approx(row["p_placebo"], rel=0.05)
    assert (said["verdict"] is not None) == (clear and row["p_placebo"] > 0.05)


def test_the_sentence_says_what_the_table_says():
    """A clear rise: every number of the sentence is its row's, rounded as `figure` rounds, and events and places are named."""
    values = counts(400, np.where(np.arange(400) > 300, 9.0, 3.0))
    result = study(make_panel(values, ("IQ-DI",), ("Diyala",)), at(300, kind="election"))
    said = check_sentence(result)
    assert (said["start"], said["after"], said["place"]) == ("In the", "the election of 7 October 2020", "Diyala")
    assert (said["what"], said["expectation"], said["larger"]) == ("incidents", "the weeks before", "none")
    assert result.sentences() == {"event": result.sentence()}


def test_every_kind_of_sentence_says_what_its_table_says():
    """No change, a fall to nothing, a fading rise, a comparison, stacked events, no placebo dates, few of them: all hold."""
    flat, rng = counts(500), np.random.default_rng(5)
    fading = np.where((np.arange(400) > 300) & (np.arange(400) <= 304), 20.0, 3.0)
    sides = rng.poisson(8, size=(400, 3)).astype(float)
    sides[301:, 0] *= 2
    ended = np.where(np.arange(500) > 300, 0.0, flat)
    assert check_sentence(study(flat, at(300)))["start"] == "No clear change in the"
    assert check_sentence(study(ended, at(300)))["ratio"] == "0"
    faded = check_sentence(study(counts(400, fading), at(300)))
    assert float(faded["early"]) > 3 > float(faded["late"])
    against = check_sentence(study(sides, at(300), regions=("R0",), against=("R1", "R2")))
    assert against["expectation"] == "the weeks before and R1 and R2"
    stacked = study(flat, [at(200, event_id="a"), at(330, event_id="b")], placebo=99)
    assert [check_sentence(stacked, name)["kind"] for name in ("stacked", "a", "b")].count("sets of other dates") == 1
    assert check_sentence(study(flat, at(300), placebo=0))["dates"] is None
    few = check_sentence(study(counts(150, np.where(np.arange(150) > 100, 12.0, 4.0)), at(100), later="keep"))
    assert few["verdict"] in (None, ", the smallest that so few dates allow")
    assert list(stacked.sentences()) == ["stacked", "a", "b"]


def test_the_sentence_counts_dates_with_as_large_an_effect():
    """Where nothing stands out, the sentence says so and gives the number of dates with a larger effect."""
    result = study(counts(400), at(300))
    row = result.headline()
    assert result.sentence().startswith("No clear change in the 26 weeks after 7 October 2020: incidents in R0 were ")
    assert f") {row['larger_dates']} show an effect this large" in result.sentence()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("", "incidents"),
        ("tactic = 'hit-and-run'", "hit-and-run attacks"),
        ("event_type = 'one-sided'", "one-sided incidents"),
        ("killed > 3", "incidents (where killed > 3)"),
    ],
)
def test_what_is_counted_has_a_name(where, words):
    """A filter by tactic or type becomes a noun; any other is quoted."""
    assert things(where) == words


def test_other_dated_events_are_known_by_their_week():
    """Dated events of the same regions within the weeks shown are listed with their week, others are not."""
    beside = [
        at(310, event_id="later"),
        at(290, event_id="earlier"),
        at(340, event_id="far"),
        at(305, event_id="elsewhere", regions=("R1",)),
    ]
    result = study(np.column_stack([counts(400), counts(400)]), at(300), regions=("R0",), others=beside)
    assert [(week, one.event_id) for week, one in result.dated("event")] == [(-10, "earlier"), (10, "later")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.004, "under 0.01"), (0.624, "0.62"), (2.94, "2.9"), (1234.5, "1,234"), (np.inf, "no upper end")],
)
def test_ratios_are_rounded_for_reading(value, text):
    """Two digits where they are needed, none where they would pretend."""
    assert figure(value) == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"before": 20}, {"after": 0}, {"level": 0.4}, {"family": "poisson"}, {"errors": "robust"}, {"later": "drop"},
        {"lead": 30}, {"early": 0}, {"placebo": -1}, {"min_incidents": 0}, {"season_years": 1},
    ],
    ids=str,
)  # fmt: skip
def test_options_defend_themselves(wrong):
    """A value that cannot be used is refused by name, with what would do."""
    with pytest.raises(OptionError, match=f"^{next(iter(wrong))} must be"):
        StudyOptions(**wrong)


def test_questions_that_cannot_be_asked_are_refused():
    """No event, two of one id, an unknown region, a region on both sides, no region left, a negative count."""
    values = np.column_stack([counts(), counts(seed=2)])
    with pytest.raises(OptionError, match="no event"):
        study(values, [])
    with pytest.raises(OptionError, match="id of its own"):
        study(values, [at(200), at(220)])
    with pytest.raises(OptionError, match="'R9' is not in the panel"):
        study(values, at(200), regions=("R9",))
    with pytest.raises(OptionError, match="on both sides"):
        study(values, at(200), regions=("R0",), against=("R0",))
    with pytest.raises(OptionError, match="leave some"):
        study(values, at(200), against=("R0", "R1"))
    with pytest.raises(OptionError, match="was not studied"):
        study(values, at(200)).sentence("other")
    with pytest.raises(InputError, match="needs counts"):
        study(-values, at(200))


def test_the_chart_draws_the_table():
    """Points, intervals and band of the chart are the week rows', ids are fixed, and equal tables make equal charts."""
    result = study(counts(400), at(300), others=[at(310, event_id="later")])
    rows = result.frame()[result.frame()["k"].notna()]
    drawn, again = (study_figure(rows, title="<b>R0</b>", simulated=True) for _ in range(2))
    assert drawn.to_json() == again.to_json()
    assert [trace.uid for trace in drawn.data] == ["placebo", "interval", "ratio"]
    ratio = drawn.data[2]
    assert list(ratio.x) == [int(week) for week in rows["k"]]
    for shown, value in zip(ratio.customdata, rows["rate_ratio"], strict=True):
        assert shown is None if np.isnan(value) else shown == pytest.approx(value, abs=5e-5)
    assert {shape.name for shape in drawn.layout.shapes} == {"none", "event"}
    assert "&lt;b&gt;" in drawn.layout.title.text
    assert "simulated" in drawn.layout.title.text


def test_frames_of_weeks_are_complete():
    """Every week from -26 to 26 has its row, null or not, and event dates are the events' own."""
    frame = study(counts(400), at(300)).frame()
    weeks = frame[frame["k"].notna()]
    assert list(weeks["k"]) == list(range(-26, 27))
    assert set(frame["date"]) == {FIRST.astype(object) + timedelta(days=7 * 300 + 2)}

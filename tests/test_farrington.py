"""Farrington flexible: its numbers are R's, its design is the calendar's, and what it can't judge it says."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.errors import InputError, OptionError
from analytics.models.base import SpikeResult
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.farrington_design import references, season_levels, stack
from analytics.models.farrington_fit import Plan, fit_cells
from analytics.panel import Panel, Status
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.farrington_slow import baseline, expected, reference_weeks

REFERENCE = Path(__file__).parent / "reference"
FIRST, LAST = 300, 344

VARIANTS = {
    "nb": FarringtonOptions(),
    "muan": FarringtonOptions(threshold="muan"),
    "delta": FarringtonOptions(threshold="delta"),
    "trend05": FarringtonOptions(trend_p=0.05),
    "no_trend": FarringtonOptions(trend=False),
    "no_reweight": FarringtonOptions(reweight=False),
    "no_limit": FarringtonOptions(low_count_cases=0),
    "three_years": FarringtonOptions(years_back=3, half_window=2, periods=7),
    "population": FarringtonOptions(population=True),
    "r_default": FarringtonOptions.r_default(),
}


@cache
def reference_panel() -> Panel:
    """The series that R judged, as one panel; the Sunday series is left out, its weeks start on another day."""
    table = pd.read_parquet(REFERENCE / "farrington_inputs.parquet")
    table = table[table["series"] != "sundays"]
    counts = table.pivot_table(index="week", columns="series", values="count", dropna=False)
    sizes = table.pivot_table(index="week", columns="series", values="population")
    return panel_of(counts.to_numpy(), population=sizes.to_numpy(), names=list(counts.columns))


@cache
def sunday_panel() -> Panel:
    """The series whose weeks start on Sundays."""
    table = pd.read_parquet(REFERENCE / "farrington_inputs.parquet")
    table = table[table["series"] == "sundays"]
    return panel_of(table["count"].to_numpy(), "2016-01-03", table["population"].to_numpy()[:, None], names=["sundays"])


def ours(variant: str, panel: Panel, **changes: object) -> SpikeResult:
    """Our answer under one variant, for the weeks that R judged."""
    options = replace(VARIANTS[variant], **changes)  # type: ignore[arg-type]
    return FarringtonFlexible(options).fit(panel, as_date(panel.weeks[FIRST]), as_date(panel.weeks[LAST]))


def theirs(variant: str, panel: Panel) -> dict[str, np.ndarray]:
    """R's answer, as tables of the same shape as ours; NaN where R was not asked."""
    table = pd.read_parquet(REFERENCE / "farrington_outputs.parquet")
    table = table[table["variant"] == variant]
    index = range(FIRST, LAST + 1)
    return {
        name: table.pivot_table(index="week", columns="series", values=name, dropna=False)
        .reindex(index=index, columns=list(panel.region_ids))
        .to_numpy(float)
        for name in ("expected", "upper", "p_value", "alarm")
    }


def comparable(variant: str, result: SpikeResult) -> np.ndarray:
    """Cells on which we mean to agree with R: known weeks, of series that R was asked and whose clock it reads well."""
    cells = ~np.isnan(result.observed)
    names = np.array(result.panel.region_ids)
    if VARIANTS[variant].trend:
        cells &= names != "late_start"
    if variant == "muan":
        cells &= ~np.isin(names, ["winter", "bursts"])
    return cells


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("panel", [reference_panel, sunday_panel])
def test_numbers_are_r_s(variant: str, panel: object) -> None:
    """Expected and p agree with R's to 1e-9, bounds and alarms exactly, and the same weeks are refused."""
    result = ours(variant, panel(), reference=True)  # type: ignore[operator]
    answers, cells = theirs(variant, result.panel), comparable(variant, result)
    assert cells.sum() >= (45 if len(result.panel.region_ids) == 1 else 400)
    assert np.array_equal(np.isnan(result.upper[cells]), np.isnan(answers["upper"][cells]))
    # 1e-9: what two orders of summation differ by after 25 steps; most cells agree to 1e-13
    np.testing.assert_allclose(result.expected[cells], answers["expected"][cells], rtol=1e-9)
    np.testing.assert_allclose(result.p_value[cells], answers["p_value"][cells], rtol=1e-9)
    exact = 0 if VARIANTS[variant].threshold == "nbPlugin" else 1e-9
    np.testing.assert_allclose(result.upper[cells], answers["upper"][cells], rtol=exact)
    assert np.array_equal(result.alarm[cells], np.nan_to_num(answers["alarm"])[cells] == 1)


def test_r_s_slipping_clock_is_a_known_departure() -> None:
    """With 40 unknown leading weeks R predicts the week too early; moving our prediction there gives R's number."""
    panel = reference_panel()
    column = panel.region_ids.index("late_start")
    options = replace(VARIANTS["nb"], reference=True)
    weeks = np.arange(FIRST, LAST + 1)
    plan = Plan(wanted=np.ones((weeks.size, len(panel.region_ids)), bool), block_incidents=0, known_share=0)
    cells = fit_cells(panel, weeks, options, plan, 1)
    near = references(panel.weeks, weeks, 5)[:, -1] - 3
    slipped = cells.mean[:, column] * np.exp(-cells.slope[:, column] * np.maximum(40 - near, 0))
    trend = ~np.isnan(cells.slope[:, column])
    answer = theirs("no_limit", panel)["expected"][:, column]
    assert trend.sum() > 20
    np.testing.assert_allclose(slipped[trend], answer[trend], rtol=1e-9)


def test_what_r_answers_and_we_refuse_is_counted() -> None:
    """By default we refuse the separated weeks that R judges, and differ from R nowhere else."""
    panel = reference_panel()
    strict, default = (ours("no_limit", panel, reference=reference) for reference in (True, False))
    refused = np.isnan(default.upper) & ~np.isnan(strict.upper)
    notes = {str(note).split(":")[0] for note in default.note[refused]}
    assert notes == {"separated season block"}
    assert refused.sum() == 47
    block = [panel.values[_window(panel, week)][:, region] for week, region in np.argwhere(refused)]
    assert all(np.nansum(counts) == 0 for counts in block)
    both = ~np.isnan(strict.upper) & ~refused
    np.testing.assert_array_equal(default.upper[both], strict.upper[both])
    unlike = np.argwhere(np.isnan(strict.upper) & ~np.isnan(default.upper))
    assert {panel.region_ids[region] for _, region in unlike} == {"gaps"}  # R refuses a low-count rule it can't sum


def _window(panel: Panel, week: int) -> np.ndarray:
    """Baseline weeks of the season of the week-th judged week."""
    near = references(panel.weeks, np.array([FIRST + week]), 5)[0]
    return (near[:, None] + np.arange(-3, 4)).ravel()


def test_an_all_zero_baseline_is_refused_by_r_and_by_us() -> None:
    """R's fit of an all-zero baseline does not converge; ours is not tried, and says why."""
    panel = reference_panel()
    column = panel.region_ids.index("all_zero")
    assert np.isnan(theirs("no_limit", panel)["upper"][:, column]).all()
    assert set(ours("no_limit", panel).note[:, column]) == {"all-zero baseline"}


def test_constant_counts_by_hand() -> None:
    """Five years of four a week expect four with dispersion 1: a Poisson bound and a Poisson p."""
    values = np.full(300, 4.0)
    values[-1] = 11
    result = FarringtonFlexible().fit(panel_of(values), as_date(panel_of(values).weeks[-1]))
    assert result.expected[0, 0] == pytest.approx(4, rel=1e-12)
    assert result.upper[0, 0] == 9  # P(Y > 9) = .0081 and P(Y > 8) = .0214 for a mean of 4
    assert result.p_value[0, 0] == pytest.approx(stats.poisson.sf(10, 4), rel=1e-12)
    assert result.score[0, 0] == pytest.approx((11 - 4) / (9 - 4))
    assert result.alarm[0, 0]


def test_a_trend_by_hand() -> None:
    """Counts that halve every 52 weeks are expected where the halving leads; without trend, at their past mean."""
    panel = panel_of(np.round(1e6 * 2.0 ** (-np.arange(300) / 52)))
    options = FarringtonOptions(periods=1)
    last = as_date(panel.weeks[-1])
    with_trend = FarringtonFlexible(options).fit(panel, last).expected[0, 0]
    without = FarringtonFlexible(replace(options, trend=False, reweight=False)).fit(panel, last).expected[0, 0]
    windows = (references(panel.weeks, np.array([299]), 5)[0][:, None] + np.arange(-3, 4)).ravel()
    assert with_trend == pytest.approx(1e6 * 2.0 ** (-299 / 52), rel=1e-4)  # counts are rounded to whole numbers
    assert without == pytest.approx(panel.values[windows].mean(), rel=1e-6)  # where the iteration stops


@pytest.mark.parametrize(("day", "years"), [(date(2024, 2, 29), 4), (date(2021, 1, 4), 5), (date(2020, 12, 28), 5)])
def test_reference_dates_are_calendar_years_back(day: date, years: int) -> None:
    """Reference weeks are those nearest to the same date of earlier years, 29 February and week 53 included."""
    weeks = np.arange(np.datetime64(day) - 7 * 600, np.datetime64(day) + 1, 7)
    near = references(weeks, np.array([600]), years)[0]
    assert [as_date(weeks[i]) for i in near] == reference_weeks(day, years)


def test_reference_dates_by_hand() -> None:
    """A year before Monday 4 January 2021 is Saturday 4 January 2020: the nearest Monday is the 6th."""
    weeks = np.arange(np.datetime64("2010-01-04"), np.datetime64("2021-01-05"), 7)
    near = references(weeks, np.array([weeks.size - 1]), 2)[0]
    assert [str(weeks[i]) for i in near] == ["2020-01-06", "2019-01-07"]


def test_season_levels_by_hand() -> None:
    """A gap of seven weeks is cut in three pieces, the longer one first, and windows are the last level."""
    levels = season_levels(now=20, near=[10], half_window=1, periods=4)
    assert levels.tolist() == [0] * 9 + [4] * 3 + [1] * 3 + [2] * 2 + [3] * 2 + [4] * 2


def test_design_is_the_second_implementation_s() -> None:
    """Rows and levels of every judged week are those of a design written independently."""
    weeks = np.datetime64("2012-01-02") + 7 * np.arange(420)
    judged = np.arange(270, 420, 7)
    design = stack(judged, references(weeks, judged, 5), half_window=3, periods=10, exclude_weeks=26)
    for row, now in enumerate(judged):
        plan = baseline([as_date(w) for w in weeks], int(now), years=5, half=3, periods=10, exclude=26)
        levels = np.repeat(np.arange(1, 11), np.diff(design.bounds[row].astype(int)))
        assert dict(zip(design.rows[row].tolist(), levels.tolist(), strict=False)) == plan


@pytest.mark.parametrize("seed", range(4))
def test_fits_are_statsmodels(seed: int) -> None:
    """Mean and dispersion agree with a loop of statsmodels GLMs, reweighting included."""
    mean = np.array([0.8, 3.0, 25.0, 400.0])[seed] * np.exp(0.5 * np.cos(np.arange(300) / 8.3))[:, None]
    panel = poisson_panel(mean, 300, 1, seed, phi=2.0)
    now = 299
    plan = Plan(wanted=np.ones((1, 1), bool))
    cells = fit_cells(panel, np.array([now]), FarringtonOptions(), plan, 1)
    slow = expected(panel.values[:, 0], [as_date(w) for w in panel.weeks], now)
    # 1e-6: R's stopping rule, which ours is, leaves the last step undone; statsmodels goes to the end
    assert cells.mean[0, 0] == pytest.approx(slow[0], rel=1e-6)
    assert cells.phi[0, 0] == pytest.approx(slow[1], rel=1e-4)  # working weights are a step older still


def test_unknown_and_incomplete_weeks_are_not_judged() -> None:
    """A week without a complete count has a note and nothing else."""
    values = np.full((300, 2), 5.0)
    values[299] = np.nan
    panel = panel_of(values)
    status = panel.status.copy()
    status[299, 1] = Status.INCOMPLETE
    result = FarringtonFlexible().fit(replace(panel, status=status), as_date(panel.weeks[299]))
    assert result.note.tolist() == [["unknown week", "incomplete week"]]
    assert np.isnan(result.p_value).all()
    assert not result.alarm.any()


def test_too_little_history_says_how_many_years() -> None:
    """A week with three of five years behind it is refused with both numbers."""
    panel = panel_of(np.full(200, 5.0))
    result = FarringtonFlexible().fit(panel, as_date(panel.weeks[-1]))
    assert result.note[0, 0] == "too little history: 3 of 5 years"
    assert FarringtonFlexible().fit(panel).weeks.tolist() == [as_date(panel.weeks[-1])]


def test_a_baseline_of_which_half_is_unknown_is_refused() -> None:
    """Below half of the baseline weeks known, a week is refused with both numbers; from half on it is judged."""
    values = np.full((300, 2), 5.0)
    values[33:155, 0] = np.nan
    values[33:154, 1] = np.nan
    panel = panel_of(values)
    result = FarringtonFlexible().fit(panel, as_date(panel.weeks[-1]))
    assert result.note.tolist() == [["too little history: 118 of 238 baseline weeks known", ""]]
    assert result.expected[0, 1] == pytest.approx(5)


def test_unknown_weeks_weigh_nothing() -> None:
    """The fit of a baseline with unknown weeks is the statsmodels fit of the known ones."""
    panel = poisson_panel(6.0, 300, 1, 3)
    values = panel.values.copy()
    values[[60, 61, 62, 180, 230]] = np.nan
    cells = fit_cells(panel_of(values), np.array([299]), FarringtonOptions(), Plan(wanted=np.ones((1, 1), bool)), 1)
    slow = expected(values[:, 0], [as_date(w) for w in panel.weeks], 299)
    assert cells.mean[0, 0] == pytest.approx(slow[0], rel=1e-6)
    assert cells.phi[0, 0] == pytest.approx(slow[1], rel=1e-4)


def test_low_counts_are_not_judged() -> None:
    """With four incidents in four weeks the low-count rule refuses, with five it does not."""
    values = np.tile([1.0, 2.0], 150)
    values[-4:] = [1, 1, 1, 1]
    four, five = panel_of(values), panel_of(np.r_[values[:-1], 2.0])
    first = as_date(four.weeks[-1])
    assert FarringtonFlexible().fit(four, first).note[0, 0] == "low counts: fewer than 5 incidents in 4 weeks"
    assert FarringtonFlexible().fit(five, first).note[0, 0] == ""


def test_one_incident_in_five_years() -> None:
    """One incident at another time of the year leaves the season block separated, and the note says so."""
    values = np.zeros(300)
    values[120] = 1
    values[-1] = 6
    result = FarringtonFlexible().fit(panel_of(values), as_date(panel_of(values).weeks[-1]))
    assert result.note[0, 0].startswith("separated season block")


def test_past_outbreaks_are_weighted_down() -> None:
    """Two weeks of ninety among fives, in the judged season, hardly move mean and bound; at face value they double."""
    values = np.full(300, 5.0)
    values[references(panel_of(values).weeks, np.array([299]), 5)[0, :2]] = 90
    panel = panel_of(values)
    last = as_date(panel.weeks[-1])
    kept = FarringtonFlexible(FarringtonOptions(trend=False)).fit(panel, last)
    face = FarringtonFlexible(FarringtonOptions(trend=False, reweight=False)).fit(panel, last)
    assert face.expected[0, 0] == pytest.approx((33 * 5 + 2 * 90) / 35, rel=1e-6)
    assert 5 < kept.expected[0, 0] < 5.5
    assert kept.upper[0, 0] < 0.6 * face.upper[0, 0]


def test_one_huge_count_gives_a_number() -> None:
    """One week of a million in another season leaves five expected, and a p; nothing overflows."""
    values = np.full(300, 5.0)
    values[130] = 1e6
    panel = panel_of(values)
    result = FarringtonFlexible(FarringtonOptions(trend=False)).fit(panel, as_date(panel.weeks[-1]))
    assert result.expected[0, 0] == pytest.approx(5)
    assert 0 < result.p_value[0, 0] < 1


def test_counts_above_two_to_the_31() -> None:
    """Counts of billions are judged like others: the bound is above the mean by the right number of deviations."""
    panel = poisson_panel(9e9, 300, 1, 1, phi=1e6)
    result = FarringtonFlexible().fit(panel, as_date(panel.weeks[-1]))
    sd = np.sqrt(9e9 * 1e6)
    assert result.expected[0, 0] == pytest.approx(9e9, abs=sd)  # the season block's 35 weeks: sd / 6, and the trend
    assert (result.upper - result.expected)[0, 0] == pytest.approx(2.33 * sd, rel=0.15)


@pytest.mark.parametrize("value", [-1.0, 2.5, np.inf])
def test_what_is_not_a_count_is_refused(value: float) -> None:
    """A negative or fractional value raises InputError naming region, week and value."""
    values = np.full((300, 2), 3.0)
    values[17, 1] = value
    with pytest.raises(InputError, match=f"region R1, week 2016-05-02: {value:g} is not a count"):
        FarringtonFlexible().fit(panel_of(values))


def test_population_is_asked_for() -> None:
    """population=True on a panel without one is an OptionError; an unknown population of the week is a note."""
    values = np.full(300, 5.0)
    with pytest.raises(OptionError, match="needs a panel with a population"):
        FarringtonFlexible(FarringtonOptions(population=True)).fit(panel_of(values))
    sizes = np.full((300, 1), 1e5)
    sizes[-1] = np.nan
    panel = panel_of(values, population=sizes)
    result = FarringtonFlexible(FarringtonOptions(population=True)).fit(panel, as_date(panel.weeks[-1]))
    assert result.note[0, 0] == "unknown population"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0.0}, "alpha must be in"),
        ({"years_back": 0}, "years_back must be in"),
        ({"half_window": -1}, "half_window must be in"),
        ({"threshold": "normal"}, "threshold must be one of nbPlugin, muan, delta, got 'normal'"),
        ({"periods": 46}, "periods must be 1..45 with half_window=3, got 46"),
        ({"trend_p": 1.5}, "trend_p must be in 0..1, got 1.5"),
        ({"low_count_weeks": 0}, "low_count_weeks must be in"),
    ],
)
def test_options_check_themselves(options: dict[str, object], message: str) -> None:
    """An option outside its bounds is an OptionError that says the bounds and the value."""
    with pytest.raises(OptionError, match=message):
        FarringtonOptions(**options)  # type: ignore[arg-type]


def test_weeks_outside_the_panel_are_refused() -> None:
    """A first week that the panel does not have is an OptionError that says which weeks it has."""
    with pytest.raises(OptionError, match="first=2016-01-05 is not a week of this panel"):
        FarringtonFlexible().fit(panel_of(np.full(300, 5.0)), date(2016, 1, 5))
    with pytest.raises(OptionError, match="is after last"):
        FarringtonFlexible().fit(panel_of(np.full(300, 5.0)), date(2021, 1, 4), date(2020, 12, 28))

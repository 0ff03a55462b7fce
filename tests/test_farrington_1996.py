"""Farrington 1996: its numbers are R's and statsmodels', and what R can't do it says or judges."""

from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm

from analytics.errors import OptionError
from analytics.models.farrington_1996 import Farrington1996, Farrington1996Options, baseline_lags
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel
from tests.reference.methods_parity import apart, beside


@pytest.mark.parametrize("variant", ["farrington", "farrington-no-reweight"])
def test_expected_upper_and_alarms_are_rs(variant: str) -> None:
    """Mean and limit are R's to rounding, and so is every decision; all-zero baselines are R's unfinished fit too."""
    both = beside(variant)
    judged = both["status"] == "judged"
    assert len(both) > 570  # R stops where a baseline week is unknown
    assert (both["observed"].isna() == ~judged).all()
    assert apart(both["expected"], both["expected_r"]) < 1e-9
    assert apart(both["upper"], both["upper_r"]) < 1e-9
    assert (both["alarm"] == (both["alarm_r"] > 0))[judged].all()


def test_fit_is_statsmodels() -> None:
    """Without reweighting or trend the limit follows from a quasi-Poisson GLM of statsmodels."""
    panel = poisson_panel(8.0, 320, 3, seed=31, phi=2.5)
    options = Farrington1996Options(reweight=False, trend=False)
    result = Farrington1996(options).fit(panel, first=as_date(panel.weeks[-5]))
    judged = np.arange(len(panel.weeks) - 5, len(panel.weeks))
    lags = baseline_lags(panel, judged, options)
    for row, now in enumerate(judged):
        for region in range(3):
            y = panel.values[now - lags[row], region]
            fit = sm.GLM(y, np.ones((y.size, 1)), family=sm.families.Poisson()).fit(tol=1e-14, scale="X2")
            mu, phi = np.exp(fit.params[0]), max(fit.scale, 1.0)
            tau = phi + phi / (mu * y.size) * mu
            upper = (mu ** (2 / 3) + 2.5758293035489 * np.sqrt(4 / 9 * np.cbrt(mu) * tau)) ** 1.5
            assert result.expected[row, region] == pytest.approx(mu, rel=1e-8)  # where R's fit stops
            assert result.upper[row, region] == pytest.approx(upper, rel=2e-5)  # R's phi has weights of a step before


def test_by_hand() -> None:
    """A baseline of 35 fours has mean 4, dispersion 1 and the limit of the 2/3 power by hand."""
    panel = panel_of(np.full(280, 4.0))
    result = Farrington1996().fit(panel)
    tau = 1 + 1 / 35
    upper = (4 ** (2 / 3) + 2.5758293035489 * np.sqrt(4 / 9 * 4 ** (1 / 3) * tau)) ** 1.5
    assert result.expected[-1, 0] == pytest.approx(4, rel=1e-9)
    assert result.upper[-1, 0] == pytest.approx(upper, rel=1e-9)


def test_baseline_follows_the_calendar() -> None:
    """Five calendar years before a Monday are 261 weeks; by weeks of the year they are 260."""
    panel = panel_of(np.ones(300), first="2016-01-04")
    judged = np.array([299])
    assert baseline_lags(panel, judged, Farrington1996Options())[0, :7].tolist() == list(range(264, 257, -1))
    by_weeks = baseline_lags(panel, judged, Farrington1996Options(calendar=False))
    assert by_weeks[0, :7].tolist() == list(range(263, 256, -1))


def test_week_53_is_judged_against_its_date() -> None:
    """The 53rd ISO week of 2020 is compared with the weeks nearest 28 December of the years before."""
    panel = panel_of(np.arange(300.0), first="2016-01-04")
    judged = np.flatnonzero(panel.weeks == np.datetime64("2020-12-28"))
    middle = baseline_lags(panel, judged, Farrington1996Options(years_back=4))[0, 3::7]
    weeks = panel.weeks[judged[0] - middle]
    assert [str(week) for week in weeks] == ["2016-12-26", "2017-12-25", "2018-12-31", "2019-12-30"]


def test_unknown_baseline_weeks_are_left_out() -> None:
    """R stops at an unknown baseline week; ours judges on the others, and refuses when under half are known."""
    values = poisson_panel(5.0, 280, 1, seed=3).values.copy()
    whole = Farrington1996().fit(panel_of(values), first=date(2021, 5, 3), last=date(2021, 5, 3))
    values[14] = np.nan
    some = Farrington1996().fit(panel_of(values), first=date(2021, 5, 3), last=date(2021, 5, 3))
    assert some.note[0, 0] == ""
    assert some.expected[0, 0] != whole.expected[0, 0]
    values[:180] = np.nan
    few = Farrington1996().fit(panel_of(values), first=date(2021, 5, 3), last=date(2021, 5, 3))
    assert few.note[0, 0].startswith("too little history")


def test_few_incidents_are_not_judged() -> None:
    """Fewer than five incidents in four weeks: not judged, and the note says so."""
    values = np.full(280, 4.0)
    values[-4:] = [0, 0, 0, 3]
    result = Farrington1996().fit(panel_of(values))
    assert result.note[-1, 0] == "low counts: fewer than 5 incidents in 4 weeks"


def test_all_zero_baseline_has_no_p() -> None:
    """An eruption after silence is an alarm, as in R, but has no p-value."""
    values = np.zeros(280)
    values[-1] = 6
    result = Farrington1996().fit(panel_of(values))
    assert result.alarm[-1, 0]
    assert np.isnan(result.p_value[-1, 0])
    assert result.note[-1, 0] == ""


def test_options_check_themselves() -> None:
    """An option that cannot be used is refused by name."""
    for wrong in ({"alpha": 0.0}, {"years_back": 0}, {"power": "3"}, {"reweight_threshold": 0.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            Farrington1996Options(**wrong)  # type: ignore[arg-type]

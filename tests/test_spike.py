"""The ladder: which method judges which region-week, and why."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.errors import InputError, OptionError
from analytics.models.base import SpikeResult
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.rare import Rare, RareOptions
from analytics.models.spike import Spike, SpikeOptions
from analytics.panel import Panel, Status
from analytics.weeks import as_date, week_of
from tests.reference.farrington_panels import panel_of, poisson_panel

STREAMS = ("busy", "quiet", "sparse", "four_years", "three_years", "two_years", "new", "unknown", "incomplete", "gappy")


def streams() -> Panel:
    """Three hundred weeks of ten streams, one for each rung."""
    values = np.random.default_rng(4).poisson(6, (300, len(STREAMS))).astype(float)
    values[:, 1] = 0
    values[:, 2] = np.random.default_rng(5).poisson(0.05, 300)
    for column, weeks in ((3, 215), (4, 165), (5, 110), (6, 30)):
        values[: 300 - weeks, column] = np.nan
    values[299, [7, 8]] = np.nan
    values[40:200, 9] = np.nan
    panel = panel_of(values, names=STREAMS)
    status = panel.status.copy()
    status[299, 8] = Status.INCOMPLETE
    return replace(panel, status=status)


def last_week(panel: Panel, **options: object) -> SpikeResult:
    """The ladder's answer for the last week."""
    return Spike(SpikeOptions(**options)).fit(panel, as_date(panel.weeks[-1]))  # type: ignore[arg-type]


def test_each_stream_finds_its_rung() -> None:
    """Every kind of history is judged by the method it allows, and says which and why."""
    result = last_week(streams())
    assert dict(zip(STREAMS, result.judged_by[0], strict=True)) == {
        "busy": "farrington-flexible",
        "quiet": "rare: all-zero baseline",
        "sparse": "rare: fewer than 10 incidents at this time of the year in the baseline",
        "four_years": "farrington-flexible: 4 years of history",
        "three_years": "farrington-flexible: 3 years of history",
        "two_years": "rare: under 3 years of history",
        "new": "",
        "unknown": "",
        "incomplete": "",
        "gappy": "rare: less than half of the baseline known",
    }
    assert dict(zip(STREAMS, result.note[0], strict=True)) == dict.fromkeys(STREAMS, "") | {
        "new": "too little history: 29 of 52 weeks known",
        "unknown": "unknown week",
        "incomplete": "incomplete week",
    }


def test_a_cell_is_judged_or_has_a_note() -> None:
    """Every cell has either p, expected and upper, or a note and no method; never both."""
    result = Spike().fit(streams())
    judged = result.note == ""
    for table in (result.p_value, result.expected, result.upper):
        assert np.array_equal(~np.isnan(table), judged)
    assert np.array_equal(result.judged_by != "", judged)
    assert len(result.weeks) == 300 - 52


def test_each_rung_gives_its_method_s_numbers() -> None:
    """Cells of a method have the numbers that the method gives by itself."""
    panel = streams()
    result, first = last_week(panel), as_date(panel.weeks[-1])
    flexible = FarringtonFlexible(FarringtonOptions(low_count_cases=0)).fit(panel, first)
    four = FarringtonFlexible(FarringtonOptions(low_count_cases=0, years_back=4)).fit(panel, first)
    rare = Rare(RareOptions()).fit(panel, first)
    for columns, other in (([0], flexible), ([3], four), ([1, 2, 5, 9], rare)):
        np.testing.assert_array_equal(result.p_value[0, columns], other.p_value[0, columns])
        np.testing.assert_array_equal(result.expected[0, columns], other.expected[0, columns])
        np.testing.assert_array_equal(result.upper[0, columns], other.upper[0, columns])


def test_the_judged_count_does_not_choose_its_judge() -> None:
    """Whatever is observed, method, expectation and bound stay, and p falls as the count rises."""
    panel = streams()
    before: SpikeResult | None = None
    for count in (0, 1, 3, 40):
        values = panel.values.copy()
        values[299, ~np.isnan(values[299])] = count
        result = last_week(replace(panel, values=values))
        if before is not None:
            assert (result.judged_by == before.judged_by).all()
            np.testing.assert_array_equal(result.expected, before.expected)
            np.testing.assert_array_equal(result.upper, before.upper)
            judged = result.note == ""
            assert (result.p_value[judged] <= before.p_value[judged]).all()
        before = result


def test_a_quiet_region_that_erupts_alarms() -> None:
    """Two incidents after five quiet years alarm, where Farrington flexible has no answer."""
    panel = streams()
    values = panel.values.copy()
    values[299, 1] = 2
    panel = replace(panel, values=values)
    result = last_week(panel)
    assert result.alarm[0, 1]
    assert result.p_value[0, 1] < 1e-4
    assert FarringtonFlexible().fit(panel, as_date(panel.weeks[-1])).note[0, 1] == "all-zero baseline"


def test_alarms_are_p_at_or_below_alpha() -> None:
    """An alarm is a count of one or more whose p is at most alpha, on every rung."""
    panel = poisson_panel(np.array([0.01, 0.1, 1.0, 5.0] * 25), 330, 100, seed=2, phi=3.0)
    result = Spike().fit(panel)
    assert result.alarm.sum() > 50
    assert np.array_equal(result.alarm, (result.p_value <= 0.01) & (result.observed > 0))


def test_false_alarms_stay_near_alpha() -> None:
    """On steady streams from one incident a year to five a week, about 1 % of weeks alarm, twice that at most."""
    for mean, phi in ((0.02, 1.0), (0.2, 2.0), (5.0, 1.0), (5.0, 2.0)):
        panel = poisson_panel(mean, 268, 1500, seed=11, phi=phi)
        rate = (Spike().fit(panel, as_date(panel.weeks[-2])).p_value <= 0.01).mean()
        assert rate < 0.02, (mean, phi)


def test_a_panel_shorter_than_a_year_is_refused_week_by_week() -> None:
    """With less than a year in all, the last week is answered, with a note."""
    result = Spike().fit(poisson_panel(3.0, 20, 2, seed=1))
    assert result.note.tolist() == [["too little history: 19 of 52 weeks known"] * 2]


def test_the_frame_says_what_was_judged_and_by_what() -> None:
    """The long table has one row per region-week, with status, method and note."""
    frame = last_week(streams()).frame()
    assert len(frame) == len(STREAMS)
    assert frame.loc[0, ["status", "judged_by", "note"]].tolist() == ["judged", "farrington-flexible", ""]
    assert frame.loc[6, ["status", "judged_by"]].tolist() == ["not judged", ""]


def test_options_check_themselves() -> None:
    """What the ladder's parts would refuse, and what makes no ladder, is an OptionError at once."""
    with pytest.raises(OptionError, match="alpha must be in"):
        SpikeOptions(alpha=2.0)
    with pytest.raises(OptionError, match=r"min_years must be in 1\.\.years_back=5, got 6"):
        SpikeOptions(min_years=6)
    with pytest.raises(OptionError, match="block_incidents must be 1 or more"):
        SpikeOptions(block_incidents=0)
    with pytest.raises(OptionError, match="min_weeks must be above"):
        SpikeOptions(min_weeks=10)
    with pytest.raises(OptionError, match="needs a panel with a population"):
        Spike(SpikeOptions(population=True)).fit(streams())
    values = streams().values.copy()
    values[3, 0] = -2
    with pytest.raises(InputError, match="region busy, week 2016-01-25: -2 is not a count"):
        Spike().fit(replace(streams(), values=values))


def test_real_attacks_of_2014_alarm(shared_data: object) -> None:
    """In the weeks around the fall of Mosul, Ninawa's events with fatalities are far beyond what was normal there."""
    import pandas as pd

    events = pd.read_csv(
        f"{shared_data}/ucdp_ged_iraq_v19_1_hdx.csv", skiprows=[1], usecols=["adm_1", "date_start"], low_memory=False
    )
    days = pd.to_datetime(events["date_start"]).dt.date
    events["week"] = [np.datetime64(week_of(day)) for day in days]
    events = events[(events["week"] >= np.datetime64("2007-01-01")) & events["adm_1"].notna()]
    weeks = np.arange(np.datetime64("2007-01-01"), np.datetime64("2014-08-01"), 7)
    counts = events.groupby(["week", "adm_1"]).size().unstack(fill_value=0).reindex(weeks, fill_value=0)
    panel = panel_of(counts.to_numpy(float), "2007-01-01", names=list(counts.columns))
    result = Spike().fit(panel, as_date(np.datetime64("2014-06-02")), as_date(np.datetime64("2014-06-16")))
    ninawa = next(i for i, name in enumerate(panel.region_ids) if name.startswith("Nīnawá"))
    assert result.alarm[:, ninawa].all()
    assert result.p_value[:, ninawa].max() < 0.01

"""Rules of practice: each is what its description says, by hand."""

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.models.practice import Maximum, MeanSd, MeanSdOptions, Surge, Threat, ThreatOptions
from tests.reference.farrington_panels import panel_of, poisson_panel


def test_mean_and_two_deviations() -> None:
    """Upper is numpy's mean plus twice its sample deviation of the weeks before."""
    panel = poisson_panel(4.0, 60, 3, seed=1)
    result = MeanSd(MeanSdOptions(baseline_weeks=20)).fit(panel)
    window = np.lib.stride_tricks.sliding_window_view(panel.values[:-1], 20, axis=0)
    assert result.upper == pytest.approx(window.mean(-1) + 2 * window.std(-1, ddof=1), rel=1e-13)
    assert np.array_equal(result.alarm, result.observed > result.upper)


@pytest.mark.parametrize(
    ("weeks", "alarm"), [([1, 1, 1, 1, 2], True), ([1, 1, 1, 0, 9], False), ([2, 2, 2, 2, 3], False)]
)
def test_surge(weeks: list[float], alarm: bool) -> None:
    """Twice the month's mean is a surge, from a mean of one incident a week on."""
    result = Surge().fit(panel_of(np.array(weeks, float)))
    assert result.alarm[0, 0] == alarm
    assert result.frame()["status"].tolist() == ["judged"]
    assert np.isnan(result.p_value).all()


def test_threat_by_its_definition() -> None:
    """An alarm is a four-week mean of at least one and twice the 52-week mean; upper is the smallest count for that."""
    panel = poisson_panel(1.0, 200, 20, seed=3, phi=3.0)
    result = Threat().fit(panel)
    first = len(panel.weeks) - len(result.weeks)
    for row in range(len(result.weeks)):
        now = first + row
        short, long = panel.values[now - 3 : now + 1].mean(axis=0), panel.values[now - 51 : now + 1].mean(axis=0)
        assert np.array_equal(result.alarm[row], (short >= 2 * long - 1e-12) & (short >= 1))
    assert result.alarm.any()


def test_threat_that_could_never_be_is_refused() -> None:
    """A ratio that no count can reach is an error, not silence."""
    with pytest.raises(OptionError, match="no count could ever be a threat"):
        ThreatOptions(ratio=13)


def test_maximum_of_the_year_before() -> None:
    """One more than the highest count of 52 weeks is an alarm, as many is not, and week 53 no longer counts."""
    values = np.array([50.0] + [3] * 51 + [4, 50, 4, 5])
    result = Maximum().fit(panel_of(values))
    assert list(result.upper[:, 0]) == [50, 4, 50, 50]
    assert list(result.alarm[:, 0]) == [False, True, False, False]


def test_rules_judge_without_a_p_value() -> None:
    """A judged cell of a rule has no p, an empty note, and the status judged."""
    frame = Maximum().fit(poisson_panel(2.0, 60, 2, seed=9)).frame()
    assert (frame["status"] == "judged").all()
    assert frame["p_value"].isna().all()

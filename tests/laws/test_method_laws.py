"""What holds for every spike method: who is beside a region, and what comes after a week, changes nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analytics.errors import InputError, OptionError
from analytics.models.base import SpikeResult
from analytics.models.methods import METHODS, spike_model
from analytics.panel import Panel, Status
from analytics.severities import Severities
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of

WEEKS = 290
JUDGED = 12
TABLES = ("observed", "expected", "upper", "p_value", "score", "alarm", "note", "judged_by")
EVERY = pytest.mark.parametrize("method", list(METHODS))
POOLING = ("compound",)
"""Methods that look at all regions to judge one."""


def awkward() -> Panel:
    """All zero, one non-zero week, one huge count, unknown weeks, an eruption, counts above 2^31, ordinary streams."""
    rng = np.random.default_rng(12)
    values = rng.negative_binomial(2.0, 0.3, (WEEKS, 9)).astype(float)
    values[:, 0] = 0
    values[:, 1] = 0
    values[60, 1] = 1
    values[-5, 2] = 1e9
    values[[3, 70, 71, 140, 225, -3], 3] = np.nan
    values[:-6, 4] = 0
    values[:, 5] += 2.0**33
    values[:, 6] = rng.poisson(0.1, WEEKS)
    values[:250, 7] = np.nan
    return panel_of(values)


def judge(method: str, panel: Panel, last: int = WEEKS - 1) -> SpikeResult:
    """The last weeks before *last* judged by a method's defaults."""
    first, stop = (as_date(panel.weeks[index]) for index in (WEEKS - JUDGED, last))
    return spike_model(method, {}).fit(behind(panel, method), first=first, last=stop)


def behind(panel: Panel, method: str) -> Panel:
    """The panel; for a method of sums with the incidents behind it, one in each cell that has as many casualties."""
    if method != "compound":
        return panel
    cells = np.nonzero((panel.values > 0) & (panel.values == np.floor(panel.values)) & (panel.values < np.inf))
    return replace(panel, severities=Severities.of(*cells, panel.values[cells]))


def same(a: SpikeResult, b: SpikeResult, columns: list[int], weeks: slice = slice(None)) -> bool:
    """Whether every table of *a*, its weeks and *columns* taken, is that of *b*, bit for bit."""
    return all(_equal(getattr(a, name)[weeks][:, columns], getattr(b, name)) for name in TABLES)


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if a.dtype in (object, bool) else np.array_equal(a, b, equal_nan=True)


@EVERY
def test_regions_do_not_see_each_other(method: str) -> None:
    """Permuting regions permutes the answers; taking some away changes nothing for the others, unless the method pools."""
    panel = awkward()
    whole = judge(method, panel)
    order = [8, 3, 0, 7, 5, 1, *([2, 4, 6] if method in POOLING else [])]
    assert same(whole, judge(method, panel.take([panel.region_ids[column] for column in order])), order)


@EVERY
def test_later_weeks_change_nothing(method: str) -> None:
    """What is judged until a week stays the same whatever the weeks after it held."""
    panel = awkward()
    values = panel.values.copy()
    values[-4:] = 77
    changed = replace(panel, values=values, status=np.where(np.isnan(values), Status.UNKNOWN, Status.KNOWN))
    whole, before = judge(method, panel), judge(method, changed, last=WEEKS - 5)
    assert same(whole, before, list(range(9)), slice(0, JUDGED - 4))


@EVERY
def test_the_first_week_asked_for_changes_nothing(method: str) -> None:
    """A week's answer does not depend on how many weeks before it are asked for."""
    panel = awkward()
    short = spike_model(method, {}).fit(behind(panel, method), first=as_date(panel.weeks[-2]))
    assert same(judge(method, panel), short, list(range(9)), slice(JUDGED - 2, None))


@EVERY
def test_what_is_not_judged_says_why(method: str) -> None:
    """A cell has either a note and no numbers, or an expected count and its method's name."""
    result = judge(method, awkward())
    refused = result.note != ""
    assert np.isnan(result.expected[refused]).all()
    assert np.isnan(result.upper[refused]).all()
    assert not result.alarm[refused].any()
    assert np.isfinite(result.expected[~refused]).all()
    assert (result.judged_by[~refused] != "").all()
    assert refused[-3, 3]
    assert list(result.frame()["status"] == "judged") == list(~refused.ravel())


@EVERY
def test_a_huge_count_is_an_alarm(method: str) -> None:
    """A thousand million incidents in one week is an alarm by every method, C3 two weeks late."""
    result = judge(method, awkward())
    week = JUDGED - (4 if method == "ears-c3" else 5)
    assert result.alarm[week, 2]


@EVERY
@pytest.mark.parametrize("value", [-1.0, 2.5, np.inf])
def test_what_is_not_a_count_is_refused(method: str, value: float) -> None:
    """Negative, fractional and infinite values are refused, naming region and week."""
    values = np.ones((WEEKS, 2))
    values[100, 1] = value
    with pytest.raises(InputError, match="region R1, week 2017-12-04"):
        judge(method, panel_of(values))


@EVERY
def test_no_alarm_without_an_incident(method: str) -> None:
    """A region that never had an incident raises no alarm by any method."""
    assert not judge(method, awkward()).alarm[:, 0].any()


def test_unknown_methods_and_presets_are_refused() -> None:
    """An unknown method or preset is refused, naming those that there are."""
    with pytest.raises(OptionError, match="hdx-maximum"):
        spike_model("ears-c4", {})
    with pytest.raises(OptionError, match="rki-1, rki-2, rki-3"):
        spike_model("rki", {"preset": "rki-4"})
    assert spike_model("rki", {"preset": "rki-1", "half_window": 5}).options.half_window == 5  # type: ignore[attr-defined]

"""Laws of the spike models: what must not change an answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models.base import SpikeResult
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.rare import Rare, RareOptions
from analytics.models.spike import Spike, SpikeOptions
from analytics.panel import Panel
from analytics.weeks import as_date
from tests.reference.farrington_panels import panel_of, poisson_panel

MODELS = [FarringtonFlexible(), FarringtonFlexible(FarringtonOptions.r_default()), Rare(), Spike()]
RATES = [
    FarringtonFlexible(FarringtonOptions(population=True)),
    Rare(RareOptions(population=True)),
    Spike(SpikeOptions(population=True)),
]
TABLES = ("observed", "expected", "upper", "p_value", "score", "alarm", "note", "judged_by")
MEANS = np.array([0.0, 0.02, 0.3, 2.0, 9.0, 60.0])


def panel() -> Panel:
    """Six streams, from none to sixty a week, over 290 weeks with a few unknown ones."""
    made = poisson_panel(MEANS, 290, MEANS.size, seed=9, phi=1.7)
    values = made.values.copy()
    values[[50, 51, 120], 3] = np.nan
    return panel_of(values, population=np.exp(np.linspace(0, 0.3, 290))[:, None] * np.arange(1e4, 7e4, 1e4))


def same(one: SpikeResult, other: SpikeResult, columns: object = slice(None)) -> None:
    """Fail unless every table of *one* equals the *columns* of the *other*, to the last bit."""
    for name in TABLES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[:, columns])


def taken(panel: Panel, columns: list[int]) -> Panel:
    """The panel of some of the regions, in that order."""
    assert panel.population is not None
    names = tuple(panel.region_ids[i] for i in columns)
    return replace(
        panel, region_ids=names, region_names=names, values=panel.values[:, columns], status=panel.status[:, columns],
        population=panel.population[:, columns],
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS + RATES)
def test_permuted_regions_permute_the_answers(model: Spike) -> None:
    """The order of the regions changes the order of the answers and nothing else."""
    order = [4, 2, 0, 5, 1, 3]
    same(model.fit(taken(panel(), order)), model.fit(panel()), order)


@pytest.mark.parametrize("model", MODELS)
def test_an_added_region_changes_no_other(model: Spike) -> None:
    """A region is judged by itself: dropping the others leaves its answers as they were."""
    whole = model.fit(panel())
    for column in range(MEANS.size):
        same(model.fit(taken(panel(), [column])), whole, [column])


@pytest.mark.parametrize("model", MODELS)
def test_later_weeks_change_nothing(model: Spike) -> None:
    """What happens after a judged week can't change its answer."""
    early = panel()
    values = early.values.copy()
    values[285:] = 1000
    late = replace(early, values=values)
    weeks = as_date(early.weeks[281]), as_date(early.weeks[284])
    same(model.fit(early, *weeks), model.fit(late, *weeks))


@pytest.mark.parametrize("model", MODELS)
def test_one_week_at_a_time_is_all_weeks_at_once(model: Spike) -> None:
    """Judging a run of weeks gives each week the answer it gets alone."""
    whole = model.fit(panel(), as_date(panel().weeks[275]))
    for week in (275, 280, 289):
        day = as_date(panel().weeks[week])
        alone = model.fit(panel(), day, day)
        for name in TABLES:
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(whole, name)[week - 275])


@pytest.mark.parametrize("model", RATES)
def test_the_unit_of_population_does_not_matter(model: Spike) -> None:
    """Counting people in thousands leaves every number as it was."""
    one = model.fit(panel())
    sizes = panel().population
    assert sizes is not None
    other = model.fit(replace(panel(), population=sizes / 1024))  # a power of two: the division is exact
    assert (one.note == other.note).all()
    for name in ("expected", "p_value"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-8)  # the logarithms round
    np.testing.assert_array_equal(one.upper, other.upper)


@pytest.mark.parametrize("model", [FarringtonFlexible(), Spike()])
def test_threads_change_nothing(model: Spike) -> None:
    """One thread, two or five: the same bits."""
    one = model.fit(panel(), threads=1)
    same(model.fit(panel(), threads=2), one)
    same(model.fit(panel(), threads=5), one)


@pytest.mark.parametrize("model", MODELS)
def test_the_caller_s_panel_is_left_alone(model: Spike) -> None:
    """Fitting changes neither counts nor status."""
    given_panel = panel()
    values, status = given_panel.values.copy(), given_panel.status.copy()
    model.fit(given_panel)
    np.testing.assert_array_equal(given_panel.values, values)
    np.testing.assert_array_equal(given_panel.status, status)


@settings(max_examples=40)
@given(
    counts=st.lists(st.one_of(st.none(), st.integers(0, 3), st.integers(0, 2**40)), min_size=20, max_size=20),
    zeros=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_counts_are_judged_or_noted(counts: list[int | None], zeros: float, seed: int) -> None:
    """Whatever the history, a cell is judged with a p in [0, 1] and a bound, or noted; nothing raises."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.array([np.nan if c is None else c for c in counts], float), 280)
    drawn[rng.random(280) < zeros] = 0
    for model in (FarringtonFlexible(), Spike()):
        result = model.fit(panel_of(drawn), as_date(panel_of(drawn).weeks[-3]))
        judged = result.note == ""
        p, upper = result.p_value[judged], result.upper[judged]
        assert ((p >= 0) & (p <= 1) & (upper >= 0) & (result.expected[judged] >= 0)).all()
        assert np.isnan(result.p_value[~judged]).all()

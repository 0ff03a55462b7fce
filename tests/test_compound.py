"""The compound method for sums of casualties: its distribution by hand and by brute force, its laws, its rate."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.errors import InputError, OptionError
from analytics.models import compound_kernel as kernel
from analytics.models.base import SpikeResult
from analytics.models.compound import Compound, CompoundOptions
from analytics.models.predictive_kernel import WEIGHT
from analytics.panel import Panel
from analytics.severities import Severities
from analytics.simulate import SumDesign, sums
from analytics.simulate.designs import counts_panel
from analytics.weeks import as_date
from tests.benchmarks import bench_sums

Floats = NDArray[np.float64]


def answers(figures: Floats, nodes: Floats, asked: Floats) -> Floats:
    """Mean, quantile at .01, P(S >= s) and P(S > s), (asked, 4), of these incidents alone and these nodes (3, 4)."""
    levels, places = np.unique(figures, return_inverse=True)
    size, number = asked.size, figures.size
    known = np.ones((size, 1, 4)) * (nodes[0] * nodes[2]).sum()
    known[..., WEIGHT] = 1
    out = np.full((size, 1, 4), np.nan)
    kernel.judge(
        asked[:, None], np.array([0]), np.array([0]), np.array([[0, 1]]), levels, np.bincount(places)[None] * 1.0,
        np.arange(size + 1) * number, np.zeros(size * number, np.int64), np.tile(places, size), (0.01, 0.0, 0.1),
        np.zeros((0, 3)), known, np.tile(nodes, (size, 1, 1, 1)), 0, size, out,
    )  # fmt: skip
    return out[:, 0]


def survival(figures: Floats, size: int) -> Floats:
    """P(X > x) of one incident, x = 0, 1, ..., size - 1: the chance of a sum above x where hardly any incident is expected."""
    few = np.array([[1e-6] * 4, [1.0] * 4, [0.25] * 4])
    found: Floats = answers(figures, few, np.arange(float(size)))[:, kernel.ABOVE] / 1e-6
    return found


def with_severities(rows: list[tuple[int, int, float]], shape: tuple[int, int]) -> Panel:
    """A panel of sums of incidents (week, region, casualties)."""
    severities = Severities.of(*(np.array(column) for column in zip(*rows, strict=True)))
    return replace(counts_panel(severities.sums(shape), date(2012, 1, 2)), severities=severities)


def steady(mean: float = 2.0, series: int = 8, **more: Any) -> Panel:
    """A steady panel of 291 weeks."""
    return sums(SumDesign(mean=mean, law="lognormal", value=1.0, **more), 5, series=series).panel()


def last_week(panel: Panel, **options: Any) -> SpikeResult:
    """The last week of *panel* judged."""
    return Compound(CompoundOptions(two_sided=True, **options)).fit(panel, as_date(panel.weeks[-1]), threads=1)


def moved(panel: Panel, week: int, region: int, figure: float) -> Panel:
    """The panel with one incident more."""
    behind = panel.severities
    assert behind is not None
    given = ((behind.week, week), (behind.region, region), (behind.figure, figure))
    severities = Severities.of(*(np.append(column, value) for column, value in given))
    return replace(panel, values=severities.sums(panel.values.shape), severities=severities)


def test_a_compound_sum_by_hand() -> None:
    """One or two casualties alike, 2^-(n+1) the chance of n incidents: the first chances are those of counting cases."""
    figures = np.repeat([1.0, 2.0], 3000)
    geometric = np.array([[1.0] * 4, [2.0] * 4, [0.25] * 4])
    found = -np.diff(answers(figures, geometric, np.arange(5.0))[:, kernel.AT_LEAST])
    # three and more have the chance of what was not seen in 6,000 incidents
    assert found == pytest.approx([1 / 2, 1 / 8, 1 / 8 + 1 / 32, 1 / 16 + 1 / 128], abs=1e-4)
    poisson = np.array([[1.0] * 4, [1.0] * 4, [0.25] * 4])
    found = -np.diff(answers(figures, poisson, np.arange(4.0))[:, kernel.AT_LEAST])
    assert found == pytest.approx(np.exp(-1) * np.array([1, 1 / 2, 1 / 2 + 1 / 8]), abs=1e-4)


@pytest.mark.parametrize(("mean", "spread"), [(0.2, 1.0), (3.0, 1.2), (30.0, 1.2)])
def test_tails_are_those_of_brute_force(mean: float, spread: float) -> None:
    """P(S >= s) is that of generating functions on the unit circle, another way than Panjer's to the same sums."""
    figures = np.ceil(np.random.default_rng(1).lognormal(0.7, spread, 1000))
    nodes = np.array([[0.8 * mean, 1.2 * mean, mean, mean], [1.5, 2.0, 3.0, 1.0], [0.25, 0.25, 0.25, 0.25]])
    single = -np.diff(np.concatenate([[1.0], survival(figures, 4096)]))
    image = np.fft.rfft(np.concatenate([single, np.zeros(single.size)]))
    mixed = sum(
        weight * (np.exp(rate * (image - 1)) if phi == 1 else (phi - (phi - 1) * image) ** (-rate / (phi - 1)))
        for rate, phi, weight in nodes.T
    )
    exact = 1 - np.concatenate([[0.0], np.cumsum(np.fft.irfft(mixed)[: single.size])])
    # of a sum of 4,096 and more nothing is known to *exact*: a chance below 1e-5
    asked = np.array([np.argmax(exact <= level) for level in (0.3, 0.1, 0.05, 0.01, 0.005, 0.001)], dtype=float)
    found = answers(figures, nodes, asked)
    # *exact* lacks what is above 4,096; beyond the last point one large incident stands for all
    assert found[:, kernel.AT_LEAST] == pytest.approx(exact[asked.astype(int)], rel=0.05)
    assert found[0, kernel.UPPER] == pytest.approx(np.argmax(exact[1:] <= 0.01), rel=0.01)


def test_a_known_law_is_found() -> None:
    """Of incidents of a Pareto law, the chances of high figures are found, beyond all that were seen too."""
    figures = np.floor((1 - np.random.default_rng(2).random(4000)) ** (-1 / 2.0))
    found = survival(figures, 60)
    for x, most in ((2, 1.1), (5, 1.15), (10, 1.3), (30, 1.6), (59, 2)):
        # of the last, one or two incidents were as high
        assert 1 / most < found[x] * (x + 1.0) ** 2.0 < most


def test_more_casualties_are_less_likely() -> None:
    """P falls as the judged sum grows, a record above all that was seen has a chance, and a sum above upper has p <= alpha."""
    panel = steady()
    before = replace(panel, values=panel.values.copy())
    upper = last_week(before).upper[0]
    tables = [last_week(moved(panel, 290, 0, figure)).p_value[0] for figure in (1, 5, 20, 100, 1000, 100_000)]
    p = np.array([table[0] for table in tables])
    assert (np.diff(p) < 0).all()
    assert p[-1] > 0
    for more, flagged in ((1, True), (0, False)):
        for region in range(3):
            room = upper[region] + more - panel.values[-1, region]
            assert room > 0
            assert last_week(moved(panel, 290, region, room)).alarm[0, region] == flagged
            assert (last_week(moved(panel, 290, region, room)).p_value[0, region] <= 0.01) == flagged


def test_what_changes_nothing() -> None:
    """An incident without casualties, in any week, and which of a region's incidents had which casualties, change nothing."""
    panel = steady()
    whole = last_week(panel)
    for week in (100, 290):
        same = last_week(moved(panel, week, 0, 0.0))
        assert np.array_equal(same.p_value, whole.p_value)
    behind = panel.severities
    assert behind is not None
    figure = behind.figure.copy()
    mine = np.flatnonzero((behind.region == 0) & (behind.week >= 40) & (behind.week < 250))
    figure[mine] = np.random.default_rng(3).permutation(figure[mine])
    other = Severities.of(behind.week, behind.region, figure)
    changed = replace(panel, values=other.sums(panel.values.shape), severities=other)
    assert not np.array_equal(changed.values, panel.values)
    assert np.array_equal(last_week(changed).p_value, whole.p_value)


def test_deadly_weeks_before_make_a_flag_easier() -> None:
    """The same sum has a smaller p after weeks of as many incidents that were deadlier."""
    panel = steady()
    behind = panel.severities
    assert behind is not None
    recent = (behind.region == 0) & (behind.week >= 284) & (behind.week < 290)
    other = Severities.of(behind.week, behind.region, np.where(recent, 8 * behind.figure, behind.figure))
    deadly = moved(replace(panel, values=other.sums(panel.values.shape), severities=other), 290, 0, 30.0)
    plain = moved(panel, 290, 0, 30.0)
    assert last_week(deadly).p_value[0, 0] < last_week(plain).p_value[0, 0] / 2


def test_a_region_without_incidents_is_judged_by_the_others() -> None:
    """Severities of others serve where a region has none; where nobody has any, nothing is judged, and a note says so."""
    rows = [(week, 0, float(1 + week % 7)) for week in range(290)] + [(290, 1, 9.0)]
    both = with_severities(rows, (291, 2))
    result = last_week(both)
    assert result.note[0].tolist() == ["", ""]
    assert result.p_value[0, 1] < 0.05
    alone = last_week(both.take([both.region_ids[1]]))
    assert alone.note[0, 0] == "no incident with casualties in the baseline of any region"
    assert last_week(both, pooling=0).note[0, 1] == alone.note[0, 0]


def test_the_rate_holds_and_methods_for_counts_do_not() -> None:
    """Randomised p-values fall below .05 and .01 about as often as they say; Farrington flexible's on sums do twice as often."""
    found, others = [], []
    for number, (law, value) in enumerate((("pareto", 1.5), ("lognormal", 1.2))):
        for mean in (0.5, 5.0):
            made = sums(SumDesign(mean=mean, law=law, value=value, unlike=0.5), 60 + number, series=100)
            found.append(bench_sums.held(bench_sums.fitted(bench_sums.OURS, made.panel(), made.start))[0])
            others.append(bench_sums.held(bench_sums.fitted(bench_sums.FARRINGTON, made.panel(), made.start))[0])
    # 10,400 weeks: standard errors are about .05 and .1
    assert np.mean(found, axis=0)[:2] == pytest.approx([1, 1], abs=0.25)
    assert np.mean(others, axis=0)[1] > 1.8


def test_what_cannot_be_judged_is_refused() -> None:
    """Sums without incidents, sums that are not those of the incidents, and impossible options and figures are named."""
    panel = steady(series=2)
    with pytest.raises(OptionError, match="needs the casualties of each incident"):
        last_week(replace(panel, severities=None))
    with pytest.raises(
        InputError, match=r"region series-001, week 2012-01-02: the incidents add up to .*, and the panel"
    ):
        last_week(replace(panel, values=panel.values + 1))
    with pytest.raises(InputError, match=r"casualties of an incident are 1\.5"):
        Severities.of(np.array([0]), np.array([0]), np.array([1.5]))
    for wrong in ({"pooling": 500}, {"tail_share": 0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            CompoundOptions(**wrong)
    with pytest.raises(OptionError, match="law 'gauss' is not known"):
        SumDesign(mean=1, law="gauss", value=1)


def test_simulated_sums_are_their_incidents() -> None:
    """Sums add up, events change no week before them, and the first series are the same for every number of them."""
    design = SumDesign(mean=3, law="pareto", value=2, none=0.3)
    made, event = sums(design, 7, series=20), sums(replace(design, deadlier=3, more=2), 7, series=5)
    assert np.array_equal(made.sums[:265, :5], event.sums[:265])
    assert event.sums[265:].sum() > 3 * made.sums[265:, :5].sum()
    behind = made.severities
    assert np.array_equal(behind.sums(made.sums.shape), made.sums)
    # 20 series of 291 weeks: standard errors of a mean of 2.1 below .03, of the share of ones below .01
    assert behind.counts(made.sums.shape).mean() == pytest.approx(3 * 0.7, abs=0.1)
    assert (behind.figure == 1).mean() == pytest.approx(1 - 2.0**-2, abs=0.03)

"""What event studies promise of chance: intervals cover, placebo p-values are uniform, known effects are found.

`EventStudy` says what larger simulations found; these are sized to take seconds, with bounds at four standard errors.
"""

import numpy as np
import pytest
from scipy.stats import t as student

from analytics.models.event_effect import average, shape, side_by_side, signed_root
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_rows import independent, placebo_p
from analytics.models.event_window import Series, block, placebo_positions, window
from analytics.weeks import season_position

WEEKS = np.datetime64("2014-12-29") + 7 * np.arange(364)
WAVE = np.cos(2 * np.pi * season_position(WEEKS))
EVENT = StudyEvent(event_id="event", starts_on=(WEEKS[320] + 2).astype(object))


def draw(rng, mean, dispersion):
    """Negative-binomial counts with variance dispersion x mean (Poisson for 1)."""
    if dispersion == 1:
        return rng.poisson(mean).astype(float)
    return rng.poisson(rng.gamma(mean / (dispersion - 1), dispersion - 1)).astype(float)


def effects(values, positions, options):
    """The weeks after each of *positions* in one series, as a block."""
    seen = window(WEEKS, EVENT, (), options)
    made = block(Series(weeks=WEEKS, counts=values), positions, seen, options)
    return made.weeks(slice(-seen.lead, None))


@pytest.mark.parametrize(
    ("mean", "dispersion", "season", "ratio"),
    [
        (0.3, 1, 0.5, 1.0),
        (0.3, 2, 0.0, 2.5),
        (1.0, 3, 0.5, 2.5),
        (5.0, 2, 0.0, 1.0),
        (5.0, 1, 0.5, 2.5),
        (20.0, 3, 0.5, 1.0),
    ],
)
def test_intervals_cover_the_truth(mean, dispersion, season, ratio):
    """95 % intervals of average and level hold the true ratio in 84 % of 80 series at least."""
    rng = np.random.default_rng([int(10 * mean), dispersion, int(10 * season), int(10 * ratio)])
    options, position = StudyOptions(), np.array([321])
    inside, level, logs = [], [], []
    for _ in range(80):
        truth = mean * np.exp(season * WAVE) * np.where(np.arange(364) > 320, ratio, 1.0)
        one = effects(draw(rng, truth, dispersion), position, options)
        made, shaped = average([one]), shape([one], np.arange(1.0, 27.0))
        if not made.ok[0]:
            continue
        quantile = student.ppf(0.975, made.freedom[0])
        inside.append(abs(signed_root(made, np.log([ratio]))[0]) <= quantile)
        logs.append(made.estimate[0] - np.log(ratio))
        if shaped.ok[0]:
            level.append(abs(shaped.estimate[0, 0] - np.log(ratio)) <= quantile * shaped.error[0, 0])
    assert len(inside) > 60
    # 0.95 less four standard errors of 80 series, with a percentage point for the method itself.
    least = 0.94 - 4 * np.sqrt(0.95 * 0.05 / len(inside))
    assert np.mean(inside) > least
    assert np.mean(level) > least
    spread = np.subtract(*np.quantile(logs, [0.75, 0.25])) / np.sqrt(len(logs))
    assert abs(np.median(logs)) < max(4 * spread, 0.02) + (0.25 if mean < 1 else 0.0)


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_placebo_p_is_uniform_without_an_effect(memory):
    """Under no effect, P(p <= x) is x at .1 and .5, also where the level itself wanders (lag-1 correlation *memory*)."""
    rng = np.random.default_rng(int(10 * memory))
    options = StudyOptions()
    seen = window(WEEKS, EVENT, (), options)
    dates = placebo_positions(WEEKS, seen, [seen], (), options).admissible
    found = []
    for _ in range(100):
        level = np.zeros(364)
        if memory:
            for week in range(1, 364):
                level[week] = memory * level[week - 1] + rng.normal() * 0.4 * np.sqrt(1 - memory**2)
        values = draw(rng, 5 * np.exp(level + 0.3 * WAVE), 2)
        made = average([effects(values, np.r_[321, dates], options)])
        statistic = signed_root(made, np.zeros(1 + len(dates)))
        found.append(placebo_p(statistic[0], statistic[1:], independent(statistic[1:])))
    for share in (0.1, 0.5):
        four = 4 * np.sqrt(share * (1 - share) / 100)
        assert abs(np.mean(np.array(found) <= share) - share) < four


def test_the_wider_interval_covers_where_levels_wander():
    """Where the level wanders, the usual interval covers too seldom, and the one by the spread of other dates does not."""
    rng = np.random.default_rng(3)
    options = StudyOptions()
    seen = window(WEEKS, EVENT, (), options)
    dates = placebo_positions(WEEKS, seen, [seen], (), options).admissible
    usual, wide = [], []
    for _ in range(80):
        level = np.zeros(364)
        for week in range(1, 364):
            level[week] = 0.9 * level[week - 1] + rng.normal() * 0.4 * np.sqrt(1 - 0.9**2)
        values = draw(rng, 2.0 ** (np.arange(364) > 320) * 5 * np.exp(level), 1)
        made = average([effects(values, np.r_[321, dates], options)])
        own = abs(signed_root(side_by_side([made]), np.log([2.0]))[0])
        others = np.abs(signed_root(made, np.zeros(1 + len(dates)))[1:])
        usual.append(own <= student.ppf(0.975, made.freedom[0]))
        wide.append(own <= np.quantile(others, 0.95))
    assert np.mean(usual) < 0.85
    assert np.mean(wide) > 0.83  # 0.95 less four standard errors of 80 series, and a little for the two hundred dates

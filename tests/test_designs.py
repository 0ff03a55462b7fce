"""Methods judged on simulated series of a design."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.errors import OptionError
from analytics.evaluation import find, mean_delay, threshold
from analytics.pipeline.design_page import command, design_page, sentences
from analytics.pipeline.designs import EVERY, DesignBacktest, DesignOptions, backtest_design
from analytics.report.page import render
from analytics.settings import Settings
from analytics.simulate.cases import DESIGNS, case, scenarios
from tests.desk import incidents

RULES = Settings(method="mean-sd", backtest={"against": ["hdx-maximum"]})
SHIFTS = DesignOptions(design="shift", series=30, scenarios=("mean 1", "mean 5"))


@pytest.fixture(scope="module")
def shifts() -> DesignBacktest:
    """Two rules of practice on two streams whose level shifts."""
    return backtest_design(RULES, SHIFTS)


def test_a_threshold_among_infinite_scores_holds_its_rate() -> None:
    """Where more scores are infinite than may be flagged, a share of them is flagged, and not all of them."""
    scores = np.where(np.arange(10_000) % 10 == 0, np.inf, 1.0)[None]
    flags = threshold(scores, 0.01).flags(scores, np.random.default_rng(1).random(scores.shape))
    # 1000 ties, each flagged with chance .1: 100 +- 4 sd of 9.5
    assert 62 <= flags.sum() <= 138


def test_what_is_found_by_hand() -> None:
    """A flag in a week of the event is a hit; a delay counts from the event's start and is censored at the horizon."""
    flags = np.zeros((6, 3), dtype=bool)
    flags[0, 0] = flags[3, 0] = flags[5, 1] = True
    truth = np.zeros((6, 3), dtype=bool)
    truth[2:4] = True
    one = find(flags, truth, np.array([2, 2, 5]), 3)
    assert one.hit.tolist() == [True, False, False]
    assert one.delay.tolist() == [2, 3, 3]
    assert one.found.tolist() == [True, False, False]


@pytest.mark.parametrize("design", DESIGNS)
def test_cases_are_what_they_say(design: str) -> None:
    """Quiet and eventful series have one shape, each event begins inside the judged weeks, and the seed decides all."""
    name = scenarios(design)[-1]
    one, again, other = (case(design, name, seed, 3) for seed in (4, 4, 5))
    for effect, same in zip(one.effects, again.effects, strict=True):
        assert effect.quiet.values.shape == effect.event.values.shape
        assert effect.truth.shape == (len(effect.event.weeks) - effect.first, 3)
        assert ((effect.starts >= 0) & (effect.starts < len(effect.truth))).all()
        np.testing.assert_array_equal(effect.event.values, same.event.values)
        assert effect.event.simulated
    assert (one.calm.values != other.calm.values).any()
    assert (one.calm.values != one.effects[0].quiet.values[: len(one.calm.weeks)]).any()
    before = [effect.event.values[: one.first] for effect in one.effects]
    if design not in ("late", "silent"):  # a feed changes what is known of the weeks before
        assert all((before[0] == history).all() for history in before)


def test_what_a_feed_does() -> None:
    """Late reports only take away, most of them from the last week; a silence is zeros, or unknown where it is known of."""
    complete, late = case("late", "F-m1", 1, 20).effects
    gone = complete.quiet.values - late.quiet.values
    assert (gone >= 0).all()
    # exp(-1) of the last week is not known yet, (half a week over a mean of half a week); 1200 incidents, sd .014
    assert gone[-1].sum() / complete.quiet.values[-1].sum() == pytest.approx(np.exp(-1), abs=0.06)
    plain, zeros, known = (effect.quiet.values for effect in case("silent", "F-m1", 1, 20).effects)
    cells = np.isnan(known)
    assert cells.sum() == 8 * 20
    assert not cells[-3:].any()
    assert (zeros[cells] == 0).all()
    assert (zeros[~cells] == plain[~cells]).all()


def test_figures_are_those_of_a_plain_count(shifts: DesignBacktest) -> None:
    """False flags and delays are what one counts of mean + 2 sd written anew, at the threshold of the table."""
    made = case("shift", "mean 5", 1, 30)
    effect = made.effects[-1]
    row = shifts.table.query("scenario == 'mean 5' and effect == 'x 4' and method == 'mean-sd'").iloc[0]

    def scores(values: np.ndarray) -> np.ndarray:
        past = np.array([values[now - 52 : now] for now in range(made.first, len(values))])
        deviations = (values[made.first :] - past.mean(axis=1)) / past.std(axis=1, ddof=1)
        return np.where(values[made.first :] > 0, deviations, -np.inf)

    calm = scores(made.calm.values)
    # 1 % of 780 weeks is 7.8, so the eighth highest is the threshold
    assert row["threshold"] == pytest.approx(np.sort(calm.ravel())[-8])
    cut = row["threshold"] + 1e-9
    # the one tie at the threshold is left to chance
    assert row["false_flags"] == pytest.approx((scores(effect.quiet.values) > cut).mean(), abs=1 / 780)
    flags = scores(effect.event.values) > cut
    delay = np.where(flags.any(axis=0), flags.argmax(axis=0) + 1, 26)
    assert row["delay"] == pytest.approx(delay.mean(), abs=0.05)
    assert row["early"] == (delay <= 4).mean()
    assert row["delay"] == pytest.approx(mean_delay(delay, flags.any(axis=0), 26).value, abs=0.05)


def test_the_oracle_is_soonest(shifts: DesignBacktest) -> None:
    """Nothing is sooner than the oracle beyond error, and it is sooner for larger shifts."""
    rows = shifts.table[shifts.table["scenario"] != EVERY]
    assert (rows["oracle"] <= rows["delay_high"]).all()
    assert (rows["oracle"] <= rows["reference"] + 0.5).all()
    one = rows[(rows["scenario"] == "mean 5") & (rows["method"] == "mean-sd")]
    assert one["oracle"].is_monotonic_decreasing


def test_all_scenarios_together_are_their_series(shifts: DesignBacktest) -> None:
    """The rows over all scenarios have the series of each, hence the mean of their rates and delays."""
    table = shifts.table
    one = table[(table["effect"] == "x 2") & (table["method"] == "hdx-maximum")].set_index("scenario")
    for column in ("false_flags", "pod", "early", "delay"):
        assert one.loc[EVERY, column] == pytest.approx(one.drop(EVERY)[column].mean())
    assert one.loc[EVERY, "series"] == 60


def test_a_scenario_alone_is_the_same_and_so_are_the_bytes(shifts: DesignBacktest) -> None:
    """What other scenarios are asked for changes nothing, and equal options give equal bytes."""
    alone = backtest_design(RULES, DesignOptions(design="shift", series=30, scenarios=("mean 5",)))
    among = shifts.table[shifts.table["scenario"] == "mean 5"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.table, among, check_exact=True)
    assert render(design_page(alone)) == render(design_page(replace(alone, table=among)))


def test_words_page_and_command(shifts: DesignBacktest) -> None:
    """Sentences and page say that series are simulated, and the command makes the same again."""
    said, page = sentences(shifts), render(design_page(shifts))
    assert said[0].startswith("Simulated series, design shift")
    assert len(said) == 4
    assert "How methods do on simulated series: shift" in page
    assert "x 4 by scenario (simulated)" in page
    assert command(shifts) == (
        "incidents backtest --design shift --series 30 --scenario 'mean 1' --scenario 'mean 5' --method mean-sd "
        "--set backtest.against=hdx-maximum"
    )


def test_the_command(tmp_path: Path) -> None:
    """Without a database, the table is on stdout, what it says on stderr, and the page in its file."""
    asked = ("backtest", "--design", "late", "--scenario", "A-m1", "--series", 20, "--method", "mean-sd")
    found = incidents(*asked, "--set", "against=acled-surge", "--format", "json", "--out", tmp_path / "page.html")
    assert found.exit_code == 0, found.output
    rows = json.loads(found.stdout)
    assert [(row["effect"], row["method"]) for row in rows] == [
        (effect, method) for effect in ("complete", "late") for method in ("mean-sd", "acled-surge")
    ]
    assert all(row["simulated"] and row["delay"] is None for row in rows)
    assert "Simulated series" in found.stderr
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--design", "ramps"), "choose from noufaily, sparse"),
        (("--design", "ramp", "--scenario", "mean 7"), "choose from mean 0.1, mean 1"),
        (("--design", "ramp", "--from", "2020-01-01"), "--from is of records"),
        (("--design", "ramp", "--flags"), "--flags is of records"),
        (("--seed", "3"), "name a --design"),
        (("--design", "ramp", "--rate", "0"), "rate must be above 0"),
        (("--design", "ramp", "--series", "1"), "series must be in"),
        (("--design", "ramp", "--seed", "-1"), "seed must be 0 or more"),
        (("--design", "ramp", "--method", "mean"), "method 'mean' is not known"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: tuple[str, ...], words: str) -> None:
    """What there is not, and what only records or only simulated series have, is an error that says so."""
    found = incidents("backtest", *asked)
    assert (found.exit_code, words in found.stderr) == (2, True), found.output


def test_a_rate_that_no_series_could_show_is_refused() -> None:
    """A rate below one of all weeks that thresholds are set on is an error, not a threshold at the highest score."""
    with pytest.raises(OptionError, match="series"):
        backtest_design(RULES, DesignOptions(design="shift", series=2, rate=0.001))

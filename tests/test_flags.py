"""The written policy: q-values, levels, episodes and the sentences that are read aloud."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests

from analytics.flags import FLAG_COLUMNS, Policy, judge, levels, reason, spoken, trailing
from analytics.models.base import SpikeResult
from analytics.models.discovery import q_values
from analytics.panel import Panel, Status
from analytics.weeks import week_range

START = date(2021, 1, 4)


def result(observed: ArrayLike, p_value: ArrayLike, expected: float = 1.0, names: tuple[str, ...] = ()) -> SpikeResult:
    """A spike result of these counts and p-values (weeks x regions), the judged weeks being all there are."""
    values, p = np.atleast_2d(np.asarray(observed, float)), np.atleast_2d(np.asarray(p_value, float))
    weeks = week_range(START, START + timedelta(weeks=len(values) - 1))
    ids = tuple(f"R{number}" for number in range(values.shape[1]))
    status = np.where(np.isnan(values), Status.UNKNOWN, Status.KNOWN).astype(np.uint8)
    panel = Panel(weeks=weeks, region_ids=ids, region_names=names or ids, values=values, status=status)
    return SpikeResult(
        panel=panel, method="stand-in", options=None, weeks=weeks, observed=values,
        expected=np.where(np.isnan(p), np.nan, expected), upper=np.full(values.shape, 4.0), p_value=p,
        score=values / 4, alarm=values > 4, note=np.where(np.isnan(p), "unknown", "").astype(object),
        judged_by=np.full(values.shape, "farrington-flexible", dtype=object),
    )  # fmt: skip


def flagged(observed: list[float], **policy: Any) -> pd.DataFrame:
    """Flags of one region whose weeks count as given; 9 is beyond normal, less is not."""
    p = [[1e-6 if count >= 9 else 0.9] for count in observed]
    return judge(result([[count] for count in observed], p), Policy(**{"cooldown_weeks": 0} | policy)).flags


def test_q_values_by_hand() -> None:
    """Four p-values, worked by hand: min over larger p of p m / rank."""
    # ranked: 0.005 * 4/1 = 0.02, 0.02 * 4/2 = 0.03 * 4/3 = 0.04 * 4/4 = 0.04
    np.testing.assert_allclose(q_values(np.array([[0.005, 0.03, 0.02, 0.04]])), [[0.02, 0.04, 0.04, 0.04]], rtol=1e-12)


def test_q_values_equal_statsmodels() -> None:
    """Every week's q-values are those of statsmodels' fdr_bh over the judged streams of that week alone."""
    p = np.random.default_rng(5).uniform(size=(12, 18)) ** 3
    p[p > 0.8] = np.nan
    p[4] = np.nan
    ours = q_values(p)
    for row, week in zip(ours, p, strict=True):
        judged = ~np.isnan(week)
        assert np.isnan(row[~judged]).all()
        if judged.any():
            # rtol: the two divide and multiply in different order
            np.testing.assert_allclose(row[judged], multipletests(week[judged], method="fdr_bh")[1], rtol=1e-12)


def test_a_family_is_one_week() -> None:
    """Other weeks, however alarming, change no q-value of a week."""
    p = np.random.default_rng(6).uniform(size=(3, 10))
    alone = q_values(p[1:2])
    p[0], p[2] = 1e-9, np.nan
    np.testing.assert_array_equal(q_values(p)[1:2], alone)


EDGES = [
    # q, observed, expected, level: each row is a threshold met to the letter, or missed by a hair
    (0.10, 4, 2.0, "watch"), (0.1001, 4, 2.0, ""),
    (0.05, 6, 3.0, "warning"), (0.0501, 6, 3.0, "watch"),
    (0.01, 10, 5.0, "alert"), (0.0101, 10, 5.0, "warning"),
    (0.001, 2, 0.0001, ""),  # min_observed
    (0.001, 3, 1.0, "watch"), (0.001, 3, 1.001, ""),  # watch_excess
    (0.001, 9, 6.0, "watch"), (0.001, 9, 6.001, ""),  # watch_ratio
    (0.001, 7, 3.5, "warning"), (0.001, 7, 3.501, "watch"),  # warning_ratio
    (0.001, 4, 1.0, "warning"), (0.001, 4, 1.001, "watch"),  # warning_excess
    (0.001, 6, 1.0, "alert"), (0.001, 6, 1.001, "warning"),  # alert_excess
    (0.001, 20, 10.0, "alert"), (0.001, 20, 10.001, "watch"),  # alert_ratio, and warning_ratio with it
    (0.5, 900, 1.0, ""), (np.nan, 900, 1.0, ""), (0.001, np.nan, 1.0, ""),
]  # fmt: skip


@pytest.mark.parametrize(("q", "observed", "expected", "level"), EDGES)
def test_a_level_needs_its_q_and_its_floors(q: float, observed: float, expected: float, level: str) -> None:
    """At the edge of each threshold of the default policy the level is what the policy says."""
    row = pd.DataFrame({"q_value": [q], "recent": [observed], "recent_expected": [expected]})
    assert levels(row, Policy()).tolist() == [level]


def test_floors_of_several_weeks_by_hand() -> None:
    """With four weeks the floors are asked of their known sum: small weeks add up, and a week before them can spoil one.

    One is expected a week. A: 2 2 2 2, together 8 where 4 are: a flag of two incidents. B: 0 0 0 4 and D: 0 0 0 3 are
    flags of the week alone. C: unknown, 2, unknown, 3 is 5 where 2 are: a flag of both.
    """
    counts = np.array([[2, 0, np.nan, 0], [2, 0, 2, 0], [2, 0, np.nan, 0], [2, 4, 3, 3]], dtype=float)
    p = np.where(np.isnan(counts), np.nan, 0.9)
    p[3] = 1e-6
    spikes = result(counts, p)
    week, four = (judge(spikes, Policy(floor_weeks=weeks)).flags for weeks in (1, 4))
    assert sorted(week["region"]) == ["R1", "R2", "R3"]
    assert sorted(four["region"]) == ["R0", "R2"]
    reason_of = four.set_index("region")["reason"]
    assert "R0: 2 incidents in the week of 25 January 2021" in reason_of["R0"]
    assert "8 in the 4 weeks up to it, where 4 were expected" in reason_of["R0"]
    assert "5 in the 4 weeks up to it, where 2 were expected" in reason_of["R2"]


def test_counts_of_several_weeks_by_hand() -> None:
    """Sum and number of the known up to each week, of fewer weeks at the beginning, and of nothing where there is none."""
    total, known = trailing(np.array([[1.0], [np.nan], [2.0], [4.0]]), 3)
    assert (total.ravel().tolist(), known.ravel().tolist()) == ([1, 1, 3, 6], [1, 1, 2, 2])
    assert trailing(np.empty((0, 2)), 4)[0].shape == (0, 2)


def test_floors_look_at_no_week_after() -> None:
    """What a week's floors are asked of is the same whether later weeks are there, and from which week on one judges."""
    counts = np.random.default_rng(3).poisson(1.5, (12, 5)).astype(float)
    p = np.full(counts.shape, 1e-6)
    whole = result(counts, p)
    part = replace(whole, weeks=whole.weeks[5:9], **{name: getattr(whole, name)[5:9] for name in TABLES})
    judged, few = (judge(one, Policy(floor_weeks=4)).flags for one in (whole, part))
    inside = judged[judged["week"].isin(part.weeks)]
    one, other = (
        set(frame[["week", "region_id", "level"]].itertuples(index=False, name=None)) for frame in (few, inside)
    )
    assert one == other
    assert len(few) > 0


TABLES = ("observed", "expected", "upper", "p_value", "score", "alarm", "note", "judged_by")


def test_another_region_changes_a_q_but_no_p() -> None:
    """A quiet region more doubles the family, and so the only small q-value; p-values stay."""
    alone, together = judge(result([[9]], [[0.004]])), judge(result([[9, 1]], [[0.004, 0.9]]))
    one, two = (judgement.streams.query("region_id == 'R0'").iloc[0] for judgement in (alone, together))
    assert one["p_value"] == two["p_value"] == 0.004
    assert (one["q_value"], two["q_value"]) == (0.004, 0.008)


def test_shuffled_regions_give_the_same_flags() -> None:
    """The order of a panel's regions changes no flag and no episode."""
    rng = np.random.default_rng(8)
    observed, p = rng.poisson(4, (8, 6)).astype(float), rng.uniform(size=(8, 6)) ** 4
    spikes, order = result(observed, p), rng.permutation(6)
    panel = spikes.panel.take([spikes.panel.region_ids[number] for number in order])
    tables = {
        name: getattr(spikes, name)[:, order]
        for name in ("observed", "expected", "upper", "p_value", "score", "alarm", "note", "judged_by")
    }
    one, two = judge(spikes), judge(replace(spikes, panel=panel, **tables))
    assert len(one.flags) > 3
    pd.testing.assert_frame_equal(one.flags, two.flags)
    pd.testing.assert_frame_equal(one.episodes, two.episodes)


def test_consecutive_flags_are_one_episode() -> None:
    """Flagged weeks in a row are numbered from one; an unflagged week between begins another episode."""
    flags = flagged([9, 10, 1, 9, 1, 1, 11, 12])
    assert flags["episode_week"].tolist() == [1, 2, 1, 1, 2]
    assert flags["episode_id"].tolist() == [
        "R0/incidents/2021-01-04", "R0/incidents/2021-01-04", "R0/incidents/2021-01-25",
        "R0/incidents/2021-02-15", "R0/incidents/2021-02-15",
    ]  # fmt: skip


def test_a_gap_may_be_bridged() -> None:
    """With a gap of one week allowed, one unflagged week does not end an episode, and two do."""
    assert flagged([9, 10, 1, 9, 1, 1, 11], episode_gap=1)["episode_week"].tolist() == [1, 2, 4, 1]


def test_an_unknown_week_ends_no_episode() -> None:
    """A week that was not judged says nothing: it is no quiet week between two flagged ones."""
    flags = judge(result([[9], [np.nan], [9]], [[1e-6], [np.nan], [1e-6]]), Policy(cooldown_weeks=0)).flags
    assert flags["episode_id"].tolist() == ["R0/incidents/2021-01-04"] * 2
    assert flags["episode_week"].tolist() == [1, 3]


def test_episodes_are_summed_by_hand() -> None:
    """An episode has its weeks, sums and highest level; it is open when it reaches the last judged week."""
    episodes = judge(result([[4], [9], [1], [10]], [[1e-6], [1e-6], [0.9], [1e-6]]), Policy(cooldown_weeks=0)).episodes
    assert episodes[["weeks", "peak_level", "observed", "excess", "status"]].to_numpy().tolist() == [
        [2, "alert", 13.0, 11.0, "closed"],
        [1, "alert", 10.0, 9.0, "open"],
    ]


def test_no_flags_are_empty_tables() -> None:
    """Nothing flagged leaves frames with their columns."""
    judgement = judge(result([[1, np.nan]], [[0.9, np.nan]]))
    assert judgement.flags.empty
    assert judgement.episodes.empty
    assert tuple(judgement.flags.columns) == FLAG_COLUMNS
    assert len(judgement.streams) == 2


def row(**changes: Any) -> dict[str, Any]:
    """What a reason is made from."""
    plain = {
        "region": "Diyala", "measure": "incidents", "week": pd.Timestamp("2021-11-29"), "observed": 12.0, "expected": 3.25,
        "p_spike": 0.00123, "kinds": "spike", "record_since": (3, "2021-11-08"), "growth": np.nan, "killed": np.nan,
    }  # fmt: skip
    return plain | changes


START_OF = "Diyala: 12 incidents in the week of 29 November 2021, where 3.2 were expected (so many come by chance once in 810 such weeks)"
REASONS = [
    ({}, f"{START_OF}."),
    ({"kinds": "spike, record", "record_since": (60, "2020-10-05")}, f"{START_OF}; the highest since 5 October 2020."),
    ({"kinds": "spike, record", "record_since": (1203, "")}, f"{START_OF}; the highest in the 1,203 weeks on record."),
    ({"kinds": "spike, trend", "growth": 0.126}, f"{START_OF}; after growth of 13 % a week."),
    ({"killed": 8.0}, f"{START_OF}; 8 killed."),
    ({"killed": 0.0}, f"{START_OF}."),
    ({"killed": None}, f"{START_OF}."),
    (
        {"kinds": "spike, trend, record", "record_since": (60, "2020-10-05"), "growth": 12.5, "killed": 1700.0},
        f"{START_OF}; the highest since 5 October 2020; after growth of 1,250 % a week; 1,700 killed.",
    ),
    (
        {"observed": 1.0, "expected": 1.0, "p_spike": 1e-9},
        "Diyala: 1 incident in the week of 29 November 2021, where 1 was expected "
        "(so many come by chance less than once in a million such weeks).",
    ),
    (
        {"observed": 12345.0, "expected": 0.01, "p_spike": 0.5},
        "Diyala: 12,345 incidents in the week of 29 November 2021, where fewer than 0.1 were expected "
        "(so many come by chance once in 2 such weeks).",
    ),
    (
        {
            "kinds": "spike, ramp, record", "record_since": (60, "2020-10-05"), "p_ramp": 2e-5,
            "onset": pd.Timestamp("2021-10-25"), "ramp_growth": 0.336,
        },
        f"{START_OF}; building up since the week of 25 October 2021 by about 34 % a week "
        "(as much comes by chance once in 50,000 such weeks); the highest since 5 October 2020.",
    ),
    (
        {"kinds": "ramp", "p_spike": 0.9, "p_ramp": 0.004, "onset": pd.NaT, "ramp_growth": np.nan},
        "Diyala: 12 incidents in the week of 29 November 2021, where 3.2 were expected (so many come by chance in any such "
        "week); building up (as much comes by chance once in 250 such weeks).",
    ),
    ({"region": "<b>\x1b[31m', DROP"}, START_OF.replace("Diyala", "<b>\x1b[31m', DROP") + "."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), REASONS)
def test_reasons_are_read_aloud(changes: dict[str, Any], sentence: str) -> None:
    """Each kind of evidence adds its words, and nothing that is unknown is spoken of."""
    assert reason(row(**changes)) == sentence


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.04, "fewer than 0.1"), (0.1, "0.1"), (1.0, "1"), (9.94, "9.9"), (10.4, "10"), (12345.6, "12,346")],
)
def test_numbers_are_spoken(value: float, said: str) -> None:
    """Whole from ten on, one decimal below."""
    assert spoken(value) == said


def test_no_sentence_says_nan() -> None:
    """Growth and casualties that are missing for some flags leave no trace in their reasons."""
    spikes = result([[9, 9], [9, 9]], np.full((2, 2), 1e-6), names=("nan", "Sulaymaniyah — سلێمانی"))
    week = pd.Timestamp(START)
    growth = pd.DataFrame(
        {
            "week": [week],
            "region_id": ["R0"],
            "growth": [0.5],
            "growth_low": [0.1],
            "growth_high": [0.9],
            "p_growing": [0.99],
        }
    )
    casualties = pd.DataFrame(
        {"week": [week, week], "region_id": ["R0", "R1"], "killed": [3.0, np.nan], "wounded": [np.nan, 1.0]}
    )
    flags = judge(spikes, growth=growth, casualties=casualties).flags
    assert len(flags) == 4
    assert flags.loc[0, "kinds"] == "spike, trend"
    assert not flags["reason"].str.removeprefix("nan:").str.contains("nan|None", case=False).any()
    assert flags["reason"].str.contains("3 killed").sum() == 1


def test_a_record_counts_known_weeks_only() -> None:
    """The weeks on record of which a count is the highest are weeks that are known, the flagged one included."""
    observed = np.ones((80, 1))
    observed[:10] = np.nan
    observed[-1] = 9
    p = np.where(observed == 9, 1e-6, 0.9)
    assert "the highest in the 70 weeks on record" in judge(result(observed, p)).flags.loc[0, "reason"]


def test_the_rare_rule_is_named() -> None:
    """A flag of the rare-event rule is of the kind rare, whatever stands behind its name."""
    spikes = result([[9]], [[1e-6]])
    spikes = replace(spikes, judged_by=np.array([["rare: under 3 years of history"]], dtype=object))
    assert judge(spikes).flags.loc[0, "kinds"] == "rare"

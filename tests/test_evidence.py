"""One p-value of all evidence: what spikes and build-ups add up to, and what they do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.errors import OptionError
from analytics.flags import Policy, judge
from analytics.flags.evidence import with_evidence
from analytics.models.base import SpikeResult
from tests.test_flags import result

HALF = Policy(ramp_share=0.5)


def ramps(p: list[list[float]], onset: str = "2021-10-04", growth: float = 0.3, edge: bool = False) -> SpikeResult:
    """Build-ups with these p-values, all from one week on, or *edge*: from then or earlier, and of one speed."""
    made = result([[1.0] * len(row) for row in p], p)
    shape = np.shape(p)
    return replace(
        made, onset=np.full(shape, np.datetime64(onset, "D")), onset_edge=np.full(shape, edge), growth=np.full(shape, growth)
    )  # fmt: skip


def combined(spike: float, ramp: float, policy: Policy) -> float:
    """The p of one stream."""
    return float(with_evidence(result([[9.0]], [[spike]]), ramps([[ramp]]), policy)["p_value"].iloc[0])


@pytest.mark.parametrize(
    ("spike", "ramp", "share", "p"),
    [
        (0.01, 0.2, 0.5, 0.02),  # the spike's, twice
        (0.2, 0.01, 0.5, 0.02),  # the build-up's, twice
        (0.01, 0.03, 0.25, 0.01 / 0.75),
        (0.9, 0.8, 0.5, 1.0),  # never above 1
        (0.01, np.nan, 0.5, 0.01),  # no build-up judged: nothing is shared
        (np.nan, 0.01, 0.5, np.nan),  # a method without p stays without
        (0.01, 1e-9, 0.0, 0.01),  # no share, no say
    ],
)
def test_the_combined_p_by_hand(spike: float, ramp: float, share: float, p: float) -> None:
    """The smaller of p_spike / (1 - w) and p_ramp / w, at most 1, and only of what was judged."""
    assert combined(spike, ramp, Policy(ramp_share=share)) == pytest.approx(p, nan_ok=True)


def test_the_combined_p_holds_its_level() -> None:
    """However the two depend on each other, P(p <= a) <= a: for independent, equal and opposite uniform p-values.

    20,000 streams: three standard errors of the share at 0.05 are 0.0046.
    """
    spike = np.random.default_rng(1).random((1, 20_000))
    for ramp in (np.random.default_rng(2).random((1, 20_000)), spike, 1 - spike):
        frame = with_evidence(result(np.full(spike.shape, 9.0), spike), ramps(ramp.tolist()), HALF)
        for level in (0.01, 0.05, 0.2):
            assert (frame["p_value"] <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / spike.size)


def test_without_ramps_nothing_is_shared() -> None:
    """The p is the spike's own, and no column of a build-up holds anything."""
    frame = with_evidence(result([[9.0, 1.0]], [[0.01, 0.7]]), None, HALF)
    assert frame["p_value"].tolist() == frame["p_spike"].tolist() == [0.01, 0.7]
    assert frame[["p_ramp", "onset", "ramp_growth"]].isna().all(axis=None)


def test_ramps_of_other_weeks_are_refused() -> None:
    """Evidence of other streams is not taken for theirs."""
    with pytest.raises(OptionError, match="judge the same ones"):
        with_evidence(result([[9.0, 1.0]], [[0.01, 0.7]]), ramps([[0.01]]), HALF)


def flag(spike: float, ramp: float, **policy: Any) -> pd.Series:  # type: ignore[type-arg]
    """The flag of a count of 9, as a stream of these p-values."""
    judgement = judge(result([[9.0]], [[spike]]), Policy(**policy), ramps=ramps([[ramp]]))
    return judgement.flags.iloc[0]


@pytest.mark.parametrize(
    ("spike", "ramp", "kinds"),
    [
        (0.001, 0.3, ["spike"]),
        (0.3, 0.001, ["ramp"]),
        (0.001, 0.002, ["spike", "ramp"]),
        (0.03, 0.02, ["ramp"]),
        (0.02, 0.03, ["spike"]),
    ],
)
def test_the_kinds_name_what_the_flag_rests_on(spike: float, ramp: float, kinds: list[str]) -> None:
    """Each test that is small enough by itself, and the smaller one in any case."""
    found = flag(spike, ramp)["kinds"].split(", ")
    assert [kind for kind in found if kind in ("spike", "ramp")] == kinds


def test_a_build_up_is_told_with_its_beginning_and_speed() -> None:
    """Onset and growth of the flag are those of the result, growth as a fraction a week, and in its reason."""
    found = flag(0.3, 0.001)
    assert found["onset"] == pd.Timestamp("2021-10-04")
    assert found["ramp_growth"] == pytest.approx(np.expm1(0.3))
    assert "building up since the week of 4 October 2021 by about 35 % a week" in found["reason"]


def test_a_beginning_at_the_edge_of_what_was_looked_at_may_be_earlier() -> None:
    """Where the onset is the first week that was looked at, the reason says so."""
    judgement = judge(result([[9.0]], [[0.3]]), Policy(), ramps=ramps([[0.001]], edge=True))
    found = judgement.flags.iloc[0]
    assert found["onset_edge"]
    assert "building up since the week of 4 October 2021 or earlier by about 35 % a week" in found["reason"]


@pytest.mark.parametrize("options", [{"ramp_share": 1.0}, {"ramp_share": -0.1}, {"evidence_p": 0.0}])
def test_shares_out_of_range_are_refused(options: dict[str, float]) -> None:
    """A share that leaves spikes nothing, or a threshold that names nothing, cannot be meant."""
    with pytest.raises(OptionError, match="out of range"):
        Policy(**options)  # type: ignore[arg-type]

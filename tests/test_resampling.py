"""Intervals over weeks that depend on each other."""

import numpy as np
import pytest

from analytics.resampling import drawn_medians, drawn_shares, drawn_times, share_over

RNG = 17


def test_a_draw_has_as_many_rows_as_there_are() -> None:
    """Each draw has the size of the data, and on average every row once."""
    times = drawn_times(50, 7, 4000, np.random.default_rng(RNG))
    assert (times.sum(axis=1) == 50).all()
    # A row's mean over 4,000 draws; its standard deviation is about one, so four standard errors are 0.065.
    np.testing.assert_allclose(times.mean(axis=0), 1, atol=0.065)


def test_neighbours_are_drawn_together() -> None:
    """One block of all rows is the data themselves; blocks of half of them are two runs."""
    assert (drawn_times(9, 9, 20, np.random.default_rng(RNG)) == 1).all()
    for times in drawn_times(10, 5, 50, np.random.default_rng(RNG)):
        edges = np.abs(np.diff(np.append(times, times[0]))).sum()
        assert edges <= 4  # two runs in a circle rise twice and fall twice, by one each


def test_shares_and_medians_by_hand() -> None:
    """Three things in rows 0, 0 and 2, of which the draws have each row so often as said."""
    times, rows = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]]), np.array([0, 0, 2])
    shares = drawn_shares(np.array([1.0, 0.0, 1.0]), rows, times)
    np.testing.assert_allclose(shares, [2 / 3, (2 + 1) / 5, np.nan])
    medians = drawn_medians(np.array([5.0, 1.0, 9.0]), rows, times)
    np.testing.assert_allclose(medians, [5, 5, np.nan])  # 1 5 9; 1 1 5 5 9


def test_independent_things_have_the_binomial_error() -> None:
    """Drawn one by one the spread is that of a binomial share; it is so for independent things in blocks, too.

    400 things at .3: the error is .0229; that of a standard deviation over 4,000 draws is 1.1 %, and blocks of ten leave it to
    chance how the 40 blocks differ, 11 % of it: three of these are allowed.
    """
    hits = (np.random.default_rng(1).random(400) < 0.3).astype(float)
    error = np.sqrt(hits.mean() * (1 - hits.mean()) / 400)
    for block, tolerance in ((1, 0.035), (10, 0.33)):
        times = drawn_times(400, block, 4000, np.random.default_rng(RNG))
        assert drawn_shares(hits, np.arange(400), times).std() == pytest.approx(error, rel=tolerance)


def test_things_that_come_together_have_a_wider_interval() -> None:
    """Where ten neighbours are always alike, blocks of twenty tell it, and single draws do not: about the root of ten."""
    hits = np.repeat((np.random.default_rng(2).random(60) < 0.3).astype(float), 10)
    rows = np.arange(hits.size)
    one, blocks = (
        share_over(hits, rows, drawn_times(hits.size, block, 2000, np.random.default_rng(RNG))) for block in (1, 20)
    )
    assert one.value == blocks.value == hits.mean()
    assert 2 < (blocks.high - blocks.low) / (one.high - one.low) < 4


@pytest.mark.parametrize("block", [0, 11])
def test_a_block_must_fit(block: int) -> None:
    """No block, and one longer than the data, are refused."""
    with pytest.raises(ValueError, match="1 to 10 rows"):
        drawn_times(10, block, 2, np.random.default_rng(RNG))

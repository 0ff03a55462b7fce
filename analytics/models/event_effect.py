"""From what was expected to what came: rate ratios after an event, with the expectation's own uncertainty in them."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from analytics.models.base import Floats
from analytics.models.event_fit import REACH, Booleans, Fits, Rows, fit

ENDS = 40.0
"""Bound of a log rate ratio's interval; beyond it the interval has no end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """K weeks after each of D dates in one series, beside what the weeks before lead one to expect of them.

    rows: counts, trials and the baseline's design; offset (D, K) is the expected log mean (log odds with trials).
    covariance (D, P, P): of the baseline's coefficients. scale (D,): dispersion of the weeks' counts about their
    mean. alpha, freedom, ok: (D,) of the baseline's fit.
    """

    rows: Rows
    covariance: Floats
    scale: Floats
    alpha: Floats
    freedom: Floats
    ok: Booleans

    def at(self, dates: NDArray[np.intp] | slice) -> "Block":
        """The same of some dates."""
        return Block(rows=self.rows.at(dates), **{name: getattr(self, name)[dates] for name in _SCALARS})

    def weeks(self, chosen: slice) -> "Block":
        """The same with some of its K weeks."""
        return Block(rows=self.rows.weeks(chosen), **{name: getattr(self, name) for name in _SCALARS})


_SCALARS = ("covariance", "scale", "alpha", "freedom", "ok")


@dataclass(frozen=True, kw_only=True, eq=False)
class Average:
    """What an average rate ratio rests on, blocks taken together: (D,) each, rows (D, K of all blocks)."""

    rows: Rows
    observed: Floats
    expected: Floats
    estimate: Floats
    """log (observed / expected), log odds ratio with trials; -inf where nothing was observed."""
    scale: Floats
    """Dispersion of the observed total."""
    doubt: Floats
    """Variance of the log of the expected total."""
    freedom: Floats
    ok: Booleans

    def at(self, dates: NDArray[np.intp]) -> "Average":
        """The same of some dates."""
        names = [field.name for field in fields(Average) if field.name != "rows"]
        return Average(rows=self.rows.at(dates), **{name: getattr(self, name)[dates] for name in names})


def average(blocks: list[Block]) -> Average:
    """The common rate ratio r of all weeks of all *blocks*: sum observed = sum expected x r.

    With trials, r is the odds ratio with sum observed = sum trials x r p / (1 - p + r p), p the expected share.
    The variance of log r is scale / information + doubt, doubt = sum c' V c / information^2, where c (P,) is a block's
    sum of weight x design, V its baseline's covariance, and the information the sum of weights.
    """
    rows = _joined(blocks)
    parts = [_part(block) for block in blocks]
    information = np.maximum(sum(part[0] for part in parts), 1e-12)
    scale = sum(part[1] for part in parts) / information
    doubt = sum(part[2] for part in parts) / information**2
    mean = _mean(rows, np.zeros(len(information)))
    observed = (rows.counts * rows.use).sum(axis=1)
    return Average(
        rows=rows if rows.trials is not None else _collapsed(observed, mean),
        observed=observed,
        expected=mean,
        estimate=_estimate(rows, observed, mean),
        scale=np.maximum(scale, 1.0),
        doubt=np.maximum(doubt, 1e-12),
        freedom=np.sum([block.freedom * block.ok for block in blocks], axis=0).clip(1.0),
        ok=np.any([block.ok for block in blocks], axis=0) & (mean > 0) & rows.use.any(axis=1),
    )


def side_by_side(made: list[Average]) -> Average:
    """The first date of each as the dates of one."""
    names = [field.name for field in fields(Average) if field.name != "rows"]
    longest = max(one.rows.counts.shape[1] for one in made)
    rows = [_padded(one.rows.at(slice(0, 1)), longest) for one in made]
    trials = None
    if rows[0].trials is not None:
        trials = np.concatenate([row.trials for row in rows])
    stacked = {
        name: np.concatenate([getattr(row, name) for row in rows]) for name in ("counts", "design", "use", "offset")
    }
    return Average(
        rows=Rows(trials=trials, **stacked),
        **{name: np.concatenate([getattr(one, name)[:1] for one in made]) for name in names},
    )


def _padded(rows: Rows, weeks: int) -> Rows:
    """The same with unused weeks behind, *weeks* in all."""
    more = ((0, 0), (0, weeks - rows.counts.shape[1]))
    return Rows(
        counts=np.pad(rows.counts, more),
        design=np.pad(rows.design, (*more, (0, 0))),
        use=np.pad(rows.use, more),
        offset=np.pad(rows.offset, more),
        trials=None if rows.trials is None else np.pad(rows.trials, more),
    )


def _collapsed(observed: Floats, expected: Floats) -> Rows:
    """The totals as one week: the Poisson likelihood of a common ratio knows no more than them."""
    offset = np.log(np.maximum(expected, 1e-300))[:, None]
    use = np.ones(offset.shape, dtype=np.bool_)
    return Rows(counts=observed[:, None], design=offset[:, :, None], use=use, offset=offset)


def _part(block: Block) -> tuple[Floats, Floats, Floats]:
    """A block's information, its dispersed information, and the baseline's share of the variance; (D,) each."""
    rows = block.rows
    mean = np.exp(rows.offset)
    chance = mean / (1 + mean)
    weight = rows.use * (mean if rows.trials is None else rows.trials * chance * (1 - chance))
    weight = weight * block.ok[:, None]
    crossed = np.einsum("dk,dkp->dp", weight, rows.design)
    doubt = np.einsum("dp,dpq,dq->d", crossed, block.covariance, crossed)
    spread = weight * (1 + block.alpha[:, None] * weight)
    return weight.sum(axis=1), block.scale * spread.sum(axis=1), doubt


def _joined(blocks: list[Block]) -> Rows:
    """All blocks' weeks side by side; weeks of a block that is not ok are left out."""
    trials = None
    if blocks[0].rows.trials is not None:
        trials = np.concatenate([block.rows.trials for block in blocks], axis=1)
    return Rows(
        counts=np.concatenate([block.rows.counts for block in blocks], axis=1),
        design=np.concatenate([block.rows.design for block in blocks], axis=1),
        use=np.concatenate([block.rows.use & block.ok[:, None] for block in blocks], axis=1),
        offset=np.concatenate([block.rows.offset for block in blocks], axis=1),
        trials=trials,
    )


def _mean(rows: Rows, shift: Floats) -> Floats:
    """Expected total with the log mean (or log odds) of every week moved by *shift* (D,)."""
    eta = np.clip(rows.offset + shift[:, None], -REACH - ENDS, REACH + ENDS)
    mean = np.exp(eta) if rows.trials is None else rows.trials / (1 + np.exp(-eta))
    total: Floats = (mean * rows.use).sum(axis=1)
    return total


def _slope(rows: Rows, shift: Floats, mean: Floats) -> Floats:
    """Derivative of `_mean` with respect to *shift*."""
    if rows.trials is None:
        return mean
    chance = 1 / (1 + np.exp(-np.clip(rows.offset + shift[:, None], -REACH - ENDS, REACH + ENDS)))
    slope: Floats = (rows.trials * chance * (1 - chance) * rows.use).sum(axis=1)
    return slope


def _likelihood(rows: Rows, observed: Floats, shift: Floats, mean: Floats) -> Floats:
    """Log likelihood (D,) at *shift*, up to a constant."""
    if rows.trials is None:
        return observed * shift - mean
    eta = rows.offset + shift[:, None]
    likelihood: Floats = observed * shift - (rows.trials * np.logaddexp(0, eta) * rows.use).sum(axis=1)
    return likelihood


def _estimate(rows: Rows, observed: Floats, expected: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        if rows.trials is None:
            return np.log(observed / np.maximum(expected, 1e-300))
    low, high = np.full(len(observed), -ENDS), np.full(len(observed), ENDS)
    for _ in range(60):
        middle = (low + high) / 2
        below = _mean(rows, middle) < observed
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    total = (rows.trials * rows.use).sum(axis=1)
    return np.where(observed == 0, -np.inf, np.where(observed == total, np.inf, (low + high) / 2))


def signed_root(made: Average, ratio: Floats) -> Floats:
    """Studentised statistic of log rate ratio *ratio* (D,): the signed root of a profile quasi-likelihood ratio, (D,).

    T^2 = min over e of 2 (l(best) - l(ratio + e)) / scale + e^2 / doubt, l the Poisson (binomial) log likelihood of
    the weeks and e what the expectation may be off by; the sign is that of estimate - ratio. For large counts
    T = (estimate - ratio) / standard error; it is defined for an observed total of 0 as well.
    """
    best = np.clip(made.estimate, -REACH - ENDS, REACH + ENDS)
    off = _off(made, ratio)
    moved = ratio + off
    peak = _likelihood(made.rows, made.observed, best, _mean(made.rows, best))
    there = _likelihood(made.rows, made.observed, moved, _mean(made.rows, moved))
    squared = 2 * np.maximum(peak - there, 0.0) / made.scale + off**2 / made.doubt
    return np.sign(best - ratio) * np.sqrt(squared)


def _off(made: Average, ratio: Floats) -> Floats:
    """The e of `signed_root`: the root of e = doubt (observed - mean(ratio + e)) / scale, by Newton from the far side."""
    pull = made.doubt * (made.observed - _mean(made.rows, ratio)) / made.scale
    reach = np.clip(made.estimate, -REACH - ENDS, REACH + ENDS) - ratio
    low, high = np.minimum(0.0, np.maximum(pull, reach)), np.maximum(0.0, np.minimum(pull, reach))
    off = high.copy()
    for _ in range(25):
        mean = _mean(made.rows, ratio + off)
        gradient = off / made.doubt - (made.observed - mean) / made.scale
        curvature = 1 / made.doubt + _slope(made.rows, ratio + off, mean) / made.scale
        moved = np.clip(off - gradient / curvature, low, high)
        done = np.abs(moved - off).max(initial=0.0) < 1e-11
        off = moved
        if done:
            break
    return off


def nudged(made: Average, by: float) -> Average:
    """The same with *by* added to the observed total, no further than to 0 (or to all trials)."""
    total = np.inf if made.rows.trials is None else (made.rows.trials * made.rows.use).sum(axis=1)
    observed = np.clip(made.observed + by, 0.0, total)
    return replace(made, observed=observed, estimate=_estimate(made.rows, observed, made.expected))


def cautious_root(made: Average) -> Floats:
    """`signed_root` of no effect with the observed total half an incident nearer to it, (D,); p-values are its tails.

    The continuity correction of counts: without it a single week of few incidents is called unusual too often.
    """
    above = np.maximum(signed_root(nudged(made, -HALF), np.zeros(len(made.estimate))), 0.0)
    below = np.minimum(signed_root(nudged(made, HALF), np.zeros(len(made.estimate))), 0.0)
    return np.where(made.estimate > 0, above, below)


HALF = 0.5
"""The continuity correction, incidents."""


def intervals(made: Average, quantiles: list[Floats]) -> list[tuple[Floats, Floats]]:
    """For each of *quantiles* (D,) the log rate ratios whose `signed_root` is it and minus it: the interval's ends.

    Half an incident is taken from the observed total for the lower end and added for the upper (see `cautious_root`).
    By bisection to 1e-9 on the log scale, all of a side together; an end beyond `ENDS` is infinite.
    """
    low, high = (_ends(nudged(made, -side * HALF), quantiles, side) for side in (1.0, -1.0))
    return list(zip(low, high, strict=True))


def _ends(made: Average, quantiles: list[Floats], side: float) -> Floats:
    """Lower (*side* 1) or upper (-1) ends, one row of (D,) for each quantile."""
    dates = len(made.estimate)
    tiled = made.at(np.tile(np.arange(dates), len(quantiles)))
    wanted, bound = side * np.concatenate(quantiles), np.full(len(tiled.estimate), -side * ENDS)
    inner, outer = np.clip(tiled.estimate, -ENDS, ENDS), bound
    for _ in range(36):
        middle = (inner + outer) / 2
        within = side * (signed_root(tiled, middle) - wanted) < 0
        inner, outer = np.where(within, middle, inner), np.where(within, outer, middle)
    endless = np.abs(inner) > ENDS - 1e-6
    ends: Floats = np.where(endless, -side * np.inf, (inner + outer) / 2).reshape(len(quantiles), dates)
    return ends


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """Level and slope of the log rate ratio over the weeks after: estimate, error (D, 2), freedom, ok (D,)."""

    estimate: Floats
    error: Floats
    freedom: Floats
    ok: Booleans


def shape(blocks: list[Block], weeks: Floats, *, clustered: bool = False) -> Shape:
    """Common log rate ratio = level + slope x (k - 1) over event weeks k = *weeks* (K,) of all *blocks*.

    A regression with the expectation as offset; its covariance is A^-1 (sum scale A_s + C_s V_s C_s') A^-1, where A is
    the information, C_s a block's D'WX and V_s its baseline's covariance: with neither season nor shared columns, the
    segmented regression's own (Wagner et al. 2002). *clustered*: S / (S - 1) x the sum of u u' over the S blocks in the
    middle, u a block's score (Liang & Zeger 1986), with S - 1 degrees of freedom.
    """
    rows = _joined(blocks)
    dates, each = len(rows.counts), len(weeks)
    basis = np.column_stack([np.ones(each), weeks - 1])
    design = np.broadcast_to(np.tile(basis, (len(blocks), 1)), (dates, len(blocks) * each, 2))
    sized = np.average([block.alpha for block in blocks], axis=0)
    fits = fit(
        Rows(counts=rows.counts, design=design, use=rows.use, offset=rows.offset, trials=rows.trials), alpha=sized
    )
    parts = [slice(number * each, (number + 1) * each) for number in range(len(blocks))]
    if clustered:
        middle = _clusters(rows, fits, parts, basis)
        left = np.full(dates, len(blocks) - 1.0)
    else:
        each_own = [_middle(block, fits.weight[:, part], basis) for block, part in zip(blocks, parts, strict=True)]
        middle = np.sum(each_own, axis=0)
        left = np.sum([block.freedom * block.ok for block in blocks], axis=0).clip(1.0)
    variance = np.diagonal(fits.bread @ middle @ fits.bread, axis1=1, axis2=2)
    active = ((rows.counts > 0) & rows.use).sum(axis=1)
    ok = fits.ok & (active >= 2) & (rows.use.sum(axis=1) >= 3) & (np.abs(fits.coefficients) < ENDS / 2).all(axis=1)
    return Shape(estimate=fits.coefficients, error=np.sqrt(np.maximum(variance, 0.0)), freedom=left, ok=ok)


def _middle(block: Block, weight: Floats, basis: Floats) -> Floats:
    own = np.einsum("kp,dk,kq->dpq", basis, weight, basis) * block.scale[:, None, None]
    crossed = np.einsum("kp,dk,dkq->dpq", basis, weight, block.rows.design)
    shared: Floats = own + crossed @ block.covariance @ crossed.transpose(0, 2, 1)
    return shared


def _clusters(rows: Rows, fits: Fits, parts: list[slice], basis: Floats) -> Floats:
    pull = rows.use * (rows.counts - fits.mean) / (1 + fits.alpha[:, None] * fits.mean)
    scores = np.stack([pull[:, part] @ basis for part in parts], axis=1)
    middle: Floats = len(parts) / (len(parts) - 1) * np.einsum("dsp,dsq->dpq", scores, scores)
    return middle


def clustered_error(blocks: list[Block]) -> Floats:
    """Standard error of `average`'s estimate from the spread between blocks (regions), (D,)."""
    made = average(blocks)
    ratio = np.exp(np.clip(made.estimate, -ENDS, ENDS))
    gaps = [
        (block.rows.counts * block.rows.use).sum(axis=1) - ratio * _mean(block.rows, np.zeros(len(ratio)))
        for block in blocks
    ]
    spread = len(blocks) / (len(blocks) - 1) * np.sum(np.square(gaps), axis=0)
    error: Floats = np.sqrt(spread) / np.maximum(made.observed, 1e-12)
    return error

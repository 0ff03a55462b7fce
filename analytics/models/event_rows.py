"""The rows of a study's table: each term of one unit (a series, or several taken together), with its placebo dates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from analytics.models.base import Floats
from analytics.models.event_effect import (
    Average,
    Block,
    average,
    cautious_root,
    clustered_error,
    intervals,
    shape,
    side_by_side,
    signed_root,
)
from analytics.models.event_fit import Booleans
from analytics.models.event_options import StudyOptions

Row = dict[str, Any]
COLUMNS = (
    "event", "date", "scope", "regions", "term", "k", "rate_ratio", "low", "high", "wide_low", "wide_high",
    "p_value", "p_placebo", "placebo_dates", "independent_dates", "larger_dates", "left_out", "p_placebo_all",
    "placebo_low", "placebo_high", "weeks", "observed", "expected", "note",
)  # fmt: skip
FIRST = np.zeros(1, dtype=np.intp)
"""The event itself, ahead of its placebo dates."""
TIE = 1e-9
"""Placebo effects this close to the event's own count as as large."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """What one estimate is made of: blocks with the event first and its placebo dates behind it, in the same order.

    counted: (K,), weeks that the average, level and slope are made of; *inside* and *everything* are the dates that
    may stand in for the event, and all that lie in the data. *worth*: independent dates that both are worth; by default
    as many as their own order says. *lead* and *pretrend*: blocks of the weeks before.
    """

    facts: Row
    """event, date, scope, regions and note, as in the table."""
    blocks: list[Block]
    after: NDArray[np.intp]
    clean: Booleans
    reason: tuple[str, ...]
    inside: slice
    everything: slice
    left_out: int
    lead: list[Block]
    pretrend: list[Block]
    lead_weeks: NDArray[np.intp]
    clustered: bool = False
    worth: tuple[float, float] | None = None


def unit_rows(unit: Unit, options: StudyOptions, *, weekly: bool) -> list[Row]:
    """Rows of one unit: after, early, late, level, slope; with *weekly* the trend before and each week as well."""
    start = int(np.flatnonzero(unit.after == 1)[0])
    blocks = [block.weeks(slice(start, None)) for block in unit.blocks]
    clean = unit.clean[start:]
    terms = [_span(unit, "after", slice(start, None))]
    terms += [
        _span(unit, "early", slice(start, start + options.early)),
        _span(unit, "late", slice(start + options.early, None)),
    ]
    rows = (
        [_clustered_row(unit, term, options) for term in terms]
        if unit.clustered
        else _average_rows(unit, terms, options)
    )
    rows += _shape_rows(unit, blocks, options, int(clean.sum()))
    if weekly:
        rows += [_pretrend_row(unit, options)] if options.lead >= 6 else []
        rows += _week_rows(unit, options)
    return rows


def missing_rows(facts: Row, why: str) -> list[Row]:
    """The rows of a unit that nothing can be said of."""
    return [_row(facts, term=term, note=_notes(facts["note"], why)) for term in TERMS]


TERMS = ("after", "early", "late", "level", "slope")
"""Terms of every unit; that of the trend before and the single weeks come to those of totals."""


def after_row(unit: Unit, options: StudyOptions) -> Row:
    """The row *after* of one unit alone."""
    start = int(np.flatnonzero(unit.after == 1)[0])
    return _average_rows(unit, [_span(unit, "after", slice(start, None))], options)[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Term:
    """One average: which row of the table it is, its blocks, and whether placebo dates go with it."""

    given: Row
    blocks: list[Block]
    dates: bool = True


def _span(unit: Unit, name: str, weeks: slice) -> _Term:
    """The average of some of the weeks after."""
    blocks = [block.weeks(weeks) for block in unit.blocks]
    return _Term(given={"term": name, "weeks": int(unit.clean[weeks].sum())}, blocks=blocks)


def _average_rows(unit: Unit, terms: list[_Term], options: StudyOptions) -> list[Row]:
    """Rows of averages, their intervals found together; null and a note where there is nothing to compare with."""
    if not terms:
        return []
    made = [average(term.blocks) for term in terms]
    statistics = [studentised(one) for one in made]
    ends = _ends(unit, terms, made, statistics, options)
    rows = []
    for number, (term, one, statistic) in enumerate(zip(terms, made, statistics, strict=True)):
        if not one.ok[0]:
            why = "nothing to compare with" if term.given["weeks"] else "none of these weeks counts"
            rows.append(_row(unit.facts, **term.given, note=_notes(unit.facts["note"], why)))
            continue
        figures = _figures(one, cautious_root(one.at(FIRST)), one.freedom) | {
            name: float(values[number]) for name, values in ends.items()
        }
        dates = _placebo(unit, statistic) | _band(unit, one, options) if term.dates else {}
        rows.append(_row(unit.facts, **term.given, **figures, **dates))
    return rows


def studentised(made: Average) -> Floats:
    """The statistic T of each date, (1 + N,): the signed root of no effect; NaN where there is nothing to compare with."""
    statistic: Floats = np.where(made.ok, signed_root(made, np.zeros(len(made.ok))), np.nan)
    return statistic


def _ends(
    unit: Unit, terms: list[_Term], made: list[Average], statistics: list[Floats], options: StudyOptions
) -> dict[str, Floats]:
    """Ends of the intervals, by Student's quantile and by that of the placebo dates' own statistics."""
    first = side_by_side(made)
    usual = student.ppf(0.5 + options.level / 2, first.freedom)
    own = [
        _spread(statistic[unit.inside], options.level) if term.dates else np.nan
        for term, statistic in zip(terms, statistics, strict=True)
    ]
    (low, high), (wide_low, wide_high) = intervals(first, [usual, np.fmax(usual, own)])
    known = np.isfinite(own)
    return {
        "low": np.exp(low),
        "high": np.exp(high),
        "wide_low": np.where(known, np.exp(wide_low), np.nan),
        "wide_high": np.where(known, np.exp(wide_high), np.nan),
    }


def _spread(statistics: Floats, level: float) -> float:
    """The |T| that the share *level* of other dates stays within, rounded outwards; NaN where they are too few to say."""
    sizes = np.sort(np.abs(statistics[np.isfinite(statistics)]))
    rank = int(np.ceil(level * (len(sizes) + 1)))
    return float(sizes[rank - 1]) if 0 < rank <= len(sizes) else float("nan")


def _clustered_row(unit: Unit, term: _Term, options: StudyOptions) -> Row:
    """The average of several regions, its interval from the spread between them."""
    given, blocks = term.given, term.blocks
    made, error = average(blocks), clustered_error(blocks)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(made.ok & (error > 0), made.estimate / error, np.nan)
    if not np.isfinite(statistic[0]):
        return _row(unit.facts, **given, note=_notes(unit.facts["note"], "no incidents after in any of them"))
    freedom = np.full(1, len(blocks) - 1.0)
    half = float(student.ppf(0.5 + options.level / 2, freedom[0]) * error[0])
    ends = {"low": float(np.exp(made.estimate[0] - half)), "high": float(np.exp(min(made.estimate[0] + half, 700.0)))}
    figures = _figures(made, statistic, freedom) | ends
    return _row(unit.facts, **given, **figures, **_placebo(unit, statistic), **_band(unit, made, options))


def _figures(made: Average, statistic: Floats, freedom: Floats) -> Row:
    return {
        "rate_ratio": float(np.exp(made.estimate[0])),
        "p_value": float(2 * student.sf(abs(statistic[0]), freedom[0])),
        "observed": float(made.observed[0]),
        "expected": float(made.expected[0]),
    }


def _placebo(unit: Unit, statistic: Floats) -> Row:
    """How the event ranks among the dates that may stand in for it, and among all."""
    own, everything = statistic[unit.inside], statistic[unit.everything]
    if not len(everything):
        return {}
    known = own[np.isfinite(own)]
    worth, worth_all = unit.worth or (independent(own), independent(everything))
    return {
        "p_placebo": placebo_p(statistic[0], own, worth),
        "placebo_dates": len(known),
        "independent_dates": min(worth, len(known)),
        "larger_dates": larger(statistic[0], known),
        "left_out": unit.left_out,
        "p_placebo_all": placebo_p(statistic[0], everything, worth_all),
    }


def placebo_p(own: float, others: Floats, worth: float | None = None) -> float:
    """Randomisation p of *own* among *others* (N,), that are *worth* m independent ones; NaN without others.

    (1 + m s) / (1 + m), s being the share of others with |T| as large. By default, and at most, m = N: then it is the
    rank of Phipson & Smyth (2010).
    """
    others = others[np.isfinite(others)]
    if not len(others) or not np.isfinite(own):
        return float("nan")
    alike = max(len(others) / worth, 1.0) if worth else 1.0
    return float((alike + larger(own, others)) / (alike + len(others)))


def larger(own: float, others: Floats) -> int:
    """Number of *others* whose |T| is as large as that of *own*."""
    return int((np.abs(others) >= abs(own) - TIE).sum())


def independent(statistics: Floats) -> float:
    """Number of independent dates that those with a statistic are worth."""
    return float(np.isfinite(statistics).sum() / run_length(statistics))


def run_length(statistics: Floats) -> float:
    """How many dates on end have a |T| in the upper fifth, over what that is for independent dates; at least 1.

    Dates a few weeks apart share most of their weeks and come out alike, so that N of them are worth fewer. The share of
    N dates that are in the upper fifth q, in runs of lengths L, varies as that of N / w independent runs, with the
    size-weighted mean run w = sum(L^2) / sum(L) (a renewal-reward sum; long runs count for more than the mean run says).
    Independent dates have w = (1 + q) / (1 - q), by which it is divided.
    """
    sizes = np.abs(statistics[np.isfinite(statistics)])
    if len(sizes) < MIN_DATES:
        return 1.0
    high = np.concatenate([[False], sizes >= np.quantile(sizes, UPPER), [False]]).astype(np.int8)
    edges = np.diff(high)
    runs = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return max(1.0, float((runs**2).sum() / runs.sum()) * UPPER / (2 - UPPER))


UPPER = 0.8
"""Share of dates below those whose runs are counted."""
MIN_DATES = 20
"""Placebo dates from which on runs are counted."""


def _band(unit: Unit, made: Average, options: StudyOptions) -> Row:
    """Quantiles of the rate ratios of the dates that may stand in for the event."""
    ratios = np.exp(made.estimate[unit.inside][made.ok[unit.inside]])
    if not len(ratios):
        return {}
    low, high = np.quantile(ratios, [0.5 - options.level / 2, 0.5 + options.level / 2], method="inverted_cdf")
    return {"placebo_low": float(low), "placebo_high": float(high)}


def _shape_rows(unit: Unit, blocks: list[Block], options: StudyOptions, used: int) -> list[Row]:
    weeks = np.arange(1, blocks[0].rows.counts.shape[1] + 1, dtype=np.float64)
    made = shape(blocks, weeks, clustered=unit.clustered)
    rows = []
    for column, term in enumerate(("level", "slope")):
        if not made.ok[0]:
            why = "too few weeks with incidents after for a level and a slope"
            rows.append(_row(unit.facts, term=term, weeks=used, note=_notes(unit.facts["note"], why)))
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(made.ok, made.estimate[:, column] / made.error[:, column], np.nan)
        rows.append(
            _row(unit.facts, term=term, weeks=used, **_wald(made, column, options), **_placebo(unit, statistic))
        )
    return rows


def _wald(made: Any, column: int, options: StudyOptions) -> Row:
    estimate, error, freedom = made.estimate[0, column], made.error[0, column], made.freedom[0]
    half = student.ppf(0.5 + options.level / 2, freedom) * error
    return {
        "rate_ratio": float(np.exp(estimate)),
        "low": float(np.exp(estimate - half)),
        "high": float(np.exp(min(estimate + half, 700.0))),
        "p_value": float(2 * student.sf(abs(estimate) / error, freedom)) if error > 0 else float("nan"),
    }


def _pretrend_row(unit: Unit, options: StudyOptions) -> Row:
    """Slope of the weeks before, against what the weeks before those lead one to expect."""
    made = shape(unit.pretrend, np.arange(1, options.lead + 1, dtype=np.float64))
    if not made.ok[0]:
        why = "too few incidents before for a slope of their own"
        return _row(unit.facts, term="pre-trend", weeks=options.lead, note=_notes(unit.facts["note"], why))
    return _row(unit.facts, term="pre-trend", weeks=options.lead, **_wald(made, 1, options))


def _week_rows(unit: Unit, options: StudyOptions) -> list[Row]:
    """Every week from the first of *lead* to the last after; null where it does not count."""
    terms = [
        _Term(
            given=_week_facts(int(week)),
            blocks=[block.at(slice(number, number + 1)) for block in unit.lead],
            dates=False,
        )
        for number, week in enumerate(unit.lead_weeks)
    ]
    for number, week in enumerate(unit.after):
        if unit.clean[number]:
            blocks = [block.weeks(slice(number, number + 1)) for block in unit.blocks]
            terms.append(_Term(given=_week_facts(int(week)), blocks=blocks))
    empty = [
        _row(unit.facts, **_week_facts(int(week)) | {"weeks": 0}, note=unit.reason[number])
        for number, week in enumerate(unit.after)
        if not unit.clean[number]
    ]
    return sorted(_average_rows(unit, terms, options) + empty, key=lambda row: int(row["k"]))


def _week_facts(week: int) -> Row:
    return {"term": f"week {week}", "k": week, "weeks": 1}


def _row(facts: Row, **given: Any) -> Row:
    return {**dict.fromkeys(COLUMNS), **facts, **given}


def _notes(*notes: str) -> str:
    return "; ".join(note for note in notes if note)

"""The compound method: what a week's sum of casualties may be, given the incidents of the last years."""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from analytics.errors import InputError, OptionError
from analytics.models import compound_kernel as kernel
from analytics.models.base import Floats, SpikeResult
from analytics.models.compound_options import CompoundOptions
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_fit import Indexes, in_threads
from analytics.models.predictive import WINDOWS, note_standing, standing
from analytics.models.predictive_kernel import WEIGHT
from analytics.models.window import fitted_as_of, weeks_back
from analytics.panel import Panel
from analytics.severities import Severities

__all__ = ["METHOD", "Compound", "CompoundOptions"]

METHOD = "compound"


@dataclass(frozen=True)
class Compound:
    """Predictive distribution of a sum of casualties S = X_1 + ... + X_N, and the evidence of the weeks before.

    N, the number of incidents with casualties, is the predictive method's mixture of negative binomials
    (`models.predictive`); incidents without casualties add nothing, so that they are left out of it.

    X, casualties of an incident: the region's own incidents of the same years, and those of all other regions, which
    count for k of its own; k, 3 to *pooling*, is what makes its own likeliest (Dirichlet-multinomial, Minka 2000). Beyond a
    limit that at most *tail_share* of the incidents exceed, a mixture of generalised Pareto distributions weighed by
    likelihood and a prior of the tail's index, so that a record has a chance.

    P(S >= s) is that of the mixture of compound distributions by Panjer's recursion (1981, ASTIN Bulletin 12:22) on at most
    257 points, figures of more than one a point laid on them so that mean and, of small ones, variance stay; beyond them
    P(S >= end) P(X > s - m) / P(X > end - m), m being the mean of the rest: one large incident makes the sum (Embrechts,
    Klueppelberg & Mikosch 1997, section 1.3).

    The weeks before: p = P(S >= s) / W, W the mean of two: the predictive method's, of the number of incidents, and the
    same of their severities, whose likelihood ratios are of survival functions raised to a power below 1. Each is about 1 on
    average where nothing happens, and at most 10.

    `statistic` is log W, `expected` the mean of N times that of the incidents X is made of, `upper` the largest sum that
    raises no alarm given the weeks before. `p_drop` is P(S <= s), which W has no part in. This method pools: who is in the
    panel matters to the severities of all. What was measured is in docs/evidence-sums.md, formulas in docs/sums.md.
    """

    options: CompoundOptions = field(default_factory=CompoundOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week with *min_weeks* weeks before it.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that are
        not whole numbers or not the sums of the panel's severities, OptionError for a panel without severities and for
        weeks outside it.
        """
        check_counts(panel)
        severities, options = _severities(panel), self.options
        judged = judged_weeks(panel, first, last, default=options.min_weeks)
        notes = blank_notes(panel, judged)
        known, nodes = standing(_incidents(panel, severities), judged, options, threads)
        note_standing(notes, known, options.min_weeks)
        planes = _judge(panel, severities, judged, known, nodes, options, threads).transpose(2, 1, 0)
        expected, upper, at_least, above = planes
        notes[(notes == "") & np.isnan(expected)] = "no incident with casualties in the baseline of any region"
        weight = known[..., WEIGHT].T
        result = assemble(
            panel, judged, method=METHOD, options=options, expected=expected, upper=upper,
            p_value=np.minimum(at_least / weight, 1), note=notes, p_drop=1 - above if options.two_sided else None,
        )  # fmt: skip
        return replace(result, statistic=np.where(notes == "", np.log(weight), np.nan))


def _severities(panel: Panel) -> Severities:
    """The incidents of the panel's known cells, checked to make its sums."""
    if panel.severities is None:
        raise OptionError(
            f"method {METHOD!r} needs the casualties of each incident (Panel.severities): weekly sums alone do not say what one "
            "incident may cost; count a sum of casualties from a database, or give Severities"
        )
    kept = panel.severities.where(~np.isnan(panel.values))
    sums = kept.sums(panel.values.shape)
    wrong = ~np.isnan(panel.values) & (sums != panel.values)
    if wrong.any():
        week, region = np.argwhere(wrong)[0]
        raise InputError(
            f"region {panel.region_ids[region]}, week {panel.weeks[week]}: the incidents add up to {sums[week, region]:g}, "
            f"and the panel has {panel.values[week, region]:g}; give the casualties of each incident"
        )
    return kept


def _incidents(panel: Panel, severities: Severities) -> Panel:
    """The panel of the number of incidents with casualties."""
    counts = severities.counts(panel.values.shape)
    return replace(panel, values=np.where(np.isnan(panel.values), np.nan, counts), severities=None)


def _judge(
    panel: Panel, severities: Severities, judged: Indexes, known: Floats, nodes: Floats, options: CompoundOptions,
    threads: int | None,
) -> Floats:  # fmt: skip
    """Planes (R, W, 4) of the judged weeks, as in `compound_kernel`; NaN where a cell can't be judged.

    The weights in *known*, of the number of incidents, become those of the method.
    """
    as_of, block = np.unique(fitted_as_of(panel.weeks, judged, options.refit_weeks), return_inverse=True)
    spans = np.maximum(np.column_stack([as_of - weeks_back(options.years_back), as_of - options.exclude_weeks]), 0)
    levels, places = np.unique(severities.figure, return_inverse=True)
    pooled = np.array([_by_level(severities.week, places, levels.size, *span) for span in spans])
    starts = np.searchsorted(severities.region, np.arange(len(panel.region_ids) + 1))
    sums = np.array(panel.values.T, order="C")
    constants = (float(options.alpha), float(options.pooling), float(options.tail_share))
    windows = WINDOWS[WINDOWS[:, 0] <= options.memory]
    out = np.full((*known.shape[:2], 4), np.nan)

    def call(first: int, last: int) -> None:
        kernel.judge(
            sums, judged, block, spans, levels, pooled, starts, severities.week, places, constants, windows, known, nodes,
            first, last, out,
        )  # fmt: skip

    in_threads(call, len(panel.region_ids), threads)
    return out


def _by_level(weeks: Indexes, places: Indexes, size: int, start: int, stop: int) -> Floats:
    """How many incidents of weeks start..stop - 1 there are of each level, (U,)."""
    inside = (weeks >= start) & (weeks < stop)
    return np.bincount(places[inside], minlength=size).astype(np.float64)

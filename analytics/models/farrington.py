"""Farrington flexible: a quasi-Poisson baseline of trend and season per region-week, and its alarm threshold."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from analytics.models import farrington_kernel as kernel
from analytics.models.base import Notes, SpikeResult
from analytics.models.farrington_cells import Flags, assemble, blank_notes, check_counts, judged_weeks, note_population
from analytics.models.farrington_design import references
from analytics.models.farrington_fit import Cells, Indexes, Plan, drops, fit_cells, thresholds
from analytics.models.farrington_options import FarringtonOptions
from analytics.panel import Panel

__all__ = ["METHOD", "FarringtonFlexible", "FarringtonOptions"]

METHOD = "farrington-flexible"
UNBOUNDED = "no finite threshold"
ALL_ZERO = "all-zero baseline"
SEPARATED = "separated season block: no incident at this time of the year in the baseline"
NOT_CONVERGED = "the baseline fit did not converge"


@dataclass(frozen=True)
class FarringtonFlexible:
    """Farrington flexible (Noufaily et al. 2013, Stat Med 32:1206; Salmon et al. 2016, J Stat Softw 70(10)).

    log mu = log population + level of season + slope * week, fitted by quasi-Poisson to the weeks around the same date
    of the last *years_back* calendar years and the weeks between them, twice: the second time with past outbreaks
    weighted down. Dispersion phi = max(1, Pearson). Upper is the (1 - alpha) quantile of a negative binomial with that
    mean and variance phi mu (nbPlugin), of one with the mean's own upper (1 - alpha) limit (muan), or
    (mu^(2/3) + z sd)^(3/2) (delta).

    The numbers are those of R `surveillance` 1.20.3, including where its glm stops iterating, with these departures.
    Refused with a note instead of judged: all-zero baselines (R's fit does not converge), season blocks without an
    incident (R: mean and upper near zero, so that any count alarms), baselines of which less than half is known;
    `reference=True` answers as R does. Unknown weeks at the start of the baseline do not shift the trend's clock.
    Unknown weeks count as nothing in the low-count rule, where R refuses. `score` relates to the expected count for
    every threshold, where R takes the logarithm of it for two of the three.
    """

    options: FarringtonOptions = field(default_factory=FarringtonOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its years of history.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that
        are not counts, OptionError for weeks outside the panel or a population that is missing.
        """
        check_counts(panel, self.options.population)
        judged = judged_weeks(panel, first, last, default=first_with_history(panel, self.options))
        notes = blank_notes(panel, judged)
        if self.options.population:
            note_population(notes, panel, judged)
        plan = Plan(wanted=notes == "")
        if self.options.reference:
            plan = Plan(wanted=notes == "", block_incidents=0.0, known_share=0.0)
        cells = fit_cells(panel, judged, self.options, plan, threads)
        explain(notes, cells, years_reached(panel, judged, self.options), self.options)
        expected, upper, p_value = thresholds(cells, panel.values[judged], self.options, threads)
        notes[(notes == "") & np.isnan(upper)] = UNBOUNDED
        few = (notes == "") & low_counts(panel, judged, self.options)
        if self.options.reference:
            expected, upper = (np.where(few, np.nan, table) for table in (expected, upper))
        else:
            notes[few] = low_count_note(self.options)
        return assemble(
            panel, judged, method=METHOD, options=self.options, expected=expected, upper=upper, p_value=p_value,
            note=notes, p_drop=drops(cells, panel.values[judged], self.options, threads) if self.options.two_sided else None,
        )  # fmt: skip


def first_with_history(panel: Panel, options: FarringtonOptions) -> int:
    """Index of the first week whose years of history lie inside the panel; the number of weeks if there is none."""
    every = np.arange(len(panel.weeks))
    enough = references(panel.weeks, every, options.years_back)[:, -1] >= options.half_window
    return int(np.argmax(enough)) if enough.any() else every.size


def years_reached(panel: Panel, judged: Indexes, options: FarringtonOptions) -> Indexes:
    """Number of reference windows of each judged week that lie inside the panel, shape (W,)."""
    reached: Indexes = (references(panel.weeks, judged, options.years_back) >= options.half_window).sum(axis=1)
    return reached


def explain(notes: Notes, cells: Cells, years: Indexes, options: FarringtonOptions) -> None:
    """Write into *notes* why a cell has no fit, where nothing is noted yet."""
    fixed = {kernel.ALL_ZERO: ALL_ZERO, kernel.SPARSE_BLOCK: SEPARATED, kernel.NOT_CONVERGED: NOT_CONVERGED}
    blank = notes == ""
    for code, text in fixed.items():
        notes[blank & (cells.code == code)] = text
    for week in np.flatnonzero(years < options.years_back):
        notes[week, blank[week]] = f"too little history: {years[week]} of {options.years_back} years"
    for week, region in np.argwhere(blank & (cells.code == kernel.FEW_KNOWN)):
        known, planned = int(cells.known[week, region]), cells.planned[week]
        notes[week, region] = f"too little history: {known} of {planned} baseline weeks known"


def low_counts(panel: Panel, judged: Indexes, options: FarringtonOptions) -> Flags:
    """Cells (W, R) with fewer incidents in their last weeks than the low-count rule asks for."""
    width = int(options.low_count_weeks)
    window = judged[:, None] - np.arange(width)
    values = panel.values if options.reference else np.nan_to_num(panel.values)
    recent = np.where((window >= 0)[..., None], values[np.maximum(window, 0)], 0.0).sum(axis=1)
    few: Flags = ~(recent >= options.low_count_cases)
    return few


def low_count_note(options: FarringtonOptions) -> str:
    """What to say of a week that the low-count rule leaves out."""
    return f"low counts: fewer than {options.low_count_cases} incidents in {options.low_count_weeks} weeks"

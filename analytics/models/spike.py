"""The default spike model: a ladder that judges each region-week by the best method its history allows."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.models import farrington_kernel as kernel
from analytics.models.base import Floats, Notes, SpikeResult
from analytics.models.farrington import METHOD as FARRINGTON
from analytics.models.farrington_cells import (
    Flags,
    assemble,
    blank_notes,
    check_counts,
    judged_weeks,
    note_population,
)
from analytics.models.farrington_design import references, years_reachable
from analytics.models.farrington_fit import Indexes, Plan, drops, exact_bounds, fit_cells, thresholds
from analytics.models.farrington_options import FarringtonOptions, Threshold
from analytics.models.rare import METHOD as RARE
from analytics.models.rare import RareOptions, low, predict
from analytics.models.window import note_history
from analytics.panel import Panel

METHOD = "auto"


@dataclass(frozen=True, kw_only=True)
class SpikeOptions:
    """Options of the ladder; what it does not name is as in FarringtonOptions and RareOptions."""

    alpha: float = 0.01
    """Chance of exceeding *upper* when nothing unusual happens."""
    years_back: int = 5
    """Calendar years of baseline, where there are that many."""
    min_years: int = 3
    """Fewest calendar years of history for Farrington flexible."""
    block_incidents: int = 10
    """Fewest incidents at this time of the year in the baseline for Farrington flexible."""
    exclude_weeks: int = 26
    """Weeks before the judged one that are left out of the baseline."""
    min_weeks: int = 52
    """Fewest known weeks of history for a region-week to be judged at all."""
    threshold: Threshold = "nbPlugin"
    """How Farrington flexible makes *upper*."""
    trend: bool = True
    """Whether a linear trend may be part of Farrington flexible's baseline."""
    population: bool = False
    """Whether counts are judged as rates of the panel's population."""
    two_sided: bool = False
    """Whether `p_drop`, the chance of a count this low, is given as well."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_years <= self.years_back:
            raise OptionError(f"min_years must be in 1..years_back={self.years_back}, got {self.min_years}")
        if self.block_incidents < 1:
            raise OptionError(f"block_incidents must be 1 or more, got {self.block_incidents}")
        self.farrington(self.years_back)
        self.rare()

    def farrington(self, years: int) -> FarringtonOptions:
        """Options of Farrington flexible with *years* of history; low counts are judged like others."""
        return FarringtonOptions(
            alpha=self.alpha, years_back=years, exclude_weeks=self.exclude_weeks, threshold=self.threshold,
            trend=self.trend, population=self.population, low_count_cases=0,
        )  # fmt: skip

    def rare(self) -> RareOptions:
        """Options of the rule for sparse streams."""
        return RareOptions(
            alpha=self.alpha, years_back=self.years_back, exclude_weeks=self.exclude_weeks, min_weeks=self.min_weeks,
            population=self.population,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tables:
    """The result in the making, each (W, R); *judged_by* is "" until a method has judged the cell."""

    expected: Floats
    upper: Floats
    p_value: Floats
    p_drop: Floats
    judged_by: Notes

    def put(self, where: Flags, tables: tuple[Floats, Floats, Floats, Floats], judged_by: str) -> None:
        """Write one method's answers into the cells *where*."""
        for mine, theirs in zip((self.expected, self.upper, self.p_value, self.p_drop), tables, strict=True):
            mine[where] = theirs[where]
        self.judged_by[where] = judged_by


@dataclass(frozen=True)
class Spike:
    """A ladder of methods; `judged_by` says which one judged a cell and, where it is not the first choice, why.

    1. Farrington flexible with *years_back* calendar years of history, or with fewer, down to *min_years*.
    2. The rule for sparse streams, where the history is shorter, less than half of the baseline is known, the baseline
       is all zero or does not fit, or has fewer than *block_incidents* incidents at this time of the year: there
       Farrington flexible gives no answer, or one that rests on next to nothing.
    3. Not judged, with a note, with fewer than *min_weeks* known weeks of history.

    The rung of a cell depends on its baseline only, never on the judged count or the weeks after the baseline:
    otherwise the choice would be part of the test, and the chosen method's p-value no longer the chance it claims.
    That is why Farrington flexible's own low-count rule, which looks at the judged week, is off here.
    """

    options: SpikeOptions = field(default_factory=SpikeOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week with *min_weeks* weeks before it.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that
        are not counts, OptionError for weeks outside the panel or a population that is missing.
        """
        check_counts(panel, self.options.population)
        judged = judged_weeks(panel, first, last, default=self.options.min_weeks)
        notes = blank_notes(panel, judged)
        if self.options.population:
            note_population(notes, panel, judged)
        tables = _empty((judged.size, len(panel.region_ids)))
        reasons = np.full(notes.shape, f"under {self.options.min_years} years of history", dtype=object)
        years = _years(panel, judged, self.options)
        for reach in range(self.options.years_back, self.options.min_years - 1, -1):
            wanted = (notes == "") & (years == reach)
            if wanted.any():
                _judge_flexible(panel, judged, wanted, self.options, reach, tables, reasons, threads)
        _judge_rare(panel, judged, notes, self.options, tables, reasons, threads)
        return assemble(
            panel, judged, method=METHOD, options=self.options, expected=tables.expected, upper=tables.upper,
            p_value=tables.p_value, note=notes, judged_by=tables.judged_by,
            p_drop=tables.p_drop if self.options.two_sided else None,
        )  # fmt: skip


def _empty(shape: tuple[int, int]) -> _Tables:
    """Tables of which no cell is judged."""
    expected, upper, p_value, p_drop = (np.full(shape, np.nan) for _ in range(4))
    return _Tables(
        expected=expected, upper=upper, p_value=p_value, p_drop=p_drop, judged_by=np.full(shape, "", dtype=object)
    )


def _years(panel: Panel, judged: Indexes, options: SpikeOptions) -> NDArray[np.int64]:
    """Calendar years of history of each cell (W, R), counted from the region's first known week."""
    known = ~np.isnan(panel.values)
    first_known = np.where(known.any(axis=0), known.argmax(axis=0), len(panel.weeks))
    near = references(panel.weeks, judged, options.years_back)
    return years_reachable(near, options.farrington(options.years_back).half_window, first_known)


def _judge_flexible(
    panel: Panel, judged: Indexes, wanted: Flags, options: SpikeOptions, years: int,
    tables: _Tables, reasons: Notes, threads: int | None,
) -> None:  # fmt: skip
    """Judge the *wanted* cells by Farrington flexible, or write into *reasons* why it can't."""
    weeks = wanted.any(axis=1)
    flexible = options.farrington(years)
    plan = Plan(wanted=wanted[weeks], block_incidents=float(options.block_incidents))
    cells = fit_cells(panel, judged[weeks], flexible, plan, threads)
    counts = panel.values[judged[weeks]]
    fell = drops(cells, counts, flexible, threads) if options.two_sided else np.full(counts.shape, np.nan)
    answers = (*thresholds(cells, counts, flexible, threads), fell)
    code = np.full(wanted.shape, kernel.SKIPPED)
    code[weeks] = cells.code
    for number, reason in _reasons(options).items():
        reasons[code == number] = reason
    full = tuple(np.full(wanted.shape, np.nan) for _ in answers)
    for table, answer in zip(full, answers, strict=True):
        table[weeks] = answer
    done = (code == kernel.JUDGED) & ~np.isnan(full[1])
    expected, upper, p_value, p_drop = full
    name = FARRINGTON if years == options.years_back else f"{FARRINGTON}: {years} years of history"
    tables.put(done, (expected, upper, p_value, p_drop), name)


def _reasons(options: SpikeOptions) -> dict[int, str]:
    """Why the rule for sparse streams judges a cell, by what became of its Farrington flexible fit."""
    return {
        kernel.FEW_KNOWN: "less than half of the baseline known",
        kernel.ALL_ZERO: "all-zero baseline",
        kernel.SPARSE_BLOCK: f"fewer than {options.block_incidents} incidents at this time of the year in the baseline",
        kernel.NOT_CONVERGED: "the baseline fit did not converge",
        kernel.JUDGED: "no finite threshold",
    }


def _judge_rare(
    panel: Panel, judged: Indexes, notes: Notes, options: SpikeOptions,
    tables: _Tables, reasons: Notes, threads: int | None,
) -> None:  # fmt: skip
    """Judge what is left by the rule for sparse streams, or note that there is too little history."""
    left = (notes == "") & (tables.judged_by == "")
    rare = options.rare()
    predictive = predict(panel, judged, rare)
    enough = left & (predictive.history >= rare.min_weeks)
    note_history(notes, left & ~enough, predictive.history, rare.min_weeks)
    counts = np.where(enough, panel.values[judged], np.nan)
    upper, p_value = exact_bounds(counts, predictive.mean, predictive.ratio, options.alpha, threads)
    p_drop = low(counts, predictive, threads) if options.two_sided else np.full(counts.shape, np.nan)
    for reason in np.unique(reasons[enough]):
        tables.put(enough & (reasons == reason), (predictive.mean, upper, p_value, p_drop), f"{RARE}: {reason}")

"""Farrington 1996: the weeks around the same time of earlier years, with a trend if there is one."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import numpy as np
from scipy import special

from analytics.errors import OptionError
from analytics.models import farrington_1996_kernel as kernel
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import Flags, assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_design import references
from analytics.models.farrington_fit import in_threads
from analytics.models.window import Indexes, known_before, note_short, season_lags, totals
from analytics.panel import Panel

METHOD = "farrington"
TREND_P = 0.05
Power = Literal["2/3", "1/2", "none"]
POWERS = {"2/3": 2 / 3, "1/2": 1 / 2, "none": 1.0}


@dataclass(frozen=True, kw_only=True)
class Farrington1996Options:
    """Options of Farrington 1996."""

    alpha: float = 0.01
    """Two-sided: *upper* is exceeded with chance alpha / 2 when nothing unusual happens."""
    years_back: int = 5
    """Years of baseline."""
    half_window: int = 3
    """Weeks on each side of the same week in those years."""
    calendar: bool = True
    """Whether the same week of a year is that of the same date; otherwise it is 52 weeks before."""
    reweight: bool = True
    """Whether past outbreaks are weighted down."""
    reweight_threshold: float = 1.0
    """Anscombe residual above which a week counts as a past outbreak."""
    trend: bool = True
    """Whether a linear trend (on the log scale) may be part of the baseline."""
    power: Power = "2/3"
    """Power after which counts are taken as normal: 2/3, 1/2 or none."""
    low_count_cases: int = 5
    """Fewest incidents in the last *low_count_weeks* weeks, the judged one included, for a week to be judged."""
    low_count_weeks: int = 4
    """See *low_count_cases*."""

    def __post_init__(self) -> None:
        bounds = {
            "alpha": (1e-12, 0.5), "years_back": (1, 50), "half_window": (0, 25), "reweight_threshold": (1e-9, np.inf),
            "low_count_cases": (0, np.inf), "low_count_weeks": (1, 520),
        }  # fmt: skip
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name} must be in {low:g}..{high:g}, got {getattr(self, name)}")
        if self.power not in get_args(Power):
            raise OptionError(f"power must be one of {', '.join(get_args(Power))}, got {self.power!r}")
        if self.years_back * (2 * self.half_window + 1) < 4:
            raise OptionError(f"years_back={self.years_back} and half_window={self.half_window} make under 4 weeks")


@dataclass(frozen=True)
class Farrington1996:
    """Farrington et al. 1996 (J R Stat Soc A 159:547); the numbers are those of R `surveillance` 1.20.3.

    Quasi-Poisson log mu = a + b week over the 2 half_window + 1 weeks around the same week of *years_back* years,
    fitted twice: then with weights s^-2 where the Anscombe residual s exceeds *reweight_threshold*. The trend is kept
    with three years or more, p < 0.05 and a prediction that is no record. With tau = phi + se(mu)^2 / mu, upper is
    (mu^(2/3) + z_{1-alpha/2} sqrt(4/9 mu^(1/3) tau))^(3/2), and p the normal tail after the same power.

    Departures from R. Unknown baseline weeks are left out, where R stops with an error; a week is not judged where
    under half of the baseline is known, or its last weeks have too few incidents (R: upper 0, no alarm). Unknown weeks
    count as nothing in that rule. An all-zero baseline is judged as in R (upper is next to nothing), but has no p: its
    spread is where the fit stopped, not an estimate.
    """

    options: Farrington1996Options = field(default_factory=Farrington1996Options)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, threads: int | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its years of history.

        *threads* defaults to the cores this process may use, and changes no number. Raises InputError for values that
        are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        options = self.options
        judged = judged_weeks(panel, first, last, default=_first_with_history(panel, options))
        notes = blank_notes(panel, judged)
        lags = baseline_lags(panel, judged, options)
        planned = lags.shape[1]
        note_short(notes, known_before(panel.values, judged, lags), planned, max((planned + 1) // 2, 4))
        tables = _fits(panel, judged, lags, notes == "", options, threads)
        expected, upper, p_value = _normal_bounds(tables, panel.values[judged], options)
        p_value[totals(panel.values, judged, lags) == 0] = np.nan
        few = (notes == "") & _low_counts(panel.values, judged, options)
        notes[few] = f"low counts: fewer than {options.low_count_cases} incidents in {options.low_count_weeks} weeks"
        return assemble(
            panel, judged, method=METHOD, options=options, expected=expected, upper=upper, p_value=p_value, note=notes
        )


def baseline_lags(panel: Panel, judged: Indexes, options: Farrington1996Options) -> Indexes:
    """Weeks back from each of the *judged* weeks to its baseline, earliest first; shape (W, n)."""
    if not options.calendar:
        lags = season_lags(options.years_back, options.half_window, recent=False)
        return np.tile(lags, (judged.size, 1))
    back = judged[:, None] - references(panel.weeks, judged, options.years_back)[:, ::-1]
    around = np.arange(options.half_window, -options.half_window - 1, -1)
    found: Indexes = (back[:, :, None] + around).reshape(judged.size, -1)
    return found


def _first_with_history(panel: Panel, options: Farrington1996Options) -> int:
    """Index of the first week whose whole baseline lies inside the panel; the number of weeks if there is none."""
    every = np.arange(len(panel.weeks))
    enough = baseline_lags(panel, every, options)[:, 0] <= every
    return int(np.argmax(enough)) if enough.any() else every.size


def _fits(
    panel: Panel, judged: Indexes, lags: Indexes, wanted: Flags, options: Farrington1996Options, threads: int | None
) -> Floats:
    """The planes of the kernel, (4, W, R), for the *wanted* cells; NaN elsewhere."""
    counts = np.ascontiguousarray(panel.values.T, np.float64)
    out = np.full((counts.shape[0], judged.size, 4), np.nan)
    cells = np.ascontiguousarray(wanted.T)
    free = np.maximum(np.arange(lags.shape[1] + 1, dtype=np.float64) - 2.0, 1.0)
    critical = -special.stdtrit(free, TREND_P / 2)
    rules = (options.reweight, float(options.reweight_threshold))
    trend = options.trend and options.years_back >= 3

    def call(first: int, last: int) -> None:
        kernel.judge(counts, judged[:, None] - lags, judged, cells, trend, critical, rules, first, last, out)

    in_threads(call, counts.shape[0], threads)
    planes: Floats = out.transpose(2, 1, 0)
    return planes


def _normal_bounds(tables: Floats, counts: Floats, options: Farrington1996Options) -> tuple[Floats, Floats, Floats]:
    """(expected, upper, p_value) of counts that are normal after the power, each (W, R)."""
    mean, phi, error = tables[kernel.MEAN], tables[kernel.PHI], tables[kernel.ERROR]
    power = POWERS[options.power]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tau = phi + (error * mean) ** 2 / mean
        sd = power * np.sqrt(mean ** (2 * power - 1) * tau)
        middle = mean**power
        upper = (middle - special.ndtri(options.alpha / 2) * sd) ** (1 / power)
        p_value = special.ndtr((middle - counts**power) / sd)
    return mean, upper, p_value


def _low_counts(values: Floats, weeks: Indexes, options: Farrington1996Options) -> Flags:
    """Cells (W, R) with fewer incidents in their last weeks than the low-count rule asks for."""
    few: Flags = totals(values, weeks, np.arange(int(options.low_count_weeks))) < options.low_count_cases
    return few

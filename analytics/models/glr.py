"""Likelihood-ratio charts: whether the mean has changed since the last alarm, in some week or other."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, get_args

import numpy as np

from analytics.errors import OptionError
from analytics.models import glr_kernel as kernel
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.farrington_fit import in_threads
from analytics.models.incontrol import NO_MEAN, InControl, check_training, note_start, note_training, seasonal_mean
from analytics.panel import Panel

Direction = Literal["up", "down"]
Change = Literal["intercept", "epidemic"]


@dataclass(frozen=True, kw_only=True)
class GlrOptions:
    """Options of the Poisson chart."""

    threshold: float = 5.0
    """Log likelihood ratio at which there is an alarm (R: c.ARL)."""
    change: Change = "intercept"
    """What changes: the log mean (intercept), or a part of last week's count that is added to the mean (epidemic)."""
    theta: float | None = None
    """Change of the log mean, where its size is known; unset: estimated (a generalised likelihood ratio)."""
    direction: Direction = "up"
    """Whether rises (up) or drops (down) are looked for."""
    window: int = -1
    """Weeks that a change may lie back (R: M); -1 for any since the last alarm."""
    burn_in: int = 1
    """Weeks that a change is estimated from at least (R: Mtilde)."""
    training_weeks: int = 104
    """First weeks of the panel, which make the mean in control; the chart begins after them."""
    harmonics: int = 1
    """Waves of a year in the mean in control."""
    trend: bool = False
    """Whether the mean in control has a trend."""
    reference: bool = False
    """Answer as R does where it can't see a change."""

    def __post_init__(self) -> None:
        _check(self)
        if self.change not in get_args(Change):
            raise OptionError(f"change must be intercept or epidemic, got {self.change!r}")
        if self.change == "epidemic" and (self.direction == "down" or self.theta is not None):
            raise OptionError("change=epidemic looks for rises of unknown size; leave direction and theta unset")


@dataclass(frozen=True, kw_only=True)
class GlrNbOptions:
    """Options of the negative binomial chart."""

    threshold: float = 5.0
    """Log likelihood ratio at which there is an alarm (R: c.ARL)."""
    theta: float | None = None
    """Change of the log mean, where its size is known; unset: estimated (a generalised likelihood ratio)."""
    direction: Direction = "up"
    """Whether rises (up) or drops (down) are looked for."""
    window: int = -1
    """Weeks that a change may lie back (R: M); -1 for any since the last alarm."""
    burn_in: int = 1
    """Weeks that a change is estimated from at least (R: Mtilde)."""
    dispersion: float | None = None
    """Variance mu + dispersion mu^2 (R: alpha); unset: estimated from the training weeks."""
    training_weeks: int = 104
    """First weeks of the panel, which make the mean in control; the chart begins after them."""
    harmonics: int = 1
    """Waves of a year in the mean in control."""
    trend: bool = False
    """Whether the mean in control has a trend."""
    reference: bool = False
    """Answer as R does where it can't see a change."""

    def __post_init__(self) -> None:
        _check(self)
        if self.dispersion is not None and not 1e-6 <= self.dispersion < np.inf:
            raise OptionError(f"dispersion must be 1e-6 or more, got {self.dispersion}; for none use glr-poisson")


def _check(options: GlrOptions | GlrNbOptions) -> None:
    if not 0 < options.threshold < np.inf:
        raise OptionError(f"threshold must be above 0, got {options.threshold}")
    if options.direction not in get_args(Direction):
        raise OptionError(f"direction must be up or down, got {options.direction!r}")
    if options.theta is not None and not 0 < (1 if options.direction == "up" else -1) * options.theta < 50:
        raise OptionError(f"theta must be above 0 for direction=up and below for down, got {options.theta}")
    if options.burn_in < 1:
        raise OptionError(f"burn_in must be 1 or more, got {options.burn_in}")
    if options.window != -1 and options.window <= options.burn_in:
        raise OptionError(f"window must be -1, or above burn_in={options.burn_in}, got {options.window}")
    check_training(options.training_weeks, options.harmonics, options.trend)


@dataclass(frozen=True)
class GlrPoisson:
    """GLR chart for Poisson counts with a mean that varies in time (Hoehle & Paul 2008, Comput Stat Data Anal 52:4357).

    The statistic of week n is the maximum, over k <= n since the last alarm and over the size of a change that began in
    week k, of the log likelihood ratio of weeks k..n; an alarm where it is *threshold* or more, and the chart starts
    again. With *theta* the size is known and the statistic a CUSUM, S = max(0, S + theta y + (1 - e^theta) mu), alarm
    above *threshold*. Upper is the smallest count with which there would be an alarm (observed >= upper; with
    direction=down the smallest without one, and an alarm is observed < upper), NaN where no count would do. Expected
    is the mean in control: a yearly wave fitted to the training weeks. A chart has no p: NaN.

    Numbers are those of R `surveillance` 1.20.3, its chart starting after the training weeks. Departures: unknown weeks
    are passed over; a run of weeks without any incident counts as a drop with direction=down, where R has 0 log 0, not
    a number, and can't see it (`reference=True` answers as R); regions without an incident in training are not judged.
    """

    options: GlrOptions = field(default_factory=GlrOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *,
        means: Floats | None = None, threads: int | None = None,
    ) -> SpikeResult:  # fmt: skip
        """Judge the weeks that start on first..last; by default every week after the training weeks.

        *means*: (T, R) means in control, where they are known. Raises InputError for values that are not counts,
        OptionError for weeks outside the panel.
        """
        known = None if means is None else InControl(mean=means, dispersion=np.zeros(means.shape[1]))
        return _judge(panel, first, last, self.options, known, threads)


@dataclass(frozen=True)
class GlrNb:
    """GLR chart for negative binomial counts (Hoehle & Paul 2008): as GlrPoisson, with variance mu + dispersion mu^2.

    Numbers are those of R `surveillance` 1.20.3 but for segments where its Newton iterations run away (a burst after
    quiet weeks, most drops) and it takes the ratio for 0: ours is the maximum (`reference=True` answers as R does).
    """

    options: GlrNbOptions = field(default_factory=GlrNbOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *,
        means: Floats | None = None, threads: int | None = None,
    ) -> SpikeResult:  # fmt: skip
        """Judge the weeks that start on first..last; by default every week after the training weeks.

        *means*: (T, R) means in control, where they are known; they need a *dispersion*. Raises InputError for values
        that are not counts, OptionError for weeks outside the panel or a missing dispersion.
        """
        if means is not None and self.options.dispersion is None:
            raise OptionError("means in control need a dispersion of their own; set dispersion")
        spread = self.options.dispersion
        known = None if means is None else InControl(mean=means, dispersion=np.full(means.shape[1], spread))
        return _judge(panel, first, last, self.options, known, threads)


def _judge(
    panel: Panel, first: date | None, last: date | None, options: GlrOptions | GlrNbOptions,
    control: InControl | None, threads: int | None,
) -> SpikeResult:  # fmt: skip
    """Run the charts up to *last* and take the judged weeks."""
    check_counts(panel)
    judged = judged_weeks(panel, first, last, default=options.training_weeks)
    notes = blank_notes(panel, judged)
    poisson = isinstance(options, GlrOptions)
    note_start(notes, judged, options.training_weeks)
    if control is None:
        note_training(notes, panel, options.training_weeks)
        spread = 0.0 if isinstance(options, GlrOptions) else options.dispersion
        control = seasonal_mean(panel, options.training_weeks, options.harmonics, options.trend, spread)
    stop = int(judged[-1]) + 1
    charts = _known_change if options.theta is not None else _unknown_change
    tables = charts(panel.values[:stop], control.mean[:stop], control.dispersion, options, threads)
    statistic, upper, alarm = tables[0][judged], tables[1][judged], tables[2][judged]
    notes[(notes == "") & np.isnan(statistic)] = NO_MEAN
    result = assemble(
        panel, judged, method="glr-poisson" if poisson else "glr-nb", options=options, expected=control.mean[judged],
        upper=upper, p_value=np.full(notes.shape, np.nan), note=notes,
    )  # fmt: skip
    blank = notes != ""
    return replace(result, alarm=alarm & ~blank, statistic=np.where(blank, np.nan, statistic))


Charts = tuple[Floats, Floats, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]


def _unknown_change(
    values: Floats, means: Floats, dispersion: Floats, options: GlrOptions | GlrNbOptions, threads: int | None
) -> Charts:
    """(statistic, upper, alarm), each (T, R), of charts with a change of unknown size."""
    counts, expected = np.ascontiguousarray(values.T), np.ascontiguousarray(means.T)
    out = np.full((*counts.shape, 3), np.nan)
    kind, window = _shape(options)
    start, limit, up = options.training_weeks, float(options.threshold), options.direction == "up"

    def call(first: int, last: int) -> None:
        kernel.chart(kind, counts, expected, dispersion, start, limit, up, window, options.reference, first, last, out)

    in_threads(call, counts.shape[0], threads)
    tables = out.transpose(2, 1, 0)
    return tables[kernel.STATISTIC], tables[kernel.CASES], tables[kernel.ALARM] == 1


def _shape(options: GlrOptions | GlrNbOptions) -> tuple[int, tuple[int, int, int]]:
    """(kind, (reach, fewest weeks of a segment, wait)) of the kernel; R's Poisson charts count differently."""
    burn = options.burn_in
    if not isinstance(options, GlrOptions):
        return kernel.NEGATIVE_BINOMIAL, (options.window, burn, burn - 1)
    if options.change == "epidemic":
        return kernel.EPIDEMIC, (options.window, burn, burn - 1)
    if options.window < 0:
        return kernel.POISSON, (-1, 1, burn - 1)
    return kernel.POISSON, (options.window, burn + 1, burn)


def _known_change(
    values: Floats, means: Floats, dispersion: Floats, options: GlrOptions | GlrNbOptions, threads: int | None
) -> Charts:
    """(statistic, upper, alarm), each (T, R), of charts with a change of known size."""
    theta = options.theta or 0.0
    statistic, upper = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    alarm = np.zeros(values.shape, np.bool_)
    before = np.zeros(values.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log1p(-dispersion * means * np.expm1(theta) / (1 + dispersion * means * np.exp(theta)))
        per_case = theta + np.where(dispersion > 0, log_ratio, 0.0)
        rest = np.where(dispersion > 0, log_ratio / dispersion, -np.expm1(theta) * means)
    for week in range(options.training_weeks, len(values)):
        now = np.maximum(before + values[week] * per_case[week] + rest[week], 0.0)
        upper[week] = np.maximum((options.threshold - before - rest[week]) / per_case[week], 0.0)
        statistic[week] = np.where(np.isnan(values[week]), before, now)
        alarm[week] = now > options.threshold
        before = np.where(alarm[week], 0.0, statistic[week])
    return statistic, upper, alarm

"""CUSUM: excesses over an in-control mean, added up until they pass a limit."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, get_args

import numpy as np

from analytics.errors import OptionError
from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.incontrol import NO_MEAN, check_training, note_start, note_training, seasonal_mean, training_mean
from analytics.panel import Panel

METHOD = "cusum"
Transformation = Literal["standard", "rossi", "anscombe", "anscombe2nd", "pearson-nb", "none"]
Mean = Literal["training", "season"]


@dataclass(frozen=True, kw_only=True)
class CusumOptions:
    """Options of CUSUM."""

    k: float = 1.04
    """Part of each week's standardised count that is not added up."""
    h: float = 2.26
    """Sum at which there is an alarm."""
    transformation: Transformation = "standard"
    """How counts are standardised: standard, rossi, anscombe, anscombe2nd, pearson-nb or none."""
    dispersion: float = 0.1
    """Dispersion of pearson-nb: variance mu + dispersion mu^2."""
    mean: Mean = "training"
    """Mean in control: that of the training weeks, or season, a yearly wave fitted to them."""
    training_weeks: int = 104
    """First weeks of the panel, which make the mean; the chart begins after them."""

    def __post_init__(self) -> None:
        if self.transformation not in get_args(Transformation):
            choices = ", ".join(get_args(Transformation))
            raise OptionError(f"transformation must be one of {choices}, got {self.transformation!r}")
        if self.mean not in get_args(Mean):
            raise OptionError(f"mean must be training or season, got {self.mean!r}")
        for name, low in (("k", -np.inf), ("h", 0.0), ("dispersion", 0.0)):
            if not low <= getattr(self, name) < np.inf:
                raise OptionError(f"{name} must be {low:g} or more and finite, got {getattr(self, name)}")
        check_training(self.training_weeks, int(self.mean == "season"), trend=False)


@dataclass(frozen=True)
class Cusum:
    """CUSUM for counts (Rossi et al. 1999, Stat Med 18:2111; Rogerson & Yamada 2004, Stat Med 23:2195).

    With z the standardised count, S = max(0, S + z - k), and an alarm where S >= h; the sum goes on after an alarm.
    `standard`: (y - m) / sqrt m; `rossi`: (y - 3m + 2 sqrt(y m)) / (2 sqrt m); `anscombe`:
    3/2 (y^(2/3) - m^(2/3)) / m^(1/6), `anscombe2nd` with m^(2/3) - m^(-1/3) / 9 in place of m^(2/3); `pearson-nb`:
    (y - m) / sqrt(m + dispersion m^2). Upper is the count from which there is an alarm (observed >= upper), rounded up
    for `standard`; for `none` it is h - S, as in R. The statistic is S; a sum has no p: NaN.

    Numbers are those of R `surveillance` 1.20.3, its chart starting after the training weeks. Departures: an unknown
    week leaves the sum as it is (R: unknown for ever); regions whose training weeks are all zero are not judged (R:
    not a number); the sum's start does not depend on *first*.
    """

    options: CusumOptions = field(default_factory=CusumOptions)

    def fit(
        self, panel: Panel, first: date | None = None, last: date | None = None, *, means: Floats | None = None
    ) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week after the training weeks.

        *means*: (T, R) means in control, where they are known. Raises InputError for values that are not counts,
        OptionError for weeks outside the panel.
        """
        check_counts(panel)
        options = self.options
        judged = judged_weeks(panel, first, last, default=options.training_weeks)
        notes = blank_notes(panel, judged)
        note_start(notes, judged, options.training_weeks)
        if means is None:
            note_training(notes, panel, options.training_weeks)
            means = _means(panel, options)
        values, expected = panel.values[: judged[-1] + 1], means[: judged[-1] + 1]
        total, upper = chart(values, expected, options)
        notes[(notes == "") & np.isnan(total[judged])] = NO_MEAN
        result = assemble(
            panel, judged, method=METHOD, options=options, expected=expected[judged], upper=upper[judged],
            p_value=np.full(notes.shape, np.nan), note=notes,
        )  # fmt: skip
        statistic = np.where(notes == "", total[judged], np.nan)
        return replace(result, alarm=statistic >= options.h, statistic=statistic)


def _means(panel: Panel, options: CusumOptions) -> Floats:
    """Means in control, (T, R)."""
    if options.mean == "training":
        return training_mean(panel, options.training_weeks)
    return seasonal_mean(panel, options.training_weeks, harmonics=1, trend=False, dispersion=0.0).mean


def chart(values: Floats, means: Floats, options: CusumOptions) -> tuple[Floats, Floats]:
    """(sum, upper) of every week (T, R) from the first after the training weeks; NaN before."""
    total, upper = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = _standardised(values, means, options)
        before = np.zeros(values.shape[1])
        for week in range(options.training_weeks, len(values)):
            now = np.maximum(before + (standardised[week] - options.k), 0.0)
            now = np.where(np.isnan(values[week]), before, now)
            room = options.h - (now if options.transformation == "none" else before - options.k)
            total[week], upper[week] = now, _limit(means[week], room, options)
            before = now
    # where no count keeps the sum below h, the transformation has no inverse
    return total, np.where(np.isnan(upper) & ~np.isnan(total), 0.0, np.maximum(upper, 0.0))


def _standardised(x: Floats, m: Floats, options: CusumOptions) -> Floats:
    """The counts, standardised by the option's transformation."""
    kind = options.transformation
    if kind == "rossi":
        return np.asarray((x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m)))
    if kind in ("anscombe", "anscombe2nd"):
        shift = m ** (-1 / 3) / 9 if kind == "anscombe2nd" else 0.0
        return np.asarray(1.5 * (x ** (2 / 3) - (m ** (2 / 3) - shift)) / m ** (1 / 6))
    if kind == "none":
        return x
    return (x - m) / np.sqrt(m + (options.dispersion * m**2 if kind == "pearson-nb" else 0.0))


def _limit(m: Floats, room: Floats, options: CusumOptions) -> Floats:
    """The count whose standardised value is *room*; `anscombe2nd` takes m^(1/3) / 9 for its shift, as R does."""
    kind = options.transformation
    if kind == "rossi":
        root = np.sqrt(m)
        return np.asarray(2 * root * room + 5 * m - 2 * np.sqrt(4 * m**2 + 2 * m * root * room))
    if kind in ("anscombe", "anscombe2nd"):
        shift = np.cbrt(m) / 9 if kind == "anscombe2nd" else 0.0
        return np.asarray(np.maximum(2 / 3 * m ** (1 / 6) * room + m ** (2 / 3) - shift, 0.0) ** 1.5)
    if kind == "none":
        return room
    if kind == "standard":
        return np.ceil(np.sqrt(m) * room + m)
    return np.sqrt(m + options.dispersion * m**2) * room + m

"""RKI 1-3: a week against a limit of the mean count around the same time of earlier years."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from analytics.models.base import Floats, SpikeResult
from analytics.models.farrington_cells import assemble, blank_notes, check_counts, judged_weeks
from analytics.models.window import Indexes, check_season, known_before, note_short, past, season_lags
from analytics.panel import Panel

METHOD = "rki"
MANY = 20.0
"""Mean count above which the limit is the mean and two deviations."""
LIMITS = np.array([
    3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633,
    19.050, 20.335, 21.364, 22.945, 23.762, 25.400, 26.306, 27.735, 28.966, 30.017,
])  # fmt: skip
"""Upper 95 % confidence limits of a Poisson mean, by the count 0..20 (Crow & Gardner 1959, Biometrika 46:441)."""


@dataclass(frozen=True, kw_only=True)
class RkiOptions:
    """Options of RKI; the defaults are RKI 3."""

    years_back: int = 2
    """Years of 52 weeks whose windows are compared with."""
    half_window: int = 4
    """Weeks on each side of the same week in those years, and weeks just before the judged one."""
    recent: bool = False
    """Whether the *half_window* weeks just before the judged one are compared with."""

    def __post_init__(self) -> None:
        check_season(self.years_back, self.half_window, self.recent)


PRESETS = {
    "rki-1": RkiOptions(years_back=0, half_window=6, recent=True),
    "rki-2": RkiOptions(years_back=1, half_window=6, recent=True),
    "rki-3": RkiOptions(),
}
"""The three variants of the reference, by name."""


@dataclass(frozen=True)
class Rki:
    """RKI 1-3, once the system of the Robert Koch Institute (Hoehle 2007, Comput Stat 22:571, section 3.1).

    Upper = mean + 2 sd of the baseline where its mean is above 20, else the upper 95 % confidence limit of a Poisson
    mean at the count floor(mean). A rule, not a distribution: p is NaN. Numbers are those of R `surveillance` 1.20.3.
    Unknown baseline weeks are left out, where R stops with an error; a week is not judged where less than half of the
    baseline is known, or where it begins before the panel.
    """

    options: RkiOptions = field(default_factory=RkiOptions)

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks that start on first..last; by default every week that has its baseline.

        Raises InputError for values that are not counts, OptionError for weeks outside the panel.
        """
        check_counts(panel)
        lags = season_lags(self.options.years_back, self.options.half_window, self.options.recent)
        judged = judged_weeks(panel, first, last, default=int(lags.max()))
        notes = blank_notes(panel, judged)
        note_short(notes, known_before(panel.values, judged, lags), lags.size, (lags.size + 1) // 2)
        early = (notes == "") & (judged < lags.max())[:, None]
        notes[early] = f"too little history: the baseline begins {lags.max()} weeks before"
        mean, upper = _limits(panel.values, judged, lags)
        return assemble(
            panel, judged, method=METHOD, options=self.options, expected=mean, upper=upper,
            p_value=np.full_like(mean, np.nan), note=notes,
        )  # fmt: skip


def _limits(values: Floats, weeks: Indexes, lags: Indexes) -> tuple[Floats, Floats]:
    """(mean, upper) of the known counts *lags* weeks before each of *weeks*, each (W, R)."""
    mean, upper = np.full((weeks.size, values.shape[1]), np.nan), np.full((weeks.size, values.shape[1]), np.nan)
    for row, now in enumerate(weeks):
        counts = past(values, int(now), lags)
        known = ~np.isnan(counts)
        number = known.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean[row] = np.where(known, counts, 0.0).sum(axis=0) / number
            spread = np.where(known, (counts - mean[row]) ** 2, 0.0).sum(axis=0) / (number - 1)
        few = LIMITS[np.clip(np.nan_to_num(mean[row]), 0, MANY).astype(int)]
        upper[row] = np.where(mean[row] > MANY, mean[row] + 2 * np.sqrt(spread), few)
    return mean, upper

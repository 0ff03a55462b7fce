"""Weeks around an event: their numbers, which of them count, and which other dates can stand in for it."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.models.base import Floats
from analytics.models.event_effect import Block
from analytics.models.event_fit import Booleans, Rows, covariance, dispersion, fit_family, freedom
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_season import Seasons, seasons
from analytics.models.trend_season import YEAR, harmonics
from analytics.weeks import Dates, as_date

Positions = NDArray[np.intp]
KNOWN_SHARE = 0.75
"""Part of the weeks before that must be known."""
MIN_ACTIVE = 5
"""Weeks with incidents that the weeks before must have, for level and trend to be finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One series of counts (T,), NaN where unknown; with a comparison, *trials* are the counts of both sides."""

    weeks: Dates
    counts: Floats
    trials: Floats | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """The weeks around one event, numbered so that week 1 is the first that begins on or after its day.

    Week 0 holds the event's day, unless the event falls on the first day of week 1: then week 0 ends on its eve.
    *before* and *after* are week numbers; *clean* (K,) says which weeks after count, *reason* (K,) why others don't.
    """

    event: StudyEvent
    position: int
    """Row of week 1 in the panel; may lie outside."""
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    clean: Booleans
    reason: tuple[str, ...]

    @property
    def counted(self) -> Booleans:
        """Weeks after the event that its average, level and slope are made of; (K,)."""
        return self.clean & (self.after >= 1)

    @property
    def reach(self) -> int:
        """Number of the last week that counts; 0 where none does."""
        return int(self.after[self.counted].max(initial=0))

    @property
    def lead(self) -> int:
        """Number of the last week of the expectation: 0, or less where week 0 or anticipation is left out."""
        return int(self.before[-1])


def position_of(weeks: Dates, day: date) -> int:
    """Row of the first week that begins on or after *day*; outside the panel it goes on counting."""
    return int(-((weeks[0] - np.datetime64(day, "D")).astype(int) // 7))


def window(weeks: Dates, event: StudyEvent, others: tuple[StudyEvent, ...], options: StudyOptions) -> Window:
    """The window of *event*: weeks outside the data, and from the first later one of *others* on, do not count."""
    position = position_of(weeks, event.starts_on)
    mixed = _begin(weeks, event) < position
    lead = -options.anticipation - int(mixed)
    after = np.arange(lead + 1, options.after + 1)
    reasons = [_reason(weeks, position, int(week), _cuts(weeks, event, others, position, options)) for week in after]
    return Window(
        event=event,
        position=position,
        before=np.arange(lead - options.before + 1, lead + 1),
        after=after,
        clean=np.array([not reason for reason in reasons], dtype=np.bool_),
        reason=tuple(reasons),
    )


def _begin(weeks: Dates, event: StudyEvent) -> int:
    """Row of the week that contains the event's first day."""
    return int((np.datetime64(event.starts_on, "D") - weeks[0]).astype(int) // 7)


def _cuts(
    weeks: Dates, event: StudyEvent, others: tuple[StudyEvent, ...], position: int, options: StudyOptions
) -> list[tuple[int, StudyEvent]]:
    """Later events with the number of the week in which each falls, in order."""
    if options.later == "keep":
        return []
    found = [(_begin(weeks, other) - position + 1, other) for other in others if other.starts_on > event.starts_on]
    return sorted(((week, other) for week, other in found if week >= 1), key=lambda pair: (pair[0], pair[1].event_id))


def _reason(weeks: Dates, position: int, week: int, cuts: list[tuple[int, StudyEvent]]) -> str:
    if not 0 <= position + week - 1 < len(weeks):
        return "outside the data"
    later = next((other for number, other in cuts if week >= number), None)
    return "" if later is None else f"after {later.name or later.event_id} of {later.starts_on}"


def rows_at(
    series: Series, positions: Positions, numbers: NDArray[np.intp], centre: float, options: StudyOptions
) -> Rows:
    """Weeks *numbers* (N,) around each of *positions* (D,): counts, and the design 1, time in years, harmonics."""
    index = positions[:, None] + numbers - 1
    inside = (index >= 0) & (index < len(series.weeks))
    safe = np.clip(index, 0, len(series.weeks) - 1)
    counts = series.counts[safe]
    columns = [np.ones(index.shape)]
    if options.trend:
        columns.append(np.broadcast_to((numbers - centre) / 52, index.shape))
    if options.harmonics:
        basis = harmonics(series.weeks, options.harmonics)
        columns += [basis[safe, column] for column in range(basis.shape[1])]
    return Rows(
        counts=np.nan_to_num(counts),
        design=np.stack(columns, axis=2),
        use=inside & ~np.isnan(counts),
        offset=np.zeros(index.shape),
        trials=None if series.trials is None else np.nan_to_num(series.trials[safe]),
    )


def seasons_of(series: Series, positions: Positions, seen: Window, options: StudyOptions) -> Seasons:
    """The season that each of *positions* is judged by; none in a comparison, whose two sides share it.

    It is learnt from the years before. A date with fewer of them than *seen*'s event has the years that the data begin
    with instead, up to where the event's own end and without its weeks after, so that all dates are judged alike.
    """
    if series.trials is not None:
        width = 2 * options.harmonics
        return Seasons(
            coefficients=np.zeros((len(positions), width)), covariance=np.zeros((len(positions), width, width))
        )
    ends = positions + seen.lead - 1
    first = min(seen.position + seen.lead - 1, YEAR * (options.season_years + 1) - 1)
    apart = np.column_stack([ends + 1, positions + options.after - 1])
    return seasons(series.weeks, series.counts, np.maximum(ends, first), options, apart)


def block(series: Series, positions: Positions, seen: Window, options: StudyOptions) -> Block:
    """What came after each of *positions*, beside what the weeks before it lead one to expect, in *seen*'s weeks.

    Dates are judged alike: where the first of them, the event's own, has a season, one without is not ok, and vice versa.
    """
    centre = float(seen.before.mean())
    before = rows_at(series, positions, seen.before, centre, options)
    after = rows_at(series, positions, seen.after, centre, options)
    season = seasons_of(series, positions, seen, options)
    known = np.abs(season.coefficients).sum(axis=1) > 0
    made = expect(before, after, seen.clean, season, options)
    return replace(made, ok=made.ok & (known == known[0]))


def expect(before: Rows, after: Rows, clean: Booleans, season: Seasons, options: StudyOptions) -> Block:
    """The baseline of *before* carried on to the weeks of *after*, of which only *clean* ones are used.

    The season is an offset, estimated from other weeks; its covariance G joins that of the baseline's coefficients, V,
    by how they answer to it, S = -(X'WX)^-1 X'WZ: [[V + S G S', S G], [G S', G]].
    """
    dates, all_columns = len(before.counts), before.design.shape[2]
    beta, ok = np.zeros((dates, all_columns)), np.zeros(dates, dtype=np.bool_)
    spread, scale, alpha = np.zeros((dates, all_columns, all_columns)), np.ones(dates), np.zeros(dates)
    chosen = np.flatnonzero([not gap for gap in gaps(before, options)])
    if len(chosen):
        rows, own = before.at(chosen), season.at(chosen)
        level, wave = _split(rows, own)
        fits = fit_family(level, options.family)
        beta[chosen] = np.concatenate([fits.coefficients, own.coefficients], axis=1)
        answer = -fits.bread @ (level.design * fits.weight[:, :, None]).transpose(0, 2, 1) @ wave
        spread[chosen] = _joint(covariance(level, fits, options.errors), answer, own.covariance)
        ok[chosen], alpha[chosen] = fits.ok, fits.alpha
        scale[chosen] = dispersion(level, fits, options.errors)
    offset = np.einsum("dkp,dp->dk", after.design, beta)
    ok &= np.isfinite(spread).all(axis=(1, 2)) & (np.abs(offset) < LARGEST).all(axis=1)
    rows = Rows(
        counts=after.counts,
        design=after.design,
        use=after.use & clean,
        offset=np.clip(offset, -LARGEST, LARGEST),
        trials=after.trials,
    )
    return Block(rows=rows, covariance=spread, scale=scale, alpha=alpha, freedom=freedom(before), ok=ok)


LARGEST = 25.0
"""Bound of an expected log mean."""


def _split(rows: Rows, season: Seasons) -> tuple[Rows, Floats]:
    """The rows with the season as offset and the baseline's own columns only, and the season's columns."""
    own = rows.design.shape[2] - season.coefficients.shape[1]
    level, wave = rows.design[:, :, :own], rows.design[:, :, own:]
    offset = np.einsum("dnh,dh->dn", wave, season.coefficients)
    return Rows(counts=rows.counts, design=level, use=rows.use, offset=offset, trials=rows.trials), wave


def _joint(own: Floats, answer: Floats, season: Floats) -> Floats:
    crossed = answer @ season
    upper = np.concatenate([own + crossed @ answer.transpose(0, 2, 1), crossed], axis=2)
    lower = np.concatenate([crossed.transpose(0, 2, 1), season], axis=2)
    return np.concatenate([upper, lower], axis=1)


def gaps(before: Rows, options: StudyOptions) -> list[str]:
    """Why nothing can be expected at each date, in words; "" where something can."""
    known = before.use.sum(axis=1)
    needed = int(KNOWN_SHARE * before.counts.shape[1])
    sides = [before.counts * before.use]
    if before.trials is not None:
        sides.append((before.trials - before.counts) * before.use)
    incidents = np.min([side.sum(axis=1) for side in sides], axis=0)
    active = np.min([(side > 0).sum(axis=1) for side in sides], axis=0)
    return [
        f"too few known weeks before: {known[date]}, {needed} needed" if known[date] < needed
        else f"too few incidents before: {incidents[date]:g} in {known[date]} weeks, {options.min_incidents} needed"
        if incidents[date] < options.min_incidents
        else f"too few weeks with incidents before: {active[date]}, {MIN_ACTIVE} needed" if active[date] < MIN_ACTIVE
        else ""
        for date in range(len(known))
    ]  # fmt: skip


def lead_weeks(seen: list[Window], options: StudyOptions) -> NDArray[np.intp]:
    """Numbers of the last `lead` weeks that are before all of *seen*'s events."""
    last = min(one.lead for one in seen)
    return np.arange(last - options.lead + 1, last + 1)


def lead_block(series: Series, seen: Window, numbers: NDArray[np.intp], options: StudyOptions) -> Block:
    """Weeks *numbers* before the event as dates of one week each, beside what all other weeks before expect."""
    before = _before(series, seen, options).at(np.zeros(len(numbers), dtype=np.intp))
    own = seen.before == numbers[:, None]
    week = _weeks_of(before, own)
    rest = Rows(
        counts=before.counts, design=before.design, use=before.use & ~own, offset=before.offset, trials=before.trials
    )
    season = seasons_of(series, np.full(len(numbers), seen.position), seen, options)
    return expect(rest, week, np.ones(1, dtype=np.bool_), season, options)


def _weeks_of(rows: Rows, own: Booleans) -> Rows:
    """One week of each date, the one where *own* (D, N) holds."""
    one = (len(own), 1)
    return Rows(
        counts=rows.counts[own].reshape(one),
        design=rows.design[own].reshape(*one, rows.design.shape[2]),
        use=rows.use[own].reshape(one),
        offset=rows.offset[own].reshape(one),
        trials=None if rows.trials is None else rows.trials[own].reshape(one),
    )


def pretrend_block(series: Series, seen: Window, options: StudyOptions) -> Block:
    """The last `lead` weeks before the event, beside what the weeks before those lead one to expect."""
    rows, split = _before(series, seen, options), len(seen.before) - options.lead
    earlier, later = rows.weeks(slice(None, split)), rows.weeks(slice(split, None))
    season = seasons_of(series, np.array([seen.position - options.lead]), seen, options)
    return expect(earlier, later, np.ones(options.lead, dtype=np.bool_), season, options)


def _before(series: Series, seen: Window, options: StudyOptions) -> Rows:
    return rows_at(series, np.array([seen.position]), seen.before, float(seen.before.mean()), options)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceboDates:
    """Placebo dates of one window, as rows of the panel's weeks at which week 1 would begin."""

    admissible: Positions
    left_out: Positions


def placebo_positions(
    weeks: Dates, seen: Window, studied: list[Window], others: tuple[StudyEvent, ...], options: StudyOptions
) -> PlaceboDates:
    """Dates whose window lies in the data; left out are those that meet a studied event's weeks after, or whose own
    weeks after meet another dated event's. The event itself is neither.
    """
    first = 1 - int(seen.before[0])
    inside = np.arange(first, len(weeks) - seen.reach + 1) if seen.reach else np.arange(0)
    inside = inside[inside != seen.position]
    start, end = inside + seen.lead, inside + seen.reach - 1
    taken = np.zeros(len(inside), dtype=np.bool_)
    for one in studied:
        taken |= (start - options.before <= one.position + options.after - 1) & (end >= one.position + one.lead)
    for other in others:
        begin = _begin(weeks, other)
        taken |= (start <= begin + options.after) & (end >= begin)
    return PlaceboDates(admissible=inside[~taken], left_out=inside[taken])


def baseline_events(weeks: Dates, seen: Window, others: tuple[StudyEvent, ...]) -> list[StudyEvent]:
    """Other dated events in the weeks before, which the expectation takes for normal."""
    first, last = seen.position + int(seen.before[0]) - 1, seen.position + seen.lead - 1
    return [other for other in others if first <= _begin(weeks, other) <= last]


def first_day(weeks: Dates, position: int) -> date:
    """First day of the week in row *position*."""
    return as_date(weeks[0] + 7 * position)

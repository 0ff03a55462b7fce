"""Event studies of counts: what came after a dated event, against what the weeks before it lead one to expect."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.models.base import Floats
from analytics.models.event_effect import Block
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_rows import COLUMNS, Row, Unit, missing_rows, placebo_p, unit_rows
from analytics.models.event_sentence import sentence
from analytics.models.event_window import (
    Positions,
    Series,
    baseline_events,
    block,
    gaps,
    lead_block,
    placebo_positions,
    pretrend_block,
    rows_at,
    window,
)
from analytics.models.trend_region import check_counts
from analytics.panel import Panel

__all__ = ["EventStudy", "StudyEvent", "StudyOptions", "StudyResult"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResult:
    """A study's table and the sentence made from it."""

    options: StudyOptions
    panel: Panel
    events: tuple[StudyEvent, ...]
    against: tuple[str, ...]
    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """One row per term.

        Columns: event, date; scope (total: the regions added up; region: one by itself; pooled: regions taken together,
        each with its own expectation, interval from the spread between them; without: the total without one region;
        comparison without, placebo region, placebo regions: see `EventStudy`); regions; term (after: average rate ratio
        of the weeks after; level: in week 1; slope: factor by which it changes per week; pre-trend: the same for the
        weeks before; week k); k (whole number or null); rate_ratio, low, high; wide_low, wide_high (the interval that as
        many placebo dates stay within as *level* says; the more honest one where levels wander); p_value (two-sided); p_placebo,
        placebo_dates (dates, or tuples of dates, compared with), left_out (dates in the data that may not stand in),
        p_placebo_all (with those as well); placebo_low, placebo_high (quantiles of the placebo dates' rate ratios);
        weeks (that count), observed, expected (incidents in them); note. What cannot be estimated is null, and note says why.
        """
        return self.table.copy()

    def headline(self, event_id: str | None = None) -> "pd.Series[Any]":
        """The row *after* of the total: of all events together, or of one; raises OptionError for one not studied."""
        wanted = event_id or (STACKED if len(self.events) > 1 else self.events[0].event_id)
        table = self.table
        rows = table[(table["event"] == wanted) & (table["scope"] == "total") & (table["term"] == "after")]
        if rows.empty:
            raise OptionError(f"event {wanted!r} was not studied; studied: {', '.join(_labels(self.events))}")
        return rows.iloc[0]

    def sentence(self, event_id: str | None = None, what: str = "incidents") -> str:
        """The headline as a sentence: of all events together, or of one; *what* names the things counted.

        Raises OptionError for an event that was not studied.
        """
        row = self.headline(event_id)
        chosen = tuple(one for one in self.events if row["event"] in (one.event_id, STACKED))
        return sentence(row, chosen, self.panel, self.against, self.options, what)


STACKED = "stacked"
"""What the rows of all events together bear as event."""


class EventStudy:
    """Interrupted time series of counts, with randomisation inference over other dates.

    For each event and series, log mean = a + b t + season is fitted to the *before* weeks before the event alone and
    carried on over the *after* weeks behind it, so that nothing after the event can bend what is expected of it.
    `event_effect.average` compares the total observed with the total expected, `event_effect.shape` has level and
    slope, and every week has its ratio; weeks before the event are compared with what all others of them expect.
    Terms over several series (regions, events) keep an expectation for each.

    Placebo dates: every other week in the data takes the event's place, with the same weeks, fit and statistic.

    With comparison regions, what is modelled is the share of the studied regions in the total of both sides
    (binomial given the total, log odds in the log mean's place): whatever moves both sides alike cancels, and the
    odds ratio is the ratio of the two sides' rate ratios, a difference in differences on the log scale. Scope
    *placebo region*: each comparison region against the others as if the event were its own; *placebo regions*: the
    p from their rank; *comparison without*: the total, with one comparison region left out.
    """

    def __init__(self, options: StudyOptions | None = None) -> None:
        self.options = options or StudyOptions()

    def fit(
        self,
        panel: Panel,
        events: list[StudyEvent],
        *,
        others: list[StudyEvent] | None = None,
        regions: tuple[str, ...] = (),
        against: tuple[str, ...] = (),
    ) -> StudyResult:
        """Study *events* in *regions* (default: each event's own, or all), beside *others*, dated events not studied.

        Raises OptionError for no event, two of one id, or a region that is unknown or on both sides, and InputError
        where a value is negative.
        """
        check_counts(panel, "an event study")
        _check(panel, events, regions, against)
        bench = _Bench(panel=panel, options=self.options, against=against)
        around = tuple(others or ())
        studies = [_Study(bench, event, events, around, _treated(panel, event, regions, against)) for event in events]
        rows = [row for study in studies for row in study.rows()]
        if len(events) > 1:
            rows += _stacked(studies, self.options)
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return StudyResult(
            options=self.options, panel=panel, events=tuple(events), against=against, table=_typed(table)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bench:
    """What all parts of a study share."""

    panel: Panel
    options: StudyOptions
    against: tuple[str, ...]

    def series(self, regions: tuple[str, ...], against: tuple[str, ...] | None = None) -> Series:
        """Counts of *regions* added up, and of both sides where there is a comparison."""
        counts = self._sum(regions)
        other = self.against if against is None else against
        trials = counts + self._sum(other) if other else None
        return Series(weeks=self.panel.weeks, counts=counts if trials is None else counts + 0 * trials, trials=trials)

    def _sum(self, regions: tuple[str, ...]) -> Floats:
        columns = [self.panel.region_ids.index(region) for region in regions]
        total: Floats = self.panel.values[:, columns].sum(axis=1)
        return total


class _Study:
    """One event: its window, its placebo dates, and the units that are estimated."""

    def __init__(
        self,
        bench: _Bench,
        event: StudyEvent,
        events: list[StudyEvent],
        others: tuple[StudyEvent, ...],
        regions: tuple[str, ...],
    ) -> None:
        self.bench, self.event, self.regions = bench, event, regions
        options, weeks = bench.options, bench.panel.weeks
        studied = [one for one in events if one.event_id != event.event_id and one.concerns(regions)]
        known = {one.event_id for one in events}
        apart = tuple(one for one in others if one.event_id not in known and one.concerns(regions))
        self.window = window(weeks, event, (*studied, *apart), options)
        windows = [self.window, *(window(weeks, one, (), options) for one in studied)]
        dates = placebo_positions(weeks, self.window, windows, apart, options)
        rng = np.random.default_rng([options.seed, self.window.position + 10_000])
        self.admissible = _some(dates.admissible, options.placebo, rng)
        self.others = _some(dates.left_out, options.placebo, rng)
        self.left_out = len(dates.left_out)
        self.positions = np.concatenate([[self.window.position], self.admissible, self.others]).astype(np.intp)
        self.earlier = baseline_events(weeks, self.window, (*studied, *apart))
        self.total = bench.series(regions)
        self.gap = self._gap(self.total)
        self.block: Block | None = None if self.gap else block(self.total, self.positions, self.window, options)

    def rows(self) -> list[Row]:
        """Rows of the total, of each region and of them pooled, and of the checks."""
        facts = self._facts("total", "|".join(self.regions), note=self._note())
        if self.block is None:
            return missing_rows(facts, self.gap)
        made = unit_rows(self._unit(facts, [self.total], [self.block]), self.bench.options, weekly=True)
        return made + self._region_rows() + self._without_rows() + self._comparison_rows(made[0])

    def _gap(self, series: Series) -> str:
        seen, options = self.window, self.bench.options
        if not seen.counted.any():
            return f"no whole week after it can be counted: {seen.reason[-1 if seen.reason[0] else int(np.argmin(seen.clean))]}"
        rows = rows_at(series, np.array([seen.position]), seen.before, 0.0, options)
        return gaps(rows, options)[0]

    def _note(self) -> str:
        seen = self.window
        cut = [(int(week), why) for week, why in zip(seen.after, seen.reason, strict=True) if why and week >= 1]
        notes = [f"weeks {cut[0][0]} to {cut[-1][0]} not counted: {cut[0][1]}"] if cut else []
        names = [f"{one.name or one.event_id} of {one.starts_on}" for one in self.earlier]
        notes += [f"the weeks before contain {', '.join(names)}"] if names else []
        known = rows_at(self.total, np.array([seen.position]), seen.before, 0.0, self.bench.options).use[0]
        notes += [f"{(~known).sum()} unknown weeks before left out"] if not known.all() else []
        return "; ".join(notes)

    def _facts(self, scope: str, regions: str, note: str = "") -> Row:
        return {
            "event": self.event.event_id,
            "date": self.event.starts_on,
            "scope": scope,
            "regions": regions,
            "note": note,
        }

    def _unit(self, facts: Row, series: list[Series], blocks: list[Block], **given: Any) -> Unit:
        seen, options = self.window, self.bench.options
        return Unit(
            facts=facts,
            blocks=blocks,
            after=seen.after,
            clean=seen.clean & np.any([one.rows.use[0] for one in blocks], axis=0),
            reason=tuple(why or "unknown" for why in seen.reason),
            inside=slice(1, 1 + len(self.admissible)),
            everything=slice(1, None),
            left_out=self.left_out,
            lead=[lead_block(one, seen, options) for one in series] if options.lead else [],
            pretrend=[pretrend_block(one, seen, options) for one in series] if options.lead else [],
            lead_weeks=seen.before[len(seen.before) - options.lead :],
            **given,
        )

    def _region_rows(self) -> list[Row]:
        if len(self.regions) < 2:
            return []
        rows, kept = [], []
        for region in self.regions:
            series, facts = self.bench.series((region,)), self._facts("region", region)
            if why := self._gap(series):
                rows += missing_rows(facts, why)
                continue
            own = block(series, self.positions, self.window, self.bench.options)
            kept.append((series, own))
            rows += unit_rows(self._unit(facts, [series], [own]), self.bench.options, weekly=False)
        return rows + self._pooled_rows([own for _, own in kept if own.ok[0]])

    def _pooled_rows(self, blocks: list[Block]) -> list[Row]:
        facts = self._facts("pooled", f"{len(blocks)} of {len(self.regions)} regions")
        if self.bench.against:
            return []
        if len(blocks) < 3:
            return missing_rows(facts, f"{len(blocks)} regions have enough incidents, 3 needed")
        return unit_rows(self._unit(facts, [], blocks, clustered=True), self.bench.options, weekly=False)

    def _without_rows(self) -> list[Row]:
        if len(self.regions) < 3:
            return []
        rest = {one: tuple(region for region in self.regions if region != one) for one in self.regions}
        return [self._bare("without", one, self.bench.series(regions)) for one, regions in rest.items()]

    def _comparison_rows(self, headline: Row) -> list[Row]:
        against = self.bench.against
        if len(against) < 2:
            return []
        rest = {one: tuple(region for region in against if region != one) for one in against}
        rows = [self._bare("comparison without", one, self.bench.series(self.regions, rest[one])) for one in against]
        placebo = [self._bare("placebo region", one, self.bench.series((one,), rest[one])) for one in against]
        return rows + placebo + [self._rank(headline, placebo)]

    def _bare(self, scope: str, regions: str, series: Series) -> Row:
        """The average of one series, without placebo dates."""
        facts = self._facts(scope, regions)
        if why := self._gap(series):
            return missing_rows(facts, why)[0]
        own = block(series, self.positions[:1], self.window, self.bench.options)
        unit = replace(self._unit(facts, [], [own]), inside=slice(0, 0), everything=slice(0, 0))
        return unit_rows(unit, self.bench.options, weekly=False)[0]

    def _rank(self, headline: Row, placebo: list[Row]) -> Row:
        """The p of the studied regions' p-value among those of the comparison regions."""
        values = np.array([row["p_value"] for row in placebo if row["p_value"] is not None])
        facts = self._facts("placebo regions", "|".join(self.bench.against))
        row = missing_rows(facts, "")[0]
        if headline["p_value"] is None:
            return row
        p = placebo_p(-np.log(headline["p_value"]), -np.log(values))
        return {**row, "p_placebo": p, "placebo_dates": len(values)}


def _stacked(studies: list[_Study], options: StudyOptions) -> list[Row]:
    """Rows of all events taken together; an event that cannot be studied is left out and named."""
    used = [study for study in studies if study.block is not None and study.block.ok[0]]
    missing = [study.event.event_id for study in studies if study not in used]
    note = f"left out: {', '.join(missing)}" if missing else ""
    facts = {"event": STACKED, "date": None, "scope": "total", "regions": "|".join(_union(studies)), "note": note}
    if len(used) < 2:
        return missing_rows(facts, "fewer than two events can be studied")
    weeks, blocks, count = _aligned(used, options)
    clean = np.any([one.rows.use[0] for one in blocks], axis=0)
    lead = [lead_block(study.total, study.window, options) for study in used] if options.lead else []
    unit = Unit(
        facts=facts,
        blocks=blocks,
        after=weeks,
        clean=clean,
        reason=("no event has this week",) * len(weeks),
        inside=slice(1, 1 + count),
        everything=slice(1 + count, None),
        left_out=sum(study.left_out for study in used),
        lead=lead,
        pretrend=[pretrend_block(study.total, study.window, options) for study in used] if options.lead else [],
        lead_weeks=np.arange(-options.lead, 0),
    )
    return unit_rows(unit, options, weekly=True)


def _aligned(used: list[_Study], options: StudyOptions) -> tuple[Positions, list[Block], int]:
    """Blocks of the events' common weeks, the events first, then tuples of admissible dates, then tuples of all dates."""
    rng = np.random.default_rng([options.seed, len(used)])
    first = max(int(study.window.after[0]) for study in used)
    weeks = np.arange(first, options.after + 1)
    count = options.placebo if all(len(study.admissible) for study in used) else 0
    blocks = []
    for study in used:
        assert study.block is not None  # noqa: S101 - narrowed by the caller
        inside = rng.integers(1, 1 + len(study.admissible), count)
        every = rng.integers(1, len(study.positions), count)
        chosen = np.concatenate([[0], inside, every]).astype(np.intp)
        start = first - int(study.window.after[0])
        blocks.append(study.block.weeks(slice(start, None)).at(chosen))
    return weeks, blocks, count


def _some(dates: Positions, most: int, rng: np.random.Generator) -> Positions:
    return dates if len(dates) <= most else np.sort(rng.choice(dates, most, replace=False))


def _treated(panel: Panel, event: StudyEvent, regions: tuple[str, ...], against: tuple[str, ...]) -> tuple[str, ...]:
    own = regions or event.regions or panel.region_ids
    return tuple(region for region in own if region not in against)


def _check(panel: Panel, events: list[StudyEvent], regions: tuple[str, ...], against: tuple[str, ...]) -> None:
    labels = _labels(tuple(events))
    if not events:
        raise OptionError("there is no event to study; give at least one")
    if len(set(labels)) < len(labels) or STACKED in labels:
        raise OptionError(f"each event needs an id of its own, other than {STACKED!r}; got {', '.join(labels)}")
    for region in (*regions, *against, *(region for event in events for region in event.regions)):
        if region not in panel.region_ids:
            raise OptionError(f"region {region!r} is not in the panel; it has {', '.join(panel.region_ids)}")
    if both := sorted(set(regions) & set(against)):
        raise OptionError(f"region {both[0]!r} is on both sides of the comparison; take it from one")
    for event in events:
        if not _treated(panel, event, regions, against):
            raise OptionError(f"all regions of {event.event_id!r} are in the comparison; leave some to be studied")


def _labels(events: tuple[StudyEvent, ...]) -> list[str]:
    return [event.event_id for event in events]


def _union(studies: list[_Study]) -> list[str]:
    return list(dict.fromkeys(region for study in studies for region in study.regions))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    numbers = (
        "rate_ratio",
        "low",
        "high",
        "wide_low",
        "wide_high",
        "p_value",
        "p_placebo",
        "p_placebo_all",
        "placebo_low",
        "placebo_high",
        "observed",
        "expected",
    )
    whole = ("k", "placebo_dates", "left_out", "weeks")
    return table.astype({**dict.fromkeys(numbers, "float64"), **dict.fromkeys(whole, "Int64")})

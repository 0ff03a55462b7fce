"""What a study estimates: each event's total, regions, pooled regions and checks, and all events stacked."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analytics.models.base import Floats
from analytics.models.event_effect import Block, average
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_rows import (
    Row,
    Unit,
    after_row,
    independent,
    missing_rows,
    placebo_p,
    studentised,
    unit_rows,
)
from analytics.models.event_window import (
    Positions,
    Series,
    baseline_events,
    block,
    gaps,
    lead_block,
    lead_weeks,
    placebo_positions,
    pretrend_block,
    rows_at,
    window,
)
from analytics.panel import Panel

_NONE = np.zeros(0, dtype=np.intp)
STACKED = "stacked"
"""What the rows of all events together bear as event."""
TUPLES = 1.5
"""Tuples of dates that one independent date of an event is worth.

The share of all tuples of N independent dates whose sum is in the tail q of both sides varies by Hoeffding's projection,
for two normal parts or more, as that of 1.55 N to 1.8 N independent tuples (q .05 to .25), however many parts there are.
"""
SMALLEST = 1e-300
"""Stands for a p-value that underflows to zero."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
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


class Study:
    """One event: its window, its placebo dates, and the units that are estimated."""

    def __init__(
        self,
        bench: Bench,
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
        rng = np.random.default_rng([options.seed, abs(self.window.position)])
        self.admissible = _some(dates.admissible, options.placebo, rng)
        self.others = _some(dates.left_out, options.placebo, rng)
        self.left_out = len(dates.left_out)
        self.positions = np.concatenate([[self.window.position], self.admissible, self.others]).astype(np.intp)
        self.earlier = baseline_events(weeks, self.window, (*studied, *apart))
        self.total = bench.series(regions)
        self.gap = self._gap(self.total)
        self.block: Block | None = None if self.gap else block(self.total, self.positions, self.window, options)

    def judged(self, most: int | None) -> Positions:
        """Columns of the block's placebo dates that could be judged, among the first *most* of them."""
        assert self.block is not None  # noqa: S101 - asked only of studies that have one
        dates: Positions = 1 + np.flatnonzero(self.block.ok[1:][:most])
        return dates

    def worth(self, most: int | None) -> float:
        """Independent dates that the first *most* of its placebo dates are worth, by all weeks after."""
        assert self.block is not None  # noqa: S101 - asked only of studies that have one
        first = int(np.flatnonzero(self.window.after == 1)[0])
        statistic = studentised(average([self.block.weeks(slice(first, None))]))
        return independent(statistic[1:][:most])

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
            reason = next(why for why, week in zip(seen.reason, seen.after, strict=True) if week == 1)
            return f"no whole week after it can be counted: {reason}"
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
        lead = lead_weeks([seen], options)
        return Unit(
            facts=facts,
            blocks=blocks,
            after=seen.after,
            clean=seen.clean & np.any([one.rows.use[0] for one in blocks], axis=0),
            reason=tuple(why or "unknown" for why in seen.reason),
            inside=slice(1, 1 + len(self.admissible)),
            everything=slice(1, None),
            left_out=self.left_out,
            lead=[lead_block(one, seen, lead, options) for one in series],
            pretrend=[pretrend_block(one, seen, options) for one in series] if options.lead else [],
            lead_weeks=lead,
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
        return after_row(unit, self.bench.options)

    def _rank(self, headline: Row, placebo: list[Row]) -> Row:
        """The p of the studied regions' p-value among those of the comparison regions."""
        values = np.array([row["p_value"] for row in placebo if row["p_value"] is not None])
        facts = self._facts("placebo regions", "|".join(self.bench.against))
        row = missing_rows(facts, "")[0]
        if headline["p_value"] is None:
            return row
        p = placebo_p(-np.log(max(headline["p_value"], SMALLEST)), -np.log(np.maximum(values, SMALLEST)))
        return {**row, "p_placebo": p, "placebo_dates": len(values)}


def stacked_rows(studies: list[Study], options: StudyOptions) -> list[Row]:
    """Rows of all events taken together; an event that cannot be studied is left out and named."""
    used = [study for study in studies if study.block is not None and study.block.ok[0]]
    missing = [study.event.event_id for study in studies if study not in used]
    notes = [f"left out: {', '.join(missing)}"] if missing else []
    weeks_of = {study.event.event_id: int(study.window.counted.sum()) for study in used}
    notes += [f"{name} has {own} of {options.after} weeks" for name, own in weeks_of.items() if own < options.after]
    facts = {
        "event": STACKED,
        "date": None,
        "scope": "total",
        "regions": "|".join(_union(studies)),
        "note": "; ".join(notes),
    }
    if len(used) < 2:
        return missing_rows(facts, "fewer than two events can be studied")
    return unit_rows(replace(stacked_unit(used, options), facts=facts), options, weekly=True)


def stacked_unit(used: list[Study], options: StudyOptions) -> Unit:
    """Events taken together, each of which can be studied, their placebo dates tuples of a date of each."""
    weeks, blocks, count = _aligned(used, options)
    lead = lead_weeks([study.window for study in used], options)
    return Unit(
        facts={"note": ""},
        blocks=blocks,
        after=weeks,
        clean=np.any([one.rows.use[0] for one in blocks], axis=0),
        reason=("no event has this week",) * len(weeks),
        inside=slice(1, 1 + count),
        everything=slice(1 + count, None),
        left_out=sum(study.left_out for study in used),
        lead=[lead_block(study.total, study.window, lead, options) for study in used],
        pretrend=[pretrend_block(study.total, study.window, options) for study in used] if options.lead else [],
        lead_weeks=lead,
        worth=_worth(used),
    )


def _worth(used: list[Study]) -> tuple[float, float]:
    """Independent tuples that tuples of admissible and of all dates are worth: TUPLES times the fewest of one event.

    All are drawn from the same weeks, and an unusual stretch of them is in many tuples: however many are drawn, they
    tell little more of the tail than the dates of one event do.
    """
    return (
        TUPLES * min(one.worth(len(one.admissible)) for one in used),
        TUPLES * min(one.worth(None) for one in used),
    )


def _aligned(used: list[Study], options: StudyOptions) -> tuple[Positions, list[Block], int]:
    """Blocks of the events' common weeks, the events first, then tuples of admissible dates, then tuples of all dates."""
    rng = np.random.default_rng([options.seed, len(used)])
    first = max(int(study.window.after[0]) for study in used)
    weeks = np.arange(first, options.after + 1)
    count = options.placebo if all(len(study.judged(len(study.admissible))) for study in used) else 0
    blocks = []
    for study in used:
        assert study.block is not None  # noqa: S101 - narrowed by the caller
        inside, every = (
            rng.choice(study.judged(most), count) if count else _NONE for most in (len(study.admissible), None)
        )
        chosen = np.concatenate([[0], inside, every]).astype(np.intp)
        start = first - int(study.window.after[0])
        blocks.append(study.block.weeks(slice(start, None)).at(chosen))
    return weeks, blocks, count


def _some(dates: Positions, most: int, rng: np.random.Generator) -> Positions:
    return dates if len(dates) <= most else np.sort(rng.choice(dates, most, replace=False))


def _union(studies: list[Study]) -> list[str]:
    return list(dict.fromkeys(region for study in studies for region in study.regions))

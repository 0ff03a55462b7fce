"""Event studies of counts: what came after a dated event, against what the weeks before it lead one to expect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.models.event_options import StudyEvent, StudyOptions
from analytics.models.event_rows import COLUMNS
from analytics.models.event_sentence import sentence
from analytics.models.event_units import STACKED, Bench, Study, stacked_rows
from analytics.models.event_window import position_of
from analytics.models.trend_region import check_counts
from analytics.panel import Panel

__all__ = ["EventStudy", "StudyEvent", "StudyOptions", "StudyResult"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResult:
    """A study's table and the sentence made from it."""

    options: StudyOptions
    panel: Panel
    events: tuple[StudyEvent, ...]
    others: tuple[StudyEvent, ...]
    """Dated events beside those studied."""
    regions: tuple[str, ...]
    """Regions asked for; none where each event has its own."""
    against: tuple[str, ...]
    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """One row per term.

        Columns: event, date; scope (total: the regions added up; region: one by itself; pooled: regions taken together,
        each with its own expectation, interval from the spread between them; without: the total without one region;
        comparison without, placebo region, placebo regions: see `EventStudy`); regions; term (after: average rate ratio
        of the weeks after; early, late: of the first of them and of the rest; level: in week 1; slope: factor by which
        it changes per week; pre-trend: the same for the weeks before; week k); k (whole number or null); rate_ratio,
        low, high; wide_low, wide_high (the interval that as many placebo dates stay within as *level* says; the more
        honest one where levels wander); p_value (two-sided); p_placebo; placebo_dates (dates, or tuples of dates,
        compared with), independent_dates (what they are worth, as neighbours come out alike), larger_dates (those
        with an effect as large), left_out (dates in the data that may not stand in), p_placebo_all (with those as
        well); placebo_low, placebo_high (quantiles of the placebo dates' rate ratios); weeks (that count), observed,
        expected (incidents in them); note. What cannot be estimated is null, and note says why.
        """
        return self.table.copy()

    def for_reading(self) -> pd.DataFrame:
        """The terms without the single weeks, the columns that tell most, and long lists of regions in short."""
        rows = self.table[self.table["k"].isna()]
        return rows.assign(regions=[_short(str(names)) for names in rows["regions"]])[list(SHOWN)]

    def headline(self, event_id: str | None = None) -> "pd.Series[Any]":
        """The row *after* of the total: of all events together, or of one; raises OptionError for one not studied."""
        wanted = event_id or (STACKED if len(self.events) > 1 else self.events[0].event_id)
        table = self.table
        rows = table[(table["event"] == wanted) & (table["scope"] == "total") & (table["term"] == "after")]
        if rows.empty:
            raise OptionError(f"event {wanted!r} was not studied; studied: {', '.join(_labels(self.events))}")
        return rows.iloc[0]

    def sentence(self, event_id: str | None = None) -> str:
        """The total as a sentence: of all events together, or of one; raises OptionError for one not studied."""
        name = self.headline(event_id)["event"]
        chosen = tuple(one for one in self.events if name == one.event_id)
        if name == STACKED:
            said = tuple(one for one in self.events if not np.isnan(self.headline(one.event_id)["rate_ratio"]))
            chosen = said or self.events
        rows = self.table[(self.table["event"] == name) & (self.table["scope"] == "total")]
        return sentence(rows, chosen, self.panel, self.against, self.options)

    def sentences(self) -> dict[str, str]:
        """A sentence for each event, by its id, that of all together first where there are several."""
        names = [STACKED] * (len(self.events) > 1) + _labels(self.events)
        return {name: self.sentence(name) for name in names}

    def dated(self, event_id: str) -> list[tuple[int, StudyEvent]]:
        """Other dated events of its regions in the weeks shown around an event, with the number of the week of each."""
        event = next(one for one in self.events if one.event_id == event_id)
        first = position_of(self.panel.weeks, event.starts_on)
        regions = tuple(str(self.headline(event_id)["regions"]).split("|"))
        weeks = [
            (int((np.datetime64(one.starts_on, "D") - self.panel.weeks[0]).astype(int) // 7) - first + 1, one)
            for one in (*self.events, *self.others)
            if one.event_id != event_id and one.concerns(regions)
        ]
        return sorted(
            ((week, one) for week, one in weeks if -self.options.lead <= week <= self.options.after),
            key=lambda pair: (pair[0], pair[1].event_id),
        )


SHOWN = (
    "event", "scope", "regions", "term", "rate_ratio", "low", "high", "wide_low", "wide_high", "p_value", "p_placebo",
    "placebo_dates", "weeks", "observed", "expected", "note",
)  # fmt: skip
"""Columns of a study's table for reading."""


def _short(regions: str) -> str:
    count = regions.count("|") + 1
    return regions if count <= 3 else f"{count} regions"


class EventStudy:
    """Interrupted time series of counts, with randomisation inference over other dates.

    For each event and series, log mean = a + b t + season is fitted to the *before* weeks before the event alone and
    carried on over the *after* weeks behind it, so that nothing after the event can bend what is expected of it.
    `event_effect.average` compares the total observed with the total expected, `event_effect.shape` has level and
    slope, and every week has its ratio; weeks before the event are compared with what all others of them expect.
    Terms over several series (regions, events) keep an expectation for each.

    Placebo dates: every other week in the data takes the event's place, with the same weeks, fit and statistic; a date
    whose season could not be learnt where the event's could (or the reverse) is not compared. Dates a few weeks apart
    come out alike, so their p counts them as the fewer independent ones that they are worth (`event_rows.run_length`).

    With comparison regions, what is modelled is the share of the studied regions in the total of both sides
    (binomial given the total, log odds in the log mean's place): whatever moves both sides alike cancels, and the
    odds ratio is the ratio of the two sides' rate ratios, a difference in differences on the log scale. Scope
    *placebo region*: each comparison region against the others as if the event were its own; *placebo regions*: the
    p from their rank; *comparison without*: the total, with one comparison region left out.

    Why the year before and no trend: on weekly counts of UCDP's Iraq, 2007 to 2018 (the country and five governorates,
    every week in turn as the event), the mean of the last 52 weeks foretells the next 26 best; longer windows and a
    carried-on trend miss by more (median |log ratio| of the country 0.25, against 0.31 with trend and 104 weeks), the
    season costs nothing. Where counts grow steadily, that growth is taken for an effect (0.3 a year on the log scale:
    the interval covers 66 to 74 %, placebo p below 0.05 at 17 % of dates): then *trend*, with *before* of 104, restores
    both (96 and 6 %). Growth that slow is too little for the pre-trend term to warn of.

    Why comparison regions are added up and not weighted: convex weights learnt from the two years before (synthetic
    control) were tried at 882 placebo dates of six Iraqi governorates, 2004 to 2018: the median |log ratio| is 0.56
    with them, 0.54 with the plain sum, 0.48 with no comparison at all. In simulations they win only where the regions
    follow two separate shocks (0.18 against 0.27), and change nothing where they share one (0.18 both).

    Calibration, measured at the defaults by tests/benchmarks/bench_study_calibration.py (7 years; means 0.3, 1, 5, 20;
    variance 1, 2, 3 x mean; no season and exp(0.5 cos); ratio 1 and 2.5): in the 48 cells, at 10,000 series each, 95 %
    intervals cover 95.3 to 98.1 % for the average, 95.4 to 98.1 % for the level, 96.0 to 98.6 % for the slope and 96.2 to
    99.8 % for a single week: nowhere below the stated rate, and somewhat above it nearly everywhere, most where counts
    are few and half an incident is much. At 4,000 each and before that half was added, 94.5 % was the least for average,
    level and slope, within simultaneous bounds of 95 %, and 93.8 % for a single week, which is why it was.
    Median estimates are within 3 % of the truth from a mean of 1 on (at 0.3 up to a fifth too low, as medians of few
    incidents are). Without an effect P(placebo p <= 0.05, 0.1, 0.25, 0.5) is 0.056, 0.108, 0.253, 0.486 in 10,000 series
    of means 1 and 5 whose level is steady. Runs by their mean and not their size-weighted mean gave 0.066, 0.117, 0.262,
    0.490, the plain rank, which takes every date for independent, 0.077, 0.124, 0.262, 0.492 in
    2,000 of them. Exact it would be only if all dates were exchangeable; neighbours share most of their weeks.
    With three events of one series stacked it is 0.02 to 0.05, 0.08 to 0.12, 0.20 to 0.23, 0.39 to 0.43 (three cells of
    1,500 series): on the safe side. If every tuple of dates were independent it would be 0.09 to 0.12, 0.13 to 0.15, 0.24
    to 0.26, 0.41 to 0.46.
    Where the level wanders as AR(1) with deviation 0.4 on the log scale and lag-1 correlation 0.8 the interval covers
    84 %, the wide one 94 %, and the shares of the placebo p are 0.046, 0.085, 0.229, 0.477 (1,500 series); at a correlation
    of 0.95 they are 64 %, 93 % and 0.042, 0.090, 0.222, 0.455 (600 series):
    real levels wander, so read the wide interval and the placebo p.
    Against comparison regions that share the wandering (correlation 0.9) the interval covers 95 to 98 %, where without
    them it covers 66 to 87 %. On the Iraqi counts above the usual interval covers 63 to 77 % of dates.
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
        bench = Bench(panel=panel, options=self.options, against=against)
        around = tuple(others or ())
        studies = [Study(bench, event, events, around, _treated(panel, event, regions, against)) for event in events]
        rows = [row for study in studies for row in study.rows()]
        if len(events) > 1:
            rows += stacked_rows(studies, self.options)
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return StudyResult(
            options=self.options,
            panel=panel,
            events=tuple(events),
            others=tuple(one for one in around if one.event_id not in _labels(tuple(events))),
            regions=regions,
            against=against,
            table=_typed(table),
        )


def _treated(panel: Panel, event: StudyEvent, regions: tuple[str, ...], against: tuple[str, ...]) -> tuple[str, ...]:
    own = regions or event.regions or panel.region_ids
    return tuple(region for region in own if region not in against)


def _check(panel: Panel, events: list[StudyEvent], regions: tuple[str, ...], against: tuple[str, ...]) -> None:
    if len(panel.weeks) == 0:
        raise OptionError("the panel has no weeks; choose an earlier first day or a later last one")
    if not events:
        raise OptionError("there is no event to study; give at least one")
    labels = _labels(tuple(events))
    if len(set(labels)) < len(labels) or STACKED in labels:
        raise OptionError(f"each event needs an id of its own, other than {STACKED!r}; got {', '.join(labels)}")
    _check_regions(panel, events, regions, against)


def _check_regions(panel: Panel, events: list[StudyEvent], regions: tuple[str, ...], against: tuple[str, ...]) -> None:
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
        "independent_dates",
        "placebo_low",
        "placebo_high",
        "observed",
        "expected",
    )
    whole = ("k", "placebo_dates", "larger_dates", "left_out", "weeks")
    return table.astype({**dict.fromkeys(numbers, "float64"), **dict.fromkeys(whole, "Int64")})

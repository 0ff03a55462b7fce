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
        chosen = tuple(one for one in self.events if row["event"] == one.event_id)
        if row["event"] == STACKED:
            said = tuple(one for one in self.events if not np.isnan(self.headline(one.event_id)["rate_ratio"]))
            chosen = said or self.events
        return sentence(row, chosen, self.panel, self.against, self.options, what)


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

    Why the year before and no trend: on weekly counts of UCDP's Iraq, 2007 to 2018 (the country and five governorates,
    every week in turn as the event), the mean of the last 52 weeks foretells the next 26 best; longer windows and a
    carried-on trend miss by more (median |log ratio| of the country 0.25, against 0.31 with trend and 104 weeks), the
    season costs nothing. Where counts grow steadily, that growth is taken for an effect (0.3 a year on the log scale:
    the interval covers 66 to 74 %, placebo p below 0.05 at 17 % of dates): then *trend*, with *before* of 104, restores
    both (96 and 6 %). Growth that slow is too little for the pre-trend term to warn of.

    Calibration, measured by simulation at the defaults (7 years; means 0.3, 1, 5, 20; variance 1, 2, 3 x mean; no
    season and exp(0.5 cos); ratio 1, and 2.5 at a variance of twice the mean; 300 series a cell): 95 % intervals of the average cover 93 to 98 %, of
    the level 94 to 99 %, median estimates are within 4 % from a mean of 1 on (at 0.3 up to a quarter too low, as
    medians of few incidents are). Without an effect P(placebo p <= 0.05, 0.1, 0.25, 0.5) is 0.06, 0.10, 0.27, 0.53, and 0.04,
    0.10, 0.26, 0.50 where the level wanders as AR(1) with deviation 0.4 on the log scale and lag-1 correlation 0.8.
    There the interval covers 81 % (65 % at 0.95) and the wide one 96 % (91 %): real levels wander, so read the wide
    interval and the placebo p. Against comparison regions that share the wandering (correlation 0.9) the interval covers
    95 to 98 %, where without them it covers 66 to 87 %. On the Iraqi counts above the usual interval covers 63 to 77 % of dates.
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
            options=self.options, panel=panel, events=tuple(events), against=against, table=_typed(table)
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
        "placebo_low",
        "placebo_high",
        "observed",
        "expected",
    )
    whole = ("k", "placebo_dates", "left_out", "weeks")
    return table.astype({**dict.fromkeys(numbers, "float64"), **dict.fromkeys(whole, "Int64")})

"""How flags would have done on the past: raised week by week, and judged by what came after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analytics.errors import OptionError
from analytics.escalations import Escalations, Floats, escalations, followed
from analytics.evaluation import Estimate, interval, share
from analytics.flags import Policy, large_enough, opening
from analytics.panel import Panel, default_to
from analytics.pipeline.analysis import LEAD_IN, count, judging, judging_hash
from analytics.pipeline.replay import OURS, BacktestOptions, Block, Progress, Replay, replay, then_known
from analytics.resampling import Integers, drawn_shares, drawn_times
from analytics.settings import Settings, build
from analytics.store import Store, as_of_default, check_level
from analytics.weeks import as_date, week_of, weekday_number

YEARS = 5
"""Years that are judged where no first week is asked for, at most."""
HISTORY = 104
"""Weeks of history before the first of them, at least."""
OWN, MATCHED, FLOORED = "own", "matched", "floored"
"""How a method's flags are chosen: by its own threshold; the threshold at which they are as many as ours; as many as ours
and above our effect-size floor of a watch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Backtest:
    """What a backtest found."""

    settings: Settings
    options: BacktestOptions
    panel: Panel
    """Counts as known now, by which flags are judged."""
    first: date
    last: date
    """First and last judged week."""
    known_weeks: int
    """Judged weeks that were judged on what was known then."""
    table: pd.DataFrame
    """One row per method and way to choose its flags, ours first; the columns of `measured`."""
    flags: pd.DataFrame
    """One row per flag of ours: week, region_id, region, level, observed, expected, first (of its episode), followed (1, 0
    or missing where what came after is not known)."""
    ahead: Mapping[str, Estimate]
    """By other method: the precision of ours less that of as many flags of its own, with a 95 % interval from draws of blocks
    of weeks with all their regions, the same for both; thresholds are not drawn anew."""
    escalations: pd.DataFrame
    """One row per escalation that began in these weeks: region_id, region, onset, peak, end, flagged (first flagged week,
    missing where there is none), found (in time, late or missed)."""

    @property
    def weeks(self) -> int:
        """Judged weeks."""
        return (self.last - self.first).days // 7 + 1

    @property
    def settings_hash(self) -> str:
        """Hash of the options on which flags depend."""
        return judging_hash(self.settings)


def backtest_store(
    store: Store, settings: Settings, *, first: date | None = None, to: date | None = None,
    as_of: datetime | None = None, progress: Progress = lambda things, _: things,
) -> Backtest:  # fmt: skip
    """Judge the weeks from *first* until *to* one by one, on what was known in each, by what is known at *as_of*.

    Defaults: `YEARS` years until the last complete week that coverage reaches, fewer where the history is short.
    Raises OptionError for a measure that is not judged, and where there is no week to judge.
    """
    options = build(BacktestOptions, settings.backtest, "backtest")
    settings = judging(settings)
    check_level(store, settings.level)
    as_of = as_of or as_of_default(store)
    to = to or default_to(store, source=settings.source or None, week_start=settings.week_start, as_of=as_of)
    panel = count(store, settings, to=to, as_of=as_of)
    start, lead = beginning(panel, settings, first)
    if options.replay == "retrospective":
        blocks = [Block(first=lead, last=as_date(panel.weeks[-1]), known=False)]
    else:
        blocks = then_known(store, settings, panel, lead, options)

    def recount(end: date, moment: datetime) -> Panel:
        return count(store, settings, to=end, as_of=moment)

    if not blocks:
        raise OptionError(
            f"backtest: nothing is recorded of what was known in the weeks from {start}; set replay to auto or retrospective"
        )
    return judged(panel, settings, start, replay(panel, blocks, settings, options, recount=recount, progress=progress))


def backtest_panel(
    panel: Panel, settings: Settings, *, first: date | None = None, to: date | None = None,
    progress: Progress = lambda things, _: things,
) -> Backtest:  # fmt: skip
    """As `backtest_store`, of counts whose knowledge times are not recorded: a retrospective."""
    options = build(BacktestOptions, settings.backtest, "backtest")
    settings = judging(settings)
    panel = panel.until(to) if to else panel
    start, lead = beginning(panel, settings, first)
    blocks = [Block(first=lead, last=as_date(panel.weeks[-1]), known=False)]
    said = replay(panel, blocks, settings, options, recount=lambda *_: panel, progress=progress)
    return judged(panel, settings, start, said)


def beginning(panel: Panel, settings: Settings, first: date | None) -> tuple[date, date]:
    """The first week to judge, and the first before it whose flags tell where episodes begin.

    Raises OptionError where it is after the last.
    """
    last, earliest = as_date(panel.weeks[-1]), as_date(panel.weeks[0])
    usual = max(last - timedelta(weeks=52 * YEARS - 1), earliest + timedelta(weeks=HISTORY))
    start = max(week_of(first, weekday_number(settings.week_start)), earliest) if first else usual
    if start > last:
        raise OptionError(
            f"there is no week to judge from {start} until {last}: give --from and --to within {earliest} to {last}, "
            f"by default with {HISTORY} weeks of history before"
        )
    return start, max(start - timedelta(weeks=LEAD_IN), earliest)


def judged(panel: Panel, settings: Settings, first: date, said: Replay) -> Backtest:
    """The backtest of what was *said* of the weeks from *first* to the last of *panel*."""
    policy, options = build(Policy, settings.policy, "policy"), build(BacktestOptions, settings.backtest, "backtest")
    truth = Truth.of(panel, options, first)
    ours = truth.episodes(said.flags, policy)
    inside = ours[ours["inside"]].sort_values(["week", "region_id"]).reset_index(drop=True)
    rows = [measured(truth, ours, method=OURS, chosen="policy", threshold=np.nan)]
    times, ahead = truth.drawn(), {}
    mine = truth.precision(ours, times)
    for method, cells in said.cells.items():
        for chosen, threshold, flags in chosen_flags(cells, len(inside), policy, first):
            found = truth.episodes(flags.assign(level="watch"), policy)
            rows.append(measured(truth, found, method=method, chosen=chosen, threshold=threshold))
            if chosen == MATCHED:
                theirs = truth.precision(found, times)
                ahead[method] = interval(mine[0] - theirs[0], mine[1] - theirs[1])
    columns = ["week", "region_id", "region", "level", "observed", "expected", "first", "followed"]
    return Backtest(
        settings=settings,
        options=options,
        panel=panel,
        first=first,
        last=as_date(panel.weeks[-1]),
        known_weeks=int((said.known >= np.datetime64(first, "D")).sum()),
        table=pd.DataFrame(rows),
        flags=inside[columns],
        ahead=ahead,
        escalations=truth.found(ours),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What came after each week of a panel, and its escalations; judged from row *start* on."""

    panel: Panel
    options: BacktestOptions
    start: int
    outcome: Floats
    """(T, R): `escalations.followed`."""
    escalations: Escalations
    """Those with an onset in the judged weeks."""

    @classmethod
    def of(cls, panel: Panel, options: BacktestOptions, first: date) -> "Truth":
        """The truth of the weeks of *panel* from *first* on."""
        start = panel.index_of(first)
        every = escalations(panel.values, options)
        inside = every.onset >= start
        kept = {name: getattr(every, name)[inside] for name in ("region", "onset", "end", "peak")}
        return cls(
            panel=panel, options=options, start=start, outcome=followed(panel.values, options), escalations=Escalations(**kept)
        )  # fmt: skip

    @property
    def region_years(self) -> float:
        """Known region-weeks among the judged ones, in years."""
        return float((~np.isnan(self.panel.values[self.start :])).sum() * 7 / 365.25)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """Every region-week, judged where it is known: what counts for the episodes of any method's flags."""
        frame = self.panel.frame()
        status = np.where(frame["status"] == "known", "judged", "not judged")
        return frame[["week", "region_id"]].assign(measure=self.panel.measure, status=status)

    @property
    def base_rates(self) -> Floats:
        """Share of each region's judged weeks that are so followed, (R,): what flags at random weeks would come to."""
        inside = self.outcome[self.start :]
        known = (~np.isnan(inside)).sum(axis=0)
        return np.where(known > 0, np.nansum(inside, axis=0) / np.maximum(known, 1), np.nan)

    def episodes(self, flags: pd.DataFrame, policy: Policy) -> pd.DataFrame:
        """*flags* with row and column in the panel, first (of an episode), inside (the judged weeks) and followed.

        Regions that are not known now are left out.
        """
        flags = flags[flags["region_id"].isin(self.panel.region_ids)]
        days = flags["week"].to_numpy().astype("datetime64[D]")
        row = ((days - self.panel.weeks[0]).astype(np.int64) // 7).astype(np.int64)
        column = np.array([self.panel.region_ids.index(region) for region in flags["region_id"]], dtype=np.int64)
        return flags.assign(
            row=row, column=column, first=opening(flags, self.judged, policy), inside=row >= self.start, followed=self.outcome[row, column]
        )  # fmt: skip

    def drawn(self) -> Integers:
        """How often each judged week is drawn, (resamples, judged weeks), as the options say."""
        weeks, options = len(self.panel.weeks) - self.start, self.options
        block = max(min(options.block_weeks, weeks // 4), 1)
        return drawn_times(weeks, block, options.resamples, np.random.default_rng(options.seed))

    def precision(self, flags: pd.DataFrame, times: Integers) -> tuple[float, Floats]:
        """Share of the known first flags among *flags* (of `episodes`) that were followed, and that in each draw."""
        known = known_firsts(flags)
        hits = known["followed"].to_numpy(dtype=np.float64)
        share = float(hits.mean()) if hits.size else np.nan
        return share, drawn_shares(hits, known["row"].to_numpy() - self.start, times)

    def found(self, flags: pd.DataFrame) -> pd.DataFrame:
        """The escalations, and the first of *flags* in each, from `weeks_after` weeks before its onset to its end."""
        flagged = np.zeros(self.panel.values.shape, dtype=bool)
        flagged[flags["row"], flags["column"]] = True
        truth, weeks = self.escalations, self.panel.weeks
        rows = []
        for region, onset, end, peak in zip(truth.region, truth.onset, truth.end, truth.peak, strict=True):
            begin = max(onset - self.options.weeks_after, 0)
            hits = np.flatnonzero(flagged[begin : end + 1, region]) + begin
            when = weeks[hits[0]] if hits.size else np.datetime64("NaT", "D")
            what = "missed" if not hits.size else "in time" if hits[0] <= onset else "late"
            place = self.panel.region_ids[region], self.panel.region_names[region]
            rows.append((*place, weeks[onset], weeks[peak], weeks[end], when, what))
        frame = pd.DataFrame(rows, columns=["region_id", "region", "onset", "peak", "end", "flagged", "found"])
        days = {name: frame[name].astype("datetime64[s]") for name in ("onset", "peak", "end", "flagged")}
        return frame.assign(**days)


def known_firsts(flags: pd.DataFrame) -> pd.DataFrame:
    """First flags of episodes in the judged weeks, of which it is known what followed."""
    return flags[flags["inside"] & flags["first"] & flags["followed"].notna()]


def measured(truth: Truth, flags: pd.DataFrame, *, method: str, chosen: str, threshold: float) -> dict[str, Any]:
    """The measures of *flags* (`Truth.episodes`), those of the judged weeks, as one row.

    method, flagged (how they were chosen), threshold (of the method's own scale; missing for its own), flags,
    flags_per_region_year, episodes (their first flags), censored (those of which what came after is not known), followed
    (of the others), precision with its exact 95 % interval (low, high; it takes episodes for independent), base_rate (that
    of random weeks: the mean over the first flags of the share of all judged weeks of the same region), lift (precision /
    base_rate), escalations, and of them in_time (flagged at or before the onset), late and missed; lead: median weeks from
    an escalation's first flag to its highest week, of those that are flagged.
    """
    inside = flags[flags["inside"]]
    firsts, known = inside[inside["first"]], known_firsts(flags)
    hits = int(known["followed"].sum())
    precision = share(hits, len(known))
    base = float(truth.base_rates[known["column"].to_numpy()].mean()) if len(known) else np.nan
    found = truth.found(flags)
    ahead = (found["peak"] - found["flagged"]).dt.days / 7
    return {
        "method": method,
        "flagged": chosen,
        "threshold": threshold,
        "flags": len(inside),
        "flags_per_region_year": len(inside) / truth.region_years if truth.region_years else np.nan,
        "episodes": len(firsts),
        "censored": len(firsts) - len(known),
        "followed": hits,
        "precision": precision.value,
        "low": precision.low,
        "high": precision.high,
        "base_rate": base,
        "lift": precision.value / base if base else np.nan,
        "escalations": len(found),
        **{name: int((found["found"] == name.replace("_", " ")).sum()) for name in ("in_time", "late", "missed")},
        "lead": float(ahead.median()) if ahead.notna().any() else np.nan,
    }


def chosen_flags(
    cells: pd.DataFrame, number: int, policy: Policy, first: date
) -> list[tuple[str, float, pd.DataFrame]]:
    """A method's flags chosen in each way: its name, its threshold, and the flags.

    As many as *number* means the *number* highest scores of the judged weeks, ties by excess, then by week and region, and
    in the weeks before them what would have been flagged at the last of them. There can be fewer.
    """
    ways: list[tuple[str, float, pd.DataFrame]] = [(OWN, np.nan, cells[cells["alarm"]])]
    for name, some in ((MATCHED, cells), (FLOORED, cells[large_enough(cells, policy, "watch")])):
        ways.append((name, *highest(some[some["score"].notna()], number, first)))
    return ways


def highest(cells: pd.DataFrame, number: int, first: date) -> tuple[float, pd.DataFrame]:
    """The *number* highest of the weeks from *first* on, and those before that are as high; the threshold with them."""
    order = cells.sort_values(["score", "excess", "week", "region_id"], ascending=[False, False, True, True])
    inside = order["week"] >= pd.Timestamp(first)
    top = order[inside].head(number)
    if top.empty:
        return np.nan, top
    last = top.iloc[-1]
    as_high = (order["score"] > last["score"]) | (
        (order["score"] == last["score"]) & (order["excess"] >= last["excess"])
    )
    score = abs(float(last["score"]))
    return score if np.isfinite(score) else np.nan, pd.concat([top, order[~inside & as_high]])

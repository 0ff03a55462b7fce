"""From a store to a judgement: the straight function that the report, `flags`, `spikes` and `trends` share."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from html import escape
from typing import Any, NoReturn

import pandas as pd

from analytics.errors import OptionError
from analytics.flags import Judgement, Policy, judge, open_in, raised, settled, trailing
from analytics.models.base import SpikeResult
from analytics.models.changes import ChangeOptions, ChangeResult, Changes
from analytics.models.methods import spike_model
from analytics.models.trend import Trend, TrendOptions, TrendResult
from analytics.panel import Panel, default_to
from analytics.pipeline.log import EpisodeLog, read_log
from analytics.pipeline.places import chosen_regions
from analytics.schema import JUDGED_MEASURES, SUMS
from analytics.settings import Settings, build
from analytics.store import Store, as_of_default, check_level, weekly
from analytics.weeks import as_date, week_of, weekday_number

SECTIONS = ("spikes", "ramps", "trends", "level_changes", "policy")
"""Parts of the settings that are options of one model or policy each."""
TOLLS = ("killed", "wounded")
"""Measures that a flag is told with."""
COMPOUND = "compound"
"""The method of sums of casualties."""
LEAD_IN = 52
"""Weeks judged before the first week asked for, at least, so that an episode that began earlier keeps its identity."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """What was counted, expected and flagged, for weeks first..last (first days of weeks)."""

    settings: Settings
    panel: Panel
    first: date
    last: date
    spikes: SpikeResult
    ramps: SpikeResult | None
    """Build-ups in the same weeks; None where the policy gives them no share."""
    trends: TrendResult
    level_changes: ChangeResult
    judgement: Judgement
    log: EpisodeLog = field(default_factory=EpisodeLog)
    tolls: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """The weekly tables of TOLLS from the first week judged on; none where nothing is flagged."""
    part: bool = False
    """Whether it is of one of the regions that were judged together."""

    def _repr_html_(self) -> str:
        """What a notebook shows: the weeks and the measure, whether they are simulated, and the judgement."""
        simulated = "<strong>Simulated.</strong> " if self.panel.simulated else ""
        what = f"{escape(self.panel.measure)} of {len(self.panel.region_ids):,} regions, weeks of {self.first} to {self.last}"
        return f"<p>{simulated}{what}</p>{self.judgement._repr_html_()}"

    def of_region(self, region: str) -> "Analysis":
        """What was found of one region, judged together with all others."""
        judgement = self.judgement
        mine = {
            name: frame[frame["region_id"] == region].reset_index(drop=True)
            for name in ("streams", "flags", "episodes", "events")
            if (frame := getattr(judgement, name)) is not None
        }
        return replace(
            self,
            panel=self.panel.take([region]),
            spikes=self.spikes.take([region]),
            judgement=replace(judgement, **mine),
            part=True,
        )

    @property
    def narrowed(self) -> bool:
        """Whether less than the whole level is shown."""
        return self.part or bool(self.settings.regions)

    @cached_property
    def trend_table(self) -> pd.DataFrame:
        """Trends of the regions shown, their q-values over all that were judged together."""
        frame = self.trends.frame()
        return frame[frame["region_id"].isin(self.panel.region_ids)].reset_index(drop=True)

    @cached_property
    def change_table(self) -> pd.DataFrame:
        """Changes in level of the regions shown that fall into the charted weeks."""
        frame = self.level_changes.frame()
        since = pd.Timestamp(as_date(self.panel.weeks[-1]) - timedelta(weeks=self.settings.chart_weeks - 1))
        shown = frame["region_id"].isin(self.panel.region_ids) & (frame["week"] >= since)
        return frame[shown].reset_index(drop=True)

    @cached_property
    def flags(self) -> pd.DataFrame:
        """Flags of the weeks asked for, with the names their episodes keep, and what the log says of them."""
        return self.log.of_flags(_between(self.judgement.flags, self.first, self.last))

    @cached_property
    def streams(self) -> pd.DataFrame:
        """Every region-week of the weeks asked for, judged or not."""
        return _between(self.judgement.streams, self.first, self.last)

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Episodes that are open in the weeks asked for, with the names they keep, and what the log says of them."""
        episodes = self.judgement.episodes
        return self.log.of_episodes(episodes[open_in(episodes, self.first)].reset_index(drop=True))

    @property
    def settings_hash(self) -> str:
        """Hash of every option in force, defaults included; 12 hexadecimal digits."""
        return _hashed(self.options)

    @cached_property
    def options(self) -> dict[str, Any]:
        """Every option in force, by part."""
        plain = {key: value for key, value in asdict(self.settings).items() if key not in (*SECTIONS, "backtest")}
        return {
            **plain,
            "spikes": _plain(self.spikes.options),
            "ramps": _plain(self.ramps.options) if self.ramps else {},
            "trends": _plain(self.trends.options),
            "level_changes": _plain(self.level_changes.options),
            "policy": _plain(self.judgement.policy),
        }


def analyse(
    store: Store,
    settings: Settings,
    *,
    first: date | None = None,
    to: date | None = None,
    as_of: datetime | None = None,
) -> Analysis:
    """Count, model and judge the weeks from *first* until *to*, as known at *as_of*.

    Defaults: the last complete week that coverage reaches, `settings.weeks` weeks back from it, and all that is known.
    Raises OptionError for a measure that is shown and not judged.
    """
    check_judged(settings.measure)
    settings = judging(settings)
    check_level(store, settings.level)
    as_of = as_of or as_of_default(store)
    start = weekday_number(settings.week_start)
    to = to or default_to(store, source=settings.source or None, week_start=settings.week_start, as_of=as_of)
    panel = count(store, settings, to=to, as_of=as_of)
    last = as_date(panel.weeks[-1])
    first = week_of(first, start) if first else last - timedelta(weeks=settings.weeks - 1)
    first = max(first, as_date(panel.weeks[0]))
    if first > last:
        raise OptionError(f"there is no complete week from {first} until {to}; the last complete one begins {last}")
    trends = trend_result(panel, settings)
    policy = build(Policy, settings.policy, "policy")
    spikes, ramps, flags = _judged(panel, settings, policy, first)
    growth, tolls = None, {}
    if not flags.empty:
        growth = growth_before(panel, _between(flags, first, last), settings)
        since = as_date(spikes.weeks[0])
        tolls = {name: sums(store, settings, name, first=since, last=panel.to, as_of=panel.as_of) for name in TOLLS}
    judgement = judge(spikes, policy, ramps=ramps, growth=growth, casualties=casualties(tolls) if tolls else None)
    return Analysis(
        settings=settings,
        panel=panel,
        first=first,
        last=last,
        spikes=spikes,
        ramps=ramps,
        trends=trends,
        level_changes=Changes(build(ChangeOptions, settings.level_changes, "level_changes")).fit(panel),
        judgement=judgement,
        log=read_log(store, panel, judgement, settings.regions),
        tolls=tolls,
    )


def judging_hash(settings: Settings) -> str:
    """Hash of every option on which flags depend, defaults included: equal where the same records give the same flags."""
    names = ("level", "regions", "measure", "where", "source", "week_start", "dates", "method")
    parts = {
        "spikes": getattr(spike_model(settings.method, settings.spikes), "options", {}),
        "ramps": getattr(spike_model("ramp", settings.ramps), "options", {}),
        "policy": build(Policy, settings.policy, "policy"),
    }
    options = {name: getattr(settings, name) for name in names} | {name: _plain(part) for name, part in parts.items()}
    return _hashed(options)


def _judged(
    panel: Panel, settings: Settings, policy: Policy, first: date
) -> tuple[SpikeResult, SpikeResult | None, pd.DataFrame]:
    """The weeks from *first* judged, and as many before them as their episodes depend on: at least LEAD_IN; their flags."""
    model, beginning, last = spike_model(settings.method, settings.spikes), *map(as_date, panel.weeks[[0, -1]])
    build_ups = spike_model("ramp", settings.ramps) if policy.ramp_share else None
    lead = LEAD_IN
    while True:
        start = max(first - timedelta(weeks=lead), beginning)
        spikes = model.fit(panel, first=start, last=last)
        ramps = build_ups.fit(panel, first=start, last=last) if build_ups else None
        streams, flags = raised(spikes, policy, ramps=ramps)
        if settled(flags, streams, first, policy, _flaggable(panel, start, policy)):
            return spikes, ramps, flags
        lead *= 2


def _flaggable(panel: Panel, start: date, policy: Policy) -> set[str]:
    """Ids of the regions with incidents before the week *start* that are enough to be flagged."""
    high = trailing(panel.values[: panel.index_of(start)], policy.floor_weeks)[0] >= policy.min_observed
    return {region for region, found in zip(panel.region_ids, high.T, strict=True) if found.any()}


def count(store: Store, settings: Settings, *, to: date, as_of: datetime | None) -> Panel:
    """The settings' panel until *to*: of the regions that the settings name, if they name any."""
    panel = Panel.from_store(
        store,
        level=settings.level,
        measure=settings.measure,
        where=settings.where,
        source=settings.source or None,
        week_start=settings.week_start,
        to=to,
        as_of=as_of,
        dates=settings.dates,
    )
    return panel.take(chosen_regions(store, settings.regions, panel)) if settings.regions else panel


def check_judged(measure: str) -> None:
    """Raise OptionError for a measure that is not judged by the number of incidents: flags, reports and studies are."""
    if measure in JUDGED_MEASURES or measure == "count":
        return
    if measure in SUMS:
        raise OptionError(
            f"measure {measure!r} is judged by `incidents spikes` and `incidents backtest` (method {COMPOUND}) and not here: sums of "
            "casualties are no counts of independent incidents; judge 'incidents', with --where for a part of them"
        )
    _refuse(measure)


def judging(settings: Settings) -> Settings:
    """The settings with the method that judges their measure: of a sum of casualties `compound`, and no build-ups.

    Raises OptionError for a measure that is shown and not judged, for a method made for counts where the measure is a sum,
    and the other way round.
    """
    measure, method = settings.measure, settings.method
    if measure in JUDGED_MEASURES or measure == "count":
        if method == COMPOUND:
            raise OptionError(
                f"method {COMPOUND!r} judges sums of casualties ({', '.join(SUMS)}), not {measure!r}; leave --method out"
            )
        return settings
    if measure not in SUMS:
        _refuse(measure)
    if method not in ("auto", COMPOUND):
        raise OptionError(
            f"method {method!r} judges counts, and {measure!r} is a sum of casualties: no count of independent incidents; it is "
            f"judged by method {COMPOUND!r} (leave --method out)"
        )
    if settings.dates != "exclude":
        raise OptionError(
            f"measure {measure!r} is judged with dates = exclude only: shares of an incident have no casualties"
        )
    if settings.policy.get("ramp_share"):
        raise OptionError(f"policy: ramp_share must be 0 for {measure!r}: build-ups are looked for in counts")
    return replace(settings, method=COMPOUND, policy={**settings.policy, "ramp_share": 0.0})


def _refuse(measure: str) -> NoReturn:
    judged = ", ".join((*JUDGED_MEASURES, *SUMS))
    if measure.isidentifier():
        raise OptionError(f"measure {measure!r} is not known; judged is: {judged}")
    raise OptionError(
        f"measure {measure!r} is shown (`incidents weekly`) and not judged; judged is: {judged}; "
        "judge 'incidents', with --where for a part of them"
    )


def trend_result(panel: Panel, settings: Settings, last: date | None = None) -> TrendResult:
    """Trends of the panel's recent weeks."""
    return Trend(build(TrendOptions, settings.trends, "trends")).fit(panel, last=last)


def growth_before(panel: Panel, flags: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Growth up to each flagged week, that week included: week, region_id, growth, growth_low, growth_high, p_growing."""
    frames = []
    for week, group in flags.groupby("week"):
        result = trend_result(panel.take(sorted(set(group["region_id"]))), settings, last=week.date())
        frames.append(result.frame().assign(week=week))
    columns = ["week", "region_id", "growth", "growth_low", "growth_high", "p_growing"]
    return pd.concat(frames)[columns] if frames else pd.DataFrame(columns=columns)


def casualties(tolls: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Weekly tables by measure as one, a column for each: week, region_id, killed, wounded."""
    columns = [
        frame.assign(week=frame["week"].astype("datetime64[s]"))
        .set_index(["week", "region_id"])["value"]
        .rename(measure)
        for measure, frame in tolls.items()
    ]
    return pd.concat(columns, axis=1).reset_index()


def sums(
    store: Store, settings: Settings, measure: str, *, first: date | None, last: date | None, as_of: datetime | None
) -> pd.DataFrame:
    """The weekly table of *measure*, counted as *settings* say, from the week of *first* until *last*, as known *as_of*."""
    return weekly(
        store,
        level=settings.level,
        measure=measure,
        source=settings.source or None,
        where=settings.where,
        week_start=settings.week_start,
        first=first,
        last=last,
        as_of=as_of,
        dates=settings.dates,
    )


def _between(frame: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    weeks = pd.to_datetime(frame["week"])
    return frame[(weeks >= pd.Timestamp(first)) & (weeks <= pd.Timestamp(last))].reset_index(drop=True)


def _hashed(options: dict[str, Any]) -> str:
    text = json.dumps(options, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(options: Any) -> dict[str, Any]:
    return asdict(options) if is_dataclass(options) and not isinstance(options, type) else dict(options)

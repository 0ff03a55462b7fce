"""A study of flags on one panel: what each method says of its weeks, and how as many flags or episodes of each did.

What bench_real makes its page of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.flags import Policy, raised
from analytics.models.methods import spike_model
from analytics.panel import Panel
from analytics.pipeline.analysis import LEAD_IN
from analytics.pipeline.backtesting import Truth, highest
from analytics.pipeline.replay import BacktestOptions, method_cells
from analytics.resampling import drawn_medians, drawn_shares, drawn_times
from analytics.settings import Settings, build
from analytics.weeks import as_date

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Figure = tuple[float, Floats]
"""A figure, and what it is in each draw."""

SEED, RESAMPLES, BLOCK = 83_000_000, 2000, 26
OURS: dict[str, dict[str, Any]] = {"auto": {"method": "auto"}, "predictive": {"method": "predictive"}}
"""Our methods: settings that differ from the defaults. The first is the default."""
FLOORS: dict[str, dict[str, Any]] = {"the week": {}, "four weeks": {"floor_weeks": 4}}
"""What must be large enough, as options of the policy."""
ORDERS = ("q", "p", "product")
"""Which flags come first: by q-value, by p-value, or by the product of the p-values of spike and build-up."""
RULES = ("acled-threat", "acled-surge", "hdx-maximum", "mean-sd", "farrington-flexible")

AS_DEFINED = "as defined"
DEFINITIONS: dict[str, dict[str, Any]] = {
    AS_DEFINED: {}, "2 weeks after": {"weeks_after": 2}, "8 weeks after": {"weeks_after": 8},
    "80 % quantile": {"quantile": 0.8}, "95 % quantile": {"quantile": 0.95}, "1.25 times": {"ratio": 1.25},
    "2 times": {"ratio": 2.0}, "2 years before": {"weeks_before": 104}, "4 incidents or more": {"min_incidents": 4},
    "8 incidents or more": {"min_incidents": 8},
}  # fmt: skip
"""What an escalation is: options that differ from the defaults."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The judged weeks of one period: what each method says of them, and what came after."""

    panel: Panel
    first: date
    cells: Mapping[str, pd.DataFrame]
    """Region-weeks that could be flagged, by name of the method: week, region_id, excess, score and more."""
    policy: Policy
    resamples: int = RESAMPLES

    @cached_property
    def truths(self) -> dict[str, Truth]:
        """What came after each week, by definition."""
        return {
            name: Truth.of(self.panel, BacktestOptions(**values), self.first) for name, values in DEFINITIONS.items()
        }

    @cached_property
    def times(self) -> dict[str, Integers]:
        """How often each judged week (row), and each region (column), is drawn."""
        weeks, regions = len(self.panel.weeks) - self.truth.start, len(self.panel.region_ids)
        return {
            "row": drawn_times(weeks, min(BLOCK, weeks), self.resamples, np.random.default_rng(SEED)),
            "column": drawn_times(regions, 1, self.resamples, np.random.default_rng(SEED + 1)),
        }

    @cached_property
    def chosen(self) -> dict[tuple[str, int], "Raised"]:
        """What `at` has found already."""
        return {}

    @property
    def truth(self) -> Truth:
        """That of the definition in force."""
        return self.truths[AS_DEFINED]

    def number(self, rate: float) -> int:
        """As many flags as make *rate* flags a region and year."""
        return round(rate * self.truth.region_years)

    def raised(self, flags: pd.DataFrame) -> "Raised":
        """*flags* (with their levels) and the episodes that they make."""
        return Raised(study=self, flags=self.truth.episodes(flags, self.policy))

    def at(self, name: str, number: int) -> "Raised":
        """The *number* flags that come first, all of one level."""
        if (name, number) not in self.chosen:
            flags = highest(self.cells[name], number, self.first)[1].assign(level="watch")
            self.chosen[name, number] = self.raised(flags)
        return self.chosen[name, number]

    def of_episodes(self, name: str, wanted: int) -> "Raised":
        """As few flags as make *wanted* episodes: found by growing their number, and halving the last step; or all."""
        few, many, every = 0, wanted, int((self.cells[name]["week"] >= pd.Timestamp(self.first)).sum())
        while many < every and len(self.at(name, many).firsts) < wanted:
            few, many = many, min(many + max(many // 4, 1), every)
        while many - few > 1:
            middle = (few + many) // 2
            enough = len(self.at(name, middle).firsts) >= wanted
            few, many = (few, middle) if enough else (middle, many)
        return self.at(name, many)


@dataclass(frozen=True, kw_only=True, eq=False)
class Raised:
    """A method's flags, and how they did."""

    study: Study
    flags: pd.DataFrame

    @cached_property
    def firsts(self) -> pd.DataFrame:
        """First flags of episodes in the judged weeks; row counts these."""
        found = self.flags[self.flags["first"] & self.flags["inside"]]
        return found.assign(row=found["row"] - self.study.truth.start)

    @property
    def number(self) -> int:
        """Flags in the judged weeks."""
        return int(self.flags["inside"].sum())

    def followed(self, definition: str = AS_DEFINED) -> pd.DataFrame:
        """First flags of which it is known whether they were followed (hit), by one definition."""
        truth = self.study.truths[definition]
        hit = truth.outcome[self.firsts["row"] + truth.start, self.firsts["column"]]
        return self.firsts.assign(hit=hit)[~np.isnan(hit)]

    def precision(self, definition: str = AS_DEFINED, by: str = "row") -> Figure:
        """Share of the known first flags that were followed."""
        known = self.followed(definition)
        return self._share(known, known["hit"], by)

    def value(self, definition: str) -> float:
        """The precision without its draws."""
        return float(self.followed(definition)["hit"].mean())

    @property
    def base_rate(self) -> float:
        """What the same number of first flags at random weeks of the same regions would come to."""
        return float(self.study.truth.base_rates[self.followed()["column"].to_numpy()].mean())

    @cached_property
    def escalations(self) -> pd.DataFrame:
        """Those that began in the judged weeks: row, column, found (in time, late, missed), lead."""
        return self.caught(AS_DEFINED)

    def caught(self, definition: str) -> pd.DataFrame:
        """Escalations by one definition: row and column of the onset, found (in time, late, missed), lead in weeks."""
        truth = self.study.truths[definition]
        found, runs = truth.found(self.flags), truth.escalations
        lead = (found["peak"] - found["flagged"]).dt.days / 7
        return found.assign(row=runs.onset - truth.start, column=runs.region, lead=lead)

    def in_time(self) -> Figure:
        """Share of the escalations flagged at or before their onset."""
        return self._share(self.escalations, self.escalations["found"] == "in time", "row")

    def found(self) -> Figure:
        """Share of the escalations flagged at all."""
        return self._share(self.escalations, self.escalations["found"] != "missed", "row")

    def lead(self) -> Figure:
        """Median weeks from an escalation's first flag to its highest week, of those flagged."""
        some = self.escalations[self.escalations["lead"].notna()]
        values = some["lead"].to_numpy(dtype=np.float64)
        draws = drawn_medians(values, some["row"].to_numpy(), self.study.times["row"])
        return float(np.median(values)) if values.size else np.nan, draws

    def _share(self, of: pd.DataFrame, hits: "pd.Series[Any]", by: str) -> Figure:
        hit = hits.to_numpy(dtype=np.float64)
        return float(hit.mean()) if hit.size else np.nan, drawn_shares(hit, of[by].to_numpy(), self.study.times[by])


Candidate = tuple[Settings, str]
"""Settings, and the order of flags."""


def candidates(methods: Iterable[str]) -> dict[str, Candidate]:
    """Each of our methods with each floor and order, by name."""
    return {
        f"{name}, {floor}, {order}": (Settings(**{**values, "policy": {**values.get("policy", {}), **policy}}), order)
        for name, values in ((name, OURS.get(name, {"method": name})) for name in methods)
        for floor, policy in FLOORS.items()
        for order in ORDERS
    }  # fmt: skip


def scored(panel: Panel, settings: Settings, order: str, first: date, last: date) -> pd.DataFrame:
    """Every region-week that is large enough for a watch, with its score by *order*."""
    policy = build(Policy, {**settings.policy, "watch_q": 1 - 1e-12}, "policy")
    spikes = spike_model(settings.method, settings.spikes).fit(panel, first=first, last=last)
    ramps = spike_model("ramp", settings.ramps).fit(panel, first=first, last=last) if policy.ramp_share else None
    flags = raised(spikes, policy, ramps=ramps)[1]
    product = flags["p_spike"] * flags["p_ramp"].fillna(1)
    return flags.assign(score=-{"q": flags["q_value"], "p": flags["p_value"], "product": product}[order])


def study(panel: Panel, first: date, ours: Mapping[str, Candidate], resamples: int = RESAMPLES) -> Study:
    """The weeks of *panel* from *first* on, judged by *ours* and by the rules."""
    begin = max(first - timedelta(weeks=LEAD_IN), as_date(panel.weeks[0]))
    last = as_date(panel.weeks[-1])
    cells = {name: scored(panel, settings, order, begin, last) for name, (settings, order) in ours.items()}
    for name in RULES:
        found = method_cells(spike_model(name, {}).fit(panel, first=begin, last=last), Policy())
        cells[name] = found[found["score"].notna()]
    return Study(panel=panel, first=first, cells=cells, policy=Policy(), resamples=resamples)


def less(one: Figure, other: Figure) -> Figure:
    """The difference of two figures that were drawn together."""
    return one[0] - other[0], one[1] - other[1]

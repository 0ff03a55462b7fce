"""How methods do on simulated series of a design, at one false-flag rate."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.evaluation import (
    Comparison,
    Estimate,
    Found,
    Outcome,
    Trial,
    compare,
    detected,
    false_flag_rate,
    find,
    found_by,
    mean_delay,
    oracle,
    soonest,
    threshold,
)
from analytics.models.base import Floats, SpikeResult
from analytics.models.methods import SpikeModel, spike_model
from analytics.panel import Panel
from analytics.pipeline.replay import BacktestOptions, Progress, scores
from analytics.settings import Settings, build
from analytics.simulate.cases import Case, Effect, case, scenarios
from analytics.weeks import as_date

Flags = NDArray[np.bool_]

EVERY = "all"
"""Stands for the scenario in rows over all of them."""
HORIZON = 6
"""Weeks after its start at which the delay of an outbreak is censored; that of an event that lasts, at the last week."""
EARLY = 4
"""Weeks within which events that last are found early."""

RESAMPLES = 100
"""Resamples behind the interval of a gap closed."""


@dataclass(frozen=True, kw_only=True)
class DesignOptions:
    """Which series are simulated, and the rate at which methods are compared on them."""

    design: str
    """noufaily, sparse, ramp, shift, clustered, late or silent; see `analytics.simulate.cases`."""
    seed: int = 1
    series: int = 100
    """Series of each kind and scenario: to set thresholds on, to measure false flags on, and with each effect."""
    rate: float = 0.01
    """Share of the weeks in which nothing happens that is flagged."""
    scenarios: tuple[str, ...] = ()
    """Names of those to simulate; none: all of the design."""

    def __post_init__(self) -> None:
        known = scenarios(self.design)
        for name in self.scenarios:
            if name not in known:
                raise OptionError(f"scenario {name!r} of {self.design} is not known; choose from {', '.join(known)}")
        if self.seed < 0:
            raise OptionError(f"seed must be 0 or more, got {self.seed}")
        if not 2 <= self.series <= 10_000:
            raise OptionError(f"series must be in 2..10000, got {self.series}")
        if not 0 < self.rate <= 0.5:
            raise OptionError(
                f"rate must be above 0 and at most 0.5, got {self.rate:g}; it is the share of weeks flagged"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The scenarios, in the order of the design, each once."""
        return tuple(name for name in scenarios(self.design) if name in self.scenarios or not self.scenarios)


@dataclass(frozen=True, kw_only=True, eq=False)
class DesignBacktest:
    """What was found on a design."""

    settings: Settings
    options: DesignOptions
    methods: tuple[str, ...]
    """That of the settings first."""
    table: pd.DataFrame
    """One row per scenario, effect and method; first, where there are several scenarios, those over all; see `backtest_design`."""
    last: Panel
    """One of the panels that were judged, for its weeks."""
    first: int
    """Row of it from which on weeks were judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What one method made of one effect; tables (W, R)."""

    threshold: float
    """On the scale of `replay.scores`."""
    flags: Flags
    """Quiet weeks flagged at the threshold."""
    improbable: Flags
    """Quiet weeks with an incident and p at or below the rate."""
    with_p: Flags
    """Every quiet week, or none where the method gives no p. A week that is not judged is a week without a flag: which ones
    are may depend on the count itself."""
    judged: Flags
    """Quiet weeks that were judged."""
    event_flags: Flags
    truth: Flags
    found: Found
    horizon: int
    lasts: bool
    gap: Comparison | None = None
    """How near it comes to an oracle, where there is one."""


def backtest_design(
    settings: Settings, options: DesignOptions, *, progress: Progress = lambda things, _: things
) -> DesignBacktest:
    """Judge the series of a design by the settings' method and those of `backtest.against`, each at one false-flag rate.

    A method's threshold is set on the calm series of each scenario; all else is measured on others, the same for all
    methods. Columns of the table: design, scenario, effect, method; rate, as asked for; threshold, on the method's
    own scale (p where it has one), missing where all that it judges stays below the rate; judged, share of the quiet
    weeks that were; false_flags, share of the quiet weeks flagged; at_p, share with p at or below *rate* and an
    incident, missing for rules without p; pod, share of the events of which a week is flagged; early, share flagged
    within `EARLY` weeks, of events that last; delay, mean weeks until the first flag (the first is 1), censored;
    reference, that of Farrington flexible with or without its rule for low counts, whichever is sooner; oracle, that
    of a likelihood ratio that knows mean, dispersion and effect but not the start; closed, the share of the gap
    between these two that the method takes away, where there is one beyond error; low and high of each, 95 %; series,
    seed, and simulated.

    Raises OptionError for a method or option that there is not, and a rate too small for the series.
    """
    against = build(BacktestOptions, settings.backtest, "backtest").against
    models = {settings.method: spike_model(settings.method, settings.spikes)}
    models |= {name: spike_model(name, {}) for name in against if name != settings.method}
    rows, every = [], dict[tuple[str, str], list[Seen]]()
    for name in progress(options.names, "scenario"):
        made = case(options.design, name, options.seed, options.series)
        for effect, method, seen in judged(made, models, options):
            rows.append(measured(name, effect.name, method, [seen], options))
            every.setdefault((effect.name, method), []).append(seen)
    pooled = [measured(EVERY, *key, found, options) for key, found in every.items()] if len(options.names) > 1 else []
    last = made.effects[0]
    return DesignBacktest(
        settings=settings, options=options, methods=tuple(models), table=pd.DataFrame(pooled + rows), last=last.event,
        first=last.first,
    )  # fmt: skip


def judged(made: Case, models: Mapping[str, SpikeModel], options: DesignOptions) -> Iterator[tuple[Effect, str, Seen]]:
    """What each method makes of each effect of a case.

    Raises OptionError where the rate is less than one week of those on which thresholds are set.
    """
    weeks = made.calm.values[made.first :].size
    if options.rate * weeks < 1:
        raise OptionError(
            f"rate {options.rate:g} is less than one of the {weeks} quiet weeks of {made.scenario}; "
            f"simulate {int(np.ceil(options.series / (options.rate * weeks)))} series or more"
        )
    calm = {method: _scores(model, made.calm, made.first) for method, model in models.items()}
    seen_quiet: Panel | None = None
    quiet: dict[str, SpikeResult] = {}
    for effect in made.effects:
        if effect.quiet is not seen_quiet:
            quiet = {method: _fit(model, effect.quiet, effect.first) for method, model in models.items()}
            seen_quiet = effect.quiet
        event = {method: _scores(model, effect.event, effect.first) for method, model in models.items()}
        gaps = _gaps(made, effect, calm, event, options) if effect.factors else {}
        for method in models:
            yield effect, method, _seen(calm[method], quiet[method], event[method], effect, options, gaps.get(method))


def _fit(model: SpikeModel, panel: Panel, first: int) -> SpikeResult:
    return model.fit(panel, as_date(panel.weeks[first]))


def _scores(model: SpikeModel, panel: Panel, first: int) -> Floats:
    return scores(_fit(model, panel, first))


def _seen(
    calm: Floats, quiet: SpikeResult, event: Floats, effect: Effect, options: DesignOptions, gap: Comparison | None
) -> Seen:
    cut = threshold(calm, options.rate)
    uniforms = np.random.default_rng(options.seed).random((2, *event.shape))
    event_flags = cut.flags(event, uniforms[1])
    horizon = len(event) if effect.lasts else min(HORIZON, len(event))
    return Seen(
        threshold=abs(cut.value),
        flags=cut.flags(scores(quiet), uniforms[0]),
        improbable=(quiet.p_value <= options.rate) & (quiet.observed > 0),
        with_p=np.full(quiet.p_value.shape, not np.isnan(quiet.p_value).all()),
        judged=quiet.note == "",
        event_flags=event_flags,
        truth=effect.truth,
        found=find(event_flags, effect.truth, effect.starts, horizon),
        horizon=horizon,
        lasts=effect.lasts,
        gap=gap,
    )


def _gaps(
    made: Case, effect: Effect, calm: Mapping[str, Floats], event: Mapping[str, Floats], options: DesignOptions
) -> dict[str, Comparison]:
    """Each method between Farrington flexible and the oracle."""
    readings = [spike_model("farrington-flexible", {"low_count_cases": cases}) for cases in (0, 5)]
    trials = [
        Trial(null=_scores(model, made.calm, made.first), scores=_scores(model, effect.event, effect.first))
        for model in readings
    ]
    reference = soonest(trials, rate=options.rate, seed=options.seed)
    best = Trial(
        null=_oracle(made.calm, made.first, made, effect), scores=_oracle(effect.event, effect.first, made, effect)
    )
    return {
        method: compare(
            reference, Trial(null=calm[method], scores=event[method]), best, rate=options.rate,
            generator=np.random.default_rng(options.seed), resamples=RESAMPLES,
        )
        for method in calm
    }  # fmt: skip


def _oracle(panel: Panel, first: int, made: Case, effect: Effect) -> Floats:
    return oracle(panel.values.astype(np.int64), first, made.mean, made.phi, effect.factors)


def measured(scenario: str, effect: str, method: str, seen: list[Seen], options: DesignOptions) -> dict[str, Any]:
    """The measures of what a method made of an effect in one scenario or several, as one row."""
    one, alone = seen[0], len(seen) == 1
    flags, improbable, with_p, was_judged, event_flags, truth = (
        np.concatenate([getattr(each, name) for each in seen], axis=1)
        for name in ("flags", "improbable", "with_p", "judged", "event_flags", "truth")
    )
    delay, found = (np.concatenate([getattr(each.found, name) for each in seen]) for name in ("delay", "found"))
    nothing, all_weeks = np.zeros_like(flags), np.ones_like(flags)
    unknown = Estimate(value=np.nan, low=np.nan, high=np.nan)
    gap = one.gap if alone else None
    return {
        "design": options.design,
        "scenario": scenario,
        "effect": effect,
        "method": method,
        "rate": options.rate,
        "threshold": one.threshold if alone and np.isfinite(one.threshold) else np.nan,
        "judged": float(was_judged.mean()),
        **_columns("false_flags", false_flag_rate(Outcome(flags=flags, truth=nothing, judged=all_weeks))),
        **_columns("at_p", false_flag_rate(Outcome(flags=improbable, truth=nothing, judged=with_p))),
        **_columns("pod", detected(Outcome(flags=event_flags, truth=truth, judged=np.ones_like(truth)))),
        **_columns("early", found_by(delay, found, EARLY) if one.lasts else unknown),
        **_columns("delay", mean_delay(delay, found, one.horizon) if one.horizon > 1 else unknown),
        "reference": gap.reference if gap else np.nan,
        "oracle": gap.oracle if gap else np.nan,
        **_columns("closed", gap.share if gap and gap.gap.low > 0 else unknown),
        "series": int(flags.shape[1]),
        "seed": options.seed,
        "simulated": True,
    }


def _columns(name: str, one: Estimate) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}

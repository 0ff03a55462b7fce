"""Simulated series on which detection is judged, by the name of their design: quiet ones, and the same with an event."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.panel import Panel, Status
from analytics.simulate.clusters import ClusterDesign, SimulatedClusters, clusters
from analytics.simulate.designs import JUDGED, SCENARIOS, counts_panel, noufaily
from analytics.simulate.feeds import delayed, dropped
from analytics.simulate.ramps import RampDesign, SimulatedRamps, ramps

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Design = RampDesign | ClusterDesign

FIRST_WEEK = date(2012, 1, 2)
SIZES = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0)
"""Sizes k of the outbreaks of the 42 scenarios."""
MEANS = (0.1, 1.0, 5.0, 20.0)
GROWTHS = (0.15, 0.3, 0.6)
SHIFTS = (1.5, 2.0, 4.0)
FED = (2, 5, 8, 14, 20, 26, 32, 38)
"""Numbers of the scenarios whose feed is late or silent."""
FED_WEEKS = 26
"""Judged weeks of a scenario until the last one, in which the feed is late or after it was silent."""
DELAY, SILENT, BACK = 0.5, 8, 2
"""Mean weeks from an incident to its report, weeks of silence, and weeks since it ended, the judged one not among them."""
STATES = {"late": ("complete", "late"), "silent": ("complete", "silent, taken for zero", "silent, known")}
"""What the feed did, by design; see `fed`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Effect:
    """What happens to the series of a case."""

    name: str
    """The size k of an outbreak ("k = 3"), growth a week ("30%"), times the mean ("x 4"), or what the feed did."""
    quiet: Panel
    """Series in which nothing happens, reported by the same feed."""
    event: Panel
    """As many in which something does."""
    first: int
    """Row of both from which on weeks are judged."""
    truth: Flags
    """Judged weeks of the event, (W, R)."""
    starts: Integers
    """Judged week in which each event starts, 0 being the first, (R,)."""
    lasts: bool
    """Whether events last, so that they can be found in any week after their start."""
    factors: tuple[float, ...] = ()
    """Times the mean in the weeks 1, 2, ... of the event, for an oracle; none where nobody can know it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One scenario of a design."""

    scenario: str
    calm: Panel
    """Series in which nothing happens and every report comes at once: what thresholds are set on."""
    first: int
    """Row of these from which on weeks are judged."""
    effects: tuple[Effect, ...]
    mean: float = np.nan
    phi: float = np.nan
    """Mean, and variance over mean, of a week in which nothing happens, where they are the same in every week."""


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """A steady stream, and what may happen to it from the first judged week on."""

    scenario: str
    quiet: Design
    effects: Mapping[str, Design]


def lasting(design: str) -> tuple[Lasting, ...]:
    """The streams of ramp, shift, sparse (times ten), or clustered (three times the incidents of their own).

    Ramps grow for ten weeks and fall back at the same rate. Dispersion is 2, of sparse streams 1.5.
    """
    if design == "clustered":
        bursts = {mean: ClusterDesign(mean=mean) for mean in (0.3, 2.0)}
        return tuple(_lasting(one, {"x 3": replace(one, shift=3.0)}) for one in bursts.values())
    if design == "sparse":
        quiet = [RampDesign(mean=mean, phi=1.5) for mean in (0.02, 0.05, 0.3)]
        return tuple(_lasting(one, {"x 10": replace(one, shift=10.0)}) for one in quiet)
    quiet = [RampDesign(mean=mean, phi=2.0) for mean in MEANS]
    if design == "shift":
        return tuple(_lasting(one, {f"x {by:g}": replace(one, shift=by) for by in SHIFTS}) for one in quiet)
    return tuple(
        _lasting(one, {f"{growth:.0%}": replace(one, growth=growth, growth_weeks=10) for growth in GROWTHS})
        for one in quiet
    )


def _lasting(quiet: Design, effects: Mapping[str, Design]) -> Lasting:
    return Lasting(scenario=f"mean {quiet.mean:g}", quiet=quiet, effects=effects)


def drawn(design: Design, seed: int, series: int) -> SimulatedRamps | SimulatedClusters:
    """Series of a design of either kind."""
    if isinstance(design, RampDesign):
        return ramps(design, seed, series=series)
    return clusters(design, seed, series=series)


def scenarios(design: str) -> tuple[str, ...]:
    """The names of the scenarios of a design; raises OptionError for a design that there is not."""
    if design not in DESIGNS:
        raise OptionError(f"design {design!r} is not known; choose from {', '.join(DESIGNS)}")
    if design == "noufaily":
        return tuple(one.name for one in SCENARIOS)
    if design in STATES:
        return tuple(SCENARIOS[number - 1].name for number in FED)
    return tuple(one.scenario for one in lasting(design))


def case(design: str, scenario: str, seed: int, series: int) -> Case:
    """The series of one scenario of a design, *series* of each kind.

    Every kind has a stream of its own, which follows from *seed* and the scenario's place in its design: what other
    scenarios are asked for changes nothing. Effects share the history before them. Raises OptionError for a design or a
    scenario that there is not, and for a seed or number of series that cannot be used.
    """
    known = scenarios(design)
    if scenario not in known:
        raise OptionError(f"scenario {scenario!r} of {design} is not known; choose from {', '.join(known)}")
    if seed < 0:
        raise OptionError(f"seed is {seed}; use 0 or a positive whole number")
    place = known.index(scenario)
    seeds = iter(int(one) for one in np.random.SeedSequence([seed, place]).generate_state(5, np.uint64))
    return DESIGNS[design](design, place, seeds, series)


def _outbreaks(_: str, place: int, seeds: Iterator[int], series: int) -> Case:
    """One of the 42 scenarios, and an outbreak of each size."""
    number, first = place + 1, JUDGED.start
    calm, quiet = (noufaily(number, next(seeds), series=series).panel(FIRST_WEEK) for _ in range(2))
    seed = next(seeds)
    made = {size: noufaily(number, seed, series=series, outbreak=size) for size in SIZES}
    effects = tuple(
        Effect(
            name=f"k = {size:g}", quiet=quiet, event=one.panel(FIRST_WEEK), first=first, truth=one.cases[JUDGED] > 0,
            starts=one.starts - first, lasts=False,
        )
        for size, one in made.items()
    )  # fmt: skip
    return Case(scenario=SCENARIOS[place].name, calm=calm, first=first, effects=effects)


def _streams(design: str, place: int, seeds: Iterator[int], series: int) -> Case:
    """A steady stream, and what lasts from its first judged week on."""
    stream = lasting(design)[place]
    calm, quiet = (drawn(stream.quiet, next(seeds), series) for _ in range(2))
    seed = next(seeds)
    effects = tuple(_effect(name, one, quiet.panel(FIRST_WEEK), seed) for name, one in stream.effects.items())
    phi = stream.quiet.phi if isinstance(stream.quiet, RampDesign) else float(calm.counts.var() / calm.counts.mean())
    return Case(
        scenario=stream.scenario, calm=calm.panel(FIRST_WEEK), first=calm.start, effects=effects,
        mean=stream.quiet.mean, phi=phi,
    )  # fmt: skip


ONSETS = 12
"""Weeks ago that an event may have begun, to an oracle."""


def _effect(name: str, design: Design, quiet: Panel, seed: int) -> Effect:
    series, k = len(quiet.region_ids), np.arange(1, ONSETS + 1)
    made = drawn(design, seed, series)
    growth = design.growth if isinstance(design, RampDesign) else 0.0
    weeks = design.effect() > 1 if isinstance(design, RampDesign) else np.full(design.judged, True)
    return Effect(
        name=name, quiet=quiet, event=made.panel(FIRST_WEEK), first=made.start, truth=np.tile(weeks[:, None], series),
        starts=np.zeros(series, dtype=np.int64), lasts=True,
        factors=tuple(float(factor) for factor in design.shift * (1 + growth) ** k),
    )  # fmt: skip


def _feeds(design: str, place: int, seeds: Iterator[int], series: int) -> Case:
    """One of the 42 scenarios until its 26th judged week, and five deviations more in that week, by what the feed did."""
    number, end = FED[place], JUDGED.start + FED_WEEKS
    calm, quiet, before = (noufaily(number, next(seeds), series=series).counts[:end] for _ in range(3))
    event = with_event(before, next(seeds))
    seed = next(seeds)
    reported, raised = fed(quiet, seed), fed(event, seed)
    effects = tuple(
        Effect(
            name=state, quiet=reported[state], event=raised[state], first=end - 1, truth=np.full((1, series), True),
            starts=np.zeros(series, dtype=np.int64), lasts=False,
        )
        for state in STATES[design]
    )  # fmt: skip
    return Case(
        scenario=SCENARIOS[number - 1].name, calm=counts_panel(calm, FIRST_WEEK), first=JUDGED.start, effects=effects
    )  # fmt: skip


def with_event(counts: Integers, seed: int) -> Integers:
    """*counts* (T, R) with Poisson(5 deviations of the weeks before the last 26) incidents more in the last week."""
    event = counts.copy()
    event[-1] += np.random.default_rng(seed).poisson(5 * counts[:-FED_WEEKS].std(axis=0))
    return event


def fed(counts: Integers, seed: int) -> Mapping[str, Panel]:
    """Panels by what the feed did: nothing; late reports; silent for some weeks, of which is known, or not."""
    plain = counts_panel(counts, FIRST_WEEK)
    late = counts_panel(delayed(counts, DELAY, seed), FIRST_WEEK)
    # the silence is moved back, so that it ended before the last weeks
    silent = np.roll(dropped(counts, SILENT, seed)[1], -BACK - 1, axis=0)
    zeros = counts_panel(np.where(silent, 0, counts), FIRST_WEEK)
    return {"complete": plain, "late": late, "silent, taken for zero": zeros, "silent, known": _unknown(plain, silent)}


def _unknown(panel: Panel, cells: Flags) -> Panel:
    """The panel with these cells unknown."""
    status = np.where(cells, Status.UNKNOWN, panel.status).astype(panel.status.dtype)
    return replace(panel, values=np.where(cells, np.nan, panel.values), status=status)


DESIGNS: Mapping[str, Callable[[str, int, Iterator[int], int], Case]] = {
    "noufaily": _outbreaks, "sparse": _streams, "ramp": _streams, "shift": _streams, "clustered": _streams,
    "late": _feeds, "silent": _feeds,
}  # fmt: skip
"""Name of a design -> what makes one of its cases."""

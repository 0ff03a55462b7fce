"""Weekly counts with known outbreaks: the 42 scenarios by which outbreak detection is judged."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.errors import OptionError
from analytics.panel import Panel, Status
from analytics.weeks import week_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WEEKS = 624
BASELINE = slice(312, 575)
"""Weeks 313..575, from which models learn."""
JUDGED = slice(575, 624)
"""Weeks 576..624, which models judge."""
PAST_SIZES = (2.0, 3.0, 5.0, 10.0)
PAST_OUTBREAKS = 4

# set: theta, beta with a trend, gamma1, gamma2, phi
_SETS: dict[str, tuple[float, float, float, float, float]] = {
    "A": (0.1, 0.0025, 0.6, 0.6, 1.5),
    "B": (-2.0, 0.005, 0.1, 0.3, 2.0),
    "C": (1.5, 0.003, 0.2, -0.4, 1.0),
    "D": (0.5, 0.002, 0.5, 0.5, 5.0),
    "E": (2.5, 0.001, 1.0, 0.1, 3.0),
    "F": (3.75, 0.001, 0.1, -0.1, 1.1),
    "G": (5.0, 0.0001, 0.05, 0.01, 1.2),
}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How the mean of a weekly series moves, and how widely counts scatter around it.

    mu(t) = exp(theta + beta t + sum over j = 1..harmonics of gamma1 cos(2 pi j t / 52) + gamma2 sin(2 pi j t / 52)),
    t = 1, 2, ...; variance = phi mu.
    """

    name: str
    theta: float
    beta: float = 0.0
    gamma1: float = 0.0
    gamma2: float = 0.0
    harmonics: int = 0
    phi: float = 1.0

    def __post_init__(self) -> None:
        if self.phi < 1:
            raise OptionError(f"phi of scenario {self.name} is {self.phi}; counts need a dispersion of 1 or more")
        if self.harmonics < 0:
            raise OptionError(f"harmonics of scenario {self.name} is {self.harmonics}; use 0 (no season) or more")

    def mean(self, weeks: int = WEEKS) -> Floats:
        """Mean count of weeks 1..weeks; shape (weeks,)."""
        t = np.arange(1, weeks + 1, dtype=np.float64)
        turns = 2 * np.pi * np.outer(t, np.arange(1, self.harmonics + 1)) / 52
        season = self.gamma1 * np.cos(turns) + self.gamma2 * np.sin(turns)
        answer: Floats = np.exp(self.theta + self.beta * t + season.sum(axis=1))
        return answer


def _scenario(letter: str, trend: bool, harmonics: int) -> Scenario:
    theta, beta, gamma1, gamma2, phi = _SETS[letter]
    return Scenario(
        name=f"{letter}{'-trend' if trend else ''}-m{harmonics}",
        theta=theta,
        beta=beta if trend else 0.0,
        gamma1=gamma1,
        gamma2=gamma2,
        harmonics=harmonics,
        phi=phi,
    )


SCENARIOS: tuple[Scenario, ...] = tuple(
    _scenario(letter, trend, harmonics) for letter in _SETS for trend in (False, True) for harmonics in (0, 1, 2)
)
"""The 42 scenarios: sets A..G, each without and with its trend, each with 0, 1 and 2 harmonics."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedCounts:
    """R simulated series of T weeks, and what is true of them."""

    scenario: Scenario
    counts: Integers
    """What a feed would report: the scenario's counts and the outbreaks' cases; shape (T, R)."""
    mean: Floats
    """Mean of the counts without outbreaks; shape (T,)."""
    past_cases: Integers
    """Cases that outbreaks added to the baseline weeks; shape (T, R)."""
    cases: Integers
    """Cases that the outbreak to be found added to the judged weeks; shape (T, R)."""
    starts: Integers
    """Row in which each series' outbreak starts, -1 for none; shape (R,). Its cases may be 0 (Poisson)."""

    def panel(self, first: date = date(2012, 1, 2)) -> Panel:
        """The counts as a panel whose first week starts on *first*, regions "series-001", "series-002", ..."""
        return counts_panel(self.counts, first)


def counts_panel(counts: Integers | Floats, first: date) -> Panel:
    """Simulated counts (T, R) as a panel whose first week starts on *first*; raises OptionError unless that is a Monday."""
    if first != week_of(first):
        raise OptionError(f"first week {first} is not a Monday; use {week_of(first)}")
    weeks, series = counts.shape
    names = tuple(f"series-{number:03d}" for number in range(1, series + 1))
    return Panel(
        weeks=np.datetime64(first, "D") + 7 * np.arange(weeks),
        region_ids=names,
        region_names=names,
        values=counts.astype(np.float64),
        status=np.full(counts.shape, Status.KNOWN, dtype=np.uint8),
        simulated=True,
    )


def noufaily(
    scenario: Scenario | int,
    seed: int,
    *,
    series: int = 100,
    past_outbreaks: bool = True,
    outbreak: float | None = None,
) -> SimulatedCounts:
    """Simulate *series* replicates of a scenario (or of `SCENARIOS[scenario - 1]`, 1..42), 624 weeks each.

    Counts are negative binomial of size mu / (phi - 1), hence of variance phi mu, and Poisson where phi is 1. An
    outbreak of k has Poisson(k s) cases, s being the standard deviation of the series over the baseline weeks before
    any outbreak; each case falls floor(X) weeks after the start, X lognormal(0, 0.5^2). With *past_outbreaks*, four
    outbreaks start in uniformly drawn baseline weeks, each with a k drawn from 2, 3, 5, 10. With *outbreak* = k, one
    more starts in a uniformly drawn judged week. Cases that would fall past their stretch (baseline, judged) are left
    out, so the judged weeks hold no part of a past outbreak.

    Counts, past outbreaks and the judged outbreak come from three streams of one seed: the same seed gives the same
    counts with and without outbreaks, for every k, and its first series are the same for every number of *series*.

    Raises OptionError for a scenario, seed, number of series or k that cannot be used. Source: Noufaily et al. 2013,
    Statistics in Medicine 32:1206, section 3; the numbering of the scenarios is ours.
    """
    chosen = _checked(scenario, seed, series, outbreak)
    base, past, current = np.random.default_rng(seed).spawn(3)
    mean = chosen.mean()
    plain = counts_of(base, mean, chosen.phi, series)
    deviation = plain[BASELINE].std(axis=0, ddof=1)
    past_cases, cases = np.zeros_like(plain), np.zeros_like(plain)
    starts = np.full(series, -1, dtype=np.int64)
    if past_outbreaks:
        _add_past_outbreaks(past, past_cases, deviation)
    if outbreak is not None:
        columns = enumerate(outbreak * deviation)
        starts[:] = [_add_outbreak(current, cases[:, column], JUDGED, size) for column, size in columns]
    counts = plain + past_cases + cases
    return SimulatedCounts(scenario=chosen, counts=counts, mean=mean, past_cases=past_cases, cases=cases, starts=starts)


def _checked(scenario: Scenario | int, seed: int, series: int, outbreak: float | None) -> Scenario:
    if seed < 0:
        raise OptionError(f"seed is {seed}; use 0 or a positive whole number")
    if series < 1:
        raise OptionError(f"series is {series}; simulate 1 or more")
    if outbreak is not None and not 0 < outbreak < 1000:
        raise OptionError(f"outbreak is {outbreak}; it is a multiple of the standard deviation, as 1..10, or None")
    if isinstance(scenario, Scenario):
        return scenario
    if not 1 <= scenario <= len(SCENARIOS):
        raise OptionError(f"scenario {scenario} does not exist; choose 1..{len(SCENARIOS)}")
    return SCENARIOS[scenario - 1]


def counts_of(generator: np.random.Generator, mean: Floats, phi: float, series: int) -> Integers:
    """Counts (T, series) of mean *mean* (T,) and variance phi mean: negative binomial, Poisson where phi is 1."""
    # series by series, so that asking for more of them leaves the first ones as they were
    shape = (series, len(mean))
    if phi == 1:
        return generator.poisson(mean, shape).T.astype(np.int64)
    return generator.negative_binomial(mean / (phi - 1), 1 / phi, shape).T.astype(np.int64)


def _add_past_outbreaks(generator: np.random.Generator, cases: Integers, deviation: Floats) -> None:
    """Add four outbreaks to the baseline weeks of every series of *cases* (T, R), in place."""
    for column, one in enumerate(deviation):
        for size in generator.choice(PAST_SIZES, PAST_OUTBREAKS):
            _add_outbreak(generator, cases[:, column], BASELINE, size * one)


def _add_outbreak(generator: np.random.Generator, cases: Integers, stretch: slice, mean_size: float) -> int:
    """Add one outbreak to *cases* (T,) in place; returns the row in which it starts."""
    start = int(generator.integers(stretch.start, stretch.stop))
    weeks = start + np.floor(generator.lognormal(0.0, 0.5, generator.poisson(mean_size))).astype(np.int64)
    np.add.at(cases, weeks[weeks < stretch.stop], 1)
    return start

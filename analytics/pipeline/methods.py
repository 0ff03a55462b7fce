"""The methods behind a report in words, with the settings in force."""

from analytics.figures import numbers
from analytics.pipeline.analysis import Analysis


def method_notes(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """(heading, text) of each method used; what is said follows from the options that were used."""
    return (
        ("What is counted", _counted(analysis)),
        ("What is expected", _expected(analysis)),
        ("What is flagged", _flagged(analysis)),
        ("How growth is measured", _growth(analysis)),
        ("What is not known", _unknown(analysis)),
        *((("Simulated data", SIMULATED),) if analysis.panel.simulated else ()),
    )


SIMULATED = (
    "All incidents in this report are simulated from a seed, for demonstration and testing. They are shaped like Iraq's "
    "and no place, date or person in them is real. Regions, boundaries and dated events are real."
)


def _counted(analysis: Analysis) -> str:
    settings, panel = analysis.settings, analysis.panel
    dates = (
        "Incidents dated to a month or year only are left out of the weeks and counted apart"
        if settings.dates == "exclude"
        else "Incidents dated to a month or year only are spread evenly over their days"
    )
    known = f"as known at {numbers.moment(panel.as_of)}" if panel.as_of else "as known"
    return (
        f"Incidents per week (starting on {settings.week_start.title()}) and {settings.level}, until {numbers.day(panel.to)}, {known}. "
        f"The day an incident began decides its week. {dates}. Incidents whose place leads to no region are counted in a row of their "
        "own and not judged. Incomplete weeks are left out."
    )


def _expected(analysis: Analysis) -> str:
    streams = analysis.streams
    judged = streams[streams["status"] == "judged"]["judged_by"].value_counts()
    shares = ", ".join(f"{name}: {count}" for name, count in judged.items())
    return (
        "Each region is compared with its own past: the same season of up to five years back, the last half year left out, by the "
        "improved Farrington flexible method (Noufaily et al. 2013, Statistics in Medicine 32:1206): a quasi-Poisson regression with "
        "trend and season in which past outbreaks count for less. Regions too quiet for it are judged by a rare-event rule: the "
        "predictive distribution of a count with a gamma-distributed rate. The method is chosen from the weeks before, never from the "
        f"week that is judged. Region-weeks judged here, by method: {shares or 'none'}.{_build_ups(analysis)}"
    )


def _joined(gap: int) -> str:
    """Which flagged weeks are one episode, as the subject of a sentence."""
    return (
        f"Flagged weeks with at most {numbers.several(gap, 'week', 'weeks')} between them"
        if gap
        else "Flagged weeks in a row"
    )


def _build_ups(analysis: Analysis) -> str:
    if analysis.ramps is None:
        return ""
    share = analysis.judgement.policy.ramp_share
    return (
        f"\n\nBuild-ups over up to {analysis.ramps.options.window} weeks, none of which need stand out, are looked for beside it: a "
        "likelihood ratio, averaged over the weeks in which the build-up may have begun and over its speed, with its p-value by "
        "simulation of the same weeks without one. A region-week has one p-value: the smaller of the spike's over "
        f"{1 - share:g} and the build-up's over {share:g} (Bonferroni), which holds its rate however the two depend on each other."
    )


def _flagged(analysis: Analysis) -> str:
    policy = analysis.judgement.policy
    return (
        f"A region-week is flagged when two things hold. Its q-value is at most {policy.watch_q:g} (watch), {policy.warning_q:g} (warning) "
        f"or {policy.alert_q:g} (alert): the p-value after Benjamini-Hochberg control of false discoveries over all regions of the week. "
        f"And the count {_summed(policy.floor_weeks)}is large enough: at least {policy.min_observed} incidents, "
        f"{policy.watch_ratio:g}, {policy.warning_ratio:g} or "
        f"{policy.alert_ratio:g} times the expected, and {policy.watch_excess:g}, {policy.warning_excess:g} or {policy.alert_excess:g} "
        "incidents above it. Records and growth add words to a flag, no level.\n\n"
        f"{_joined(policy.episode_gap)} of a region are one episode, escalated by a higher level than "
        f"before; a flag no higher than its peak within {policy.cooldown_weeks} weeks after its end reopens it. Only judged weeks count: "
        "while a region is not judged, its episode stays open, and neither ends nor cools down until judging resumes. An episode keeps its "
        "name from report to report while it shares weeks with what earlier ones had. The priority of a flag, from 0 to 100, orders flags of a "
        "level; its points are for level, excess, ratio, growth, deaths, record and newness. Muted flags are judged and listed, and are "
        "neither in the headline nor counted as new."
    )


def _summed(weeks: int) -> str:
    return f"of the {weeks} weeks up to it, together, " if weeks > 1 else ""


def _growth(analysis: Analysis) -> str:
    options = analysis.trends.options
    return (
        f"Growth is the weekly rate of change of the mean over the last {options.window} weeks, from a regression of each region's counts "
        f"on time with season adjusted from earlier years, with a {100 * options.level:g} % interval. P(growing) is the confidence that "
        "the rate is above zero; the q-value is the chance, over all regions, that a growth so clear is none. The ratio compares "
        f"the last {options.recent} weeks with the {options.against} before, with an interval that is exact for small counts. Changes in "
        "level are the most probable division of the weeks into levels (Fearnhead 2006, Statistics and Computing 16:203); one is told "
        f"where an interval of weeks holds it with a probability of {100 * analysis.level_changes.options.level:g} %. "
        "The smoothed level in the charts, for the eye only, is an STL decomposition of four-week sums on a root "
        "scale (a running mean where there is too little for a season); it looks at later weeks, too, and judges nothing."
    )


def _unknown(analysis: Analysis) -> str:
    return (
        "Weeks that coverage does not reach are unknown and shown as such: they are no zeros, are not judged, and are left out of what is "
        "expected. Region-weeks that were not judged are listed with the reason."
    )

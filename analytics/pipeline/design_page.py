"""A backtest on simulated series in words, and as a page."""

import shlex
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from analytics import __version__
from analytics.figures import numbers
from analytics.pipeline.commands import set_words
from analytics.pipeline.designs import EARLY, EVERY, DesignBacktest, DesignOptions
from analytics.report import Extra, ReportContent
from analytics.settings import Settings
from analytics.weeks import as_date

_FED = "Eight of the 42 scenarios, of which only one week of the year, the last, is judged (compare with the complete feed); it"
HAPPENS = {
    "noufaily": "The 42 scenarios of Noufaily et al. (2013), with past outbreaks; an outbreak of k standard deviations is to be found.",
    "sparse": "Streams of 1 to 16 incidents a year; their mean becomes ten times what it was, and stays so.",
    "ramp": "Steady streams; the mean grows by the share named each week, for ten weeks, and falls back at the same rate.",
    "shift": "Steady streams; the mean becomes a multiple of what it was, and stays so.",
    "clustered": "Incidents that set off others within days; there come to be three times as many of their own.",
    "late": f"{_FED} has five standard deviations more, and about a third of its reports are late.",
    "silent": f"{_FED} has five standard deviations more; the feed was silent for eight weeks until two weeks before it.",
}
METHODS = (
    (
        "How it is made",
        "Every series is simulated. The threshold of each method is set, by scenario, at what flags the share named of the weeks of "
        "series in which nothing happens; false flags are then counted on other such series, and events looked for in series of which "
        "each has one. All methods judge the same series. Thresholds are on the method's own scale: times the mean (acled-surge, "
        "acled-threat), weeks since a count as high (hdx-maximum), deviations (mean-sd), p (others).\n\n"
        "At p is the share of weeks without event whose p is at or below the rate: a method whose p-values hold their rate has no more "
        "than the rate there, and less where counts are small. Found is the share of events of which a week is flagged. Delay is the mean number "
        "of weeks until the first flag, the first being 1; where there is none it counts as the last week looked at (Kaplan-Meier).\n\n"
        "The reference is Farrington flexible, with or without its rule for low counts, whichever is sooner. The oracle knows mean, "
        "dispersion and effect, not the start, and averages the likelihood ratio over starts of 1 to 12 weeks ago. Gap closed is the "
        "share of the weeks between the two that the method takes away: left out where the two are not apart beyond error. "
        "Rates over weeks have a normal interval over series, shares of events an exact one, delays that of Greenwood, and "
        "gaps closed that of a bootstrap over series, all 95 %; that thresholds are estimated too is in the last only.",
    ),
)
ESTIMATES = {
    "false_flags": "False flags a week", "at_p": "At p", "pod": "Found", "early": "By week 4", "delay": "Delay", "closed": "Gap closed",
}  # fmt: skip
WEEKS = ("delay",)
"""Estimates that are weeks, not shares."""


def sentences(result: DesignBacktest) -> list[str]:
    """What was simulated, and what the settings' method found of each effect beside the best of the others."""
    options = result.options
    count = numbers.several(len(options.names), "scenario", "scenarios")
    intro = (
        f"Simulated series, design {options.design}: {HAPPENS[options.design]} {count}, {options.series} series of each kind, "
        f"seed {options.seed}; thresholds at {_share(options.rate)} false flags a week."
    )
    return [intro, *(_sentence(rows) for _, rows in summary(result).groupby("effect", sort=False))]


def summary(result: DesignBacktest) -> pd.DataFrame:
    """The rows over all scenarios, or those of the only one."""
    several = (result.table["scenario"] == EVERY).any()
    return result.table[result.table["scenario"] == EVERY] if several else result.table


def _sentence(rows: pd.DataFrame) -> str:
    """What the first method found of one effect, and the best of the others: the soonest, or the one that finds most."""
    ours: Any = next(rows.itertuples(index=False))
    order = {"pod": False, "method": True} if np.isnan(ours.delay) else {"delay": True, "method": True}
    others = rows.iloc[1:].sort_values(list(order), ascending=list(order.values()))
    said = f"{ours.effect}: {ours.method} finds {_finds(ours)}"
    best: Any = next(others.itertuples(index=False), None)
    return f"{said}; the best of the others, {best.method}, {_finds(best)}." if best else f"{said}."


def _finds(row: Any) -> str:
    """The share that is found, and how soon."""
    lasts = not np.isnan(row.early)
    said = f"{_shown(row, 'early')} within {EARLY} weeks" if lasts else _shown(row, "pod")
    return said if np.isnan(row.delay) else f"{said}, on average in week {_shown(row, 'delay')}"


def _shown(row: Any, name: str) -> str:
    """A figure with its interval."""
    value, low, high = (getattr(row, column) for column in (name, f"{name}_low", f"{name}_high"))
    if np.isnan(value):
        return numbers.MISSING
    write = _weeks if name in WEEKS else _share
    return f"{write(value)} ({write(low)} to {write(high)})"


def _weeks(value: float) -> str:
    return f"{value:.1f}"


def _share(value: float) -> str:
    return numbers.MISSING if np.isnan(value) else f"{100 * value:.{1 if value < 0.1 else 0}f}{numbers.NARROW}%"


def readable(table: pd.DataFrame, *, scenario: bool) -> pd.DataFrame:
    """Rows with each figure and its interval in one cell; columns without any figure left out."""
    rows = list(table.itertuples(index=False))
    columns: dict[str, Any] = {
        "Scenario" if scenario else "Effect": table["scenario" if scenario else "effect"].tolist()
    }
    columns["Method"] = table["method"].tolist()
    if scenario:
        columns["Threshold"] = [numbers.MISSING if np.isnan(one) else f"{one:.3g}" for one in table["threshold"]]
    columns["Judged"] = [_share(row.judged) for row in rows]
    known = [name for name in ESTIMATES if table[name].notna().any()]
    columns |= {ESTIMATES[name]: [_shown(row, name) for row in rows] for name in known}
    for name in ("reference", "oracle"):
        if table[name].notna().any():
            columns[f"Delay of the {name}"] = [_weeks(getattr(row, name)) for row in rows]
    return pd.DataFrame(columns)


def command(result: DesignBacktest) -> str:
    """The command that makes *result* again."""
    settings, base, options = result.settings, Settings(), result.options
    words = ["incidents", "backtest"]
    for option in fields(DesignOptions):
        value = getattr(options, option.name)
        if option.name == "scenarios":
            words += [word for name in value for word in ("--scenario", name)]
        elif value != option.default:
            words += [f"--{option.name}", f"{value:g}" if isinstance(value, float) else str(value)]
    words += ["--method", settings.method] if settings.method != base.method else []
    against = {name: value for name, value in settings.backtest.items() if name == "against"}
    words += [*set_words("spikes", settings.spikes, base.spikes), *set_words("backtest", against, {})]
    return shlex.join(words)


def design_page(result: DesignBacktest) -> ReportContent:
    """What the page of *result* shows: all scenarios together, then each effect by scenario."""
    made_by, weeks = command(result), result.last.weeks
    first, end = as_date(weeks[result.first]), as_date(weeks[-1]) + timedelta(days=6)
    several = len(result.options.names) > 1
    together = Extra(
        heading="All scenarios together (simulated)" if several else f"{result.options.names[0]} (simulated)",
        table=readable(summary(result), scenario=False),
        command=made_by,
    )
    each = result.table[result.table["scenario"] != EVERY]
    parts = [
        Extra(heading=f"{effect} by scenario (simulated)", table=readable(rows, scenario=True))
        for effect, rows in each.groupby("effect", sort=False)
    ]
    return ReportContent(
        title=f"How methods do on simulated series: {result.options.design}",
        period_first=first,
        period_last=end,
        to=end,
        headline="\n\n".join(sentences(result)),
        simulated=True,
        filters=(f"design {result.options.design}", f"seed {result.options.seed}"),
        extras=(together, *parts),
        methods=METHODS,
        settings=asdict(result.options),
        provenance={"version": f"incident-analytics {__version__}", "command": made_by},
    )

"""The command `incidents backtest`: how the flags of these settings would have done on the past."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import in_order, panel_of, progress, reading, recording, say, settings_of, show
from analytics.cli.group import main
from analytics.cli.options import options
from analytics.errors import OptionError

if TYPE_CHECKING:
    from analytics.pipeline.backtesting import Backtest

READ = (
    "method", "flagged", "threshold", "flags", "flags_per_region_year", "episodes", "censored", "followed", "precision",
    "low", "high", "base_rate", "escalations", "in_time", "late", "missed", "lead",
)  # fmt: skip


@main.command()
@click.option("--flags", "listing", is_flag=True, help="Show the flags that would have been raised, and what followed.")
@click.option(
    "--escalations", is_flag=True, help="Show the escalations of those weeks, and which of them were flagged in time."
)
@click.option(
    "--design",
    metavar="NAME",
    help="Judge simulated series in place of records: noufaily, sparse, ramp, shift, clustered, late or silent.",
)
@click.option(
    "--scenario", "scenarios", multiple=True, help="Only this scenario of the design; may be repeated.  [default: all]"
)
@click.option("--seed", type=int, help="Seed of the simulated series.  [default: 1]")
@click.option("--series", type=int, help="Simulated series of each kind and scenario.  [default: 100]")
@click.option("--rate", type=float, help="Share of quiet weeks that each method flags, of a design.  [default: 0.01]")
@click.option("--out", type=click.Path(path_type=Path), help="Write a page of it to this HTML file.")
@options(
    "level", "measure", "regions", "where", "source", "week_start", "dates", "first", "to", "as_of", "method", "set", "counts",
    "wait",
)  # fmt: skip
def backtest(form: str, listing: bool, escalations: bool, out: Path | None, **given: Any) -> None:
    """Say how the flags of these settings would have done on the past, beside the rules that others use.

    Each week is judged on what was known in it, where that is recorded. Precision is the share of episodes whose first
    flag was followed by a continued or higher level, with its exact 95 % interval; base_rate is that of random weeks of
    the same regions; in_time, late and missed are escalations flagged at or before their onset, after it, and not at
    all. Other methods are shown at their own threshold, matched: at our number of flags, and floored: at that with our
    effect-size floor. What it finds is recorded, and reports of the same settings show it.

    With --design, the same methods judge simulated series, without a database: each has the threshold at which it flags
    --rate of the weeks in which nothing happens. Shown, with 95 % intervals: its false flags on other such series, the
    share with p at or below --rate (at_p), the share of events it finds (pod; early: within 4 weeks), weeks until it does
    (delay, censored), and the share of the delay between Farrington flexible and an oracle that it takes away (closed).

    Options, by --set or in [backtest] of the settings: weeks_after, weeks_before, quantile, ratio, min_incidents,
    against, replay, delay_days, block_weeks, resamples, seed.

    \b
    Examples:
      incidents backtest
      incidents backtest --from 2013-01-01 --to 2018-12-30 --out backtest.html
      incidents backtest --flags --format csv
      incidents backtest --set weeks_after=8 --set policy.watch_q=0.05 --set against=mean-sd,ears-c2
      incidents backtest --design ramp --method predictive --out ramp.html
    """  # noqa: D301 - click's paragraph mark
    asked = {name: given.pop(name) for name in ("design", "seed", "series", "rate", "scenarios")}
    if asked["design"] is not None:
        _alone(given, listing=listing, escalations=escalations)
        _design(asked, given, form, out)
        return
    _only_with_design(asked)
    from analytics.pipeline.backtest_page import backtest_page, sentences

    result = _answer(given)
    say(given, *sentences(result), *(["the records are simulated"] if result.panel.simulated else []))
    table = result.table[list(READ)] if form in ("table", "markdown") else result.table
    show(result.flags if listing else result.escalations if escalations else table, form)
    if out:
        from analytics.report import write

        say(given, f"page: {write(backtest_page(result), out)}")
    if not given["counts"]:
        _record(result, given)


def _answer(given: dict[str, Any]) -> "Backtest":
    from analytics.pipeline.backtesting import backtest_panel, backtest_store

    settings = settings_of(given, "backtest")
    in_order(given)

    def steps(things: Iterable[Any], unit: str) -> Iterable[Any]:
        return progress(things, given, unit)

    if given["counts"]:
        panel = panel_of(given, settings)
        return backtest_panel(panel, settings, first=given["first"], to=given["to"], progress=steps)
    asked = {name: given[name] for name in ("first", "to", "as_of")}
    with reading(given) as store:
        return backtest_store(store, settings, **asked, progress=steps)


def _alone(given: dict[str, Any], **flags: bool) -> None:
    """Raise OptionError for what only records have."""
    options = {"first": "--from", "as_of": "--as-of", "week_start": "--week-start", "regions": "--region"}
    names = ("counts", "level", "measure", "where", "source", "dates", "to")
    options |= {name: f"--{name}" for name in (*names, "flags", "escalations")}
    values = {**given, "flags": flags["listing"], "escalations": flags["escalations"]}
    for name, option in options.items():
        if values.get(name) not in (None, (), False):
            raise OptionError(f"{option} is of records; simulated series (--design) have none")


def _only_with_design(asked: dict[str, Any]) -> None:
    """Raise OptionError for what only simulated series have."""
    for name, value in asked.items():
        if value not in (None, ()):
            raise OptionError(
                f"--{name.rstrip('s') if name == 'scenarios' else name} is of simulated series; name a --design"
            )


def _design(asked: dict[str, Any], given: dict[str, Any], form: str, out: Path | None) -> None:
    """The backtest on simulated series."""
    from analytics.pipeline.design_page import design_page, sentences
    from analytics.pipeline.designs import DesignOptions, backtest_design

    settings = settings_of(given, "backtest")
    options = DesignOptions(**{name: value for name, value in asked.items() if value is not None})
    result = backtest_design(settings, options, progress=lambda things, unit: progress(things, given, unit))
    say(given, *sentences(result))
    show(result.table, form)
    if out:
        from analytics.report import write

        say(given, f"page: {write(design_page(result), out)}")


def _record(result: "Backtest", given: dict[str, Any]) -> None:
    """Write it down where the database can be written, so that reports of the same settings show it."""
    from analytics.pipeline.backtest_record import record

    with recording(given) as store:
        if store.read_only:
            say(given, "the database is read-only: the backtest was not recorded")
        else:
            record(store, result)

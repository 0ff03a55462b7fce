"""The options that commands share, and how their values are read."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

import click

from analytics.schema import FIRST_DAY, LAST_DAY

Command = TypeVar("Command", bound=Callable[..., Any])


class Day(click.ParamType[date]):
    """A date, YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date that *value* is, or a usage error."""
        try:
            day = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date (YYYY-MM-DD)", param, ctx)
        if not FIRST_DAY <= day.isoformat() <= LAST_DAY:
            self.fail(f"{value} is not between {FIRST_DAY} and {LAST_DAY}", param, ctx)
        return day


class Moment(click.ParamType[datetime]):
    """A time in UTC, YYYY-MM-DD HH:MM; a bare date means the end of that day."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that *value* is, as naive UTC, or a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time (YYYY-MM-DD, or YYYY-MM-DD HH:MM)", param, ctx)
        if not set(" T:") & set(value):
            return datetime.combine(moment.date(), time.max)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class Known(Moment):
    """A time in UTC, or the word occurred."""

    name = "time|occurred"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word itself, or the moment; a bare date means its beginning."""
        if value == "occurred":
            return value
        moment = super().convert(value, param, ctx)
        return moment.replace(hour=0, minute=0, second=0, microsecond=0) if moment.time() == time.max else moment


def options(*names: str) -> Callable[[Command], Command]:
    """The shared options called *names*, and those that stand before the command as well as after it."""

    def decorate(command: Command) -> Command:
        for name in reversed((*names, *EVERYWHERE)):
            command = SHARED[name](command)
        return command

    return decorate


def everywhere(command: Command) -> Command:
    """The options that stand before the command as well as after it."""
    return options()(command)


_SPREADSHEET = "analytics.for_spreadsheet"


def _keep_spreadsheet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Note the flag, before the format is read; before the command and after it are one to click."""
    if value:
        ctx.meta[_SPREADSHEET] = True


def _form(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A command's format, as a spreadsheet may open it where that was asked for."""
    if ctx.parent is None or not ctx.meta.get(_SPREADSHEET):
        return value
    from analytics.output import for_spreadsheet

    return for_spreadsheet(value)


EVERYWHERE = ("format", "for_spreadsheet", "db", "config", "verbose", "quiet")


SHARED: dict[str, Callable[[Any], Any]] = {
    "level": click.option("--level", help="country, admin1, admin2, or a region group.  [default: admin1]"),
    "measure": click.option(
        "--measure", help="What is counted: incidents, killed, ... or an SQL aggregate.  [default: incidents]"
    ),
    "regions": click.option(
        "--region",
        "regions",
        multiple=True,
        metavar="ID|NAME|GROUP",
        help="Judge and show only this region, or the regions of a group; may be repeated.  [default: all]",
    ),
    "where": click.option("--where", help="SQL over an incident: count only those for which it holds."),
    "tag": click.option(
        "--tag",
        "tags",
        multiple=True,
        metavar="NAME",
        help="Count only incidents with this tag; may be repeated: with all.",
    ),
    "source": click.option("--source", help="Source to count; several, by commas, in order of precedence."),
    "week_start": click.option("--week-start", help="Weekday that starts a week.  [default: monday]"),
    "dates": click.option("--dates", help="Incidents dated to a month or year: exclude or spread.  [default: exclude]"),
    "first": click.option("--from", "first", type=Day(), help="First day."),
    "to": click.option("--to", type=Day(), help="Last day.  [default: end of the last complete week covered]"),
    "as_of": click.option("--as-of", type=Moment(), help="Only what was known then.  [default: all that is known]"),
    "format": click.option(
        "--format",
        "form",
        default="table",
        show_default=True,
        callback=_form,
        help="table, csv, tsv, json, jsonl, markdown, html, vertical or parquet.",
    ),
    "for_spreadsheet": click.option(
        "--for-spreadsheet",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_keep_spreadsheet,
        help="csv or tsv that Excel may open: text that it would run as a formula gets an apostrophe.",
    ),
    "method": click.option(
        "--method",
        help="Spike method: auto, farrington-flexible, farrington, ears-c1, ears-c2, ears-c3, cusum, glr-poisson, "
        "glr-nb, bayes, rki, predictive, joint, ramp, rare, mean-sd, acled-surge, acled-threat or hdx-maximum; "
        "of sums of casualties: compound.  [default: auto]",
    ),
    "set": click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="[PART.]OPTION=VALUE",
        help="Option of the model, or of a part: spikes, trends, policy or report; may be repeated.",
    ),
    "counts": click.option(
        "--counts", type=click.Path(path_type=Path), help="CSV of region, week, count in place of the database."
    ),
    "db": click.option(
        "--db", type=click.Path(path_type=Path), help="Database file.  [default: incidents.duckdb, or INCIDENTS_DB]"
    ),
    "config": click.option(
        "--config", type=click.Path(path_type=Path), help="Settings file.  [default: incidents.toml if there]"
    ),
    "wait": click.option(
        "--wait",
        type=click.FloatRange(min=0),
        default=5.0,
        show_default=True,
        help="Seconds to wait for a database that another process has open.",
    ),
    "verbose": click.option("-v", "--verbose", is_flag=True, help="Show each SQL statement, and its time, on stderr."),
    "quiet": click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors."),
}

"""The command `incidents` itself: its name, its help, and how errors end it."""

from typing import Any

import click

from analytics import __version__
from analytics.cli.options import everywhere
from analytics.errors import MEANINGS, AnalyticsError, Exit

EXIT_CODES = "\n".join(["\b", "Exit codes:", *(f"  {code:<4}{words}" for code, words in MEANINGS.items())])

ORDER = (
    "demo", "mapping", "load", "status", "weekly", "spikes", "trends", "flags", "backtest", "study", "report", "run",
    "episodes", "note", "mute", "sql", "queries", "schema", "export", "regions", "tags", "events", "coverage",
    "retract", "unload", "upgrade", "simulate",
)  # fmt: skip
"""Commands in the order in which one uses them."""


class Incidents(click.Group):
    """The group of commands; errors of ours become one line on stderr and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command line, without tracebacks for what users can mend."""
        try:
            return super().invoke(ctx)
        except AnalyticsError as error:
            click.echo(f"incidents: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("incidents: stopped", err=True)
            ctx.exit(Exit.STOPPED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of the help page."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


@click.group(
    cls=Incidents, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="incident-analytics")
@everywhere
@click.pass_context
def main(ctx: click.Context, /, **given: Any) -> None:
    """Say where violence is escalating beyond what is normal there.

    \b
    Three commands from a file of incidents to a report:
      incidents load FILE
      incidents flags
      incidents report
    Without data of your own:
      incidents demo
    """  # noqa: D301 - click's paragraph mark
    said = {name: value for name, value in given.items() if value}
    ctx.default_map = dict.fromkeys(ORDER, said)

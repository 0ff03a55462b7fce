"""Commands that write files: reports, the demo, simulated records."""

from pathlib import Path
from typing import Any

import click

from analytics.cli.context import now, recording, say, settings_of, unwritable
from analytics.cli.group import main
from analytics.cli.options import options

OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reports/output"),
    show_default=True,
    help="Folder to write to.",
)


@main.command()
@OUT
@options("level", "where", "source", "week_start", "first", "to", "as_of", "method", "set")
def report(out: Path, **given: Any) -> None:
    """Write the report: one HTML file that opens offline, and its flags as CSV and JSON.

    \b
    Examples:
      incidents report
      incidents report --to 2014-06-29 --out monday
    """  # noqa: D301 - click's paragraph mark
    from analytics import pipeline

    with recording(given) as store:
        settings = settings_of(given, "spikes")
        made = pipeline.write_report(store, settings, out, first=given["first"], to=given["to"], as_of=given["as_of"])
    if not made.recorded:
        say(given, "the database is read-only: the run was not recorded")
    say(given, *made.content.headline.split("\n\n"))
    click.echo(made.path)


@main.command()
@OUT
@options()
def demo(out: Path, **given: Any) -> None:
    """Load the bundled data and write the report of simulated records, and the founding case's page."""
    from analytics import pipeline

    made, page = pipeline.demo(out, loaded_at=now())
    say(given, *made.content.headline.split("\n\n"), "The records are simulated; the founding case is real.")
    click.echo(made.path)
    click.echo(page)


@main.command()
@click.option("--seed", type=int, default=20211010, show_default=True, help="Seed of the random numbers.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("simulated"), show_default=True, help="Folder to write to."
)
@options()
def simulate(seed: int, out: Path, **given: Any) -> None:
    """Write simulated incident records, their coverage and the truth in them, from a seed."""
    from analytics.simulate import incident_records, write

    try:
        out.mkdir(parents=True, exist_ok=True)
        write(incident_records(seed=seed), out)
    except OSError as error:
        raise unwritable(out, error) from error
    say(given, "these records are simulated: load them into a database of their own")
    click.echo(out)

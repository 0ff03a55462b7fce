"""Commands that write files: reports, the demo, simulated records."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import (
    config_of,
    definition_of,
    form_options,
    in_order,
    now,
    progress,
    recording,
    say,
    show,
    unwritable,
)
from analytics.cli.group import main
from analytics.cli.options import options
from analytics.errors import OptionError

if TYPE_CHECKING:
    from analytics.definitions import Definition
    from analytics.store import Store

OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reports/output"),
    show_default=True,
    help="Folder to write to.",
)


@main.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Make every report defined, but for the demo.")
@click.option("--each-region", is_flag=True, help="One page per region, and an index of them.")
@click.option("--list", "listing", is_flag=True, help="List the reports defined, and where; make none.")
@OUT
@click.option(
    "--form",
    "forms",
    multiple=True,
    help="Form to write, in place of the definition's: html, light, pdf, csv, json, parquet, markdown, text or eml; may be repeated.",
)
@click.option(
    "--light",
    is_flag=True,
    help="The same as --form light: a small page without script, its numbers in a CSV beside it.",
)
@click.option(
    "--measure", "measures", multiple=True, help="Measure in the totals; may be repeated, the first is judged."
)
@options(
    "level", "regions", "where", "tag", "source", "week_start", "dates", "first", "to", "as_of", "method", "set", "wait"
)
def report(name: str | None, every: bool, each_region: bool, listing: bool, out: Path, **given: Any) -> None:
    """Write the report called NAME (weekly if none is): one HTML file that opens offline, and its other forms beside it.

    Reports are defined in TOML files, in the folder reports beside the settings file or where you are; weekly, monthly,
    quarter, election-watch and region come with the program. NAME may be the path of such a file. What the command line
    says comes before the definition, that before incidents.toml, that before the defaults.

    \b
    Examples:
      incidents report
      incidents report monthly --to 2014-06-29 --out june
      incidents report region --region Diyala
      incidents report --each-region
      incidents report --each-region --light
      incidents report --form html --form pdf
    """  # noqa: D301 - click's paragraph mark
    if listing:
        _list(given)
        return
    if name and every:
        raise OptionError(f"say --all or the report {name!r}, not both")
    definitions = [
        _formed(definition_of(given, one), given) for one in (_names(given) if every else [name or "weekly"])
    ]
    with recording(given) as store:
        for definition in progress(definitions, given, "report"):
            _each_region(store, definition, out, given) if each_region else _one(store, definition, out, given)
    if store.read_only:
        say(given, "the database is read-only: the run was not recorded")


def _formed(definition: "Definition", given: dict[str, Any]) -> "Definition":
    """The definition with the forms of the command line, where it names any."""
    from dataclasses import replace

    forms = (*given["forms"], *(["light"] if given["light"] and "light" not in given["forms"] else []))
    return replace(definition, formats=forms, recipients={}) if forms else definition


def _names(given: dict[str, Any]) -> list[str]:
    """Names of all definitions but the demo's."""
    from analytics.definitions import DEMO, available, folders

    return [name for name in available(folders(config_of(given))) if name != DEMO]


def _list(given: dict[str, Any]) -> None:
    """Name, title, period and file of every definition."""
    import pandas as pd

    from analytics.bundled import bundled
    from analytics.definitions import Definition, available, folders

    ours = bundled("reports/weekly.toml").parent.resolve()
    rows = []
    for name, path in available(folders(config_of(given))).items():
        definition = Definition.read(path)
        where = "bundled" if path.parent.resolve() == ours else str(path)
        period = definition.period or f"{definition.settings.weeks} weeks"
        rows.append({"name": name, "title": definition.settings.title, "period": period, "from": where})
    show(pd.DataFrame(rows), given["form"])


def _one(store: "Store", definition: "Definition", out: Path, given: dict[str, Any]) -> None:
    """One report of all its regions."""
    from analytics import pipeline

    made = pipeline.write_report(store, definition, out, **_when(given), options=form_options(given))
    say(given, *_lines(made.content.headline))
    click.echo(made.path)


def _lines(headline: str) -> list[str]:
    """The headline as a terminal shows it: without the blank lines between its paragraphs."""
    return [line for line in headline.split("\n") if line]


def _each_region(store: "Store", definition: "Definition", out: Path, given: dict[str, Any]) -> None:
    """One page per region, and their index."""
    from analytics import pipeline

    made = pipeline.write_each_region(
        store,
        definition,
        out,
        **_when(given),
        options=form_options(given),
        progress=lambda regions: progress(regions, given, "page"),
    )
    say(given, *_lines(made.headline), f"{len(made.pages)} pages, {made.bytes / 1e6:.1f} MB in all")
    click.echo(made.path)


def _when(given: dict[str, Any]) -> dict[str, Any]:
    in_order(given)
    return {name: given[name] for name in ("first", "to", "as_of")}


@main.command()
@OUT
@options()
def demo(out: Path, **given: Any) -> None:
    """Load the bundled data and write the report of simulated records, and the founding case's page."""
    from analytics import pipeline

    made, page = pipeline.demo(out, loaded_at=now())
    say(given, *_lines(made.content.headline), "The records are simulated; the founding case is real.")
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

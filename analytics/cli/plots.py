"""Drawing what a query answers: in the terminal, as a page, or as a picture."""

from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analytics.query.request import Limits


def draw(
    path: Path, limits: "Limits", query: str, parameters: dict[str, Any], *, chart: str = "", out: Path | None = None
) -> None:
    """Draw the answer to *query* (SQL, or "@name") after the spec *chart* in the terminal, or into the file *out*."""
    from analytics.query.database import Database
    from analytics.query.plotting import ROWS, plot
    from analytics.report.plot import check_target, write_plot

    if out is not None:
        check_target(out)
    made = plot(Database(path, limits=replace(limits, rows=limits.rows or ROWS)), query, parameters, chart)
    if out is None:
        click.echo(made.text(get_terminal_size().columns), nl=False)
        return
    write_plot(made, out)
    for note in made.notes:
        click.echo(note, err=True)
    click.echo(f"drawn: {out}", err=True)

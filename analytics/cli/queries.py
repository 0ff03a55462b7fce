"""Commands that answer questions nobody foresaw: SQL, in a process of its own that can be limited and stopped."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import database, pairs
from analytics.cli.group import main
from analytics.cli.options import Command, options
from analytics.errors import InputError, OptionError, OutputError, QueryError, StoreError

if TYPE_CHECKING:
    from analytics.output import Rows
    from analytics.query.request import Limits
    from analytics.query.saved import SavedQuery

ROWS_FOR_READING = 1000
"""Rows of a table that a person reads, unless --max-rows says otherwise."""


def limited(command: Command) -> Command:
    """The options that say what a query may use."""
    given: tuple[Callable[[Command], Command], ...] = (
        click.option(
            "--max-rows", type=click.IntRange(min=0), help="Rows to give; 0: all.  [default: 1000 to read, else all]"
        ),
        click.option("--disk", default="0", show_default=True, help="Temporary disk that it may use, as 10GB."),
        click.option("--memory", default="2GB", show_default=True, help="Memory that it may use."),
        click.option("--timeout", type=float, default=60, show_default=True, help="Seconds that it may take; 0: any."),
    )
    for option in given:
        command = option(command)
    return command


PARAM = click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value for $NAME; may be repeated.")


@main.command()
@click.argument("query", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Read the query from a file.")
@PARAM
@click.option("--explain", is_flag=True, help="Show how the query would be answered.")
@click.option("--plot", is_flag=True, help="Draw the answer, in the terminal or into --out.")
@click.option("--chart", default="", metavar="SPEC", help="Draw it so, as 'bar x=place y=killed by=region'.")
@click.option("--out", type=click.Path(path_type=Path), help="File to draw into: .html or .png.")
@limited
@options()
def sql(query: str | None, file: Path | None, params: tuple[str, ...], explain: bool, **given: Any) -> None:
    """Run an SQL query that only reads, without access to files, network or settings. "-" reads it from stdin.

    It runs in a process of its own, which is stopped at its limits of time, memory and disk. On a terminal, and without
    a QUERY, it is a shell that completes and remembers; \\h in it shows how.

    With --plot, a --chart or a file to draw into (--out), the answer is drawn: as the chart says, else as a saved query
    says itself, else as its columns suggest. The first date column, or one called year, is x of a line; without one,
    each row is a bar labelled by its text. Number columns are y; a text column that tells rows of one date apart makes
    small multiples; a region column with one number is a map. What cannot be drawn is an error that says why.

    \b
    Examples:
      incidents sql "select admin1, count(*) from incidents group by all order by 2 desc"
      incidents sql "from weekly('admin1', sum(killed)) where week >= '2014-06-01'"
      incidents sql "select * from incidents where killed > $n" --param n=50 --format csv
      incidents sql @clusters --param days=7
      incidents sql @deadliest_weeks --out weeks.png
    """  # noqa: D301 - click's paragraph mark
    values = pairs(params, "--param")
    plot, chart, out = given.pop("plot"), given.pop("chart"), given.pop("out")
    if plot or chart or out:
        from analytics.cli.plots import draw

        draw(database(given), _drawn(given), _text(query, file), values, chart=chart, out=out)
    elif query is None and file is None and sys.stdin.isatty():
        _shell(given)
    elif query is not None and query.startswith("@"):
        ask(given, *saved(query.removeprefix("@"), values), explain=explain)
    else:
        ask(given, _text(query, file), values, explain=explain)


def _drawn(given: dict[str, Any]) -> "Limits":
    """The limits of a query whose answer is drawn: --max-rows holds where it is said."""
    return replace(allowed(given), rows=given["max_rows"] or 0)


def _shell(given: dict[str, Any]) -> None:
    from analytics.cli.shell import Shell, history_file, session_of
    from analytics.output import check_format

    check_format(given["form"], sys.stdout)
    path = database(given)
    if not path.exists():
        raise StoreError(f"no database at {path}; load a file into it first: incidents --db {path} load FILE")
    limits = replace(allowed(given), rows=ROWS_FOR_READING if given["max_rows"] is None else given["max_rows"])
    shell = Shell(str(path), limits, given["form"])
    click.echo("\\h shows help, \\q leaves", err=True)
    shell.run(session_of(shell, history_file()))


@main.command()
@click.argument("action", type=click.Choice(["list", "show", "run", "check"]), default="list")
@click.argument("name", required=False)
@PARAM
@limited
@options()
def queries(action: str, name: str | None, params: tuple[str, ...], **given: Any) -> None:
    """Saved queries: list them, show one, run one, or check that each one runs.

    They are the files of reports/queries here, and those that come with the package.

    \b
    Examples:
      incidents queries
      incidents queries show clusters
      incidents queries run clusters --param days=7
      incidents queries check
    """  # noqa: D301 - click's paragraph mark
    if action == "list":
        _list(given["form"])
    elif action == "check":
        _check(given, name)
    elif name is None:
        raise OptionError(f"which one? incidents queries {action} NAME; incidents queries list names them")
    elif action == "show":
        from analytics.query.saved import saved_query

        click.echo(saved_query(name).sql.rstrip())
    else:
        text, values = saved(name, pairs(params, "--param"))
        ask(given, text, values)


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("query", required=False)
@PARAM
@limited
@options()
def export(target: Path, query: str | None, params: tuple[str, ...], **given: Any) -> None:
    """Write the whole database, or the answer to a QUERY, for other tools to take over.

    TARGET is an Excel workbook (.xlsx), an SQLite file (.sqlite), or a folder of Parquet files. With the whole database
    goes a table of what each column means.

    \b
    Examples:
      incidents export handover
      incidents export incidents.sqlite
      incidents export clusters.xlsx @clusters --param days=7
    """  # noqa: D301 - click's paragraph mark
    from analytics import output
    from analytics.query.database import Database, question
    from analytics.query.export import export as write

    values = pairs(params, "--param")
    name = query.removeprefix("@") if query and query.startswith("@") else "answer"
    text, values = question(query, values) if query else ("", {})
    source = Database(database(given), limits=replace(allowed(given), rows=given["max_rows"] or 0))
    done = write(source, target, {name: text} if query else None, values)
    rows = [(table.table, table.rows) for table in done]
    _print(output.Rows(names=["table", "rows"], numeric=[False, True], batches=[rows]), given["form"])


@main.command()
@click.argument("name", required=False)
@options()
def schema(name: str | None, **given: Any) -> None:
    """What the tables, views and macros of the database hold; with a NAME, its columns or arguments.

    \b
    Examples:
      incidents schema
      incidents schema incidents
      incidents schema weekly
    """  # noqa: D301 - click's paragraph mark
    from analytics.store.describing import OBJECTS, PARTS

    given |= {"max_rows": 0, "timeout": 60, "memory": "2GB", "disk": "0"}
    if name is None:
        ask(given, OBJECTS, {})
    elif not ask(given, PARTS, {"name": name}):
        raise OptionError(f"there is no table, view or macro {name!r}; incidents schema names them")


def saved(name: str, values: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The SQL of a saved query and the values of its parameters, by their types."""
    from analytics.query.saved import saved_query

    query = saved_query(name)
    return query.sql, query.values(values)


def _list(form: str) -> None:
    from analytics import output
    from analytics.query.saved import saved_queries

    rows = [
        (query.name, query.title, ", ".join(f"{p.name}={p.default or '…'}" for p in query.parameters))
        for query in saved_queries()
    ]
    _print(output.Rows(names=["name", "title", "parameters"], numeric=[False] * 3, batches=[rows]), form)


def _check(given: dict[str, Any], name: str | None) -> None:
    """Run saved queries with their defaults, and say of each what came of it."""
    from analytics import output
    from analytics.query.saved import saved_queries, saved_query

    rows = [_tried(given, query) for query in ([saved_query(name)] if name else saved_queries())]
    columns = ["name", "rows", "seconds", "problem"]
    _print(output.Rows(names=columns, numeric=[False, True, True, False], batches=[rows]), given["form"])
    if failed := [row[0] for row in rows if row[-1]]:
        raise QueryError(f"{len(failed)} of {len(rows)} saved queries failed: {', '.join(failed)}")


def _tried(given: dict[str, Any], query: "SavedQuery") -> tuple[Any, ...]:
    """A row of the check: name, rows, seconds, problem."""
    from analytics.figures.spec import complete
    from analytics.query.database import Database
    from analytics.query.plotting import drawable

    try:
        answer = Database(database(given), limits=replace(allowed(given), rows=0)).sql(query.sql, query.values({}))
        if query.chart:
            query.chart.check(answer.table.column_names)
        if query.chart and len(answer):
            complete(query.chart, drawable(answer))
    except (QueryError, OptionError) as error:
        return query.name, None, None, str(error)
    return query.name, len(answer), round(answer.seconds, 2), ""


def _print(rows: "Rows", form: str) -> None:
    """Write rows that are not a query's in a text format."""
    from analytics import output

    output.check_format(form, sys.stdout)
    if form == "parquet":
        raise OptionError("parquet is for answers of queries; choose a text format")
    for piece in output.pieces(rows, form):
        sys.stdout.write(piece)


def ask(given: dict[str, Any], text: str, parameters: dict[str, Any], *, explain: bool = False) -> int:
    """Print the answer to one query, within the limits of the command line; returns its number of rows."""
    from analytics import output
    from analytics.query.process import Worker
    from analytics.query.request import Request

    with Worker() as worker:
        output.check_format(given["form"], sys.stdout)
        request = Request(
            database=str(database(given)),
            sql=text,
            form=given["form"],
            parameters=parameters,
            explain=explain,
            limits=allowed(given),
        )
        outcome = worker.ask(request, to_stdout())
    if given["verbose"]:
        click.echo(f"{outcome.seconds:7.3f} s  {' '.join(text.split())}", err=True)
    if outcome.more:
        click.echo(f"there are more rows than the {outcome.rows:,} shown; --max-rows 0 gives all", err=True)
    return outcome.rows


def allowed(given: dict[str, Any]) -> "Limits":
    """The limits that the command line sets."""
    from analytics.output import FOR_READING
    from analytics.query.request import Limits, size

    rows = given["max_rows"]
    if rows is None:
        rows = ROWS_FOR_READING if given["form"] in FOR_READING else 0
    return Limits(seconds=given["timeout"], memory=size(given["memory"]), disk=size(given["disk"]), rows=rows)


def to_stdout() -> Callable[[bytes], None]:
    """A writer to stdout; what cannot be written is an error of ours, a closed pipe is not."""
    stream = sys.stdout.buffer

    def write(chunk: bytes) -> None:
        try:
            stream.write(chunk)
            stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write to stdout: {error.strerror or error}") from error

    return write


def _text(query: str | None, file: Path | None) -> str:
    """The query's text: a file's, stdin's, or as it stands."""
    text = read_query(file) if file is not None else sys.stdin.read() if query in (None, "-") else str(query)
    if not text.strip():
        raise QueryError('the query is empty; give SQL, as in: incidents sql "from incidents limit 5"')
    return text


def read_query(path: Path) -> str:
    """The text of a query's file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the query {path}: {getattr(error, 'strerror', None) or error}") from error

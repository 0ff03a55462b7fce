"""What a command works with: the database, the settings and the panel its options name, and where it prints."""

import os
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analytics.errors import AnalyticsError, OptionError, OutputError

if TYPE_CHECKING:
    import pandas as pd

    from analytics.definitions import Definition
    from analytics.panel import Panel
    from analytics.report import FormOptions
    from analytics.settings import Settings
    from analytics.smtp import SmtpOptions
    from analytics.store import Store, Tracer


Thing = TypeVar("Thing")


def form_options(given: dict[str, Any]) -> "FormOptions":
    """How a report's forms are made, from the sections [mail] and [pdf] of the settings file."""
    from analytics.report import FormOptions, MailOptions, PdfOptions

    return FormOptions(
        mail=_section(given, "mail", MailOptions) or MailOptions(),
        pdf=_section(given, "pdf", PdfOptions) or PdfOptions(),
    )


def mail_server(given: dict[str, Any]) -> "SmtpOptions | None":
    """The mail server of the settings file's section [smtp], its files relative to that file; None without the section.

    Raises OptionError, before anything is sent, for what cannot be meant and for a password that is not there.
    """
    from dataclasses import replace

    from analytics.smtp import SmtpOptions, check_sending

    path, server = config_of(given), _section(given, "smtp", SmtpOptions)
    if path is None or server is None:
        return None
    password, authorities = (
        str(path.parent / name) if name else "" for name in (server.password_file, server.authorities)
    )
    server = replace(server, password_file=password, authorities=authorities)
    check_sending(server)
    return server


def _section(given: dict[str, Any], name: str, kind: type[Thing]) -> Thing | None:
    """A section of the settings file as options of *kind*; None where it has no such section."""
    from analytics.settings import build, read_toml

    path = config_of(given)
    content = read_toml(path, "settings") if path else {}
    if name not in content:
        return None
    if not isinstance(content[name], dict):
        raise OptionError(f"{path}: {name} must be a section, [{name}], got {content[name]!r}")
    return build(kind, content[name], f"{path}: {name}")


def now() -> datetime:
    """The clock, read at the outermost edge only, as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def database(given: dict[str, Any]) -> Path:
    """The database file: --db, else INCIDENTS_DB, else incidents.duckdb."""
    return given["db"] or Path(os.environ.get("INCIDENTS_DB") or "incidents.duckdb")


def tracer(given: dict[str, Any]) -> "Tracer | None":
    """With --verbose, every SQL statement on stderr with the seconds it took."""
    if not given.get("verbose"):
        return None
    return lambda statement, seconds: click.echo(f"{seconds:7.3f} s  {' '.join(statement.split())}", err=True)


def reading(given: dict[str, Any]) -> "Store":
    """The database for queries: read-only, without files, network or settings."""
    from analytics.store import Store

    return Store(database(given), locked=True, tracer=tracer(given))


def writing(given: dict[str, Any]) -> "Store":
    """The database for loads; a new one is made where there is none."""
    from analytics.store import fresh_store

    return fresh_store(database(given), loaded_at=now(), tracer=tracer(given), wait=given["wait"])


def changing(given: dict[str, Any]) -> "Store":
    """The database for what is added to one that is there: writable, without files, network or settings."""
    from analytics.store import Store

    return Store(database(given), read_only=False, locked=True, tracer=tracer(given), wait=given["wait"])


def recording(given: dict[str, Any]) -> "Store":
    """The database for a report: writable where it can be, so that the run is recorded."""
    from analytics.store import Store

    path = database(given)
    writable = path.exists() and os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)
    return Store(path, read_only=not writable, locked=True, tracer=tracer(given), wait=given["wait"])


def config_of(given: dict[str, Any]) -> Path | None:
    """The settings file: --config, else incidents.toml where there is one."""
    return given["config"] or (Path("incidents.toml") if Path("incidents.toml").exists() else None)


def settings_of(given: dict[str, Any], part: str = "") -> "Settings":
    """Settings from the file, with what the command line says in their place; a bare --set goes to *part*."""
    from analytics.settings import Settings

    path = config_of(given)
    return overridden(Settings.read(path) if path else Settings(), given, part)


def definition_of(given: dict[str, Any], name: str) -> "Definition":
    """The report definition called *name* over the settings file, with what the command line says in its place."""
    from dataclasses import replace

    from analytics.definitions import Definition, find, folders
    from analytics.settings import Settings

    path = config_of(given)
    base = Settings.read(path) if path else Settings()
    definition = Definition.read(find(name, folders(path)), base)
    return replace(definition, settings=overridden(definition.settings, given, "spikes"))


def overridden(settings: "Settings", given: dict[str, Any], part: str) -> "Settings":
    """*settings* with the options given on the command line in their place."""
    names = ("level", "where", "source", "week_start", "dates", "method", "regions", "measures")
    changed = {name: given[name] for name in names if given.get(name) not in (None, ())}
    if given.get("tags"):
        changed["where"] = _with_tags(given, changed.get("where", settings.where))
    if given.get("measure") is not None:
        changed["measures"] = (given["measure"],)
    settings = settings.with_values(changed, "command line")
    return settings.with_values(sets(given["sets"], part), "--set") if given.get("sets") and part else settings


def _with_tags(given: dict[str, Any], where: str) -> str:
    """*where*, and the tags of --tag, each of which must have a rule."""
    from analytics.store import tagged

    if given.get("counts"):
        raise OptionError("--tag needs the records of a database; --counts has only their number")
    with reading(given) as store:
        return tagged(store, given["tags"], where)


PARTS = ("spikes", "ramps", "trends", "level_changes", "policy", "backtest")


def sets(texts: tuple[str, ...], part: str) -> dict[str, Any]:
    """What --set says, by section of the settings: PART.OPTION=VALUE, report.KEY=VALUE, or OPTION=VALUE for *part*."""
    values: dict[str, Any] = {}
    for name, value in pairs(texts, "--set").items():
        head, dot, tail = name.partition(".")
        where, option = (head, tail) if dot else (part, name)
        if where == "report":
            values[option] = value
        elif where in PARTS:
            values.setdefault(where, {})[option] = value.split(",") if option == "against" else value
        else:
            raise OptionError(f"--set {name!r}: {where!r} is no section; choose from {', '.join((*PARTS, 'report'))}")
    return values


def pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    """NAME=VALUE texts as a dictionary; *option* names them in the error."""
    for text in texts:
        if "=" not in text:
            raise OptionError(f"{option} {text!r} is not NAME=VALUE")
    return {name.strip(): value.strip() for name, value in (text.split("=", 1) for text in texts)}


def panel_of(given: dict[str, Any], settings: "Settings") -> "Panel":
    """The panel of --counts, or of the database."""
    from analytics.panel import Panel, default_to
    from analytics.pipeline.analysis import count
    from analytics.pipeline.places import own_regions
    from analytics.store import as_of_default

    if given.get("counts"):
        if given.get("measure") not in (None, "count"):
            raise OptionError(
                f"--counts has weekly counts of incidents; measure {given['measure']!r} needs the records of a database, since weekly "
                "sums alone do not say what one incident may cost"
            )
        panel = Panel.from_counts(given["counts"])
        return panel.take(own_regions(settings.regions, panel)) if settings.regions else panel
    with reading(given) as store:
        as_of = given["as_of"] or as_of_default(store)
        to = given["to"] or default_to(
            store, source=settings.source or None, week_start=settings.week_start, as_of=as_of
        )
        return count(store, settings, to=to, as_of=as_of)


def weeks_of(given: dict[str, Any], panel: "Panel", settings: "Settings") -> tuple[date, date]:
    """First and last judged week: what was asked for, else the last weeks of the panel."""
    from analytics.weeks import as_date

    in_order(given)
    last = panel.index_of(given["to"]) if given.get("to") else len(panel.weeks) - 1
    first = panel.index_of(given["first"]) if given.get("first") else max(0, last - settings.weeks + 1)
    return as_date(panel.weeks[first]), as_date(panel.weeks[last])


def in_order(given: dict[str, Any]) -> None:
    """Raise OptionError where --from is after --to."""
    if given.get("first") and given.get("to") and given["first"] > given["to"]:
        raise OptionError(f"--from {given['first']} is after --to {given['to']}; give the earlier day as --from")


def unwritable(path: Path, error: OSError) -> AnalyticsError:
    """The error for a folder that cannot be written."""
    return OutputError(f"cannot write to {path}: {error.strerror or error}")


def say(given: dict[str, Any], *lines: str) -> None:
    """Narration, on stderr, unless --quiet."""
    from analytics.output import shown

    if not given.get("quiet"):
        for line in lines:
            click.echo(shown(line), err=True)


def progress(things: Iterable[Thing], given: dict[str, Any], unit: str) -> Iterable[Thing]:
    """*things*, with their progress on stderr on a terminal, unless there is only one or --quiet was given."""
    from tqdm import tqdm

    listed = list(things)
    bar: Iterable[Thing] = tqdm(
        listed, unit=unit, leave=False, disable=True if given["quiet"] or len(listed) < 2 else None
    )
    return bar


def show(frame: "pd.DataFrame", form: str) -> None:
    """Data, on stdout, in the format asked for; a pipe that the reader closed is not an error of ours."""
    from analytics import output

    try:
        output.write(frame, form)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to stdout: {error.strerror or error}") from error

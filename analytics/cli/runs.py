"""The command `incidents run`: the scheduled job."""

from typing import TYPE_CHECKING, Any

import click

from analytics.cli.context import (
    config_of,
    database,
    definition_of,
    form_options,
    mail_server,
    now,
    progress,
    recording,
    say,
    settings_of,
    writing,
)
from analytics.cli.group import main
from analytics.cli.options import options
from analytics.errors import Exit, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.definitions import Definition
    from analytics.jobs import Job
    from analytics.pipeline import Report
    from analytics.pipeline.delivery import Delivery
    from analytics.pipeline.job import Loaded
    from analytics.report import FormOptions
    from analytics.smtp import SmtpOptions
    from analytics.store import Store


@main.command(name="run")
@click.option(
    "--fail-on", help="End with 10 where the latest week has a flag of this level or above: watch, warning, alert."
)
@click.option("--max-age-days", type=int, help="End with 11 where the latest complete week ended more days ago.")
@click.option("--max-rejected", type=int, help="End with 12 where this run's loads rejected more records.")
@options("wait")
@click.pass_context
def run_job(context: click.Context, /, **given: Any) -> None:
    """Load what is new, judge, record and report, as the settings file says: the job for cron or a timer.

    The settings file's sections [[load]] say what to load, [run] which reports to make and where to. Each report is one
    line on stdout: its latest week, its flags and new episodes then, what was loaded, and the file. Run again on the same
    files it changes nothing; killed at any moment, the next run completes what it began. One run at a time.

    With a section [smtp], the mails of reports that have recipients are sent, each once; a mail that cannot be sent, or
    not yet to all, ends the run with 6 when all reports are made, and later runs try it again for 7 days.

    Where several exit codes apply, the order is: an error, 11 (stale), 10 (flags), 12 (rejects); stderr says them all.

    \b
    Example of a settings file:
      [[load]]
      file = "exports/*.csv"
      mapping = "desk.toml"
      [run]
      reports = ["weekly", "monthly"]
      fail_on = "alert"
    """  # noqa: D301 - click's paragraph mark
    from analytics import pipeline
    from analytics.jobs import Job
    from analytics.pipeline.delivery import deliver, deliver_late
    from analytics.pipeline.job import load_new, outcome
    from analytics.store import run_lock

    options = {name: given[name] for name in ("fail_on", "max_age_days", "max_rejected") if given[name] is not None}
    job = Job.read(config_of(given), options)
    definitions = [definition_of(given, name) for name in job.reports]
    forms, server = form_options(given), mail_server(given)
    _check_mails(definitions, forms, server)
    with run_lock(database(given)):
        with writing(given) as store:
            loaded = load_new(store, job, loaded_at=now())
        say(given, *loaded.notes)
        with recording(given) as store:
            made, sent = [], []
            for definition in progress(definitions, given, "report"):
                made.append(pipeline.write_report(store, definition, job.folder / job.out, options=forms))
                sent.append(deliver(store, definition.name, made[-1].files, server, sent_at=now()))
                click.echo(outcome(made[-1], loaded, sent[-1].people))
                _tell(sent[-1], given)
            tried = [name for one in sent for name in one.tried]
            sent.append(deliver_late(store, server, tried=tried, sent_at=now()))
            _tell(sent[-1], given)
            found = _findings(store, job, made, loaded, given)
    for words in found.values():
        say(given, words)
    context.exit(Exit.OUTPUT if any(one.failed for one in sent) else next(iter(found), Exit.DONE))


def _check_mails(definitions: "Iterable[Definition]", forms: "FormOptions", server: "SmtpOptions | None") -> None:
    """Raise, before anything is loaded, what would keep a report's forms from being made or its mails from being sent."""
    from dataclasses import replace

    from analytics.report import check_forms

    for definition in definitions:
        check_forms(definition.forms, replace(forms, recipients=definition.recipients))
        if server and any(definition.recipients.values()) and not forms.mail.sender:
            raise OptionError(
                f"report {definition.name} has recipients and [smtp] a server, but its mails have no sender; "
                'give one in incidents.toml, as: [mail] sender = "desk@example.org"'
            )


def _tell(sent: "Delivery", given: dict[str, Any]) -> None:
    """What did not reach its readers, on stderr; --quiet leaves out only what was never to be sent."""
    from analytics.output import shown

    for line in (*sent.failed, *sent.refused):
        click.echo(shown(f"incidents: {line}"), err=True)
    say(given, *sent.late)
    for name in sent.unsent:
        say(given, f"{name}: written and not sent, since the settings file has no section [smtp]")


def _findings(
    store: "Store", job: "Job", made: "list[Report]", loaded: "Loaded", given: dict[str, Any]
) -> dict[Exit, str]:
    """What is worth an exit code of its own, the most urgent first, each in words."""
    from analytics.pipeline.job import flagged

    found = {}
    if job.max_age_days is not None and (age := _age(store, given)) > job.max_age_days:
        found[Exit.STALE] = f"the data are stale: the latest complete week ended {age} days ago"
    if job.fail_on and (names := [one.name for one in made if flagged(one, job.fail_on)]):
        found[Exit.FLAGGED] = f"{job.fail_on} or above in the latest week: {', '.join(names)}"
    if job.max_rejected is not None and loaded.rejected > job.max_rejected:
        found[Exit.REJECTED] = f'{loaded.rejected} records were rejected; incidents sql "from rejects" says why'
    return found


def _age(store: "Store", given: dict[str, Any]) -> int:
    """Days since the latest complete week that coverage reaches ended."""
    from analytics.panel import default_to

    settings = settings_of(given)
    to = default_to(store, source=settings.source or None, week_start=settings.week_start, as_of=None)
    return (now().date() - to).days

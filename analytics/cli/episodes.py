"""Commands about episodes: what became of them, what analysts say of them, and what is muted."""

from datetime import date, datetime, time
from typing import Any

import click

from analytics.cli.context import changing, now, reading, say, show
from analytics.cli.group import main
from analytics.cli.options import Day, Moment, options
from analytics.errors import OptionError

EPISODES = (
    "episode_id", "region", "status", "not_judged_since", "level", "peak_level", "first_week", "last_week", "weeks", "closed_week", "reopened",
    "verdict", "notes",
)  # fmt: skip

AUTHOR = click.option("--author", default="", help="Who says so; shown in the report.")
AT = click.option("--at", type=Moment(), help="When it is said, UTC.  [default: now]")
LIST = click.option("--list", "listing", is_flag=True, help="Show what there is, and change nothing.")


def _said(given: dict[str, Any]) -> datetime:
    """When something is said: --at, a bare date as its beginning, else the clock."""
    moment: datetime = given["at"] or now()
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) if moment.time() == time.max else moment


@main.command()
@click.argument("episode", required=False)
@options()
def episodes(episode: str | None, form: str, **given: Any) -> None:
    """Episodes of the recorded reports: state, dates and notes; or the log of one EPISODE.

    \b
    Examples:
      incidents episodes
      incidents episodes IQ-AN/incidents/2014-03-31
    """  # noqa: D301 - click's paragraph mark
    with reading(given) as store:
        if episode is None:
            frame = store.frame("FROM episodes")
            show(frame[list(EPISODES)] if form in ("table", "markdown") else frame, form)
            return
        frame = store.frame("SELECT * EXCLUDE (episode_id) FROM episode_log WHERE episode_id = $id", {"id": episode})
        if frame.empty:
            raise OptionError(f"no recorded episode is called {episode!r}; incidents episodes lists them")
        show(frame, form)


@main.command()
@click.argument("target", metavar="EPISODE-OR-FLAG", required=False)
@click.option("--confirm", "word", flag_value="confirmed", help="Say that it is real.")
@click.option("--dismiss", "word", flag_value="dismissed", help="Say that it is not, or does not matter.")
@click.option("--comment", default="", metavar="TEXT", help="Say something of it.")
@AUTHOR
@AT
@LIST
@options("wait")
def note(
    target: str | None, word: str | None, comment: str, author: str, listing: bool, form: str, **given: Any
) -> None:
    """Say something of a recorded flag (REGION/MEASURE/WEEK) or episode; the next report shows it beside it.

    \b
    Examples:
      incidents note IQ-AN/incidents/2014-06-02 --confirm --comment "two sources" --author RK
      incidents note --list
    """  # noqa: D301 - click's paragraph mark
    from analytics.store import add_note, notes

    if listing:
        with reading(given) as store:
            show(notes(store), form)
        return
    if target is None or not (word or comment):
        raise OptionError("name an episode or flag and say something: --confirm, --dismiss or --comment; or use --list")
    with changing(given) as store:
        flag = add_note(store, target, word or "commented", text=comment, author=author, at=_said(given))
    say(given, f"noted of {flag}: the next report shows it")


@main.command()
@click.argument("region", required=False)
@click.option("--measure", default="", help="Only flags of this measure.  [default: all]")
@click.option("--from", "first", type=Day(), help="First day that is muted, or no longer is.  [default: today]")
@click.option("--until", type=Day(), help="Last day that is muted.")
@click.option("--reason", default="", help="Why; shown in the report.")
@click.option("--end", "ending", is_flag=True, help="End the mute of the region early.")
@AUTHOR
@AT
@LIST
@options("wait")
def mute(region: str | None, listing: bool, ending: bool, form: str, **given: Any) -> None:
    """Mute a region's flags: still judged and listed, marked with the reason, not in the headline nor counted as new.

    \b
    Examples:
      incidents mute IQ-AN --until 2014-12-31 --from 2014-06-01 --reason "operation under way, reported daily"
      incidents mute IQ-AN --end
      incidents mute --list
    """  # noqa: D301 - click's paragraph mark
    from analytics.store import add_mute, end_mute, mutes

    if listing:
        with reading(given) as store:
            show(mutes(store), form)
        return
    if region is None or not (ending or given["until"]):
        raise OptionError("name a region and --until, the last day that is muted, or --end; or use --list")
    said = _said(given)
    first: date = given["first"] or said.date()
    common = {"measure": given["measure"], "author": given["author"], "reason": given["reason"], "at": said}
    with changing(given) as store:
        if ending:
            end_mute(store, region, ends_on=first, **common)
        else:
            add_mute(store, region, starts_on=first, until=given["until"], **common)
    what = f"no longer muted from {first}" if ending else f"muted from {first} until {given['until']}"
    say(given, f"{region} is {what}")

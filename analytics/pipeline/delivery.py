"""The mails of a report, each handed to a mail server once; those that it does not take, again by later runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from functools import partial
from pathlib import Path

from analytics.errors import OutputError, StoreError
from analytics.figures.numbers import several
from analytics.smtp import SmtpOptions, send
from analytics.store import DueMail, Store, add_due, due_mails, record_sent


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of mails."""

    people: int = 0
    """Addresses that the server took a mail for."""
    refused: tuple[str, ...] = ()
    """Addresses that it took no mail for, each in a line with its words; the others of that mail have it."""
    failed: tuple[str, ...] = ()
    """What was not sent, to whom, and why, each in a line."""
    unsent: tuple[str, ...] = ()
    """Names of mails that were only written, because no server is named."""
    late: tuple[str, ...] = ()
    """Mails of earlier runs that were sent now, each in a line."""
    tried: tuple[str, ...] = ()
    """Message-IDs of all that were tried."""

    def __add__(self, other: "Delivery") -> "Delivery":
        """Both together."""
        return Delivery(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})


def deliver(
    store: Store, report: str, files: Iterable[Path], options: SmtpOptions | None, *, sent_at: datetime
) -> Delivery:
    """Send those of *files* that are mails with recipients, to those who have not got them; without *options* none.

    A mail is known by its Message-ID, which is made from all that it holds. It is written down as due before it is
    tried, and as sent at *sent_at* (naive UTC) as soon as the server has taken it, before the next is tried. A process
    that is killed in between, or a line that breaks before the server's answer, leaves a mail that is sent again, under
    the same Message-ID. What a server does wrong is told and not raised: the mail stays where it is, due.
    Raises StoreError for a read-only database, where nothing could be written down, and OptionError as `send` does.
    """
    heads = {path: head for path in files if path.suffix == ".eml" and "X-Unsent" not in (head := _head(path))}
    if options is None or not heads:
        return Delivery(unsent=tuple(path.name for path in heads))
    if store.read_only:
        raise StoreError(f"{store.path} is read-only: no mail is sent, because it could not be written down as sent")
    for path, head in heads.items():
        people = [found for _, found in getaddresses([str(value) for value in head.get_all("To", [])]) if found]
        where = path.resolve()
        add_due(store, str(head["Message-ID"]), report=report, recipients=people, path=where, due_at=sent_at)
    mine = {str(head["Message-ID"]) for head in heads.values()}
    found = Delivery(tried=tuple(sorted(mine)))
    for mail in due_mails(store):
        if mail.message_id in mine:
            found += _tried(store, mail, options, sent_at)
    return found


def deliver_late(store: Store, options: SmtpOptions | None, *, tried: Collection[str], sent_at: datetime) -> Delivery:
    """Send the mails of earlier runs that somebody still waits for, but those *tried* (Message-IDs); without *options* none."""
    found = Delivery()
    for mail in due_mails(store) if options else ():
        if options and mail.message_id not in tried:
            one = _tried(store, mail, options, sent_at)
            people = several(one.people, "address", "addresses")
            found += one + Delivery(
                late=(f"{mail.path.name}, of an earlier run: mailed to {people}",) * bool(one.people)
            )
    return found


def _tried(store: Store, mail: DueMail, options: SmtpOptions, sent_at: datetime) -> Delivery:
    """Hand one mail to the server for those who wait for it, or give it up, and write down what came of it."""
    name, answered = mail.path.name, partial(record_sent, store, mail.message_id, report=mail.report, sent_at=sent_at)
    if why := _over(mail, options, sent_at):
        answered(refused=dict.fromkeys(mail.waiting, why))
        return Delivery(failed=(f"{name} is not sent to {', '.join(mail.waiting)}: {why}",) * (why != REPLACED))
    try:
        receipt = send(mail.path.read_bytes(), options, people=mail.waiting)
    except OutputError as error:
        return Delivery(failed=(f"{name} was not sent: {error}; the next run tries it again",))
    if receipt.accepted or receipt.refused:
        answered(accepted=receipt.accepted, refused=receipt.refused)
    waits = "does not take it yet for"
    return Delivery(
        people=len(receipt.accepted),
        refused=tuple(f"{name}: {options.server} refuses {who}: {words}" for who, words in receipt.refused.items()),
        failed=tuple(
            f"{name}: {options.server} {waits} {who}: {words}; the next run tries it again"
            for who, words in receipt.deferred.items()
        ),
    )


REPLACED = "a later mail has taken its place"


def _over(mail: DueMail, options: SmtpOptions, now: datetime) -> str:
    """Why a mail is not tried (again), "" where it is: it is too late, or what lies there is gone or another."""
    if (now.date() - mail.due_at.date()).days > options.retry_days:
        return f"given up after {several(options.retry_days, 'day', 'days')}"
    try:
        return "" if str(_head(mail.path)["Message-ID"]) == mail.message_id else REPLACED
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"


def _head(path: Path) -> Message:
    """The mail at *path*, of which the lines before its text are read; one with X-Unsent is a draft, which a person sends."""
    return message_from_bytes(path.read_bytes(), policy=policy.SMTP)

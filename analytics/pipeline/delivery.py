"""The mails of a report, each handed to a mail server once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

from analytics.errors import OutputError, StoreError
from analytics.smtp import SmtpOptions, send
from analytics.store import Store, is_sent, record_sent


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of a report's mails."""

    people: int = 0
    """Addresses that the server took a mail for."""
    refused: tuple[str, ...] = ()
    """Addresses that it took no mail for, each in a line with its words; the others of that mail have it."""
    failed: tuple[str, ...] = ()
    """Mails that were not sent, each in a line with the reason."""
    unsent: tuple[str, ...] = ()
    """Names of mails that were only written, because no server is named."""


def deliver(
    store: Store, report: str, files: Iterable[Path], options: SmtpOptions | None, *, sent_at: datetime
) -> Delivery:
    """Send those of *files* that are mails with recipients and were not sent before; without *options* none.

    A mail is known by its Message-ID, which is made from all that it holds, and is written down as sent at *sent_at*
    (naive UTC) as soon as the server has taken it, before the next is tried. A process that is killed in between, or a
    line that breaks before the server's answer, leaves a mail that is sent again, under the same Message-ID. What a
    server does wrong is told and not raised: the mail stays where it is, and is tried when it is delivered again.
    Raises StoreError for a read-only database, where nothing could be written down, and OptionError as `send` does.
    """
    mails = {path: message_id for path in files if path.suffix == ".eml" and (message_id := _addressed(path))}
    if options is None or not mails:
        return Delivery(unsent=tuple(path.name for path in mails))
    if store.read_only:
        raise StoreError(f"{store.path} is read-only: no mail is sent, because it could not be written down as sent")
    people, refused, failed = 0, [], []
    for path, message_id in mails.items():
        if is_sent(store, message_id):
            continue
        try:
            receipt = send(path.read_bytes(), options)
        except OutputError as error:
            failed.append(f"{path.name} was not sent: {error}; the next run tries it again")
            continue
        record_sent(
            store, message_id, report=report, accepted=receipt.accepted, refused=receipt.refused, sent_at=sent_at
        )
        people += len(receipt.accepted)
        refused += [f"{path.name}: {options.server} refuses {who}: {words}" for who, words in receipt.refused.items()]
    return Delivery(people=people, refused=tuple(refused), failed=tuple(failed))


def _addressed(path: Path) -> str:
    """The Message-ID of the mail at *path*; "" for a draft, which a person sends."""
    head = message_from_bytes(path.read_bytes())
    return "" if "X-Unsent" in head else str(head["Message-ID"])

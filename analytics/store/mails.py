"""Which mails are due and which were sent: written down once a server has taken them, so that none is sent again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analytics.store.connection import Store


@dataclass(frozen=True, kw_only=True)
class DueMail:
    """A mail that somebody still waits for."""

    message_id: str
    report: str
    path: Path
    due_at: datetime
    """When a run first had to send it."""
    waiting: tuple[str, ...]
    """Those of its recipients whom no server took it for or refused."""


def add_due(
    store: Store, message_id: str, *, report: str, recipients: Iterable[str], path: Path, due_at: datetime
) -> None:
    """Write down that the mail at *path* is to be sent; one that is written down already stays as it is."""
    store.run(
        "INSERT INTO due_mail (message_id, report, recipients, file, due_at) "
        "SELECT $message_id, $report, $recipients, $file, $due_at "
        "WHERE NOT EXISTS (FROM due_mail WHERE message_id = $message_id)",
        {
            "message_id": message_id,
            "report": report,
            "recipients": ", ".join(recipients),
            "file": str(path),
            "due_at": due_at,
        },
    )


def due_mails(store: Store) -> list[DueMail]:
    """The mails that somebody still waits for, in the order in which they fell due."""
    rows = store.rows(
        "SELECT d.message_id, d.report, d.file, d.due_at, list_filter(string_split(d.recipients, ', '), "
        "lambda person: NOT list_contains(coalesce(s.got, []), person) AND NOT contains(coalesce(s.lost, ''), '; ' || person || ': ')) "
        "AS waiting FROM due_mail AS d LEFT JOIN (SELECT message_id, flatten(list(string_split(accepted, ', '))) AS got, "
        "'; ' || string_agg(refused, '; ') AS lost FROM sent_mail GROUP BY message_id) AS s ON s.message_id = d.message_id "
        "WHERE len(waiting) > 0 ORDER BY d.due_at, d.message_id"
    )
    return [
        DueMail(message_id=name, report=report, path=Path(file), due_at=due_at, waiting=tuple(waiting))
        for name, report, file, due_at, waiting in rows
    ]


def record_sent(
    store: Store,
    message_id: str,
    *,
    report: str,
    accepted: Iterable[str] = (),
    refused: Mapping[str, str],
    sent_at: datetime,
) -> None:
    """Write down that a server took a mail of *report* for *accepted*; *refused* has why each other address will not get it."""
    store.run(
        "INSERT INTO sent_mail (message_id, report, accepted, refused, sent_at) "
        "VALUES ($message_id, $report, $accepted, $refused, $sent_at)",
        {
            "message_id": message_id,
            "report": report,
            "accepted": ", ".join(accepted),
            "refused": "; ".join(f"{person}: {words}" for person, words in refused.items()),
            "sent_at": sent_at,
        },
    )

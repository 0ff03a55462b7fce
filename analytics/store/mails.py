"""Which mails were sent: written down once a server has taken them, so that none is sent again."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from analytics.store.connection import Store


def is_sent(store: Store, message_id: str) -> bool:
    """Whether a server has taken the mail of this Message-ID."""
    return bool(store.value("SELECT count(*) FROM sent_mail WHERE message_id = $id", {"id": message_id}))


def record_sent(
    store: Store,
    message_id: str,
    *,
    report: str,
    accepted: Iterable[str],
    refused: Mapping[str, str],
    sent_at: datetime,
) -> None:
    """Write down that a server took a mail of *report* for *accepted*; *refused* has its words for each other address."""
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

"""The report as a mail: the digest to read, the report's file attached, as an .eml that is the same each time."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.figures.text import is_steering, visible
from analytics.report.content import ReportContent
from analytics.report.digest import NAME, digest, latest_flags
from analytics.report.digest_forms import html, plain

MEDIA = {
    ".html": ("text", "html"),
    ".pdf": ("application", "pdf"),
    ".csv": ("text", "csv"),
    ".json": ("application", "json"),
    ".md": ("text", "markdown"),
    ".txt": ("text", "plain"),
    ".parquet": ("application", "vnd.apache.parquet"),
}
"""Media types of attached files, by the end of their names."""
_POLICY = policy.SMTP.clone(cte_type="7bit")
"""Lines as mail servers want them, and no letter that an old one would have to be asked about."""
_PLAIN = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"""(?P<bare>{_PLAIN})|"?(?P<name>[^"<>@]*?)"? *<(?P<boxed>{_PLAIN})>""")
ENCODED = 78 / 57
"""Bytes that a byte of an attachment takes in a mail: base64, 57 bytes to a line of 76 letters and its end."""


@dataclass(frozen=True, kw_only=True)
class MailOptions:
    """What a mail says of itself, and how large it may be."""

    sender: str = ""
    """Address it comes from, as `desk@example.org` or `Security desk <desk@example.org>`."""
    location: str = ""
    """Where readers find the report's files: a folder or web address that stands before their names."""
    largest_mb: float = 10.0
    """Megabytes (10^6 bytes) that attached files may take in the mail; larger ones are named and not attached."""

    def __post_init__(self) -> None:
        if self.sender:
            address(self.sender)
        if not self.largest_mb > 0:
            raise OptionError(f"mail: largest_mb must be more than 0, got {self.largest_mb}")

    def place(self, path: Path) -> str:
        """Where readers find the file that lies at *path* here."""
        between = "/" if self.location and not self.location.endswith(("/", "\\")) else ""
        return f"{self.location}{between}{path.name}"


def address(text: str) -> Address:
    """The one mail address in *text*, with its name if it has one; raises OptionError where that is not so."""
    found = None if any(map(is_steering, text)) else _ADDRESS.fullmatch(text.strip())
    if not found:
        raise OptionError(
            f"mail: {visible(text)!r} is not one mail address; write desk@example.org or Security desk <desk@example.org>"
        )
    return Address(display_name=found["name"] or "", addr_spec=found["bare"] or found["boxed"])


def fits(files: Sequence[Path], options: MailOptions) -> bool:
    """True if *files* may be attached to one mail."""
    return sum(path.stat().st_size for path in files) * ENCODED <= options.largest_mb * 1e6


def letter(
    content: ReportContent, files: Sequence[Path], recipients: Sequence[str], options: MailOptions, place: str = ""
) -> bytes:
    """The mail as bytes: the digest as text and as HTML, and *files* attached, unless they are too large together.

    *place* says where the full report is. Without recipients or a sender it is a draft, for a mail program to send.
    Equal content and files give equal bytes: the date is the report's as_of, and its Message-ID and boundaries are
    made from all that it holds. Raises OptionError for what is no mail address.
    """
    attached = [(path.name, path.read_bytes()) for path in files] if fits(files, options) else []
    told = digest(content, _where(place, [path.name for path in files], bool(attached)))
    subject = _subject(content)
    texts = (plain(told), html(told))
    people = [address(text) for text in recipients]
    key = _key([options.sender, *recipients, subject, *texts], [data for _, data in attached])
    message = EmailMessage(_POLICY)
    for name, value in _headers(content, subject, people, options, key).items():
        message[name] = value
    message.set_content(texts[0])
    message.make_alternative(boundary=f"{key}-a")
    message.add_alternative(texts[1], subtype="html")
    if attached:
        message.make_mixed(boundary=f"{key}-m")
    for name, data in attached:
        maintype, subtype = MEDIA[Path(name).suffix]
        message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def _where(place: str, names: Sequence[str], attached: bool) -> str:
    """Where the full report is: elsewhere, in the mail, or both."""
    files = ", ".join(names)
    if not files:
        return place
    if not attached:
        return "; ".join(filter(None, (place, f"too large to attach: {files}")))
    return f"{files}, attached to this mail" if place in ("", files) else f"{place}; attached to this mail: {files}"


def _headers(
    content: ReportContent, subject: str, people: Sequence[Address], options: MailOptions, key: str
) -> dict[str, object]:
    """The mail's own lines; what would be empty is left out."""
    sender = address(options.sender) if options.sender else None
    domain = sender.domain if sender else "incident-analytics.invalid"
    headers = {
        "From": sender,
        "To": tuple(people),
        "Subject": subject,
        "Date": format_datetime(moment(content)),
        "Message-ID": f"<{key}@{domain}>",
        "Auto-Submitted": "auto-generated",  # nobody's holiday notice shall answer it
        "X-Unsent": "" if people and sender else "1",  # mail programs open it as a draft
    }
    return {name: value for name, value in headers.items() if value}


def _subject(content: ReportContent) -> str:
    """Title and what is flagged: `Weekly report: 1 alert and 2 watches in the week of 27 Dec 2021`."""
    latest = latest_flags(content)
    counts = {name: int((latest["level"] == name).sum()) for name in reversed(LEVELS)} if len(latest) else {}
    parts = [numbers.several(count, name, _PLURALS[name]) for name, count in counts.items() if count]
    found = ", ".join(parts) or ("no flag" if content.flags is not None else "")
    word = "Simulated: " if content.simulated else ""
    week = f"{found} in the week to {numbers.day(content.period_last)}" if found else f"to {numbers.day(content.to)}"
    return f"{word}{visible(content.title, NAME)}: {week}"


_PLURALS = {"watch": "watches", "warning": "warnings", "alert": "alerts"}


def moment(content: ReportContent) -> datetime:
    """The report's as_of, or the end of its last day, in UTC: the date of its mail and of its PDF."""
    if content.as_of is None:
        return datetime.combine(content.to, time(23, 59, 59), UTC)
    return content.as_of.astimezone(UTC) if content.as_of.tzinfo else content.as_of.replace(tzinfo=UTC)


def _key(texts: Sequence[str], files: Sequence[bytes]) -> str:
    """32 hexadecimal digits from all that a mail holds, provenance with settings hash and fingerprint included."""
    made = hashlib.sha256()
    for part in (*(text.encode() for text in texts), *files):
        made.update(hashlib.sha256(part).digest())
    return made.hexdigest()[:32]

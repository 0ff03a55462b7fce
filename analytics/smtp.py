"""Handing a finished mail to a mail server; nothing else of the package speaks to a network."""

import os
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path

from analytics.errors import OptionError, OutputError
from analytics.figures.text import visible

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The usual port of each kind of security: encryption asked for on an open line, from the start, or none."""
PERMANENT = 500
"""Answers from here on are meant for good, those below for now (RFC 5321, 4.2.1)."""
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class SmtpOptions:
    """A mail server, how to speak to it, and for how long. It holds no password: only where one is found."""

    host: str = "localhost"
    port: int = 0
    """0 for the usual one: 587 with starttls, 465 with tls, 25 with none."""
    security: str = "starttls"
    """starttls, tls or none; the server's certificate is always checked."""
    user: str = ""
    """Name to log in with; "" where the server asks for none."""
    password_variable: str = "INCIDENTS_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
    """Environment variable that holds the password."""
    password_file: str = ""
    """File whose first line is the password; it goes before the variable."""
    authorities: str = ""
    """PEM file of the certificate authorities to trust in place of the system's, for a server with its own."""
    timeout: float = 30.0
    """Seconds that the server may take for each answer."""
    retry_days: int = 7
    """Days for which later runs try again a mail, or an address, that the server did not take; 0 for the same day only."""

    def __post_init__(self) -> None:
        if self.security not in PORTS:
            raise OptionError(f"smtp: security must be one of {', '.join(PORTS)}, got {self.security!r}")
        if not self.host or any(letter.isspace() or not letter.isprintable() for letter in self.host):
            raise OptionError(f"smtp: host must be a name or address, got {self.host!r}")
        if not 0 <= self.port <= 65535:
            raise OptionError(f"smtp: port must be from 0 to 65535, got {self.port}")
        if not self.timeout > 0:
            raise OptionError(f"smtp: timeout must be more than 0 seconds, got {self.timeout}")
        if self.retry_days < 0:
            raise OptionError(f"smtp: retry_days must not be negative, got {self.retry_days}")
        if self.user and self.security == "none" and self.host not in HERE:
            raise OptionError(f"smtp: a password for {self.host} must not travel in clear; security = starttls or tls")

    @property
    def server(self) -> str:
        """Host and port, as errors name them."""
        return f"{self.host}:{self.port or PORTS[self.security]}"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the server took: a mail for *accepted*; its words for each other address are in one of the two others."""

    message_id: str
    accepted: tuple[str, ...]
    refused: dict[str, str] = field(default_factory=dict)
    """Addresses that it will not take the mail for."""
    deferred: dict[str, str] = field(default_factory=dict)
    """Addresses that it does not take the mail for now (answers from 400 to 499, as from a grey list)."""


def check_sending(options: SmtpOptions) -> None:
    """Raise OptionError where the password or the authorities' file that *options* name cannot be had.

    To be called before a report is computed, so that a Monday's run does not find out at its end.
    """
    _password(options)
    _context(options)


def send(mail: bytes, options: SmtpOptions, *, people: Sequence[str] = ()) -> Receipt:
    """Hand *mail*, the bytes of an .eml, to the server, unchanged, from its From to each of its To.

    Or only to those of its To who are *people*, since the others have it: that the server takes it for none of them is
    then no error. Once this returns, the mail must not be sent to those accepted again: whoever calls records the
    Message-ID of the receipt before anything else. Where only some addresses are refused it has been sent to the others. Raises OptionError for a
    mail without sender or recipients and for a missing password, OutputError for whatever the server or the way to
    it does wrong; then nothing was sent, unless the message says that this is not known.
    """
    head = message_from_bytes(mail, policy=policy.SMTP)
    senders, named = (_addresses(head.get_all(name, [])) for name in ("From", "To"))
    if len(senders) != 1 or not named:
        raise OptionError("the mail has no sender or no recipients: give [mail] a sender, and the report recipients")
    password = _password(options)
    with _connected(options) as server:
        if options.user:
            _log_in(server, options, password)
        asked = [person for person in named if not people or person in people]
        answers = _deliver(server, senders[0], asked, mail, options, some=len(asked) < len(named))
        with suppress(smtplib.SMTPException, OSError):  # it has been taken: no farewell can undo that
            server.quit()
    return Receipt(
        message_id=str(head["Message-ID"]),
        accepted=tuple(person for person in asked if person not in answers),
        refused={person: _words(*answer) for person, answer in answers.items() if answer[0] >= PERMANENT},
        deferred={person: _words(*answer) for person, answer in answers.items() if answer[0] < PERMANENT},
    )


def _addresses(values: list[str]) -> list[str]:
    return [found for _, found in getaddresses([str(value) for value in values]) if found]


def _password(options: SmtpOptions) -> str:
    """The password of the options' user; "" where there is no user."""
    if not options.user:
        return ""
    if options.password_file:
        try:
            lines = Path(options.password_file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(f"smtp: password_file {options.password_file} cannot be read: {error}") from error
        password = lines[0] if lines else ""
    else:
        password = os.environ.get(options.password_variable, "")
    if not password:
        where = options.password_file or f"the environment variable {options.password_variable}"
        raise OptionError(f"smtp: there is no password for {options.user} in {where}")
    if not (password + options.user).isascii():
        raise OptionError(f"smtp: user and password of {options.server} may have ASCII letters only")
    return password


@contextmanager
def _connected(options: SmtpOptions) -> Iterator[smtplib.SMTP]:
    """A server that has greeted us, over the security asked for; closed whatever happens."""
    context = _context(options)
    port = options.port or PORTS[options.security]
    try:
        if options.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(options.host, port, timeout=options.timeout, context=context)
        else:
            server = smtplib.SMTP(options.host, port, timeout=options.timeout)
    except (smtplib.SMTPException, OSError) as error:
        raise OutputError(_unreached(options, error)) from error
    try:
        if options.security == "starttls":
            _encrypt(server, context, options)
        yield server
    finally:
        server.close()


def _context(options: SmtpOptions) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=options.authorities or None)
    except (OSError, ssl.SSLError) as error:
        raise OptionError(f"smtp: authorities {options.authorities} is no PEM file of certificates: {error}") from error


def _encrypt(server: smtplib.SMTP, context: ssl.SSLContext, options: SmtpOptions) -> None:
    try:
        server.starttls(context=context)
    except smtplib.SMTPNotSupportedError as error:
        raise OutputError(
            f"mail server {options.server} offers no STARTTLS; try security = tls, and none only on this machine"
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutputError(_unreached(options, error)) from error


def _unreached(options: SmtpOptions, error: Exception) -> str:
    """Why there is no line to the server, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"mail server {options.server} has a certificate that is not trusted: {error.verify_message}; "
            "name its authority's file as authorities in [smtp]"
        )
    if isinstance(error, ssl.SSLError):
        return f"mail server {options.server} does not speak TLS as asked ({error.reason}); check security and port in [smtp]"
    return f"mail server {options.server} cannot be reached: {_reason(error)}; check host, port and security in [smtp]"


def _log_in(server: smtplib.SMTP, options: SmtpOptions, password: str) -> None:
    try:
        server.login(options.user, password)
    except smtplib.SMTPAuthenticationError as error:
        raise OutputError(
            f"mail server {options.server} refuses {options.user}: {_reason(error)}; check user and password"
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutputError(f"mail server {options.server} lets nobody log in: {_reason(error)}") from error


def _deliver(
    server: smtplib.SMTP, sender: str, people: list[str], mail: bytes, options: SmtpOptions, *, some: bool
) -> dict[str, tuple[int, bytes]]:
    """Addresses that the server did not take, with its answers; raises OutputError where it took none, unless *some* have it."""
    try:
        return server.sendmail(sender, people, mail)
    except smtplib.SMTPRecipientsRefused as error:
        if some:
            return error.recipients
        words = "; ".join(f"{person}: {_words(*answer)}" for person, answer in error.recipients.items())
        raise OutputError(f"mail server {options.server} refuses every recipient: {words}") from error
    except smtplib.SMTPResponseException as error:
        raise OutputError(f"mail server {options.server} refuses the mail: {_reason(error)}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutputError(
            f"mail server {options.server} broke off: {_reason(error)}; whether the mail was taken is not known"
        ) from error


def _reason(error: Exception) -> str:
    """What an error says, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    return visible(str(error) or type(error).__name__, 200)


def _words(code: int, text: bytes | str) -> str:
    """A server's answer, on one line; a server is no friend, so its text is made safe."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {visible(words, 200)}"

"""The report by mail: a mail that is the same each time, holds what it should, and is taken by a real server once."""

import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import OptionError, OutputError
from analytics.report import MailOptions, ReportContent
from analytics.report.digest import digest
from analytics.report.digest_forms import plain
from analytics.report.letter import address, letter
from analytics.smtp import Receipt, SmtpOptions, send
from tests import report_content
from tests.mail_server import Desk, free_port, plain_options, serving

smtp_server = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is not installed")
SENDER = MailOptions(sender="Security desk <desk@example.org>")
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a server that lives for one test


@cache
def full() -> ReportContent:
    """The full fabricated report content."""
    return report_content.full()


def opened(mail: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    message = message_from_bytes(mail, policy=policy.default)
    assert isinstance(message, EmailMessage) and not message.defects
    return message


def report_file(folder: Path, size: int = 3000, name: str = "weekly_2021-12-26.html") -> Path:
    """Something to attach."""
    path = folder / name
    path.write_bytes(("<p>سلێمانی</p>\n".encode() * size)[:size])
    return path


def test_a_mail_holds_the_digest_twice_and_the_file(tmp_path: Path) -> None:
    """Text first, HTML for those who can, and the very bytes of the report."""
    file = report_file(tmp_path)
    message = opened(letter(full(), [file], ["a@example.org", "b@example.org"], SENDER, file.name))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/html"]
    text, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None and page is not None
    told = plain(digest(full(), f"{file.name}, attached to this mail"))
    assert text.get_content().replace("\r\n", "\n") == told
    assert "<h1" in page.get_content()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == file.name and attached.get_payload(decode=True) == file.read_bytes()


def test_the_head_of_a_mail_says_what_it_is_about(tmp_path: Path) -> None:
    """Sender, recipients, what is flagged, the moment of knowledge as date, and that no holiday notice is wanted."""
    message = opened(letter(full(), [], ["a@example.org", "Bé <b@example.org>"], SENDER))
    assert message["From"] == "Security desk <desk@example.org>"
    assert message["To"] == "a@example.org, Bé <b@example.org>"
    assert message["Subject"] == (
        "Simulated: Weekly escalation report: Iraq: 1 alert, 1 warning, 1 watch in the week to 26 Dec 2021"
    )
    assert message["Date"].datetime == datetime(2022, 1, 3, 6, 0, tzinfo=UTC)
    assert message["Auto-Submitted"] == "auto-generated" and message["X-Unsent"] is None


def test_subjects_of_quiet_weeks_and_of_pages_that_judge_nothing() -> None:
    """No flag is said; where nothing was judged the subject says no more than until when."""
    assert opened(letter(report_content.quiet(), [], [], SENDER))["Subject"].endswith(
        ": no flag in the week to 26 Dec 2021"
    )
    day = date(2021, 12, 5)
    least = ReportContent(title="Three", period_first=day, period_last=day, to=day, headline="Thirteen.")
    message = opened(letter(least, [], [], SENDER))
    assert message["Subject"] == "Three: to 5 Dec 2021"
    assert message["Date"].datetime == datetime(2021, 12, 5, 23, 59, 59, tzinfo=UTC)


def test_a_mail_is_the_same_each_time_and_another_has_another_id(tmp_path: Path) -> None:
    """Equal content, files and people give equal bytes; whatever differs makes another Message-ID."""
    file = report_file(tmp_path)
    mail = letter(full(), [file], ["a@example.org"], SENDER, file.name)
    assert letter(report_content.full(), [file], ["a@example.org"], SENDER, file.name) == mail
    others = [
        letter(full(), [file], ["b@example.org"], SENDER, file.name),
        letter(full(), [], ["a@example.org"], SENDER, file.name),
        letter(full(), [report_file(tmp_path, 3001)], ["a@example.org"], SENDER, file.name),
        letter(replace(full(), provenance={"settings_hash": "3f2b"}), [file], ["a@example.org"], SENDER, file.name),
    ]
    ids = {opened(one)["Message-ID"] for one in (mail, *others)}
    assert len(ids) == 5 and all(one.endswith("@example.org>") for one in ids)


def test_a_mail_without_people_is_a_draft(tmp_path: Path) -> None:
    """It opens for sending in a mail program, and has neither sender nor recipients of its own."""
    message = opened(letter(full(), [report_file(tmp_path)], [], MailOptions()))
    assert message["X-Unsent"] == "1" and message["From"] is None and message["To"] is None


def test_a_file_that_is_too_large_is_named_and_not_attached(tmp_path: Path) -> None:
    """The limit is on what travels: base64 takes more than the file, and the digest says where the file is."""
    file = report_file(tmp_path, 100_000)
    options = replace(SENDER, largest_mb=0.14, location="https://reports.example.org/iraq")
    assert list(opened(letter(full(), [file], [], options, options.place(file))).iter_attachments())
    message = opened(letter(full(), [file], [], replace(options, largest_mb=0.13), options.place(file)))
    assert not list(message.iter_attachments())
    text = " ".join(message.get_body(("plain",)).get_content().split())
    where = "https://reports.example.org/iraq/weekly_2021-12-26.html"
    assert f"Full report: {where}; too large to attach: weekly_2021-12-26.html" in text


@pytest.mark.parametrize(
    ("location", "place"), [("", "a.html"), ("x", "x/a.html"), ("x/", "x/a.html"), ("\\\\s\\r\\", "\\\\s\\r\\a.html")]
)
def test_a_place_is_the_location_and_the_files_name(location: str, place: str) -> None:
    """No folder of this machine gets into a mail."""
    assert MailOptions(location=location).place(Path("/here/a.html")) == place


@pytest.mark.parametrize(
    "payload", [" ".join(report_content.PAYLOADS), "a\r\nBcc: evil@example.org\r\n\r\nbody", "سلێمانی" * 40]
)
def test_nothing_from_data_writes_a_line_of_the_head(payload: str, tmp_path: Path) -> None:
    """A mail full of payloads has the head, the people and the parts of one without, in letters that all servers take."""
    mail = letter(report_content.hostile(payload), [report_file(tmp_path)], ["a@example.org"], SENDER, payload)
    plain_mail = letter(full(), [report_file(tmp_path)], ["a@example.org"], SENDER)
    message, other = opened(mail), opened(plain_mail)
    assert message.keys() == other.keys() and message["To"] == "a@example.org" and message["Bcc"] is None
    assert [part.get_content_type() for part in message.walk()] == [part.get_content_type() for part in other.walk()]
    assert mail.isascii() and max(map(len, mail.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "desk",
        "desk@",
        "@example.org",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a b@example.org",
        "désk@example.org",
        "Desk\u202e <desk@example.org>",
        "a@exam ple.org",
        "<a@example.org> b@example.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """One address, of letters that every server takes, and nothing after it."""
    with pytest.raises(OptionError, match="is not one mail address"):
        address(text)
    if text:
        with pytest.raises(OptionError, match="is not one mail address"):
            MailOptions(sender=text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("desk@example.org", "desk@example.org"),
        ("<desk@example.org>", "desk@example.org"),
        ("Desk, Iraq <a.b+c@mail.example.org>", '"Desk, Iraq" <a.b+c@mail.example.org>'),
        ('"Desk, Iraq" <a@example.org>', '"Desk, Iraq" <a@example.org>'),
        ("ناوەندی ئاسایش <a@example.org>", "ناوەندی ئاسایش <a@example.org>"),
    ],
)
def test_addresses_are_read_with_their_names(text: str, shown: str) -> None:
    """By hand: bare, in brackets, with a name, quoted or not, in any script."""
    assert str(address(text)) == shown


def test_a_limit_of_nothing_is_refused() -> None:
    """No file takes no room."""
    with pytest.raises(OptionError, match="largest_mb must be more than 0, got 0"):
        MailOptions(largest_mb=0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key, made for this test."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "made.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key


def _server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    """Whether user and password are the right ones."""
    right = (data.login, data.password) == (b"desk", PASSWORD.encode())
    return smtp_server.AuthResult(success=right, handled=False)


@pytest.fixture(scope="module")
def mail() -> bytes:
    """A mail for two people."""
    return letter(full(), [], ["a@example.org", "Bé <b@example.org>"], SENDER)


def test_a_server_gets_the_very_bytes_once(mail: bytes) -> None:
    """From, to and content are those of the .eml, lines that begin with a dot included."""
    dotted = mail + b".\r\n..a line\r\n"
    desk = Desk()
    with serving(desk) as port:
        receipt = send(dotted, plain_options(port))
    (envelope,) = desk.got
    assert envelope.mail_from == "desk@example.org" and envelope.rcpt_tos == ["a@example.org", "b@example.org"]
    assert envelope.original_content == dotted
    accepted = ("a@example.org", "b@example.org")
    assert receipt == Receipt(message_id=opened(mail)["Message-ID"], accepted=accepted)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # the line is TLS already
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_password_goes_over_a_checked_line(
    mail: bytes, certificate: tuple[Path, Path], security: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """STARTTLS and TLS both reach a server that asks for a log-in; the password is in no record of ours."""
    (tmp_path / "password").write_text(f"{PASSWORD}\nanother line\n")
    desk, context = Desk(), _server_context(certificate)
    way = {"tls_context": context, "require_starttls": True} if security == "starttls" else {"ssl_context": context}
    extra = {"auth_require_tls": security == "starttls", "authenticator": _knows, "auth_required": True}
    with serving(desk, **way, **extra) as port, caplog.at_level(logging.DEBUG, logger="analytics"):
        options = SmtpOptions(
            host="localhost", port=port, security=security, user="desk", authorities=str(certificate[0]),
            password_file=str(tmp_path / "password"), timeout=5,
        )  # fmt: skip
        receipt = send(mail, options)
    assert len(desk.got) == 1 and len(receipt.accepted) == 2
    assert PASSWORD not in repr(options) and PASSWORD not in caplog.text


def test_a_wrong_password_is_said_and_not_shown(
    mail: bytes, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names server and user; nothing was sent."""
    monkeypatch.setenv("INCIDENTS_SMTP_PASSWORD", "hunter2")
    desk = Desk()
    extra = {"tls_context": _server_context(certificate), "authenticator": _knows, "auth_required": True}
    with serving(desk, **extra) as port:
        options = SmtpOptions(host="localhost", port=port, user="desk", authorities=str(certificate[0]), timeout=5)
        with pytest.raises(OutputError, match=r"refuses desk: 535 .*; check user and password$") as raised:
            send(mail, options)
    assert "hunter2" not in str(raised.value) and desk.got == []


def test_a_certificate_that_nobody_vouches_for_stops_the_mail(mail: bytes, certificate: tuple[Path, Path]) -> None:
    """Without the authority's file, nothing is said to the server, and the error says what to set."""
    desk = Desk()
    words = r"certificate that is not trusted: .*; name its authority's file"
    with serving(desk, tls_context=_server_context(certificate)) as port, pytest.raises(OutputError, match=words):
        send(mail, SmtpOptions(host="localhost", port=port, timeout=5))
    assert desk.got == []


def test_a_server_without_encryption_gets_no_mail_unless_told(mail: bytes) -> None:
    """STARTTLS that is not offered is no reason to go on in clear; TLS that is not spoken is said too."""
    desk = Desk()
    with serving(desk) as port:
        with pytest.raises(OutputError, match="offers no STARTTLS; try security = tls"):
            send(mail, SmtpOptions(host="127.0.0.1", port=port, timeout=5))
        with pytest.raises(OutputError, match="does not speak TLS as asked"):
            send(mail, SmtpOptions(host="127.0.0.1", port=port, security="tls", timeout=5))
    assert desk.got == []


def test_a_refused_recipient_is_told_and_the_others_get_the_mail(mail: bytes) -> None:
    """The receipt has the server's words, made harmless, and whom it was taken for."""
    desk = Desk(refuses=("b@example.org",))
    with serving(desk) as port:
        receipt = send(mail, plain_options(port))
    assert receipt.accepted == ("a@example.org",)
    assert receipt.refused == {"b@example.org": "550 no such[31m person"}
    assert desk.got[0].rcpt_tos == ["a@example.org"]


def test_a_mail_that_nobody_may_get_is_an_error(mail: bytes) -> None:
    """When every recipient is refused, nothing was sent."""
    desk = Desk(refuses=("a@example.org", "b@example.org"))
    with (
        serving(desk) as port,
        pytest.raises(OutputError, match=r"refuses every recipient: a@example[.]org: 550 no such"),
    ):
        send(mail, plain_options(port))
    assert desk.got == []


def test_a_mail_that_the_server_refuses_is_an_error(mail: bytes) -> None:
    """Its reason stands in the error, on one line."""
    with (
        serving(Desk(data="554 it looks like\x07 spam")) as port,
        pytest.raises(OutputError, match=r"refuses the mail: 554 it looks like spam$"),
    ):
        send(mail, plain_options(port))


@contextmanager
def scripted(answers: dict[bytes, bytes]) -> Iterator[int]:
    """A server that answers by the first word of each line, and hangs up where it has no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line, line.makefile("rwb") as talk:
                line.sendall(answers[b"hello"])
                for heard in talk:
                    answer = answers.get(heard.split()[0].upper() if heard.split() else b"")
                    if answer is None:
                        return
                    line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)


TALK = dict.fromkeys((b"EHLO", b"HELO", b"MAIL", b"RCPT", b".", b"RSET"), b"250 OK\r\n")


def test_a_server_that_is_not_there_is_named(mail: bytes) -> None:
    """Host and port stand in the error, and what to check."""
    port = free_port()
    with pytest.raises(OutputError, match=rf"127\.0\.0\.1:{port} cannot be reached: .*refused; check host, port"):
        send(mail, plain_options(port))


def test_a_server_that_says_nothing_is_given_up(mail: bytes) -> None:
    """The time limit holds for a server that takes the call and is silent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        options = replace(plain_options(int(listener.getsockname()[1])), timeout=0.2)
        with pytest.raises(OutputError, match=r"cannot be reached: .*timed out"):
            send(mail, options)


def test_a_line_that_breaks_in_the_middle_is_not_called_sent(mail: bytes) -> None:
    """Whether the server took the mail is not known then, and the error says so."""
    words = r"broke off: .*; whether the mail was taken is not known"
    with scripted(TALK | {b"hello": b"220 hello\r\n"}) as port, pytest.raises(OutputError, match=words):
        send(mail, plain_options(port))


def test_a_server_that_hangs_up_after_taking_the_mail_took_it(mail: bytes) -> None:
    """A missing farewell is no error: sending again would send twice."""
    words = {line.split()[0].upper(): b"" for line in mail.replace(b"\r\n.", b"\r\n..").split(b"\r\n") if line.split()}
    talk = words | TALK | {b"hello": b"220 hello\r\n", b"DATA": b"354 go on\r\n"}
    talk = {word: answer for word, answer in talk.items() if word != b"QUIT"} | {b"": b""}
    with scripted(talk) as port:
        assert len(send(mail, plain_options(port)).accepted) == 2


def test_a_draft_is_not_sent() -> None:
    """A mail without sender or recipients is refused before any server is asked."""
    for people, options in (([], SENDER), (["a@example.org"], MailOptions())):
        with pytest.raises(OptionError, match=r"no sender or no recipients"):
            send(letter(full(), [], people, options), plain_options(1))


def test_a_missing_password_is_said_before_the_server_is_asked(
    mail: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unset variable, a missing or empty file, and letters that a log-in cannot carry."""
    monkeypatch.delenv("INCIDENTS_SMTP_PASSWORD", raising=False)
    options = SmtpOptions(user="desk", port=1)
    with pytest.raises(OptionError, match="no password for desk in the environment variable INCIDENTS_SMTP_PASSWORD"):
        send(mail, options)
    with pytest.raises(OptionError, match="cannot be read"):
        send(mail, replace(options, password_file=str(tmp_path / "none")))
    (tmp_path / "empty").write_text("")
    with pytest.raises(OptionError, match=r"no password for desk in .*empty"):
        send(mail, replace(options, password_file=str(tmp_path / "empty")))
    monkeypatch.setenv("INCIDENTS_SMTP_PASSWORD", "pässword")
    with pytest.raises(OptionError, match="may have ASCII letters only") as raised:
        send(mail, options)
    assert "pässword" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"security": "ssl"}, "security must be one of starttls, tls, none, got 'ssl'"),
        ({"host": "mail server"}, "host must be a name or address"),
        ({"host": ""}, "host must be a name or address"),
        ({"port": 70000}, "port must be from 0 to 65535, got 70000"),
        ({"timeout": 0}, "timeout must be more than 0 seconds, got 0"),
        ({"host": "mail.example.org", "user": "desk", "security": "none"}, "must not travel in clear"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(given: dict[str, Any], words: str) -> None:
    """Each says which value, and what is allowed."""
    with pytest.raises(OptionError, match=words):
        SmtpOptions(**given)


def test_authorities_must_be_certificates(mail: bytes, tmp_path: Path) -> None:
    """A file that holds none is named."""
    (tmp_path / "none.pem").write_text("nothing")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(OptionError, match=f"{name} is no PEM file of certificates"):
            send(mail, SmtpOptions(port=1, authorities=str(tmp_path / name)))

"""The mails of `incidents run`: each is sent once, and what keeps one from its readers keeps no report from being made."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from analytics.errors import StoreError
from analytics.pipeline import delivery
from analytics.pipeline.delivery import deliver, deliver_late
from analytics.store import Store, due_mails
from tests.desk import CLOCK, incidents, record, write_csv
from tests.mail_server import Desk, free_port, plain_options, serving
from tests.test_run import ALIVE, JOB, desk, start, steady, words

pytest_plugins = ["tests.databases"]
DUTY = """
formats = ["light"]
[recipients]
light = ["duty@example.org", "Desk <desk@example.org>"]
"""
MAIL = '[mail]\nsender = "Reports <reports@example.org>"\n'
LATER = [record("late", date(2021, 12, 21), "Diyala")]


def office(folder: Path, more: str = "") -> Path:
    """A desk of one year whose report of two weeks has recipients; its path of settings, which end with *more*."""
    job = JOB.replace("[run]", '[run]\nreports = ["duty"]')
    settings = desk(folder, f'level = "country"\nweeks = 2\n{job}{more}', steady())
    (folder / "reports").mkdir()
    (folder / "reports" / "duty.toml").write_text(DUTY, encoding="utf-8")
    return settings


@pytest.fixture(scope="module")
def unsent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """An office's folder after a run without a mail server, and what that run said."""
    settings = office(tmp_path_factory.mktemp("unsent") / "desk", MAIL)
    return settings.parent, incidents(*words(settings))


@pytest.fixture
def settings(unsent: tuple[Path, Result], tmp_path: Path) -> Path:
    """The settings of an office of the test's own, whose records are loaded and whose mail is written and not sent."""
    return shutil.copytree(unsent[0], tmp_path / "desk") / "incidents.toml"


def asked(settings: Path, port: int, more: str = "") -> Path:
    """The settings with a mail server of this machine in place of the one that they had."""
    text = settings.read_text(encoding="utf-8").partition(MAIL)[0]
    server = f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\ntimeout = 5\n{more}'
    settings.write_text(f"{text}{MAIL}{server}", encoding="utf-8")
    return settings


def sent(settings: Path) -> list[tuple[Any, ...]]:
    """What the database says of mails that were sent, but for when."""
    with Store(settings.parent / "own.duckdb", read_only=True) as store:
        return store.rows("SELECT report, accepted, refused FROM sent_mail ORDER BY ALL")


def opened(envelope: Any) -> EmailMessage:
    """A mail as its readers get it."""
    message = message_from_bytes(envelope.original_content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_report_with_recipients_is_mailed_once(settings: Path) -> None:
    """The server gets the digest and the attachment, to both addresses; run again, nothing; new records are a new mail."""
    server = Desk()
    with serving(server) as port:
        process = start(asked(settings, port))
        out, err = process.communicate(timeout=ALIVE)
        assert process.returncode == 0, err
        before = {path.name: path.read_bytes() for path in (settings.parent / "out").iterdir() if path.suffix != ".eml"}
        again = incidents(*words(settings))
        assert (again.exit_code, "mailed" in again.stdout, len(server.got)) == (0, False, 1), again.stderr
        write_csv(settings.parent / "exports" / "c.csv", LATER)
        later = incidents(*words(settings))
        assert later.exit_code == 0, later.stderr
    assert out.endswith("duty_2021-12-26_light.html, mailed to 2\n")
    first, second = server.got
    assert first.mail_from == "reports@example.org" and first.rcpt_tos == ["duty@example.org", "desk@example.org"]
    message = opened(first)
    text = message.get_body(("plain",))
    assert text is not None and "1 incident with 1 killed" in text.get_content()
    files = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert files == before and len(files) == 2
    assert later.stdout.endswith("mailed to 2\n") and opened(second)["Message-ID"] != message["Message-ID"]
    assert sent(settings) == [("duty", "duty@example.org, desk@example.org", "")] * 2


def test_a_server_that_is_down_keeps_no_report_from_being_made(settings: Path) -> None:
    """The run ends with 6 and one line, also with --quiet, its reports made; the next run sends, and then no other."""
    server = Desk()
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('["duty"]', '["duty", "second"]'), encoding="utf-8"
    )
    (settings.parent / "reports" / "second.toml").write_text('formats = ["text"]\n', encoding="utf-8")
    down = incidents(*words(asked(settings, free_port()), "--quiet", "--max-age-days", "1"))
    assert down.exit_code == 6
    (line,) = down.stderr.splitlines()
    assert line.startswith("incidents: duty_2021-12-26_light.eml was not sent: mail server 127.0.0.1:")
    assert line.endswith("; the next run tries it again")
    made = [outcome.partition(", report ")[2] for outcome in down.stdout.splitlines()]
    assert [Path(path).name for path in made] == ["duty_2021-12-26_light.html", "second_2021-12-26.txt"]
    assert all(Path(path).exists() for path in made) and sent(settings) == []
    with serving(server) as port:
        for _ in range(2):
            assert incidents(*words(asked(settings, port))).exit_code == 0
    assert len(server.got) == 1 and len(sent(settings)) == 1


def test_an_address_that_is_refused_is_said(settings: Path) -> None:
    """The others have the mail; the line counts them, stderr names the refused one with the server's words, on one line."""
    server = Desk(refuses=("duty@example.org",))
    with serving(server) as port:
        done = incidents(*words(asked(settings, port), "--quiet"))
    assert done.exit_code == 0 and done.stdout.endswith(", mailed to 1\n")
    name = "duty_2021-12-26_light.eml"
    refused = "550 no such[31m person"
    assert done.stderr == f"incidents: {name}: 127.0.0.1:{port} refuses duty@example.org: {refused}\n"
    assert sent(settings) == [("duty", "desk@example.org", f"duty@example.org: {refused}")]


def test_without_a_server_mails_are_written_and_that_is_said(unsent: tuple[Path, Result]) -> None:
    """No section [smtp], no sending: the mail lies beside the report."""
    folder, done = unsent
    assert done.exit_code == 0 and "mailed" not in done.stdout
    assert "duty_2021-12-26_light.eml: written and not sent" in done.stderr
    assert (folder / "out" / "duty_2021-12-26_light.eml").exists() and sent(folder / "incidents.toml") == []


def test_a_report_that_is_asked_for_is_never_sent(settings: Path, tmp_path: Path) -> None:
    """`incidents report` writes the mail, and leaves the server of [smtp] alone."""
    server = Desk()
    with serving(server) as port:
        where = ["--db", settings.parent / "own.duckdb", "--config", asked(settings, port)]
        done = incidents(*where, "report", "duty", "--out", tmp_path / "other")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "other" / "duty_2021-12-26_light.eml").exists()
    assert server.got == [] and sent(settings) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[smtp]\n", "report duty has recipients and [smtp] a server, but its mails have no sender"),
        (f"{MAIL}[smtp]\nhostname = 'x'\n", "unknown option 'hostname'; did you mean 'host'"),
        (f"{MAIL}[smtp]\nuser = 'desk'\npassword_file = 'none'\n", "desk/none cannot be read"),
        (f"{MAIL}[smtp]\nauthorities = 'desk.toml'\n", "desk/desk.toml is no PEM file of certificates"),
        ("[mail]\nsender = 'nobody'\n", "'nobody' is not one mail address"),
    ],
)
def test_what_would_keep_mails_from_being_sent_is_said_before_any_work(tmp_path: Path, more: str, said: str) -> None:
    """Wrong settings end the run with 2 before there is a database; paths are those beside the settings file."""
    settings = office(tmp_path / "desk", more)
    done = incidents(*words(settings))
    assert done.exit_code == 2 and said in done.stderr, done.stderr
    assert not (settings.parent / "own.duckdb").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("smtp = 3\n", "smtp must be a section, [smtp], got 3"),
        ("mail = 'x'\n", "mail must be a section, [mail], got 'x'"),
    ],
)
def test_a_value_where_a_section_is_meant_is_told(tmp_path: Path, content: str, said: str) -> None:
    """The error names the section."""
    settings = office(tmp_path / "desk")
    settings.write_text(content + settings.read_text(encoding="utf-8"), encoding="utf-8")
    done = incidents(*words(settings))
    assert done.exit_code == 2 and said in done.stderr


HEAD = "From: reports@example.org\r\nTo: duty@example.org\r\nMessage-ID: <{name}@example.org>\r\n"


def mail(folder: Path, name: str, more: str = "") -> Path:
    """A small mail as a file."""
    path = folder / f"{name}.eml"
    path.write_bytes(f"{HEAD.format(name=name)}{more}\r\nText.\r\n".encode())
    return path


def test_a_crash_between_sending_and_writing_down_sends_the_same_mail_again(
    blank: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice with one Message-ID, by which mail programs tell; once written down, not a third time."""

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    files, server = [mail(tmp_path, "one")], Desk()
    with serving(server) as port:
        with monkeypatch.context() as patched:
            patched.setattr(delivery, "record_sent", crash)
            with pytest.raises(KeyboardInterrupt):
                deliver(blank, "duty", files, plain_options(port), sent_at=CLOCK)
        assert [mail.waiting for mail in due_mails(blank)] == [("duty@example.org",)]
        people = [deliver(blank, "duty", files, plain_options(port), sent_at=CLOCK).people for _ in range(2)]
    assert people == [1, 0] and [opened(one)["Message-ID"] for one in server.got] == ["<one@example.org>"] * 2
    assert blank.rows("FROM sent_mail") == [("<one@example.org>", "duty", "duty@example.org", "", CLOCK)]


def test_drafts_and_other_files_are_not_sent_and_one_failure_stops_no_other(blank: Store, tmp_path: Path) -> None:
    """Of a page, a draft and two mails, the second is tried although the first was refused."""
    (tmp_path / "page.html").write_text("From: x", encoding="utf-8")
    first, second = mail(tmp_path, "first"), mail(tmp_path, "second", "Cc: x@example.org\r\n")
    first.write_bytes(first.read_bytes().replace(b"duty@", b"gone@"))
    files = [tmp_path / "page.html", mail(tmp_path, "draft", "X-Unsent: 1\r\n"), first, second]
    assert deliver(blank, "duty", files, None, sent_at=CLOCK).unsent == ("first.eml", "second.eml")
    server = Desk(refuses=("gone@example.org",))
    with serving(server) as port:
        done = deliver(blank, "duty", files, plain_options(port), sent_at=CLOCK)
    assert done.people == 1 and len(done.failed) == 1 and "first.eml was not sent" in done.failed[0]
    assert [opened(one)["Message-ID"] for one in server.got] == ["<second@example.org>"]


def test_a_mail_of_an_earlier_week_is_sent_late_and_once(settings: Path) -> None:
    """What the server did not take is sent by the run of a later week, as it was, beside that week's mail; then no more."""
    down = incidents(*words(asked(settings, free_port())))
    assert down.exit_code == 6
    write_csv(settings.parent / "exports" / "c.csv", [*LATER, record("next", date(2022, 1, 4), "Diyala")])
    text = settings.read_text(encoding="utf-8").replace("2021-12-26]", "2022-01-09]")
    settings.write_text(text, encoding="utf-8")
    server = Desk()
    with serving(server) as port:
        later = incidents(*words(asked(settings, port)))
        again = incidents(*words(asked(settings, port)))
    assert (later.exit_code, again.exit_code) == (0, 0), later.stderr
    assert "duty_2021-12-26_light.eml, of an earlier run: mailed to 2 addresses" in later.stderr
    assert later.stdout.endswith("mailed to 2\n") and "mailed" not in again.stdout + again.stderr
    names = [[part.get_filename() for part in opened(one).iter_attachments()] for one in server.got]
    assert [name[0][:15] for name in names] == ["duty_2022-01-02", "duty_2021-12-26"]
    assert server.got[1].original_content == (settings.parent / "out" / "duty_2021-12-26_light.eml").read_bytes()


def test_an_address_on_a_grey_list_is_tried_again_alone(settings: Path) -> None:
    """The run says who waits and ends with 6; the next sends to that address only, also where it is then refused for good."""
    server = Desk(defers=("duty@example.org",))
    with serving(server) as port:
        first = incidents(*words(asked(settings, port)))
        server.defers = ()
        second = incidents(*words(asked(settings, port)))
        third = incidents(*words(asked(settings, port)))
    assert (first.exit_code, second.exit_code, third.exit_code) == (6, 0, 0)
    assert first.stdout.endswith("mailed to 1\n") and second.stdout.endswith("mailed to 1\n")
    assert (
        "does not take it yet for duty@example.org: 451 4.7.1 grey list, try later; the next run tries it again"
        in first.stderr
    )
    assert [one.rcpt_tos for one in server.got] == [["desk@example.org"], ["duty@example.org"]]
    assert len({opened(one)["Message-ID"] for one in server.got}) == 1
    assert sent(settings) == [("duty", "desk@example.org", ""), ("duty", "duty@example.org", "")]


def test_a_mail_is_given_up_after_its_days_and_that_is_said_once(blank: Store, tmp_path: Path) -> None:
    """On the last of its days it is tried, the day after it is given up; what is gone or overwritten is not sent either."""
    old, gone, other = (mail(tmp_path, name, "Cc: x@example.org\r\n") for name in ("old", "gone", "other"))
    options = replace(plain_options(free_port()), retry_days=3)
    assert len(deliver(blank, "duty", [old, gone, other], options, sent_at=CLOCK).failed) == 3
    gone.unlink()
    other.write_bytes(other.read_bytes().replace(b"<other@", b"<newer@"))
    late = deliver_late(blank, options, tried=(), sent_at=CLOCK + timedelta(days=3, hours=11))
    assert [line.partition(": ")[0] for line in late.failed] == [
        "gone.eml is not sent to duty@example.org",
        "old.eml was not sent",
    ]
    assert "cannot be read" in late.failed[0] and late.people == 0
    server = Desk()
    with serving(server) as port:
        ends = [
            deliver_late(blank, replace(options, port=port), tried=(), sent_at=CLOCK + timedelta(days=day)).failed
            for day in (4, 5)
        ]
    assert ends == [("old.eml is not sent to duty@example.org: given up after 3 days",), ()]
    assert server.got == [] and due_mails(blank) == []


def test_an_address_that_is_refused_later_for_good_is_let_go(blank: Store, tmp_path: Path) -> None:
    """First on a grey list, then unknown: that is told, and nobody waits any more."""
    both = mail(tmp_path, "both")
    both.write_bytes(both.read_bytes().replace(b"To: duty@", b"To: desk@example.org, duty@"))
    server = Desk(defers=("duty@example.org",))
    with serving(server) as port:
        assert deliver(blank, "duty", [both], plain_options(port), sent_at=CLOCK).people == 1
        server.defers, server.refuses = (), ("duty@example.org",)
        late = deliver_late(blank, plain_options(port), tried=(), sent_at=CLOCK)
    assert late.failed == () and "refuses duty@example.org: 550" in late.refused[0]
    assert due_mails(blank) == [] and len(server.got) == 1


def test_nothing_is_sent_that_could_not_be_written_down(small: Path, tmp_path: Path) -> None:
    """On a read-only database mails are refused, not sent each time."""
    with Store(small, read_only=True) as store, pytest.raises(StoreError, match="no mail is sent"):
        deliver(store, "duty", [mail(tmp_path, "one")], plain_options(1), sent_at=CLOCK)

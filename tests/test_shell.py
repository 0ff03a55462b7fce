"""The SQL shell: it completes, remembers, takes statements of many lines, survives what fails, and holds nothing."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from analytics.cli.shell import Shell, is_whole, session_of
from analytics.cli.words import Words
from analytics.query.request import Limits
from analytics.store import Store
from tests.conftest import ROOT

pytest_plugins = ["tests.databases"]


@pytest.fixture
def shell(small: Path) -> Iterator[Shell]:
    """A shell on the small store that shows its answers on stdout, unpaged."""
    shell = Shell(str(small), Limits(seconds=2, memory=300 * 10**6, rows=100), paging=False)
    yield shell
    shell.close()


def converse(shell: Shell, history: Path, typed: str) -> None:
    """Type into a shell until it ends."""
    with create_pipe_input() as keyboard:
        keyboard.send_text(typed)
        shell.run(session_of(shell, history, keyboard=keyboard, screen=DummyOutput()))


def test_statements_of_many_lines_and_history(shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Enter ends a line until a ; ends the statement; what was typed is there again after a restart."""
    converse(shell, tmp_path / "state" / "history", "select 40\r+ 2 as answer\r;\r\\q\r")
    assert re.search(r"answer\n-+\n +42\n", capsys.readouterr().out)
    converse(
        Shell(shell.database, shell.limits, paging=False), tmp_path / "state" / "history", "\x1b[A\x1b[A\x1b[A\r\x04"
    )
    assert "42" in capsys.readouterr().out
    assert (tmp_path / "state" / "history").stat().st_mode & 0o077 == 0


def test_commands(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Backslash commands describe, list and show queries, explain, and change how answers look; an unknown one is told."""
    expected = {
        "\\d": "one row per incident, in the version known now",
        "\\d incidents": "People killed, best estimate",
        "\\d weekly": "aggregate such as avg",
        "\\s": "@clusters",
        "\\s clusters": "-- param: days integer = 3",
        "@deadliest_weeks weeks=1": "region",
        "\\e from incidents": "incident_version",
        "\\h": "Ctrl-D leaves",
        "\\f json": "",
        "select 1 as x;": '[{"x": 1}]',
        "\\x": "",
        "select 2 as x; ": "x  2",
        "select 'a' as who, 2 as n": "a",
        "\\plot": "a │█",
        "\\plot bar y=n": "n by who",
        "@casualties_by_group": "total_only",
        "\\plot ": "Who was killed",
        "\\d nothing": "",
    }
    shell.limits = Limits(seconds=30, rows=100)
    shell.words.ask()
    for text, words in expected.items():
        shell.answer(text)
        assert words in capsys.readouterr().out, text
    for text, words in {
        "\\z": "\\z is no command; \\h shows them", "\\f exel": "not known; choose from table", "@clusterz": "did you mean @clusters",
        "@clusters 3": "'3' is not NAME=VALUE",
        "\\plot bar y=m": "no column 'm'", "\\d nothing": "no table, view or macro 'nothing'", "select gone;": "gone",
    }.items():  # fmt: skip
        shell.answer(text)
        assert words in capsys.readouterr().err, text


HOSTILE = [
    "with x as (copy (select 1) to '{database}.wal') select 1;", "attach ':memory:' as x;", "set threads = 1;", "from read_text('{database}');",
    "from read_csv('https://localhost/x');", "select getenv('HOME');", "load icu;", "select 1; drop table load;", "@../../etc/passwd",
    "\\s ../clusters", "\\d load'; drop table load; --",
]  # fmt: skip


def test_nobody_gets_out(shell: Shell, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is refused to `incidents sql` is refused to the shell, which goes on."""
    before = small.read_bytes()
    shell.words.ask()
    for text in HOSTILE:
        shell.answer(text.format(database=small))
        heard = capsys.readouterr()
        assert heard.err.startswith("error: "), text
        assert heard.out == "", text
    assert small.read_bytes() == before
    assert not Path(f"{small}.wal").exists()
    shell.answer("select 'still here' as x;")
    assert "still here" in capsys.readouterr().out


def test_runaways_leave_the_shell_alive(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits of time, memory and rows hold in the shell, each is told in one line, and the next statement is answered."""
    for text, words in {
        "select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = -1;": "longer than 2 s",
        "select list(range) from range(1000000000);": "300 MB of memory",
        "from range(1000);": "the first 100 rows of more",
        "select 7 as x;": "1 rows",
    }.items():
        shell.answer(text)
        heard = capsys.readouterr()
        assert words in heard.err, text
        assert heard.err.count("\n") == 1


def test_an_open_shell_does_not_block_a_load(shell: Shell, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between statements the database is free; while another writes, the shell says who, and goes on after."""
    shell.answer("from incidents limit 1;")
    with Store(small) as store:
        store.run("BEGIN")
        shell.answer("select 1 as x;")
        assert f"process {os.getpid()}" in capsys.readouterr().err
    shell.answer("select 5 as x;")
    assert "5" in capsys.readouterr().out


def completions(words: Words, text: str) -> list[str]:
    """What is offered after a text."""
    return [found.text for found in words.get_completions(Document(text), CompleteEvent())]


def test_completion(small: Path) -> None:
    """Tables after FROM, columns and functions elsewhere, saved queries after @; nothing before a letter is typed."""
    words = Words(str(small))
    assert completions(words, "sel") == ["SELECT"]
    words.ask()
    assert completions(words, "select * from incid") == [
        "incident_changes",
        "incident_store",
        "incident_version",
        "incidents",
        "incidents_as_of",
    ]
    assert {"killed", "killed_low"} <= set(completions(words, "select kil"))
    assert "count_if" in completions(words, "select cou")
    assert completions(words, "@clus") == ["clusters"]
    assert completions(words, "\\d week") == ["week_of", "weekly", "weekly_as_of"]
    assert completions(words, "select ") == []
    assert all(found.display_meta_text for found in words.get_completions(Document("from week"), CompleteEvent()))


@pytest.mark.parametrize(
    ("text", "whole"), [("", True), ("select 1", False), ("select 1;", True), ("select ';\n'; ", True), ("\\d", True), ("@x", True)]
)  # fmt: skip
def test_what_enter_sends(text: str, whole: bool) -> None:
    """A statement is sent when its semicolon is there."""
    assert is_whole(text) is whole


def test_in_a_real_terminal(small: Path, tmp_path: Path) -> None:
    """On a terminal `incidents sql` is a shell: it answers, Ctrl-C stops a query and not the shell, Ctrl-D ends it."""
    ours, theirs = pty.openpty()
    environment = os.environ | {
        "XDG_STATE_HOME": str(tmp_path),
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
        "LINES": "40",
        "COLUMNS": "100",
    }
    words = [sys.executable, "-m", "analytics", "--db", str(small), "sql"]
    with subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    ) as process:  # fmt: skip
        try:
            talk(ours)
            assert ended(process, ours) == 0
        finally:
            process.kill()
    os.close(ours)
    os.close(theirs)


def talk(terminal: int) -> None:
    """What a person at the terminal types, and waits for."""
    wait(terminal, "small>")
    os.write(terminal, b"select 6 * 7 as x;\r")
    wait(terminal, "42")
    os.write(terminal, b"select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = -1;\r")
    wait(terminal, "\x1b[?2004l", plain=False)  # the prompt has let go of the keyboard
    time.sleep(0.5)
    os.write(terminal, b"\x03")
    wait(terminal, "stopped")
    os.write(terminal, b"select 'ali' || 've' as x, 5 as n;\r")
    wait(terminal, "alive")
    os.write(terminal, b"\\plot\r")
    wait(terminal, "alive \u2502\u2588\u2588")


def ended(process: "subprocess.Popen[bytes]", terminal: int) -> int | None:
    """How a shell ends when Ctrl-D is typed; again where it did not listen yet."""
    for _ in range(20):
        os.write(terminal, b"\x04")
        if select.select([terminal], [], [], 1)[0]:
            os.read(terminal, 65536)
        if process.poll() is not None:
            break
    return process.poll()


def wait(terminal: int, words: str, *, plain: bool = True) -> None:
    """Read a terminal until it shows some words (plain: without its control sequences); say where the cursor is."""
    shown, end = "", time.monotonic() + 30
    while words not in (re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown) if plain else shown):
        assert time.monotonic() < end, f"{words!r} is not shown in {shown!r}"
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
        if "\x1b[6n" in shown:
            shown = shown.replace("\x1b[6n", "")
            os.write(terminal, b"\x1b[1;1R")

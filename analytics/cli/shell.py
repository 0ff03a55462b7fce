"""The SQL shell: a prompt that remembers and completes, one confined process per statement, nothing held in between."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, ClassVar

import click

from analytics.cli.words import Words
from analytics.errors import AnalyticsError, OptionError
from analytics.query.process import Worker
from analytics.query.request import Limits, Request
from analytics.query.saved import saved_queries, saved_query

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

HELP = """\
End a statement with ; and press Enter; Alt-Enter sends it as it stands, Ctrl-C stops it, Ctrl-D leaves.
  \\d           what the tables, views and macros hold
  \\d NAME      the columns of one, or its arguments
  \\s           saved queries
  \\s NAME      the SQL of one
  @NAME k=v    answer a saved query
  \\f FORMAT    show answers as table, vertical, markdown, csv, json, ...
  \\x           vertical and back
  \\e SQL       how a query would be answered
  \\plot        draw the last query's answer; \\plot FILE writes it to a .html or .png
  \\plot SPEC   draw it so, as in: \\plot bar x=place y=killed
  \\q           leave
"""


class Shell:
    """A conversation with one database, which is open only while a statement is answered."""

    def __init__(self, database: str, limits: Limits, form: str = "table", *, paging: bool = True) -> None:
        self.database = database
        self.limits = limits
        self.form = form
        self.paging = paging
        self.words = Words(database)
        self._worker = Worker()
        self._last: tuple[str, dict[str, Any]] = ("", {})

    def run(self, session: "PromptSession[str]") -> None:
        """Ask for statements and answer them until the end."""
        self.words.learn()
        while True:
            try:
                text = session.prompt()
                if text.strip() in ("\\q", "quit", "exit", "quit;", "exit;"):
                    break
                self.answer(text)
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
        self.close()

    def close(self) -> None:
        """End what waits for the next statement."""
        self._worker.close()

    def answer(self, text: str) -> None:
        """Answer one statement or backslash command; what fails is told, and the conversation goes on."""
        try:
            self._obey(text.strip())
        except AnalyticsError as error:
            click.echo(f"error: {error}", err=True)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)

    def _obey(self, text: str) -> None:
        word, _, rest = text.partition(" ")
        command = self._COMMANDS.get(word)
        if command is not None:
            command(self, rest.strip())
        elif text.startswith("\\"):
            raise OptionError(f"{word} is no command; \\h shows them")
        elif text.startswith("@"):
            name, *pairs = text.removeprefix("@").rstrip("; ").split()
            query, given = saved_query(name), _pairs(pairs)
            self._last = text.split()[0].rstrip(";"), dict(given)
            self._show(query.sql, query.values(given))
        elif text:
            self._last = text, {}
            self._show(text)

    def _show(self, sql: str, parameters: dict[str, Any] | None = None, *, explain: bool = False) -> None:
        """Answer a query on the screen, in pages where it is longer."""
        request = Request(
            database=self.database, sql=sql, form=self.form, parameters=parameters or {}, explain=explain, limits=self.limits,
        )  # fmt: skip
        heard: list[bytes] = []
        worker, self._worker = self._worker, Worker()
        outcome = worker.ask(request, heard.append)
        self._page(b"".join(heard).decode())
        more = f"the first {outcome.rows:,} rows of more" if outcome.more else f"{outcome.rows:,} rows"
        click.echo(f"({more}, {outcome.seconds:.2f} s)", err=True)

    def _page(self, text: str) -> None:
        size = get_terminal_size()
        lines = text.splitlines()
        if self.paging and (len(lines) >= size.lines - 1 or max(map(len, lines), default=0) > size.columns):
            os.environ.setdefault("LESS", "-SFX")
            click.echo_via_pager(text)
        else:
            click.echo(text, nl=False)

    def _describe(self, name: str) -> None:
        from analytics.store.describing import OBJECTS, PARTS

        if name and name not in self.words.objects and self.words.objects:
            raise OptionError(f"there is no table, view or macro {name!r}; \\d names them")
        self._show(PARTS if name else OBJECTS, {"name": name} if name else {})

    def _saved(self, name: str) -> None:
        if name:
            click.echo(saved_query(name.removeprefix("@")).sql.rstrip())
            return
        self._page("".join(f"@{query.name:25} {query.title}\n" for query in saved_queries()))

    def _format(self, form: str) -> None:
        from analytics.output import check_format

        check_format(form, sys.stdout)
        self.form = form

    def _turn(self, _: str) -> None:
        self.form = "table" if self.form == "vertical" else "vertical"

    def _explain(self, sql: str) -> None:
        self._show(sql, explain=True)

    def _plot(self, words: str) -> None:
        """Draw the last query's answer: FILE and SPEC as they are given."""
        from analytics.cli.plots import draw

        if not self._last[0]:
            raise OptionError("nothing was asked yet; \\plot draws the last query's answer")
        first, _, rest = words.partition(" ")
        out = Path(first) if first.lower().endswith((".html", ".png")) else None
        limits = replace(self.limits, rows=0)
        draw(Path(self.database), limits, *self._last, chart=rest.strip() if out else words, out=out)

    def _help(self, _: str) -> None:
        click.echo(HELP, nl=False)

    _COMMANDS: ClassVar[dict[str, Callable[["Shell", str], None]]] = {
        "\\d": _describe, "\\s": _saved, "\\f": _format, "\\x": _turn, "\\e": _explain, "\\plot": _plot, "\\h": _help, "\\?": _help, "help": _help,
    }  # fmt: skip


def _pairs(words: list[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise OptionError(f"{word!r} is not NAME=VALUE")
    return dict(word.split("=", 1) for word in words)


def history_file() -> Path:
    """Where statements are remembered from one conversation to the next."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "incidents" / "history"


def session_of(
    shell: Shell, history: Path, *, keyboard: "Input | None" = None, screen: "Output | None" = None
) -> "PromptSession[str]":
    """The prompt: it highlights SQL, completes words, keeps its history, and lets Enter end a line until a ; does."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import ThreadedCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    from prompt_toolkit.lexers import PygmentsLexer
    from pygments.lexers.sql import SqlLexer

    kept: History = InMemoryHistory()
    try:
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
        kept = FileHistory(str(history))
    except OSError as error:
        click.echo(f"statements are not remembered: {error}", err=True)
    return PromptSession(
        f"{Path(shell.database).stem}> ",
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: "." * (width - 1) + " ",
        history=kept,
        auto_suggest=AutoSuggestFromHistory(),
        completer=ThreadedCompleter(shell.words),
        complete_while_typing=True,
        lexer=PygmentsLexer(SqlLexer),
        key_bindings=_keys(),
        input=keyboard,
        output=screen,
    )


def _keys() -> Any:
    """Enter sends a whole statement, and starts a new line in one that is not."""
    from prompt_toolkit.filters import completion_is_selected, has_completions
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter", filter=~(has_completions & completion_is_selected))
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    return keys


def is_whole(text: str) -> bool:
    """Whether a text needs no more lines: nothing, a command, a saved query, or a statement with its semicolon."""
    text = text.strip()
    return not text or text[0] in "\\@" or text.endswith(";") or text in ("help", "quit", "exit")

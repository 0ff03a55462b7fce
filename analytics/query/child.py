"""The process that answers one query: it opens the database locked, gives up what it does not need, and streams.

It reads a `Request` as one line on stdin, writes the answer's bytes to stdout and its outcome, as one line of JSON, to
stderr. It ends when its stdin does, so that no query outlives whoever asked.
"""

import json
import math
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import IO, Any

from analytics import output
from analytics.errors import AnalyticsError, LimitError, QueryError
from analytics.query.request import Limits, Request
from analytics.store import Question, Store

_NEEDS = {"table": "tabulate", "markdown": "tabulate", "parquet": "pyarrow.parquet", "arrow": "pyarrow.ipc"}
"""What a format imports: once the process is confined, no file can be opened any more."""

_OVERHEAD = 256 * 2**20
"""Bytes by which the system's limits are wider than those that the database and the one who asks hold themselves."""

_OPEN_FILES = 64
"""Files that may be open where the query may use temporary disk; 0 otherwise."""


def main() -> None:
    """Answer the question on stdin and end."""
    line = sys.stdin.readline()
    if not line:
        return
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    outcome = _outcome(Request.from_json(line), sys.stdout.buffer)
    sys.stderr.write(f"{json.dumps(outcome)}\n")
    sys.stderr.flush()
    os._exit(0)  # what is left of a query that was cut short is not waited for


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(1)


def _outcome(request: Request, out: IO[bytes]) -> dict[str, Any]:
    """What came of a request: its number of rows and whether there were more, or its error."""
    try:
        cut = answer(request, out)
    except AnalyticsError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": LimitError.__name__, "message": "the query needs more memory than it may have"}
    except Exception as error:  # the edge of the process: whatever it is has no other way out
        return {"error": QueryError.__name__, "message": f"the answer failed: {type(error).__name__}: {error}"}
    return {"rows": cut.given, "more": cut.more}


def answer(request: Request, out: IO[bytes]) -> "Cut":
    """Write the answer of *request* to *out*; from here on the process can open no file and write none but *out*."""
    if request.form in _NEEDS:
        import_module(_NEEDS[request.form])
    "".encode("unicode_escape")  # a codec is a module, too
    cut = Cut(request.limits.rows)
    with Store(request.database, locked=True, config=_config(request)) as store:
        confine(request.limits)
        question = Question(store, f"EXPLAIN {request.sql}" if request.explain else request.sql, request.parameters)
        if request.form in ("parquet", "arrow"):
            reader = question.reader()
            batches = cut.of(reader, lambda batch, count: batch.slice(0, count))
            output.write_batches(reader.schema, batches, request.form, out)
        else:
            for piece in _pieces(question, request.form, cut):
                out.write(piece.encode(errors="replace"))
        out.flush()
    return cut


class Cut:
    """Counts rows on their way out, and lets no more than *limit* of them pass (0: all)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.given = 0
        self.more = False

    def of(
        self, batches: Iterable[Any], take: Callable[[Any, int], Any] = lambda batch, count: batch[:count]
    ) -> Iterator[Any]:
        """The batches as far as the limit; *take* makes the beginning of one."""
        for batch in batches:
            room = self.limit - self.given if self.limit else len(batch)
            self.more = len(batch) > room
            self.given += min(len(batch), room)
            yield take(batch, room) if self.more else batch
            if self.more:
                return


def _pieces(question: Question, form: str, cut: Cut) -> Iterator[str]:
    """The answer as text; a plan is shown as it is."""
    if question.is_plan:
        plan = "".join(str(row[-1]) for batch in question.rows() for row in batch)
        return (f"{output.shown(line)}\n" for line in plan.splitlines())
    names = [column.name for column in question.columns]
    if mark := output.SEPARATORS.get(form):
        return chain([output.separated_header(names, mark)], map("".join, cut.of(question.lines(mark))))
    rows = output.plain_rows(cut.of(question.rows()))
    return output.pieces(
        output.Rows(names=names, numeric=[column.numeric for column in question.columns], batches=rows), form
    )


def _config(request: Request) -> dict[str, str]:
    limits = request.limits
    return {
        "memory_limit": f"{limits.memory}B",
        "temp_directory": request.folder,
        **({"threads": str(limits.threads)} if limits.threads else {}),
    }


def confine(limits: Limits) -> None:
    """Give up the right to open files, to write any, and to use more memory and processor time than *limits* allow.

    The operating system holds these limits, whatever the database does; Windows has none of them, and macOS does not
    hold that of memory: there the database's own limit is all.
    """
    try:
        import resource
    except ImportError:
        return
    held = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.disk + _OVERHEAD if limits.disk else 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES if limits.disk else 0,
    }
    if limits.seconds:
        held[resource.RLIMIT_CPU] = math.ceil(limits.seconds * (os.cpu_count() or 1)) + 1
    if (used := _address_space()) is not None:
        held[resource.RLIMIT_AS] = used + limits.memory + limits.memory // 4 + _OVERHEAD
    for kind, most in held.items():
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # at the soft limit of time it is told why it ends, at the hard one it is not
        resource.setrlimit(kind, (least, hard if kind == resource.RLIMIT_CPU else least))


def _address_space() -> int | None:
    """Bytes of address space in use; None where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")

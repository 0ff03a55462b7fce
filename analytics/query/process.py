"""The side that asks: it starts the process that answers, passes on its bytes, and stops it at the limit of time."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any

from analytics import errors
from analytics.errors import AnalyticsError, LimitError, QueryError
from analytics.query.request import Request, sized

_CHUNK = 1 << 16
_LOOK = 0.05
"""Seconds between looks at the clock and the temporary files."""
_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All that the process is given of the environment: what Python itself needs to start."""

_START = "import sys; sys.path[:] = sys.argv[1:]; from analytics.query.child import main; main()"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a query ended: the rows given, whether there were more than the limit, and the seconds it took."""

    rows: int
    more: bool
    seconds: float


class Worker:
    """A process that answers one query; started at once, so that it is ready when the question comes.

    A context manager: at its end the process is gone, whatever became of the query.
    """

    def __init__(self) -> None:
        paths = [str(Path(path).resolve()) for path in sys.path]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves, with nothing of the query on the command line
            [sys.executable, "-I", "-S", "-X", "utf8", "-c", _START, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=Path(sys.executable).anchor,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the one who asks, who then stops this
        )
        self._answer: queue.Queue[bytes] = queue.Queue(maxsize=16)
        self._words: queue.Queue[bytes] = queue.Queue()
        self._closed = False
        self._listen(self._process.stdout, self._answer)
        self._listen(self._process.stderr, self._words)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: Request, write: Callable[[bytes], Any]) -> Outcome:
        """Pass the answer of *request* to *write* as it comes.

        Raises LimitError where a limit was reached, and QueryError or StoreError as the database says. What was
        written by then is the beginning of an answer and not the whole.
        """
        folder = tempfile.mkdtemp(prefix="incidents-") if request.limits.disk else ""
        began = monotonic()
        try:
            request = replace(request, database=str(Path(request.database).resolve()), folder=folder)
            self._send(request)
            self._pass_on(write, request)
            found = self._outcome(request)
        finally:
            self.close()
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        return Outcome(rows=found["rows"], more=found["more"], seconds=monotonic() - began)

    def close(self) -> None:
        """End the process now."""
        self._closed = True
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _listen(self, stream: IO[bytes] | None, heard: "queue.Queue[bytes]") -> None:
        threading.Thread(target=self._hear, args=(stream, heard), daemon=True).start()

    def _hear(self, stream: IO[bytes], heard: "queue.Queue[bytes]") -> None:
        """Put what comes on *stream* into *heard*, and b"" at its end."""
        with stream:
            while chunk := stream.read(_CHUNK):
                while not self._closed:
                    try:
                        heard.put(chunk, timeout=1)
                        break
                    except queue.Full:
                        continue
        if not self._closed:
            heard.put(b"")

    def _send(self, request: Request) -> None:
        stdin = self._process.stdin
        try:
            stdin.write(f"{request.to_json()}\n".encode())  # type: ignore[union-attr]
        except BrokenPipeError:
            return  # it has ended by itself: its last words say why

    def _pass_on(self, write: Callable[[bytes], Any], request: Request) -> None:
        """Pass on what comes until it ends; the time that *write* takes does not count."""
        left = request.limits.seconds or float("inf")
        while True:
            began = monotonic()
            try:
                chunk = self._answer.get(timeout=min(left, _LOOK))
            except queue.Empty:
                chunk = None
            left -= monotonic() - began
            if left <= 0:
                raise LimitError(_too_long(request))
            if request.folder and _on_disk(Path(request.folder)) > request.limits.disk:
                raise LimitError(_too_much(request))
            if chunk == b"":
                return
            if chunk:
                write(chunk)

    def _outcome(self, request: Request) -> dict[str, Any]:
        """The last words of the process as its outcome; an error in them is raised."""
        words = b""
        while chunk := self._words.get():
            words += chunk
        code = self._process.wait()
        lines = words.decode(errors="replace").strip().splitlines()
        if lines and lines[-1].startswith("{"):
            found: dict[str, Any] = json.loads(lines[-1])
            if "error" in found:
                raise _error(found, request)
            return found
        raise _death(code, lines, request)


def _on_disk(folder: Path) -> int:
    """Bytes of the temporary files; those that go meanwhile do not count."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _too_long(request: Request) -> str:
    return f"the query took longer than {request.limits.seconds:g} s and was stopped; --timeout allows more"


def _too_much(request: Request) -> str:
    disk = f" and {sized(request.limits.disk)} of disk" if request.limits.disk else ""
    return (
        f"the query needs more than {sized(request.limits.memory)} of memory{disk} and was stopped; "
        "--memory allows more, --disk allows temporary files"
    )


def _error(found: dict[str, Any], request: Request) -> AnalyticsError:
    kind = getattr(errors, found["error"])
    return LimitError(_too_much(request)) if kind is LimitError else kind(found["message"])


def _death(code: int, lines: list[str], request: Request) -> AnalyticsError:
    """What to say of a process that ended without a word."""
    name = _SIGNALS.get(-code, "")
    if name == "SIGXCPU":
        return LimitError(_too_long(request))
    if name in ("SIGABRT", "SIGKILL"):
        return LimitError(_too_much(request))
    last = name or (lines[-1] if lines else f"exit code {code}")
    return QueryError(f"the process that answers queries broke off ({last}); the database is unharmed")


_SIGNALS = {int(number): number.name for number in signal.Signals}

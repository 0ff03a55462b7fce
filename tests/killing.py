"""A real `incidents load`, killed in one of its phases, and what the database then holds, as something that compares."""

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from analytics.store import Store
from tests.conftest import ROOT

MARKS = {
    "starting": "",
    "reading": "SELECT schema_version",
    "staging": "BEGIN",
    "writing": "TEMP TABLE staged",
    "commit": "INSERT INTO load VALUES",
    "checkpoint": "COMMIT",
}
"""Phases of a load, and the statement (as -v says it) that each begins with the end of: Python and the database's opening,
the file's bytes, its rows, the history, the end of the transaction, and what is written when that has ended."""

PHASES = tuple(MARKS)
ALIVE = 600
"""Seconds after which a load is taken to hang."""

State = dict[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Loading:
    """A load of *file* into *database* by the command, with its temporary files in *folder*."""

    database: Path
    file: Path
    folder: Path
    options: tuple[str, ...] = ("--known-at", "2030-01-01")

    def start(self) -> "subprocess.Popen[str]":
        """A real process of the command, saying each SQL statement on stderr when it is done."""
        words = ["--db", str(self.database), "load", str(self.file), *self.options, "--verbose"]
        return subprocess.Popen(
            [sys.executable, "-m", "analytics", *words],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


class Clock:
    """Which phase a process is in by the statements that it has said, and when each began."""

    def __init__(self) -> None:
        self.phase = 0
        self.began = {PHASES[0]: time.monotonic()}

    def hear(self, line: str) -> None:
        """Go on to the phase that *line* begins, if it begins one."""
        for number in range(self.phase + 1, len(PHASES)):
            if MARKS[PHASES[number]] in line:
                self.phase = number
                self.began[PHASES[number]] = time.monotonic()

    @property
    def name(self) -> str:
        """The phase."""
        return PHASES[self.phase]


def unbroken(loading: Loading) -> dict[str, float]:
    """Let a load end; the seconds that each of its phases took."""
    clock = Clock()
    with loading.start() as process:
        assert process.stderr is not None
        for line in process.stderr:
            clock.hear(line)
    assert process.returncode == 0
    moments = [*clock.began.values(), time.monotonic()]
    return {name: moments[number + 1] - moments[number] for number, name in enumerate(clock.began)}


def killed(loading: Loading, phase: str, delay: float) -> str:
    """Kill a load *delay* seconds after it came into *phase*; the phase it was in when it died, or "ended"."""
    clock = Clock()
    with loading.start() as process:
        assert process.stderr is not None
        if phase == PHASES[0]:
            threading.Timer(delay, process.kill).start()
        armed = phase == PHASES[0]
        for line in process.stderr:
            clock.hear(line)
            if not armed and PHASES.index(phase) <= clock.phase:
                armed = True
                threading.Timer(delay, process.kill).start()
        process.wait(ALIVE)
    return "ended" if process.returncode == 0 else clock.name


def state(path: Path) -> State:
    """Rows and a checksum of every table of the database, but for the clock times of loads; opened as readers open it."""
    with Store(path, read_only=True) as store:
        names = store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY 1")
        return {name: _contents(store, name) for (name,) in names}


def _contents(store: Store, table: str) -> tuple[int, int]:
    columns = "* EXCLUDE (loaded_at)" if table == "load" else "*"
    rows, checksum = store.rows(
        f"SELECT count(*), coalesce(sum(CAST(hash(t) AS HUGEINT)), 0) FROM (SELECT {columns} FROM {table}) AS t"  # noqa: S608
    )[0]
    return rows, checksum


def copied(database: Path, target: Path) -> Path:
    """A copy of a closed *database*, in place of what is at *target*."""
    for left in (target, target.with_name(f"{target.name}.wal")):
        left.unlink(missing_ok=True)
    shutil.copyfile(database, target)
    return target

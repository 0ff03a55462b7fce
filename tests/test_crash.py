"""Whatever stops a load: the database opens, holds all of it or none, and takes it again; and what stood in the way is one line."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analytics.errors import StoreError
from analytics.store import SCHEMA_VERSION, Store, fresh_store, load
from tests.conftest import ROOT
from tests.desk import incidents
from tests.killing import PHASES, Loading, State, copied, killed, state
from tests.store_files import NOW, at, incident, load_rows, write_csv, xanadu

SPREAD = {"reading": 0.0, "staging": 0.02, "writing": 0.1, "commit": 0.0, "checkpoint": 0.0}
"""Seconds into a phase at which a load is killed; when a phase ends the machine decides, and any moment will do."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of some records, a file that corrects half of them and adds more, and a database with both."""
    folder = tmp_path_factory.mktemp("crash")
    rows = [incident(str(number), note="x" * 50, killed=number % 5) for number in range(4_000)]
    corrected = [row | {"killed": 9} if number % 2 else row for number, row in enumerate(rows)]
    path = write_csv(folder / "desk.csv", corrected)
    with xanadu(folder / "base.db") as store:
        load_rows(store, folder, rows[:2000], source="desk", known_at=at("2029-01-01"))
    write_csv(path, corrected)
    copied(folder / "base.db", folder / "both.db")
    reloaded(folder / "both.db", path)
    return folder


def reloaded(database: Path, path: Path) -> State:
    """Load *path* as the killed process would have; what the database holds then."""
    with Store(database) as store:
        load(store, path, loaded_at=NOW, known_at=at("2030-01-01"))
    return state(database)


@pytest.mark.parametrize("phase", SPREAD)
def test_a_load_that_is_killed(files: Path, tmp_path: Path, phase: str) -> None:
    """A load whose process is killed is there as a whole or not at all, for readers at once, and loading again completes it."""
    database = copied(files / "base.db", tmp_path / "db")
    died = killed(Loading(database=database, file=files / "desk.csv", folder=tmp_path), phase, SPREAD[phase])
    assert died in PHASES[PHASES.index(phase) :] or died == "ended"
    before, both, found = state(files / "base.db"), state(files / "both.db"), state(database)
    assert found in (before, both)
    again = reloaded(database, files / "desk.csv")
    assert again | {"load": both["load"]} == both
    assert again == both or found == both  # loaded a second time, it is in the log a second time


def test_a_file_system_without_room(files: Path, tmp_path: Path) -> None:
    """Where the database cannot grow, a load ends with 4 and one line that names the file, and changes nothing."""
    pytest.importorskip("resource", reason="needs limits of file sizes, which Windows has not")
    from tests.limited import filled

    databases = {most: copied(files / "base.db", tmp_path / f"{most}.db") for most in (1 << 16, 1 << 18)}
    before = state(files / "base.db")
    for done in filled(files / "desk.csv", databases):
        assert (done["code"], done["out"]) == (4, ""), done
        assert re.fullmatch(
            r"incidents: \S+\.db(\.wal|) cannot be written: file too large; free some room there and try again, "
            r"\S+\.db is as it was before\n", str(done["err"]),
        ), done  # fmt: skip
    assert [state(path) for path in databases.values()] == [before] * 2


def in_a_namespace(folder: Path, script: str) -> str:
    """What a shell script says that may mount what it likes, where nobody else sees it; skips where that is not permitted."""
    try:
        probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(folder)], capture_output=True)
    except OSError:
        pytest.skip("needs unshare, which Linux has")
    if probe.returncode:
        pytest.skip(f"mounting is not permitted here: {probe.stderr.decode().strip()}")
    command = f"{sys.executable} -m analytics"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"I='{command}'\n{script}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_a_full_disk(files: Path, tmp_path: Path) -> None:
    """On a disk that is full, a load ends with 4 and one line that names file and reason, and what is there is as it was."""
    copied(files / "base.db", tmp_path / "base.db")
    size = (tmp_path / "base.db").stat().st_size + 200_000
    said = in_a_namespace(
        tmp_path,
        f"mkdir disk && mount -t tmpfs -o size={size} none disk && cp base.db disk/own.db || exit\n"
        f"$I --db disk/own.db load {files / 'desk.csv'} --known-at 2030-01-01 -q; echo $?; cp disk/own.db* .",
    )
    assert re.fullmatch(
        r"4\nincidents: \S*own\.db(\.wal|) cannot be written: no space left on device; free some room there and try again, "
        r"disk/own\.db is as it was before\n", said,
    ), said  # fmt: skip
    assert state(tmp_path / "own.db") == state(files / "base.db")


def test_a_read_only_folder(files: Path, tmp_path: Path) -> None:
    """In a folder that is read-only, loads end with 4 and one line, whether the database is there or not; readers are served."""
    copied(files / "base.db", tmp_path / "own.db")
    said = in_a_namespace(
        tmp_path,
        "mkdir out && mount --bind . . && cd $PWD && mount -o remount,ro,bind . || exit\n"
        f"for name in own.db new.db; do $I --db $name load {files / 'desk.csv'} -q; echo $?; done\n"
        "$I --db own.db sql 'from incident_store select schema_version' --format csv",
    )
    assert said == (
        f"4\n4\nschema_version\n{SCHEMA_VERSION}\n"
        "incidents: own.db cannot be written: read-only file system; copy it to a folder that you may write to, or name another "
        "database with --db\n"
        "incidents: new.db cannot be made: read-only file system; name another database with --db\n"
    )


@contextmanager
def holder(database: Path, how: str, seconds: float) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has *database* open for so long, read_only or not."""
    code = (
        "import sys, time; from analytics.store import Store\n"
        f"with Store(sys.argv[1], read_only={how == 'reading'}): print('open', flush=True); time.sleep({seconds})"
    )
    words = [sys.executable, "-c", code, str(database)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_load_waits_for_a_reader(files: Path, tmp_path: Path) -> None:
    """A load that finds a reader waits as long as it was told, goes on once the reader ends, and else names it."""
    database = copied(files / "base.db", tmp_path / "db")
    command = ["--db", database, "load", files / "desk.csv", "-q", "--wait"]
    with holder(database, "reading", 60) as reader:
        began = time.monotonic()
        done = incidents(*command, "0.3")
        assert time.monotonic() - began >= 0.3
        assert (done.exit_code, done.stdout) == (4, "")
        assert re.fullmatch(
            rf"incidents: {database} is in use by .*python.* \(process {reader.pid}\); close it there, or try again when it is "
            r"done\n", done.stderr,
        ), done.stderr  # fmt: skip
        threading.Timer(0.3, reader.kill).start()
        assert incidents(*command, "30").exit_code == 0


def test_a_reader_during_a_load(files: Path, tmp_path: Path) -> None:
    """While a load writes, a reader is told in one line by which process and command, and is served when it is done."""
    database = copied(files / "base.db", tmp_path / "db")
    loading = Loading(database=database, file=files / "desk.csv", folder=tmp_path)
    with loading.start() as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "BEGIN" in line)
        done = incidents("--db", database, "status")
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (4, "", 1)
        assert f"-m analytics --db {str(database)[:20]}" in done.stderr
        assert f"(process {process.pid}); close it there, or try again when it is done" in done.stderr
        process.stderr.read()
    assert incidents("--db", database, "status").exit_code == 0


def test_two_processes_make_one_database(tmp_path: Path) -> None:
    """Where two loads find no database at once, one makes it, the other waits for that, and neither takes the other's place."""
    path = tmp_path / "own.db"
    code = (
        "import sys; from pathlib import Path; from datetime import datetime; from analytics.store import fresh_store\n"
        "with fresh_store(Path(sys.argv[1]), loaded_at=datetime(2030, 1, 1), wait=60) as store:\n"
        "    store.run(\"INSERT INTO place (country) VALUES ('X')\")"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT) for _ in range(2)]
    assert [process.wait(120) for process in started] == [0, 0]
    with fresh_store(path, loaded_at=NOW) as store:
        assert store.value("SELECT count(*) FROM place WHERE country = 'X'") == 2
    assert [one.name for one in tmp_path.iterdir()] == ["own.db"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A database in a folder that is not there is refused with the folder."""
    with pytest.raises(StoreError, match=r"folder .*nowhere does not exist; make it"):
        fresh_store(tmp_path / "nowhere" / "db", loaded_at=NOW)

"""Files made to hurt, at full size: what each is refused with or how it is read, in how many seconds and how much memory.

    python -m tests.benchmarks.bench_hostile [NAME ...]

Each file is loaded by a process of its own, so that the peak memory printed is that file's; *alone* is that of a process that
has only opened its database. Making the files takes longer than refusing them.
"""

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics.errors import AnalyticsError
from analytics.sources import Mapping
from analytics.store import Store, load
from tests.hostile import READ, REFUSED, Maker

NOW = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def loaded(database: Path, path: Path | None) -> tuple[float, float, float, str]:
    """Seconds of the clock and of the processors, peak memory in GB, and what came of loading *path*, in words."""
    began, used = time.perf_counter(), time.process_time()
    with Store(database) as store:
        words = told(store, path) if path else "a database is opened"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return time.perf_counter() - began, time.process_time() - used, peak, words


def told(store: Store, path: Path) -> str:
    """What came of loading *path*."""
    try:
        report = load(store, path, loaded_at=NOW, mapping=Mapping(source="desk"))
    except AnalyticsError as error:
        return f"refused: {str(error).removeprefix(f'{path}').strip(': ')}"
    return f"{report.rows_read:,} read, {report.accepted:,} accepted, {report.rejected:,} rejected"


def measured(folder: Path, name: str, make: Maker | None) -> str:
    """The line of one file, which is gone again afterwards."""
    path = folder / name
    if make:  # in a process of its own, too: what is started by a process takes over the peak of its memory
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(make, path, True).result()
    size = path.stat().st_size if path.is_file() else 0
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        clock, used, peak, words = pool.submit(loaded, folder / "db", path if make else None).result()
    if path.is_file() or path.is_symlink():
        path.unlink()
    return f"{name:<16}{size / 1e6:10.1f} MB{clock:8.2f} s{used:8.2f} s of processors{peak:7.2f} GB  {words[:150]}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        Store(folder / "db").close()
        print(measured(folder, "(alone)", None), flush=True)
        for file, (make, _) in {**REFUSED, **READ}.items():
            if not options.names or file in options.names:
                print(measured(folder, file, make), flush=True)


if __name__ == "__main__":
    main()

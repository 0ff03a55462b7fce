"""Loads killed at random moments: each time the database opens, holds all of the load or none, and can be loaded again.

    python -m tests.benchmarks.bench_crash [--kills 30] [--records 100000] [--seed 7]

The moments are random within the phases of a load, in turn, each for as long as the phase took in a load that nothing broke; a
file of corrections is loaded over an earlier one, so that versions are closed as well as added.
"""

import argparse
import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.benchmarks.bench_load import FILE
from tests.killing import PHASES, Loading, copied, killed, state, unbroken


def made(folder: Path, records: int) -> tuple[Path, Loading]:
    """A database with a first load, and the load of a corrected file that is to be killed."""
    (folder / "desk.toml").write_text('source = "desk"\n', encoding="utf-8")
    loadings = []
    for name, changed, known in (("first", 0, "2029-01-01"), ("second", 20, "2030-01-01")):
        duckdb.sql(FILE.format(records=records, path=folder / f"{name}.csv", changed=changed))
        options = ("--mapping", str(folder / "desk.toml"), "--known-at", known, "--full-release")
        loadings.append(
            Loading(database=folder / "work.db", file=folder / f"{name}.csv", folder=folder, options=options)
        )
    first, second = loadings
    unbroken(first)
    return copied(first.database, folder / "base.db"), second


def main() -> None:
    """Kill, look, load again, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    chance, fell, found = random.Random(options.seed), Counter[str](), Counter[str]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        base, loading = made(folder, options.records)
        before = state(base)
        lasted = unbroken(loading)
        after = state(loading.database)
        print("an unbroken load:", ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in lasted.items()))
        number = -1
        while fell.total() - fell["ended"] < options.kills:
            number += 1
            copied(base, loading.database)
            phase = PHASES[number % len(PHASES)]
            died = killed(loading, phase, chance.uniform(0, lasted[phase]))
            now = state(loading.database)
            holds = "none" if now == before else "all" if now == after else "PART"
            unbroken(loading)
            again = state(loading.database)
            same = {**again, "load": after["load"]} == after and (holds == "all" or again == after)
            fell[died] += 1
            found[f"{holds} of the load, {'the same' if same else 'OTHER'} after loading again"] += 1
            print(f"{number + 1:3d}  killed in {died:<11} holds {holds:<5} again: {'same' if same else 'OTHER'}")
        left = sorted(path.name for path in folder.iterdir() if path.name.startswith(loading.database.name))
    print("fell in:", ", ".join(f"{phase} {fell[phase]}" for phase in (*PHASES, "ended") if fell[phase]))
    print("found:", "; ".join(f"{count} times {words}" for words, count in found.items()))
    print("files left:", ", ".join(left))


if __name__ == "__main__":
    main()

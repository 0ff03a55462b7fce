"""The locks pin what pyproject.toml asks for, with hashes, and say nothing of where it comes from."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]

LOCKS = {
    "requirements.lock": [*PROJECT["project"]["dependencies"], *GROUPS["build"]],
    "requirements-dev.lock": GROUPS["dev"],
}

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; [^\\]*)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


def pins(lock: str) -> dict[str, set[Version]]:
    """Pinned versions of each package in a lock; a package may have one per range of Python versions."""
    found: dict[str, set[Version]] = {}
    for name, version, _ in PIN.findall((ROOT / lock).read_text(encoding="utf-8")):
        found.setdefault(name, set()).add(Version(version))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes(lock: str) -> None:
    """Nothing is left of a lock once its pins and comments are taken away: no address, no option, no loose range."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    rest = re.sub(r"^ *#.*\n", "", PIN.sub("", text), flags=re.M)
    assert rest == ""
    assert pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_meet_what_the_project_asks(lock: str) -> None:
    """Each requirement of pyproject.toml is pinned in its lock, at versions that it allows."""
    pinned = pins(lock)
    for asked in map(Requirement, LOCKS[lock]):
        versions = pinned.get(asked.name.lower(), set())
        assert versions, f"{lock} does not pin {asked.name}: run make lock"
        assert all(map(asked.specifier.contains, versions)), f"{lock} pins {asked.name} {versions}: run make lock"


def test_both_locks_agree() -> None:
    """A package that both locks pin has the same versions in both, so that they can be installed together."""
    ours, theirs = (pins(lock) for lock in LOCKS)
    assert {name: ours[name] for name in ours.keys() & theirs} == {name: theirs[name] for name in ours.keys() & theirs}


def test_the_build_group_is_what_builds_the_package() -> None:
    """What the build backend requires is in the build group, so that the package installs without network."""
    assert set(PROJECT["build-system"]["requires"]) <= set(GROUPS["build"])

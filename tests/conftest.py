"""What holds for every test: no global chance, no network, and a database of its own."""

import ipaddress
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from tests.browsers import ARGUMENTS, CHROMIUM

settings.register_profile("project", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parent.parent


def chance_state() -> tuple[Any, ...]:
    """State of both global random generators, as something that compares."""
    state: Any = np.random.get_state()  # noqa: NPY002 - read to see that nobody used it
    name, keys, *rest = state
    return (random.getstate(), name, bytes(keys), *rest)


@contextmanager
def untouched_chance() -> Iterator[None]:
    """Fail if the block draws from, or seeds, a global random generator."""
    before = chance_state()
    yield
    if chance_state() != before:
        pytest.fail("the global random state was used; pass a numpy Generator made from a seed instead")


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine, by name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_network(host: object) -> None:
    """Raise unless *host* is this machine (or no host at all)."""
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if not is_loopback(name):
        raise AssertionError(f"a test asked the network for {name!r}; only this machine may be asked")


@pytest.fixture(autouse=True)
def no_global_chance() -> Iterator[None]:
    """Fail the test that touches random's or numpy's global state."""
    with untouched_chance():
        yield


@pytest.fixture(autouse=True)
def no_settings_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no database that the person who runs them has set."""
    monkeypatch.delenv("INCIDENTS_DB", raising=False)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse look-ups and connections that leave this machine; other processes are not covered."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guard(original: Any) -> Any:
        def guarded(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse_network(address[0])
            return original(self, address)

        return guarded

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        refuse_network(host)
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guard(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Where a test's own database goes; nothing is there yet."""
    return tmp_path / "incidents.duckdb"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it are skipped where it is not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data, which is not beside this repository")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One headless Chromium for the tests of a module; they are skipped where playwright is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()

"""The guards that every test runs under do guard."""

import random
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import is_loopback, untouched_chance


def test_drawing_from_random_is_noticed() -> None:
    """A draw from Python's global generator fails the test that makes it."""
    before = random.getstate()
    with pytest.raises(pytest.fail.Exception, match="global random state"), untouched_chance():
        random.random()
    random.setstate(before)


def test_drawing_from_numpy_is_noticed() -> None:
    """A draw from numpy's global generator fails the test that makes it."""
    before = np.random.get_state()  # noqa: NPY002 - put back below
    with pytest.raises(pytest.fail.Exception, match="global random state"), untouched_chance():
        np.random.random()  # noqa: NPY002 - the offence itself
    np.random.set_state(before)  # noqa: NPY002


def test_a_generator_of_ones_own_is_free() -> None:
    """Seeded generators that are passed about are not mistaken for global ones."""
    with untouched_chance():
        np.random.default_rng(1).random(3)
        random.Random(1).random()


@given(st.integers())
def test_hypothesis_leaves_the_global_state_alone(number: int) -> None:
    """Property tests can live under the guard: hypothesis puts back the state that it sets."""
    assert isinstance(number, int)


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "2001:db8::1"])
def test_the_network_is_refused(host: str) -> None:
    """Looking up or connecting to another machine raises before anything is sent."""
    with pytest.raises(AssertionError, match="asked the network"):
        socket.create_connection((host, 80), timeout=1)


def test_an_address_is_refused_without_a_look_up() -> None:
    """Connecting to a bare address of another machine is refused too."""
    with socket.socket() as client, pytest.raises(AssertionError, match="asked the network"):
        client.connect(("192.0.2.1", 80))


def test_this_machine_may_be_asked() -> None:
    """Loopback connections work, so a test can serve to itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    assert is_loopback("127.8.8.8")
    assert is_loopback("::1")
    assert not is_loopback("10.0.0.1")


def test_each_test_has_a_database_path_of_its_own(store_path: Path, tmp_path: Path) -> None:
    """The given path lies in the test's own folder and holds nothing yet."""
    assert store_path.parent == tmp_path
    assert not store_path.exists()

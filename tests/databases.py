"""Databases that several test modules share, each built once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.pipeline import demo, fresh_store
from analytics.sources import Mapping
from analytics.store import Store, load, load_reference
from tests.conftest import ROOT
from tests.desk import CLOCK, Demo, small_store


@pytest.fixture(scope="session")
def blank_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the bundled reference data only."""
    path = tmp_path_factory.mktemp("blank") / "blank.duckdb"
    fresh_store(path, loaded_at=CLOCK).close()
    return path


@pytest.fixture
def blank(blank_path: Path, tmp_path: Path) -> Iterator[Store]:
    """A new database of the test's own, open for writing."""
    with Store(shutil.copy(blank_path, tmp_path / "own.duckdb")) as store:
        yield store


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small store, to be read only."""
    return small_store(tmp_path_factory.mktemp("small"))


@pytest.fixture
def opened(small: Path) -> Iterator[Store]:
    """The small store, open and read-only."""
    with Store(small, read_only=True) as store:
        yield store


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The bundled data's two databases and two pages."""
    folder = tmp_path_factory.mktemp("demo")
    made, page = demo(folder, loaded_at=CLOCK)
    return Demo(folder=folder, made=made, page=page)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the bundled simulated records, to be read only."""
    path, data = tmp_path_factory.mktemp("simulated") / "simulated.duckdb", ROOT / "data"
    with fresh_store(path, loaded_at=CLOCK) as store:
        mapping = Mapping.read(data / "simulated.toml")
        load(store, data / "simulated_incidents.csv", mapping=mapping, loaded_at=CLOCK)
        load_reference(store, data / "simulated_coverage.csv", "coverage", loaded_at=CLOCK)
    return path


@pytest.fixture(scope="session")
def iraq(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A database of the real UCDP records of Iraq, to be read only."""
    path = tmp_path_factory.mktemp("iraq") / "iraq.duckdb"
    with fresh_store(path, loaded_at=CLOCK) as store:
        load(store, shared_data / "ucdp_ged_iraq_v19_1_hdx.csv", loaded_at=CLOCK)
    return path

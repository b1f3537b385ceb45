"""The workers of one test session share a broker, from the ladder that all tests with a broker stand on."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from selenium.webdriver import Chrome

from tests.end_to_end.browser import chromium, complaints
from tests.end_to_end.clients.simulator import Simulator, running_simulator
from tests.end_to_end.programs import REPOSITORY, Up, peering_up
from tests.integration.broker_ladder import broker, pytest_report_header

__all__ = ["broker", "pytest_report_header"]

IMAGE_LIMIT_SECONDS: Final = 300.0


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A running simulator, for the tests that call it with the real clients."""
    with running_simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    """The image's id; it shares the stage that makes the packages with the compose file's."""
    build = ["docker", "build", "--quiet", "--target", "everything", "."]
    built = subprocess.run(
        build, cwd=REPOSITORY, capture_output=True, text=True, timeout=IMAGE_LIMIT_SECONDS, check=False
    )
    assert built.returncode == 0, built.stderr
    yield built.stdout.strip()
    subprocess.run(["docker", "image", "rm", built.stdout.strip()], capture_output=True, check=False)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Two accounts with a worker each, and the page, for all tests of a module."""
    topology = REPOSITORY / "examples" / "cross-account.yaml"
    with peering_up(topology, tmp_path_factory.mktemp("page") / "peering", PEERING_LISTEN="127.0.0.1:0") as up:
        yield up


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Chrome]:
    """A browser of the test's own, which has nothing to complain of in the end."""
    with chromium(tmp_path) as driver:
        yield driver
        assert driver.title == "Peering connections", "a text from elsewhere has run as a program"
        assert complaints(driver) == []


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """Ctrl-C reaches what is started here, also where this run was started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

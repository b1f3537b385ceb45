"""The workers of one test session share a broker, from the ladder that all tests with a broker stand on."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.clients.simulator import Simulator, running_simulator
from tests.integration.broker_ladder import broker, pytest_report_header

__all__ = ["broker", "pytest_report_header"]


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A running simulator, for the tests that call it with the real clients."""
    with running_simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running

"""The workers of the tests of faults, started once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.end_to_end.workers import Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.integration.faults.town import Town


@pytest.fixture(scope="session")
def town(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two accounts with their workers."""
    alice, bob = fresh("alice"), fresh("bob")
    town = Town(
        broker,
        Site("initiator", fresh_id("vpc"), alice),
        Site("acceptor", fresh_id("vpc"), alice),
        Site("acceptor", fresh_id("vpc"), bob, "cn-shanghai"),
    )
    asyncio.run(broker.provision([alice, bob], [(site.account.uid, site.endpoint) for site in town.sites]))
    with crew(broker, tmp_path_factory.mktemp("faults"), [alice, bob]) as gathered:
        gathered.start(*town.sites)
        _WORKERS[:] = gathered.workers
        yield town


_WORKERS: list[WorkerProcess] = []


@pytest.fixture
def far(town: Town) -> WorkerProcess:
    """The worker of Bob's endpoint."""
    return next(one for one in _WORKERS if one.site == town.far)

"""The one town that all hostile tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import aio_pika
import pytest

from shared.broker.names import DEAD_LETTER_QUEUE
from tests.end_to_end.workers import Site, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.integration.hostile.town import Town, Visit, visit


@pytest.fixture(scope="package")
def town(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Five accounts with an endpoint each, and a worker each but for Mallory, whose part the tests play.

    Bob and Dave, at whom the tests throw, log each delivery that they set aside.
    """
    roles = (
        ("mallory", "initiator"),
        ("bob", "acceptor"),
        ("carol", "initiator"),
        ("dave", "initiator"),
        ("erin", "acceptor"),
    )
    sites = [Site(role, fresh_id("vpc"), fresh(name)) for name, role in roles]
    mallory, bob, carol, dave, erin = sites
    accounts = [site.account for site in sites]
    asyncio.run(broker.provision(accounts, [(site.account.uid, site.endpoint) for site in sites]))
    with crew(broker, tmp_path_factory.mktemp("hostile"), accounts) as gathered:
        victim, _ = gathered.start(bob, dave, flags=("--log-level", "debug"))
        gathered.start(carol, erin)
        yield Town(broker, gathered, mallory, bob, carol, dave, erin, victim)
        assert all(worker.process is not None and worker.process.poll() is None for worker in gathered.workers)
    asyncio.run(forget(broker))


async def forget(broker: BrokerForTests) -> None:
    """Leave no heap of dead deliveries behind for the tests that count theirs."""
    address = broker.administrator_address
    async with await aio_pika.connect(
        host=address.host,
        port=address.port,
        login=address.user or "",
        password=address.password or "",
        virtualhost=address.vhost,
    ) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(DEAD_LETTER_QUEUE, ensure=False)
        await queue.purge()


@pytest.fixture
async def here(town: Town) -> AsyncIterator[Visit]:
    """The town in one test, with everybody logged in, and nothing on its way: tests are run in any order."""
    async with visit(town) as living:
        await living.quiet()
        yield living

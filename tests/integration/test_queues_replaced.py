"""Tests of queues that were declared with other arguments: they are replaced under load, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import yaml

from shared.broker import control
from shared.broker.amqp import depths
from shared.broker.errors import ControlPlaneError
from shared.broker.names import VHOST, endpoint_queue
from shared.broker.replacing import replace_queues, unlike_queues
from shared.broker.topology import Definitions, definitions
from tests.end_to_end.asking import Console, RefusedError, console
from tests.end_to_end.programs import PEERING, REPOSITORY
from tests.end_to_end.stories import End, both, connect, end
from tests.end_to_end.workers import Crew, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import SALT, BrokerForTests, fresh
from tests.waiting import wait_for

LIMIT_SECONDS = 90.0
BEFORE = {"x-queue-type": "quorum"}
"""The arguments of a queue as it was: without the single active consumer."""


@dataclass(frozen=True)
class Place:
    """Two accounts with an endpoint each; what Alice says to Bob lies in a queue with other arguments."""

    broker: BrokerForTests
    document: Definitions
    topology: Path
    queue: str
    workers: tuple[WorkerProcess, WorkerProcess]
    consoles: tuple[Console, Console]

    async def unlike(self) -> list[str]:
        """The queues that have other arguments than they should have."""
        return await unlike_queues(self.broker.management_url, self.document)

    async def waiting(self) -> int:
        """How much lies in the queue."""
        return (await depths(self.broker.administrator_address, [self.queue]))[self.queue].waiting

    def ends(self) -> tuple[End, End]:
        """A new pair of interfaces."""
        first, second = (end(asking, one.site) for asking, one in zip(self.consoles, self.workers, strict=True))
        return first, second

    async def replace(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        """Replace the queue."""
        address, url = self.broker.administrator_address, self.broker.management_url
        await replace_queues(address, url, self.document, [self.queue], limit_seconds)


def topology_of(sites: Sequence[Site], broker: BrokerForTests, path: Path) -> Path:
    """Write the topology file, with the broker's place in it."""
    address = broker.administrator_address
    accounts = [{"uid": one.account.uid, "password": one.account.password} for one in sites]
    endpoints = [
        {"id": one.endpoint, "kind": "vpc", "account": one.account.uid, "region": one.region, "role": one.role}
        for one in sites
    ]
    url = f"amqp://{address.host}:{address.port}/{address.vhost}"
    path.write_text(yaml.safe_dump({"broker": {"url": url}, "accounts": accounts, "endpoints": endpoints}))
    return path


async def declared_otherwise(broker: BrokerForTests, queue: str) -> None:
    """Declare a queue as another version would have."""
    path = f"{broker.management_url}/api/queues/{quote(VHOST, safe='')}/{queue}"
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_SECONDS) as client:
        (await client.put(path, json={"durable": True, "arguments": BEFORE})).raise_for_status()


def started(gathered: Crew, *sites: Site) -> tuple[WorkerProcess, WorkerProcess]:
    """Start both workers, and wait until they read their queues."""
    first, second = gathered.start(*sites)
    return first, second


@pytest.fixture
async def place(broker: BrokerForTests, tmp_path: Path) -> AsyncIterator[Place]:
    """Everybody at work, on a topology of before."""
    alice, bob = fresh("alice"), fresh("bob")
    sites = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    queue = endpoint_queue(bob.uid, sites[1].endpoint, alice.uid).name
    document = definitions([alice, bob], [(site.account.uid, site.endpoint) for site in sites], salt=SALT)
    await declared_otherwise(broker, queue)
    await control.provision(broker.management_url, document)
    with crew(broker, tmp_path, [alice, bob]) as gathered:
        workers = await asyncio.to_thread(started, gathered, *sites)
        async with console(broker, alice) as mine, console(broker, bob) as theirs:
            topology = topology_of(sites, broker, tmp_path / "topology.yaml")
            yield Place(broker, document, topology, queue, workers, (mine, theirs))


async def talk(one: End, over: asyncio.Event) -> list[str]:
    """Send one payload after the other until it is over, and return them."""
    sent: list[str] = []
    while not over.is_set():
        try:
            await one.do("send", body=f"payload {len(sent)}")
        except RefusedError as refused:
            if refused.code != "Busy":
                raise
            await one.until(unacknowledged=0)
        else:
            sent.append(f"payload {len(sent)}")
    return sent


async def test_a_queue_with_other_arguments_is_replaced_under_load_and_nothing_is_lost(place: Place) -> None:
    assert await place.unlike() == [place.queue]
    first, second = place.ends()
    await connect(first, second)
    over = asyncio.Event()
    talking = [asyncio.create_task(talk(one, over)) for one in (first, second)]
    provision = (*PEERING, "provision", str(place.topology), "--management", place.broker.management_url, "--json")
    process = await asyncio.create_subprocess_exec(*provision, cwd=REPOSITORY, stdout=subprocess.PIPE)
    async with asyncio.timeout(LIMIT_SECONDS):
        said, _ = await process.communicate()
    assert json.loads(said)["replaced"] == [place.queue]
    over.set()
    sent = await asyncio.gather(*talking)
    assert await place.unlike() == []
    await both(first, second, status="Activated", unacknowledged=0, epoch=1)
    assert [await second.inbox(), await first.inbox()] == sent


async def test_what_nobody_reads_is_not_thrown_away(place: Place) -> None:
    first, second = place.ends()
    await connect(first, second)
    assert await asyncio.to_thread(place.workers[1].stop) == 0
    await first.do("send", body="for whoever comes back")
    await wait_for(place.waiting, LIMIT_SECONDS)
    with pytest.raises(ControlPlaneError, match=f"{place.queue} has other arguments .* nobody reads: start the worker"):
        await place.replace(limit_seconds=0.0)
    assert await place.unlike() == [place.queue]
    assert await place.waiting()
    place.workers[1].start()
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["for whoever comes back"])
    await place.replace()
    assert await place.unlike() == []
    await first.do("send", body="and after")
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["for whoever comes back", "and after"])

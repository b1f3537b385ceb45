"""Tests with broker, initiator and acceptor on hosts of their own, far apart on lines that lose packets.

Each worker is 80 ms ± 20 ms and 2 % loss away from the broker, in each direction: packets really vanish, so that TCP has to
send them again (`tests/end_to_end/slow_line.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.names import VHOST
from shared.broker.topology import Account
from tests.end_to_end.asking import Console, console
from tests.end_to_end.host_brokers import Node, brokers
from tests.end_to_end.hosts import Host, Network
from tests.end_to_end.stories import End, at_rest, connect, end
from tests.end_to_end.workers import LIMIT_SECONDS, Site, WorkerProcess
from tests.integration.broker_ladder import BrokerForTests, Rung
from tests.waiting import wait_for

pytestmark = pytest.mark.hosts

ALICE = Site("initiator", "vpc-alice", Account("alice", "of-alice"))
BOB = Site("acceptor", "vpc-bob", Account("bob", "of-bob"), "cn-beijing")
SITES = (ALICE, BOB)
ATTENTIVE = ("--keepalive-seconds", "2", "--hold-seconds", "8")


@dataclass(frozen=True)
class Far:
    """Workers and their brokers, each on a host of its own; the test itself is on one beside the brokers."""

    network: Network
    nodes: list[Node]
    workers: dict[str, WorkerProcess]

    @property
    def address(self) -> BrokerAddress:
        """Where everybody logs in: at any node."""
        first, *others = [(node.host.address, 5672) for node in self.nodes]
        return BrokerAddress(*first, VHOST, others=tuple(others))

    def host(self, name: str) -> Host:
        """A host by its name."""
        return self.network.hosts[name]


@pytest.fixture(scope="module", params=[1, 3], ids=["one broker", "cluster of three"])
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """Bring up the hosts with all that runs on them; nothing of it is left afterwards."""
    folder = tmp_path_factory.mktemp("hosts")
    with ExitStack() as running:
        network = running.enter_context(Network())
        machines = [network.add(f"broker{number}") for number in range(1, request.param + 1)]
        owners = network.add("owners")
        for site in SITES:
            network.add(site.account.uid, slow=True)
        nodes = running.enter_context(brokers(folder, machines))
        there = Far(network, [*nodes], {})
        running.enter_context(owners.inside())
        asyncio.run(provisioned(there).provision([site.account for site in SITES], endpoints()))
        for site in SITES:
            within = network.hosts[site.account.uid].command()
            senders = [one.account.uid for one in SITES]
            worker = WorkerProcess(site, there.address, folder, senders, ATTENTIVE, within)
            running.callback(worker.kill)
            there.workers[site.account.uid] = worker.start()
        for worker in there.workers.values():
            worker.wait_for_lines("ready")
        yield there


def endpoints() -> list[tuple[str, str]]:
    """Each endpoint after its owner."""
    return [(site.account.uid, site.endpoint) for site in SITES]


def provisioned(far: Far) -> BrokerForTests:
    """The control over the broker, at its first node."""
    return BrokerForTests(Rung.PRIVATE, far.address, far.nodes[0].management_url)


@pytest.fixture
async def alice(far: Far) -> AsyncIterator[Console]:
    """The initiator's owner."""
    async with console(far.address, ALICE.account) as asking:
        yield asking


@pytest.fixture
async def bob(far: Far) -> AsyncIterator[Console]:
    """The acceptor's owner."""
    async with console(far.address, BOB.account) as asking:
        yield asking


async def retransmitted(*ends: End) -> int:
    """How many messages these ends' workers have said again so far."""
    counted = [await one.console.counters(one.site) for one in ends]
    return sum(one["retransmitted_messages"] for one in counted)


async def test_everything_comes_through_and_little_is_said_twice(far: Far, alice: Console, bob: Console) -> None:
    import time
    first, second = end(alice, ALICE), end(bob, BOB)
    before = await retransmitted(first, second)
    t = time.monotonic()
    await connect(first, second)
    print("connected", time.monotonic() - t, await retransmitted(first, second) - before)
    for number in range(20):
        await first.do("send", body=f"there {number}")
        await second.do("send", body=f"back {number}")
    print("sent", time.monotonic() - t, await retransmitted(first, second) - before)
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == [f"there {number}" for number in range(20)])
    await wait_for(first.inbox, LIMIT_SECONDS, until=lambda found: found == [f"back {number}" for number in range(20)])
    print("arrived", time.monotonic() - t, await retransmitted(first, second) - before)
    await second.do("suspend")
    await at_rest(first, second, "Suspended")
    await second.do("resume")
    await at_rest(first, second, "Activated")
    print("resumed", time.monotonic() - t, await retransmitted(first, second) - before)
    for name in ("alice", "bob"):
        print(name, far.network.frames(far.host(name)), await (alice if name == "alice" else bob).counters(ALICE if name=="alice" else BOB))
    assert False

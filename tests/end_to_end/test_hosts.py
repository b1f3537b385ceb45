"""Tests with broker, initiator and acceptor on hosts of their own, far apart on lines that lose packets.

Each worker is 80 ms and 2 % loss away from the broker, give or take 20 ms, in each direction. Packets really vanish, so
that TCP has to send them again (`tests/end_to_end/slow_line.py`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.names import VHOST
from shared.broker.topology import Account
from tests.end_to_end.asking import Console, console
from tests.end_to_end.host_brokers import Node, brokers
from tests.end_to_end.hosts import Host, Network
from tests.end_to_end.stories import End, both, end
from tests.end_to_end.workers import LIMIT_SECONDS, Site, WorkerProcess
from tests.integration.broker_ladder import BrokerForTests, Rung
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.timeout(900),
    # the client library sometimes leaves its own goodbye unsaid on a connection that was cut
    pytest.mark.filterwarnings("ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. .coroutine object Connection.close:pytest.PytestUnraisableExceptionWarning"
    ),
]

ALICE = Site("initiator", "vpc-alice", Account("alice", "of-alice"))
BOB = Site("acceptor", "vpc-bob", Account("bob", "of-bob"), "cn-beijing")
SITES = (ALICE, BOB)
QUORUM_QUEUES = 5
"""Two accounts may each speak to two endpoints, and dead letters have one."""
REPEATS_BEFORE_LONGEST_PAUSE, SHORTEST_LONG_PAUSE_SECONDS = 10, 3.0
"""By default: pauses of 0.5 s at first, then 1, 2, 4 and 8, a quarter less at the least; a payload and a suspension."""
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

    def lost(self) -> int:
        """How many frames have been lost on the slow lines so far."""
        return sum(self.network.frames(self.host(site.account.uid))[1] for site in SITES)

    def host(self, name: str) -> Host:
        """A host by its name."""
        return self.network.hosts[name]


@contextmanager
def far_apart(folder: Path, count: int) -> Iterator[Far]:
    """Bring up hosts with all that runs on them, the broker on so many; nothing of it is left afterwards."""
    with ExitStack() as running:
        network = running.enter_context(Network())
        machines = [network.add(f"broker{number}") for number in range(1, count + 1)]
        owners = network.add("owners")
        for site in SITES:
            network.add(site.account.uid, slow=True)
        nodes = running.enter_context(brokers(folder, machines))
        there = Far(network, [*nodes], {})
        running.enter_context(owners.inside())
        asyncio.run(control_of(there).provision([site.account for site in SITES], endpoints()))
        for site in SITES:
            within = network.hosts[site.account.uid].command()
            senders = [one.account.uid for one in SITES]
            worker = WorkerProcess(site, there.address, folder, senders, ATTENTIVE, within)
            running.callback(worker.kill)
            there.workers[site.account.uid] = worker.start()
        for worker in there.workers.values():
            worker.wait_for_lines("ready")
        yield there


ONE = pytest.param(1, id="one broker", marks=pytest.mark.xdist_group("one broker"))
CLUSTER = pytest.param(3, id="cluster of three", marks=pytest.mark.xdist_group("cluster of three"))
only_one = pytest.mark.parametrize("far", [ONE], indirect=True)
only_cluster = pytest.mark.parametrize("far", [CLUSTER], indirect=True)


@pytest.fixture(scope="module", params=[ONE, CLUSTER])
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """One broker, or three as a cluster, and two workers."""
    with far_apart(tmp_path_factory.mktemp("hosts"), request.param) as there:
        yield there


def endpoints() -> list[tuple[str, str]]:
    """Each endpoint after its owner."""
    return [(site.account.uid, site.endpoint) for site in SITES]


def control_of(far: Far) -> BrokerForTests:
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


async def connect(first: End, second: End) -> None:
    """Create both ends and initiate the connection at the first; it takes as long as the lines make it take."""
    await second.create(first)
    await first.create(second, initiate=True)
    await both(first, second, status="Activated", reason=None)


async def counted(*ends: End) -> Counter[str]:
    """What the workers of these ends have counted so far, together."""
    counts = [Counter(await one.console.counters(one.site)) for one in ends]
    return sum(counts, Counter())


async def test_everything_comes_through_and_little_is_said_twice(far: Far, alice: Console, bob: Console) -> None:
    first, second = end(alice, ALICE), end(bob, BOB)
    before, lost = await counted(first, second), far.lost()
    await connect(first, second)
    for number in range(20):
        await first.do("send", body=f"there {number}")
        await second.do("send", body=f"back {number}")
    await wait_for(
        second.inbox, LIMIT_SECONDS, until=lambda found: found == [f"there {number}" for number in range(20)]
    )
    await wait_for(first.inbox, LIMIT_SECONDS, until=lambda found: found == [f"back {number}" for number in range(20)])
    await second.do("suspend")
    await both(first, second, status="Suspended")
    await second.do("resume")
    await both(first, second, status="Activated", unacknowledged=0)
    counts = await counted(first, second) - before
    assert far.lost() > lost, "the lines lost nothing"
    assert counts["retransmissions"] <= counts["received_messages"] / 2
    assert (counts["rejected_deliveries"], counts["errors"]) == (0, 0)


@only_one
@pytest.mark.parametrize("cut", ["alice", "bob"])
async def test_a_worker_that_is_cut_off_hears_of_a_suspension_once_it_is_back(
    far: Far, alice: Console, bob: Console, cut: str
) -> None:
    first, second = end(alice, ALICE), end(bob, BOB)
    away, here = (first, second) if cut == "alice" else (second, first)
    worker = far.workers[cut]
    await connect(first, second)
    noticed, began, before = len(worker.lines("broker")), time.monotonic(), await counted(here)
    far.network.cut(far.host(cut))
    await here.do("send", body="while you were away")
    await here.until(reason_code="PeerUnreachable", status="Activated")
    await here.do("suspend")
    await asyncio.to_thread(worker.wait_for_lines, "broker", noticed + 1)
    assert (await here.show())["status"] == "Suspending"
    said_again = (await counted(here) - before)["retransmissions"]
    assert 1 <= said_again <= REPEATS_BEFORE_LONGEST_PAUSE + (time.monotonic() - began) / SHORTEST_LONG_PAUSE_SECONDS
    far.network.heal(far.host(cut))
    await both(first, second, status="Suspended")
    await here.do("resume")
    await both(first, second, status="Activated", unacknowledged=0, reason=None)
    assert await away.inbox() == ["while you were away"]
    for one in (first, second):
        assert (await one.statuses())[-5:] == ["Activated", "Suspending", "Suspended", "Activating", "Activated"]


@only_one
async def test_a_broker_that_is_cut_off_is_found_again(far: Far, alice: Console, bob: Console) -> None:
    first, second = end(alice, ALICE), end(bob, BOB)
    await connect(first, second)
    noticed = {name: len(worker.lines("broker")) for name, worker in far.workers.items()}
    far.network.cut(far.nodes[0].host)
    for name, worker in far.workers.items():
        await asyncio.to_thread(worker.wait_for_lines, "broker", noticed[name] + 1)
    far.network.heal(far.nodes[0].host)
    await first.do("suspend")
    await both(first, second, status="Suspended")
    await first.do("resume")
    await both(first, second, status="Activated", reason=None)


@only_cluster
async def test_a_node_that_is_cut_off_is_done_without_and_taken_back(far: Far, alice: Console, bob: Console) -> None:
    """The node that all are connected with, and on which the queues were made."""
    first, second = end(alice, ALICE), end(bob, BOB)
    away, other, _ = far.nodes
    everywhere = sorted(node.name for node in far.nodes)
    assert [sorted(queue["members"]) for queue in quorum_queues(other)] == [everywhere] * QUORUM_QUEUES
    await connect(first, second)
    far.network.cut(away.host)
    await first.do("send", body="through the others")
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["through the others"])
    await second.do("suspend")
    await both(first, second, status="Suspended")
    await until_running(other, 2)
    far.network.heal(away.host)
    await until_running(other, 3)
    await second.do("resume")
    await both(first, second, status="Activated", reason=None)
    await wait_for(
        lambda: asyncio.to_thread(quorum_queues, other),
        LIMIT_SECONDS,
        until=lambda found: [sorted(queue["online"]) for queue in found] == [everywhere] * QUORUM_QUEUES,
    )


def quorum_queues(node: Node) -> list[dict[str, Any]]:
    """The quorum queues, each with the nodes that hold it and those that do so now."""
    said = node.run("rabbitmqctl", "list_queues", "-p", VHOST, "--formatter=json", "type", "members", "online")
    return [queue for queue in json.loads(said) if queue["type"] == "quorum"]


async def until_running(node: Node, count: int) -> None:
    """Wait until a node knows so many nodes to run, itself among them."""

    def running() -> list[str]:
        return list(json.loads(node.run("rabbitmqctl", "cluster_status", "--formatter=json"))["running_nodes"])

    await wait_for(lambda: asyncio.to_thread(running), LIMIT_SECONDS, until=lambda found: len(found) == count)

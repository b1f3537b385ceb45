"""Tests of conditions of the broker under load: an operator finds each said by the worker, and nothing is lost.

Each broker that there is has its own here, because all its connections and queues are harmed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.container import ContainerBroker
from shared.broker.declarations import ENDPOINT_LIMITS
from shared.broker.names import VHOST
from tests.end_to_end.asking import RefusedError
from tests.end_to_end.stories import End, connect
from tests.integration.broker_ladder import (
    ADMINISTRATOR,
    BrokerForTests,
    Rung,
    administrator_definitions,
    private_rung,
)
from tests.integration.place import LIMIT_SECONDS, OwnBroker, Place, healthy, placed, unhealthy
from tests.waiting import wait_for

RUNGS = [Rung.PRIVATE, *([Rung.CONTAINER] if ContainerBroker.available() else [])]
TIMES = 3
ENOUGH = 5
"""So many payloads are a load: they were sent one after the other, and each was answered."""
CONSUMER_TIMEOUT_MILLISECONDS = 2000
NO_DISK_HAS = "1152921504606846976"
FREE_DISK = "50000000"
SHORT = f"operator-policies/{quote(VHOST, safe='')}/short"
OURS_OVERRIDDEN = f"policies/{quote(VHOST, safe='')}/short"


@pytest.fixture(scope="module", params=RUNGS)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """A broker that this file may harm, of each version that there is."""
    folder = tmp_path_factory.mktemp("harmed")
    if request.param is Rung.PRIVATE:
        with private_rung(folder) as running:
            yield running
        return
    with ContainerBroker.start(folder, administrator_definitions()) as process:
        user, password = ADMINISTRATOR.uid, ADMINISTRATOR.password
        address = BrokerAddress(process.host, process.amqp_port, VHOST, user, password)
        bare = process.management_url.removeprefix("http://")
        yield BrokerForTests(Rung.CONTAINER, address, f"http://{user}:{password}@{bare}"), process


@pytest.fixture
async def place(own: tuple[BrokerForTests, OwnBroker], tmp_path: Path) -> AsyncIterator[Place]:
    """Two provisioned accounts, and nobody at work yet."""
    async with placed(*own, tmp_path) as made:
        yield made


@asynccontextmanager
async def under_load(sender: End) -> AsyncIterator[list[str]]:
    """Send payloads for the length of a block, one after the other; the list is of those that were accepted."""
    accepted: list[str] = []
    enough = asyncio.Event()

    async def speak() -> None:
        while not enough.is_set():
            body = f"payload {len(accepted)}"
            try:
                await sender.do("send", body=body)
            except RefusedError as refused:
                if refused.code != "Busy":
                    raise
            else:
                accepted.append(body)

    speaking = asyncio.create_task(speak())
    try:
        await more(accepted)
        yield accepted
        await more(accepted)
    finally:
        enough.set()
        await speaking


async def more(accepted: list[str]) -> None:
    """Wait until more has been accepted."""
    before = len(accepted)
    await wait_for(lambda: len(accepted) > before + ENOUGH, LIMIT_SECONDS)


async def nothing_lost(receiver: End, accepted: list[str]) -> None:
    """Wait until all that was accepted has arrived, once and in order."""
    await wait_for(receiver.inbox, LIMIT_SECONDS, until=lambda found: found == accepted)


ALARMS = {
    "memory": (("set_vm_memory_high_watermark", "0.0000001"), ("set_vm_memory_high_watermark", "0.4")),
    "disk": (("set_disk_free_limit", NO_DISK_HAS), ("set_disk_free_limit", FREE_DISK)),
}


@pytest.mark.parametrize("resource", ALARMS)
async def test_an_alarm_under_load_is_said_and_loses_nothing(place: Place, resource: str) -> None:
    first, second = place.ends()
    workers = [place.worker(site, "--keepalive-seconds", "1") for site in (place.alices, place.bobs)]
    await connect(first, second)
    raised, lowered = ALARMS[resource]
    async with under_load(first) as accepted:
        await place.rabbitmqctl(*raised)
        try:
            for worker, site in zip(workers, (place.alices, place.bobs), strict=True):
                blocked = (await asyncio.to_thread(worker.wait_for_lines, "blocked"))[0]
                assert blocked["reason"] == f"the broker takes no messages: low on {resource}"
                await unhealthy(place, site)
        finally:
            await place.rabbitmqctl(*lowered)
        await healthy(place, place.alices, place.bobs)
    await nothing_lost(second, accepted)
    view = await place.worker_view(place.alices)
    assert (view["blocked"], view["unread"], view["store"]) == (None, {}, None)
    assert view["counters"]["blocked"] >= 1
    assert [one.stop() for one in workers] == [0, 0]


async def test_closing_all_connections_under_load_loses_nothing(place: Place) -> None:
    first, second = place.ends()
    workers = [place.worker(site) for site in (place.alices, place.bobs)]
    await connect(first, second)
    async with under_load(first) as accepted:
        for time in range(1, TIMES + 1):
            await place.rabbitmqctl("close_all_connections", "--global", "maintenance")
            for worker in workers:
                lines = await asyncio.to_thread(worker.wait_for_lines, "broker", time)
                assert "CONNECTION_FORCED - maintenance" in lines[time - 1]["reason"]
            await healthy(place, place.alices, place.bobs)
            await more(accepted)
    await nothing_lost(second, accepted)
    assert [one.stop() for one in workers] == [0, 0]


@asynccontextmanager
async def stuck(store: Path) -> AsyncIterator[None]:
    """Hold a lock on a store's file for the length of a block, as a backup program does that hangs."""
    holding = sqlite3.connect(store, isolation_level=None, timeout=LIMIT_SECONDS, check_same_thread=False)
    with closing(holding) as somebody:
        await asyncio.to_thread(somebody.execute, "BEGIN IMMEDIATE")
        yield
        somebody.execute("ROLLBACK")


async def test_a_store_that_is_stuck_until_the_broker_gives_up_loses_nothing(place: Place) -> None:
    first, second = place.ends()
    timeout = f"application:set_env(rabbit, consumer_timeout, {CONSUMER_TIMEOUT_MILLISECONDS})"
    tick = "application:set_env(rabbit, channel_tick_interval, 500)"
    await place.rabbitmqctl("eval", f"{timeout}, {tick}.")
    try:
        alices, bobs = place.worker(place.alices), place.worker(place.bobs)
        await connect(first, second)
        async with stuck(bobs.store):
            await first.do("send", body="while nothing can be kept")
            kept = (await asyncio.to_thread(bobs.wait_for_lines, "the store takes nothing: trying again"))[0]
            assert "database is locked" in kept["error"]
            await unhealthy(place, place.bobs)
            lines = await asyncio.to_thread(bobs.wait_for_lines, "broker")
            assert "delivery acknowledgement on channel" in lines[0]["reason"]
    finally:
        unlimited = "application:set_env(rabbit, consumer_timeout, 1800000)"
        await place.rabbitmqctl("eval", f"{unlimited}, application:set_env(rabbit, channel_tick_interval, 60000).")
    await healthy(place, place.alices, place.bobs)
    await nothing_lost(second, ["while nothing can be kept"])
    assert [one.stop() for one in (alices, bobs)] == [0, 0]


async def set_policy(place: Place, path: str, definition: dict[str, str | int]) -> None:
    """Set a policy for every endpoint's queue, as an operator does."""
    body = {"pattern": r"^peering[.]q[.]", "apply-to": "queues", "priority": 30, "definition": definition}
    await place.manage("PUT", path, body)


async def set_overflow(place: Place, overflow: str) -> None:
    """Say what becomes of a message too many, by a policy that comes before ours."""
    await set_policy(place, OURS_OVERRIDDEN, {**ENDPOINT_LIMITS, "overflow": overflow})


@asynccontextmanager
async def shortened(place: Place, overflow: str) -> AsyncIterator[None]:
    """Let every endpoint's queue hold one message only, by an operator's policy.

    What becomes of one too many is set before, and taken back after: RabbitMQ goes on refusing for a connection that it
    has refused once, also when nothing is to be refused any more, and with our own policy it refuses.
    """
    await set_overflow(place, overflow)
    await set_policy(place, SHORT, {"max-length": 1})
    try:
        yield
    finally:
        for path in (SHORT, OURS_OVERRIDDEN):
            await place.manage("DELETE", path)


@pytest.mark.parametrize("overflow", ["reject-publish", "drop-head"])
async def test_what_shortened_queues_lose_is_said_again(place: Place, overflow: str) -> None:
    first, second = place.ends()
    alices, bobs = place.worker(place.alices, "--keepalive-seconds", "1"), place.worker(place.bobs)
    await connect(first, second)
    assert bobs.stop() == 0
    accepted = [f"payload {number}" for number in range(20)]
    for body in accepted[:ENOUGH]:
        await first.do("send", body=body)
    async with shortened(place, overflow):
        for body in accepted[ENOUGH:]:
            await first.do("send", body=body)
        if overflow == "reject-publish":
            full = (await asyncio.to_thread(alices.wait_for_lines, "queue full"))[0]
            assert full["to"] == place.bobs.endpoint
            assert "has reached its limit" in full["reason"]
        bobs.start()
        await nothing_lost(second, accepted)
    assert (await first.until(unacknowledged=0))["status"] == "Activated"
    assert [one.stop() for one in (alices, bobs)] == [0, 0]


async def test_full_queues_that_drop_from_now_on_are_mended_by_closing_all_connections(place: Place) -> None:
    first, second = place.ends()
    alices, bobs = place.worker(place.alices, "--keepalive-seconds", "1"), place.worker(place.bobs)
    await connect(first, second)
    assert bobs.stop() == 0
    async with shortened(place, "reject-publish"):
        await first.do("send", body="while the queue is full")
        await asyncio.to_thread(alices.wait_for_lines, "queue full")
        await set_overflow(place, "drop-head")
        bobs.start()
        await place.rabbitmqctl("close_all_connections", "--global", "maintenance")
        await nothing_lost(second, ["while the queue is full"])
    assert (await first.until(unacknowledged=0))["status"] == "Activated"
    assert [one.stop() for one in (alices, bobs)] == [0, 0]

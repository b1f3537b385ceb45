"""Tests of what an administrator takes away and gives back: workers wait for it, say so, and go on by themselves.

The broker is always a private one, because whole virtual hosts go here, and its memory runs short.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from shared.broker.control import provision, queue_names
from shared.broker.embedded import PrivateBroker
from shared.broker.names import LAST_QUEUE, VHOST, endpoint_queue
from shared.broker.topology import endpoint_definitions
from shared.runtime.health import fresh as is_fresh
from tests.end_to_end.asking import Console
from tests.end_to_end.stories import connect
from tests.end_to_end.workers import Site, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh, private_rung
from tests.integration.place import LIMIT_SECONDS, Place, healthy, placed, unhealthy
from tests.waiting import wait_for

ATTEMPTS = 4
"""So often a worker tries in vain before it gets what it needs: more often than one that gives up."""

Own = tuple[BrokerForTests, PrivateBroker]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """A private broker that this file may harm."""
    with private_rung(tmp_path_factory.mktemp("mended")) as running:
        yield running


@pytest.fixture
async def place(own: Own, tmp_path: Path) -> AsyncIterator[Place]:
    """Two provisioned accounts, and nobody at work yet."""
    async with placed(*own, tmp_path) as made:
        yield made


def refusals(process: PrivateBroker, *words: str) -> int:
    """How many lines of the broker's log hold all of these words."""
    log = process._layout.log.read_text(errors="replace").splitlines()
    return sum(all(word in line for word in words) for line in log)


async def test_many_provision_at_once(own: Own) -> None:
    """Each declares one more queue, so that RabbitMQ remembers the one before: none is another's, and none stays."""
    broker, _ = own
    alice = fresh("alice")
    sites = [(alice.uid, fresh_id("vpc")) for _ in range(8)]
    await broker.provision([alice], [])
    more = [endpoint_definitions(uid, endpoint, [uid]) for uid, endpoint in sites]
    await asyncio.gather(*(provision(broker.management_url, one) for one in more))
    there = set(await queue_names(broker.management_url, "^peering"))
    assert {endpoint_queue(uid, endpoint, uid).name for uid, endpoint in sites} <= there
    assert not {one for one in there if one.startswith(LAST_QUEUE)}


async def test_a_queue_that_is_provisioned_late_is_read(own: Own, tmp_path: Path) -> None:
    """However late: a worker that had looked twice used to be deaf to it until its next session."""
    broker, process = own
    alice = fresh("alice")
    site = Site("initiator", fresh_id("vpc"), alice)
    await broker.provision([alice], [])
    queue = endpoint_queue(alice.uid, site.endpoint, alice.uid).name
    with crew(broker, tmp_path, [alice]) as gathered:
        worker = gathered.worker(site, "--health-file", str(tmp_path / "healthy")).start()
        (missing,) = await asyncio.to_thread(worker.wait_for_lines, "queue missing")
        assert missing["queue"] == queue
        log = process._layout.log
        await wait_for(lambda: log.read_text(errors="replace").count(f"no queue '{queue}'") >= ATTEMPTS, LIMIT_SECONDS)
        assert not is_fresh(tmp_path / "healthy")
        await broker.provision([alice], [(alice.uid, site.endpoint)])
        await wait_for(lambda: is_fresh(tmp_path / "healthy"), LIMIT_SECONDS)
        console = Console(broker.administrator_address, alice)
        try:
            view = await console.ask(site.endpoint, {"kind": "worker"}, limit_seconds=LIMIT_SECONDS)
        finally:
            await console.close()
        assert view["unread"] == {}


async def test_a_queue_that_may_be_read_again_is_read_and_deafness_is_said_meanwhile(own: Own, place: Place) -> None:
    first, second = place.ends()
    alices, bobs = place.worker(place.alices), place.worker(place.bobs)
    await connect(first, second)
    assert bobs.stop() == 0
    only_own = rf"^peering\.(q|console)\.{place.bob.uid}\.(?!.*from\.{place.alice.uid}).*$"
    await place.permit(place.bob, read=only_own)
    bobs.start()
    queue = endpoint_queue(place.bob.uid, place.bobs.endpoint, place.alice.uid).name
    await wait_for(lambda: refusals(own[1], "access_refused", queue) >= ATTEMPTS, LIMIT_SECONDS)
    assert not is_fresh(place.health(place.bobs))
    unread = (await place.worker_view(place.bobs))["unread"]
    assert list(unread) == [place.alice.uid]
    assert "access to queue" in unread[place.alice.uid]
    shown = await second.show()
    assert (shown["status"], shown["reason_code"]) == ("Activated", "QueueUnread")
    await first.do("send", body="can you hear me?")
    await place.permit(place.bob)
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["can you hear me?"])
    await healthy(place, place.alices, place.bobs)
    assert (await place.worker_view(place.bobs))["unread"] == {}
    assert (await second.show())["reason_code"] is None
    assert [one.stop() for one in (alices, bobs)] == [0, 0]


Harm = Callable[[Place], Awaitable[None]]


async def take_the_vhost(place: Place) -> None:
    """Delete the virtual host with all that is in it."""
    await place.manage("DELETE", f"vhosts/{quote(VHOST, safe='')}")


async def import_the_vhost(place: Place) -> None:
    """Import everything again, as `peering provision` does."""
    await place.manage("PUT", f"vhosts/{quote(VHOST, safe='')}", {})
    administrator = place.broker.administrator_address.user
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    await place.manage("PUT", f"permissions/{quote(VHOST, safe='')}/{administrator}", everything)
    await place.provision()


async def change_the_password(place: Place) -> None:
    """Give the account another password, and throw its connections out."""
    await place.manage("PUT", f"users/{place.alice.uid}", {"password": "another", "tags": ""})
    await throw_out(place)


async def give_the_password_back(place: Place) -> None:
    """Give the account the password that its worker knows."""
    await place.manage("PUT", f"users/{place.alice.uid}", {"password": place.alice.password, "tags": ""})


async def clear_the_permissions(place: Place) -> None:
    """Take all of the account's permissions, and throw its connections out."""
    await place.manage("DELETE", f"permissions/{quote(VHOST, safe='')}/{place.alice.uid}")
    await throw_out(place)


async def forbid_publishing(place: Place) -> None:
    """Take the permission to publish, and throw the account's connections out."""
    await place.permit(place.alice, write="^$")
    await throw_out(place)


async def permit_again(place: Place) -> None:
    """Give the account what it is provisioned with."""
    await place.permit(place.alice)


async def throw_out(place: Place) -> None:
    """Close all connections: a right that is taken away is noticed by who comes back."""
    await place.rabbitmqctl("close_all_connections", "--global", "a test")


@pytest.mark.parametrize(
    ("harm", "mend"),
    [
        pytest.param(take_the_vhost, import_the_vhost, id="virtual host"),
        pytest.param(change_the_password, give_the_password_back, id="password"),
        pytest.param(clear_the_permissions, permit_again, id="permissions"),
        pytest.param(forbid_publishing, permit_again, id="right to publish"),
    ],
)
async def test_a_refusal_is_waited_out(place: Place, harm: Harm, mend: Harm) -> None:
    first, second = place.ends()
    alices, bobs = place.worker(place.alices), place.worker(place.bobs)
    await connect(first, second)
    before = alices.pid
    await harm(place)
    refusals = await asyncio.to_thread(alices.wait_for_lines, "refused", ATTEMPTS, LIMIT_SECONDS)
    await unhealthy(place, place.alices)
    assert all(line["reason"] for line in refusals)
    assert all(line["again_in_seconds"] <= 30 for line in refusals)
    await mend(place)
    await healthy(place, place.alices, place.bobs)
    await first.do("send", body="still here")
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["still here"])
    assert alices.pid == before
    assert [one.stop() for one in (alices, bobs)] == [0, 0]


@asynccontextmanager
async def short_of_memory(place: Place) -> AsyncIterator[None]:
    """Let the broker raise its memory alarm for the length of a block."""
    await place.rabbitmqctl("set_vm_memory_high_watermark", "0.0000001")
    try:
        yield
    finally:
        await place.rabbitmqctl("set_vm_memory_high_watermark", "0.4")


async def test_a_broker_that_is_short_of_memory_makes_workers_unhealthy_with_its_reason(place: Place) -> None:
    first, second = place.ends()
    alices = place.worker(place.alices, "--keepalive-seconds", "1")
    bobs = place.worker(place.bobs, "--keepalive-seconds", "1")
    await connect(first, second)
    async with short_of_memory(place):
        for worker, site in ((alices, place.alices), (bobs, place.bobs)):
            (blocked,) = await asyncio.to_thread(worker.wait_for_lines, "blocked")
            assert "memory" in blocked["reason"]
            await unhealthy(place, site)
        ready = [len(worker.lines("ready")) for worker in (alices, bobs)]
        late = Site("initiator", fresh_id("vpc"), place.alice)
        await place.broker.provision([place.alice, place.bob], [(place.alice.uid, late.endpoint)])
        latecomer = place.worker(late)
        await asyncio.to_thread(latecomer.wait_for_lines, "blocked")
        assert not latecomer.lines("ready")
        assert not is_fresh(place.health(late))
        assert [len(worker.lines("ready")) for worker in (alices, bobs)] == ready
    await healthy(place, place.alices, place.bobs, late)
    view = await place.worker_view(place.alices)
    assert (view["blocked"], view["counters"]["blocked"]) == (None, 1)
    await first.do("send", body="after the alarm")
    await wait_for(second.inbox, LIMIT_SECONDS, until=lambda found: found == ["after the alarm"])
    assert [one.stop() for one in (alices, bobs, latecomer)] == [0, 0, 0]

"""Tests of floods: much of anything makes no other account wait."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, cast

import pytest

from shared.broker.names import endpoint_queue
from shared.broker.topology import account_limits
from shared.runtime.inbox import LARGEST_BATCH_BYTES, PEER_SHARE_BYTES
from shared.runtime.rejection_log import LIMIT_LINES
from shared.runtime.rejection_log import LIMIT_SECONDS as LOG_LIMIT_SECONDS
from shared.wire.commands import create
from shared.wire.forms import BODY_LIMIT_BYTES
from shared.wire.request import PeerForm
from tests.end_to_end.workers import LIMIT_SECONDS, Site, fresh_id
from tests.integration.hostile.bare import Ended, bare
from tests.integration.hostile.forged import bundle, declare
from tests.integration.hostile.town import FLOOR_SECONDS, Town, Visit
from tests.waiting import wait_for

A_ROUND = 1_000

FLOODS: dict[str, Callable[[Town], list[bytes]]] = {
    "signs of life": lambda town: [town.delivery(bundle(town))] * A_ROUND,
    "another store with every delivery": lambda town: [
        town.delivery(bundle(town, life=store_id)) for store_id in range(A_ROUND)
    ],
    "deliveries that are no JSON": lambda town: [town.delivery(b"x")] * A_ROUND,
    "bundles full of strangers": lambda town: (
        [town.delivery(bundle(town, messages=[declare(f"ri-m{n}", f"ri-u{n}") for n in range(200)]))] * 10
    ),
    "the longest bodies that are read": lambda town: (
        [town.delivery(bundle(town)[:-2] + b" " * (BODY_LIMIT_BYTES - 500) + b"]}")]
    ),
}


PEERS_OF_A_HUB = LARGEST_BATCH_BYTES // PEER_SHARE_BYTES + 1
"""With so many a batch takes the most that it may."""


@pytest.fixture
async def hub(here: Visit) -> AsyncIterator[Visit]:
    """The town as Dave sees it, whose endpoint has that many peers of Carol's account: none of them is there."""
    town, dave = here.town, here.bystanders.first
    beside = Visit(
        replace(town, bob=town.dave, victim=town.worker(town.dave)), here.mallory, dave, here.customers, here.bystanders
    )
    peers = [Site("acceptor", fresh_id("vpc"), town.carol.account) for _ in range(PEERS_OF_A_HUB)]
    ours = [fresh_id() for _ in peers]
    named = zip(ours, peers, strict=True)
    creations = [create(one, peer=cast("PeerForm", peer.peer(fresh_id())), initiate=True) for one, peer in named]
    await dave.ask(town.dave.endpoint, *map(dict, creations))
    told = await dave.ask(town.dave.endpoint, {"kind": "worker"})
    assert sum(told["peers"].values()) >= PEERS_OF_A_HUB
    yield beside
    await dave.ask(town.dave.endpoint, *({"kind": "delete", "interface": one} for one in ours))


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_at_a_hub_harms_nobody_else(hub: Visit, name: str) -> None:
    """The larger batches of whoever has many peers are no longer a wait for those who say little."""
    deliveries = FLOODS[name](hub.town)
    await hub.unharmed(lambda: hub.mallory.publish(*deliveries))


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_harms_nobody_else(here: Visit, name: str) -> None:
    deliveries = FLOODS[name](here.town)

    async def attack() -> None:
        await here.mallory.publish(*deliveries)

    await here.unharmed(attack)


async def test_a_flood_of_bad_deliveries_has_few_lines_in_the_log_and_their_sum(here: Visit) -> None:
    """The lines and the sums together are all that was set aside: nothing is left out, and nothing told twice."""
    town, asking = here.town, here.customers.first
    to_carol = endpoint_queue(town.carol.account.uid, town.carol.endpoint, town.uid).name
    worker = town.worker(town.carol)

    def told() -> list[dict[str, Any]]:
        return [line for line in worker.lines() if line["event"].endswith("set aside") and line["queue"] == to_carol][
            known:
        ]

    def count() -> int:
        return sum(line.get("more", 1) for line in told())

    known = 0
    known, before = len(told()), (await asking.counters(town.carol))["rejected_deliveries"]
    began = time.monotonic()
    await here.mallory.publish(*[town.delivery(b"x" * (1 + n % 7), key=town.carol.endpoint) for n in range(A_ROUND)])
    await wait_for(count, LIMIT_SECONDS, until=lambda found: found >= A_ROUND)
    periods = 1 + (time.monotonic() - began) // LOG_LIMIT_SECONDS
    assert count() == (await asking.counters(town.carol))["rejected_deliveries"] - before == A_ROUND
    assert len(told()) <= periods * (LIMIT_LINES + 1)


async def test_a_queue_that_is_full_refuses_its_sender_and_nobody_else(here: Visit) -> None:
    """While Bob's worker stands still his queue for Mallory fills up, and is read when he goes on."""
    town = here.town
    town.victim.signal(signal.SIGSTOP)
    try:
        while not here.mallory.nacks:
            await here.mallory.publish(*[town.delivery(b"x" * 1_000_000)] * 8)
        assert await here.bystanders.median() < FLOOR_SECONDS
    finally:
        town.victim.signal(signal.SIGCONT)
    await here.customers.handshake()
    await town.purge(town.to_bob)
    await here.taken()


async def test_connections_come_to_an_end(here: Visit) -> None:
    """Mallory has as many as an owner of one endpoint may have and not one more; meanwhile others connect as usual."""
    address = here.town.address(here.town.mallory.account)
    async with AsyncExitStack() as stack:
        for _ in range(account_limits(1)["max-connections"] - 1):
            await stack.enter_async_context(bare(address))
        with pytest.raises(Ended, match="limit"):
            await stack.enter_async_context(bare(address))
        assert await here.bystanders.median() < FLOOR_SECONDS
        assert await here.customers.median() < FLOOR_SECONDS

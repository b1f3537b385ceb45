"""Tests of floods: much of anything makes no other account wait."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from shared.broker.topology import account_limits
from shared.wire.forms import BODY_LIMIT_BYTES
from tests.integration.hostile.bare import Ended, bare
from tests.integration.hostile.forged import bundle, declare
from tests.integration.hostile.town import FLOOR_SECONDS, Town, Visit

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


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_harms_nobody_else(here: Visit, name: str) -> None:
    deliveries = FLOODS[name](here.town)

    async def attack() -> None:
        await here.mallory.publish(*deliveries)

    await here.unharmed(attack)


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

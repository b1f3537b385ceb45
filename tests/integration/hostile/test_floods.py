"""Tests of floods: much of anything makes no other account wait."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from shared.broker.names import endpoint_queue
from shared.broker.topology import account_limits
from shared.runtime.rejection_log import LIMIT_LINES
from shared.runtime.rejection_log import LIMIT_SECONDS as LOG_LIMIT_SECONDS
from shared.wire.forms import BODY_LIMIT_BYTES
from tests.end_to_end.workers import LIMIT_SECONDS
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
    worker = next(one for one in town.crew.workers if one.site == town.carol)

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

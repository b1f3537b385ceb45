"""The town of the hostile tests: one neighbour attacks while the others connect as usual.

Mallory may do whatever her login lets her. Bob is her victim, and his worker serves Carol as well. Dave and Erin have
nothing to do with either.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import httpx

from shared.broker.address import BrokerAddress
from shared.broker.names import VHOST, endpoint_queue, exchange_name
from shared.broker.topology import Account
from tests.end_to_end.asking import Console, console
from tests.end_to_end.stories import End, connect, end
from tests.end_to_end.workers import LIMIT_SECONDS, Crew, Site, WorkerProcess
from tests.integration.broker_ladder import BrokerForTests
from tests.integration.hostile.bare import BareClient, Raw, bare, message, properties
from tests.waiting import wait_for

HANDSHAKES: Final = 3
"""How many handshakes make a median, of each pair."""
LOOKS: Final = 3
"""How often harm is looked for, if some is seen."""
TWICE: Final = 2
FLOOR_SECONDS: Final = 1.0
"""Twice next to nothing is next to nothing: below this nobody is kept waiting, on a machine that does other things."""


class Seen(NamedTuple):
    """How often an attack ran, and the seconds that handshakes took before it and during it, of each pair."""

    rounds: int
    usual: list[float]
    under_attack: list[float]

    @property
    def harmless(self) -> bool:
        """Whether nobody was kept waiting."""
        pairs = zip(self.usual, self.under_attack, strict=True)
        return self.rounds > 0 and all(now <= max(TWICE * before, FLOOR_SECONDS) for before, now in pairs)


class Pair(NamedTuple):
    """Two owners who connect their endpoints, and measure how long that takes."""

    first: Console
    here: Site
    second: Console
    there: Site

    async def handshake(self) -> float:
        """Connect two new interfaces; return the seconds from the initiation until both ends were Activated."""
        one, other = end(self.first, self.here), end(self.second, self.there)
        await connect(one, other)
        return await seconds(one, other)

    async def median(self) -> float:
        """How long it takes, of several."""
        return statistics.median([await self.handshake() for _ in range(HANDSHAKES)])


async def seconds(one: End, other: End) -> float:
    """Read from both timelines how long a handshake took; the workers share this machine's clock."""
    rows = [row for side in (one, other) for row in await side.timeline()]
    begun = min(row["at"] for row in rows if row["cause"] == "command initiate")
    return float(max(row["at"] for row in rows if row["was"] != row["status"] == "Activated") - begun)


@dataclass(frozen=True)
class Town:
    """Who is there."""

    broker: BrokerForTests
    crew: Crew
    mallory: Site
    bob: Site
    carol: Site
    dave: Site
    erin: Site
    victim: WorkerProcess

    def worker(self, site: Site) -> WorkerProcess:
        """The worker of that endpoint."""
        return next(one for one in self.crew.workers if one.site == site)

    def address(self, account: Account) -> BrokerAddress:
        """Where this account logs in."""
        return self.broker.address(account)

    @property
    def uid(self) -> str:
        """The hostile account."""
        return self.mallory.account.uid

    @property
    def to_bob(self) -> str:
        """The queue with what Mallory says to Bob's endpoint: his to read."""
        return endpoint_queue(self.bob.account.uid, self.bob.endpoint, self.uid).name

    @property
    def to_mallory(self) -> str:
        """The queue with what Bob says to Mallory's endpoint: hers to read."""
        return endpoint_queue(self.uid, self.mallory.endpoint, self.bob.account.uid).name

    def delivery(self, body: bytes, what: Raw | None = None, key: str | None = None) -> bytes:
        """Write a message of Mallory's to Bob's endpoint, in her own name unless other properties are given."""
        return message(exchange_name(self.uid), key or self.bob.endpoint, what or properties(self.uid), body)

    async def purge(self, queue: str) -> None:
        """Take away what nobody has read yet of a flood; what a worker has read is worked off soon."""
        path = f"/api/queues/{VHOST}/{queue}/contents"
        async with httpx.AsyncClient(base_url=self.broker.management_url, timeout=LIMIT_SECONDS) as client:
            (await client.delete(path)).raise_for_status()

    def reasons(self) -> list[str]:
        """Why Bob's worker has set deliveries aside so far; at its level of log each has a line, whatever the limit."""
        return [line["reason"] for line in self.victim.lines("set aside")]


@dataclass(frozen=True)
class Visit:
    """One test's view of the town: Mallory's bare connection, and the others' consoles."""

    town: Town
    mallory: BareClient
    bob: Console
    bystanders: Pair
    customers: Pair

    async def refused(self, *deliveries: bytes) -> list[str]:
        """Send deliveries to Bob that must all be set aside; return the reasons, in order of arrival."""
        before, told = await self.rejected(), len(self.town.reasons())
        await self.mallory.publish(*deliveries)
        await wait_for(self.rejected, LIMIT_SECONDS, until=lambda count: count >= before + len(deliveries))
        return await wait_for(
            lambda: self.town.reasons()[told:], LIMIT_SECONDS, until=lambda found: len(found) >= len(deliveries)
        )

    async def taken(self, *deliveries: bytes) -> None:
        """Send deliveries to Bob, and return when his worker has dealt with all of them: a last one is set aside."""
        before, mark = len(self.town.reasons()), self.town.delivery(b"", properties(self.town.uid, kind="peering.last"))
        await self.mallory.publish(*deliveries, mark)
        await wait_for(
            lambda: self.town.reasons()[before:], LIMIT_SECONDS, until=lambda found: "unknown type of message" in found
        )

    async def quiet(self) -> None:
        """Take away what an earlier test has left on its way, in both directions."""
        await self.town.purge(self.town.to_bob)
        await self.taken()
        await self.town.purge(self.town.to_mallory)

    async def rejected(self) -> int:
        """How many deliveries Bob's worker has set aside so far, by its counter."""
        return (await self.counters())["rejected_deliveries"]

    async def counters(self) -> dict[str, int]:
        """What Bob's worker counted."""
        return await self.bob.counters(self.town.bob)

    async def unharmed(self, attack: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Let an attack run, again and again, while others connect: nobody has to wait twice as long as usual.

        Harm is there each time it is looked for; a machine that does other things just then is not.
        """
        faults = (await self.counters())["errors"]
        seen = [await self._measured(attack)]
        while not seen[-1].harmless and len(seen) < LOOKS:
            seen.append(await self._measured(attack))
        assert seen[-1].harmless, seen
        assert (await self.counters())["errors"] == faults

    async def _measured(self, attack: Callable[[], Coroutine[Any, Any, object]]) -> Seen:
        pairs = (self.bystanders, self.customers)
        usual = [await pair.median() for pair in pairs]
        done = asyncio.Event()

        async def attacking() -> int:
            rounds = 0
            while not done.is_set():
                await attack()
                rounds += 1
            return rounds

        task = asyncio.create_task(attacking())
        try:
            under_attack = await asyncio.gather(*(pair.median() for pair in pairs))
        finally:
            done.set()
            rounds = await task
            await self.town.purge(self.town.to_bob)
        await self.taken()
        return Seen(rounds, usual, under_attack)


@asynccontextmanager
async def visit(town: Town) -> AsyncIterator[Visit]:
    """Live in the town for the length of a test."""
    async with AsyncExitStack() as stack:
        sites = (town.bob, town.carol, town.dave, town.erin)
        asking = [await stack.enter_async_context(console(town.broker, site.account)) for site in sites]
        bob, carol, dave, erin = asking
        mallory = await stack.enter_async_context(bare(town.address(town.mallory.account)))
        yield Visit(
            town,
            mallory,
            bob,
            bystanders=Pair(dave, town.dave, erin, town.erin),
            customers=Pair(carol, town.carol, bob, town.bob),
        )

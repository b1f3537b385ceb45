"""The beginnings that most tests share: two ends that exist, are connected, or are at rest."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from shared.broker import control
from tests.end_to_end.asking import Console
from tests.end_to_end.workers import Answer, Site, WorkerProcess, fresh_id
from tests.integration.broker_ladder import BrokerForTests
from tests.waiting import wait_for

DEAD_LETTERS_LIMIT = 10_000


class End(NamedTuple):
    """One end of a connection: who may ask, where, and for which interface."""

    console: Console
    site: Site
    interface: str

    @property
    def information(self) -> Answer:
        """What the other end has to be told of this one."""
        return self.site.peer(self.interface)

    async def do(self, kind: str, **fields: object) -> Answer:
        """Ask for one command on this interface."""
        return await self.console.ask(self.site.endpoint, {"kind": kind, "interface": self.interface, **fields})

    async def create(self, peer: End | None = None, *, initiate: bool = False) -> Answer:
        """Create this interface, with or without peer information."""
        return await self.do("create", name="", peer=peer and peer.information, initiate=initiate)

    async def until(self, **wanted: object) -> Answer:
        """Look until this interface shows what is wanted."""
        return await self.console.until(self.site, self.interface, wanted)

    async def show(self) -> Answer:
        """Look at this interface."""
        return await self.console.show(self.site, self.interface)

    async def timeline(self) -> list[Answer]:
        """Read this interface's durable timeline."""
        return await self.console.timeline(self.site, self.interface)

    async def statuses(self) -> list[str]:
        """Read which statuses this interface really entered, in order."""
        return await self.console.statuses(self.site, self.interface)

    async def inbox(self) -> list[str]:
        """Read what arrived here, in order."""
        return await self.console.inbox(self.site, self.interface)


def end(console: Console, site: Site) -> End:
    """Name an interface that does not exist yet."""
    return End(console, site, fresh_id())


async def both(one: End, other: End, **wanted: object) -> None:
    """Wait until both ends show what is wanted."""
    await asyncio.gather(one.until(**wanted), other.until(**wanted))


async def connect(first: End, second: End) -> None:
    """Create both ends and initiate the connection at the first; return when both rest."""
    await second.create(first)
    await first.create(second, initiate=True)
    await at_rest(first, second, "Activated")


async def at_rest(one: End, other: End, status: str) -> None:
    """Wait until both ends show a status and have heard that the other shows it as well."""

    async def shown() -> list[str | None]:
        views = await asyncio.gather(one.show(), other.show())
        return [status for view in views for status in (view["status"], view["peer"] and view["peer"]["status"])]

    await wait_for(shown, 30, until=lambda seen: set(seen) == {status}, what=f"{one.interface} at rest: {status}")


async def set_aside(broker: BrokerForTests, worker: WorkerProcess, count: int) -> list[str]:
    """Wait until a worker says that it set so many messages aside; return the reasons that lie with them.

    The log is asked first, because looking into a queue counts as a delivery.
    """
    await asyncio.to_thread(worker.wait_for_lines, "set aside", count)
    dead = await control.dead_letters(broker.management_url, DEAD_LETTERS_LIMIT)
    headers = [one["properties"]["headers"] for one in dead]
    own = f".{worker.site.endpoint}.from."
    return [str(header["x-peering-reason"]) for header in headers if own in header.get("x-peering-queue", "")]

"""The workload: commands to many interfaces at once, and the times at which both timelines show their effect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from lab.bench.client import PreparedRequest
from lab.bench.results import BenchFailed
from lab.bench.testbed import End, Pair
from shared.wire import commands
from shared.wire.request import CommandForm, PeerForm

SETTLE_LIMIT_SECONDS: Final = 180.0
LOOK_EVERY_SECONDS: Final = 0.02
COUNT_EVERY_SECONDS: Final = 0.1
SETTLE_SECONDS: Final = 1.0
"""How long after a handshake its last word may be said: it belongs to what the handshake costs."""
PAGE_LIMIT_ROWS: Final = 1_000


class Connection(NamedTuple):
    """Two interfaces that name each other."""

    opener: str
    other: str


class Side(NamedTuple):
    """One worker's part of many connections."""

    end: End
    interfaces: Sequence[str]


@dataclass(frozen=True, slots=True)
class Change:
    """When a status was reached, by the workers' own timelines: seconds since 1970."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """From the first command to the last interface."""
        return self.ended - self.began


def connections(name: str, count: int) -> list[Connection]:
    """So many connections with ids of their own; `name` tells them from others of the same endpoints."""
    return [Connection(f"ri-{name}a{number}", f"ri-{name}b{number}") for number in range(count)]


def as_peer(end: End, interface: str) -> PeerForm:
    """An interface as its peer's owner configures it."""
    return {"interface": interface, "endpoint": end.endpoint, "account": end.client.account, "region": end.region}


def creations(pair: Pair, wanted: Sequence[Connection]) -> tuple[list[PreparedRequest], list[PreparedRequest]]:
    """Requests that create all interfaces at both ends, configured."""
    a, b = pair.ends
    ours: list[CommandForm] = [creation(one.opener, as_peer(b, one.other)) for one in wanted]
    theirs: list[CommandForm] = [creation(one.other, as_peer(a, one.opener)) for one in wanted]
    return a.client.write(a.endpoint, ours), b.client.write(b.endpoint, theirs)


def creation(interface: str, peer: PeerForm) -> CommandForm:
    """The command that creates an interface, configured and Idle."""
    return commands.create(interface, peer=peer)


def plain(kind: str, interfaces: Sequence[str]) -> list[CommandForm]:
    """The same command for many interfaces: initiate, suspend or resume."""
    match kind:
        case "initiate":
            return [commands.change("initiate", one) for one in interfaces]
        case "suspend":
            return [commands.change("suspend", one) for one in interfaces]
        case "resume":
            return [commands.change("resume", one) for one in interfaces]
        case _:
            raise ValueError(f"nobody measures {kind}")


async def create(pair: Pair, wanted: Sequence[Connection]) -> None:
    """Create all interfaces at both ends; they stay Idle."""
    ours, theirs = creations(pair, wanted)
    async with asyncio.TaskGroup() as group:
        group.create_task(pair.opener.client.carry_out(ours))
        group.create_task(pair.other.client.carry_out(theirs))


async def change(pair: Pair, kind: str, status: str, wanted: Sequence[Connection]) -> Change:
    """Let the opener's owner command all connections, and return when both ends of all show the status.

    Raises BenchFailed if one of them never does.
    """
    sides = [Side(pair.opener, [one.opener for one in wanted]), Side(pair.other, [one.other for one in wanted])]
    marks = [await mark(side.end, status) for side in sides]
    await command(sides[0], kind)
    await all_reached(sides, marks)
    return await timed(sides, marks)


async def command(side: Side, kind: str) -> None:
    """Command all of a side's interfaces, and return when its worker has answered all commands."""
    await side.end.client.carry_out(side.end.client.write(side.end.endpoint, plain(kind, side.interfaces)))


async def timed(sides: Sequence[Side], marks: Sequence[Mark]) -> Change:
    """Read from the timelines since the marks how long a command of the first side took, as seen by all sides.

    Raises BenchFailed if a timeline lacks an interface.
    """
    first = [row["at"] async for row in rows(sides[0].end, marks[0].place) if row["cause"].startswith("command")]
    ended = 0.0
    for side, before in zip(sides, marks, strict=True):
        found = await moments(side.end, before)
        if not found.keys() >= set(side.interfaces):
            raise BenchFailed(f"not every timeline says {before.status}")
        ended = max(ended, *found.values())
    return Change(min(first), ended)


async def established(pair: Pair, wanted: Sequence[Connection]) -> float:
    """Initiate, look only at the last of each end, and let both settle: for what costs are measured around.

    Returns seconds from the first command until the console has seen the last ones Activated.
    """
    a, b = pair.ends
    requests = a.client.write(a.endpoint, plain("initiate", [one.opener for one in wanted]))
    began = time.perf_counter()
    await a.client.carry_out(requests)
    for end, last in ((a, wanted[-1].opener), (b, wanted[-1].other)):
        await until(partial(shows, end, last, "Activated"))
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLE_SECONDS)
    return seconds


class Mark(NamedTuple):
    """Where a worker stood before something was commanded: its timeline, and how many showed the status already."""

    status: str
    place: int
    established: int


async def mark(end: End, status: str) -> Mark:
    """Note where a worker stands."""
    about = await worker(end)
    return Mark(status, about["timeline"], about["statuses"].get(status, 0))


async def reached(end: End, before: Mark, interfaces: Sequence[str]) -> None:
    """Return when all of these show the status, too. Looks at one of them first: counting costs the worker time.

    Raises BenchFailed if that takes too long.
    """
    try:
        async with asyncio.timeout(SETTLE_LIMIT_SECONDS):
            await until(lambda: shows(end, interfaces[-1], before.status))
            await until(lambda: _holds(end, before, len(interfaces)), COUNT_EVERY_SECONDS)
    except TimeoutError:
        raise BenchFailed(f"not all of {end.endpoint} became {before.status}") from None


async def all_reached(sides: Sequence[Side], marks: Sequence[Mark]) -> None:
    """Return when all interfaces of all sides show the status that was marked. Raises BenchFailed as `reached` does."""
    for side, before in zip(sides, marks, strict=True):
        await reached(side.end, before, side.interfaces)


async def shows(end: End, interface: str, status: str) -> bool:
    """Whether an interface shows a status."""
    return bool((await shown(end, interface))["status"] == status)


async def _holds(end: End, before: Mark, more: int) -> bool:
    return bool((await worker(end))["statuses"].get(before.status, 0) >= before.established + more)


async def until(condition: Callable[[], Awaitable[bool]], every_seconds: float = LOOK_EVERY_SECONDS) -> None:
    """Look again and again until it is so: a worker answers questions, and rings no bells for strangers."""
    while True:
        if await condition():
            return
        await asyncio.sleep(every_seconds)


async def moments(end: End, since: Mark) -> dict[str, float]:
    """When each interface first showed the status since then, by the worker's timeline: seconds since 1970."""
    found: dict[str, float] = {}
    async for row in rows(end, since.place):
        if row["status"] == since.status:
            found.setdefault(row["interface"], row["at"])
    return found


async def shown(end: End, interface: str) -> dict[str, Any]:
    """One interface as its owner sees it."""
    return await end.client.ask(end.endpoint, commands.show(interface))


async def worker(end: End) -> dict[str, Any]:
    """A worker about itself."""
    return await end.client.ask(end.endpoint, commands.worker())


async def rows(end: End, after: int) -> AsyncIterator[dict[str, Any]]:
    """Every row of a worker's timeline after that place, in order."""
    while True:
        page = await end.client.ask(end.endpoint, commands.timeline(None, after, PAGE_LIMIT_ROWS))
        for row in page["rows"]:
            yield row
        if len(page["rows"]) < PAGE_LIMIT_ROWS:
            return
        after = page["next"]

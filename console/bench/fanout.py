"""Bundles are per peer: one initiator with fifty peers shows what is left of bundling when nobody has much to say."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from console.bench.driving import as_peer, mark, moments, plain, reached, rows
from console.bench.results import BenchFailed, Fanout, Rate
from console.bench.sizes import COMMANDS_LIMIT, Sizes
from console.bench.stage import End, Stage
from shared.wire.request import CommandForm

STARTING_LIMIT_WORKERS = 4
"""Workers that start at the same time: more only wait for each other."""


async def measure_fanout(stage: Stage, sizes: Sizes, pair: Rate) -> Fanout:
    """Handshakes a second between one initiator and many acceptors, every connection in turn with the next of them."""
    async with AsyncExitStack() as stack:
        opener = await stage.end("initiator", "vpc-fan-a")
        others = [await stage.end("acceptor", f"vpc-fan-b{place}") for place in range(sizes.acceptors)]
        for end in (opener, *others):
            stack.push_async_callback(end.stop)
        await _start([opener, *others])
        names = await _create(opener, others, sizes.handshakes)
        seconds = await _establish(opener, others, names)
    return Fanout(sizes.acceptors, Rate(len(names), (seconds,)), pair)


async def _start(ends: list[End]) -> None:
    window = asyncio.Semaphore(STARTING_LIMIT_WORKERS)

    async def one(end: End) -> None:
        async with window:
            await end.start()

    async with asyncio.TaskGroup() as group:
        for end in ends:
            group.create_task(one(end))


async def _create(opener: End, others: list[End], count: int) -> list[str]:
    """Create so many connections, spread over all acceptors; return the opener's interfaces."""
    ours: list[CommandForm] = []
    theirs: list[list[CommandForm]] = [[] for _ in others]
    names = [f"ri-a{number}" for number in range(count - count % len(others))]
    for number, name in enumerate(names):
        place = number % len(others)
        other = others[place]
        peer, answer = as_peer(other, f"ri-b{number}"), as_peer(opener, name)
        ours.append({"kind": "create", "interface": name, "name": "", "peer": peer, "initiate": False})
        theirs[place].append(
            {"kind": "create", "interface": f"ri-b{number}", "name": "", "peer": answer, "initiate": False}
        )
    await opener.asker.carry_out(opener.asker.write(opener.endpoint, ours))
    for other, commands in zip(others, theirs, strict=True):
        await other.asker.carry_out(other.asker.write(other.endpoint, commands))
    return names


async def _establish(opener: End, others: list[End], names: list[str]) -> float:
    """Initiate all; seconds from the first command to the last Activated, by all timelines."""
    marks = [await mark(end, "Activated") for end in (opener, *others)]
    requests = opener.asker.write(opener.endpoint, plain("initiate", names))
    await opener.asker.carry_out(requests)
    await reached(opener, marks[0], names)
    share = len(names) // len(others)
    for place, (other, before) in enumerate(zip(others, marks[1:], strict=True)):
        await reached(other, before, [f"ri-b{number}" for number in range(place, len(names), len(others))][:share])
    first = [row["at"] async for row in rows(opener, marks[0].place) if row["cause"] == "command initiate"]
    last = [await moments(end, before) for end, before in zip((opener, *others), marks, strict=True)]
    if sum(map(len, last)) != 2 * len(names):
        raise BenchFailed(f"not every timeline says Activated, for all of {COMMANDS_LIMIT} commands a request")
    ended: float = max(max(one.values()) for one in last)
    return ended - float(min(first))

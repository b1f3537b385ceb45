"""Bundles are per peer: one initiator with fifty peers shows what is left of bundling when nobody has much to say."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from console.bench.driving import (
    SETTLE_SECONDS,
    Connection,
    as_peer,
    connections,
    creation,
    mark,
    moments,
    plain,
    reached,
    rows,
)
from console.bench.results import BenchFailed, Fanout, Rate
from console.bench.sizes import COMMANDS_LIMIT, Sizes
from console.bench.stage import End, Stage
from shared.wire.request import CommandForm

WARM_UP_CONNECTIONS: Final = 5_000
"""A hundred for each of fifty acceptors; the two workers of a pair warm up, too."""

STARTING_LIMIT_WORKERS: Final = 4
"""Workers that start at the same time: more only wait for each other."""


async def measure_fanout(stage: Stage, sizes: Sizes, pair: Rate) -> Fanout:
    """Handshakes a second between one initiator and many acceptors, every connection in turn with the next of them."""
    async with AsyncExitStack() as stack:
        opener = await stage.end("initiator", "vpc-fan-a")
        others = [await stage.end("acceptor", f"vpc-fan-b{place}") for place in range(sizes.acceptors)]
        for end in (opener, *others):
            stack.push_async_callback(end.stop)
        await _start([opener, *others])
        await _round(opener, others, "w", WARM_UP_CONNECTIONS)
        handshakes = await _round(opener, others, "", sizes.handshakes)
    return Fanout(sizes.acceptors, handshakes, pair)


async def _round(opener: End, others: list[End], name: str, count: int) -> Rate:
    wanted = connections(name, count - count % len(others))
    await _create(opener, others, wanted)
    await asyncio.sleep(SETTLE_SECONDS)
    return Rate(len(wanted), (await _establish(opener, others, wanted),))


async def _start(ends: list[End]) -> None:
    window = asyncio.Semaphore(STARTING_LIMIT_WORKERS)

    async def one(end: End) -> None:
        async with window:
            await end.start()

    async with asyncio.TaskGroup() as group:
        for end in ends:
            group.create_task(one(end))


async def _create(opener: End, others: list[End], wanted: list[Connection]) -> None:
    """Create all at both ends, each with the next of the acceptors in turn."""
    ours: list[CommandForm] = []
    theirs: list[list[CommandForm]] = [[] for _ in others]
    for number, one in enumerate(wanted):
        place = number % len(others)
        ours.append(creation(one.opener, as_peer(others[place], one.other)))
        theirs[place].append(creation(one.other, as_peer(opener, one.opener)))
    await opener.asker.carry_out(opener.asker.write(opener.endpoint, ours))
    for other, commands in zip(others, theirs, strict=True):
        await other.asker.carry_out(other.asker.write(other.endpoint, commands))


async def _establish(opener: End, others: list[End], wanted: list[Connection]) -> float:
    """Initiate all; seconds from the first command to the last Activated, by all timelines."""
    marks = [await mark(end, "Activated") for end in (opener, *others)]
    names = [one.opener for one in wanted]
    await opener.asker.carry_out(opener.asker.write(opener.endpoint, plain("initiate", names)))
    await reached(opener, marks[0], names)
    for place, (other, before) in enumerate(zip(others, marks[1:], strict=True)):
        await reached(other, before, [one.other for one in wanted[place :: len(others)]])
    first = [row["at"] async for row in rows(opener, marks[0].place) if row["cause"] == "command initiate"]
    last = [await moments(end, before) for end, before in zip((opener, *others), marks, strict=True)]
    if sum(map(len, last)) != 2 * len(wanted):
        raise BenchFailed(f"not every timeline says Activated, for all of {COMMANDS_LIMIT} commands a request")
    ended: float = max(max(one.values()) for one in last)
    return ended - float(min(first))

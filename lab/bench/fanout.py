"""Throughput of one initiator with many acceptors, where each bundle holds little."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from lab.bench.results import Fanout, Rate
from lab.bench.sizes import Sizes
from lab.bench.testbed import End, Testbed
from lab.bench.workload import (
    SETTLE_SECONDS,
    Connection,
    Side,
    all_reached,
    as_peer,
    command,
    connections,
    creation,
    mark,
    timed,
)
from shared.wire.request import CommandForm

WARM_UP_CONNECTIONS: Final = 5_000
"""A hundred for each of fifty acceptors; the two workers of a pair warm up, too."""

STARTING_LIMIT_WORKERS: Final = 4
"""Workers that start at the same time: more only wait for each other."""


async def measure_fanout(testbed: Testbed, sizes: Sizes, pair: Rate) -> list[Fanout]:
    """Handshakes a second between one initiator and many acceptors, for each number of acceptors that is asked for."""
    return [await _among(testbed, sizes, pair, count) for count in sizes.acceptors]


async def _among(testbed: Testbed, sizes: Sizes, pair: Rate, count: int) -> Fanout:
    """One number of acceptors: every connection in turn with the next of them."""
    async with AsyncExitStack() as stack:
        opener = await testbed.end("initiator", f"vpc-fan{count}-a")
        others = [await testbed.end("acceptor", f"vpc-fan{count}-b{place}") for place in range(count)]
        for end in (opener, *others):
            stack.push_async_callback(end.stop)
        await _start([opener, *others])
        await _round(testbed, opener, others, connections("w", WARM_UP_CONNECTIONS))
        wanted = connections("", sizes.handshakes - sizes.handshakes % len(others))
        seconds, spent = await _round(testbed, opener, others, wanted)
    costs = [one / len(wanted) * 1e6 for one in spent]
    return Fanout(count, Rate(len(wanted), (seconds,)), pair, *costs)


async def _round(
    testbed: Testbed, opener: End, others: list[End], wanted: list[Connection]
) -> tuple[float, tuple[float, float, float]]:
    """Seconds, and processor seconds until all has settled: of the opener, of all others together, of the broker."""
    await _create(opener, others, wanted)
    await asyncio.sleep(SETTLE_SECONDS)
    parts = [[one.other for one in wanted[place :: len(others)]] for place in range(len(others))]
    sides = [Side(opener, [one.opener for one in wanted]), *map(Side, others, parts)]

    def spent() -> tuple[float, float, float]:
        return opener.cpu_seconds(), sum(end.cpu_seconds() for end in others), testbed.broker_cpu_seconds()

    marks = [await mark(side.end, "Activated") for side in sides]
    before = spent()
    await command(sides[0], "initiate")
    await all_reached(sides[:1], marks[:1])
    await asyncio.sleep(SETTLE_SECONDS)
    after = spent()
    await all_reached(sides[1:], marks[1:])
    a, b, c = (later - earlier for later, earlier in zip(after, before, strict=True))
    return (await timed(sides, marks)).seconds, (a, b, c)


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
    await opener.client.carry_out(opener.client.write(opener.endpoint, ours))
    for other, commands in zip(others, theirs, strict=True):
        await other.client.carry_out(other.client.write(other.endpoint, commands))

"""The cost by connections: handshakes, latency, lookups of pairs that hold from a thousand to 100,000 connections.

For each size: what a further handshake costs, how long a lone one takes, how long looking something up takes. At the
largest: memory, the cost of doing nothing, and how soon a worker that was killed is back. In turn, because machines are
slower or faster from one minute to the next, and a ratio must not say so.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from lab.bench.lone import lone_handshakes
from lab.bench.processes import resident_mib
from lab.bench.results import BenchFailed, ByConnections, ConnectionsPoint, Latency, Rate
from lab.bench.sizes import Sizes
from lab.bench.testbed import End, Pair, Testbed
from lab.bench.workload import SETTLE_SECONDS, Connection, change, connections, create, established, shown, worker
from shared.wire import commands

CHUNK_CONNECTIONS: Final = 20_000
LONE_SAMPLES: Final = 100
LONE_ROUNDS: Final = 5
PAGE_LIMIT_INTERFACES: Final = 100
_MILLISECONDS: Final = 1_000.0
_MICROSECONDS: Final = 1e6


@dataclass(frozen=True, slots=True)
class LoadedPair:
    """A pair of workers that holds so many connections, and what was measured with it: microseconds, milliseconds."""

    pair: Pair
    count: int
    costs: list[float] = field(default_factory=list)
    broker_costs: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lone: list[float] = field(default_factory=list)
    show: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)

    def point(self, sample: int) -> ConnectionsPoint:
        """All of it, of samples of so many handshakes."""
        rate = Rate(sample, tuple(self.seconds))
        lone, show, page = (Latency(tuple(found)) for found in (self.lone, self.show, self.page))
        return ConnectionsPoint(self.count, median(self.costs), median(self.broker_costs), rate, lone, show, page)


async def measure_by_connections(testbed: Testbed, sizes: Sizes) -> ByConnections:
    """Everything that depends, or must not depend, on how many connections there are."""
    fresh = [await _fresh_start(testbed) for _ in range(sizes.starts)]
    async with AsyncExitStack() as stack:
        pairs = [
            await stack.enter_async_context(testbed.pair(f"load{place}"))
            for place in range(len(sizes.connection_counts))
        ]
        loaded_pairs = [LoadedPair(pair, count) for pair, count in zip(pairs, sizes.connection_counts, strict=True)]
        largest = pairs[-1]
        idle_mib = max(resident_mib(end.pid) for end in largest.ends)
        for one in loaded_pairs:
            await _fill(one)
        await _measure(testbed, loaded_pairs, sizes)
        full_mib = max(resident_mib(end.pid) for end in largest.ends)
        share = await _idle_share(largest, sizes.idle_seconds)
        killed = [await _killed_start(end) for end in largest.ends]
    points = tuple(one.point(sizes.sample) for one in loaded_pairs)
    present = sizes.connection_counts[-1] + sizes.sample * sizes.samples
    return ByConnections(points, idle_mib, full_mib, tuple(fresh), tuple(killed), share, present)


async def _fresh_start(testbed: Testbed) -> float:
    """Seconds from starting a worker, broker up, until it has answered."""
    end = await testbed.end("initiator", "vpc-load0-a")
    began = time.perf_counter()
    try:
        await end.start()
        return time.perf_counter() - began
    finally:
        await end.stop()


async def _fill(one: LoadedPair) -> None:
    """Establish its connections."""
    for present in range(0, one.count, CHUNK_CONNECTIONS):
        more = connections(f"g{present}", min(CHUNK_CONNECTIONS, one.count - present))
        await create(one.pair, more)
        await change(one.pair, "initiate", "Activated", more)


async def _measure(testbed: Testbed, loaded_pairs: list[LoadedPair], sizes: Sizes) -> None:
    for number in range(sizes.samples):
        for one in loaded_pairs:
            await _sample(testbed, one, connections(f"s{number}n", sizes.sample))
    for number in range(LONE_ROUNDS):
        for one in loaded_pairs:
            wanted = connections(f"l{number}n", min(LONE_SAMPLES, sizes.lone) // LONE_ROUNDS)
            one.lone.extend((await lone_handshakes(one.pair, wanted)).milliseconds)
    for _ in range(sizes.lookups):
        for one in loaded_pairs:
            end = one.pair.opener
            one.show.append(await _timed(shown(end, "ri-g0a0")))
            one.page.append(await _timed(_page(end)))


async def _sample(testbed: Testbed, one: LoadedPair, wanted: list[Connection]) -> None:
    pair = one.pair
    await create(pair, wanted)
    await asyncio.sleep(SETTLE_SECONDS)
    before, broker_before = pair.cpu_seconds(), testbed.broker_cpu_seconds()
    one.seconds.append(await established(pair, wanted))
    one.costs.append((pair.cpu_seconds() - before) / len(wanted) * _MICROSECONDS)
    one.broker_costs.append((testbed.broker_cpu_seconds() - broker_before) / len(wanted) * _MICROSECONDS)


async def _page(end: End) -> dict[str, Any]:
    return await end.client.ask(end.endpoint, commands.listing("ri-g0a", PAGE_LIMIT_INTERFACES))


async def _timed(question: Awaitable[object]) -> float:
    """Milliseconds until the answer."""
    began = time.perf_counter()
    await question
    return (time.perf_counter() - began) * _MILLISECONDS


async def _idle_share(pair: Pair, seconds: float) -> float:
    """The larger of both workers' shares of one core while nothing happens but keepalives."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = [end.cpu_seconds() for end in pair.ends]
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - began
    return max((end.cpu_seconds() - spent) / passed for end, spent in zip(pair.ends, before, strict=True))


async def _killed_start(end: End) -> float:
    """Seconds from starting a worker again after kill -9 until it has answered. Raises BenchFailed if it forgot any."""
    established = (await worker(end))["statuses"].get("Activated", 0)
    await end.stop(signal.SIGKILL)
    began = time.perf_counter()
    await end.start()
    seconds = time.perf_counter() - began
    if (await worker(end))["statuses"].get("Activated", 0) < established:
        raise BenchFailed(f"{end.endpoint} forgot connections when it was killed")
    return seconds

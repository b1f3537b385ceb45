"""What is cheap for a thousand and dear for a hundred thousand is dear, so one pair of workers grows and is watched.

At each scale: what a further handshake costs, how long a lone one takes, how long looking something up takes. At the
largest: memory, the cost of doing nothing, and how soon a worker that was killed is back.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, Final

from console.bench.driving import SETTLE_SECONDS, change, connections, create, established, shown, worker
from console.bench.lone import lone_handshakes
from console.bench.processes import resident_mib
from console.bench.results import BenchFailed, Growth, Latency, Rate, ScalePoint
from console.bench.sizes import Sizes
from console.bench.stage import End, Pair, Stage

CHUNK_CONNECTIONS: Final = 20_000
LONE_SAMPLES: Final = 100
PAGE_LIMIT_INTERFACES: Final = 100
_MILLISECONDS: Final = 1_000.0
_MICROSECONDS: Final = 1e6


async def measure_growth(stage: Stage, sizes: Sizes) -> Growth:
    """Everything that depends, or must not depend, on how many connections there are."""
    starts = sizes.starts
    fresh = [await _fresh_start(stage) for _ in range(starts)]
    async with stage.pair("growth") as pair:
        idle_mib = max(resident_mib(end.pid) for end in pair.ends)
        points: list[ScalePoint] = []
        present = 0
        for scale in sizes.scales:
            present = await _grow(pair, present, scale)
            point = await _look(stage, pair, scale, sizes)
            present += sizes.sample * sizes.samples
            points.append(point)
        full_mib = max(resident_mib(end.pid) for end in pair.ends)
        share = await _idle_share(pair, sizes.idle_seconds)
        killed = [await _killed_start(end) for end in pair.ends]
    return Growth(tuple(points), idle_mib, full_mib, tuple(fresh), tuple(killed), share, present)


async def _fresh_start(stage: Stage) -> float:
    """Seconds from starting a worker, broker up, until it has answered."""
    end = await stage.end("initiator", "vpc-growth-a")
    began = time.perf_counter()
    try:
        await end.start()
        return time.perf_counter() - began
    finally:
        await end.stop()


async def _grow(pair: Pair, present: int, wanted: int) -> int:
    """Establish connections until there are so many."""
    while present < wanted:
        count = min(CHUNK_CONNECTIONS, wanted - present)
        more = connections(f"g{present}", count)
        await create(pair, more)
        await change(pair, "initiate", "Activated", more)
        present += count
    return present


async def _look(stage: Stage, pair: Pair, scale: int, sizes: Sizes) -> ScalePoint:
    costs: list[float] = []
    broker_costs: list[float] = []
    seconds: list[float] = []
    for number in range(sizes.samples):
        sample = connections(f"s{scale}n{number}", sizes.sample)
        await create(pair, sample)
        await asyncio.sleep(SETTLE_SECONDS)
        before, broker_before = pair.cpu_seconds(), stage.broker_cpu_seconds()
        took = await established(pair, sample)
        costs.append((pair.cpu_seconds() - before) / sizes.sample * _MICROSECONDS)
        broker_costs.append((stage.broker_cpu_seconds() - broker_before) / sizes.sample * _MICROSECONDS)
        seconds.append(took)
    lone = await lone_handshakes(pair, connections(f"l{scale}n", min(LONE_SAMPLES, sizes.lone)))
    end = pair.opener
    show = await _timed(sizes.lookups, lambda: shown(end, "ri-g0a0"))
    page = await _timed(sizes.lookups, lambda: _page(end))
    rate = Rate(sizes.sample, tuple(seconds))
    return ScalePoint(scale, median(costs), median(broker_costs), rate, lone, show, page)


async def _page(end: End) -> dict[str, Any]:
    return await end.asker.ask(
        end.endpoint, {"kind": "list", "after": "ri-g0a", "limit": PAGE_LIMIT_INTERFACES, "deleted": False}
    )


async def _timed(count: int, question: Callable[[], Awaitable[object]]) -> Latency:
    samples: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        await question()
        samples.append((time.perf_counter() - began) * _MILLISECONDS)
    return Latency(tuple(samples))


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

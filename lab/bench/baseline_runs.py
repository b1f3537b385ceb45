"""Runs of the baseline programs, on the broker and in the run in which the workers are measured."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.bench.processes import Child
from lab.bench.results import Baseline, Latency, Payloads, Rate
from lab.bench.sizes import LONE_PAUSE_SECONDS, PAYLOAD_CHARACTERS, Sizes
from lab.bench.testbed import ADMINISTRATOR, Testbed

ROOT: Final = Path(__file__).resolve().parents[2]
PLAIN: Final = "lab.bench.baselines.plain"
QUEUE_TYPE: Final = "quorum"
"""What the workers' queues are: each message is on disk, in the broker's log, before it is delivered."""
QUEUE_TYPES: Final = ("classic", QUEUE_TYPE)
RUN_LIMIT_SECONDS: Final = 600.0
_SIDES: Final = ("initiator", "acceptor")


@dataclass(frozen=True, slots=True)
class _Ran:
    """What both sides of one run said."""

    began: dict[str, float]
    done: dict[str, list[float]]
    first: float
    last: float


async def measure_baseline(
    testbed: Testbed, module: str, queue_type: str, count: int, lone: int, *options: str
) -> Baseline:
    """Handshakes as one of the programs of `lab/bench/baselines/` makes them: many at once, then one by one."""
    many = await _run(testbed, module, "handshakes", queue_type, count, *options)
    pause = ("--pause-seconds", str(LONE_PAUSE_SECONDS))
    single = await _run(testbed, module, "lone", queue_type, lone, *pause, *options)
    both = [max(single.done[name]) - began for name, began in single.began.items()]
    return Baseline(
        queue_type,
        Rate(count, (many.last - many.first,)),
        Latency(tuple(one * 1_000 for one in both)),
    )


async def measure_plain(testbed: Testbed, sizes: Sizes) -> list[Baseline]:
    """The plain implementation, on both types of queue."""
    count = sizes.baseline_handshakes
    return [await measure_baseline(testbed, PLAIN, one, count, sizes.lone) for one in QUEUE_TYPES]


async def measure_stock(testbed: Testbed, sizes: Sizes) -> list[Baseline]:
    """The same on the event loop that comes with Python, on both types of queue."""
    count, lone = sizes.slow_baseline_handshakes, min(sizes.lone, 200)
    return [await measure_baseline(testbed, PLAIN, one, count, lone, "--loop", "asyncio") for one in QUEUE_TYPES]


async def measure_durable(testbed: Testbed, sizes: Sizes) -> list[Baseline]:
    """The same with each step committed before it is said, on the queues that ours are."""
    count, store = sizes.slow_baseline_handshakes, ("--store", str(testbed.folder))
    return [await measure_baseline(testbed, PLAIN, QUEUE_TYPE, count, sizes.lone, *store)]


async def measure_faststream(testbed: Testbed, sizes: Sizes) -> list[Baseline]:
    """The same exchange on FastStream, on both types of queue."""
    count, lone = sizes.slow_baseline_handshakes, min(sizes.lone, 200)
    return [
        await measure_baseline(testbed, "lab.bench.baselines.faststream_exchange", one, count, lone)
        for one in QUEUE_TYPES
    ]


async def measure_plain_payloads(testbed: Testbed, sizes: Sizes) -> list[tuple[str, Payloads]]:
    """Publish, confirm, consume, acknowledge: one way and both ways, on both types of queue."""
    found: list[tuple[str, Payloads]] = []
    for queue_type in QUEUE_TYPES:
        options = ("--payload-characters", str(PAYLOAD_CHARACTERS))
        one = await _run(testbed, PLAIN, "payloads", queue_type, sizes.payloads, *options)
        both = await _run(testbed, PLAIN, "payloads-both", queue_type, sizes.payloads // 2, *options)
        pair = Payloads(
            Rate(sizes.payloads, (one.last - one.first,)),
            Rate(sizes.payloads // 2 * 2, (both.last - both.first,)),
        )
        found.append((queue_type, pair))
    return found


async def _run(testbed: Testbed, module: str, mode: str, queue_type: str, count: int, *options: str) -> _Ran:
    name = secrets.token_hex(4)
    arguments = ("--mode", mode, "--queue-type", queue_type, "--run", name, "--count", str(count), *options)
    environment = {"PEERING_BENCH_BROKER": testbed.url(ADMINISTRATOR), "PYTHONPATH": str(ROOT)}
    async with AsyncExitStack() as stack, asyncio.timeout(RUN_LIMIT_SECONDS):
        sides: list[Child] = []
        for side in _SIDES:
            command = (sys.executable, "-P", "-m", module, "--side", side, *arguments)
            child = await Child.start(f"{mode}-{name}-{side}", command, testbed.folder, environment)
            stack.push_async_callback(child.end)
            sides.append(child)
        for child in sides:
            await child.line()
        for child in sides:
            await child.tell("go")
        return _together([json.loads(await child.line()) for child in sides])


def _together(said: list[dict[str, Any]]) -> _Ran:
    began: dict[str, float] = {}
    done: dict[str, list[float]] = {}
    for one in said:
        began |= one["began"]
        for name, at in one["done"].items():
            done.setdefault(name, []).append(at)
    first = min(at for one in said for at in one["began"].values())
    last = max(at for one in said for at in one["done"].values())
    return _Ran(began, done, first, last)

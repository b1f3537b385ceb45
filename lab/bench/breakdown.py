"""The processor time of a handshake by layer, from py-spy's samples of both workers.

A sample counts for the layer of its innermost known frame. The workers make handshakes by the thousand meanwhile; the
scale is the processor time that the kernel counted in the same stretch without a profiler, so the profiler's own
weight stays out of the sum.
"""

from __future__ import annotations

import asyncio
import signal
import sysconfig
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from lab.bench.processes import Child
from lab.bench.results import BenchFailed, Breakdown
from lab.bench.sizes import Sizes
from lab.bench.testbed import Pair, Testbed
from lab.bench.workload import SETTLE_SECONDS, connections, create, established

PROFILER: Final = Path(sysconfig.get_path("scripts")) / "py-spy"
SAMPLES_A_SECOND: Final = 250
LONGEST_SECONDS: Final = 600
WARM_UP_CONNECTIONS: Final = 500
BROKER: Final = "RabbitMQ itself"
OTHER: Final = "else"

LAYERS: Final = (
    ("wire", ("/shared/wire/", "/pydantic/")),
    ("step", ("/shared/protocol/", "/initiator/", "/acceptor/")),
    ("store", ("/shared/store/",)),
    ("logs", ("/structlog/", "/shared/runtime/logs")),
    ("AMQP client", ("/shared/broker/", "/aio_pika/", "/aiormq/", "/pamqp/", "/yarl/")),
    ("event loop", ("/asyncio/", "/uvloop/", "/concurrent/", "/threading.py")),
    ("worker", ("/shared/runtime/",)),
)
"""In the order in which a frame's file is compared; the worker's own lines come last, as what is left of them."""


async def measure_breakdown(testbed: Testbed, sizes: Sizes) -> Breakdown:
    """Processor time per handshake, by layer."""
    count = sizes.handshakes
    async with testbed.pair("breakdown") as pair:
        await _create(pair, "warm", WARM_UP_CONNECTIONS)
        await established(pair, connections("warm", WARM_UP_CONNECTIONS))
        await _create(pair, "plain", count)
        before, broker_before = pair.cpu_seconds(), testbed.broker_cpu_seconds()
        await established(pair, connections("plain", count))
        spent = pair.cpu_seconds() - before
        broker_spent = testbed.broker_cpu_seconds() - broker_before
        found = await _profiled(testbed, pair, count)
    layers = {layer: share * spent / count * 1e6 for layer, share in found.items()}
    return Breakdown({**layers, BROKER: broker_spent / count * 1e6}, count)


async def _create(pair: Pair, name: str, count: int) -> None:
    await create(pair, connections(name, count))
    await asyncio.sleep(SETTLE_SECONDS)


async def _profiled(testbed: Testbed, pair: Pair, count: int) -> dict[str, float]:
    """Shares of the samples of one more round, by layer."""
    if not PROFILER.exists():
        raise BenchFailed("py-spy is not installed: pip install -e lab")
    files = [testbed.folder / f"{end.endpoint}.stacks" for end in pair.ends]
    await _create(pair, "spied", count)
    async with AsyncExitStack() as stack:
        for end, file in zip(pair.ends, files, strict=True):
            options = ("--format", "raw", "--full-filenames", "--nonblocking", "--rate", str(SAMPLES_A_SECOND))
            length = ("--duration", str(LONGEST_SECONDS), "--output", str(file), "--pid", str(end.pid))
            command = (str(PROFILER), "record", *options, *length)
            spy = await Child.start(f"spy-{end.role}", command, testbed.folder, {})
            stack.push_async_callback(spy.end, signal.SIGINT)
        await established(pair, connections("spied", count))
    return shares(line for file in files for line in _lines(file))


def _lines(file: Path) -> list[str]:
    if not file.exists():
        raise BenchFailed("py-spy may not look at our processes here: it needs ptrace")
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def shares(stacks: Iterable[str]) -> dict[str, float]:
    """Shares of the samples by layer, largest first, of folded stacks: `outermost;…;innermost COUNT`."""
    counts: Counter[str] = Counter()
    for stack in stacks:
        frames, _, count = stack.rpartition(" ")
        counts[layer_of(frames.split(";"))] += int(count)
    whole = counts.total()
    if not whole:
        raise BenchFailed("py-spy took no sample")
    return {layer: count / whole for layer, count in counts.most_common()}


def layer_of(frames: list[str]) -> str:
    """The layer that the innermost frame of a known file belongs to."""
    for frame in reversed(frames):
        for layer, places in LAYERS:
            if any(place in frame for place in places):
                return layer
    return OTHER

"""The cost of worlds: how soon a fresh one has a connection, and what its whole round takes of the machine.

And how soon a simulator is there at all: the first one with its own RabbitMQ, and others on a broker that is warm.
Linux: what a process takes is read in /proc.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from console.stack.warm import start_warm, stop_warm
from lab.bench.processes import Child, descendants
from lab.bench.results import BenchFailed, Latency, Worlds
from lab.bench.sizes import Sizes
from lab.bench.testbed import Testbed
from peering_handshake import AsyncSimulator
from peering_handshake.starting import topology

READY_LIMIT_SECONDS: Final = 120.0
PAIR_LIMIT_SECONDS: Final = 60.0
STOP_LIMIT_SECONDS: Final = 60.0
WARM_SECONDS: Final = 3_600.0
_ACCOUNTS: Final = ("alice", "bob")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MILLISECONDS: Final = 1_000.0


class Up(NamedTuple):
    """A `peering up` that is ready: its process, what it said of itself, and when it said what, in seconds."""

    pid: int
    said: dict[str, Any]
    moments: dict[str, float]


async def measure_worlds(testbed: Testbed, sizes: Sizes) -> Worlds:
    """Worlds one after the other, each with one connection, a reset and its end; then starts on a warm broker."""
    folder = testbed.folder / "worlds"
    folder.mkdir()
    try:
        async with _up(folder / "first") as first, _client(first) as simulator:
            await _round(simulator)  # the first is of a simulator that has done nothing yet
            before = _spent(first.pid)
            rounds = [await _round(simulator) for _ in range(sizes.worlds)]
            spent = (_spent(first.pid) - before) / sizes.worlds
        made, reset, ended = (Latency(samples) for samples in zip(*rounds, strict=True))
        warm = await _warm_starts(folder, sizes.starts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Worlds(made, reset, ended, spent * _MILLISECONDS, warm, _beyond_boot(first.moments))


async def _round(simulator: AsyncSimulator) -> tuple[float, float, float]:
    """Milliseconds from asking for a world until a connection is up in it, of a reset, and of its end."""
    began = time.perf_counter()
    async with simulator.world(_ACCOUNTS) as world:
        await world.pair(*_ACCOUNTS, connected=True, timeout=PAIR_LIMIT_SECONDS)
        connected = time.perf_counter()
        await world.reset()
        cleared = time.perf_counter()
    times = began, connected, cleared, time.perf_counter()
    made, reset, ended = ((later - earlier) * _MILLISECONDS for earlier, later in pairwise(times))
    return made, reset, ended


async def _warm_starts(folder: Path, starts: int) -> tuple[float, ...]:
    """Seconds until `peering up` is ready where the broker runs already."""
    await start_warm(folder / "warm", WARM_SECONDS)
    try:
        seconds = []
        for place in range(starts):
            async with _up(folder / f"on-warm-{place}", "--warm", str(folder / "warm")) as up:
                seconds.append(up.moments["ready"])
        return tuple(seconds)
    finally:
        await stop_warm(folder / "warm")


def _beyond_boot(moments: dict[str, float]) -> float:
    """Seconds of a first start that are not RabbitMQ's own boot."""
    return moments["ready"] - (moments["workers"] - moments["broker"])


def _client(up: Up) -> AsyncSimulator:
    return AsyncSimulator(url=up.said["url"], token=up.said["token"])


@asynccontextmanager
async def _up(folder: Path, *options: str) -> AsyncIterator[Up]:
    """Run `peering up` in a folder until the block ends. Raises BenchFailed if it is not ready in time."""
    command = (*_command(folder), *options)
    began = time.perf_counter()
    child = await Child.start("up", command, folder, {"PEERING_WARM_BROKER": ""})
    try:
        async with asyncio.timeout(READY_LIMIT_SECONDS):
            said, moments = await _ready(child, began)
        emptying = asyncio.create_task(child.read_on())
        try:
            yield Up(child.pid, said, moments)
        finally:
            emptying.cancel()
            await asyncio.gather(emptying, return_exceptions=True)
    except TimeoutError:
        raise BenchFailed(f"`peering up` was not ready after {READY_LIMIT_SECONDS:.0f} s") from None
    finally:
        await child.end(signal.SIGINT, STOP_LIMIT_SECONDS)


def _command(folder: Path) -> tuple[str, ...]:
    """The command that runs a simulator of two accounts in a new folder."""
    folder.mkdir()
    file = folder / "topology.yaml"
    file.write_text(json.dumps(topology(_ACCOUNTS)), encoding="utf-8")
    where = ("--folder", str(folder / "up"), "--listen", "127.0.0.1:0", "--json")
    return (sys.executable, "-P", "-m", "console.cli", "up", str(file), *where)


async def _ready(child: Child, began: float) -> tuple[dict[str, Any], dict[str, float]]:
    """What it says of itself once it is ready, and when it said each first word, in seconds since it was started."""
    moments: dict[str, float] = {}
    while True:
        said: dict[str, Any] = json.loads(await child.line())
        word = said["sentence"].partition(":")[0] if said.get("event") == "progress" else said.get("event", "")
        moments.setdefault(word, time.perf_counter() - began)
        if word == "ready":
            return said, moments
        if "outcome" in said:
            raise BenchFailed(str(said))


def _spent(up: int) -> float:
    """Processor seconds of a `peering up`, its broker and its workers, those that have ended included."""
    total = 0
    for one in descendants(up):
        with suppress(OSError):
            fields = Path(f"/proc/{one.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICKS

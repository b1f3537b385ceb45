"""The cost of scale: `peering up` with many endpoints of many accounts, until all answer, and while nothing happens.

Each size is a `peering up` of its own in an empty folder, with its own RabbitMQ, that is ended before the next begins.
Linux: what a process takes is read in /proc.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Final

from lab.bench.processes import Child, cpu_seconds, descendants, memory_mib
from lab.bench.results import BenchFailed, ScalePoint
from lab.bench.sizes import ScaleSize, Sizes
from lab.bench.testbed import Testbed

READY_LIMIT_SECONDS: Final = 420.0
STOP_LIMIT_SECONDS: Final = 120.0
SETTLE_SECONDS: Final = 15.0
ENDPOINT_MIB: Final = 15.0
"""What an endpoint may take at most, the broker's part of it included; a machine that has less is not tried."""
_MIB: Final = 1024.0
_ESTABLISHED: Final = "01"


async def measure_scale(testbed: Testbed, sizes: Sizes) -> list[ScalePoint]:
    """Every size in turn."""
    return [await _measured(testbed.folder / f"scale-{place}", one, sizes) for place, one in enumerate(sizes.scale)]


async def _measured(folder: Path, size: ScaleSize, sizes: Sizes) -> ScalePoint:
    """One size. Raises BenchFailed, and leaves no process and no file."""
    _spare_memory(size)
    topology = _written(folder, size)
    up = ("-P", "-m", "console.cli", "up", str(topology), "--folder", str(folder / "up"), "--listen", "127.0.0.1:0")
    child = await Child.start("up", (sys.executable, *up, "--json"), folder, {"PEERING_WARM_BROKER": ""})
    try:
        async with asyncio.timeout(READY_LIMIT_SECONDS):
            booted, ready = await _ready(child)
        emptying = asyncio.create_task(child.read_on())
        try:
            return await _point(child.pid, folder / "up", size, (booted, ready), sizes)
        finally:
            emptying.cancel()
            await asyncio.gather(emptying, return_exceptions=True)
    except TimeoutError:
        raise BenchFailed(f"{size.endpoints} endpoints: not ready after {READY_LIMIT_SECONDS:.0f} s") from None
    finally:
        await child.end(signal.SIGINT, STOP_LIMIT_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _spare_memory(size: ScaleSize) -> None:
    """Look whether so many endpoints fit into what is free. Raises BenchFailed."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    free = next(int(line.split()[1]) / _MIB for line in lines if line.startswith("MemAvailable:"))
    if free < size.endpoints * ENDPOINT_MIB:
        raise BenchFailed(f"{size.endpoints} endpoints: only {free:,.0f} MiB of memory are free")


def _written(folder: Path, size: ScaleSize) -> Path:
    """Write the topology: so many endpoints, half of them initiators, their accounts in turn. JSON is YAML, too."""
    accounts = [f"account-{number}" for number in range(size.accounts)]
    ends = enumerate(islice(zip(cycle(accounts), cycle(("initiator", "acceptor")), strict=False), size.endpoints))
    topology = {
        "accounts": [{"uid": uid} for uid in accounts],
        "endpoints": [
            {"id": f"vpc-{number}", "kind": "vpc", "account": uid, "region": "cn-hangzhou", "role": role}
            for number, (uid, role) in ends
        ],
    }
    folder.mkdir()
    file = folder / "topology.yaml"
    file.write_text(json.dumps(topology), encoding="utf-8")
    return file


async def _ready(child: Child) -> tuple[float, float]:
    """Seconds until the broker has booted, with all its queues, and from then until every endpoint answers."""
    began, booted = time.perf_counter(), None
    while True:
        said = json.loads(await child.line())
        if said.get("event") == "progress" and said["sentence"].startswith("workers:"):
            booted = time.perf_counter()
        elif said.get("event") == "ready" and booted is not None:
            return booted - began, time.perf_counter() - booted
        elif "outcome" in said:
            raise BenchFailed(str(said))


async def _point(up: int, folder: Path, size: ScaleSize, seconds: tuple[float, float], sizes: Sizes) -> ScalePoint:
    """Everything that is read while it runs."""
    booted, ready = seconds
    workers = [one for one in descendants(up) if one.is_worker]
    if len(workers) != size.endpoints:
        raise BenchFailed(f"{size.endpoints} endpoints: {len(workers)} workers run")
    cpu = median(cpu_seconds(one.pid) for one in workers)
    await asyncio.sleep(SETTLE_SECONDS)
    memory = {one.pid: memory_mib(one.pid) for one in descendants(up)}
    mine = [memory[one.pid] for one in workers if one.pid in memory]
    idle = await _idle(up, sizes.idle_seconds)
    broker = json.loads((folder / "context.json").read_bytes())["broker"]["url"]
    queues = json.loads((folder / "broker" / "definitions.json").read_bytes())["queues"]
    return ScalePoint(
        endpoints=size.endpoints,
        accounts=size.accounts,
        boot_seconds=booted,
        ready_seconds=ready,
        worker_cpu_seconds=cpu,
        private_mib=median(private for private, _ in mine),
        pss_mib=median(pss for _, pss in mine),
        whole_mib=sum(pss for _, pss in memory.values()),
        queues=len(queues),
        connections=_connections(int(broker.rpartition(":")[2].partition("/")[0])),
        idle_core_share=idle,
    )


async def _idle(up: int, seconds: float) -> float:
    """The share of a core that all of it takes together, the broker included, while nothing is asked of it."""
    before = _spent(one.pid for one in descendants(up))
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - began
    after = _spent(before)
    if after.keys() != before.keys():
        raise BenchFailed("a process ended while nothing happened")
    return sum(after[pid] - before[pid] for pid in after) / passed


def _spent(pids: Iterable[int]) -> dict[int, float]:
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = cpu_seconds(pid)
    return found


def _connections(port: int) -> int:
    """How many connections a port of this machine's loopback has."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    here = f":{port:04X}"
    return sum(fields[1].endswith(here) and fields[3] == _ESTABLISHED for fields in map(str.split, lines))

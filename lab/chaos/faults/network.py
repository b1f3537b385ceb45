"""Faults of the network between a worker and its broker: cut, torn inside a frame, stalled, slow, refused."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from lab.chaos.faults.fault import Fault, until
from lab.chaos.proxy import Direction, FaultProxy
from lab.chaos.system import System
from lab.chaos.workers import Worker

_TEAR_LIMIT_SECONDS: Final = 4.0
_TEAR_WITHIN_BYTES: Final = 12_000
_SLOW_SECONDS: Final = 0.15


async def _cut(system: System, worker: Worker, _: Random) -> str | None:
    await until(lambda: system.proxies[worker.id].connections)
    cut = system.proxies[worker.id].reset()
    return f"{cut} connections reset" if cut else None


async def _torn(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    proxy.tear(chance.randrange(_TEAR_WITHIN_BYTES))
    try:
        async with asyncio.timeout(_TEAR_LIMIT_SECONDS):
            await proxy.torn.wait()
    except TimeoutError:
        return None
    finally:
        proxy.heal()
    return "broken inside of what was being sent"


async def _stalled_there(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    return await _stalled(proxy, (proxy.to_broker,), chance)


async def _stalled_back(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    return await _stalled(proxy, (proxy.to_worker,), chance)


async def _stalled_both(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    return await _stalled(proxy, (proxy.to_broker, proxy.to_worker), chance)


async def _stalled(proxy: FaultProxy, directions: tuple[Direction, ...], chance: Random) -> str | None:
    await until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    seconds = chance.uniform(0.5, 4) if chance.random() < 0.9 else chance.uniform(12, 20)  # noqa: PLR2004
    try:
        for direction in directions:
            direction.open.clear()
        await asyncio.sleep(seconds)
    finally:
        proxy.heal()
    return f"nothing passed for {seconds:.1f} s"


async def _slowed(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    await until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    proxy.delay_seconds = _SLOW_SECONDS * 2 * chance.random()
    try:
        await asyncio.sleep(chance.uniform(1, 3))
    finally:
        proxy.heal()
    return "everything was late"


async def _refused(system: System, worker: Worker, chance: Random) -> str | None:
    proxy = system.proxies[worker.id]
    before, proxy.refusing = proxy.refused, True
    try:
        cut = proxy.reset()
        await asyncio.sleep(chance.uniform(0.5, 3))
    finally:
        proxy.heal()
    refused = proxy.refused - before
    return f"{cut} connections reset, {refused} attempts refused" if cut or refused else None


NETWORK_FAULTS: Final[tuple[Fault[Worker], ...]] = (
    Fault("connection cut", 4, _cut),
    Fault("connection torn in a frame", 4, _torn),
    Fault("stalled towards the broker", 1, _stalled_there),
    Fault("stalled towards the worker", 1, _stalled_back),
    Fault("stalled both ways", 1, _stalled_both),
    Fault("connection slow", 1, _slowed),
    Fault("connections refused", 1, _refused),
)

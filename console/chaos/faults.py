"""A fault counts only if it was felt: cutting a connection that is not there proves nothing.

Every way in which the site is broken. Each breaks something, waits, repairs what does not repair itself, and returns
what it did; None if there was nothing to break.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final, Generic, TypeVar

from console.chaos.brokers import Node
from console.chaos.cast import Actor
from console.chaos.disks import clear, fill, limit_files
from console.chaos.proxy import FaultProxy, Way
from console.chaos.site import Site
from shared.broker.control import ControlPlaneError, delete_queue, purge_queue

T = TypeVar("T")

STORE_COMPLAINT: Final = b"the store takes nothing"
"""What a worker logs when a batch could not be made durable."""

_BACK_LIMIT_SECONDS: Final = 20.0
_LOOK_EVERY_SECONDS: Final = 0.05
_FOUND_LIMIT_SECONDS: Final = 2.0
"""How long to wait for something that can be broken."""
_TEAR_LIMIT_SECONDS: Final = 4.0
_TEAR_WITHIN_BYTES: Final = 12_000
_SLOW_SECONDS: Final = 0.15
_QUEUE_LIMIT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Fault(Generic[T]):
    """One way to break something; `weight` says how often beside the others."""

    kind: str
    weight: float
    happen: Callable[[Site, T, Random], Awaitable[str | None]]


# Workers.


async def _killed(site: Site, actor: Actor, _: Random) -> str | None:
    return await _ended(site, actor, signal.SIGKILL)


async def _told_to_end(site: Site, actor: Actor, _: Random) -> str | None:
    return await _ended(site, actor, signal.SIGTERM)


async def _until(found: Callable[[], object]) -> None:
    """Wait a little for something to be there."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FOUND_LIMIT_SECONDS):
            while not found():  # noqa: ASYNC110 - neither a process nor a connection is an event
                await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _ended(site: Site, actor: Actor, how: signal.Signals) -> str | None:
    await _until(lambda: site.pid(actor))
    pid = site.pid(actor)
    if pid is None:
        return None
    site.expected[actor.id] += 1
    site.supervisor.send(actor.id, how)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BACK_LIMIT_SECONDS):
            while site.pid(actor) in (pid, None):  # noqa: ASYNC110 - a supervisor's report is no event
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            return f"process {pid} ended, {site.pid(actor)} took its place"
    return f"process {pid} was told to end, and nobody has taken its place yet"


async def _stopped(site: Site, actor: Actor, chance: Random) -> str | None:
    pid = site.pid(actor)
    if pid is None:
        return None
    seconds = chance.uniform(0.5, 4) if chance.random() < 0.85 else chance.uniform(11, 14)  # noqa: PLR2004
    await _frozen(pid, seconds)
    return f"stood still for {seconds:.1f} s"


async def _frozen(pid: int, seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)


async def _disk_filled(site: Site, actor: Actor, chance: Random) -> str | None:
    if not site.small_disks:
        return await _files_limited(site, actor, chance)
    with _complaints(site, actor) as felt:
        try:
            await asyncio.to_thread(fill, site.disk(actor))
            await asyncio.sleep(chance.uniform(1, 4))
        finally:
            clear(site.disk(actor))
        return felt()


async def _files_limited(site: Site, actor: Actor, chance: Random) -> str | None:
    pid = site.pid(actor)
    if pid is None:
        return None
    with _complaints(site, actor) as felt:
        limit_files(pid, 0)
        try:
            await asyncio.sleep(chance.uniform(1, 3))
        finally:
            limit_files(pid, None)
        return felt()


@contextmanager
def _complaints(site: Site, actor: Actor) -> Iterator[Callable[[], str | None]]:
    """Count what the worker says of its store meanwhile."""

    def count() -> int:
        with contextlib.suppress(FileNotFoundError):
            return site.log(actor).read_bytes().count(STORE_COMPLAINT)
        return 0

    before = count()

    def felt() -> str | None:
        failed = count() - before
        return f"{failed} batches could not be made durable" if failed > 0 else None

    yield felt


WORKER_FAULTS: Final[tuple[Fault[Actor], ...]] = (
    Fault("worker killed (-9)", 5, _killed),
    Fault("worker told to end", 1, _told_to_end),
    Fault("worker stopped", 3, _stopped),
    Fault("disk full", 3, _disk_filled),
    Fault("disk refuses writes", 2, _files_limited),
)

# What lies between a worker and its broker.


async def _cut(site: Site, actor: Actor, _: Random) -> str | None:
    await _until(lambda: site.proxies[actor.id].connections)
    cut = site.proxies[actor.id].reset()
    return f"{cut} connections reset" if cut else None


async def _torn(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    proxy.tear(chance.randrange(_TEAR_WITHIN_BYTES))
    try:
        async with asyncio.timeout(_TEAR_LIMIT_SECONDS):
            await proxy.torn.wait()
    except TimeoutError:
        return None
    finally:
        proxy.heal()
    return "broken inside of what was being sent"


async def _stalled_there(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.there,), chance)


async def _stalled_back(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.back,), chance)


async def _stalled_both(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    return await _stalled(proxy, (proxy.there, proxy.back), chance)


async def _stalled(proxy: FaultProxy, ways: tuple[Way, ...], chance: Random) -> str | None:
    await _until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    seconds = chance.uniform(0.5, 4) if chance.random() < 0.9 else chance.uniform(12, 20)  # noqa: PLR2004
    try:
        for way in ways:
            way.open.clear()
        await asyncio.sleep(seconds)
    finally:
        proxy.heal()
    return f"nothing passed for {seconds:.1f} s"


async def _slowed(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    await _until(lambda: proxy.connections)
    if not proxy.connections:
        return None
    proxy.delay_seconds = _SLOW_SECONDS * 2 * chance.random()
    try:
        await asyncio.sleep(chance.uniform(1, 3))
    finally:
        proxy.heal()
    return "everything was late"


async def _refused(site: Site, actor: Actor, chance: Random) -> str | None:
    proxy = site.proxies[actor.id]
    before, proxy.refusing = proxy.refused, True
    try:
        cut = proxy.reset()
        await asyncio.sleep(chance.uniform(0.5, 3))
    finally:
        proxy.heal()
    refused = proxy.refused - before
    return f"{cut} connections reset, {refused} attempts refused" if cut or refused else None


CABLE_FAULTS: Final[tuple[Fault[Actor], ...]] = (
    Fault("connection cut", 4, _cut),
    Fault("connection torn in a frame", 4, _torn),
    Fault("stalled towards the broker", 1, _stalled_there),
    Fault("stalled towards the worker", 1, _stalled_back),
    Fault("stalled both ways", 1, _stalled_both),
    Fault("connection slow", 1, _slowed),
    Fault("connections refused", 1, _refused),
)

# What lies on the broker.


async def _purged(site: Site, queue: str, _: Random) -> str | None:
    try:
        async with asyncio.timeout(_QUEUE_LIMIT_SECONDS):
            await purge_queue(await site.management(), queue)
    except (ControlPlaneError, TimeoutError):
        return None
    return "emptied"


async def _deleted(site: Site, queue: str, chance: Random) -> str | None:
    try:
        async with asyncio.timeout(_QUEUE_LIMIT_SECONDS):
            await delete_queue(await site.management(), queue)
    except (ControlPlaneError, TimeoutError):
        return None
    seconds = chance.uniform(0, 4)
    await asyncio.sleep(seconds)
    await site.provision()
    return f"gone for {seconds:.1f} s or more"


QUEUE_FAULTS: Final[tuple[Fault[str], ...]] = (
    Fault("queue purged", 1, _purged),
    Fault("queue deleted", 1, _deleted),
)

# The broker itself.


async def _broker_killed(_: Site, node: Node, chance: Random) -> str | None:
    pid = node.pid
    if pid is None:
        return None
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(chance.uniform(0, 3))
    await asyncio.to_thread(node.restart)
    return f"process {pid} ended, {node.pid} took its place"


async def _broker_stopped(_: Site, node: Node, chance: Random) -> str | None:
    pid = node.pid
    if pid is None:
        return None
    seconds = chance.uniform(1, 7)
    await _frozen(pid, seconds)
    return f"stood still for {seconds:.1f} s"


BROKER_FAULTS: Final[tuple[Fault[Node], ...]] = (
    Fault("RabbitMQ killed (-9)", 1, _broker_killed),
    Fault("RabbitMQ stopped", 1, _broker_stopped),
)
NODE_FAULTS: Final[tuple[Fault[Node], ...]] = (
    Fault("node of the cluster killed (-9)", 3, _broker_killed),
    Fault("node of the cluster stopped", 1, _broker_stopped),
)

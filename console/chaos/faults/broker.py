"""What the broker has confirmed it may still lose, if somebody empties a queue: then only the protocol remembers."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from console.chaos.brokers import Node
from console.chaos.faults.fault import Fault, frozen
from console.chaos.site import Site
from shared.broker.control import ControlPlaneError, delete_queue, purge_queue

_QUEUE_LIMIT_SECONDS: Final = 20.0


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
    await frozen(pid, seconds)
    return f"stood still for {seconds:.1f} s"


BROKER_FAULTS: Final[tuple[Fault[Node], ...]] = (
    Fault("RabbitMQ killed (-9)", 1, _broker_killed),
    Fault("RabbitMQ stopped", 1, _broker_stopped),
)
NODE_FAULTS: Final[tuple[Fault[Node], ...]] = (
    Fault("node of the cluster killed (-9)", 3, _broker_killed),
    Fault("node of the cluster stopped", 1, _broker_stopped),
)

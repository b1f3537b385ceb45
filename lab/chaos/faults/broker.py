"""Faults of the broker: queues purged and deleted, RabbitMQ killed, stopped and in alarm, its virtual host deleted.

What a broker confirmed it may still lose if somebody empties a queue; then only the protocol remembers.

A quorum queue is not deleted while a node of its is down, nor is a node taken away while the queue is made anew. A
member that missed the deletion comes back with the log of the old queue, and the new one of the same name stands still
for good (seen on RabbitMQ 3.10.8; rabbitmq-server issue 12366, open); a single node that is killed around the deletion
can't start the queue any more. That is the broker's to repair, and its operator's: delete the queue while all nodes
are up, and provision again.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from lab.chaos.faults.fault import Fault, frozen
from lab.chaos.system import System
from shared.broker.control import delete_queue, delete_vhost, purge_queue
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import ControlPlaneError
from shared.broker.private_files import FREE_DISK_BYTES

_QUEUE_LIMIT_SECONDS: Final = 20.0
_NO_DISK_HAS_BYTES: Final = 2**60
_SETTLED_SECONDS: Final = 2.0
"""After a boot, until every queue has its leader, and after a declaration, until every member has its log."""


async def _purged(system: System, queue: str, _: Random) -> str | None:
    try:
        async with asyncio.timeout(_QUEUE_LIMIT_SECONDS):
            await purge_queue(await system.management(), queue)
    except (ControlPlaneError, TimeoutError):
        return None
    return "emptied"


async def _deleted(system: System, queue: str, chance: Random) -> str | None:
    async with system.whole:
        gone = await _made_anew(system, queue, chance.uniform(0.2, 4))
        await asyncio.sleep(_SETTLED_SECONDS if gone else 0)
        return gone


async def _made_anew(system: System, queue: str, seconds: float) -> str | None:
    try:
        async with asyncio.timeout(_QUEUE_LIMIT_SECONDS):
            await delete_queue(await system.management(), queue)
    except (ControlPlaneError, TimeoutError):
        return None
    await asyncio.sleep(seconds)
    await system.provision()
    return f"gone for {seconds:.1f} s or more"


QUEUE_FAULTS: Final[tuple[Fault[str], ...]] = (
    Fault("queue purged", 1, _purged),
    Fault("queue deleted", 1, _deleted),
)


async def _broker_killed(system: System, node: PrivateBroker, chance: Random) -> str | None:
    async with system.whole:
        pid = node.pid
        if pid is None:
            return None
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(chance.uniform(0, 3))
        await asyncio.to_thread(node.restart)
        await asyncio.sleep(_SETTLED_SECONDS)
        return f"process {pid} ended, {node.pid} took its place"


async def _broker_stopped(system: System, node: PrivateBroker, chance: Random) -> str | None:
    async with system.whole:
        pid = node.pid
        if pid is None:
            return None
        seconds = chance.uniform(1, 7)
        await frozen(pid, seconds)
        await asyncio.sleep(_SETTLED_SECONDS)
        return f"stood still for {seconds:.1f} s"


async def _vhost_deleted(system: System, node: PrivateBroker, chance: Random) -> str | None:
    async with system.whole:
        try:
            async with asyncio.timeout(_QUEUE_LIMIT_SECONDS):
                await delete_vhost(await system.management())
        except (ControlPlaneError, TimeoutError):
            return None
        seconds = chance.uniform(0.5, 6)
        await asyncio.sleep(seconds)
        await system.provision()
        await asyncio.sleep(_SETTLED_SECONDS)
        return f"gone for {seconds:.1f} s or more; it was {node.amqp_port} that was asked"


async def _alarmed(system: System, node: PrivateBroker, chance: Random) -> str | None:
    """A disk alarm: RabbitMQ blocks every connection that publishes, on all nodes."""
    async with system.whole:
        if node.pid is None:
            return None
        seconds = chance.uniform(2, 6)
        try:
            await asyncio.to_thread(node.rabbitmqctl, "set_disk_free_limit", str(_NO_DISK_HAS_BYTES))
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(node.rabbitmqctl, "set_disk_free_limit", str(FREE_DISK_BYTES))
        return f"publishers blocked for {seconds:.1f} s"


BROKER_FAULTS: Final[tuple[Fault[PrivateBroker], ...]] = (
    Fault("RabbitMQ killed (-9)", 1, _broker_killed),
    Fault("RabbitMQ stopped", 1, _broker_stopped),
    Fault("resource alarm", 1, _alarmed),
    Fault("virtual host deleted", 1, _vhost_deleted),
)
NODE_FAULTS: Final[tuple[Fault[PrivateBroker], ...]] = (
    Fault("node of the cluster killed (-9)", 3, _broker_killed),
    Fault("node of the cluster stopped", 1, _broker_stopped),
    Fault("resource alarm", 1, _alarmed),
    Fault("virtual host deleted", 1, _vhost_deleted),
)

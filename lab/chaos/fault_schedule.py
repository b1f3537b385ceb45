"""The fault schedule of a chaos run: six lanes of faults side by side, each drawn from the seed.

Within a lane one fault follows the other, each on a victim drawn by lot. The plan follows from the seed; what comes of
it does not, since real processes take the time that they take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from lab.chaos.faults.broker import BROKER_FAULTS, NODE_FAULTS, QUEUE_FAULTS
from lab.chaos.faults.fault import Fault
from lab.chaos.faults.network import NETWORK_FAULTS
from lab.chaos.faults.operator import OPERATOR_FAULTS
from lab.chaos.faults.worker import WORKER_FAULTS
from lab.chaos.history import History
from lab.chaos.system import System
from lab.chaos.workers import WORKERS

T = TypeVar("T")

_OFTENER = 4
"""How much oftener a queue between workers is hit than one for replies."""


@dataclass(frozen=True, slots=True)
class Lane(Generic[T]):
    """Faults of one sort, one after the other; `pause_seconds` is how long it rests between two, on average."""

    faults: Sequence[Fault[T]]
    victims: Sequence[tuple[str, T]]
    pause_seconds: float

    async def go(self, system: System, history: History, chance: Random, end: float) -> None:
        """Break things until `end` (the loop's clock); what is broken then is repaired before this returns."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(self.pause_seconds * 2 * chance.random(), max(0.0, end - loop.time())))
            if loop.time() >= end:
                return
            fault = chance.choices(self.faults, [one.weight for one in self.faults])[0]
            name, victim = chance.choice(self.victims)
            history.fault(fault.kind, name)
            history.healed(fault.kind, name, await fault.inject(system, victim, chance))


async def inject_faults(system: System, history: History, seed: str, seconds: float) -> None:
    """Break the system in all ways for so long, and leave everything running again. Raises BrokerNotStarted."""
    end = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as group:
        for place, going in enumerate(_lanes(system)):
            group.create_task(going.go(system, history, Random(f"{seed} {place}"), end))  # noqa: S311 - a plan, no secret
    for proxy in system.proxies.values():
        proxy.heal()
    await system.provision()


def _lanes(system: System) -> Sequence[Lane[Any]]:
    workers = [(one.id, one) for one in WORKERS]
    queues = [queue.name for queue in system.queues]
    brokers = [(f"node {place}", node) for place, node in enumerate(system.nodes, 1)]
    return (
        Lane(WORKER_FAULTS, workers, 1.0),
        Lane(NETWORK_FAULTS, workers, 0.8),
        Lane(NETWORK_FAULTS, workers, 1.2),
        Lane(QUEUE_FAULTS, [(name, name) for name in (*queues * _OFTENER, *system.reply_queues)], 2.0),
        Lane(OPERATOR_FAULTS, workers, 5.0),
        Lane(BROKER_FAULTS if len(brokers) == 1 else NODE_FAULTS, brokers, 12.0 if len(brokers) == 1 else 6.0),
    )

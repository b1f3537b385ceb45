"""The load of a chaos run: owners who create, command and use connections while the faults go on.

Owners make connections in every order of steps that the article allows, and then send, suspend, resume and delete at
random ends, several requests at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final

from lab.chaos.owners import Owners, configure, create, plain, send
from lab.chaos.workers import HUB, WORKERS, Connection, Connections, End, Worker
from shared.wire.request import CommandForm

REQUESTS_AT_ONCE: Final = 6
"""Of one owner; while the broker is away they wait, so that nothing piles up."""

PAUSE_SECONDS: Final = 0.12
NEW_EVERY_SECONDS: Final = 0.7
ASKED_ONCE_SHARE: Final = 0.05
"""How many of the requests an owner asks only once, so that their fate stays unknown."""

_WEIGHTS: Final = {"send": 60, "suspend": 9, "resume": 16, "initiate": 5, "delete": 0.4, "configure": 2}
_CHUNK_CONNECTIONS: Final = 100


class Load:
    """The load: what all owners ask until they are told to stop."""

    def __init__(self, owners: Owners, connections: Connections, chance: Random) -> None:
        """Nothing is asked before `prepare`."""
        self._owners, self._connections, self._chance = owners, connections, chance
        self._stopping = asyncio.Event()
        self._bodies = 0

    async def prepare(self, count: int) -> None:
        """Make connections, many in one request: the waiting ends first, then those that initiate."""
        made = [self._connections.another() for _ in range(count)]
        for start in range(0, count, _CHUNK_CONNECTIONS):
            chunk = made[start : start + _CHUNK_CONNECTIONS]
            for worker in WORKERS[1:]:
                ends = [one for one in chunk if one.second.worker is worker]
                if ends:
                    await self._owners.insist(worker, [create(one.second, one.first) for one in ends])
            await self._owners.insist(HUB, [create(one.first, one.second, initiate=True) for one in chunk])

    async def run(self) -> None:
        """Go on until `stop`; returns when every question has its answer, or was given up."""
        async with asyncio.TaskGroup() as group:
            for worker in WORKERS:
                group.create_task(self._keep_asking(worker, group))
            group.create_task(self._grow(group))

    def stop(self) -> None:
        """Ask nothing new."""
        self._stopping.set()

    async def _keep_asking(self, worker: Worker, group: asyncio.TaskGroup) -> None:
        places = asyncio.Semaphore(REQUESTS_AT_ONCE)
        while not self._stopping.is_set():
            await places.acquire()
            task = group.create_task(self._request(worker))
            task.add_done_callback(lambda _: places.release())
            await self._rest(PAUSE_SECONDS * 2 * self._chance.random())

    async def _request(self, worker: Worker) -> None:
        ends = self._connections.at(worker)
        commands = [self._random_command(*self._chance.choice(ends)) for _ in range(self._chance.choice((1, 2, 4, 8)))]
        if self._chance.random() < ASKED_ONCE_SHARE:
            await self._owners.try_once(worker, commands)
        else:
            await self._owners.insist(worker, commands)

    def _random_command(self, end: End, peer: End) -> CommandForm:
        kind = self._chance.choices([*_WEIGHTS], weights=[*_WEIGHTS.values()])[0]
        match kind:
            case "send":
                self._bodies += 1
                return send(end, f"{end.interface} says {self._bodies}")
            case "configure":
                return configure(end, peer)
            case _:
                return plain(kind, end)

    async def _grow(self, group: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            await self._rest(NEW_EVERY_SECONDS * 2 * self._chance.random())
            group.create_task(self._by_hand(self._connections.another()))

    async def _by_hand(self, made: Connection) -> None:
        """Set one connection up as two people do, who don't wait for each other."""
        mine: list[Sequence[CommandForm]] = [
            [create(made.first, None)],
            [configure(made.first, made.second), plain("initiate", made.first)],
        ]
        theirs: list[Sequence[CommandForm]] = [[create(made.second, None)], [configure(made.second, made.first)]]
        await asyncio.gather(self._steps(made.first.worker, mine), self._steps(made.second.worker, theirs))

    async def _steps(self, worker: Worker, steps: Sequence[Sequence[CommandForm]]) -> None:
        for commands in steps:
            await self._rest(self._chance.random())
            await self._owners.insist(worker, commands)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

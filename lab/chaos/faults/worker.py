"""Faults of a worker's process and disk: killed, told to end, stopped, disk full."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final

from lab.chaos.disks import clear, fill, limit_descriptors, limit_files
from lab.chaos.faults.fault import LOOK_EVERY_SECONDS, Fault, frozen, until
from lab.chaos.system import System
from lab.chaos.workers import Worker

STORE_COMPLAINT: Final = b"the store takes nothing"
"""What a worker logs when nothing can be made durable."""

_BACK_LIMIT_SECONDS: Final = 20.0
NOT_STARTED: Final = "could not be started"
"""How the supervisor reports a start that failed; it tries again."""


async def _killed(system: System, worker: Worker, _: Random) -> str | None:
    return await ended(system, worker, signal.SIGKILL)


async def _told_to_end(system: System, worker: Worker, _: Random) -> str | None:
    return await ended(system, worker, signal.SIGTERM)


async def ended(system: System, worker: Worker, how: signal.Signals) -> str | None:
    """End a worker's process, and wait until another has taken its place; None if there was none to end."""
    await until(lambda: system.pid(worker))
    pid = system.pid(worker)
    if pid is None:
        return None
    system.expected[worker.id] += 1
    system.supervisor.send(worker.id, how)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BACK_LIMIT_SECONDS):
            while system.pid(worker) in (pid, None):  # noqa: ASYNC110 - a supervisor's report is no event
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            return f"process {pid} ended, {system.pid(worker)} took its place"
    return f"process {pid} was told to end, and nobody has taken its place yet"


async def _stopped(system: System, worker: Worker, chance: Random) -> str | None:
    pid = system.pid(worker)
    if pid is None:
        return None
    seconds = chance.uniform(0.5, 4) if chance.random() < 0.85 else chance.uniform(11, 14)  # noqa: PLR2004
    await frozen(pid, seconds)
    return f"stood still for {seconds:.1f} s"


async def _disk_filled(system: System, worker: Worker, chance: Random) -> str | None:
    if not system.small_disks:
        return await _files_limited(system, worker, chance)
    with _store_errors(system, worker) as felt:
        try:
            await asyncio.to_thread(fill, system.disk(worker))
            await asyncio.sleep(chance.uniform(1, 4))
        finally:
            clear(system.disk(worker))
        return felt()


async def _started_on_full_disk(system: System, worker: Worker, chance: Random) -> str | None:
    if not system.small_disks:
        return None
    with _store_errors(system, worker) as felt:
        try:
            await asyncio.to_thread(fill, system.disk(worker))
            await ended(system, worker, chance.choice((signal.SIGKILL, signal.SIGTERM)))
            await asyncio.sleep(chance.uniform(1, 3))
        finally:
            clear(system.disk(worker))
        return felt()


async def _files_limited(system: System, worker: Worker, chance: Random) -> str | None:
    pid = system.pid(worker)
    if pid is None:
        return None
    with _store_errors(system, worker) as felt:
        limit_files(pid, 0)
        try:
            await asyncio.sleep(chance.uniform(1, 3))
        finally:
            limit_files(pid, None)
        return felt()


async def _log_disk_filled(system: System, worker: Worker, chance: Random) -> str | None:
    if not system.small_disks:
        return None
    pid, logs = system.pid(worker), system.log(worker).parent
    try:
        await asyncio.to_thread(fill, logs)
        if chance.random() < 0.5:  # noqa: PLR2004 - as often with a start whose first lines are lost
            await ended(system, worker, signal.SIGKILL)
        await asyncio.sleep(chance.uniform(1, 4))
    finally:
        clear(logs)
    return f"the logs took nothing while {pid} ran"


async def _no_descriptors(system: System, worker: Worker, chance: Random) -> str | None:
    """Of a worker that has started: without descriptors no program starts."""
    proxy = system.proxies[worker.id]
    await until(lambda: proxy.connections)
    pid = system.pid(worker)
    if pid is None or not proxy.connections:
        return None
    limit_descriptors(pid, none_left=True)
    try:
        cut = proxy.reset()
        await asyncio.sleep(chance.uniform(1, 4))
    finally:
        limit_descriptors(pid, none_left=False)
    return f"{cut} connections reset, and no descriptor for another" if cut else None


async def _supervisor_without_descriptors(system: System, worker: Worker, chance: Random) -> str | None:
    """The supervisor is this process, so that meanwhile nobody may boot a broker."""
    async with system.whole:
        await until(lambda: system.pid(worker))
        if system.pid(worker) is None:
            return None
        limit_descriptors(os.getpid(), none_left=True)
        try:
            system.expected[worker.id] += 1
            system.supervisor.send(worker.id, signal.SIGKILL)
            await asyncio.sleep(chance.uniform(1, 3))
            last = system.supervisor.report(worker.id).last or ""
        finally:
            limit_descriptors(os.getpid(), none_left=False)
    return last if last.startswith(NOT_STARTED) else None


@contextmanager
def _store_errors(system: System, worker: Worker) -> Iterator[Callable[[], str | None]]:
    """Count what the worker says of its store meanwhile."""

    def count() -> int:
        with contextlib.suppress(OSError):
            return system.log(worker).read_bytes().count(STORE_COMPLAINT)
        return 0

    before = count()

    def felt() -> str | None:
        failed = count() - before
        return f"{failed} batches could not be made durable" if failed > 0 else None

    yield felt


WORKER_FAULTS: Final[tuple[Fault[Worker], ...]] = (
    Fault("worker killed (-9)", 5, _killed),
    Fault("worker told to end", 1, _told_to_end),
    Fault("worker stopped", 3, _stopped),
    Fault("disk full", 3, _disk_filled),
    Fault("disk full when it starts", 2, _started_on_full_disk),
    Fault("disk refuses writes", 2, _files_limited),
    Fault("log disk full", 1, _log_disk_filled),
    Fault("no file descriptors", 1, _no_descriptors),
    Fault("no file descriptors for the supervisor", 1, _supervisor_without_descriptors),
)

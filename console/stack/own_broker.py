"""The stack's own RabbitMQ: started in an empty folder, kept alive, and told what to load when it boots again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from console.stack.errors import StackRefused
from console.stack.private_folder import emptied
from console.stack.supervised import State
from shared.broker.container import ContainerBroker
from shared.broker.embedded import ADVICE, QUEUE_SECONDS, PrivateBroker
from shared.broker.errors import BrokerNotStarted
from shared.broker.topology import Definitions
from shared.broker.watchdog import group_members, is_member

OwnBroker: TypeAlias = PrivateBroker | ContainerBroker

ADMINISTRATOR: Final = "peering-admin"
BROKER: Final = "broker"
LONG_SECONDS: Final = 10.0
_MINUTES_FROM_SECONDS: Final = 95.0
_KINDS: Final[Mapping[type[OwnBroker], str]] = {
    PrivateBroker: "a private rabbitmq-server on loopback",
    ContainerBroker: "a container, because no rabbitmq-server is installed here",
}
"""Our own broker's kinds, the first of which that can be had is taken."""
_LOOK_EVERY_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_BOOT_ERRORS: Final = (OSError, RuntimeError, subprocess.SubprocessError)
"""BrokerNotStarted, no descriptor, no memory, no thread, a full disk, an engine that is silent: all of it may pass."""


async def start(folder: Path, document: Definitions, say: Callable[[str], None]) -> OwnBroker:
    """Boot in an empty folder: what a private broker held is said again by the workers, who remember it.

    Raises BrokerNotStarted, or StackRefused for a folder that is not ours to empty.
    """
    starting = asyncio.ensure_future(asyncio.to_thread(_start, folder, document, say))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # the thread goes on, so what it starts is ended as soon as it is there
        with contextlib.suppress(BrokerNotStarted, StackRefused):
            own = await starting
            await asyncio.to_thread(own.kill)
        raise


def _start(folder: Path, document: Definitions, say: Callable[[str], None]) -> OwnBroker:
    emptied(folder)
    for kind, said in _KINDS.items():
        if kind.available():
            say(f"broker: {said}")
            say_if_long(document, say)
            return kind.start(folder, document)
    raise BrokerNotStarted(ADVICE)


def say_if_long(document: Definitions, say: Callable[[str], None]) -> None:
    """Say how many queues a broker is to have, and how long it takes to make them, where that is long."""
    queues = len(document["queues"])
    seconds = queues * QUEUE_SECONDS
    if seconds > LONG_SECONDS:
        minutes = seconds >= _MINUTES_FROM_SECONDS
        about = f"{seconds / 60:.0f} minutes" if minutes else f"{round(seconds, -1):.0f} seconds"
        say(f"queues: {queues:,}, and RabbitMQ takes about {about} to make so many")


def is_alive(own: OwnBroker) -> bool:
    """Whether our broker's processes are there."""
    if isinstance(own, PrivateBroker):
        if own.group is None:
            return False
        pid = own.pid  # looked at first: to look at every process of the machine takes long where workers are many
        return (pid is not None and is_member(pid, own.group)) or bool(group_members(own.group))
    return own.pid is not None


async def _until_ended(own: OwnBroker) -> None:
    """Wait until our broker's process ends; not at all where the kernel does not tell that, or it has ended."""
    pid, group = (own.pid, own.group) if isinstance(own, PrivateBroker) else (None, None)
    if pid is None or group is None:
        return
    try:
        watched = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(watched, ended.set)
    try:
        if is_member(pid, group):
            await ended.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)


async def keep_alive(own: OwnBroker, on_change: Callable[[State, str], None]) -> None:
    """Boot our broker again, with its data, whenever it is gone, with growing pauses; until cancelled."""
    pause = _LOOK_EVERY_SECONDS
    while True:
        await _until_ended(own)
        await asyncio.sleep(pause)
        try:
            alive = await asyncio.to_thread(is_alive, own)
            if not alive:
                on_change(State.PAUSING, "ended")
                await asyncio.to_thread(own.restart)
                on_change(State.RUNNING, "ended")
            pause = _LOOK_EVERY_SECONDS
        except _BOOT_ERRORS as error:
            on_change(State.PAUSING, (str(error) or type(error).__name__).splitlines()[0])
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

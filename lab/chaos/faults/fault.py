"""The type of all chaos faults, and what they share. Only a fault that was felt counts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Generic, TypeVar

from lab.chaos.system import System

T = TypeVar("T")

FOUND_LIMIT_SECONDS: Final = 2.0
"""How long to wait for something that can be broken."""
LOOK_EVERY_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Fault(Generic[T]):
    """One way to break something; `weight` says how often beside the others.

    `inject` breaks it, waits, repairs what does not repair itself, and returns what it did; None if nothing was felt.
    """

    kind: str
    weight: float
    inject: Callable[[System, T, Random], Awaitable[str | None]]


async def until(found: Callable[[], object]) -> None:
    """Wait a little for something to be there."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FOUND_LIMIT_SECONDS):
            while not found():  # noqa: ASYNC110 - neither a process nor a connection is an event
                await asyncio.sleep(LOOK_EVERY_SECONDS)


async def frozen(pid: int, seconds: float) -> None:
    """Stop a process (SIGSTOP) for so many seconds, and let it go on."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

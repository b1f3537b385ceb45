"""The store's thread: one thread that makes one call after the other for the event loop.

Handing a call to a thread and its result back costs as much as deciding one message, so nothing general does it. A
pool's futures, locks and chained callbacks are a tenth of a millisecond of a lone batch, which is four times on the way
of a handshake. The store has one thread and needs one queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class OneThread:
    """A thread that makes one call after the other, in the order in which they were asked for."""

    def __init__(self, name: str) -> None:
        """Name it; it is started with the first call."""
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    async def call(self, function: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """Call it there; return or raise what it does. A caller that is cancelled meanwhile does not stop it."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name=self._name)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def carry_out() -> None:
            try:
                settle = partial(_return, done, function(*args))
            except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever called
                settle = partial(_raise, done, error)
            with suppress(RuntimeError):  # the loop is closed: whoever called is gone
                loop.call_soon_threadsafe(settle)

        self._calls.put(carry_out)
        return await done

    def close(self) -> None:
        """Wait until everything that was asked for is done, and end the thread, which keeps its process until then."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        """Make the calls, until there are no more to come."""
        while (carry_out := self._calls.get()) is not None:
            carry_out()


def _return(done: asyncio.Future[T], result: T) -> None:
    """Give a caller that still waits its result."""
    if not done.done():
        done.set_result(result)


def _raise(done: asyncio.Future[T], error: BaseException) -> None:
    """Raise an error where the caller still waits."""
    if not done.done():
        done.set_exception(error)

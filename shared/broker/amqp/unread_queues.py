"""Unread queues: those that a session can't read with the others, each tried for ever, with growing pauses.

A queue may come later (it is provisioned), be given back (a permission), or be mended by its broker, and asking for it
too soon costs a channel or, where the queue itself is broken (541), a whole connection. So each is tried on a
connection that no other queue needs, and is read on it from then on; the next session reads it with the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final

from aio_pika.abc import AbstractConnection

from shared.broker.amqp.connection import EndSession, close_connection
from shared.broker.amqp.consumer import Consumer
from shared.broker.amqp.errors import explain
from shared.broker.backoff import Backoff
from shared.broker.errors import BrokerRefused
from shared.broker.messages import Delivery

FIRST_PAUSE_SECONDS: Final = 1.0

Connect = Callable[[], Awaitable[AbstractConnection]]
MakeConsumer = Callable[[AbstractConnection, EndSession], Consumer]


class UnreadQueues:
    """The queues that one session of a link does not read with the others."""

    def __init__(self, connect: Connect, make_consumer: MakeConsumer, on_change: Callable[[], None]) -> None:
        """Begin with none; `on_change` hears that `reasons` or `sessions` are others."""
        self._connect, self._make_consumer, self._on_change = connect, make_consumer, on_change
        self._consumers: dict[str, Consumer] = {}
        self._connections: dict[str, AbstractConnection] = {}
        self._spare: AbstractConnection | None = None
        self._some = asyncio.Event()
        self._backoff = Backoff(first_seconds=FIRST_PAUSE_SECONDS)
        self.reasons: dict[str, str] = {}

    def add(self, reasons: Mapping[str, str]) -> None:
        """Try these from now on; the values are why they are not read yet."""
        self.reasons.update(reasons)
        if reasons:
            self._backoff = Backoff(first_seconds=FIRST_PAUSE_SECONDS)
            self._some.set()

    @property
    def sessions(self) -> frozenset[int]:
        """The sessions of the queues that are read after all."""
        return frozenset(one.session for one in self._consumers.values())

    async def keep_trying(self) -> None:
        """Try all of them, again and again, until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(self._backoff.next(0.0))
            for queue in list(self.reasons):
                await self._try(queue)
            await close_connection(self._spare)
            self._spare = None
            if not self.reasons:
                self._some.clear()

    async def acknowledge(self, done: Iterable[Delivery]) -> None:
        """Acknowledge what came from these queues."""
        deliveries = list(done)
        for consumer in list(self._consumers.values()):
            await consumer.acknowledge(deliveries)

    async def cancel(self) -> None:
        """Take no more deliveries; those that are here can still be acknowledged."""
        for consumer in list(self._consumers.values()):
            await consumer.cancel()

    async def close(self) -> None:
        """Close all connections; never raises."""
        self._consumers.clear()
        connections, self._connections = [self._spare, *self._connections.values()], {}
        await asyncio.gather(*(close_connection(connection) for connection in connections))

    async def _try(self, queue: str) -> None:
        """Try to read one queue; the connection is its own from then on, or spare for the next."""
        await close_connection(self._connections.pop(queue, None))
        try:
            if self._spare is None or self._spare.is_closed:
                self._spare = await self._connect()
            consumer = self._consumers[queue] = self._make_consumer(self._spare, partial(self._lose, queue))
            refused = await consumer.start([queue])
        except Exception as error:  # noqa: BLE001 - any class can mean a lost connection; it is tried again
            self._lose(queue, explain(error))
            return
        if refused is not None:
            self._lose(queue, refused[1])
        elif queue in self._consumers:
            self._connections[queue], self._spare = self._spare, None
            self.reasons.pop(queue, None)
            self._on_change()

    def _lose(self, queue: str, reason: str | BrokerRefused) -> None:
        """Note that a queue is not read, or not any more, and try it again."""
        self._consumers.pop(queue, None)
        if self.reasons.get(queue) != str(reason):
            self.reasons[queue] = str(reason)
            self._on_change()
        self._some.set()

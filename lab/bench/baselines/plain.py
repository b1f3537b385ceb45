"""The handshake's exchange written plainly on aio-pika, without a store of its own: the main baseline.

Peering connections as a competent engineer would set them up with aio-pika: one persistent, confirmed AMQP message for
each step (initiate, accept, confirm), each acknowledged after what it causes was confirmed. Two processes, no state.
`--mode payloads` and `payloads-both` publish, confirm, consume and acknowledge payloads, one way and both ways.
`--store` lets it remember after all: each step is committed before it is said, which is all that is asked of a worker.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from lab.bench.baselines.rendezvous import Ready, Task, Times, initiate, read_arguments, serve


class Side:
    """One of the two processes: a connection, a channel to speak on and a channel to listen on."""

    def __init__(self, task: Task, connection: AbstractConnection, speaking: AbstractChannel) -> None:
        """Prefer `Side.open`."""
        self.task, self._connection, self._speaking = task, connection, speaking
        self._db = _opened(task) if task.store else None
        self._peer = task.queue("acceptor" if task.begins else "initiator")
        self.times = Times()
        self.complete = asyncio.Event()
        self.finished: dict[str, asyncio.Event] = {}
        self.window = asyncio.Semaphore(task.window)

    @classmethod
    async def open(cls, task: Task) -> Self:
        """Connect, declare both queues, and listen."""
        connection = await aio_pika.connect_robust(task.broker)
        side = cls(task, connection, await connection.channel(publisher_confirms=True))
        listening = await connection.channel(publisher_confirms=False)
        await listening.set_qos(prefetch_count=task.window)
        arguments: dict[str, str | int] = {"x-queue-type": task.queue_type}
        queues = [
            await listening.declare_queue(task.queue(name), durable=True, arguments=dict(arguments))
            for name in ("initiator", "acceptor")
        ]
        handler = side.receive if task.mode.startswith("payloads") else side.hear
        await queues[0 if task.begins else 1].consume(handler)
        return side

    async def close(self) -> None:
        """Say goodbye; the queues end with the private broker."""
        await self._connection.close()

    async def say(self, step: str, connection: str, body: str = "") -> None:
        """Publish one step and wait until the broker has it on disk."""
        message = aio_pika.Message(
            json.dumps({"step": step, "connection": connection, "body": body}).encode(),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            content_type="application/json",
        )
        await self._speaking.default_exchange.publish(message, self._peer)

    def remember(self, connection: str, status: str) -> None:
        """Let a step survive a power failure, if steps are to survive at all."""
        if self._db is not None:
            self._db.execute("INSERT OR REPLACE INTO connection VALUES (?, ?)", (connection, status))
            self._db.commit()

    async def hear(self, message: AbstractIncomingMessage) -> None:
        """Take one step of a handshake."""
        heard = json.loads(message.body)
        connection = heard["connection"]
        match heard["step"]:
            case "initiate":
                self.remember(connection, "Accepting")
                await self.say("accept", connection)
            case "accept":
                self.remember(connection, "Activated")
                self.times.done[connection] = time.time()
                await self.say("confirm", connection)
            case _:
                self.remember(connection, "Activated")
                self.times.done[connection] = time.time()
        await message.ack()
        if heard["step"] == "accept":
            self.finished[connection].set()
        if len(self.times.done) == self.task.count:
            self.complete.set()

    async def receive(self, message: AbstractIncomingMessage) -> None:
        """Take one payload."""
        heard = json.loads(message.body)
        await message.ack()
        self.times.done[heard["connection"]] = time.time()
        if len(self.times.done) == self.task.count:
            self.complete.set()

    async def establish(self, connection: str) -> None:
        """Begin one handshake, and return when this side is through with it."""
        async with self.window:
            self.finished[connection] = asyncio.Event()
            self.times.began[connection] = time.time()
            self.remember(connection, "Connecting")
            await self.say("initiate", connection)
            await self.finished[connection].wait()
            del self.finished[connection]

    async def send(self, connection: str, body: str) -> None:
        """Send one payload, and return when the broker has it."""
        async with self.window:
            self.times.began[connection] = time.time()
            await self.say("payload", connection, body)


def _opened(task: Task) -> sqlite3.Connection:
    db = sqlite3.connect(Path(task.store) / f"{task.run}-{task.side}.sqlite")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE connection (id TEXT PRIMARY KEY, status TEXT NOT NULL)")
    return db


async def work(task: Task, ready: Ready) -> Times:
    """Do this side's part of the run, from the word go."""
    side = await Side.open(task)
    await ready()
    await initiate(task, side.establish)
    if task.mode == "payloads-both" or (task.mode == "payloads" and task.begins):
        body = "x" * task.payload_characters
        await asyncio.gather(*(side.send(f"ri-{number}", body) for number in range(task.count)))
    if task.mode != "payloads" or not task.begins:
        await side.complete.wait()
    await side.close()
    return side.times


if __name__ == "__main__":
    serve(read_arguments(("handshakes", "lone", "payloads", "payloads-both")), work)

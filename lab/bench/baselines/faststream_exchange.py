"""The handshake's exchange written with FastStream, as its documentation says: a baseline.

The same exchange as `plain`: one subscriber per side, typed messages, acknowledged by the
framework when the handler returns, persistent messages that RabbitMQ has confirmed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self

from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic import BaseModel

from lab.bench.baselines.rendezvous import Ready, Task, Times, initiate, read_arguments, serve


class Step(BaseModel):
    """One step of a handshake."""

    step: str
    connection: str


class Side:
    """One of the two processes."""

    def __init__(self, task: Task, broker: RabbitBroker) -> None:
        """Prefer `Side.open`."""
        self.task, self._broker = task, broker
        self._own, self._peer = self._queue(task.side), self._queue("acceptor" if task.begins else "initiator")
        self.times = Times()
        self.complete = asyncio.Event()
        self._finished: dict[str, asyncio.Event] = {}
        self._window = asyncio.Semaphore(task.window)

    def _queue(self, side: str) -> RabbitQueue:
        name = self.task.queue(side)
        if self.task.queue_type == "quorum":
            return RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True)
        return RabbitQueue(name, queue_type=QueueType.CLASSIC, durable=True)

    @classmethod
    async def open(cls, task: Task) -> Self:
        """Connect, declare both queues, and listen."""
        broker = RabbitBroker(task.broker, default_channel=Channel(prefetch_count=task.window), logger=None)
        side = cls(task, broker)
        broker.subscriber(side._own)(side.hear)
        await broker.connect()
        await broker.declare_queue(side._peer)
        await broker.start()
        return side

    async def close(self) -> None:
        """Say goodbye; the queues end with the private broker."""
        await self._broker.stop()

    async def say(self, step: str, connection: str) -> None:
        """Publish one step and wait until the broker has it on disk."""
        await self._broker.publish(Step(step=step, connection=connection), self._peer, persist=True)

    async def hear(self, heard: Step) -> None:
        """Take one step."""
        match heard.step:
            case "initiate":
                await self.say("accept", heard.connection)
            case "accept":
                self.times.done[heard.connection] = time.time()
                await self.say("confirm", heard.connection)
                self._finished[heard.connection].set()
            case _:
                self.times.done[heard.connection] = time.time()
        if len(self.times.done) == self.task.count:
            self.complete.set()

    async def establish(self, connection: str) -> None:
        """Begin one handshake, and return when this side is through with it."""
        async with self._window:
            self._finished[connection] = asyncio.Event()
            self.times.began[connection] = time.time()
            await self.say("initiate", connection)
            await self._finished[connection].wait()
            del self._finished[connection]


async def work(task: Task, ready: Ready) -> Times:
    """Do this side's part of the run, from the word go."""
    side = await Side.open(task)
    await ready()
    await initiate(task, side.establish)
    await side.complete.wait()
    await side.close()
    return side.times


if __name__ == "__main__":
    serve(read_arguments(("handshakes", "lone")), work)

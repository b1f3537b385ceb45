"""The worker that kills itself at one chosen line.

`python -m tests.end_to_end.dying ROLE POINT N FLAGS…` runs the shipped worker, which sends itself SIGKILL at that
point of the N-th batch that handles a message or a command. Batches of nothing but signs of life do not count, and
neither do questions that change nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from shared.broker.amqp import Link
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.runtime.batch import BatchResult
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.main import run
from shared.runtime.processor import Processor
from shared.store.sqlite import Store
from shared.wire.bundle import read_bundle
from shared.wire.request import CHANGING, KINDS, read_request

ENDS = {"initiator": (INITIATOR, initiator_step), "acceptor": (ACCEPTOR, acceptor_step)}


class Point(StrEnum):
    """Where in the life of a batch the worker dies.

    What it says and what it acknowledges travel on two connections, so either may arrive without the other.
    """

    BEFORE_BATCH = "before the batch"
    BEFORE_COMMIT = "between the steps and the commit"
    AFTER_COMMIT = "between the commit and everything that follows from it"
    UNACKNOWLEDGED = "published and not acknowledged"
    UNPUBLISHED = "acknowledged and not published"
    AFTER_BATCH = "after the publishing and the acknowledgement"


class Trigger:
    """What decides that the moment has come."""

    def __init__(self, point: Point, count: int) -> None:
        """Die at this point of that batch."""
        self._point, self._left = point, count
        self._armed = False
        self._committed = False
        self._acknowledged = False
        self._under_way = 0

    def begin(self, deliveries: Sequence[IncomingDelivery]) -> None:
        """A batch begins."""
        self._left -= any(map(_counts, deliveries))
        self._armed = self._armed or self._left == 0
        self.reach(Point.BEFORE_BATCH)

    def reach(self, point: Point) -> None:
        """A batch has come that far."""
        if self._armed and point is self._point:
            os.write(2, b'{"event": "killed"}\n')
            os.kill(os.getpid(), signal.SIGKILL)

    def committed(self) -> None:
        """A batch is durable."""
        self._committed = self._armed
        self.reach(Point.AFTER_COMMIT)

    async def about_to_acknowledge(self) -> None:
        """Nothing is acknowledged before what was published is confirmed; then it never is."""
        if self._armed and self._point is Point.UNACKNOWLEDGED:
            if self._under_way:
                await asyncio.Event().wait()
            self.reach(self._point)

    async def acknowledged(self, link: Link) -> None:
        """An acknowledgement was written; it has arrived once the broker answers a later call on its channel."""
        self._acknowledged = self._armed
        if self._armed and self._point is Point.UNPUBLISHED:
            consumer = link._consumer
            if consumer is not None and consumer._channel is not None:
                await consumer._channel.set_qos(1)
            self.reach(self._point)

    async def about_to_publish(self) -> bool:
        """Nothing is published any more by one who dies before that; return whether this follows from the batch."""
        if self._committed and self._point is Point.UNPUBLISHED:
            await asyncio.Event().wait()
        self._under_way += self._committed
        return self._committed

    def published(self, *, after_commit: bool) -> None:
        """Something was confirmed by the broker."""
        if after_commit:
            self._under_way -= 1
            if not self._under_way:
                self.reach(Point.UNACKNOWLEDGED)
        if self._acknowledged:
            self.reach(Point.AFTER_BATCH)


def _counts(delivery: IncomingDelivery) -> bool:
    if delivery.kind == KINDS.bundle:
        return bool(read_bundle(delivery.body).messages)
    commands = read_request(delivery.body)["commands"] if delivery.kind == KINDS.request else []
    return any(command["kind"] in CHANGING for command in commands)


def load(trigger: Trigger) -> None:
    """Put the trigger into the shipped classes, around what they do and not instead of it."""
    run_batch, commit, acknowledge, publish = Processor.run, Store.commit, Link.acknowledge, Link.publish

    def watched_run(
        self: Processor,
        deliveries: Sequence[IncomingDelivery],
        now: float,
        at: float,
        waiting_since: float | None = None,
    ) -> BatchResult:
        trigger.begin(deliveries)
        return run_batch(self, deliveries, now, at, waiting_since)

    def watched_commit(self: Store) -> None:
        trigger.reach(Point.BEFORE_COMMIT)
        commit(self)
        trigger.committed()

    async def watched_acknowledge(self: Link, done: Iterable[Delivery]) -> None:
        await trigger.about_to_acknowledge()
        await acknowledge(self, done)
        await trigger.acknowledged(self)

    async def watched_publish(self: Link, message: OutgoingMessage) -> PublishResult:
        after_commit = await trigger.about_to_publish()
        outcome = await publish(self, message)
        trigger.published(after_commit=after_commit)
        return outcome

    Processor.run = watched_run  # type: ignore[method-assign]
    Store.commit = watched_commit  # type: ignore[method-assign]
    Link.acknowledge = watched_acknowledge  # type: ignore[method-assign]
    Link.publish = watched_publish  # type: ignore[method-assign]


if __name__ == "__main__":
    role, point, count = sys.argv[1:4]
    del sys.argv[1:4]
    load(Trigger(Point(point), int(count)))
    sys.exit(run(*ENDS[role]))

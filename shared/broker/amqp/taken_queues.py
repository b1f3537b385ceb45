"""Taken queues: those that another consumer reads, so that this one hears nothing from them.

A queue gives what it holds to one consumer at a time, and leaves the others waiting without a word. The broker counts
those that are given something, and does not say whose they are; so it is asked before a session reads: any that it
counts then is another worker's, or of a connection of this one that was lost and that the broker has not given up. What
is delivered after all proves that it has ended. Where nothing comes, a new session asks again, with growing pauses.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from shared.broker.amqp.connection import EndSession
from shared.broker.amqp.consumer import OnDelivery
from shared.broker.backoff import Backoff
from shared.broker.messages import Delivery

TAKEN: Final = "another worker of this endpoint reads it, or one whose connection the broker has not given up"
LOOK_AGAIN: Final = "it is looked whether another worker still reads its queues"
FIRST_PAUSE_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class TakenQueues:
    """The queues that a link found taken when its session began."""

    def __init__(self, on_delivery: OnDelivery, on_change: Callable[[], None]) -> None:
        """Begin with none; `on_change` hears that `reasons` are others."""
        self._on_delivery, self._on_change = on_delivery, on_change
        self._backoff = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self.reasons: dict[str, str] = {}

    def begin(self, taken: Iterable[str]) -> None:
        """Take note of what a new session has found."""
        self.reasons = dict.fromkeys(taken, TAKEN)
        if not self.reasons:
            self._backoff = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    def deliver(self, delivery: Delivery) -> None:
        """Hand over a delivery, which proves that its queue is read here."""
        if self.reasons and self.reasons.pop(delivery.queue, None) is not None:
            self._on_change()
        self._on_delivery(delivery)

    async def look_again(self, end_session: EndSession) -> None:
        """End the session after a pause, if queues are taken by then as they were before."""
        if self.reasons:
            await asyncio.sleep(self._backoff.next(0.0))
        if self.reasons:
            end_session(LOOK_AGAIN)

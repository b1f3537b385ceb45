"""The outbox: everything that leaves a worker, once the batch that it follows from is durable.

Messages are published, bad deliveries are set aside as dead letters, and what was taken up is acknowledged. What fails
to be published is said again by the protocol's own timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Final

from shared.broker.amqp import Link
from shared.broker.messages import Delivery, LinkCondition, OutgoingMessage, PublishResult
from shared.runtime.batch import BatchResult
from shared.runtime.logs import Logger, log_result
from shared.runtime.processor import Processor
from shared.runtime.rejection_log import RejectionLog
from shared.wire.bundle import read_bundle
from shared.wire.request import KINDS

PUBLISHING_LIMIT_MESSAGES: Final = 64
"""AMQP messages on their way out at once: beyond this a window only adds latency."""

SETTING_ASIDE_LIMIT_DELIVERIES: Final = 16
"""Deliveries on their way to the dead letters at once: a flood of bad ones must leave room for good ones."""

SET_ASIDE_ATTEMPTS: Final = 3
"""How often the dead letters are tried; a broker that refuses all of them has said so in its own log."""

SET_ASIDE_PAUSE_SECONDS: Final = 0.1
"""How long to wait before asking again whether a copy is safe: the session ends, or the broker answers."""


class Outbox:
    """What is on its way from a worker to the broker."""

    def __init__(self, link: Link, log: Logger) -> None:
        """Send through this link."""
        self._link, self._log, self._rejections = link, log, RejectionLog(log)
        self._publishing = asyncio.Semaphore(PUBLISHING_LIMIT_MESSAGES)
        self._setting_aside = asyncio.Semaphore(SETTING_ASIDE_LIMIT_DELIVERIES)
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._unsaid: set[str] = set()
        self._unsaid_in = 0
        self._full: set[str] = set()

    async def send(self, deliveries: list[Delivery], result: BatchResult, processor: Processor) -> None:
        """Send off what a batch led to, and acknowledge what it took up."""
        rejected = dict(result.rejected)
        for place, reason in rejected.items():
            one = deliveries[place]
            self._rejections.set_aside(one.queue, reason, message=one.known_id)
            self._send_off(self._set_aside(deliveries[place], reason, result.rejected_parts.get(place)))
        good = [one for place, one in enumerate(deliveries) if place not in rejected]
        for place, message in enumerate(result.outgoing):
            if self._publishing.locked():
                await self._link.acknowledge(good)
            await self._publishing.acquire()
            self._send_off(self._publish(message, processor))
            if place == 0:
                await _head_start()
        await self._link.acknowledge(good)
        asyncio.get_running_loop().call_soon(log_result, self._log, result)  # after what was said has left

    def take_unsaid(self) -> set[str]:
        """Take out the interfaces that may not have been heard; `can_say_again` says when that is of use."""
        unsaid, self._unsaid = self._unsaid, set()
        return unsaid

    @property
    def can_say_again(self) -> bool:
        """Whether there are interfaces that may not have been heard, and the broker takes messages again."""
        state = self._link.state
        able = state.condition is LinkCondition.CONSUMING and not state.blocked and state.period != self._unsaid_in
        return bool(self._unsaid) and able

    async def drained(self) -> None:
        """Wait until nothing is on its way any more."""
        if self._on_their_way:
            await asyncio.wait(self._on_their_way)
        self._rejections.close()

    def _send_off(self, sending: Coroutine[None, None, None]) -> None:
        """Send something while the worker goes on."""
        task = asyncio.create_task(sending)
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def _publish(self, message: OutgoingMessage, processor: Processor) -> None:
        """Publish a message, and note what the broker's answer says of the way to its receiver."""
        try:
            result = await self._link.publish(message)
        finally:
            self._publishing.release()
        self._note_full(message, result)
        if message.type == KINDS.bundle and result is PublishResult.UNKNOWN:
            self._note_unsaid(message)
        elif message.type == KINDS.bundle:
            processor.note_route(message.routing_key, found=result is not PublishResult.UNROUTABLE)
        if result is not PublishResult.CONFIRMED:
            self._log.debug("not confirmed", to=message.routing_key, kind=message.type, result=str(result))

    def _note_full(self, message: OutgoingMessage, result: PublishResult) -> None:
        """Note who can't be told anything because the broker refuses it, once until something is taken again."""
        if result is PublishResult.CONFIRMED:
            self._full.discard(message.routing_key)
        elif result is PublishResult.REFUSED and message.routing_key not in self._full:
            self._full.add(message.routing_key)
            why = "the broker refuses a message: the queue has reached its limit, or the message is too large"
            self._log.warning("queue full", to=message.routing_key, reason=why, bytes=len(message.body))

    def _note_unsaid(self, message: OutgoingMessage) -> None:
        """Note who may not have been heard: an end in a stable status has no timer, and says it in the next period."""
        self._unsaid.update(one.source for one in read_bundle(message.body).messages)
        self._unsaid_in = self._link.state.period

    async def _set_aside(self, delivery: Delivery, reason: str, part: bytes | None) -> None:
        """Copy a delivery, or its bad part, to the dead letters and acknowledge it, while good ones go on.

        One whose copy the broker has not answered for is not acknowledged: it comes again in the next session.
        """
        refusals, copy = 0, delivery if part is None else replace(delivery, body=part)
        async with self._setting_aside:
            while refusals < SET_ASIDE_ATTEMPTS:
                result = await self._link.set_aside(copy, reason)
                if result is PublishResult.CONFIRMED:
                    await self._link.acknowledge([delivery])
                    return
                if result is not PublishResult.UNKNOWN:
                    refusals += 1
                elif self._is_current(delivery):
                    await asyncio.sleep(SET_ASIDE_PAUSE_SECONDS)
                else:
                    return
        await self._link.acknowledge([delivery])
        self._rejections.lost(delivery.queue, reason)

    def _is_current(self, delivery: Delivery) -> bool:
        """Whether the session that a delivery came in goes on."""
        return delivery.session in self._link.state.sessions


async def _head_start() -> None:
    """Let what was just sent off leave first: one turn of the loop to hand it to the client library, one to write it.

    A quorum queue takes an acknowledgement as it takes a message, with an fsync, and the message would wait for that.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)

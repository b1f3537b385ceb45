"""The event loop never touches the database, and the database thread never touches the network.

One door in: deliveries, and the moment when the next timer is due. One thread decides and commits; only then is
anything said, through one door out, and are deliveries acknowledged. What fails to be said is said again by the
protocol's own timers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import closing, suppress
from random import SystemRandom
from typing import Final

from shared.broker.amqp import Link
from shared.broker.declarations import Declaration, open_declarations
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.broker.names import OPEN_ACCOUNT, EndpointQueue
from shared.runtime.deliveries import IncomingDelivery, envelope
from shared.runtime.health import REFRESH_SECONDS, refresh
from shared.runtime.inbox import Inbox
from shared.runtime.logs import Logger, tell
from shared.runtime.peers import Peers
from shared.runtime.processor import BatchResult, End, Processor
from shared.runtime.settings import WorkerSettings
from shared.runtime.thread import OneThread
from shared.store.sqlite import Store, StoreTrouble
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

STORE_PAUSE_SECONDS: Final = 1.0
"""How long to wait before trying again when nothing can be made durable."""


class Worker:
    """One endpoint in one role, from its start to its drained end."""

    def __init__(self, settings: WorkerSettings, end: End, log: Logger) -> None:
        """Nothing happens before `run`."""
        self._settings, self._end, self._log = settings, end, log
        self._store = Store(settings.store, end.endpoint, end.role)
        self._inbox = Inbox()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._publishing = asyncio.Semaphore(PUBLISHING_LIMIT_MESSAGES)
        self._setting_aside = asyncio.Semaphore(SETTING_ASIDE_LIMIT_DELIVERIES)
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._unsaid: set[str] = set()
        self._unsaid_in = 0
        self._thread = OneThread("store")
        account = settings.account if settings.enforced else OPEN_ACCOUNT
        senders = settings.senders if settings.enforced else [OPEN_ACCOUNT]
        self._queues = {(q := EndpointQueue(account, end.endpoint.id, sender)).name: q for sender in senders}
        self._link = Link(
            settings.address,
            account=settings.account if settings.enforced else None,
            name=f"{end.role.name} {end.endpoint.id}",
            queues=list(self._queues),
            prefetch=2 * settings.batch_limit,
            on_delivery=self._enqueue,
            on_state=self._observe_link,
            declarations=self._declarations(),
        )

    def _declarations(self) -> Sequence[Declaration]:
        return () if self._settings.enforced else open_declarations([self._end.endpoint.id])

    def stop(self) -> None:
        """Finish what is here, then end."""
        self._stopping.set()
        self._arrived.set()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreRefused or BrokerRefused: faults that waiting cannot cure."""
        try:
            processor = await self._opened()
            if processor is not None:
                await self._serve(processor)
        finally:
            with closing(self._thread):
                refresh(self._settings.health_file, healthy=False)
                await self._thread.call(self._store.close)

    async def _serve(self, processor: Processor) -> None:
        link = asyncio.create_task(self._link.run(), name="link")
        batches = asyncio.create_task(self._batches(processor), name="batches")
        health = asyncio.create_task(self._stay_healthy(), name="health")
        try:
            await asyncio.wait({link, batches}, return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                self.stop()
            await batches
            await self._link.stop(self._published)
            await link
        finally:
            for task in (health, batches, link):
                task.cancel()
            await asyncio.gather(health, batches, link, return_exceptions=True)

    async def _opened(self) -> Processor | None:
        """Open the store, as soon as its disk lets it be opened; None if the worker is told to end before that."""
        while not self._stopping.is_set():
            try:
                processor = await self._thread.call(self._open)
            except StoreTrouble as error:
                self._log.error("the store takes nothing: trying again", error=str(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(STORE_PAUSE_SECONDS):
                        await self._stopping.wait()
            else:
                self._log.info("started", store=str(self._settings.store), role=self._end.role.name)
                if not self._settings.enforced:
                    self._log.warning("identities are not enforced: all accounts share one broker user")
                return processor
        return None

    def _open(self) -> Processor:
        try:
            return self._prepared()
        except BaseException:
            self._store.close()
            raise

    def _prepared(self) -> Processor:
        chance = SystemRandom()
        self._store.open(chance.getrandbits(53))
        peers = Peers(self._settings.keepalive_seconds, self._settings.hold_seconds)
        processor = Processor(self._end, self._store, peers, self._settings.retransmission, chance)
        with self._store.vouched():
            if self._settings.restored:
                processor.restore(time.time())
            processor.start(time.monotonic())
        return processor

    def _decide(
        self, processor: Processor, taken: list[IncomingDelivery], now: float, heard: float | None
    ) -> BatchResult:
        with self._store.vouched():
            return processor.run(taken, now, time.time(), heard)

    # One door in.

    def _enqueue(self, delivery: Delivery) -> None:
        self._inbox.put(delivery, time.monotonic())
        self._arrived.set()

    async def _batches(self, processor: Processor) -> None:
        next_due: float | None = time.monotonic()
        peers, vouching = 0, self._queues if self._settings.enforced else {}
        while True:
            await self._wait(next_due)
            if self._stopping.is_set():
                return
            if self._can_say_again:
                processor.restate.extend(self._unsaid)
                self._unsaid.clear()
            deliveries = self._inbox.take(self._settings.batch_limit, peers)
            incoming = [envelope(one, vouching.get(one.queue)) for one in deliveries]
            now = time.monotonic()
            heard = self._inbox.oldest(now)
            try:
                outcome = await self._thread.call(self._decide, processor, incoming, now, heard)
            except StoreTrouble as error:
                self._log.error("the store takes nothing: trying again", error=str(error))
                self._inbox.put_back(deliveries, now)
                next_due = time.monotonic() + STORE_PAUSE_SECONDS
                await asyncio.sleep(STORE_PAUSE_SECONDS)
                continue
            await self._conclude(deliveries, outcome, processor)
            next_due, peers = outcome.next_due, outcome.peers

    async def _wait(self, next_due: float | None) -> None:
        self._arrived.clear()
        if self._inbox or self._stopping.is_set() or self._can_say_again:
            return
        pause = None if next_due is None else max(0.0, next_due - time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._arrived.wait()

    # One door out.

    async def _conclude(self, deliveries: list[Delivery], outcome: BatchResult, processor: Processor) -> None:
        rejected = dict(outcome.rejected)
        for place, reason in rejected.items():
            self._log.warning("set aside", queue=deliveries[place].queue, reason=reason)
            self._send_off(self._set_aside(deliveries[place], reason))
        good = [one for place, one in enumerate(deliveries) if place not in rejected]
        for place, message in enumerate(outcome.outgoing):
            if self._publishing.locked():
                await self._link.acknowledge(good)
            await self._publishing.acquire()
            self._send_off(self._publish(message, processor))
            if place == 0:
                await _head_start()
        await self._link.acknowledge(good)
        asyncio.get_running_loop().call_soon(tell, self._log, outcome)  # after what was said has left

    def _send_off(self, sending: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(sending)
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def _set_aside(self, delivery: Delivery, reason: str) -> None:
        """Copy it to the dead letters and acknowledge it, while good ones go on.

        A delivery whose copy the broker has not answered for is not acknowledged: it comes again in the next session.
        """
        refusals = 0
        async with self._setting_aside:
            while refusals < SET_ASIDE_ATTEMPTS:
                outcome = await self._link.set_aside(delivery, reason)
                if outcome is PublishResult.CONFIRMED:
                    await self._link.acknowledge([delivery])
                    return
                if outcome is not PublishResult.UNKNOWN:
                    refusals += 1
                elif self._lives(delivery):
                    await asyncio.sleep(SET_ASIDE_PAUSE_SECONDS)
                else:
                    return
        await self._link.acknowledge([delivery])
        self._log.error("could not be set aside", queue=delivery.queue, reason=reason, bytes=len(delivery.body))

    def _lives(self, delivery: Delivery) -> bool:
        state = self._link.state
        return state.condition is LinkCondition.CONSUMING and state.session == delivery.session

    async def _publish(self, message: OutgoingMessage, processor: Processor) -> None:
        try:
            result = await self._link.publish(message)
        finally:
            self._publishing.release()
        if message.type == KINDS.bundle and result is PublishResult.UNKNOWN:
            self._doubt(message)
        elif message.type == KINDS.bundle:
            processor.note_route(message.routing_key, found=result is not PublishResult.UNROUTABLE)
        if result is not PublishResult.CONFIRMED:
            self._log.debug("not confirmed", to=message.routing_key, kind=message.type, result=str(result))

    def _doubt(self, message: OutgoingMessage) -> None:
        """Nobody knows whether it was said, and who rests has no timer: it is said again in the next session."""
        self._unsaid.update(one.source for one in read_bundle(message.body).messages)
        self._unsaid_in = self._link.state.session

    @property
    def _can_say_again(self) -> bool:
        state = self._link.state
        another = state.condition is LinkCondition.CONSUMING and state.session != self._unsaid_in
        return bool(self._unsaid) and another

    async def _published(self) -> None:
        if self._on_their_way:
            await asyncio.wait(self._on_their_way)

    # What others may see.

    def _observe_link(self, state: LinkState) -> None:
        refresh(self._settings.health_file, healthy=self._healthy(state))
        if state.condition is LinkCondition.CONSUMING:
            if self._healthy(state):
                self._log.info("ready", queues=len(self._queues) - len(state.missing))
            self._arrived.set()
        elif state.condition is LinkCondition.WAITING:
            self._log.warning("broker", condition=str(state.condition), reason=state.reason)
        for queue, reason in state.missing:
            self._log.warning("queue missing", queue=queue, reason=reason)

    def _healthy(self, state: LinkState) -> bool:
        return state.condition is LinkCondition.CONSUMING and len(state.missing) < len(self._queues)

    async def _stay_healthy(self) -> None:
        while True:
            refresh(self._settings.health_file, healthy=self._healthy(self._link.state))
            await asyncio.sleep(REFRESH_SECONDS)


async def _head_start() -> None:
    """Let what was just sent off leave first: one turn of the loop to hand it to the client library, one to write it.

    A quorum queue takes an acknowledgement as it takes a message, with an fsync, and the message would wait for that.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)

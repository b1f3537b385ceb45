"""The worker: one endpoint in one role, from its start to its drained end.

One door in: deliveries, and the moment when the next timer is due. One thread decides and commits; only then does
anything leave, through the outbox. The event loop never touches the database, and the database's thread never touches
the network.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, closing, nullcontext, suppress
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from shared.broker.amqp import Link, reading_headers
from shared.broker.declarations import open_declarations
from shared.broker.messages import Delivery, LinkCondition, LinkState
from shared.broker.names import OPEN_ACCOUNT, endpoint_queues
from shared.protocol.words import NONCE_BITS
from shared.runtime.batch import BatchResult, End
from shared.runtime.deliveries import IncomingDelivery, prove
from shared.runtime.health import Health
from shared.runtime.inbox import NOBODY, Inbox, is_suspect
from shared.runtime.logs import Logger
from shared.runtime.outbox import Outbox
from shared.runtime.peers import Peers
from shared.runtime.processor import Processor
from shared.runtime.settings import WorkerSettings
from shared.runtime.thread import OneThread
from shared.store.errors import StoreUnavailable
from shared.store.sqlite import Store
from shared.wire.views import WorkerView

if TYPE_CHECKING:
    from collections import Counter

    from shared.runtime.tracing import WorkerTracing

STORE_PAUSE_SECONDS: Final = 1.0
"""How long to wait before trying again when nothing can be made durable."""


class Worker:
    """One endpoint in one role."""

    def __init__(self, settings: WorkerSettings, end: End, log: Logger, tracing: WorkerTracing | None = None) -> None:
        """Nothing happens before `run`."""
        self._tracing = tracing
        self._settings, self._end, self._log = settings, end, log
        self._store = Store(settings.store, end.endpoint, end.role, settings.limits)
        self._thread = OneThread("store")
        self._inbox = Inbox()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        enforced, own = settings.enforced, end.endpoint.id
        account, senders = (settings.account, settings.senders) if enforced else (OPEN_ACCOUNT, [OPEN_ACCOUNT])
        self._queues = {queue.name: queue for queue in endpoint_queues(account, own, senders)}
        self._health = Health(settings.health_file, self._queues, log)
        self._link = Link(
            settings.address,
            account=account if enforced else None,
            name=f"{end.role.name} {own}",
            queues=list(self._queues),
            prefetch=2 * settings.batch_limit,
            on_delivery=self._enqueue,
            on_state=self._observe_link,
            declarations=() if enforced else open_declarations([own]),
            alone=True,
        )
        self._outbox = Outbox(self._link, log)

    def stop(self) -> None:
        """Finish what is here, then end."""
        self._stopping.set()
        self._arrived.set()

    async def run(self) -> None:
        """Work until `stop`. Raises StoreRefused, which no waiting cures; a broker is waited for, whatever it says."""
        try:
            processor = await self._opened()
            if processor is not None:
                await self._serve(processor)
        finally:
            with closing(self._thread):
                self._health.end()
                await self._thread.call(self._store.close)
            if self._tracing is not None:
                await self._tracing.close()

    async def _serve(self, processor: Processor) -> None:
        """Work, and let itself be scraped meanwhile if it has a port for that."""
        async with self._metrics(processor):
            await self._work(processor)

    async def _work(self, processor: Processor) -> None:
        """Connect, and take batches until the worker is told to stop; then drain."""
        with nullcontext() if self._tracing is None else reading_headers():  # the link's task inherits it
            link = asyncio.create_task(self._link.run(), name="link")
        batches = asyncio.create_task(self._batches(processor), name="batches")
        health = asyncio.create_task(self._health.keep_fresh(), name="health")
        try:
            await asyncio.wait({link, batches}, return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                self.stop()
            await batches
            await self._link.stop(self._outbox.drained)
            await link
        finally:
            self.stop()
            for task in (health, batches, link):
                task.cancel()
            await asyncio.gather(health, batches, link, return_exceptions=True)

    def _metrics(self, processor: Processor) -> AbstractAsyncContextManager[None]:
        """Serve its metrics, if it has a port for them."""
        settings = self._settings
        if not settings.metrics_port:
            return nullcontext()
        from shared.runtime.metrics import scraped_at  # noqa: PLC0415 - others do without prometheus_client

        async def about() -> WorkerView | None:
            if self._stopping.is_set():  # its store may be closed already
                return None
            return await self._thread.call(lambda: processor.about(time.monotonic()))

        address, port = str(settings.metrics_address), settings.metrics_port
        return scraped_at(address, port, self._end.endpoint.id, about, self._log)

    # Its store.

    async def _opened(self) -> Processor | None:
        """Open the store, as soon as its disk lets it be opened; None if the worker is told to end before that."""
        while not self._stopping.is_set():
            try:
                processor = await self._thread.call(self._open)
            except StoreUnavailable as error:
                self._health.observe_store(str(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(STORE_PAUSE_SECONDS):
                        await self._stopping.wait()
            else:
                self._health.observe_store("")
                if (done := self._store.migrated) is not None:
                    self._log.warning("store migrated", was_format=done.was, copy=str(done.copy))
                self._log.info("started", store=str(self._settings.store), role=self._end.role.name)
                if not self._settings.enforced:
                    self._log.warning("identities are not enforced: all accounts share one broker user")
                return processor
        return None

    def _open(self) -> Processor:
        """Open the store and take up what waits in it; a store that cannot be used is closed again."""
        try:
            return self._prepared()
        except BaseException:
            self._store.close()
            raise

    def _prepared(self) -> Processor:
        """Make the processor of this store; runs in the store's thread."""
        chance = SystemRandom()
        self._store.open(chance.getrandbits(NONCE_BITS))
        peers = Peers(self._settings.keepalive_seconds, self._settings.hold_seconds)
        policy, condition = self._settings.retransmission, self._health.condition
        processor = Processor(self._end, self._store, peers, policy, chance, condition)
        if self._settings.restored or self._store.is_copy:
            processor.restore(time.time())
        processor.start(time.monotonic())
        return processor

    def _decide(
        self, processor: Processor, deliveries: list[IncomingDelivery], now: float, waiting_since: float | None
    ) -> BatchResult:
        """Take one batch to its end; runs in the store's thread."""
        return processor.run(deliveries, now, time.time(), waiting_since)

    # Its batches.

    async def _batches(self, processor: Processor) -> None:
        """Take one batch after the other, until the worker is told to stop."""
        next_due: float | None = time.monotonic()
        peers, proving = NOBODY, self._queues if self._settings.enforced else {}
        while True:
            await self._wait(next_due)
            if self._stopping.is_set():
                return
            if self._outbox.can_say_again:
                processor.restate.extend(self._outbox.take_unsaid())
            taken = self._inbox.take(self._settings.batch_limit, peers)
            for suspect in filter(is_suspect, taken):
                self._log.warning("taken alone", queue=suspect.queue, delivered_in_vain=suspect.in_vain)
            deliveries = [prove(one, proving.get(one.queue)) for one in taken]
            now = time.monotonic()
            waiting_since = self._inbox.oldest(now)
            self._health.store_is_busy(now)
            try:
                result = await self._thread.call(self._decide, processor, deliveries, now, waiting_since)
            except StoreUnavailable as error:
                self._health.observe_store(str(error))
                self._inbox.put_back([one for one in taken if one.session in self._link.state.sessions], now)
                next_due = time.monotonic() + STORE_PAUSE_SECONDS
                await asyncio.sleep(STORE_PAUSE_SECONDS)
                continue
            self._health.observe_store("")
            if self._tracing is not None:
                self._tracing.follow(taken, result, time.monotonic() - now)
            await self._outbox.send(taken, result, processor)
            next_due, peers = result.next_due, self._peers_by_queue(result.peers)

    def _peers_by_queue(self, accounts: Counter[str]) -> dict[str, int]:
        """How many peers what comes from each queue is about: its sender's, or all with the owner's commands."""
        everybody, total = (OPEN_ACCOUNT, self._end.endpoint.account), accounts.total()
        return {
            name: total if queue.sender in everybody else accounts[queue.sender] for name, queue in self._queues.items()
        }

    async def _wait(self, next_due: float | None) -> None:
        """Wait until there is something for a batch."""
        self._arrived.clear()
        if self._inbox or self._stopping.is_set() or self._outbox.can_say_again:
            return
        pause = None if next_due is None else max(0.0, next_due - time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._arrived.wait()

    def _enqueue(self, delivery: Delivery) -> None:
        """Take a delivery from the link, and do no more about it now."""
        self._inbox.put(delivery, time.monotonic())
        self._arrived.set()

    def _observe_link(self, state: LinkState) -> None:
        """Take note of where the link stands; what was not heard before can be said now, and comes again if it was."""
        self._health.observe(state)
        self._inbox.keep(state.sessions)
        if state.condition is LinkCondition.CONSUMING:
            self._arrived.set()

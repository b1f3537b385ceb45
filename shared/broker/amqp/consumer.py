"""The consumer: one channel that reads all queues of a link, and acknowledges whole batches.

One acknowledgement can stand for a whole batch only if all queues share one channel. Delivery tags then grow over all
queues in the order of arrival, and `basic.ack` with `multiple` covers everything up to a delivery; what is done beyond
one that still waits is acknowledged by itself. The other side of it: a queue that is missing or refused makes the
broker close the channel for all of them, so each queue is looked for on a channel that nobody needs, before it is read.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import aiormq.abc
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import spec
from aiormq.exceptions import ChannelAccessRefused, ChannelClosed, ChannelNotFoundEntity

from shared.broker.amqp.connection import CONNECT_LIMIT_SECONDS, EndSession, open_channel, report_end
from shared.broker.amqp.errors import bounded, explain, guarded
from shared.broker.messages import Delivery

OnDelivery = Callable[[Delivery], None]


class Consumer:
    """One channel that reads all queues of a link, in a session that ends with the channel."""

    def __init__(
        self,
        connection: AbstractConnection,
        prefetch: int,
        on_delivery: OnDelivery,
        next_session: Callable[[], int],
        end_session: EndSession,
    ) -> None:
        """Nothing is consumed before `start`. `prefetch` is per queue."""
        self._connection = connection
        self._prefetch = prefetch
        self._on_delivery = on_delivery
        self._next_session = next_session
        self._end_session = end_session
        self._channel: AbstractChannel | None = None
        self._tags: dict[str, str] = {}
        self._acknowledged_tag = 0
        self._acknowledged_tags: set[int] = set()
        self._acknowledging = asyncio.Lock()
        self.session = 0
        self.missing: dict[str, str] = {}
        self.asking_for: str | None = None
        """The queue that the broker was asked for, as long as it has not answered."""

    async def start(self, queues: Iterable[str], suspects: set[str]) -> None:
        """Consume what can be consumed; the rest is in `missing`, with reasons.

        A queue that is refused only on the real channel costs that channel, and what was delivered on it counts one
        delivery more; such suspects come first the next time, when nothing has been delivered yet.
        """
        wanted = await self._existing(sorted(queues, key=lambda queue: queue not in suspects))
        while True:
            await self._open()
            refused = await self._consume_all(wanted)
            if refused is None:
                break
            suspects.add(refused)
            wanted.remove(refused)
        if self._channel is not None:
            report_end(self._channel, "consuming channel", self._end_session)

    async def add(self, queue: str) -> str | None:
        """Consume one queue more while the others go on; return the reason if it can't be."""
        if queue in self._tags:
            return None
        if not await self._existing([queue]):
            return self.missing[queue]
        reason = await self._consume(queue)
        if reason is None:
            self.missing.pop(queue, None)
        return reason

    async def acknowledge(self, done: Iterable[Delivery]) -> None:
        """Acknowledge these deliveries of this session, once: in one go as far as nothing is left out before them.

        One call after the other: the broker ends a channel that names a tag a second time, so what one call covers
        must have left before the next one is worked out, and the client library lets frames that wait be overtaken.
        """
        async with self._acknowledging:
            tags = {one.tag for one in done if one.session == self.session and one.tag > self._acknowledged_tag}
            tags -= self._acknowledged_tags
            if self._channel is None or not tags:
                return
            self._acknowledged_tags |= tags
            while self._acknowledged_tag + 1 in self._acknowledged_tags:
                self._acknowledged_tag += 1
                self._acknowledged_tags.remove(self._acknowledged_tag)
            beyond = sorted(tags & self._acknowledged_tags)
            try:
                channel = await self._channel.get_underlay_channel()
                if first := tags.difference(beyond):
                    await guarded(channel.basic_ack(max(first), multiple=True, wait=False))
                for tag in beyond:
                    await guarded(channel.basic_ack(tag, wait=False))
            except Exception as error:  # noqa: BLE001 - the session is over, and the broker will deliver again
                self._end_session(f"an acknowledgement found no channel: {explain(error)}")

    async def cancel(self) -> None:
        """Take no more deliveries; those that are here can still be acknowledged."""
        if self._channel is None or self._channel.is_closed:
            return
        channel = await self._channel.get_underlay_channel()
        for tag in self._tags.values():
            await bounded(channel.basic_cancel(tag))
        self._tags.clear()

    async def close(self) -> None:
        """Close the channel, after `cancel` and after the last acknowledgement."""
        if self._channel is not None and not self._channel.is_closed:
            await bounded(self._channel.close())

    async def _open(self) -> None:
        self._channel = await open_channel(self._connection, confirms=False)
        self.session = self._next_session()
        self._acknowledged_tag = 0
        self._acknowledged_tags.clear()
        self._tags.clear()
        await guarded(self._channel.set_qos(self._prefetch, timeout=CONNECT_LIMIT_SECONDS))
        channel = await self._channel.get_underlay_channel()
        channel.on_consumer_cancel_callbacks.add(self._cancelled)

    async def _consume_all(self, queues: Iterable[str]) -> str | None:
        """Return the queue that cost us the channel, or None."""
        for queue in queues:
            if await self._consume(queue) is not None:
                return queue
        return None

    async def _consume(self, queue: str) -> str | None:
        if self._channel is None:
            return "there is no channel"
        channel = await self._channel.get_underlay_channel()
        callback = partial(self._deliver, queue, self.session)
        self.asking_for = queue
        try:
            started = await guarded(channel.basic_consume(queue, callback, timeout=CONNECT_LIMIT_SECONDS))
        except ChannelClosed as error:
            self.missing[queue] = reason = explain(error)
            self.asking_for = None
            return reason
        self.asking_for = None
        self._tags[queue] = started.consumer_tag or ""
        return None

    async def _existing(self, queues: Iterable[str]) -> list[str]:
        """Sort out the queues that are not there.

        Some releases refuse this question to an account that may consume the queue; a refusal here means nothing.
        """
        found = []
        probe: AbstractChannel | None = None
        for queue in queues:
            if probe is None or probe.is_closed:
                probe = await open_channel(self._connection, confirms=False)
            try:
                await guarded(probe.declare_queue(queue, passive=True, timeout=CONNECT_LIMIT_SECONDS))
            except ChannelNotFoundEntity as error:
                self.missing[queue] = explain(error)
                continue
            except ChannelAccessRefused:
                probe = None
            found.append(queue)
        if probe is not None and not probe.is_closed:
            await bounded(probe.close())
        return found

    async def _deliver(self, queue: str, session: int, message: aiormq.abc.DeliveredMessage) -> None:
        """Hand over one delivery.

        The client library starts a task for each delivery. Tasks start in the order in which they were made and this
        function never waits, so the order of tags is kept.
        """
        delivered = message.delivery
        if session != self.session or not isinstance(delivered, spec.Basic.Deliver):
            return
        delivery = as_delivery(queue, session, message, delivered)
        try:
            self._on_delivery(delivery)
        except Exception as error:  # noqa: BLE001 - a later acknowledgement must not cover what nobody took
            self._end_session(f"a delivery could not be handed over: {error!r}")

    def _cancelled(self, frame: spec.Basic.Cancel) -> None:
        queue = next((queue for queue, tag in self._tags.items() if tag == frame.consumer_tag), "a queue")
        self._end_session(f"the broker stopped delivering from {queue}; perhaps it was deleted")


def as_delivery(
    queue: str, session: int, message: aiormq.abc.DeliveredMessage, delivered: spec.Basic.Deliver
) -> Delivery:
    """Take out of the client library's message what the layers above may know."""
    properties = message.header.properties
    return Delivery(
        queue=queue,
        exchange=delivered.exchange or "",
        user_id=properties.user_id,
        type=properties.message_type,
        body=message.body,
        reply_to=properties.reply_to,
        correlation_id=properties.correlation_id,
        message_id=properties.message_id,
        redelivered=bool(delivered.redelivered),
        tag=delivered.delivery_tag or 0,
        session=session,
    )

"""The consumer: one channel that reads queues of a link, and acknowledges whole batches.

One acknowledgement can stand for a whole batch only if all queues share one channel. Delivery tags then grow over all
queues in the order of arrival, and `basic.ack` with `multiple` covers everything up to a delivery; what is done beyond
one that still waits is acknowledged by itself. The other side of it: a queue that is missing or refused makes the
broker close the channel for all of them. So each queue is looked for on a channel that nobody needs before it is read,
and one that was refused once is read by a consumer of its own (unread_queues.py).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import aiormq.abc
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import spec
from aiormq.exceptions import ChannelAccessRefused, ChannelClosed, ChannelNotFoundEntity

from shared.broker.amqp.connection import CONNECT_LIMIT_SECONDS, EndSession, open_channel, report_end
from shared.broker.amqp.driver_patches import times_in_vain
from shared.broker.amqp.errors import bounded, explain, guarded
from shared.broker.messages import Delivery
from shared.broker.names import WORLD_PREFIX, account_of

OnDelivery = Callable[[Delivery], None]


class Consumer:
    """One channel that reads queues; each channel that it opens is a session of its own, with tags of its own."""

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
        self.asking_for: str | None = None
        """The queue that the broker was asked for, as long as it has not answered."""

    async def start(self, queues: Iterable[str]) -> tuple[str, str] | None:
        """Open a channel and read these queues; return the first that is refused, and why: it cost the channel.

        What was delivered on the lost channel counts one delivery more.
        """
        channel = await self._open()
        for queue in queues:
            reason = await self._consume(channel, queue)
            if reason is not None:
                return queue, reason
        if self._channel is not None:
            report_end(self._channel, "consuming channel", self._end_session)
        return None

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

    async def _open(self) -> aiormq.abc.AbstractChannel:
        """Open a channel, which begins a session."""
        self._channel = await open_channel(self._connection, confirms=False)
        self.session = self._next_session()
        self._acknowledged_tag = 0
        self._acknowledged_tags.clear()
        self._tags.clear()
        await guarded(self._channel.set_qos(self._prefetch, timeout=CONNECT_LIMIT_SECONDS))
        channel = await self._channel.get_underlay_channel()
        channel.on_consumer_cancel_callbacks.add(self._cancelled)
        return channel

    async def _consume(self, channel: aiormq.abc.AbstractChannel, queue: str) -> str | None:
        """Read a queue; return why it can't be, if so: then the channel is closed."""
        callback = partial(self._deliver, queue, self.session)
        self.asking_for = queue
        try:
            started = await guarded(channel.basic_consume(queue, callback, timeout=CONNECT_LIMIT_SECONDS))
        except ChannelClosed as error:
            self.asking_for = None
            return explain(error)
        self.asking_for = None
        self._tags[queue] = started.consumer_tag or ""
        return None

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
        """End the session, because the broker took a queue away."""
        queue = next((queue for queue, tag in self._tags.items() if tag == frame.consumer_tag), "a queue")
        self._end_session(f"the broker stopped delivering from {queue}; perhaps it was deleted")


async def look_for(connection: AbstractConnection, queues: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Look which of these queues are not there, with the broker's words for each, and which another consumer reads.

    Some releases refuse this question to an account that may consume the queue; a refusal here means nothing.
    """
    missing: dict[str, str] = {}
    taken: list[str] = []
    probe: AbstractChannel | None = None
    for queue in queues:
        if probe is None or probe.is_closed:
            probe = await open_channel(connection, confirms=False)
        try:
            found = await guarded(probe.declare_queue(queue, passive=True, timeout=CONNECT_LIMIT_SECONDS))
            taken += [queue] * bool(found.declaration_result.consumer_count)
        except ChannelNotFoundEntity as error:
            missing[queue] = explain(error)
        except ChannelAccessRefused:
            probe = None
    if probe is not None and not probe.is_closed:
        await bounded(probe.close())
    return missing, taken


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
        in_vain=times_in_vain(properties.headers) if delivered.redelivered else 0,
        headers=properties.headers,
    )


def naming_accounts(on_delivery: OnDelivery, vhost: str) -> OnDelivery:
    """Have deliveries name their sender's account, where its login is another word: in a world."""
    if not vhost.startswith(WORLD_PREFIX):
        return on_delivery
    return lambda delivery: on_delivery(replace(delivery, user_id=account_of(delivery.user_id, vhost)))

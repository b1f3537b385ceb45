"""The console's link: one connection, with one of its account's queues for replies.

A console comes and goes, and an account may declare nothing, so the queues for replies exist beforehand, a few per
account. Consuming one exclusively is the claim, which the broker grants once and takes back when the connection ends,
in whatever way.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import aiormq.abc
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import spec
from aiormq.exceptions import ChannelClosed, ChannelNotFoundEntity

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import (
    CONNECT_LIMIT_SECONDS,
    close_connection,
    open_channel,
    open_connection,
    report_end,
)
from shared.broker.amqp.consumer import OnDelivery, as_delivery, naming_accounts
from shared.broker.amqp.declare import declare
from shared.broker.amqp.errors import explain, guarded, translated
from shared.broker.amqp.publisher import Publisher
from shared.broker.declarations import open_console_declarations, open_declarations
from shared.broker.errors import BrokerLayerError, BrokerRefused, BrokerUnreachable, NoFreeSlot
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import (
    CONSOLE_SLOTS,
    MOST_CONSOLE_SLOTS,
    OPEN_ACCOUNT,
    console_queue_name,
    console_routing_key,
    exchange_name,
)

OPEN_LIMIT_SECONDS: Final = 30.0


class ConsoleLink:
    """One connection of a console; when it breaks, `on_lost` hears why, and it does not come back.

    Replies need no acknowledgement: nobody would read them a second time.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        account: str | None,
        name: str,
        on_delivery: OnDelivery,
        on_lost: Callable[[str], None],
    ) -> None:
        """Nothing happens before `open`. `account` None means open mode."""
        self._address = address
        self._account = account or OPEN_ACCOUNT
        self._open_mode = account is None
        self._user = address.user or account or "guest"
        self._name = name
        self._on_delivery = naming_accounts(on_delivery, address.vhost)
        self._on_lost = on_lost
        self._connection: AbstractConnection | None = None
        self._publisher: Publisher | None = None
        self._channel: AbstractChannel | None = None
        self._slot: int | None = None
        self._closing = False

    @property
    def reply_to(self) -> str:
        """The routing key for replies; to be set in each command."""
        if self._slot is None:
            raise RuntimeError("a console has no address before it is open")
        return console_routing_key(self._slot)

    async def open(self) -> str:
        """Connect, claim a queue for replies, and return `reply_to`.

        Raises BrokerUnreachable, BrokerRefused or NoFreeSlot.
        """
        try:
            async with asyncio.timeout(OPEN_LIMIT_SECONDS):
                await self._open()
        except TimeoutError as late:
            await self.close()
            raise BrokerUnreachable(f"{self._address.shown} did not answer in time") from late
        except BaseException as error:
            await self.close()
            if isinstance(error, BrokerLayerError) or not isinstance(error, Exception):
                raise
            raise translated(error, self._address.shown) from error  # any class can mean a lost connection
        return self.reply_to

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Publish through the account's exchange and wait for the broker's answer; UNKNOWN if not connected."""
        publisher = self._publisher
        return PublishResult.UNKNOWN if publisher is None else await publisher.publish(message)

    async def close(self) -> None:
        """Give the queue back and say goodbye, within a limit; never raises."""
        self._closing = True
        self._publisher = None
        await close_connection(self._connection)
        self._connection = None

    async def _open(self) -> None:
        """Connect, declare what open mode needs, and claim a queue."""
        self._closing = False
        self._connection = connection = await open_connection(self._address, self._name)
        if self._open_mode:
            await declare(connection, open_declarations(()))
        exchange = exchange_name(self._account)
        self._publisher = await Publisher.open(connection, exchange, self._user, self._lose)
        self._slot = await self._claim(connection)
        report_end(connection, "connection", self._lose)

    async def _claim(self, connection: AbstractConnection) -> int:
        """Try all slots there are, from a random one on, so that consoles that start together don't all collide."""
        first = random.randrange(CONSOLE_SLOTS)  # noqa: S311 - spreads, and hides nothing
        slots: list[int] = [*range(first, CONSOLE_SLOTS), *range(first), *range(CONSOLE_SLOTS, MOST_CONSOLE_SLOTS)]
        reasons = []
        for slot in slots:
            if self._open_mode:
                await declare(connection, open_console_declarations(slot))
            reason = await self._consume(connection, slot)
            if reason is None:
                return slot
            if isinstance(reason, ChannelNotFoundEntity) and slot >= CONSOLE_SLOTS:
                break
            reasons.append(reason)
        if all(isinstance(reason, ChannelNotFoundEntity) for reason in reasons):
            there = [explain(reason) for reason in reasons if "no queue" not in explain(reason)]
            if there:  # on nodes of a cluster that are down
                raise BrokerUnreachable(f"no queue for replies of {self._account} can be read: {there[0]}")
            raise BrokerRefused(f"account {self._account} is not provisioned: {explain(reasons[0])}")
        used = f"all {len(reasons)} queues for replies of {self._account} are in use"
        raise NoFreeSlot(f"{used}: end a command of this account that waits or watches", len(reasons))

    async def _consume(self, connection: AbstractConnection, slot: int) -> ChannelClosed | None:
        """Consume one queue alone; return why it can't be."""
        queue = console_queue_name(self._account, slot)
        self._channel = await open_channel(connection, confirms=False)
        channel = await self._channel.get_underlay_channel()

        async def deliver(message: aiormq.abc.DeliveredMessage) -> None:
            if isinstance(message.delivery, spec.Basic.Deliver):
                self._on_delivery(as_delivery(queue, 0, message, message.delivery))

        consuming = channel.basic_consume(queue, deliver, no_ack=True, exclusive=True, timeout=CONNECT_LIMIT_SECONDS)
        try:
            await guarded(consuming)
        except ChannelClosed as error:
            return error
        channel.on_consumer_cancel_callbacks.add(lambda _: self._lose(f"the broker took {queue} away"))
        report_end(self._channel, "consuming channel", self._lose)
        return None

    def _lose(self, reason: str | BrokerRefused) -> None:
        """Tell once that the connection is gone."""
        if not self._closing:
            self._closing = True
            self._publisher = None
            self._on_lost(str(reason))

"""Reading the queue of dead letters, and taking out of it what is done with, for a login that may.

AMQP can't look into a queue without taking: dead letters that were looked at are given back, and if this process dies
RabbitMQ gives them back by itself. A quorum queue keeps no order among more than 32 of them (seen with 3.10), so they
are sorted by time where they are shown. Each look counts as a delivery. Where policies are, the limit of these is out
of reach. A queue with limits of its own (open mode) has RabbitMQ 4's of twenty; there, what was looked at often is put
back as a new message before the old one is let go.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Final

from aio_pika import Message
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aiormq.exceptions import AMQPError, ChannelNotFoundEntity

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import CONNECT_LIMIT_SECONDS, close_connection, open_channel, open_connection
from shared.broker.amqp.driver_patches import reading_headers
from shared.broker.amqp.errors import explain, guarded, refusal
from shared.broker.amqp.publisher import PUBLISH_LIMIT_SECONDS, Publisher
from shared.broker.dead_letters import LOOKS, StoredMessage
from shared.broker.errors import BrokerUnreachable
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_KEY, exchange_name, login_name

LOOK_LIMIT_MESSAGES: Final = 10_000
LOOK_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""What one look takes in at the most, the oldest first."""
RENEWED_AFTER_LOOKS: Final = 10
"""Half of what RabbitMQ 4 allows where nobody set a limit."""

Speak = Callable[[str, OutgoingMessage], Awaitable[PublishResult]]
"""Publishes in an account's name, through its exchange."""
Choose = Callable[[Sequence[StoredMessage], Speak], Awaitable[Collection[int]]]
"""Looks at what lies there, and returns the places of what is done with."""


async def visit_dead_letters(address: BrokerAddress, queue: str, choose: Choose, *, shared_login: bool = False) -> int:
    """Show `choose` the dead letters, let go what it is done with, and give back the rest, in any order.

    Returns how many lie behind those. A queue that is not there is empty. Raises BrokerRefused or BrokerUnreachable,
    and what `choose` raises: then all of them stay.
    """
    with reading_headers():
        connection = await open_connection(address, "dead letters")
    try:
        taken, behind = await _take(connection, queue)
        done = set(await choose([_stored(one) for one in taken], partial(_speak, connection, address)))
        worn = {place for place, one in enumerate(taken) if shared_login and _looks(one) >= RENEWED_AFTER_LOOKS} - done
        await _renew(connection, [taken[place] for place in sorted(worn)])
        for place in sorted(done | worn):
            await guarded(taken[place].ack())
        if taken:
            await guarded(taken[-1].channel.basic_nack(taken[-1].delivery_tag or 0, multiple=True, requeue=True))
    except (AMQPError, OSError, TimeoutError) as error:
        raise refusal(error, address.shown) or BrokerUnreachable(explain(error)) from error
    finally:
        await close_connection(connection)
    return behind


async def _take(connection: AbstractConnection, queue: str) -> tuple[list[AbstractIncomingMessage], int]:
    """Take what one look may take, and how many are left there."""
    channel = await open_channel(connection, confirms=False)
    source = await guarded(channel.get_queue(queue, ensure=False))
    taken: list[AbstractIncomingMessage] = []
    size = 0
    while len(taken) < LOOK_LIMIT_MESSAGES and size < LOOK_LIMIT_BYTES:
        try:
            message = await guarded(source.get(fail=False, timeout=CONNECT_LIMIT_SECONDS))
        except ChannelNotFoundEntity:
            return [], 0
        if message is None:
            return taken, 0
        taken.append(message)
        size += len(message.body)
    return taken, taken[-1].message_count or 0


async def _speak(
    connection: AbstractConnection, address: BrokerAddress, account: str, message: OutgoingMessage
) -> PublishResult:
    """Publish as one account, on a channel of its own: a refusal costs that channel alone."""
    channel = await open_channel(connection, confirms=True)
    user = login_name(account, address.vhost)
    return await Publisher(channel, exchange_name(account), user, lambda _: None).publish(message)


async def _renew(connection: AbstractConnection, worn: Sequence[AbstractIncomingMessage]) -> None:
    """Put each back as a new message by the way that it came, and wait until the broker has it."""
    if not worn:
        return
    channel = await open_channel(connection, confirms=True)
    for one in worn:
        exchange = await channel.get_exchange(one.exchange or "", ensure=False)
        again = Message(
            one.body,
            headers={name: value for name, value in one.headers.items() if name not in LOOKS},
            content_type=one.content_type,
            delivery_mode=one.delivery_mode,
            message_id=one.message_id,
            type=one.type,
            user_id=one.user_id,
        )
        await guarded(exchange.publish(again, DEAD_LETTER_KEY, timeout=PUBLISH_LIMIT_SECONDS))


def _stored(message: AbstractIncomingMessage) -> StoredMessage:
    """Take out of the client library's message what the layers above may know."""
    return StoredMessage(
        message.exchange or "", message.user_id, message.type, message.message_id, dict(message.headers), message.body
    )


def _looks(message: AbstractIncomingMessage) -> int:
    """How often it was looked at, as RabbitMQ counts it."""
    return max((int(count) for name in LOOKS if isinstance(count := message.headers.get(name), int)), default=0)

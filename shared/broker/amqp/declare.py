"""The declaring of exchanges, queues and bindings in open mode, where no control plane provisions."""

from collections.abc import Iterable

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelClosed

from shared.broker.amqp.connection import CONNECT_LIMIT_SECONDS, open_channel
from shared.broker.amqp.errors import bounded, explain, guarded
from shared.broker.declarations import (
    Declaration,
    DeclareBinding,
    DeclareExchange,
    DeclareQueue,
    RemoveBinding,
    RemoveQueue,
)
from shared.broker.errors import BrokerRefused


async def declare(connection: AbstractConnection, declarations: Iterable[Declaration]) -> None:
    """Declare all of it; again does no harm. Raises BrokerRefused if it may not or differs from before."""
    channel = await open_channel(connection, confirms=False)
    for declaration in declarations:
        try:
            await guarded(_declare(channel, declaration))
        except ChannelClosed as error:
            raise BrokerRefused(f"the broker does not let us declare {declaration}: {explain(error)}") from error
    await bounded(channel.close())


async def _declare(channel: AbstractChannel, declaration: Declaration) -> None:
    """Declare one thing."""
    limit = CONNECT_LIMIT_SECONDS
    match declaration:
        case DeclareExchange(name, kind):
            await channel.declare_exchange(name, kind, durable=True, timeout=limit)
        case DeclareQueue(name, arguments):
            await channel.declare_queue(name, durable=True, arguments=dict(arguments), timeout=limit)
        case DeclareBinding(exchange, routing_key, name):
            queue = await channel.get_queue(name, ensure=False)
            await queue.bind(exchange, routing_key, timeout=limit)
        case RemoveBinding(exchange, routing_key, name):
            queue = await channel.get_queue(name, ensure=False)
            await queue.unbind(exchange, routing_key, timeout=limit)
        case RemoveQueue(name):
            await channel.queue_delete(name, timeout=limit)

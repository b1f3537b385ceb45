"""The control plane's own changes to a broker over AMQP, for a login that may make them: steps in a given order."""

from collections.abc import Iterable, Sequence

from aiormq.exceptions import ChannelNotFoundEntity

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import CONNECT_LIMIT_SECONDS, close_connection, open_channel, open_connection
from shared.broker.amqp.declare import declare
from shared.broker.amqp.errors import explain, guarded, refusal
from shared.broker.declarations import Declaration
from shared.broker.errors import BrokerUnreachable
from shared.broker.messages import Depth


async def change(address: BrokerAddress, steps: Sequence[Declaration]) -> None:
    """Take these steps, one after the other. Raises BrokerRefused or BrokerUnreachable; again has no effect."""
    connection = await open_connection(address, "control plane")
    try:
        await declare(connection, steps)
    except Exception as error:
        raise refusal(error, address.shown) or BrokerUnreachable(explain(error)) from error
    finally:
        await close_connection(connection)


async def depths(address: BrokerAddress, queues: Iterable[str]) -> dict[str, Depth]:
    """How much lies in these queues and how many read them; one that is not there is left out.

    Raises BrokerRefused or BrokerUnreachable.
    """
    connection = await open_connection(address, "control plane")
    found: dict[str, Depth] = {}
    try:
        for name in queues:
            channel = await open_channel(connection, confirms=False)
            try:
                queue = await guarded(channel.declare_queue(name, passive=True, timeout=CONNECT_LIMIT_SECONDS))
            except ChannelNotFoundEntity:
                continue
            seen = queue.declaration_result
            found[name] = Depth(seen.message_count or 0, seen.consumer_count or 0)
            await guarded(channel.close())
    except Exception as error:
        raise refusal(error, address.shown) or BrokerUnreachable(explain(error)) from error
    finally:
        await close_connection(connection)
    return found

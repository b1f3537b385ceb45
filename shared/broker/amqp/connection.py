"""Connections and channels, opened within limits and watched for their end.

They are plain, and their end is an event: `connect_robust` declares again what tenants may not declare, waits a fixed
pause, and can come back without its consumer; the supervisor in link.py does the same job in the open.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused

from shared.broker.address import BrokerAddress
from shared.broker.amqp.driver_patches import patch_driver
from shared.broker.amqp.errors import bounded, explain, guarded, translated
from shared.broker.errors import BrokerRefused, BrokerUnreachable

CONNECT_LIMIT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 60
"""A broker that hangs, its connections open, is noticed after 3 x (heartbeat + 1) = 183 s, or 20 s after a message.

A broker's machine or network that is gone the kernel notices within 18 s (`watch_peer`), and a process that ended at
once. Every heartbeat wakes two processes: at 5 s those of 300 idle workers took a quarter of a core.
"""

EndSession = Callable[[str | BrokerRefused], None]
"""Hears why a session is over; a refusal says that another one would end the same way."""


async def open_connection(
    address: BrokerAddress, name: str, heartbeat_seconds: int | None = None
) -> AbstractConnection:
    """Connect and log in at the first node that takes it, within CONNECT_LIMIT_SECONDS for each.

    It has a heartbeat of HEARTBEAT_SECONDS unless another is given; 0 is none.

    Raises BrokerRefused where a node refuses and no other takes it, else BrokerUnreachable.
    """
    patch_driver()
    failures = []
    for node in address.nodes:
        try:
            return await guarded(_connect(node, name, heartbeat_seconds))
        except Exception as error:  # noqa: BLE001 - any class can mean a lost connection
            failures.append(translated(error, node.shown))
            failures[-1].__cause__ = error
    refusals = [failure for failure in failures if isinstance(failure, BrokerRefused)]
    if refusals or len(failures) == 1:
        raise [*refusals, *failures][0]
    raise BrokerUnreachable("; ".join(map(str, failures)))


def _connect(node: BrokerAddress, name: str, heartbeat_seconds: int | None) -> Awaitable[AbstractConnection]:
    try:
        context = node.ssl_context()
    except OSError as error:
        files = ", ".join(str(file) for file in (node.ca_file, node.certificate_file, node.key_file) if file)
        raise BrokerRefused(f"certificates for {node.shown} cannot be read ({files}): {error}") from error
    return aio_pika.connect(
        None,
        host=node.host,
        port=node.port,
        login=node.user or "guest",
        password=node.password if node.password is not None else "guest",
        virtualhost=node.vhost,
        ssl=node.tls,
        ssl_context=context,
        timeout=CONNECT_LIMIT_SECONDS,
        heartbeat=HEARTBEAT_SECONDS if heartbeat_seconds is None else heartbeat_seconds,
        client_properties={"connection_name": name},
        auth="external" if node.external else "plain",
    )


async def open_channel(connection: AbstractConnection, *, confirms: bool) -> AbstractChannel:
    """Open a channel; one for publishing gets confirms, and raises for what can't be routed."""
    channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
    async with asyncio.timeout(CONNECT_LIMIT_SECONDS):
        await guarded(channel.initialize())
    return channel


def report_end(source: AbstractConnection | AbstractChannel, what: str, end_session: EndSession) -> None:
    """Report the end of a connection or a channel, whoever ended it; if it has ended already, at once.

    What a channel was refused is a BrokerRefused; it comes before the call that was refused hears of it.
    """

    def ended(_: object, error: BaseException | None) -> None:
        reason = explain(error)
        end_session(BrokerRefused(reason) if isinstance(error, ChannelAccessRefused) else f"the {what} ended: {reason}")

    source.close_callbacks.add(ended)
    if source.is_closed:
        end_session(f"the {what} ended at once")


async def close_connection(connection: AbstractConnection | None) -> None:
    """Say goodbye, within a limit; never raises."""
    if connection is not None:
        await bounded(connection.close())

"""The login of the relay: a user of its own that may tap and nothing else, or the one that is shared by all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from console.client import Refused
from console.faults.reach import every_wire
from console.topology import Context
from shared.broker.address import BrokerAddress
from shared.broker.amqp import depths
from shared.broker.control import Rights, make_user, queue_names
from shared.broker.messages import Depth
from shared.broker.names import EndpointQueue, login_name
from shared.broker.tap import TAP_CONFIGURE, TAP_QUEUES, TAP_READ, TAP_USER, TAP_USER_TAG, TAP_WRITE, Tap
from shared.broker.topology import Account


async def relay_login(context: Context, administrator: str) -> BrokerAddress:
    """Where and as whom a relay logs in. Raises Refused NoControlPlane, or BrokerLayerError.

    Its user's password follows from the administrator's, so that several consoles don't change it under each other.
    """
    if context.shared_login:
        return context.broker
    if not administrator:
        raise Refused(
            "NoControlPlane",
            "Only whoever administers the broker can make faults: start the console with PEERING_MANAGEMENT_URL "
            "(http://ADMINISTRATOR:PASSWORD@HOST:15672).",
        )
    secret = unquote(urlsplit(administrator).password or "")
    password = hmac.new(
        secret.encode(), login_name(TAP_USER, context.broker.vhost).encode(), hashlib.sha256
    ).hexdigest()
    rights = Rights(TAP_CONFIGURE, TAP_WRITE, TAP_READ)
    await make_user(administrator, Account(TAP_USER, password), TAP_USER_TAG, rights, vhost=context.broker.vhost)
    return context.broker.as_account(TAP_USER, password)


async def tapped(context: Context, administrator: str) -> dict[EndpointQueue, Depth]:
    """The wires that have a tap on the broker, whoever put it there, and how it does.

    Raises BrokerLayerError or Refused.
    """
    wires = {Tap(queue).name: queue for queue in every_wire(context)}
    names: Sequence[str] = list(wires)
    if not context.shared_login:
        names = await queue_names(administrator, TAP_QUEUES, vhost=context.broker.vhost)
    if not names:
        return {}
    address = await relay_login(context, administrator)
    seen = await depths(address, [name for name in names if name in wires])
    return {wires[name]: depth for name, depth in seen.items()}

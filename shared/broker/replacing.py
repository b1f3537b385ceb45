"""Replacing queues that were declared with other arguments than they should have: RabbitMQ changes none of them.

Limits are policies and need nothing of this. Such a queue is unbound first, so that nothing comes into it any more: its
senders are told that nobody is there, and say again what is not acknowledged. Then its worker reads what lies there,
and only then is the queue deleted and declared anew. Nobody's words are published again by somebody else, so what
proves a sender stays as it is.
"""

import asyncio
from time import monotonic
from typing import Final
from urllib.parse import quote

from shared.broker.address import BrokerAddress
from shared.broker.amqp import change, depths
from shared.broker.control import ask, manager, provision
from shared.broker.declarations import RemoveBinding, RemoveQueue
from shared.broker.errors import ControlPlaneError
from shared.broker.polling import POLL_SECONDS
from shared.broker.topology import Definitions

DRAIN_LIMIT_SECONDS: Final = 60.0
"""How long a worker may take to read what lies in a queue that is replaced."""


async def unlike_queues(management_url: str, document: Definitions) -> list[str]:
    """The queues of these definitions, imported already, that have other arguments. Raises ControlPlaneError."""
    found: dict[tuple[str, str], object] = {}
    async with manager(management_url) as client:
        for vhost in {str(queue["vhost"]) for queue in document["queues"]}:
            path = f"/api/queues/{quote(vhost, safe='')}?columns=name,arguments"
            for one in (await ask(client, "GET", path, "list its queues")).json():
                found[vhost, one["name"]] = one["arguments"]
    unlike = [one for one in document["queues"] if found[one["vhost"], one["name"]] != one["arguments"]]
    return [str(one["name"]) for one in unlike]


async def replace_queues(
    address: BrokerAddress,
    management_url: str,
    document: Definitions,
    queues: list[str],
    limit_seconds: float = DRAIN_LIMIT_SECONDS,
) -> None:
    """Replace these queues of the definitions. `address` is an administrator's.

    Raises BrokerLayerError, also if nobody reads what lies in one of them: then all are as they were.
    """
    bindings = [one for one in document["bindings"] if one["destination"] in queues]
    try:
        await change(
            address, [RemoveBinding(one["source"], one["routing_key"], one["destination"]) for one in bindings]
        )
        await _drained(address, queues, limit_seconds)
        await change(address, [RemoveQueue(name) for name in queues])
    finally:
        await provision(management_url, document)


async def _drained(address: BrokerAddress, queues: list[str], limit_seconds: float) -> None:
    """Wait until nothing waits in these queues. Raises ControlPlaneError if nobody reads it."""
    began = monotonic()
    while waiting := {name: one.waiting for name, one in (await depths(address, queues)).items() if one.waiting}:
        if monotonic() - began > limit_seconds:
            name, count = next(iter(waiting.items()))
            raise ControlPlaneError(
                f"{name} has other arguments than it should have, and {count} messages that nobody reads: "
                "start the worker that reads it, and provision again"
            )
        await asyncio.sleep(POLL_SECONDS)

"""The wires that other consoles have tapped: a killed one's are made whole, a running one's are left to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Final

from console.faults.login import relay_login, tapped
from console.faults.relay import Relay
from console.topology import Context
from shared.broker.amqp import change
from shared.broker.messages import Depth
from shared.broker.names import EndpointQueue
from shared.broker.tap import Tap

LEAVING_SECONDS: Final = 3.0
"""How long the reader of a console that has just been killed may still be seen."""
_LOOK_SECONDS: Final = 0.2


async def mend(context: Context, administrator: str, own: Collection[EndpointQueue]) -> list[EndpointQueue]:
    """Let pass what lies in taps that nobody reads, and make their wires whole; returns these wires.

    A tap that somebody reads stays, and what was bound again beside it leads through it once more. `own` are the wires
    that are left out. Raises TapFailed or BrokerLayerError.
    """
    seen = await _others(context, administrator, own)
    if not seen:
        return []
    address = await relay_login(context, administrator)
    left = [queue for queue, depth in seen.items() if not depth.readers]
    for queue in seen:
        if queue not in left:
            await change(address, Tap(queue).putting_on)
            continue
        relay = Relay(Tap(queue), address, enforced=not context.shared_login, judge=lambda *_: [])
        await relay.take_over()
        await relay.take_off()
    return left


async def _others(context: Context, administrator: str, own: Collection[EndpointQueue]) -> dict[EndpointQueue, Depth]:
    """Find the taps of other consoles. The reader of one that was just killed is waited for until it is gone."""
    until = time.monotonic() + LEAVING_SECONDS
    while True:
        found = await tapped(context, administrator)
        seen = {queue: depth for queue, depth in found.items() if queue not in own}
        if not any(depth.readers for depth in seen.values()) or time.monotonic() >= until:
            return seen
        await asyncio.sleep(_LOOK_SECONDS)

"""Faults of an operator: a queue made unreadable, permissions and a password changed; each is mended after a while.

RabbitMQ looks at a permission when a channel first needs it, and at a password when a connection is made, so the
worker's connections are reset as well.
"""

from __future__ import annotations

import asyncio
import signal
from random import Random
from typing import Any, Final

from lab.chaos.faults.fault import Fault, until
from lab.chaos.faults.worker import ended
from lab.chaos.system import System
from lab.chaos.workers import Worker
from shared.broker.control import provision
from shared.broker.errors import ControlPlaneError

_NOTHING: Final = "^$"
_ENDED_SHARE: Final = 0.3
"""In how many cases the worker is ended meanwhile, too, so that a new process meets the change when it starts."""


async def _unreadable(system: System, worker: Worker, chance: Random) -> str | None:
    return await _changed(system, worker, chance, "permissions", {"read": _NOTHING})


async def _not_permitted(system: System, worker: Worker, chance: Random) -> str | None:
    return await _changed(system, worker, chance, "permissions", {"read": _NOTHING, "write": _NOTHING})


async def _password_changed(system: System, worker: Worker, chance: Random) -> str | None:
    return await _changed(system, worker, chance, "users", {"password_hash": system.another_password_hash})


async def _changed(system: System, worker: Worker, chance: Random, part: str, change: dict[str, Any]) -> str | None:
    """Import one entry of the account's with a change, reset its worker's connections, and import all as it was."""
    proxy = system.proxies[worker.id]
    await until(lambda: proxy.connections)
    (entry,) = (one for one in system.document[part] if worker.account in (one.get("user"), one.get("name")))
    seconds = chance.uniform(1, 6)
    try:
        await provision(await system.management(), {part: [entry | change]})
        cut = proxy.reset()
        if chance.random() < _ENDED_SHARE:
            await ended(system, worker, signal.SIGKILL)
        await asyncio.sleep(seconds)
    except ControlPlaneError:
        return None
    finally:
        await system.provision()
    return f"{cut} connections reset, mended after {seconds:.1f} s" if cut else None


OPERATOR_FAULTS: Final[tuple[Fault[Worker], ...]] = (
    Fault("queues unreadable", 1, _unreadable),
    Fault("permissions taken", 1, _not_permitted),
    Fault("password changed", 1, _password_changed),
)

"""The intrusion: an account commands another's worker, past the check of its own client.

The request of another account lies in that account's own queue: the worker knows who it is from, reads none of it,
answers nothing, and sets it aside, where the broker's administrator finds it with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from console.client import Unanswered
from console.client.clients import client_of
from console.faults.command_lines import CommandLine, StoryBroke, TypedLine
from console.topology import Context
from shared.broker.control import dead_letters

LIMIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05


async def intrude(context: Context, line: CommandLine, account: str, administrator: str) -> TypedLine:
    """Have an account command an end that is not its own, straight at its worker. Raises StoryBroke if it is heard."""
    if not administrator:
        raise StoryBroke("what is set aside can be seen only on a broker of the scenario's own")
    async with client_of(context, account) as client:
        asking = asyncio.create_task(client.ask(line.endpoint, [line.form], LIMIT_SECONDS))
        setting_aside = asyncio.create_task(_reason(administrator, account, context.broker.vhost))
        await asyncio.wait({asking, setting_aside}, return_when=asyncio.FIRST_COMPLETED)
        answered = asking.done()
        for task in (asking, setting_aside):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Unanswered):
            await asking
    if answered:
        raise StoryBroke(f"{line.endpoint} answered a command of account {account}")
    with contextlib.suppress(asyncio.CancelledError):
        return TypedLine(account, f"{line.text}@{line.endpoint}", f"set aside: {await setting_aside}")
    raise StoryBroke(f"nothing became of a command of account {account} to {line.endpoint}")


async def _reason(administrator: str, account: str, vhost: str) -> str:
    """Return why a message of this account lies with the dead letters."""
    while True:
        for dead in await dead_letters(administrator, vhost=vhost):
            headers = dead["properties"].get("headers", {})
            if headers.get("x-peering-user") == account:
                return str(headers.get("x-peering-reason"))
        await asyncio.sleep(_LOOK_SECONDS)

"""The intrusion: one owner asks the other's worker, past the check of its own client.

The request of another account lies in that account's own queue: the worker knows who it is from, reads none of it,
answers nothing, and sets it aside, where the broker's administrator finds it with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from console.client import Unanswered
from console.demo.command_lines import StoryEnd, change
from console.demo.run import LOOK_EVERY_SECONDS, StoryRun
from console.demo.watching import StoryBroke, TypedLine
from shared.broker.control import dead_letters

LIMIT_SECONDS: Final = 10.0


async def intrude(run: StoryRun, intruder: StoryEnd, victim: StoryEnd) -> TypedLine:
    """Have one owner command the other's end, straight at its worker. Raises StoryBroke if anybody listens."""
    typed = change("suspend", victim)
    client = await run.client(intruder)
    asking = asyncio.create_task(client.ask(victim.endpoint, [typed.form], LIMIT_SECONDS))
    setting_aside = asyncio.create_task(_reason(run, intruder))
    await asyncio.wait({asking, setting_aside}, return_when=asyncio.FIRST_COMPLETED)
    answered = asking.done()
    for task in (asking, setting_aside):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Unanswered):
        await asking
    if answered:
        raise StoryBroke(f"{victim.endpoint} answered a command of account {intruder.owner}")
    with contextlib.suppress(asyncio.CancelledError):
        return TypedLine(intruder.owner, f"{typed.text}@{victim.endpoint}", f"set aside: {await setting_aside}")
    raise StoryBroke(f"nothing became of a command of account {intruder.owner} to {victim.endpoint}")


async def _reason(run: StoryRun, intruder: StoryEnd) -> str:
    """Return why the intruder's message lies with the dead letters."""
    while True:
        for dead in await dead_letters(run.stack.broker.administrator):
            headers = dead["properties"].get("headers", {})
            if headers.get("x-peering-user") == intruder.owner:
                return str(headers.get("x-peering-reason"))
        await asyncio.sleep(LOOK_EVERY_SECONDS)

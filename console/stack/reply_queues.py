"""More queues for replies: those that an account of a running `up` gets when all that it has are in use."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from console.client.sessions import MoreSlots
from console.stack.control_socket import ask
from console.stack.errors import StackRefused
from console.stack.stack import Stack
from shared.broker.control import provision
from shared.broker.names import CONSOLE_SLOTS, MOST_CONSOLE_SLOTS
from shared.broker.topology import console_definitions

_ASK_LIMIT_SECONDS: Final = 10.0


async def add_reply_queues(stack: Stack, account: str, present: int) -> None:
    """Make some more for an account that has so many; again has no effect. Raises StackRefused or ControlPlaneError."""
    if all(one.uid != account for one in stack.topology.accounts) or not stack.broker.administrator:
        raise StackRefused(f"this `peering up` cannot make more queues for account {account}")
    if not 0 < present < MOST_CONSOLE_SLOTS:
        raise StackRefused(f"an account has at most {MOST_CONSOLE_SLOTS} queues for replies")
    more = console_definitions(account, range(present, min(present + CONSOLE_SLOTS, MOST_CONSOLE_SLOTS)))
    await provision(stack.broker.administrator, stack.broker.placed(more))


def more_from(folder: Path) -> MoreSlots:
    """How a command gets more: it asks the `up` that runs in a folder, if one does."""
    return partial(_asked, folder)


async def _asked(folder: Path, account: str, present: int) -> str | None:
    try:
        request = {"do": "more-reply-queues", "account": account, "present": present}
        reply = await ask(folder, request, _ASK_LIMIT_SECONDS)
    except StackRefused:
        return None
    return None if reply["outcome"] == "done" else str(reply["sentence"])

"""The work of `peering restart`: one request to the control socket of the running `peering up`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from console.commands.running import DONE, FAILED
from console.screen import Screen
from console.stack.control_socket import ask
from console.topology import find_context

RESTART_LIMIT_SECONDS: Final = 90.0
"""Longer than a worker has to drain and the new one to answer."""


async def restart(screen: Screen, path: Path | None, endpoint: str, *, restored: bool) -> int:
    """Ask for the restart, and say what came of it."""
    folder = Path(find_context(path).source).parent
    request = {"do": "restart", "endpoint": endpoint, "restored": restored}
    reply = await ask(folder, request, RESTART_LIMIT_SECONDS)
    if reply["outcome"] == "done":
        screen.tell(reply, f"{endpoint}: restarted, pid {reply['pid']}")
        return DONE
    screen.failed(reply["code"], reply["sentence"], reply["outcome"])
    return FAILED

"""The work of `serve`: it serves the page and the cloud's API until it is told to end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from console.commands.running import DONE, FAILED
from console.commands.work.access import access_data, access_lines, warnings
from console.screen import Screen
from console.stack.errors import StackError
from console.stack.private_folder import marked_folder
from console.stack.stack import FOLDER
from console.stack.stop_signals import on_stop_signal
from console.topology import find_context
from console.web.errors import ServerError
from console.web.listening import listen_at
from console.web.serving import Access, bound, web


async def serve(screen: Screen, path: Path | None, listen: str | None, folder: Path | None) -> int:
    """Serve until told to end."""
    context = find_context(path)
    place = folder or FOLDER
    address, ended = listen_at(listen), asyncio.Event()
    administrator = os.environ.get("PEERING_MANAGEMENT_URL", "")
    try:
        marked_folder(place)
        with on_stop_signal(ended.set), bound(address) as listening:
            async with web(context, place, listening, address.host, administrator=administrator) as access:
                _ready(screen, access, warnings(address))
                await ended.wait()
    except (ServerError, StackError) as error:
        screen.failed(type(error).__name__, f"{error}.")
        return FAILED
    if screen.as_json:
        screen.data({"event": "stopped", "url": access.url})
    else:
        screen.show("stopped")
    return DONE


def _ready(screen: Screen, access: Access, warnings: list[str]) -> None:
    if screen.as_json:
        screen.data({"event": "ready", **access_data(access), "warnings": warnings})
    else:
        screen.show(*warnings, *access_lines(access), "ready")

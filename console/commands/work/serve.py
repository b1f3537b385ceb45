"""The work of `serve`: it serves the page and the cloud's API until it is told to end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from console.commands.running import DONE
from console.commands.work.access import access_data, access_lines, warnings
from console.screen import Screen
from console.stack.private_folder import marked_folder
from console.stack.stack import FOLDER
from console.stack.stop_signals import on_stop_signal
from console.topology import find_context
from console.web.listening import bound, listen_at
from console.web.serving import web


async def serve(screen: Screen, path: Path | None, listen: str | None, folder: Path | None, *, openly: bool) -> int:
    """Serve until told to end."""
    context = find_context(path)
    place = folder or FOLDER
    address, ended = listen_at(listen), asyncio.Event()
    administrator = os.environ.get("PEERING_MANAGEMENT_URL", "")
    marked_folder(place)
    with on_stop_signal(ended.set), bound(address) as listening:
        async with web(context, place, listening, address.host, administrator=administrator) as access:
            ready = {"event": "ready", **access_data(access), "warnings": warnings(address)}
            screen.tell(ready, *warnings(address), *access_lines(access, screen, asked=openly), "ready")
            await ended.wait()
    screen.tell({"event": "stopped", "url": access.url}, "stopped")
    return DONE

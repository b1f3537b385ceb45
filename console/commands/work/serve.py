"""The window is opened in a process of its own, which can be closed without anything behind it noticing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.text import Text

from console.commands.running import DONE, FAILED
from console.commands.work.ending import told_to_end
from console.screen import Screen
from console.stack import FOLDER
from console.topology import find_context
from console.web.listening import listen_at
from console.web.serving import CannotListen, web


async def serve(screen: Screen, path: Path | None, listen: str | None, folder: Path | None) -> int:
    """Serve until told to end."""
    context = find_context(path)
    place = folder or FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    ended = asyncio.Event()
    try:
        with told_to_end(ended):
            async with web(context, place, listen_at(listen)) as url:
                _tell(screen, "ready", url)
                await ended.wait()
    except CannotListen as fault:
        screen.failed("CannotListen", f"{fault}.")
        return FAILED
    _tell(screen, "stopped", url)
    return DONE


def _tell(screen: Screen, event: str, url: str) -> None:
    if screen.as_json:
        screen.data({"event": event, "url": url})
    elif event == "ready":
        screen.show(Text(f"the page and the cloud's API: {url}"), "ready")
    else:
        screen.show("stopped")

"""The window is opened in a process of its own, which can be closed without anything behind it noticing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.commands.running import DONE, FAILED
from console.commands.work.ending import told_to_end
from console.commands.work.window import keys_data, window_lines
from console.screen import Screen
from console.stack.stack import FOLDER
from console.topology import find_context
from console.web.listening import listen_at
from console.web.serving import CannotListen, Window, web


async def serve(screen: Screen, path: Path | None, listen: str | None, folder: Path | None) -> int:
    """Serve until told to end."""
    context = find_context(path)
    place = folder or FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    ended = asyncio.Event()
    try:
        with told_to_end(ended):
            async with web(context, place, listen_at(listen)) as window:
                _ready(screen, window)
                await ended.wait()
    except CannotListen as fault:
        screen.failed("CannotListen", f"{fault}.")
        return FAILED
    if screen.as_json:
        screen.data({"event": "stopped", "url": window.url})
    else:
        screen.show("stopped")
    return DONE


def _ready(screen: Screen, window: Window) -> None:
    if screen.as_json:
        screen.data({"event": "ready", "url": window.url, "keys": keys_data(window)})
    else:
        screen.show(*window_lines(window), "ready")

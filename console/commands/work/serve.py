"""What `serve` does: it serves the page and the cloud's API until it is told to end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.commands.running import DONE, FAILED
from console.commands.work.window import keys_data, window_lines
from console.screen import Screen
from console.stack.stack import FOLDER
from console.stack.stop_signals import on_stop_signal
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
        with on_stop_signal(ended.set):
            async with web(context, place, listen_at(listen)) as window:
                _ready(screen, window)
                await ended.wait()
    except CannotListen as error:
        screen.failed("CannotListen", f"{error}.")
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

"""Ctrl-C, SIGTERM and a closed terminal all mean the same to a long-running command: end in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told_to_end(ended: asyncio.Event) -> Iterator[None]:
    """Set `ended` when somebody asks this process to end."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for one in signals:
        loop.add_signal_handler(one, ended.set)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)

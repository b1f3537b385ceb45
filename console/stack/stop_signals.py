"""The requests that end a long-running command: Ctrl-C, SIGTERM, a closed terminal, and the end of standard input."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READ_BYTES: Final = 4096


@contextmanager
def on_stop_signal(call: Callable[[], object]) -> Iterator[None]:
    """Call something when this process is asked to end, instead of ending it."""
    loop = asyncio.get_running_loop()
    for one in STOP_SIGNALS:
        loop.add_signal_handler(one, call)
    try:
        yield
    finally:
        for one in STOP_SIGNALS:
            loop.remove_signal_handler(one)


@contextmanager
def on_end_of_input(call: Callable[[], object]) -> Iterator[None]:
    """Call something when standard input ends: a pipe, of which whoever started this process held the other end.

    The kernel closes it however that process ends, also by SIGKILL. What is written into it is read and ignored.
    """
    loop, source = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        if not os.read(source, _READ_BYTES):
            loop.remove_reader(source)
            call()

    loop.add_reader(source, read)
    try:
        yield
    finally:
        loop.remove_reader(source)

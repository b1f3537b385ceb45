"""The background writer: a thread that writes for an event loop, which must not wait for a disk or a reader.

What cannot be written is lost: a full disk, a closed pipe or a reader that reads nothing stops nobody.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

WAITING_LIMIT_BYTES: Final = 4 * 1024 * 1024
CLOSE_LIMIT_SECONDS: Final = 2.0

Sink: TypeAlias = Callable[[bytes], object]


class BackgroundWriter:
    """One thread, in which pieces are written in the order in which they were put."""

    def __init__(self, name: str, limit_bytes: int = WAITING_LIMIT_BYTES) -> None:
        """The thread starts with the first piece."""
        self._limit_bytes = limit_bytes
        self._waiting: queue.SimpleQueue[tuple[Sink, bytes] | None] = queue.SimpleQueue()
        self._put_bytes = self._written_bytes = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def put(self, sink: Sink, piece: bytes) -> bool:
        """Have a piece written; return False if too much is waiting, and it is lost."""
        if self._put_bytes - self._written_bytes + len(piece) > self._limit_bytes:
            return False
        if self._thread.ident is None:
            self._thread.start()
        self._put_bytes += len(piece)
        self._waiting.put((sink, piece))
        return True

    def close(self, limit_seconds: float = CLOSE_LIMIT_SECONDS) -> None:
        """Let what waits be written, as far as that is done in time."""
        if self._thread.ident is not None:
            self._waiting.put(None)
            self._thread.join(limit_seconds)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            sink, piece = waiting
            with contextlib.suppress(OSError):
                sink(piece)
            self._written_bytes += len(piece)

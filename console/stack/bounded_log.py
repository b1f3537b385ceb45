"""The log of a supervised program: two files of bounded size, which may lose lines and never fail.

It belongs to its owner alone (0600). A link in its place is not followed, and nothing but a regular file is written.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Final

LOG_LIMIT_BYTES: Final = 4 * 1024 * 1024
_SHOWN_CHARACTERS: Final = 400
_TAIL_BYTES: Final = 4096


class BoundedLog:
    """Two files at the most: when the first is full it takes the place of the second."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        """The file is made with the first line."""
        self._path = path
        self._limit_bytes = limit_bytes
        self._tail = b""
        self._lost_bytes = 0

    def remember(self, piece: bytes) -> None:
        """Keep the end of what was said, for `last_line`; it takes no disk."""
        self._tail = (self._tail + piece)[-_TAIL_BYTES:]

    def lose(self, piece: bytes) -> None:
        """Count what is not written; the next piece that is written says how much was lost."""
        self._lost_bytes += len(piece)

    def write(self, piece: bytes) -> None:
        """Add to the log; what cannot be written is lost."""
        lost = self._lost_bytes
        notice = b"\n" + json.dumps({"event": "output lost", "bytes": lost}).encode() + b"\n" if lost else b""
        try:
            self._append(notice + piece)
        except OSError:
            self.lose(piece)
        else:
            self._lost_bytes -= lost

    def _append(self, piece: bytes) -> None:
        """Write whole pieces. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            if self._path.lstat().st_size + len(piece) > self._limit_bytes:
                self._path.replace(self._path.with_suffix(".1.log"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(self._path, flags, 0o600), "ab", buffering=0) as log:
            if not stat.S_ISREG(os.fstat(log.fileno()).st_mode):
                raise OSError(f"{self._path} is no regular file")
            while piece:
                piece = piece[log.write(piece) :]

    @property
    def last_line(self) -> str:
        """What was said last, for people: of a JSON line its reason, or else its event."""
        lines = self._tail.decode(errors="replace").strip().splitlines()
        last = lines[-1].strip() if lines else ""
        with contextlib.suppress(ValueError):
            said = json.loads(last)
            if isinstance(said, dict):
                last = str(said.get("reason") or said.get("event") or last)
        return last[-_SHOWN_CHARACTERS:]

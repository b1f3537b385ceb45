"""The output of `peering up` and `peering serve`, written by a thread, so that no reader can block them.

A closed pipe, a reader that reads no more and a terminal that is stopped cost lines, and nobody waits for them.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

from console.screen import Screen
from shared.runtime.background import BackgroundWriter


@contextmanager
def unhindered(screen: Screen) -> Iterator[None]:
    """Let a thread write what this screen, standard output and standard error are told."""
    writer = BackgroundWriter("output")
    out, err = (cast("TextIO", _Unhindered(stream, writer)) for stream in (sys.stdout, sys.stderr))
    files = screen.out.file, screen.err.file
    screen.out.file, screen.err.file = out, err
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield
    finally:
        screen.out.file, screen.err.file = files
        writer.close()


class _Unhindered(io.TextIOBase):
    """A text stream whose writes are done by somebody else, each of them whole or not at all."""

    def __init__(self, stream: TextIO, writer: BackgroundWriter) -> None:
        """Write to the descriptor of this stream: one that is locked by a writer that hangs could not be closed."""
        stream.flush()
        self._stream, self._writer = stream, writer

    def isatty(self) -> bool:
        """As the stream."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """As the stream's."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Have it written."""
        self._writer.put(self._write, text.encode(self._stream.encoding, "backslashreplace"))
        return len(text)

    def _write(self, piece: bytes) -> None:
        while piece:
            piece = piece[os.write(self.fileno(), piece) :]

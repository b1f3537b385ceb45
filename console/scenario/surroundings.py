"""The surroundings of a run that is watched: where it is shown, the folder that it has, and how it is interrupted."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from console.stack.brokers import WARM_VARIABLE
from console.stack.stop_signals import on_stop_signal
from shared.broker.container import ContainerBroker
from shared.broker.embedded import PrivateBroker

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

SETTINGS: Final = {"PEERING_RESEND_LIMIT_SECONDS": "0.5"}
"""An audience doesn't wait 8 s for a repetition."""

_PIPE_WIDTH: Final = 100
_PAUSE_SECONDS: Final = 0.25
"""Between two scenes, on a terminal: long enough to see that they are two."""


def make_console() -> Console:
    """Make the console: a terminal has its own width, a pipe gets plain text of one that fits anywhere."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(file=_Trimmed(sys.stdout), width=_PIPE_WIDTH, highlight=False, markup=False, emoji=False)


class _Trimmed(StringIO):
    """A stream without the blanks that columns are filled up with, at the end of each line."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        lines = text.split("\n")
        self._stream.write("\n".join([*(line.rstrip() for line in lines[:-1]), lines[-1]]))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def own_folder(what: str, keep: Path | None = None) -> Iterator[Path]:
    """Make a folder for this run alone; gone afterwards unless it was asked for by name."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix=f"peering-{what}-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True)
    yield keep


def pause_seconds(console: Console) -> float:
    """How long a scene stands before the next one comes."""
    return _PAUSE_SECONDS if console.is_terminal else 0.0


async def until_stopped(job: Coroutine[None, None, int]) -> int:
    """Let a signal end it in order, with everything taken down."""
    task = asyncio.ensure_future(job)
    with on_stop_signal(task.cancel):
        return await task


def surroundings() -> Mapping[str, str]:
    """Return the environment: a run has a broker or a virtual host of its own wherever there can be one."""
    if warm := os.environ.get(WARM_VARIABLE):
        return {WARM_VARIABLE: warm}
    own = PrivateBroker.available() or ContainerBroker.available()
    return {} if own else os.environ


@asynccontextmanager
async def progress(console: Console) -> AsyncIterator[Callable[[str], None]]:
    """Show what is being done at the moment, on a terminal; a pipe gets only what is over."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("…", spinner="dots") as spinner:
        yield lambda what: spinner.update(Text(f"{what} …", "dim"))

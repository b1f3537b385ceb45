"""A demonstration that leaves something running is one that nobody starts twice.

Brings the story's topology up in a folder of its own, plays it, says what was seen, and takes everything down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from console.client import Unanswered
from console.client.clients import Clients
from console.demo.checklist import Checklist
from console.demo.drawing import Drawing
from console.demo.stage import Stage, StoryBroke, opened
from console.demo.stories import STORIES, Story
from console.stack.errors import StackError
from console.stack.stack import Stack, running
from console.trace.drawings import draw
from console.trace.gathering import gather
from shared.broker.container import ContainerBroker
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import BrokerNotStarted, ControlPlaneError

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

_PIPE_WIDTH: Final = 100
_PAUSE_SECONDS: Final = 0.25
"""Between two scenes, on a terminal: long enough to see that they are two."""

_PATIENCE_SECONDS: Final = 10.0

_SETTINGS: Final = {"PEERING_RESEND_LIMIT_SECONDS": "0.5"}
"""An audience doesn't wait 8 s for a repetition."""


def run(name: str, keep: Path | None, trace: Path | None) -> int:
    """Play a story; return the exit code."""
    console = _console()
    try:
        with _folder(keep) as folder:
            return asyncio.run(_play(STORIES[name], folder, console, trace))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; nothing is left running")
        return INTERRUPTED
    except (StackError, BrokerNotStarted, ControlPlaneError, Unanswered, OSError) as fault:
        console.print(Text(f"The demonstration can't be given: {fault}", "red"), soft_wrap=True)
        return FAILED


def _console() -> Console:
    """A terminal's own width; a pipe gets plain text of a width that fits anywhere."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    return Console(file=_Trimmed(sys.stdout), width=_PIPE_WIDTH, highlight=False, markup=False, emoji=False)


class _Trimmed(StringIO):
    """Columns are filled up with blanks, which nobody wants at the end of a line of text."""

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
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder for this performance alone; gone afterwards unless it was asked for by name."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="peering-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True)
    yield keep


async def _play(story: Story, folder: Path, console: Console, trace: Path | None) -> int:
    began = time.monotonic()
    drawing, checklist = Drawing(console, story.casts), Checklist(story.expected)
    drawing.headline(story.title)
    async with _ended_by_signals(), _progress(console) as say:
        stacked = running(story.topology, folder, say, environment=_surroundings(), settings=_SETTINGS)
        async with stacked as stack:
            drawing.processes(stack.reports, stack.broker.said, time.monotonic() - began)
            drawing.columns()
            async with opened(stack, story.casts, drawing.scene, say) as stage:
                stage.pause_seconds = _PAUSE_SECONDS if console.is_terminal else 0
                trouble = await _told(story, stage, checklist)
                first, second = stage.seen
            if trace is not None:
                say(await _drawn(stack, story, trace))
            say("taking everything down")
    drawing.verdict(checklist, first, second, time.monotonic() - began)
    if trouble is not None:
        console.print(Text(f"The story broke: {trouble}", "bold red"), soft_wrap=True)
    return FAILED if trouble is not None or checklist.missing(first, second) else DONE


async def _told(story: Story, stage: Stage, checklist: Checklist) -> str | None:
    """Tell the story to its end, or to where it breaks; return what broke it."""
    try:
        await story.play(stage, checklist)
    except StoryBroke as broke:
        return str(broke)
    except Unanswered as trouble:
        return trouble.sentence
    return None


async def _drawn(stack: Stack, story: Story, file: Path) -> str:
    """Draw what both ends remember of the story."""
    async with Clients(stack.context, _PATIENCE_SECONDS) as clients:
        one = story.casts[0]
        drawn = await gather(clients, f"{one.interface}@{one.endpoint}")
    draw(drawn, file)
    return f"drawn: {file}"


def _surroundings() -> Mapping[str, str]:
    """A performance has a broker of its own wherever there can be one."""
    own = PrivateBroker.available() or ContainerBroker.available()
    return {} if own else os.environ


@asynccontextmanager
async def _ended_by_signals() -> AsyncIterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal end the performance in order, with everything taken down."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    received = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for one in received:
        loop.add_signal_handler(one, lambda: task.cancel() if task else None)
    try:
        yield
    finally:
        for one in received:
            loop.remove_signal_handler(one)


@asynccontextmanager
async def _progress(console: Console) -> AsyncIterator[Callable[[str], None]]:
    """What is being done at the moment, on a terminal; a pipe gets only what is over."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("…", spinner="dots") as spinner:
        yield lambda what: spinner.update(Text(f"{what} …", "dim"))

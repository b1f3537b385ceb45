"""The work of `demo`: a story's topology is brought up in a folder of its own, the story told, and all taken down.

At the end it says what was seen and what was not.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from console.client import ASK_LIMIT_SECONDS, ClientError
from console.client.clients import Clients
from console.demo.checklist import Checklist
from console.demo.drawing import Drawing
from console.demo.run import StoryBroke, StoryRun, started
from console.demo.stories import STORIES, Story
from console.stack.errors import StackError
from console.stack.stack import Stack, running
from console.stack.stop_signals import on_stop_signal
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

_SETTINGS: Final = {"PEERING_RESEND_LIMIT_SECONDS": "0.5"}
"""An audience doesn't wait 8 s for a repetition."""


def run(name: str, keep: Path | None, trace: Path | None) -> int:
    """Play a story; return the exit code."""
    console = _console()
    try:
        with _folder(keep) as folder:
            return asyncio.run(_until_stopped(_play(STORIES[name], folder, console, trace)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; nothing is left running")
        return INTERRUPTED
    except (StackError, BrokerNotStarted, ControlPlaneError, ClientError, OSError) as error:
        console.print(Text(f"The demonstration can't be given: {error}", "red"), soft_wrap=True)
        return FAILED


def _console() -> Console:
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
def _folder(keep: Path | None) -> Iterator[Path]:
    """Make a folder for this run alone; gone afterwards unless it was asked for by name."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="peering-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True)
    yield keep


async def _until_stopped(job: Coroutine[None, None, int]) -> int:
    """Let a signal end the demonstration in order, with everything taken down."""
    task = asyncio.ensure_future(job)
    with on_stop_signal(task.cancel):
        return await task


async def _play(story: Story, folder: Path, console: Console, trace: Path | None) -> int:
    began = time.monotonic()
    drawing, checklist = Drawing(console, story.ends), Checklist(story.expected)
    drawing.headline(story.title)
    async with _progress(console) as say:
        stacked = running(story.topology, folder, say, environment=_surroundings(), settings=_SETTINGS)
        async with stacked as stack:
            drawing.processes(stack.reports, stack.broker.said, time.monotonic() - began)
            drawing.columns()
            async with started(stack, story.ends, drawing.scene, say) as run:
                run.pause_seconds = _PAUSE_SECONDS if console.is_terminal else 0
                broken_by = await _told(story, run, checklist)
                first, second = run.seen
            if trace is not None:
                say(await _drawn(stack, story, trace))
            say("taking everything down")
    drawing.verdict(checklist, first, second, time.monotonic() - began)
    if broken_by is not None:
        console.print(Text(f"The story broke: {broken_by}", "bold red"), soft_wrap=True)
    return FAILED if broken_by is not None or checklist.missing(first, second) else DONE


async def _told(story: Story, run: StoryRun, checklist: Checklist) -> str | None:
    """Tell the story to its end, or to where it breaks; return what broke it."""
    try:
        await story.play(run, checklist)
    except StoryBroke as broke:
        return str(broke)
    except ClientError as error:
        return error.sentence
    return None


async def _drawn(stack: Stack, story: Story, file: Path) -> str:
    """Draw what both ends remember of the story."""
    async with Clients(stack.context, ASK_LIMIT_SECONDS) as clients:
        one = story.ends[0]
        drawn, _ = await gather(clients, f"{one.interface}@{one.endpoint}")
    draw(drawn, file)
    return f"drawn: {file}"


def _surroundings() -> Mapping[str, str]:
    """Return the environment: a run has a broker of its own wherever there can be one."""
    own = PrivateBroker.available() or ContainerBroker.available()
    return {} if own else os.environ


@asynccontextmanager
async def _progress(console: Console) -> AsyncIterator[Callable[[str], None]]:
    """Show what is being done at the moment, on a terminal; a pipe gets only what is over."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("…", spinner="dots") as spinner:
        yield lambda what: spinner.update(Text(f"{what} …", "dim"))

"""The work of `demo`: a story's topology is brought up in a folder of its own, the story told, and all taken down.

At the end it says what was seen and what was not.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from console.client import ASK_LIMIT_SECONDS, ClientError
from console.client.clients import Clients
from console.demo.checklist import Checklist
from console.demo.drawing import Drawing
from console.demo.run import StoryRun, started
from console.demo.stories import STORIES, Story
from console.demo.surroundings import (
    DONE,
    FAILED,
    INTERRUPTED,
    SETTINGS,
    make_console,
    own_folder,
    pause_seconds,
    progress,
    surroundings,
    until_stopped,
)
from console.demo.watching import StoryBroke
from console.stack.errors import StackError
from console.stack.stack import Stack, running
from console.trace.drawings import draw
from console.trace.gathering import gather
from shared.broker.errors import BrokerNotStarted, ControlPlaneError


def run(name: str, keep: Path | None, trace: Path | None) -> int:
    """Play a story; return the exit code."""
    console = make_console()
    try:
        with own_folder("demo", keep) as folder:
            return asyncio.run(until_stopped(_play(STORIES[name], folder, console, trace)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; nothing is left running")
        return INTERRUPTED
    except (StackError, BrokerNotStarted, ControlPlaneError, ClientError, OSError) as error:
        console.print(Text(f"The demonstration can't be given: {error}", "red"), soft_wrap=True)
        return FAILED


async def _play(story: Story, folder: Path, console: Console, trace: Path | None) -> int:
    began = time.monotonic()
    drawing, checklist = Drawing(console, story.ends), Checklist(story.expected)
    drawing.headline(story.title)
    async with progress(console) as say:
        stacked = running(story.topology, folder, say, environment=surroundings(), settings=SETTINGS)
        async with stacked as stack:
            drawing.processes(stack.reports, stack.broker.said, time.monotonic() - began)
            drawing.columns()
            async with started(stack, story.ends, drawing.scene, say) as run:
                run.pause_seconds = pause_seconds(console)
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

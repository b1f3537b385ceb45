"""The common part of every baseline: its arguments, the start barrier, and one line of JSON when it is done.

Two programs that are started do not begin together, so each says that it is ready and waits to be told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import uvloop

LIMIT_SECONDS: Final = 600.0
"""Longer than any run; a baseline whose partner died ends by itself."""

BROKER_VARIABLE: Final = "PEERING_BENCH_BROKER"
"""Where the broker's URL is: a command line is there for everybody to read."""

Ready = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Task:
    """What one side of a baseline is to do."""

    broker: str
    side: str
    mode: str
    queue_type: str
    run: str
    count: int
    window: int
    pause_seconds: float
    payload_characters: int
    loop: str
    store: str

    @property
    def begins(self) -> bool:
        """Whether this side says the first word."""
        return self.side == "initiator"

    def queue(self, side: str) -> str:
        """The queue that a side reads: new for each run, so that no run meets another's messages."""
        return f"bench.{self.run}.{side}"


@dataclass(slots=True)
class Times:
    """Seconds since 1970, comparable between processes of one machine: when each connection began and was done."""

    began: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)


def read_arguments(modes: tuple[str, ...]) -> Task:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=("initiator", "acceptor"), required=True)
    parser.add_argument("--mode", choices=modes, required=True)
    parser.add_argument("--queue-type", choices=("classic", "quorum"), default="quorum")
    parser.add_argument("--run", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--pause-seconds", type=float, default=0.0)
    parser.add_argument("--payload-characters", type=int, default=200)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--store", default="", help="a folder: each step is committed to a file there, with an fsync")
    return Task(broker=os.environ[BROKER_VARIABLE], **vars(parser.parse_args()))


async def initiate(task: Task, establish: Callable[[str], Awaitable[None]]) -> None:
    """Begin this side's handshakes, all at once or one by one, and return when it is through with them."""
    names = [f"ri-{number}" for number in range(task.count)]
    if task.mode == "handshakes" and task.begins:
        await asyncio.gather(*map(establish, names))
    elif task.mode == "lone" and task.begins:
        for name in names:
            await establish(name)
            await asyncio.sleep(task.pause_seconds)


async def ready() -> None:
    """Say that everything is set up, and return when the other side is, too."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def serve(task: Task, work: Callable[[Task, Ready], Awaitable[Times]]) -> None:
    """Do the work, on the same event loop that our workers use unless told otherwise, and print when what happened."""
    run = uvloop.run if task.loop == "uvloop" else asyncio.run
    times = run(_bounded(task, work))
    tell({"began": times.began, "done": times.done})
    sys.stdin.readline()


def tell(found: dict[str, object]) -> None:
    """Print a long line whole.

    Under PYTHONUNBUFFERED, `sys.stdout` does not notice when a pipe takes only the beginning of what it writes.
    """
    with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as whole:
        whole.write(json.dumps(found) + "\n")


async def _bounded(task: Task, work: Callable[[Task, Ready], Awaitable[Times]]) -> Times:
    async with asyncio.timeout(LIMIT_SECONDS):
        return await work(task, ready)

"""Programs that run beside a scenario's steps, and whether what each claims by ending is so."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

from console.client import ClientError
from console.faults.command_lines import StoryBroke
from console.faults.performer import Performer
from console.scenario.expecting import LOOK_SECONDS
from console.scenario.model import Action
from console.stack.die_with_parent import dying_with_parent

LAST_WORDS_BYTES: Final = 2000
ENDING_SECONDS: Final = 3.0
"""How long a program that is no longer needed may take to end by itself."""


class Programs:
    """The programs of one run; a claim that is not so cancels the steps."""

    def __init__(self, performer: Performer, environment: Mapping[str, str], folder: Path) -> None:
        """Nothing runs yet; programs run in `folder`."""
        self._performer, self._environment, self._folder = performer, environment, folder
        self._watching: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()
        self._broken = asyncio.Event()

    async def beside(self, steps: Coroutine[None, None, None]) -> None:
        """Carry out the steps, which may start programs, and wait for these. Raises StoryBroke, or what steps raise."""
        playing, breaking = asyncio.create_task(steps), asyncio.create_task(self._broken.wait())
        try:
            await asyncio.wait({playing, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if not breaking.done():
                playing.result()
                self._over.set()
            await asyncio.gather(*self._watching)
        finally:
            tasks = [playing, breaking, *self._watching]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def start(self, command: Sequence[str], action: Action) -> None:
        """Start a program, which is watched until it ends."""
        self._watching.append(asyncio.create_task(self._watch(command, action), name=command[0]))

    async def _watch(self, command: Sequence[str], action: Action) -> None:
        try:
            with tempfile.TemporaryFile() as output:
                await self._judged(command, action, output)
        except StoryBroke:
            self._broken.set()
            raise

    async def _judged(self, command: Sequence[str], action: Action, output: IO[bytes]) -> None:
        shown = f"`{shlex.join(command)}`"
        async with _running(command, {**self._environment, **action.env}, self._folder, output) as process:
            code = await self._until_ended(process, action)
        if code is None and action.claims is not None and not await self._exists():
            return  # the link does not exist, and it rightly waits on
        words = _last_words(output)
        if code is None:
            although = ", although the link exists" if action.claims is not None else ""
            raise StoryBroke(f"{shown} did not end within {action.limit:g} s{although}{words}")
        if code != action.exits:
            raise StoryBroke(f"{shown} ended with exit code {code} and not {action.exits}{words}")
        if code == 0 and action.claims is not None and not await self._exists():
            raise StoryBroke(f"{shown} says that the link is up, and it does not exist{words}")

    async def _until_ended(self, process: asyncio.subprocess.Process, action: Action) -> int | None:
        """Wait for a program's end; None if it did not come, in the time that counts for it."""
        since: float | None = time.monotonic()
        waiting = asyncio.ensure_future(process.wait())
        try:
            while since is None or time.monotonic() - since < action.limit:
                await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
                if waiting.done():
                    return waiting.result()
                if action.claims is not None:  # the time counts while the link exists
                    exists = await self._exists()
                    since = (since or time.monotonic()) if exists else None
                    if not exists and self._over.is_set():
                        return None
        finally:
            waiting.cancel()
        return None

    async def _exists(self) -> bool:
        try:
            return await self._performer.link_exists()
        except ClientError:  # a worker that does not answer confirms nothing
            return False


@asynccontextmanager
async def _running(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, output: IO[bytes]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program with all that it starts, and end it, if it has not ended, at the end of the block."""
    program = str(folder / command[0]) if os.sep in command[0] else command[0]
    if shutil.which(program, path=environment.get("PATH")) is None:
        raise StoryBroke(f"`{shlex.join(command)}` could not be started: there is no such program")
    process = await asyncio.create_subprocess_exec(
        *dying_with_parent((program, *command[1:])),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
        cwd=folder,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), ENDING_SECONDS)


def _last_words(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - LAST_WORDS_BYTES))
    said = output.read().decode(errors="replace").strip()
    return f"; it said last:\n{said}" if said else ""

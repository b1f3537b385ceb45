"""The run of a story: each step is carried out with the real client, until both ends show what they should."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from console.client.clients import Clients
from console.demo.checklist import seen_in_order
from console.demo.command_lines import CommandLine, StoryEnd
from console.demo.watching import Notes, Scene, StoryBroke, WatchedEnd, Watching
from console.stack.stack import Stack
from console.statuses import PROCESS
from shared.wire.views import InterfaceView

STEP_LIMIT_SECONDS: Final = 20.0
LOOK_EVERY_SECONDS: Final = 0.05


class StoryRun(Watching):
    """One run of a story, on a stack of real processes."""

    def __init__(
        self,
        stack: Stack,
        clients: Clients,
        ends: tuple[WatchedEnd, WatchedEnd],
        draw: Callable[[Scene], None],
        say: Callable[[str], None],
    ) -> None:
        """Prefer `started`."""
        super().__init__(clients, ends, draw, say)
        self.stack = stack

    async def play(
        self, title: str, commands: Sequence[CommandLine], first: str, second: str, notes: Notes | None = None
    ) -> None:
        """Type commands, wait until both ends show these statuses, and draw what was seen on the way."""
        self._say(title)
        lines = [line for typed in commands if (line := await self.type(typed)).text]
        await self.wait(title, first, second)
        await self.draw(title, lines, notes)

    async def wait(self, title: str, first: str, second: str) -> None:
        """Wait until both ends show these statuses. Raises StoryBroke after STEP_LIMIT_SECONDS."""
        try:
            async with asyncio.timeout(STEP_LIMIT_SECONDS), self._changed:
                await self._changed.wait_for(lambda: (self.first.status, self.second.status) == (first, second))
        except TimeoutError:
            raise StoryBroke(
                f"{title}: after {STEP_LIMIT_SECONDS:.0f} s the ends show {self.first.status or 'nothing'} and "
                f"{self.second.status or 'nothing'} instead of {first} and {second}"
            ) from None

    async def until_reason(self, end: StoryEnd, code: str) -> InterfaceView:
        """Wait until an end explains itself with this code."""
        view = await self.show(end)
        try:
            async with asyncio.timeout(STEP_LIMIT_SECONDS):
                while view.reason_code != code:
                    await asyncio.sleep(LOOK_EVERY_SECONDS)
                    view = await self.show(end)
        except TimeoutError:
            raise StoryBroke(f"{end.interface} explains itself with {view.reason_code} instead of {code}") from None
        return view

    async def until_received(self, end: StoryEnd, bodies: Sequence[str]) -> None:
        """Wait until an end's inbox holds exactly these payloads, in this order."""
        found: list[str] = []
        client = await self.client(end)
        try:
            async with asyncio.timeout(STEP_LIMIT_SECONDS):
                async for payload in client.listen(end.endpoint, end.interface):
                    found.append(payload.body)
                    if len(found) >= len(bodies):
                        break
        except TimeoutError:
            pass
        if found != list(bodies):
            raise StoryBroke(f"{end.interface} received {found} instead of {list(bodies)}")

    async def kill(self, end: StoryEnd) -> int:
        """Kill an end's worker (SIGKILL), and return the process id that it had."""
        pid = self.stack.supervisor.report(end.endpoint).pid
        if pid is None:
            raise StoryBroke(f"the worker of {end.endpoint} does not run")
        self.stack.supervisor.send(end.endpoint, signal.SIGKILL)
        return pid

    async def until_back(self, end: StoryEnd, old_pid: int) -> int:
        """Wait until an end's worker answers again, as another process."""
        pid = (await self.clients.worker(end.endpoint)).pid
        if pid == old_pid:
            raise StoryBroke(f"the worker of {end.endpoint} was killed and is still process {pid}")
        self.read(self.watched(end))
        return pid

    @property
    def seen(self) -> tuple[list[bool], list[bool]]:
        """Say which rows of the article's table each end has shown, in order."""
        return (
            seen_in_order([row.initiator for row in PROCESS], self.first.statuses),
            seen_in_order([row.acceptor for row in PROCESS], self.second.statuses),
        )


@asynccontextmanager
async def started(
    stack: Stack, ends: tuple[StoryEnd, StoryEnd], draw: Callable[[Scene], None], say: Callable[[str], None]
) -> AsyncIterator[StoryRun]:
    """Start a run: a client for each owner, and both timelines read until the end."""
    first, second = (WatchedEnd(end) for end in ends)
    async with (
        Clients(stack.context, STEP_LIMIT_SECONDS) as clients,
        StoryRun(stack, clients, (first, second), draw, say).reading() as run,
    ):
        yield run

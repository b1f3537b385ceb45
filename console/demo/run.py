"""The run of a story: it carries out each step with the real client, and waits until both ends show what they should.

What an end shows is taken from its own durable timeline: a status that was passed in a millisecond was still shown.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from console.client import Client
from console.client.clients import Clients, Located
from console.demo.checklist import seen_in_order
from console.demo.command_lines import CommandLine, StoryEnd
from console.stack.stack import Stack
from console.statuses import PROCESS
from shared.wire.views import InterfaceView

STEP_LIMIT_SECONDS: Final = 20.0
LOOK_EVERY_SECONDS: Final = 0.05


class StoryBroke(RuntimeError):
    """The error that something did not happen as the article says; the message says what."""


@dataclass(slots=True)
class WatchedEnd:
    """An end of the story while it runs, and all that it showed."""

    end: StoryEnd
    statuses: list[str] = field(default_factory=list)
    told: int = 0
    row: int = 0
    reading: asyncio.Task[None] | None = None

    @property
    def status(self) -> str:
        """The status that it shows now, as far as its timeline was read."""
        return self.statuses[-1] if self.statuses else ""

    def news(self) -> list[str]:
        """Return where it stood when this was asked the last time, and what it has shown since."""
        before = self.statuses[self.told - 1] if self.told else ""
        fresh = self.statuses[self.told :]
        self.told = len(self.statuses)
        return [before, *fresh]


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A command as it was typed, and the refusal that it met, if any."""

    who: str
    text: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A step of the story that is over: what was typed, what each end showed (from where it stood), and remarks."""

    number: int
    title: str
    lines: Sequence[TypedLine]
    first: Sequence[str]
    second: Sequence[str]
    first_notes: Sequence[str] = ()
    second_notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """Remarks under each end's statuses."""

    first: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)


class StoryRun:
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
        self.stack, self._clients, (self.first, self.second) = stack, clients, ends
        self._draw, self._say = draw, say
        self._changed = asyncio.Condition()
        self._scenes = 0
        self.pause_seconds = 0.0

    @property
    def one(self) -> StoryEnd:
        """The initiator's end."""
        return self.first.end

    @property
    def two(self) -> StoryEnd:
        """The acceptor's end."""
        return self.second.end

    def watched(self, end: StoryEnd) -> WatchedEnd:
        """Return what was seen of an end."""
        return self.first if end == self.one else self.second

    async def play(
        self, title: str, commands: Sequence[CommandLine], first: str, second: str, notes: Notes | None = None
    ) -> None:
        """Type commands, wait until both ends show these statuses, and draw what was seen on the way."""
        self._say(title)
        lines = [line for typed in commands if (line := await self.type(typed)).text]
        await self.wait(title, first, second)
        await self.draw(title, lines, notes)

    async def draw(self, title: str, lines: Sequence[TypedLine], notes: Notes | None = None) -> None:
        """Show a step that is over, and let the audience look."""
        self._scenes += 1
        notes = notes or Notes()
        seen = (self.first.news(), self.second.news())
        self._draw(Scene(self._scenes, title, lines, *seen, notes.first, notes.second))
        await asyncio.sleep(self.pause_seconds)

    def say(self, what: str) -> None:
        """Say what is being done, while it is being done."""
        self._say(what)

    async def type(self, typed: CommandLine) -> TypedLine:
        """Ask what was typed. Raises StoryBroke if the answer is not the expected one."""
        client = await self._clients.client(typed.endpoint)
        answer = (await client.ask(typed.endpoint, [typed.form]))[0]
        if answer["outcome"] == "done":
            if typed.refused is not None:
                raise StoryBroke(f"`{typed.text}` was carried out, and had to be refused with {typed.refused}")
            return TypedLine(typed.owner, typed.text)
        if answer["code"] != typed.refused:
            raise StoryBroke(f"`{typed.text}` was refused with {answer['code']}: {answer['sentence']}")
        return TypedLine(typed.owner, typed.text, f"{answer['code']}: {answer['sentence']}")

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

    async def client(self, end: StoryEnd) -> Client:
        """Return the client of an end's owner."""
        return await self._clients.client(end.endpoint)

    async def show(self, end: StoryEnd) -> InterfaceView:
        """Return what an end shows of itself."""
        return await self._clients.view(Located(end.interface, end.endpoint))

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
        pid = (await self._clients.worker(end.endpoint)).pid
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

    def read(self, watched: WatchedEnd) -> None:
        """Read an end's timeline from now on; again, if its worker is another one that knows nothing of subscribers."""
        if watched.reading is not None:
            watched.reading.cancel()
        watched.reading = asyncio.create_task(self._read(watched), name=f"timeline of {watched.end.endpoint}")

    async def _read(self, watched: WatchedEnd) -> None:
        client = await self._clients.client(watched.end.endpoint)
        async for row in client.subscribe(watched.end.endpoint, after=watched.row):
            watched.row = row.row
            if row.interface == watched.end.interface and row.status != watched.status:
                async with self._changed:
                    watched.statuses.append(row.status)
                    self._changed.notify_all()


@asynccontextmanager
async def started(
    stack: Stack, ends: tuple[StoryEnd, StoryEnd], draw: Callable[[Scene], None], say: Callable[[str], None]
) -> AsyncIterator[StoryRun]:
    """Start a run: a client for each owner, and both timelines read until the end."""
    first, second = (WatchedEnd(end) for end in ends)
    async with Clients(stack.context, STEP_LIMIT_SECONDS) as clients:
        run = StoryRun(stack, clients, (first, second), draw, say)
        run.read(first)
        run.read(second)
        try:
            yield run
        finally:
            reading = [one.reading for one in (first, second) if one.reading is not None]
            for task in reading:
                task.cancel()
            ended = await asyncio.gather(*reading, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise StoryBroke(f"a timeline could not be read to its end: {error}") from error

"""What an end shows is taken from its own durable timeline: a status that was passed in a millisecond was still shown.

The stage carries out each step of a story with the real client, waits until both ends show what they should, and keeps
everything that they showed on the way.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from console.client import Client
from console.client.clients import client_of
from console.demo.checklist import PROCESS, seen_in_order
from console.demo.typed import Cast, Typed
from console.stack.stack import Stack
from shared.wire.request import CommandForm
from shared.wire.views import InterfaceView, TimelineRow

STEP_LIMIT_SECONDS: Final = 20.0
_LOOK_AGAIN_SECONDS: Final = 0.05


class StoryBroke(RuntimeError):
    """Something did not happen as the article says; the message says what."""


@dataclass(slots=True)
class End:
    """One end on the stage: who plays it, and all that it showed."""

    cast: Cast
    client: Client
    statuses: list[str] = field(default_factory=list)
    told: int = 0
    row: int = 0
    reading: asyncio.Task[None] | None = None

    @property
    def status(self) -> str:
        """What it shows now, as far as its timeline was read."""
        return self.statuses[-1] if self.statuses else ""

    def news(self) -> list[str]:
        """Where it stood when this was asked the last time, and what it has shown since."""
        before = self.statuses[self.told - 1] if self.told else ""
        fresh = self.statuses[self.told :]
        self.told = len(self.statuses)
        return [before, *fresh]


@dataclass(frozen=True, slots=True)
class Line:
    """A command as it was typed, and the refusal that it met, if any."""

    who: str
    text: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A step of the story, over: what was typed, what each end showed (from where it stood), and remarks."""

    number: int
    title: str
    lines: Sequence[Line]
    first: Sequence[str]
    second: Sequence[str]
    first_notes: Sequence[str] = ()
    second_notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """Remarks under each end's statuses."""

    first: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)


class Stage:
    """Where a story is played."""

    def __init__(
        self,
        stack: Stack,
        ends: tuple[End, End],
        draw: Callable[[Scene], None],
        say: Callable[[str], None],
    ) -> None:
        """Prefer `opened`."""
        self.stack, (self.first, self.second) = stack, ends
        self._draw, self._say = draw, say
        self._changed = asyncio.Condition()
        self._scenes = 0
        self.pause_seconds = 0.0

    @property
    def one(self) -> Cast:
        """The initiator's end."""
        return self.first.cast

    @property
    def two(self) -> Cast:
        """The acceptor's end."""
        return self.second.cast

    def end(self, cast: Cast) -> End:
        """Whose end that is."""
        return self.first if cast == self.one else self.second

    async def play(
        self, title: str, commands: Sequence[Typed], first: str, second: str, notes: Notes | None = None
    ) -> None:
        """Type commands, wait until both ends show these statuses, and draw what was seen on the way."""
        self._say(title)
        lines = [line for typed in commands if (line := await self.type(typed)).text]
        await self.wait(title, first, second)
        await self.draw(title, lines, notes)

    async def draw(self, title: str, lines: Sequence[Line], notes: Notes | None = None) -> None:
        """Show a step that is over, and let the audience look."""
        self._scenes += 1
        notes = notes or Notes()
        seen = (self.first.news(), self.second.news())
        self._draw(Scene(self._scenes, title, lines, *seen, notes.first, notes.second))
        await asyncio.sleep(self.pause_seconds)

    def say(self, what: str) -> None:
        """Say what is being done, while it is being done."""
        self._say(what)

    async def type(self, typed: Typed) -> Line:
        """Ask what was typed. Raises StoryBroke if the answer is not the expected one."""
        end = self.first if typed.endpoint == self.one.endpoint else self.second
        answer = (await end.client.ask(typed.endpoint, [typed.form]))[0]
        if answer["outcome"] == "done":
            if typed.refused is not None:
                raise StoryBroke(f"`{typed.text}` was carried out, and had to be refused with {typed.refused}")
            return Line(typed.owner, typed.text)
        if answer["code"] != typed.refused:
            raise StoryBroke(f"`{typed.text}` was refused with {answer['code']}: {answer['sentence']}")
        return Line(typed.owner, typed.text, f"{answer['code']}: {answer['sentence']}")

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

    async def ask(self, cast: Cast, form: CommandForm) -> dict[str, object]:
        """Ask an end something that is always answered."""
        answer = (await self.end(cast).client.ask(cast.endpoint, [form], STEP_LIMIT_SECONDS))[0]
        if answer["outcome"] != "done":
            raise StoryBroke(f"{cast.endpoint} refuses to {form['kind']}: {answer['sentence']}")
        return dict(answer["result"] or {})

    async def show(self, cast: Cast) -> InterfaceView:
        """What an end shows of itself."""
        return InterfaceView.model_validate(await self.ask(cast, {"kind": "show", "interface": cast.interface}))

    async def until_reason(self, cast: Cast, code: str) -> InterfaceView:
        """Wait until an end explains itself with this code."""
        view = await self.show(cast)
        try:
            async with asyncio.timeout(STEP_LIMIT_SECONDS):
                while view.reason_code != code:
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                    view = await self.show(cast)
        except TimeoutError:
            raise StoryBroke(f"{cast.interface} explains itself with {view.reason_code} instead of {code}") from None
        return view

    async def until_received(self, cast: Cast, bodies: Sequence[str]) -> None:
        """Wait until an end's inbox holds exactly these payloads, in this order."""
        found: list[str] = []
        try:
            async with asyncio.timeout(STEP_LIMIT_SECONDS):
                async for payload in self.end(cast).client.listen(cast.endpoint, cast.interface):
                    found.append(payload.body)
                    if len(found) >= len(bodies):
                        break
        except TimeoutError:
            pass
        if found != list(bodies):
            raise StoryBroke(f"{cast.interface} received {found} instead of {list(bodies)}")

    async def kill(self, cast: Cast) -> int:
        """Kill an end's worker (SIGKILL), and return the process id that it had."""
        pid = self.stack.supervisor.report(cast.endpoint).pid
        if pid is None:
            raise StoryBroke(f"the worker of {cast.endpoint} does not run")
        self.stack.supervisor.send(cast.endpoint, signal.SIGKILL)
        return pid

    async def until_back(self, cast: Cast, old_pid: int) -> int:
        """Wait until an end's worker answers again, as another process."""
        pid = (await self.ask(cast, {"kind": "worker"}))["pid"]
        if not isinstance(pid, int) or pid == old_pid:
            raise StoryBroke(f"the worker of {cast.endpoint} was killed and is still process {pid}")
        self.read(self.end(cast))
        return pid

    @property
    def seen(self) -> tuple[list[bool], list[bool]]:
        """Which rows of the article's table each end has shown, in order."""
        return (
            seen_in_order([row.first for row in PROCESS], self.first.statuses),
            seen_in_order([row.second for row in PROCESS], self.second.statuses),
        )

    def read(self, end: End) -> None:
        """Read an end's timeline from now on; again, if its worker is another one that knows nothing of subscribers."""
        if end.reading is not None:
            end.reading.cancel()
        end.reading = asyncio.create_task(self._read(end), name=f"timeline of {end.cast.endpoint}")

    async def _read(self, end: End) -> None:
        rows: AsyncIterator[TimelineRow] = end.client.subscribe(end.cast.endpoint, after=end.row)
        async for row in rows:
            end.row = row.row
            if row.interface == end.cast.interface and row.status != end.status:
                async with self._changed:
                    end.statuses.append(row.status)
                    self._changed.notify_all()


@asynccontextmanager
async def opened(
    stack: Stack, casts: tuple[Cast, Cast], draw: Callable[[Scene], None], say: Callable[[str], None]
) -> AsyncIterator[Stage]:
    """Give both owners a console, and read both timelines until the end."""
    async with AsyncExitStack() as entered:
        clients: dict[str, Client] = {}
        for cast in casts:
            if cast.owner not in clients:
                clients[cast.owner] = await entered.enter_async_context(client_of(stack.context, cast.owner))
        first, second = (End(cast, clients[cast.owner]) for cast in casts)
        stage = Stage(stack, (first, second), draw, say)
        stage.read(first)
        stage.read(second)
        try:
            yield stage
        finally:
            reading = [end.reading for end in (first, second) if end.reading is not None]
            for task in reading:
                task.cancel()
            ended = await asyncio.gather(*reading, return_exceptions=True)
        for fault in ended:
            if isinstance(fault, Exception):
                raise StoryBroke(f"a timeline could not be read to its end: {fault}") from fault

"""Both ends of one connection, watched while commands are typed: what a story and a scenario have in common.

What an end shows is taken from its own durable timeline: a status that was passed in a millisecond was still shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from console.client.clients import Clients
from console.faults.command_lines import StoryBroke, StoryEnd, TypedLine


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


class Watching:
    """Two ends and what they showed, the commands that are typed, and the scenes that are drawn of it."""

    def __init__(
        self,
        clients: Clients,
        ends: tuple[WatchedEnd, WatchedEnd],
        draw: Callable[[Scene], None],
        say: Callable[[str], None],
    ) -> None:
        """Nothing is read before `reading`."""
        self.clients, (self.first, self.second) = clients, ends
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

    def read(self, watched: WatchedEnd) -> None:
        """Read an end's timeline from now on; again, if its worker is another one that knows nothing of subscribers."""
        if watched.reading is not None:
            watched.reading.cancel()
        watched.reading = asyncio.create_task(self._read(watched), name=f"timeline of {watched.end.endpoint}")

    async def until_read(self, watched: WatchedEnd, row: int) -> None:
        """Wait until an end's timeline has been read up to a row."""
        async with self._changed:
            await self._changed.wait_for(lambda: watched.row >= row)

    async def _read(self, watched: WatchedEnd) -> None:
        client = await self.clients.client(watched.end.endpoint)
        async for row in client.subscribe(watched.end.endpoint, after=watched.row):
            async with self._changed:
                watched.row = row.row
                if row.interface == watched.end.interface and row.status != watched.status:
                    watched.statuses.append(row.status)
                self._changed.notify_all()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """Read both timelines until the end of the block. Raises StoryBroke if that ended before."""
        ends = (self.first, self.second)
        for one in ends:
            self.read(one)
        try:
            yield self
        finally:
            tasks = [one.reading for one in ends if one.reading is not None]
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise StoryBroke(f"a timeline could not be read to its end: {error}") from error

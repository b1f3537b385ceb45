"""The stream of states that one open page is sent: always the whole state, whenever it is another.

A reader says by the id of its last event which state it has; who has the present one is told nothing. Both timelines
are followed by their rows (`console.client.following`); what leaves no row is looked for every second. Each end is
asked on its own, so that a worker that is away keeps nobody from seeing the other.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from fastapi.sse import ServerSentEvent

from console.client import ClientError, Refused, Unanswered
from console.client.clients import Clients, Located
from console.client.history import Part, last_rows
from console.client.why import link_exists, waiting, why
from console.faults.remote import told_of
from console.topology import NoContext
from console.trace.gathering import absent, record_of
from console.trace.merging import Record, merge
from console.trace.svg import svg
from console.trace.wording import full
from console.web.page.overview import Overview
from console.web.page.parts import part_of
from console.web.page.stepping import cards, shown, stepping
from console.web.page.views import ColumnOnPage, ConnectionOnPage, EndpointOnPage, OverviewOnPage
from shared.wire import commands
from shared.wire.views import InterfaceView, PayloadView, TimelineRow

ROWS_KEPT: Final = 400
"""Rows of one end from which its story is told; messages of older ones are not matched."""
MOMENTS_SHOWN: Final = 60
PAYLOADS_SHOWN: Final = 5
LOOK_SECONDS: Final = 1.0
REST_SECONDS: Final = 0.15
"""The shortest time between two looks, so that a burst of rows is one picture."""
AGAIN_SECONDS: Final = 1.0
RETRY_MILLISECONDS: Final = 1000


@dataclass(slots=True)
class Follower:
    """An end that a page shows: its view, its latest rows and payloads. `told` is called at every change."""

    place: Located
    clients: Clients
    told: Callable[[], None]
    rows: deque[TimelineRow] = field(default_factory=lambda: deque(maxlen=ROWS_KEPT))
    inbox: deque[PayloadView] = field(default_factory=lambda: deque(maxlen=PAYLOADS_SHOWN))
    read: int = 0
    view: InterfaceView | None = None
    error: str = ""
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    _row_came: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        """Take in the last rows and every new one, for ever; a worker that is away is waited for."""
        while True:
            try:
                client = await self.clients.client(self.place.endpoint)
                if not self.rows:
                    for row in (await last_rows(self.clients, self.place, Part(ROWS_KEPT))).rows:
                        self._take(row)
                after = self.rows[-1].row if self.rows else 0
                async for row in client.subscribe(self.place.endpoint, self.place.interface, after):
                    self._take(row)
            except (ClientError, NoContext):
                await asyncio.sleep(AGAIN_SECONDS)  # what it is, `look` tells

    def _take(self, row: TimelineRow) -> None:
        if self.rows and row.row <= self.rows[-1].row:  # its store was lost, and counts from one again
            self.rows.clear()
            self.inbox.clear()
            self.read = 0
        self.rows.append(row)
        self._row_came.set()
        self.told()

    async def keep_looking(self) -> None:
        """Look whenever a row came, and every second, for ever."""
        while True:
            self._row_came.clear()
            await self.look()
            self.looked.set()
            self.told()
            await asyncio.sleep(REST_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._row_came.wait()

    async def look(self) -> None:
        """Ask how the end stands, and what has arrived since the last time."""
        try:
            self.view = await self.clients.view(self.place)
            await self._read_inbox()
        except Refused as refused:
            self.error, self.view = refused.sentence, None
        except Unanswered as error:
            self.error = error.sentence
        except NoContext as error:
            self.error = str(error)
        else:
            self.error = ""

    async def _read_inbox(self) -> None:
        """Read the last of what has arrived since it was read before."""
        read = commands.last_of(commands.inbox(self.place.interface, self.read, PAYLOADS_SHOWN))
        arrived = (await self.clients.one(self.place.endpoint, read))["payloads"]
        self.inbox.extend(PayloadView.model_validate(payload) for payload in arrived)
        self.read = arrived[-1]["row"] if arrived else self.read

    @property
    def record(self) -> Record:
        """The end's record, for the drawing."""
        if self.view is None:
            return Record(self.place.interface, self.place.endpoint, "", "", list(self.rows))
        return record_of(self.view, list(self.rows))

    @property
    def column(self) -> ColumnOnPage:
        """The end's column."""
        name = f"{self.place.interface}@{self.place.endpoint}"
        return ColumnOnPage(place=name, view=self.view, error=self.error, inbox=list(self.inbox))


class Watch:
    """The stream of one open page: two ends and all workers."""

    def __init__(
        self, overview: Overview, places: Sequence[Located | None], width: int, endpoints: Collection[str] = ()
    ) -> None:
        """Nothing is asked before `events`. A drawing is so many pixels wide; of many endpoints, these are told."""
        self._overview, self._width, self._endpoints = overview, width, endpoints
        self._changed = asyncio.Event()
        clients, ring = overview.site.clients, self._changed.set
        self.ends = [None if place is None else Follower(place, clients, ring) for place in places]
        self._seen: OverviewOnPage | None = None

    async def events(self, known: str | None) -> AsyncGenerator[ServerSentEvent]:
        """Stream the whole state, unless it is the `known` one, and then each new one, for ever."""
        told: OverviewOnPage | None = None
        async with self._running() as tasks:
            await self._first_look()
            while True:
                self._changed.clear()
                for task in tasks:
                    if task.done():
                        task.result()
                state = self.state()
                name = hashlib.sha256(state.model_dump_json().encode()).hexdigest()[:16]
                if name != known:
                    known = name
                    yield ServerSentEvent(data=state, event="connection", id=name, retry=RETRY_MILLISECONDS)
                if self._seen != told:
                    told = self._seen
                    yield ServerSentEvent(data=told, event="overview")
                await asyncio.sleep(REST_SECONDS)
                await self._changed.wait()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[list[asyncio.Task[None]]]:
        ends = [end for end in self.ends if end is not None]
        jobs = [
            self._begin(),
            self._keep_looking(),
            self._keep_counting(),
            *(end.follow() for end in ends),
            *(end.keep_looking() for end in ends),
        ]
        tasks = [asyncio.create_task(job) for job in jobs]
        for task in tasks:
            task.add_done_callback(lambda _: self._changed.set())
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _first_look(self) -> None:
        """Wait until both ends were asked once, or a second has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await asyncio.gather(*(end.looked.wait() for end in self.ends if end is not None))

    async def _begin(self) -> None:
        """Tell which endpoints there are, if it takes a while to ask all of their workers."""
        await asyncio.sleep(REST_SECONDS)
        if self._seen is None:
            self._seen = self._part(self._overview.unasked())
            self._changed.set()

    def _part(self, endpoints: Sequence[EndpointOnPage]) -> OverviewOnPage:
        return part_of(self._overview.site.context.source, endpoints, self._endpoints)

    async def _keep_looking(self) -> None:
        while True:
            seen = self._part(await self._overview.look())
            if seen != self._seen:
                self._seen = seen
                self._changed.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_counting(self) -> None:
        """Tell of messages that begin to stand half-way, or do no more, and of faults: that leaves no row."""
        faults, seen = self._overview.site.faults, ""
        while True:
            now = str(([one.number for one in faults.held()], shown(faults, self._interfaces)))
            if now != seen:
                seen = now
                self._changed.set()
            await asyncio.sleep(REST_SECONDS)

    def state(self) -> ConnectionOnPage:
        """Make the state: both columns and what lies between them."""
        link, sentence = self._judged()
        faults = self._overview.site.faults
        strikes = faults.strikes(*self._interfaces)
        trace = merge(self._record(0), self._record(1), part=Part(last=MOMENTS_SHOWN), strikes=strikes)
        first = min((one.at for end in trace.ends for one in end.moments), default=0.0)
        nothing = ColumnOnPage(place="", view=None, error="", inbox=[])
        left, right = (nothing if end is None else end.column for end in self.ends)
        return ConnectionOnPage(
            columns=(left, right),
            link=link,
            sentence=sentence,
            drawing=svg(trace, self._width, alone=False),
            told=[full(message, trace, first) for message in trace.told],
            cards=cards(faults, [("", None) if end is None else (end.place.interface, end.view) for end in self.ends]),
            faults=shown(faults, self._interfaces),
            stepping=stepping(faults, self._interfaces),
        )

    def _judged(self) -> tuple[bool | None, str]:
        """Whether the link exists, and why (not): from the view that is fresh, and from the other one's if it is."""
        seen = [end for end in self.ends if end is not None and end.view is not None]
        seen.sort(key=lambda end: bool(end.error))
        if not seen or seen[0].view is None:
            return None, ""
        own, others = seen[0], [end for end in self.ends if end is not None and end is not seen[0]]
        if own.error:
            return None, f"This is how it was: {own.error}"
        other = others[0] if others else None
        view, other_error = (None, None) if other is None else (other.view, other.error or None)
        waited = waiting(seen[0].view, view, list(own.rows), [] if other is None else list(other.rows))
        faults = [
            told_of(f.number, f.sentence, f.struck) for f in self._overview.site.faults.listed(own.place.interface)
        ]
        sentence = why(seen[0].view, view, other_error, waited=waited, faults=faults)
        return None if other_error else link_exists(seen[0].view, view), sentence

    @property
    def _interfaces(self) -> list[str]:
        return [end.place.interface for end in self.ends if end is not None]

    def _record(self, place: int) -> Record:
        end, other = self.ends[place], self.ends[1 - place]
        if end is not None:
            return end.record
        if other is not None and other.view is not None:
            return absent(other.view)
        return Record("nobody", "nothing chosen", "", "", (), asked=False)

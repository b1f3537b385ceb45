"""Watching: statuses waited for, and transitions told of as they happen, from subscriptions to timelines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from console.client.clients import Clients, Located
from console.client.errors import ClientError, Unanswered
from console.topology import NoContext
from shared.wire.views import InterfaceView, TimelineRow

_QUEUE_ROWS: Final = 10_000

Tell = Callable[[str], None]


class TimedOut(ClientError):
    """A status that an interface did not show in time; `view` is what it shows instead."""

    def __init__(self, view: InterfaceView, status: str, timeout_seconds: float) -> None:
        """Say how it stands and why, as far as its worker knows."""
        reason = view.reason or ""
        super().__init__(
            "TimedOut",
            f"{view.interface} is {view.status} and not {status} after {timeout_seconds:g} s. {reason}".rstrip(),
        )
        self.view = view


class Watched(NamedTuple):
    """What is watched: an end or, with no interface, a whole endpoint; and the row after which (None: the present)."""

    place: Located
    after: int | None


async def until_shown(
    clients: Clients, name: str, status: str, timeout_seconds: float, tell: Tell = lambda _: None
) -> Located:
    """Wait until an interface shows a status, or showed it for a moment since this began; returns where it is.

    Raises TimedOut, ClientError or NoContext.
    """
    place = await clients.locate(name)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            async for seen in _statuses(clients, place):
                tell(f"{place.interface}: {seen}, waiting for {status}")
                if seen == status:
                    return place
    raise TimedOut(await clients.view(place), status, timeout_seconds)


async def _statuses(clients: Clients, place: Located) -> AsyncIterator[str]:
    """Yield the status now, and every one after it."""
    last = (await clients.worker(place.endpoint)).timeline
    yield (await clients.view(place)).status
    client = await clients.client(place.endpoint)
    async for row in client.subscribe(place.endpoint, place.interface, after=last):
        yield row.status


async def watched(clients: Clients, name: str | None) -> Sequence[Watched]:
    """Say what is to be watched: everything at hand, or both ends of one connection, from now on.

    Raises ClientError or NoContext.
    """
    if name is None:
        places = [Located("", one.id) for one in clients.context.at_hand]
        if not places:
            raise NoContext(f"{clients.context.source} lists no endpoint that may be asked from here.")
    else:
        own = await clients.locate(name)
        other = await clients.other_end(await clients.view(own))
        places = [own, Located(other.interface, other.endpoint)] if isinstance(other, InterfaceView) else [own]
    return await asyncio.gather(*(_from_now(clients, place) for place in places))


async def _from_now(clients: Clients, place: Located) -> Watched:
    """Learn how far a timeline goes now; of a worker that is away, it is what it does once it is there."""
    try:
        return Watched(place, (await clients.worker(place.endpoint)).timeline)
    except Unanswered as error:
        if error.lasting:
            raise
        return Watched(place, None)


async def transitions(
    clients: Clients, sources: Sequence[Watched], complain: Tell = lambda _: None
) -> AsyncGenerator[tuple[str, TimelineRow]]:
    """Yield every new row with its endpoint, for ever. Raises ClientError for what waiting cannot cure."""
    rows: asyncio.Queue[tuple[str, TimelineRow] | ClientError] = asyncio.Queue(_QUEUE_ROWS)

    async def follow(source: Watched) -> None:
        try:
            async for row in _patiently(clients, source, complain):
                await rows.put((source.place.endpoint, row))
        except ClientError as error:
            await rows.put(error)

    tasks = [asyncio.create_task(follow(source)) for source in sources]
    try:
        while True:
            one = await rows.get()
            if isinstance(one, ClientError):
                raise one
            yield one
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _patiently(clients: Clients, source: Watched, complain: Tell) -> AsyncIterator[TimelineRow]:
    """Yield what happens at an endpoint, once its worker is there; that it is not there yet is told once."""
    place, after = source
    client = await clients.client(place.endpoint)
    told = False
    while True:
        try:
            async for row in client.subscribe(place.endpoint, place.interface or None, after):
                yield row
        except Unanswered as error:
            if error.lasting:
                raise
            if not told:
                complain(f"{error.sentence} Waiting for it.")
            told = True

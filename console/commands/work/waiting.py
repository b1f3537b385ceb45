"""The work of `wait` and `watch`: they subscribe to timelines, and are told of each transition as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from console.client import Unanswered
from console.client.clients import Clients, Located
from console.commands.running import DONE, FAILED
from console.screen import Screen, transition_line
from console.topology import NoContext
from shared.wire.views import InterfaceView, TimelineRow

_QUEUE_ROWS: Final = 10_000


async def wait(clients: Clients, screen: Screen, name: str, status: str, timeout_seconds: float) -> int:
    """Wait until an interface shows a status, or showed it for a moment since this began."""
    place = await clients.locate(name)
    try:
        async with asyncio.timeout(timeout_seconds):
            with screen.progress(f"{place.interface}: waiting for {status}") as line:
                async for seen in _statuses(clients, place):
                    line.update(f"{place.interface}: {seen}, waiting for {status}")
                    if seen == status:
                        break
    except TimeoutError:
        return _tell(screen, await clients.view(place), status, timeout_seconds)
    fields = {"outcome": "done", "interface": place.interface, "endpoint": place.endpoint, "status": status}
    screen.tell(fields, f"{place.interface}: {status}")
    return DONE


async def _statuses(clients: Clients, place: Located) -> AsyncIterator[str]:
    """Yield the status now, and every one after it."""
    last = (await clients.worker(place.endpoint)).timeline
    yield (await clients.view(place)).status
    client = await clients.client(place.endpoint)
    async for row in client.subscribe(place.endpoint, place.interface, after=last):
        yield row.status


def _tell(screen: Screen, view: InterfaceView, status: str, timeout_seconds: float) -> int:
    sentence = f"{view.interface} is {view.status} and not {status} after {timeout_seconds:g} s. {view.reason or ''}"
    if screen.as_json:
        fields = {"interface": view.interface, "endpoint": view.endpoint, "status": view.status}
        reasons = {"reason": view.reason, "reason_code": view.reason_code}
        screen.data({"outcome": "failed", "code": "TimedOut", "sentence": sentence.strip(), **fields, **reasons})
    else:
        screen.complain(sentence.strip())
    return FAILED


async def watch(clients: Clients, screen: Screen, name: str | None, *, everything: bool) -> int:
    """Print what happens, as it happens, until interrupted; `everything` also shows steps that change no status."""
    sources = await _sources(clients, name)
    rows: asyncio.Queue[tuple[str, TimelineRow]] = asyncio.Queue(_QUEUE_ROWS)

    async def follow(place: Located) -> None:
        async for row in _patiently(clients, screen, place):
            if everything or row.was != row.status:
                await rows.put((place.endpoint, row))

    async def tell() -> None:
        while True:
            endpoint, row = await rows.get()
            screen.tell({"endpoint": endpoint, **row.model_dump()}, transition_line(endpoint, row))

    if not screen.as_json:
        screen.complain(f"Watching {', '.join(one.interface or one.endpoint for one in sources)}; Ctrl-C ends it.")
    tasks = [asyncio.create_task(one) for one in (tell(), *(follow(place) for place in sources))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return DONE


async def _patiently(clients: Clients, screen: Screen, place: Located) -> AsyncIterator[TimelineRow]:
    """Yield what happens at an endpoint, once its worker is there; that it is not there yet is told once."""
    client = await clients.client(place.endpoint)
    told = False
    while True:
        try:
            async for row in client.subscribe(place.endpoint, place.interface or None):
                yield row
        except Unanswered as error:
            if error.lasting:
                raise
            if not told:
                screen.complain(f"{error.sentence} Waiting for it.")
            told = True


async def _sources(clients: Clients, name: str | None) -> Sequence[Located]:
    """Return where to listen: everywhere at hand, or at both ends of one connection; no interface means all."""
    if name is None:
        everywhere = [Located("", one.id) for one in clients.context.at_hand]
        if not everywhere:
            raise NoContext(f"{clients.context.source} lists no endpoint that may be asked from here.")
        return everywhere
    place = await clients.locate(name)
    other = await clients.other_end(await clients.view(place))
    if isinstance(other, InterfaceView):
        return [place, Located(other.interface, other.endpoint)]
    return [place]

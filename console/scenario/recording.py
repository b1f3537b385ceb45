"""The recording of a scenario: what owners and faults do, taken from the workers' own records and from the console."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from console.client import ClientError
from console.client.clients import Clients
from console.faults.model import Fault
from console.faults.remote import RemoteFaults
from console.topology import KnownEndpoint
from shared.protocol.words import Status
from shared.wire import commands
from shared.wire.views import InterfaceView, PeerView, TimelineRow

LOOK_SECONDS: Final = 0.3
"""How often it is looked for what leaves no row: peer information, and faults."""
LASTING_SECONDS: Final = 1.0
"""How long a status that is not stable must have lasted to be expected of the next run."""
_COMMAND: Final = "command "
_SOONER: Final = 1e-6


class Event(NamedTuple):
    """Something that was done (`action`), or a status that an end came to show; `end` is RI@ENDPOINT.

    It was done at `at`, or, where that was only noticed, after `since`.
    """

    at: float
    end: str = ""
    action: dict[str, Any] | None = None
    status: str = ""
    since: float | None = None


@dataclass(slots=True)
class Recording:
    """What was done since the recording began."""

    clients: Clients
    console: RemoteFaults | None
    _begun: dict[str, int] = field(default_factory=dict)
    _views: dict[str, InterfaceView] = field(default_factory=dict)
    _faults: dict[int, Fault] = field(default_factory=dict)
    _seen: list[Event] = field(default_factory=list)
    _looked: float = 0.0

    async def begin(self) -> None:
        """Let everything before this be the past. Raises ClientError."""
        for one in self._endpoints:
            self._begun[one.id] = (await self.clients.worker(one.id)).timeline
        await self._look()
        self._seen.clear()

    async def look_on(self) -> None:
        """Look for what leaves no row, until cancelled; who is away is asked again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(ClientError):
                await self._look()

    async def scenario(self, title: str) -> dict[str, Any] | None:
        """The scenario of what was done, as it is written into a file; None if nothing was. Raises ClientError."""
        await self._look()
        events = [one async for one in self._rows()]
        events = sorted([*events, *(_in_its_place(one, events) for one in self._seen)], key=lambda one: one.at)
        connection = self._connection({one.end for one in events})
        if connection is None:
            return None
        return {
            "title": title,
            "topology": {
                "accounts": [{"uid": one} for one in dict.fromkeys(one.account for one in self._endpoints)],
                "endpoints": [
                    {"id": one.id, "kind": one.kind, "account": one.account, "region": one.region, "role": one.role}
                    for one in self._endpoints
                ],
            },
            "connection": list(connection),
            "steps": list(_steps(events, connection)),
        }

    @property
    def _endpoints(self) -> Sequence[KnownEndpoint]:
        return self.clients.context.at_hand

    async def _look(self) -> None:
        """Note what is new of what leaves no row."""
        now = time.time()
        for one in self._endpoints:
            after: str | None = ""
            while after is not None:
                page = await self.clients.one(one.id, commands.listing(after, deleted=True))
                for shown in page["interfaces"]:
                    self._see(InterfaceView.model_validate(shown), now)
                after = page["next"]
        if self.console is not None:
            self._see_faults(await self.console.listed())
        self._looked = now

    def _see(self, view: InterfaceView, now: float) -> None:
        end, peer = f"{view.interface}@{view.endpoint}", view.peer
        before = self._views.get(end)
        self._views[end] = view
        known = None if before is None or before.peer is None else before.peer
        if peer is None or (known is not None and _who(known) == _who(peer)):
            return
        action = {"configure": end, "peer": f"{peer.interface}@{peer.endpoint}"}
        real = self.clients.context.endpoint(peer.endpoint)
        if real is None or real.account != peer.account:
            action["peer_account"] = peer.account
        if real is None or real.region != peer.region:
            action["peer_region"] = peer.region
        self._seen.append(Event(now, end, action, since=self._looked))

    def _see_faults(self, listed: Iterable[dict[str, Any]]) -> None:
        standing = {one["number"]: one for one in listed}
        for number, one in standing.items():
            if number not in self._faults:
                fault = self._faults[number] = Fault.model_validate(one["fault"])
                worker = fault.worker is not None  # done to it once, whatever `times` says
                given = fault.model_dump(by_alias=True, exclude_defaults=True, exclude={"times"} if worker else None)
                self._seen.append(Event(one["since"], action={"fault": given}))
        for number in self._faults.keys() - standing.keys():
            interface = self._faults.pop(number).interface
            if not standing or interface is not None:
                self._seen.append(Event(self._looked, action={"clear": interface if standing else "all"}))

    async def _rows(self) -> AsyncIterator[Event]:
        """What the workers' records tell since the recording began."""
        for one in self._endpoints:
            after, more = self._begun.get(one.id, 0), True
            while more:
                page = (await self.clients.one(one.id, commands.timeline(None, after)))["rows"]
                for row in (TimelineRow.model_validate(each) for each in page):
                    after, end = row.row, f"{row.interface}@{one.id}"
                    if row.cause.startswith(_COMMAND):
                        yield Event(row.at, end, await self._typed(row, end))
                    if row.was != row.status:
                        yield Event(row.at, end, status=row.status)
                more = bool(page)

    async def _typed(self, row: TimelineRow, end: str) -> dict[str, Any]:
        """What an owner did, from the row that it left; the body of a payload is known to its receiver alone."""
        action: dict[str, Any] = {row.cause.removeprefix(_COMMAND): end}
        peer = self._views[end].peer if end in self._views else None
        if "send" in action and peer is not None and row.said:
            number = int(row.said[0].split(" ")[1])
            read = commands.inbox(peer.interface, 0, commands.PAGE_ROWS)
            with contextlib.suppress(ClientError):
                arrived = {
                    one["number"]: one["body"] for one in (await self.clients.one(peer.endpoint, read))["payloads"]
                }
                if number in arrived:
                    action["body"] = arrived[number]
        return action

    def _connection(self, touched: set[str]) -> tuple[str, str] | None:
        """The ends of the first connection that something was done to, the initiator's first."""
        for end, view in self._views.items():
            other = None if view.peer is None else f"{view.peer.interface}@{view.peer.endpoint}"
            if view.role == "initiator" and other in self._views and {end, other} <= touched:
                return end, str(other)
        return None


def _who(peer: PeerView) -> tuple[str, ...]:
    return peer.interface, peer.endpoint, peer.account, peer.region


def _in_its_place(one: Event, events: Iterable[Event]) -> Event:
    """What was noticed late, before the first thing that came of it."""
    if one.since is None:
        return one
    of_it = (each for each in events if each.end == one.end and one.since < each.at < one.at)
    later = [each.at for each in of_it if each.status != Status.IDLE and "create" not in (each.action or {})]
    return one._replace(at=min(later) - _SOONER) if later else one


def _steps(events: Iterable[Event], connection: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """The steps: what was done until something came of it, and then what both ends showed."""
    done: list[dict[str, Any]] = []
    shown: dict[str, Event] = {}
    came_of_it = False
    for one in events:
        if one.action is None:
            if one.end in connection:
                came_of_it = came_of_it or one.end in shown or one.status != Status.IDLE
                shown[one.end] = one
            continue
        if came_of_it and done:
            yield _step(done, shown.values(), one.at)
            done, came_of_it = [], False
        done.append({key: _named(value, connection) for key, value in one.action.items()})
    if done:
        yield _step(done, shown.values(), time.time())


def _step(done: list[dict[str, Any]], shown: Iterable[Event], until: float) -> dict[str, Any]:
    lasting = (one for one in shown if Status(one.status).stable or until - one.at >= LASTING_SECONDS)
    expected = {one.end.partition("@")[0]: one.status for one in lasting}
    return {"do": done, **({"expect": expected} if expected else {})}


def _named(value: Any, connection: tuple[str, str]) -> Any:  # noqa: ANN401 - what an action holds
    return value.partition("@")[0] if value in connection else value

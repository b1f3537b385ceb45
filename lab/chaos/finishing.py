"""The end of a chaos run: owners finish what faults interrupted, until all connections agree.

Each owner configures, initiates and resumes what is left to be; no hand reaches into a store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lab.chaos.owners import Owners, configure, create, plain
from lab.chaos.workers import WORKERS, Connections, End, Worker
from shared.protocol.words import Status
from shared.wire import commands
from shared.wire.request import CommandForm

View = Mapping[str, Any]

PAGE_INTERFACES: Final = 200
_COMMANDS_AT_ONCE: Final = 100
_LOOK_EVERY_SECONDS: Final = 0.5
_FINISH_EVERY_SECONDS: Final = 5.0


async def finish(owners: Owners, connections: Connections) -> None:
    """Bring up what can be, and return when all connections agree; never, if they don't."""
    loop = asyncio.get_running_loop()
    asked = float("-inf")
    while True:
        views = await _all_views(owners)
        if not disagreements(connections, views):
            return
        if loop.time() - asked >= _FINISH_EVERY_SECONDS:
            asked = loop.time()
            await asyncio.gather(
                *(_ask(owners, worker, list(_wanted(worker, connections, views))) for worker in WORKERS)
            )
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def disagreements(connections: Connections, views: Mapping[str, View]) -> list[str]:
    """Connections whose two ends have not come to rest together."""
    found = []
    for one in connections.all:
        first, second = views.get(one.first.interface), views.get(one.second.interface)
        if first is None or second is None or not _at_rest(first, second):
            found.append(f"{one.first.interface}: {_shown(first)}, {one.second.interface}: {_shown(second)}")
    return found


def _at_rest(first: View, second: View) -> bool:
    statuses = {first["status"], second["status"]}
    if statuses in ({Status.DELETED}, {Status.DELETED, Status.IDLE}):
        return True
    if any(end["status"] == Status.DELETED and end["peer"] is None for end in (first, second)):
        return True  # its owner named nobody, so there was nobody to tell
    return statuses == {Status.ACTIVATED} and not first["unacknowledged"] and not second["unacknowledged"]


def _shown(view: View | None) -> str:
    return "nothing" if view is None else f"{view['status']} ({view['unacknowledged']} unacknowledged)"


def _wanted(worker: Worker, connections: Connections, views: Mapping[str, View]) -> Iterator[CommandForm]:
    for end, peer in connections.at(worker):
        yield from _wanted_of(end, peer, views.get(end.interface), views.get(peer.interface))


def _wanted_of(end: End, peer: End, mine: View | None, other: View | None) -> Iterator[CommandForm]:
    if mine is None:
        yield create(end, peer)
    elif mine["status"] == Status.IDLE:
        if mine["peer"] is None:
            yield configure(end, peer)
        if end.worker.role.may_initiate and (other is None or other["status"] not in {Status.DELETED, Status.DELETING}):
            yield plain("initiate", end)
    elif "own" in mine["holds"]:
        yield plain("resume", end)


async def _all_views(owners: Owners) -> dict[str, View]:
    pages = await asyncio.gather(*(_views(owners, worker) for worker in WORKERS))
    return {view["interface"]: view for page in pages for view in page}


async def _views(owners: Owners, worker: Worker) -> Sequence[View]:
    found: list[View] = []
    after: str | None = ""
    while after is not None:
        answers = await owners.look(worker, [commands.listing(after, PAGE_INTERFACES, deleted=True)])
        if answers is None or answers[0]["outcome"] != "done":
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            continue
        page = answers[0]["result"] or {}
        found += page["interfaces"]
        after = page["next"]
    return found


async def _ask(owners: Owners, worker: Worker, commands: Sequence[CommandForm]) -> None:
    for start in range(0, len(commands), _COMMANDS_AT_ONCE):
        await owners.insist(worker, commands[start : start + _COMMANDS_AT_ONCE])

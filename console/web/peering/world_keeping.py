"""The worlds beside the first one: each has an application of its own, and a request's credential says whose it is.

A world runs in a task of its own, from the call that makes it to the one that ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from console.client import Refused, Unanswered
from console.stack.errors import StackError
from console.stack.stack import Stack
from console.stack.worlds import WORLDS, running_world, topology_of
from console.topology import Topology
from console.web.access_token import token_in
from console.web.cloud.cloud import Cloud, cloud_of
from console.web.guard import is_signed_call, token_of
from console.web.site import Site, open_site
from shared.broker.errors import ControlPlaneError

MOST_WORLDS: Final = 32
"""How many there may be beside the first: a world of two accounts is four processes, and twelve connections of the
broker's."""
_NAME_BYTES: Final = 4
_LOG: Final = logging.getLogger(__name__)

MakeApp: TypeAlias = Callable[[Site, str, Cloud], ASGIApp]


@dataclass(slots=True)
class World:
    """A world that runs: by its token one gets to its application, by its access keys to its cloud."""

    name: str
    token: str
    cloud: Cloud
    app: ASGIApp
    idle_limit_seconds: float
    asked: int = 0
    """How many of its requests are being answered."""
    heard: float = field(default_factory=monotonic)
    """When the last one came or was answered."""

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request, until the block ends."""
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1
            self.heard = monotonic()

    def left_seconds(self) -> float:
        """How long it goes on if nobody asks it for anything."""
        return self.idle_limit_seconds - (0 if self.asked else monotonic() - self.heard)


class Worlds:
    """The worlds beside the stack of one `peering up`; without a stack there can be none."""

    def __init__(self, stack: Stack | None, make_app: MakeApp) -> None:
        """There is none at first."""
        self._stack, self._make_app = stack, make_app
        self._worlds: dict[str, World] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, asyncio.Event] = {}

    @property
    def names(self) -> list[str]:
        """Those that run, the oldest first."""
        return list(self._worlds)

    async def make(self, accounts: Sequence[str], idle_limit_seconds: float) -> World:
        """Make a world, and return it when its workers answer. Raises Refused or Unanswered.

        It ends by itself once nobody has asked it for anything for as long as the limit says.
        """
        if self._stack is None:
            raise Refused("NoWorlds", "Only a simulator that runs its workers itself, by `peering up`, makes worlds.")
        if len(self._tasks) >= MOST_WORLDS:
            raise Refused("TooManyWorlds", f"There are {MOST_WORLDS} worlds already, which is the most: end one first.")
        try:
            topology = topology_of(accounts)
        except ValueError as error:
            raise Refused("InvalidWorld", f"No world can have these accounts: {error}") from None
        name = secrets.token_hex(_NAME_BYTES)
        ready: asyncio.Future[World] = asyncio.get_running_loop().create_future()
        self._ending[name] = asyncio.Event()
        task = self._tasks[name] = asyncio.create_task(
            self._run(self._stack, name, topology, ready, idle_limit_seconds), name=name
        )
        either: set[asyncio.Future[Any]] = {task, ready}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            raise Unanswered(f"It ended while it came up: {task.exception() or 'by order'}.", "WorldNotMade")
        return ready.result()

    async def end(self, name: str) -> None:
        """End a world, and return when nothing is left of it. Raises Refused UnknownWorld."""
        if name not in self._worlds:
            raise Refused("UnknownWorld", f"There is no world {name}.")
        self._ending[name].set()
        await asyncio.wait({self._tasks[name]})

    async def end_all(self) -> None:
        """End all, at the same time, also those that come up."""
        for name, task in self._tasks.items():
            self._ending[name].set()
            if name not in self._worlds:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def opened_by(self, token: str) -> World | None:
        """The world that this token opens."""
        worlds = self._worlds.values()
        return next((one for one in worlds if hmac.compare_digest(one.token.encode(), token.encode())), None)

    def cloud_of(self, key: str) -> Cloud | None:
        """The cloud of the world in which an account has an access key of this id, for a request that came now."""
        for one in self._worlds.values():
            if one.cloud.has_key(key):
                one.heard = monotonic()
                return one.cloud
        return None

    async def _run(
        self, stack: Stack, name: str, topology: Topology, ready: asyncio.Future[World], idle_limit_seconds: float
    ) -> None:
        """Run one from its beginning to its end."""
        try:
            async with (
                running_world(stack, name, topology) as own,
                open_site(own.context, own.folder, own) as site,
                cloud_of(site) as cloud,
            ):
                token = token_in(own.folder)
                app = self._make_app(site, token, cloud)
                world = self._worlds[name] = World(name, token, cloud, app, idle_limit_seconds)
                ready.set_result(world)
                await _until_over(world, self._ending[name])
                del self._worlds[name]  # nobody comes in any more
        except (StackError, ControlPlaneError, OSError) as error:
            _LOG.warning("the world %s ended: %s", name, error)
            raise
        finally:
            self._worlds.pop(name, None)
            del self._ending[name], self._tasks[name]


async def _until_over(world: World, ending: asyncio.Event) -> None:
    """Wait until a world is to end, or nobody has asked it for anything for too long."""
    while not ending.is_set():
        left = world.left_seconds()
        if left <= 0:
            _LOG.warning(
                "the world %s ends: nobody asked it for anything for %g s", world.name, world.idle_limit_seconds
            )
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), left)


@asynccontextmanager
async def open_worlds(stack: Stack | None, make_app: MakeApp) -> AsyncIterator[Worlds]:
    """Let worlds be made until the block ends, and end those that are left; what a killed `up` left of some goes."""
    if stack is not None:
        shutil.rmtree(stack.folder / WORLDS, ignore_errors=True)
    worlds = Worlds(stack, make_app)
    try:
        yield worlds
    finally:
        await worlds.end_all()


class ByToken:
    """The ASGI application of all worlds: who brings the token of one gets there, and everybody else to the first.

    A call of the cloud's API goes to the first as well, which finds the cloud by the access key.
    """

    def __init__(self, first: ASGIApp, worlds: Worlds) -> None:
        """Keep both."""
        self._first, self._worlds = first, worlds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        signed = scope["type"] != "http" or is_signed_call(scope)
        world = None if signed else self._worlds.opened_by(token_of(scope))
        if world is None:
            await self._first(scope, receive, send)
        else:
            with world.answering():
                await world.app(scope, receive, send)

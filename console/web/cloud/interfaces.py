"""The interfaces of all accounts: status and peer as their workers say now, and what only this server records."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from console.client import Refused, Unanswered, done
from console.stack.stack import PATIENCE_SECONDS
from console.topology import NoContext
from console.topology.models import ROLES
from console.web.cloud.errors import ApiError, ErrorKind
from console.web.cloud.records import Router, RouterInterface
from console.web.cloud.routers import Routers, now_text, router_id
from console.web.cloud.rules import Rules
from console.web.cloud.store import CloudStore
from console.web.cloud.tables import SHOWN
from console.web.site import Site
from shared.protocol.refusals import UNKNOWN_INTERFACE
from shared.protocol.words import Status
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm
from shared.wire.views import InterfaceView, PeerView

PAGE: Final = 500
SETTLE_SECONDS: Final = 1.0
"""How long a call waits for an end that is just passing through a status, before it is judged by it."""
_LOOK_EVERY_SECONDS: Final = 0.02
_INTERFACE: Final = re.compile(r"ri-[a-z0-9]{1,40}")
_SUSPENDED: Final = frozenset({Status.SUSPENDING, Status.SUSPENDED, Status.ACTIVATING})
_PASSING: Final = frozenset({"Deactivating", "Activating", "AcceptingConnecting"})


class Place(NamedTuple):
    """Where an interface is."""

    endpoint: str
    account: str
    region: str


@dataclass(slots=True)
class Interface:
    """An interface: its record, its worker's view, its status, and what the rules let a description show of that.

    Commands go by `status`; where `shown` is None the interface is not to be found in any description.
    """

    record: RouterInterface
    view: InterfaceView
    status: str
    shown: str | None

    @property
    def holds(self) -> bool:
        """Whether its own owner suspended it."""
        return "own" in self.view.holds

    @property
    def opposite_router(self) -> str:
        """The router opposite, as its owner named it, or else as its worker was told; empty if nobody said."""
        if self.record.opposite_router:
            return self.record.opposite_router
        return "" if self.view.peer is None else router_id(self.view.peer.endpoint)

    @property
    def peer_deleted(self) -> bool:
        """Whether the other end was deleted, and this one was not."""
        return self.view.status in {Status.DELETING, Status.DELETED} and self.status != "Deleting"


class Interfaces:
    """The interfaces of all accounts; whoever asks says on whose behalf."""

    def __init__(self, site: Site, store: CloudStore, routers: Routers, rules: Rules) -> None:
        """Keep where to ask, and nothing else."""
        self._site, self._store, self._routers, self._rules = site, store, routers, rules

    async def find(self, account: str, region: str, interface: str) -> Interface | None:
        """Find one that is this account's, in this region, and not deleted. Raises ApiError if nobody answers."""
        record = self._store.get(RouterInterface, interface)
        if record is None:
            return await self._search(account, region, interface)
        if (record.account, record.region) != (account, region):
            return None
        return await self._show(record)

    async def settled(self, account: str, region: str, interface: str) -> Interface | None:
        """Find one as `find` does, but wait up to a second while it passes through a status."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_SECONDS
        end = await self.find(account, region, interface)
        while end is not None and end.status in _PASSING and loop.time() < until:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            end = await self.find(account, region, interface)
        return end

    async def every(self, account: str, region: str) -> list[Interface]:
        """List all of this account in this region, but ends of VPC peerings, the oldest first. Raises ApiError."""
        routers = self._store.every(Router, account, region)
        found = await asyncio.gather(*(self.on(router) for router in routers))
        own = (end for ends in found for end in ends if not end.record.connection)
        return sorted(own, key=lambda end: (end.record.created, end.record.id))

    async def on(self, router: Router) -> list[Interface]:
        """List all on one router, in both roles, that are not deleted. Raises ApiError."""
        listed = await asyncio.gather(*(self.listed(endpoint) for endpoint in router.workers.values()))
        return [self._end(self.record_of(view), view, survives=True) for views in listed for view in views]

    async def facing(self, router: Router, other: str, roles: Sequence[str]) -> list[Interface]:
        """List the ends on one router that face another, as they are. Raises ApiError if nobody says how one is."""
        found: list[Interface] = []
        for role in roles:
            try:
                views = await self.listed(router.workers[role]) if role in router.workers else []
            except ApiError:
                known = self._store.every(RouterInterface, router.account, router.region)
                if any((one.router, one.role, one.opposite_router) == (router.id, role, other) for one in known):
                    raise
                continue
            found += [self._end(self.record_of(view), view, survives=True) for view in views]
        return [end for end in found if end.opposite_router == other]

    async def peers(self, ends: Sequence[Interface]) -> dict[str, InterfaceView]:
        """Ask the peers of these ends: their views by the end's id, of those that name it back."""
        asked: dict[str, list[Interface]] = defaultdict(list)
        for end in ends:
            peer = end.view.peer
            if peer is not None and self._site.context.endpoint(peer.endpoint) is not None:
                asked[peer.endpoint].append(end)
        answers = await asyncio.gather(*(self._shown(endpoint, some) for endpoint, some in asked.items()))
        return {end: view for answer in answers for end, view in answer.items()}

    async def is_named_back(self, end: Interface) -> bool:
        """Whether the other end names this one, and both agree in all that they say; not so if nobody there answers."""
        other, told = (await self.peers([end])).get(end.record.id), end.view.peer
        if other is None or other.peer is None or told is None:
            return False
        return place(other.peer) == place(end.view) and place(told) == place(other)

    async def views(self, endpoint: str, names: Sequence[str]) -> list[InterfaceView | None]:
        """Ask one endpoint's worker for these interfaces; None for each that is not there. Raises ApiError."""
        answers = await self._ask(endpoint, [commands.show(name) for name in names])
        return [InterfaceView.model_validate(one["result"]) if one["outcome"] == "done" else None for one in answers]

    async def command(self, endpoint: str, command: CommandForm) -> dict[str, Any]:
        """Send a command to a worker. Raises Refused, or ApiError if nobody answers."""
        return done((await self._ask(endpoint, [command]))[0])

    async def _search(self, account: str, region: str, interface: str) -> Interface | None:
        """Look for an interface that was not made through this API."""
        routers = self._store.every(Router, account, region)
        endpoints = [endpoint for router in routers for endpoint in router.workers.values()]
        show = commands.show(interface)
        if not _INTERFACE.fullmatch(interface) or not endpoints:
            return None
        answers = await asyncio.gather(*(self._ask(endpoint, [show]) for endpoint in endpoints))
        shown = [InterfaceView.model_validate(one["result"]) for (one,) in answers if one["outcome"] == "done"]
        there = [view for view in shown if not _is_gone(view)]
        return await self._show(self.record_of(there[0])) if there else None

    async def _show(self, record: RouterInterface) -> Interface | None:
        try:
            shown = await self.command(record.endpoint, commands.show(record.id))
        except Refused as refused:
            if refused.code != UNKNOWN_INTERFACE.code:
                raise
            return None
        view = InterfaceView.model_validate(shown)
        if _is_gone(view):
            self._store.remove(record)
            return None
        survives = view.status != Status.DELETING or await self._survives(record)
        latest = self._store.get(RouterInterface, record.id)  # another call may have changed it meanwhile
        return self._end(latest or record, view, survives=survives)

    async def _survives(self, record: RouterInterface) -> bool:
        """Whether an end that is Deleting is so because of its peer: lists leave out what its owner deleted."""
        before = f"{record.id[:-1]}"
        return any(view.interface == record.id for view in await self.listed(record.endpoint, before))

    def _end(self, record: RouterInterface, view: InterfaceView, *, survives: bool) -> Interface:
        real = SHOWN[view.status]
        if view.status in {Status.DELETING, Status.DELETED} and survives:
            real = "Inactive"
        if real == "Active" and not record.connected:
            record.connected = now_text()
            self._store.put(record)
        by_peer = view.status in _SUSPENDED and "own" not in view.holds
        return Interface(record, view, real, self._rules.shown(record, real, suspended_by_peer=by_peer))

    def record_of(self, view: InterfaceView) -> RouterInterface:
        """The record of an interface; one that was made elsewhere is recorded now."""
        known = self._store.get(RouterInterface, view.interface)
        if known is not None:
            return known
        role = ROLES[view.role]
        record = RouterInterface(
            id=view.interface,
            account=view.account,
            region=view.region,
            name=view.name,
            created=now_text(),
            router=router_id(view.endpoint),
            role=role.api_name,
            endpoint=view.endpoint,
            spec="Large.2" if role.may_initiate else "Negative",
            opposite_region=view.region if view.peer is None else view.peer.region,
        )
        self._store.put(record)
        return record

    async def listed(self, endpoint: str, after: str = "") -> list[InterfaceView]:
        """List the interfaces of one endpoint after an id, but for those that their owner deleted. Raises ApiError."""
        views: list[InterfaceView] = []
        following: str | None = after
        while following is not None:
            page = await self.command(endpoint, commands.listing(following))
            views += [InterfaceView.model_validate(one) for one in page["interfaces"]]
            following = page["next"]
        return views

    async def _shown(self, endpoint: str, ends: Sequence[Interface]) -> dict[str, InterfaceView]:
        """Ask one endpoint's worker for the peers of these ends; nothing if it does not answer."""
        named = [(end, end.view.peer.interface) for end in ends if end.view.peer is not None]
        shows = [commands.show(name) for _, name in named]
        try:
            answers = await self._ask(endpoint, shows)
        except ApiError:
            return {}
        found = {}
        for (end, _), answer in zip(named, answers, strict=True):
            view = InterfaceView.model_validate(answer["result"]) if answer["outcome"] == "done" else None
            if view is not None and view.peer is not None and view.peer.interface == end.view.interface:
                found[end.view.interface] = view
        return found

    async def _ask(self, endpoint: str, commands: Sequence[CommandForm]) -> list[AnswerForm]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._site.clients.ask(endpoint, commands)
        except (Unanswered, NoContext, TimeoutError) as error:
            reason = str(error) or f"The worker of {endpoint} did not answer."
            raise ErrorKind.UNAVAILABLE.error(f"{ErrorKind.UNAVAILABLE.message} {reason}") from error


def place(one: InterfaceView | PeerView) -> Place:
    """Where an interface is, as it says itself or its peer does."""
    return Place(one.endpoint, one.account, one.region)


def _is_gone(view: InterfaceView) -> bool:
    """Whether its own owner deleted it, and the peer knows."""
    return view.status == Status.DELETED and view.reason_code == "Deleted"

"""VPC peering connections (VpcPeer 2022-01-01): one id for two ends, and a status derived from what both of them say.

The connection `pcc-x` is two interfaces: `ri-pccxi` on the VPC that asks, created configured and initiated, and
`ri-pccxa` on the VPC that is asked, which is not there before its owner answers. Accepting creates it and configures
the other as its peer; rejecting creates it and has it reject that peer, so that the end that asks hears `NotReady` with
the reason and gives up. Of one account both are created at once. So the id alone says which interfaces to ask for, and
nothing is kept here. A request expires when the end that asks gives up by its own timer.

Each owner reads the status from its own end first, and from the other one where its own does not say:

- Creating: asked, and nothing was ever heard of the other worker; of one account, until it is Activated;
- Accepting: the other worker answered, and its owner did not;
- Updating: its owner accepted, and this end is not Activated (yet, or not any more);
- Rejected, Expired: the end that asks gave up, or is going to, because of a rejection; or for want of an answer;
- Activated, Deleting, Deleted: as this end shows itself; Deleting as well while only the other knows of a deletion.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from console.web.cloud.errors import ApiError
from console.web.cloud.interfaces import Interfaces, Place, place
from console.web.cloud.records import ACCEPTING, END_PREFIX, INITIATING, Router, RouterInterface, connection_of, end_id
from console.web.cloud.store import CloudStore
from shared.protocol.messages import Reason
from shared.protocol.words import Status
from shared.wire.views import InterfaceView

_CONNECTION: Final = re.compile(r"pcc-[a-z0-9]{1,36}")
_GOING: Final = frozenset({Status.DELETING, Status.DELETED})
_REJECTIONS: Final = frozenset({Reason.PEER_REJECTED, Reason.REJECTED_BY_PEER})
_NEVER_ASKED: Final = frozenset({"NotConfigured", "NotInitiated"})


@dataclass(frozen=True, slots=True)
class Peering:
    """A connection as one account sees it: what the end that asks says, and what the one that answers does."""

    id: str
    account: str
    asks: InterfaceView | None
    answers: InterfaceView | None

    @property
    def requester(self) -> Place:
        """Where the end is that asks."""
        return _known(self.asks, self.answers)

    @property
    def accepter(self) -> Place:
        """Where the end is that answers."""
        return _known(self.answers, self.asks)

    @property
    def own(self) -> InterfaceView | None:
        """The account's own end; of two the one that asks. None where it has not answered."""
        return self.asks if self.requester.account == self.account else self.answers

    @property
    def status(self) -> str:
        """What the connection shows to this account."""
        asks, answers, ends = self.asks, self.answers, [end for end in (self.asks, self.answers) if end is not None]
        mine = self.own or asks
        asking = asks is not None and asks.status == Status.CONNECTING
        rejected = any(end.reason_code in _REJECTIONS for end in ends)
        idle = asks is not None and asks.status == Status.IDLE
        if mine is None or mine.status == Status.DELETED:
            return "Deleted"
        if mine.status == Status.DELETING or (not idle and any(end.status in _GOING for end in ends)):
            return "Deleting"
        if mine.status == Status.ACTIVATED:
            return "Activated"
        if rejected:
            return "Rejected"
        if idle:
            return "Creating" if asks is not None and asks.reason_code in _NEVER_ASKED else "Expired"
        if answers is not None and not (asking and self.requester.account == self.accepter.account):
            return "Updating"
        return "Accepting" if asking and asks is not None and _was_answered(asks) else "Creating"

    @property
    def is_there(self) -> bool:
        """Whether the account still has it."""
        return self.status != "Deleted"


def _known(end: InterfaceView | None, other: InterfaceView | None) -> Place:
    """Where an end is, as it says itself or the other one does."""
    if end is not None:
        return place(end)
    if other is None or other.peer is None:
        raise LookupError("neither end is known")
    return place(other.peer)


def _was_answered(asks: InterfaceView) -> bool:
    """Whether the worker of the other end was ever heard of."""
    told = asks.reason_code in set(Reason)
    return told or (asks.peer is not None and asks.peer.reachable is not None)


class Peerings:
    """The VPC peering connections of all accounts; whoever asks says on whose behalf."""

    def __init__(self, store: CloudStore, interfaces: Interfaces) -> None:
        """Keep where to ask, and nothing else."""
        self._store, self._interfaces = store, interfaces

    async def find(self, account: str, name: str) -> Peering | None:
        """Find one that this account has an end of, or is asked for one. Raises ApiError if it can't be known."""
        if not _CONNECTION.fullmatch(name):
            return None
        asks, unheard = await self._view(name, INITIATING, None)
        peer = None if asks is None else asks.peer
        answers, unanswered = await self._view(name, ACCEPTING, None if peer is None else peer.endpoint)
        silent = unheard or unanswered
        if asks is None and answers is None:
            if silent is not None:
                raise silent
            return None
        found = Peering(name, account, asks, answers)
        if account not in {found.requester.account, found.accepter.account}:
            return None
        lost = unheard if found.requester.account == account else unanswered
        if lost is not None:
            raise lost
        return None if found.own is None and asks is None else found

    async def every(self, account: str) -> list[Peering]:
        """List all that this account has an end of or is asked for one, the oldest first. Raises ApiError."""
        routers = self._store.every(Router)
        asking, answering = await asyncio.gather(
            self._listed(routers, INITIATING, account), self._listed(routers, ACCEPTING, account)
        )
        found = []
        for name in sorted(asking.keys() | answering.keys()):
            one: Peering | None = Peering(name, account, asking.get(name), answering.get(name))
            if one is not None and account in {one.requester.account, one.accepter.account}:
                one = await self.find(account, name) if one.own is None else one
                found += [one] if one is not None and one.is_there else []
        return found

    def record(self, one: Peering, role: str) -> RouterInterface | None:
        """The record of its end in this role; None while there is no such end."""
        end = one.asks if role == INITIATING else one.answers
        known = self._store.get(RouterInterface, end_id(one.id, role))
        return known if known is not None or end is None else self._interfaces.record_of(end)

    def own_record(self, one: Peering) -> RouterInterface | None:
        """The record of the account's own end; None where it has not answered."""
        return None if one.own is None else self.record(one, INITIATING if one.own is one.asks else ACCEPTING)

    async def _view(self, name: str, role: str, endpoint: str | None) -> tuple[InterfaceView | None, ApiError | None]:
        """Ask for an end where it is, or everywhere it can be; with the error of a worker that did not answer."""
        end = end_id(name, role)
        record = self._store.get(RouterInterface, end)
        known = endpoint or (None if record is None else record.endpoint)
        everywhere = [router.workers[role] for router in self._store.every(Router) if role in router.workers]
        answers = await asyncio.gather(
            *(self._interfaces.views(one, [end]) for one in ([known] if known else everywhere)), return_exceptions=True
        )
        views = [view for answer in answers if isinstance(answer, list) for view in answer]
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ApiError):
                raise answer
        errors = [answer for answer in answers if isinstance(answer, ApiError)]
        found = next((view for view in views if view is not None and view.peer is not None), None)
        return found, (errors[0] if errors and found is None else None)

    async def _listed(self, routers: Iterable[Router], role: str, account: str) -> Mapping[str, InterfaceView]:
        """List all ends in this role; of another account's workers those that answer."""

        async def on(router: Router) -> list[InterfaceView]:
            try:
                return await self._interfaces.listed(router.workers[role], END_PREFIX)
            except ApiError:
                if router.account == account:
                    raise
                return []

        found = await asyncio.gather(*(on(router) for router in routers if role in router.workers))
        ends = [end for ends in found for end in ends if end.peer is not None and connection_of(end.interface)]
        return {connection_of(end.interface): end for end in ends}

"""Pairs: both ends of one account's connection, made at the same time (`create --both`).

Between accounts nobody may make the other's end.

The article: for interconnections under the same account both ends are created at once, and the system initiates and
establishes the connection. Here too: one end is made configured and waiting, the other configured and initiated, and
everything after that is the handshake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from console.client.clients import Clients, Located
from console.client.errors import ClientError, Refused
from console.client.ids import interface_id
from console.topology import KnownEndpoint
from shared.protocol.refusals import NOT_OWNER, SAME_ENDPOINT, VBR_TO_VBR, Refusal
from shared.protocol.words import Kind, Status
from shared.wire import commands
from shared.wire.request import PeerForm
from shared.wire.views import InterfaceView

NOT_INITIATOR: Final = "NotInitiator"
NOT_ACCEPTOR: Final = "NotAcceptor"


class Pair(NamedTuple):
    """The two endpoints to be connected, a name for both interfaces, and how long to wait."""

    source: str
    target: str
    name: str
    timeout_seconds: float


class _End(NamedTuple):
    """An end to be made, with what has to be known of its endpoint."""

    interface: str
    endpoint: str
    account: str
    region: str
    role: str

    @property
    def as_peer(self) -> PeerForm:
        return commands.peer(self.interface, self.endpoint, self.account, self.region)

    @property
    def place(self) -> Located:
        return Located(self.interface, self.endpoint)


async def create_both(
    clients: Clients, wanted: Pair, tell: Callable[[str], None] = lambda _: None
) -> tuple[InterfaceView, InterfaceView]:
    """Make both ends of one account's connection, and wait until both are Activated, at most so long.

    Returns what both show then, the initiator first. Raises ClientError or NoContext.
    """
    _check_ids(wanted.source, wanted.target)
    first, second = await _end(clients, wanted.source), await _end(clients, wanted.target)
    _check(clients, first, second)
    await clients.one(second.endpoint, commands.create(second.interface, wanted.name, first.as_peer))
    try:
        create = commands.create(first.interface, wanted.name, second.as_peer, initiate=True)
        await clients.one(first.endpoint, create)
    except ClientError as error:
        error.sentence = f"{error.sentence} {await _take_back(clients, second)}".rstrip()
        raise
    tell(f"{first.interface} → {second.interface}: created")
    return await _until_activated(clients, (first, second), wanted.timeout_seconds, tell)


def _check_ids(source: str, target: str) -> None:
    if source == target:
        raise _refused(SAME_ENDPOINT)
    if Kind.of(source) is Kind.of(target) is Kind.VBR:
        raise _refused(VBR_TO_VBR)


def _check(clients: Clients, first: _End, second: _End) -> None:
    """Refuse what could never establish, before anything is made."""
    if first.account != second.account:
        shown = clients.context.shown
        raise Refused(
            NOT_OWNER.code,
            f"{first.endpoint} belongs to account {shown(first.account)} and {second.endpoint} to "
            f"{shown(second.account)}: each owner creates and configures its own end, then the first one initiates.",
        )
    if first.role != "initiator":
        raise Refused(NOT_INITIATOR, f"{first.endpoint} runs as the {first.role} and can only wait: give it as --to.")
    if second.role != "acceptor":
        raise Refused(NOT_ACCEPTOR, f"{second.endpoint} runs as the {second.role}: two ends of that role never meet.")


async def _end(clients: Clients, endpoint: str) -> _End:
    """Learn what has to be known of an endpoint; its worker is asked for what the context does not say."""
    known = clients.context.endpoint(endpoint)
    if known is None or known.region is None or known.role is None:
        about = await clients.worker(endpoint)
        known = KnownEndpoint(endpoint, about.kind, about.account, about.region, about.role)
    return _End(interface_id(), endpoint, known.account, known.region or "", known.role or "")


async def _take_back(clients: Clients, end: _End) -> str:
    """Delete the end that was made first, so that no half is left behind; says so if it is."""
    try:
        await clients.one(end.endpoint, commands.change("delete", end.interface))
    except ClientError as error:
        return f"{end.interface} on {end.endpoint} was created and is left there: {error.sentence}"
    return ""


async def _until_activated(
    clients: Clients, ends: tuple[_End, _End], timeout_seconds: float, tell: Callable[[str], None]
) -> tuple[InterfaceView, InterfaceView]:
    """Wait for both ends, at most so long; return what they show then."""
    statuses = dict.fromkeys((end.interface for end in ends), "Idle")

    async def wait(end: _End) -> None:
        client = await clients.client(end.endpoint)
        async for row in client.subscribe(end.endpoint, end.interface, after=0):
            statuses[end.interface] = row.status
            tell(", ".join(f"{interface}: {status}" for interface, status in statuses.items()))
            if row.status == Status.ACTIVATED:
                return

    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await asyncio.gather(*(wait(end) for end in ends))
    first, second = await asyncio.gather(*(clients.view(end.place) for end in ends))
    return first, second


def _refused(refusal: Refusal) -> Refused:
    return Refused(refusal.code, refusal.sentence)

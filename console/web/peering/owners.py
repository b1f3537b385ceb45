"""The routes of what owners do with their interfaces: each does as the command of its name, and answers its result.

The console acts for every account whose login it has; a refusal has the code that the command prints.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from console.client import ClientError, Refused, owning
from console.client.clients import Clients
from console.client.pairs import Pair, create_both
from console.client.sending import accepted, acknowledge
from console.client.wanted import WantedPeer
from console.client.why import link_exists, why
from console.web.peering.answering import PROBLEMS, answered
from console.web.site import Site, site_of
from shared.protocol.refusals import BUSY
from shared.wire.forms import AccountId, EndpointId, InterfaceId, Name, Payload, RegionId
from shared.wire.request import PlainKind
from shared.wire.views import InterfaceView

router: Final = APIRouter(prefix="/_peering", responses=PROBLEMS)

LONGEST_WAIT_SECONDS: Final = 600.0
BUSY_LIMIT_SECONDS: Final = 10.0
"""How long a payload may find its worker busy before that is answered."""

NAME_PATTERN: Final = r"^ri-[a-z0-9]{1,40}(@(vpc|vbr)-[a-z0-9-]{1,40})?$"
PlaceName = Annotated[str, StringConstraints(pattern=r"^ri-[a-z0-9]{1,40}@(vpc|vbr)-[a-z0-9-]{1,40}$")]
InterfaceName = Annotated[
    str,
    Path(
        pattern=NAME_PATTERN,
        description="ri-…, which is looked for, or ri-…@ENDPOINT, which takes less time",
    ),
]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WantedInterface(_Asked):
    """An interface to be made, Idle."""

    endpoint: EndpointId = Field(description="the VPC or VBR it lives on")
    interface: InterfaceId | None = Field(default=None, description="its id; chosen if not given")
    name: Name = Field(default="", description="a name for people")


class WantedConnection(_Asked):
    """Both ends of a connection of one account, to be made at the same time; they establish by themselves."""

    source: EndpointId = Field(alias="from", description="the endpoint that initiates")
    to: EndpointId = Field(description="the endpoint that accepts")
    name: Name = Field(default="", description="a name for people, of both ends")
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=LONGEST_WAIT_SECONDS, description="how long to wait for Activated"
    )


class Peer(_Asked):
    """Peer information; what is not given is known from the topology."""

    peer: PlaceName = Field(description="the other end, ri-…@ENDPOINT")
    account: AccountId | None = Field(default=None, description="its owner's uid or name")
    region: RegionId | None = Field(default=None, description="its region")


class NewPayload(_Asked):
    """A payload for the peer."""

    body: Payload = Field(description="the payload")


class Standing(BaseModel):
    """An interface and the status that it shows after a command."""

    interface: str = Field(description="interface id, ri-…")
    endpoint: str = Field(description="the VPC or VBR it lives on")
    status: str = Field(description="what it shows")


class Connected(BaseModel):
    """Both ends of a connection as they stand."""

    initiator: InterfaceView
    acceptor: InterfaceView
    link: bool | None = Field(description="whether the link exists: both Activated, and each other's peer")
    sentence: str = Field(description="why it is up or not, for people")


class Accepted(BaseModel):
    """A payload that will be delivered exactly once and in order."""

    interface: str = Field(description="interface id, ri-…")
    number: int = Field(description="this end's number for it")


class LetGo(BaseModel):
    """Payloads that are in the inbox no more."""

    interface: str = Field(description="interface id, ri-…")
    removed: int = Field(description="how many went")


def clients_of(site: Annotated[Site, Depends(site_of)]) -> Clients:
    """The clients of the server that takes this request."""
    return site.clients


TheClients = Annotated[Clients, Depends(clients_of)]


@router.post("/interfaces", summary="Create an interface, Idle", status_code=201)
async def create(clients: TheClients, wanted: WantedInterface) -> Standing:
    """Create an interface, as `peering create` does; the same twice is once."""
    with answered():
        return Standing(**await owning.create(clients, wanted.endpoint, wanted.name, wanted.interface))


@router.post("/connections", summary="Create both ends of one account's connection", status_code=201)
async def create_connection(clients: TheClients, wanted: WantedConnection) -> Connected:
    """Create both ends, as `peering create --both` does, and wait until both are Activated, or for as long as said."""
    with answered():
        asked = Pair(wanted.source, wanted.to, wanted.name, wanted.timeout_seconds)
        first, second = await create_both(clients, asked)
    link = link_exists(first, second)
    return Connected(initiator=first, acceptor=second, link=link, sentence=why(first, second))


@router.put("/interfaces/{interface}/peer", summary="Tell an Idle interface who its peer is")
async def configure(clients: TheClients, interface: InterfaceName, peer: Peer) -> Standing:
    """Set peer information, as `peering configure` does; both ends must know each other."""
    with answered():
        wanted = WantedPeer(peer.peer, peer.account, peer.region)
        done = await owning.configure(clients, await clients.locate(interface), wanted)
        return Standing(interface=done["interface"], endpoint=done["endpoint"], status=done["status"])


@router.post("/interfaces/{interface}/payloads", summary="Send a payload to the peer", status_code=201)
async def send(clients: TheClients, interface: InterfaceName, payload: NewPayload) -> Accepted:
    """Send a payload, as `peering send` does: a busy worker is waited for, some seconds long."""
    with answered():
        place = await clients.locate(interface)
        try:
            async with asyncio.timeout(BUSY_LIMIT_SECONDS):
                numbers = [number async for number in accepted(clients, place, [payload.body])]
        except TimeoutError:
            raise Refused(BUSY.code, BUSY.sentence) from None
    return Accepted(interface=place.interface, number=numbers[0])


@router.delete("/interfaces/{interface}/payloads", summary="Let go of payloads that were read")
async def let_go(clients: TheClients, interface: InterfaceName, through: Annotated[int, Query(ge=0)]) -> LetGo:
    """Let go of what has arrived through a row, as `peering inbox --acknowledge` does with what it printed."""
    with answered():
        place = await clients.locate(interface)
        return LetGo(interface=place.interface, removed=await acknowledge(clients, place, through))


@router.post("/interfaces/{interface}/{verb}", summary="Initiate, suspend, resume or delete")
async def change(clients: TheClients, interface: InterfaceName, verb: PlainKind) -> Standing:
    """Command an interface, as the command of this name does; the peer follows by itself."""
    with answered():
        ((name, endpoint, result),) = await owning.change(clients, verb, [interface])
        if isinstance(result, ClientError):
            raise result
        return Standing(interface=name, endpoint=endpoint or "", status=result)

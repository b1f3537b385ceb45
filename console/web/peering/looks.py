"""The routes by which owners look: who is there, how ends stand and why, what arrived, what happens, and drawings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from console.client import ClientError, listing, owning
from console.client.history import Part
from console.client.listing import Wanted
from console.client.sending import arrived
from console.client.watching import Watched, transitions, until_shown, watched
from console.client.why import link_exists, link_sentence
from console.faults.remote import told_of
from console.trace.drawings import DRAWINGS
from console.trace.gathering import LAST_MOMENTS, OnPurpose, gather
from console.web.cloud.records import Key
from console.web.page.routes import admitted
from console.web.peering.answering import PROBLEMS, Told, answered
from console.web.peering.health import Absent
from console.web.peering.owners import LONGEST_WAIT_SECONDS, NAME_PATTERN, InterfaceName, Standing, TheClients
from console.web.peering.simulation import TheCloud
from console.web.site import Site, site_of
from shared.protocol.words import Status
from shared.wire.forms import EndpointId
from shared.wire.request import MatchForm, PartOfWord, StatusWord
from shared.wire.views import InterfaceView, PayloadView, TimelineRow

router: Final = APIRouter(prefix="/_peering", responses=PROBLEMS)

Form = Literal["svg", "mmd", "txt", "json"]
_KINDS: Final[dict[Form, str]] = {
    "svg": "image/svg+xml",
    "mmd": "text/plain; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
}
TheSite = Annotated[Site, Depends(site_of)]


class AccessKey(BaseModel):
    """An access key of the cloud's API: a secret."""

    id: str
    secret: str


class AccountHere(BaseModel):
    """An account that this console can act for."""

    account: str = Field(description="uid")
    name: str = Field(description="what people call it; the uid, if nothing else")
    key: AccessKey | None = Field(description="its key for the cloud's API")


class EndpointHere(BaseModel):
    """An endpoint that may be asked from here."""

    endpoint: str = Field(description="its id, vpc-… or vbr-…")
    kind: str = Field(description="vpc or vbr")
    account: str = Field(description="owner's uid")
    region: str | None = Field(description="its region, if it is known")
    role: str | None = Field(description="initiator or acceptor, if it is known")


class Listed(BaseModel):
    """Interfaces, and the endpoints whose workers did not answer."""

    interfaces: list[InterfaceView]
    silent: list[Absent]
    more: bool = Field(description="whether there are more than were asked for")


class AskedInterfaces(BaseModel):
    """Which interfaces are asked for: those that are as everything here says; all, if nothing is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: EndpointId | None = Field(default=None, description="only those of this endpoint")
    account: str | None = Field(default=None, max_length=128, description="only those of this account: uid or name")
    status: StatusWord | None = Field(default=None, description="only those that show this status")
    name: PartOfWord | None = Field(default=None, description="only those with this in their name")
    peer: PartOfWord | None = Field(default=None, description="only those with this in their peer's name or account")
    text: PartOfWord | None = Field(default=None, description="only those with this in id, name or peer, or as status")
    deleted: bool = Field(default=False, description="also those that their owners deleted")
    limit: int | None = Field(default=None, ge=1, description="at most so many; all, if not given")

    @property
    def wanted(self) -> Wanted:
        """The same, for the client."""
        match = self.model_dump(include={"status", "name", "peer", "text"}, exclude_none=True)
        return Wanted(cast("MatchForm", match), self.endpoint, self.account, self.deleted, self.limit)


class BothEnds(BaseModel):
    """A connection, seen from one of its ends."""

    own: InterfaceView
    other: InterfaceView | None = Field(description="the other end; null if it could not or may not be asked")
    link: bool | None = Field(description="whether the link exists; null if the other end was not asked")
    sentence: str = Field(description="the same for people")
    unasked: str | None = Field(description="why the other end did not answer")


class Explained(BaseModel):
    """Why a connection is up or not."""

    interface: str
    endpoint: str
    status: str
    link: bool | None = Field(description="whether the link exists; null if the other end was not asked")
    asked_both: bool = Field(description="whether both ends answered")
    sentence: str = Field(description="why, for people, from what both ends know and the faults that strike it")


class Inbox(BaseModel):
    """What has arrived at an interface."""

    interface: str
    endpoint: str
    payloads: list[PayloadView]


class Happened(TimelineRow):
    """A row of a timeline, with its endpoint."""

    endpoint: str = Field(description="where it happened")


@router.get("/accounts", summary="Which accounts are there?")
async def accounts(site: TheSite, cloud: TheCloud) -> list[AccountHere]:
    """List the accounts whose logins this console has, with their keys for the cloud's API."""
    keys = {one.account: AccessKey(id=one.id, secret=one.secret) for one in cloud.store.every(Key)}
    known = [one for one in site.context.accounts if site.context.may_act_as(one.uid)]
    return [AccountHere(account=one.uid, name=one.name or one.uid, key=keys.get(one.uid)) for one in known]


@router.get("/endpoints", summary="Which endpoints are there?")
async def endpoints(site: TheSite) -> list[EndpointHere]:
    """List the endpoints that may be asked from here, in the topology's order."""
    return [
        EndpointHere(endpoint=one.id, kind=one.kind, account=one.account, region=one.region, role=one.role)
        for one in site.context.at_hand
    ]


@router.get("/interfaces", summary="Which interfaces are there, and how do they stand?")
async def interfaces(clients: TheClients, asked: Annotated[AskedInterfaces, Query()]) -> Listed:
    """List interfaces, as `peering show` does; who did not answer is named, and delays the others' answer little."""
    with answered():
        found = await listing.interfaces(clients, asked.wanted)
    return Listed(interfaces=found.answers, silent=[Absent(**one) for one in found.silent], more=found.more)


@router.get("/interfaces/{interface}", summary="How do both ends of a connection stand?")
async def show(clients: TheClients, interface: InterfaceName) -> BothEnds:
    """Show both ends, as `peering show RI` does."""
    with answered():
        own, other, unasked = await clients.both_ends(interface)
    sentence = link_sentence(own, other)
    return BothEnds(own=own, other=other, link=link_exists(own, other), sentence=sentence, unasked=unasked)


@router.get("/interfaces/{interface}/why", summary="Why is a connection up, or not?")
async def why(site: TheSite, interface: InterfaceName) -> Explained:
    """Say in one sentence why a connection is up or not, as `peering why` does."""
    with answered():
        return Explained(**await owning.explain(site.clients, interface, _on_purpose(site, interface).faults))


@router.get("/interfaces/{interface}/wait", summary="Wait until an interface shows a status")
async def wait(
    clients: TheClients,
    interface: InterfaceName,
    status: Annotated[Status, Query(description="what to wait for")],
    timeout_seconds: Annotated[float, Query(gt=0, le=LONGEST_WAIT_SECONDS)] = 60.0,
) -> Standing:
    """Answer as soon as it shows that status, if only for a moment, as `peering wait`; 504 if it does not in time."""
    with answered():
        place = await until_shown(clients, interface, status, timeout_seconds)
    return Standing(interface=place.interface, endpoint=place.endpoint, status=status)


@router.get("/interfaces/{interface}/payloads", summary="What has arrived?")
async def inbox(clients: TheClients, interface: InterfaceName, after: Annotated[int, Query(ge=0)] = 0) -> Inbox:
    """List the payloads that have arrived after a row, as `peering inbox` does."""
    with answered():
        place = await clients.locate(interface)
        payloads = [payload async for payload in arrived(clients, place, after)]
    return Inbox(interface=place.interface, endpoint=place.endpoint, payloads=payloads)


@router.get("/interfaces/{interface}/trace", summary="Draw a connection", response_class=Response)
async def trace(
    site: TheSite,
    interface: InterfaceName,
    form: Annotated[
        Form, Query(description="svg, mmd: a Mermaid sequence diagram, txt: plain text, json: data")
    ] = "svg",
    last: Annotated[int, Query(ge=1, description="only so many of the latest moments")] = LAST_MOMENTS,
) -> Response:
    """Draw who said what to whom, when, and what was lost, as `peering trace` does."""
    with answered():
        drawn = (await gather(site.clients, interface, Part(last), _on_purpose(site, interface))).trace
    return Response(DRAWINGS[f".{form}"](drawn), media_type=_KINDS[form])


def _on_purpose(site: Site, name: str) -> OnPurpose:
    """What this console does to an interface's connection on purpose."""
    standing = site.faults.listed(name.partition("@")[0])
    return OnPurpose(site.faults.strikes(), [told_of(one.number, one.sentence, one.struck) for one in standing])


async def sources_of(
    clients: TheClients,
    interface: Annotated[
        str | None, Query(pattern=NAME_PATTERN, description="only this end and its peer; everything, if not given")
    ] = None,
) -> Sequence[Watched]:
    """What a stream is to tell of; found before it begins, so that a refusal is an answer like any other."""
    with answered():
        return await watched(clients, interface)


@router.get(
    "/events",
    summary="What happens?",
    response_class=EventSourceResponse,
    dependencies=[Depends(admitted)],
    responses={
        200: {
            "model": Happened,
            "description": "Server-sent events: `watching` (what), then `row` (this, each); `failed` is the last",
        }
    },
)
async def events(
    clients: TheClients, sources: Annotated[Sequence[Watched], Depends(sources_of)]
) -> AsyncIterator[ServerSentEvent]:
    """Stream every row of all timelines at hand, or of both ends of a connection, from the event `watching` on."""
    places = [f"{one.place.interface}@{one.place.endpoint}".lstrip("@") for one in sources]
    yield ServerSentEvent(data=places, event="watching")
    try:
        async with aclosing(transitions(clients, sources)) as rows:
            async for endpoint, row in rows:
                yield ServerSentEvent(data=Happened(endpoint=endpoint, **row.model_dump()), event="row")
    except ClientError as error:
        yield ServerSentEvent(data=Told(code=error.code, sentence=error.sentence), event="failed")

"""The forms of what the page is sent, and of what it may ask."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from console.faults.model import Fault
from console.trace.svg import NARROWEST_PIXELS, WIDEST_PIXELS, WIDTH_PIXELS
from shared.wire.forms import AccountId, EndpointId, InterfaceId, Name, Payload, RegionId
from shared.wire.request import PlainKind
from shared.wire.views import InterfaceView, PayloadView, View

PlaceName = Annotated[str, StringConstraints(pattern=r"^ri-[a-z0-9]{1,40}@(vpc|vbr)-[a-z0-9-]{1,40}$")]


class PageAsked(BaseModel):
    """What an open page shows: the two chosen ends, their endpoints, and a drawing so many pixels wide."""

    left: PlaceName | None = None
    right: PlaceName | None = None
    seen: list[EndpointId] = Field(default=[], max_length=2)
    width: int = Field(default=WIDTH_PIXELS, ge=NARROWEST_PIXELS, le=WIDEST_PIXELS)


class EndpointOnPage(View):
    """An endpoint that may be asked from here, and how its worker does."""

    endpoint: str
    account: str
    region: str
    role: str
    answers: bool | None = Field(description="whether its worker answered lately; null if it is only just being asked")
    error: str = Field(description="why it did not")
    pid: int | None = Field(description="its worker's process")
    statuses: dict[str, int] = Field(description="how many interfaces show which status")
    rejected: int = Field(description="how many deliveries its worker has set aside since it started")
    killable: bool = Field(description="whether its worker can be killed from here")
    cut: list[str] = Field(description="endpoints to which its words do not pass at present")
    cuttable: bool = Field(description="whether its wires can be cut from here")


class AccountOnPage(View):
    """The endpoints of an account, counted."""

    account: str
    endpoints: int
    silent: int = Field(description="how many of their workers do not answer")
    statuses: dict[str, int] = Field(description="how many of their interfaces show which status")


class OverviewOnPage(View):
    """The overview: how many endpoints are known here, and those of them that a page shows."""

    source: str = Field(description="where this is known from")
    total: int = Field(description="how many endpoints there are")
    silent: int = Field(description="how many of their workers do not answer")
    silent_first: list[str] = Field(description="the first of those, by their endpoints")
    statuses: dict[str, int] = Field(description="how many interfaces of all of them show which status")
    rejected: int = Field(description="how many deliveries all of their workers have set aside since they started")
    endpoints: list[EndpointOnPage] = Field(description="all of them if they are few, or else those that are seen")


class Choice(View):
    """What there is to choose from: accounts, or the endpoints of one; and how many more there are."""

    accounts: list[AccountOnPage]
    endpoints: list[EndpointOnPage]
    more: int


class ColumnOnPage(View):
    """One column: an end, if one was chosen and its worker knows it."""

    place: str = Field(description="ri-…@ENDPOINT; empty if none was chosen")
    view: InterfaceView | None
    error: str = Field(description="why there is no view, or why it is not fresh")
    inbox: list[PayloadView] = Field(description="the payloads that arrived last")


class Card(View):
    """A message that stands half-way, with its repetitions."""

    numbers: list[int] = Field(description="of what is held: the first, and the repetitions of it")
    side: Literal["left", "right"] = Field(description="the column of who said it")
    plain: str = Field(description="what it says, for people")
    says: str = Field(description="what it says, as an arrow does")
    source: str
    target: str
    follows: str = Field(description="what will follow when it is delivered, for people")


class FaultOnPage(View):
    """A fault that stands for the connection or for one of its wires."""

    number: int
    sentence: str
    struck: int
    over: bool


class ConnectionOnPage(View):
    """The state of a connection: both columns, and what lies between them."""

    columns: tuple[ColumnOnPage, ColumnOnPage]
    link: bool | None
    sentence: str
    drawing: str = Field(description="SVG, escaped by the server; its classes are those of drawing.css")
    told: list[str] = Field(description="every message of the drawing in words")
    cards: list[Card] = Field(description="the messages that stand half-way, in the order in which they would go on")
    faults: list[FaultOnPage] = Field(description="what is done to it on purpose")
    stepping: int | None = Field(description="the fault that stops every message of it, if one does")


class PageOfInterfaces(View):
    """A page of an endpoint's interfaces, in the order of their ids."""

    interfaces: list[InterfaceView]
    next: str | None = Field(description="what to ask for next; null if there is no more")
    here: list[str] = Field(description="those of their peers' endpoints that may be asked from here")


class FoundOnPage(View):
    """What a search found at all endpoints but one."""

    endpoints: list[EndpointOnPage] = Field(description="endpoints whose id or account matches")
    interfaces: list[InterfaceView]
    more: bool = Field(description="whether there is more than this")
    silent: int = Field(description="how many endpoints could not be searched")


class Asked(BaseModel):
    """An action; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CreateAsked(Asked):
    """Make an interface; a name and an id are chosen if none is given."""

    do: Literal["create"]
    endpoint: EndpointId
    interface: InterfaceId | Literal[""] = ""
    name: Name = ""


class ConfigureAsked(Asked):
    """Tell an interface who its peer is."""

    do: Literal["configure"]
    endpoint: EndpointId
    interface: InterfaceId
    peer: PlaceName
    account: AccountId | Literal[""] = ""
    region: RegionId | Literal[""] = ""


class PlainAsked(Asked):
    """A command that needs nothing but the interface."""

    do: PlainKind
    endpoint: EndpointId
    interface: InterfaceId


class SendAsked(Asked):
    """A payload for the peer."""

    do: Literal["send"]
    endpoint: EndpointId
    interface: InterfaceId
    body: Payload


class KillAsked(Asked):
    """For demonstrations: kill a worker (SIGKILL); the supervisor starts it again."""

    do: Literal["kill"]
    endpoint: EndpointId


class WireAsked(Asked):
    """For demonstrations: let nothing pass from one endpoint to the other, or let it pass again."""

    do: Literal["cut", "mend"]
    endpoint: EndpointId
    target: EndpointId


class FaultAsked(Asked):
    """Let a fault stand."""

    do: Literal["fault"]
    fault: Fault


class ClearAsked(Asked):
    """Clear a fault, or all those of a connection, by one of its interfaces."""

    do: Literal["clear"]
    number: int | None = None
    interface: InterfaceId | None = None


class CardAsked(Asked):
    """What becomes of a message that stands half-way; its repetitions are lost with every choice but `hold_back`."""

    do: Literal["deliver", "drop", "duplicate", "hold_back"]
    numbers: list[int] = Field(min_length=1, max_length=10_000)


class DeadLetterAsked(Asked):
    """Send a dead letter again to whom it was for, or throw it away."""

    do: Literal["replay_dead_letter", "drop_dead_letter"]
    dead_letter: str = Field(max_length=64)


class DeadLettersAsked(Asked):
    """Throw all dead letters away."""

    do: Literal["drop_dead_letters"]


BreakAsked = KillAsked | WireAsked | FaultAsked | ClearAsked | CardAsked
AnyAsked = Annotated[
    CreateAsked | ConfigureAsked | PlainAsked | SendAsked | DeadLetterAsked | DeadLettersAsked | BreakAsked,
    Field(discriminator="do"),
]


class Answer(View):
    """What became of an action."""

    outcome: Literal["done", "refused", "failed"]
    code: str = ""
    sentence: str = ""
    interface: str = ""
    status: str = ""

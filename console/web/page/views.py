"""The forms of what the page is sent, and of what it may ask."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.wire.forms import AccountId, EndpointId, InterfaceId, Name, Payload, RegionId
from shared.wire.request import PlainKind
from shared.wire.views import InterfaceView, PayloadView, View

PlaceName = Annotated[str, StringConstraints(pattern=r"^ri-[a-z0-9]{1,40}@(vpc|vbr)-[a-z0-9-]{1,40}$")]


class EndpointOnPage(View):
    """An endpoint that may be asked from here, and how its worker does."""

    endpoint: str
    account: str
    region: str
    role: str
    answers: bool = Field(description="whether its worker answered lately")
    error: str = Field(description="why it did not")
    pid: int | None = Field(description="its worker's process")
    statuses: dict[str, int] = Field(description="how many interfaces show which status")
    killable: bool = Field(description="whether its worker can be killed from here")
    cut: list[str] = Field(description="endpoints to which its words do not pass at present")
    cuttable: list[str] = Field(description="endpoints to which its wire can be cut from here")


class OverviewOnPage(View):
    """The overview: every endpoint that is known here."""

    source: str = Field(description="where this is known from")
    endpoints: list[EndpointOnPage]


class ColumnOnPage(View):
    """One column: an end, if one was chosen and its worker knows it."""

    place: str = Field(description="ri-…@ENDPOINT; empty if none was chosen")
    view: InterfaceView | None
    error: str = Field(description="why there is no view, or why it is not fresh")
    inbox: list[PayloadView] = Field(description="the payloads that arrived last")


class ConnectionOnPage(View):
    """The state of a connection: both columns, and what lies between them."""

    columns: tuple[ColumnOnPage, ColumnOnPage]
    link: bool | None
    sentence: str
    drawing: str = Field(description="SVG, escaped by the server; its classes are those of drawing.css")
    told: list[str] = Field(description="every message of the drawing in words")


class PageOfInterfaces(View):
    """A page of an endpoint's interfaces, in the order of their ids."""

    interfaces: list[InterfaceView]
    next: str | None = Field(description="what to ask for next; null if there is no more")


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


AnyAsked = Annotated[
    CreateAsked | ConfigureAsked | PlainAsked | SendAsked | KillAsked | WireAsked, Field(discriminator="do")
]


class Answer(View):
    """What became of an action."""

    outcome: Literal["done", "refused", "failed"]
    code: str = ""
    sentence: str = ""
    interface: str = ""
    status: str = ""

"""A command line has no privileges: it asks over the same broker, under its account's own name, like anybody.

What an owner's console may ask of a worker. One request carries many commands, and its id makes it safe to ask
again: a worker that has answered a request answers it the same way twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, get_args

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from shared.wire.forms import (
    MESSAGES_LIMIT,
    STRICT,
    AccountId,
    EndpointId,
    InterfaceId,
    Name,
    Number,
    Payload,
    RegionId,
    Unreadable,
    check_size,
    first_fault,
)

PAGE_LIMIT = 1_000
"""The longest page of a listing."""

SUBSCRIPTION_LIMIT_SECONDS = 60
"""How long a subscription lasts unless it is renewed."""

PlainKind = Literal["initiate", "suspend", "resume", "delete"]
"""Commands that change an interface and need nothing but its name."""

CHANGING = frozenset({"create", "configure", "send", *get_args(PlainKind)})
"""Commands whose answers are remembered, because doing them twice would not be the same."""

RequestId = Annotated[str, StringConstraints(pattern=r"^[a-f0-9]{32}$")]
Page = Annotated[int, Field(ge=1, le=PAGE_LIMIT)]


@with_config(STRICT)
class PeerForm(TypedDict):
    """Peer information, as an owner configures it."""

    interface: InterfaceId
    endpoint: EndpointId
    account: AccountId
    region: RegionId


@with_config(STRICT)
class CreateForm(TypedDict):
    """A new interface, Idle; with `peer` configured at once, and with `initiate` initiated at once."""

    kind: Literal["create"]
    interface: InterfaceId
    name: Name
    peer: PeerForm | None
    initiate: bool


@with_config(STRICT)
class ConfigureForm(TypedDict):
    """Set the peer information of an Idle interface."""

    kind: Literal["configure"]
    interface: InterfaceId
    peer: PeerForm


@with_config(STRICT)
class PlainForm(TypedDict):
    """A command that needs nothing but the interface."""

    kind: Literal[PlainKind, "show"]
    interface: InterfaceId


@with_config(STRICT)
class SendForm(TypedDict):
    """A payload for the peer."""

    kind: Literal["send"]
    interface: InterfaceId
    body: Payload


@with_config(STRICT)
class ListForm(TypedDict):
    """A page of the endpoint's interfaces, in the order of their ids, after the one named."""

    kind: Literal["list"]
    after: str
    limit: Page
    deleted: bool


@with_config(STRICT)
class ReadForm(TypedDict):
    """A page of an interface's inbox, or of the timeline (of all interfaces where none is named).

    The first rows after a place; with `before`, the last ones between the two places, and how many are earlier.
    """

    kind: Literal["inbox", "timeline"]
    interface: InterfaceId | None
    after: Number
    limit: Page
    before: NotRequired[Number]


@with_config(STRICT)
class SubscribeForm(TypedDict):
    """Be told of every new row of the timeline for a while; from the present on where `after` is null."""

    kind: Literal["subscribe"]
    interface: InterfaceId | None
    after: Number | None
    seconds: Annotated[int, Field(ge=1, le=SUBSCRIPTION_LIMIT_SECONDS)]


@with_config(STRICT)
class WorkerForm(TypedDict):
    """Ask the worker about itself."""

    kind: Literal["worker"]


CommandForm = Annotated[
    CreateForm | ConfigureForm | PlainForm | SendForm | ListForm | ReadForm | SubscribeForm | WorkerForm,
    Field(discriminator="kind"),
]


@with_config(STRICT)
class RequestForm(TypedDict):
    """Commands of one owner to one endpoint."""

    v: Literal[1]
    request: RequestId
    account: AccountId
    endpoint: EndpointId
    commands: Annotated[list[CommandForm], Field(min_length=1, max_length=MESSAGES_LIMIT)]


@with_config(STRICT)
class DoneForm(TypedDict):
    """A command was carried out."""

    outcome: Literal["done"]
    result: dict[str, Any] | None


@with_config(STRICT)
class RefusedForm(TypedDict):
    """A command was refused and changed nothing."""

    outcome: Literal["refused"]
    code: str
    sentence: str


AnswerForm = Annotated[DoneForm | RefusedForm, Field(discriminator="outcome")]


@with_config(STRICT)
class ReplyForm(TypedDict):
    """The answers to one request, in the order of its commands."""

    v: Literal[1]
    request: RequestId
    endpoint: EndpointId
    replies: list[AnswerForm]


@with_config(STRICT)
class ObservationsForm(TypedDict):
    """New rows of a worker's timeline, for those who subscribed."""

    v: Literal[1]
    request: RequestId
    endpoint: EndpointId
    rows: list[dict[str, Any]]


REQUEST: TypeAdapter[RequestForm] = TypeAdapter(RequestForm)
REPLY: TypeAdapter[ReplyForm] = TypeAdapter(ReplyForm)
OBSERVATIONS: TypeAdapter[ObservationsForm] = TypeAdapter(ObservationsForm)


class Kinds(NamedTuple):
    """The AMQP `type` of everything that travels."""

    bundle: str = "peering.bundle"
    request: str = "peering.request"
    reply: str = "peering.reply"
    observations: str = "peering.observations"


KINDS = Kinds()


def read_request(body: bytes) -> RequestForm:
    """Read a request. Raises Unreadable."""
    check_size(body)
    try:
        return REQUEST.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_fault(error)) from None


def read_reply(body: bytes) -> ReplyForm:
    """Read a reply. Raises Unreadable."""
    try:
        return REPLY.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_fault(error)) from None


def read_observations(body: bytes) -> ObservationsForm:
    """Read observations. Raises Unreadable."""
    try:
        return OBSERVATIONS.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_fault(error)) from None


def write_request(request: str, account: str, endpoint: str, commands: Sequence[CommandForm]) -> bytes:
    """Write a request as it is read."""
    return to_json({"v": 1, "request": request, "account": account, "endpoint": endpoint, "commands": commands})


def write_reply(request: str, endpoint: str, replies: Sequence[AnswerForm]) -> bytes:
    """Write a reply as it is read."""
    return to_json({"v": 1, "request": request, "endpoint": endpoint, "replies": replies})


def write_observations(request: str, endpoint: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """Write observations as they are read."""
    return to_json({"v": 1, "request": request, "endpoint": endpoint, "rows": rows})

"""Requests of owners to a worker, with their replies and observations.

An owner's program has no privileges: it asks over the same broker, under its account's own user, as anybody. One
request carries many commands, and its id makes it safe to ask again: a worker that has answered a request gives the
same reply twice.
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
    first_problem,
)

PAGE_LIMIT = 1_000
"""The largest number of rows in a page of a listing."""

SUBSCRIPTION_LIMIT_SECONDS = 60
"""The longest time that a subscription lasts unless it is renewed."""

PlainKind = Literal["initiate", "suspend", "resume", "delete"]
"""Commands that change an interface and need nothing but its name."""

CHANGING = frozenset({"create", "configure", "reject", "send", "acknowledge", *get_args(PlainKind)})
"""Commands whose answers are remembered, because doing them twice would not be the same."""

StatusWord = Literal[
    "Idle", "Connecting", "Accepting", "Activated", "Suspending", "Suspended", "Activating", "Deleting", "Deleted"
]
"""Every status, as a word on the wire."""

PartOfWord = Annotated[str, StringConstraints(min_length=1, max_length=128)]
RequestId = Annotated[str, StringConstraints(pattern=r"^[a-f0-9]{32}$")]
Page = Annotated[int, Field(ge=1, le=PAGE_LIMIT)]


@with_config(STRICT)
class PeerForm(TypedDict):
    """The peer information that an owner configures."""

    interface: InterfaceId
    endpoint: EndpointId
    account: AccountId
    region: RegionId


@with_config(STRICT)
class CreateForm(TypedDict):
    """Create an interface, Idle; with `peer` it is configured at once, and with `initiate` initiated."""

    kind: Literal["create"]
    interface: InterfaceId
    name: Name
    peer: PeerForm | None
    initiate: bool


@with_config(STRICT)
class ConfigureForm(TypedDict):
    """Set the peer information of an Idle interface, to wait for that peer or to reject it."""

    kind: Literal["configure", "reject"]
    interface: InterfaceId
    peer: PeerForm


@with_config(STRICT)
class PlainForm(TypedDict):
    """Carry out or show something that needs nothing but the interface."""

    kind: Literal[PlainKind, "show"]
    interface: InterfaceId


@with_config(STRICT)
class SendForm(TypedDict):
    """Send a payload to the peer."""

    kind: Literal["send"]
    interface: InterfaceId
    body: Payload


@with_config(STRICT)
class MatchForm(TypedDict, total=False):
    """Match interfaces by everything that is named here: a status, or parts of words, however they are spelt.

    `peer` is part of the peer's interface@endpoint or account; `text` of the id, the name or the peer, or a status.
    """

    status: StatusWord
    name: PartOfWord
    peer: PartOfWord
    text: PartOfWord


@with_config(STRICT)
class ListForm(TypedDict):
    """List a page of the endpoint's interfaces, in the order of their ids, after the one named; or those that match."""

    kind: Literal["list"]
    after: str
    limit: Page
    deleted: bool
    match: NotRequired[MatchForm]


@with_config(STRICT)
class ReadForm(TypedDict):
    """Read a page of an interface's inbox, or of the timeline (of all interfaces where none is named).

    The first rows after a place; with `before`, the last ones between the two places, and how many are earlier.
    """

    kind: Literal["inbox", "timeline"]
    interface: InterfaceId | None
    after: Number
    limit: Page
    before: NotRequired[Number]


@with_config(STRICT)
class AcknowledgeForm(TypedDict):
    """Let go of an interface's payloads through a row of its inbox, a page at a time, the oldest first."""

    kind: Literal["acknowledge"]
    interface: InterfaceId
    through: Number


@with_config(STRICT)
class SubscribeForm(TypedDict):
    """Subscribe to every new row of the timeline for a while; from the present on where `after` is null."""

    kind: Literal["subscribe"]
    interface: InterfaceId | None
    after: Number | None
    seconds: Annotated[int, Field(ge=1, le=SUBSCRIPTION_LIMIT_SECONDS)]


@with_config(STRICT)
class WorkerForm(TypedDict):
    """Ask the worker about itself."""

    kind: Literal["worker"]


CommandForm = Annotated[
    CreateForm
    | ConfigureForm
    | PlainForm
    | SendForm
    | ListForm
    | ReadForm
    | AcknowledgeForm
    | SubscribeForm
    | WorkerForm,
    Field(discriminator="kind"),
]


@with_config(STRICT)
class RequestForm(TypedDict):
    """A request: commands of one owner to one endpoint."""

    v: Literal[1]
    request: RequestId
    account: AccountId
    endpoint: EndpointId
    commands: Annotated[list[CommandForm], Field(min_length=1, max_length=MESSAGES_LIMIT)]


@with_config(STRICT)
class DoneForm(TypedDict):
    """The answer to a command that was carried out."""

    outcome: Literal["done"]
    result: dict[str, Any] | None


@with_config(STRICT)
class RefusedForm(TypedDict):
    """The refusal of a command, which changed nothing."""

    outcome: Literal["refused"]
    code: str
    sentence: str


AnswerForm = Annotated[DoneForm | RefusedForm, Field(discriminator="outcome")]


@with_config(STRICT)
class ReplyForm(TypedDict):
    """A reply: the answers to one request, in the order of its commands."""

    v: Literal[1]
    request: RequestId
    endpoint: EndpointId
    replies: list[AnswerForm]


@with_config(STRICT)
class ObservationsForm(TypedDict):
    """Observations: new rows of a worker's timeline, for those who subscribed."""

    v: Literal[1]
    request: RequestId
    endpoint: EndpointId
    rows: list[dict[str, Any]]


REQUEST: TypeAdapter[RequestForm] = TypeAdapter(RequestForm)
REPLY: TypeAdapter[ReplyForm] = TypeAdapter(ReplyForm)
OBSERVATIONS: TypeAdapter[ObservationsForm] = TypeAdapter(ObservationsForm)


class Kinds(NamedTuple):
    """The AMQP `type` of each kind of message."""

    bundle: str = "peering.bundle"
    request: str = "peering.request"
    reply: str = "peering.reply"
    observations: str = "peering.observations"


KINDS = Kinds()


def read_request(body: bytes) -> RequestForm:
    """Read the body of a request. Raises Unreadable."""
    check_size(body)
    try:
        return REQUEST.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_problem(error)) from None


def read_reply(body: bytes) -> ReplyForm:
    """Read the body of a reply. Raises Unreadable."""
    try:
        return REPLY.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_problem(error)) from None


def read_observations(body: bytes) -> ObservationsForm:
    """Read the body of observations. Raises Unreadable."""
    try:
        return OBSERVATIONS.validate_json(body)
    except ValidationError as error:
        raise Unreadable(first_problem(error)) from None


def write_request(request: str, account: str, endpoint: str, commands: Sequence[CommandForm]) -> bytes:
    """The body of a request."""
    return to_json({"v": 1, "request": request, "account": account, "endpoint": endpoint, "commands": commands})


def write_reply(request: str, endpoint: str, replies: Sequence[AnswerForm]) -> bytes:
    """The body of a reply."""
    return to_json({"v": 1, "request": request, "endpoint": endpoint, "replies": replies})


def write_observations(request: str, endpoint: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """The body of observations."""
    return to_json({"v": 1, "request": request, "endpoint": endpoint, "rows": rows})

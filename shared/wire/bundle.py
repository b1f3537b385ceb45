"""The bundle: one AMQP message with all protocol messages that one endpoint has for another at one moment.

As SCTP bundles chunks (RFC 9260 section 6.10): cost per connection falls as load grows, and a lone message goes
out at once. The JSON schema of a bundle is generated from these forms: they are
those of 0.1.0, which a program of any version reads. What was added since is in `additions.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from shared.protocol.messages import Claims, Data, Declare, Message, NotReady, Reason
from shared.protocol.words import Activation, Epoch, Intent, Kind, PeerInformation, Status
from shared.wire.additions import carriers, is_carrier, read_additions
from shared.wire.encoding import decode, encode
from shared.wire.forms import (
    MESSAGES_LIMIT,
    STRICT,
    AccountId,
    EndpointId,
    InterfaceId,
    Nonce,
    Number,
    Payload,
    Positive,
    Unreadable,
    check_size,
    first_problem,
)
from shared.wire.request import PeerForm
from shared.wire.versions import FORMAT_VERSION, refuse_newer

EpochForm = tuple[Positive, Nonce]


@with_config(STRICT)
class ClaimsForm(PeerForm):
    """The claims of an end that opens: who it is."""

    kind: Kind


@with_config(STRICT)
class DeclareForm(TypedDict):
    """A declaration of an end's whole register; one that opens has claims."""

    kind: Literal["declare"]
    source: InterfaceId
    target: InterfaceId
    epoch: EpochForm
    version: Positive
    intent: Literal["up", "suspended", "deleted"]
    to_epoch: EpochForm | None
    acknowledges: Number
    received: Number
    status: Status
    claims: ClaimsForm | None


@with_config(STRICT)
class NotReadyForm(TypedDict):
    """The answer of an end that is not past Idle."""

    kind: Literal["not_ready"]
    source: InterfaceId
    target: InterfaceId
    epoch: EpochForm | None
    to_epoch: EpochForm
    answers: Number
    reason: Reason


@with_config(STRICT)
class DataForm(TypedDict):
    """A payload, in the activation that it is sent in."""

    kind: Literal["data"]
    source: InterfaceId
    target: InterfaceId
    activation: tuple[EpochForm, Positive, EpochForm, Positive]
    number: Positive
    base: Number
    body: Payload


MessageForm = Annotated[DeclareForm | NotReadyForm | DataForm, Field(discriminator="kind")]


@with_config(STRICT)
class EnvelopeForm(TypedDict):
    """What a bundle is without its messages. `life` is the sender's store id, in the word of format 1."""

    v: Literal[1]
    endpoint: EndpointId
    account: AccountId
    to: EndpointId
    life: Nonce


@with_config(STRICT)
class BundleForm(EnvelopeForm):
    """A bundle; without messages it is a keepalive. `life` is the sender's store id, in the word of format 1."""

    messages: Annotated[list[MessageForm], Field(max_length=MESSAGES_LIMIT)]


@with_config(STRICT)
class UnreadForm(EnvelopeForm):
    """A bundle whose messages have not been looked at."""

    messages: Annotated[list[Any], Field(max_length=MESSAGES_LIMIT)]


READER: TypeAdapter[BundleForm] = TypeAdapter(BundleForm)
_UNREAD: TypeAdapter[UnreadForm] = TypeAdapter(UnreadForm)
_MESSAGE: TypeAdapter[DeclareForm | NotReadyForm | DataForm] = TypeAdapter(MessageForm)

_INTENTS = {intent.word: intent for intent in Intent}


class Addressed(NamedTuple):
    """A message with the interfaces that it goes from and to."""

    source: str
    target: str
    message: Message


class UnreadablePart(NamedTuple):
    """The messages of a bundle that cannot be read: the first problem, and a bundle of nothing but these."""

    reason: str
    body: bytes


class Bundle(NamedTuple):
    """A bundle as it is read and written; `store_id` is another one when the sender's store was lost.

    `unread` is the version of a bundle of the receiver's that the sender could not read, if it could not.
    """

    endpoint: str
    account: str
    to: str
    store_id: int
    messages: Sequence[Addressed]
    unreadable: UnreadablePart | None = None
    unread: int | None = None


def read_bundle(body: bytes) -> Bundle:
    """Read the body of a bundle, as far as its messages can be read.

    Raises NewerVersion, or Unreadable if it is not exactly a bundle, or if none of its messages can be read.
    """
    check_size(body)
    try:
        form = decode(READER, body)
    except ValidationError as error:
        return _read_one_by_one(body, error)
    return _bundle(form, list(enumerate(form["messages"])))


def _read_one_by_one(body: bytes, error: ValidationError) -> Bundle:
    """Read a bundle of which something is wrong message by message, so that one that is wrong stops no other."""
    readable: list[tuple[int, MessageForm]] = []
    unreadable: list[Any] = []
    try:
        form = decode(_UNREAD, body)
    except ValidationError as wrong:
        refuse_newer(body, wrong)
        raise Unreadable(first_problem(error)) from None
    for place, message in enumerate(form["messages"]):
        try:
            readable.append((place, decode(_MESSAGE, encode(message))))
        except ValidationError:
            unreadable.append(message)
    if not readable:
        raise Unreadable(first_problem(error))
    part = UnreadablePart(first_problem(error), encode({**form, "messages": unreadable}))
    return _bundle(form, readable, part)


def _bundle(
    form: EnvelopeForm, messages: list[tuple[int, MessageForm]], unreadable: UnreadablePart | None = None
) -> Bundle:
    """The bundle of these messages with their places; what could not be read is not among them, and has its place."""
    carried: list[MessageForm] = []
    while messages and is_carrier(messages[-1][1]):
        carried.append(messages.pop()[1])
    peers, unread = read_additions(carried)
    addressed = [Addressed(one["source"], one["target"], _message(one, peers.get(place))) for place, one in messages]
    return Bundle(form["endpoint"], form["account"], form["to"], form["life"], addressed, unreadable, unread)


def write_bundle(bundle: Bundle) -> bytes:
    """The body of a bundle. Carriers come last, so that they take nobody's place."""
    peers = [
        (place, _named(one.message.peer))
        for place, one in enumerate(bundle.messages)
        if isinstance(one.message, Declare) and one.message.peer is not None
    ]
    return encode(
        {
            "v": FORMAT_VERSION,
            "endpoint": bundle.endpoint,
            "account": bundle.account,
            "to": bundle.to,
            "life": bundle.store_id,
            "messages": [*map(_form, bundle.messages), *carriers(peers, bundle.unread)],
        }
    )


def _message(form: MessageForm, peer: PeerForm | None) -> Message:
    if form["kind"] == "declare":
        claims, to_epoch = form["claims"], form["to_epoch"]
        return Declare(
            Epoch(*form["epoch"]),
            form["version"],
            _INTENTS[form["intent"]],
            None if to_epoch is None else Epoch(*to_epoch),
            form["acknowledges"],
            form["received"],
            form["status"],
            None if claims is None else _claims(claims),
            None if peer is None else PeerInformation(**peer),
        )
    if form["kind"] == "data":
        epoch, version, peer_epoch, peer_version = form["activation"]
        activation = Activation(Epoch(*epoch), version, Epoch(*peer_epoch), peer_version)
        return Data(activation, form["number"], form["base"], form["body"])
    known = form["epoch"]
    return NotReady(
        None if known is None else Epoch(*known),
        Epoch(*form["to_epoch"]),
        form["answers"],
        form["reason"],
    )


def _claims(form: ClaimsForm) -> Claims:
    return Claims(form["interface"], form["endpoint"], form["kind"], form["account"], form["region"])


def _form(entry: Addressed) -> dict[str, Any]:
    """The form of a message, of plain values: an enum's member or a named tuple takes five times as long to write."""
    source, target, message = entry
    match message:
        case Declare():
            return {
                "kind": "declare",
                "source": source,
                "target": target,
                "epoch": _pair(message.epoch),
                "version": message.version,
                "intent": message.intent.word,
                "to_epoch": _pair(message.to_epoch),
                "acknowledges": message.acknowledges,
                "received": message.received,
                "status": message.status.value,
                "claims": None if message.claims is None else _claimed(message.claims),
            }
        case NotReady():
            return {
                "kind": "not_ready",
                "source": source,
                "target": target,
                "epoch": _pair(message.epoch),
                "to_epoch": _pair(message.to_epoch),
                "answers": message.answers,
                "reason": message.reason.value,
            }
        case Data(activation=tag):  # pragma: no branch - there is no fourth kind of message, and mypy knows
            return {
                "kind": "data",
                "source": source,
                "target": target,
                "activation": (_pair(tag.epoch), tag.version, _pair(tag.peer_epoch), tag.peer_version),
                "number": message.number,
                "base": message.base,
                "body": message.body,
            }


def _pair(epoch: Epoch | None) -> tuple[int, int] | None:
    return None if epoch is None else (epoch.number, epoch.nonce)


def _claimed(claims: Claims) -> dict[str, str]:
    return {**_named(claims), "kind": claims.kind.value}


def _named(end: PeerInformation | Claims) -> dict[str, str]:
    return {"interface": end.interface, "endpoint": end.endpoint, "account": end.account, "region": end.region}

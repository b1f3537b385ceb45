"""A letter is opened only after its envelope: what the broker vouches for decides whether the rest is read."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.broker.messages import Delivery
from shared.broker.names import EndpointQueue
from shared.protocol.words import Endpoint
from shared.runtime.peers import PeerId
from shared.runtime.timers import Expired
from shared.wire.bundle import Bundle, read_bundle
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS, RequestForm, read_request

UNPROVEN: Final = "unproven"
"""Stands in the place of a message's type where the broker does not vouch for its sender."""


class IncomingDelivery(NamedTuple):
    """One AMQP message as it came; `sender` is the account the broker vouches for, None if it vouches for none."""

    kind: str | None
    sender: str | None
    body: bytes
    reply_to: str | None = None


def envelope(delivery: Delivery, queue: EndpointQueue | None) -> IncomingDelivery:
    """Prove the sender three times: the queue, the exchange, and the user that RabbitMQ verified.

    `queue` None means that nobody vouches for a sender: identities are not enforced.
    """
    if queue is None:
        return IncomingDelivery(delivery.type, None, delivery.body, delivery.reply_to)
    proven = delivery.exchange == queue.exchange and delivery.user_id == queue.sender
    return IncomingDelivery(delivery.type if proven else UNPROVEN, queue.sender, delivery.body, delivery.reply_to)


class Heard(NamedTuple):
    """A bundle of a peer's worker."""

    letter: int
    sender: str
    bundle: Bundle


class Asked(NamedTuple):
    """A request of the owner's."""

    letter: int
    request: RequestForm
    reply_to: str


class Learnt(NamedTuple):
    """A peer's worker lives on another store than before, and every end that this concerns has asked it anew."""

    peer: PeerId
    life: int


class Item(NamedTuple):
    """Something that one transaction takes up: exactly one of its fields is filled."""

    heard: Heard | None = None
    asked: Asked | None = None
    ripe: Expired | None = None
    restate: str | None = None
    doubted: str | Learnt | None = None


def read(place: int, letter: IncomingDelivery, endpoint: Endpoint) -> Item:
    """Open a letter to this endpoint. Raises Unreadable, with what is wrong and nothing of what was in it."""
    if letter.kind == KINDS.bundle:
        bundle = read_bundle(letter.body)
        _check(letter.sender, bundle.account, bundle.to, endpoint.id)
        return Item(heard=Heard(place, bundle.account, bundle))
    if letter.kind == KINDS.request:
        request = read_request(letter.body)
        _check(letter.sender, request["account"], request["endpoint"], endpoint.id)
        if letter.sender not in (None, endpoint.account):
            raise Unreadable("a request of an account that does not own this endpoint")
        if letter.reply_to is None:
            raise Unreadable("a request without reply_to")
        return Item(asked=Asked(place, request, letter.reply_to))
    if letter.kind == UNPROVEN:
        raise Unreadable("the broker does not vouch for its sender")
    raise Unreadable("unknown type of message")


def _check(proven: str | None, claimed: str, to: str, endpoint: str) -> None:
    if proven is not None and proven != claimed:
        raise Unreadable("it claims another account than the broker vouches for")
    if to != endpoint:
        raise Unreadable("it is meant for another endpoint")


def split(item: Item) -> list[Item]:
    """The same item in its smallest parts: one message each."""
    if item.heard is None or len(item.heard.bundle.messages) <= 1:
        return [item]
    letter, sender, bundle = item.heard
    return [Item(heard=Heard(letter, sender, bundle._replace(messages=[one]))) for one in bundle.messages]

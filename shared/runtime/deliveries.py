"""Incoming deliveries: who sent them, as far as the broker proves it, and what they say.

A delivery is read only after its envelope: what the broker proves of the sender decides whether the body is looked at.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from shared.broker.messages import Delivery
from shared.broker.names import EndpointQueue
from shared.protocol.words import Endpoint
from shared.runtime.items import IncomingBundle, IncomingNewer, IncomingRequest
from shared.runtime.peers import PeerId
from shared.wire.bundle import read_bundle
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS, read_request
from shared.wire.versions import NewerVersion

UNPROVEN: Final = "unproven"
"""Stands in the place of a delivery's type where the broker does not prove its sender."""


Incoming: TypeAlias = IncomingBundle | IncomingNewer | IncomingRequest


class IncomingDelivery(NamedTuple):
    """An AMQP message as it came; `sender` is the account that the broker proves, None if it proves none."""

    kind: str | None
    sender: str | None
    body: bytes
    reply_to: str | None = None


def prove(delivery: Delivery, queue: EndpointQueue | None) -> IncomingDelivery:
    """Prove the sender three times: the queue, the exchange, and the user that RabbitMQ verified.

    `queue` None means that nothing proves a sender: identities are not enforced.
    """
    if queue is None:
        return IncomingDelivery(delivery.type, None, delivery.body, delivery.reply_to)
    proven = delivery.exchange == queue.exchange and delivery.user_id == queue.sender
    return IncomingDelivery(delivery.type if proven else UNPROVEN, queue.sender, delivery.body, delivery.reply_to)


def read(place: int, delivery: IncomingDelivery, endpoint: Endpoint) -> Incoming:
    """Read a delivery to this endpoint. Raises Unreadable, with what is wrong and nothing of what was in it."""
    if delivery.kind == KINDS.bundle:
        try:
            bundle = read_bundle(delivery.body)
        except NewerVersion as newer:
            _check(delivery.sender, newer.account, newer.to, endpoint.id)
            return IncomingNewer(place, PeerId(newer.endpoint, newer.account), newer.version)
        _check(delivery.sender, bundle.account, bundle.to, endpoint.id)
        return IncomingBundle(place, bundle.account, bundle)
    if delivery.kind == KINDS.request:
        request = read_request(delivery.body)
        _check(delivery.sender, request["account"], request["endpoint"], endpoint.id)
        if delivery.sender not in (None, endpoint.account):
            raise Unreadable("a request of an account that does not own this endpoint")
        if delivery.reply_to is None:
            raise Unreadable("a request without reply_to")
        return IncomingRequest(place, request, delivery.reply_to)
    if delivery.kind == UNPROVEN:
        raise Unreadable("the broker does not prove its sender")
    raise Unreadable("unknown type of message")


def _check(proven: str | None, claimed: str, to: str, endpoint: str) -> None:
    """Refuse a sender that claims another account than is proven, and what is meant for another endpoint."""
    if proven is not None and proven != claimed:
        raise Unreadable("it claims another account than the broker proves")
    if to != endpoint:
        raise Unreadable("it is meant for another endpoint")

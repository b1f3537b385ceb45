"""The detour of one wire through the control plane: what it consists of on the broker.

A wire is a binding: the sender's exchange, by the receiving endpoint's key, to the receiver's queue for that sender.
While a fault stands on it, that binding is gone; the same key leads to a queue of the control plane's, and another key
of the same exchange, the released one, to the receiver's queue. Whatever comes back by the released key has passed the
sender's own exchange and lies in the queue for that sender, so all that proves the sender still does. The keys have a
dot, which no endpoint id has.

Putting on and taking off bind the new way before the old one is unbound. The other order would lose what is said in
between, requests of owners among it, and tell the sender that there is no route; this one doubles a few messages, which
every receiver is made for. A mark, published after the old way is gone, tells the reader of the tap what came before
and may have a twin that arrived already: all of that passes, so no fault strikes at a message that arrives anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.broker.declarations import (
    QUEUE_LENGTH_BYTES,
    QUEUE_LENGTH_MESSAGES,
    Declaration,
    DeclareBinding,
    DeclareQueue,
    RemoveBinding,
    RemoveQueue,
)
from shared.broker.names import EndpointQueue

TAP_USER: Final = "peering-tap"
"""The login that reads taps and speaks in the senders' names, where the broker knows accounts."""
TAP_USER_TAG: Final = "impersonator"
"""RabbitMQ lets a user with this tag name another one as the sender of a message."""
TAP_CONFIGURE: Final = r"^peering\.tap\..*$"
TAP_WRITE: Final = r"^peering\.(x|q|tap)\..*$"
TAP_READ: Final = r"^peering\.((x|tap)\..*|dead-letters)$"
TAP_QUEUES: Final = r"^peering\.tap\."

MARK_TYPE: Final = "peering.mark"

_DELIVERY_LIMIT: Final = 1_000_000
"""A held message is delivered again with every start of a console, and must never be thrown away for that."""


@dataclass(frozen=True, slots=True)
class Tap:
    """The tap of one wire, which is named by the queue it ends in."""

    queue: EndpointQueue

    @property
    def name(self) -> str:
        """The queue in which everything said on this wire waits for the relay."""
        return self.queue.name.replace("peering.q.", "peering.tap.", 1)

    @property
    def released_key(self) -> str:
        """The key by which the relay's messages reach the receiver's queue."""
        return f"released.{self.queue.endpoint}"

    @property
    def mark_key(self) -> str:
        """The key by which the relay's own marks reach the tap."""
        return f"mark.{self.queue.endpoint}"

    @property
    def equipment(self) -> Sequence[Declaration]:
        """What the detour needs and what changes nothing yet; to be declared in every session of the relay."""
        arguments = (
            ("x-queue-type", "quorum"),
            ("x-single-active-consumer", True),
            ("x-delivery-limit", _DELIVERY_LIMIT),
            ("x-max-length", QUEUE_LENGTH_MESSAGES),
            ("x-max-length-bytes", QUEUE_LENGTH_BYTES),
            ("x-overflow", "reject-publish"),
        )
        return (
            DeclareQueue(self.name, arguments),
            DeclareBinding(self.queue.exchange, self.released_key, self.queue.name),
            DeclareBinding(self.queue.exchange, self.mark_key, self.name),
        )

    @property
    def putting_on(self) -> Sequence[Declaration]:
        """What leads the wire through the tap, in this order."""
        return (
            DeclareBinding(self.queue.exchange, self.queue.routing_key, self.name),
            RemoveBinding(self.queue.exchange, self.queue.routing_key, self.queue.name),
        )

    @property
    def taking_off(self) -> Sequence[Declaration]:
        """What makes the wire whole again, in this order."""
        return (
            DeclareBinding(self.queue.exchange, self.queue.routing_key, self.queue.name),
            RemoveBinding(self.queue.exchange, self.queue.routing_key, self.name),
        )

    @property
    def removing(self) -> Sequence[Declaration]:
        """What takes the equipment away, once the tap is empty; nothing may be left in it."""
        return (
            RemoveBinding(self.queue.exchange, self.mark_key, self.name),
            RemoveBinding(self.queue.exchange, self.released_key, self.queue.name),
            RemoveQueue(self.name),
        )

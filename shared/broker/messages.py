"""The values between the broker layer and those above it: deliveries, outgoing messages, results, the link's state.

What a broker reports is knowledge with a date on it, so each delivery names the session that it was made in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_OWN_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery: an AMQP message as it came; what its body claims is not part of it.

    `queue` and `exchange` are the broker's own words, and `user_id` is verified by the broker if it is there at all:
    a receiver that wants to know the sender must compare all three. `tag` grows over all queues of one session.
    `in_vain` is how often it was delivered before without an acknowledgement, as a quorum queue counts it.
    """

    queue: str
    exchange: str
    user_id: str | None
    type: str | None
    body: bytes
    reply_to: str | None
    correlation_id: str | None
    message_id: str | None
    redelivered: bool
    tag: int
    session: int
    in_vain: int = 0
    headers: Mapping[str, object] | None = None
    """Anybody's words; there are none unless the link was made to read them."""

    @property
    def known_id(self) -> str:
        """Its message id if it has the form of ours, to be logged; anybody can write any other."""
        return self.message_id if self.message_id is not None and _OWN_ID.fullmatch(self.message_id) else ""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to publish, always through the exchange of the account that speaks.

    `reply_to` is a routing key of the same exchange. Headers must stay small: beyond 128 KiB the broker closes the
    connection.
    """

    routing_key: str
    body: bytes
    type: str
    correlation_id: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    unproven: bool = False
    """Whether to name no user: a relay must not prove a sender that was not proven to it."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits in a queue without having been delivered, and how many read it."""

    waiting: int
    readers: int


class PublishResult(StrEnum):
    """What is known about a publish. There is no "failed": a lost confirmation does not mean a lost message."""

    CONFIRMED = "confirmed"
    """The broker has it on disk, in the queue it belongs to."""
    UNROUTABLE = "unroutable"
    """No queue is bound for this routing key, and the message is gone."""
    REFUSED = "refused"
    """The queue is full, or the message is too large, and the message is gone."""
    UNKNOWN = "unknown"
    """No answer in time, or no connection: the message may arrive, now or later, or never."""


class LinkCondition(StrEnum):
    """Where a link stands."""

    CONNECTING = "connecting"
    CONSUMING = "consuming"
    WAITING = "waiting"
    """The broker does not answer, or the connection broke; the next attempt comes by itself."""
    REFUSED = "refused"
    """The broker said no. An administrator can mend it, so the next attempt comes by itself, slowly."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where a link stands, why in one sentence, and what it has to do without.

    `missing` are pairs of a queue and the reason: a link reads the others meanwhile. `blocked` is why the broker takes
    no messages now, empty while it does; `period` is another number after each time in which it took none: what was
    UNKNOWN in one period can be said again in the next. Deliveries of other than these `sessions` can't be acknowledged
    any more, and come again.
    """

    condition: LinkCondition
    reason: str
    session: int = 0
    missing: tuple[tuple[str, str], ...] = ()
    pause_seconds: float = 0.0
    blocked: str = ""
    period: int = 0
    sessions: frozenset[int] = frozenset()

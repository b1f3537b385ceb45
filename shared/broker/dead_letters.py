"""Dead letters: copies of deliveries that were set aside, with where they came from and why.

A dead letter can hold anything: every account reaches the dead letters through its own exchange, so the headers are
words of whoever wrote them. What the broker itself says is the exchange that a dead letter came through and its
`user_id`. Both name the account that set it aside, and only to that account's own endpoints is its word good.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from shared.broker.messages import Delivery, OutgoingMessage
from shared.broker.names import (
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTER_KEY,
    OPEN_DEAD_LETTER_EXCHANGE,
    EndpointQueue,
    account_of,
    exchange_name,
    named_queue,
)

BODY_LIMIT_BYTES: Final = 64 * 1024
REASON_LIMIT_CHARACTERS: Final = 500
BROKER: Final = "the broker"
"""Who set aside what no worker did: RabbitMQ itself, beyond a queue's delivery limit."""
LOOKS: Final = frozenset({"x-delivery-count", "x-acquired-count"})
"""Headers in which RabbitMQ counts how often it was looked at."""

_ID_CHARACTERS: Final = 16


class StoredMessage(NamedTuple):
    """A message as it lies in the queue of dead letters. `exchange` and `user_id` are the broker's own words."""

    exchange: str
    user_id: str | None
    type: str | None
    message_id: str | None
    headers: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, as far as its headers say what it is, and as far as the broker says who set it aside.

    `queue` is where the delivery lay, which names its receiver and its sender. `set_aside_by` is an account, or BROKER;
    None if the broker proves none. `delivery` is what came, in the words of whoever set it aside. `size_bytes` is that
    of the whole body, of which a copy ends after BODY_LIMIT_BYTES.
    """

    id: str
    reason: str
    at: str | None
    queue: EndpointQueue | None
    set_aside_by: str | None
    delivery: Delivery
    size_bytes: int


def dead_letter(delivery: Delivery, reason: str) -> OutgoingMessage:
    """Copy a delivery: the first 64 KiB of its body, and what the broker proves of its sender."""
    headers = {
        "x-peering-reason": reason[:REASON_LIMIT_CHARACTERS],
        "x-peering-queue": delivery.queue,
        "x-peering-exchange": delivery.exchange,
        "x-peering-user": delivery.user_id or "",
        "x-peering-message": delivery.message_id or "",
        "x-peering-bytes": str(len(delivery.body)),
        "x-peering-time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    return OutgoingMessage(
        DEAD_LETTER_KEY,
        delivery.body[:BODY_LIMIT_BYTES],
        delivery.type or "",
        correlation_id=delivery.correlation_id,
        headers=headers,
    )


def read_dead_letter(stored: StoredMessage, vhost: str) -> DeadLetter:
    """Read what lies in the queue of dead letters; nothing in it makes this fail."""
    user = account_of(stored.user_id, vhost)
    if stored.exchange in {DEAD_LETTER_EXCHANGE, OPEN_DEAD_LETTER_EXCHANGE}:
        death = _latest_death(stored.headers)
        said = {
            "queue": death.get("queue"),
            "exchange": death.get("exchange"),
            "reason": f"RabbitMQ: {death.get('reason', 'unknown')}",
            "time": death.get("time"),
        }
        by: str | None = BROKER
    else:
        said = {
            name: stored.headers.get(f"x-peering-{name}") for name in ("queue", "exchange", "reason", "time", "bytes")
        }
        by = user if user is not None and stored.exchange == exchange_name(user) else None
        user = _text(stored.headers.get("x-peering-user"))
    time, size = said.get("time"), _text(said.get("bytes"))
    name = _text(said["queue"])
    return DeadLetter(
        _id_of(stored),
        _text(said["reason"]),
        time.isoformat(timespec="milliseconds") if isinstance(time, datetime) else _text(time) or None,
        named_queue(name),
        by,
        Delivery(
            name,
            _text(said["exchange"]),
            user,
            stored.type,
            stored.body,
            None,
            None,
            stored.message_id,
            redelivered=False,
            tag=0,
            session=0,
        ),
        int(size) if re.fullmatch("[0-9]{1,12}", size) else len(stored.body),
    )


def _latest_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """What RabbitMQ wrote last about where a message died."""
    deaths = headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else {}
    return latest if isinstance(latest, dict) else {}


def _text(value: object) -> str:
    """A header as text within a limit; whoever wrote it may have written anything."""
    return "" if value is None else str(value)[:REASON_LIMIT_CHARACTERS]


def _id_of(stored: StoredMessage) -> str:
    """Name a dead letter by all that is in it, so that no sender can give his the name of somebody else's."""
    headers = {name: value for name, value in stored.headers.items() if name not in LOOKS}
    parts = (stored.exchange, stored.user_id, stored.type, stored.message_id, sorted(headers.items(), key=str))
    return hashlib.sha256(repr(parts).encode() + b"\0" + stored.body).hexdigest()[:_ID_CHARACTERS]

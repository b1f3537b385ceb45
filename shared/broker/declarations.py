"""The queues' limits, and the exchanges, queues and bindings that are declared in open mode, as data.

A declaration here is AMQP's, of a queue; the protocol's is a message, `Declare`.

Limits belong to the broker, because a limit that each client must respect by itself is none. Where a control plane
provisions, they are policies, which an operator can change while everything runs. In open mode (one shared user, nobody
provisions) the workers and consoles declare their queues themselves, and the same limits are arguments of the queues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from shared.broker.names import (
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTER_KEY,
    OPEN_ACCOUNT,
    OPEN_DEAD_LETTER_EXCHANGE,
    OPEN_DEAD_LETTER_QUEUE,
    console_queue_name,
    console_routing_key,
    endpoint_queue,
    exchange_name,
)

Limits: TypeAlias = Mapping[str, str | int]

DELIVERY_LIMIT: Final = 20
"""Deliveries before a message that kills its reader is set aside: the default since 4.0, unlimited before."""
QUEUE_LENGTH_MESSAGES: Final = 100_000
"""Ten thousand would fill in seconds when a worker is down and a hundred thousand connections keep probing it."""
QUEUE_LENGTH_BYTES: Final = 64 * 1024 * 1024
CONSOLE_MESSAGE_TTL_MILLISECONDS: Final = 60_000
CONSOLE_LENGTH_MESSAGES: Final = 10_000
DEAD_LETTERS_LENGTH_MESSAGES: Final = 100_000

QUORUM_ARGUMENTS: Final[Mapping[str, str | int]] = MappingProxyType({"x-queue-type": "quorum"})
ENDPOINT_QUEUE_ARGUMENTS: Final[Mapping[str, str | int]] = MappingProxyType(
    {"x-queue-type": "quorum", "x-single-active-consumer": True}
)
"""One worker reads at a time; a second one waits in reserve."""
CONSOLE_QUEUE_ARGUMENTS: Final[Mapping[str, str | int]] = MappingProxyType({"x-queue-type": "classic"})
"""Classic, because quorum queues grant exclusive consumption to everybody who asks (3.10.8, 4.0.5)."""

ENDPOINT_LIMITS: Final[Limits] = MappingProxyType(
    {
        "delivery-limit": DELIVERY_LIMIT,
        "max-length": QUEUE_LENGTH_MESSAGES,
        "max-length-bytes": QUEUE_LENGTH_BYTES,
        "overflow": "reject-publish",
        "dead-letter-exchange": DEAD_LETTER_EXCHANGE,
        "dead-letter-strategy": "at-least-once",
    }
)
"""At-least-once dead letters need a refusing queue; a refused publish is `Outcome.REFUSED`, never a loss."""

CONSOLE_LIMITS: Final[Limits] = MappingProxyType(
    {
        "message-ttl": CONSOLE_MESSAGE_TTL_MILLISECONDS,
        "max-length": CONSOLE_LENGTH_MESSAGES,
        "overflow": "drop-head",
    }
)
"""A reply that nobody fetched in a minute has nobody left to read it."""

DEAD_LETTER_LIMITS: Final[Limits] = MappingProxyType(
    {"max-length": DEAD_LETTERS_LENGTH_MESSAGES, "overflow": "drop-head"}
)
"""The last resort never refuses, or at-least-once dead letters would stop the queues they come from."""
DEAD_LETTER_LOOKS: Final = 1_000_000_000
"""Deliveries before a dead letter is lost: each look is one, and RabbitMQ 4 would have lost it after the twentieth."""


@dataclass(frozen=True, slots=True)
class DeclareExchange:
    """An exchange that a worker may have to declare itself, in open mode."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class DeclareQueue:
    """A queue that a worker may have to declare itself, in open mode."""

    name: str
    arguments: tuple[tuple[str, str | int | bool], ...]


@dataclass(frozen=True, slots=True)
class DeclareBinding:
    """A binding that a worker may have to declare itself, in open mode."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class RemoveBinding:
    """A binding that the control plane takes away; one that is gone already is no error."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class RemoveQueue:
    """A queue that the control plane takes away; one that is gone already is no error."""

    name: str


Declaration: TypeAlias = DeclareExchange | DeclareQueue | DeclareBinding | RemoveBinding | RemoveQueue


def open_declarations(endpoints: Sequence[str]) -> tuple[Declaration, ...]:
    """What a worker or a console declares itself where one user is shared and nobody provisions.

    There is no policy then, so the limits are arguments of the queues.
    """
    exchange = exchange_name(OPEN_ACCOUNT)
    dead = DeclareQueue(OPEN_DEAD_LETTER_QUEUE, (*QUORUM_ARGUMENTS.items(), *_as_arguments(DEAD_LETTER_LIMITS)))
    queues = [endpoint_queue(OPEN_ACCOUNT, endpoint, OPEN_ACCOUNT) for endpoint in endpoints]
    arguments = (
        *ENDPOINT_QUEUE_ARGUMENTS.items(),
        *_as_arguments({**ENDPOINT_LIMITS, "dead-letter-exchange": OPEN_DEAD_LETTER_EXCHANGE}),
    )
    return (
        DeclareExchange(OPEN_DEAD_LETTER_EXCHANGE, "fanout"),
        DeclareExchange(exchange, "direct"),
        dead,
        DeclareBinding(OPEN_DEAD_LETTER_EXCHANGE, "", OPEN_DEAD_LETTER_QUEUE),
        DeclareBinding(exchange, DEAD_LETTER_KEY, OPEN_DEAD_LETTER_QUEUE),
        *(DeclareQueue(queue.name, arguments) for queue in queues),
        *(DeclareBinding(exchange, queue.routing_key, queue.name) for queue in queues),
    )


def open_console_declarations(slot: int) -> tuple[Declaration, ...]:
    """What a console declares before it listens on a slot, where nobody provisions."""
    exchange, queue = exchange_name(OPEN_ACCOUNT), console_queue_name(OPEN_ACCOUNT, slot)
    return (
        DeclareExchange(exchange, "direct"),
        DeclareQueue(queue, (*CONSOLE_QUEUE_ARGUMENTS.items(), *_as_arguments(CONSOLE_LIMITS))),
        DeclareBinding(exchange, console_routing_key(slot), queue),
    )


def _as_arguments(limits: Limits) -> tuple[tuple[str, str | int], ...]:
    """Limits, as arguments of a queue."""
    return tuple((f"x-{key}", value) for key, value in limits.items())

"""Names on the broker: exchanges, queues and routing keys, derived here and nowhere else.

A sender is proven by where its message lies. Each account publishes into an exchange of its own, and each pair of
receiving endpoint and sending account has a queue of its own: whoever reads
`peering.q.<owner>.<endpoint>.from.<sender>` knows the sender before opening the body, and a hostile sender can fill no
queue but its own. The parts hold no dots, so no name can be read in two ways.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

VHOST: Final = "peering"
WORLD_PREFIX: Final = f"{VHOST}."
"""How the virtual host of a world begins: one of several simulators on a shared broker."""
OPEN_ACCOUNT: Final = "open"
"""Stands in the place of the account in all names where one user is shared and identities are not enforced."""

DEAD_LETTER_EXCHANGE: Final = "peering.dead"
DEAD_LETTER_QUEUE: Final = "peering.dead-letters"
OPEN_DEAD_LETTER_EXCHANGE: Final = "peering.dead.open"
OPEN_DEAD_LETTER_QUEUE: Final = "peering.dead-letters.open"
"""Open mode has its own, because a queue whose limits are arguments can't be declared over one that has none."""
DEAD_LETTER_KEY: Final = "dead-letter"
LAST_QUEUE: Final = "peering.last"
"""How the name of a queue begins that is declared after all others, so that RabbitMQ writes their names to its disk."""

CONSOLE_SLOTS: Final = 8
"""How many queues for replies an account begins with: one for each console that waits at the same time."""
MOST_CONSOLE_SLOTS: Final = 64
"""How many it may have: the control plane makes more where they are wanted."""

_UID: Final = re.compile(r"[a-z0-9-]{1,32}")
_ENDPOINT_ID: Final = re.compile(r"[a-z0-9-]{1,64}")
_ENDPOINT_QUEUE: Final = re.compile(rf"peering\.q\.({_UID.pattern})\.({_ENDPOINT_ID.pattern})\.from\.({_UID.pattern})")


@dataclass(frozen=True, slots=True)
class EndpointQueue:
    """The queue of what one account says to one endpoint, and of nothing else."""

    owner: str
    endpoint: str
    sender: str

    @property
    def name(self) -> str:
        """The queue's name on the broker."""
        return f"peering.q.{checked_uid(self.owner)}.{checked_endpoint(self.endpoint)}.from.{checked_uid(self.sender)}"

    @property
    def exchange(self) -> str:
        """The only exchange bound to this queue: a delivery from another one is forged."""
        return exchange_name(self.sender)

    @property
    def routing_key(self) -> str:
        """What a sender addresses: the endpoint."""
        return self.endpoint


def checked_uid(uid: str) -> str:
    """Return the account uid if it can stand in a name; raise ValueError otherwise."""
    if not _UID.fullmatch(uid):
        message = f"an account is named with 1 to 32 of a-z, 0-9 and '-', not {uid!r}"
        raise ValueError(message)
    return uid


def checked_endpoint(endpoint: str) -> str:
    """Return the endpoint id if it can stand in a name; raise ValueError otherwise."""
    if not _ENDPOINT_ID.fullmatch(endpoint) or endpoint == DEAD_LETTER_KEY:
        message = f"an endpoint is named with 1 to 64 of a-z, 0-9 and '-', not {endpoint!r}"
        raise ValueError(message)
    return endpoint


def login_name(account: str, vhost: str) -> str:
    """The RabbitMQ user of an account: all virtual hosts share their users, so that of a world has the world's name."""
    return f"{account}@{vhost}" if vhost.startswith(WORLD_PREFIX) else account


def account_of(login: str | None, vhost: str) -> str | None:
    """The account of a RabbitMQ user in this virtual host; None if it is none there."""
    if login is None or not vhost.startswith(WORLD_PREFIX):
        return login
    account, _, world = login.partition("@")
    return account if world == vhost else None


def exchange_name(account: str) -> str:
    """Name the only exchange this account may publish to."""
    return f"peering.x.{checked_uid(account)}"


def endpoint_queue(owner: str, endpoint: str, sender: str) -> EndpointQueue:
    """Describe the queue for what `sender` says to this endpoint."""
    return EndpointQueue(owner, endpoint, sender)


def named_queue(name: str) -> EndpointQueue | None:
    """The queue that a name is of; None if it is no endpoint's."""
    match = _ENDPOINT_QUEUE.fullmatch(name)
    return None if match is None else EndpointQueue(*match.groups())


def endpoint_queues(owner: str, endpoint: str, senders: Iterable[str]) -> tuple[EndpointQueue, ...]:
    """All queues that this endpoint's worker reads, one per account that may speak to it."""
    return tuple(EndpointQueue(owner, endpoint, sender) for sender in senders)


def console_queue_name(account: str, slot: int) -> str:
    """Name the queue in which a console of this account hears its replies."""
    return f"peering.console.{checked_uid(account)}.{checked_slot(slot)}"


def console_routing_key(slot: int) -> str:
    """Name what a worker answers to: it stands in `reply_to`. The dot keeps it apart from every endpoint id."""
    return f"console.{checked_slot(slot)}"


def checked_slot(slot: int) -> int:
    """Return the console slot if there is one of that number; raise ValueError otherwise."""
    if not 0 <= slot < MOST_CONSOLE_SLOTS:
        message = f"there are console slots 0 to {MOST_CONSOLE_SLOTS - 1}, not {slot}"
        raise ValueError(message)
    return slot

"""The vocabulary of the protocol as values: kinds, intents, statuses, epochs, activations, addresses, roles, timers.

A connection has no value of its own here: it is two interfaces that name each other. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

LAST_NUMBER: Final = 2**40
"""The largest epoch number, version or payload number: none is ever reached, and the wire refuses what is beyond."""

NONCE_BITS: Final = 53
"""The length of every nonce, so that each JSON reader keeps it exact (RFC 8259 section 6)."""


class Kind(StrEnum):
    """The kind of an endpoint (article: "one end (VPC or VBR) of the connection")."""

    VPC = "vpc"
    VBR = "vbr"

    @classmethod
    def of(cls, endpoint: str) -> Kind | None:
        """The kind that an endpoint's id names (`vpc-…`, `vbr-…`); None for any other id."""
        kind, dash, _ = endpoint.partition("-")
        return _KINDS.get(kind) if dash else None


_KINDS = {str(kind): kind for kind in Kind}


class Intent(IntEnum):
    """The intent of one end; ordered so that the more restrictive of two intents is their maximum."""

    UP = 1
    SUSPENDED = 2
    DELETED = 3

    def __init__(self, _: int) -> None:
        """Keep the word that stands for the intent on the wire and in labels, where it is needed for every message."""
        self.word = self._name_.lower()


class Status(StrEnum):
    """The status that an end shows: the article's words, with Idle, Deleting and Deleted around them."""

    IDLE = "Idle"
    CONNECTING = "Connecting"
    ACCEPTING = "Accepting"
    ACTIVATED = "Activated"
    SUSPENDING = "Suspending"
    SUSPENDED = "Suspended"
    ACTIVATING = "Activating"
    DELETING = "Deleting"
    DELETED = "Deleted"

    @property
    def stable(self) -> bool:
        """Whether an end stays in this status until something happens: it waits for no acknowledgement."""
        return self in _STABLE


_STABLE = frozenset({Status.IDLE, Status.ACTIVATED, Status.SUSPENDED, Status.DELETED})


class Epoch(NamedTuple):
    """An incarnation of an interface: a number, and a nonce that tells two incarnations of one number apart.

    Only the number is ordered. The nonce plays the part of a BFD discriminator (RFC 5880 section 6.3): a record
    that was lost and made anew counts from one again, and must not be taken for the old one.
    """

    number: int
    nonce: int


class Activation(NamedTuple):
    """The stretch in which both ends are Activated, as the end that names it sees it."""

    epoch: Epoch
    version: int
    peer_epoch: Epoch
    peer_version: int

    @property
    def mirrored(self) -> Activation:
        """The same activation, as the other end names it."""
        return Activation(self.peer_epoch, self.peer_version, self.epoch, self.version)


class Address(NamedTuple):
    """The sender or receiver of a message: an interface, on an endpoint, of an account."""

    interface: str
    endpoint: str
    account: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: a VPC or VBR, which is one worker process in one role."""

    id: str
    kind: Kind
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class PeerInformation:
    """The peer information of an interface, set by its owner (article: "configure peer information")."""

    interface: str
    endpoint: str
    account: str
    region: str

    @property
    def address(self) -> Address:
        """The address of the peer."""
        return Address(self.interface, self.endpoint, self.account)


@dataclass(frozen=True, slots=True)
class Role:
    """A role: what an end may do until the connection is established; no difference after.

    Each end's own package defines its value; this package never names one. `kinds` are the kinds of endpoint that
    may have the role, `peer_kinds` those of the peer's.
    """

    name: str
    opening_status: Status
    may_initiate: bool
    pays_between_regions: bool
    api_name: str
    kinds: frozenset[Kind]
    peer_kinds: frozenset[Kind]


class Timer(StrEnum):
    """A timer that an interface may need. How long it takes, the worker's settings say."""

    RESEND = "resend"
    CONNECT = "connect"

"""A connection is not a thing: there are only two interfaces that name each other.

The vocabulary of DESIGN.md section 2, as values. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an endpoint is (article: "one end (VPC or VBR) of the connection")."""

    VPC = "vpc"
    VBR = "vbr"

    @classmethod
    def of(cls, endpoint: str) -> Kind | None:
        """Read the kind off an endpoint's id (`vpc-…`, `vbr-…`); None for anything else."""
        kind, dash, _ = endpoint.partition("-")
        return _KINDS.get(kind) if dash else None


_KINDS = {str(kind): kind for kind in Kind}


class Intent(IntEnum):
    """What one end wants; ordered so that the more restrictive of two intents is their maximum."""

    UP = 1
    SUSPENDED = 2
    DELETED = 3


class Status(StrEnum):
    """What an end shows: the article's words, with Idle, Deleting and Deleted around them."""

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
        """Whether an end may rest here: nothing that it said is still unacknowledged."""
        return self in _STABLE


_STABLE = frozenset({Status.IDLE, Status.ACTIVATED, Status.SUSPENDED, Status.DELETED})


class Epoch(NamedTuple):
    """One life of an interface's record: a counter, and a nonce that tells two lives of the same count apart.

    Only the number is ordered. The nonce (53 bits, so that every JSON reader keeps it exact, RFC 8259
    section 6) plays the part of a BFD discriminator (RFC 5880 section 6.3): a record that was lost and
    made anew counts from one again, and must not be taken for the old one.
    """

    number: int
    nonce: int


class Activation(NamedTuple):
    """The stretch in which both ends are Activated, as the end that names it sees it."""

    epoch: Epoch
    version: int
    peer_epoch: Epoch
    peer_version: int


class Address(NamedTuple):
    """Who speaks or is spoken to: an interface, on an endpoint, of an account."""

    interface: str
    endpoint: str
    account: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC or VBR. One worker process is one endpoint in one role."""

    id: str
    kind: Kind
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class PeerInformation:
    """What an owner told its interface about the other end (article: "configure peer information")."""

    interface: str
    endpoint: str
    account: str
    region: str

    @property
    def address(self) -> Address:
        """The peer as a party to messages."""
        return Address(self.interface, self.endpoint, self.account)


@dataclass(frozen=True, slots=True)
class Role:
    """What an end may do until the connection is established; afterwards nobody looks at it again.

    Each end's own package defines its value; this package never names one.
    """

    name: str
    opening_status: Status
    may_initiate: bool
    pays_between_regions: bool
    api_name: str
    kinds: frozenset[Kind]
    peer_kinds: frozenset[Kind]


class Timer(StrEnum):
    """What an interface may be waiting for. How long that is, the worker's settings say."""

    RESEND = "resend"
    CONNECT = "connect"

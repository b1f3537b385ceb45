"""The events of an interface: the seven commands of its owner, and everything else that can happen to it.

Commands are in the imperative, because an owner asks; the rest has already happened. An event that may have
to begin a new epoch brings the nonce for it, since a pure function makes none; one nonce may serve many events.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.protocol.messages import Message
from shared.protocol.words import Address, PeerInformation, Timer


@dataclass(frozen=True, slots=True)
class Configure:
    """Set the peer information of an Idle interface (article: required at both ends before initiating)."""

    peer: PeerInformation
    nonce: int


@dataclass(frozen=True, slots=True)
class Reject:
    """Set the peer information of an Idle interface, and reject that peer: it is told so, whenever it asks."""

    peer: PeerInformation
    nonce: int


@dataclass(frozen=True, slots=True)
class Initiate:
    """Initiate the connection (article: only one of the two roles can)."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Suspend the connection: put this end's own hold on it."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume the connection: lift this end's own hold."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete this end's interface."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a payload to the peer, exactly once and in order."""

    body: str


Command = Configure | Reject | Initiate | Suspend | Resume | Delete | Send


@dataclass(frozen=True, slots=True)
class Received:
    """A message was received; who sent it has already been proven with the broker's help."""

    sender: Address
    message: Message
    nonce: int


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that `timers()` asked for has expired."""

    timer: Timer
    nonce: int


@dataclass(frozen=True, slots=True)
class Restate:
    """The register is to be declared again: the peer may have lost the last declaration."""


@dataclass(frozen=True, slots=True)
class PeerStoreChanged:
    """The peer's worker has another store than before: what it knew of this end may be gone, and is asked for."""


@dataclass(frozen=True, slots=True)
class Restored:
    """This end's own store came from a backup: whatever it declared since then, it has forgotten."""

    nonce: int


Event = Command | Received | Due | Restate | PeerStoreChanged | Restored

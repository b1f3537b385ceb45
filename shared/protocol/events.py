"""Nothing happens to an interface by itself: here is the complete list of what can.

Commands are in the imperative, because an owner asks; the rest has already happened. An event that may have
to begin a new epoch brings the nonce for it, since the core rolls no dice; one nonce may serve many events.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.protocol.messages import Message
from shared.protocol.words import Address, PeerInformation, Timer


@dataclass(frozen=True, slots=True)
class Configure:
    """Set the peer information (article: required at both ends before a connection is initiated)."""

    peer: PeerInformation
    nonce: int


@dataclass(frozen=True, slots=True)
class Initiate:
    """Start the connection (article: only one of the two roles can)."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Put this end's own hold on the connection."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Lift this end's own hold."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove this end."""


@dataclass(frozen=True, slots=True)
class Send:
    """Carry a payload to the peer, exactly once and in order."""

    body: str


Command = Configure | Initiate | Suspend | Resume | Delete | Send


@dataclass(frozen=True, slots=True)
class Received:
    """A message arrived; who sent it has already been proven by the broker."""

    sender: Address
    message: Message
    nonce: int


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that `timers()` asked for has run out."""

    timer: Timer
    nonce: int


@dataclass(frozen=True, slots=True)
class Restate:
    """Say the register again: the peer's worker may have forgotten it, or not have heard how it ended."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The peer's worker lives on another store: what it knew of this end may be gone, and has to be asked for."""


@dataclass(frozen=True, slots=True)
class Restored:
    """This end's own store came from a backup: whatever it said since then, it has forgotten."""

    nonce: int


Event = Command | Received | Due | Restate | Doubted | Restored

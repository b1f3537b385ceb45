"""An interface does not have a status: it has a register, and its status is what follows from it.

Each end owns (epoch, version, intent), remembers the latest register it has seen of its peer, and the highest
version of its own that the peer has acknowledged. Everything shown is derived from that here, so nothing shown
can disagree with what is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from shared.protocol.messages import Reason
from shared.protocol.words import (
    Activation,
    Address,
    Endpoint,
    Epoch,
    Intent,
    PeerInformation,
    Role,
    Status,
    Timer,
)


class Changes(TypedDict, total=False):
    """What of a record may change: everything that is not who and where it is."""

    name: str
    peer: PeerInformation | None
    open: bool
    epoch: Epoch
    version: int
    intent: Intent
    peer_epoch: Epoch | None
    peer_version: int
    peer_intent: Intent
    peer_status: Status | None
    acknowledged: int
    sent: int
    arrived: int
    received: int
    reason: Reason | None
    caller: Address | None


@dataclass(frozen=True)
class Interface:
    """One end of one peering connection: the durable record, and nothing that could be derived from it.

    `open` is False while the interface is Idle, and again once it is Deleted. `acknowledged` is the highest
    version of this end that the peer's present epoch has recorded. `peer_status` is what the peer said it
    shows; no rule reads it. `sent`, `arrived` and `received` number
    payloads: the last one accepted here, the last one the peer has acknowledged, the last one kept from the
    peer. `caller` is the last stranger that asked in vain, for the owner's eyes.
    """

    id: str
    endpoint: Endpoint
    role: Role
    epoch: Epoch
    name: str = ""
    peer: PeerInformation | None = None
    open: bool = False
    version: int = 0
    intent: Intent = Intent.UP
    peer_epoch: Epoch | None = None
    peer_version: int = 0
    peer_intent: Intent = Intent.UP
    peer_status: Status | None = None
    acknowledged: int = 0
    sent: int = 0
    arrived: int = 0
    received: int = 0
    reason: Reason | None = None
    caller: Address | None = None
    status: Status = field(init=False, compare=False, repr=False)

    def but(self, **changes: Unpack[Changes]) -> Interface:
        """The same record with these fields changed: `dataclasses.replace`, ten times as fast.

        Copying the fields as one dictionary is what makes it so, and why this class alone has no slots.
        """
        made = object.__new__(Interface)
        fields = made.__dict__
        fields.update(self.__dict__)
        fields.update(changes)
        fields["status"] = _status(made)
        return made

    @property
    def settled(self) -> bool:
        """Whether the peer's present epoch has recorded this end's latest version: I know that you know."""
        return self.peer_epoch is not None and self.acknowledged == self.version

    def __post_init__(self) -> None:
        """Derive the status once: it is read many times more often than a record changes."""
        object.__setattr__(self, "status", _status(self))

    @property
    def opening(self) -> bool:
        """Whether this end is past Idle but its peer has not acknowledged anything of its present life."""
        return self.status is self.role.opening_status

    @property
    def activation(self) -> Activation | None:
        """The activation this end could send or deliver in; None while either end wants something else."""
        if not self.open or self.peer_epoch is None or max(self.intent, self.peer_intent) is not Intent.UP:
            return None
        return Activation(self.epoch, self.version, self.peer_epoch, self.peer_version)

    @property
    def unacknowledged(self) -> int:
        """How many payloads accepted here the peer has not acknowledged yet."""
        return self.sent - self.arrived

    def knows(self, sender: Address) -> bool:
        """Whether the sender is exactly the peer this end's owner configured."""
        return self.peer is not None and self.peer.address == sender

    @property
    def charged(self) -> bool:
        """Whether this end pays (article: between regions one end does, within a region nobody)."""
        return self.role.pays_between_regions and self.peer is not None and self.peer.region != self.endpoint.region


def _status(state: Interface) -> Status:
    """What an end shows (article's table; DESIGN.md section 4: the most restrictive of two intents)."""
    if not state.open:
        return Status.DELETED if state.intent is Intent.DELETED else Status.IDLE
    joint = max(state.intent, state.peer_intent)
    if joint is Intent.DELETED:
        both = state.intent is state.peer_intent
        return Status.DELETED if state.settled or both else Status.DELETING
    if joint is Intent.SUSPENDED and (state.acknowledged or state.intent is Intent.SUSPENDED):
        return Status.SUSPENDED if state.settled else Status.SUSPENDING
    if not state.acknowledged:
        return state.role.opening_status
    return Status.ACTIVATED if state.settled else Status.ACTIVATING


_NOTHING: frozenset[Timer] = frozenset()
_RESEND = frozenset({Timer.RESEND})
_OPENING = frozenset({Timer.RESEND, Timer.CONNECT})


def timers(state: Interface) -> frozenset[Timer]:
    """What the interface waits for, derived from its record, so that a restart needs no memory of timers."""
    if not state.open:
        return _NOTHING
    if state.role.may_initiate and state.opening:
        return _OPENING
    status = state.status
    waiting_payloads = status is Status.ACTIVATED and state.unacknowledged > 0
    unheard = not state.settled or state.reason is not None
    if waiting_payloads or (unheard and status is not Status.DELETED):
        return _RESEND
    return _NOTHING

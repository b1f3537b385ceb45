"""The record of an interface, and what is derived from it: `status_of`, the activation, the timers.

Two ends that share nothing can't switch at the same moment, and the last sender never knows that its last message was
received (the two generals' problem). So no status here says anything about both ends at once. Each end owns a
register, (epoch, version, intent); it remembers the highest register it has received of its peer, and the highest
version of its own that the peer has acknowledged. A status is a function of these alone, `status_of`, and is never
stored as a fact of its own: so what is shown can't disagree with what is known, a restart needs no memory beside the
record, and there is no transition that could be forgotten.

The rules behind `status_of`:

- the joint intent is the more restrictive of the two: deleted, then suspended, then up;
- an end shows the stable status of the joint intent (Activated, Suspended, Deleted) once its own latest version is
  acknowledged by the peer's current epoch, and the transitional one (Activating, Suspending, Deleting) until then;
- before the peer has acknowledged anything, an end that is past Idle shows its role's opening status.

Because an end raises its own version whenever the peer's intent changes (rule R2 in `reception`), an answering end
passes through the transitional status as well: three messages, and each end knows that the other knows.
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
    """The fields of a record that may change: all but id, endpoint and role."""

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
    sent_acknowledged: int
    received: int
    reason: Reason | None
    caller: Address | None


@dataclass(frozen=True)
class Interface:
    """One end of one peering connection: its durable record, and nothing that could be derived.

    `open` is False while the interface is Idle, and again once it is Deleted.
    `epoch`, `version`, `intent`: this end's own register, which nobody else writes.
    `peer_epoch`, `peer_version`, `peer_intent`: the highest register received of the peer (R2); no epoch: none yet.
    `acknowledged`: the highest version of this end that the peer's current epoch has recorded (R3).
    `sent`, `sent_acknowledged`, `received` number payloads: the last one accepted here, the last of these that the
    peer has acknowledged, and the last one kept from the peer (R6).
    For people only: `peer_status` is what the peer said it shows, `reason` why the connection is not up (of which the
    rules read whether there is one, and of an Idle end's whether it is its owner's rejection), `caller` the last sender
    that was not the peer and asked in vain.
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
    sent_acknowledged: int = 0
    received: int = 0
    reason: Reason | None = None
    caller: Address | None = None
    status: Status = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the status once: it is read many times more often than a record changes."""
        object.__setattr__(self, "status", status_of(self))

    def but(self, **changes: Unpack[Changes]) -> Interface:
        """The record with these fields changed, as `dataclasses.replace` would make it in ten times as long.

        Copying the fields as one dictionary is what makes it fast, and why this class alone has no slots.
        """
        made = object.__new__(Interface)
        fields = made.__dict__
        fields.update(self.__dict__)
        fields.update(changes)
        fields["status"] = status_of(made)
        return made

    @property
    def acknowledged_by_peer(self) -> bool:
        """Whether the peer's current epoch has acknowledged this end's latest version: I know that you know."""
        return self.peer_epoch is not None and self.acknowledged == self.version

    @property
    def opening(self) -> bool:
        """Whether this end is past Idle while its peer has acknowledged nothing of its current epoch."""
        return self.status is self.role.opening_status

    @property
    def activation(self) -> Activation | None:
        """The activation that this end could send or deliver in; None unless both intents are up."""
        if not self.open or self.peer_epoch is None or max(self.intent, self.peer_intent) is not Intent.UP:
            return None
        return Activation(self.epoch, self.version, self.peer_epoch, self.peer_version)

    @property
    def unacknowledged(self) -> int:
        """The number of payloads accepted here that the peer has not acknowledged yet."""
        return self.sent - self.sent_acknowledged

    def is_peer(self, sender: Address) -> bool:
        """Whether the sender is exactly the peer that this end's owner configured (R0)."""
        return self.peer is not None and self.peer.address == sender

    @property
    def charged(self) -> bool:
        """Whether this end pays (article: between regions one end does, within a region nobody)."""
        return self.role.pays_between_regions and self.peer is not None and self.peer.region != self.endpoint.region


def status_of(state: Interface) -> Status:
    """Derive the status that an end shows; its last line is where a connection becomes Activated."""
    if not state.open:
        return Status.DELETED if state.intent is Intent.DELETED else Status.IDLE
    joint = max(state.intent, state.peer_intent)
    if joint is Intent.DELETED:
        both = state.intent is state.peer_intent
        return Status.DELETED if state.acknowledged_by_peer or both else Status.DELETING
    if joint is Intent.SUSPENDED and (state.acknowledged or state.intent is Intent.SUSPENDED):
        return Status.SUSPENDED if state.acknowledged_by_peer else Status.SUSPENDING
    if not state.acknowledged:
        return state.role.opening_status
    return Status.ACTIVATED if state.acknowledged_by_peer else Status.ACTIVATING


_NONE: frozenset[Timer] = frozenset()
_RESEND = frozenset({Timer.RESEND})
_OPENING = frozenset({Timer.RESEND, Timer.CONNECT})


def timers(state: Interface) -> frozenset[Timer]:
    """The timers that an interface needs, derived from its record, so that a restart needs no memory of them."""
    if not state.open:
        return _NONE
    if state.role.may_initiate and state.opening:
        return _OPENING
    status = state.status
    waiting_payloads = status is Status.ACTIVATED and state.unacknowledged > 0
    waiting_answer = not state.acknowledged_by_peer or state.reason is not None
    if waiting_payloads or (waiting_answer and status is not Status.DELETED):
        return _RESEND
    return _NONE

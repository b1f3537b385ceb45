"""The three messages between two interfaces: `Declare`, `NotReady` and `Data`.

`Declare` carries all that a peer needs to know, so it can be lost, doubled, reordered and repeated without harm, and
it is command, acknowledgement, confirmation and keepalive in one (RFC 5880 section 6.2 exchanges state this way
instead of events). `NotReady` is the answer of an end that is not past Idle. `Data` carries a payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.protocol.words import Activation, Epoch, Intent, Kind, PeerInformation, Status


class Reason(StrEnum):
    """The stable code of why a connection is not up."""

    PEER_NOT_CONFIGURED = "PeerNotConfigured"
    PEER_REGION_MISMATCH = "PeerRegionMismatch"
    PEER_KIND_MISMATCH = "PeerKindMismatch"
    WRONG_PEER_REGION = "WrongPeerRegion"
    WRONG_PEER_INFORMATION = "WrongPeerInformation"
    NOT_INITIATED = "NotInitiated"
    NOT_OPENED = "NotOpened"
    NO_ANSWER = "NoAnswer"
    PEER_REJECTED = "PeerRejected"
    REJECTED_BY_PEER = "RejectedByPeer"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of an end that opens: who it says it is, to be compared with peer information field by field."""

    interface: str
    endpoint: str
    kind: Kind
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Declare:
    """A declaration: the sender's whole register, and what it has recorded of its peer's.

    `status` is what the sender shows. One that is not stable asks for an answer, because the sender's latest
    version is not acknowledged yet (the Poll bit of RFC 5880 section 6.5); a stable one asks for nothing, so
    two ends at rest never go on answering each other. `to_epoch` is the epoch it speaks to (None: not known yet) and
    `acknowledges` the highest version of that epoch that the sender has recorded. `received` is the number of the
    last payload that the sender has kept, whole and in order. While nobody has acknowledged anything of it, an end
    that opens says with `claims` who it is; one that asks first says with `peer` also whom it takes the other for.
    """

    epoch: Epoch
    version: int
    intent: Intent
    to_epoch: Epoch | None
    acknowledges: int
    received: int
    status: Status
    claims: Claims | None = None
    peer: PeerInformation | None = None

    @property
    def initiates(self) -> bool:
        """Whether it is an *Initiate*, which asks a waiting end to open; a worker of 0.1.0 says no `peer` with it."""
        return self.peer is not None or (self.claims is not None and self.status is Status.CONNECTING)


@dataclass(frozen=True, slots=True)
class NotReady:
    """The answer of an end that is not past Idle, with the reason.

    `epoch` is None when the end does not know the sender: then the answer holds nothing that the sender
    did not say itself. `to_epoch` and `answers` repeat what is being answered, so that an answer from the
    past cannot speak about the present.
    """

    epoch: Epoch | None
    to_epoch: Epoch
    answers: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Data:
    """A payload, in the activation that it is sent in.

    `number` counts this sender's payloads from 1; `base` is the last number that the peer has acknowledged, where a
    receiver without memory of the stream begins.
    """

    activation: Activation
    number: int
    base: int
    body: str

    @property
    def epoch(self) -> Epoch:
        """The epoch of the sender."""
        return self.activation.epoch

    @property
    def version(self) -> int:
        """The version of the sender."""
        return self.activation.version

    @property
    def to_epoch(self) -> Epoch:
        """The epoch of the receiver that this payload speaks to."""
        return self.activation.peer_epoch


Message = Declare | NotReady | Data

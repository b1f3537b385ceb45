"""There is one message; commands, acknowledgements, confirmations and keepalives are all the same sentence.

`Declare` says everything a peer needs to know, so it can be lost, doubled, reordered and repeated without
harm (RFC 5880 section 6.2 exchanges state this way instead of events). `NotReady` is what an end says that
is not past Idle, and `Data` is what the connection is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.protocol.words import Activation, Epoch, Intent, Kind, Status


class Reason(StrEnum):
    """Why a connection is not up, in the words of the end that knows."""

    PEER_NOT_CONFIGURED = "PeerNotConfigured"
    PEER_REGION_MISMATCH = "PeerRegionMismatch"
    PEER_KIND_MISMATCH = "PeerKindMismatch"
    NOT_INITIATED = "NotInitiated"
    NOT_OPENED = "NotOpened"
    NO_ANSWER = "NoAnswer"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an end says of itself when it asks to be let in; compared word for word, never believed alone."""

    interface: str
    endpoint: str
    kind: Kind
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Declare:
    """An end's whole register, and what it has recorded of its peer's.

    `status` is what the sender shows. One that is not stable asks for an answer, because the sender's latest
    version is not acknowledged yet (the P bit of RFC 5880 section 6.5); a contented end asks for nothing, so
    two contented ends never chatter. `received` is the number of the last payload this end has kept, whole
    and in order. With `claims` the declaration is an *Initiate*.
    """

    epoch: Epoch
    version: int
    intent: Intent
    to_epoch: Epoch | None
    acknowledges: int
    received: int
    status: Status
    claims: Claims | None = None


@dataclass(frozen=True, slots=True)
class NotReady:
    """The answer of an end that is not past Idle.

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
    """One payload, inside one activation.

    `number` counts this sender's payloads from 1; `base` is the last number the sender knows to have
    arrived, where a receiver without memory of the stream begins.
    """

    activation: Activation
    number: int
    base: int
    body: str

    @property
    def epoch(self) -> Epoch:
        """The sender's epoch."""
        return self.activation.epoch

    @property
    def version(self) -> int:
        """The sender's version."""
        return self.activation.version

    @property
    def to_epoch(self) -> Epoch:
        """The epoch this payload speaks to."""
        return self.activation.peer_epoch


Message = Declare | NotReady | Data

"""The functions on a register that rules and commands share: declare it, raise it, begin an epoch, adopt the peer's.

A register is safe as long as its numbers only grow. A store that was lost or restored goes back, so an end that finds
out begins a new epoch: a higher number than any it was spoken to with, and a nonce. What was acknowledged in another
epoch counts no more, so no message from before can confirm anything after (TCP keeps old duplicates apart by initial
sequence numbers, RFC 9293 section 3.4.1).
"""

from __future__ import annotations

from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare
from shared.protocol.words import LAST_NUMBER, Epoch, Intent


def declaration(state: Interface) -> Declare:
    """The declaration of the whole register, with what consent needs while the peer has acknowledged nothing of it."""
    unanswered = state.open and not state.acknowledged
    return Declare(
        epoch=state.epoch,
        version=state.version,
        intent=state.intent,
        to_epoch=state.peer_epoch,
        acknowledges=state.peer_version,
        received=state.received,
        status=state.status,
        claims=_claims(state) if unanswered else None,
        peer=state.peer if unanswered and state.role.may_initiate else None,
    )


def poll(state: Interface) -> Declare:
    """A declaration that acknowledges nothing, so that a peer at rest answers as well (RFC 5880 section 6.5).

    Sent by an end at rest whose peer said it has forgotten: an old message of that kind must not count for ever.
    """
    own = declaration(state)
    return Declare(own.epoch, own.version, own.intent, own.to_epoch, 0, own.received, own.status)


def _claims(state: Interface) -> Claims:
    own = state.endpoint
    return Claims(state.id, own.id, own.kind, own.account, own.region)


def deleted_declaration(state: Interface, to_epoch: Epoch, version: int) -> Declare:
    """The answer of a deleted interface to whatever it receives: it is deleted, and it has recorded that version.

    As TCP in the state CLOSED answers every segment (RFC 9293 section 3.5.2).
    """
    return Declare(state.epoch, state.version, Intent.DELETED, to_epoch, version, state.received, state.status)


def renewed(state: Interface, number: int, nonce: int) -> Interface:
    """Begin the epoch after `number`: what the peer acknowledged before counts no more.

    What is recorded of the peer stays, since the peer did say it.
    """
    return state.but(epoch=Epoch(number + 1, nonce), acknowledged=0)


def adopted(state: Interface, epoch: Epoch, version: int, intent: Intent) -> Interface:
    """Record a new epoch of the peer's: it has acknowledged nothing yet, and its payloads are numbered anew."""
    return state.but(
        peer_epoch=epoch,
        peer_version=version,
        peer_intent=intent,
        peer_status=None,
        acknowledged=0,
        received=0,
    )


def forgot(state: Interface, spoken_to: Epoch | None) -> bool:
    """Whether the peer speaks to an epoch of this end that this end can't remember (R1, amnesia).

    A higher number, or the same number with another nonce, was in use and then lost with the store.
    """
    if spoken_to is None or spoken_to == state.epoch or spoken_to.number >= LAST_NUMBER:
        return False
    return spoken_to.number >= state.epoch.number


def succeeds(epoch: Epoch | None, known: Epoch | None) -> bool:
    """Whether an epoch of the peer's comes after the one recorded (R2); the same number never does."""
    return epoch is not None and known is not None and epoch.number > known.number

"""Forgetting is the only thing that can go wrong with a register, so beginning a new life is spelled out here.

Small pure moves on an interface's record, shared by the rules that receive and the commands that ask.
"""

from __future__ import annotations

from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare
from shared.protocol.words import Epoch, Intent

LAST_NUMBER = 2**40
"""No honest life reaches this many epochs or versions; beyond it numbers are refused on the wire."""


def declaration(state: Interface) -> Declare:
    """Say everything: the register, what is recorded of the peer's, and who asks while nobody has answered."""
    asking = state.role.may_initiate and not state.acknowledged and state.open
    return Declare(
        epoch=state.epoch,
        version=state.version,
        intent=state.intent,
        to_epoch=state.peer_epoch,
        acknowledges=state.peer_version,
        received=state.received,
        status=state.status,
        claims=_claims(state) if asking else None,
    )


def question(state: Interface) -> Declare:
    """Declare as if nothing of the peer's were recorded, so that a contented peer answers as well.

    Asked by a settled end whose peer said it has forgotten; an old word of that kind must not count for ever.
    """
    said = declaration(state)
    return Declare(said.epoch, said.version, said.intent, said.to_epoch, 0, said.received, said.status)


def _claims(state: Interface) -> Claims:
    own = state.endpoint
    return Claims(state.id, own.id, own.kind, own.account, own.region)


def last_word(state: Interface, to_epoch: Epoch, version: int) -> Declare:
    """What a deleted interface says to whatever it hears: its own end, and that it has heard (RFC 9293 3.5.2)."""
    return Declare(state.epoch, state.version, Intent.DELETED, to_epoch, version, state.received, state.status)


def renewed(state: Interface, number: int, nonce: int) -> Interface:
    """Begin the life after `number`: what the peer acknowledged before counts no more.

    What is known of the peer stays, since the peer did say it.
    """
    return state.but(epoch=Epoch(number + 1, nonce), acknowledged=0)


def adopted(state: Interface, epoch: Epoch, version: int, intent: Intent) -> Interface:
    """Take up a new life of the peer's: it has acknowledged nothing yet, and its payloads begin anew."""
    return state.but(
        peer_epoch=epoch,
        peer_version=version,
        peer_intent=intent,
        peer_status=None,
        acknowledged=0,
        received=0,
    )


def forgot(state: Interface, spoken_to: Epoch | None) -> bool:
    """R1, amnesia: whether the peer speaks to a life of this end that this end cannot remember.

    A higher number, or the same number with another nonce, was lived and then lost with the store.
    """
    if spoken_to is None or spoken_to == state.epoch or spoken_to.number >= LAST_NUMBER:
        return False
    return spoken_to.number >= state.epoch.number


def succeeds(epoch: Epoch | None, known: Epoch | None) -> bool:
    """Whether an epoch of the peer's comes after the one known (the same number never does: R2)."""
    return epoch is not None and known is not None and epoch.number > known.number

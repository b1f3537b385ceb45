"""An owner commands only its own end: no command here ever changes what the other end wants.

What may be asked, and when, after the opening; each answer is a new state or a refusal with a code.
"""

from __future__ import annotations

from shared.protocol import refusals
from shared.protocol.effects import Effect, Forget, Keep, Refused, Say
from shared.protocol.events import Configure, Delete, Event, Resume, Send, Suspend
from shared.protocol.interface import Interface
from shared.protocol.messages import Data
from shared.protocol.refusals import Refusal
from shared.protocol.registers import declaration, renewed
from shared.protocol.words import Intent, Kind, PeerInformation, Status

UNACKNOWLEDGED_LIMIT_PAYLOADS = 128
"""How many payloads may wait for the peer's acknowledgement on one connection; then `send` is refused: busy."""

Outcome = tuple[Interface, tuple[Effect, ...]]


def obey(state: Interface, event: Event) -> Outcome:
    """Carry out a command of this end's owner, or refuse it."""
    match event:
        case Configure():
            return _configure(state, event)
        case Suspend():
            return _suspend(state)
        case Resume():
            return _resume(state)
        case Delete():
            return _delete(state)
        case Send(body=body):
            return _send(state, body)
        case _:
            return refuse(state, refusals.INVALID_REQUEST, f"{type(event).__name__} is not for this end.")


def refuse(state: Interface, refusal: Refusal, detail: str = "") -> Outcome:
    """Change nothing, and say why."""
    return state, (Refused(refusal, detail),)


def peer_refusal(state: Interface, peer: PeerInformation) -> Refusal | None:
    """Why the two endpoints could never be connected (article: VPC and VPC, or VPC and VBR)."""
    own, other = state.endpoint, Kind.of(peer.endpoint)
    if peer.endpoint == own.id:
        return refusals.SAME_ENDPOINT
    if own.kind is Kind.VBR and other is Kind.VBR:
        return refusals.VBR_TO_VBR
    if other not in state.role.peer_kinds:
        return refusals.PEER_KIND_NOT_ALLOWED
    return None


def _configure(state: Interface, event: Configure) -> Outcome:
    if state.status is not Status.IDLE:
        return _incorrect(state, "Peer information can be set only while it is Idle.")
    if refusal := peer_refusal(state, event.peer):
        return refuse(state, refusal)
    if event.peer == state.peer:
        return state, ()
    used = state.version > 0 or state.peer_epoch is not None
    changed = renewed(state, state.epoch.number, event.nonce) if used else state
    waiting = state.unacknowledged > 0
    changed = changed.but(
        peer=event.peer,
        peer_epoch=None,
        peer_version=0,
        peer_intent=Intent.UP,
        peer_status=None,
        received=0,
        arrived=state.sent,
        reason=None,
        caller=None,
    )
    return changed, (Forget(state.sent),) if waiting else ()


def _incorrect(state: Interface, detail: str = "") -> Outcome:
    return refuse(state, refusals.INCORRECT_STATUS, f"It is {state.status}. {detail}".rstrip())


def _declared(state: Interface, intent: Intent) -> Outcome:
    state = state.but(intent=intent, version=state.version + 1)
    if not state.open or state.peer is None:
        return state, ()
    return state, (Say(state.peer.address, declaration(state)),)


def _suspend(state: Interface) -> Outcome:
    if not state.open or state.opening or Intent.DELETED in (state.intent, state.peer_intent):
        return _incorrect(state)
    if state.intent is Intent.SUSPENDED:
        return _incorrect(state, "This end suspended it already.")
    return _declared(state, Intent.SUSPENDED)


def _resume(state: Interface) -> Outcome:
    if state.open and state.peer_intent is Intent.DELETED and state.intent is not Intent.DELETED:
        return refuse(state, refusals.PEER_DELETED)
    if state.intent is Intent.SUSPENDED:
        return _declared(state, Intent.UP)
    if state.open and state.peer_intent is Intent.SUSPENDED and state.intent is Intent.UP:
        return refuse(state, refusals.HELD_BY_PEER)
    return _incorrect(state)


def _delete(state: Interface) -> Outcome:
    if state.intent is Intent.DELETED:
        return _incorrect(state)
    forget = (Forget(state.sent),) if state.unacknowledged else ()
    state = state.but(arrived=state.sent)
    if state.peer_epoch is None:
        state = state.but(open=False)
    state, effects = _declared(state, Intent.DELETED)
    return state, (*forget, *effects)


def _send(state: Interface, body: str) -> Outcome:
    activation, peer = state.activation, state.peer
    if state.status is not Status.ACTIVATED or activation is None or peer is None:
        return refuse(state, refusals.NOT_ACTIVATED, f"It is {state.status}.")
    if state.unacknowledged >= UNACKNOWLEDGED_LIMIT_PAYLOADS:
        return refuse(state, refusals.BUSY)
    state = state.but(sent=state.sent + 1)
    data = Data(activation, state.sent, state.arrived, body)
    return state, (Keep(state.sent, body), Say(peer.address, data))

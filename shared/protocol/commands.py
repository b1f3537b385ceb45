"""The owner's commands after the opening: configure, reject, suspend, resume, delete, send.

Each is carried out, with a raised version where the intent changes, or refused with a code. A command changes what its
own end wants and never what the other wants: that is why commands given at both ends at once can't conflict.
"""

from __future__ import annotations

from shared.protocol import refusals
from shared.protocol.effects import Forget, Keep, Refused, Say, Step
from shared.protocol.events import Configure, Delete, Event, Reject, Resume, Send, Suspend
from shared.protocol.interface import Interface
from shared.protocol.messages import Data, Reason
from shared.protocol.refusals import Refusal
from shared.protocol.registers import declaration, renewed
from shared.protocol.words import Intent, Kind, PeerInformation, Status

UNACKNOWLEDGED_LIMIT_PAYLOADS = 128
"""The number of payloads of one connection that may wait for acknowledgement; beyond it `send` is refused: Busy."""


def handle_command(state: Interface, event: Event) -> Step:
    """Carry out a command of this end's owner, or refuse it."""
    match event:
        case Configure():
            return _configure(state, event, None)
        case Reject():
            return _configure(state, event, Reason.PEER_REJECTED)
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


def refuse(state: Interface, refusal: Refusal, detail: str = "") -> Step:
    """Refuse a command: change nothing, and say why."""
    return Step(state, (Refused(refusal, detail),))


def peer_refusal(state: Interface, peer: PeerInformation) -> Refusal | None:
    """The refusal of a peer whose endpoint can never be connected to this one (article: VPC and VPC or VBR)."""
    own, other = state.endpoint, Kind.of(peer.endpoint)
    if peer.endpoint == own.id:
        return refusals.SAME_ENDPOINT
    if own.kind is Kind.VBR and other is Kind.VBR:
        return refusals.VBR_TO_VBR
    if other not in state.role.peer_kinds:
        return refusals.PEER_KIND_NOT_ALLOWED
    return None


def _configure(state: Interface, event: Configure | Reject, verdict: Reason | None) -> Step:
    """Set peer information with the owner's verdict on that peer: none, or that it is rejected."""
    if verdict is not None and state.role.may_initiate:
        return refuse(state, refusals.NOBODY_ASKS)
    if state.status is not Status.IDLE:
        return _refuse_status(state, "Peer information can be set only while it is Idle.")
    if refusal := peer_refusal(state, event.peer):
        return refuse(state, refusal)
    if event.peer == state.peer:
        same = (state.reason is Reason.PEER_REJECTED) is (verdict is not None)
        return Step(state if same else state.but(reason=verdict))
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
        sent_acknowledged=state.sent,
        reason=verdict,
        caller=None,
    )
    return Step(changed, (Forget(state.sent),) if waiting else ())


def _refuse_status(state: Interface, detail: str = "") -> Step:
    return refuse(state, refusals.INCORRECT_STATUS, f"It is {state.status}. {detail}".rstrip())


def _change_intent(state: Interface, intent: Intent) -> Step:
    state = state.but(intent=intent, version=state.version + 1)
    if not state.open or state.peer is None:
        return Step(state)
    return Step(state, (Say(state.peer.address, declaration(state)),))


def _suspend(state: Interface) -> Step:
    if not state.open or state.opening or Intent.DELETED in (state.intent, state.peer_intent):
        return _refuse_status(state)
    if state.intent is Intent.SUSPENDED:
        return _refuse_status(state, "This end suspended it already.")
    return _change_intent(state, Intent.SUSPENDED)


def _resume(state: Interface) -> Step:
    if state.open and state.peer_intent is Intent.DELETED and state.intent is not Intent.DELETED:
        return refuse(state, refusals.PEER_DELETED)
    if state.intent is Intent.SUSPENDED:
        return _change_intent(state, Intent.UP)
    if state.open and state.peer_intent is Intent.SUSPENDED and state.intent is Intent.UP:
        return refuse(state, refusals.HELD_BY_PEER)
    return _refuse_status(state)


def _delete(state: Interface) -> Step:
    if state.intent is Intent.DELETED:
        return _refuse_status(state)
    forget = (Forget(state.sent),) if state.unacknowledged else ()
    state = state.but(sent_acknowledged=state.sent)
    if state.peer_epoch is None:
        state = state.but(open=False)
    state, effects = _change_intent(state, Intent.DELETED)
    return Step(state, (*forget, *effects))


def _send(state: Interface, body: str) -> Step:
    activation, peer = state.activation, state.peer
    if state.status is not Status.ACTIVATED or activation is None or peer is None:
        return refuse(state, refusals.NOT_ACTIVATED, f"It is {state.status}.")
    if state.unacknowledged >= UNACKNOWLEDGED_LIMIT_PAYLOADS:
        return refuse(state, refusals.BUSY)
    state = state.but(sent=state.sent + 1)
    data = Data(activation, state.sent, state.sent_acknowledged, body)
    return Step(state, (Keep(state.sent, body), Say(peer.address, data)))

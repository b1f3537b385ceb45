"""Accepting is comparing: whoever is exactly the configured peer is let in, and nobody else learns a thing.

The acceptor's part of the handshake. The article: the acceptor can only wait for the initiator, and it must
have peer information as well.
"""

from __future__ import annotations

from shared.protocol import link
from shared.protocol.effects import Refused, Step
from shared.protocol.events import Event, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare, NotReady, Reason
from shared.protocol.reception import answer_not_ready, outlived_by
from shared.protocol.refusals import Refusal
from shared.protocol.registers import adopted, succeeds
from shared.protocol.words import Intent, Kind, Role, Status

ACCEPTOR = Role(
    name="acceptor",
    opening_status=Status.ACCEPTING,
    may_initiate=False,
    pays_between_regions=False,
    api_name="AcceptingSide",
    kinds=frozenset({Kind.VPC}),
    peer_kinds=frozenset({Kind.VPC, Kind.VBR}),
)

NOT_INITIATOR = Refusal("NotInitiator", "This end is the acceptor: it can only wait for the initiator.")


def step(state: Interface, event: Event) -> Step:
    """Take one event to the next state: the opening here, the rest of the connection's life in `link`."""
    match event:
        case Initiate():
            return Step(state, (Refused(NOT_INITIATOR),))
        case Received(sender=sender, message=NotReady() as answer) if _renounced(state, answer, event):
            return _wait_again(state, answer)
        case Received(sender=sender) if state.status is Status.IDLE and state.knows(sender):
            if reason := _objection(state, event):
                return Step(*answer_not_ready(state, event, reason))
            state = state.but(open=True, version=state.version + 1)
    return link.step(state, event)


def _objection(state: Interface, event: Received) -> Reason | None:
    """Why this end does not open: not an Initiate, one of a life that is over, or not the configured peer's."""
    message = event.message
    if not isinstance(message, Declare) or message.claims is None or state.peer is None:
        return Reason.NOT_OPENED
    if outlived_by(state, message) is not None:
        return Reason.NOT_OPENED
    claims, peer = message.claims, state.peer
    if claims.region != peer.region:
        return Reason.PEER_REGION_MISMATCH
    wanted = Claims(peer.interface, peer.endpoint, claims.kind, peer.account, peer.region)
    if claims != wanted or Kind.of(claims.endpoint) is not claims.kind:
        return Reason.PEER_KIND_MISMATCH
    return None


def _renounced(state: Interface, answer: NotReady, event: Received) -> bool:
    """Whether the peer began a new life without initiating: then this end waits again, unless it holds a hold."""
    addressed = answer.to_epoch == state.epoch and answer.answers == state.version
    eligible = state.open and state.intent is Intent.UP and state.knows(event.sender)
    return eligible and addressed and succeeds(answer.epoch, state.peer_epoch)


def _wait_again(state: Interface, answer: NotReady) -> Step:
    epoch = answer.epoch or state.epoch
    idle = adopted(state, epoch, 0, Intent.UP)
    return Step(idle.but(open=False, reason=answer.reason))

"""The acceptor's part of the handshake: opening to exactly the configured peer, and waiting again.

The article: the acceptor can only wait for the initiator, and it must have peer information as well. Consent is a
comparison: sender and claims must be the configured peer in every field. All the rest is in `shared.protocol.link`.
"""

from __future__ import annotations

from shared.protocol import link
from shared.protocol.effects import Refused, Step
from shared.protocol.events import Event, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare, NotReady, Reason
from shared.protocol.reception import answer_not_ready, newer_epoch_known
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
    """Take one event to the next state and its effects: the opening here, all the rest in `link`."""
    match event:
        case Initiate():
            return Step(state, (Refused(NOT_INITIATOR),))
        case Received(sender=sender, message=NotReady() as answer) if _peer_started_over(state, answer, event):
            return _wait_again(state, answer)
        case Received(sender=sender) if state.status is Status.IDLE and state.is_peer(sender):
            if reason := _objection(state, event):
                return answer_not_ready(state, event, reason)
            state = state.but(open=True, version=state.version + 1)
    return link.step(state, event)


def _objection(state: Interface, event: Received) -> Reason | None:
    """The reason not to open: not an Initiate, one of an epoch that is over, or not the configured peer's."""
    message = event.message
    if not isinstance(message, Declare) or message.claims is None or state.peer is None:
        return Reason.NOT_OPENED
    if newer_epoch_known(state, message) is not None:
        return Reason.NOT_OPENED
    claims, peer = message.claims, state.peer
    if claims.region != peer.region:
        return Reason.PEER_REGION_MISMATCH
    wanted = Claims(peer.interface, peer.endpoint, claims.kind, peer.account, peer.region)
    if claims != wanted or Kind.of(claims.endpoint) is not claims.kind:
        return Reason.PEER_KIND_MISMATCH
    return None


def _peer_started_over(state: Interface, answer: NotReady, event: Received) -> bool:
    """Whether the peer is Idle in a new epoch: then this end waits again, unless it holds a suspension of its own."""
    addressed = answer.to_epoch == state.epoch and answer.answers == state.version
    eligible = state.open and state.intent is Intent.UP and state.is_peer(event.sender)
    return eligible and addressed and succeeds(answer.epoch, state.peer_epoch)


def _wait_again(state: Interface, answer: NotReady) -> Step:
    """Go back to Idle with the peer's new epoch recorded and its reason."""
    epoch = answer.epoch or state.epoch
    idle = adopted(state, epoch, 0, Intent.UP)
    return Step(idle.but(open=False, reason=answer.reason))

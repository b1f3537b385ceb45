"""The acceptor's part of the handshake: opening to exactly the configured peer, and waiting again.

The article: the acceptor can only wait for the initiator, and it must have peer information as well. It opens, and
records what a peer that began anew says, only where both peer informations agree: `shared.protocol.consent`. An owner
may also reject a peer: then this end stays Idle and says so to whatever that peer asks, until its owner configures it.
All the rest is in `shared.protocol.link`.
"""

from __future__ import annotations

from typing import TypeGuard

from shared.protocol import link
from shared.protocol.consent import Disagreement, disagreement, noted
from shared.protocol.effects import Refused, Step
from shared.protocol.events import Event, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Declare, Message, NotReady, Reason
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
        case Received(sender=sender, message=message) if state.status is Status.IDLE and state.is_peer(sender):
            if state.reason is Reason.PEER_REJECTED:
                return answer_not_ready(state, event, Reason.REJECTED_BY_PEER)
            if not _is_asked(message, state):
                return answer_not_ready(state, event, Reason.NOT_OPENED)
            if wrong := disagreement(state, message):
                return answer_not_ready(noted(state, wrong.here), event, wrong.there)
            state = state.but(open=True, version=state.version + 1)
        case Received(sender=sender, message=Declare() as said) if (
            state.open and state.is_peer(sender) and (wrong := disagreement(state, said))
        ):
            return _refuse(state, event, said, wrong)
    return link.step(state, event)


def _is_asked(message: Message, state: Interface) -> TypeGuard[Declare]:
    """Whether it is the peer's claims that open: of an epoch that is not over."""
    if not isinstance(message, Declare) or message.claims is None:
        return False
    return newer_epoch_known(state, message) is None


def _refuse(state: Interface, event: Received, said: Declare, wrong: Disagreement) -> Step:
    """Record nothing of a peer that disagrees, and tell it; the reason is noted unless its epoch is over."""
    present = newer_epoch_known(state, said) is None
    return answer_not_ready(noted(state, wrong.here) if present else state, event, wrong.there)


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

"""The initiator's part of the handshake: initiating, giving up, and not being ready.

The article: only the initiator can initiate a connection, it must have peer information first, and it is the one that
is charged between regions. It takes no answer from an end that is not what its owner named: `shared.protocol.consent`.
It gives up by its timer, and at once where the peer answers that its owner rejected this end.
Everything else that happens to this end happens to both: `shared.protocol.link`.
"""

from __future__ import annotations

from shared.protocol import link, refusals
from shared.protocol.consent import disagreement, noted
from shared.protocol.effects import Ignored, Refused, Say, Step
from shared.protocol.events import Due, Event, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Declare, NotReady, Reason
from shared.protocol.reception import answer_not_ready
from shared.protocol.registers import declaration, renewed
from shared.protocol.words import Intent, Kind, Role, Status, Timer

INITIATOR = Role(
    name="initiator",
    opening_status=Status.CONNECTING,
    may_initiate=True,
    pays_between_regions=True,
    api_name="InitiatingSide",
    kinds=frozenset({Kind.VPC, Kind.VBR}),
    peer_kinds=frozenset({Kind.VPC}),
)


def step(state: Interface, event: Event) -> Step:
    """Take one event to the next state and its effects: the opening here, all the rest in `link`."""
    match event:
        case Initiate():
            return _initiate(state)
        case Due(timer=Timer.CONNECT, nonce=nonce) if state.opening and state.peer_epoch is None:
            return _give_up(state, nonce)
        case Received(sender=sender, message=NotReady(reason=Reason.REJECTED_BY_PEER) as answer, nonce=nonce) if (
            state.opening and state.is_peer(sender) and _is_about_now(state, answer)
        ):
            return _give_up(state.but(reason=answer.reason), nonce)
        case Received(sender=sender) if state.status is Status.IDLE and state.is_peer(sender):
            return answer_not_ready(state, event, Reason.NOT_INITIATED)
        case Received(sender=sender, message=Declare() as said) if (
            state.open and state.is_peer(sender) and (wrong := disagreement(state, said))
        ):
            return Step(noted(state, wrong.here), (Ignored("the peer is not what this end's owner named"),))
    return link.step(state, event)


def _initiate(state: Interface) -> Step:
    """Open with a raised version and declare it, with claims; refused unless Idle and configured."""
    if state.status is not Status.IDLE:
        return Step(state, (Refused(refusals.INCORRECT_STATUS, f"It is {state.status}."),))
    if state.peer is None:
        return Step(state, (Refused(refusals.PEER_NOT_CONFIGURED),))
    opened = state.but(open=True, intent=Intent.UP, version=state.version + 1, reason=None)
    return Step(opened, (Say(state.peer.address, declaration(opened)),))


def _is_about_now(state: Interface, answer: NotReady) -> bool:
    """Whether an answer speaks about what this end asks now, and not about what it asked once."""
    return (answer.to_epoch, answer.answers) == (state.epoch, state.version)


def _give_up(state: Interface, nonce: int) -> Step:
    """Go back to Idle in a new epoch, so that an answer which is still on its way confirms nothing."""
    idle = renewed(state, state.epoch.number, nonce)
    return Step(idle.but(open=False, reason=state.reason or Reason.NO_ANSWER))

"""The liveness property: from every state, once nothing is lost any more, both ends agree in few rounds.

A round is one wake of each end by its
own timer, and every answer to it; nothing else would wake anybody in a real worker, but for the one moment in
which it notices that the other's store was struck.
"""

from __future__ import annotations

from collections import deque

from lab.explore.machine import Machine
from lab.explore.state import ADDRESSES, PEERS, ModelState
from lab.explore.transitions import Transition, apply, repeated
from shared.protocol.effects import Repeat, Say
from shared.protocol.events import Configure, Due, Event, Initiate, PeerStoreChanged, Restate
from shared.protocol.interface import timers
from shared.protocol.messages import Message
from shared.protocol.words import Intent, Status, Timer

ROUNDS_LIMIT = 8
"""More rounds than any state needs to agree once nothing is lost any more."""

ANSWERS_LIMIT = 24
"""More messages than one wake draws; beyond it two ends are chattering."""


class Chatter(Exception):
    """Two ends answer each other without end."""


def agreement(state: ModelState, machine: Machine) -> tuple[int, str | None]:
    """Both ends reach the same stable status. Returns the rounds it took, and what is wrong if they do not.

    Once with the owners doing nothing any more, which must bring the ends to rest; and then with owners who still
    want the connection, after that rest or at once: they configure, put right what was wrong, and initiate if it is
    Idle.
    """
    try:
        left, rest, wrong = _rounds(_noticed(state, machine), machine)
        late, _, unmet = _rounds(_wanted(rest, machine), machine)
        wanted, _, missed = _rounds(_noticed(_wanted(state, machine), machine), machine)
    except Chatter:
        return ROUNDS_LIMIT, "the two ends answer each other without end"
    return max(left, late, wanted), wrong or unmet or missed


def _rounds(state: ModelState, machine: Machine) -> tuple[int, ModelState, str | None]:
    for rounds in range(ROUNDS_LIMIT + 1):
        if _agreed(state):
            return rounds, state, _not_content(state, machine)
        for which in (0, 1):
            if _due(state, which):
                state, _ = _exchange(state, which, Due(Timer.RESEND, state.nonce), machine)
    shown = f"{state.ends[0].status}/{state.ends[1].status}"
    return ROUNDS_LIMIT, state, f"no agreement after {ROUNDS_LIMIT} rounds: {shown}"


def _noticed(state: ModelState, machine: Machine) -> ModelState:
    """A worker that has not noticed yet that the other's store was struck notices now."""
    for which in (0, 1):
        if state.unnoticed[which]:
            state, _ = _exchange(state, which, PeerStoreChanged(), machine)
    return state


def _due(state: ModelState, which: int) -> bool:
    return Timer.RESEND in timers(state.ends[which])


def _wanted(state: ModelState, machine: Machine) -> ModelState:
    for which in (0, 1):
        if state.ends[which].peer != PEERS[which] and Timer.CONNECT in timers(state.ends[which]):
            state = apply(state, which, Due(Timer.CONNECT, state.nonce), machine).state
        if state.ends[which].status is Status.IDLE:
            state = apply(state, which, Configure(PEERS[which], state.nonce), machine).state
    for which in (0, 1):
        end = state.ends[which]
        if end.status is Status.IDLE and end.role.may_initiate:
            state, _ = _exchange(state, which, Initiate(), machine)
    return state


def _exchange(state: ModelState, which: int, event: Event, machine: Machine) -> tuple[ModelState, int]:
    """One event, and every answer to it and to the answers, in order and without loss. Counts the messages."""
    waiting: deque[tuple[int, Event]] = deque([(which, event)])
    heard = -1
    while waiting:
        end, incoming = waiting.popleft()
        transition = apply(state, end, incoming, machine)
        state, heard = transition.state, heard + 1
        if heard > ANSWERS_LIMIT:
            raise Chatter
        sender = ADDRESSES[end]
        waiting.extend((1 - end, machine.received(sender, said, state.nonce)) for said in _said(transition, machine))
    return state, heard


def _said(transition: Transition, machine: Machine) -> list[Message]:
    said: list[Message] = []
    for effect in transition.effects:
        if isinstance(effect, Say):
            said.append(effect.message)
        elif isinstance(effect, Repeat):
            said.extend(repeated(transition.state.stores[transition.which], effect, machine))
    return said


def _agreed(state: ModelState) -> bool:
    first, second = state.ends
    if first.status is second.status:
        asleep = not (_due(state, 0) or _due(state, 1))
        return first.status.stable and asleep and _carried(state)
    return _nobody_there(first.status, second.status) or _unconfigured(state) or _at_odds(state)


def _nobody_there(first: Status, second: Status) -> bool:
    """One end is gone, and the other was never past Idle: there is nobody to tell."""
    return {first, second} == {Status.IDLE, Status.DELETED}


def _unconfigured(state: ModelState) -> bool:
    """One end can only wait for the other's owner: for peer information, or to initiate what this end holds."""
    for mine, other in (state.ends, state.ends[::-1]):
        if other.status is Status.IDLE and other.peer is None:
            return True
        if other.status is Status.IDLE and other.role.may_initiate and mine.intent is Intent.SUSPENDED:
            return True
    return False


def _at_odds(state: ModelState) -> bool:
    """The owners do not agree, and neither end is Activated with what the other is now."""
    first, second = state.ends
    present = first.peer_epoch == second.epoch and second.peer_epoch == first.epoch
    both = first.status is second.status is Status.ACTIVATED
    return (first.peer, second.peer) != PEERS and not (both and present)


def _carried(state: ModelState) -> bool:
    """Whether every payload arrived; one that was accepted before a store was struck may have gone with it."""
    first, second = state.ends
    if first.status is not Status.ACTIVATED:
        return True
    if first.unacknowledged or second.unacknowledged:
        return False
    for which in (0, 1):
        arrived = {arrival.number for arrival in state.stores[1 - which].inbox}
        if not arrived.issuperset(range(state.excused[which] + 1, state.sent[which] + 1)):
            return False
    return True


def _not_content(state: ModelState, machine: Machine) -> str | None:
    """Two ends that agree say nothing to each other's keepalives, once each has heard one from the other."""
    if state.ends[0].status is not state.ends[1].status:
        return None
    for which in (0, 1):
        state, _ = _exchange(state, which, Restate(), machine)
    for which in (0, 1):
        _, heard = _exchange(state, which, Restate(), machine)
        if heard > 1:
            return f"{state.ends[1 - which].id} answers though both are content"
    return None

"""Agreement cannot be promised while messages are lost, so it is asked for where the losing stops: everywhere.

From every world that was found, nothing is lost any more from here on. A round is one wake of each end by its
own timer, and every answer to it; nothing else would wake anybody in a real worker, but for the one moment in
which it notices that the other's store was struck.
"""

from __future__ import annotations

from collections import deque

from lab.explore.machine import Machine
from lab.explore.moves import Move, happen, repeated
from lab.explore.world import ADDRESSES, PEERS, World
from shared.protocol.effects import Repeat, Say
from shared.protocol.events import Configure, Doubted, Due, Event, Initiate, Restate
from shared.protocol.interface import timers
from shared.protocol.messages import Message
from shared.protocol.words import Intent, Status, Timer

ROUNDS_LIMIT = 8
"""More rounds than any world needs to agree once nothing is lost any more."""

ANSWERS_LIMIT = 24
"""More messages than one wake draws; beyond it two ends are chattering."""


class Chatter(Exception):
    """Two ends answer each other without end."""


def agreement(world: World, machine: Machine) -> tuple[int, str | None]:
    """Both ends reach the same stable status. Returns the rounds it took, and what is wrong if they do not.

    Once with the owners doing nothing any more, which must bring the ends to rest; and then with owners who still
    want the connection, after that rest or at once: they configure, and initiate if it is Idle.
    """
    try:
        left, rest, wrong = _rounds(_noticed(world, machine), machine)
        late, _, unmet = _rounds(_wanted(rest, machine), machine)
        wanted, _, missed = _rounds(_noticed(_wanted(world, machine), machine), machine)
    except Chatter:
        return ROUNDS_LIMIT, "the two ends answer each other without end"
    return max(left, late, wanted), wrong or unmet or missed


def _rounds(world: World, machine: Machine) -> tuple[int, World, str | None]:
    for rounds in range(ROUNDS_LIMIT + 1):
        if _agreed(world):
            return rounds, world, _not_content(world, machine)
        for which in (0, 1):
            if _due(world, which):
                world, _ = _exchange(world, which, Due(Timer.RESEND, world.nonce), machine)
    shown = f"{world.ends[0].status}/{world.ends[1].status}"
    return ROUNDS_LIMIT, world, f"no agreement after {ROUNDS_LIMIT} rounds: {shown}"


def _noticed(world: World, machine: Machine) -> World:
    """A worker that has not noticed yet that the other's store was struck notices now."""
    for which in (0, 1):
        if world.unnoticed[which]:
            world, _ = _exchange(world, which, Doubted(), machine)
    return world


def _due(world: World, which: int) -> bool:
    return Timer.RESEND in timers(world.ends[which])


def _wanted(world: World, machine: Machine) -> World:
    for which in (0, 1):
        end = world.ends[which]
        if end.status is Status.IDLE and end.peer is None:
            world = happen(world, which, Configure(PEERS[which], world.nonce), machine).world
    for which in (0, 1):
        end = world.ends[which]
        if end.status is Status.IDLE and end.role.may_initiate:
            world, _ = _exchange(world, which, Initiate(), machine)
    return world


def _exchange(world: World, which: int, event: Event, machine: Machine) -> tuple[World, int]:
    """One event, and every answer to it and to the answers, in order and without loss. Counts the messages."""
    waiting: deque[tuple[int, Event]] = deque([(which, event)])
    heard = -1
    while waiting:
        end, happening = waiting.popleft()
        move = happen(world, end, happening, machine)
        world, heard = move.world, heard + 1
        if heard > ANSWERS_LIMIT:
            raise Chatter
        sender = ADDRESSES[end]
        waiting.extend((1 - end, machine.received(sender, said, world.nonce)) for said in _said(move, machine))
    return world, heard


def _said(move: Move, machine: Machine) -> list[Message]:
    said: list[Message] = []
    for effect in move.effects:
        if isinstance(effect, Say):
            said.append(effect.message)
        elif isinstance(effect, Repeat):
            said.extend(repeated(move.world.stores[move.which], effect, machine))
    return said


def _agreed(world: World) -> bool:
    first, second = world.ends
    if first.status is second.status:
        asleep = not (_due(world, 0) or _due(world, 1))
        return first.status.stable and asleep and _carried(world)
    return _nobody_there(first.status, second.status) or _unconfigured(world)


def _nobody_there(first: Status, second: Status) -> bool:
    """One end is gone, and the other was never past Idle: there is nobody to tell."""
    return {first, second} == {Status.IDLE, Status.DELETED}


def _unconfigured(world: World) -> bool:
    """One end can only wait for the other's owner: for peer information, or to initiate what this end holds."""
    for mine, other in (world.ends, world.ends[::-1]):
        if other.status is Status.IDLE and other.peer is None:
            return True
        if other.status is Status.IDLE and other.role.may_initiate and mine.intent is Intent.SUSPENDED:
            return True
    return False


def _carried(world: World) -> bool:
    """Whether every payload arrived; one that was accepted before a store was struck may have gone with it."""
    first, second = world.ends
    if first.status is not Status.ACTIVATED:
        return True
    if first.unacknowledged or second.unacknowledged:
        return False
    for which in (0, 1):
        arrived = {arrival.number for arrival in world.stores[1 - which].inbox}
        if not arrived.issuperset(range(world.excused[which] + 1, world.sent[which] + 1)):
            return False
    return True


def _not_content(world: World, machine: Machine) -> str | None:
    """Two ends that agree say nothing to each other's keepalives, once each has heard one from the other."""
    if world.ends[0].status is not world.ends[1].status:
        return None
    for which in (0, 1):
        world, _ = _exchange(world, which, Restate(), machine)
    for which in (0, 1):
        _, heard = _exchange(world, which, Restate(), machine)
        if heard > 1:
            return f"{world.ends[1 - which].id} answers though both are content"
    return None

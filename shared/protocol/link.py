"""After the first word no end is special: this file is the whole connection, for both of them alike.

One mechanism: each end owns a register (epoch, version, intent), declares it in one idempotent message, and
records the highest it has heard of its peer's. Both handshakes end in `step`, the last line of theirs that a
connection ever runs.
"""

from __future__ import annotations

from shared.protocol.commands import obey
from shared.protocol.effects import Effect, Ignored, Repeat, Say, Step
from shared.protocol.events import Doubted, Due, Event, Received, Restate, Restored
from shared.protocol.interface import Interface
from shared.protocol.reception import receive
from shared.protocol.registers import declaration, question, renewed
from shared.protocol.words import Intent, Status, Timer


def step(before: Interface, event: Event) -> Step:
    """Take one event to the next state. Illegal input is an effect, never an exception."""
    match event:
        case Received():
            state, effects = receive(before, event)
        case Due(timer=Timer.RESEND):
            state, effects = before, _outstanding(before)
        case Restate():
            state, effects = before, _declared(before)
        case Doubted():
            state = _asked_anew(before)
            effects = _declared(state)
        case Restored(nonce=nonce):
            state = renewed(before, before.epoch.number, nonce)
            effects = _declared(state)
        case Due():
            state, effects = before, (Ignored("the timer no longer matters"),)
        case _:
            state, effects = obey(before, event)
    return arrive(before, state, effects)


def arrive(before: Interface, state: Interface, effects: tuple[Effect, ...]) -> Step:
    """What follows from having got somewhere, however one got there.

    A deleted end closes for good. An end that enters an activation says again what nobody acknowledged.
    """
    if state is before:
        return Step(state, effects)
    if state.open and state.intent is Intent.DELETED and state.status is Status.DELETED:
        return Step(state.but(open=False), effects)
    if state.unacknowledged and state.status is Status.ACTIVATED:
        entered = before.status is not Status.ACTIVATED or before.activation != state.activation
        if entered:
            return Step(state, (*effects, Repeat(state.arrived + 1, state.sent)))
    return Step(state, effects)


def _declared(state: Interface) -> tuple[Effect, ...]:
    if not state.open or state.peer is None:
        return (Ignored("this end has not opened"),)
    return (Say(state.peer.address, declaration(state)),)


def _asked_anew(before: Interface) -> Interface:
    """Raise this end's version: no word of the peer's past acknowledges it, so it is asked for until one does."""
    if not before.open or before.status is Status.DELETED:
        return before
    return before.but(version=before.version + 1)


def _outstanding(state: Interface) -> tuple[Effect, ...]:
    if not state.settled:
        return _declared(state)
    if state.reason is not None and state.peer is not None:
        return (Say(state.peer.address, question(state)),)
    if state.status is Status.ACTIVATED and state.unacknowledged:
        return (Repeat(state.arrived + 1, state.sent),)
    return (Ignored("the timer no longer matters"),)

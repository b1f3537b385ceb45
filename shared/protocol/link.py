"""The connection after its opening, the same for both ends: one `step` for every event.

Both handshakes end in `step`; it is the last role-specific line that a connection ever runs. One mechanism does
everything: each end owns a register (epoch, version, intent), declares it in one idempotent message, and records the
highest that it has received of its peer's. What each event does:

- a received message: the rules R0 to R6, in `reception`;
- a command of the owner: `commands`, which raises the version and declares it;
- an expired timer: declare again whatever is not acknowledged, here;
- a lost or restored store at either end: a new epoch or a raised version, so that nothing from before counts.

The status is never set by any of these. It is derived from the record by `status_of` in `interface`, which is where a
connection becomes Activated: when the peer has acknowledged this end's latest version and both intents are up.
"""

from __future__ import annotations

from shared.protocol.commands import handle_command
from shared.protocol.effects import Effect, Ignored, Repeat, Say, Step
from shared.protocol.events import Due, Event, PeerStoreChanged, Received, Restate, Restored
from shared.protocol.interface import Interface
from shared.protocol.reception import receive
from shared.protocol.registers import declaration, poll, renewed
from shared.protocol.words import Intent, Status, Timer


def step(before: Interface, event: Event) -> Step:
    """Take one event to the next state and its effects. Illegal input is an effect, never an exception."""
    match event:
        case Received():
            taken = receive(before, event)
        case Due(timer=Timer.RESEND):
            taken = Step(before, _unacknowledged_again(before))
        case Restate():
            taken = Step(before, _declared(before))
        case PeerStoreChanged():
            raised = _with_raised_version(before)
            taken = Step(raised, _declared(raised))
        case Restored(nonce=nonce):
            state = renewed(before, before.epoch.number, nonce)
            taken = Step(state, _declared(state))
        case Due():
            taken = Step(before, (Ignored("the timer no longer matters"),))
        case _:
            taken = handle_command(before, event)
    return after_transition(before, taken)


def after_transition(before: Interface, taken: Step) -> Step:
    """Add what follows from the new state, whichever event led to it.

    A deleted end closes for good. An end that enters an activation sends again what nobody acknowledged.
    """
    state, effects = taken
    if state is before:
        return taken
    if state.open and state.intent is Intent.DELETED and state.status is Status.DELETED:
        return Step(state.but(open=False), effects)
    if state.unacknowledged and state.status is Status.ACTIVATED:
        entered = before.status is not Status.ACTIVATED or before.activation != state.activation
        if entered:
            return Step(state, (*effects, Repeat(state.sent_acknowledged + 1, state.sent)))
    return taken


def _declared(state: Interface) -> tuple[Effect, ...]:
    if not state.open or state.peer is None:
        return (Ignored("this end has not opened"),)
    return (Say(state.peer.address, declaration(state)),)


def _with_raised_version(before: Interface) -> Interface:
    """Raise this end's version: no message of the peer's past acknowledges it, so it is declared until one does."""
    if not before.open or before.status is Status.DELETED:
        return before
    return before.but(version=before.version + 1)


def _unacknowledged_again(state: Interface) -> tuple[Effect, ...]:
    if not state.acknowledged_by_peer:
        return _declared(state)
    if state.reason is not None and state.peer is not None:
        return (Say(state.peer.address, poll(state)),)
    if state.status is Status.ACTIVATED and state.unacknowledged:
        return (Repeat(state.sent_acknowledged + 1, state.sent),)
    return (Ignored("the timer no longer matters"),)

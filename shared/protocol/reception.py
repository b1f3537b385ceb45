"""The order in which messages arrive does not matter, and this file is why.

The receive rules of the practice notes, section 4.3: R0 who may speak, R1 amnesia, R2 the sender's register,
R3 its acknowledgements, R5 when to answer, R6 payloads. (R4, a deletion, needs no rule: status is derived.)
"""

from __future__ import annotations

from shared.protocol.effects import Deliver, Effect, Forget, Ignored, Say
from shared.protocol.events import Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Data, Declare, NotReady, Reason
from shared.protocol.registers import adopted, declaration, forgot, last_word, renewed, succeeds
from shared.protocol.words import Activation, Address, Epoch, Intent

Outcome = tuple[Interface, tuple[Effect, ...]]


def receive(state: Interface, event: Received) -> Outcome:
    """Take a message. R0: only the configured peer is listened to; a stranger learns nothing it did not say."""
    message = event.message
    if not state.knows(event.sender):
        return _stranger(state, event)
    if isinstance(message, NotReady):
        return _not_ready(state, event, message)
    if not state.open:
        return _after_deletion(state, event, message) if state.intent is Intent.DELETED else _deaf(state)
    if isinstance(message, Data):
        return _data(state, event.sender, message)
    return _declare(state, event, message)


def answer_not_ready(state: Interface, event: Received, reason: Reason) -> Outcome:
    """Tell the configured peer why this Idle end is not past Idle; R1 lets it see that an old life is gone."""
    message = event.message
    if isinstance(message, NotReady):
        return _deaf(state)
    if message.to_epoch is not None and forgot(state, message.to_epoch):
        state = renewed(state, message.to_epoch.number, event.nonce)
    later = outlived_by(state, message)
    to_epoch, answers = (message.epoch, message.version) if later is None else (later, 0)
    return state, (Say(event.sender, NotReady(state.epoch, to_epoch, answers, reason)),)


def outlived_by(state: Interface, message: Declare | Data) -> Epoch | None:
    """The life of the peer's that this end knows instead, if the message is of another one that is not later."""
    known = state.peer_epoch
    return None if known is None or message.epoch == known or succeeds(message.epoch, known) else known


def _deaf(state: Interface) -> Outcome:
    return state, (Ignored("this end has not opened"),)


def _stranger(state: Interface, event: Received) -> Outcome:
    message = event.message
    if not isinstance(message, Declare):
        return state, (Ignored("the sender is not the configured peer"),)
    if not state.open and state.caller != event.sender:
        state = state.but(caller=event.sender)
    answer = NotReady(None, message.epoch, message.version, Reason.PEER_NOT_CONFIGURED)
    return state, (Say(event.sender, answer), Ignored("the sender is not the configured peer"))


def _after_deletion(state: Interface, event: Received, message: Declare | Data) -> Outcome:
    if message.to_epoch is not None and forgot(state, message.to_epoch):
        state = renewed(state, message.to_epoch.number, event.nonce)
    elif isinstance(message, Declare) and _content(state, message):
        return state, (Ignored("the peer knows that this end is deleted"),)
    return state, (Say(event.sender, last_word(state, message.epoch, message.version)),)


def _content(state: Interface, message: Declare) -> bool:
    knows = message.to_epoch == state.epoch and message.acknowledges >= state.version
    return knows and message.status.stable


def _not_ready(state: Interface, event: Received, message: NotReady) -> Outcome:
    if not state.open:
        return _deaf(state)
    if forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, event.nonce)
        return state, (Say(event.sender, declaration(state)),)
    if message.to_epoch != state.epoch or message.answers != state.version:
        return state, (Ignored("it answers something older"),)
    if state.intent is Intent.DELETED:
        return state.but(open=False), ()
    if message.epoch is not None and succeeds(message.epoch, state.peer_epoch):
        state = adopted(state, message.epoch, 0, Intent.UP).but(reason=message.reason)
        return state, (Say(event.sender, declaration(state)),)
    if state.reason is message.reason:
        return state, ()
    return state.but(reason=message.reason), ()


def _declare(before: Interface, event: Received, message: Declare) -> Outcome:
    state, sender, nonce = before, event.sender, event.nonce
    if message.to_epoch is not None and forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, nonce)
    state = _record(state, message)
    news = state is not before
    effects: tuple[Effect, ...] = ()
    if message.epoch == state.peer_epoch:
        if message.to_epoch == state.epoch and message.acknowledges > state.version:  # R3: this store went back
            state = renewed(state, state.epoch.number, nonce)
            news = True
        state, effects = _heed(state, message)
    lacks = message.to_epoch != state.epoch or message.acknowledges < state.version
    if news or lacks or not message.status.stable:  # R5
        effects = (*effects, Say(sender, declaration(state)))
    return state, effects or (Ignored("nothing new"),)


def _record(state: Interface, message: Declare) -> Interface:
    """R2: keep the highest register heard; a change of the peer's intent raises this end's version as well."""
    if state.peer_epoch is None or succeeds(message.epoch, state.peer_epoch):
        return adopted(state, message.epoch, message.version, message.intent)
    if message.epoch != state.peer_epoch or message.version <= state.peer_version:
        return state
    answers = message.intent is not state.peer_intent and state.intent is not Intent.DELETED
    return state.but(
        peer_version=message.version,
        peer_intent=message.intent,
        version=state.version + answers,
    )


def _heed(state: Interface, message: Declare) -> Outcome:
    """R3: what the peer's present life says it has recorded of this end's present life."""
    acknowledged, arrived = state.acknowledged, state.arrived
    if message.to_epoch == state.epoch:
        acknowledged = max(acknowledged, message.acknowledges)
        if message.received <= state.sent:
            arrived = max(arrived, message.received)
    latest = message.version == state.peer_version
    peer_status = message.status if latest else state.peer_status
    if (acknowledged, arrived, peer_status, None) != (
        state.acknowledged,
        state.arrived,
        state.peer_status,
        state.reason,
    ):
        effects = (Forget(arrived),) if arrived > state.arrived else ()
        changed = state.but(acknowledged=acknowledged, arrived=arrived, peer_status=peer_status, reason=None)
        return changed, effects
    return state, ()


def _data(state: Interface, sender: Address, message: Data) -> Outcome:
    """R6: deliver only what was sent in the activation this end holds itself; that also acknowledges it.

    As in TCP, where data completes SYN-RECEIVED (RFC 9293 section 3.10.7.4).
    """
    if _mirrored(message.activation) != state.activation:
        return state, (Ignored("sent in another activation"), Say(sender, declaration(state)))
    floor = max(state.received, message.base)
    fits = message.number == floor + 1
    state = state.but(acknowledged=state.version, received=message.number if fits else floor, reason=None)
    effect = Deliver(message.number, message.body) if fits else Ignored("a payload out of turn")
    return state, (effect, Say(sender, declaration(state)))


def _mirrored(activation: Activation) -> Activation:
    """The same activation, as this end would name it."""
    theirs = activation
    return Activation(theirs.peer_epoch, theirs.peer_version, theirs.epoch, theirs.version)

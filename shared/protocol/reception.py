"""The rules of reception, R0 to R6: what a received message changes, and when it is answered.

Messages may be lost, doubled, delayed and reordered at will: an end that keeps the highest of what it has received
gets the same record from them in any order. Each rule closes one hole in that, and the exploration plants a bug for
each (`peering-lab explore --bugs`): what happens without the rule is said here.

- **R0, the sender.** Only the configured peer is listened to. Anybody else is told nothing that it did not say itself.
  Without it anybody is taken for the peer.
- **R1, amnesia.** A peer that speaks to an epoch which this end can't remember proves that this end's store was lost
  or put back: this end begins an epoch beyond it. Without it both ends wait for ever, each for an epoch that is gone;
  without the nonce, a store that was lost and counts from one again is taken for the old one.
- **R2, the peer's register.** A higher epoch of the peer's is adopted, with nothing acknowledged; in the same epoch a
  higher version is recorded; all else is old. When the peer's intent or epoch changes, this end raises its own version
  too, so that every change takes three messages: declare, answer, confirm. Without the order an old message undoes a
  new one; without the raised version an answer from a lost epoch passes for one to what was said since.
- **R3, the peer's acknowledgements.** They count only from the peer's current epoch and for this end's current epoch.
  Without that, an acknowledgement of the past activates an end whose peer knows nothing of it. An acknowledgement of a
  version that this end has not reached yet proves that its store went back: a new epoch.
- **R4, a deletion**, needs no rule of its own: the status of the more restrictive intent is derived.
- **R5, the answer.** An end answers when it learnt something, when the peer lacks its latest register, and when the
  peer asks (its status is not stable); otherwise never. Without the first an end waits for its timer; without the last
  two ends at rest answer each other for ever.
- **R6, payloads.** One is delivered only in the activation that it was sent in, as this end holds it itself, and only
  if it is the next. Without it, something sent before a suspension is delivered after it, or twice, or out of order.
"""

from __future__ import annotations

from shared.protocol.effects import Deliver, Effect, Forget, Ignored, Say, Step
from shared.protocol.events import Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Data, Declare, NotReady, Reason
from shared.protocol.registers import adopted, declaration, deleted_declaration, forgot, renewed, succeeds
from shared.protocol.words import Address, Epoch, Intent


def receive(state: Interface, event: Received) -> Step:
    """Take a message: R0, and then what its kind and this end's status ask for."""
    message = event.message
    if not state.is_peer(event.sender):
        return _answer_unknown_sender(state, event)
    if isinstance(message, NotReady):
        return _receive_not_ready(state, event, message)
    if not state.open:
        deleted = state.intent is Intent.DELETED
        return _answer_as_deleted(state, event, message) if deleted else _ignore_while_idle(state)
    if isinstance(message, Data):
        return _receive_data(state, event.sender, message)
    return _receive_declaration(state, event, message)


def answer_not_ready(state: Interface, event: Received, reason: Reason) -> Step:
    """Tell the configured peer why this Idle end is not past Idle; by R1 the peer sees that an old epoch is gone."""
    message = event.message
    if isinstance(message, NotReady):
        return _ignore_while_idle(state)
    if message.to_epoch is not None and forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, event.nonce)
    newer = newer_epoch_known(state, message)
    to_epoch, answers = (message.epoch, message.version) if newer is None else (newer, 0)
    return Step(state, (Say(event.sender, NotReady(state.epoch, to_epoch, answers, reason)),))


def newer_epoch_known(state: Interface, message: Declare | Data) -> Epoch | None:
    """The recorded epoch of the peer's, if the message is of another one that is not later; otherwise None."""
    known = state.peer_epoch
    return None if known is None or message.epoch == known or succeeds(message.epoch, known) else known


def _ignore_while_idle(state: Interface) -> Step:
    return Step(state, (Ignored("this end has not opened"),))


def _answer_unknown_sender(state: Interface, event: Received) -> Step:
    """R0: the answer repeats what the sender said, and holds nothing of this end."""
    message = event.message
    if not isinstance(message, Declare):
        return Step(state, (Ignored("the sender is not the configured peer"),))
    if not state.open and state.caller != event.sender:
        state = state.but(caller=event.sender)
    answer = NotReady(None, message.epoch, message.version, Reason.PEER_NOT_CONFIGURED)
    return Step(state, (Say(event.sender, answer), Ignored("the sender is not the configured peer")))


def _answer_as_deleted(state: Interface, event: Received, message: Declare | Data) -> Step:
    """Answer for a deleted interface until the peer knows, so that the peer's end can become Deleted as well."""
    if message.to_epoch is not None and forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, event.nonce)
    elif isinstance(message, Declare) and _is_up_to_date(state, message):
        return Step(state, (Ignored("the peer knows that this end is deleted"),))
    answer = deleted_declaration(state, message.epoch, message.version)
    return Step(state, (Say(event.sender, answer),))


def _is_up_to_date(state: Interface, message: Declare) -> bool:
    """Whether the peer has recorded this end's latest register and asks for no answer."""
    recorded = message.to_epoch == state.epoch and message.acknowledges >= state.version
    return recorded and message.status.stable


def _receive_not_ready(state: Interface, event: Received, message: NotReady) -> Step:
    """Record why the peer is not past Idle; a new epoch of the peer's in such an answer is declared to at once."""
    if not state.open:
        return _ignore_while_idle(state)
    if forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, event.nonce)
        return Step(state, (Say(event.sender, declaration(state)),))
    if message.to_epoch != state.epoch or message.answers != state.version:
        return Step(state, (Ignored("it answers something older"),))
    if state.intent is Intent.DELETED:
        return Step(state.but(open=False))
    if message.epoch is not None and succeeds(message.epoch, state.peer_epoch):
        state = adopted(state, message.epoch, 0, Intent.UP).but(reason=message.reason)
        return Step(state, (Say(event.sender, declaration(state)),))
    if state.reason is message.reason:
        return Step(state)
    return Step(state.but(reason=message.reason))


def _receive_declaration(before: Interface, event: Received, message: Declare) -> Step:
    """Record the peer's register and its acknowledgements (R1, R2, R3), and answer if there is a reason to (R5)."""
    state, sender, nonce = before, event.sender, event.nonce
    if message.to_epoch is not None and forgot(state, message.to_epoch):  # R1
        state = renewed(state, message.to_epoch.number, nonce)
    state = _record_register(state, message)  # R2
    news = state is not before
    if message.epoch == state.peer_epoch:
        if message.to_epoch == state.epoch and message.acknowledges > state.version:  # R3: this store went back
            state = renewed(state, state.epoch.number, nonce)
            news = True
        state = _record_acknowledgements(state, message)  # R3
    effects: tuple[Effect, ...] = ()
    if state.sent_acknowledged > before.sent_acknowledged:
        effects = (Forget(state.sent_acknowledged),)
    lacks = message.to_epoch != state.epoch or message.acknowledges < state.version
    if news or lacks or not message.status.stable:  # R5
        effects = (*effects, Say(sender, declaration(state)))
    return Step(state, effects or (Ignored("nothing new"),))


def _record_register(state: Interface, message: Declare) -> Interface:
    """R2: keep the highest register received; a change of the peer's intent raises this end's version as well."""
    if state.peer_epoch is None:
        return adopted(state, message.epoch, message.version, message.intent)
    if succeeds(message.epoch, state.peer_epoch):
        anew = Intent.DELETED not in (state.intent, state.peer_intent)
        return adopted(state, message.epoch, message.version, message.intent).but(version=state.version + anew)
    if message.epoch != state.peer_epoch or message.version <= state.peer_version:
        return state
    answers = message.intent is not state.peer_intent and state.intent is not Intent.DELETED
    return state.but(
        peer_version=message.version,
        peer_intent=message.intent,
        version=state.version + answers,
    )


def _record_acknowledgements(state: Interface, message: Declare) -> Interface:
    """R3: keep the highest of what the peer's current epoch says it has recorded of this end's current epoch."""
    acknowledged, sent_acknowledged = state.acknowledged, state.sent_acknowledged
    if message.to_epoch == state.epoch:
        acknowledged = max(acknowledged, message.acknowledges)
        if message.received <= state.sent:
            sent_acknowledged = max(sent_acknowledged, message.received)
    latest = message.version == state.peer_version
    peer_status = message.status if latest else state.peer_status
    if (acknowledged, sent_acknowledged, peer_status, None) == (
        state.acknowledged,
        state.sent_acknowledged,
        state.peer_status,
        state.reason,
    ):
        return state
    return state.but(
        acknowledged=acknowledged,
        sent_acknowledged=sent_acknowledged,
        peer_status=peer_status,
        reason=None,
    )


def _receive_data(state: Interface, sender: Address, message: Data) -> Step:
    """R6: deliver only the next payload of the activation that this end holds; it acknowledges this end's version.

    As in TCP, where data completes SYN-RECEIVED (RFC 9293 section 3.10.7.4): who sends in an activation knows of it.
    """
    if message.activation.mirrored != state.activation:
        return Step(state, (Ignored("sent in another activation"), Say(sender, declaration(state))))
    floor = max(state.received, message.base)
    fits = message.number == floor + 1
    state = state.but(acknowledged=state.version, received=message.number if fits else floor, reason=None)
    effect = Deliver(message.number, message.body) if fits else Ignored("a payload out of turn")
    return Step(state, (effect, Say(sender, declaration(state))))

"""The safety properties: what holds always, in every state and on every transition, and what is seen sometimes.

Each function returns None where its property holds, or what is wrong. Each is broken by at least one planted bug.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from lab.explore.opening import admitted, followed, rejection
from lab.explore.state import PEERS, STRANGER, WRONG, Arrival, Hold, ModelState, StoreFault
from lab.explore.transitions import Transition
from shared.protocol.effects import Deliver, Keep, Refused, Say
from shared.protocol.events import Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Data, NotReady, Reason
from shared.protocol.words import Intent, Status


def named(state: ModelState) -> str | None:
    """An end is never past Idle but with a peer that its owner named."""
    for which, end in enumerate(state.ends):
        if end.open and end.peer != PEERS[which] and end.peer not in WRONG[which]:
            return f"{end.id} is {end.status} though its owner never named that peer"
    return None


def consent(state: ModelState) -> str | None:
    """No end is past its opening, and none that waits has opened, unless both peer informations agree in everything.

    That is, to what the other's present epoch said; who is being deleted needs no consent.
    """
    ends = state.ends
    if wrong := named(state):
        return wrong
    if (ends[0].peer, ends[1].peer) == PEERS:
        return None
    for mine, other in (ends, ends[::-1]):
        past = mine.open and (mine.acknowledged if mine.role.may_initiate else mine.peer_version) > 0
        going = Intent.DELETED in (mine.intent, mine.peer_intent)
        if past and mine.peer_epoch == other.epoch and not going:
            return f"{mine.id} is {mine.status} though one's peer information is not what the other is"
    return None


def acknowledged(state: ModelState) -> str | None:
    """An end believes acknowledged only what the peer's present epoch has recorded of its own present epoch.

    A deleted end records nothing any more: it acknowledges whatever it hears (RFC 9293 section 3.5.2).
    """
    for mine, other in (state.ends, state.ends[::-1]):
        if (other.intent is Intent.DELETED and not other.open) or _follows_lost_epoch(other, mine):
            continue
        recorded = other.peer_version if other.peer_epoch == mine.epoch else 0
        if mine.peer_epoch == other.epoch and mine.acknowledged > recorded:
            return f"{mine.id} believes version {mine.acknowledged} acknowledged, and the peer recorded {recorded}"
    return None


def confirmed(state: ModelState) -> str | None:
    """An end is Activated only if the peer's present epoch has recorded its latest version: both know."""
    for mine, other in (state.ends, state.ends[::-1]):
        recorded = other.peer_epoch == mine.epoch and other.peer_version >= mine.version
        recorded = recorded or _follows_lost_epoch(other, mine)
        if mine.status is Status.ACTIVATED and mine.peer_epoch == other.epoch and not recorded:
            return f"{mine.id} is Activated, but its peer has not recorded that"
    return None


def _follows_lost_epoch(end: Interface, other: Interface) -> bool:
    """Whether a late message made this end take up a later epoch of the other, which that one lost with its store.

    R1 ends this: the next thing it says makes the other begin an epoch after that one.
    """
    return end.peer_epoch is not None and end.peer_epoch.number > other.epoch.number


def same_activation(state: ModelState) -> str | None:
    """Both Activated implies the same activation, unless one speaks to an epoch of the other that is gone."""
    first, second = state.ends
    both = first.status is second.status is Status.ACTIVATED
    present = first.peer_epoch == second.epoch and second.peer_epoch == first.epoch
    if both and present and first.activation is not None and first.activation.mirrored != second.activation:
        return f"two activations at once: {first.activation} and {second.activation}"
    return None


def hold_respected(state: ModelState) -> str | None:
    """After my suspension or deletion is confirmed, the peer is not Activated."""
    for mine, other in (state.ends, state.ends[::-1]):
        resting = mine.intent is not Intent.UP and mine.status in {Status.SUSPENDED, Status.DELETED}
        if resting and mine.peer_epoch == other.epoch and other.status is Status.ACTIVATED:
            return f"{mine.id} is {mine.status} by its own will, but its peer is Activated"
    return None


def once_in_order(state: ModelState) -> str | None:
    """What arrived is what was sent: in order, nothing twice, and nothing left out.

    A store that is lost takes its payloads along, so that numbers may be missing then. A sender whose store was
    struck says again what it does not know to have arrived: once in each epoch it has to begin.
    """
    for which in (0, 1):
        inbox = state.stores[which].inbox
        numbers = [arrival.number for arrival in inbox]
        if not state.struck and numbers != list(range(1, len(numbers) + 1)):
            return f"{state.ends[which].id} received {numbers}"
        again = any(other == 1 - which for _, other in state.struck)
        if any(not _follows(one, other, again=again) for one, other in pairwise(inbox)):
            return f"{state.ends[which].id} received {numbers}, some twice or out of order"
    return None


def _follows(one: Arrival, other: Arrival, *, again: bool) -> bool:
    return other.number > one.number or (again and other.epoch != one.epoch)


ON_BOTH_ENDS: tuple[Callable[[ModelState], str | None], ...] = (
    consent,
    acknowledged,
    confirmed,
    same_activation,
    hold_respected,
)
"""These look at nothing but the two records."""

IN_EVERY_STATE: tuple[Callable[[ModelState], str | None], ...] = (*ON_BOTH_ENDS, once_in_order)


def delivery(before: ModelState, transition: Transition) -> str | None:
    """A payload is delivered by an Activated end, in an activation both held, and never after its sender's hold.

    The hold counts from when the sender knows that it is confirmed.
    """
    if not any(isinstance(effect, Deliver) for effect in transition.effects):
        return None
    event, end = transition.event, transition.state.ends[transition.which]
    if not isinstance(event, Received) or not isinstance(event.message, Data):
        return "something other than a payload was delivered"
    tag = event.message.activation
    if end.status is not Status.ACTIVATED:
        return f"{end.id} delivers while it is {end.status}"
    if (tag if transition.which == 1 else tag.mirrored) not in transition.state.history:
        return f"{end.id} delivers in an activation that both ends never held: {tag}"
    for fact in before.history:
        if isinstance(fact, Hold) and fact.epoch == tag.epoch and fact.version > tag.version:
            return f"{end.id} delivers a payload of its peer's though a later hold of the peer is confirmed"
    return None


def sending(before: ModelState, transition: Transition) -> str | None:
    """A payload is accepted only by an end that is Activated."""
    end = before.ends[transition.which]
    if end.status is not Status.ACTIVATED and any(isinstance(effect, Keep) for effect in transition.effects):
        return f"{end.id} accepted a payload while it was {end.status}"
    return None


def terminal(before: ModelState, transition: Transition) -> str | None:
    """Deleted by its own owner is the end of an interface."""
    old, new = before.ends[transition.which], transition.state.ends[transition.which]
    if isinstance(transition.event, StoreFault) or old.intent is not Intent.DELETED:
        return None
    if new.intent is not Intent.DELETED or (old.status is Status.DELETED and new.status is not Status.DELETED):
        return f"{old.id} was {old.status} by its own will and is {new.status}"
    return None


def forward(before: ModelState, transition: Transition) -> str | None:
    """An end's own register never goes back, and what it knows of an epoch of its peer's does not either."""
    old, new = before.ends[transition.which], transition.state.ends[transition.which]
    if isinstance(transition.event, StoreFault):
        return None
    same_epoch = new.epoch == old.epoch
    if new.epoch.number < old.epoch.number or (not same_epoch and new.epoch.number == old.epoch.number):
        return f"{old.id} went back from epoch {old.epoch} to {new.epoch}"
    if same_epoch and new.version < old.version:
        return f"{old.id} went back from version {old.version} to {new.version}"
    if new.peer_epoch is None or old.peer_epoch is None or new.peer_epoch == old.peer_epoch:
        older = new.peer_epoch == old.peer_epoch and new.peer_version < old.peer_version
        return f"{old.id} forgot what it knew of its peer" if older else None
    return None if new.peer_epoch.number > old.peer_epoch.number else f"{old.id} follows an epoch that is over"


def own_intent(before: ModelState, transition: Transition) -> str | None:
    """Each end's intent is its own: nobody else writes it, and no message does."""
    old, new = before.ends[transition.which], transition.state.ends[transition.which]
    if isinstance(transition.event, Received) and old.intent is not new.intent:
        return f"{old.id} wanted {old.intent.name} until it was told otherwise"
    return None


def holds_own(before: ModelState, transition: Transition) -> str | None:
    """A command changes nothing that an end knows of its peer, unless it names another peer."""
    old, new = before.ends[transition.which], transition.state.ends[transition.which]
    known = (old.peer_epoch, old.peer_version, old.peer_intent)
    if (
        isinstance(transition.event, Received | StoreFault)
        or new.peer != old.peer
        or known
        == (
            new.peer_epoch,
            new.peer_version,
            new.peer_intent,
        )
    ):
        return None
    return f"{old.id} changed what it knows of its peer because of {type(transition.event).__name__}"


def refusal(before: ModelState, transition: Transition) -> str | None:
    """A command that is refused changes nothing."""
    if any(isinstance(effect, Refused) for effect in transition.effects) and transition.state != before:
        return f"{before.ends[transition.which].id} refused {transition.event} and changed"
    return None


def in_turn(before: ModelState, transition: Transition) -> str | None:
    """An end delivers only while it is Activated, and in one epoch of its peer's no number that it had before."""
    old, new = before.ends[transition.which], transition.state.ends[transition.which]
    for effect in transition.effects:
        if isinstance(effect, Deliver) and (new.status is not Status.ACTIVATED or effect.number <= old.received):
            return f"{old.id} delivers payload {effect.number} after {old.received}, {new.status}"
    return None


def stranger(before: ModelState, transition: Transition) -> str | None:
    """Who is not the configured peer changes nothing, and learns nothing that it did not say itself."""
    event = transition.event
    if not isinstance(event, Received) or event.sender != STRANGER:
        return None
    if transition.state != before:
        return f"{before.ends[transition.which].id} listened to a stranger"
    for effect in transition.effects:
        if not isinstance(effect, Say) or isinstance(event.message, NotReady):
            continue
        echo = NotReady(None, event.message.epoch, event.message.version, Reason.PEER_NOT_CONFIGURED)
        if effect.to != STRANGER or effect.message != echo:
            return f"{before.ends[transition.which].id} told a stranger {effect.message}"
    return None


OF_A_STEP: tuple[Callable[[ModelState, Transition], str | None], ...] = (
    sending,
    terminal,
    forward,
    own_intent,
    holds_own,
    refusal,
    admitted,
    followed,
    stranger,
    rejection,
)
"""These look at nothing but the end that takes the step, the event and the effects."""

ON_EVERY_TRANSITION: tuple[Callable[[ModelState, Transition], str | None], ...] = (*OF_A_STEP, delivery, in_turn)

WITH_BYZANTINE_PEER = (named,)
ON_A_TRANSITION_WITH_BYZANTINE_PEER = (*OF_A_STEP, in_turn)
"""What holds for an end even if its own peer lies; what the two ends have in common cannot."""

"""The transitions of the model: everything that can happen next in a state, and the state that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from lab.explore.forged import forged_messages
from lab.explore.machine import Machine
from lab.explore.state import (
    ADDRESSES,
    NOTHING_OWED,
    PEERS,
    STRANGER,
    WRONG,
    Arrival,
    Budget,
    Fact,
    Hold,
    ModelState,
    Store,
    StoreFault,
    created,
    put,
)
from shared.protocol.effects import Deliver, Effect, Forget, Ignored, Keep, Refused, Repeat, Say
from shared.protocol.events import (
    Configure,
    Delete,
    Due,
    Event,
    Initiate,
    PeerStoreChanged,
    Received,
    Reject,
    Restate,
    Restored,
    Resume,
    Send,
    Suspend,
)
from shared.protocol.interface import Interface, timers
from shared.protocol.messages import Data, Message, NotReady, Reason
from shared.protocol.words import Address, Intent, Timer

ANY_TIME: Final = (Suspend(), Resume(), Delete())
"""The commands that an owner may give at any time, and that change what this end wants."""

_OUTWARD: Final = (Ignored, Refused)
"""Effects that change nothing in the model, and are the commonest."""


class Transition(NamedTuple):
    """One thing that can happen next: to which end, what, the state it leads to, and what the end did."""

    which: int
    event: Event | StoreFault
    state: ModelState
    effects: tuple[Effect, ...] = ()


def transitions(state: ModelState, machine: Machine) -> Iterator[Transition]:
    """Everything that can happen next."""
    for which in (0, 1):
        for event in _events(state, which, machine):
            yield apply(state, which, event, machine)
        yield from _forged(state, which, machine)
        yield from _store_faults(state, which, machine)


def _events(state: ModelState, which: int, machine: Machine) -> Iterator[Event]:
    end, budget = state.ends[which], state.budget
    yield from _arrivals(state, which, machine)
    for timer in timers(end):
        if timer is not Timer.CONNECT or budget.give_ups:
            yield Due(timer, state.nonce)
    if end.open:
        yield Restate()
    if state.unnoticed[which]:
        yield PeerStoreChanged()
    if not end.open and end.intent is not Intent.DELETED and end.role.may_initiate:
        yield Initiate()
    if budget.commands[which]:
        yield from ANY_TIME
    if budget.payloads[which]:
        yield Send(str(state.sent[which] + 1))
    yield from _configurations(state, which)


def _configurations(state: ModelState, which: int) -> Iterator[Event]:
    """The peer information that the owner of this end may set, and what may be said of that peer with it."""
    budget = state.budget
    if budget.rejections and not state.ends[which].role.may_initiate:
        yield Reject(PEERS[which], state.nonce)
    if budget.configures[which]:
        yield Configure(PEERS[which], state.nonce)
        for wrong in WRONG[which] if budget.mistakes else ():
            yield Configure(wrong, state.nonce)


def _arrivals(state: ModelState, which: int, machine: Machine) -> Iterator[Event]:
    """Whatever was said to this end, and what a stranger may say."""
    for message in state.said[which]:
        if not state.ends[which].opening or state.budget.give_ups or not _rejects(message):
            yield machine.received(ADDRESSES[1 - which], message, state.nonce)
        if state.budget.stranger:
            yield machine.received(STRANGER, message, state.nonce)
    if state.budget.forger:
        for message in forged_messages(which, state.ends[which]):
            yield machine.received(STRANGER, machine.one(message), state.nonce)


def _forged(state: ModelState, which: int, machine: Machine) -> Iterator[Transition]:
    if state.budget.byzantine:
        left = state._replace(budget=state.budget._replace(byzantine=state.budget.byzantine - 1), excused=NOTHING_OWED)
        for message in forged_messages(which, state.ends[which]):
            event = machine.received(ADDRESSES[1 - which], machine.one(message), state.nonce)
            transition = apply(left, which, event, machine)
            yield transition if transition.state is not left else transition._replace(state=state)


def apply(state: ModelState, which: int, event: Event, machine: Machine) -> Transition:
    """Let one event happen to one end: the shipped step, and its effects on the state around."""
    before, said = state.stores[which], state.said
    event = event if isinstance(event, Received) else machine.one(event)
    end, effects = machine.step(which, before.end, event)
    store = before if end is before.end else before._replace(end=end)
    for effect in effects:
        if isinstance(effect, _OUTWARD):
            continue
        store = _kept(store, effect, event)
        said = _heard(said, which, store, effect, machine)
    unnoticed = put(state.unnoticed, which, value=False) if isinstance(event, PeerStoreChanged) else state.unnoticed
    if store is before and said is state.said and unnoticed is state.unnoticed:
        return Transition(which, event, state, effects)
    stores = put(state.stores, which, store)
    after = ModelState(
        stores=stores,
        said=said,
        sent=_counted(state.sent, which, effects),
        budget=_spent(state.budget, which, event, before.end),
        nonce=state.nonce + (end.epoch.nonce == state.nonce),
        history=_remembered(state.history, stores),
        struck=state.struck,
        excused=state.excused,
        backups=state.backups,
        unnoticed=unnoticed,
    )
    return Transition(which, event, after, effects)


def _counted(sent: tuple[int, int], which: int, effects: tuple[Effect, ...]) -> tuple[int, int]:
    accepted = any(isinstance(effect, Keep) for effect in effects)
    return put(sent, which, sent[which] + 1) if accepted else sent


def _kept(store: Store, effect: Effect, event: Event) -> Store:
    match effect:
        case Keep(number=number, body=body):
            return store._replace(kept=(*store.kept, (number, body)))
        case Forget(through=through):
            return store._replace(kept=tuple(entry for entry in store.kept if entry[0] > through))
        case Deliver(body=body) if isinstance(event, Received) and isinstance(event.message, Data):
            return store._replace(inbox=(*store.inbox, Arrival(event.message.epoch, int(body))))
        case _:
            return store


def _heard(
    said: tuple[frozenset[Message], frozenset[Message]], which: int, store: Store, effect: Effect, machine: Machine
) -> tuple[frozenset[Message], frozenset[Message]]:
    other = 1 - which
    match effect:
        case Say(to=to, message=message) if _leads_to(to, ADDRESSES[other]) and message not in said[other]:
            return put(said, other, said[other] | {message})
        case Repeat() if not said[other].issuperset(again := repeated(store, effect, machine)):
            return put(said, other, said[other].union(again))
        case _:
            return said


def _leads_to(to: Address, address: Address) -> bool:
    """Whether what is said to this address arrives there: no account is part of the way."""
    return (to.interface, to.endpoint) == (address.interface, address.endpoint)


def repeated(store: Store, effect: Repeat, machine: Machine) -> list[Message]:
    """The kept payloads that are to be said again, as the worker would read them from its store."""
    end, activation = store.end, store.end.activation
    if activation is None:
        return []
    wanted = [entry for entry in store.kept if effect.first <= entry[0] <= effect.last]
    return [machine.one(Data(activation, number, end.sent_acknowledged, body)) for number, body in wanted]


def _rejects(message: Message) -> bool:
    return isinstance(message, NotReady) and message.reason is Reason.REJECTED_BY_PEER


def _spent(budget: Budget, which: int, event: Event, before: Interface) -> Budget:
    match event:
        case Received(message=message):
            gives_up = before.role.may_initiate and before.opening and _rejects(message)
            return budget._replace(give_ups=max(0, budget.give_ups - 1)) if gives_up else budget
        case Send():
            return budget._replace(payloads=put(budget.payloads, which, budget.payloads[which] - 1))
        case Configure(peer=peer):
            left = put(budget.configures, which, budget.configures[which] - 1)
            return budget._replace(configures=left, mistakes=budget.mistakes - (peer != PEERS[which]))
        case Reject():
            return budget._replace(rejections=budget.rejections - 1)
        case Due(timer=Timer.CONNECT):
            return budget._replace(give_ups=budget.give_ups - 1)
        case _ if event in ANY_TIME:
            return budget._replace(commands=put(budget.commands, which, budget.commands[which] - 1))
        case _:
            return budget


def _store_faults(state: ModelState, which: int, machine: Machine) -> Iterator[Transition]:
    store, copy, budget = state.stores[which], state.backups[which], state.budget
    if budget.losses and store.end.intent is not Intent.DELETED:
        fresh = created(which, state.nonce, configured=not budget.configures[which])
        left = state._replace(budget=budget._replace(losses=budget.losses - 1), nonce=state.nonce + 1)
        yield Transition(
            which, StoreFault.LOST, _damaged(left, which, StoreFault.LOST, fresh._replace(end=machine.one(fresh.end)))
        )
    if budget.restores and copy is None:
        yield Transition(which, StoreFault.COPIED, state._replace(backups=put(state.backups, which, store)))
    if budget.restores and copy is not None:
        spent = budget._replace(restores=budget.restores - 1)
        left = state._replace(budget=spent, backups=state.backups if spent.restores else (None, None))
        struck = _damaged(left, which, StoreFault.PUT_BACK, copy)
        transition = apply(struck, which, Restored(state.nonce), machine)
        yield Transition(which, StoreFault.PUT_BACK, transition.state, transition.effects)


def _damaged(state: ModelState, which: int, fault: StoreFault, store: Store) -> ModelState:
    return state._replace(
        stores=put(state.stores, which, store),
        struck=state.struck | {(fault, which)},
        excused=state.sent,
        unnoticed=put(state.unnoticed, 1 - which, value=True),
    )


def _remembered(history: frozenset[Fact], stores: tuple[Store, Store]) -> frozenset[Fact]:
    first, second = stores[0].end, stores[1].end
    facts: set[Fact] = {Hold(end.epoch, end.version) for end in (first, second) if _holds(end)}
    ours = first.activation
    if ours is not None and ours.mirrored == second.activation:
        facts.add(ours)
    return history if facts <= history else history | facts


def _holds(end: Interface) -> bool:
    return end.intent is not Intent.UP and end.acknowledged_by_peer

"""What can happen next is a question about two records and a set of messages, and has a complete answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.explore.lies import lies
from lab.explore.machine import Machine
from lab.explore.world import (
    ADDRESSES,
    NOTHING_OWED,
    PEERS,
    STRANGER,
    Arrival,
    Budget,
    Disaster,
    Fact,
    Hold,
    Store,
    World,
    created,
    mirrored,
    put,
)
from shared.protocol.effects import Deliver, Effect, Forget, Keep, Repeat, Say
from shared.protocol.events import (
    Configure,
    Delete,
    Doubted,
    Due,
    Event,
    Initiate,
    Received,
    Restate,
    Restored,
    Resume,
    Send,
    Suspend,
)
from shared.protocol.interface import Interface, timers
from shared.protocol.messages import Data, Message
from shared.protocol.words import Intent, Timer


class Move(NamedTuple):
    """One thing that can happen next: to which end, what, the world it leads to, and what the end did."""

    which: int
    event: Event | Disaster
    world: World
    effects: tuple[Effect, ...] = ()


def moves(world: World, machine: Machine) -> Iterator[Move]:
    """Everything that can happen next."""
    for which in (0, 1):
        for event in _events(world, which, machine):
            yield happen(world, which, event, machine)
        yield from _lies(world, which, machine)
        yield from _disasters(world, which, machine)


def _events(world: World, which: int, machine: Machine) -> Iterator[Event]:
    end, budget = world.ends[which], world.budget
    yield from _heard_of(world, which, machine)
    for timer in timers(end):
        if timer is not Timer.CONNECT or budget.give_ups:
            yield Due(timer, world.nonce)
    if end.open:
        yield Restate()
    if world.unnoticed[which]:
        yield Doubted()
    if not end.open and end.intent is not Intent.DELETED and end.role.may_initiate:
        yield Initiate()
    if budget.commands[which]:
        yield from (Suspend(), Resume(), Delete())
    if budget.payloads[which]:
        yield Send(str(world.sent[which] + 1))
    if budget.configures[which]:
        yield Configure(PEERS[which], world.nonce)


def _heard_of(world: World, which: int, machine: Machine) -> Iterator[Event]:
    """Whatever was said to this end, and what a stranger may say."""
    for message in world.said[which]:
        yield machine.received(ADDRESSES[1 - which], message, world.nonce)
        if world.budget.stranger:
            yield machine.received(STRANGER, message, world.nonce)
    if world.budget.forger:
        for message in lies(which, world.ends[which]):
            yield machine.received(STRANGER, machine.one(message), world.nonce)


def _lies(world: World, which: int, machine: Machine) -> Iterator[Move]:
    if world.budget.lies:
        left = world._replace(budget=world.budget._replace(lies=world.budget.lies - 1), excused=NOTHING_OWED)
        for message in lies(which, world.ends[which]):
            event = machine.received(ADDRESSES[1 - which], machine.one(message), world.nonce)
            move = happen(left, which, event, machine)
            yield move if move.world is not left else move._replace(world=world)


def happen(world: World, which: int, event: Event, machine: Machine) -> Move:
    """Let one event happen to one end: the shipped step, and its effects on the world around."""
    before, said = world.stores[which], world.said
    end, effects = machine.step(which, before.end, event)
    store = before if end is before.end else before._replace(end=end)
    for effect in effects:
        store = _kept(store, effect, event)
        said = _heard(said, which, store, effect, machine)
    unnoticed = put(world.unnoticed, which, value=False) if isinstance(event, Doubted) else world.unnoticed
    if store is before and said is world.said and unnoticed is world.unnoticed:
        return Move(which, event, world, effects)
    stores = put(world.stores, which, store)
    after = World(
        stores=stores,
        said=said,
        sent=_counted(world.sent, which, effects),
        budget=world.budget if isinstance(event, Received) else _spent(world.budget, which, event),
        nonce=world.nonce + (end.epoch.nonce == world.nonce),
        history=_remembered(world.history, stores),
        struck=world.struck,
        excused=world.excused,
        backups=world.backups,
        unnoticed=unnoticed,
    )
    return Move(which, event, after, effects)


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
        case Say(to=to, message=message) if to == ADDRESSES[other] and message not in said[other]:
            return put(said, other, said[other] | {message})
        case Repeat() if not said[other].issuperset(again := repeated(store, effect, machine)):
            return put(said, other, said[other].union(again))
        case _:
            return said


def repeated(store: Store, effect: Repeat, machine: Machine) -> list[Message]:
    """The kept payloads that are to be said again, as the worker would read them from its store."""
    end, activation = store.end, store.end.activation
    if activation is None:
        return []
    wanted = [entry for entry in store.kept if effect.first <= entry[0] <= effect.last]
    return [machine.one(Data(activation, number, end.arrived, body)) for number, body in wanted]


def _spent(budget: Budget, which: int, event: Event) -> Budget:
    match event:
        case Suspend() | Resume() | Delete():
            return budget._replace(commands=put(budget.commands, which, budget.commands[which] - 1))
        case Send():
            return budget._replace(payloads=put(budget.payloads, which, budget.payloads[which] - 1))
        case Configure():
            return budget._replace(configures=put(budget.configures, which, budget.configures[which] - 1))
        case Due(timer=Timer.CONNECT):
            return budget._replace(give_ups=budget.give_ups - 1)
        case _:
            return budget


def _disasters(world: World, which: int, machine: Machine) -> Iterator[Move]:
    store, copy, budget = world.stores[which], world.backups[which], world.budget
    if budget.losses and store.end.intent is not Intent.DELETED:
        fresh = created(which, world.nonce, configured=not budget.configures[which])
        left = world._replace(budget=budget._replace(losses=budget.losses - 1), nonce=world.nonce + 1)
        yield Move(
            which, Disaster.LOST, _strike(left, which, Disaster.LOST, fresh._replace(end=machine.one(fresh.end)))
        )
    if budget.restores and copy is None:
        yield Move(which, Disaster.COPIED, world._replace(backups=put(world.backups, which, store)))
    if budget.restores and copy is not None:
        spent = budget._replace(restores=budget.restores - 1)
        left = world._replace(budget=spent, backups=world.backups if spent.restores else (None, None))
        struck = _strike(left, which, Disaster.PUT_BACK, copy)
        move = happen(struck, which, Restored(world.nonce), machine)
        yield Move(which, Disaster.PUT_BACK, move.world, move.effects)


def _strike(world: World, which: int, disaster: Disaster, store: Store) -> World:
    return world._replace(
        stores=put(world.stores, which, store),
        struck=world.struck | {(disaster, which)},
        excused=world.sent,
        unnoticed=put(world.unnoticed, 1 - which, value=True),
    )


def _remembered(history: frozenset[Fact], stores: tuple[Store, Store]) -> frozenset[Fact]:
    first, second = stores[0].end, stores[1].end
    facts: set[Fact] = {Hold(end.epoch, end.version) for end in (first, second) if _holds(end)}
    ours = first.activation
    if ours is not None and mirrored(ours) == second.activation:
        facts.add(ours)
    return history if facts <= history else history | facts


def _holds(end: Interface) -> bool:
    return end.intent is not Intent.UP and end.settled

"""The checker of a chaos run: what both ends' stores hold against what their owners were answered.

Each check is a property of the protocol, read from what a run left behind: timelines and inboxes of both ends, and the
answers that owners were given. A check yields what is wrong, one sentence each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.chaos import timeline_checks
from lab.chaos.evidence import Asked, Evidence, Promised, Remembered, promises
from lab.chaos.workers import End
from lab.simulate.properties import agreed, broken
from shared.protocol.interface import Interface
from shared.protocol.words import Intent
from shared.store.memory import ANSWERED_LIMIT_REQUESTS, TimelineRow
from shared.store.payloads import Received

COUNTED_KINDS = ("initiate", "suspend", "resume", "delete", "send")
"""Commands of which each leaves exactly one row in the timeline when it is carried out."""


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a connection, as its store remembers it, and what its owner was promised."""

    end: End
    record: Interface
    timeline: list[TimelineRow]
    inbox: list[Received]
    outbox: list[tuple[int, str]]
    promised: Promised


def check(evidence: Evidence) -> list[str]:
    """Everything that is wrong, nothing if nothing is."""
    wrong = [fault for endpoint in evidence.stores for fault in _answers(evidence, endpoint)]
    promised = promises(evidence.requests.values())
    for connection in evidence.connections:
        first, second = (_side(evidence.stores, end, promised) for end in (connection.first, connection.second))
        for side, end in ((first, connection.first), (second, connection.second)):
            if side is None:
                wrong.append(f"{end.interface} does not exist, though its owner created it")
        if first is not None and second is not None:
            wrong += _pair(first, second)
    return wrong


def _side(stores: Mapping[str, Remembered], end: End, promised: Mapping[str, Promised]) -> Side | None:
    store, interface = stores[end.worker.id], end.interface
    if interface not in store.interfaces:
        return None
    return Side(
        end,
        store.interfaces[interface],
        store.timelines.get(interface, []),
        store.inboxes.get(interface, []),
        store.outboxes.get(interface, []),
        promised.get(interface, Promised()),
    )


def _pair(first: Side, second: Side) -> Iterator[str]:
    for mine, other in ((first, second), (second, first)):
        yield from _commands(mine)
        yield from _payloads(mine, other)
        yield from timeline_checks.unbroken(mine.timeline, mine.record)
        yield from timeline_checks.heard_what_was_said(mine.timeline, other.timeline)
        yield from timeline_checks.activated_when_acknowledged(mine.timeline)
        yield from timeline_checks.holds_respected(mine.timeline, other.timeline, other.inbox)
    if wrong := broken(first.record, second.record):
        yield wrong
    if not agreed(first.record, second.record):
        yield (
            f"in the end {first.record.id} is {first.record.status} with {first.record.unacknowledged} payloads on "
            f"their way, and {second.record.id} is {second.record.status} with {second.record.unacknowledged}"
        )


def _answers(evidence: Evidence, endpoint: str) -> Iterator[str]:
    """Whatever an owner was answered, the worker remembers just so: an answer is durable before it is given."""
    store = evidence.stores[endpoint]
    answered = {name: one for name, one in evidence.requests.items() if _was_promised(one, endpoint)}
    for name in list(answered)[-ANSWERED_LIMIT_REQUESTS // 2 :]:
        if name not in store.answers:
            yield f"{endpoint} answered request {name} and does not remember it"
        elif store.answers[name] != answered[name].answers:
            yield f"{endpoint} answered request {name} in two ways"


def _was_promised(asked: Asked, endpoint: str) -> bool:
    return asked.endpoint == endpoint and asked.changes and asked.answers is not None


def _commands(side: Side) -> Iterator[str]:
    """Each command that was answered with `done` was carried out, and none of them twice."""
    rows = timeline_checks.commands(side.timeline)
    if rows["create"] != 1:
        yield f"{side.end.interface} was created {rows['create']} times"
    for kind in COUNTED_KINDS:
        done, perhaps, carried_out = side.promised.done[kind], side.promised.perhaps[kind], rows[kind]
        if carried_out < done:
            yield f"{side.end.interface} was told {done} times that {kind} is done, and it was done {carried_out} times"
        if carried_out > done + perhaps:
            asked = done + perhaps
            yield f"{side.end.interface} did {kind} {carried_out} times, and was asked to {asked} times at the most"


def _payloads(sender: Side, receiver: Side) -> Iterator[str]:
    """What was accepted arrives exactly once and in order, all of it unless one of the two ends was deleted."""
    name, promised = sender.end.interface, dict(sender.promised.numbers)
    if len(promised) != len(sender.promised.numbers):
        yield f"{name} gave one number to two payloads"
    if promised and max(promised) > sender.record.sent:
        yield f"{name} accepted payload {max(promised)}, and remembers only {sender.record.sent}"
    for number, body in sender.outbox:
        if promised.get(number, body) != body:
            yield f"{name} keeps {body!r} as payload {number}, which was {promised[number]!r}"
    yield from _arrivals(name, promised, sender.promised, receiver.inbox)
    arrived = len(receiver.inbox)
    if Intent.DELETED in (sender.record.intent, receiver.record.intent):
        return
    if arrived < sender.record.sent:
        yield f"of {sender.record.sent} payloads that {name} accepted only {arrived} arrived"
    if arrived > sender.record.sent:
        yield f"{name} accepted {sender.record.sent} payloads and {arrived} arrived"


def _arrivals(name: str, promised: dict[int, str], sender: Promised, inbox: list[Received]) -> Iterator[str]:
    seen: set[str] = set()
    for place, payload in enumerate(inbox, 1):
        if payload.number != place:
            yield f"payload {payload.number} of {name} arrived in place {place}"
        if payload.body in seen:
            yield f"{payload.body!r} of {name} arrived twice"
        seen.add(payload.body)
        expected = promised.get(payload.number)
        if expected is not None and payload.body != expected:
            yield f"payload {payload.number} of {name} was {expected!r} and arrived as {payload.body!r}"
        elif expected is None and payload.body in sender.refused:
            yield f"{name} refused {payload.body!r}, and it arrived"
        elif expected is None and payload.body not in sender.unknown:
            yield f"{name} was never asked to send {payload.body!r}, or was told another number for it"

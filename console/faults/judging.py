"""Which fault strikes a message: a pure function of the faults, the message, what was counted so far, and the draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from console.faults.model import WHOLE_WIRE, Fault, MessageKind
from shared.protocol.messages import Data, Declare, Message, NotReady
from shared.protocol.words import Intent

INTENTS: Final = {intent: intent.name.lower() for intent in Intent}


class Passing(NamedTuple):
    """One message on its way; without `message`, the bundle as a whole."""

    source_endpoint: str
    source_account: str
    target_endpoint: str
    target_account: str
    source: str = ""
    target: str = ""
    message: Message | None = None

    @property
    def connection(self) -> tuple[str, str]:
        """The two interfaces, in whichever direction it goes."""
        return min(self.source, self.target), max(self.source, self.target)


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault that stands, by its number; `older` are interfaces that `next_of` does not mean."""

    number: int
    fault: Fault
    older: frozenset[str] = frozenset()


@dataclass(slots=True)
class Count:
    """What was counted for one fault; `interface` is the one that `next_of` turned out to mean."""

    struck: int = 0
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    interface: str | None = None


class Judgement(NamedTuple):
    """Which fault strikes, if any; and, by number, which faults saw a match and which found their interface."""

    struck: Rule | None
    matched: Sequence[int]
    found: Mapping[int, str]


Chance = Callable[[int], float]
"""A draw for the fault of this number: from 0 to less than 100."""


def judge(rules: Sequence[Rule], passing: Passing, counts: Mapping[int, Count], chance: Chance) -> Judgement:
    """Find the first fault that strikes a message. Every fault counts what matches it, whoever strikes."""
    struck: Rule | None = None
    matched: list[int] = []
    found: dict[int, str] = {}
    for rule in rules:
        count = counts[rule.number]
        meant = count.interface or rule.fault.interface or _found(rule, passing)
        if meant and rule.fault.next_of and not count.interface:
            found[rule.number] = meant
        if not _matches(rule, passing, meant):
            continue
        matched.append(rule.number)
        if struck is None and _strikes(rule, passing, count, chance):
            struck = rule
    return Judgement(struck, matched, found)


def note(judgement: Judgement, passing: Passing, counts: Mapping[int, Count]) -> None:
    """Count what a judgement says."""
    for number, interface in judgement.found.items():
        counts[number].interface = interface
    for number in judgement.matched:
        seen = counts[number].seen
        seen[passing.connection] = seen.get(passing.connection, 0) + 1
    if judgement.struck is not None:
        counts[judgement.struck.number].struck += 1


def used_up(fault: Fault, count: Count) -> bool:
    """Whether a fault has struck as often as it should."""
    if fault.times is not None and count.struck >= fault.times:
        return True
    last = fault.range.last
    one_connection = fault.interface is not None or fault.next_of is not None
    return last is not None and one_connection and any(seen >= last for seen in count.seen.values())


def _found(rule: Rule, passing: Passing) -> str | None:
    """The interface that `next_of` means, if this is the first word of its connection."""
    account, message = rule.fault.next_of, passing.message
    if account is None or not isinstance(message, Declare) or not message.initiates:
        return None
    if passing.source_account == account and passing.source not in rule.older:
        return passing.source
    if passing.target_account == account and passing.target not in rule.older:
        return passing.target
    return None


def _matches(rule: Rule, passing: Passing, meant: str | None) -> bool:
    fault = rule.fault
    if not _on_the_way(fault, passing):
        return False
    if fault.do in WHOLE_WIRE:
        return passing.message is None
    if passing.message is None:
        return False
    if (fault.interface or fault.next_of) and meant not in {passing.source, passing.target}:
        return False
    return _is_said(fault, passing.message)


def _on_the_way(fault: Fault, passing: Passing) -> bool:
    sender = {None, passing.source_endpoint, passing.source_account}
    receiver = {None, passing.target_endpoint, passing.target_account}
    there = fault.source in sender and fault.to in receiver
    return there or (fault.both and fault.source in receiver and fault.to in sender)


def _is_said(fault: Fault, message: Message) -> bool:
    wanted = (fault.message, fault.version, fault.status, fault.intent)
    return all(want is None or want == said for want, said in zip(wanted, _said(message), strict=True))


def _said(message: Message) -> tuple[MessageKind, int, str | None, str | None]:
    """A message's kind, version, status and intent."""
    match message:
        case Declare():
            kind: MessageKind = "initiate" if message.initiates else "declare"
            return kind, message.version, str(message.status), INTENTS[message.intent]
        case NotReady():
            return "not_ready", message.answers, None, None
        case Data():
            return "data", message.version, None, None


def _strikes(rule: Rule, passing: Passing, count: Count, chance: Chance) -> bool:
    """Whether it strikes a message that matches: in its range, as often as it should, and by its draw."""
    fault = rule.fault
    place = count.seen.get(passing.connection, 0) + 1
    first, last = fault.range
    if place < first or (last is not None and place > last):
        return False
    if fault.times is not None and count.struck >= fault.times:
        return False
    return chance(rule.number) < fault.percent

"""The faults that stand, what each has struck, and what is kept back because of them: one list for all tapped wires."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from console.faults.judging import Count, Passing, Rule, judge, note, used_up
from console.faults.model import Fault, HeldMessage, StandingFault
from console.trace.strikes import Strike
from shared.protocol.labels import label
from shared.wire.bundle import Addressed, Bundle

STRIKES_KEPT: Final = 5_000
LISTED_LIMIT: Final = 500
"""How many faults are listed; beyond that the oldest that are over are forgotten."""


@dataclass(slots=True)
class Struck:
    """One message that a fault struck."""

    at: float
    rule: Rule
    bundle: Bundle
    entry: Addressed
    passed_at: float | None = None
    dropped: bool = False

    @property
    def view(self) -> Strike:
        """What is told of it."""
        return Strike(
            at=self.at,
            fault=self.rule.number,
            do=self.rule.fault.do,
            source=self.entry.source,
            target=self.entry.target,
            label=label(self.entry.message),
            passed_at=self.passed_at,
            dropped=self.dropped,
        )

    def passed(self) -> None:
        """Note that it has left the tap."""
        self.passed_at = time.time()


@dataclass(slots=True)
class Kept:
    """Messages of one bundle that are kept back: until they are released, or until their time has come."""

    number: int
    rule: Rule
    bundle: Bundle
    struck: Sequence[Struck]
    let_go: Callable[[], None]
    lose: Callable[[], None]
    replay: Callable[[], None]

    @property
    def held(self) -> bool:
        """Whether it goes on only when somebody says so."""
        return self.rule.fault.do == "hold"

    @property
    def views(self) -> Iterator[HeldMessage]:
        """What is told of it."""
        for one in self.struck:
            yield HeldMessage(
                number=self.number,
                fault=self.rule.number,
                source=one.entry.source,
                target=one.entry.target,
                source_endpoint=self.bundle.endpoint,
                target_endpoint=self.bundle.to,
                label=label(one.entry.message),
                since=one.at,
            )

    def concerns(self, interface: str | None) -> bool:
        """Whether it is from or to this interface; None means any."""
        return interface is None or any(interface in (one.entry.source, one.entry.target) for one in self.struck)


@dataclass(slots=True)
class Listed:
    """A fault with all that is known of it."""

    rule: Rule
    since: float
    until: float | None
    count: Count = field(default_factory=Count)
    undone: bool = False

    @property
    def over(self) -> bool:
        """Whether it strikes no more."""
        late = self.until is not None and time.monotonic() >= self.until
        return late or used_up(self.rule.fault, self.count)


@dataclass(slots=True)
class Standing:
    """All faults by number, and all messages that are kept back by number."""

    listed: dict[int, Listed] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)
    strikes: deque[Struck] = field(default_factory=lambda: deque(maxlen=STRIKES_KEPT))
    on_change: Callable[[], None] = lambda: None
    _chances: dict[int, random.Random] = field(default_factory=dict)
    _fault_number: int = 0
    _kept_number: int = 0

    def add(self, fault: Fault, older: frozenset[str] = frozenset()) -> Listed:
        """Let a fault stand from now on."""
        self._fault_number += 1
        number = self._fault_number
        until = None if fault.seconds is None else time.monotonic() + fault.seconds
        listed = self.listed[number] = Listed(Rule(number, fault, older), time.time(), until)
        self._chances[number] = random.Random(fault.seed)  # noqa: S311 - has to be reproducible, and hides nothing
        for old in [one for one, other in self.listed.items() if other.over][: len(self.listed) - LISTED_LIMIT]:
            self.remove(old)
        return listed

    def remove(self, number: int) -> None:
        """Let a fault stand no more, and everything that it keeps back go on."""
        self.listed.pop(number, None)
        self._chances.pop(number, None)
        for kept in [one for one in self.kept.values() if one.rule.number == number]:
            kept.let_go()

    def judged(self, passing: Passing) -> Rule | None:
        """Which fault strikes this; it is counted."""
        rules = [one.rule for one in self.listed.values() if not one.over]
        if not rules:
            return None
        counts = {rule.number: self.listed[rule.number].count for rule in rules}
        judgement = judge(rules, passing, counts, self.draw)
        note(judgement, passing, counts)
        if any(self.listed[number].over for number in judgement.matched):
            self.on_change()
        return judgement.struck

    def draw(self, number: int) -> float:
        """A draw of a fault's own: from 0 to less than 100."""
        return 100 * self._chances[number].random()

    def struck(self, rule: Rule, bundle: Bundle, entry: Addressed, *, dropped: bool = False) -> Struck:
        """Note that a message was struck."""
        one = Struck(time.time(), rule, bundle, entry, dropped=dropped)
        self.strikes.append(one)
        return one

    def next_kept(self) -> int:
        """A number for something that is kept back."""
        self._kept_number += 1
        return self._kept_number

    def view(self, number: int, wires: Sequence[str] = ()) -> StandingFault:
        """What is told of a fault."""
        one = self.listed[number]
        return StandingFault(
            number=number,
            fault=one.rule.fault,
            sentence=one.rule.fault.sentence,
            since=one.since,
            struck=one.count.struck,
            held=sum(kept.rule.number == number and kept.held for kept in self.kept.values()),
            over=one.over,
            interface=one.count.interface,
            wires=list(wires),
        )

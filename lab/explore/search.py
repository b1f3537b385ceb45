"""The search: breadth first through all states, checking each state and each transition."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from console.statuses import PROCESS
from lab.explore.eventually import agreement
from lab.explore.machine import SHIPPED, Machine, Steps
from lab.explore.properties import (
    IN_EVERY_STATE,
    ON_A_TRANSITION_WITH_BYZANTINE_PEER,
    ON_BOTH_ENDS,
    ON_EVERY_TRANSITION,
    WITH_BYZANTINE_PEER,
    delivery,
)
from lab.explore.state import STRANGER, ModelState
from lab.explore.transitions import Transition, transitions
from shared.protocol.effects import Deliver
from shared.protocol.events import Received
from shared.protocol.labels import label
from shared.protocol.words import Status


class Action(NamedTuple):
    """What happened in one transition: to which end, and what, as the event writes itself."""

    which: int
    event: str


@dataclass(slots=True)
class Findings:
    """What a search saw: how many states, whether that was all of them, and the first thing that was wrong.

    `trace` tells how it came to that, for people; `actions` are the same, for a program that goes that way again.
    """

    states: int = 0
    complete: bool = False
    broken: str | None = None
    violation: str | None = None
    trace: list[str] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    pairs: Counter[tuple[Status, Status]] = field(default_factory=Counter)
    deliveries: int = 0
    worst_rounds: int = 0

    @property
    def statuses(self) -> tuple[set[Status], set[Status]]:
        """Every status that was seen at each end."""
        return {first for first, _ in self.pairs}, {second for _, second in self.pairs}

    @property
    def rows_unseen(self) -> list[str]:
        """The rows of the article's table that no state showed."""
        return [process for process, *pair in PROCESS if tuple(pair) not in self.pairs]


def explore(start: ModelState, *, steps: Steps = SHIPPED, limit_states: int = 3_000_000) -> Findings:
    """Go through every state that can follow from this one, and stop at the first that breaks a property."""
    search = Search(Machine(steps), start)
    while search.waiting and len(search.reached_from) < limit_states and search.findings.violation is None:
        search.expand(search.waiting.popleft())
    findings = search.findings
    findings.states = len(search.reached_from)
    findings.complete = not search.waiting and findings.violation is None
    return findings


class Search:
    """A breadth-first search, so that the first trace found is a shortest one."""

    def __init__(self, machine: Machine, start: ModelState) -> None:
        """Nothing has been looked at yet."""
        self.machine, self.findings = machine, Findings()
        self.reached_from: dict[Hashable, tuple[ModelState, Transition] | None] = {_key(start): None}
        self.waiting = deque([start])
        self._byzantine_left = start.budget.byzantine
        self._ends_checked: set[Hashable] = set()
        self._steps_checked: dict[Hashable, tuple[bool, object, object]] = {}
        self._rounds: dict[Hashable, int] = {}

    def expand(self, state: ModelState) -> None:
        """Check this state, and every transition out of it."""
        findings = self.findings
        findings.pairs[state.ends[0].status, state.ends[1].status] += 1
        if self.state_violates(state):
            self._record_trace(state)
            return
        for transition in transitions(state, self.machine):
            if transition.state is not state or transition.effects:
                findings.deliveries += len(transition.state.stores[transition.which].inbox) > len(
                    state.stores[transition.which].inbox
                )
                if self.transition_violates(state, transition):
                    self._record_trace(state, (state, transition))
                    return
            if transition.state is not state and (key := _key(transition.state)) not in self.reached_from:
                self.reached_from[key] = (state, transition)
                self.waiting.append(transition.state)

    def state_violates(self, state: ModelState) -> bool:
        """Whether a property does not hold in this state; the findings then say which."""
        ends = (id(state.stores[0].end), id(state.stores[1].end))
        byzantine = self._has_lied(state)
        for holds in WITH_BYZANTINE_PEER if byzantine else IN_EVERY_STATE:
            if ends in self._ends_checked and holds in ON_BOTH_ENDS:
                continue
            if self._broken(holds, holds(state)):
                return True
        if byzantine:
            return False
        self._ends_checked.add(ends)
        key = (*ends, *state.stores[0][1:], *state.stores[1][1:], state.sent, state.excused, state.unnoticed)
        if key in self._rounds:
            return False
        self._rounds[key], wrong = agreement(state, self.machine)
        self.findings.worst_rounds = max(self.findings.worst_rounds, self._rounds[key])
        return self._broken(agreement, wrong)

    def transition_violates(self, state: ModelState, transition: Transition) -> bool:
        """Whether a property does not hold on this transition; the findings then say which."""
        old, new = state.stores[transition.which].end, transition.state.stores[transition.which].end
        byzantine = self._has_lied(transition.state)
        taken = (id(old), id(new), id(transition.effects), id(transition.event))
        known = self._steps_checked.get(taken)
        if known is not None:
            return known[0] and not byzantine and self._broken(delivery, delivery(state, transition))
        delivers = any(isinstance(effect, Deliver) for effect in transition.effects)
        # with event and effects, since their ids must stay theirs
        self._steps_checked[taken] = (delivers, transition.event, transition.effects)
        return any(
            self._broken(holds, holds(state, transition))
            for holds in (ON_A_TRANSITION_WITH_BYZANTINE_PEER if byzantine else ON_EVERY_TRANSITION)
        )

    def _has_lied(self, state: ModelState) -> bool:
        return state.budget.byzantine != self._byzantine_left

    def _broken(self, holds: Callable[..., object], wrong: str | None) -> bool:
        if wrong is not None:
            self.findings.broken, self.findings.violation = holds.__name__, wrong
        return wrong is not None

    def _record_trace(self, state: ModelState, *last: tuple[ModelState, Transition]) -> None:
        way = list(last)
        origin = self.reached_from[_key(state)]
        while origin is not None:
            way.insert(0, origin)
            origin = self.reached_from[_key(origin[0])]
        self.findings.trace = [described(*step) for step in way]
        self.findings.actions = [Action(transition.which, repr(transition.event)) for _, transition in way]


def _key(state: ModelState) -> Hashable:
    """A state as something quickly compared: equal records are one object, so their identity will do."""
    (first, first_kept, first_inbox), (second, second_kept, second_inbox) = state.stores
    return (id(first), first_kept, first_inbox, id(second), second_kept, second_inbox, *state[1:])


def described(state: ModelState, transition: Transition) -> str:
    """One transition in words."""
    before, after = state.ends[transition.which], transition.state.ends[transition.which]
    what = transition.event
    if isinstance(what, Received):
        outcome = f"hears {label(what.message)}" + (" from a stranger" if what.sender == STRANGER else "")
    else:
        outcome = f"{what}"
    return f"{before.id} ({before.status} -> {after.status}) {outcome}"

"""Whoever finds nothing has to say how hard they looked: the search counts its worlds, and says if it ended."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from console.statuses import PROCESS
from lab.explore.eventually import agreement
from lab.explore.machine import SHIPPED, Machine, Steps
from lab.explore.moves import Move, moves
from lab.explore.properties import (
    IN_EVERY_WORLD,
    ON_A_MOVE_WHEN_LIED_TO,
    ON_BOTH_ENDS,
    ON_EVERY_MOVE,
    WHEN_LIED_TO,
    delivery,
)
from lab.explore.world import STRANGER, World
from shared.protocol.events import Received
from shared.protocol.labels import label
from shared.protocol.words import Status


class Taken(NamedTuple):
    """One move of a story: to which end, and what, as the event writes itself."""

    which: int
    event: str


@dataclass(slots=True)
class Findings:
    """What a search saw: how many worlds, whether that was all of them, and the first thing that was wrong.

    `story` tells how it came to that, for people; `moves` are the same, for a program that goes that way again.
    """

    worlds: int = 0
    complete: bool = False
    broken: str | None = None
    violation: str | None = None
    story: list[str] = field(default_factory=list)
    moves: list[Taken] = field(default_factory=list)
    pairs: Counter[tuple[Status, Status]] = field(default_factory=Counter)
    deliveries: int = 0
    worst_rounds: int = 0

    @property
    def statuses(self) -> tuple[set[Status], set[Status]]:
        """Every status that was seen at each end."""
        return {first for first, _ in self.pairs}, {second for _, second in self.pairs}

    @property
    def rows_unseen(self) -> list[str]:
        """The rows of the article's table that no world showed."""
        return [stage for stage, *pair in PROCESS if tuple(pair) not in self.pairs]


def explore(start: World, *, steps: Steps = SHIPPED, limit_worlds: int = 3_000_000) -> Findings:
    """Go through every world that can follow from this one, and stop at the first that breaks a property."""
    search = Search(Machine(steps), start)
    while search.waiting and len(search.came) < limit_worlds and search.findings.violation is None:
        search.look(search.waiting.popleft())
    findings = search.findings
    findings.worlds = len(search.came)
    findings.complete = not search.waiting and findings.violation is None
    return findings


class Search:
    """Breadth first, so that the first story found is a shortest one."""

    def __init__(self, machine: Machine, start: World) -> None:
        """Nothing has been looked at yet."""
        self.machine, self.findings = machine, Findings()
        self.came: dict[Hashable, tuple[World, Move] | None] = {_key(start): None}
        self.waiting = deque([start])
        self._lies = start.budget.lies
        self._ends_judged: set[Hashable] = set()
        self._steps_judged: dict[Hashable, object] = {}
        self._rounds: dict[Hashable, int] = {}

    def look(self, world: World) -> None:
        """Judge this world, and every move out of it."""
        findings = self.findings
        findings.pairs[world.ends[0].status, world.ends[1].status] += 1
        if self.wrong(world):
            self._tell(world)
            return
        for move in moves(world, self.machine):
            if move.world is not world or move.effects:
                findings.deliveries += len(move.world.stores[move.which].inbox) > len(world.stores[move.which].inbox)
                if self.wrong_move(world, move):
                    self._tell(world, (world, move))
                    return
            if move.world is not world and (key := _key(move.world)) not in self.came:
                self.came[key] = (world, move)
                self.waiting.append(move.world)

    def wrong(self, world: World) -> bool:
        """Whether a property does not hold in this world; the findings then say which."""
        ends = (id(world.stores[0].end), id(world.stores[1].end))
        lied = self._lied(world)
        for holds in WHEN_LIED_TO if lied else IN_EVERY_WORLD:
            if ends in self._ends_judged and holds in ON_BOTH_ENDS:
                continue
            if self._broken(holds, holds(world)):
                return True
        if lied:
            return False
        self._ends_judged.add(ends)
        key = (*ends, *world.stores[0][1:], *world.stores[1][1:], world.sent, world.excused, world.unnoticed)
        if key in self._rounds:
            return False
        self._rounds[key], wrong = agreement(world, self.machine)
        self.findings.worst_rounds = max(self.findings.worst_rounds, self._rounds[key])
        return self._broken(agreement, wrong)

    def wrong_move(self, world: World, move: Move) -> bool:
        """Whether a property does not hold on this move; the findings then say which."""
        old, new = world.stores[move.which].end, move.world.stores[move.which].end
        lied = self._lied(move.world)
        taken = (id(old), id(new), id(move.effects), id(move.event))
        if taken in self._steps_judged:
            return not lied and self._broken(delivery, delivery(world, move))
        self._steps_judged[taken] = (move.event, move.effects)  # kept, since their ids must stay theirs
        return any(
            self._broken(holds, holds(world, move)) for holds in (ON_A_MOVE_WHEN_LIED_TO if lied else ON_EVERY_MOVE)
        )

    def _lied(self, world: World) -> bool:
        return world.budget.lies != self._lies

    def _broken(self, holds: Callable[..., object], wrong: str | None) -> bool:
        if wrong is not None:
            self.findings.broken, self.findings.violation = holds.__name__, wrong
        return wrong is not None

    def _tell(self, world: World, *last: tuple[World, Move]) -> None:
        way = list(last)
        origin = self.came[_key(world)]
        while origin is not None:
            way.insert(0, origin)
            origin = self.came[_key(origin[0])]
        self.findings.story = [sentence(*step) for step in way]
        self.findings.moves = [Taken(move.which, repr(move.event)) for _, move in way]


def _key(world: World) -> Hashable:
    """A world as something quickly compared: equal records are one object, so their identity will do."""
    (first, first_kept, first_inbox), (second, second_kept, second_inbox) = world.stores
    return (id(first), first_kept, first_inbox, id(second), second_kept, second_inbox, *world[1:])


def sentence(world: World, move: Move) -> str:
    """One move in words."""
    before, after = world.ends[move.which], move.world.ends[move.which]
    what = move.event
    if isinstance(what, Received):
        told = f"hears {label(what.message)}" + (" from a stranger" if what.sender == STRANGER else "")
    else:
        told = f"{what}"
    return f"{before.id} ({before.status} -> {after.status}) {told}"

"""A timer needs no task of its own: a hundred thousand of them are one heap and one question, what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random
from typing import NamedTuple

from shared.protocol.words import Timer


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long an interface waits before it speaks again, and before it gives up; all in seconds."""

    resend_first_seconds: float = 0.5
    resend_growth: float = 2.0
    resend_limit_seconds: float = 8.0
    connect_timeout_seconds: float = 120.0
    jitter: float = 0.25

    def of(self, timer: Timer, attempt: int, chance: Random) -> float:
        """The pause before this attempt (0 is the first), spread so that a crowd does not move in step."""
        if timer is Timer.CONNECT:
            return self.connect_timeout_seconds
        grown = self.resend_first_seconds * self.resend_growth ** min(attempt, 16)
        spread = 1 + self.jitter * (2 * chance.random() - 1)
        return min(grown, self.resend_limit_seconds) * spread


class Ripe(NamedTuple):
    """A timer that has run out, and how often it had before without anything coming of it."""

    interface: str
    timer: Timer
    attempt: int


class _Armed(NamedTuple):
    ticket: int
    attempt: int
    fired: bool


class Timers:
    """Everything that interfaces wait for. Time is an argument: monotonic seconds from anywhere."""

    def __init__(self, pauses: Pauses, chance: Random) -> None:
        """Use these pauses; `chance` spreads them."""
        self._pauses, self._chance = pauses, chance
        self._heap: list[tuple[float, int, str, Timer]] = []
        self._armed: dict[tuple[str, Timer], _Armed] = {}
        self._ticket = 0

    def __len__(self) -> int:
        """How many timers are armed."""
        return len(self._armed)

    def update(self, interface: str, wanted: Iterable[Timer], now: float, *, progress: bool) -> None:
        """Make what is armed be what is wanted; progress starts the growing pauses anew."""
        for timer in Timer:
            key = (interface, timer)
            armed = self._armed.get(key)
            if timer not in wanted:
                if armed is not None:
                    del self._armed[key]
            elif armed is None:
                self._arm(key, 0, now)
            elif armed.fired:
                self._arm(key, 0 if progress else armed.attempt + 1, now)
            elif progress and timer is Timer.RESEND:
                self._arm(key, 0, now)
        if len(self._heap) > 1_000 + 4 * len(self._armed):
            self._sweep()

    def soon(self, interface: str, timer: Timer, at: float) -> None:
        """Arm a timer for a given moment, as after a restart."""
        self._push((interface, timer), 0, at)

    def due(self, now: float, limit: int) -> list[Ripe]:
        """Take out what has run out, at most `limit`, the oldest first."""
        ripe: list[Ripe] = []
        while self._heap and self._heap[0][0] <= now and len(ripe) < limit:
            _, ticket, interface, timer = heappop(self._heap)
            armed = self._armed.get((interface, timer))
            if armed is not None and armed.ticket == ticket:
                self._armed[interface, timer] = armed._replace(fired=True)
                ripe.append(Ripe(interface, timer, armed.attempt))
        return ripe

    def next(self) -> float | None:
        """When something will run out; None if nothing ever will."""
        while self._heap:
            at, ticket, interface, timer = self._heap[0]
            armed = self._armed.get((interface, timer))
            if armed is not None and armed.ticket == ticket:
                return at
            heappop(self._heap)
        return None

    def _arm(self, key: tuple[str, Timer], attempt: int, now: float) -> None:
        self._push(key, attempt, now + self._pauses.of(key[1], attempt, self._chance))

    def _push(self, key: tuple[str, Timer], attempt: int, at: float) -> None:
        self._ticket += 1
        self._armed[key] = _Armed(self._ticket, attempt, fired=False)
        heappush(self._heap, (at, self._ticket, *key))

    def _sweep(self) -> None:
        live = {armed.ticket for armed in self._armed.values()}
        self._heap = [entry for entry in self._heap if entry[1] in live]
        heapify(self._heap)

"""A timer needs no task of its own: a hundred thousand of them are one heap and one question, what is due."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random
from typing import NamedTuple

from shared.protocol.words import Timer
from shared.runtime.retransmission import RetransmissionTimeouts


@dataclass(frozen=True, slots=True)
class RetransmissionPolicy:
    """How long an interface waits before it speaks again, and before it gives up; all in seconds."""

    resend_first_seconds: float = 0.5
    resend_growth: float = 2.0
    resend_limit_seconds: float = 8.0
    connect_timeout_seconds: float = 120.0
    jitter: float = 0.25

    def pause(self, first_seconds: float, attempt: int, chance: Random) -> float:
        """The pause before this attempt (0 is the first), spread so that a crowd does not move in step."""
        grown = first_seconds * self.resend_growth ** min(attempt, 16) if attempt else first_seconds
        spread = 1 + self.jitter * (2 * chance.random() - 1)
        return min(grown, self.resend_limit_seconds) * spread


class Expired(NamedTuple):
    """A timer that has run out, and how often it had before without anything coming of it."""

    interface: str
    timer: Timer
    attempt: int


@dataclass(slots=True)
class _Armed:
    """One timer: `queued` is when the heap looks at it, and `at` may have moved to later since then."""

    interface: str
    timer: Timer
    peer: str
    said: float
    at: float
    queued: float
    attempt: int = 0
    fired: bool = False
    wanted: bool = True


class Timers:
    """Everything that interfaces wait for. Time is an argument: monotonic seconds from anywhere."""

    def __init__(self, policy: RetransmissionPolicy, chance: Random) -> None:
        """Use these pauses; `chance` spreads them."""
        self._policy, self._chance = policy, chance
        self._patience = RetransmissionTimeouts(policy.resend_first_seconds, policy.resend_limit_seconds)
        self._heap: list[tuple[float, int, _Armed]] = []
        self._resend: dict[str, _Armed] = {}
        self._connect: dict[str, _Armed] = {}
        self._answered: dict[str, tuple[float, float]] = {}
        self._ticket = 0

    def __len__(self) -> int:
        """How many timers are armed."""
        return len(self._resend) + len(self._connect)

    def update(self, interface: str, peer: str, wanted: Container[Timer], now: float, *, progress: bool) -> None:
        """Make what is armed be what is wanted; progress starts the growing pauses anew."""
        armed = self._resend.get(interface)
        if Timer.RESEND in wanted:
            if armed is None or armed.fired or progress:
                self._arm_resend(armed, interface, peer, now, progress=progress)
        elif armed is not None:
            del self._resend[interface]
            armed.wanted = False
            if not armed.attempt and not armed.fired:
                self._count(armed)
        armed = self._connect.get(interface)
        if Timer.CONNECT in wanted:
            if armed is None or armed.fired:
                at = now + self._policy.connect_timeout_seconds
                self._connect[interface] = self._push(_Armed(interface, Timer.CONNECT, peer, now, at, at))
        elif armed is not None:
            del self._connect[interface]
            armed.wanted = False

    def learn(self, now: float) -> None:
        """Take note of how long what has been answered since the last time had to wait."""
        for peer, (first, last) in self._answered.items():
            self._patience.answered(peer, first, last, now)
        self._answered.clear()
        if len(self._heap) > 1_000 + 4 * len(self):
            self._heap = [entry for entry in self._heap if entry[2].wanted and entry[2].queued == entry[0]]
            heapify(self._heap)

    def schedule(self, interface: str, timer: Timer, at: float) -> None:
        """Arm a timer for a given moment, as after a restart."""
        known = self._resend if timer is Timer.RESEND else self._connect
        if (before := known.get(interface)) is not None:
            before.wanted = False
        known[interface] = self._push(_Armed(interface, timer, "", at, at, at))

    def due(self, now: float, limit: int) -> list[Expired]:
        """Take out what has run out, at most `limit`, the oldest first."""
        ripe: list[Expired] = []
        while len(ripe) < limit and (at := self.next()) is not None and at <= now:
            armed = heappop(self._heap)[2]
            if armed.timer is Timer.RESEND and (until := self._until(armed, now)) > now:
                armed.at = armed.queued = until
                self._push(armed)
            else:
                armed.fired = True
                ripe.append(Expired(armed.interface, armed.timer, armed.attempt))
        return ripe

    def _until(self, armed: _Armed, now: float) -> float:
        """The moment before which this is not said again; after a restart nobody knows to whom, and it is said."""
        return self._patience.until(armed.peer, armed.said, now) if armed.peer else now

    def next(self) -> float | None:
        """When something will run out; None if nothing ever will."""
        while self._heap:
            queued, _, armed = self._heap[0]
            if armed.wanted and armed.queued == queued:
                if armed.at == queued:
                    return queued
                armed.queued = armed.at
                self._push(armed)
            heappop(self._heap)
        return None

    def _arm_resend(self, armed: _Armed | None, interface: str, peer: str, now: float, *, progress: bool) -> None:
        attempt = 0 if progress or armed is None else armed.attempt + 1
        at = now + self._policy.pause(self._patience.first_pause(peer), attempt, self._chance)
        if armed is None or armed.fired or at < armed.queued:
            if armed is not None:
                armed.wanted = False
            self._resend[interface] = self._push(_Armed(interface, Timer.RESEND, peer, now, at, at, attempt))
        else:
            armed.said, armed.at, armed.attempt = now, at, attempt

    def _push(self, armed: _Armed) -> _Armed:
        self._ticket += 1
        heappush(self._heap, (armed.queued, self._ticket, armed))
        return armed

    def _count(self, armed: _Armed) -> None:
        first, last = self._answered.get(armed.peer, (armed.said, armed.said))
        self._answered[armed.peer] = (min(first, armed.said), max(last, armed.said))

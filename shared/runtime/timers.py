"""Timers: what the interfaces of a worker wait for, a hundred thousand of them in one heap."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from random import Random
from typing import NamedTuple

from shared.protocol.words import Timer
from shared.runtime.retransmission import RetransmissionPolicy, RetransmissionTimeouts


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
    sent_at: float
    at: float
    queued: float
    attempt: int = 0
    expired: bool = False
    wanted: bool = True


class Timers:
    """All timers of one worker. Time is an argument: monotonic seconds from anywhere."""

    def __init__(self, policy: RetransmissionPolicy, chance: Random) -> None:
        """Wait as long as this policy says; `chance` spreads the pauses."""
        self._policy, self._chance = policy, chance
        self._timeouts = RetransmissionTimeouts(policy.resend_first_seconds, policy.resend_limit_seconds)
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
            if armed is None or armed.expired or progress:
                self._arm_resend(armed, interface, peer, now, progress=progress)
        elif armed is not None:
            del self._resend[interface]
            armed.wanted = False
            if not armed.attempt and not armed.expired:
                self._note_answered(armed)
        armed = self._connect.get(interface)
        if Timer.CONNECT in wanted:
            if armed is None or armed.expired:
                at = now + self._policy.connect_timeout_seconds
                self._connect[interface] = self._push(_Armed(interface, Timer.CONNECT, peer, now, at, at))
        elif armed is not None:
            del self._connect[interface]
            armed.wanted = False

    def learn(self, now: float) -> None:
        """Measure the round trips of what has been answered since the last time."""
        for peer, (first, last) in self._answered.items():
            self._timeouts.measure(peer, first, last, now)
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
        found: list[Expired] = []
        while len(found) < limit and (at := self.next_due()) is not None and at <= now:
            armed = heappop(self._heap)[2]
            if armed.timer is Timer.RESEND and (until := self._not_before(armed, now)) > now:
                armed.at = armed.queued = until
                self._push(armed)
            else:
                armed.expired = True
                found.append(Expired(armed.interface, armed.timer, armed.attempt))
        return found

    def _not_before(self, armed: _Armed, now: float) -> float:
        """The moment before which this is not said again; after a restart nobody knows to whom, and it is said."""
        return self._timeouts.not_before(armed.peer, armed.sent_at, now) if armed.peer else now

    def next_due(self) -> float | None:
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
        """Arm the timer of a message that has just been sent; one that is armed already moves to later."""
        attempt = 0 if progress or armed is None else armed.attempt + 1
        first = self._timeouts.timeout(peer) if attempt else self._timeouts.first_pause(peer)
        at = now + self._policy.pause(first, attempt, self._chance)
        if armed is None or armed.expired or at < armed.queued:
            if armed is not None:
                armed.wanted = False
            self._resend[interface] = self._push(_Armed(interface, Timer.RESEND, peer, now, at, at, attempt))
        else:
            armed.sent_at, armed.at, armed.attempt = now, at, attempt

    def _push(self, armed: _Armed) -> _Armed:
        """Put a timer into the heap; of those of one moment the first comes first."""
        self._ticket += 1
        heappush(self._heap, (armed.queued, self._ticket, armed))
        return armed

    def _note_answered(self, armed: _Armed) -> None:
        """Note that what was sent with this timer has been answered, for the next measure of its peer."""
        first, last = self._answered.get(armed.peer, (armed.sent_at, armed.sent_at))
        self._answered[armed.peer] = (min(first, armed.sent_at), max(last, armed.sent_at))

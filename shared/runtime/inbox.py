"""The inbox: deliveries that were not taken up yet, with a line for each queue, and so for each sender.

A flood drowns only those who stand in the same line: a batch takes one delivery of each line in turn, and of no line
more than its share, so whoever says little is served with the next batch, however much somebody else says.

What was delivered in vain several times may be what ends this worker. With it everything else ended so far that was
delivered at the same time, and the broker sets all of that aside in the end. So a suspect is taken alone, in another
order each time: what is harmless gets through between two ends of the worker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping, Sequence
from random import SystemRandom
from types import MappingProxyType
from typing import Final

from shared.broker.messages import Delivery

BATCH_LIMIT_BYTES: Final = 65_536
"""Bodies of AMQP messages in one batch, and one more: several hundred protocol messages, which share one commit."""

PEER_SHARE_BYTES: Final = 5_120
"""What a batch takes for each peer, if that is more: what follows from it is said to each in a bundle of its own.

A line has the share of those peers who stand in it, or a stranger's flood would be as large a batch as all of them are.
"""

LARGEST_BATCH_BYTES: Final = 1_048_576
"""What a batch takes at the most, however many peers there are, some 6,000 messages: whoever comes next waits for them.

With two hundred peers a quarter of that was so little for each that nearly every message was a batch of its own there.
"""

OLDEST_SECONDS: Final = 0.5
"""How long timers wait at the most for what is here and was not taken up yet."""

SUSPECT_DELIVERIES: Final = 3
"""Delivered so often in vain, it is taken alone: a worker that is killed once or twice loses no time by it."""

NOBODY: Final[Mapping[str, int]] = MappingProxyType({})
"""No peers in any line."""

_CHANCE: Final = SystemRandom()


class Inbox:
    """What has been delivered and not been taken up yet, by the queue it came from; moments are monotonic seconds."""

    def __init__(self) -> None:
        """Empty."""
        self._lines: dict[str, deque[tuple[float, Delivery]]] = {}
        self._turns: deque[str] = deque()
        self._suspects: list[tuple[float, Delivery]] = []
        self._alone = False

    def __bool__(self) -> bool:
        """Whether anything is here."""
        return bool(self._turns or self._suspects)

    def put(self, delivery: Delivery, now: float) -> None:
        """Add a delivery to the line of its queue, or a suspect to the others."""
        if is_suspect(delivery):
            self._suspects.append((now, delivery))
            return
        line = self._lines.setdefault(delivery.queue, deque())
        if not line:
            self._turns.append(delivery.queue)
        line.append((now, delivery))

    def take(self, limit: int, peers: Mapping[str, int] = NOBODY) -> list[Delivery]:
        """Take a batch, in turn from each line: small enough that what follows leaves while the next is decided.

        `peers` says of how many peers each line has the share; in the owner's stand commands for all of them. After
        each batch, or where there is none, one suspect is a batch.
        """
        self._alone = bool(self._suspects) and not (self._alone and self._turns)
        if self._alone:
            return [self._take_suspect()]
        taken: list[Delivery] = []
        weight, heaviest = 0, min(_share(max(peers.values(), default=0)), LARGEST_BATCH_BYTES)
        weights, served = dict.fromkeys(self._turns, 0), list[str]()
        while self._turns and weight < heaviest and len(taken) < limit:
            queue = self._turns.popleft()
            line = self._lines[queue]
            taken.append(line.popleft()[1])
            weight += len(taken[-1].body)
            weights[queue] += len(taken[-1].body)
            if line:
                (self._turns if weights[queue] < _share(peers.get(queue, 0)) else served).append(queue)
        self._turns.extend(served)
        return taken

    def _take_suspect(self) -> Delivery:
        """Take one suspect: first the latest, the next time the earliest, so that one bad one holds up no other."""
        count = max(one.in_vain for _, one in self._suspects) - SUSPECT_DELIVERIES
        places = (-1, 0)
        place = places[count] if count < len(places) else _CHANCE.randrange(len(self._suspects))
        return self._suspects.pop(place)[1]

    def put_back(self, taken: Sequence[Delivery], now: float) -> None:
        """Take back what a batch took that failed: it is the next in its lines."""
        for delivery in reversed(taken):
            if is_suspect(delivery):
                self._suspects.append((now, delivery))
                continue
            line = self._lines.setdefault(delivery.queue, deque())
            if not line:
                self._turns.append(delivery.queue)
            line.appendleft((now, delivery))

    def keep(self, sessions: Container[int]) -> None:
        """Drop what came in other sessions: it can't be acknowledged any more, and comes again."""
        self._suspects = [entry for entry in self._suspects if entry[1].session in sessions]
        for queue in list(self._turns):
            kept = deque(entry for entry in self._lines[queue] if entry[1].session in sessions)
            self._lines[queue] = kept
            if not kept:
                self._turns.remove(queue)

    def oldest(self, now: float) -> float | None:
        """Since when something has been waiting here; whoever floods a line makes no timer wait for long."""
        since = [self._lines[queue][0][0] for queue in self._turns] + [entry[0] for entry in self._suspects]
        return max(min(since), now - OLDEST_SECONDS) if since else None


def _share(peers: int) -> int:
    """The bytes in a batch of what concerns so many peers."""
    return max(BATCH_LIMIT_BYTES, peers * PEER_SHARE_BYTES)


def is_suspect(delivery: Delivery) -> bool:
    """Whether a delivery may be what ended this worker before."""
    return delivery.in_vain >= SUSPECT_DELIVERIES

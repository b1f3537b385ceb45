"""The inbox: deliveries that were not taken up yet, with a line for each queue, and so for each sender.

A flood drowns only those who stand in the same line: a batch takes one delivery of each line in turn, and no more than
a batch can carry, so whoever says little is served with the next batch, however much somebody else says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence
from typing import Final

from shared.broker.messages import Delivery

BATCH_LIMIT_BYTES: Final = 65_536
"""Bodies of AMQP messages in one batch, and one more: several hundred protocol messages, which share one commit."""

PEER_SHARE_BYTES: Final = 5_120
"""What a batch takes for each peer, if that is more: what follows from it is said to each in a bundle of its own."""

LARGEST_BATCH_BYTES: Final = 262_144
"""What a batch takes at the most, however many peers there are: whoever comes next waits for all of it."""

OLDEST_SECONDS: Final = 0.5
"""How long timers wait at the most for what is here and was not taken up yet."""


class Inbox:
    """What has been delivered and not been taken up yet, by the queue it came from; moments are monotonic seconds."""

    def __init__(self) -> None:
        """Empty."""
        self._lines: dict[str, deque[tuple[float, Delivery]]] = {}
        self._turns: deque[str] = deque()

    def __bool__(self) -> bool:
        """Whether anything is here."""
        return bool(self._turns)

    def put(self, delivery: Delivery, now: float) -> None:
        """Add a delivery to the line of its queue."""
        line = self._lines.setdefault(delivery.queue, deque())
        if not line:
            self._turns.append(delivery.queue)
        line.append((now, delivery))

    def take(self, limit: int, peers: int = 0) -> list[Delivery]:
        """Take a batch, in turn from each line: small enough that what follows leaves while the next is decided."""
        taken: list[Delivery] = []
        weight, heaviest = 0, min(max(BATCH_LIMIT_BYTES, peers * PEER_SHARE_BYTES), LARGEST_BATCH_BYTES)
        while self._turns and weight < heaviest and len(taken) < limit:
            queue = self._turns.popleft()
            line = self._lines[queue]
            taken.append(line.popleft()[1])
            weight += len(taken[-1].body)
            if line:
                self._turns.append(queue)
        return taken

    def put_back(self, taken: Sequence[Delivery], now: float) -> None:
        """Take back what a batch took that failed: it is the next in its lines."""
        for delivery in reversed(taken):
            line = self._lines.setdefault(delivery.queue, deque())
            if not line:
                self._turns.append(delivery.queue)
            line.appendleft((now, delivery))

    def keep(self, sessions: Container[int]) -> None:
        """Drop what came in other sessions: it can't be acknowledged any more, and comes again."""
        for queue in list(self._turns):
            kept = deque(entry for entry in self._lines[queue] if entry[1].session in sessions)
            self._lines[queue] = kept
            if not kept:
                self._turns.remove(queue)

    def oldest(self, now: float) -> float | None:
        """Since when something has been waiting here; whoever floods a line makes no timer wait for long."""
        first = min((self._lines[queue][0][0] for queue in self._turns), default=None)
        return None if first is None else max(first, now - OLDEST_SECONDS)

"""The scheduler of virtual time: events in the order of their moments."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[], None]


class Scheduler:
    """Events in virtual seconds; those due at the same moment happen in the order in which they were scheduled."""

    def __init__(self) -> None:
        """Begin at zero, with nothing to come."""
        self.now = 0.0
        self.taken = 0
        self._heap: list[tuple[float, int, Action]] = []
        self._asked = 0

    def at(self, moment: float, action: Action) -> None:
        """Do this then; what should have happened already happens next."""
        self._asked += 1
        heappush(self._heap, (max(moment, self.now), self._asked, action))

    def after(self, seconds: float, action: Action) -> None:
        """Do this so many virtual seconds from now."""
        self.at(self.now + seconds, action)

    def run_until(self, moment: float) -> None:
        """Let everything happen that comes up to this moment, and arrive at it."""
        while self._heap and self._heap[0][0] <= moment:
            self.now, _, action = heappop(self._heap)
            self.taken += 1
            action()
        self.now = max(self.now, moment)

"""Backoff: growing, jittered pauses between attempts to connect.

Clients that come back at the same moment break what has just come up, so every pause is a draw.
"""

import random
from dataclasses import dataclass, field
from typing import Final

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
STABLE_AFTER_SECONDS: Final = 10.0
"""A session that lasted this long proves the broker well again; the next pause begins small."""
_LARGEST_EXPONENT: Final = 16


@dataclass(slots=True)
class Backoff:
    """Growing pauses with full jitter: evenly between nothing and a bound that doubles up to a cap.

    Source: "Exponential backoff and jitter", AWS Builders' Library.
    """

    first_seconds: float = FIRST_PAUSE_SECONDS
    longest_seconds: float = LONGEST_PAUSE_SECONDS
    draw: random.Random = field(default_factory=random.Random)
    _attempt: int = 0

    def next(self, lasted_seconds: float) -> float:
        """Draw the pause after a session, or an attempt at one, that lasted this long."""
        if lasted_seconds >= STABLE_AFTER_SECONDS:
            self._attempt = 0
        bound = min(self.longest_seconds, self.first_seconds * 2**self._attempt)
        self._attempt = min(self._attempt + 1, _LARGEST_EXPONENT)
        return self.draw.uniform(0, bound)

"""The condition of a worker: what keeps it from its work, as far as it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COUNTED: Final = (
    "steps",
    "batches",
    "received_messages",
    "ignored_messages",
    "delivered_payloads",
    "rejected_deliveries",
    "errors",
    "blocked",
)
"""What a worker counts, from its start; `blocked` is how often the broker stopped taking messages."""


@dataclass(slots=True)
class Condition:
    """What a worker has to do without at present, and what it has counted so far, for its views.

    `unread` are the accounts whose messages to this endpoint can't be read, each with the reason; `blocked` is why the
    broker takes nothing, and `store` why the store does; `disconnected` is why there is no session with the broker.
    """

    unread: Mapping[str, str] = field(default_factory=dict)
    disconnected: str = ""
    blocked: str = ""
    store: str = ""
    counters: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))

    @property
    def healthy(self) -> bool:
        """Whether it has to do without nothing."""
        return not (self.unread or self.disconnected or self.blocked or self.store)

"""The condition of a worker: what keeps it from its work, as far as it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.runtime.histograms import Histogram

COUNTED: Final = {
    "steps": "events applied to an interface",
    "batches": "transactions of deliveries, commands and timers",
    "received_messages": "messages of peers that were read",
    "ignored_messages": "those of them that changed nothing, as the protocol has it",
    "retransmissions": "resend timers that ran out, so that something was said again",
    "delivered_payloads": "payloads that came into an inbox",
    "rejected_deliveries": "deliveries set aside as dead letters",
    "errors": "errors in handling an item of a batch",
    "blocked": "how often the broker stopped taking messages",
}
"""What a worker counts, from its start, and what each is."""

_OPENING_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BYTES_BOUNDS: Final = (256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576)


def _histograms() -> dict[str, Histogram]:
    """What a worker measures; empty so far."""
    return {"opening_seconds": Histogram(_OPENING_BOUNDS), "sent_bundle_bytes": Histogram(_BYTES_BOUNDS)}


@dataclass(slots=True)
class Condition:
    """What a worker has to do without at present, and what it has counted so far, for its views.

    `senders` are the accounts whose messages to this endpoint it reads, if the broker tells accounts apart; `unread`
    are those of which it can't, each with the reason; `blocked` is why the broker takes nothing, and `store` why the
    store does; `disconnected` is why there is no session with the broker.
    `rejections` counts rejected deliveries by the code of their reason.
    """

    senders: frozenset[str] = frozenset()
    unread: Mapping[str, str] = field(default_factory=dict)
    disconnected: str = ""
    blocked: str = ""
    store: str = ""
    counters: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))
    histograms: Mapping[str, Histogram] = field(default_factory=_histograms)
    rejections: Counter[str] = field(default_factory=Counter)

    @property
    def healthy(self) -> bool:
        """Whether it has to do without nothing."""
        return not (self.unread or self.disconnected or self.blocked or self.store)

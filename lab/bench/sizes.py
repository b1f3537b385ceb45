"""How much one run measures: the full sizes, which take about ten minutes, and the quick ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class ScaleSize(NamedTuple):
    """How much one `peering up` runs: so many endpoints of so many accounts."""

    endpoints: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything one run does."""

    handshakes: int
    rounds: int
    baseline_handshakes: int
    slow_baseline_handshakes: int
    lone: int
    connection_counts: tuple[int, ...]
    sample: int
    samples: int
    lookups: int
    payloads: int
    idle_seconds: float
    starts: int
    worlds: int
    acceptors: tuple[int, ...]
    scale: tuple[ScaleSize, ...]

    @property
    def full(self) -> bool:
        """Whether the sizes are those that the aims speak of."""
        return self.connection_counts[-1] >= AIM_INTERFACES


AIM_INTERFACES: Final = 100_000

FULL: Final = Sizes(
    handshakes=20_000,
    rounds=3,
    baseline_handshakes=10_000,
    slow_baseline_handshakes=5_000,
    lone=500,
    connection_counts=(1_000, 10_000, AIM_INTERFACES),
    sample=2_000,
    samples=7,
    lookups=200,
    payloads=20_000,
    idle_seconds=30.0,
    starts=5,
    worlds=40,
    acceptors=(50, 200),
    scale=(ScaleSize(20, 4), ScaleSize(100, 4), ScaleSize(300, 4), ScaleSize(20, 60), ScaleSize(100, 60)),
)

QUICK: Final = Sizes(
    handshakes=4_000,
    rounds=1,
    baseline_handshakes=1_500,
    slow_baseline_handshakes=500,
    lone=60,
    connection_counts=(1_000, 4_000),
    sample=1_000,
    samples=1,
    lookups=50,
    payloads=4_000,
    idle_seconds=5.0,
    starts=1,
    worlds=8,
    acceptors=(6,),
    scale=(ScaleSize(8, 2),),
)

COMMANDS_LIMIT: Final = 500
"""Commands in one request: half of what a worker takes, so that a reply stays small, too."""

IN_FLIGHT_LIMIT_REQUESTS: Final = 8
"""Requests on their way at once: enough to keep a worker busy, few enough for its queue to stay short."""

LONE_PAUSE_SECONDS: Final = 0.02
"""Between lone handshakes, ours and the baselines' alike, so that none meets the rest of the one before."""

PAYLOAD_CHARACTERS: Final = 200
PAYLOAD_CONNECTIONS: Final = 100

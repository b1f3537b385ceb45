"""The results of each measure, as values with their units in their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


class BenchFailed(RuntimeError):
    """A measurement could not be made; the message says why. No figure is better than a wrong one."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """The sample that so many percent of all do not exceed (nearest rank). Raises BenchFailed if there is none."""
    if not samples:
        raise BenchFailed("nothing was measured")
    ordered = sorted(samples)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of something, in so many seconds each time it was tried."""

    count: int
    seconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """The median of all tries."""
        return self.count / median(self.seconds)

    def __add__(self, later: Rate) -> Rate:
        """The tries of both."""
        return Rate(self.count, self.seconds + later.seconds)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long something took, each time, in milliseconds."""

    milliseconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Half took at most this long, in milliseconds."""
        return percentile(self.milliseconds, 50)

    @property
    def p99(self) -> float:
        """All but one in a hundred took at most this long, in milliseconds."""
        return percentile(self.milliseconds, 99)

    def __add__(self, later: Latency) -> Latency:
        """The samples of both."""
        return Latency(self.milliseconds + later.milliseconds)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one of the baselines did on one type of queue."""

    queue_type: str
    handshakes: Rate
    lone: Latency

    def __add__(self, later: Baseline) -> Baseline:
        """The same, measured twice."""
        return Baseline(self.queue_type, self.handshakes + later.handshakes, self.lone + later.lone)


@dataclass(frozen=True, slots=True)
class Bulk:
    """Many connections at once: handshakes, and changes of what is established."""

    handshakes: Rate
    suspends: Rate
    resumes: Rate


@dataclass(frozen=True, slots=True)
class Lone:
    """One handshake at a time: from the timelines plus one commit, and as an owner's console sees it."""

    ends: Latency
    console: Latency
    commit: Latency


@dataclass(frozen=True, slots=True)
class ConnectionsPoint:
    """What things cost while a pair of workers holds so many connections."""

    connections: int
    cpu_microseconds: float
    broker_cpu_microseconds: float
    handshakes: Rate
    lone: Latency
    show: Latency
    page: Latency


@dataclass(frozen=True, slots=True)
class ByConnections:
    """A pair of workers from its first connection to its last; memory in MiB, of the larger of the two."""

    points: tuple[ConnectionsPoint, ...]
    idle_mib: float
    full_mib: float
    fresh_seconds: tuple[float, ...]
    killed_seconds: tuple[float, ...]
    idle_core_share: float
    interfaces: int


@dataclass(frozen=True, slots=True)
class ScalePoint:
    """One `peering up` with so many endpoints of so many accounts; a worker's memory and processor time are medians."""

    endpoints: int
    accounts: int
    boot_seconds: float
    ready_seconds: float
    worker_cpu_seconds: float
    private_mib: float
    pss_mib: float
    whole_mib: float
    queues: int
    connections: int
    idle_core_share: float


@dataclass(frozen=True, slots=True)
class Worlds:
    """Fresh worlds, from asking for one until a connection is up in it; processor time is of one's whole round."""

    connected: Latency
    reset: Latency
    ended: Latency
    cpu_milliseconds: float
    warm_seconds: tuple[float, ...]
    first_seconds: float


@dataclass(frozen=True, slots=True)
class Payloads:
    """Payloads exactly once and in order, durable at both ends."""

    one_way: Rate
    both_ways: Rate


@dataclass(frozen=True, slots=True)
class Fanout:
    """One initiator with many acceptors; processor time is per handshake, that of all acceptors together."""

    acceptors: int
    handshakes: Rate
    pair: Rate
    opener_microseconds: float
    others_microseconds: float
    broker_microseconds: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where a handshake's processor time goes, in microseconds, by layer; both workers, and the broker beside them."""

    layers: dict[str, float]
    handshakes: int


@dataclass(slots=True)
class Results:
    """Everything one run found; what was not asked for is None."""

    plain: list[Baseline] = field(default_factory=list)
    stock: list[Baseline] = field(default_factory=list)
    durable: list[Baseline] = field(default_factory=list)
    faststream: list[Baseline] = field(default_factory=list)
    plain_payloads: list[tuple[str, Payloads]] = field(default_factory=list)
    bulk: Bulk | None = None
    lone: Lone | None = None
    by_connections: ByConnections | None = None
    scale: list[ScalePoint] = field(default_factory=list)
    worlds: Worlds | None = None
    payloads: Payloads | None = None
    fanout: list[Fanout] = field(default_factory=list)
    breakdown: Breakdown | None = None

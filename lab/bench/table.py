"""The benchmark's table: each row's figure, baseline, ratio, aim and verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from lab.bench.baseline_runs import QUEUE_TYPE
from lab.bench.results import (
    Baseline,
    Bulk,
    ByConnections,
    Fanout,
    Latency,
    Lone,
    Payloads,
    Results,
    ScalePoint,
    Worlds,
)


class Aim(NamedTuple):
    """What a figure should be at least, or at most."""

    limit: float
    unit: str
    least: bool = False

    def __str__(self) -> str:
        return f"at {'least' if self.least else 'most'} {self.limit:,g} {self.unit}"

    def met(self, value: float | None) -> bool | None:
        """Whether a figure is on the right side; None if there is none."""
        if value is None:
            return None
        return value >= self.limit if self.least else value <= self.limit


THROUGHPUT: Final = Aim(10, "times plain", least=True)
LONE: Final = Aim(1.5, "times plain")
FLAT: Final = Aim(1.2, "times")
CHANGES: Final = Aim(10_000, "/s", least=True)
PAYLOADS: Final = Aim(3, "times plain", least=True)
IDLE_MEMORY: Final = Aim(60, "MiB")
FULL_MEMORY: Final = Aim(250, "MiB")
FRESH_START: Final = Aim(0.6, "s")
KILLED_START: Final = Aim(3, "s")
LOOKUPS: Final = Aim(1.3, "times")
KEEPALIVE: Final = Aim(5, "% core")
AIM_ENDPOINTS: Final = 300
READY: Final = Aim(15, "s")
WHOLE: Final = Aim(6, "GiB")
PRIVATE: Final = Aim(12, "MiB")
START: Final = Aim(60, "ms")
IDLE: Final = Aim(1, "% core")
WORLD: Final = Aim(500, "ms")
RESET: Final = Aim(50, "ms")
ROUND: Final = Aim(600, "ms")
WARM: Final = Aim(1, "s")
FIRST: Final = Aim(1, "s")
FANOUT: Final = Aim(0.7, "times one pair", least=True)
HUB: Final = Aim(1.5, "times one pair")
HUB_SPOKES: Final = 200
HUB_CONNECTIONS: Final = 10_000

STOCK: Final = "on asyncio's loop"
DURABLE: Final = "made as durable"


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. `met` is None where there is no aim, or where the run was too small for it."""

    measure: str
    ours: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


def table(results: Results, *, full: bool) -> list[Row]:
    """Every row that the results have figures for, in the order of the aims."""
    rows: list[Row] = []
    if results.bulk is not None:
        rows += _handshakes(results.bulk, results)
    if results.lone is not None:
        rows += _lone(results.lone, results)
    if results.by_connections is not None:
        rows += _cost(results.by_connections, full=full)
    if results.bulk is not None:
        rows += _changes(results.bulk, full=full)
    if results.payloads is not None:
        rows += _payloads(results.payloads, [payloads for _, payloads in results.plain_payloads])
    if results.by_connections is not None:
        rows += _loaded(results.by_connections, full=full)
    for fanout in results.fanout:
        rows += _fanout(fanout, full=full)
    for point in results.scale:
        if point.endpoints == AIM_ENDPOINTS:
            rows += _scale(point)
    return [*rows, *_worlds(results.worlds)]


def fastest(baselines: Iterable[Baseline]) -> float | None:
    """Handshakes a second on the better type of queue; None if it was not measured."""
    return max((one.handshakes.per_second for one in baselines), default=None)


def quickest(baselines: Iterable[Baseline]) -> Latency | None:
    """Lone handshakes on the type of queue with the better median; None if it was not measured."""
    return min((one.lone for one in baselines), key=lambda lone: lone.p50, default=None)


def _over(ours: float, baseline: float | None) -> float | None:
    return None if not baseline else ours / baseline


def _handshakes(bulk: Bulk, results: Results) -> Iterator[Row]:
    ours = bulk.handshakes.per_second
    baseline = fastest(results.plain)
    ratio = _over(ours, baseline)
    many = f"handshakes, {bulk.handshakes.count:,} connections"
    yield Row(many, ours, "/s", baseline, ratio, str(THROUGHPUT), THROUGHPUT.met(ratio))
    for name, baselines in _others(results):
        other = fastest(baselines)
        if other is not None:
            yield Row(f"against {name}", ours, "/s", other, _over(ours, other))


def _lone(lone: Lone, results: Results) -> Iterator[Row]:
    baseline = quickest(results.plain)
    for name, ours, theirs in (
        ("p50", lone.ends.p50, None if baseline is None else baseline.p50),
        ("p99", lone.ends.p99, None if baseline is None else baseline.p99),
    ):
        ratio = _over(ours, theirs)
        yield Row(f"lone handshake, {name}", ours, "ms", theirs, ratio, str(LONE), LONE.met(ratio))
    same_queues = [one for one in results.plain if one.queue_type == QUEUE_TYPE]
    for name, baselines in (f"plain on {QUEUE_TYPE} queues", same_queues), *_others(results):
        other = quickest(baselines)
        if other is not None:
            yield Row(f"against {name}, p50", lone.ends.p50, "ms", other.p50, _over(lone.ends.p50, other.p50))
    yield Row("the same as both consoles see it, p50", lone.console.p50, "ms")


def _others(results: Results) -> tuple[tuple[str, list[Baseline]], ...]:
    """What no aim speaks of, and what a figure has to be compared with to be understood."""
    return (
        (f"plain {STOCK}", results.stock),
        (f"plain {DURABLE}", results.durable),
        ("FastStream", results.faststream),
    )


def _cost(found: ByConnections, *, full: bool) -> Iterator[Row]:
    costs = [point.cpu_microseconds for point in found.points]
    for point in found.points:
        yield Row(f"processor time a handshake, at {point.connections:,}", point.cpu_microseconds, "µs")
    ratio = max(costs) / min(costs)
    yield Row("dearest of these to cheapest", ratio, "times", None, ratio, str(FLAT), FLAT.met(ratio) if full else None)


def _changes(bulk: Bulk, *, full: bool) -> Iterator[Row]:
    for name, rate in (("suspends", bulk.suspends), ("resumes", bulk.resumes)):
        ours = rate.per_second
        met = CHANGES.met(ours) if full else None
        yield Row(f"{name}, {rate.count:,} connections", ours, "/s", aim=str(CHANGES), met=met)


def _payloads(payloads: Payloads, plain: list[Payloads]) -> Iterator[Row]:
    one = max((found.one_way.per_second for found in plain), default=None)
    both = max((found.both_ways.per_second for found in plain), default=None)
    for name, ours, baseline in (
        ("one way", payloads.one_way.per_second, one),
        ("both ways", payloads.both_ways.per_second, both),
    ):
        ratio = _over(ours, baseline)
        yield Row(f"payloads, {name}", ours, "/s", baseline, ratio, str(PAYLOADS), PAYLOADS.met(ratio))


def _loaded(found: ByConnections, *, full: bool) -> Iterator[Row]:
    count = f"{found.interfaces:,} interfaces"
    idle, whole, fresh = found.idle_mib, found.full_mib, median(found.fresh_seconds)
    yield Row("memory of a worker, idle", idle, "MiB", aim=str(IDLE_MEMORY), met=IDLE_MEMORY.met(idle))
    yield Row(
        f"memory of a worker, {count}", whole, "MiB", aim=str(FULL_MEMORY), met=FULL_MEMORY.met(whole) if full else None
    )
    yield Row("worker started, until it answers", fresh, "s", aim=str(FRESH_START), met=FRESH_START.met(fresh))
    killed = max(found.killed_seconds)
    yield Row(
        f"after kill -9, {count}",
        killed,
        "s",
        aim=str(KILLED_START),
        met=KILLED_START.met(killed) if full else None,
    )
    yield from _lookups(found, full=full)
    share = found.idle_core_share * 100
    yield Row(f"keeping {count} alive", share, "% core", aim=str(KEEPALIVE), met=KEEPALIVE.met(share) if full else None)


def _lookups(found: ByConnections, *, full: bool) -> Iterator[Row]:
    small, large = found.points[0], found.points[-1]
    counts = f"{small.connections:,} and {large.connections:,}"
    for name, few, many in (
        ("show", small.show.p50, large.show.p50),
        ("page of 100", small.page.p50, large.page.p50),
    ):
        ratio = many / few
        met = LOOKUPS.met(ratio) if full else None
        yield Row(f"{name}, p50, at {counts}", many, "ms", few, ratio, str(LOOKUPS), met)


def _scale(point: ScalePoint) -> Iterator[Row]:
    of = f"of {point.endpoints}"
    for name, ours, aim in (
        (f"{point.endpoints} endpoints, ready after the boot", point.ready_seconds, READY),
        (f"memory {of}, RabbitMQ included", point.whole_mib / 1_024, WHOLE),
        (f"private memory of a worker {of}", point.private_mib, PRIVATE),
        (f"processor time to start one {of}", point.worker_cpu_seconds * 1_000, START),
        (f"doing nothing, all {of} together", point.idle_core_share * 100, IDLE),
    ):
        yield Row(name, ours, aim.unit, aim=str(aim), met=aim.met(ours))


def _worlds(found: Worlds | None) -> Iterator[Row]:
    if found is None:
        return
    for name, ours, aim in (
        ("world until both are Activated, p50", found.connected.p50, WORLD),
        ("reset of a world, p50", found.reset.p50, RESET),
        ("processor time of a world, all of it", found.cpu_milliseconds, ROUND),
        ("up on a warm broker, until ready", median(found.warm_seconds), WARM),
        ("first start, beyond RabbitMQ's boot", found.first_seconds, FIRST),
    ):
        yield Row(name, ours, aim.unit, aim=str(aim), met=aim.met(ours))
    yield Row("end of a world, p50", found.ended.p50, "ms")


def _fanout(fanout: Fanout, *, full: bool) -> Iterator[Row]:
    ours, pair = fanout.handshakes.per_second, fanout.pair.per_second
    ratio = ours / pair
    met = FANOUT.met(ratio) if full else None
    yield Row(f"handshakes, 1 initiator, {fanout.acceptors} acceptors", ours, "/s", pair, ratio, str(FANOUT), met)
    if fanout.acceptors == HUB_SPOKES:
        hub, one, longer = HUB_CONNECTIONS / ours, HUB_CONNECTIONS / pair, pair / ours
        met = HUB.met(longer) if full else None
        yield Row(f"hub of {HUB_SPOKES}, {HUB_CONNECTIONS:,} connections", hub, "s", one, longer, str(HUB), met)
    for where, cost in (
        (f"initiator of {fanout.acceptors}", fanout.opener_microseconds),
        (f"{fanout.acceptors} acceptors", fanout.others_microseconds),
        (f"RabbitMQ with {fanout.acceptors}", fanout.broker_microseconds),
    ):
        yield Row(f"processor time, {where}", cost, "µs")

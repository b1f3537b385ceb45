"""The metrics of workers, as Prometheus reads them: made at each scrape from what workers say of themselves.

The only file of the workers that imports prometheus_client, which a worker does without unless it has a metrics port.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.runtime.logs import Logger
from shared.runtime.rejections import BY_WORKERS
from shared.store.errors import StoreError
from shared.wire.views import HistogramView, WorkerView

SCRAPE_LIMIT_SECONDS: Final = 5.0
"""How long a scrape waits for a worker that is busy, or whose store is stuck, before it calls it silent."""

Samples = Iterable[tuple[tuple[str, ...], float]]


class Described(NamedTuple):
    """One metric: its name, what it is, its labels beside `endpoint`, and its samples of a worker."""

    name: str
    kind: Literal["gauge", "counter"]
    means: str
    labels: tuple[str, ...]
    samples: Callable[[WorkerView], Samples]


def _of(value: float) -> Samples:
    return [((), value)]


def _each(values: Mapping[str, float]) -> Samples:
    return [((name,), value) for name, value in values.items()]


UP: Final = ("peering_worker_up", "1 if the worker answers; if it does not, there is no other metric of it")

METRICS: Final = (
    Described("peering_worker_healthy", "gauge", "1 if it lacks nothing", (), lambda one: _of(not one.lacks)),
    Described("peering_worker_connected", "gauge", "1 if it has a broker", (), lambda one: _of(not one.disconnected)),
    Described(
        "peering_worker_blocked",
        "gauge",
        "1 if the broker takes no messages from it",
        (),
        lambda one: _of(bool(one.blocked)),
    ),
    Described(
        "peering_worker_unread_accounts",
        "gauge",
        "accounts whose queue to it it cannot read",
        (),
        lambda one: _of(len(one.unread)),
    ),
    Described(
        "peering_worker_store_failing", "gauge", "1 if its store takes nothing", (), lambda one: _of(bool(one.store))
    ),
    Described("peering_store_bytes", "gauge", "size of its store's file", (), lambda one: _of(one.store_bytes)),
    Described("peering_interfaces", "gauge", "interfaces by status", ("status",), lambda one: _each(one.statuses)),
    Described(
        "peering_peers",
        "gauge",
        "peers' workers: reachable, unreachable (silent for longer than the hold time), unknown (not heard yet)",
        ("state",),
        lambda one: _each(one.peers),
    ),
    Described(
        "peering_worker_events",
        "counter",
        "what it counted since it started",
        ("event",),
        lambda one: _each(one.counters),
    ),
    Described(
        "peering_dead_letters",
        "counter",
        "deliveries that it set aside as dead letters, by the code of the reason",
        ("reason",),
        lambda one: _each({code: one.rejections.get(code, 0) for code in BY_WORKERS}),
    ),
)

HISTOGRAMS: Final = {
    "opening_seconds": (
        "peering_opening_seconds",
        "seconds from the opening status of its role (Connecting, Accepting) to Activated",
    ),
    "sent_bundle_bytes": ("peering_sent_bundle_bytes", "sizes of the bundles that it made for peers"),
}


class Workers(Collector):
    """The collector of what workers say of themselves at this moment; None stands for one that is silent."""

    def __init__(self, ask: Callable[[], Mapping[str, WorkerView | None]]) -> None:
        """Ask them at each scrape."""
        self._ask = ask

    def describe(self) -> Iterator[Metric]:
        """Describe nothing, so that nobody is asked before the first scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Give each worker's numbers under its endpoint's name."""
        workers = self._ask()
        up = GaugeMetricFamily(*UP, labels=["endpoint"])
        for endpoint, one in workers.items():
            up.add_metric([endpoint], one is not None)
        yield up
        there = {endpoint: one for endpoint, one in workers.items() if one is not None}
        for metric in METRICS:
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            found = family(metric.name, metric.means, labels=["endpoint", *metric.labels])
            for endpoint, one in there.items():
                for labels, value in metric.samples(one):
                    found.add_metric([endpoint, *labels], value)
            yield found
        for key, described in HISTOGRAMS.items():
            measured = HistogramMetricFamily(*described, labels=["endpoint", "role"])
            for endpoint, one in there.items():
                if (histogram := one.histograms.get(key)) is not None:
                    measured.add_metric([endpoint, one.role], _buckets(histogram), histogram.sum)
            yield measured


def _buckets(histogram: HistogramView) -> list[tuple[str, float]]:
    """The places of a histogram as Prometheus has them: each counts all that is smaller, too."""
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


@asynccontextmanager
async def scraped_at(
    address: str, port: int, endpoint: str, about: Callable[[], Awaitable[WorkerView | None]], log: Logger
) -> AsyncIterator[None]:
    """Let Prometheus scrape one worker at a port, by prometheus_client's own server in threads of its own.

    A port that cannot be had is logged, and the worker goes on: connections matter more.
    """
    loop = asyncio.get_running_loop()

    async def answer() -> WorkerView | None:
        return await about()

    def ask() -> Mapping[str, WorkerView | None]:
        asked = asyncio.run_coroutine_threadsafe(answer(), loop)
        try:
            return {endpoint: asked.result(SCRAPE_LIMIT_SECONDS)}
        except (TimeoutError, StoreError):
            asked.cancel()
            return {endpoint: None}

    registry = CollectorRegistry()
    registry.register(Workers(ask))
    try:
        server, _ = start_http_server(port, address, registry)
    except OSError as error:
        log.error("metrics cannot be served", address=address, port=port, reason=str(error))  # noqa: TRY400 - one line
        yield
        return
    log.info("metrics", address=address, port=server.server_port)
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()

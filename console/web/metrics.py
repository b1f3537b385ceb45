"""The metrics of the web server and of every worker, as Prometheus reads them.

What workers count is fetched from them at each scrape, so that no count is kept twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from console.web.site import Silent
from shared.wire.views import WorkerView

SECONDS_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The counts of one web server."""

    def __init__(self) -> None:
        """Every server counts for itself; nothing is global."""
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "peering_api_answers", "Answers of the cloud's API", ["action", "code"], registry=self._registry
        )
        self._seconds = Histogram(
            "peering_api_seconds", "Time to answer", ["action"], buckets=SECONDS_BUCKETS, registry=self._registry
        )

    def count(self, action: str, code: str, seconds: float) -> None:
        """Count an answer of the cloud's API."""
        self._answers.labels(action, code).inc()
        self._seconds.labels(action).observe(seconds)

    def scrape(self, workers: Sequence[WorkerView | Silent]) -> tuple[bytes, str]:
        """Write this server's and the workers' counts as Prometheus reads them, with the content type."""
        now = CollectorRegistry()
        now.register(_Workers(workers))
        return generate_latest(self._registry) + generate_latest(now), CONTENT_TYPE_PLAIN_0_0_4


class _Workers(Collector):
    """The collector of what the workers said about themselves a moment ago."""

    def __init__(self, workers: Sequence[WorkerView | Silent]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        """Give each worker's numbers under its endpoint's name."""
        up = GaugeMetricFamily("peering_worker_up", "Whether the worker answers", labels=["endpoint"])
        healthy = GaugeMetricFamily("peering_worker_healthy", "Whether it lacks nothing", labels=["endpoint"])
        shown = GaugeMetricFamily("peering_interfaces", "Interfaces by status", labels=["endpoint", "status"])
        counted = CounterMetricFamily("peering_worker_events", "What the worker counted", labels=["endpoint", "event"])
        for one in self._workers:
            up.add_metric([one.endpoint], 0 if isinstance(one, Silent) else 1)
            healthy.add_metric([one.endpoint], 0 if isinstance(one, Silent) or one.lacks else 1)
            if isinstance(one, Silent):
                continue
            for status, number in one.statuses.items():
                shown.add_metric([one.endpoint, status], number)
            for event, number in one.counters.items():
                counted.add_metric([one.endpoint, event], number)
        yield from (up, healthy, shown, counted)

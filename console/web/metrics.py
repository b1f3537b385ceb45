"""The metrics of the web server and of every worker, as Prometheus reads them.

What workers count is fetched from them at each scrape, so that no count is kept twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from console.web.site import Silent
from shared.runtime.metrics import Workers
from shared.wire.views import WorkerView

SECONDS_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
ANSWERS: Final = ("peering_api_answers", "answers of the cloud's API", ("action", "code"))
SECONDS: Final = ("peering_api_seconds", "seconds that an answer of the cloud's API took", ("action",))


class Metrics:
    """The counts of one web server."""

    def __init__(self) -> None:
        """Every server counts for itself; nothing is global."""
        self._registry = CollectorRegistry()
        self._answers = Counter(*ANSWERS, registry=self._registry)
        self._seconds = Histogram(*SECONDS, buckets=SECONDS_BUCKETS, registry=self._registry)

    def count(self, action: str, code: str, seconds: float) -> None:
        """Count an answer of the cloud's API."""
        self._answers.labels(action, code).inc()
        self._seconds.labels(action).observe(seconds)

    def scrape(self, workers: Sequence[WorkerView | Silent]) -> tuple[bytes, str]:
        """Write this server's and the workers' counts as Prometheus reads them, with the content type."""
        now = CollectorRegistry()
        now.register(Workers(lambda: {one.endpoint: None if isinstance(one, Silent) else one for one in workers}))
        return generate_latest(self._registry) + generate_latest(now), CONTENT_TYPE_PLAIN_0_0_4

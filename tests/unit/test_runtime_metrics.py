"""Tests of what a worker measures of itself, and of how Prometheus reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from lab.generate.metrics import metrics_page
from shared.runtime import metrics
from shared.runtime.condition import COUNTED, Condition
from shared.runtime.histograms import Histogram
from shared.runtime.logs import Logger
from shared.runtime.metrics import HISTOGRAMS, Workers
from shared.wire.views import WorkerView
from tests.unit.runtime_bench import HOLD_SECONDS, bench, carried

Scraped = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(workers: Mapping[str, WorkerView | None]) -> Scraped:
    registry = CollectorRegistry()
    registry.register(Workers(lambda: workers))
    found = text_string_to_metric_families(generate_latest(registry).decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in found for one in family.samples}


def value(found: Scraped, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_a_handshake_is_measured_at_both_ends_and_what_is_said_again_is_counted(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        b.ask(b.create("ri-b", a.information("ri-a")))
        a.run(a.asking(a.create("ri-a", b.information("ri-b"), initiate=True)))  # is lost
        again = a.run(after=2)
        confirmed = a.run(*carried(b.run(*carried(again, a)), b), after=1)
        b.run(*carried(confirmed, a), after=4)
        found = scraped({one.end.endpoint.id: one.processor.about(one.now) for one in (a, b)})
        first, second = a.end.endpoint.id, b.end.endpoint.id
    seconds = "peering_opening_seconds"
    assert value(found, f"{seconds}_count", endpoint=first, role="initiator") == 1
    assert value(found, f"{seconds}_sum", endpoint=first, role="initiator") == 3
    assert value(found, f"{seconds}_bucket", endpoint=first, role="initiator", le="2.5") == 0
    assert value(found, f"{seconds}_bucket", endpoint=first, role="initiator", le="5.0") == 1
    assert value(found, f"{seconds}_bucket", endpoint=first, role="initiator", le="+Inf") == 1
    assert value(found, f"{seconds}_sum", endpoint=second, role="acceptor") == 4
    assert value(found, "peering_worker_events_total", endpoint=first, event="retransmissions") == 1
    assert value(found, "peering_worker_events_total", endpoint=second, event="retransmissions") == 0
    assert value(found, "peering_sent_bundle_bytes_count", endpoint=first, role="initiator") == 3
    assert value(found, "peering_sent_bundle_bytes_count", endpoint=second, role="acceptor") == 1
    assert value(found, "peering_interfaces", endpoint=first, status="Activated") == 1
    assert value(found, "peering_store_bytes", endpoint=first) > 0
    assert value(found, "peering_worker_healthy", endpoint=first) == 1


def test_a_peer_that_fell_silent_is_unreachable(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        a.ask(a.create("ri-a", b.information("ri-b"), initiate=True))
        before = a.processor.about(a.now).peers
        after = a.processor.about(a.now + HOLD_SECONDS + 1).peers
    assert before == {"reachable": 0, "unreachable": 0, "unknown": 1}
    assert after == {"reachable": 0, "unreachable": 1, "unknown": 0}


def test_an_opening_that_was_given_up_is_not_measured(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a, bench(tmp_path, "acceptor", "b") as b:
        a.ask(a.create("ri-a", b.information("ri-b"), initiate=True))
        a.ask({"kind": "delete", "interface": "ri-a"})
        assert sum(a.processor.about(a.now).histograms["opening_seconds"].counts) == 0


def test_of_a_silent_worker_it_is_said_that_it_is_silent_and_nothing_else() -> None:
    assert scraped({"vpc-a": None}) == {("peering_worker_up", frozenset({("endpoint", "vpc-a")})): 0}


async def test_a_worker_that_gives_no_answer_is_told_as_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "SCRAPE_LIMIT_SECONDS", 0.05)
    told: list[int] = []

    class Log:
        def info(self, _: str, *, address: str, port: int) -> None:
            assert address == "127.0.0.1"
            told.append(port)

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    async with (
        metrics.scraped_at("127.0.0.1", 0, "vpc-a", never, cast("Logger", Log())),
        httpx.AsyncClient(timeout=60) as client,
    ):
        text = (await client.get(f"http://127.0.0.1:{told[0]}/metrics")).text
    assert [line for line in text.splitlines() if line.startswith("peering")] == [
        'peering_worker_up{endpoint="vpc-a"} 0.0'
    ]


def test_a_value_on_a_bound_lies_below_it() -> None:
    measured = Histogram((1, 2))
    for one in (0.5, 1, 1.5, 2, 2.5):
        measured.observe(one)
    assert (measured.counts, measured.sum) == ([2, 2, 1], 7.5)


def test_everything_that_is_measured_or_counted_is_explained() -> None:
    assert Condition().histograms.keys() == HISTOGRAMS.keys()
    page = metrics_page()
    assert [event for event in COUNTED if f"| `{event}` |" not in page] == []

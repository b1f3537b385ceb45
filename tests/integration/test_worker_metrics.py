"""Tests of a worker's own metrics port: scraped without a console, on loopback, and never in the way of the work."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.asking import console
from tests.end_to_end.workers import LIMIT_SECONDS, ROOT, Crew, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def scrapable(there: Crew, site: Site) -> tuple[WorkerProcess, int]:
    """Start a worker with a metrics port; with another one where somebody else took it meanwhile."""
    for _ in range(5):
        worker = there.worker(site, "--metrics-port", str(free_port())).start()
        worker.wait_for_lines("ready")
        if found := worker.lines("metrics"):
            return worker, int(found[-1]["port"])
        worker.stop()
    raise AssertionError("no port could be had")


def scraped(port: int) -> dict[str, float]:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT_SECONDS).text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {one.name: one.value for one in samples if "le" not in one.labels and "status" not in one.labels}


async def test_a_handshake_is_seen_at_both_workers_own_ports(broker: BrokerForTests, tmp_path: Path) -> None:
    alice, bob = fresh("alice"), fresh("bob")
    first, second = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    await broker.provision([alice, bob], [(alice.uid, first.endpoint), (bob.uid, second.endpoint)])
    mine, theirs = fresh_id(), fresh_id()
    with crew(broker, tmp_path, [alice, bob]) as there:
        worker, port = scrapable(there, first)
        _, other_port = scrapable(there, second)
        async with console(broker, alice) as asking, console(broker, bob) as answering:
            create = {"kind": "create", "name": "", "initiate": False}
            await answering.ask(second.endpoint, {**create, "interface": theirs, "peer": first.peer(mine)})
            opening = {**create, "interface": mine, "peer": second.peer(theirs), "initiate": True}
            await asking.ask(first.endpoint, opening)
            await answering.until(second, theirs, {"status": "Activated"})
        for one in (port, other_port):
            found = scraped(one)
            assert (found["peering_opening_seconds_count"], found["peering_worker_up"]) == (1, 1)
            assert (found["peering_worker_healthy"], found["peering_worker_connected"]) == (1, 1)
            assert found["peering_sent_bundle_bytes_count"] >= 1
        refused = socket.socket()
        assert refused.connect_ex(("127.0.0.2", port)) != 0, "it listens on one address alone"
        refused.close()
        assert worker.stop() == 0


async def test_a_port_that_is_taken_is_told_and_the_worker_works(broker: BrokerForTests, tmp_path: Path) -> None:
    alice = fresh("alice")
    site = Site("acceptor", fresh_id("vpc"), alice)
    await broker.provision([alice], [(alice.uid, site.endpoint)])
    with crew(broker, tmp_path, [alice]) as there, socket.create_server(("127.0.0.1", 0)) as taken:
        worker = there.worker(site, "--metrics-port", str(taken.getsockname()[1])).start()
        worker.wait_for_lines("ready")
        (told,) = worker.lines("metrics cannot be served")
        assert "in use" in told["reason"]


def test_a_worker_without_metrics_port_or_collector_imports_nothing_for_them() -> None:
    program = (
        "import initiator.__main__, console.client.clients, sys; "
        "print([one for one in sys.modules if one.startswith(('prometheus', 'opentelemetry'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
